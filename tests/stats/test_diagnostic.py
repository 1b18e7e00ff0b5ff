"""Areas under the ROC curve and their tests: by hand, by brute force, against pROC, and what must not change them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.diagnostic import auc_bootstrap, auc_delong, delong_test, delong_test_unpaired


def brute_auc(marker, truth) -> float:
    marker, truth = np.asarray(marker, float), np.asarray(truth, bool)
    pairs = marker[truth][:, None] - marker[~truth][None, :]
    return float(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def brute_variance(marker, truth) -> float:
    """DeLong's variance from the full matrix of pairs."""
    marker, truth = np.asarray(marker, float), np.asarray(truth, bool)
    pairs = marker[truth][:, None] - marker[~truth][None, :]
    kernel = (pairs > 0) + 0.5 * (pairs == 0)
    m, n = kernel.shape
    return float(kernel.mean(axis=1).var(ddof=1) / m + kernel.mean(axis=0).var(ddof=1) / n)


def test_by_hand():
    """Three against three, one pair of nine in the wrong order: 8/9; placements 1, 1, 2/3 and 1, 2/3, 1."""
    result = auc_delong([3.1, 2.5, 1.2, 0.7, 1.9, 1.0], [1, 1, 1, 0, 0, 0])
    assert result.auc == pytest.approx(8 / 9, abs=1e-15)
    assert result.se == pytest.approx(np.sqrt(2 * (1 / 27) / 3), abs=1e-15)
    assert (result.n_positive, result.n_negative, result.ci_high) == (3, 3, 1.0)


def test_equal_to_proc(r_table):
    for row in r_table("delong").itertuples():
        a, b = auc_delong(row.a, row.truth), auc_delong(row.b, row.truth)
        assert (a.auc, b.auc) == pytest.approx((row.auc_a, row.auc_b), rel=1e-12)
        assert (a.ci_low, a.ci_high) == pytest.approx((row.ci_low, row.ci_high), rel=1e-10)
        test = delong_test(row.a, row.b, row.truth)
        assert (test.statistic, test.p_value) == pytest.approx((row.z, row.p), rel=1e-9)


def test_two_sets_equal_to_proc(r_table):
    for row in r_table("delong_unpaired").itertuples():
        test = delong_test_unpaired((row.a, row.truth_a), (row.b, row.truth_b))
        assert (test.statistic, test.df, test.p_value) == pytest.approx((row.t, row.df, row.p), rel=1e-9)


@pytest.mark.real_data
def test_aneurysms_equal_to_proc(shared_data):
    """aSAH, outcome Poor against Good (pROC 1.18.0, R 4.2.2)."""
    table = pd.read_csv(shared_data / "survival_roc" / "aSAH_pROC.csv")
    truth = (table["outcome"] == "Poor").to_numpy()
    expected = {
        "s100b": (0.73136856368563685, 0.63011821176162264, 0.83261891560965107),
        "wfns": (0.82367886178861793, 0.74853488781945288, 0.89882283575778299),
        "ndka": (0.61195799457994582, 0.50124499927170263, 0.72267098988818901),
    }
    for name, values in expected.items():
        result = auc_delong(table[name], truth)
        assert (result.auc, result.ci_low, result.ci_high) == pytest.approx(values, abs=1e-12)
    assert delong_test(table["s100b"], table["wfns"], truth).p_value == pytest.approx(0.02717578222918815, rel=1e-9)
    assert delong_test(table["s100b"], table["ndka"], truth).p_value == pytest.approx(0.16429517522305448, rel=1e-9)


samples = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=4, max_size=40).filter(
    lambda rows: 2 <= sum(t for _, t in rows) <= len(rows) - 2
)


