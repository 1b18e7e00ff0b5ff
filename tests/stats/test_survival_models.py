"""Log-rank test and Cox models by hand, against each other, and at their edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.survival_cox import fit_cox
from her2genomics.stats.survival_firth import _penalised as penalised
from her2genomics.stats.survival_likelihood import RiskSets
from her2genomics.stats.survival_ph import ph_test
from her2genomics.stats.survival_tests import log_rank, pairwise_log_rank


def cohort(seed: int, n: int = 120, *, whole: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, n)
    time = rng.exponential(10 * np.exp(-0.3 * (group == 1)))
    stop = rng.uniform(0, 25, n)
    observed = np.minimum(time, stop)
    return pd.DataFrame(
        {
            "time": np.ceil(observed) if whole else observed,
            "event": time <= stop,
            "group": np.array(["a", "b", "c"])[group],
            "age": rng.normal(50, 10, n).round(),
        }
    )


def test_log_rank_worked_by_hand():
    # events at 1 (2 of 4 at risk in a), 2 (b: 1 of 3 in a)
    result = log_rank([1, 3, 2, 4], [1, 0, 1, 0], ["a", "a", "b", "b"])
    expected_a = 2 / 4 + 1 / 3
    variance = 2 * 2 / 16 + 1 * 2 / 9
    np.testing.assert_allclose(result.expected, [expected_a, 2 - expected_a])
    np.testing.assert_allclose(result.statistic, (1 - expected_a) ** 2 / variance)
    np.testing.assert_allclose(result.p_value, chi2.sf(result.statistic, 1))


@given(st.integers(0, 500))
def test_log_rank_knows_no_order_of_groups_and_only_ranks(seed):
    d = cohort(seed, 40)
    result = log_rank(d["time"], d["event"], d["group"])
    renamed = log_rank(np.sqrt(d["time"]), d["event"], d["group"].map({"a": "z", "b": "y", "c": "x"}))
    np.testing.assert_allclose(result.statistic, renamed.statistic, rtol=1e-9)
    np.testing.assert_allclose(sum(result.expected), sum(result.observed))


@pytest.mark.parametrize(
    ("time", "event", "groups", "reason"),
    [
        ([1, 2, 3], [1, 1, 0], list("aaa"), "one group only"),
        ([1, 2, 3], [0, 0, 0], list("aab"), "no event"),
        ([1, 2, 3], [0, 0, 1], list("aab"), "no event while two groups were at risk"),
        ([2, 2], [1, 1], list("ab"), "no event while two groups were at risk"),
    ],
)
def test_nothing_to_test_is_said(time, event, groups, reason):
    result = log_rank(time, event, groups)
    assert result.reason == reason
    assert np.isnan(result.p_value)


def test_a_group_that_left_before_the_first_event_takes_no_degree_of_freedom():
    result = log_rank([1, 1, 5, 6, 7, 8], [0, 0, 1, 0, 1, 1], list("ccabab"))
    assert result.df == 1
    np.testing.assert_allclose(result.statistic, log_rank([5, 6, 7, 8], [1, 0, 1, 1], list("abab")).statistic)


def test_strata_add_up_and_a_stratum_of_one_group_adds_nothing():
    d = cohort(3)
    half = np.arange(len(d)) % 2
    base = log_rank(d["time"], d["event"], d["group"], strata=half)
    alone = pd.DataFrame({"time": [1.0, 2], "event": [True, True], "group": ["a", "a"], "age": [1.0, 2]})
    more = pd.concat([d, alone])
    with_alone = log_rank(more["time"], more["event"], more["group"], strata=[*half, 9, 9])
    np.testing.assert_allclose(base.statistic, with_alone.statistic, rtol=1e-12)


def test_pairs_are_adjusted_by_holm_and_empty_groups_have_no_p():
    d = cohort(1)
    table = pairwise_log_rank(d["time"], d["event"], d["group"], order=["a", "b", "c", "d"])
    assert table["reason"].tolist() == ["", "", "one group only", "", "one group only", "one group only"]
    smallest = table["p_value"].min()
    np.testing.assert_allclose(table.loc[table["p_value"].idxmin(), "p_holm"], min(1, 3 * smallest))


def test_a_very_small_p_is_not_rounded_to_zero():
    n = 400
    result = log_rank(np.r_[np.arange(n) / n, 2 + np.arange(n) / n], np.ones(2 * n), ["a"] * n + ["b"] * n)
    assert 0 < result.p_value < 1e-60


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_our_likelihood_is_the_librarys(ties):
    from statsmodels.duration.hazard_regression import PHReg

    d = cohort(5)
    x = np.column_stack([d["group"] == "b", d["group"] == "c", (d["age"] - 50) / 10]).astype(float)
    strata = (np.arange(len(d)) % 3).astype(np.int64)
    beta = np.array([0.4, -0.2, 0.1])
    sets = RiskSets.build(d["time"].to_numpy(), d["event"].to_numpy(), x, strata, ties)
    moments = sets.moments(beta)
    model = PHReg(d["time"].to_numpy(), x, status=d["event"].to_numpy().astype(int), strata=strata, ties=ties)
    np.testing.assert_allclose(sets.log_likelihood(beta), model.loglike(beta), rtol=1e-12)
    np.testing.assert_allclose(sets.observed() - moments.mean.sum(axis=0), model.score(beta), atol=1e-10)
    np.testing.assert_allclose(-moments.variance.sum(axis=0), model.hessian(beta), rtol=1e-9)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_the_penalised_gradient_is_that_of_the_penalised_likelihood(ties):
    d = cohort(6, 50)
    x = np.column_stack([d["group"] == "b", (d["age"] - 50) / 10]).astype(float)
    sets = RiskSets.build(d["time"].to_numpy(), d["event"].to_numpy(), x, None, ties)
    beta = np.array([0.3, -0.4])
    _, gradient, _ = penalised(sets, beta)
    h = 1e-5
    steps = [h * np.eye(2)[j] for j in range(2)]
    numeric = [(penalised(sets, beta + s)[0] - penalised(sets, beta - s)[0]) / (2 * h) for s in steps]
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6)


def test_the_score_test_of_two_groups_without_ties_is_the_log_rank_test():
    d = cohort(7, whole=False)
    d = d[d["group"] != "c"]
    fit = fit_cox(d["time"], d["event"], (d[["group"]] == "b").astype(float))
    np.testing.assert_allclose(fit.score_statistic, log_rank(d["time"], d["event"], d["group"]).statistic, rtol=1e-9)


@settings(max_examples=15)
@given(st.floats(0.01, 1000), st.floats(-1e4, 1e4))
def test_units_of_a_covariate_do_not_matter(scale, shift):
    d = cohort(8, 50)
    plain = fit_cox(d["time"], d["event"], d[["age"]]).table
    moved = fit_cox(d["time"], d["event"], d[["age"]] * scale + shift).table
    np.testing.assert_allclose(moved["coef"] * scale, plain["coef"], rtol=1e-6)
    np.testing.assert_allclose(moved["p_value"], plain["p_value"], rtol=1e-6)


def test_swapping_the_groups_inverts_the_hazard_ratio():
    d = cohort(9)
    d = d[d["group"] != "c"]
    one = fit_cox(d["time"], d["event"], (d[["group"]] == "a").astype(float), firth="always").table.iloc[0]
    two = fit_cox(d["time"], d["event"], (d[["group"]] == "b").astype(float), firth="always").table.iloc[0]
    np.testing.assert_allclose(
        [one["hazard_ratio"], one["ci_low"], one["p_value"]],
        [1 / two["hazard_ratio"], 1 / two["ci_high"], two["p_value"]],
        rtol=1e-6,
    )


def test_firth_takes_over_when_events_are_few_or_separated():
    d = cohort(10, 60)
    x = (d[["group"]] == "b").astype(float)
    assert fit_cox(d["time"], d["event"], x).method == "Cox (Efron)"
    few = d["event"] & (np.cumsum(d["event"]) <= 6)
    assert "6 events for 1 coefficient" in fit_cox(d["time"], few, x).reason
    none = d["event"] & (d["group"] != "b")
    separated = fit_cox(d["time"], none, x)
    assert separated.reason == "no event where group is 1"
    assert np.isfinite(separated.table[["hazard_ratio", "ci_low", "ci_high"]].to_numpy()).all()
    with pytest.raises(StatisticsError, match="the likelihood has no maximum in group"):
        fit_cox(d["time"], none, x, firth="never")


def test_a_reference_group_without_event_is_seen_by_the_diverging_fit():
    d = cohort(13, 200)
    x = pd.DataFrame({level: (d["group"] == level) * 1.0 for level in "bc"})
    fit = fit_cox(d["time"], d["event"] & (d["group"] != "a"), x)
    assert fit.reason == "the likelihood has no maximum in b, c"
    assert (fit.table["ci_low"] > 1).all()
    assert np.isfinite(fit.table["ci_high"]).all()


def test_a_covariate_in_the_order_of_the_events_separates_them():
    time = np.arange(1.0, 31)
    fit = fit_cox(time, np.ones(30), pd.DataFrame({"marker": -time}))
    assert fit.reason == "the likelihood has no maximum in marker"
    assert np.isfinite(fit.table["coef"]).all()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ({"c": [1.0] * 6}, "covariate c is constant"),
        ({"x": [1.0, 2, 3, 4, 5, 6], "y": [2.0, 4, 6, 8, 10, 12]}, "covariate y is a combination of the others"),
        ({"x": [1.0, np.nan, 3, 4, 5, 6]}, "covariate x: a value is missing"),
        ({}, "no covariate"),
    ],
)
def test_what_is_no_design_is_refused(x, message):
    with pytest.raises(StatisticsError, match=message):
        fit_cox([1, 2, 3, 4, 5, 6], [1, 0, 1, 1, 0, 1], pd.DataFrame(x, index=range(6)))


def test_events_that_say_nothing_about_a_covariate_are_refused():
    x = pd.DataFrame({"x": [1.0, 0.0, 1.0, 0.0]})
    with pytest.raises(StatisticsError, match="no information about x"):
        fit_cox([1, 2, 3, 4], [1, 1, 1, 1], x, strata=[0, 1, 2, 3])
    two = pd.DataFrame({"x": [1.0, 0, 1, 0], "y": [1.0, 0, 0, 1]})
    with pytest.raises(StatisticsError, match="no information to tell the covariates apart"):
        fit_cox([1, 9, 9, 9], [1, 0, 0, 0], two, strata=[0, 0, 1, 1])


def test_no_event_is_refused():
    with pytest.raises(StatisticsError, match="no event"):
        fit_cox([1, 2, 3], [0, 0, 0], pd.DataFrame({"x": [1.0, 2, 3]}))


@pytest.mark.verify
@pytest.mark.timeout(900)
def test_size_of_the_proportional_hazards_test_and_of_firths_likelihood_ratio():
    """The score test at 150 patients, two thirds with the event; Firth's test at 60 patients with about 12 events."""
    rng = np.random.default_rng(12)
    not_proportional, firth, runs, firth_runs = 0, 0, 500, 300
    for _ in range(runs):
        x = pd.DataFrame({"b": rng.integers(0, 2, 150) * 1.0, "age": rng.normal(size=150)})
        time = rng.exponential(10, 150) * np.exp(-0.5 * x["b"] - 0.3 * x["age"])
        stop = rng.uniform(0, 30, 150)
        observed, event = np.minimum(time, stop), time <= stop
        fit = fit_cox(observed, event, x, firth="never")
        table = ph_test(observed, event, x, fit.table["coef"], {"b": [0], "age": [1]})
        not_proportional += table["p_value"].iloc[-1] <= 0.05
    for _ in range(firth_runs):
        x = pd.DataFrame({"b": (np.arange(60) < 20) * 1.0})
        time, stop = rng.exponential(40, 60), rng.uniform(0, 20, 60)
        firth += fit_cox(np.minimum(time, stop), time <= stop, x, firth="always").table["p_value"].iloc[0] <= 0.05
    assert 0.025 < not_proportional / runs < 0.08
    assert 0.02 < firth / firth_runs < 0.09


