"""Tables for a page: the first rows as HTML, all rows as data that a small script sorts, searches, pages and saves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from her2genomics.report.html import TableView
from her2genomics.schema import TableSchema

FIRST_ROWS = 25
"""Rows that stand in the page at a time."""
SHORT = 36
"""Columns whose longest text has at most this many characters are not wrapped."""
ABSENT = "–"
_DIGITS = 6


@dataclass(frozen=True)
class TableColumn:
    """A column as it is shown.

    Parameters
    ----------
    header
        Its head.
    source
        Column of the table that it is sorted by.
    text
        What is printed in each row; by default the value, numbers with three digits.
    """

    header: str
    source: str
    text: Sequence[str] | None = None


def data_table(
    table: pd.DataFrame,
    *,
    table_id: str,
    caption: str,
    columns: Sequence[TableColumn | str] | None = None,
    filters: Sequence[str] = (),
    file_name: str | None = None,
    schema: TableSchema | None = None,
    meanings: Mapping[str, str] | None = None,
    first_rows: int = FIRST_ROWS,
) -> TableView:
    """Return a table as a block of a page.

    Parameters
    ----------
    table
        The whole table; the file that a reader can save holds all of its columns, numbers with six digits.
    table_id
        Identifier in the page.
    caption
        What the table shows.
    columns
        What is shown: columns of the table by name, or `TableColumn`; default all.
    filters
        Columns of few values that the reader can choose from.
    file_name
        Name of the saved file; default the identifier.
    schema
        Where the meaning of the columns is declared; listed under the table.
    meanings
        Meaning of other columns, by name.
    first_rows
        Rows shown at a time.

    Raises
    ------
    KeyError
        If a column is not in the table.

    Examples
    --------
    >>> view = data_table(pd.DataFrame({"gene": ["TP53", None], "p": [0.01234, 1.2e-9]}), table_id="t", caption="T")
    >>> view.rows
    [['TP53', '0.0123'], ['–', '1.2e-9']]
    """
    shown = [TableColumn(c, c) if isinstance(c, str) else c for c in (table.columns if columns is None else columns)]
    names = [str(name) for name in table.columns]
    values = {str(name): _values(table[name]) for name in table.columns}
    texts = [values_as_text(values[c.source]) if c.text is None else [str(t) for t in c.text] for c in shown]
    plain = [c.text is None and not _has_fraction(values[c.source]) for c in shown]
    data: dict[str, Any] = {
        "file": file_name or f"{table_id}.tsv",
        "rows": len(table),
        "page": first_rows,
        "columns": [{"name": name, "values": values[name]} for name in names],
        "shown": [
            {"source": names.index(c.source), "text": None if is_plain else text}
            for c, text, is_plain in zip(shown, texts, plain, strict=True)
        ],
        "filters": [names.index(name) for name in filters],
    }
    known = {**(meanings or {}), **({c.name: _meaning(c) for c in schema.columns} if schema is not None else {})}
    return TableView(
        table_id=table_id,
        caption=caption,
        headers=[c.header for c in shown],
        rows=[list(row) for row in zip(*(text[:first_rows] for text in texts), strict=True)],
        n_rows=len(table),
        kinds=[_kind(values[c.source], text) for c, text in zip(shown, texts, strict=True)],
        data=data,
        legend=[(name, known[name]) for name in names if name in known],
    )


def _meaning(column: Any) -> str:
    return f"{column.meaning} [{column.unit}]" if column.unit else str(column.meaning)


def _values(column: pd.Series) -> list[Any]:
    """Return JSON values: numbers with six digits, texts, None where missing."""
    missing = column.isna().to_numpy(dtype=bool)
    if pd.api.types.is_bool_dtype(column.dtype) or not pd.api.types.is_numeric_dtype(column.dtype):
        return [None if gap else str(value) for value, gap in zip(column.tolist(), missing, strict=True)]
    if pd.api.types.is_integer_dtype(column.dtype):
        return [None if gap else int(value) for value, gap in zip(column.tolist(), missing, strict=True)]
    numbers = column.to_numpy(dtype=float, na_value=np.nan).tolist()
    return [None if math.isnan(x) else _rounded(x) for x in numbers]


def _rounded(x: float) -> float | int | str:
    """Return six digits; whole numbers as integers, infinite ones as text."""
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    rounded = float(f"{x:.{_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def _kind(values: Sequence[Any], texts: Sequence[str]) -> str:
    if _is_number(values) and max(map(len, texts), default=0) <= SHORT:
        return "number"
    return "short" if max(map(len, texts), default=0) <= SHORT else "long"


def _is_number(values: Sequence[Any]) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(isinstance(value, int | float) or value in ("inf", "-inf") for value in present)


def _has_fraction(values: Sequence[Any]) -> bool:
    return any(isinstance(value, float) for value in values)


def values_as_text(values: Sequence[Any]) -> list[str]:
    """Return each value as it is printed in a page."""
    return [number_text(v) if isinstance(v, float) else ABSENT if v is None or v == "" else str(v) for v in values]


def number_text(x: float) -> str:
    """Return a number with about three digits, as people read it.

    Examples
    --------
    >>> [number_text(x) for x in (0.0000123, 0.01234, 1.2345, 12.345, 1234.5, 1e9)]
    ['1.2e-5', '0.0123', '1.23', '12.3', '1234', '1.0e9']
    """
    if x == 0 or not math.isfinite(x):
        return "0" if x == 0 else str(x)
    size = abs(x)
    if size < 0.001 or size >= 1e6:
        mantissa, _, power = f"{x:.1e}".partition("e")
        return f"{mantissa}e{int(power)}"
    return f"{x:.3g}" if size < 100 else f"{x:.0f}"
