"""Cox regression with Firth's penalty: finite where a group has no event, less biased where events are few.

The log partial likelihood gets half the log determinant of its information (Jeffreys' prior).  Wald intervals are poor
there, so intervals and p-values come from the profile of the penalised likelihood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats
from her2genomics.stats.survival_likelihood import RiskSets

MAX_ITERATIONS = 200
CONVERGED = 1e-7
"""Relative step at which the search ends; the likelihood is then right to its square."""
LIMIT_PRECISION = 1e-7
LARGEST_STEP = 2.0
FARTHEST = 60.0
"""Log hazard ratio (of a standardised covariate) beyond which a profile limit is given up as not finite."""


@dataclass(frozen=True)
class FirthFit:
    """Penalised estimates: ``coef``, ``se`` (from the information), profile limits and likelihood-ratio statistics."""

    coef: Floats
    se: Floats
    ci_low: Floats
    ci_high: Floats
    statistic: Floats
    p_value: Floats
    log_likelihood: float


def fit_firth(sets: RiskSets, *, conf_level: float = 0.95) -> FirthFit:
    """Maximise the penalised likelihood and profile every coefficient.

    Parameters
    ----------
    sets
        Risk sets with standardised covariates (the search is scaled to them).
    conf_level
        Coverage of the profile intervals.

    Raises
    ------
    StatisticsError
        If the search does not converge.

    References
    ----------
    .. [1] Firth D. Biometrika 1993;80:27-38.
    .. [2] Heinze G, Schemper M. Biometrics 2001;57:114-119.
    """
    p = sets.x.shape[1]
    free = np.ones(p, dtype=bool)
    top, best = _maximise(sets, np.zeros(p), free)
    information = sets.moments(top).variance.sum(axis=0)
    se = np.sqrt(np.diag(np.linalg.inv(information)))
    rows = [_profile(sets, j, top, best, float(se[j]), conf_level) for j in range(p)]
    low, high, statistic = (np.array(column) for column in zip(*rows, strict=True))
    return FirthFit(top, se, low, high, statistic, chi2.sf(statistic, 1), best)


def _maximise(sets: RiskSets, start: Floats, free: np.ndarray) -> tuple[Floats, float]:
    """Return the maximum over the free coefficients (others stay at ``start``) and its penalised log likelihood."""
    beta = start.copy()
    value, score, information = _penalised(sets, beta)
    if not free.any():
        return beta, value
    for _ in range(MAX_ITERATIONS):
        step = np.zeros(len(beta))
        step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
        step *= min(1.0, LARGEST_STEP / max(float(np.abs(step).max()), 1e-300))
        trial = _penalised(sets, beta + step)
        while trial[0] < value - 1e-12 and np.abs(step).max() > CONVERGED:
            step /= 2
            trial = _penalised(sets, beta + step)
        beta = beta + step
        value, score, information = trial
        if np.abs(step).max() <= CONVERGED * (1 + np.abs(beta).max()):
            return beta, value
    raise StatisticsError(
        "the penalised Cox model does not converge", hint="use fewer covariates, or join rare categories"
    )


def _penalised(sets: RiskSets, beta: Floats) -> tuple[float, Floats, Floats]:
    """Return the penalised log likelihood, its gradient, and the information."""
    moments = sets.moments(beta)
    information = moments.variance.sum(axis=0)
    sign, log_det = np.linalg.slogdet(information)
    if sign <= 0 or not np.isfinite(log_det):
        return -np.inf, np.zeros(len(beta)), np.eye(len(beta))
    score = sets.observed() - moments.mean.sum(axis=0)
    penalty = 0.5 * sets.information_slope(moments, np.linalg.inv(information))
    return sets.log_likelihood(beta, moments) + 0.5 * log_det, score + penalty, information


def _profile(
    sets: RiskSets, j: int, top: Floats, best: float, se: float, conf_level: float
) -> tuple[float, float, float]:
    """Return the two limits of coefficient ``j`` and its likelihood-ratio statistic against 0."""
    free = np.ones(len(top), dtype=bool)
    free[j] = False
    warm = top.copy()

    def drop(value: float) -> float:
        start = warm.copy()
        start[j] = value
        found, likelihood = _maximise(sets, start, free)
        warm[free] = found[free]
        return 2 * (best - likelihood)

    level = float(chi2.ppf(conf_level, 1))
    low = _limit(lambda value: drop(value) - level, float(top[j]), -se)
    warm[:] = top
    high = _limit(lambda value: drop(value) - level, float(top[j]), se)
    warm[:] = top
    return low, high, max(drop(0.0), 0.0)


def _limit(above: Callable[[float], float], start: float, step: float) -> float:
    """Return where the profile has fallen far enough in the direction of ``step``; infinite if it never does."""
    near, far = start, start + 2 * step
    while above(far) < 0:
        near, far = far, far + step
        if abs(far - start) > FARTHEST:
            return float(np.copysign(np.inf, step))
    return float(brentq(above, near, far, xtol=LIMIT_PRECISION))
