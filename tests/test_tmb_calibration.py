"""Panel burdens on the scale of exomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2genomics.exceptions import StatisticNotValidWarning, StatisticsError
from her2genomics.tmb_calibration import Calibration, fit_calibration

PANEL = [1.0, 2.5, 4.0, 5.5, 8.0, 12.0, 3.0, 20.0]
EXOME = [0.8, 2.0, 3.1, 4.9, 6.6, 10.4, 2.9, 15.2]


@pytest.fixture
def line() -> Calibration:
    with pytest.warns(StatisticNotValidWarning, match="8 pairs"):
        return fit_calibration(PANEL, EXOME)


def test_the_line_is_that_of_r(line):
    """R 4.2.2: m <- lm(wes ~ panel); summary(m); confint(m)."""
    table = line.table().set_index("term")
    assert table.loc["slope", ["estimate", "se", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [0.768940754039, 0.0290492423552, 0.697859818654, 0.840021689425], rel=1e-10
    )
    assert table.loc["intercept", ["estimate", "se", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [0.354914721724, 0.2659433943031, -0.295825321530, 1.005654764977], rel=1e-10
    )
    assert line.residual_sd == pytest.approx(0.484783030926, rel=1e-10)
    assert line.r_squared == pytest.approx(0.991509524714, rel=1e-10)


def test_predictions_are_those_of_r(line):
    """R 4.2.2: predict(m, data.frame(panel = c(0, 10, 30)), interval = "prediction"); we cut at 0."""
    found = line.predict([0, 10, 30])
    assert found["tmb_calibrated"].tolist() == pytest.approx(
        [0.354914721724, 8.044322262118, 23.423137342908], rel=1e-10
    )
    assert found["prediction_lo"].tolist() == pytest.approx([0.0, 6.768201693791, 21.360182331262], rel=1e-10)
    assert found["prediction_hi"].tolist() == pytest.approx([1.70790536468, 9.32044283045, 25.48609235455], rel=1e-10)
    assert found["extrapolated"].tolist() == [True, False, True]


def test_missing_burdens_stay_missing(line):
    found = line.predict(pd.Series([5.0, pd.NA], dtype="Float64"))
    assert found.loc[1].isna().all()
    assert found["extrapolated"].tolist()[0] is False


def test_a_stated_line_has_no_interval():
    found = Calibration(0.9, 0.5).predict([10.0])
    assert found["tmb_calibrated"].tolist() == [9.5]
    assert found[["prediction_lo", "prediction_hi", "extrapolated"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [([1, 2], [1, 2], "at least 3"), ([2, 2, 2], [1, 2, 3], "all panel burdens are equal"), ([], [], "there are 0")],
)
def test_no_line_is_said(x, y, words):
    with pytest.raises(StatisticsError, match=words):
        fit_calibration(x, y)


def test_incomplete_pairs_are_left_out():
    with pytest.warns(StatisticNotValidWarning):
        assert fit_calibration([*PANEL, None], [*EXOME, 3.0]).n == 8


@pytest.mark.verify
def test_the_prediction_interval_covers():
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(2000):
        x = rng.uniform(0, 30, 40)
        y = 1 + 0.8 * x + rng.normal(0, 1.5, 40)
        fitted = fit_calibration(x[:-1], y[:-1]).predict([x[-1]])
        centre = fitted["tmb_calibrated"].iloc[0]
        half = fitted["prediction_hi"].iloc[0] - centre
        inside += abs(y[-1] - centre) <= half
    assert 0.935 <= inside / 2000 <= 0.965
