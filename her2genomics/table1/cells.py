"""How a number stands in a cell."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
NumberStyle = Literal["median-iqr", "median-range", "mean-sd"]
NUMBER_STYLES: dict[NumberStyle, str] = {
    "median-iqr": "median [IQR]",
    "median-range": "median [range]",
    "mean-sd": "mean (SD)",
}
MOST_DECIMALS = 2
NO_VALUE = "-"
SMALLEST_P = 0.001


def count_cell(n: int, total: int) -> str:
    """Return a count with its percentage of the known.

    Examples
    --------
    >>> count_cell(46, 90), count_cell(0, 0)
    ('46 (51.1)', '0')
    """
    return f"{n} ({rounded(100 * n / total, 1)})" if total else str(n)


def rounded(value: float, decimals: int) -> str:
    """Return a number with so many decimals, a half going away from zero as readers expect.

    Examples
    --------
    >>> rounded(6.25, 1), rounded(-0.5, 0), f"{6.25:.1f}"
    ('6.3', '-1', '6.2')
    """
    nudged = value + np.copysign(1e-9 * max(abs(value), 1e-3), value) if value else 0.0
    return f"{nudged:.{decimals}f}"


def number_cell(values: Floats, style: NumberStyle, decimals: int) -> str:
    """Return the summary of a group's values; `decimals` are those of the data.

    Examples
    --------
    >>> number_cell(np.array([1.0, 2.0, 4.0, 9.0]), "median-iqr", 0)
    '3 [1.8, 5.3]'
    >>> number_cell(np.array([1.0, 2.0, 4.0, 9.0]), "mean-sd", 0)
    '4.0 (3.6)'
    """
    if not len(values):
        return NO_VALUE
    if style == "mean-sd":
        spread = rounded(float(values.std(ddof=1)), decimals + 1) if len(values) > 1 else NO_VALUE
        return f"{rounded(float(values.mean()), decimals + 1)} ({spread})"
    ends = (25, 75) if style == "median-iqr" else (0, 100)
    low, middle, high = (_value(float(x), decimals) for x in np.percentile(values, [ends[0], 50, ends[1]]))
    return f"{middle} [{low}, {high}]"


def _value(value: float, decimals: int) -> str:
    """Return a value with the decimals of the data, and one more where it lies between two of them."""
    between = abs(value - round(value, decimals)) > 1e-9 and decimals < MOST_DECIMALS
    return rounded(value, decimals + between)


def decimals_of(values: Floats) -> int:
    """Return the decimals that the data have, 2 at most.

    Examples
    --------
    >>> decimals_of(np.array([1.0, 48.0])), decimals_of(np.array([1.5, 2.0])), decimals_of(np.array([3.66972]))
    (0, 1, 2)
    """
    for decimals in range(MOST_DECIMALS):
        if np.allclose(values, np.round(values, decimals), rtol=0, atol=1e-9):
            return decimals
    return MOST_DECIMALS


def p_cell(p: float | None) -> str:
    """Return a p-value as journals print it.

    Examples
    --------
    >>> [p_cell(p) for p in (0.00002, 0.0428, 0.9996, None)]
    ['<0.001', '0.043', '>0.999', '']
    """
    if p is None or pd.isna(p):
        return ""
    if p < SMALLEST_P:
        return f"<{SMALLEST_P:g}"
    return f"{p:.3f}" if p < 1 - SMALLEST_P / 2 else ">0.999"


def difference_cell(value: float | None) -> str:
    """Return a standardised difference.

    Examples
    --------
    >>> [difference_cell(x) for x in (0.2857, float("inf"), None)]
    ['0.29', 'inf', '']
    """
    if value is None or pd.isna(value):
        return ""
    return f"{value:.2f}" if np.isfinite(value) else "inf"
