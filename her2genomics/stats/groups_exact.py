"""Yes/no features over several groups, exactly and in bulk: any difference, or a trend along ordered groups.

Given how many samples are altered in all, the possible tables are listed with their probabilities once for all features
that share the total and the group sizes; both tests are sums over that list.  Where the list would be too long the
result is NaN and the caller takes another test (`exact_rxc`, the asymptotic ones) and says so.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, Integers, as_altered_and_total, as_measurements
from her2genomics.stats.rxc_network import LOG_TOLERANCE

MOST_TABLES = 2_000_000
# Relative slack when a distance from the expected trend is compared with the observed one.
ROUNDING = 1e-9

Extreme = Callable[[Integers, Floats, Integers], npt.NDArray[np.bool_]]


def fisher_groups_many(altered: npt.ArrayLike, n: npt.ArrayLike, *, most_tables: int = MOST_TABLES) -> Floats:
    """Return the Fisher-Freeman-Halton p of many 2 x k tables.

    Parameters
    ----------
    altered, n
        Altered and all samples of each group, shape (features, groups); `n` may have shape (groups,).
    most_tables
        Longest list of possible tables.

    Returns
    -------
    numpy.ndarray
        p [0-1], shape (features,); NaN where nothing is left to test (fewer than two groups with samples, all or none
        altered) or the list is too long.

    Raises
    ------
    StatisticsError
        If counts are unsuitable.

    Notes
    -----
    Equal to `exact_rxc.fisher_freeman_halton`, table by table.

    Examples
    --------
    >>> fisher_groups_many([[6, 4, 12], [0, 0, 0]], [12, 20, 16]).round(5)
    array([0.00402,     nan])
    """

    def as_rare(tables: Integers, log_probability: Floats, observed: Integers) -> npt.NDArray[np.bool_]:
        same = log_probability[(tables == observed).all(axis=1)][0]
        rare: npt.NDArray[np.bool_] = log_probability <= same + LOG_TOLERANCE
        return rare

    return _summed(altered, n, as_rare, most_tables)


def exact_trend_many(
    altered: npt.ArrayLike, n: npt.ArrayLike, scores: npt.ArrayLike | None = None, *, most_tables: int = MOST_TABLES
) -> Floats:
    """Return the exact p of the Cochran-Armitage trend for many features.

    Parameters
    ----------
    altered, n
        As in `fisher_groups_many`, groups in order.
    scores
        Distance of the groups along the order; 0, 1, 2 ... by default.
    most_tables
        Longest list of possible tables.

    Returns
    -------
    numpy.ndarray
        Probability, given the total of altered samples, of a score sum at least as far from its expectation as the
        observed one; NaN as in `fisher_groups_many`.

    Raises
    ------
    StatisticsError
        If counts are unsuitable, or there is not one score per group.

    References
    ----------
    .. [1] Agresti A. Categorical Data Analysis, 3rd ed. 2013, section 16.5.

    Examples
    --------
    >>> exact_trend_many([[0, 1, 4]], [10, 10, 10]).round(4)
    array([0.033])
    """
    total = np.atleast_2d(np.asarray(n))
    step = np.arange(total.shape[-1], dtype=float) if scores is None else as_measurements(scores, "scores")
    if len(step) != total.shape[-1]:
        raise StatisticsError(f"{len(step)} scores for {total.shape[-1]} groups")

    def as_far(tables: Integers, log_probability: Floats, observed: Integers) -> npt.NDArray[np.bool_]:
        expected = float(np.exp(log_probability) @ (tables @ step))
        distance = np.abs(tables @ step - expected)
        seen = abs(float(observed @ step) - expected)
        far: npt.NDArray[np.bool_] = distance >= seen - ROUNDING * max(seen, 1.0)
        return far

    return _summed(altered, n, as_far, most_tables)


def _summed(altered: npt.ArrayLike, n: npt.ArrayLike, extreme: Extreme, most_tables: int) -> Floats:
    """Return per feature the probability of the tables that ``extreme`` picks, given the observed one."""
    some, total = (np.atleast_2d(x) for x in as_altered_and_total(altered, n, "groups"))
    all_altered = some.sum(axis=1)
    p = np.full(len(some), np.nan)
    keys = np.column_stack([all_altered, total])
    open_ = ((total > 0).sum(axis=1) >= 2) & (all_altered > 0) & (all_altered < total.sum(axis=1))
    unique, which = np.unique(keys[open_], axis=0, return_inverse=True)
    index = np.flatnonzero(open_)
    for i, key in enumerate(unique):
        listed = _possible_tables(int(key[0]), key[1:], most_tables)
        if listed is None:
            continue
        tables, log_probability = listed
        probability = np.exp(log_probability)
        for row in index[which.ravel() == i]:
            p[row] = min(float(probability[extreme(tables, log_probability, some[row])].sum()), 1.0)
    return p


def _possible_tables(altered: int, sizes: Integers, most: int) -> tuple[Integers, Floats] | None:
    """Return all ways to share out the altered samples over the groups, with log probabilities; None if too many."""
    tables = np.zeros((1, 0), dtype=np.int64)
    for i, size in enumerate(sizes):
        left = altered - tables.sum(axis=1)
        low = np.maximum(left - sizes[i + 1 :].sum(), 0)
        width = np.maximum(np.minimum(left, size) - low + 1, 0)
        if width.sum() > most:
            return None
        parent = np.repeat(np.arange(len(tables)), width)
        value = np.arange(len(parent)) - np.repeat(np.cumsum(width) - width, width) + low[parent]
        tables = np.column_stack([tables[parent], value])
    weight = -(gammaln(tables + 1.0) + gammaln(sizes - tables + 1.0)).sum(axis=1)
    weight -= weight.max()
    return tables, weight - np.log(np.exp(weight).sum())
