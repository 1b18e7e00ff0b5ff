"""Yes/no features over several groups, exactly and in bulk: any difference, or a trend along ordered groups.

Given how many samples are altered in all, the p-value is the total probability of the tables that count as extreme.
They are not listed one by one: once the counts of all groups but two are fixed, the extreme tables of those two are two
runs, low counts and high counts (`groups_slices`).  Of three groups of 70,000 samples that are some hundred slices.

What is exact is decided by the margins alone, before any p is known: `possible_tables` estimates how many tables
matter, and beyond `MOST_TABLES` the result is NaN and the caller takes another test (`exact_rxc`, the asymptotic ones)
and says so.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.special import comb

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.exact_rxc import SPREAD
from her2genomics.stats.groups_slices import Bounds, Margins, Slices, tail_sums
from her2genomics.stats.inputs import Floats, Integers, as_altered_and_total, as_measurements
from her2genomics.stats.rxc_network import LOG_TOLERANCE

MOST_TABLES = 10_000_000
"""Tables that may have to be added up for one feature, a quarter of a second; three groups of 200,000 in all need 3."""
# Relative slack when a distance from the expected trend is compared with the observed one.
ROUNDING = 1e-9
# Sums so close to 1 are all tables: they are 1, and do not rank features by the rounding of their sums.
ALMOST_ONE = 1e-12


def fisher_groups_many(altered: npt.ArrayLike, n: npt.ArrayLike, *, most_tables: float = MOST_TABLES) -> Floats:
    """Return the Fisher-Freeman-Halton p of many 2 x k tables.

    Parameters
    ----------
    altered, n
        Altered and all samples of each group, shape (features, groups); `n` may have shape (groups,).
    most_tables
        Limit of `possible_tables`.

    Returns
    -------
    numpy.ndarray
        p [0-1], shape (features,); NaN where nothing is left to test (fewer than two groups with samples, all or none
        altered) or there are too many tables.

    Raises
    ------
    StatisticsError
        If counts are unsuitable.

    Notes
    -----
    Equal to `exact_rxc.fisher_freeman_halton`, table by table. The tables that are left out have together less than
    1e-15 of the probability of the observed one.

    Examples
    --------
    >>> fisher_groups_many([[6, 4, 12], [0, 0, 0]], [12, 20, 16]).round(5)
    array([0.00402,     nan])
    """
    some, total = (np.atleast_2d(x) for x in as_altered_and_total(altered, n, "groups"))
    return _summed(some, total, np.zeros(total.shape[-1]), as_rare, most_tables)


def exact_trend_many(
    altered: npt.ArrayLike, n: npt.ArrayLike, scores: npt.ArrayLike | None = None, *, most_tables: float = MOST_TABLES
) -> Floats:
    """Return the exact p of the Cochran-Armitage trend for many features.

    Parameters
    ----------
    altered, n
        As in `fisher_groups_many`, groups in order.
    scores
        Distance of the groups along the order; 0, 1, 2 ... by default.
    most_tables
        Limit of `possible_tables`.

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
    some, total = (np.atleast_2d(x) for x in as_altered_and_total(altered, n, "groups"))
    step = np.arange(total.shape[-1], dtype=float) if scores is None else as_measurements(scores, "scores")
    if len(step) != total.shape[-1]:
        raise StatisticsError(f"{len(step)} scores for {total.shape[-1]} groups")
    return _summed(some, total, step, as_far, most_tables)


def possible_tables(altered: Integers, n: Integers) -> Floats:
    """Return how many tables may have to be added up for each feature; it depends on the margins alone.

    It is the smaller of two upper bounds: the ways to share out the altered samples (or the others, if these are
    fewer) over the groups, and the product of the counts that are likely in each group but the one that varies most.

    Examples
    --------
    >>> possible_tables(np.array([[3, 2, 4]]), np.array([[10, 10, 10]])).tolist()
    [55.0]
    """
    k, total = altered.sum(axis=1), n.sum(axis=1)
    fewer = np.minimum(k, total - k).astype(float)
    ways = comb(fewer + n.shape[1] - 1, n.shape[1] - 1)
    width = np.minimum(np.minimum(n, fewer[:, None]), SPREAD * _spread(altered, n)) + 1
    product: Floats = np.sort(width, axis=1)[:, :-1].prod(axis=1)
    fewest: Floats = np.minimum(ways, product)
    return fewest


def _spread(altered: Integers, n: Integers) -> Floats:
    """Return the standard deviation of the altered count of each group, given the total."""
    total = np.maximum(n.sum(axis=1, keepdims=True), 2).astype(float)
    share = altered.sum(axis=1, keepdims=True) / total
    deviation: Floats = np.sqrt(n * share * (1 - share) * (total - n) / (total - 1))
    return deviation


def _summed(some: Integers, total: Integers, scores: Floats, bounds: Bounds, most_tables: float) -> Floats:
    """Return per feature the probability of the tables that ``bounds`` picks, given the margins."""
    k = some.sum(axis=1)
    p = np.full(len(some), np.nan)
    open_ = ((total > 0).sum(axis=1) >= 2) & (k > 0) & (k < total.sum(axis=1))
    open_[open_] = possible_tables(some[open_], total[open_]) <= most_tables
    if open_.any():
        order = np.argsort(_spread(some[open_], total[open_]), axis=1, kind="stable")
        margins = Margins.of(
            np.take_along_axis(some[open_], order, axis=1),
            np.take_along_axis(total[open_], order, axis=1),
            scores[order],
        )
        summed = tail_sums(margins, partial(bounds, margins))
        p[open_] = np.where(summed > 1 - ALMOST_ONE, 1.0, summed)
    return p


def as_rare(margins: Margins, slices: Slices) -> tuple[Integers, Integers]:
    """Return where the tables of each slice stop and begin again to be at most as probable as the observed one."""
    limit = margins.log_observed[slices.feature] + LOG_TOLERANCE
    mode = slices.mode
    stops = slices.first(lambda x, some: slices.height(x, some) > limit[some], slices.low, mode)
    begins = slices.first(lambda x, some: slices.height(x, some) <= limit[some], mode + 1, slices.high)
    return stops, begins


def as_far(margins: Margins, slices: Slices) -> tuple[Integers, Integers]:
    """Return where the tables of each slice stop and begin again to be as far from the expected trend as observed."""
    scores, n = margins.scores, margins.n
    expected = margins.k * (scores * n).sum(axis=1) / n.sum(axis=1)
    seen = np.abs((scores * margins.altered).sum(axis=1) - expected)
    need = (seen - ROUNDING * np.maximum(seen, 1.0))[slices.feature]
    step = (scores[:, -2] - scores[:, -1])[slices.feature]
    distance = slices.score + slices.left * scores[slices.feature, -1] - expected[slices.feature]
    flat, sign = step == 0, np.where(step < 0, -1.0, 1.0)
    length = np.where(flat, 1.0, np.abs(step))
    stops = np.floor((-need - sign * distance) / length) + 1
    begins = np.ceil((need - sign * distance) / length)
    all_or_none = np.where(np.abs(distance) >= need, slices.high + 1, slices.low)
    stops = np.clip(np.where(flat, all_or_none, stops), slices.low, slices.high + 1).astype(np.int64)
    begins = np.where(flat, slices.high + 1, begins)
    return stops, np.clip(begins, stops, slices.high + 1).astype(np.int64)
