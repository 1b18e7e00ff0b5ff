"""Agreement of readers, methods and tests on the same subjects: ICC, Bland-Altman, kappa, McNemar.

The intraclass correlations are Shrout and Fleiss's for a full table of subjects by readers: ``ICC(2,.)`` for readers
drawn from a population (absolute agreement), ``ICC(3,.)`` for these very readers (consistency); the second index says
whether one reading or the mean of all is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta, binom, binomtest, f, norm, pearsonr, t

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, as_counts, as_floats, as_measurements, as_share

CONF_LEVEL = 0.95
KappaWeights = Literal["none", "linear", "quadratic"]


def intraclass_correlation(ratings: npt.ArrayLike, *, conf_level: float = CONF_LEVEL) -> pd.DataFrame:
    """Return the intraclass correlations of a table of subjects by readers.

    Parameters
    ----------
    ratings
        Measurements, shape (subjects, readers), complete; two or more of each.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        ``icc`` (``ICC(2,1)``, ``ICC(3,1)``, ``ICC(2,k)``, ``ICC(3,k)``), ``meaning``, ``value``, ``ci_low``,
        ``ci_high``, ``n_subjects``, ``n_readers``. Values can be negative, which means no agreement.

    Raises
    ------
    StatisticsError
        If the table has fewer than two rows or columns, a value is missing, or nothing varies.

    Notes
    -----
    Equal to ``psych::ICC(lmer = FALSE)`` in R.

    References
    ----------
    .. [1] Shrout PE, Fleiss JL. Psychol Bull 1979;86:420-428.
    .. [2] McGraw KO, Wong SP. Psychol Methods 1996;1:30-46.

    Examples
    --------
    >>> ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> table = intraclass_correlation(ratings)
    >>> table[["icc", "value"]].round(2).values.tolist()
    [['ICC(2,1)', 0.29], ['ICC(3,1)', 0.71], ['ICC(2,k)', 0.62], ['ICC(3,k)', 0.91]]
    """
    as_share(conf_level, "conf_level")
    x = as_floats(ratings, "ratings")
    if x.ndim != 2 or min(x.shape) < 2:
        raise StatisticsError(f"ratings of shape {x.shape}: needs two subjects and two readers or more")
    if not np.isfinite(x).all():
        raise StatisticsError("ratings: a value is missing", hint="leave such subjects out and say how many")
    n, k = x.shape
    msr, msc, mse = _mean_squares(x)
    if msr + mse + msc == 0:
        raise StatisticsError("all ratings are equal: agreement is not defined")
    tail = (1 + conf_level) / 2
    single3, low3, high3 = _consistency(msr, mse, n, k, tail)
    single2, low2, high2 = _absolute(msr, msc, mse, n, k, tail)
    mean2 = (msr - mse) / (msr + (msc - mse) / n)
    rows = [
        ("ICC(2,1)", "absolute agreement of single readings", single2, low2, high2),
        ("ICC(3,1)", "consistency of single readings", single3, low3, high3),
        ("ICC(2,k)", "absolute agreement of the mean of all readers", mean2, _stepped(low2, k), _stepped(high2, k)),
        (
            "ICC(3,k)",
            "consistency of the mean of all readers",
            _stepped(single3, k),
            _stepped(low3, k),
            _stepped(high3, k),
        ),
    ]
    table = pd.DataFrame(rows, columns=["icc", "meaning", "value", "ci_low", "ci_high"])
    return table.assign(n_subjects=n, n_readers=k)


def _mean_squares(x: Floats) -> tuple[float, float, float]:
    """Return the mean squares of subjects, readers and error."""
    n, k = x.shape
    centre = x.mean()
    subjects, readers = x.mean(axis=1), x.mean(axis=0)
    ssr, ssc = k * ((subjects - centre) ** 2).sum(), n * ((readers - centre) ** 2).sum()
    error = ((x - subjects[:, None] - readers[None, :] + centre) ** 2).sum()
    return float(ssr / (n - 1)), float(ssc / (k - 1)), float(error / ((n - 1) * (k - 1)))


def _stepped(single: float, k: int) -> float:
    """Return the reliability of the mean of ``k`` readings (Spearman and Brown)."""
    return k * single / (1 + (k - 1) * single)


def _consistency(msr: float, mse: float, n: int, k: int, tail: float) -> tuple[float, float, float]:
    value = (msr - mse) / (msr + (k - 1) * mse)
    if mse == 0:
        return value, 1.0, 1.0
    ratio = msr / mse
    low = ratio / float(f.ppf(tail, n - 1, (n - 1) * (k - 1)))
    high = ratio * float(f.ppf(tail, (n - 1) * (k - 1), n - 1))
    return value, (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _absolute(msr: float, msc: float, mse: float, n: int, k: int, tail: float) -> tuple[float, float, float]:
    value = (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n)
    if value >= 1:
        return value, 1.0, 1.0
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    df = (a * msc + b * mse) ** 2 / ((a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1)))
    upper, lower = float(f.ppf(tail, n - 1, df)), float(f.ppf(tail, df, n - 1))
    rest = k * msc + (k * n - k - n) * mse
    low = n * (msr - upper * mse) / (upper * rest + n * msr)
    high = n * (lower * msr - mse) / (rest + n * lower * msr)
    return value, low, high


@dataclass(frozen=True)
class BlandAltman:
    """Difference of two methods: ``a - b`` in the unit of the values.

    Parameters
    ----------
    n
        Pairs.
    bias, bias_low, bias_high
        Mean difference with its interval.
    sd
        Standard deviation of the differences.
    lower, lower_low, lower_high, upper, upper_low, upper_high
        Limits of agreement (bias -/+ 1.96 sd) with their intervals.
    slope_p
        Whether the difference depends on the size of the measurement (correlation of difference and mean): if it does,
        one pair of limits does not describe all subjects. NaN where undefined.
    """

    n: int
    bias: float
    bias_low: float
    bias_high: float
    sd: float
    lower: float
    lower_low: float
    lower_high: float
    upper: float
    upper_low: float
    upper_high: float
    slope_p: float


def bland_altman(a: npt.ArrayLike, b: npt.ArrayLike, *, conf_level: float = CONF_LEVEL) -> BlandAltman:
    """Return bias and limits of agreement of two methods on the same subjects.

    Parameters
    ----------
    a, b
        Measurements in the same order, without missing ones; three or more.
    conf_level
        Coverage of the intervals (and of the limits themselves).

    Raises
    ------
    StatisticsError
        If there are fewer than three pairs, the lengths differ, or a value is missing.

    Notes
    -----
    The limits hold for differences that are about normal; their intervals are approximate and too short below some
    twenty pairs.

    References
    ----------
    .. [1] Bland JM, Altman DG. Stat Methods Med Res 1999;8:135-160.

    Examples
    --------
    >>> result = bland_altman([10.2, 11.5, 9.8, 12.1], [10.0, 11.9, 9.1, 11.8])
    >>> f"{result.bias:.2f} [{result.lower:.2f}, {result.upper:.2f}]"
    '0.20 [-0.69, 1.09]'
    """
    as_share(conf_level, "conf_level")
    x, y = as_measurements(a, "a", least=3), as_measurements(b, "b", least=3)
    if len(x) != len(y):
        raise StatisticsError(f"a has {len(x)} values, b has {len(y)}")
    difference, mean = x - y, (x + y) / 2
    n, bias, sd = len(x), float(difference.mean()), float(difference.std(ddof=1))
    z, quantile = float(norm.ppf((1 + conf_level) / 2)), float(t.ppf((1 + conf_level) / 2, len(x) - 1))
    reach, of_limit = quantile * sd / np.sqrt(n), quantile * sd * np.sqrt(1 / n + z**2 / (2 * (n - 1)))
    varies = np.ptp(difference) > 0 and np.ptp(mean) > 0
    return BlandAltman(
        n=n,
        bias=bias,
        bias_low=float(bias - reach),
        bias_high=float(bias + reach),
        sd=sd,
        lower=bias - z * sd,
        lower_low=float(bias - z * sd - of_limit),
        lower_high=float(bias - z * sd + of_limit),
        upper=bias + z * sd,
        upper_low=float(bias + z * sd - of_limit),
        upper_high=float(bias + z * sd + of_limit),
        slope_p=float(pearsonr(difference, mean).pvalue) if varies else float("nan"),
    )


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance of two raters, with its interval; NaN where undefined."""

    kappa: float
    ci_low: float
    ci_high: float
    agreement: float
    expected: float
    n: int


