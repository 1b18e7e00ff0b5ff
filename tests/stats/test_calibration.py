"""Calibration and decision curves."""

from __future__ import annotations

import numpy as np
import pytest

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.calibration import calibration, calibration_groups, decision_curve, fit_logistic


def test_equal_to_r(r_table):
    for row in r_table("calibration").itertuples():
        result = calibration(row.p, row.y)
        assert (result.intercept, result.slope) == pytest.approx((row.intercept, row.slope), rel=1e-6, abs=1e-8)
        assert result.in_the_large == pytest.approx(row.in_the_large, rel=1e-6, abs=1e-8)


def test_logistic_is_the_maximum():
    """No step in any direction improves the likelihood."""
    rng = np.random.default_rng(2)
    x = rng.normal(50, 10, size=80)
    y = (rng.random(80) < 1 / (1 + np.exp(-(x - 50) / 8))).astype(float)
    fit = fit_logistic(x, y)

    def likelihood(intercept: float, slope: float) -> float:
        eta = intercept + slope * x
        return float((y * eta - np.logaddexp(0, eta)).sum())

    best = likelihood(fit.intercept, fit.slope)
    for da, db in ((1e-3, 0), (-1e-3, 0), (0, 1e-4), (0, -1e-4)):
        assert likelihood(fit.intercept + da, fit.slope + db) < best
    assert fit.predict(x).sum() == pytest.approx(y.sum())


def test_perfect_predictions():
    rng = np.random.default_rng(3)
    p = rng.random(20000)
    result = calibration(p, rng.random(20000) < p)
    assert (result.slope, result.intercept, result.in_the_large) == pytest.approx((1, 0, 0), abs=0.06)
    assert result.observed_expected == pytest.approx(1, abs=0.02)


def test_brier_and_ratio_by_hand():
    result = calibration([0.2, 0.8], [0, 1])
    assert result.brier == pytest.approx(0.04)
    assert result.observed_expected == pytest.approx(1)
    assert np.isnan(result.slope)  # complete separation


def test_groups_hold_every_sample_once():
    rng = np.random.default_rng(1)
    p = np.round(rng.random(57), 2)
    y = rng.random(57) < p
    groups = calibration_groups(p, y)
    assert groups["n"].sum() == 57
    assert (groups["observed"] * groups["n"]).sum() == pytest.approx(y.sum())
    assert (groups["ci_low"] <= groups["observed"]).all()
    assert calibration_groups([0.3, 0.3, 0.3], [0, 1, 0])["n"].tolist() == [3]


def test_net_benefit_by_hand():
    """At 0.25: 2 true, 1 false positive of 4: 2/4 - 1/4 x (0.25/0.75)."""
    curve = decision_curve([0.1, 0.4, 0.6, 0.9], [0, 0, 1, 1], [0.25])
    assert curve["net_benefit"].item() == pytest.approx(0.5 - 0.25 / 3)
    assert curve["net_benefit_all"].item() == pytest.approx(0.5 - 0.5 / 3)
    assert decision_curve([0.5, 0.5, 0.5], [0, 1, 1], [0.0])["net_benefit"].item() == pytest.approx(2 / 3)


def test_refusals():
    for p, y, message in (
        ([0.2, 1.2], [0, 1], "outside 0 to 1"),
        ([0.2, 0.3], [1, 1], "one class"),
        ([0.1], [0, 1], "1 values"),
    ):
        with pytest.raises(StatisticsError, match=message):
            calibration(p, y)
    with pytest.raises(StatisticsError, match="threshold"):
        decision_curve([0.2, 0.3], [0, 1], [1.0])
    with pytest.raises(StatisticsError, match="constant"):
        fit_logistic([1, 1], [0, 1])
