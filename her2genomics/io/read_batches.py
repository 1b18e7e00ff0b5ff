"""Aligned reads in batches of arrays: what depth needs of them, and nothing else.

A BAM is parsed from its own bytes: one short loop finds where records begin, and their fixed fields are then gathered
for thousands of reads at once; CIGARs and names are looked at only for the reads that are asked for.  CRAM, SAM and
reads fetched by region come through pysam, read by read, into the same form.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from her2genomics.exceptions import FileFormatError
from her2genomics.io.bgzf import read_bgzf

if TYPE_CHECKING:
    import pysam

IntArray = npt.NDArray[np.int64]
KeyArray = npt.NDArray[np.uint64]

_INT = struct.Struct("<i")
_FIXED = np.dtype(
    [
        ("size", "<i4"), ("tid", "<i4"), ("pos", "<i4"), ("name_bytes", "u1"), ("mapq", "u1"), ("bin", "<u2"),
        ("n_ops", "<u2"), ("flag", "<u2"), ("n_bases", "<i4"), ("mate_tid", "<i4"), ("mate_pos", "<i4"),
        ("template_length", "<i4"),
    ]
)  # fmt: skip
_SMALLEST_RECORD = _FIXED.itemsize - 4
_MAGIC = b"BAM\1"
_PADDING = bytes(64)
# CIGAR operations by code, MIDNSHP=X: which have aligned bases, and which move along the reference.
_ALIGNED = np.array([1, 0, 0, 0, 0, 0, 0, 1, 1] + [0] * 7, dtype=bool)
_ON_REFERENCE = np.array([1, 0, 1, 1, 0, 0, 0, 1, 1] + [0] * 7, dtype=bool)
_SOFT_CLIP = 4
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))
_PYSAM_BATCH = 20_000


class Blocks(NamedTuple):
    """Stretches of aligned bases [bp, 0-based half-open]; ``read`` is the index of each one's read, ascending."""

    read: IntArray
    start: IntArray
    end: IntArray


class ReadBatch(Protocol):
    """Reads of one stretch of a file, in file order; arrays have one entry per read."""

    tid: IntArray
    pos: IntArray
    mapq: IntArray
    flag: IntArray
    mate_tid: IntArray
    mate_pos: IntArray

    def blocks(self, rows: IntArray) -> Blocks:
        """Return the aligned stretches of some reads; ``read`` counts within ``rows``."""

    def name_keys(self, rows: IntArray) -> KeyArray:
        """Return a 64-bit key of the names of some reads."""


class BamBatch:
    """Records of a BAM as bytes.

    Parameters
    ----------
    data
        Uncompressed records, and at least 64 further bytes.
    offsets
        Where each record begins.
    """

    def __init__(self, data: bytes, offsets: list[int]) -> None:
        self._data = data
        self._offsets = np.array(offsets, dtype=np.int64)
        window = np.ndarray((len(data) - _FIXED.itemsize,), _FIXED, data, strides=(1,))
        self._fixed = window[self._offsets]
        self.tid, self.pos, self.mapq, self.flag, self.mate_tid, self.mate_pos = (
            self._fixed[name].astype(np.int64) for name in ("tid", "pos", "mapq", "flag", "mate_tid", "mate_pos")
        )

    def blocks(self, rows: IntArray) -> Blocks:
        """Return the aligned stretches of some reads; ``read`` counts within ``rows``."""
        words = np.ndarray((len(self._data) - 3,), "<u4", self._data, strides=(1,))
        n_ops = self._fixed["n_ops"][rows].astype(np.int64)
        at = self._offsets[rows] + _FIXED.itemsize + self._fixed["name_bytes"][rows]
        position = self.pos[rows]
        single = np.flatnonzero(n_ops == 1)
        several = np.flatnonzero(n_ops > 1)
        _refuse_long_cigars(words[at[several]], self._fixed["n_bases"][rows[several]])
        found = [_advance(words[at[single]], single, position)]
        k = 0
        while len(several):
            found.append(_advance(words[at[several] + 4 * k], several, position))
            k += 1
            several = several[n_ops[several] > k]
        read, start, end = (np.concatenate(parts) for parts in zip(*found, strict=True))
        if len(found) > 1:
            order = np.argsort(read, kind="stable")
            read, start, end = read[order], start[order], end[order]
        return Blocks(read, start, end)

    def name_keys(self, rows: IntArray) -> KeyArray:
        """Return a 64-bit key of the names of some reads."""
        words = np.ndarray((len(self._data) - 7,), "<u8", self._data, strides=(1,))
        at = self._offsets[rows] + _FIXED.itemsize
        length = self._fixed["name_bytes"][rows].astype(np.int64) - 1
        keys = length.astype(np.uint64)
        for k in range(0, int(length.max(initial=0)), 8):
            word = words[at + k]
            spare = np.clip(8 * (k + 8 - length), 0, 56).astype(np.uint64)
            mixed = (keys ^ (word << spare)) * _MIX[0]
            mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX[1]
            keys = np.where(length > k, mixed, keys)
        return keys


def _refuse_long_cigars(first: npt.NDArray[np.uint32], n_bases: npt.NDArray[np.int32]) -> None:
    """Raise for CIGARs of more than 65,535 operations: a clip of the whole read stands in for them in the record."""
    if ((first & 15 == _SOFT_CLIP) & (first >> 4 == n_bases) & (n_bases > 0)).any():
        raise FileFormatError(
            "a read has more than 65,535 CIGAR operations (long reads)", hint="read it by region: --route index"
        )


