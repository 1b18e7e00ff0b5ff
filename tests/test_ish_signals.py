"""ISH groups from ratio and signals: boundaries, totals, bounds, contradictions."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.ish_signals import IshFinding, ish_group, read_signals
from her2genomics.lab_values import read_number


def finding(ratio: str = "", her2: str = "", cep17: str = "", cells: str = "") -> IshFinding:
    return read_signals(*(read_number(text) if text else None for text in (ratio, her2, cep17, cells)))


def group_by_decimals(ratio: Decimal, her2: Decimal) -> int:
    """The guideline's table, in exact decimal arithmetic."""
    if ratio >= Decimal("2.0"):
        return 1 if her2 >= Decimal("4.0") else 2
    if her2 >= Decimal("6.0"):
        return 3
    return 4 if her2 >= Decimal("4.0") else 5


CLOSE_TO_A_CUTOFF = st.sampled_from(
    [Decimal(n) for n in ("1.99", "2.00", "2.01", "3.99", "4.00", "5.99", "6.00", "6.01")]
)
SIGNALS = st.decimals(min_value="0.60", max_value="29.99", places=2) | CLOSE_TO_A_CUTOFF


@given(SIGNALS, SIGNALS)
def test_the_group_is_exact_at_every_boundary(ratio: Decimal, her2: Decimal) -> None:
    expected = group_by_decimals(ratio, her2)
    assert ish_group(float(ratio), float(her2)) == expected
    assert finding(str(ratio), str(her2)).groups == (expected,)


@given(SIGNALS, SIGNALS)
def test_a_ratio_left_out_is_the_exact_quotient_of_the_signals(her2: Decimal, cep17: Decimal) -> None:
    expected = group_by_decimals(her2 / cep17, her2)
    assert finding("", str(her2), str(cep17)).groups == (expected,)


@given(SIGNALS, SIGNALS, st.integers(min_value=1, max_value=3))
def test_a_rounded_or_cut_off_ratio_never_contradicts_its_own_signals(
    her2: Decimal, cep17: Decimal, places: int
) -> None:
    quotient = her2 / cep17
    step = Decimal(1).scaleb(-places)
    for mode in ("ROUND_HALF_EVEN", "ROUND_HALF_UP", "ROUND_DOWN"):
        ratio = quotient.quantize(step, rounding=mode)
        if ratio > 0:
            assert "RATIO_CONTRADICTS_SIGNALS" not in finding(str(ratio), str(her2), str(cep17)).flags


@pytest.mark.parametrize(
    ("ratio", "her2", "cep17", "source", "groups"),
    [
        ("3.2", "9.6", "5.0", "contradictory", (1, 3)),  # 1.92
        ("2.2", "3.2", "2.7", "contradictory", (2, 5)),  # 1.19
        ("1.5", "9.6", "3.0", "contradictory", (1, 3)),  # 3.2
        ("3.30", "9.6", "3.0", "dual", (1,)),  # 9.65 / 2.95 = 3.27 is the most
        ("3.8", "9.6", "3.0", "dual", (1,)),  # wrong, but group 1 either way
        ("1.1", "2.4", "1.8", "dual", (5,)),  # 1.33, group 5 either way
    ],
)
def test_a_ratio_beyond_the_printed_precision(
    ratio: str, her2: str, cep17: str, source: str, groups: tuple[int, ...]
) -> None:
    found = finding(ratio, her2, cep17)
    assert (found.source, found.groups) == (source, groups)
    assert found.flags == ("RATIO_CONTRADICTS_SIGNALS",)


@pytest.mark.parametrize(
    ("ratio", "her2", "cep17"),
    [
        ("2.0", "4.0", "2.02"),  # 1.98 prints as 2.0: the printed ratio stands
        ("1.99", "4.0", "2.01"),
        ("1", "5", "4"),  # no decimals: anything from 0.5 to 1.5
        ("2", "5.9", "3.0"),
    ],
)
def test_precision_comes_from_the_printed_digits(ratio: str, her2: str, cep17: str) -> None:
    assert finding(ratio, her2, cep17).flags == ()