def cohen_kappa(table: npt.ArrayLike, weights: KappaWeights = "none", *, conf_level: float = CONF_LEVEL) -> Kappa:
    """Return Cohen's kappa of a square table of counts, weighted for ordered categories.

    Parameters
    ----------
    table
        Counts, shape (categories, categories), in the same order for both raters.
    weights
        ``none``, ``linear`` (1 - distance) or ``quadratic`` (1 - squared distance).
    conf_level
        Coverage of the interval.

    Raises
    ------
    StatisticsError
        If the table is not square, has no count, or the weights are not known.

    Warnings
    --------
    Kappa falls where one category is rare, whatever the raters do; read it with the plain agreement beside it.

    Notes
    -----
    Large-sample interval of Fleiss, Cohen and Everitt, cut at -1 and 1 (equal to R's ``vcd::Kappa``).

    References
    ----------
    .. [1] Fleiss JL, Cohen J, Everitt BS. Psychol Bull 1969;72:323-327.

    Examples
    --------
    >>> result = cohen_kappa([[20, 5], [10, 15]])
    >>> round(result.kappa, 3), round(result.agreement, 3)
    (0.4, 0.7)
    """
    as_share(conf_level, "conf_level")
    counts = as_counts(table, "table")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.shape[0] < 2:
        raise StatisticsError(f"kappa needs a square table of two categories or more, not {counts.shape}")
    n = int(counts.sum())
    if n == 0:
        raise StatisticsError("kappa of a table without a count")
    p, w = counts / n, _kappa_weights(len(counts), weights)
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float((w * p).sum()), float((w * np.outer(rows, columns)).sum())
    if expected >= 1:
        nan = float("nan")
        return Kappa(nan, nan, nan, observed, expected, n)
    kappa = (observed - expected) / (1 - expected)
    mean_row, mean_column = w @ columns, rows @ w
    inner = w - (mean_row[:, None] + mean_column[None, :]) * (1 - kappa)
    variance = float((p * inner**2).sum() - (kappa - expected * (1 - kappa)) ** 2)
    reach = float(norm.ppf((1 + conf_level) / 2)) * np.sqrt(max(variance, 0.0) / n) / (1 - expected)
    return Kappa(kappa, float(max(kappa - reach, -1.0)), float(min(kappa + reach, 1.0)), observed, expected, n)


