"""What laboratories write in a table cell, read without guessing.

Pathology exports mix numbers, bins (``<10%``, ``50-59%``), bounds (``>6.0``), full-width characters and a dozen words
for "not done".  Everything is read from its text, because the text still knows how precisely a number was printed:
``3.2`` stands for one decimal, ``3`` for none.  A cell is missing (None), readable, or refused; nothing in between.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.exceptions import SchemaError

MISSING_WORDS: frozenset[str] = frozenset({
    "", "na", "n/a", "n.a.", "nan", "none", "null", "nil", "<na>", "nd", "n.d.", ".", "-", "--", "?", "unknown", "unk",
    "missing", "pending", "not available", "not applicable", "not assessed", "not determined", "not done",
    "not evaluable", "not evaluated", "not known", "not performed", "not reported", "not tested", "discrepancy",
})  # fmt: skip

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-") | {ord("∼"): "~"}
_NUMBER = r"(?:(?:[0-9]{1,15}(?:\.[0-9]{0,25})?|\.[0-9]{1,25})(?:e[+-]?[0-9]{1,2})?)"
_MEASURED = re.compile(rf"(>=|<=|>|<)? *({_NUMBER})")
_DECIMAL_COMMA = re.compile(r"([0-9]),([0-9]{1,2})(?![0-9])")
_PERCENT = re.compile(rf"(>=|<=|>|<)? *({_NUMBER}) *%?")
_PERCENT_BIN = re.compile(rf"({_NUMBER}) *%? *(?:-|~|to) *({_NUMBER}) *%?")
_BOUND_SIGNS = str.maketrans({"≥": ">=", "≤": "<=", "⩾": ">=", "⩽": "<="})


@dataclass(frozen=True, slots=True)
class Measured:
    """A number as printed.

    Parameters
    ----------
    value
        The printed number.
    unit
        Size of its last printed digit (0.1 for ``3.2``); 0 for an exact count.
    low, high
        The values it may stand for: both equal to ``value``, unless a bound such as ``>6.0`` was printed.
    """

    value: float
    unit: float
    low: float
    high: float

    @property
    def is_bound(self) -> bool:
        """Whether only a bound was printed."""
        return self.low != self.high


@dataclass(frozen=True, slots=True)
class PercentRange:
    """The percentages, 0 to 100, that a cell allows; ``low`` equals ``high`` for a plain number."""

    low: float
    high: float

    @property
    def is_exact(self) -> bool:
        """Whether one number was printed rather than a bin or a bound."""
        return self.low == self.high


def clean(text: str) -> str:
    """Return text in compatibility form (full-width plus becomes ``+``), trimmed, with plain dashes, in lower case."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_DASHES).translate(_BOUND_SIGNS).lower().split())


def is_missing(text: str) -> bool:
    """Return whether a cleaned cell says that there is no value, with or without brackets: ``[Not Available]``."""
    return text in MISSING_WORDS or (text[:1] == "[" and text[-1:] == "]" and text[1:-1].strip() in MISSING_WORDS)


def cell_texts(table: pd.DataFrame, column: str) -> list[str | None]:
    """Return a column as text, None where it is absent or missing; whole floats of a score column stay ``2.0``.

    Raises
    ------
    SchemaError
        If the table has the column twice.
    """
    if column not in table.columns:
        return [None] * len(table)
    if list(table.columns).count(column) > 1:
        raise SchemaError("the column is there more than once", column=column, hint="rename or remove one of them")
    values = table[column]
    if isinstance(values.dtype, pd.StringDtype):
        codes, distinct = pd.factorize(values)
        texts: list[str | None] = np.array([*distinct, None], dtype=object)[codes].tolist()
        return texts
    present = values.notna().tolist()
    return [str(value) if there else None for value, there in zip(values.tolist(), present, strict=True)]


def distinct_cells(
    table: pd.DataFrame, columns: Sequence[str]
) -> tuple[npt.NDArray[np.intp], list[tuple[str | None, ...]]]:
    """Return the distinct rows of some columns as text (see `cell_texts`), and which of them each row is.

    Examples
    --------
    >>> table = pd.DataFrame({"ihc": ["1+", "2+", "1+"], "fish_ratio": [None, 1.4, None]})
    >>> which, rows = distinct_cells(table, ["ihc", "fish_ratio"])
    >>> which.tolist(), rows
    ([0, 1, 0], [('1+', None), ('2+', '1.4')])
    """
    which = np.zeros(len(table), dtype=np.intp)
    texts = [np.array(cell_texts(table, column), dtype=object) for column in columns]
    for cells in texts:
        codes, distinct = pd.factorize(cells)
        which, _ = pd.factorize(which * (len(distinct) + 1) + codes + 1)
    _, first = np.unique(which, return_index=True)
    return which, list(zip(*(cells[first].tolist() for cells in texts), strict=True))


def read_number(text: str) -> Measured | None:
    """Read a non-negative number or a bound from cleaned text; None when it is neither.

    A decimal comma is understood (``3,2``).  Signs, infinities and units are refused.

    Examples
    --------
    >>> read_number("3.2")
    Measured(value=3.2, unit=0.1, low=3.2, high=3.2)
    >>> read_number(">6.0").high, read_number("-1"), read_number("polysomy")
    (inf, None, None)
    """
    match = _MEASURED.fullmatch(_DECIMAL_COMMA.sub(r"\1.\2", text))
    if match is None:
        return None
    sign, digits = match.groups()
    value = float(digits)
    mantissa, _, exponent = digits.partition("e")
    unit = float(f"1e{int(exponent or 0) - len(mantissa.partition('.')[2])}")
    low, high = _bounds(sign, value, math.inf)
    return Measured(value, unit, low, high)


def read_percent(text: str) -> PercentRange | None:
    """Read a percentage, a bin (``50-59%``) or a bound (``<10%``) from cleaned text; None when it is none of them.

    Examples
    --------
    >>> read_percent("50-59%"), read_percent("7")
    (PercentRange(low=50.0, high=59.0), PercentRange(low=7.0, high=7.0))
    >>> read_percent("120%") is None
    True
    """
    text = _DECIMAL_COMMA.sub(r"\1.\2", text)
    binned = _PERCENT_BIN.fullmatch(text)
    if binned is not None:
        low, high = float(binned[1]), float(binned[2])
    else:
        match = _PERCENT.fullmatch(text)
        if match is None or float(match[2]) > 100:
            return None
        low, high = _bounds(match[1], float(match[2]), 100.0)
    return PercentRange(low, high) if 0 <= low <= high <= 100 else None


def _bounds(sign: str | None, value: float, top: float) -> tuple[float, float]:
    """Return the closed range of doubles that a bound allows."""
    match sign:
        case ">":
            return math.nextafter(value, math.inf), top
        case ">=":
            return value, top
        case "<":
            return 0.0, math.nextafter(value, -math.inf)
        case "<=":
            return 0.0, value
    return value, value
