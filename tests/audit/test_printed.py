from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.audit.content import read_content, read_count_cell, read_number
from her2genomics.audit.named_tests import TABLE_TESTS, continuity, named_tests
from her2genomics.audit.printed import looks_like_interval, read_interval, read_metrics, read_printed
from her2genomics.exceptions import FileFormatError


@pytest.mark.parametrize(
    ("text", "relation", "value", "decimals"),
    [
        ("0.05", "=", 0.05, 2),
        ("p=0.050", "=", 0.05, 3),
        ("P < .001", "<", 0.001, 3),
        ("p-value: 0.02", "=", 0.02, 2),
        ("P value = 0.02", "=", 0.02, 2),
        ("<.001", "<", 0.001, 3),
        ("≤0.01", "<=", 0.01, 2),
        ("&lt;0.01", "<", 0.01, 2),
        ("> 0.99", ">", 0.99, 2),
        (".730", "=", 0.73, 3),
        ("0·023", "=", 0.023, 3),
        ("0,023", "=", 0.023, 3),
        ("1.2×10−5", "=", 1.2e-5, 6),
        ("1.2 x 10^-5", "=", 1.2e-5, 6),
        ("3×10⁻⁴", "=", 3e-4, 4),
        ("2e-7", "=", 2e-7, 7),
        ("0.023*", "=", 0.023, 3),
        ("0.023a", "=", 0.023, 3),
        ("0.38 (ns)", "=", 0.38, 2),
        ("0.05 (chi2)", "=", 0.05, 2),
        ("t = 2.1, df = 30, p = 0.044", "=", 0.044, 3),
        ("HR 2.1, P < .001", "<", 0.001, 3),
        ("1", "=", 1.0, 0),
        ("ns", ">=", 0.05, 2),
        ("NS", ">=", 0.05, 2),
        ("n.s.", ">=", 0.05, 2),
        ("not significant", ">=", 0.05, 2),
        ("p = ns", ">=", 0.05, 2),
    ],
)
def test_printed_p_values(text: str, relation: str, value: float, decimals: int) -> None:
    printed = read_printed(text)
    assert (printed.relation, printed.number.decimals) == (relation, decimals)
    assert printed.value == pytest.approx(value)


@pytest.mark.parametrize("text", ["abc", "0.05 to 0.1", "", "<", "p", "0.0.5", "--0.2", "5 mg"])
def test_what_is_no_p_value_is_refused(text: str) -> None:
    with pytest.raises(FileFormatError, match="not understood"):
        read_printed(text)


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    for reader in (read_printed, read_interval, read_metrics, read_content):
        with contextlib.suppress(FileFormatError):
            reader(text)


@pytest.mark.parametrize(
    "text",
    ["0.57-0.86", "0.57–0.86", "(0.57, 0.86)", "[0.57; 0.86]", "0.57 to 0.86", "95% CI 0.57-0.86", "95 % CI: .57-.86"],
)
def test_intervals(text: str) -> None:
    interval = read_interval(text)
    assert (interval.low.value, interval.high.value, interval.low.decimals) == (0.57, 0.86, 2)
    assert looks_like_interval(text)


def test_intervals_with_estimates_and_signs() -> None:
    both = read_interval("-0.30 (95% CI, -0.55 to -0.05)")
    assert both.estimate is not None
    assert (both.estimate.value, both.low.value, both.high.value) == (-0.3, -0.55, -0.05)
    with pytest.raises(FileFormatError, match="ends below its beginning"):
        read_interval("0.9-0.2")
    assert not any(looks_like_interval(text) for text in ("0.05", "<0.001", "1.2×10−5", "2e-7", "ns"))


def test_metrics() -> None:
    found = read_metrics("Sensitivity 85.4% (72.2-93.9), specificity: 69.0 %; LR+ 2.76 F1=.80 ACC .65")
    assert {k: v.value for k, v in found.items()} == {
        "Sensitivity": 85.4, "specificity": 69.0, "LR+": 2.76, "F1": 0.8, "ACC": 0.65,
    }  # fmt: skip
    assert found["Sensitivity"].percent
    with pytest.raises(FileFormatError, match="names SEN twice"):
        read_metrics("SEN 1 SEN 2")


@pytest.mark.parametrize(
    ("value", "expected", "decimals"),
    [("−5", -5, 0), ("1 234", 1234, 0), ("1,234", 1234, 0), ("3,5", 3.5, 1), ("51.10%", 51.1, 2), ("1.10", 1.1, 2)],
)
def test_numbers_as_people_type_them(value: str, expected: float, decimals: int) -> None:
    number = read_number(value)
    assert (number.value, number.decimals) == (expected, decimals)


def test_count_cells() -> None:
    count, percent = read_count_cell("46 (51.1%)")
    assert (count, percent and percent.value) == (46, 51.1)
    assert read_count_cell(" 46 ")[0] == 46
    for wrong, message in (
        ("-2", "negative"),
        ("2.5", "not a whole number"),
        (None, "not a number"),
        (True, "not a number"),
    ):
        with pytest.raises(FileFormatError, match=message):
            read_count_cell(wrong)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"counts":[[1,2],[3,4]]', "no JSON: .* at character"),
        ('"text"', "neither an object nor a list"),
        ('{"n":1,"n":2}', "has 'n' twice"),
        ('{"n_a":1,"N A":2}', "has 'na' twice"),
        ('{"n":NaN}', "holds NaN"),
        ("  ", "is empty"),
        ("[" * 100000, "no JSON"),
    ],
)
def test_broken_json_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        read_content(text)


def test_names_of_tests() -> None:
    assert named_tests("Fisher-Freeman-Halton exact 2-sided", TABLE_TESTS) == {"fisher"}
    assert named_tests("χ² test", TABLE_TESTS) == {"chi_square"}
    assert named_tests("Mann-Whitney U", TABLE_TESTS) == {"ranks"}
    assert [continuity(t) for t in ("uncorrected chi2", "with Yates", "without continuity correction", "chi2")] == [
        False, True, False, None,
    ]  # fmt: skip
