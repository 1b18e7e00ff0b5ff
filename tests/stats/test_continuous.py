import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from her2genomics.exceptions import StatisticsError
from her2genomics.stats import continuous
from her2genomics.stats.continuous import KruskalResult, dunn_holm, kruskal_wallis, rank_sum

TIED = st.lists(st.integers(0, 12), min_size=1, max_size=25)
UNTIED = st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=40, unique=True)


def test_rank_sum_by_hand():
    """x = 1, 4 and y = 2, 3, 5: x exceeds y in 0 + 2 of 6 pairs; of the 10 arrangements 4 have U <= 2.

    Differences x - y sorted: -4, -2, -1, -1, 1, 2; median -1.
    """
    result = rank_sum([1, 4], [2, 3, 5])
    assert (result.statistic, result.auc, result.method) == (2, pytest.approx(1 / 3), "exact")
    assert result.p_value == pytest.approx(0.8)
    assert (result.shift, result.ci_low, result.ci_high) == (-1, -4, 2)


def test_rank_sum_equals_r(r_table):
    """p to 1e-10; exact shift and limits to rounding. With ties R steps through a discontinuous function of the shift
    (and takes the ties of the shifted values), so that it may stop at the neighbouring difference."""
    table = r_table("wilcox")
    assert table["exact"].sum() > 20
    for _, row in table.iterrows():
        x, y = np.atleast_1d(row["x"]), np.atleast_1d(row["y"])
        got = rank_sum(x, y)
        assert (got.method == "exact") == row["exact"]
        assert got.statistic == row["statistic"]
        np.testing.assert_allclose(got.p_value, row["p"], rtol=1e-10)
        expected = [row["shift"], row["ci_low"], row["ci_high"]]
        if row["exact"]:
            np.testing.assert_allclose([got.shift, got.ci_low, got.ci_high], expected, rtol=1e-12)
        else:
            assert set(np.round(3 * np.concatenate([x, y]), 9) % 1) == {0.0}  # values lie a third apart
            np.testing.assert_allclose([got.shift, got.ci_low, got.ci_high], expected, atol=1 / 3 + 1e-6)


@pytest.mark.parametrize(
    ("u", "n_x", "n_y", "normal", "exact"), [(5, 6, 3, 0.3017, 0.380952), (1, 24, 3, 0.00692752, 0.00136752)]
)
def test_small_groups_get_the_exact_p_not_the_normal_one(u, n_x, n_y, normal, exact):
    """The PET/CT paper printed the normal approximation without correction (rows PV145, PV147)."""
    y = np.arange(n_y) * 100.0
    x = 1000 + np.arange(n_x, dtype=float)
    moved = u
    for i in range(n_x):  # lower x, one pair at a time, until y exceeds x in u pairs
        step = min(moved, n_y)
        if step:
            x[i] = y[n_y - step] - 1 - i / 1000
            moved -= step
    assert mannwhitneyu(x, y, method="asymptotic", use_continuity=False).pvalue == pytest.approx(normal, rel=1e-3)
    assert rank_sum(x, y).p_value == pytest.approx(exact, rel=1e-5)


@settings(max_examples=60, deadline=None)
@given(UNTIED, UNTIED)
def test_swapping_groups_mirrors_everything_but_p(x, y):
    one, other = rank_sum(x, y), rank_sum(y, x)
    assert other.p_value == pytest.approx(one.p_value, rel=1e-12)
    assert other.auc == pytest.approx(1 - one.auc)
    np.testing.assert_allclose(
        [other.shift, other.ci_low, other.ci_high], [-one.shift, -one.ci_high, -one.ci_low], atol=1e-9
    )


@settings(max_examples=60, deadline=None)
@given(TIED, TIED, st.integers(-50, 50), st.integers(1, 9))
def test_shifting_and_scaling_both_groups_scales_the_shift_and_keeps_p(x, y, shift, scale):
    plain = rank_sum(x, y)
    moved = rank_sum(scale * np.array(x) + shift, scale * np.array(y) + shift)
    assert moved.p_value == pytest.approx(plain.p_value, rel=1e-12)
    assert [moved.shift, moved.ci_low, moved.ci_high] == [scale * v for v in (plain.shift, plain.ci_low, plain.ci_high)]


