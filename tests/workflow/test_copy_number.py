"""Copy number from files and by the commands: round trips, formats, and one-line errors."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from her2genomics.cli.main import cli
from her2genomics.exceptions import UsageError
from her2genomics.io.cnvkit import read_cnn, write_cnn
from her2genomics.io.segments import read_cns, read_gene_cna, read_seg
from her2genomics.simulate_coverage import simulate_coverage, simulate_targets
from her2genomics.workflow.cnv_inputs import sample_name
from her2genomics.workflow.copy_number import (
    build_from_files,
    copy_number_of_file,
    read_reference,
    write_reference,
)

TARGETS = simulate_targets(n_genes=44, bins_per_gene=8, seed=2).replace({"gene": {"G5": "ERBB2"}})


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cnv")
    for i in range(8):
        write_cnn(simulate_coverage(TARGETS, seed=i), root / f"N{i}.targetcoverage.cnn")
    write_cnn(simulate_coverage(TARGETS, seed=70, copies={"ERBB2": 20, "G20": 0.0}), root / "T1.cnn")
    write_cnn(simulate_coverage(TARGETS, seed=71), root / "T2.cnn")
    result = run("reference", "build", *sorted(root.glob("N*.cnn")), "--out", root / "pon.cnn")
    assert result.exit_code == 0, result.output
    return root


def test_a_reference_is_the_same_after_a_round_trip(folder: Path) -> None:
    built = build_from_files(sorted(folder.glob("N*.cnn")))
    write_reference(built, folder / "again.cnn")
    back = read_reference(folder / "again.cnn")
    assert np.allclose(back.bins["log2"], built.bins["log2"])
    first = copy_number_of_file(folder / "T1.cnn", built).genes
    second = copy_number_of_file(folder / "T1.cnn", back).genes
    assert np.allclose(first["log2"], second["log2"], atol=1e-5)
    assert np.allclose(np.log(first["p_value"]), np.log(second["p_value"]), atol=0.01)


def test_the_gene_table_goes_to_standard_output(folder: Path) -> None:
    result = run("cnv", folder / "T1.cnn", "--reference", folder / "pon.cnn")
    assert result.exit_code == 0, result.output
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    called = {row[1] for row in rows if "amplification" in row or "deletion" in row}
    assert called == {"ERBB2", "G20"}
    assert "ERBB2: amplification" in result.stderr


def test_every_format_is_written_and_read_back(folder: Path) -> None:
    out = folder / "out"
    result = run("cnv", folder / "T1.cnn", folder / "T2.cnn", "--reference", folder / "pon.cnn", "--folder", out)
    assert result.exit_code == 0, result.output
    assert len(read_cnn(out / "T1.cnr")) == len(TARGETS)
    segments = read_cns(out / "T1.cns", build="hg19").segments
    seg = read_seg(out / "segments.seg", build="hg19").segments
    assert seg[seg["sample_id"] == "T1"]["start"].tolist() == segments["start"].tolist()
    calls = read_gene_cna(out / "data_cna.txt").gene_cna.set_index(["sample_id", "gene"])["cna"]
    assert (calls["T1", "ERBB2"], calls["T1", "G20"], calls["T2", "ERBB2"]) == (2, -2, 0)
    log2 = read_gene_cna(out / "data_log2_cna.txt", measure="log2").gene_cna.set_index(["sample_id", "gene"])["log2"]
    assert log2["T1", "ERBB2"] == pytest.approx(np.log2(10), abs=0.25)
    assert set(pd.read_csv(out / "cnv_qc.tsv", sep="\t")["sample_id"]) == {"T1", "T2"}


@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not here")
def test_bcftools_reads_the_vcf(folder: Path) -> None:
    run("cnv", folder / "T1.cnn", "--reference", folder / "pon.cnn", "--folder", folder / "vcf")
    done = subprocess.run(
        ["bcftools", "query", "-f", "%CHROM %POS %END %ALT %GENE [%CN]\n", folder / "vcf" / "T1.cnv.vcf"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    rows = {line.split()[4]: line.split() for line in done.stdout.splitlines()}
    assert (rows["ERBB2"][3], rows["G20"][3]) == ("<DUP>", "<DEL>")
    start = int(TARGETS.loc[TARGETS["gene"] == "ERBB2", "start"].min())
    assert int(rows["ERBB2"][1]) == start


def test_check_names_the_normals_and_the_masked_bins(folder: Path) -> None:
    result = run("reference", "check", folder / "pon.cnn")
    assert result.stdout.splitlines()[0].startswith("sample_id\tsex")
    assert len(result.stdout.splitlines()) == 9
    assert "8 normals" in result.stderr
    assert run("reference", "check", folder / "pon.cnn", "--bins").stdout.splitlines()[0].startswith("chromosome")


def test_a_flat_reference_gives_calls_without_p(folder: Path) -> None:
    assert (
        run("reference", "build", "--flat", folder / "N0.targetcoverage.cnn", "--out", folder / "flat.cnn").exit_code
        == 0
    )
    result = run("cnv", folder / "T1.cnn", "--reference", folder / "flat.cnn")
    assert result.exit_code == 0, result.output
    assert "weak" in result.stderr
    assert "NO_P" in result.stdout


def test_cnvkits_own_reference_serves_without_p(folder: Path) -> None:
    bins = read_reference(folder / "pon.cnn").bins[["chromosome", "start", "end", "gene", "log2", "spread"]]
    write_cnn(bins, folder / "cnvkit.cnn")
    result = run("cnv", folder / "T1.cnn", "--reference", folder / "cnvkit.cnn")
    assert result.exit_code == 0, result.output
    assert "ERBB2: amplification" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["reference", "build", "--out", "x.cnn"], 2, "give the coverage of normals, or --flat"),
        (["reference", "build", "{f}/T1.cnn", "--flat", "{f}/T1.cnn", "--out", "x.cnn"], 2, "not both"),
        (["reference", "build", "{f}/T1.cnn", "{f}/T1.cnn", "--out", "x.cnn"], 2, "sample T1 is given twice"),
        (
            ["reference", "build", "{f}/T1.cnn", "--gc-from", "{f}/cut.cnn", "--out", "x.cnn"],
            1,
            "there is no gc column",
        ),
        (["reference", "build", "{f}/T1.cnn", "--fasta", "{f}/T1.cnn", "--out", "x.cnn"], 1, "FASTA"),
        (["cnv", "{f}/T1.cnn", "--reference", "{f}/absent.cnn"], 1, "absent.cnn"),
        (["cnv", "{f}/cut.cnn", "--reference", "{f}/pon.cnn"], 1, "sample cut: 342 of 352 bins are absent"),
        (["cnv", "{f}/T1.cnn", "--reference", "{f}/pon.cnn", "--purity", "40"], 2, "purity 40 is not in (0, 1]"),
        (["cnv", "{f}/zero.cnn", "--reference", "{f}/pon.cnn"], 1, "no autosomal bin has any depth"),
        (
            ["cnv", "{f}/nan.cnn", "--reference", "{f}/pon.cnn"],
            1,
            "sample nan: 2 of 352 bins have no log2 (first: chr1:",
        ),
        (
            ["reference", "build", "{f}/T1.cnn", "{f}/nan.cnn", "--out", "x.cnn"],
            1,
            "missing is not the same as no depth",
        ),
        (["cnv", "{f}/inf.cnn", "--reference", "{f}/pon.cnn"], 1, "value 'inf' is above"),
    ],
)
def test_mistakes_end_in_one_line(folder: Path, arguments: list[str], code: int, message: str) -> None:
    table = read_cnn(folder / "T1.cnn")
    write_cnn(table.head(10).drop(columns="gc"), folder / "cut.cnn")
    write_cnn(table.assign(log2=-20.0, depth=0.0), folder / "zero.cnn")
    unknown = table.assign(log2=table["log2"].mask(table.index < 2), depth=table["depth"].mask(table.index < 2))
    write_cnn(unknown, folder / "nan.cnn")
    infinite = table.astype({"log2": "object"}).assign(log2=lambda t: t["log2"].mask(t.index == 3, "inf"))
    infinite.to_csv(folder / "inf.cnn", sep="\t", index=False)
    result = run(*[a.replace("{f}", str(folder)) for a in arguments])
    assert result.exit_code == code
    assert message in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.output


def test_one_target_works_and_is_not_evaluable(folder: Path) -> None:
    one = folder / "one"
    one.mkdir()
    for name in ("N0.targetcoverage.cnn", "N1.targetcoverage.cnn", "N2.targetcoverage.cnn", "T1.cnn"):
        write_cnn(read_cnn(folder / name).query("gene == 'ERBB2'").head(1), one / name)
    assert run("reference", "build", *sorted(one.glob("N*.cnn")), "--out", one / "pon.cnn").exit_code == 0
    result = run("cnv", one / "T1.cnn", "--reference", one / "pon.cnn", "--folder", one / "out", "--plots", one / "f")
    assert result.exit_code == 0, result.output
    genes = pd.read_csv(one / "out" / "gene_cna.tsv", sep="\t")
    assert genes[["gene", "call", "flags"]].values.tolist() == [["ERBB2", "not evaluable", "FEW_BINS"]]


def test_gc_of_two_sources_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="not from both"):
        build_from_files([folder / "T1.cnn"], gc_from="a", fasta="b")


def test_sample_names_lose_the_endings_of_coverage_files() -> None:
    assert sample_name("a/b.targetcoverage.cnn.gz") == "b"
    assert sample_name("S.1.cnn") == "S.1"


def test_the_build_stays_with_the_reference_and_is_checked(folder: Path) -> None:
    normals = sorted(folder.glob("N*.cnn"))[:3]
    out = folder / "hg38.cnn"
    assert run("reference", "build", *normals, "--build", "GRCh38", "--out", out).exit_code == 0
    assert read_reference(out).build == "hg38"
    assert "hg38" in run("reference", "check", out).stderr
    other = run("cnv", folder / "T1.cnn", "--reference", out, "--build", "hg19", "--folder", folder / "other")
    assert other.exit_code == 1
    assert "the reference is of hg38, but --build of hg19" in other.stderr.splitlines()[-1]
    assert not (folder / "other").exists()
    result = run("cnv", folder / "T1.cnn", "--reference", out, "--folder", folder / "own")
    assert result.exit_code == 0, result.output
    assert "##reference=hg38" in (folder / "own" / "T1.cnv.vcf").read_text()


def test_a_reference_of_unknown_build_says_so(folder: Path) -> None:
    assert read_reference(folder / "pon.cnn").build is None
    assert "genome build not known" in run("reference", "check", folder / "pon.cnn").stderr


CASES = pd.read_csv(Path(__file__).parents[1] / "reference" / "cnv_cases.tsv", sep="\t")


def called(folder: Path, tumour: Path, gene: str, *more: str) -> dict[str, object]:
    """Return one gene's row of ``her2g cnv``."""
    result = run("cnv", tumour, "--reference", folder / "pon.cnn", "--format", "json", *more)
    assert result.exit_code == 0, result.output
    return next(row for row in json.loads(result.stdout) if row["gene"] == gene)


