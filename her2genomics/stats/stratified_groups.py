"""A proportion in several groups within strata: any difference (generalised Cochran-Mantel-Haenszel), or a trend.

Both tests come from the same sums over strata: how many altered samples each group has more than expected, and the
covariance of these numbers given the margins of each stratum.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, as_altered_and_total, as_measurements


def stratified_groups_many(
    altered: npt.ArrayLike, n: npt.ArrayLike, scores: npt.ArrayLike | None = None
) -> pd.DataFrame:
    """Test many features over several groups in the same strata.

    Parameters
    ----------
    altered, n
        Altered and all samples, shape (features, groups, strata).
    scores
        Distance of the groups along their order; 0, 1, 2 ... by default.

    Returns
    -------
    pandas.DataFrame
        ``p_value`` (any difference, generalised Cochran-Mantel-Haenszel), ``df``, ``trend_p`` (Mantel's extension, one
        degree of freedom); missing where no stratum has information.

    Raises
    ------
    StatisticsError
        If counts are unsuitable, shapes differ, or there is not one score per group.

    Warnings
    --------
    Asymptotic; not to be relied on with few altered samples in all strata together.

    Notes
    -----
    `p_value` equals R's ``mantelhaen.test`` of a groups x 2 x strata array without continuity correction.

    References
    ----------
    .. [1] Mantel N. J Am Stat Assoc 1963;58:690-700.
    .. [2] Agresti A. Categorical Data Analysis, 3rd ed. 2013, section 8.4.

    Examples
    --------
    TP53 in HER2-zero, -low and -positive tumours, HR-positive and HR-negative held fixed:

    >>> counts = [[[20, 26], [53, 21], [94, 72]]], [[[60, 30], [202, 29], [118, 84]]]
    >>> print(f"{stratified_groups_many(*counts)['p_value'][0]:.2g}")
    1.4e-18
    """
    some, total = (x.astype(float) for x in as_altered_and_total(altered, n, "groups"))
    if some.ndim != 3:
        raise StatisticsError(f"counts have shape (features, groups, strata), not {some.shape}")
    step = np.arange(some.shape[1], dtype=float) if scores is None else as_measurements(scores, "scores")
    if len(step) != some.shape[1]:
        raise StatisticsError(f"{len(step)} scores for {some.shape[1]} groups")
    surplus, covariance = _sums(some, total)
    statistic, df = _quadratic_form(surplus, covariance)
    spread = np.einsum("fij,i,j->f", covariance, step, step)
    with np.errstate(divide="ignore", invalid="ignore"):
        trend = np.where(spread > 1e-12, (surplus @ step) ** 2 / spread, np.nan)
    p = np.where(df > 0, chi2.sf(statistic, np.maximum(df, 1)), np.nan)
    columns = {"p_value": p, "df": np.where(df > 0, df, np.nan), "trend_p": chi2.sf(trend, 1)}
    return pd.DataFrame(columns).astype({"p_value": "Float64", "df": "Int64", "trend_p": "Float64"})


def _sums(some: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Return observed minus expected per group, and its covariance, summed over the strata."""
    altered, size = some.sum(axis=1), total.sum(axis=1)
    safe = np.maximum(size, 2.0)
    used = (size >= 2) & (altered > 0) & (altered < size)
    share = np.where(used[:, None, :], total / safe[:, None, :], 0.0)
    surplus = np.where(used[:, None, :], some - altered[:, None, :] * share, 0.0).sum(axis=2)
    factor = np.where(used, altered * (size - altered) / (safe - 1), 0.0)
    covariance = -np.einsum("fs,fis,fjs->fij", factor, share, share)
    diagonal = np.arange(some.shape[1])
    covariance[:, diagonal, diagonal] += np.einsum("fs,fis->fi", factor, share)
    return surplus, covariance


def _quadratic_form(surplus: Floats, covariance: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return U' V^- U and the rank of V: groups without samples, and the last one, carry nothing of their own."""
    df = np.linalg.matrix_rank(covariance, tol=1e-9, hermitian=True)
    inverse = np.linalg.pinv(covariance, rcond=1e-9, hermitian=True)
    statistic: Floats = np.einsum("fi,fij,fj->f", surplus, inverse, surplus)
    return statistic, df
