"""Genomic intervals: 0-based, half-open, merged, with membership in logarithmic time.

Duplicated and overlapping rows of a BED are merged on the way in, so a size never counts a base twice.  Intervals are
plain lists: a question is one bisection without array overhead, and a command that streams a VCF starts without numpy
and pandas, which are imported where whole tables are asked about.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from her2genomics.exceptions import SchemaError
from her2genomics.genome import CHROMOSOME_RANK, normalise_contig

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

Span = tuple[int, int]


@dataclass(frozen=True)
class Intervals:
    """Merged, sorted, non-overlapping intervals per chromosome.

    Parameters
    ----------
    spans
        Chromosome (``chr`` prefixed) to its starts and its ends, lists of equal length [bp, 0-based half-open].
    """

    spans: Mapping[str, tuple[list[int], list[int]]]

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Intervals:
        """Merge a table with ``chromosome, start, end`` into intervals.

        Raises
        ------
        SchemaError
            If an interval has an end before its start.
        """
        columns = (table[name].tolist() for name in ("chromosome", "start", "end"))
        return cls.from_rows(zip(*columns, strict=True))

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[str, int, int]]) -> Intervals:
        """Merge ``chromosome, start, end`` rows into intervals.

        Raises
        ------
        SchemaError
            If an interval has an end before its start.

        Examples
        --------
        >>> Intervals.from_rows([("1", 5, 9), ("chr1", 8, 12)]).total_bp
        7
        """
        found: dict[str, list[Span]] = {}
        of_contig: dict[str, list[Span]] = {}
        for contig, start, end in rows:
            if end < start:
                raise SchemaError(f"interval {contig}:{start}-{end} ends before it starts")
            spans = of_contig.get(contig)
            if spans is None:
                spans = of_contig[contig] = found.setdefault(normalise_contig(contig), [])
            spans.append((start, end))
        return cls._merged(found)

    @classmethod
    def _merged(cls, found: Mapping[str, list[Span]]) -> Intervals:
        """Merge the spans of each chromosome and put the chromosomes in order."""
        names = sorted(found, key=lambda c: (CHROMOSOME_RANK.get(c, 99), c))
        merged = {name: _merge(found[name]) for name in names}
        return cls({name: pair for name, pair in merged.items() if pair[0]})

    @property
    def total_bp(self) -> int:
        """Number of bases covered, each counted once."""
        return sum(sum(ends) - sum(starts) for starts, ends in self.spans.values())

    @property
    def chromosomes(self) -> list[str]:
        """Chromosomes that carry an interval."""
        return list(self.spans)

    def padded(self, bases: int) -> Intervals:
        """Return the intervals widened by ``bases`` on both sides and merged again."""
        return Intervals._merged(
            {
                name: [(max(start - bases, 0), end + bases) for start, end in zip(starts, ends, strict=True)]
                for name, (starts, ends) in self.spans.items()
            }
        )

    def intersect(self, other: Intervals) -> Intervals:
        """Return the bases that are in both."""
        return Intervals._merged(
            {
                name: [
                    (max(start, first), min(end, last))
                    for start, end in zip(starts, ends, strict=True)
                    for first, last in other._overlapping(name, start, end)
                ]
                for name, (starts, ends) in self.spans.items()
            }
        )

    def _overlapping(self, chromosome: str, start: int, end: int) -> Iterator[Span]:
        starts, ends = self.spans.get(chromosome, ([], []))
        for i in range(bisect_right(ends, start), bisect_left(starts, end)):
            yield starts[i], ends[i]

    def overlaps(self, chromosome: str, start: int, end: int) -> bool:
        """Return True when [start, end) shares a base with the intervals; an empty range counts as its first base."""
        pair = self.spans.get(chromosome)
        if pair is None:
            return False
        index = bisect_right(pair[0], max(end - 1, start)) - 1
        return index >= 0 and pair[1][index] > start

    def overlap_mask(self, chromosome: pd.Series, start: pd.Series, end: pd.Series) -> npt.NDArray[np.bool_]:
        """Return for each row whether [start, end) shares a base with the intervals."""
        import numpy as np

        mask = np.zeros(len(chromosome), dtype=bool)
        first = start.to_numpy(dtype=np.int64)
        last = np.maximum(end.to_numpy(dtype=np.int64), first + 1)
        names = chromosome.to_numpy(dtype=object)
        for name, (starts, ends) in self.spans.items():
            rows = np.flatnonzero(names == name)
            if len(rows):
                index = np.searchsorted(starts, last[rows], side="left") - 1
                inside = np.array(ends)[np.maximum(index, 0)] > first[rows]
                mask[rows] = (index >= 0) & inside
        return mask

    def to_table(self) -> pd.DataFrame:
        """Return ``chromosome, start, end`` rows in genome order."""
        import pandas as pd

        rows = [(name, *span) for name, pair in self.spans.items() for span in zip(*pair, strict=True)]
        table = pd.DataFrame(rows, columns=["chromosome", "start", "end"])
        return table.astype({"chromosome": "str", "start": "int64", "end": "int64"})


def _merge(spans: list[Span]) -> tuple[list[int], list[int]]:
    """Return sorted starts and ends with overlapping or touching spans joined, empty ones left out.

    Examples
    --------
    >>> _merge([(5, 9), (0, 3), (8, 12), (4, 4)])
    ([0, 5], [3, 12])
    """
    starts: list[int] = []
    ends: list[int] = []
    for start, end in sorted(spans):
        if end == start:
            continue
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return starts, ends
