"""Bases that both mates of a pair cover, so that a fragment is counted once where it was read twice.

The rule is mosdepth's: only pairs flagged proper, no supplementary records, mates found by name on one chromosome, and
the bases that both have aligned (deletions and clips of either are not shared).  Reads come in file order; the left
mate waits until the right one's position has passed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from her2genomics.io.read_batches import Blocks, KeyArray, ReadBatch

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

PROPER_PAIR, SUPPLEMENTARY = 0x2, 0x800
_LEFT, _EITHER, _RIGHT = -1, 0, 1


class MateOverlap:
    """Overlaps of mates along one chromosome, batch after batch."""

    def __init__(self) -> None:
        self._waiting = _Ends.none()
        self._longest = 0

    def shared(self, batch: ReadBatch, rows: IntArray, blocks: Blocks) -> tuple[IntArray, IntArray]:
        """Return the stretches that mates share, for pairs whose second read is in this batch.

        Parameters
        ----------
        batch, rows
            Reads that are counted, of one chromosome, in file order.
        blocks
            Their aligned stretches; ``read`` counts within ``rows``.
        """
        if not len(rows):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        pos, mate_pos = batch.pos[rows], batch.mate_pos[rows]
        end = pos.copy()
        np.maximum.at(end, blocks.read, blocks.end)
        paired = (batch.flag[rows] & (PROPER_PAIR | SUPPLEMENTARY)) == PROPER_PAIR
        paired &= batch.mate_tid[rows] == batch.tid[rows]
        left = paired & (pos <= mate_pos) & (end > mate_pos)
        self._longest = max(self._longest, int((end - pos)[left].max(initial=0)))
        right = paired & (pos >= mate_pos) & (pos - mate_pos < self._longest)
        chosen = np.flatnonzero(left | right)
        role = np.sign(pos - mate_pos)[chosen]
        new = _Ends.of(batch.name_keys(rows[chosen]), role, mate_pos[chosen], chosen, blocks)
        ends = self._waiting.followed_by(new)
        first, second = _pairs(ends)
        self._waiting = ends.without(first, second).still_waiting(int(pos[-1]))
        return ends.intersections(first, second)


class _Ends:
    """Reads that can share bases with their mate: name, role, where the mate lies, and their aligned stretches."""

    def __init__(
        self, key: KeyArray, role: IntArray, mate_pos: IntArray, counts: IntArray, start: IntArray, end: IntArray
    ) -> None:
        self.key, self.role, self.mate_pos, self.counts, self.start, self.end = key, role, mate_pos, counts, start, end

    @classmethod
    def none(cls) -> _Ends:
        empty = np.empty(0, np.int64)
        return cls(empty.astype(np.uint64), empty, empty, empty, empty, empty)

    @classmethod
    def of(cls, key: KeyArray, role: IntArray, mate_pos: IntArray, chosen: IntArray, blocks: Blocks) -> _Ends:
        """Take the aligned stretches of the chosen reads (ascending indices of ``blocks.read``)."""
        size = 1 + max(int(chosen.max(initial=-1)), int(blocks.read.max(initial=-1)))
        wanted = np.zeros(size, dtype=bool)
        wanted[chosen] = True
        counts = np.bincount(blocks.read, minlength=size)[chosen]
        kept = wanted[blocks.read]
        return cls(key, role, mate_pos, counts, blocks.start[kept], blocks.end[kept])

    def followed_by(self, other: _Ends) -> _Ends:
        names = ("key", "role", "mate_pos", "counts", "start", "end")
        return _Ends(*(np.concatenate((getattr(self, n), getattr(other, n))) for n in names))

    def _kept(self, keep: BoolArray) -> _Ends:
        stretches = np.repeat(keep, self.counts)
        return _Ends(
            self.key[keep],
            self.role[keep],
            self.mate_pos[keep],
            self.counts[keep],
            self.start[stretches],
            self.end[stretches],
        )

    def without(self, *indices: IntArray) -> _Ends:
        keep = np.ones(len(self.key), dtype=bool)
        for index in indices:
            keep[index] = False
        return self._kept(keep)

    def still_waiting(self, position: int) -> _Ends:
        """Keep the left mates whose right mates can still come."""
        return self._kept((self.role != _RIGHT) & (self.mate_pos >= position))

    def intersections(self, first: IntArray, second: IntArray) -> tuple[IntArray, IntArray]:
        """Return the stretches that reads ``first`` and ``second`` both cover, every stretch against every other."""
        offset = np.cumsum(self.counts) - self.counts
        combinations = self.counts[first] * self.counts[second]
        pair = np.repeat(np.arange(len(first)), combinations)
        number = np.arange(len(pair)) - np.repeat(np.cumsum(combinations) - combinations, combinations)
        width = self.counts[second][pair]
        one = offset[first][pair] + number // np.maximum(width, 1)
        two = offset[second][pair] + number % np.maximum(width, 1)
        start = np.maximum(self.start[one], self.start[two])
        end = np.minimum(self.end[one], self.end[two])
        return start[start < end], end[start < end]


def _pairs(ends: _Ends) -> tuple[IntArray, IntArray]:
    """Return the indices of left and right mates: neighbours in file order among the reads of one name.

    Where both mates begin at one position, the first in the file waits and the second takes it.
    """
    order = np.argsort(ends.key, kind="stable")
    key, role = ends.key[order], ends.role[order]
    same = np.concatenate((key[1:] == key[:-1], [False])) if len(key) else np.empty(0, dtype=bool)
    begins = np.concatenate(([True], ~same[:-1])) if len(key) else same
    number = np.arange(len(key))
    rank = number - np.maximum.accumulate(np.where(begins, number, 0))
    waits = (role == _LEFT) | ((role == _EITHER) & (rank % 2 == 0))
    takes = np.append(~waits[1:], False) if len(key) else waits
    at = np.flatnonzero(same & waits & takes)
    return order[at], order[np.minimum(at + 1, len(order) - 1)] if len(at) else order[at]
