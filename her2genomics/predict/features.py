"""Features of a prediction: which columns and gene alterations are used, in named blocks, as numbers.

A feature is a number, a yes/no alteration, or a category. Its description (kind, unit, levels, range, in the
development samples) travels with the model, so that another table can be held against it. Not profiled is missing here,
never unaltered; what becomes of missing values is decided within the training fold (`preparation`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.biomarkers.markers import marker_values
from her2genomics.clinical_variables import MAX_LEVELS, category_text, is_numeric_column, level_order
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison.feature_terms import FeatureReader
from her2genomics.comparison.features import complete_samples
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.panel import load_panel
from her2genomics.protein_positions import ExonMap

Floats = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

NUMBER, ALTERATION, CATEGORY = "number", "alteration", "category"
GENES, TMB, CLINICAL = "genes", "tmb", "clinical"
WHOLES: tuple[str, ...] = (GENES, TMB, CLINICAL)
"""Words that stand for all genes, the burden, and every clinical variable."""
MUTATED = ":mutation"


@dataclass(frozen=True)
class Feature:
    """One feature as the model knows it.

    Parameters
    ----------
    name
        Column, gene, or gene term (``PIK3CA:H1047R``, ``ERBB2:amp``).
    block
        Block that it is left out with in the ablation.
    kind
        ``number``, ``alteration`` (0, 1) or ``category``.
    unit
        Unit of a number, where the column is one of the declared ones.
    levels
        Levels of a category.
    low, high
        Range of a number among the development samples.
    n_known
        Development samples with a value.
    """

    name: str
    block: str
    kind: str
    unit: str = ""
    levels: tuple[str, ...] = ()
    low: float = float("nan")
    high: float = float("nan")
    n_known: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns in the design: one, or one per level of a category of more than two."""
        if self.kind != CATEGORY:
            return (self.name,)
        shown = self.levels if len(self.levels) > 2 else self.levels[1:]
        return tuple(f"{self.name}={level}" for level in shown)

    def to_dict(self) -> dict[str, Any]:
        """Return what is stored of it, without what its kind does not have."""
        stored = asdict(self) | {"levels": list(self.levels)}
        drop = {NUMBER: ("levels",), ALTERATION: ("levels", "low", "high", "unit"), CATEGORY: ("low", "high", "unit")}
        return {key: value for key, value in stored.items() if key not in drop[self.kind]}


@dataclass(frozen=True)
class Design:
    """Features as columns of numbers, NaN where missing.

    Parameters
    ----------
    features
        The features.
    matrix
        Shape (samples, columns).
    columns
        Column names.
    owner
        Position in ``features`` of each column.
    """

    features: tuple[Feature, ...]
    matrix: Floats
    columns: tuple[str, ...]
    owner: npt.NDArray[np.int64]

    @property
    def is_number(self) -> BoolArray:
        """Which columns are measured numbers (the others are 0 or 1)."""
        kinds = np.array([f.kind == NUMBER for f in self.features], dtype=bool)
        return kinds[self.owner] if len(self.owner) else np.zeros(0, dtype=bool)

    def keep_features(self, keep: Sequence[bool] | BoolArray) -> Design:
        """Return the design of some of the features."""
        chosen = np.asarray(keep, dtype=bool)
        new_place = np.cumsum(chosen) - 1
        inside = chosen[self.owner]
        return Design(
            tuple(f for f, k in zip(self.features, chosen, strict=True) if k),
            self.matrix[:, inside],
            tuple(c for c, k in zip(self.columns, inside, strict=True) if k),
            new_place[self.owner[inside]],
        )

    def keep_samples(self, keep: BoolArray) -> Design:
        """Return the design of some of the samples."""
        return Design(self.features, self.matrix[keep], self.columns, self.owner)


def parse_blocks(texts: Sequence[str]) -> dict[str, list[str]]:
    """Return the names of each block of ``genes``, ``tmb``, ``age,grade`` or ``imaging=t2_ms,adc``.

    Raises
    ------
    UsageError
        If a block is empty or a name stands in two.

    Examples
    --------
    >>> parse_blocks(["genes", "age,grade", "imaging=t2_ms,adc"])
    {'genes': ['genes'], 'columns': ['age', 'grade'], 'imaging': ['t2_ms', 'adc']}
    """
    blocks: dict[str, list[str]] = {}
    seen: dict[str, str] = {}
    for text in texts:
        block, named, listed = text.partition("=")
        names = [name.strip() for name in (listed if named else text).split(",") if name.strip()]
        if not names or (named and not block.strip()):
            raise UsageError(f"no feature in '{text}'", hint="write genes, tmb, clinical, age,grade or x=t2_ms,adc")
        label = block.strip() if named else names[0] if len(names) == 1 and names[0] in WHOLES else "columns"
        for name in names:
            if name in seen:
                raise UsageError(f"feature '{name}' is named twice (blocks {seen[name]} and {label})")
            seen[name] = label
        blocks.setdefault(label, []).extend(names)
    return blocks


