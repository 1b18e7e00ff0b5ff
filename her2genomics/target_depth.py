"""Depth per base over the bases of the targets, and over nothing else.

The targets of one chromosome are laid end to end, overlapping ones merged, and reads are counted in these coordinates:
+1 where a stretch of aligned bases begins, -1 where it ends, summed up once at the end.  Memory follows the size of the
targets of one chromosome, whatever the depth and whatever the genome.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class ChromosomeDepth:
    """Running depth over the targets of one chromosome.

    Parameters
    ----------
    starts, ends
        Targets [bp, 0-based half-open], in any order, overlapping or repeated as they may be.

    Examples
    --------
    >>> track = ChromosomeDepth(np.array([10, 15]), np.array([20, 30]))
    >>> track.add(np.array([0, 18]), np.array([12, 40])).tolist()
    [True, True]
    >>> track.target_means().tolist()
    [0.4, 0.8]
    """

    def __init__(self, starts: IntArray, ends: IntArray) -> None:
        self._starts, self._ends = starts, ends
        self._piece_starts, self._piece_ends = merge(starts, ends)
        self._offsets = np.concatenate(([0], np.cumsum(self._piece_ends - self._piece_starts)))
        self._changes = np.zeros(int(self._offsets[-1]) + 1, dtype=np.int32)

    def touches(self, starts: IntArray, ends: IntArray) -> BoolArray:
        """Return whether each stretch shares a base with a target."""
        first = np.searchsorted(self._piece_ends, starts, side="right")
        reached: BoolArray = np.append(self._piece_starts, np.iinfo(np.int64).max)[first] < ends
        return reached

    def add(self, starts: IntArray, ends: IntArray) -> BoolArray:
        """Count stretches of aligned bases once each, and return which of them share a base with a target."""
        return self._change(starts, ends, 1)

    def remove(self, starts: IntArray, ends: IntArray) -> None:
        """Take back one count of stretches that were counted twice."""
        self._change(starts, ends, -1)

    def _change(self, starts: IntArray, ends: IntArray, by: int) -> BoolArray:
        first, last = self._laid_out(starts), self._laid_out(ends)
        inside: BoolArray = first < last
        first, last = first[inside], last[inside]
        if len(first):
            low = int(first.min())
            width = int(last.max()) - low + 1
            change = np.bincount(first - low, minlength=width) - np.bincount(last - low, minlength=width)
            self._changes[low : low + width] += (by * change).astype(np.int32)
        return inside

    def _laid_out(self, positions: IntArray) -> IntArray:
        """Translate positions; one between two targets becomes the place where they meet."""
        piece = np.searchsorted(self._piece_starts, positions, side="right") - 1
        known = np.maximum(piece, 0)
        within = np.minimum(positions, self._piece_ends[known]) - self._piece_starts[known]
        laid_out: IntArray = np.where(piece < 0, 0, self._offsets[known] + within)
        return laid_out

    def depth(self) -> npt.NDArray[np.int32]:
        """Return the depth of every target base, targets end to end [x]."""
        depth: npt.NDArray[np.int32] = np.cumsum(self._changes[:-1], dtype=np.int32)
        return depth

    def target_means(self, depth: npt.NDArray[np.int32] | None = None) -> FloatArray:
        """Return the mean depth of each target, in the order given [x]."""
        sums = np.concatenate(([0], np.cumsum(self.depth() if depth is None else depth, dtype=np.int64)))
        means: FloatArray = (sums[self._laid_out(self._ends)] - sums[self._laid_out(self._starts)]) / (
            self._ends - self._starts
        )
        return means

    def bases_of(self, targets: BoolArray) -> int:
        """Return how many bases the chosen targets have, each base counted once."""
        starts, ends = merge(self._starts[targets], self._ends[targets])
        return int((ends - starts).sum())

    def at_least(self, depth: npt.NDArray[np.int32], minimum: int) -> tuple[IntArray, IntArray]:
        """Return the stretches of target bases with at least that depth [bp, 0-based half-open]."""
        deep = np.concatenate(([False], depth >= minimum, [False]))
        edges = np.flatnonzero(deep[1:] != deep[:-1])
        meeting = self._offsets[1:-1]
        meeting = meeting[deep[meeting] & deep[meeting + 1]]
        first = np.sort(np.concatenate((edges[::2], meeting)))
        last = np.sort(np.concatenate((edges[1::2], meeting)))
        piece = np.searchsorted(self._offsets, first, side="right") - 1
        shift = self._piece_starts[piece] - self._offsets[piece]
        return first + shift, last + shift


@dataclass
class DepthSummary:
    """What is kept of the depth of a sample once the bases of a chromosome are done.

    Parameters
    ----------
    means
        Mean depth per target, NaN where its contig is not in the file [x].
    histogram
        Number of target bases by depth, each base counted once.
    bases_in_zero_targets
        Bases that lie only in targets without any depth [bp].
    callable_parts
        Chromosome, starts and ends of bases with at least ``min_depth`` [bp, 0-based half-open].
    min_depth
        Depth from which a base is callable [x]; None when not asked for.
    """

    means: FloatArray
    min_depth: int | None = None
    histogram: IntArray = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    bases_in_zero_targets: int = 0
    callable_parts: list[tuple[str, IntArray, IntArray]] = field(default_factory=list)

    def finish(self, chromosome: str, rows: IntArray, track: ChromosomeDepth) -> None:
        """Take up the depth of one chromosome, whose targets are ``rows``."""
        depth = track.depth()
        means = track.target_means(depth)
        self.means[rows] = means
        counts = np.bincount(depth)
        if len(counts) > len(self.histogram):
            counts, self.histogram = self.histogram, counts.astype(np.int64)
        self.histogram[: len(counts)] += counts
        self.bases_in_zero_targets += len(depth) - track.bases_of(means > 0)
        if self.min_depth is not None:
            self.callable_parts.append((chromosome, *track.at_least(depth, self.min_depth)))

    def callable_territory(self) -> pd.DataFrame:
        """Return ``chromosome, start, end`` of the callable bases, targets in genome order."""
        parts = [pd.DataFrame({"chromosome": c, "start": s, "end": e}) for c, s, e in self.callable_parts if len(s)]
        if not parts:
            return pd.DataFrame({"chromosome": pd.Series(dtype="str"), "start": pd.Series(dtype="int64"),
                                 "end": pd.Series(dtype="int64")})  # fmt: skip
        return pd.concat(parts, ignore_index=True)


@dataclass
class ReadCounts:
    """Reads by what became of them: primary records, QC-fail left out.

    Parameters
    ----------
    total, mapped, duplicate
        All of them; the mapped; the duplicates among the mapped.
    unique_on_target
        Mapped, no duplicate, with an aligned base on a target.
    """

    total: int = 0
    mapped: int = 0
    duplicate: int = 0
    unique_on_target: int = 0

    @property
    def unique(self) -> int:
        """Mapped reads that are no duplicates."""
        return self.mapped - self.duplicate


@dataclass(frozen=True)
class SampleDepth:
    """Depth of one sample over its targets.

    Parameters
    ----------
    sample
        Sample name.
    targets
        The targets as given, with ``depth``: mean over the target [x], missing where its contig is not in the file.
    summary
        Depth of the target bases.
    counts
        Reads; those of the target regions only when ``by_region``.
    by_region
        Whether only the regions of the targets were read.
    """

    sample: str
    targets: pd.DataFrame
    summary: DepthSummary
    counts: ReadCounts
    by_region: bool


def merge(starts: IntArray, ends: IntArray) -> tuple[IntArray, IntArray]:
    """Merge overlapping or touching intervals of one chromosome.

    Examples
    --------
    >>> merge(np.array([5, 0, 8]), np.array([9, 3, 12]))
    (array([0, 5]), array([ 3, 12]))
    """
    keep = ends > starts
    starts, ends = starts[keep], ends[keep]
    if not len(starts):
        return starts, ends
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    new = np.concatenate(([True], starts[1:] > ends[:-1]))
    return starts[new], ends[np.concatenate((np.flatnonzero(new)[1:] - 1, [len(ends) - 1]))]
