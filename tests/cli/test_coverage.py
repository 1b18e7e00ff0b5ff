"""``her2g coverage`` from the outside: outputs, messages, exit codes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pysam
import pytest
from click.testing import CliRunner, Result

from her2genomics.cli.main import cli
from her2genomics.io.callable_regions import read_callable
from her2genomics.io.cnvkit import read_cnn
from her2genomics.panel import load_panel
from her2genomics.simulate_bam import BamSettings, simulate_bam

TARGETS = pd.DataFrame(
    {"chromosome": ["chr17", "chr17"], "start": [37_868_200, 37_880_000], "end": [37_868_400, 37_880_200], "gene": ["ERBB2", "ERBB2"]}
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coverage")
    simulate_bam(TARGETS, folder / "tumor.bam", BamSettings(depth=150, sample="P1"))
    TARGETS.to_csv(folder / "t.bed", sep="\t", header=False, index=False)
    return folder


def run(*args: object) -> Result:
    return CliRunner().invoke(cli, ["coverage", *map(str, args)])


@pytest.mark.filterwarnings("ignore::her2genomics.exceptions.DataWarning")
def test_coverage_quality_and_callable_territory(folder: Path) -> None:
    done = run(folder / "tumor.bam", "--targets", folder / "t.bed", "--out", folder / "x.cnn", "--qc", folder / "qc.tsv",
               "--callable-bed", folder / "c.bed", "--min-depth", 20, "--threads", 2)  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    assert "P1: mean depth" in done.stderr
    table = read_cnn(folder / "x.cnn")
    assert table["gene"].tolist() == ["ERBB2", "ERBB2"]
    assert table["depth"].between(100, 200).all()
    qc = pd.read_csv(folder / "qc.tsv", sep="\t").iloc[0]
    assert qc["sample_id"] == "P1"
    assert qc["frac_targets_100x"] == 1
    assert read_callable(folder / "c.bed").total_bp == qc["callable_bp"] == 400


def test_standard_output_is_a_cnn_table(folder: Path) -> None:
    done = run(folder / "tumor.bam", "--targets", folder / "t.bed")
    lines = done.stdout.splitlines()
    assert lines[0] == "chromosome\tstart\tend\tgene\tlog2\tdepth"
    assert lines[1].startswith("chr17\t37868200\t37868400\tERBB2\t")
    assert len(lines) == 3


def test_the_panel_s_targets_are_the_default(folder: Path) -> None:
    done = run(folder / "tumor.bam", "--format", "csv", "--out", folder / "x.csv")
    assert done.exit_code == 0, done.stderr
    assert len(pd.read_csv(folder / "x.csv")) == len(load_panel("surrogate520").targets("hg19"))


def test_flags_change_what_is_counted(folder: Path) -> None:
    def mean(*more: object) -> float:
        done = run(folder / "tumor.bam", "--targets", folder / "t.bed", *more)
        assert done.exit_code == 0, done.stderr
        return sum(float(line.split("\t")[5]) for line in done.stdout.splitlines()[1:])

    default = mean()
    assert mean("--include-duplicates") > default * 1.05
    assert mean("--no-overlap-handling") > default * 1.05
    assert mean("--min-mapq", 20) < default
    assert mean("--exclude-flags", "0xF04") <= default
    assert mean("--route", "index") == default
    assert mean("--include-duplicates") == mean("--exclude-flags", 772)


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["nothing.bam"], 1, "nothing.bam"),
        (["tumor.bam", "--build", "hg38"], 1, "file is hg19, expected hg38; use --build hg19"),
        (["tumor.bam", "--exclude-flags", "dup"], 2, "give the sum of the SAM flags"),
        (["tumor.bam", "--min-depth", "0"], 2, "--min-depth"),
        (["t.bed"], 1, "not a BAM, CRAM or SAM file"),
        (["tumor.bam", "--targets", "other.bed"], 1, "no target lies on a contig of the file"),
        (["small.bam"], 1, "the contig lengths are neither those of hg19 nor of hg38; give the targets with --targets"),
    ],
)
def test_mistakes_end_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], code: int, message: str
) -> None:
    monkeypatch.chdir(folder)
    (folder / "other.bed").write_text("GL000191.1\t1\t100\tX\n")
    (folder / "small.sam").write_text("@SQ\tSN:chr17\tLN:1000\n")
    pysam.view("-b", "-o", "small.bam", "small.sam", catch_stdout=False)
    done = run(*args)
    assert done.exit_code == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert done.stderr.count("\n") == 1
