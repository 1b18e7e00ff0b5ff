"""The table of counts in a row: read from the forms that people type, held against its own totals and percentages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from her2genomics.audit.content import Content, Number, read_count, read_count_cell
from her2genomics.audit.verdicts import ImpossibleError
from her2genomics.exceptions import FileFormatError

IntArray = npt.NDArray[np.int64]
_UNKNOWN = re.compile(
    r"(unknown|unk|missing|na|n/a|not (available|known|reported|assessed|done|determined|evaluated)|unspecified|"
    r"undetermined|indeterminate|[tnmg]x|\?|unclear|no data)(\s*\(.*\))?",
    re.IGNORECASE,
)
LARGEST_TOTAL = 10_000_000
_TOTAL = re.compile(r"(total|all|sum|overall)s?", re.IGNORECASE)


@dataclass(frozen=True)
class CountTable:
    """Counts with their labels.

    Parameters
    ----------
    rows, columns
        Labels; empty where there are none.
    counts
        Shape (rows, columns).
    contradictions
        Where printed totals do not fit the counts, one sentence each.
    remarks
        Where printed percentages do not.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: IntArray
    contradictions: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def without_unknown(self) -> CountTable | None:
        """Return the table without rows and columns called unknown, or None where there are none."""
        keep_rows = [i for i, label in enumerate(self.rows) if not is_unknown(label)]
        keep_columns = [j for j, label in enumerate(self.columns) if not is_unknown(label)]
        rows = keep_rows if self.rows else list(range(len(self.counts)))
        columns = keep_columns if self.columns else list(range(self.counts.shape[1]))
        if len(rows) == len(self.counts) and len(columns) == self.counts.shape[1]:
            return None
        labels = tuple(self.rows[i] for i in keep_rows), tuple(self.columns[j] for j in keep_columns)
        return CountTable(*labels, self.counts[np.ix_(rows, columns)])


def is_unknown(label: str) -> bool:
    """Return True for a label that stands for "not known".

    Examples
    --------
    >>> [is_unknown(x) for x in ("Unknown", "Mx", "n/a", "M1")]
    [True, True, True, False]
    """
    return _UNKNOWN.fullmatch(label.strip()) is not None


def read_count_table(content: Content) -> CountTable:
    """Return a row's table of counts.

    Understood: ``rows, cols, counts``; ``counts`` alone or a bare list of lists; ``a, b, c, d``; ``events`` with ``n``
    (altered of all, one per group); a name per group with a list of counts.

    Raises
    ------
    FileFormatError
        If there is no table, it is ragged, labels do not fit, or a count is negative, not whole or no number.
    """
    rows, columns = _labels(content, "rows", "groups"), _labels(content, "cols", "columns", "levels")
    cells = content.get("counts", "table", "matrix", "observed")
    if cells is None and content.has("events", "x", "k", "altered") and content.has("n", "totals"):
        cells = _from_events(content)
    elif cells is None and all(content.has(name) for name in "abcd"):
        cells = [[content.get("a"), content.get("b")], [content.get("c"), content.get("d")]]
    elif cells is None:
        named = {
            k: v for k, v in content.fields.items() if isinstance(v, list) and k not in ("rows", "cols", "columns")
        }
        rows, cells = rows or tuple(named), list(named.values())
    counts, percents = _matrix(cells)
    if rows and len(rows) != len(counts):
        raise FileFormatError(f"{len(rows)} row labels for {len(counts)} rows of counts")
    if columns and len(columns) != counts.shape[1]:
        raise FileFormatError(f"{len(columns)} column labels for {counts.shape[1]} columns of counts")
    table = _without_totals(CountTable(rows, columns, counts, remarks=_wrong_percentages(counts, percents)))
    table.contradictions.extend(_wrong_totals(content, table.counts))
    return table


def _labels(content: Content, *names: str) -> tuple[str, ...]:
    labels = content.get(*names)
    if labels is None:
        return ()
    if not isinstance(labels, list):
        raise FileFormatError(f"{names[0]} is not a list of labels")
    return tuple(str(label) for label in labels)


