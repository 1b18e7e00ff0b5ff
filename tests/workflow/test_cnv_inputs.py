"""Copy number straight from BAM files, and simulated files with their truth."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest
from click.testing import CliRunner, Result

from her2genomics.cli.main import cli
from her2genomics.exceptions import BuildMismatchError, UsageError
from her2genomics.io.cnvkit import read_cnn
from her2genomics.panel import load_panel
from her2genomics.workflow.cnv_inputs import read_sample, read_samples
from her2genomics.workflow.copy_number import build_from_files, read_reference, write_reference
from her2genomics.workflow.coverage_files import CoverageSettings
from her2genomics.workflow.simulate_files import SampleSettings, parse_copies, simulate_bam_file

GENES = ["ERBB2", "CDK12", "PTEN", "TP53", "BRCA1", "BRCA2", "ATM", "NF1", "RB1", "APC", "CREBBP", "EP300", "ARID1A",
         "SETD2", "NOTCH1", "NOTCH2", "PIK3CA", "EGFR", "MET", "ALK", "ROS1", "KIT", "FLT3", "TSC1", "TSC2"]  # fmt: skip


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four normals and a tumour as BAM over six exons each of 25 genes, and the reference of the normals."""
    root = tmp_path_factory.mktemp("bam")
    targets = load_panel("surrogate520").targets("hg19")
    columns = ["chromosome", "start", "end", "name"]
    few = targets[targets["gene"].isin(GENES)].groupby("gene").head(6).sort_index()
    few[columns].to_csv(root / "kit.bed", sep="\t", header=False, index=False)
    common = ["--targets", root / "kit.bed", "--depth", "20", "--ffpe", "0.05"]
    for i in range(4):
        assert run("simulate", "bam", root / f"N{i}.bam", *common, "--seed", str(i)).exit_code == 0
    tumour = ["--copies", "ERBB2=14", "--copies", "PTEN=0", "--purity", "0.8", "--seed", "9"]
    assert run("simulate", "bam", root / "T.bam", *common, *tumour).exit_code == 0
    normals = sorted(root.glob("N*.bam"))
    built = run("reference", "build", *normals, "--targets", root / "kit.bed", "--out", root / "pon.cnn",
                "--gc-from", root / "T.bam.truth.tsv")  # fmt: skip
    assert built.exit_code == 1, "the truth has the targets whole, the reference has bins of 200 bp"
    built = run("reference", "build", *normals, "--targets", root / "kit.bed", "--out", root / "pon.cnn")
    assert built.exit_code == 0, built.output
    return root


def test_bam_files_go_straight_in(folder: Path) -> None:
    result = run("cnv", folder / "T.bam", "--reference", folder / "pon.cnn", "--folder", folder / "out")
    assert result.exit_code == 0, result.output
    genes = pd.read_csv(folder / "out" / "gene_cna.tsv", sep="\t").set_index("gene")
    assert genes.loc["ERBB2", "call"] == "amplification"
    assert genes.loc["ERBB2", "cn"] == pytest.approx(0.8 * 14 + 0.4, rel=0.15)
    assert genes.loc["PTEN", "call"] == "deletion"
    assert genes["call"].isin(["amplification", "deletion"]).sum() == 2
    qc = pd.read_csv(folder / "out" / "sample_qc.tsv", sep="\t")
    assert (qc["sample_id"].item(), qc["n_targets"].item()) == ("T", len(read_reference(folder / "pon.cnn").bins))


def test_bam_and_its_coverage_table_give_the_same(folder: Path) -> None:
    bins = read_reference(folder / "pon.cnn").bins
    bed = bins[["chromosome", "start", "end", "gene"]]
    bed.to_csv(folder / "bins.bed", sep="\t", header=False, index=False)
    out = folder / "T.cnn"
    assert run("coverage", folder / "T.bam", "--targets", folder / "bins.bed", "--out", out).exit_code == 0
    table, bam = (run("cnv", folder / name, "--reference", folder / "pon.cnn") for name in ("T.cnn", "T.bam"))
    pd.testing.assert_frame_equal(*(pd.read_csv(io.StringIO(r.stdout), sep="\t") for r in (table, bam)), rtol=1e-4)


def test_long_targets_are_cut_into_bins(folder: Path) -> None:
    sizes = read_reference(folder / "pon.cnn").bins.eval("end - start")
    assert sizes.max() < 300
    whole = CoverageSettings(bed=str(folder / "kit.bed"))
    assert read_sample(folder / "T.bam", settings=whole).coverage.eval("end - start").max() > 400


def test_a_mixture_is_counted_over_the_bins_of_the_table(folder: Path) -> None:
    shutil.copy(folder / "T.bam", folder / "other.bam")
    table = read_sample(folder / "N0.bam", settings=CoverageSettings(bed=str(folder / "kit.bed"))).coverage
    table.to_csv(folder / "N9.cnn", sep="\t", index=False)
    bam, first = read_samples([folder / "N1.bam", folder / "N9.cnn"])
    assert bam.coverage[["start", "end"]].equals(first.coverage[["start", "end"]])


