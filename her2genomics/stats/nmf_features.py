"""Which features belong to one component of a factorisation: Kim and Park's score and selection."""

from __future__ import annotations

import numpy as np
from scipy.stats import median_abs_deviation

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, Integers, as_floats

SPREADS = 3
"""Robust standard deviations above the median score from which a feature counts as specific."""


def feature_scores(basis: Floats) -> Floats:
    """Return how specific each feature is for one component: 0 (the same in all) to 1 (in one alone).

    Parameters
    ----------
    basis
        W, shape (features, rank), non-negative, rank of 2 or more.

    Raises
    ------
    StatisticsError
        If there are fewer than two components, or a value is negative or missing.

    Notes
    -----
    ``1 + sum_q p(i, q) log2 p(i, q) / log2(rank)`` with p the row of W divided by its sum; NaN for a row of zeros.
    Equal to R's ``featureScore(method = "kim")``.

    References
    ----------
    .. [1] Kim H, Park H. Bioinformatics 2007;23:1495-1502.

    Examples
    --------
    >>> feature_scores(np.array([[1.0, 1.0], [1.0, 0.0]])).tolist()
    [0.0, 1.0]
    """
    w = as_floats(basis, "basis")
    if w.ndim != 2 or w.shape[1] < 2 or (w < 0).any() or np.isnan(w).any():
        raise StatisticsError("a non-negative basis of features x two or more components is needed")
    total = w.sum(axis=1, keepdims=True)
    share = np.divide(w, total, out=np.full_like(w, np.nan), where=total > 0)
    entropy = np.where(
        share > 0, share * np.log2(np.where(share > 0, share, 1.0)), np.where(np.isnan(share), np.nan, 0)
    )
    return np.asarray(1 + entropy.sum(axis=1) / np.log2(w.shape[1]))


def basis_features(basis: Floats) -> Integers:
    """Return the component that each feature is specific for, -1 for none.

    Notes
    -----
    A feature is chosen when its score is at least the median plus three robust standard deviations (1.4826 MAD) of all
    scores, and its largest contribution at least the median of all contributions [1]_. Equal to R's
    ``extractFeatures(method = "kim")``. With many features that load on one component only the median score is high,
    and few or none can stand out.

    References
    ----------
    .. [1] Kim H, Park H. Bioinformatics 2007;23:1495-1502.
    """
    w = as_floats(basis, "basis")
    scores = feature_scores(w)
    known = scores[~np.isnan(scores)]
    least = np.median(known) + SPREADS * median_abs_deviation(known, scale="normal")
    chosen = (scores >= least) & (w.max(axis=1) >= np.median(w))
    return np.where(chosen, w.argmax(axis=1), -1).astype(np.int64)
