"""BAM, CRAM or SAM to depth per target, in one pass over the file or by region through its index.

What is counted follows mosdepth's default: duplicates, secondary, QC-fail and unmapped records are left out,
supplementary ones are kept, deletions and skipped stretches are no depth, and where both mates of a proper pair have
aligned a base it counts once.  There is no upper limit to the depth.

A panel's BAM is read from front to end, because most of it lies on targets.  When an index shows that the targets hold
a small part of the reads (an exome or genome), only their regions are read; what can be known only from the whole file
is then missing in the counts.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pysam

from her2genomics.exceptions import (
    BuildMismatchError,
    DataWarning,
    FileFormatError,
    SchemaError,
    UsageError,
)
from her2genomics.genome import normalise_contig, normalise_contigs
from her2genomics.intervals import Intervals
from her2genomics.io.alignment_files import (
    AlignmentHeader,
    clear_errors,
    open_alignments,
    read_alignment_header,
    sort_hint,
)
from her2genomics.io.mate_overlap import MateOverlap
from her2genomics.io.read_batches import Blocks, ReadBatch, read_bam, read_segments
from her2genomics.target_depth import ChromosomeDepth, DepthSummary, ReadCounts, SampleDepth

IntArray = npt.NDArray[np.int64]
Route = Literal["auto", "whole", "index"]

UNMAPPED, SECONDARY, QC_FAIL, DUPLICATE, SUPPLEMENTARY = 0x4, 0x100, 0x200, 0x400, 0x800
DEFAULT_EXCLUDED = UNMAPPED | SECONDARY | QC_FAIL | DUPLICATE
"""Flags of reads that are not counted (1796, as mosdepth)."""
_NOT_A_READ = SECONDARY | SUPPLEMENTARY | QC_FAIL
_SMALL_FILE_BYTES = 512 << 20
_LARGE_CRAM_BYTES = 2 << 30
_SAMPLED_REGIONS = 25
_SMALL_SHARE = 0.25
_JOIN_BP = 1000


@dataclass(frozen=True)
class ReadFilter:
    """Which reads are counted, and how.

    Parameters
    ----------
    exclude_flags
        Reads with any of these SAM flags are left out; unmapped reads always are.
    min_mapq
        Lowest mapping quality that is counted.
    count_overlap_once
        Whether a base that both mates of a proper pair cover counts once.

    Raises
    ------
    UsageError
        If a flag or quality is out of range.
    """

    exclude_flags: int = DEFAULT_EXCLUDED
    min_mapq: int = 0
    count_overlap_once: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.exclude_flags <= 0xFFF:
            raise UsageError(f"SAM flags lie between 0 and 4095, not {self.exclude_flags}")
        if not 0 <= self.min_mapq <= 255:
            raise UsageError(f"mapping qualities lie between 0 and 255, not {self.min_mapq}")


def read_target_depth(
    path: str | os.PathLike[str],
    targets: pd.DataFrame,
    *,
    read_filter: ReadFilter | None = None,
    min_depth: int | None = None,
    route: Route = "auto",
    reference: str | None = None,
    threads: int = 1,
) -> SampleDepth:
    """Return the depth over targets of a BAM, CRAM or SAM file that is sorted by coordinate.

    Parameters
    ----------
    path
        Alignment file.
    targets
        ``chromosome, start, end`` [bp, 0-based half-open] and any other columns; targets may overlap or repeat, each
        has its own mean.
    read_filter
        Which reads are counted; mosdepth's default.
    min_depth
        Depth from which a base is callable [x]; None when callable territory is not needed.
    route
        ``whole`` file from front to end, by region through the ``index``, or ``auto``: the index when less than a
        quarter of the reads lie on targets.
    reference
        FASTA of a CRAM.
    threads
        Threads in all; from 2 on, unpacking runs beside the counting. The result is the same.

    Raises
    ------
    FileFormatError
        If the file is damaged, truncated, unsorted, or has no index where one is needed.
    BuildMismatchError
        If no target lies on a contig of the file, or one ends beyond its contig.
    SchemaError
        If there is no target, or one has no base.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from her2genomics.io.alignment_writer import write_bam
    >>> reads = pd.DataFrame({"fragment": [0], "flag": [0], "pos": [90], "mapq": [60], "cigar": ["50M"],
    ...                       "mate_pos": [-1], "template_length": [0]})
    >>> bam = pathlib.Path(tempfile.mkdtemp()) / "x.bam"
    >>> write_bam(bam, {"chr17": 1000}, [("chr17", reads)], sample="P1", read_length=50)
    >>> erbb2 = pd.DataFrame({"chromosome": ["chr17"], "start": [100], "end": [200], "gene": ["ERBB2"]})
    >>> read_target_depth(bam, erbb2).targets["depth"].tolist()
    [0.4]
    """
    header = read_alignment_header(path, reference=reference)
    chromosomes = _checked_targets(targets, header)
    counting = _Counting(header, targets, chromosomes, read_filter or ReadFilter(), min_depth)
    regions = _regions(targets, chromosomes, header)
    by_region = route == "index" or (route == "auto" and _targets_are_few(header, regions, reference))
    with clear_errors(header, reference):
        if by_region:
            with open_alignments(header.path, reference=reference, threads=threads) as handle:
                counting.by_region(handle, regions)
        else:
            counting.whole(_batches(header, reference, threads))
    return SampleDepth(
        header.sample,
        targets.assign(depth=pd.array(counting.summary.means, dtype="Float64")),
        counting.summary,
        counting.counts,
        by_region,
    )


class _Counting:
    """Depth and counts while batches go by."""

    def __init__(
        self,
        header: AlignmentHeader,
        targets: pd.DataFrame,
        chromosomes: pd.Series,
        read_filter: ReadFilter,
        min_depth: int | None,
    ) -> None:
        self._header, self._filter = header, read_filter
        ids = header.ids()
        self._starts = targets["start"].to_numpy(dtype=np.int64)
        self._ends = targets["end"].to_numpy(dtype=np.int64)
        rows = {name: np.flatnonzero(chromosomes == name) for name in chromosomes.unique()}
        self._open = {
            ids[name]: (name, rows[name]) for name in sorted(rows, key=lambda n: ids.get(n, -1)) if name in ids
        }
        self.summary = DepthSummary(np.full(len(targets), np.nan), min_depth)
        self.counts = ReadCounts()

    def whole(self, batches: Iterable[ReadBatch]) -> None:
        """Count a whole file, contig after contig in the order of its header."""
        track, overlap = None, MateOverlap()
        current, place = -1, (-1, -1)
        for batch in batches:
            place = self._require_sorted(batch, place)
            self._count_reads(batch, np.arange(len(batch.tid)))
            for tid, rows in _by_contig(batch):
                if tid != current:
                    self._finish(current, track)
                    current, track, overlap = tid, self._track(tid), MateOverlap()
                if track is not None:
                    self._count_depth(batch, rows, track, overlap)
        self._finish(current, track)
        for tid in list(self._open):
            self._finish(tid, self._track(tid))

    def by_region(self, handle: pysam.AlignmentFile, regions: list[_Region]) -> None:
        """Count the reads of each region, which holds its targets as a whole."""
        track, current, previous_end = None, -1, 0
        for region in regions:
            if region.tid != current:
                self._finish(current, track)
                current, track, previous_end = region.tid, self._track(region.tid), 0
            overlap = MateOverlap()
            for batch in read_segments(handle.fetch(tid=region.tid, start=region.start, stop=region.end)):
                rows = np.arange(len(batch.tid))
                self._count_reads(batch, np.flatnonzero(batch.pos >= previous_end))
                if track is not None:
                    self._count_depth(batch, rows, track, overlap, region, previous_end)
            previous_end = region.end
        self._finish(current, track)

    def _track(self, tid: int) -> ChromosomeDepth | None:
        if tid not in self._open:
            return None
        rows = self._open[tid][1]
        return ChromosomeDepth(self._starts[rows], self._ends[rows])

    def _finish(self, tid: int, track: ChromosomeDepth | None) -> None:
        if track is not None:
            name, rows = self._open.pop(tid)
            self.summary.finish(name, rows, track)

    def _require_sorted(self, batch: ReadBatch, place: tuple[int, int]) -> tuple[int, int]:
        """Raise when a read lies before its predecessor, and return where the batch ends (unplaced reads come last)."""
        contig = np.where(batch.tid < 0, len(self._header.contigs), batch.tid)
        contig = np.concatenate(([place[0]], contig))
        pos = np.concatenate(([place[1]], batch.pos))
        backwards = (contig[1:] < contig[:-1]) | ((contig[1:] == contig[:-1]) & (pos[1:] < pos[:-1]))
        if backwards.any():
            row = int(np.flatnonzero(backwards)[0])
            name = list(self._header.contigs)[batch.tid[row]]
            raise FileFormatError(
                f"not sorted by coordinate: a read at {name}:{batch.pos[row] + 1} comes after later ones",
                path=self._header.path,
                hint=sort_hint(self._header.path),
            )
        return int(contig[-1]), int(pos[-1])

    def _count_reads(self, batch: ReadBatch, rows: IntArray) -> None:
        flag = batch.flag[rows]
        flag = flag[(flag & _NOT_A_READ) == 0]
        mapped = (flag & UNMAPPED) == 0
        self.counts.total += len(flag)
        self.counts.mapped += int(np.count_nonzero(mapped))
        self.counts.duplicate += int(np.count_nonzero(mapped & ((flag & DUPLICATE) != 0)))

    def _count_depth(
        self,
        batch: ReadBatch,
        rows: IntArray,
        track: ChromosomeDepth,
        overlap: MateOverlap,
        region: _Region | None = None,
        previous_end: int = 0,
    ) -> None:
        flag = batch.flag[rows]
        counted = (flag & (self._filter.exclude_flags | UNMAPPED)) == 0
        counted &= batch.mapq[rows] >= self._filter.min_mapq
        unique = ((flag & (_NOT_A_READ | UNMAPPED | DUPLICATE)) == 0) & (batch.pos[rows] >= previous_end)
        looked_at = counted | unique
        rows, counted, unique = rows[looked_at], counted[looked_at], unique[looked_at]
        blocks = batch.blocks(rows)
        if region is not None:
            blocks = region.part_of(blocks)
        blocks = _chosen(blocks, track.touches(blocks.start, blocks.end))
        on_target = np.zeros(len(rows), dtype=bool)
        on_target[blocks.read] = True
        self.counts.unique_on_target += int(np.count_nonzero(on_target & unique))
        blocks = _chosen(blocks, counted[blocks.read])
        track.add(blocks.start, blocks.end)
        if self._filter.count_overlap_once:
            kept = np.flatnonzero(on_target & counted)
            renumbered = blocks._replace(read=np.searchsorted(kept, blocks.read))
            track.remove(*overlap.shared(batch, rows[kept], renumbered))


@dataclass(frozen=True)
class _Region:
    """A stretch of a contig that holds one or more targets as a whole [bp, 0-based half-open]."""

    tid: int
    start: int
    end: int

    def part_of(self, blocks: Blocks) -> Blocks:
        """Return what of the blocks lies within the region."""
        start, end = np.maximum(blocks.start, self.start), np.minimum(blocks.end, self.end)
        return _chosen(Blocks(blocks.read, start, end), start < end)


def _chosen(blocks: Blocks, keep: npt.NDArray[np.bool_]) -> Blocks:
    return Blocks(blocks.read[keep], blocks.start[keep], blocks.end[keep])


def _by_contig(batch: ReadBatch) -> Iterator[tuple[int, IntArray]]:
    """Yield the placed reads of a batch, contig by contig."""
    edges = np.flatnonzero(np.diff(batch.tid)) + 1
    for rows in np.split(np.arange(len(batch.tid)), edges):
        if len(rows) and batch.tid[rows[0]] >= 0:
            yield int(batch.tid[rows[0]]), rows


def _checked_targets(targets: pd.DataFrame, header: AlignmentHeader) -> pd.Series:
    """Return the targets' chromosomes after checking that they fit the file."""
    if not len(targets):
        raise SchemaError("there is no target", hint="give a panel or a BED with targets")
    chromosomes = normalise_contigs(targets["chromosome"])
    empty = (targets["end"] <= targets["start"]).to_numpy(dtype=bool)
    lengths = chromosomes.map({normalise_contig(name): length for name, length in header.contigs.items()})
    beyond = (targets["end"] > lengths).to_numpy(dtype=bool)
    for bad, what, error in (
        (empty, "has no base", SchemaError),
        (beyond, "lies beyond its contig: another build?", BuildMismatchError),
    ):
        if bad.any():
            row = targets.iloc[int(bad.nonzero()[0][0])]
            name = f"target {row['chromosome']}:{row['start']}-{row['end']}"
            raise error(f"{name} {what}", path=header.path, hint="check the targets, and --build")
    absent = lengths.isna().to_numpy(dtype=bool)
    if absent.all():
        raise BuildMismatchError(
            f"no target lies on a contig of the file (targets: {', '.join(chromosomes.unique()[:3])};"
            f" file: {', '.join(list(header.contigs)[:3])})",
            path=header.path,
            hint="are the targets and the file of one genome?",
        )
    if absent.any():
        names = ", ".join(sorted(set(chromosomes[absent]))[:5])
        warnings.warn(
            DataWarning(f"{header.path}: {absent.sum()} targets have no depth, their contig is not there: {names}"),
            stacklevel=3,
        )
    return chromosomes