def _advance(word: npt.NDArray[np.uint32], reads: IntArray, position: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return the aligned stretches of one CIGAR operation per read, and move ``position`` to the end of it."""
    operation = word & 15
    length = (word >> 4).astype(np.int64)
    start = position[reads]
    position[reads] = start + np.where(_ON_REFERENCE[operation], length, 0)
    aligned = _ALIGNED[operation] & (length > 0)
    return reads[aligned], start[aligned], start[aligned] + length[aligned]


def read_bam(path: str | os.PathLike[str], *, threads: int = 1) -> Iterator[BamBatch]:
    """Yield all records of a BAM file, in file order.

    Raises
    ------
    FileFormatError
        If the file is no BAM, is damaged or truncated.
    """
    rest = b""
    for run in _without_header(read_bgzf(path, threads=threads), path):
        data = b"".join((rest, run, _PADDING))
        size = len(data) - len(_PADDING)
        offsets, stop = _record_offsets(data, size, path)
        rest = data[stop:size]
        if offsets:
            yield BamBatch(data, offsets)
    if rest:
        raise FileFormatError("the last record is cut off", path=path, hint="copy or write it again")


def _record_offsets(data: bytes, size: int, path: str | os.PathLike[str]) -> tuple[list[int], int]:
    """Return where the whole records in ``data[:size]`` begin, and where they stop."""
    offsets: list[int] = []
    add, read_int = offsets.append, _INT.unpack_from
    at, last = 0, size - 4
    while at <= last:
        (length,) = read_int(data, at)
        after = at + 4 + length
        if after > size:
            break
        if length < _SMALLEST_RECORD:
            raise FileFormatError("damaged: a record without its fixed fields", path=path)
        add(at)
        at = after
    return offsets, at


def read_bam_header(path: str | os.PathLike[str]) -> tuple[str, dict[str, int]]:
    """Return the header text of a BAM file and its contigs with their lengths [bp]; no index is loaded.

    Raises
    ------
    FileFormatError
        If the file is no BAM, or its header is cut off.
    """
    head = b""
    for run in read_bgzf(path):
        head += run
        if _header_end(head, path) is not None:
            break
    else:
        raise FileFormatError("the header is cut off", path=path, hint="copy or write the file again")
    text_end = 8 + _INT.unpack_from(head, 4)[0]
    contigs: dict[str, int] = {}
    at = text_end + 4
    for _ in range(_INT.unpack_from(head, text_end)[0]):
        (name_bytes,) = _INT.unpack_from(head, at)
        name = head[at + 4 : at + 3 + name_bytes].decode("ascii", errors="replace")
        (contigs[name],) = _INT.unpack_from(head, at + 4 + name_bytes)
        at += 8 + name_bytes
    return head[8:text_end].rstrip(b"\0").decode("utf-8", errors="replace"), contigs


def _without_header(runs: Iterator[bytes], path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Pass the runs on without the BAM header that stands in front."""
    head = b""
    for run in runs:
        head += run
        end = _header_end(head, path)
        if end is not None:
            yield head[end:]
            yield from runs
            return
    raise FileFormatError("the header is cut off", path=path, hint="copy or write the file again")


def _header_end(head: bytes, path: str | os.PathLike[str]) -> int | None:
    """Return where the BAM header ends, or None when ``head`` does not reach so far."""
    if not head.startswith(_MAGIC[: len(head)]):
        raise FileFormatError("not a BAM file", path=path)
    try:
        at = 8 + _INT.unpack_from(head, 4)[0]
        (n_contigs,) = _INT.unpack_from(head, at)
        at += 4
        for _ in range(n_contigs):
            at += 8 + _INT.unpack_from(head, at)[0]
    except struct.error:
        return None
    return at if at <= len(head) else None


class SegmentBatch:
    """Reads that came through pysam one by one."""

    def __init__(self, segments: list[pysam.AlignedSegment]) -> None:
        fields = [
            (r.reference_id, r.reference_start, r.mapping_quality, r.flag, r.next_reference_id, r.next_reference_start)
            for r in segments
        ]
        columns = np.array(fields, dtype=np.int64).reshape(-1, 6).T
        self.tid, self.pos, self.mapq, self.flag, self.mate_tid, self.mate_pos = columns
        self._segments = segments

    def blocks(self, rows: IntArray) -> Blocks:
        """Return the aligned stretches of some reads; ``read`` counts within ``rows``."""
        found = [
            (read, start, end)
            for read, row in enumerate(rows.tolist())
            for start, end in self._segments[row].get_blocks()
            if end > start
        ]
        return Blocks(*np.array(found, dtype=np.int64).reshape(-1, 3).T)

    def name_keys(self, rows: IntArray) -> KeyArray:
        """Return a 64-bit key of the names of some reads."""
        names = [hash(self._segments[row].query_name) for row in rows.tolist()]
        return np.array(names, dtype=np.int64).view(np.uint64)


def read_segments(segments: Iterable[pysam.AlignedSegment]) -> Iterator[SegmentBatch]:
    """Yield reads from pysam, in their order."""
    source = iter(segments)
    while batch := list(islice(source, _PYSAM_BATCH)):
        yield SegmentBatch(batch)
