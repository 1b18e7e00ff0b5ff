from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.contingency import chi_square_many, fisher_many
from her2genomics.stats.exact_rxc import fisher_freeman_halton
from her2genomics.stats.groups_exact import exact_trend_many, fisher_groups_many
from her2genomics.stats.proportions import cochran_armitage_trend


def test_equal_to_r(r_table) -> None:
    for _, row in r_table("exact_trend").iterrows():
        altered, n = [row["altered"].astype(int)], [row["n"].astype(int)]
        assert exact_trend_many(altered, n)[0] == pytest.approx(row["p"], rel=1e-9)
        assert fisher_groups_many(altered, n)[0] == pytest.approx(row["p_fisher"], rel=1e-9)
        assert chi_square_many(altered, n)["p_value"][0] == pytest.approx(row["p_chi"], rel=1e-9)


def test_by_hand() -> None:
    # Two altered of 2 + 2 + 2: both in the first group, or both in the last, are the 2 extremes of 15 tables.
    assert exact_trend_many([[2, 0, 0]], 2 * np.ones(3))[0] == pytest.approx(2 / 15)
    # The same table by Fisher: each of (2,0,0), (0,2,0), (0,0,2) has probability 1/15, the others 4/15.
    assert fisher_groups_many([[2, 0, 0]], [2, 2, 2])[0] == pytest.approx(3 / 15)


SIZES = st.lists(st.integers(0, 9), min_size=3, max_size=4)


@settings(max_examples=30)
@given(st.data(), SIZES)
def test_the_same_as_table_by_table(data: st.DataObject, n: list[int]) -> None:
    altered = [data.draw(st.integers(0, size)) for size in n]
    p = fisher_groups_many([altered], n)[0]
    if sum(size > 0 for size in n) < 2 or not 0 < sum(altered) < sum(n):
        assert np.isnan(p)
        return
    table = np.array([altered, np.subtract(n, altered)])
    assert p == pytest.approx(fisher_freeman_halton(table).p_value, rel=1e-9)
    trend = exact_trend_many([altered], n)[0]
    assert 0 < trend <= 1
    assert exact_trend_many([altered[::-1]], n[::-1])[0] == pytest.approx(trend)


def test_two_groups_are_fisher() -> None:
    found = fisher_groups_many([[3, 9], [5, 5]], [20, 30])
    expected = fisher_many([3, 5], 20, [9, 5], 30)["p_value"].to_numpy(float)
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_list_too_long_gives_nothing() -> None:
    assert np.isnan(fisher_groups_many([[40, 50, 60]], [100, 100, 100], most_tables=100)[0])


def test_the_exact_trend_approaches_the_asymptotic_one() -> None:
    altered, n = [60, 90, 120], [200, 240, 260]
    assert exact_trend_many([altered], n)[0] == pytest.approx(cochran_armitage_trend(altered, n).p_value, rel=0.15)


def test_wrong_input() -> None:
    with pytest.raises(StatisticsError, match="2 scores for 3 groups"):
        exact_trend_many([[1, 2, 3]], [5, 5, 5], scores=[1, 2])
    assert chi_square_many([[0, 0]], [5, 6]).isna().all().all()
