"""The yes/no features that are compared between groups, with their masks.

A feature is True, False or not known; the mask of what is known travels with it, so that a denominator is never the
whole cohort by accident.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import ClinicalVariable, category_text
from her2genomics.cohort import Cohort
from her2genomics.comparison.groups import Grouping, IntArray

BoolArray = npt.NDArray[np.bool_]
BoolMatrix = npt.NDArray[np.bool_]

CLASS_FEATURES: dict[str, tuple[str, ...]] = {
    "mutation": tuple(c for c in schema.ALTERATION_CLASSES if c in schema.MUTATION_CLASSES),
    "amplification": ("amplification",),
    "gain": ("gain", "amplification"),
    "loss": ("loss", "deep_deletion"),
    "deep_deletion": ("deep_deletion",),
    "fusion": ("fusion",),
}
"""Suffix of a class feature (``ERBB2:loss``) to the classes that it counts: a gain or more, a loss or more."""


@dataclass(frozen=True)
class BinaryFeatures:
    """Yes/no features of one family: shape (samples, features) each; ``value`` is False where not ``known``."""

    family: str
    names: tuple[str, ...]
    value: BoolMatrix
    known: BoolMatrix
    notes: tuple[str, ...] = ()

    def select(self, keep: npt.NDArray[np.bool_]) -> BinaryFeatures:
        """Return the features for which ``keep`` is True."""
        if keep.all():
            return self
        chosen = np.flatnonzero(keep)
        notes = tuple(self.notes[i] for i in chosen) if self.notes else ()
        names = tuple(self.names[i] for i in chosen)
        value, known = (np.take(matrix.T, chosen, axis=0).T for matrix in (self.value, self.known))  # laid by feature
        return BinaryFeatures(self.family, names, value, known, notes)


def gene_features(
    cohort: Cohort,
    classes: Collection[str],
    complete: BoolArray,
    grouping: Grouping,
    min_frequency: float,
    notes: list[str],
) -> Iterator[BinaryFeatures]:
    """Yield the genes that are frequent enough, then their single classes; what was left out goes to ``notes``.

    A gene whose alterations make the groups is not compared between them.
    """
    known = cohort.profiled & complete[:, None]
    known[:, [j for j, gene in enumerate(cohort.genes) if gene == grouping.column.partition(":")[0]]] = False
    genes = BinaryFeatures("gene", cohort.genes, cohort.altered(classes) & known, known)
    kept = _frequent(genes, grouping, min_frequency)
    if kept.any() or len(cohort.genes):
        notes.append(
            f"genes: {int(kept.sum())} of {len(cohort.genes)} tested (altered in at least {min_frequency:.3g} of all "
            f"profiled samples together; counted: {', '.join(classes)})"
        )
    if kept.any():
        yield genes.select(kept)
    by_class = keep_frequent(_class_features(cohort, known), grouping, min_frequency)
    if by_class.names:
        yield by_class


def complete_samples(cohort: Cohort, notes: list[str], what: str = "genes") -> BoolArray:
    """Return the samples that every assay of the cohort saw: others could count as altered, but never as not."""
    if "assays" not in cohort.samples:
        return np.ones(len(cohort.samples), dtype=bool)
    assays = cohort.samples["assays"].fillna("").astype(str)
    sets = assays.map({text: frozenset(filter(None, text.split("+"))) for text in assays.unique()}).astype(object)
    every = frozenset().union(*sets)
    complete = (sets == every).to_numpy(dtype=bool) if every else np.ones(len(sets), dtype=bool)
    partial = int((~complete & (sets != frozenset()).to_numpy(dtype=bool)).sum())
    if partial:
        notes.append(f"{what}: {partial} samples without all of {' + '.join(sorted(every))} left out")
    return complete


def _class_features(cohort: Cohort, known: BoolMatrix) -> BinaryFeatures:
    """Return one feature per gene and class, where it says more than the gene's own row."""
    names: list[str] = []
    parts: list[BoolMatrix] = [np.zeros((len(cohort.samples), 0), dtype=bool)]
    index: list[int] = []
    pairs = cohort.alterations[["gene", "alteration"]].drop_duplicates()
    present = pairs.groupby("gene")["alteration"].agg(frozenset)
    rank = {gene: j for j, gene in enumerate(cohort.genes)}
    for suffix, members in CLASS_FEATURES.items():
        genes = [gene for gene, found in present.items() if gene in rank and _says_more(suffix, found)]
        names += [f"{gene}:{suffix}" for gene in genes]
        index += [rank[gene] for gene in genes]
        parts.append(cohort.altered(members, genes))
    value = np.column_stack(parts)
    return BinaryFeatures("alteration_class", tuple(names), value & known[:, index], known[:, index])


def _says_more(suffix: str, found: frozenset[str]) -> bool:
    """Return whether a class feature says more than the row of its gene, in which ``found`` are the classes."""
    members = CLASS_FEATURES[suffix]
    shallow_only = suffix in ("gain", "loss") and suffix not in found
    if shallow_only or found.isdisjoint(members):
        return False
    return not found <= set(members) or bool(found & {"gain", "loss"})


def _frequent(features: BinaryFeatures, grouping: Grouping, least: float) -> BoolArray:
    """Return which features reach the least frequency over all grouped samples pooled."""
    grouped = np.minimum(grouping.codes, 0)
    altered, known = (group_counts(matrix, grouped, 1)[0] for matrix in (features.value, features.known))
    frequent: BoolArray = (altered > 0) & (altered >= least * known)
    return frequent


def keep_frequent(features: BinaryFeatures, grouping: Grouping, least: float) -> BinaryFeatures:
    """Return the features that are altered in at least a share of all grouped samples whose value is known."""
    return features.select(_frequent(features, grouping, least))


def binary_variables(
    samples: pd.DataFrame, variables: Sequence[ClinicalVariable], unknown_as_category: bool
) -> Iterator[BinaryFeatures]:
    """Yield the two-level clinical variables as yes/no features of their counted level."""
    chosen = [v for v in variables if v.kind == "binary" and not has_unknown(samples[v.name], unknown_as_category)]
    if chosen:
        text = [category_text(samples[v.name]) for v in chosen]
        value = np.column_stack(
            [(t == v.counted).to_numpy(dtype=bool, na_value=False) for t, v in zip(text, chosen, strict=True)]
        )
        known = np.column_stack([t.notna().to_numpy() for t in text])
        names, notes = tuple(v.name for v in chosen), tuple(f"share of {v.counted}" for v in chosen)
        yield BinaryFeatures("clinical", names, value, known, notes)


def has_unknown(values: pd.Series, unknown_as_category: bool) -> bool:
    """Return True when missing values make a level of their own."""
    return unknown_as_category and bool(values.isna().any())


def group_counts(matrix: BoolMatrix, codes: IntArray, n_groups: int) -> IntArray:
    """Return (groups, features): how many samples of each group are True."""
    counts = np.zeros((n_groups, matrix.shape[1]), dtype=np.int64)
    bits = _packed(matrix.T)
    for group in range(n_groups):
        counts[group] = np.bitwise_count(bits & _packed(codes == group)).sum(axis=1, dtype=np.int64)
    return counts


def _packed(rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    """Return rows of truth values as 64 of them in a number, which are counted at once."""
    packed = np.packbits(np.ascontiguousarray(rows), axis=-1)
    width = -packed.shape[-1] % 8
    return np.pad(packed, [(0, 0)] * (packed.ndim - 1) + [(0, width)]).view(np.uint64)
