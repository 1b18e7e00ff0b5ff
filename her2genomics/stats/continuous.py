"""Measurements compared by their ranks: two groups, or several.

Tumour mutational burden, Ki67 and ages are skewed and full of ties, so the tests work on ranks.  The two-group test is
Wilcoxon's rank-sum test (not his signed-rank test, which is for pairs), with the shift between the groups after Hodges
and Lehmann, the median of all pairwise differences, and the probability that a value of the first group is the larger
(AUC).  The rules are fixed beforehand and are R's: the exact distribution where both groups have fewer than 50 values
and no two values are equal, otherwise the normal approximation with tie and continuity correction.

p-values come from SciPy; what SciPy lacks is here: the shift with its interval, in memory that does not grow with the
product of the group sizes, and Dunn's pairwise tests after Kruskal and Wallis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import kruskal, mannwhitneyu, norm, rankdata

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, Integers, as_measurements, as_share
from her2genomics.stats.multiple_testing import holm

CONF_LEVEL = 0.95
# R's rule: the exact distribution is used below this group size.
EXACT_BELOW = 50
# Pairwise differences that are held at once.
PAIRS_AT_ONCE = 4_000_000
# Relative slack when a cumulated probability is compared with alpha / 2, as in R's qwilcox.
ROUNDING = 1e-12


@dataclass(frozen=True)
class RankSumResult:
    """Wilcoxon rank-sum test of two groups.

    Parameters
    ----------
    p_value
        Two-sided [0-1].
    statistic
        Mann-Whitney U of the first group (R's W): pairs in which its value is larger, ties counting 1/2.
    method
        ``exact`` or ``normal`` (with tie and continuity correction).
    shift, ci_low, ci_high
        Hodges-Lehmann shift, first minus second group, with its interval, in the unit of the values.
    auc
        U divided by the number of pairs [0-1].
    """

    p_value: float
    statistic: float
    method: str
    shift: float
    ci_low: float
    ci_high: float
    auc: float


@dataclass(frozen=True)
class KruskalResult:
    """Kruskal-Wallis test: tie-corrected H, its degrees of freedom, p from the chi-square distribution."""

    statistic: float
    df: int
    p_value: float


def rank_sum(x: npt.ArrayLike, y: npt.ArrayLike, *, conf_level: float = CONF_LEVEL) -> RankSumResult:
    """Compare two groups by Wilcoxon's rank-sum test.

    Parameters
    ----------
    x, y
        Values of both groups, without missing ones.
    conf_level
        Coverage of the interval of the shift.

    Raises
    ------
    StatisticsError
        If a group is empty, or a value is missing or infinite.

    Warnings
    --------
    With a handful of values no interval reaches the wanted coverage; then the widest possible one is returned, as R
    does.

    Notes
    -----
    `p_value` equals R's ``wilcox.test(x, y)``, and so do the exact shift and limits. With ties R solves for the shift
    by stepping through a discontinuous function; here it is the median of all pairwise differences, and the limits are
    the differences of the matching ranks, so that one of them may be exactly 0 though p is small. If all values are
    equal p is 1 and the shift 0 (R: not a number).

    References
    ----------
    .. [1] Hollander M, Wolfe DA, Chicken E. Nonparametric Statistical Methods, 3rd ed. 2014, chapter 4.

    Examples
    --------
    >>> result = rank_sum([2.75, 3.67, 9.2, 4.6], [1.8, 0.9, 3.7, 0.0, 2.1])
    >>> f"{result.p_value:.4f} ({result.method}), shift {result.shift:.2f}"
    '0.0635 (exact), shift 2.76'
    """
    a, b = as_measurements(x, "x"), as_measurements(y, "y")
    as_share(conf_level, "conf_level")
    pooled = np.concatenate([a, b])
    _, ties = np.unique(pooled, return_counts=True)
    exact = max(len(a), len(b)) < EXACT_BELOW and len(ties) == len(pooled)
    u = float(rankdata(pooled)[: len(a)].sum() - len(a) * (len(a) + 1) / 2)
    if len(ties) == 1:
        p = 1.0
    else:
        p = float(mannwhitneyu(a, b, method="exact" if exact else "asymptotic", use_continuity=True).pvalue)
    pairs = len(a) * len(b)
    rank = _exact_rank(len(a), len(b), conf_level) if exact else _normal_rank(len(a), len(b), ties, conf_level)
    rank = min(max(rank, 1), (pairs + 1) // 2)
    low, middle_low, middle_high, high = _pairwise_differences(
        a, b, np.array([rank, (pairs + 1) // 2, pairs // 2 + 1, pairs - rank + 1])
    )
    return RankSumResult(
        p_value=min(p, 1.0),
        statistic=u,
        method="exact" if exact else "normal",
        shift=float((middle_low + middle_high) / 2),
        ci_low=float(low),
        ci_high=float(high),
        auc=u / pairs,
    )


def rank_sum_ways(n_x: int, n_y: int) -> Floats:
    """Return the number of arrangements with U = 0, 1 ... ``n_x * n_y``, in floating point.

    It is the coefficient of the Gaussian binomial: a product of ``1 - q^(n_y + i)`` over ``1 - q^i``.

    Examples
    --------
    >>> rank_sum_ways(2, 2).tolist()
    [1.0, 1.0, 2.0, 1.0, 1.0]
    """
    ways = np.zeros(n_x * n_y // 2 + 1)
    ways[0] = 1.0
    for i in range(1, n_x + 1):
        ways[n_y + i :] -= ways[: -(n_y + i)].copy()
        for start in range(min(i, len(ways))):
            ways[start::i] = np.cumsum(ways[start::i])
    return np.concatenate([ways, ways[::-1][1 - (n_x * n_y) % 2 :]])


def _exact_rank(n_x: int, n_y: int, conf_level: float) -> int:
    """Return the smallest U whose cumulated probability reaches alpha / 2 (R's ``qwilcox``)."""
    cumulated = np.cumsum(rank_sum_ways(n_x, n_y)) / comb(n_x + n_y, n_x)
    return int(np.searchsorted(cumulated, (1 - conf_level) / 2 * (1 - ROUNDING)))


def _normal_rank(n_x: int, n_y: int, ties: Integers, conf_level: float) -> int:
    """Return the rank of the difference at which the corrected normal test stops rejecting."""
    n = n_x + n_y
    tie_term = float((ties.astype(float) ** 3 - ties).sum()) / max(n * (n - 1), 1)
    sd = np.sqrt(n_x * n_y / 12 * (n + 1 - tie_term))
    return int(np.ceil(n_x * n_y / 2 - 0.5 - float(norm.ppf((1 + conf_level) / 2)) * sd))


def _pairwise_differences(x: Floats, y: Floats, ranks: Integers) -> Floats:
    """Return the differences x - y of the given ranks (from 1), without forming all of them.

    Equal values are handled once, with multiplicity. Where that still leaves too many pairs, the interval that holds
    the wanted difference is halved until it holds few enough to list; a sorted search counts the pairs below a bound.
    """
    x_values, x_times = np.unique(x, return_counts=True)
    y_values, y_times = np.unique(y, return_counts=True)
    if len(x_values) * len(y_values) <= PAIRS_AT_ONCE:
        differences = np.subtract.outer(x_values, y_values).ravel()
        order = np.argsort(differences)
        cumulated = np.cumsum(np.multiply.outer(x_times, y_times).ravel()[order])
        chosen: Floats = differences[order][np.searchsorted(cumulated, ranks)]
        return chosen
    below_y = np.append(0, np.cumsum(y_times))
    return np.array([_ranked_difference(x_values, x_times, y_values, below_y, int(rank)) for rank in ranks])


def _ranked_difference(x: Floats, x_times: Integers, y: Floats, below_y: Integers, rank: int) -> float:
    """Return the difference of one rank; `below_y` holds how many values lie below each of the sorted `y`."""

    def first_within(bound: float) -> Integers:
        """Return per x the first y for which x - y is at most `bound`."""
        return np.searchsorted(y, x - bound, side="left")

    def n_within(first: Integers) -> int:
        return int((x_times * (below_y[-1] - below_y[first])).sum())

    low, high = x[0] - y[-1] - 1.0, x[-1] - y[0] + 1.0
    first_low, first_high = first_within(low), first_within(high)
    while int((first_low - first_high).sum()) > PAIRS_AT_ONCE:
        middle = low + (high - low) / 2
        if not low < middle < high:  # neighbouring floats: all that is left is one difference
            break
        first = first_within(middle)
        if n_within(first) >= rank:
            high, first_high = middle, first
        else:
            low, first_low = middle, first
    return _pick(x, x_times, y, below_y, first_high, first_low, rank - n_within(first_low))


def _pick(
    x: Floats, x_times: Integers, y: Floats, below_y: Integers, first: Integers, last: Integers, rank: int
) -> float:
    """Return the difference of one rank among those of each x with the y in its range [first, last)."""
    size = last - first
    i = np.repeat(np.arange(len(x)), size)
    j = np.arange(len(i)) + np.repeat(first - (np.cumsum(size) - size), size)
    differences = x[i] - y[j]
    order = np.argsort(differences)
    cumulated = np.cumsum((x_times[i] * np.diff(below_y)[j])[order])
    return float(differences[order][np.searchsorted(cumulated, rank)])


def kruskal_wallis(groups: Sequence[npt.ArrayLike] | Mapping[str, npt.ArrayLike]) -> KruskalResult:
    """Test whether several groups differ in location (`scipy.stats.kruskal`, equal to R's ``kruskal.test``).

    Parameters
    ----------
    groups
        Values of each group, without missing ones; two groups or more.

    Raises
    ------
    StatisticsError
        If there are fewer than two groups, one is empty, or a value is missing or infinite.

    Notes
    -----
    Chi-square approximation; not to be relied on with groups below 5 values. If all values are equal H is 0 and p is 1.

    Examples
    --------
    >>> round(kruskal_wallis([[1, 2, 3], [2, 4, 6], [7, 8, 9]]).p_value, 4)
    0.0439
    """
    values = list(_named_groups(groups).values())
    if len(np.unique(np.concatenate(values))) == 1:
        return KruskalResult(0.0, len(values) - 1, 1.0)
    statistic, p = kruskal(*values)
    return KruskalResult(float(statistic), len(values) - 1, float(p))


def dunn_holm(groups: Mapping[str, npt.ArrayLike]) -> pd.DataFrame:
    """Compare all pairs of groups after Kruskal and Wallis, by Dunn's tie-corrected test with Holm's adjustment.

    Parameters
    ----------
    groups
        Values of each named group, without missing ones.

    Returns
    -------
    pandas.DataFrame
        One row per pair: ``group_a``, ``group_b``, ``z`` (positive where the first group ranks higher), ``p_value``,
        ``p_holm``.

    Raises
    ------
    StatisticsError
        If there are fewer than two groups, one is empty, or a value is missing or infinite.

    References
    ----------
    .. [1] Dunn OJ. Technometrics 1964;6:241-252.

    Examples
    --------
    >>> dunn_holm({"zero": [1, 2, 3], "low": [2, 4, 6], "positive": [7, 8, 9]}).round(3)
      group_a   group_b      z  p_value  p_holm
    0    zero       low -0.898    0.369   0.369
    1    zero  positive  -2.47    0.014   0.041
    2     low  positive -1.572    0.116   0.232
    """
    named = _named_groups(groups)
    pooled = np.concatenate(list(named.values()))
    n = len(pooled)
    ranks = np.split(rankdata(pooled), np.cumsum([len(values) for values in named.values()])[:-1])
    _, ties = np.unique(pooled, return_counts=True)
    variance = n * (n + 1) / 12 - float((ties.astype(float) ** 3 - ties).sum()) / (12 * max(n - 1, 1))
    rows = []
    for (a, ranks_a), (b, ranks_b) in combinations(zip(named, ranks, strict=True), 2):
        scale = np.sqrt(variance * (1 / len(ranks_a) + 1 / len(ranks_b)))
        z = float((ranks_a.mean() - ranks_b.mean()) / scale) if len(ties) > 1 else 0.0
        rows.append((a, b, z, 2 * float(norm.sf(abs(z)))))
    table = pd.DataFrame(rows, columns=["group_a", "group_b", "z", "p_value"])
    table["p_holm"] = holm(table["p_value"])
    return table.astype(
        {"group_a": "string", "group_b": "string", "z": "Float64", "p_value": "Float64", "p_holm": "Float64"}
    )


def _named_groups(groups: Sequence[npt.ArrayLike] | Mapping[str, npt.ArrayLike]) -> dict[str, Floats]:
    items = groups.items() if isinstance(groups, Mapping) else ((f"group {i + 1}", g) for i, g in enumerate(groups))
    named = {str(name): as_measurements(values, str(name)) for name, values in items}
    if len(named) < 2:
        raise StatisticsError(f"{len(named)} group{'s' if len(named) != 1 else ''} to compare, needs 2 or more")
    return named