def _kappa_weights(size: int, weights: KappaWeights) -> Floats:
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size))) / (size - 1)
    if weights == "none":
        return np.eye(size)
    if weights == "linear":
        return 1 - distance
    if weights == "quadratic":
        return 1 - distance**2
    raise StatisticsError(f"unknown kappa weights '{weights}'", hint="use none, linear or quadratic")


@dataclass(frozen=True)
class McNemar:
    """Two yes/no results of the same subjects.

    Parameters
    ----------
    both, only_a, only_b, neither
        Counts of positive results.
    difference, ci_low, ci_high
        Share positive by a less share positive by b, with Bonett and Price's interval.
    odds_ratio, odds_low, odds_high
        only_a / only_b with its exact interval; 0 and infinity occur.
    p_exact, p_mid
        Binomial test of the discordant pairs; the mid-p is less conservative.
    """

    both: int
    only_a: int
    only_b: int
    neither: int
    difference: float
    ci_low: float
    ci_high: float
    odds_ratio: float
    odds_low: float
    odds_high: float
    p_exact: float
    p_mid: float


def mcnemar(a: npt.ArrayLike, b: npt.ArrayLike, *, conf_level: float = CONF_LEVEL) -> McNemar:
    """Compare two yes/no results of the same subjects by McNemar's exact test.

    Parameters
    ----------
    a, b
        True (or 1) where positive, in the same order, without missing ones.
    conf_level
        Coverage of the intervals.

    Raises
    ------
    StatisticsError
        If the lengths differ, there is no pair, or a value is neither true nor false.

    References
    ----------
    .. [1] McNemar Q. Psychometrika 1947;12:153-157.
    .. [2] Bonett DG, Price RM. J Educ Behav Stat 2012;37:479-488.

    Examples
    --------
    >>> result = mcnemar([1, 1, 1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 1, 1, 0])
    >>> (result.only_a, result.only_b, round(result.p_exact, 4))
    (5, 1, 0.2188)
    """
    as_share(conf_level, "conf_level")
    x, y = as_measurements(a, "a"), as_measurements(b, "b")
    if len(x) != len(y):
        raise StatisticsError(f"a has {len(x)} values, b has {len(y)}")
    if not (np.isin(x, (0, 1)).all() and np.isin(y, (0, 1)).all()):
        raise StatisticsError("a value is neither true nor false (1 or 0)")
    both, neither = int((x * y).sum()), int(((1 - x) * (1 - y)).sum())
    only_a, only_b = int((x * (1 - y)).sum()), int(((1 - x) * y).sum())
    return mcnemar_counts(both, only_a, only_b, neither, conf_level=conf_level)


