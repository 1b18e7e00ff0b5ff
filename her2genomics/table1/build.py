"""Table 1: every variable by group, with what is missing, a test and a standardised difference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import ClinicalVariable, category_text, describe_variables
from her2genomics.cohort import Cohort
from her2genomics.comparison.groups import Grouping, find_groups
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.table1.cells import NUMBER_STYLES, NumberStyle
from her2genomics.table1.describe import Part, Settings, describe_variable
from her2genomics.table1.footnotes import write_footnotes
from her2genomics.table1.labels import default_variables, order_levels, variable_label
from her2genomics.table1.model import Table1

ALL = "all"
MOST_NAMED = 12


def make_table1(
    samples: pd.DataFrame | Cohort,
    *,
    group: str = "her2_group",
    variables: Sequence[str] | None = None,
    numbers: NumberStyle = "median-iqr",
    unknown_as_category: bool = False,
    pairwise: bool = False,
    min_cell: int = 0,
) -> Table1:
    """Describe the clinicopathological variables of a cohort by group.

    Parameters
    ----------
    samples
        A cohort, or a table of one row per sample.
    group
        Column that makes the groups.
    variables
        Columns in the order of the table; ``["all"]`` takes every column that is a variable. Default: those of
        `labels.KNOWN` that are there.
    numbers
        How a measurement is summarised.
    unknown_as_category
        Whether a missing value is a level of its own, in the percentages and in the test, as some papers have it.
    pairwise
        Whether the standardised differences of all pairs of groups get columns of their own.
    min_cell
        Smallest count that is printed; 0 prints all.

    Returns
    -------
    Table1

    Raises
    ------
    SchemaError
        If a column is absent, or none of the table is a variable.
    CohortError
        If fewer than two groups have a sample.
    UsageError
        If `numbers` is not known, or `min_cell` is negative.

    Notes
    -----
    Percentages are of the known values. Tests are Fisher-Freeman-Halton (exact) for categories and Kruskal-Wallis for
    measurements (rank-sum with two groups), whatever the summary: which test runs is not chosen by looking.

    References
    ----------
    .. [1] Austin PC. Stat Med 2009;28:3083-3107 (standardised differences).

    Examples
    --------
    >>> t = pd.DataFrame({"her2_group": ["HER2-zero"] * 3 + ["HER2-low"] * 3, "age": [41, 50, 62, 39, 55, 71],
    ...                   "er_status": ["positive", "negative", None, "positive", "positive", "negative"]})
    >>> make_table1(t).to_table().iloc[:, :4].values.tolist()
    ... # doctest: +NORMALIZE_WHITESPACE
    [['Age, years, median [IQR]', '52.5 [43.3, 60.3]', '50 [45.5, 56]', '55 [47, 63]'],
     ['ER status, n (%)', '', '', ''], ['  positive', '3 (60.0)', '1 (50.0)', '2 (66.7)'],
     ['  negative', '2 (40.0)', '1 (50.0)', '1 (33.3)'], ['  Missing, n', '1', '1', '0']]
    """
    if numbers not in NUMBER_STYLES:
        raise UsageError(f"unknown summary '{numbers}'", hint=f"use one of: {', '.join(NUMBER_STYLES)}")
    if min_cell < 0:
        raise UsageError(f"least count {min_cell} is negative")
    table = samples.samples if isinstance(samples, Cohort) else samples
    ordered = _with_ordered_groups(table, group)
    grouping = _filled_groups(find_groups(ordered, group))
    described, notes = _choose(ordered, group, variables)
    settings = Settings(grouping, numbers, unknown_as_category, min_cell)
    parts = [describe_variable(ordered[v.name], v, settings) for v in described]
    sizes = {"Overall": int(grouping.sizes.sum()), **dict(zip(grouping.labels, grouping.sizes.tolist(), strict=True))}
    pairs = tuple(grouping.contrasts())
    tests = pd.concat([_test_rows(p, pairs) for p in parts], ignore_index=True)
    return Table1(
        caption=f"Characteristics by {variable_label(group)}",
        columns=tuple(f"{label} (n = {n})" for label, n in sizes.items()),
        pairs=pairs if pairwise and len(pairs) > 1 else (),
        rows=tuple(row for part in parts for row in part.rows),
        footnotes=write_footnotes(parts, settings, len(table), group),
        values=schema.conform(pd.DataFrame([v for p in parts for v in p.values]), schema.TABLE1_VALUES),
        tests=schema.conform(tests, schema.TABLE1_TESTS),
        notes=tuple(notes),
    )


def _with_ordered_groups(samples: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return the samples with groups in the order of print where the column is text."""
    if group not in samples or isinstance(samples[group].dtype, pd.CategoricalDtype):
        return samples
    text = category_text(samples[group])
    return samples.assign(**{group: pd.Categorical(text, categories=order_levels(text.dropna().unique()))})


def _filled_groups(grouping: Grouping) -> Grouping:
    """Return the grouping without groups that have no sample."""
    filled = np.flatnonzero(grouping.sizes > 0)
    rank = np.full(len(grouping.labels) + 1, -1, dtype=np.int64)
    rank[filled] = np.arange(len(filled))
    return Grouping(grouping.column, tuple(grouping.labels[i] for i in filled), rank[grouping.codes])


def _choose(
    samples: pd.DataFrame, group: str, variables: Sequence[str] | None
) -> tuple[list[ClinicalVariable], list[str]]:
    """Return the variables in order, and what is left out."""
    every = [v.name for v in describe_variables(samples, group) if v.kind != "skipped"]
    if variables is not None and list(variables) == [ALL]:
        wanted = [*default_variables(list(samples.columns)), *every]
    else:
        wanted = list(variables) if variables is not None else default_variables(list(samples.columns)) or every
    wanted = [name for name in dict.fromkeys(wanted) if name != group]
    described = describe_variables(samples, group, only=wanted)
    shown = [v for v in described if v.kind != "skipped"]
    notes = [f"{v.name} left out: {v.reason}" for v in described if v.kind == "skipped"]
    if not shown:
        raise SchemaError("no column is a variable to describe", hint="name columns with --variables")
    others = [name for name in every if name not in wanted]
    if others and variables is None:
        more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
        notes.append(f"not shown: {', '.join(others[:MOST_NAMED])}{more} (name them, or all, with --variables)")
    if "patient_id" in samples and samples["patient_id"].dropna().duplicated().any():
        n = int(samples["patient_id"].dropna().duplicated().sum())
        notes.append(f"{n} samples are further samples of a patient: the table counts samples")
    return shown, notes


def _test_rows(part: Part, pairs: Sequence[str]) -> pd.DataFrame:
    test = part.test
    rows: list[tuple[object, ...]] = [(part.variable.name, "overall", test.test, test.p_value, test.largest)]
    rows += [(part.variable.name, pair, None, None, x) for pair, x in zip(pairs, test.differences, strict=True)]
    return pd.DataFrame(rows, columns=["variable", "contrast", "test", "p_value", "smd"]).astype(object)