def test_more_digits_make_the_same_numbers_a_contradiction() -> None:
    assert finding("1", "5", "4").flags == ()
    assert finding("1.00", "5.00", "4.00").flags == ("RATIO_CONTRADICTS_SIGNALS",)


# totals over the counted nuclei (two of them with the ratio that their laboratory printed)
@pytest.mark.parametrize(
    ("ratio", "her2", "cep17", "cells", "groups"),
    [
        ("1.1", "185", "160", "60", (5,)),
        ("3.2", "172", "54", "20", (1,)),
        ("", "118", "28", "20", (1,)),  # 28 is below 30 but from the same count
        ("", "28", "35", "20", (5,)),
        ("", "120", "", "20", (1, 3)),  # single probe, exactly 6.0
    ],
)
def test_totals_are_divided_by_the_counted_cells(
    ratio: str, her2: str, cep17: str, cells: str, groups: tuple[int, ...]
) -> None:
    found = finding(ratio, her2, cep17, cells)
    assert found.groups == groups
    assert found.flags == ("SIGNALS_WERE_TOTALS",)


@pytest.mark.parametrize(
    ("her2", "cep17", "cells"),
    [
        ("114", "74", ""),  # no cell count
        ("816", "51", "20"),  # still above 30 per cell
        ("45", "2.1", "20"),  # CEP17 is no total: 0.1 per cell
        ("2.8", "48", "20"),
        (">50", "", "20"),
    ],
)
def test_implausible_signals_are_left_out(her2: str, cep17: str, cells: str) -> None:
    found = finding("", her2, cep17, cells)
    assert (found.source, found.flags) == ("none", ("SIGNALS_IMPLAUSIBLE",))


def test_thirty_signals_are_still_a_mean() -> None:
    assert finding("6.0", "30", "5").flags == ()
    assert finding("6.0", "30.1", "5").flags == ("SIGNALS_IMPLAUSIBLE",)


@pytest.mark.parametrize(
    ("ratio", "her2", "source", "groups"),
    [
        ("2.2", ">6.0", "dual", (1,)),
        ("1.8", "<4.0", "dual", (5,)),
        ("1.8", ">6", "dual", (3,)),
        (">10", "12", "dual", (1,)),
        ("2.2", "<6", "partial", (1, 2)),
        ("1.8", ">3", "partial", (3, 4, 5)),
        ("<2.2", "7", "partial", (1, 3)),
        ("", ">=6", "single", (1, 3)),
        ("", ">=5", "partial", (1, 3, 4)),
    ],
)
def test_bounds_decide_where_every_allowed_value_agrees(
    ratio: str, her2: str, source: str, groups: tuple[int, ...]
) -> None:
    found = finding(ratio, her2)
    assert (found.source, found.groups) == (source, groups)


def test_a_ratio_without_signals_forms_no_group() -> None:
    assert finding("3.2").groups == (1, 2)
    assert finding("1.99").groups == (3, 4, 5)
    assert finding("3.2").open_flags == ("RATIO_WITHOUT_SIGNALS",)


def test_derived_her2_signals_keep_the_width_of_the_printed_digits() -> None:
    assert finding("3.2", "", "3.0").groups == (1,)  # 9.6, at least 9.29
    assert finding("2.2", "", "2").groups == (1, 2)  # 3.2 to 5.6


def test_single_probe_bands() -> None:
    assert [finding("", n).groups for n in ("3.99", "4.0", "5.99", "6.0")] == [(2, 5), (1, 4), (1, 4), (1, 3)]


@pytest.mark.parametrize(
    ("ratio", "her2", "positive"),
    [
        ("2.0", "6.1", True),
        ("2.0", "6.0", False),
        ("1.99", "9.0", False),
        ("2.5", ">6.0", True),
        ("2.5", ">=6.0", None),
    ],
)
def test_the_study_reads_fish_strictly_above_six(ratio: str, her2: str, positive: bool | None) -> None:
    assert finding(ratio, her2).study_fish is positive


def test_a_single_probe_or_a_contradiction_is_no_fish_call_for_the_study() -> None:
    assert finding("", "9.0").study_fish is None
    assert finding("3.2", "9.6", "5.0").study_fish is None
