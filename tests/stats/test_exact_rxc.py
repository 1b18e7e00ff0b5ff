from fractions import Fraction
from math import factorial, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.contingency import chi_square, fisher_exact_2x2
from her2genomics.stats.exact_rxc import RxCResult, fisher_freeman_halton

SMALL_TABLES = arrays(
    np.int64, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=4), elements=st.integers(0, 4)
)


def compositions(total, caps):
    """All ways to write a total as ordered parts, each up to its cap."""
    if len(caps) == 1:
        if total <= caps[0]:
            yield (total,)
        return
    for first in range(min(total, caps[0]) + 1):
        for rest in compositions(total - first, caps[1:]):
            yield (first, *rest)


def all_tables(rows, columns):
    """All tables with these margins, one column after the other: slow and obvious."""
    if len(columns) == 1:
        yield (tuple(rows),)
        return
    for column in compositions(columns[0], rows):
        for rest in all_tables([r - x for r, x in zip(rows, column, strict=True)], columns[1:]):
            yield (column, *rest)


def brute_force(table):
    """The p-value as the definition has it, in exact fractions."""
    table = np.asarray(table)
    weight = lambda cells: Fraction(1, prod(factorial(int(x)) for x in cells))  # noqa: E731
    weights = [
        weight([x for column in other for x in column])
        for other in all_tables(table.sum(axis=1).tolist(), table.sum(axis=0).tolist())
    ]
    observed = weight(table.ravel())
    return float(sum(w for w in weights if w <= observed) / sum(weights))


def as_table(row):
    return row["by_row"].astype(int).reshape(row["n_rows"], row["n_columns"])


def test_by_hand():
    """Rows 2, 2 and columns 2, 1, 1 allow four tables; by their first row: (2, 0, 0) has probability
    2! 2! 2! / (4! 2!) = 1/6, its mirror image (0, 1, 1) as well, (1, 1, 0) and (1, 0, 1) have 2! 2! 2! / 4! = 1/3."""
    assert fisher_freeman_halton([[2, 0, 0], [0, 1, 1]]).p_value == pytest.approx(1 / 3, rel=1e-14)
    assert fisher_freeman_halton([[1, 1, 0], [1, 0, 1]]).p_value == pytest.approx(1, rel=1e-14)


@settings(max_examples=60, deadline=None)
@given(SMALL_TABLES.filter(lambda table: 0 < table.sum() <= 14))
def test_equals_brute_force_in_exact_fractions(table):
    assert fisher_freeman_halton(table).p_value == pytest.approx(brute_force(table), rel=1e-12)


@pytest.mark.parametrize(
    "table",
    [
        [[25, 35, 30], [66, 136, 29]],
        [[3, 9, 1], [0, 8, 6], [5, 2, 1]],
        [[1, 0, 5, 2], [4, 4, 0, 1], [0, 2, 2, 3]],
        [[30, 0, 0], [0, 40, 1]],
    ],
)
def test_larger_tables_equal_brute_force_in_exact_fractions(table):
    assert fisher_freeman_halton(table).p_value == pytest.approx(brute_force(table), rel=1e-12)


def test_equals_r_on_200_random_tables(r_table):
    table = r_table("fisher_rxc")
    assert len(table) == 200
    got = [fisher_freeman_halton(as_table(row)) for _, row in table.iterrows()]
    assert {result.method for result in got} == {"exact"}
    np.testing.assert_allclose([result.p_value for result in got], table["p"], rtol=1e-10)


def test_equals_r_on_tables_that_take_r_minutes(r_table):
    """R is off by some 1e-10 here: filling rows instead of columns, another walk altogether, confirms our digits
    (tests/stats/test_rxc_network.py)."""
    table = r_table("fisher_rxc_large")
    got = [fisher_freeman_halton(as_table(row)) for _, row in table.iterrows()]
    assert {result.method for result in got} == {"exact"}
    np.testing.assert_allclose([result.p_value for result in got], table["p"], rtol=1e-8)


def test_a_p_of_1e_78_keeps_its_digits():
    """The study's surrogate subtypes, HER2-zero against HER2-positive; R gives 9.28245e-78."""
    assert fisher_freeman_halton([[25, 35, 0, 0, 30], [0, 0, 118, 84, 0]]).p_value == pytest.approx(
        9.28245e-78, rel=1e-5
    )


def test_a_complete_separation_by_hand():
    """[[n, 0], [0, n]] and its mirror image are the only tables as rare: 2 / C(2n, n)."""
    n = 100
    p = 2 * factorial(n) ** 2 / factorial(2 * n)
    assert fisher_freeman_halton([[n, 0], [0, n]]).p_value == pytest.approx(p, rel=1e-11)


