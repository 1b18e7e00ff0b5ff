"""Measurements compared by their means, and standardised differences.

Welch's t and Welch's analysis of variance do not assume equal variances and are the only mean-based tests of data
offered; which test is run is fixed beforehand, not chosen by looking.  `anova_from_summary` recomputes the classical
F test from the means and standard deviations that a paper prints.  Standardised differences say how unbalanced two
groups are, whatever their size: 0.1 is the usual bound for "balanced".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import f as f_distribution
from scipy.stats import ttest_ind

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, as_counts, as_measurements, as_share

CONF_LEVEL = 0.95


@dataclass(frozen=True)
class WelchResult:
    """Welch's t-test of two groups.

    Parameters
    ----------
    statistic, df, p_value
        t, Welch-Satterthwaite degrees of freedom, two-sided p.
    difference, ci_low, ci_high
        Difference of the means, first minus second, with its interval, in the unit of the values.
    """

    statistic: float
    df: float
    p_value: float
    difference: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class AnovaResult:
    """One-way analysis of variance: F, its two degrees of freedom, p."""

    statistic: float
    df_between: float
    df_within: float
    p_value: float


def welch_t(x: npt.ArrayLike, y: npt.ArrayLike, *, conf_level: float = CONF_LEVEL) -> WelchResult:
    """Compare the means of two groups by Welch's t-test (`scipy.stats.ttest_ind`, equal to R's ``t.test``).

    Parameters
    ----------
    x, y
        Values of both groups, two or more each, without missing ones.
    conf_level
        Coverage of the interval.

    Raises
    ------
    StatisticsError
        If a group has fewer than two values, a value is missing or infinite, or neither group varies.

    Examples
    --------
    >>> result = welch_t([5.0, 7.0, 9.0], [1.0, 2.0, 3.0, 4.0])
    >>> f"t = {result.statistic:.3f}, df = {result.df:.2f}, p = {result.p_value:.4f}"
    't = 3.402, df = 3.23, p = 0.0378'
    """
    a, b = as_measurements(x, "x", least=2), as_measurements(y, "y", least=2)
    as_share(conf_level, "conf_level")
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        raise StatisticsError("neither group varies, so a t-test is undefined", hint="use the rank-sum test")
    result = ttest_ind(a, b, equal_var=False)
    interval = result.confidence_interval(conf_level)
    return WelchResult(
        statistic=float(result.statistic),
        df=float(result.df),
        p_value=float(result.pvalue),
        difference=float(a.mean() - b.mean()),
        ci_low=float(interval.low),
        ci_high=float(interval.high),
    )


def welch_anova(groups: Sequence[npt.ArrayLike] | Mapping[str, npt.ArrayLike]) -> AnovaResult:
    """Compare the means of several groups without assuming equal variances (R's ``oneway.test``).

    Parameters
    ----------
    groups
        Values of each group, two or more each, without missing ones.

    Raises
    ------
    StatisticsError
        If there are fewer than two groups, one has fewer than two values or does not vary, or a value is missing or
        infinite.

    References
    ----------
    .. [1] Welch BL. Biometrika 1951;38:330-336.

    Examples
    --------
    >>> result = welch_anova([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [7.0, 8.0, 9.0]])
    >>> f"F = {result.statistic:.3f}, p = {result.p_value:.4f}"
    'F = 23.244, p = 0.0075'
    """
    items = (
        list(groups.items()) if isinstance(groups, Mapping) else [(f"group {i + 1}", g) for i, g in enumerate(groups)]
    )
    values = [as_measurements(group, str(name), least=2) for name, group in items]
    k = len(values)
    if k < 2:
        raise StatisticsError(f"{k} group{'s' if k != 1 else ''} to compare, needs 2 or more")
    for (name, _), group in zip(items, values, strict=True):
        if np.ptp(group) == 0:
            raise StatisticsError(f"{name}: all values are equal", hint="use the Kruskal-Wallis test")
    size = np.array([len(group) for group in values], dtype=float)
    mean = np.array([group.mean() for group in values])
    weight = size / np.array([group.var(ddof=1) for group in values])
    grand = np.average(mean, weights=weight)
    imbalance = float(((1 - weight / weight.sum()) ** 2 / (size - 1)).sum()) / (k * k - 1)
    statistic = float((weight * (mean - grand) ** 2).sum()) / (k - 1) / (1 + 2 * (k - 2) * imbalance)
    df_within = 1 / (3 * imbalance)
    return AnovaResult(statistic, k - 1, df_within, float(f_distribution.sf(statistic, k - 1, df_within)))


def anova_from_summary(mean: npt.ArrayLike, sd: npt.ArrayLike, n: npt.ArrayLike) -> AnovaResult:
    """Compare means by the classical one-way F test, from the summary that a paper prints.

    Parameters
    ----------
    mean, sd, n
        Mean, standard deviation and size of each group.

    Raises
    ------
    StatisticsError
        If there are fewer than two groups, lengths differ, a deviation is negative or all are 0, or no group has more
        than one value.

    Notes
    -----
    Assumes equal variances, as the papers do whose results are recomputed with it.

    Examples
    --------
    >>> round(anova_from_summary([52.25, 56.86, 51.79], [10.19, 9.65, 9.45], [48, 42, 24]).p_value, 4)
    0.0479
    """
    means, deviations = as_measurements(mean, "mean", least=2), as_measurements(sd, "sd", least=2)
    size = as_counts(n, "n").ravel().astype(float)
    if not len(means) == len(deviations) == len(size):
        raise StatisticsError(f"{len(means)} means, {len(deviations)} deviations and {len(size)} sizes")
    if (deviations < 0).any() or not deviations.any():
        raise StatisticsError("standard deviations have to be positive")
    df_within = float(size.sum() - len(size))
    if (size < 1).any() or df_within < 1:
        raise StatisticsError("every group needs a value, and one of them more", hint="check the group sizes")
    grand = np.average(means, weights=size)
    between = float((size * (means - grand) ** 2).sum()) / (len(size) - 1)
    within = float(((size - 1) * deviations**2).sum()) / df_within
    statistic = between / within
    p = float(f_distribution.sf(statistic, len(size) - 1, df_within))
    return AnovaResult(statistic, len(size) - 1, df_within, p)


def standardised_mean_difference(
    a: npt.ArrayLike, b: npt.ArrayLike, *, kind: Literal["numeric", "categorical"] = "numeric"
) -> float:
    """Return how far two groups are apart, in standard deviations.

    Parameters
    ----------
    a, b
        For a numeric variable the values of both groups, two or more each; the result is signed, a minus b. For a
        categorical one the counts of its levels, in the same order; the result is not signed.
    kind
        Which of the two.

    Returns
    -------
    float
        0 where the groups are alike; infinite where they differ without any variation.

    Raises
    ------
    StatisticsError
        If a value is missing or infinite, counts are unsuitable or of different lengths, or a group is empty.

    Notes
    -----
    Numeric: difference of the means over ``sqrt((var_a + var_b) / 2)``. Categorical: Mahalanobis distance of the two
    vectors of proportions, with the mean of the two multinomial covariance matrices [1]_; with two levels it is the
    usual standardised difference of two proportions.

    References
    ----------
    .. [1] Yang D, Dalton JE. A unified approach to measuring the effect size between two groups using SAS. SAS Global
       Forum 2012, paper 335.

    Examples
    --------
    >>> round(standardised_mean_difference([77, 4, 9], [214, 10, 7], kind="categorical"), 3)
    0.286
    """
    if kind == "categorical":
        return _categorical_difference(as_counts(a, "a").ravel(), as_counts(b, "b").ravel())
    x, y = as_measurements(a, "a", least=2), as_measurements(b, "b", least=2)
    difference = float(x.mean() - y.mean())
    if np.ptp(x) == 0 and np.ptp(y) == 0:
        return 0.0 if x[0] == y[0] else float(np.copysign(np.inf, difference))
    return difference / float(np.sqrt((x.var(ddof=1) + y.var(ddof=1)) / 2))


def _categorical_difference(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> float:
    if len(a) != len(b):
        raise StatisticsError(f"counts of {len(a)} levels against {len(b)}")
    if not (a.any() and b.any()):
        raise StatisticsError("a group is empty, so it has no proportions")
    levels = (a > 0) | (b > 0)
    # Proportions add up to 1, so one level (the first that occurs) carries no information of its own.
    p, q = (counts[levels][1:] / counts.sum() for counts in (a, b))
    covariance = (_multinomial_covariance(p) + _multinomial_covariance(q)) / 2
    difference = p - q
    solution, *_ = np.linalg.lstsq(covariance, difference, rcond=1e-12)
    if not np.allclose(covariance @ solution, difference, atol=1e-9):
        return float(np.inf)
    return float(np.sqrt(max(float(difference @ solution), 0.0)))


def _multinomial_covariance(p: Floats) -> Floats:
    covariance: Floats = np.diag(p) - np.outer(p, p)
    return covariance
