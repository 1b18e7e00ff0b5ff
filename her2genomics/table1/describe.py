"""One variable of Table 1: levels or a measurement by group, what is missing, the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.clinical_variables import ClinicalVariable, category_text
from her2genomics.comparison.categories import UNKNOWN
from her2genomics.comparison.groups import Grouping
from her2genomics.table1.cells import (
    NO_VALUE,
    NUMBER_STYLES,
    NumberStyle,
    count_cell,
    decimals_of,
    difference_cell,
    number_cell,
    p_cell,
)
from her2genomics.table1.labels import level_label, order_levels, variable_label
from her2genomics.table1.model import Table1Row
from her2genomics.table1.privacy import BESIDE, SMALL, hide_small_counts
from her2genomics.table1.variable_tests import VariableTest, run_count_test, run_number_test

Floats = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
HIDDEN = "*"
CIRCULAR_MARK = "a"
SIMULATED_MARK = "b"


@dataclass(frozen=True)
class Settings:
    """How the table is made."""

    grouping: Grouping
    numbers: NumberStyle
    unknown_as_category: bool
    min_cell: int


@dataclass(frozen=True)
class Part:
    """One variable: its printed rows, the numbers behind them, and its test."""

    variable: ClinicalVariable
    rows: list[Table1Row]
    values: list[dict[str, object]]
    test: VariableTest
    hidden: bool = False


def describe_variable(values: pd.Series, variable: ClinicalVariable, settings: Settings) -> Part:
    """Return everything about one variable."""
    if variable.kind == "numeric":
        return _describe_numbers(values, variable, settings)
    return _describe_categories(values, variable, settings)


def _describe_categories(values: pd.Series, variable: ClinicalVariable, settings: Settings) -> Part:
    grouping, name = settings.grouping, variable.name
    text = category_text(values)
    levels = order_levels(variable.levels)
    if settings.unknown_as_category and text[grouping.codes >= 0].isna().any():
        text, levels = text.fillna(UNKNOWN), [*levels, UNKNOWN]
    counts = _count(text, levels, grouping)
    missing = grouping.sizes - counts.sum(axis=0)
    table = _with_overall(np.vstack([counts, missing]) if missing.any() else counts)
    test = run_count_test(counts.T)
    hidden = hide_small_counts(table, settings.min_cell)
    rows = [_head(name, f"{variable_label(name)}, n (%)", test, settings)]
    rows += _level_rows(name, levels, table, hidden, settings.min_cell)
    return Part(variable, rows, _count_values(name, levels, table, grouping), test, bool(hidden.any()))


def _with_overall(table: IntArray) -> IntArray:
    """Return counts with the overall column in front."""
    return np.column_stack([table.sum(axis=1), table])


def _level_rows(
    name: str, levels: Sequence[str], table: IntArray, hidden: npt.NDArray[np.int8], least: int
) -> list[Table1Row]:
    """Return a row per level, and one for missing values where there are any.

    A percentage of the known tells how many are missing, so it is not printed where that number is hidden.
    """
    known = table[: len(levels)].sum(axis=0)
    told = np.where(hidden[len(levels)] > 0, 0, known) if len(table) > len(levels) else known
    rows = []
    for level, cells, flags in zip([*levels, None], table, hidden, strict=False):
        totals = told if level is not None else np.zeros_like(told)
        shown = [count_cell(int(n), int(total)) for n, total in zip(cells, totals, strict=True)]
        shown = [_masked(cell, int(flag), least) for cell, flag in zip(shown, flags, strict=True)]
        label = "Missing, n" if level is None else level_label(name, level)
        rows.append(Table1Row(name, label, "missing" if level is None else "level", tuple(shown)))
    return rows


def _masked(cell: str, flag: int, least: int) -> str:
    return f"<{least}" if flag == SMALL else HIDDEN if flag == BESIDE else cell


def _count(text: pd.Series, levels: Sequence[str], grouping: Grouping) -> IntArray:
    """Return counts of shape (levels, groups)."""
    codes = text.map({level: i for i, level in enumerate(levels)}).fillna(-1).to_numpy(dtype=np.int64)
    table = np.zeros((len(levels), len(grouping.labels)), dtype=np.int64)
    both = (codes >= 0) & (grouping.codes >= 0)
    np.add.at(table, (codes[both], grouping.codes[both]), 1)
    return table


def _count_values(name: str, levels: Sequence[str], table: IntArray, grouping: Grouping) -> list[dict[str, object]]:
    known = table[: len(levels)].sum(axis=0).tolist()
    rows = []
    for level, cells in zip([*levels, "missing"], table.tolist(), strict=False):
        for group, n, total in zip(["Overall", *grouping.labels], cells, known, strict=True):
            share = n / total if total and level != "missing" else None
            rows.append({"variable": name, "level": level, "group": group, "n": n, "n_known": total, "share": share})
    return rows


def _describe_numbers(values: pd.Series, variable: ClinicalVariable, settings: Settings) -> Part:
    grouping, name, least = settings.grouping, variable.name, settings.min_cell
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    finite = np.isfinite(numbers)
    groups = [numbers[(grouping.codes == i) & finite] for i in range(len(grouping.labels))]
    everyone = [numbers[(grouping.codes >= 0) & finite], *groups]
    decimals = decimals_of(everyone[0])
    test = run_number_test(groups)
    known = np.array([len(g) for g in groups], dtype=np.int64)
    table = _with_overall(np.vstack([grouping.sizes - known, known]))
    hidden = hide_small_counts(table, least)
    cells = tuple(
        f"<{least} values" if flag == SMALL else number_cell(g, settings.numbers, decimals)
        for g, flag in zip(everyone, hidden[1], strict=True)
    )
    rows = [_head(name, f"{variable_label(name)}, {NUMBER_STYLES[settings.numbers]}", test, settings, cells)]
    if table[0].any():
        missing = [_masked(str(n), int(flag), least) for n, flag in zip(table[0], hidden[0], strict=True)]
        rows.append(Table1Row(name, "Missing, n", "missing", tuple(missing)))
    names = ["Overall", *grouping.labels]
    found = [_number_values(name, *of_group) for of_group in zip(names, everyone, table[0].tolist(), strict=True)]
    return Part(variable, rows, found, test, bool(hidden[0].any() or (hidden[1] == SMALL).any()))


def _number_values(name: str, group: str, values: Floats, missing: int) -> dict[str, object]:
    row: dict[str, object] = {"variable": name, "group": group, "n": len(values), "n_known": len(values)}
    row["n_missing"] = missing
    if len(values):
        low, q1, median, q3, high = (float(x) for x in np.percentile(values, [0, 25, 50, 75, 100]))
        row |= {"minimum": low, "q1": q1, "median": median, "q3": q3, "maximum": high, "mean": float(values.mean())}
    if len(values) > 1:
        row["sd"] = float(values.std(ddof=1))
    return row


def _head(
    name: str, label: str, test: VariableTest, settings: Settings, cells: tuple[str, ...] | None = None
) -> Table1Row:
    """Return the row that carries a variable's test."""
    empty = ("",) * (len(settings.grouping.labels) + 1)
    return Table1Row(
        variable=name,
        label=label,
        kind="variable" if cells is None else "number",
        cells=cells or empty,
        p=p_cell(test.p_value) or NO_VALUE,
        smd=difference_cell(test.largest) or NO_VALUE,
        differences=tuple(difference_cell(x) or NO_VALUE for x in test.differences),
        mark=",".join([CIRCULAR_MARK] * is_circular(name, settings.grouping) + [SIMULATED_MARK] * test.simulated),
    )


def is_circular(name: str, grouping: Grouping) -> bool:
    """Return True for the surrogate subtype by HER2 group: HER2 is part of its definition."""
    return name == "subtype" and grouping.column == "her2_group"
