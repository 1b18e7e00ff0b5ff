"""Many tests at once: false discovery rate (Benjamini-Hochberg) and family-wise error (Holm).

A missing p-value is a test that was not made: it stays missing and does not count among the tests.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, as_floats


def benjamini_hochberg(p: npt.ArrayLike) -> Floats:
    """Return q-values: the false discovery rate at which each test would just be called (R's ``p.adjust``, "BH").

    Parameters
    ----------
    p
        p-values [0-1], NaN or NA where no test was made.

    Returns
    -------
    numpy.ndarray
        q-values [0-1], NaN where p is missing.

    Raises
    ------
    StatisticsError
        If a p-value is no number between 0 and 1.

    References
    ----------
    .. [1] Benjamini Y, Hochberg Y. J R Stat Soc B 1995;57:289-300. The step-up is SciPy's.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, None, 0.03])
    array([0.03, 0.04,  nan, 0.04])
    """
    q = _as_p_values(p)
    tested = ~np.isnan(q)
    if tested.any():
        q[tested] = false_discovery_control(q[tested], method="bh")
    return q


def holm(p: npt.ArrayLike) -> Floats:
    """Return Holm's adjusted p-values, which control the family-wise error (R's ``p.adjust``, "holm").

    Parameters
    ----------
    p
        p-values [0-1], NaN or NA where no test was made.

    Raises
    ------
    StatisticsError
        If a p-value is no number between 0 and 1.

    References
    ----------
    .. [1] Holm S. Scand J Stat 1979;6:65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, None, 0.03])
    array([0.03, 0.06,  nan, 0.06])
    """
    adjusted = _as_p_values(p)
    tested = np.flatnonzero(~np.isnan(adjusted))
    order = tested[np.argsort(adjusted[tested], kind="stable")]
    steps = adjusted[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def _as_p_values(p: npt.ArrayLike) -> Floats:
    values = as_floats(p, "p-values").ravel()
    if ((values < 0) | (values > 1)).any():
        raise StatisticsError(f"p-value {values[(values < 0) | (values > 1)][0]:g} is not between 0 and 1")
    return values
