"""The network behind the exact r x c test: all tables with given margins, without listing them.

One column after the other is filled; a *node* is what is left of the row totals, a *path* is one way to get there, and
its *length* is minus the sum of the log factorials of the cells filled (Mehta and Patel 1983).  Wanted is the total
probability of the paths to the end that are at most as long as the observed table.  Four things make it quick.

* *Bounds.*  Where even the longest way on keeps a path within the limit, everything behind it counts and is added in
  closed form; where the shortest exceeds it, nothing counts.  Only paths in between are followed.
* *Merging.*  Later columns see only which totals are left, not whose they are: rows are sorted, equal nodes become one,
  and paths of equal length into it become one with the sum of their probabilities.
* *Sorted ends.*  The last two columns are not walked: per node their outcomes are sorted once, with cumulated
  probability, and every path that arrives looks its share up.
* *Whole arrays.*  A stage is a handful of numpy calls on all its nodes at once, in chunks of bounded size.

Only positive terms are added, never ``1 - something``, so that a p-value of 1e-78 keeps its digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from her2genomics.stats.inputs import Floats, Integers

# R's network algorithm counts a table as "as rare" within this difference of log probability (fexact.c).
LOG_TOLERANCE = 3.45254e-7
# Lengths are compared as integers behind the number of their node; one step is 2**-32 = 2e-10 of log probability.
LENGTH_BITS = 43
STEPS = 2.0**32
DEEPEST = 2.0 ** (LENGTH_BITS - 33)
# Paths closer than this are one; far below the tolerance, far above rounding.
MERGE_WITHIN = 1.5e-8
# Nodes of a stage, edges or paths between two stages (20 to 100 bytes each), and items of a chunk.
NODE_LIMIT = 1_000_000
HELD_LIMIT = 10_000_000
CHUNK = 2_000_000


class TooMuchWorkError(Exception):
    """The network is larger than the work limit."""


@dataclass(frozen=True)
class _Stage:
    """Every possible node before a column is filled, indexed by node number.

    Nodes whose totals do not add up to the columns left are never reached; their entries mean nothing.
    """

    totals: npt.NDArray[np.int32]  # (nodes, r) row totals left
    node: Integers  # number of the node with the same totals, sorted
    longest: Floats  # upper bound of the length of any way on
    shortest: Floats  # lower bound of the same
    log_mass: Floats  # log of the sum of exp(length) over all ways on


@dataclass(frozen=True)
class _Paths:
    """Paths that have reached a stage, sorted by node, then by length."""

    nodes: Integers  # (k,) node numbers
    starts: Integers  # (k + 1,) first path of each node
    length: Floats
    probability: Floats  # of all tables that begin so

    @property
    def longest(self) -> Floats:
        return self.length[self.starts[1:] - 1]


@dataclass(frozen=True)
class _Edges:
    """Ways to fill one column behind some paths of a node: one row per edge that has to be followed."""

    source: npt.NDArray[np.int32]  # position of the node it leaves
    target: npt.NDArray[np.int32]  # number of the node it reaches
    length: Floats
    first: npt.NDArray[np.int32]  # range of paths that it is followed for
    last: npt.NDArray[np.int32]

    def take(self, which: Integers | npt.NDArray[np.bool_] | slice) -> _Edges:
        return _Edges(self.source[which], self.target[which], self.length[which], self.first[which], self.last[which])

    @classmethod
    def of(cls, source: Integers, target: Integers, length: Floats, first: Integers, last: Integers) -> _Edges:
        return cls(
            source.astype(np.int32), target.astype(np.int32), length, first.astype(np.int32), last.astype(np.int32)
        )

    @classmethod
    def join(cls, parts: list[_Edges]) -> _Edges:
        names = ("source", "target", "length", "first", "last")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    @property
    def n_paths(self) -> int:
        return int((self.last - self.first).sum(dtype=np.int64))


class Network:
    """The network of one table of counts, shape (r, c), without empty rows or columns.

    It may be walked either way round; it is smaller if there are no more rows than columns.

    Raises
    ------
    TooMuchWorkError
        If it has more than `NODE_LIMIT` nodes (at once), or following it takes more than `work_limit` paths and
        outcomes, or more than `HELD_LIMIT` of them have to be held together (on the way).
    """

    def __init__(self, counts: Integers, work_limit: int) -> None:
        self.rows = np.sort(counts.sum(axis=1))
        self.columns = np.sort(counts.sum(axis=0))
        self.work_left = work_limit
        sizes = self.rows[:-1] + 1
        if work_limit <= 0 or float(np.prod(sizes, dtype=float)) > NODE_LIMIT:
            raise TooMuchWorkError
        self.log_factorial: Floats = gammaln(np.arange(int(self.rows.sum()) + 2) + 1.0)
        self.limit = float(LOG_TOLERANCE - self.log_factorial[counts].sum())
        self.strides = np.concatenate([np.cumprod(sizes[:0:-1])[::-1], [1]]).astype(np.int64)
        grid = np.stack(np.unravel_index(np.arange(int(np.prod(sizes))), tuple(sizes)), axis=1).astype(np.int64)
        self.stages = [self._stage(grid, self.columns[k:]) for k in range(len(self.columns))]

    def _stage(self, grid: Integers, columns: Integers) -> _Stage:
        last = np.clip(columns.sum() - grid.sum(axis=1), 0, self.rows[-1])
        totals = np.column_stack([grid, last])
        node = np.sort(totals, axis=1)[:, :-1] @ self.strides
        rows_length = -self.log_factorial[totals].sum(axis=1)
        columns_length = -self.log_factorial[columns].sum()
        log_mass = rows_length + columns_length + self.log_factorial[columns.sum()]
        if len(columns) == 1:
            return _Stage(totals.astype(np.int32), node, rows_length, rows_length, log_mass)
        shares = columns / columns.sum()
        longest = np.sum([self._peak(row * share) for row in totals.T for share in shares], axis=0)
        return _Stage(totals.astype(np.int32), node, longest, np.maximum(rows_length, columns_length), log_mass)

    def _peak(self, mean: Floats) -> Floats:
        """Return a cell's part of an upper bound of the length of a path.

        For any positive u, v a sum of ``-log x_ij!`` is at most the sum of ``max_x (x log(u_i v_j) - log x!)`` minus
        the sum of ``x_ij log(u_i v_j)`` (Lagrange duality); where ``u_i v_j`` has the margins of the table the latter
        is known, and the bound is close.
        """
        whole = np.floor(mean)
        log_mean = np.log(np.where(mean > 0, mean, 1.0))
        bound: Floats = -(mean - whole) * log_mean - self.log_factorial[whole.astype(np.int64)]
        return bound

    def p_value(self) -> float:
        """Return the total probability of all tables within the limit."""
        root = np.array([int(self.rows[:-1] @ self.strides)])
        if len(self.columns) == 2:
            return float(self._ends(root, np.array([self.limit]), np.array([self.limit]))[0][0])
        paths = _Paths(root, np.array([0, 1]), np.zeros(1), np.ones(1))
        p = 0.0
        for k in range(len(self.columns) - 3):
            settled, paths = self._advance(paths, k)
            p += settled
        return p + self._finish(paths, len(self.columns) - 3)

    def _advance(self, paths: _Paths, k: int) -> tuple[float, _Paths]:
        """Fill column k and merge what arrives at the same node by paths of the same length."""
        settled, edges = self._edges(paths, k)
        if edges.n_paths > HELD_LIMIT:
            raise TooMuchWorkError
        edge, path = ranges(edges.first, edges.last)
        node = self.stages[k + 1].node[edges.target[edge]]
        probability = paths.probability[path] * self._share(paths, edges, k)[edge]
        return settled, _merge(node, paths.length[path] + edges.length[edge], probability)

    def _finish(self, paths: _Paths, k: int) -> float:
        """Fill column k and look up, for every path that arrives, what of the last two columns is within the limit."""
        p, edges = self._edges(paths, k)
        arrives = self.stages[k + 1].node[edges.target]
        order = np.argsort(arrives, kind="stable")
        edges, arrives = edges.take(order), arrives[order]
        nodes, starts = np.unique(arrives, return_index=True)
        starts = np.append(starts, len(arrives))
        if not len(nodes):
            return p
        always = self.limit - np.maximum.reduceat(edges.length + paths.length[edges.last - 1], starts[:-1])
        never = self.limit - np.minimum.reduceat(edges.length + paths.length[edges.first], starts[:-1])
        work = np.add.reduceat((edges.last - edges.first).astype(float), starts[:-1])
        for part in chunks(work + self._outcomes(nodes, k + 1)):
            certain, ends = self._ends(nodes[part], always[part], never[part])
            some = edges.take(slice(starts[part[0]], starts[part[-1] + 1]))
            edge, path = ranges(some.first, some.last)
            node = np.repeat(np.arange(len(part)), np.diff(starts[part[0] : part[-1] + 2]))[edge]
            share = certain[node] + ends.share(node, self.limit - some.length[edge] - paths.length[path])
            p += float((paths.probability[path] * self._share(paths, some, k)[edge] * share).sum())
        return p

    def _edges(self, paths: _Paths, k: int) -> tuple[float, _Edges]:
        """Fill column k behind all paths; return the probability of what is settled, and the edges that are not."""
        group = np.repeat(np.arange(len(paths.nodes)), np.diff(paths.starts))
        keys = _key(group, paths.length - paths.longest[group])
        cumulated = _cumulate(paths.probability, paths.starts)
        certain = np.zeros(len(paths.nodes))
        after = self.stages[k + 1]
        settled, held, parts = 0.0, 0, []
        for at, target, length, share in self._fill(paths.nodes, k, self.limit - paths.longest, certain):
            room = self.limit - length - paths.longest[at]
            first = np.searchsorted(keys, _key(at, room - after.longest[target]), side="right")
            last = np.searchsorted(keys, _key(at, room - after.shortest[target]), side="right")
            some = first > paths.starts[at]
            settled += float((cumulated[first[some] - 1] * share[some]).sum())
            open_ = last > first
            parts.append(_Edges.of(at[open_], target[open_], length[open_], first[open_], last[open_]))
            self._spend(parts[-1].n_paths)
            held += len(parts[-1].length)
            if held > HELD_LIMIT:
                raise TooMuchWorkError
        settled += float((certain * cumulated[paths.starts[1:] - 1]).sum())
        return settled, _Edges.join(parts)

    def _share(self, paths: _Paths, edges: _Edges, k: int) -> Floats:
        """Return the probability of each edge among all that leave its node."""
        before, after = self.stages[k].log_mass[paths.nodes], self.stages[k + 1].log_mass
        share: Floats = np.exp(edges.length + after[edges.target] - before[edges.source])
        return share

    def _ends(self, nodes: Integers, always: Floats, never: Floats) -> tuple[Floats, _Ends]:
        """Fill the last two columns.

        Returns per node the probability of ends not longer than `always`, and sorted those up to `never`.
        """
        k = len(self.columns) - 2
        certain = np.zeros(len(nodes))
        last = self.stages[k + 1].longest
        parts = []
        for at, target, length, share in self._fill(nodes, k, always, certain):
            total = length + last[target]
            keep = total <= never[at]
            parts.append((at[keep], total[keep], share[keep]))
        at, length, share = (np.concatenate(part) for part in zip(*parts, strict=True))
        return certain, _Ends.sort(at, length, share, len(nodes))

    def _outcomes(self, nodes: Integers, k: int) -> Floats:
        """Return an upper bound of the number of ways to fill column k from each node."""
        free = np.minimum(self.stages[k].totals[nodes], self.columns[k])[:, :-1]
        ways: Floats = np.prod(free + 1.0, axis=1)
        return ways

    def _fill(
        self, nodes: Integers, k: int, cutoff: Floats, certain: Floats
    ) -> Iterator[tuple[Integers, Integers, Floats, Floats]]:
        """Fill column k from each node, row by row, in chunks.

        Adds to `certain` (one value per node) the probability of outcomes whose longest way on stays within `cutoff`,
        and yields of the others: position in `nodes`, number of the node after the column, length, probability.
        """
        after, f = self.stages[k + 1], self.log_factorial
        before = self.stages[k].log_mass[nodes]
        for part in chunks(self._outcomes(nodes, k)):
            at, rows = part, self.stages[k].totals[nodes[part]].astype(np.int64)
            left, length = np.full(len(part), self.columns[k]), np.zeros(len(part))
            for i in range(rows.shape[1] - 2):
                source, x = self._choices(rows, i, left)
                at, rows, left, length = at[source], rows[source], left[source] - x, length[source] - f[x]
                rows[:, i] -= x
                bound, log_mass = self._outlook(rows, i + 1, left, k)
                done = length + bound <= cutoff[at]
                share = np.exp((length + log_mass)[done] - before[at[done]])
                certain += np.bincount(at[done], share, minlength=len(nodes))
                at, rows, left, length = at[~done], rows[~done], left[~done], length[~done]
            source, x = self._choices(rows, rows.shape[1] - 2, left)
            at, length = at[source], length[source] - f[x] - f[left[source] - x]
            target = (rows[:, :-1] @ self.strides)[source] - x
            share = np.exp(length + after.log_mass[target] - before[at])
            done = length + after.longest[target] <= cutoff[at]
            certain += np.bincount(at[done], share[done], minlength=len(nodes))
            yield at[~done], target[~done], length[~done], share[~done]

    def _choices(self, rows: Integers, i: int, left: Integers) -> tuple[Integers, Integers]:
        """Return every count that row i can take of what is left of a column, with its position in `rows`."""
        low = np.maximum(left - rows[:, i + 1 :].sum(axis=1), 0)
        high = np.minimum(rows[:, i], left) + 1
        self._spend(int((high - low).sum()))
        return ranges(low, high)

    def _outlook(self, rows: Integers, filled: int, left: Integers, k: int) -> tuple[Floats, Floats]:
        """Return the bound and the log mass of all ways on once the first rows of column k are filled."""
        later, f = self.columns[k + 1 :], self.log_factorial
        free = rows[:, filled:].sum(axis=1)
        taken = left / np.maximum(free, 1)
        bound = self._peak(rows[:, filled:] * taken[:, None]).sum(axis=1)
        for i in range(rows.shape[1]):
            kept = rows[:, i] * (1.0 if i < filled else 1.0 - taken)
            bound += np.sum([self._peak(kept * share) for share in later / later.sum()], axis=0)
        log_mass = f[later.sum()] - f[later].sum() - f[rows].sum(axis=1) + f[free] - f[left] - f[free - left]
        return bound, log_mass

    def _spend(self, work: int) -> None:
        self.work_left -= work
        if self.work_left < 0:
            raise TooMuchWorkError


@dataclass(frozen=True)
class _Ends:
    """Outcomes of the last two columns per node, sorted by length, with cumulated probability."""

    keys: Integers
    starts: Integers
    longest: Floats
    cumulated: Floats

    @classmethod
    def sort(cls, at: Integers, length: Floats, share: Floats, n_nodes: int) -> _Ends:
        longest = np.full(n_nodes, -np.inf)
        np.maximum.at(longest, at, length)
        keys = _key(at, length - longest[at])
        order = np.argsort(keys)
        starts = np.append(0, np.cumsum(np.bincount(at, minlength=n_nodes)))
        return cls(keys[order], starts, longest, _cumulate(share[order], starts))

    def share(self, node: Integers, limit: Floats) -> Floats:
        """Return the probability of the ends of each node that are not longer than `limit`."""
        some = np.append(0.0, self.cumulated)
        last = np.searchsorted(self.keys, _key(node, limit - self.longest[node]), side="right")
        return np.where(last > self.starts[node], some[last], 0.0)


def _key(group: npt.NDArray[np.integer], length: Floats) -> Integers:
    """Return integers that sort by group, then by length relative to the longest of the group."""
    steps = np.rint(np.clip(length, -DEEPEST, DEEPEST / 2) * STEPS).astype(np.int64)
    return ((group.astype(np.int64) + 1) << LENGTH_BITS) + steps


def _cumulate(values: Floats, starts: Integers) -> Floats:
    """Return sums within each group: not one running sum, whose differences would lose the small ones."""
    cumulated = values.copy()
    for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        np.cumsum(values[begin:end], out=cumulated[begin:end])
    return cumulated


def ranges(first: npt.NDArray[np.integer], last: npt.NDArray[np.integer]) -> tuple[Integers, Integers]:
    """Return for ranges [first, last): the number of the range and the position, for every position in them."""
    size = (last - first).astype(np.int64)
    number = np.repeat(np.arange(len(first)), size)
    return number, np.arange(len(number)) + np.repeat(first - (np.cumsum(size) - size), size)


def chunks(work: Floats) -> list[Integers]:
    """Return positions in runs that together are about `CHUNK` of work."""
    number = np.floor(np.cumsum(work) / CHUNK)
    return np.split(np.arange(len(work)), np.flatnonzero(np.diff(number)) + 1)


def _merge(node: Integers, length: Floats, probability: Floats) -> _Paths:
    order = np.lexsort((length, node))
    node, length, probability = node[order], length[order], probability[order]
    new_node = np.diff(node, prepend=-1) > 0
    begin = np.flatnonzero(new_node | (np.diff(length, prepend=-np.inf) > MERGE_WITHIN))
    if len(begin):
        probability = np.add.reduceat(probability, begin)
    first_of_node = np.flatnonzero(new_node[begin])
    return _Paths(node[begin][first_of_node], np.append(first_of_node, len(begin)), length[begin], probability)