@pytest.mark.verify
@pytest.mark.timeout(900)
def test_size_under_the_null_and_coverage():
    """Three groups of 30, 60, 50; half censored. Log-rank size and coverage of Wald and profile intervals."""
    rng = np.random.default_rng(11)
    rejected, covered, firth_covered, runs = 0, 0, 0, 2000
    group = np.repeat([0, 1, 2], [30, 60, 50])
    for _ in range(runs):
        time = rng.exponential(10, len(group)) * np.exp(-np.log(2.0) * (group == 1))
        stop = rng.uniform(0, 22, len(group))
        null = rng.exponential(10, len(group))
        rejected += log_rank(np.minimum(null, stop), null <= stop, group).p_value <= 0.05
        x = pd.DataFrame({"b": (group == 1) * 1.0, "c": (group == 2) * 1.0})
        row = fit_cox(np.minimum(time, stop), time <= stop, x, firth="never").table.iloc[0]
        covered += row["ci_low"] <= 2 <= row["ci_high"]
    for _ in range(300):
        time = rng.exponential(10, 40) * np.exp(-np.log(2.0) * (np.arange(40) < 15))
        stop = rng.uniform(0, 6, 40)
        if not (time <= stop).any():
            continue
        x = pd.DataFrame({"b": (np.arange(40) < 15) * 1.0})
        row = fit_cox(np.minimum(time, stop), time <= stop, x, firth="always").table.iloc[0]
        firth_covered += row["ci_low"] <= 2 <= row["ci_high"]
    assert 0.04 < rejected / runs < 0.062
    assert 0.935 < covered / runs < 0.965
    assert firth_covered / 300 > 0.92
