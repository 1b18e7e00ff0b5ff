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
