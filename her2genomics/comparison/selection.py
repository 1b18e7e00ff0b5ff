"""Which samples are compared, and by what: conditions, strata, and groups made of numbers or of alterations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import MAX_LEVELS, category_text, is_numeric_column, level_order
from her2genomics.cohort import Cohort
from her2genomics.comparison.feature_terms import FeatureReader
from her2genomics.exceptions import CohortError, SchemaError, UsageError
from her2genomics.inclusion import InclusionRule, parse_conditions, rule_mask

ALTERED, NOT_ALTERED = "altered", "not altered"
MEDIAN = "median"


def select_where(cohort: Cohort, where: str, notes: list[str]) -> Cohort:
    """Return the samples that meet all conditions (``er_status == positive and age >= 50``, ``TP53 == altered``).

    Raises
    ------
    UsageError
        If the text is not understood.
    SchemaError
        If a column is not there, or never has the value.
    CohortError
        If no sample is left.
    """
    keep = np.ones(len(cohort.samples), dtype=bool)
    for rule in parse_conditions(where):
        keep &= _passes(cohort, rule)
    if not keep.any():
        raise CohortError(f"no sample meets '{where}'")
    notes.append(f"only samples with {where}: {int(keep.sum())} of {len(keep)}")
    return cohort.select(keep)


def _passes(cohort: Cohort, rule: InclusionRule) -> np.ndarray:
    column = rule.columns[0]
    if column in cohort.samples:
        values = cohort.samples[column]
        numeric = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
        shown = values if numeric else category_text(values)
    elif column in cohort.genes:
        matrix = cohort.alteration_matrix()[column]
        shown = matrix.map({True: ALTERED, False: "WT"}).astype("string").set_axis(cohort.samples.index)
    else:
        raise SchemaError(f"no column {column} to select by", hint="her2g check FILE lists the columns")
    if column == "her2_group":
        rule = replace(rule, tests={k: _full_group(v) for k, v in rule.tests.items()})
    _check_values(shown, rule)
    return rule_mask(pd.DataFrame({column: shown}), rule)


def _full_group(value: object) -> object:
    if isinstance(value, list):
        return [_full_group(v) for v in value]
    return f"HER2-{value}" if f"HER2-{value}" in schema.HER2_GROUPS else value


def _check_values(values: pd.Series, rule: InclusionRule) -> None:
    """Refuse a value that a text column never has: it is a slip of the pen."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return
    present = set(values.dropna().astype("string"))
    wanted = [rule.tests["equals"]] if "equals" in rule.tests else list(rule.tests.get("not_in", ()))
    absent = [str(v) for v in wanted if str(v) not in present]
    if absent:
        listed = ", ".join(sorted(present, key=level_order)[:MAX_LEVELS])
        raise SchemaError(f"column {rule.columns[0]} never has the value {absent[0]}", hint=f"it has: {listed}")


def split_by(cohort: Cohort, column: str) -> Iterator[tuple[str, Cohort]]:
    """Yield the levels of a column with their samples, in order; samples without a level are in none.

    Raises
    ------
    SchemaError
        If the column is not there.
    UsageError
        If it has more levels than a category has.
    """
    if column not in cohort.samples:
        raise SchemaError(f"no column {column} to stratify by", hint="her2g check FILE lists the columns")
    values = cohort.samples[column]
    text = category_text(values)
    levels = sorted(text.dropna().unique(), key=level_order)
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = [str(v) for v in values.cat.categories if str(v) in set(levels)]
    if len(levels) > MAX_LEVELS:
        raise UsageError(f"cannot stratify by {column}: {len(levels)} different values", hint="cut a number first")
    for level in levels:
        yield level, cohort.select((text == level).to_numpy(dtype=bool, na_value=False))


def make_groups(cohort: Cohort, group: str, cut: str | None, reader: FeatureReader) -> Cohort:
    """Return the cohort with the grouping column made, where it is no column of categories yet.

    Parameters
    ----------
    cohort
        The cohort.
    group
        A column, or a feature (``TP53``, ``ERBB2:amp``) whose carriers are compared with the others.
    cut
        Cut points of a numeric column: ``median``, or numbers joined by commas; a value at a cut is in the upper group.
    reader
        Reader of features.

    Raises
    ------
    SchemaError
        If there is neither such a column nor such a feature.
    UsageError
        If a number is to make groups without a cut, or a cut is no number.
    """
    if group not in cohort.samples:
        if group.partition(":")[0] not in cohort.genes:
            raise SchemaError(
                f"no column {group} to make groups of",
                hint="give her2_group, or ihc and ish columns to derive it, or --group COLUMN, or --group GENE",
            )
        return _with_column(cohort, group, _carriers(group, reader))
    values = cohort.samples[group]
    if cut is None:
        if is_numeric_column(values[values.notna()]) and values.nunique() > MAX_LEVELS:
            raise UsageError(f"{group} is a number: it makes groups only with cut points", hint="add --cut median")
        return cohort
    return _with_column(cohort, group, _cut(values, group, cut))


def _with_column(cohort: Cohort, name: str, values: pd.Series) -> Cohort:
    return replace(cohort, samples=cohort.samples.assign(**{name: values}))


def _carriers(group: str, reader: FeatureReader) -> pd.Series:
    feature = reader.read([group])
    text = np.where(feature.value[:, 0], ALTERED, NOT_ALTERED).astype(object)
    text[~feature.known[:, 0]] = None
    return pd.Series(pd.Categorical(text, [ALTERED, NOT_ALTERED]), index=reader.cohort.samples.index)


def _cut(values: pd.Series, name: str, cut: str) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    if not np.isfinite(numbers).any():
        raise UsageError(f"{name} is no number, so it cannot be cut")
    try:
        points = [float(np.nanmedian(numbers))] if cut == MEDIAN else sorted(float(x) for x in cut.split(","))
    except ValueError:
        raise UsageError(f"cut points are numbers joined by commas, or {MEDIAN}, not '{cut}'") from None
    shown = [f"{p:.6g}" for p in points]
    labels = [f"{name}<{shown[0]}", *(f"{name} {a} to <{b}" for a, b in pairwise(shown))]
    labels.append(f"{name}>={shown[-1]}")
    position = np.searchsorted(points, numbers, side="right")
    text = [labels[i] if known else None for i, known in zip(position, np.isfinite(numbers), strict=True)]
    return pd.Series(pd.Categorical(text, labels, ordered=True), index=values.index)
