"""Whether predicted probabilities mean what they say, and whether acting on them does more good than harm.

Calibration is read from a logistic regression of the outcome on the logit of the prediction (slope 1 and intercept 0
are perfect), from observed against expected numbers, and from groups of similar predictions.  The net benefit of a
decision curve weighs true positives against false ones at each threshold probability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logit

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.accuracy import exact_share
from her2genomics.stats.inputs import Floats, as_floats, as_measurements

EDGE = 1e-6
"""Predictions are kept this far from 0 and 1 before their logit is taken."""


@dataclass(frozen=True)
class LogisticFit:
    """Logistic regression of a class on one marker: ``logit(p) = intercept + slope * marker``.

    ``separated`` says that the marker tells the classes apart completely, so that no finite slope fits: it is NaN.
    """

    intercept: float
    slope: float
    separated: bool

    def predict(self, marker: npt.ArrayLike) -> Floats:
        """Return the probability of the positive class."""
        probability: Floats = expit(self.intercept + self.slope * as_measurements(marker, "marker"))
        return probability


@dataclass(frozen=True)
class CalibrationResult:
    """How predictions agree with outcomes.

    Parameters
    ----------
    intercept, slope
        Of the outcome on the logit of the prediction; NaN where they do not exist.
    in_the_large
        Intercept with the slope held at 1: above 0 the predictions are too low.
    observed_expected
        Observed positives over the sum of the predictions.
    brier
        Mean squared difference [0-1].
    n
        Samples.
    """

    intercept: float
    slope: float
    in_the_large: float
    observed_expected: float
    brier: float
    n: int


def fit_logistic(marker: npt.ArrayLike, truth: npt.ArrayLike) -> LogisticFit:
    """Fit a logistic regression of the class on one marker by maximum likelihood.

    Parameters
    ----------
    marker
        Values without missing ones.
    truth
        True (or 1) for the positive class.

    Raises
    ------
    StatisticsError
        If one class is empty, the marker is constant, or lengths differ.

    Examples
    --------
    >>> fit = fit_logistic([1, 2, 3, 4, 5, 6], [0, 0, 1, 0, 1, 1])
    >>> round(fit.slope, 3), fit.separated
    (1.214, False)
    >>> fit_logistic([1, 2, 3, 4], [0, 0, 1, 1]).separated
    True
    """
    values, classes = as_measurements(marker, "marker"), as_floats(truth, "truth").ravel()
    if classes.shape != values.shape:
        raise StatisticsError(f"marker has {len(values)} values, truth has {len(classes)}")
    a, b = values[classes == 1], values[classes != 1]
    if not len(a) or not len(b):
        raise StatisticsError("one class only: nothing to predict")
    if values.min() == values.max():
        raise StatisticsError("the marker is constant: it predicts nothing")
    if a.min() >= b.max() or a.max() <= b.min():
        return LogisticFit(float("nan"), float("nan"), separated=True)
    centre, scale = values.mean(), values.std()
    intercept, slope = _maximum((values - centre) / scale, classes)
    return LogisticFit(float(intercept - slope * centre / scale), float(slope / scale), separated=False)


def _maximum(x: Floats, y: Floats) -> tuple[float, float]:
    """Return the maximum-likelihood intercept and slope (Newton with the exact Hessian)."""

    def loss(beta: Floats) -> float:
        eta = beta[0] + beta[1] * x
        return float(np.logaddexp(0, eta).sum() - (y * eta).sum())

    def gradient(beta: Floats) -> Floats:
        residual = expit(beta[0] + beta[1] * x) - y
        return np.array([residual.sum(), (residual * x).sum()])

    def hessian(beta: Floats) -> Floats:
        p = expit(beta[0] + beta[1] * x)
        w = p * (1 - p)
        return np.array([[w.sum(), (w * x).sum()], [(w * x).sum(), (w * x * x).sum()]])

    found = minimize(loss, np.zeros(2), jac=gradient, hess=hessian, method="trust-exact", options={"gtol": 1e-10})
    return float(found.x[0]), float(found.x[1])


def calibration(probability: npt.ArrayLike, truth: npt.ArrayLike) -> CalibrationResult:
    """Return how predicted probabilities agree with what happened.

    Parameters
    ----------
    probability
        Predictions [0-1], without missing ones.
    truth
        True (or 1) where the class was positive.

    Raises
    ------
    StatisticsError
        If a prediction lies outside [0, 1] or one class is empty.

    References
    ----------
    .. [1] Cox DR. Biometrika 1958;45:562-565.
    .. [2] Van Calster B, et al. BMC Med 2019;17:230.

    Examples
    --------
    >>> round(calibration([0.2, 0.3, 0.6, 0.4, 0.8, 0.9], [0, 0, 1, 0, 1, 1]).observed_expected, 3)
    0.938
    """
    predicted, classes = _predictions(probability, truth)
    z = logit(np.clip(predicted, EDGE, 1 - EDGE))
    slope = intercept = float("nan")
    if z.min() < z.max():
        fit = fit_logistic(z, classes)
        intercept, slope = fit.intercept, fit.slope
    return CalibrationResult(
        intercept,
        slope,
        _in_the_large(z, classes),
        float(classes.sum() / predicted.sum()) if predicted.sum() > 0 else float("nan"),
        float(((predicted - classes) ** 2).mean()),
        len(predicted),
    )


def _predictions(probability: npt.ArrayLike, truth: npt.ArrayLike) -> tuple[Floats, Floats]:
    predicted, classes = as_measurements(probability, "probability"), as_floats(truth, "truth").ravel()
    if predicted.min() < 0 or predicted.max() > 1:
        raise StatisticsError("a predicted probability lies outside 0 to 1")
    if classes.shape != predicted.shape:
        raise StatisticsError(f"probability has {len(predicted)} values, truth has {len(classes)}")
    if classes.min() == classes.max():
        raise StatisticsError("one class only: calibration needs both")
    return predicted, classes


def _in_the_large(z: Floats, classes: Floats) -> float:
    """Return the intercept that makes expected and observed equal, the slope being 1 (bisection)."""
    low, high = -40.0, 40.0
    for _ in range(100):
        middle = (low + high) / 2
        if expit(z + middle).sum() < classes.sum():
            low = middle
        else:
            high = middle
    return (low + high) / 2


def calibration_groups(probability: npt.ArrayLike, truth: npt.ArrayLike, n_groups: int = 10) -> pd.DataFrame:
    """Return observed and predicted shares in groups of similar predictions.

    Parameters
    ----------
    probability, truth
        As `calibration`.
    n_groups
        Groups of about equal size; equal predictions stay together.

    Returns
    -------
    pandas.DataFrame
        ``predicted`` (mean), ``observed``, ``ci_low``, ``ci_high`` (Clopper-Pearson), ``n``.

    Raises
    ------
    StatisticsError
        As `calibration`.

    Examples
    --------
    >>> calibration_groups([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], n_groups=2)[["predicted", "observed"]].values.tolist()
    [[0.15, 0.0], [0.85, 1.0]]
    """
    predicted, classes = _predictions(probability, truth)
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, n_groups + 1)))
    group = np.clip(np.searchsorted(edges, predicted, side="right") - 1, 0, max(len(edges) - 2, 0))
    rows = []
    for number in np.unique(group):
        inside = group == number
        observed, low, high = exact_share(int(classes[inside].sum()), int(inside.sum()))
        rows.append((round(float(predicted[inside].mean()), 12), observed, low, high, int(inside.sum())))
    return pd.DataFrame(rows, columns=["predicted", "observed", "ci_low", "ci_high", "n"])


def decision_curve(
    probability: npt.ArrayLike, truth: npt.ArrayLike, thresholds: npt.ArrayLike | None = None
) -> pd.DataFrame:
    """Return the net benefit of acting on a prediction, beside acting on all and on none (which is 0).

    Parameters
    ----------
    probability, truth
        As `calibration`.
    thresholds
        Threshold probabilities, each below 1; default 0.01 to 0.99.

    Returns
    -------
    pandas.DataFrame
        ``threshold``, ``net_benefit``, ``net_benefit_all``: true positives per sample less false ones weighted by the
        odds of the threshold.

    Raises
    ------
    StatisticsError
        As `calibration`, or if a threshold is not in [0, 1).

    References
    ----------
    .. [1] Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574.

    Examples
    --------
    >>> curve = decision_curve([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], [0.5])
    >>> curve.values.tolist()
    [[0.5, 0.5, 0.0]]
    """
    predicted, classes = _predictions(probability, truth)
    at = np.arange(1, 100) / 100 if thresholds is None else as_measurements(thresholds, "thresholds")
    if at.min() < 0 or at.max() >= 1:
        raise StatisticsError("a threshold probability lies outside [0, 1)")
    n, odds = len(classes), at / (1 - at)
    treat = predicted[None, :] >= at[:, None]
    tp, fp = treat @ classes, treat @ (1 - classes)
    prevalence = classes.mean()
    return pd.DataFrame(
        {
            "threshold": at,
            "net_benefit": tp / n - fp / n * odds,
            "net_benefit_all": prevalence - (1 - prevalence) * odds,
        }
    )
