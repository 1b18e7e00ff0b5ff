"""What a row's ``table_json`` holds: numbers as they were printed, with the precision of the print.

A number keeps its decimals (``1.10`` is not ``1.1``), because what a paper prints stands for every value that rounds
to it.  Text that people paste is understood where it has one meaning: a typographic minus, blanks in ``1 234``,
``51.1 %``, ``46 (51.1%)``.  Everything else is refused with the reason, and the row alone fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from her2genomics.exceptions import FileFormatError

_BLANKS = dict.fromkeys(map(ord, " \t\u00a0\u2009\u202f\u2002\u2003'"), None)
_MINUS = dict.fromkeys(map(ord, "\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d"), "-")
_SUPERSCRIPTS = {ord(a): b for a, b in zip("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789", strict=True)}
_COUNT_WITH_PERCENT = re.compile(r"\s*(-?[\d\s]+?)\s*[(\[]\s*(-?\d+(?:\.\d+)?)\s*%?\s*[)\]]\s*")
LARGEST_MAGNITUDE = 12


def plain_text(text: str) -> str:
    """Return text with typographic minus signs, dots and superscripts as they are typed.

    Examples
    --------
    >>> plain_text("0·57–0·86"), plain_text("1.2×10⁻⁵")
    ('0.57-0.86', '1.2x10^-5')
    """
    text = re.sub("10([⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹]+)", r"10^\1", text).translate(_SUPERSCRIPTS).translate(_MINUS)
    return text.replace("·", ".").replace("×", "x").replace("≤", "<=").replace("≥", ">=")


@dataclass(frozen=True)
class Number:
    """A printed number: its value, and half a unit of its last decimal."""

    value: float
    decimals: int

    @property
    def half_unit(self) -> float:
        """Largest distance of a value that rounds to this number."""
        return 0.5 * 10.0**-self.decimals

    def with_decimals(self, decimals: int) -> Number:
        """Return the number with at least so many decimals: a final zero is easily lost on the way."""
        return Number(self.value, max(self.decimals, decimals))


def read_number(value: object, name: str = "value") -> Number:
    """Return a number as it was printed.

    Raises
    ------
    FileFormatError
        If it is no number, or not finite.

    Examples
    --------
    >>> read_number("−1 234.50")
    Number(value=-1234.5, decimals=2)
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise FileFormatError(f"{name}: {json.dumps(value, default=str)} is not a number")
    text = plain_text(str(value)).translate(_BLANKS).removesuffix("%")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+", text):
        text = text.replace(",", "")
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise FileFormatError(f"{name}: '{value}' is not a number") from None
    if not number.is_finite() or number.adjusted() > LARGEST_MAGNITUDE:
        raise FileFormatError(f"{name}: '{value}' is not a number that a paper prints")
    exponent = number.as_tuple().exponent
    return Number(float(number), max(0, -int(exponent)))


def read_count(value: object, name: str = "count") -> int:
    """Return a count.

    Raises
    ------
    FileFormatError
        If it is negative or not whole.
    """
    number = read_number(value, name).value
    if number < 0:
        raise FileFormatError(f"{name}: {number:g} is negative")
    if number != int(number):
        raise FileFormatError(f"{name}: {number:g} is not a whole number")
    return int(number)


def read_count_cell(value: object) -> tuple[int, Number | None]:
    """Return the count of a table cell, and its percentage where the cell has one: ``46 (51.1%)``."""
    if isinstance(value, str) and (match := _COUNT_WITH_PERCENT.fullmatch(plain_text(value))):
        return read_count(match[1]), read_number(match[2])
    return read_count(value), None


@dataclass(frozen=True)
class Content:
    """The fields of one row's ``table_json``; names are found without case, blanks and punctuation."""

    fields: Mapping[str, Any]

    def get(self, *names: str) -> Any:
        """Return the first field that is there, or None."""
        for name in names:
            if (value := self.fields.get(field_key(name))) is not None:
                return value
        return None

    def has(self, *names: str) -> bool:
        """Return True if any of the fields is there."""
        return self.get(*names) is not None

    def number(self, *names: str) -> Number:
        """Return a field as a number; the first name stands in the message when it is absent."""
        return read_number(self._needed(names), names[0])

    def maybe_number(self, *names: str) -> Number | None:
        """Return a field as a number, or None where it is absent."""
        return self.number(*names) if self.has(*names) else None

    def count(self, *names: str) -> int:
        """Return a field as a count."""
        return read_count(self._needed(names), names[0])

    def numbers(self, *names: str) -> list[Number]:
        """Return a field that is a list as numbers, all with the decimals of the most precise one."""
        values = [read_number(v, names[0]) for v in self._listed(names)]
        decimals = max((v.decimals for v in values), default=0)
        return [v.with_decimals(decimals) for v in values]

    def counts(self, *names: str) -> list[int]:
        """Return a field that is a list as counts."""
        return [read_count(v, names[0]) for v in self._listed(names)]

    def _listed(self, names: Sequence[str]) -> list[Any]:
        value = self._needed(names)
        if not isinstance(value, list):
            raise FileFormatError(f"{names[0]} is not a list")
        return value

    def _needed(self, names: Sequence[str]) -> Any:
        value = self.get(*names)
        if value is None:
            there = ", ".join(self.fields) or "nothing"
            raise FileFormatError(f"table_json has no {' or '.join(names)}", hint=f"it has {there}")
        return value


def field_key(name: str) -> str:
    """Return a field's name without case, blanks and punctuation (``n_pos`` -> ``npos``)."""
    return re.sub(r"[\W_]", "", name).lower()


def read_content(text: str | None) -> Content:
    """Parse ``table_json``; a bare list of lists is a table of counts.

    Raises
    ------
    FileFormatError
        If it is empty, no JSON, holds a name twice, or is neither an object nor a list.

    Examples
    --------
    >>> read_content('{"n_pos": 70, "AUC": 0.730}').number("auc")
    Number(value=0.73, decimals=3)
    """
    if text is None or not text.strip():
        raise FileFormatError("table_json is empty")
    try:
        parsed = json.loads(
            text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse, object_pairs_hook=_unique
        )
    except json.JSONDecodeError as error:
        raise FileFormatError(f"table_json is no JSON: {error.msg} at character {error.pos + 1}") from None
    except (RecursionError, InvalidOperation):
        raise FileFormatError("table_json is no JSON that holds a table") from None
    if isinstance(parsed, list):
        return Content({"counts": parsed})
    if not isinstance(parsed, dict):
        raise FileFormatError("table_json is neither an object nor a list")
    return Content(_unique([(field_key(name), value) for name, value in parsed.items()]))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FileFormatError(f"table_json has '{twice}' twice")
    return fields


def _refuse(constant: str) -> NoReturn:
    raise FileFormatError(f"table_json holds {constant}, which is not a number")
