"""``her2g export``: files for other tools, and the other tools reading them where they are installed."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from her2genomics import schema
from her2genomics.cli.main import cli
from her2genomics.io.write import write_table


def run(*args: object) -> Result:
    return CliRunner().invoke(cli, ["export", *map(str, args)])


def save(path: Path, declared: schema.TableSchema, **columns: list[object]) -> Path:
    write_table(schema.conform(pd.DataFrame(columns), declared), path)
    return path


@pytest.fixture
def results(tmp_path: Path) -> list[object]:
    """Return the options that name the result files of a run of two tumours."""
    ids = ["TR_01_T", "TR_02_T"]
    qc = [save(tmp_path / f"{name}.qc.tsv", schema.SAMPLE_QC, sample_id=[name], mean_target_depth=[depth],
               frac_targets_100x=[0.97]) for name, depth in zip(ids, (210.0, 512.5), strict=True)]  # fmt: skip
    tmb = save(tmp_path / "tmb.tsv", schema.TMB, sample_id=ids, tmb=[4.99, 1.0], garwood_lo=[1.6, 0.1],
               garwood_hi=[11.6, 5.6], status=["evaluable", "not evaluable: maxAF 3 % < 5 %"])  # fmt: skip
    save(tmp_path / "cnv" / "cnv_qc.tsv", schema.CNV_QC, sample_id=ids, mapd=[0.13, 0.46],
         failed=["", "MAPD 0.46 > 0.35"], warned=["", ""])  # fmt: skip
    save(tmp_path / "cnv" / "gene_cna.tsv", schema.GENE_CNA, sample_id=ids, gene=["ERBB2"] * 2, cna=[2, 0],
         observed_cn=[11.2, 1.6], call=["amplification", "not evaluable"])  # fmt: skip
    her2 = save(tmp_path / "status.tsv", schema.HER2_STATUS, sample_id=ids, her2_group=["HER2-positive", None],
                her2_reason=["IHC 3+", "IHC 2+, no ISH"])  # fmt: skip
    return ["--coverage", qc[0], "--coverage", qc[1], "--tmb", tmb, "--cnv", tmp_path / "cnv", "--her2", her2]


def test_multiqc_files_are_named_for_multiqc_and_the_same_twice(results: list[object], tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    done = run("multiqc", *results, "--out", first)
    assert done.exit_code == 0, done.output
    names = [f"her2g_{kind}{what}_mqc.json" for kind in ("coverage", "tmb", "cnv", "her2") for what in ("", "_general")]
    assert done.stdout.split() == [str(first / name) for name in names]
    run("multiqc", *results, "--out", second)
    assert [(first / name).read_bytes() for name in names] == [(second / name).read_bytes() for name in names]


def test_a_sample_in_two_quality_tables_is_refused(results: list[object], tmp_path: Path) -> None:
    done = run("multiqc", "--coverage", results[1], "--coverage", results[1], "--out", tmp_path / "x")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "1 repeated row, first: sample_id=TR_01_T" in done.stderr
    assert not (tmp_path / "x").exists()


def test_what_is_no_result_of_ours_is_refused_with_the_command_that_makes_it(
    results: list[object], tmp_path: Path
) -> None:
    assert run("multiqc", "--out", tmp_path / "x").exit_code == 2
    missing = run("multiqc", "--cnv", tmp_path, "--out", tmp_path / "x")
    assert missing.exit_code == 1
    assert "no cnv_qc.tsv in this folder" in missing.stderr
    assert "her2g cnv" in missing.stderr
    wrong = run("multiqc", "--her2", results[5], "--out", tmp_path / "x")
    assert "missing column her2_group" in wrong.stderr
    assert "her2g classify" in wrong.stderr


@pytest.mark.skipif(find_spec("multiqc") is None, reason="MultiQC is not installed here (pip install multiqc)")
def test_the_real_multiqc_shows_our_samples(results: list[object], tmp_path: Path) -> None:
    assert run("multiqc", *results, "--out", tmp_path / "in").exit_code == 0
    command = [sys.executable, "-m", "multiqc", str(tmp_path / "in"), "--outdir", str(tmp_path / "out"),
               "--no-version-check", "--no-ansi"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    for kind in ("coverage", "tmb", "cnv", "her2"):
        assert f"her2g_{kind}: Found 2 samples" in done.stderr
        assert f"her2g_{kind}_general: Found 2 General Statistics columns" in done.stderr
    data = tmp_path / "out" / "multiqc_data"
    general = pd.read_csv(data / "multiqc_general_stats.txt", sep="\t", index_col="Sample")
    general.columns = [name.rpartition("her2genomics-")[2] for name in general]
    assert general.index.tolist() == ["TR_01_T", "TR_02_T"]
    assert general["mean_target_depth"].tolist() == [210.0, 512.5]
    assert general["frac_targets_100x"].tolist() == [97.0, 97.0]
    assert general["her2_group"].tolist() == ["HER2-positive", "indeterminate"]
    assert (general["erbb2_cn"]["TR_01_T"], general["failed"]["TR_02_T"]) == (11.2, "MAPD 0.46 > 0.35")
    assert (general["tmb"]["TR_01_T"], general["tmb"].isna()["TR_02_T"]) == (4.99, True)
    page = (tmp_path / "out" / "multiqc_report.html").read_text(encoding="utf-8")
    assert "Copy-number quality" in page
    assert "IHC 2+, no ISH" in json.loads((data / "multiqc_data.json").read_text())["report_saved_raw_data"][
        "multiqc_her2g_her2_table"]["TR_02_T"].values()  # fmt: skip


CLINICAL = "sample_id\tihc\nP1\t0\nP2\t1+\n"
MAF_HEAD = "Hugo_Symbol\tNCBI_Build\tChromosome\tStart_Position\tEnd_Position\tVariant_Classification\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\n"
MAF_ROWS = (
    "TP53\thg19\t17\t7578406\t7578406\tMISSENSE_MUTATION\tC\tT\tP1\n"
    "GATA3\thg19\t10\t8111513\t8111514\tFrame_Shift_Ins\t-\tG\tP2\n"
    "TERT\thg19\t5\t1295228\t1295228\t5'Flank\tG\tA\tP2\n"
    "PIK3CA\thg19\t3\t178952085\t178952085\tMissense_Mutation\tA\tG\tOTHER\n"
)


def study(tmp_path: Path, maf: str) -> list[object]:
    (tmp_path / "clinical.tsv").write_text(CLINICAL)
    (tmp_path / "raw.maf").write_text(maf)
    return ["--clinical", tmp_path / "clinical.tsv", "--maf", tmp_path / "raw.maf", "--out", tmp_path / "out"]


def test_maf_has_what_read_maf_asks_for(tmp_path: Path) -> None:
    done = run("maf", *study(tmp_path, MAF_HEAD + MAF_ROWS))
    assert done.exit_code == 0, done.stderr
    maf = pd.read_csv(tmp_path / "out" / "mutations.maf", sep="\t")
    required = ["Hugo_Symbol", "Chromosome", "Start_Position", "End_Position", "Reference_Allele", "Tumor_Seq_Allele2",
                "Variant_Classification", "Variant_Type", "Tumor_Sample_Barcode"]  # fmt: skip
    assert set(required) <= set(maf)
    assert not maf[required].isna().to_numpy().any()
    assert "Mutation_Status" not in maf  # read.maf drops rows in which it is anything but Somatic
    assert maf["Tumor_Sample_Barcode"].tolist() == ["P1", "P2", "P2"]
    assert maf["Variant_Classification"].tolist() == ["Missense_Mutation", "Frame_Shift_Ins", "5'Flank"]
    assert maf["Variant_Type"].tolist() == ["SNP", "INS", "SNP"]
    assert maf["Start_Position"].dtype == maf["End_Position"].dtype == "int64"
    clinical = pd.read_csv(tmp_path / "out" / "clinical.tsv", sep="\t")
    assert clinical.columns[0] == "Tumor_Sample_Barcode"
    assert clinical["Tumor_Sample_Barcode"].tolist() == ["P1", "P2"]


def test_maf_refuses_mutations_without_a_position_and_names_the_classes_it_does_not_know(tmp_path: Path) -> None:
    done = run("maf", *study(tmp_path, "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\nTP53\tP1\tSilent\n"))
    assert (done.exit_code, (tmp_path / "out").exists()) == (1, False)
    assert "sample P1: 1 mutations have no Chromosome, first in TP53" in done.stderr
    strange = run("maf", *study(tmp_path, MAF_HEAD + MAF_ROWS.replace("5'Flank", "Odd_Class")))
    assert "classes that read.maf takes for silent: Odd_Class 1" in strange.stderr
