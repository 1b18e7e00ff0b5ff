"""Allele fractions and percentages."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.exceptions import AmbiguousInputError, SchemaError
from her2genomics.io.allele_fractions import read_fractions


def read(*cells, column="vaf", percent=False):
    values = pd.Series(cells, dtype="string")
    samples = pd.Series([f"P{i}" for i in range(len(cells))], dtype="string")
    return read_fractions(values, samples=samples, column=column, path="x.tsv", percent=percent)


@pytest.mark.parametrize(
    ("cells", "more", "expected", "percent"),
    [
        (["0.2", None, "1"], {}, [0.2, pd.NA, 1.0], False),
        (["20", "5", "0.4"], {}, [0.2, 0.05, 0.004], True),
        (["20%", "0.4%"], {}, [0.2, 0.004], True),
        (["0.4"], {"column": "AF (%)"}, [0.004], True),
        (["0.4"], {"percent": True}, [0.004], True),
        ([None], {}, [pd.NA], False),
    ],
)
def test_fractions(cells, more, expected, percent):
    numbers, was_percent = read(*cells, **more)
    assert numbers.tolist() == expected
    assert was_percent is percent


@given(st.integers(0, 1000))
def test_a_printed_percentage_equals_the_printed_fraction(tenths):
    numbers, _ = read(f"{tenths / 10:.1f}%")
    assert numbers.tolist() == [float(f"{tenths / 1000:.3f}")]


@pytest.mark.parametrize(
    ("cells", "error", "message"),
    [
        (["0.1", "0.2", "1.5"], AmbiguousInputError, "sample P2: column vaf: 1 of 3 allele fractions are above 1"),
        (["0.1", "x"], SchemaError, "sample P1: column vaf: value 'x' is not a number"),
        (["-0.1"], SchemaError, "value '-0.1' is no allele fraction"),
        (["101", "20"], SchemaError, "value '101' is no allele fraction"),
    ],
)
def test_refused(cells, error, message):
    with pytest.raises(error, match=message):
        read(*cells)
