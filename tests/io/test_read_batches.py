"""Batches parsed from BAM bytes equal what pysam says, read by read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest

from her2genomics.exceptions import FileFormatError
from her2genomics.io.read_batches import read_bam, read_bam_header, read_segments
from her2genomics.simulate_bam import BamSettings, simulate_bam

TARGETS = pd.DataFrame(
    {"chromosome": ["chr2", "chr17"], "start": [5_000, 9_000], "end": [6_000, 9_900], "gene": ["A", "B"]}
)


@pytest.fixture(scope="module")
def bam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bam") / "x.bam"
    settings = BamSettings(depth=700, clips=0.2, insertions=0.2, deletions=0.2, unmapped=0.1, seed=5)
    simulate_bam(TARGETS, path, settings)
    return path


@pytest.mark.parametrize("threads", [1, 2])
def test_fields_and_blocks_equal_pysam(bam: Path, threads: int) -> None:
    ours = list(read_bam(bam, threads=threads))
    with pysam.AlignmentFile(str(bam)) as handle:
        theirs = list(read_segments(handle.fetch(until_eof=True)))
    assert len(ours) > 1
    for name in ("tid", "pos", "mapq", "flag", "mate_tid", "mate_pos"):
        joined = [np.concatenate([getattr(batch, name) for batch in batches]) for batches in (ours, theirs)]
        assert np.array_equal(*joined), name
    blocks = [[batch.blocks(np.arange(len(batch.tid))) for batch in batches] for batches in (ours, theirs)]
    for name in ("start", "end"):
        joined = [np.concatenate([getattr(b, name) for b in found]) for found in blocks]
        assert np.array_equal(*joined), name
    counts = [np.concatenate([np.bincount(b.read, minlength=len(x.tid)) for b, x in zip(found, batches, strict=True)])
              for found, batches in zip(blocks, (ours, theirs), strict=True)]  # fmt: skip
    assert np.array_equal(*counts)


def test_names_have_equal_keys_exactly_when_they_are_equal(bam: Path) -> None:
    with pysam.AlignmentFile(str(bam)) as handle:
        names = [read.query_name for read in handle.fetch(until_eof=True)]
    keys = np.concatenate([batch.name_keys(np.arange(len(batch.tid))) for batch in read_bam(bam)]).tolist()
    assert len(keys) == len(names)
    assert len(set(zip(names, keys, strict=True))) == len(set(names)) == len(set(keys))


@pytest.mark.parametrize("length", [*range(1, 26), 251])
def test_names_of_any_length_differ_in_their_last_letter(tmp_path: Path, length: int) -> None:
    text = "@SQ\tSN:chr1\tLN:1000\n" + "".join(
        f"{'n' * (length - 1)}{letter}\t0\tchr1\t1\t60\t4M\t*\t0\t0\tACGT\t*\n" for letter in "aabc"
    )
    (tmp_path / "x.sam").write_text(text)
    pysam.view("-b", "-o", str(tmp_path / "x.bam"), str(tmp_path / "x.sam"), catch_stdout=False)
    (batch,) = read_bam(tmp_path / "x.bam")
    a, again, b, c = batch.name_keys(np.arange(4)).tolist()
    assert a == again
    assert len({a, b, c}) == 3


def test_header_equals_pysam(bam: Path) -> None:
    text, contigs = read_bam_header(bam)
    with pysam.AlignmentFile(str(bam)) as handle:
        assert contigs == dict(zip(handle.references, handle.lengths, strict=True))
        assert text.rstrip("\n") == str(handle.header).rstrip("\n")


def test_a_cigar_too_long_for_a_record_is_refused(tmp_path: Path) -> None:
    cigar = "1M1D" * 40_000 + "1M"
    (tmp_path / "x.sam").write_text(
        f"@SQ\tSN:chr1\tLN:900000\nr\t0\tchr1\t1\t60\t{cigar}\t*\t0\t0\t{'A' * 40_001}\t*\n"
    )
    pysam.view("-b", "-o", str(tmp_path / "x.bam"), str(tmp_path / "x.sam"), catch_stdout=False)
    (batch,) = read_bam(tmp_path / "x.bam")
    with pytest.raises(FileFormatError, match="more than 65,535 CIGAR operations"):
        batch.blocks(np.arange(1))


def test_a_bam_without_reads(tmp_path: Path) -> None:
    (tmp_path / "x.sam").write_text("@SQ\tSN:chr1\tLN:1000\n")
    pysam.view("-b", "-o", str(tmp_path / "x.bam"), str(tmp_path / "x.sam"), catch_stdout=False)
    assert list(read_bam(tmp_path / "x.bam")) == []
