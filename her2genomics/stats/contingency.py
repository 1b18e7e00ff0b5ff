"""Tables of counts: Fisher's exact test of 2x2 tables, one or thousands, and Pearson's chi-square.

Fisher's test conditions on both margins.  Two-sided p is the probability of all tables that are not more probable than
the observed one; the odds ratio is the conditional maximum-likelihood estimate with the exact (Clopper-Pearson type)
interval.  All three follow R's ``fisher.test``.  Beside it stands the sample odds ratio, which is what papers print.

`fisher_exact_2x2` is the readable reference for one table and works on the whole support; `fisher_many` does the same
for whole columns of counts.  Larger tables: `exact_rxc`; tables in strata: `stratified`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import logsumexp
from scipy.stats import chi2, chi2_contingency

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.conditional import conditional_odds_ratios
from her2genomics.stats.hypergeometric import RELATIVE_TOLERANCE, two_sided_p
from her2genomics.stats.inputs import Floats, as_altered_and_total, as_counts, as_share

# Below this expected count the chi-square distribution is no good approximation (Cochran 1954).
LEAST_EXPECTED = 5.0
CONF_LEVEL = 0.95


@dataclass(frozen=True)
class FisherResult:
    """Fisher's exact test of one 2x2 table.

    Parameters
    ----------
    p_value
        Two-sided [0-1]; NaN where a row is empty.
    odds_ratio
        Conditional maximum-likelihood estimate, 0 or infinite where a cell that can be 0 is 0; NaN where the margins
        allow one table only.
    ci_low, ci_high
        Exact interval.
    sample_odds_ratio
        ``a d / (b c)``, with 1/2 added to each cell where one of them is 0 (Haldane 1956); NaN where the margins allow
        one table only.
    """

    p_value: float
    odds_ratio: float
    ci_low: float
    ci_high: float
    sample_odds_ratio: float


@dataclass(frozen=True)
class ChiSquareResult:
    """Pearson's chi-square test of a table of counts.

    Parameters
    ----------
    statistic, df, p_value
        The test; statistic 0, df 0 and p 1 for a table with a single non-empty row or column.
    min_expected
        Smallest expected count.
    valid
        Whether `min_expected` is at least 5. The caller warns or takes the exact test.
    """

    statistic: float
    df: int
    p_value: float
    min_expected: float
    valid: bool


def fisher_exact_2x2(a: int, b: int, c: int, d: int, *, conf_level: float = CONF_LEVEL) -> FisherResult:
    """Test one 2x2 table ``[[a, b], [c, d]]``, rows being groups and columns altered / not altered.

    Parameters
    ----------
    a, b, c, d
        Counts.
    conf_level
        Coverage of the interval.

    Raises
    ------
    StatisticsError
        If a count is negative, missing or not whole, or `conf_level` is not between 0 and 1.

    References
    ----------
    .. [1] Agresti A. Categorical Data Analysis, 3rd ed. 2013, sections 3.5 and 16.6.

    Examples
    --------
    TP53 in HER2-zero (46 of 90) against HER2-positive tumours (166 of 202):

    >>> result = fisher_exact_2x2(46, 44, 166, 36)
    >>> f"{result.p_value:.3g}, odds ratio {result.odds_ratio:.3f} ({result.ci_low:.3f}-{result.ci_high:.3f})"
    '9.36e-08, odds ratio 0.228 (0.126-0.407)'
    """
    a, b, c, d = (int(x) for x in as_counts([a, b, c, d], "table"))
    half_alpha = (1 - as_share(conf_level, "conf_level")) / 2
    x, log_weight = _support(a, b, c, d)
    weight = np.exp(log_weight - log_weight.max())
    rare = weight <= weight[x == a] * (1 + RELATIVE_TOLERANCE)
    p = weight[rare].sum() / weight.sum() if a + b and c + d else np.nan

    def expected(log_odds: float) -> float:
        return float(x @ _distribution(x, log_weight, log_odds)) - a

    def from_above(log_odds: float) -> float:
        return float(_distribution(x, log_weight, log_odds)[x >= a].sum()) - half_alpha

    def from_below(log_odds: float) -> float:
        return half_alpha - float(_distribution(x, log_weight, log_odds)[x <= a].sum())

    odds_ratio = np.nan if len(x) == 1 else 0.0 if a == x[0] else np.inf if a == x[-1] else _root(expected)
    return FisherResult(
        p_value=float(p),
        odds_ratio=odds_ratio,
        ci_low=0.0 if a == x[0] else _root(from_above),
        ci_high=np.inf if a == x[-1] else _root(from_below),
        sample_odds_ratio=float(_sample_odds_ratio(*(np.array(float(n)) for n in (a, b, c, d)))),
    )


def _support(a: int, b: int, c: int, d: int) -> tuple[Floats, Floats]:
    """Return all values that the first cell can take with these margins, and their log weights."""
    x = np.arange(max(0, a - d), min(a + b, a + c) + 1, dtype=float)
    y = x[:-1]
    ratio = (a + b - y) * (a + c - y) / ((y + 1) * (d - a + y + 1))
    return x, np.append(0.0, np.cumsum(np.log(ratio)))


def _distribution(x: Floats, log_weight: Floats, log_odds: float) -> Floats:
    tilted = log_weight + log_odds * x
    distribution: Floats = np.exp(tilted - logsumexp(tilted))
    return distribution


def _root(increasing: Callable[[float], float]) -> float:
    """Return the odds ratio at which a function of its logarithm crosses zero."""
    low, high = -1.0, 1.0
    while increasing(low) > 0:
        low *= 2
    while increasing(high) < 0:
        high *= 2
    return float(np.exp(brentq(increasing, low, high, xtol=1e-13, rtol=1e-14)))


def _sample_odds_ratio(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    half = 0.5 * ((a == 0) | (b == 0) | (c == 0) | (d == 0))
    ratio = (a + half) * (d + half) / ((b + half) * (c + half))
    return np.where((a + b) * (c + d) * (a + c) * (b + d) > 0, ratio, np.nan)


def fisher_many(
    altered_a: npt.ArrayLike,
    n_a: npt.ArrayLike,
    altered_b: npt.ArrayLike,
    n_b: npt.ArrayLike,
    *,
    conf_level: float = CONF_LEVEL,
) -> pd.DataFrame:
    """Test many 2x2 tables at once, one per feature.

    Parameters
    ----------
    altered_a, n_a
        Altered and all (profiled) samples of the first group, shape (features,) or scalar.
    altered_b, n_b
        The same of the second group.
    conf_level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row per feature, with `altered_a`'s index where it is a Series: ``p_value``, ``odds_ratio`` (of the first
        relative to the second group), ``ci_low``, ``ci_high``, ``sample_odds_ratio``, as in `FisherResult`. All are
        missing where a group is empty; the odds ratios are also missing where all or none are altered.

    Raises
    ------
    StatisticsError
        If a count is negative, missing or not whole, more samples are altered than there are, or the shapes differ.

    Notes
    -----
    Memory does not grow with the size of the groups, and time with its square root.

    Examples
    --------
    >>> fisher_many([46, 33], 90, [74, 117], 231)[["p_value", "odds_ratio"]].round(4)
       p_value  odds_ratio
    0    0.002      2.2123
    1   0.0255      0.5651
    """
    as_share(conf_level, "conf_level")
    a, total_a = as_altered_and_total(altered_a, n_a, "a")
    b, total_b = as_altered_and_total(altered_b, n_b, "b")
    try:
        a, total_a, b, total_b = (np.atleast_1d(x) for x in np.broadcast_arrays(a, total_a, b, total_b))
    except ValueError:
        raise StatisticsError(f"counts of the two groups differ in shape: {a.shape} and {b.shape}") from None
    if a.ndim != 1:
        raise StatisticsError(f"counts are one-dimensional, one per feature; these have {a.ndim} dimensions")
    columns = ["p_value", "odds_ratio", "ci_low", "ci_high", "sample_odds_ratio"]
    result = np.full((len(columns), len(a)), np.nan)
    tested = (total_a > 0) & (total_b > 0)
    a, total_a, b, total_b = a[tested], total_a[tested], b[tested], total_b[tested]
    result[0, tested] = two_sided_p(a, total_a, b, total_b)
    result[1:4, tested] = conditional_odds_ratios(a, total_a, b, total_b, conf_level)
    result[4, tested] = _sample_odds_ratio(*(x.astype(float) for x in (a, total_a - a, b, total_b - b)))
    index = altered_a.index if isinstance(altered_a, pd.Series) else None
    return pd.DataFrame(dict(zip(columns, result, strict=True)), index=index).astype("Float64")


def chi_square(table: npt.ArrayLike, *, correction: bool = False) -> ChiSquareResult:
    """Test an r x c table by Pearson's chi-square (`scipy.stats.chi2_contingency`).

    Parameters
    ----------
    table
        Counts, shape (r, c). Rows and columns without any count are dropped.
    correction
        Yates's continuity correction; applies to 2x2 tables only.

    Raises
    ------
    StatisticsError
        If the table has not two dimensions, is all zero, or a count is negative, missing or not whole.

    Examples
    --------
    >>> round(chi_square([[24, 24], [14, 28], [13, 11]]).p_value, 5)
    0.16446
    """
    counts = as_counts(table, "table")
    if counts.ndim != 2:
        raise StatisticsError(f"an r x c table has two dimensions, this one has {counts.ndim}")
    if not counts.any():
        raise StatisticsError("the table of counts is all zero")
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    statistic, p, df, expected = chi2_contingency(counts, correction=correction)
    least = float(expected.min())
    return ChiSquareResult(float(statistic), int(df), float(p), least, least >= LEAST_EXPECTED)


def chi_square_many(altered: npt.ArrayLike, n: npt.ArrayLike) -> pd.DataFrame:
    """Test many 2 x k tables by Pearson's chi-square, without correction.

    Parameters
    ----------
    altered, n
        Altered and all samples of each group, shape (features, groups); `n` may have shape (groups,).

    Returns
    -------
    pandas.DataFrame
        ``p_value`` and ``min_expected``, missing where a group is empty or all or none are altered.

    Raises
    ------
    StatisticsError
        If counts are unsuitable.

    Examples
    --------
    >>> chi_square_many([[46, 74]], [90, 231]).round(6)
        p_value  min_expected
    0  0.001508      33.64486
    """
    some, total = (np.atleast_2d(x).astype(float) for x in as_altered_and_total(altered, n, "groups"))
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (some.sum(axis=1) / total.sum(axis=1))[:, None]
        statistic = ((some - total * pooled) ** 2 / (total * pooled * (1 - pooled))).sum(axis=1)
        expected = (total * np.minimum(pooled, 1 - pooled)).min(axis=1)
    undefined = ~(np.isfinite(statistic) & (total > 0).all(axis=1))
    p = np.where(undefined, np.nan, chi2.sf(statistic, total.shape[1] - 1))
    return pd.DataFrame({"p_value": p, "min_expected": np.where(undefined, np.nan, expected)}).astype("Float64")