def _regions(targets: pd.DataFrame, chromosomes: pd.Series, header: AlignmentHeader) -> list[_Region]:
    """Return the targets joined over short gaps, in the order of the file."""
    table = targets[["start", "end"]].assign(chromosome=chromosomes)
    merged = Intervals.from_table(table)
    ids = header.ids()
    regions = []
    for name in merged.chromosomes:
        if name not in ids:
            continue
        starts, ends = (np.array(side) for side in merged.spans[name])
        new = np.concatenate(([True], starts[1:] - ends[:-1] > _JOIN_BP))
        last = np.concatenate((np.flatnonzero(new)[1:] - 1, [len(starts) - 1]))
        regions += [_Region(ids[name], int(s), int(e)) for s, e in zip(starts[new], ends[last], strict=True)]
    return sorted(regions, key=lambda region: (region.tid, region.start))


def _targets_are_few(header: AlignmentHeader, regions: list[_Region], reference: str | None) -> bool:
    """Return whether reading by region is worth it: estimated from the index and a sample of regions."""
    size = Path(header.path).stat().st_size
    if header.kind == "SAM" or size < _SMALL_FILE_BYTES:
        return False
    with clear_errors(header, reference), open_alignments(header.path, reference=reference) as handle:
        if not handle.has_index():
            return False
        if header.kind == "CRAM":
            return size > _LARGE_CRAM_BYTES
        sampled = regions[:: -(-len(regions) // _SAMPLED_REGIONS)]
        reads = sum(handle.count(list(header.contigs)[r.tid], r.start, r.end) for r in sampled)
        share = sum(r.end - r.start for r in sampled) / sum(r.end - r.start for r in regions)
        return bool(reads / share < _SMALL_SHARE * handle.mapped)


def _batches(header: AlignmentHeader, reference: str | None, threads: int) -> Iterator[ReadBatch]:
    if header.kind == "BAM":
        yield from read_bam(header.path, threads=threads)
        return
    with open_alignments(header.path, reference=reference, threads=threads) as handle:
        yield from read_segments(handle.fetch(until_eof=True))
