"""Simulated BAM files: the same bytes from a seed, and the depth that was asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest

from her2genomics.exceptions import UsageError
from her2genomics.io.alignments import read_target_depth
from her2genomics.simulate_bam import BamSettings, expected_depth, simulate_bam, simulate_reads

TARGETS = pd.DataFrame(
    {"chromosome": ["chr17", "chr8", "chr1"], "start": [37_000_000, 128_000_000, 9_000], "end": [37_002_000, 128_002_000, 11_000],
     "gene": ["ERBB2", "MYC", "-"], "gc": [0.5, 0.7, 0.5]}
)  # fmt: skip


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    settings = BamSettings(depth=30, seed=11)
    for name in ("a.bam", "b.bam"):
        simulate_bam(TARGETS, tmp_path / name, settings)
    simulate_bam(TARGETS, tmp_path / "c.bam", BamSettings(depth=30, seed=12))
    a, b, c = ((tmp_path / f"{name}.bam").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_depth_is_what_was_asked_for(tmp_path: Path) -> None:
    settings = BamSettings(depth=100, copy_number={"ERBB2": 10, "MYC": 0}, purity=0.5, deletions=0, clips=0, seed=4)
    truth = simulate_bam(TARGETS, tmp_path / "x.bam", settings)
    assert truth["expected_depth"].tolist() == [300.0, 50.0, 100.0]
    found = read_target_depth(tmp_path / "x.bam", TARGETS).targets["depth"].to_numpy(float)
    np.testing.assert_allclose(found / truth["expected_depth"], 1, atol=0.1)


def test_gc_bias() -> None:
    depth = expected_depth(TARGETS, BamSettings(depth=100, gc_slope=-5))
    np.testing.assert_allclose(depth, [100, 50, 100])
    with pytest.raises(UsageError, match="gc column"):
        expected_depth(TARGETS.drop(columns="gc"), BamSettings(gc_slope=1))


def test_reads_are_sorted_and_mates_point_at_each_other() -> None:
    for _, reads in simulate_reads(TARGETS, BamSettings(depth=20, secondary=0, supplementary=0)):
        assert reads["pos"].is_monotonic_increasing
        pairs = reads.merge(reads, on="fragment")
        pairs = pairs[(pairs["flag_x"] & 0x40 != 0) & (pairs["flag_y"] & 0x80 != 0)]
        assert len(pairs) * 2 == len(reads)
        assert (pairs["mate_pos_x"] == pairs["pos_y"]).all()
        assert (pairs["template_length_x"] == -pairs["template_length_y"]).all()


def test_every_kind_of_read_is_there(tmp_path: Path) -> None:
    shares = dict.fromkeys(
        ("duplicates", "secondary", "supplementary", "qc_fail", "unmapped", "improper", "low_mapq"), 0.2
    )
    simulate_bam(TARGETS, tmp_path / "x.bam", BamSettings(depth=30, **shares))
    with pysam.AlignmentFile(str(tmp_path / "x.bam")) as handle:
        reads = list(handle.fetch(until_eof=True))
    for name in ("is_duplicate", "is_secondary", "is_supplementary", "is_qcfail", "is_unmapped"):
        assert 0.05 < np.mean([getattr(read, name) for read in reads]) < 0.4, name
    assert {op for read in reads for op, _ in read.cigartuples or ()} == {0, 1, 2, 4}


@pytest.mark.parametrize(
    "wrong", [{"purity": 1.5}, {"depth": -1}, {"off_target": 1}, {"read_length": 10}, {"clips": 0.9, "deletions": 0.9}]
)
def test_settings_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        BamSettings(**wrong)
