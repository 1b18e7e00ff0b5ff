"""Measurements of two groups once other variables are held fixed: within strata by ranks, or by linear regression.

Van Elteren's test is the rank-sum test in strata; like that, it asks nothing of the distribution.  Where covariates are
several or numbers, the difference of the means is adjusted by least squares, with standard errors that do not assume
equal variances (HC3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, rankdata
from scipy.stats import t as t_distribution

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, as_floats, as_measurements, as_share

CONF_LEVEL = 0.95


@dataclass(frozen=True)
class VanElterenResult:
    """Van Elteren's test: two-sided p, the weighted probability that a value of the first group is the larger."""

    p_value: float
    auc: float
    n_informative_strata: int


@dataclass(frozen=True)
class AdjustedDifference:
    """Adjusted difference of the means, first minus second group, with its interval and p."""

    difference: float
    ci_low: float
    ci_high: float
    p_value: float


def van_elteren(values: npt.ArrayLike, first: npt.NDArray[np.bool_], strata: npt.NDArray[np.int64]) -> VanElterenResult:
    """Compare two groups by ranks within strata.

    Parameters
    ----------
    values
        Measurements without missing ones.
    first
        True for the first group.
    strata
        Stratum of each value.

    Raises
    ------
    StatisticsError
        If lengths differ, or a value is missing or infinite.

    Notes
    -----
    Rank sums are added up with weights ``1 / (n + 1)``, the locally most powerful ones when the shift is the same in
    all strata. Normal approximation with tie correction; strata that lack a group, or in which all values are equal,
    add nothing, and without any other p is NaN.

    References
    ----------
    .. [1] van Elteren PH. Bull Int Stat Inst 1960;37:351-361.
    .. [2] Lehmann EL. Nonparametrics. 1975, section 3.3.

    Examples
    --------
    >>> result = van_elteren([5, 7, 1, 2, 9, 8, 4, 3], np.array([1, 1, 0, 0, 1, 0, 0, 0], bool), np.arange(8) // 4)
    >>> f"p = {result.p_value:.3f}, AUC {result.auc:.2f}"
    'p = 0.040, AUC 1.00'
    """
    numbers = as_measurements(values, "values")
    if not len(numbers) == len(first) == len(strata):
        raise StatisticsError("values, groups and strata differ in length")
    surplus, variance, pairs, larger, informative = 0.0, 0.0, 0.0, 0.0, 0
    for stratum in np.unique(strata):
        here, a = numbers[strata == stratum], first[strata == stratum]
        n, n_a = len(here), int(a.sum())
        if n_a in (0, n) or np.ptp(here) == 0:
            continue
        rank_sum = float(rankdata(here)[a].sum())
        _, ties = np.unique(here, return_counts=True)
        spread = n_a * (n - n_a) / 12 * (n + 1 - float((ties.astype(float) ** 3 - ties).sum()) / (n * (n - 1)))
        surplus += (rank_sum - n_a * (n + 1) / 2) / (n + 1)
        variance += spread / (n + 1) ** 2
        weight = n_a * (n - n_a) / (n + 1)
        pairs, larger = pairs + weight, larger + (rank_sum - n_a * (n_a + 1) / 2) / (n + 1)
        informative += 1
    if not informative:
        return VanElterenResult(np.nan, np.nan, 0)
    return VanElterenResult(float(2 * norm.sf(abs(surplus) / np.sqrt(variance))), larger / pairs, informative)


def adjusted_difference(
    values: npt.ArrayLike, design: npt.ArrayLike, *, term: int = 1, conf_level: float = CONF_LEVEL
) -> AdjustedDifference:
    """Return one coefficient of a least-squares fit with HC3 standard errors.

    Parameters
    ----------
    values
        Measurements without missing ones.
    design
        Design matrix, shape (values, terms), with an intercept.
    term
        Column whose coefficient is wanted: 1 for the first group.
    conf_level
        Coverage of the interval.

    Returns
    -------
    AdjustedDifference
        NaN where the design is not of full rank or leaves no degree of freedom.

    Raises
    ------
    StatisticsError
        If shapes do not fit, or a value is missing or infinite.

    References
    ----------
    .. [1] MacKinnon JG, White H. J Econom 1985;29:305-325.

    Examples
    --------
    >>> fit = adjusted_difference([1.0, 2.0, 4.0, 7.0], [[1, 0], [1, 0], [1, 1], [1, 1]])
    >>> round(fit.difference, 3)
    4.0
    """
    y, x = as_measurements(values, "values"), as_floats(design, "design")
    if x.ndim != 2 or len(x) != len(y):
        raise StatisticsError(f"design of shape {x.shape} for {len(y)} values")
    df = len(y) - x.shape[1]
    if df < 1 or np.linalg.matrix_rank(x) < x.shape[1]:
        return AdjustedDifference(np.nan, np.nan, np.nan, np.nan)
    inverse = np.linalg.inv(x.T @ x)
    coef = inverse @ x.T @ y
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    scaled: Floats = (y - x @ coef) / np.maximum(1 - leverage, 1e-12)
    se = float(np.sqrt((inverse @ (x.T * scaled**2) @ x @ inverse)[term, term]))
    reach = float(t_distribution.ppf((1 + as_share(conf_level, "conf_level")) / 2, df)) * se
    p = float(2 * t_distribution.sf(abs(coef[term]) / se, df)) if se > 0 else np.nan
    return AdjustedDifference(float(coef[term]), float(coef[term] - reach), float(coef[term] + reach), p)
