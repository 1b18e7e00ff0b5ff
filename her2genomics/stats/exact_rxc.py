"""Fisher-Freeman-Halton: the exact test of an r x c table of counts.

Given its margins, a table has probability ``prod(rows!) prod(columns!) / (n! prod(cells!))``; the p-value is the share
of all tables that are at most as probable as the observed one.  `rxc_network` adds these up exactly; a table whose
network is larger than a stated amount of work gets a seeded Monte Carlo p-value with its standard error instead, and
`RxCResult.method` says which of the two it was.

SciPy's own r x c test is a Monte Carlo one; its sampler (`scipy.stats.random_table`) is what we fall back on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln
from scipy.stats import random_table

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Integers, as_counts
from her2genomics.stats.rxc_network import LOG_TOLERANCE, Network, TooMuchWorkError

# Paths and outcomes followed before Monte Carlo takes over: 5 to 15 s, below 1 GB.
WORK_LIMIT = 100_000_000
N_PERMUTATIONS = 100_000
SEED = 123456
CELLS_AT_ONCE = 2_000_000
# Standard deviations of a count, both sides together, beyond which tables rarely matter.
SPREAD = 17.0


@dataclass(frozen=True)
class RxCResult:
    """Result of the test of an r x c table.

    Parameters
    ----------
    p_value
        Share of tables with the same margins that are at most as probable as the observed one [0-1].
    method
        ``exact``, or ``monte_carlo`` where the network was larger than the work limit.
    standard_error
        Of the Monte Carlo p-value; 0 when exact.
    n_permutations
        Random tables drawn; 0 when exact.
    """

    p_value: float
    method: str
    standard_error: float = 0.0
    n_permutations: int = 0


def fisher_freeman_halton(
    table: npt.ArrayLike,
    *,
    work_limit: int = WORK_LIMIT,
    n_permutations: int = N_PERMUTATIONS,
    seed: int = SEED,
) -> RxCResult:
    """Test an r x c table exactly, or by Monte Carlo where that is infeasible.

    Parameters
    ----------
    table
        Counts, shape (r, c). Rows and columns without any count are dropped; a table that then has fewer than two of
        either says nothing and has p = 1; one without counts has no p (NaN).
    work_limit
        Paths and outcomes that may be followed before Monte Carlo takes over; 0 asks for Monte Carlo at once.
    n_permutations, seed
        For the Monte Carlo p-value, ``(hits + 1) / (n_permutations + 1)``, which is never 0.

    Raises
    ------
    StatisticsError
        If the table has not two dimensions, or a count is negative, missing or not whole.

    Notes
    -----
    Equal to R's ``fisher.test``, with R's tolerance for ties of 3.5e-7 of log probability [3]_. The relative error
    is below 1e-11 up to n = 1,000 and grows with n as that of the log factorials (1e-9 at n = 100,000).

    References
    ----------
    .. [1] Freeman GH, Halton JH. Biometrika 1951;38:141-149.
    .. [2] Mehta CR, Patel NR. J Am Stat Assoc 1983;78:427-434.
    .. [3] Clarkson DB, Fan Y, Joe H. ACM Trans Math Softw 1993;19:484-488 (FEXACT).

    Examples
    --------
    Histological type (NST, lobular, other), HER2-zero against HER2-low, printed as 0.043:

    >>> round(fisher_freeman_halton([[77, 4, 9], [214, 10, 7]]).p_value, 4)
    0.0428
    """
    counts = as_counts(table, "table")
    if counts.ndim != 2:
        raise StatisticsError(f"an r x c table has two dimensions, this one has {counts.ndim}")
    if n_permutations < 1:
        raise StatisticsError(f"{n_permutations} permutations asked for, needs 1 or more")
    if not counts.any():
        return RxCResult(np.nan, "exact")
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        return RxCResult(1.0, "exact")
    counts = counts if counts.shape[0] <= counts.shape[1] else counts.T
    try:
        return RxCResult(min(Network(counts, work_limit).p_value(), 1.0), "exact")
    except TooMuchWorkError:
        return _monte_carlo(counts, n_permutations, seed)


def possible_tables(table: npt.ArrayLike) -> float:
    """Return about how many tables with the margins of a table matter for its p; it depends on the margins alone.

    It is the product, over all cells but those of the largest row and column, of the counts that a cell can take within
    `SPREAD` standard deviations: an upper bound for tables that are not too improbable, 1 where a margin has one value.

    Examples
    --------
    >>> f"{possible_tables([[77, 4, 9], [214, 10, 7]]):.0f}"
    '255'
    """
    counts = as_counts(table, "table")
    rows, columns, n = np.sort(counts.sum(axis=1))[:-1], np.sort(counts.sum(axis=0))[:-1], max(int(counts.sum()), 2)
    cells = np.outer(rows, columns).astype(float)
    deviation = np.sqrt(cells * np.outer(n - rows, n - columns) / (n * n * (n - 1.0)))
    return float((np.minimum(np.minimum.outer(rows, columns), SPREAD * deviation) + 1).prod())


def _monte_carlo(counts: Integers, n_permutations: int, seed: int) -> RxCResult:
    margins = random_table(counts.sum(axis=1), counts.sum(axis=0))
    generator = np.random.default_rng(seed)
    observed = gammaln(counts + 1.0).sum()
    hits, left = 0, n_permutations
    while left:
        size = min(left, max(1, CELLS_AT_ONCE // counts.size))
        drawn = margins.rvs(size=size, random_state=generator).reshape(size, -1)
        hits += int((gammaln(drawn + 1.0).sum(axis=1) >= observed - LOG_TOLERANCE).sum())
        left -= size
    share = (hits + 1) / (n_permutations + 1)
    return RxCResult(share, "monte_carlo", float(np.sqrt(share * (1 - share) / n_permutations)), n_permutations)
