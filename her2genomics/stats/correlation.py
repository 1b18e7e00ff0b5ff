"""Correlation of two measurements, with intervals: Pearson, Spearman, Kendall.

p-values are SciPy's.  The intervals are on Fisher's z scale: exact theory for Pearson under normality, Bonett and
Wright's standard error for Spearman, Fieller's for Kendall.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau, norm, pearsonr, spearmanr

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import as_measurements, as_share

CONF_LEVEL = 0.95
CorrelationMethod = Literal["spearman", "kendall", "pearson"]
METHODS: tuple[CorrelationMethod, ...] = ("spearman", "kendall", "pearson")


@dataclass(frozen=True)
class CorrelationResult:
    """Correlation coefficient [-1, 1] with its interval (NaN where undefined), two-sided p, and number of pairs."""

    method: str
    coefficient: float
    ci_low: float
    ci_high: float
    p_value: float
    n: int


def correlate(
    x: npt.ArrayLike, y: npt.ArrayLike, method: CorrelationMethod = "spearman", *, conf_level: float = CONF_LEVEL
) -> CorrelationResult:
    """Correlate two measurements of the same samples.

    Parameters
    ----------
    x, y
        Values in the same order, without missing ones; three pairs or more.
    method
        ``spearman`` (ranks; t approximation), ``kendall`` (tau-b; exact without ties in small samples) or
        ``pearson``.
    conf_level
        Coverage of the interval.

    Raises
    ------
    StatisticsError
        If there are fewer than three pairs, the lengths differ, a value is missing, or one side is constant.

    Warnings
    --------
    A time to an event that has not happened in every sample is no measurement: use Cox regression.

    Notes
    -----
    Equal to R's ``cor.test`` (``exact = FALSE`` for Spearman). With four pairs or fewer (three for Pearson) the
    interval is NaN, and with a coefficient of 1 or -1 it is that point.

    References
    ----------
    .. [1] Bonett DG, Wright TA. Psychometrika 2000;65:23-28.
    .. [2] Fieller EC, Hartley HO, Pearson ES. Biometrika 1957;44:470-481.

    Examples
    --------
    >>> result = correlate([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 7, 5])
    >>> f"{result.coefficient:.3f}, p = {result.p_value:.3f}"
    '0.829, p = 0.042'
    """
    as_share(conf_level, "conf_level")
    if method not in METHODS:
        raise StatisticsError(f"unknown correlation '{method}'", hint=f"use one of: {', '.join(METHODS)}")
    a, b = as_measurements(x, "x", least=3), as_measurements(y, "y", least=3)
    if len(a) != len(b):
        raise StatisticsError(f"x has {len(a)} values, y has {len(b)}")
    for name, values in (("x", a), ("y", b)):
        if values.min() == values.max():
            raise StatisticsError(f"{name} is constant: no correlation with it")
    function = {"spearman": spearmanr, "kendall": kendalltau, "pearson": pearsonr}[method]
    found = function(a, b)
    value = float(np.clip(found.statistic, -1, 1))
    low, high = _interval(value, len(a), method, conf_level)
    return CorrelationResult(method, value, low, high, float(found.pvalue), len(a))


def _interval(value: float, n: int, method: CorrelationMethod, conf_level: float) -> tuple[float, float]:
    if n <= (3 if method == "pearson" else 4):
        return float("nan"), float("nan")
    if abs(value) == 1:
        return value, value
    variance = {
        "pearson": 1 / (n - 3),
        "spearman": (1 + value**2 / 2) / (n - 3),
        "kendall": 0.437 / (n - 4),
    }[method]
    reach = float(norm.ppf((1 + conf_level) / 2)) * np.sqrt(variance)
    middle = np.arctanh(value)
    return float(np.tanh(middle - reach)), float(np.tanh(middle + reach))
