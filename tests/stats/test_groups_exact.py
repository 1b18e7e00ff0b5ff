from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln
from scipy.stats import hypergeom

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.contingency import chi_square_many, fisher_many
from her2genomics.stats.exact_rxc import fisher_freeman_halton
from her2genomics.stats.groups_exact import MOST_TABLES, exact_trend_many, fisher_groups_many, possible_tables
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


def test_too_many_tables_give_nothing() -> None:
    assert np.isnan(fisher_groups_many([[40, 50, 60]], [100, 100, 100], most_tables=100)[0])


@pytest.mark.parametrize("n", [[90, 231, 202], [6, 0, 9, 4], [3, 700, 40]])
def test_equal_to_a_list_of_all_tables(n: list[int]) -> None:
    """Independent of slices, cut-offs and saddle points: every table, its probability by log factorials."""
    generator = np.random.default_rng(5)
    altered = generator.binomial(n, generator.uniform(0.02, 0.5, (20, 1)))
    altered[:, 0] = np.maximum(altered[:, 0], 1)  # none altered: nothing to test
    steps = np.arange(len(n))
    for row, p, trend in zip(altered, fisher_groups_many(altered, n), exact_trend_many(altered, n), strict=True):
        grids = np.meshgrid(*(np.arange(size + 1) for size in n[:-1]), indexing="ij")
        tables = np.column_stack([grid.ravel() for grid in grids])
        tables = np.column_stack([tables, row.sum() - tables.sum(axis=1)])
        tables = tables[(tables[:, -1] >= 0) & (tables[:, -1] <= n[-1])]
        weight = -(gammaln(tables + 1.0) + gammaln(n - tables + 1.0)).sum(axis=1)
        probability = np.exp(weight - weight.max())
        probability /= probability.sum()
        seen = probability[(tables == row).all(axis=1)][0]
        assert p == pytest.approx(min(probability[probability <= seen * (1 + 1e-7)].sum(), 1), rel=1e-11)
        score = tables @ steps
        far = np.abs(score - probability @ score) >= abs(row @ steps - probability @ score) - 1e-7
        assert trend == pytest.approx(min(probability[far].sum(), 1), rel=1e-11)


def test_equal_scores_and_reversed_ones() -> None:
    altered, n = [[9, 4, 2]], [20, 30, 25]
    pooled = fisher_many([9], 20, [6], 55)["p_value"].to_numpy(float)[0]
    expected = 15 * 20 / 75
    law = hypergeom(75, 15, 20)
    counts = np.arange(16)
    far = law.pmf(counts)[np.abs(counts - expected) >= abs(9 - expected)].sum()
    assert exact_trend_many(altered, n, scores=[1, 0, 0])[0] == pytest.approx(far, rel=1e-12)
    assert exact_trend_many(altered, n, scores=[0, 5, 5])[0] == pytest.approx(far, rel=1e-12)
    assert far == pytest.approx(pooled, rel=0.5)


def test_a_cohort_of_two_hundred_thousand_samples() -> None:
    n = np.array([34_000, 89_000, 77_000])
    altered = np.array([[357, 893, 801], [1030, 2650, 2290], [3270, 8990, 7770]])
    p = fisher_groups_many(altered, n)
    assert (possible_tables(altered, np.broadcast_to(n, altered.shape)) < MOST_TABLES).all()
    assert p == pytest.approx(chi_square_many(altered, n)["p_value"].to_numpy(float), rel=0.03)
    pair = fisher_groups_many(altered[:, :2], n[:2])
    assert pair == pytest.approx(fisher_many(altered[:, 0], n[0], altered[:, 1], n[1])["p_value"].to_numpy(float))


def test_a_very_small_p_keeps_its_digits() -> None:
    """In two groups the most extreme table alone: 150 of 150 against 0 of 200."""
    expected = np.exp(-(gammaln(351.0) - gammaln(151.0) - gammaln(201.0)))
    assert fisher_groups_many([[150, 0, 0]], [150, 120, 80])[0] == pytest.approx(expected, rel=1e-9)


def test_the_rule_depends_on_the_margins_alone() -> None:
    n = np.array([[300, 400, 500, 600]])
    one, other = np.array([[100, 100, 100, 100]]), np.array([[300, 100, 0, 0]])
    assert possible_tables(one, n) == possible_tables(other, n)
    assert possible_tables(n - one, n) == pytest.approx(possible_tables(one, n))


def test_the_exact_trend_approaches_the_asymptotic_one() -> None:
    altered, n = [60, 90, 120], [200, 240, 260]
    assert exact_trend_many([altered], n)[0] == pytest.approx(cochran_armitage_trend(altered, n).p_value, rel=0.15)


def test_wrong_input() -> None:
    with pytest.raises(StatisticsError, match="2 scores for 3 groups"):
        exact_trend_many([[1, 2, 3]], [5, 5, 5], scores=[1, 2])
    assert chi_square_many([[0, 0]], [5, 6]).isna().all().all()


@pytest.mark.parametrize(
    ("altered", "n"),
    [([9, 0, 1], [10, 400, 60]), ([1, 0, 6], [300, 35, 8]), ([0, 38, 2], [70, 40, 500]), ([30, 31, 29], [60, 61, 62])],
)
def test_skewed_tables_keep_their_digits(altered: list[int], n: list[int]) -> None:
    """Against fractions: what is left of a slice without its middle loses no digits to the difference."""
    k, total = sum(altered), sum(n)
    ways = {
        (i, j): comb(n[0], i) * comb(n[1], j) * comb(n[2], k - i - j)
        for i in range(min(k, n[0]) + 1)
        for j in range(min(k - i, n[1]) + 1)
        if 0 <= k - i - j <= n[2]
    }
    seen = ways[altered[0], altered[1]]
    rare = sum(count for count in ways.values() if count <= seen)
    expected = Fraction(k * (n[1] + 2 * n[2]), total)
    distance = abs(altered[1] + 2 * altered[2] - expected)
    far = sum(count for (i, j), count in ways.items() if abs(j + 2 * (k - i - j) - expected) >= distance)
    assert fisher_groups_many([altered], n)[0] == pytest.approx(rare / comb(total, k), rel=1e-11)
    assert exact_trend_many([altered], n)[0] == pytest.approx(far / comb(total, k), rel=1e-11)
