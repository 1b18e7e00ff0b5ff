"""Callable bases from what coverage tools write."""

from __future__ import annotations

import gzip

import pytest

from her2genomics.exceptions import AmbiguousInputError, FileFormatError, UsageError
from her2genomics.io.callable_regions import read_callable


def test_a_plain_bed_is_callable_throughout(put):
    assert read_callable(put("chr1\t0\t10\n1\t5\t20\n", "a.bed")).total_bp == 20
    assert read_callable(put("track x\n#c\nchr1\t0\t10\tTP53|e1\n", "a.bed")).total_bp == 10


def test_depths_need_a_minimum(put):
    bed = put("chr1\t0\t10\t99.9\nchr1\t20\t30\t100\nchr1\t40\t45\t500\n", "a.regions.bed")
    with pytest.raises(AmbiguousInputError, match="--min-coverage"):
        read_callable(bed)
    assert read_callable(bed, 100).total_bp == 15
    assert read_callable(bed, 0).total_bp == 25
    with pytest.raises(UsageError, match="no interval reaches"):
        read_callable(bed, 1000)


def test_depth_in_the_fifth_column(put):
    assert read_callable(put("chr1\t0\t10\tTP53\t40\nchr1\t20\t30\tTP53\t400\n", "a.bed"), 100).total_bp == 10


def test_states(put):
    bed = put("chr1\t0\t10\tCALLABLE\nchr1\t10\t30\tLOW_COVERAGE\nchr1\t30\t40\tNO_COVERAGE\n", "a.bed")
    assert read_callable(bed).total_bp == 10


def test_a_table_with_a_depth_column(put):
    cnn = put(
        "chromosome\tstart\tend\tgene\tlog2\tdepth\nchr1\t0\t10\tTP53\t0.1\t50\nchr1\t20\t35\tTP53\t3\t200\n", "a.cnn"
    )
    assert read_callable(cnn, 100).total_bp == 15


def test_gzipped(put):
    assert read_callable(put(gzip.compress(b"chr1\t0\t10\n"), "a.bed.gz")).total_bp == 10


def test_a_minimum_without_depths_is_refused(put):
    with pytest.raises(UsageError, match="needs a file with depths"):
        read_callable(put("chr1\t0\t10\n", "a.bed"), 100)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty|no interval"),
        ("chr1\tx\ty\n", "not a BED line"),
        ("chr1\t9\t3\n", "half-open"),
        ("#only\n", "no interval"),
    ],
)
def test_bad_files(put, text, words):
    with pytest.raises(FileFormatError, match=words):
        read_callable(put(text, "a.bed"))