def test_a_cram_goes_in_as_well(folder: Path) -> None:
    with pysam.AlignmentFile(str(folder / "T.bam")) as source:
        options = [b"no_ref=1"]
        with pysam.AlignmentFile(str(folder / "T.cram"), "wc", template=source, format_options=options) as out:
            for read in source:
                out.write(read)
    bam, cram = (run("cnv", folder / name, "--reference", folder / "pon.cnn") for name in ("T.bam", "T.cram"))
    assert cram.exit_code == 0, cram.output
    assert cram.stdout == bam.stdout


def test_another_build_is_refused(folder: Path) -> None:
    with pytest.raises(BuildMismatchError, match=r"T.bam is of hg19, but the bins that it is counted over of hg38"):
        read_sample(folder / "T.bam", read_reference(folder / "pon.cnn").bins, CoverageSettings(build="hg38"))


def test_a_reference_of_bam_files_knows_their_build_and_refuses_a_tumour_of_another(folder: Path) -> None:
    reference = read_reference(folder / "pon.cnn")
    assert reference.build == "hg19"
    write_reference(reference.on_build("hg38"), folder / "pon38.cnn")
    result = run("cnv", folder / "T.bam", "--reference", folder / "pon38.cnn")
    assert result.exit_code == 1
    assert "T.bam is of hg19" in result.stderr.splitlines()[-1]


def test_normals_and_a_fasta_of_two_builds_are_refused(folder: Path) -> None:
    fasta = folder / "short.fa"
    fasta.write_text(">chr21\nACGT\n")
    # only the index is asked for the lengths: chr21 of hg38
    (folder / "short.fa.fai").write_text("chr21\t46709983\t7\t46709983\t46709984\n")
    kit = CoverageSettings(bed=str(folder / "kit.bed"))
    with pytest.raises(BuildMismatchError, match="sample N0 is of hg19, but the FASTA of hg38"):
        build_from_files([folder / "N0.bam"], fasta=fasta, settings=kit)


def test_one_sample_in_two_files_is_refused(folder: Path) -> None:
    shutil.copy(folder / "N1.bam", folder / "again.bam")
    with pytest.raises(UsageError, match="sample N1 is given twice"):
        build_from_files(
            [folder / "N1.bam", folder / "again.bam"], settings=CoverageSettings(bed=str(folder / "kit.bed"))
        )
    twice = run("cnv", folder / "T.bam", folder / "T.bam", "--reference", folder / "pon.cnn", "--folder", folder / "x")
    assert twice.exit_code == 2
    assert not (folder / "x").exists()


def test_a_flat_reference_from_a_bed(folder: Path) -> None:
    out = folder / "flat.cnn"
    assert run("reference", "build", "--flat", folder / "kit.bed", "--out", out).exit_code == 0
    result = run("cnv", folder / "T.bam", "--reference", out)
    assert result.exit_code == 0, result.output
    assert "ERBB2: amplification" in result.stderr


def test_the_truth_is_beside_the_file_and_the_seed_decides(tmp_path: Path) -> None:
    options = ["--depth", "200", "--copies", "ERBB2=6", "--purity", "0.5"]
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert run("simulate", "coverage", tmp_path / f"{name}.cnn", *options, "--seed", seed).exit_code == 0
    first, second, third = ((tmp_path / f"{name}.cnn").read_bytes() for name in "abc")
    assert first == second != third
    truth = pd.read_csv(tmp_path / "a.cnn.truth.tsv", sep="\t").set_index("gene")
    assert truth.loc["ERBB2", "log2"].iloc[0] == pytest.approx(1)
    assert truth.loc["ERBB2", "copies"].iloc[0] == 6
    depth = read_cnn(tmp_path / "a.cnn")
    assert np.corrcoef(depth["depth"].astype(float), truth["expected_depth"])[0, 1] > 0.98


def test_simulated_bams_have_the_same_bytes_twice(tmp_path: Path) -> None:
    (tmp_path / "kit.bed").write_text("chr17\t37868200\t37868300\tERBB2\n")
    settings = SampleSettings(bed=str(tmp_path / "kit.bed"), depth=20)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        simulate_bam_file(tmp_path / name / "S.bam", settings)
    assert (tmp_path / "one" / "S.bam").read_bytes() == (tmp_path / "two" / "S.bam").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--copies", "ERBB2"], "GENE=NUMBER, not 'ERBB2'"),
        (["--copies", "ERBB2=-1"], "GENE=NUMBER, not 'ERBB2=-1'"),
        (["--copies", "NOSUCH=3"], "NOSUCH is not among the targets"),
    ],
)
def test_wrong_copies_are_a_mistake_of_the_command_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = run("simulate", "coverage", tmp_path / "x.cnn", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_copies_are_given_once() -> None:
    with pytest.raises(UsageError, match="once per gene"):
        parse_copies(["ERBB2=2", "ERBB2=3"])
