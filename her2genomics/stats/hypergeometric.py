"""The hypergeometric distribution behind 2x2 tables, for thousands of tables at once.

With both margins fixed, the number altered in the first group is hypergeometric if the groups do not differ.  Two
things are computed here, vectorised over tables and never over a whole support, so that groups of 200,000 samples need
no more memory than groups of 200:

* the probability of a table, in a saddle-point form whose relative error does not grow with the counts;
* Fisher's two-sided p: from the observed table outwards, and from the first equally rare table of the other side
  outwards, terms follow from one another by simple ratios until they no longer matter.

SciPy's `hypergeom` and `fisher_exact` do the same for one table at a time; the tests compare with exact fractions.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from her2genomics.stats.inputs import Floats, Integers

# Tables at most this factor more probable than the observed one count as equally rare, as in R's fisher.test.
RELATIVE_TOLERANCE = 1e-7
# Terms below this share of their sum are the end of a tail.
NEGLIGIBLE = 1e-17
_STEPS = np.arange(32.0)
# Stirling errors of 1 to 15, where the series is not accurate enough.
_DELTA = np.array([
    0.0,
    0.08106146679532726, 0.04134069595540929, 0.02767792568499834, 0.02079067210376509, 0.01664469118982119,
    0.01387612882307075, 0.01189670994589177, 0.01041126526197209, 0.009255462182712733, 0.008330563433362871,
    0.007573675487951841, 0.00694284010720953, 0.006408994188004207, 0.005951370112758848, 0.005554733551962801,
])  # fmt: skip


def stirling_error(n: npt.ArrayLike) -> Floats:
    """Return ``log(n!) - (n + 1/2) log(n) + n - log(2 pi)/2``, and 0 for n = 0.

    Examples
    --------
    >>> round(float(stirling_error(20)), 9)
    0.00416632
    """
    x = np.asarray(n, dtype=float)
    big = np.maximum(x, 16.0)
    square = big * big
    series: Floats = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / big
    return np.where(x < 16, _DELTA[np.minimum(x, 15).astype(np.int64)], series)


def _deviance(mean: Floats, difference: Floats) -> Floats:
    """Return ``x log(x / mean) + mean - x`` for x = mean + difference; its error is some 1e-16 of the difference."""
    e = difference / np.where(mean > 0, mean, 1.0)
    positive = e > -1
    inner = np.where(positive, e, 0.0)
    return mean * np.where(positive, (1 + inner) * np.log1p(inner) - inner, 1.0)


def _correction(n: Floats) -> Floats:
    return np.where(n > 0, 0.5 * np.log(2 * np.pi * np.maximum(n, 1.0)) + stirling_error(n), 0.0)


def log_binomial(x: Integers, n: Integers, k: Integers, total: Integers) -> Floats:
    """Return the log probability of x of n being altered when each is with probability ``k / total``.

    With O and E the observed and expected counts it is ``-sum(O log(O/E))`` plus what Stirling's formula leaves over
    [1]_; its error is some 1e-16 of the difference between observed and expected counts.

    References
    ----------
    .. [1] Loader C. Fast and accurate computation of binomial probabilities. 2000.
    """
    x_, n_, k_, total_ = (np.asarray(values, dtype=float) for values in (x, n, k, total))
    whole = np.maximum(total_, 1.0)
    difference = (x_ * (total_ - k_) - (n_ - x_) * k_) / whole
    altered = _deviance(n_ * (k_ / whole), difference) + _correction(x_)
    rest = _deviance(n_ * ((total_ - k_) / whole), -difference) + _correction(n_ - x_)
    result: Floats = _correction(n_) - altered - rest
    return result


def log_probability(a: Integers, n_a: Integers, b: Integers, n_b: Integers) -> Floats:
    """Return the log probability of a of n_a and b of n_b being altered, given the margins.

    Altered independently and equally often, both groups are binomial, and so is their sum.
    """
    k, n = a + b, n_a + n_b
    return log_binomial(a, n_a, k, n) + log_binomial(b, n_b, k, n) - log_binomial(k, n, k, n)


def central_range(n_a: Integers, k: Integers, n_b: Integers, limit: Floats) -> tuple[Integers, Integers]:
    """Return the lowest and highest count of the first group that has more than a log probability.

    Parameters
    ----------
    n_a, k, n_b
        Size of the first group, altered samples in both, size of the second group; arrays of one shape.
    limit
        Log probability; the most probable count is always in the range.
    """
    mode = np.minimum(((k + 1) * (n_a + 1)) // (n_a + n_b + 2), np.minimum(k, n_a))
    mode = np.maximum(mode, k - n_b)
    high = _first_as_rare(mode, limit, n_a, k, n_b) - 1
    low = k - _first_as_rare(k - mode, limit, n_b, k, n_a) + 1
    return low, high


def two_sided_p(a: Integers, n_a: Integers, b: Integers, n_b: Integers) -> Floats:
    """Return Fisher's two-sided p: the probability of all tables not more probable than the observed one.

    Parameters
    ----------
    a, n_a, b, n_b
        Altered and total in both groups, one-dimensional and of one shape.
    """
    k, n = a + b, n_a + n_b
    mode = ((k + 1) * (n_a + 1)) // (n + 2)
    swap = a > mode
    a, n_a, b, n_b = np.where(swap, b, a), np.where(swap, n_b, n_a), np.where(swap, a, b), np.where(swap, n_a, n_b)
    mode = np.minimum(np.maximum(((k + 1) * (n_a + 1)) // (n + 2), a), np.minimum(k, n_a))
    limit = log_probability(a, n_a, b, n_b) + np.log1p(RELATIVE_TOLERANCE)
    other = _first_as_rare(mode, limit, n_a, k, n_b)
    at_peak = log_probability(mode, n_a, k - mode, n_b) <= limit
    p = _tail(a, n_a, b, n_b) + _tail(k - other, n_b, other, n_a)
    return np.where(at_peak, 1.0, np.minimum(p, 1.0))


def _first_as_rare(mode: Integers, limit: Floats, n_a: Integers, k: Integers, n_b: Integers) -> Integers:
    """Return the first count above the mode whose probability is within the limit, or one past the last."""
    low, high = mode, np.minimum(k, n_a) + 1
    while True:
        open_ = high - low > 1
        if not open_.any():
            return high
        middle = np.where(open_, (low + high) // 2, low)
        rare = log_probability(middle, n_a, k - middle, n_b) <= limit
        low, high = np.where(open_ & ~rare, middle, low), np.where(open_ & rare, middle, high)


def _tail(a: Integers, n_a: Integers, b: Integers, n_b: Integers) -> Floats:
    """Return the probability of at most a of n_a, where a lies below the mode; 0 where there is no such table."""
    there = (a >= 0) & (b <= n_b)
    a, b = np.where(there, a, 0), np.where(there, b, 0)
    total = np.where(there, np.exp(log_probability(a, n_a, b, n_b)), 0.0)
    active = np.flatnonzero(total > 0)
    cells = np.column_stack([a, n_b - b, n_a - a, b])[active].astype(float)
    term = total[active]
    while len(active):
        falling = np.maximum(cells[:, :2, None] - _STEPS, 0.0)
        rising = cells[:, 2:, None] + (_STEPS + 1)
        terms = term[:, None] * np.cumprod((falling / rising).prod(axis=1), axis=1)
        total[active] += terms.sum(axis=1)
        going = terms[:, -1] > NEGLIGIBLE * total[active]
        active, term, cells = active[going], terms[going, -1], cells[going]
        cells[:, :2] -= len(_STEPS)
        cells[:, 2:] += len(_STEPS)
    return total
