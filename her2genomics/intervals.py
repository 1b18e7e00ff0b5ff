"""Genomic intervals: 0-based, half-open, merged, with membership in logarithmic time.

Duplicated and overlapping rows of a BED are merged on the way in, so a size never counts a base twice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.exceptions import SchemaError
from her2genomics.genome import CHROMOSOME_RANK, normalise_contigs

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Intervals:
    """Merged, sorted, non-overlapping intervals per chromosome.

    Parameters
    ----------
    starts, ends
        Chromosome (``chr`` prefixed) to sorted arrays of equal length [bp, 0-based half-open].
    """

    starts: Mapping[str, IntArray]
    ends: Mapping[str, IntArray]

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Intervals:
        """Merge a table with ``chromosome, start, end`` into intervals.

        Raises
        ------
        SchemaError
            If an interval has an end before its start.
        """
        reversed_rows = (table["end"] < table["start"]).to_numpy(dtype=bool)
        if reversed_rows.any():
            row = table.iloc[int(reversed_rows.nonzero()[0][0])]
            raise SchemaError(f"interval {row['chromosome']}:{row['start']}-{row['end']} ends before it starts")
        starts: dict[str, IntArray] = {}
        ends: dict[str, IntArray] = {}
        contigs = normalise_contigs(table["chromosome"])
        for name, rows in table.groupby(contigs, sort=False):
            first = rows["start"].to_numpy(dtype=np.int64)
            last = rows["end"].to_numpy(dtype=np.int64)
            merged = merge(first, last)
            if len(merged[0]):
                starts[str(name)], ends[str(name)] = merged
        order = sorted(starts, key=lambda c: (CHROMOSOME_RANK.get(c, 99), c))
        return cls({c: starts[c] for c in order}, {c: ends[c] for c in order})

    @property
    def total_bp(self) -> int:
        """Number of bases covered, each counted once."""
        return int(sum((self.ends[c] - self.starts[c]).sum() for c in self.starts))

    @property
    def chromosomes(self) -> list[str]:
        """Chromosomes that carry an interval."""
        return list(self.starts)

    def padded(self, bases: int) -> Intervals:
        """Return the intervals widened by ``bases`` on both sides and merged again."""
        table = self.to_table()
        table["start"] = (table["start"] - bases).clip(lower=0)
        table["end"] += bases
        return Intervals.from_table(table)

    def intersect(self, other: Intervals) -> Intervals:
        """Return the bases that are in both."""
        pieces = [
            (c, max(s, os), min(e, oe))
            for c in self.starts
            if c in other.starts
            for s, e in zip(self.starts[c].tolist(), self.ends[c].tolist(), strict=True)
            for os, oe in other._overlapping(c, s, e)
        ]
        return Intervals.from_table(pd.DataFrame(pieces, columns=["chromosome", "start", "end"]))

    def _overlapping(self, chromosome: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        first = int(np.searchsorted(self.ends[chromosome], start, side="right"))
        last = int(np.searchsorted(self.starts[chromosome], end, side="left"))
        for i in range(first, last):
            yield int(self.starts[chromosome][i]), int(self.ends[chromosome][i])

    def overlaps(self, chromosome: str, start: int, end: int) -> bool:
        """Return True when [start, end) shares a base with the intervals; an empty range counts as its first base."""
        starts = self.starts.get(chromosome)
        if starts is None:
            return False
        index = int(np.searchsorted(starts, max(end, start + 1), side="left")) - 1
        return index >= 0 and int(self.ends[chromosome][index]) > start

    def lookup(self) -> IntervalLookup:
        """Return plain-list form for many single look-ups in a streaming loop."""
        return IntervalLookup({c: (self.starts[c].tolist(), self.ends[c].tolist()) for c in self.starts})

    def overlap_mask(self, chromosome: pd.Series, start: pd.Series, end: pd.Series) -> npt.NDArray[np.bool_]:
        """Return for each row whether [start, end) shares a base with the intervals."""
        mask = np.zeros(len(chromosome), dtype=bool)
        first = start.to_numpy(dtype=np.int64)
        last = np.maximum(end.to_numpy(dtype=np.int64), first + 1)
        names = chromosome.to_numpy(dtype=object)
        for name in self.starts:
            rows = np.flatnonzero(names == name)
            if len(rows):
                index = np.searchsorted(self.starts[name], last[rows], side="left") - 1
                inside = self.ends[name][np.maximum(index, 0)] > first[rows]
                mask[rows] = (index >= 0) & inside
        return mask

    def to_table(self) -> pd.DataFrame:
        """Return ``chromosome, start, end`` rows in genome order."""
        parts = [pd.DataFrame({"chromosome": c, "start": self.starts[c], "end": self.ends[c]}) for c in self.starts]
        if not parts:
            return pd.DataFrame({"chromosome": pd.Series(dtype="str"), "start": pd.Series(dtype="int64"),
                                 "end": pd.Series(dtype="int64")})  # fmt: skip
        return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class IntervalLookup:
    """Intervals as plain lists: one bisection per question, no array overhead."""

    table: Mapping[str, tuple[list[int], list[int]]]

    def overlaps(self, chromosome: str, start: int, end: int) -> bool:
        """Return True when [start, end) shares a base with the intervals (``chromosome`` as in the lookup's keys)."""
        pair = self.table.get(chromosome)
        if pair is None:
            return False
        index = bisect_right(pair[0], max(end - 1, start)) - 1
        return index >= 0 and pair[1][index] > start


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
