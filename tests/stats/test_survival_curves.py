"""Kaplan-Meier by hand, its invariants, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.survival_curves import (
    at_risk_table,
    kaplan_meier,
    median_follow_up,
    restricted_mean,
    survival_at,
    survival_quantile,
)

OUTCOMES = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40)


def test_a_curve_worked_by_hand():
    curve = kaplan_meier([1, 2, 2, 3, 5], [1, 1, 0, 0, 1])
    assert curve["n_at_risk"].tolist() == [5, 4, 2, 1]
    np.testing.assert_allclose(curve["survival"], [4 / 5, 4 / 5 * 3 / 4, 0.6, 0.0])
    # Greenwood at time 2: 0.6 * sqrt(1/(5*4) + 1/(4*3)); log-log: 0.6 ** exp(+-1.96 * se / (S |log S|))
    se = 0.6 * np.sqrt(1 / 20 + 1 / 12)
    np.testing.assert_allclose(curve["std_error"][1], se)
    power = np.exp(1.959963984540054 * se / (0.6 * abs(np.log(0.6))))
    np.testing.assert_allclose([curve["ci_low"][1], curve["ci_high"][1]], [0.6**power, 0.6 ** (1 / power)])
    assert np.isnan(curve["ci_low"].iloc[-1])


@given(OUTCOMES)
def test_a_curve_falls_from_one_and_needs_no_order(rows):
    time, event = zip(*rows, strict=True)
    curve = kaplan_meier(time, event)
    survival = curve["survival"].to_numpy()
    assert ((survival >= 0) & (survival <= 1)).all()
    assert (np.diff(survival) <= 1e-12).all()
    assert kaplan_meier(time[::-1], event[::-1]).equals(curve)
    inside = curve["ci_low"].notna()
    assert (curve["ci_low"][inside] <= curve["survival"][inside]).all()
    assert (curve["ci_high"][inside] >= curve["survival"][inside]).all()


@given(st.lists(st.integers(0, 12), min_size=1, max_size=40))
def test_without_censoring_it_is_the_share_still_alive(times):
    curve = kaplan_meier(times, [1] * len(times))
    share = [(np.array(times) > t).mean() for t in curve["time"]]
    np.testing.assert_allclose(curve["survival"], share, atol=1e-12)
    np.testing.assert_allclose(restricted_mean(times, [1] * len(times), 13).mean, np.mean(times), atol=1e-12)


def test_all_censored_has_no_median_and_a_follow_up():
    curve = kaplan_meier([3, 4, 5], [0, 0, 0])
    assert curve["survival"].tolist() == [1, 1, 1]
    assert survival_quantile(curve).text() == "NR [NR, NR]"
    assert median_follow_up([3, 4, 5], [0, 0, 0]).time == 4
    assert np.isnan(median_follow_up([3, 4, 5], [1, 1, 1]).time)


def test_events_at_time_zero_count():
    curve = kaplan_meier([0, 0, 4, 6], [1, 0, 1, 0])
    assert curve["survival"].tolist() == [0.75, 0.375, 0.375]


def test_reading_a_curve_beyond_its_end_is_missing_unless_everyone_had_the_event():
    assert np.isnan(survival_at(kaplan_meier([1, 2], [1, 0]), [3])["survival"][0])
    assert survival_at(kaplan_meier([1, 2], [1, 1]), [3])["survival"][0] == 0


def test_at_risk_counts_those_whose_time_is_not_below():
    table = at_risk_table([2, 4, 4, 9], ["b", "b", "a", "a"], [0, 4, 5])
    assert table.to_numpy().tolist() == [["b", 0, 2], ["b", 4, 1], ["b", 5, 0], ["a", 0, 2], ["a", 4, 2], ["a", 5, 1]]


@pytest.mark.parametrize(
    ("time", "event", "message"),
    [
        ([1, -2], [1, 0], "time -2 is negative"),
        ([1, np.nan], [1, 0], "time: a value is missing"),
        ([1, 2], [1, 2], r"event 2 is neither 0 \(censored\) nor 1"),
        ([1, 2], [1], "2 times and 1 events"),
        ([], [], "needs 1 or more"),
    ],
)
def test_what_is_no_outcome_is_refused(time, event, message):
    with pytest.raises(StatisticsError, match=message):
        kaplan_meier(time, event)


@pytest.mark.parametrize("tau", [0, -1, 20])
def test_a_restricted_mean_beyond_follow_up_is_refused(tau):
    with pytest.raises(StatisticsError, match="outside the follow-up"):
        restricted_mean([1, 5, 9], [1, 0, 0], tau)