def _from_events(content: Content) -> list[list[int]]:
    events, totals = content.counts("events", "x", "k", "altered"), content.counts("n", "totals")
    if len(events) != len(totals):
        raise FileFormatError(f"{len(events)} events for {len(totals)} totals")
    for some, total in zip(events, totals, strict=True):
        if some > total:
            raise ImpossibleError(f"{some} events of {total}")
    return [[some, total - some] for some, total in zip(events, totals, strict=True)]


def _matrix(cells: Any) -> tuple[IntArray, list[list[Number | None]]]:
    if not isinstance(cells, list) or not cells or not all(isinstance(row, list) and row for row in cells):
        raise FileFormatError(
            "there is no table of counts", hint='write {"rows": [...], "cols": [...], "counts": [[...]]}'
        )
    if len({len(row) for row in cells}) > 1:
        raise FileFormatError(f"rows of counts differ in length: {', '.join(str(len(row)) for row in cells)}")
    read = [[read_count_cell(cell) for cell in row] for row in cells]
    if len(read) < 2 or len(read[0]) < 2:
        raise FileFormatError(f"a table of {len(read)} x {len(read[0])} counts compares nothing")
    counts = np.array([[count for count, _ in row] for row in read], dtype=np.int64)
    if counts.sum() > LARGEST_TOTAL:
        raise FileFormatError(f"the counts add up to {counts.sum()}, more than any study has")
    return counts, [[percent for _, percent in row] for row in read]


def _without_totals(table: CountTable) -> CountTable:
    """Take off a row or column called total, after adding up."""
    rows, columns, counts = table.rows, table.columns, table.counts
    found: list[str] = []
    for axis, labels in ((0, rows), (1, columns)):
        totals = [i for i, label in enumerate(labels) if _TOTAL.fullmatch(label.strip())]
        if len(totals) != 1 or counts.shape[axis] < 3:
            continue
        printed: list[int] = counts.take([totals[0]], axis=axis).ravel().tolist()
        counts = np.delete(counts, totals[0], axis=axis)
        kept = tuple(label for i, label in enumerate(labels) if i != totals[0])
        rows, columns = (kept, columns) if axis == 0 else (rows, kept)
        found += _differences("column" if axis == 0 else "row", printed, counts.sum(axis=axis).tolist())
    return CountTable(rows, columns, counts, found, table.remarks)


def _wrong_totals(content: Content, counts: IntArray) -> list[str]:
    found: list[str] = []
    for kind, names, axis in (("row", ("row_totals", "row_n"), 1), ("column", ("col_totals", "column_totals"), 0)):
        if content.has(*names):
            printed = content.counts(*names)
            if len(printed) != counts.shape[1 - axis]:
                raise FileFormatError(f"{len(printed)} {kind} totals for {counts.shape[1 - axis]} {kind}s")
            found += _differences(kind, printed, counts.sum(axis=axis).tolist())
    total = content.get("total", "grand_total", "n_total")
    if total is not None and not isinstance(total, list):
        found += _differences("grand", [read_count(total, "total")], [int(counts.sum())])
    return found


def _differences(kind: str, printed: Iterable[int], summed: Iterable[int]) -> list[str]:
    return [
        f"printed {kind} total {a}, the counts add up to {b}" for a, b in zip(printed, summed, strict=True) if a != b
    ]


def _wrong_percentages(counts: IntArray, percents: list[list[Number | None]]) -> list[str]:
    """Return percentages that fit neither their row nor their column; the direction is the one that fits more."""
    cells = [(i, j, p) for i, row in enumerate(percents) for j, p in enumerate(row) if p is not None]
    if not cells:
        return []
    wrong = {}
    for name, sums in (("row", counts.sum(axis=1, keepdims=True)), ("column", counts.sum(axis=0, keepdims=True))):
        share = 100 * counts / np.maximum(np.broadcast_to(sums, counts.shape), 1)
        wrong[name] = [
            f"{counts[i, j]} ({p.value:g} %) is {share[i, j]:.{max(p.decimals, 1)}f} % of its {name}"
            for i, j, p in cells
            if abs(share[i, j] - p.value) > 2 * p.half_unit
        ]
    return min(wrong.values(), key=len)
