"""Further tests of tables of counts, as papers and statistics packages print them beside Fisher's and Pearson's.

They are here to recompute what somebody printed (likelihood ratio and linear-by-linear association are lines of SPSS's
chi-square table); comparisons of our own use `contingency`, `exact_rxc` and `proportions`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2, chi2_contingency, hypergeom, norm, rankdata
from statsmodels.stats.contingency_tables import mcnemar

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.contingency import fisher_exact_2x2
from her2genomics.stats.continuous import kruskal_wallis, rank_sum_ways
from her2genomics.stats.inputs import Integers, as_counts


def likelihood_ratio_p(table: npt.ArrayLike) -> float:
    """Return p of the likelihood-ratio (G) test of an r x c table.

    Raises
    ------
    StatisticsError
        If the table has fewer than two filled rows or columns.

    Examples
    --------
    >>> round(likelihood_ratio_p([[77, 4, 9], [214, 10, 7]]), 4)
    0.0515
    """
    _, p, _, _ = chi2_contingency(_filled(table), correction=False, lambda_="log-likelihood")
    return float(p)


def linear_by_linear_p(table: npt.ArrayLike) -> float:
    """Return p of the linear-by-linear association of two ordered variables with scores 0, 1, 2 ... (Mantel 1963).

    The statistic is ``(n - 1) r**2``; with two rows or columns it is a trend test with the pooled variance over n - 1.

    Raises
    ------
    StatisticsError
        If the table has fewer than two filled rows or columns.

    Examples
    --------
    >>> round(linear_by_linear_p([[10, 20], [15, 15], [25, 5]]), 5)
    0.00011
    """
    counts = _filled(table).astype(float)
    n = counts.sum()
    row, column = np.arange(counts.shape[0], dtype=float), np.arange(counts.shape[1], dtype=float)
    row -= row @ counts.sum(axis=1) / n
    column -= column @ counts.sum(axis=0) / n
    scale = (row**2 @ counts.sum(axis=1)) * (column**2 @ counts.sum(axis=0))
    r_squared = float(row @ counts @ column) ** 2 / float(scale)
    return float(chi2.sf((n - 1) * r_squared, 1))


def fisher_one_sided_p(table: npt.ArrayLike) -> float:
    """Return the smaller of the two one-sided p-values of Fisher's exact test of a 2x2 table.

    Raises
    ------
    StatisticsError
        If the table is not 2x2.

    Examples
    --------
    >>> round(fisher_one_sided_p([[59, 31], [103, 99]]), 5)
    0.01404
    """
    (a, b), (c, d) = _two_by_two(table)
    law = hypergeom(a + b + c + d, a + c, a + b)
    return float(min(law.cdf(a), law.sf(a - 1), 1.0))


def fisher_mid_p(table: npt.ArrayLike) -> float:
    """Return the two-sided mid-p of Fisher's exact test: half the probability of the observed table is left out.

    Raises
    ------
    StatisticsError
        If the table is not 2x2.

    References
    ----------
    .. [1] Lancaster HO. J Am Stat Assoc 1961;56:223-234.

    Examples
    --------
    >>> round(fisher_mid_p([[59, 31], [103, 99]]), 4)
    0.0187
    """
    (a, b), (c, d) = _two_by_two(table)
    observed = float(hypergeom.pmf(a, a + b + c + d, a + c, a + b))
    return fisher_exact_2x2(a, b, c, d).p_value - observed / 2


def mcnemar_p(table: npt.ArrayLike, method: Literal["exact", "asymptotic", "corrected"] = "exact") -> float:
    """Return p of McNemar's test of paired yes/no results (`statsmodels.stats.contingency_tables.mcnemar`).

    Parameters
    ----------
    table
        2x2: rows the first, columns the second result of the same patients.
    method
        Binomial, chi-square, or chi-square with Edwards's continuity correction.

    Raises
    ------
    StatisticsError
        If the table is not 2x2.

    Examples
    --------
    >>> mcnemar_p([[20, 1], [8, 15]])
    0.0390625
    """
    counts = _two_by_two(table)
    if counts[0, 1] == counts[1, 0]:
        return 1.0
    return float(mcnemar(counts, exact=method == "exact", correction=method == "corrected").pvalue)


def ordered_rank_p(table: npt.ArrayLike) -> float:
    """Return p of the Kruskal-Wallis test of an ordered variable (columns) between groups (rows).

    With two rows it is the rank-sum test, asymptotic, with tie correction and without continuity correction.

    Raises
    ------
    StatisticsError
        If the table has fewer than two filled rows or columns.

    Examples
    --------
    >>> round(ordered_rank_p([[10, 20, 5], [15, 15, 20]]), 4)
    0.1532
    """
    counts = _filled(table)
    return kruskal_wallis([np.repeat(np.arange(counts.shape[1]), row) for row in counts]).p_value


def rank_sum_p_from_u(
    u: float, n_a: int, n_b: int, method: Literal["exact", "asymptotic", "corrected"] = "exact"
) -> float:
    """Return the two-sided p of the rank-sum test from a printed Mann-Whitney U, without ties.

    Parameters
    ----------
    u
        U of either group.
    n_a, n_b
        Group sizes.
    method
        ``exact``; ``asymptotic`` (SPSS's "Asymp. Sig."), or ``corrected`` for continuity (R's normal approximation).

    Raises
    ------
    StatisticsError
        If a group is empty, or U does not lie between 0 and ``n_a * n_b``.

    Examples
    --------
    >>> [round(rank_sum_p_from_u(5, 6, 3, m), 4) for m in ("exact", "asymptotic", "corrected")]
    [0.381, 0.3017, 0.3662]
    """
    pairs = n_a * n_b
    if min(n_a, n_b) < 1:
        raise StatisticsError(f"groups of {n_a} and {n_b} values", hint="both need one or more")
    if not 0 <= u <= pairs:
        raise StatisticsError(f"U is {u:g}, has to lie between 0 and {n_a} x {n_b} = {pairs}")
    smaller = min(u, pairs - u)
    if method == "exact":
        ways = rank_sum_ways(n_a, n_b)
        return float(min(1.0, 2 * ways[: int(np.floor(smaller)) + 1].sum() / ways.sum()))
    distance = max(pairs / 2 - smaller - (0.5 if method == "corrected" else 0.0), 0.0)
    return float(min(1.0, 2 * norm.sf(distance / np.sqrt(pairs * (n_a + n_b + 1) / 12))))


def signed_rank_p_from_w(w: float, n: int, method: Literal["exact", "asymptotic", "corrected"] = "exact") -> float:
    """Return the two-sided p of the signed-rank test from a printed W (sum of the ranks of either sign), without ties.

    Raises
    ------
    StatisticsError
        If there is no pair, or W does not lie between 0 and ``n (n + 1) / 2``.

    Examples
    --------
    All of six differences have one sign:

    >>> signed_rank_p_from_w(0, 6)
    0.03125
    """
    most = n * (n + 1) // 2
    if n < 1 or not 0 <= w <= most:
        raise StatisticsError(f"W is {w:g} of {n} pairs, has to lie between 0 and {most}")
    smaller = min(w, most - w)
    if method == "exact":
        ways = np.zeros(most + 1)
        ways[0] = 1.0
        for rank in range(1, n + 1):
            ways[rank:] += ways[: most + 1 - rank].copy()
        return float(min(1.0, 2 * ways[: int(np.floor(smaller)) + 1].sum() / ways.sum()))
    distance = max(most / 2 - smaller - (0.5 if method == "corrected" else 0.0), 0.0)
    return float(min(1.0, 2 * norm.sf(distance / np.sqrt(n * (n + 1) * (2 * n + 1) / 24))))


def signed_rank_sum(differences: npt.ArrayLike) -> tuple[float, int]:
    """Return the sum of the ranks of positive differences, and the number of differences that are not 0.

    Examples
    --------
    >>> signed_rank_sum([1.5, -0.5, 2.0, 0.0])
    (5.0, 3)
    """
    values = np.asarray(differences, dtype=float)
    values = values[values != 0]
    return float(rankdata(np.abs(values))[values > 0].sum()), len(values)


def _filled(table: npt.ArrayLike) -> Integers:
    counts: Integers = as_counts(table, "table")
    if counts.ndim != 2:
        raise StatisticsError(f"an r x c table has two dimensions, this one has {counts.ndim}")
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        raise StatisticsError("the table has fewer than two filled rows or columns: there is nothing to compare")
    return counts


def _two_by_two(table: npt.ArrayLike) -> Integers:
    counts: Integers = as_counts(table, "table")
    if counts.shape != (2, 2):
        raise StatisticsError(f"the test is for 2x2 tables, this one is {' x '.join(map(str, counts.shape))}")
    return counts