@given(samples)
def test_invariants(rows):
    marker, truth = np.array([m for m, _ in rows], float), np.array([t for _, t in rows])
    result = auc_delong(marker, truth)
    assert result.auc == pytest.approx(brute_auc(marker, truth))
    assert result.se**2 == pytest.approx(brute_variance(marker, truth), abs=1e-12)
    assert auc_delong(np.exp(marker), truth).auc == pytest.approx(result.auc)
    assert auc_delong(marker, ~truth).auc == pytest.approx(1 - result.auc)
    assert auc_delong(marker, truth, higher=False).auc == pytest.approx(1 - result.auc)
    assert auc_delong(marker, ~truth, higher=False).se == pytest.approx(result.se)
    order = np.argsort(truth, kind="stable")
    assert auc_delong(marker[order], truth[order]).auc == pytest.approx(result.auc)


def test_complete_separation_has_no_interval():
    result = auc_delong([1, 2, 3, 4], [0, 0, 1, 1])
    assert result.auc == 1
    assert np.isnan(result.ci_low)
    assert np.isnan(result.ci_high)
    assert np.isnan(auc_delong([1, 2, 3], [0, 0, 1]).ci_low)


def test_a_constant_marker_is_worth_one_half():
    result = auc_delong([2, 2, 2, 2], [0, 0, 1, 1])
    assert (result.auc, result.se) == (0.5, 0.0)


def test_the_same_marker_twice_does_not_differ():
    test = delong_test([1, 3, 2, 4], [1, 3, 2, 4], [0, 1, 0, 1])
    assert (test.difference, test.p_value) == (0.0, 1.0)


def test_bootstrap_is_seeded_and_near_delong():
    rng = np.random.default_rng(5)
    truth = np.arange(120) < 50
    marker = rng.normal(size=120) + truth
    assert auc_bootstrap(marker, truth, seed=3) == auc_bootstrap(marker, truth, seed=3)
    result = auc_delong(marker, truth)
    low, high = auc_bootstrap(marker, truth, n_bootstrap=4000, seed=3)
    assert (low, high) == pytest.approx((result.ci_low, result.ci_high), abs=0.015)


def test_bootstrap_equals_resampling_one_by_one():
    """The counted resampling has the mean and spread of drawing samples and forming all pairs."""
    rng = np.random.default_rng(8)
    truth = np.arange(30) < 12
    marker = np.round(rng.normal(size=30) + truth, 1)
    a, b = marker[truth], marker[~truth]
    slow = [
        brute_auc(np.r_[rng.choice(a, 12), rng.choice(b, 18)], truth[np.argsort(~truth, kind="stable")])
        for _ in range(3000)
    ]
    low, high = auc_bootstrap(marker, truth, n_bootstrap=3000, seed=1)
    assert (low, high) == pytest.approx(tuple(np.quantile(slow, [0.025, 0.975])), abs=0.02)


@pytest.mark.parametrize(
    ("marker", "truth", "message"),
    [
        ([1, 2, 3], [1, 1, 1], "one class only"),
        ([1, 2, np.nan], [1, 0, 1], "a value is missing"),
        ([1, 2, 3], [1, 0], "has 3 values, truth has 2"),
        ([1, 2, 3], [1, 0, 2], "neither true nor false"),
        (["a", "b"], [1, 0], "not all values are numbers"),
    ],
)
def test_refusals(marker, truth, message):
    with pytest.raises(StatisticsError, match=message):
        auc_delong(marker, truth)


@pytest.mark.verify
def test_intervals_cover_and_the_test_keeps_its_level():
    """60 against 80, binormal with area 0.76: the interval covers 93-97 %, the test of equal areas errs in 3.5-6.5 %."""
    rng = np.random.default_rng(11)
    truth = np.arange(140) < 60
    area, covered, rejected, runs = 0.7602, 0, 0, 2000
    for _ in range(runs):
        common = rng.normal(size=140)
        a, b = (0.5 * common + np.sqrt(0.75) * rng.normal(size=140) + truth for _ in range(2))
        result = auc_delong(a, truth)
        covered += result.ci_low <= area <= result.ci_high
        rejected += delong_test(a, b, truth).p_value <= 0.05
    assert 0.93 <= covered / runs <= 0.97
    assert 0.035 <= rejected / runs <= 0.065