@pytest.mark.parametrize("row", CASES.to_dict("records"), ids=lambda row: f"ratio {row['ratio']} at {row['purity']}")
def test_every_boundary_case_by_the_command(folder: Path, row: dict[str, float]) -> None:
    """A sample that is the reference itself but for one gene; where p is on its limit, that p is given as the limit."""
    bins = read_reference(folder / "pon.cnn").bins
    planted = bins["log2"].astype(float) + np.where(bins["gene"] == "G20", np.log2(row["ratio"]), 0.0)
    tumour = folder / f"case{row['ratio']}_{row['purity']}.cnn"
    write_cnn(bins[["chromosome", "start", "end", "gene"]].assign(log2=planted), tumour)
    purity = ["--purity", str(row["purity"])]
    found = called(folder, tumour, "G20", *purity)
    assert found["observed_cn"] == pytest.approx(row["observed_cn"], abs=1e-3)
    assert found["cn"] == pytest.approx(row["purity_corrected_cn"], abs=2e-3)
    assert ("PURITY_INCONSISTENT" in str(found["flags"])) == ("PURITY_INCONSISTENT" in str(row["note"]))
    limit = ["--p-below", repr(found["p_value"])] if row["p_value"] == 0.005 else []
    assert called(folder, tumour, "G20", *purity, *limit)["call"] == row["zhang2022_call"]
    literal = called(folder, tumour, "G20", *purity, *limit, "--ratio-rule", "literal")
    assert literal["call"] == row["literal_ratio_gt_0.5_call"]