@settings(max_examples=60, deadline=None)
@given(TIED, TIED)
def test_the_shift_is_the_median_of_all_differences_and_lies_in_its_interval(x, y):
    result = rank_sum(x, y)
    assert result.shift == np.median(np.subtract.outer(x, y))
    assert result.ci_low <= result.shift <= result.ci_high
    assert 0 < result.p_value <= 1
    assert result.auc == pytest.approx(np.mean(np.sign(np.subtract.outer(x, y)) / 2 + 0.5))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_exact_rank_is_the_quantile_of_all_arrangements(n_x, n_y, conf_level):
    ways = [1]  # number of arrangements with each U, by adding one x after the other (slow and obvious)
    table = {(0, m): [1] for m in range(n_y + 1)}
    for i in range(1, n_x + 1):
        for m in range(n_y + 1):
            from_x = [0] * m + table[i - 1, m]
            from_y = table[i, m - 1] if m else []
            size = max(len(from_x), len(from_y))
            table[i, m] = [a + b for a, b in zip(*(v + [0] * (size - len(v)) for v in (from_x, from_y)), strict=True)]
    ways = np.array(table[n_x, n_y], dtype=float)
    assert ways.sum() == math.comb(n_x + n_y, n_x)
    expected = int(np.argmax(np.cumsum(ways) / ways.sum() >= (1 - conf_level) / 2 * (1 - 1e-12)))
    assert continuous._exact_rank(n_x, n_y, conf_level) == expected


@pytest.mark.parametrize("digits", [1, 12])
def test_large_groups_get_the_same_shift_without_all_differences(monkeypatch, digits):
    generator = np.random.default_rng(9)
    x, y = np.round(generator.gamma(2, 4, 300), digits), np.round(generator.gamma(2, 3, 200), digits)
    expected = rank_sum(x, y)
    monkeypatch.setattr(continuous, "PAIRS_AT_ONCE", 50)
    got = rank_sum(x, y)
    np.testing.assert_allclose(
        [got.shift, got.ci_low, got.ci_high], [expected.shift, expected.ci_low, expected.ci_high], rtol=1e-12
    )


def test_one_difference_shared_by_many_pairs_ends_the_search(monkeypatch):
    monkeypatch.setattr(continuous, "PAIRS_AT_ONCE", 5)
    x = np.arange(40) * 0.1
    assert rank_sum(x + 1, x).shift == pytest.approx(1, abs=1e-12)


def test_groups_of_100000_need_no_table_of_pairs():
    generator = np.random.default_rng(10)
    x, y = generator.normal(0.1, 1, 100_000), generator.normal(0, 1, 90_000)
    result = rank_sum(x, y)
    assert result.ci_low < 0.1 < result.ci_high
    assert result.ci_high - result.ci_low < 0.03


@pytest.mark.parametrize(("x", "y"), [([3, 3], [3, 3, 3]), ([5], [5]), (np.zeros(60), np.zeros(70))])
def test_constant_data_have_p_1_and_no_shift(x, y):
    result = rank_sum(x, y)
    assert (result.p_value, result.shift, result.auc, result.method) == (1, 0, 0.5, "normal")


def test_one_value_each():
    result = rank_sum([2.0], [1.0])
    assert (result.p_value, result.shift, result.ci_low, result.ci_high, result.auc) == (1, 1, 1, 1, 1)


@pytest.mark.parametrize("sizes", [(49, 49), (50, 3), (3, 50)])
def test_the_exact_distribution_is_used_below_50_values(sizes):
    generator = np.random.default_rng(1)
    expected = "exact" if max(sizes) < 50 else "normal"
    assert rank_sum(*(generator.normal(size=n) for n in sizes)).method == expected


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [([], [1], "x: 0 values"), ([1], [np.nan], "y: a value is missing"), ([np.inf], [1], "x: a value is infinite")],
)
def test_rank_sum_refuses(x, y, message):
    with pytest.raises(StatisticsError, match=message):
        rank_sum(x, y)


def test_kruskal_wallis_by_hand():
    """Ranks 1, 2 | 3, 4 | 5, 6: H = 12 / (6 * 7) * (9 + 49 + 121) / 2 - 3 * 7 = 32/7."""
    result = kruskal_wallis([[1, 2], [3, 4], [5, 6]])
    assert result.statistic == pytest.approx(32 / 7)
    assert (result.df, result.p_value) == (2, pytest.approx(math.exp(-16 / 7)))


