"""Reading of single cells: numbers, bounds, percentages, missing words."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.exceptions import SchemaError
from her2genomics.lab_values import Measured, PercentRange, cell_texts, clean, is_missing, read_number, read_percent


@pytest.mark.parametrize(
    "text",
    ["", "NA", " n/a ", "nan", "[Not Available]", "[Not Evaluated]", "Not Performed", "-", ".", "<NA>", "[ Unknown ]"],
)
def test_missing_words(text: str) -> None:
    assert is_missing(clean(text))


@pytest.mark.parametrize("text", ["0", "negative", "none of these", "[1+]", "x"])
def test_values_are_not_missing(text: str) -> None:
    assert not is_missing(clean(text))


def test_clean_brings_full_width_and_odd_dashes_to_plain_text() -> None:
    assert clean(" 1＋ ") == "1+"
    assert clean("50–59％") == "50-59%"
    assert clean("≥ 6.0") == ">= 6.0"
    assert clean("1+∼2+") == "1+~2+"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", Measured(3.0, 1.0, 3.0, 3.0)),
        ("3.20", Measured(3.2, 0.01, 3.2, 3.2)),
        ("3,2", Measured(3.2, 0.1, 3.2, 3.2)),
        ("1e1", Measured(10.0, 10.0, 10.0, 10.0)),
        ("2.5e-1", Measured(0.25, 0.01, 0.25, 0.25)),
        (">=6", Measured(6.0, 1.0, 6.0, math.inf)),
        (">6", Measured(6.0, 1.0, math.nextafter(6.0, math.inf), math.inf)),
        ("< 4.0", Measured(4.0, 0.1, 0.0, math.nextafter(4.0, -math.inf))),
        ("<=4", Measured(4.0, 1.0, 0.0, 4.0)),
    ],
)
def test_read_number(text: str, expected: Measured) -> None:
    assert read_number(text) == expected


@pytest.mark.parametrize(
    "text",
    ["-1", "+2", "inf", "nan", "abc", "3.2x", "1_0", "", "1.2.3", "3/2", "polisomy", "not amplified", "1,234", "٣"],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("0", 0, 0),
        ("10%", 10, 10),
        ("7.5 %", 7.5, 7.5),
        ("50-59%", 50, 59),
        ("1 to 10", 1, 10),
        ("<=10%", 0, 10),
        (">=90", 90, 100),
    ],
)
def test_read_percent(text: str, low: float, high: float) -> None:
    assert read_percent(text) == PercentRange(low, high)


def test_open_percent_bounds_exclude_their_number() -> None:
    below, above = read_percent("<1%"), read_percent(">75%")
    assert below is not None
    assert above is not None
    assert below.low == 0
    assert 0.999 < below.high < 1
    assert 75 < above.low < 75.001
    assert above.high == 100


@pytest.mark.parametrize("text", ["101", "-5", "59-50", "<0%", ">100", "3+", "strong", "allred 8", "50-159%"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    assert read_percent(text) is None


@given(st.decimals(min_value="0.01", max_value="999.99", places=2))
def test_a_printed_number_keeps_value_and_precision(number: object) -> None:
    read = read_number(str(number))
    assert read is not None
    assert read.value == float(str(number))
    assert read.unit == 0.01
    assert not read.is_bound


@given(st.text(max_size=30))
def test_reading_never_raises(text: str) -> None:
    read_number(clean(text))
    percent = read_percent(clean(text))
    assert percent is None or 0 <= percent.low <= percent.high <= 100


def test_cell_texts_of_every_kind_of_column() -> None:
    table = pd.DataFrame({"a": [1, 2], "b": [1.5, None], "c": pd.array(["x", pd.NA], dtype="string"), "d": [[1], None]})
    assert cell_texts(table, "a") == ["1", "2"]
    assert cell_texts(table, "b") == ["1.5", None]
    assert cell_texts(table, "c") == ["x", None]
    assert cell_texts(table, "d") == ["[1]", None]
    assert cell_texts(table, "absent") == [None, None]


def test_a_repeated_column_is_refused() -> None:
    table = pd.DataFrame([[1, 2]], columns=["ihc", "ihc"])
    with pytest.raises(SchemaError, match="column ihc: the column is there more than once"):
        cell_texts(table, "ihc")