def default_blocks(cohort: Cohort) -> dict[str, list[str]]:
    """Return the blocks used where none is named: the genes, and the burden where there is one.

    Raises
    ------
    UsageError
        If the cohort has neither.
    """
    found = [word for word, there in ((GENES, len(cohort.genes) > 0), (TMB, "tmb" in cohort.samples)) if there]
    if not found:
        raise UsageError("the table has no gene column and no tmb", hint="name features: --features age,grade,suvmax")
    return {word: [word] for word in found}


def describe_feature(cohort: Cohort, name: str, block: str, development: BoolArray) -> Feature:
    """Return the description of one column or gene term among the development samples.

    Raises
    ------
    UsageError
        If the name is neither a column nor a gene term, or a column is free text.
    """
    samples = cohort.samples
    if name not in samples:
        if name.partition(":")[0] in cohort.genes or any(c in name for c in "+|"):
            return Feature(name, block, ALTERATION)
        raise SchemaError(f"no column or gene named {name}", hint="her2g check FILE lists columns and genes")
    present = samples.loc[development, name].dropna()
    if is_numeric_column(present):
        numbers = marker_values(samples[development], [name])[name].dropna()
        declared = schema.CLINICAL.by_name.get(name)
        low, high = (float(numbers.min()), float(numbers.max())) if len(numbers) else (np.nan, np.nan)
        return Feature(name, block, NUMBER, declared.unit if declared else "", (), low, high, len(numbers))
    levels = tuple(sorted(category_text(present).unique(), key=level_order))
    if len(levels) > MAX_LEVELS:
        raise UsageError(f"{name} has {len(levels)} different texts: free text or an identifier is no feature")
    return Feature(name, block, CATEGORY, "", levels, n_known=len(present))


def encode(cohort: Cohort, features: Sequence[Feature]) -> Design:
    """Return the design of a cohort: alterations as 0/1, categories as one column per level, missing as NaN.

    Raises
    ------
    Her2GenomicsError
        If a column or gene is absent, or a value is no number.
    """
    columns: list[Floats] = []
    owner: list[int] = []
    altered = _alterations(cohort, [f.name for f in features if f.kind == ALTERATION])
    for place, feature in enumerate(features):
        if feature.kind == ALTERATION:
            found = [altered[feature.name]]
        elif feature.kind == NUMBER:
            found = [marker_values(cohort.samples, [feature.name])[feature.name].to_numpy()]
        else:
            found = _levels(cohort.samples[feature.name], feature)
        columns += found
        owner += [place] * len(found)
    names = tuple(name for feature in features for name in feature.columns)
    matrix = np.column_stack(columns) if columns else np.zeros((len(cohort.samples), 0))
    return Design(tuple(features), matrix, names, np.array(owner, dtype=np.int64))


def _levels(values: pd.Series, feature: Feature) -> list[Floats]:
    """Return a column per shown level; a value that is no level of the feature is missing."""
    text = category_text(values)
    known = text.isin(list(feature.levels)).to_numpy(dtype=bool)
    shown = feature.levels if len(feature.levels) > 2 else feature.levels[1:]
    return [np.where(known, (text == level).to_numpy(dtype=float, na_value=np.nan), np.nan) for level in shown]


def _alterations(cohort: Cohort, names: Sequence[str]) -> dict[str, Floats]:
    """Return each gene or gene term as 0/1, NaN where the gene was not profiled."""
    if not names:
        return {}
    complete = complete_samples(cohort, [])
    known = cohort.profiled & complete[:, None]
    rank = {gene: j for j, gene in enumerate(cohort.genes)}
    mutated = cohort.altered(tuple(schema.MUTATION_CLASSES))
    counted = cohort.altered(COUNTED_CLASSES)
    found: dict[str, Floats] = {}
    reader: FeatureReader | None = None
    for name in names:
        gene, only_mutated = name.removesuffix(MUTATED), name.endswith(MUTATED)
        if gene in rank:
            cells = (mutated if only_mutated else counted)[:, rank[gene]]
            found[name] = np.where(known[:, rank[gene]], cells.astype(float), np.nan)
            continue
        reader = reader or FeatureReader(cohort, complete, ExonMap(load_panel()))
        term = reader.read([name])
        found[name] = np.where(term.known[:, 0], term.value[:, 0].astype(float), np.nan)
    return found