def groups_of(row):
    return [np.array(group.split(","), dtype=float) for group in row["groups"].split(";")]


def test_kruskal_and_dunn_equal_r(r_table):
    for _, row in r_table("kruskal").iterrows():
        groups = groups_of(row)
        result = kruskal_wallis(groups)
        np.testing.assert_allclose([result.statistic, result.p_value], [row["h"], row["p"]], rtol=1e-10)
        pairs = dunn_holm({f"g{i}": group for i, group in enumerate(groups)})
        np.testing.assert_allclose(pairs["z"].astype(float), np.atleast_1d(row["dunn_z"]).astype(float), rtol=1e-10)
        np.testing.assert_allclose(
            pairs["p_holm"].astype(float), np.atleast_1d(row["dunn_holm"]).astype(float), rtol=1e-9
        )


@settings(max_examples=40, deadline=None)
@given(st.lists(TIED, min_size=2, max_size=4))
def test_two_groups_of_dunn_are_kruskal_wallis_and_order_only_turns_the_sign(groups):
    named = {f"g{i}": group for i, group in enumerate(groups)}
    turned = dict(reversed(named.items()))
    assert kruskal_wallis(named).p_value == pytest.approx(kruskal_wallis(turned).p_value, rel=1e-9)
    forward, backward = dunn_holm(named), dunn_holm(turned)
    np.testing.assert_allclose(
        sorted(forward["z"].abs().astype(float)), sorted(backward["z"].abs().astype(float)), atol=1e-12
    )
    if len(groups) == 2:
        assert float(forward["z"][0]) ** 2 == pytest.approx(kruskal_wallis(groups).statistic, abs=1e-9)


def test_constant_groups_do_not_differ():
    assert kruskal_wallis([[2, 2], [2, 2, 2]]) == KruskalResult(0.0, 1, 1.0)
    pairs = dunn_holm({"a": [2, 2], "b": [2], "c": [2, 2]})
    assert pairs["p_holm"].tolist() == [1, 1, 1]


def test_dunn_names_its_groups_in_order():
    pairs = dunn_holm({"HER2-zero": [1, 2], "HER2-low": [2, 3], "HER2-positive": [9, 8]})
    assert pairs[["group_a", "group_b"]].agg(" / ".join, axis=1).tolist() == [
        "HER2-zero / HER2-low",
        "HER2-zero / HER2-positive",
        "HER2-low / HER2-positive",
    ]
    assert (pairs["z"] < 0).all()


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([[1, 2]], "1 group to compare"),
        ([[1], []], "group 2: 0 values"),
        ({"low": [1], "zero": [np.nan]}, "zero: a value is missing"),
    ],
)
def test_several_groups_are_refused(groups, message):
    with pytest.raises(StatisticsError, match=message):
        kruskal_wallis(groups)


def null_shares(n_runs, sizes, draw, seed):
    generator = np.random.default_rng(seed)
    runs = [[draw(generator, n) for n in sizes] for _ in range(n_runs)]
    two = [rank_sum(*groups[:2]) for groups in runs]
    return pd.Series(
        {
            "rank_sum": np.mean([r.p_value <= 0.05 for r in two]),
            "excluded": np.mean([not r.ci_low <= 0 <= r.ci_high for r in two]),
            "kruskal": np.mean([kruskal_wallis(groups).p_value <= 0.05 for groups in runs]),
        }
    )


def mutation_counts(generator, n):
    return generator.poisson(generator.gamma(1.5, 2.5, n))


def test_size_under_the_null_small():
    shares = null_shares(400, (20, 30, 25), lambda generator, n: generator.normal(size=n), seed=41)
    assert (shares <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)).all()


@pytest.mark.verify
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "draw", [mutation_counts, lambda generator, n: generator.normal(size=n)], ids=["tied", "untied"]
)
def test_size_under_the_null_at_the_sizes_of_the_study(draw):
    shares = null_shares(6_000, (90, 231, 202), draw, seed=42)
    assert (shares <= 0.055).all()
    assert shares["rank_sum"] >= 0.042
    assert shares["kruskal"] >= 0.045