def mcnemar_counts(both: int, only_a: int, only_b: int, neither: int, *, conf_level: float = CONF_LEVEL) -> McNemar:
    """Return the same from the four counts.

    Examples
    --------
    >>> round(mcnemar_counts(20, 5, 1, 10).p_mid, 4)
    0.125
    """
    n, discordant = both + only_a + only_b + neither, only_a + only_b
    z, tail = float(norm.ppf((1 + conf_level) / 2)), (1 - conf_level) / 2
    p_a, p_b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    reach = z * np.sqrt((p_a + p_b - (p_a - p_b) ** 2) / (n + 2))
    exact = mid = 1.0
    low, high = 0.0, float("inf")
    if discordant:
        exact = float(binomtest(only_a, discordant).pvalue)
        mid = min(exact - _point(only_a, discordant), 1.0) if only_a != only_b else 1 - _point(only_a, discordant) / 2
        low = 0.0 if only_a == 0 else _odds(float(beta.ppf(tail, only_a, only_b + 1)))
        high = float("inf") if only_b == 0 else _odds(float(beta.ppf(1 - tail, only_a + 1, only_b)))
    ratio = only_a / only_b if only_b else (float("inf") if only_a else float("nan"))
    return McNemar(
        both, only_a, only_b, neither, (only_a - only_b) / n,
        float(max(p_a - p_b - reach, -1.0)), float(min(p_a - p_b + reach, 1.0)), ratio, low, high, exact, mid,
    )  # fmt: skip


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else float("inf")


def _point(count: int, n: int) -> float:
    return float(binom.pmf(count, n, 0.5))


def cross_table(
    a: Sequence[object] | pd.Series, b: Sequence[object] | pd.Series, levels: Sequence[str]
) -> pd.DataFrame:
    """Return the counts of two ratings of the same subjects, rows a, columns b, in the order of ``levels``.

    Subjects without one of the ratings are left out.

    Examples
    --------
    >>> cross_table(["0", "1+", "1+"], ["0", "0", "1+"], ["0", "1+"]).values.tolist()
    [[1, 0], [1, 1]]
    """
    first, second = (pd.Series(list(x), dtype="object").astype("string") for x in (a, b))
    index = {level: i for i, level in enumerate(levels)}
    i, j = first.map(index), second.map(index)
    counts = np.zeros((len(levels), len(levels)), dtype=np.int64)
    known = (i.notna() & j.notna()).to_numpy()
    np.add.at(counts, (i[known].to_numpy(dtype=int), j[known].to_numpy(dtype=int)), 1)
    return pd.DataFrame(counts, index=pd.Index(levels), columns=pd.Index(levels))