@settings(max_examples=40, deadline=None)
@given(SMALL_TABLES, st.randoms(use_true_random=False))
def test_transposing_and_reordering_keep_p(table, random):
    expected = fisher_freeman_halton(table).p_value
    rows, columns = list(range(table.shape[0])), list(range(table.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    for other in (table.T, table[rows], table[:, columns]):
        np.testing.assert_allclose(fisher_freeman_halton(other).p_value, expected, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_2x2_equals_the_2x2_test(a, b, c, d):
    if a + b and c + d:
        expected = fisher_exact_2x2(a, b, c, d).p_value
        assert fisher_freeman_halton([[a, b], [c, d]]).p_value == pytest.approx(expected, rel=1e-11)


@settings(max_examples=60, deadline=None)
@given(SMALL_TABLES)
def test_empty_rows_and_columns_do_not_matter_and_p_is_a_probability(table):
    p = fisher_freeman_halton(table).p_value
    padded = np.pad(table, ((1, 0), (0, 1)))
    np.testing.assert_allclose(fisher_freeman_halton(padded).p_value, p, rtol=1e-13)
    assert np.isnan(p) if not table.any() else 0 < p <= 1


@pytest.mark.parametrize("table", [[[5, 3, 2]], [[5], [3]], [[5, 0], [3, 0]], [[7]]])
def test_a_single_row_or_column_says_nothing(table):
    assert fisher_freeman_halton(table) == RxCResult(1.0, "exact")


@pytest.mark.parametrize("table", [[[0, 0], [0, 0]], np.zeros((0, 3))])
def test_a_table_without_counts_has_no_p(table):
    assert np.isnan(fisher_freeman_halton(table).p_value)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([1, 2, 3], "two dimensions"),
        ([[1, -1], [2, 3]], "negative"),
        ([[1, None], [2, 3]], "missing"),
        ([[0.5, 1], [2, 3]], "whole"),
    ],
)
def test_unsuitable_tables_are_refused(table, message):
    with pytest.raises(StatisticsError, match=message):
        fisher_freeman_halton(table)


def test_monte_carlo_is_seeded_said_and_agrees_with_the_exact_test():
    table = [[3, 31, 50, 6], [2, 80, 116, 4]]
    exact = fisher_freeman_halton(table).p_value
    drawn = fisher_freeman_halton(table, work_limit=0, n_permutations=20_000)
    assert (drawn.method, drawn.n_permutations) == ("monte_carlo", 20_000)
    assert abs(drawn.p_value - exact) < 4 * drawn.standard_error
    assert drawn.standard_error == pytest.approx((exact * (1 - exact) / 20_000) ** 0.5, rel=0.1)
    assert fisher_freeman_halton(table, work_limit=0, n_permutations=20_000) == drawn
    assert fisher_freeman_halton(table, work_limit=0, n_permutations=20_000, seed=1) != drawn


def test_monte_carlo_counts_ties_as_rare():
    assert fisher_freeman_halton([[1, 1, 0], [1, 0, 1]], work_limit=0, n_permutations=500).p_value == 1


def test_a_table_beyond_the_work_limit_is_drawn_not_refused():
    generator = np.random.default_rng(7)
    huge = generator.multinomial(200_000, [1 / 20] * 20).reshape(4, 5)
    result = fisher_freeman_halton(huge, n_permutations=2_000)
    assert result.method == "monte_carlo"
    assert result.p_value == pytest.approx(chi_square(huge).p_value, abs=5 * result.standard_error)


def test_at_least_one_permutation():
    with pytest.raises(StatisticsError, match="0 permutations"):
        fisher_freeman_halton([[1, 2], [3, 4]], n_permutations=0)


def null_share(n_tables, n_rows, shares, seed):
    """Share of p <= 0.05 among random tables without any association."""
    generator = np.random.default_rng(seed)
    p = [fisher_freeman_halton([generator.multinomial(n, shares) for n in n_rows]).p_value for _ in range(n_tables)]
    return np.mean(np.array(p) <= 0.05)


def test_size_under_the_null_small():
    assert null_share(300, [12, 20, 16], [0.5, 0.3, 0.2], seed=11) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


@pytest.mark.verify
@pytest.mark.timeout(900)
def test_size_under_the_null_at_the_sizes_of_the_study():
    assert null_share(4000, [90, 231, 202], [0.7, 0.2, 0.1], seed=12) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)
