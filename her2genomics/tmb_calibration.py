"""Putting a panel's burden on the scale of exomes: a straight line through paired samples, with a prediction interval.

Panels differ in what they count and where, so a burden of 10 on one is not 10 on another; harmonisation studies
regress the exome's burden on the panel's over samples that have both (Merino et al. 2020; Vega et al. 2021).  A
prediction outside the range of the pairs is an extrapolation and is flagged as one.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from her2genomics.exceptions import StatisticNotValidWarning, StatisticsError

MIN_PAIRS, FEW_PAIRS = 3, 20
"""Pairs below which there is no line, and below which its interval is hardly worth having."""


@dataclass(frozen=True)
class Calibration:
    """A fitted or stated line ``exome = intercept + slope * panel``.

    Parameters
    ----------
    slope, intercept
        Coefficients [-, mut/Mb].
    n
        Pairs that were fitted (0 for a stated line).
    residual_sd
        Residual standard deviation [mut/Mb]; NaN for a stated line.
    x_mean, x_ss
        Mean of the panel's burdens and their sum of squared deviations.
    x_min, x_max
        Range of the panel's burdens in the pairs [mut/Mb].
    r_squared
        Share of the exome burden's variance that the line explains.
    """

    slope: float
    intercept: float
    n: int = 0
    residual_sd: float = float("nan")
    x_mean: float = float("nan")
    x_ss: float = float("nan")
    x_min: float = float("nan")
    x_max: float = float("nan")
    r_squared: float = float("nan")

    def table(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Return ``term, estimate, se, ci_low, ci_high`` of slope and intercept, and the fit's figures as rows."""
        t = float(stdtrit(self.n - 2, 0.5 + confidence / 2)) if self.n > 2 else float("nan")
        slope_se = self.residual_sd / np.sqrt(self.x_ss)
        intercept_se = self.residual_sd * np.sqrt(1 / self.n + self.x_mean**2 / self.x_ss) if self.n else float("nan")
        rows = [
            (name, value, se, value - t * se, value + t * se)
            for name, value, se in (("slope", self.slope, slope_se), ("intercept", self.intercept, intercept_se))
        ]
        figures = ("n", "residual_sd", "r_squared", "x_min", "x_max")
        rows += [(name, float(getattr(self, name)), float("nan"), float("nan"), float("nan")) for name in figures]
        return pd.DataFrame(rows, columns=["term", "estimate", "se", "ci_low", "ci_high"])

    def predict(self, tmb: Sequence[float] | pd.Series, *, confidence: float = 0.95) -> pd.DataFrame:
        """Return the calibrated burden of new samples with its prediction interval.

        Parameters
        ----------
        tmb
            Panel burdens [mut/Mb]; missing ones stay missing.
        confidence
            Coverage of the interval for one new sample.

        Returns
        -------
        DataFrame
            ``tmb_calibrated, prediction_lo, prediction_hi`` [mut/Mb, not below 0] and ``extrapolated``.
        """
        x = pd.to_numeric(pd.Series(tmb), errors="coerce").to_numpy(dtype=float)
        centre = self.intercept + self.slope * x
        t = float(stdtrit(self.n - 2, 0.5 + confidence / 2)) if self.n > 2 else float("nan")
        with np.errstate(divide="ignore", invalid="ignore"):
            half = (
                t * self.residual_sd * np.sqrt(1 + 1 / self.n + (x - self.x_mean) ** 2 / self.x_ss)
                if self.n
                else x * np.nan
            )
        outside = (x < self.x_min) | (x > self.x_max)
        return pd.DataFrame(
            {
                "tmb_calibrated": _not_negative(centre),
                "prediction_lo": _not_negative(centre - half),
                "prediction_hi": _not_negative(centre + half),
                "extrapolated": pd.array(
                    [
                        pd.NA if not self.n or np.isnan(value) else bool(out)
                        for value, out in zip(x, outside, strict=True)
                    ],
                    dtype="boolean",
                ),
            }
        )


def _not_negative(values: npt.NDArray[np.float64]) -> pd.Series:
    return pd.Series(np.maximum(values, 0.0)).astype("Float64").mask(np.isnan(values))


def fit_calibration(panel_tmb: Sequence[float] | pd.Series, exome_tmb: Sequence[float] | pd.Series) -> Calibration:
    """Fit the exome's burden on the panel's by least squares.

    Parameters
    ----------
    panel_tmb, exome_tmb
        Burdens of the same samples, in the same order [mut/Mb]; incomplete pairs are left out.

    Returns
    -------
    Calibration

    Raises
    ------
    StatisticsError
        If fewer than three complete pairs are left, or the panel's burdens are all equal.

    Warns
    -----
    StatisticNotValidWarning
        With fewer than 20 pairs.

    Notes
    -----
    The prediction interval assumes one residual spread at all burdens; the Poisson error of the panel's count makes
    it too wide at low and too narrow at high burdens.

    References
    ----------
    Merino DM et al. (2020), J Immunother Cancer 8:e000147; Vega DM et al. (2021), Ann Oncol 32:1626.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     line = fit_calibration([1, 2, 3, 4], [2.1, 3.9, 6.2, 7.8])
    >>> round(line.slope, 3), round(line.intercept, 3)
    (1.94, 0.15)
    """
    x = pd.to_numeric(pd.Series(panel_tmb), errors="coerce").to_numpy(dtype=float)
    y = pd.to_numeric(pd.Series(exome_tmb), errors="coerce").to_numpy(dtype=float)
    whole = ~(np.isnan(x) | np.isnan(y))
    x, y = x[whole], y[whole]
    n = len(x)
    if n < MIN_PAIRS:
        raise StatisticsError(f"a calibration needs at least {MIN_PAIRS} complete pairs, there are {n}")
    x_ss = float(((x - x.mean()) ** 2).sum())
    if x_ss == 0:
        raise StatisticsError("all panel burdens are equal: no line can be fitted")
    if n < FEW_PAIRS:
        warnings.warn(StatisticNotValidWarning(f"calibration on {n} pairs: its interval is uncertain"), stacklevel=2)
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / x_ss
    intercept = float(y.mean() - slope * x.mean())
    residual = float(((y - intercept - slope * x) ** 2).sum())
    total = float(((y - y.mean()) ** 2).sum())
    return Calibration(
        slope,
        intercept,
        n,
        float(np.sqrt(residual / (n - 2))),
        float(x.mean()),
        x_ss,
        float(x.min()),
        float(x.max()),
        1 - residual / total if total else float("nan"),
    )
