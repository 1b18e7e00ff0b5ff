"""Tests recomputed from the summary that a paper prints: means and deviations, a ratio with its interval, an AUC.

The classical F test of several means stands in `means.anova_from_summary`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import f as f_distribution
from scipy.stats import norm, t, ttest_ind_from_stats

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import as_counts, as_measurements, as_share

CONF_LEVEL = 0.95


def t_p_from_summary(mean: npt.ArrayLike, sd: npt.ArrayLike, n: npt.ArrayLike, *, equal_variances: bool) -> float:
    """Return the two-sided p of the t-test of two groups: Student's with equal variances, Welch's without.

    Parameters
    ----------
    mean, sd, n
        Mean, standard deviation and size of both groups.
    equal_variances
        Which of the two tests.

    Raises
    ------
    StatisticsError
        If there are not two groups, one has fewer than two values, or no deviation is positive.

    Examples
    --------
    >>> round(t_p_from_summary([81.73, 98.73], [12.6, 13.72], [48, 42], equal_variances=True), 10)
    2.47e-08
    """
    means, deviations, size = _summary(mean, sd, n)
    if len(means) != 2:
        raise StatisticsError(f"a t-test compares two groups, these are {len(means)}")
    result = ttest_ind_from_stats(
        means[0], deviations[0], size[0], means[1], deviations[1], size[1], equal_var=equal_variances
    )
    return float(result.pvalue)


def welch_anova_p_from_summary(mean: npt.ArrayLike, sd: npt.ArrayLike, n: npt.ArrayLike) -> float:
    """Return p of Welch's analysis of variance from means, deviations and sizes.

    Raises
    ------
    StatisticsError
        If there are fewer than two groups, one has fewer than two values, or a deviation is not positive.

    References
    ----------
    .. [1] Welch BL. Biometrika 1951;38:330-336.

    Examples
    --------
    >>> round(welch_anova_p_from_summary([2.0, 4.0, 8.0], [1.0, 2.0, 1.0], [3, 3, 3]), 4)
    0.0075
    """
    means, deviations, size = _summary(mean, sd, n)
    if not (deviations > 0).all():
        raise StatisticsError("standard deviations have to be positive")
    k = len(means)
    weight = size / deviations**2
    grand = np.average(means, weights=weight)
    imbalance = float(((1 - weight / weight.sum()) ** 2 / (size - 1)).sum()) / (k * k - 1)
    statistic = float((weight * (means - grand) ** 2).sum()) / (k - 1) / (1 + 2 * (k - 2) * imbalance)
    return float(f_distribution.sf(statistic, k - 1, 1 / (3 * imbalance)))


def _summary(
    mean: npt.ArrayLike, sd: npt.ArrayLike, n: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    means, deviations = as_measurements(mean, "mean", least=2), as_measurements(sd, "sd", least=2)
    size = as_counts(n, "n").ravel().astype(float)
    if not len(means) == len(deviations) == len(size):
        raise StatisticsError(f"{len(means)} means, {len(deviations)} deviations and {len(size)} sizes")
    if (deviations < 0).any() or not deviations.any():
        raise StatisticsError("standard deviations have to be positive")
    if (size < 2).any():
        raise StatisticsError("every group needs two values or more", hint="check the group sizes")
    return means, deviations, size


def wald_p_from_interval(
    estimate: float, low: float, high: float, *, conf_level: float = CONF_LEVEL, logarithmic: bool = True
) -> float:
    """Return the two-sided Wald p of an effect from its estimate and interval.

    Parameters
    ----------
    estimate, low, high
        Hazard, odds or risk ratio with its limits; with `logarithmic` off a difference.
    conf_level
        Coverage of the interval.
    logarithmic
        Whether the interval is symmetric on the log scale, as those of ratios are.

    Raises
    ------
    StatisticsError
        If a ratio is not positive, or the limits are not in order.

    References
    ----------
    .. [1] Altman DG, Bland JM. How to obtain the P value from a confidence interval. BMJ 2011;343:d2304.

    Examples
    --------
    >>> round(wald_p_from_interval(2.1, 1.11, 3.99), 4)
    0.023
    """
    if logarithmic and min(estimate, low, high) <= 0:
        raise StatisticsError(f"a ratio and its limits are positive, these are {estimate:g}, {low:g}, {high:g}")
    if not low < high:
        raise StatisticsError(f"limits {low:g} and {high:g} are not in order")
    scale = np.log if logarithmic else np.float64
    reach = float(norm.ppf((1 + as_share(conf_level, "conf_level")) / 2))
    error = (scale(high) - scale(low)) / (2 * reach)
    return float(2 * norm.sf(abs(scale(estimate)) / error))


def hanley_mcneil_error(auc: float, n_positive: int, n_negative: int) -> float:
    """Return the standard error of an AUC from its size and the numbers in both classes.

    Raises
    ------
    StatisticsError
        If the AUC is not between 0 and 1, or a class is empty.

    References
    ----------
    .. [1] Hanley JA, McNeil BJ. Radiology 1982;143:29-36.

    Examples
    --------
    >>> round(hanley_mcneil_error(0.73, 70, 10), 4)
    0.074
    """
    if not 0 <= auc <= 1:
        raise StatisticsError(f"an AUC lies between 0 and 1, this one is {auc:g}")
    if min(n_positive, n_negative) < 1:
        raise StatisticsError(f"classes of {n_positive} and {n_negative}", hint="both need one or more")
    one_positive, one_negative = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (n_positive - 1) * (one_positive - auc**2) + (n_negative - 1) * (one_negative - auc**2)
    return float(np.sqrt(variance / (n_positive * n_negative)))


def binormal_auc(mean: npt.ArrayLike, sd: npt.ArrayLike) -> float:
    """Return the AUC of two normal distributions, the one with the larger mean being positive.

    Raises
    ------
    StatisticsError
        If there are not two means and deviations, or the deviations are not positive.

    Examples
    --------
    >>> round(binormal_auc([81.73, 98.73], [12.6, 13.72]), 4)
    0.8193
    """
    means, deviations = as_measurements(mean, "mean", least=2), as_measurements(sd, "sd", least=2)
    if len(means) != 2 or len(deviations) != 2:
        raise StatisticsError(f"{len(means)} means and {len(deviations)} deviations, needs two of each")
    if (deviations < 0).any() or not deviations.any():
        raise StatisticsError("standard deviations have to be positive")
    return float(norm.cdf(abs(means[0] - means[1]) / np.hypot(*deviations)))


def correlation_p(r: float, n: int, method: Literal["t", "fisher_z", "kendall"] = "t") -> float:
    """Return the two-sided p of a printed correlation coefficient.

    Parameters
    ----------
    r
        Coefficient.
    n
        Pairs.
    method
        ``t`` with n - 2 degrees of freedom (Pearson, and the usual approximation for Spearman), ``fisher_z``, or the
        normal approximation for Kendall's tau without ties.

    Raises
    ------
    StatisticsError
        If r is not between -1 and 1, or there are too few pairs.

    Examples
    --------
    >>> round(correlation_p(0.5, 20), 4)
    0.0248
    """
    if not -1 <= r <= 1:
        raise StatisticsError(f"a correlation lies between -1 and 1, this one is {r:g}")
    if n < 4:
        raise StatisticsError(f"{n} pairs, needs 4 or more")
    if abs(r) == 1 and method != "kendall":
        return 0.0
    if method == "t":
        return float(2 * t.sf(abs(r) * np.sqrt((n - 2) / (1 - r * r)), n - 2))
    z = np.arctanh(abs(r)) * np.sqrt(n - 3)
    if method == "kendall":
        z = 3 * abs(r) * np.sqrt(n * (n - 1) / (2 * (2 * n + 5)))
    return float(2 * norm.sf(z))
