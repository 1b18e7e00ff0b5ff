"""SEG, cBioPortal tables, VCF coordinates, and GC from a FASTA."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pysam
import pytest

from her2genomics.exceptions import BuildMismatchError, FileFormatError
from her2genomics.io.cnv_files import gc_of_bins, write_cbioportal_cna, write_cnv_vcf, write_seg

GENES = pd.DataFrame({
    "sample_id": ["T", "T", "T", "U"], "gene": ["A", "B", "C", "A"], "chromosome": ["chr1", "chr1", "chr2", "chr1"],
    "start": [100, 300, 500, 100], "end": [200, 400, 600, 200], "log2": [1.0, -2.0, 0.1, 0.2], "cn": [4.0, 0.5, 2.1, 2.3],
    "cna": pd.array([2, -2, None, 0], dtype="Int64"), "p_value": [1e-6, 1e-5, None, 0.5],
    "call": ["amplification", "deletion", "not evaluable", "neutral"], "event": ["8q24", "chr1:301-400 del", None, None],
})  # fmt: skip


def test_seg_is_one_based_inclusive(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"sample_id": ["T"], "chromosome": ["chr17"], "start": [99], "end": [200], "probes": [5], "log2": [0.5]}
    )
    write_seg(table, tmp_path / "x.seg")
    assert (
        tmp_path / "x.seg"
    ).read_text() == "ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\nT\t17\t100\t200\t5\t0.5\n"


def test_genes_that_were_not_evaluable_or_not_covered_are_na(tmp_path: Path) -> None:
    write_cbioportal_cna(GENES, tmp_path / "cna.txt", tmp_path / "log2.txt")
    assert (tmp_path / "cna.txt").read_text() == "Hugo_Symbol\tT\tU\nA\t2\t0\nB\t-2\tNA\nC\tNA\tNA\n"
    assert (tmp_path / "log2.txt").read_text() == "Hugo_Symbol\tT\tU\nA\t1\t0.2\nB\t-2\tNA\nC\tNA\tNA\n"


def test_the_vcf_holds_the_calls_only(tmp_path: Path) -> None:
    write_cnv_vcf(GENES[GENES["sample_id"] == "T"], tmp_path / "x.vcf", sample_id="T", build="hg19")
    rows = [line.split("\t") for line in (tmp_path / "x.vcf").read_text().splitlines() if not line.startswith("#")]
    assert [row[1] for row in rows] == ["100", "300"]
    assert [row[4] for row in rows] == ["<DUP>", "<DEL>"]
    assert rows[0][7] == "END=200;SVLEN=100;SVCLAIM=D;GENE=A;EVENT=8q24"
    assert rows[1][9] == ".:0.5:-2:1e-05"


def test_gc_counts_known_bases_only(tmp_path: Path) -> None:
    fasta = tmp_path / "g.fa"
    fasta.write_text(">1\nGGCCAATTNNNNgcat\n")
    pysam.faidx(str(fasta))
    bins = pd.DataFrame({"chromosome": ["chr1", "chr1", "chr1"], "start": [0, 2, 12], "end": [8, 10, 16]})
    assert gc_of_bins(bins, fasta)["gc"].tolist() == pytest.approx([0.5, 2 / 6, 0.5])
    with pytest.raises(BuildMismatchError, match="no chr1:0-99"):
        gc_of_bins(pd.DataFrame({"chromosome": ["chr1"], "start": [0], "end": [99]}), fasta)
    with pytest.raises(FileFormatError, match="indexed FASTA"):
        gc_of_bins(bins, tmp_path / "absent.fa")
