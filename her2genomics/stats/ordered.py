"""Measurements along ordered groups: Jonckheere and Terpstra's test, and Spearman's rank correlation with its interval.

IHC 0 < 1+ < 2+ < 3+ and HER2-zero < low < positive are ordered; a test that knows the order has more power against a
steady rise or fall than Kruskal and Wallis's, and none against a hump.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, spearmanr

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.continuous import CONF_LEVEL, EXACT_BELOW, rank_sum_ways
from her2genomics.stats.inputs import Floats, as_measurements, as_share


@dataclass(frozen=True)
class JonckheereResult:
    """Jonckheere-Terpstra test of ordered groups.

    Parameters
    ----------
    statistic
        Pairs of values from different groups in which the later group has the larger one, ties counting 1/2.
    p_value
        Two-sided [0-1].
    method
        ``exact`` or ``normal`` (variance corrected for ties, no continuity correction).
    """

    statistic: float
    p_value: float
    method: str


@dataclass(frozen=True)
class SpearmanResult:
    """Spearman's rho with its interval and the p of Student's t approximation."""

    rho: float
    ci_low: float
    ci_high: float
    p_value: float


def jonckheere(groups: Sequence[npt.ArrayLike]) -> JonckheereResult:
    """Test whether values rise or fall along ordered groups.

    Parameters
    ----------
    groups
        Values of each group, in order, without missing ones; two groups or more.

    Raises
    ------
    StatisticsError
        If there are fewer than two groups, one is empty, or a value is missing or infinite.

    Notes
    -----
    The rule is that of `continuous.rank_sum`: exact where every group has fewer than 50 values and no two values are
    equal, else the normal approximation. If all values are equal p is 1.

    References
    ----------
    .. [1] Jonckheere AR. Biometrika 1954;41:133-145.
    .. [2] Hollander M, Wolfe DA, Chicken E. Nonparametric Statistical Methods, 3rd ed. 2014, section 6.2.

    Examples
    --------
    >>> result = jonckheere([[40, 35, 38], [38.5, 42, 45], [41, 44, 47]])
    >>> f"J = {result.statistic:g}, p = {result.p_value:.4f} ({result.method})"
    'J = 23, p = 0.0417 (exact)'
    """
    values = [as_measurements(group, f"group {i + 1}") for i, group in enumerate(groups)]
    if len(values) < 2:
        raise StatisticsError(f"{len(values)} group{'s' if len(values) != 1 else ''} to compare, needs 2 or more")
    statistic = sum(_u(np.concatenate(values[:i]), values[i]) for i in range(1, len(values)))
    sizes = np.array([len(group) for group in values])
    _, ties = np.unique(np.concatenate(values), return_counts=True)
    if len(ties) == 1:
        return JonckheereResult(statistic, 1.0, "normal")
    if (ties == 1).all() and sizes.max() < EXACT_BELOW:
        return JonckheereResult(statistic, _exact_p(statistic, sizes), "exact")
    return JonckheereResult(statistic, _normal_p(statistic, sizes, ties), "normal")


def _u(earlier: Floats, later: Floats) -> float:
    ordered = np.sort(earlier)
    below, upto = (np.searchsorted(ordered, later, side=side) for side in ("left", "right"))
    return float((below + upto).sum() / 2)


def _exact_p(statistic: float, sizes: npt.NDArray[np.int64]) -> float:
    """Return twice the smaller tail: the statistic is a sum of independent Mann-Whitney counts."""
    shares = np.ones(1)
    for i in range(1, len(sizes)):
        ways = rank_sum_ways(int(sizes[:i].sum()), int(sizes[i]))
        shares = np.convolve(shares, ways / ways.sum())
    j = round(statistic)
    return min(2 * float(min(shares[: j + 1].sum(), shares[j:].sum())), 1.0)


def _normal_p(statistic: float, sizes: npt.NDArray[np.int64], ties: npt.NDArray[np.int64]) -> float:
    n, m, t = float(sizes.sum()), sizes.astype(float), ties.astype(float)
    expected = (n**2 - (m**2).sum()) / 4

    def first(x: Floats) -> float:
        return float((x * (x - 1) * (2 * x + 5)).sum())

    def second(x: Floats) -> float:
        return float((x * (x - 1) * (x - 2)).sum())

    def third(x: Floats) -> float:
        return float((x * (x - 1)).sum())

    total = np.array([n])
    variance = (first(total) - first(m) - first(t)) / 72
    if n > 2:
        variance += second(m) * second(t) / (36 * second(total))
    variance += third(m) * third(t) / (8 * third(total))
    return float(2 * norm.sf(abs(statistic - expected) / np.sqrt(variance)))


def spearman(x: npt.ArrayLike, y: npt.ArrayLike, *, conf_level: float = CONF_LEVEL) -> SpearmanResult:
    """Return Spearman's rho of two measurements (`scipy.stats.spearmanr`) with its interval.

    Parameters
    ----------
    x, y
        Paired values without missing ones.
    conf_level
        Coverage of the interval.

    Raises
    ------
    StatisticsError
        If lengths differ, or a value is missing or infinite.

    Notes
    -----
    Interval on Fisher's z scale with the variance of Bonett and Wright [1]_. Undefined (NaN) where one of the two does
    not vary or there are fewer than four pairs.

    References
    ----------
    .. [1] Bonett DG, Wright TA. Psychometrika 2000;65:23-28.

    Examples
    --------
    >>> result = spearman([0, 0, 1, 1, 2, 2, 3, 3], [5, 1, 4, 6, 3, 8, 7, 9])
    >>> f"{result.rho:.3f} ({result.ci_low:.3f} to {result.ci_high:.3f}), p = {result.p_value:.3f}"
    '0.683 (-0.138 to 0.948), p = 0.062'
    """
    z = float(norm.ppf((1 + as_share(conf_level, "conf_level")) / 2))
    a, b = as_measurements(x, "x"), as_measurements(y, "y")
    if len(a) != len(b):
        raise StatisticsError(f"{len(a)} values against {len(b)}")
    if len(a) < 4 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return SpearmanResult(np.nan, np.nan, np.nan, np.nan)
    rho, p = (float(v) for v in spearmanr(a, b))
    if abs(rho) >= 1:
        return SpearmanResult(rho, rho, rho, p)
    reach = z * np.sqrt((1 + rho**2 / 2) / (len(a) - 3))
    return SpearmanResult(rho, float(np.tanh(np.arctanh(rho) - reach)), float(np.tanh(np.arctanh(rho) + reach)), p)
