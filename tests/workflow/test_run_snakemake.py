"""The same run by Snakemake: same tasks, same bytes."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from her2genomics.cli.main import cli
from her2genomics.cli.run_step import run_step
from her2genomics.exceptions import UsageError
from her2genomics.workflow import snakemake_engine
from her2genomics.workflow.run_config import read_config
from her2genomics.workflow.run_sheet import read_sheet
from her2genomics.workflow.run_study import run_study

QUICK = "skip: [coverage, reference, cnv, report, multiqc, compare, pathways, cluster, survival, response]\n"
OWN = (".her2g", "run.jsonl", ".snakemake")
needs_snakemake = pytest.mark.skipif(
    importlib.util.find_spec("snakemake") is None, reason="needs Snakemake: pip install 'her2genomics[workflow]'"
)


def result_files(out: Path) -> dict[str, str]:
    files = [f for f in out.rglob("*") if f.is_file() and f.relative_to(out).parts[0] not in OWN]
    return {f.relative_to(out).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


@pytest.fixture
def study(small_study, tmp_path) -> Path:
    """Return two samples of the study, one with a broken VCF."""
    folder = tmp_path / "study"
    shutil.copytree(small_study.folder, folder)
    rows = (folder / "samples.tsv").read_text().splitlines()
    (folder / "samples.tsv").write_text("\n".join([rows[0], rows[1], rows[3]]) + "\n")
    (folder / "vcf/T3.vcf").write_text("no VCF\n")
    (folder / "config.yaml").write_text(QUICK)
    return folder


def run(study: Path, out: str, **how):
    sheet, config = read_sheet(study / "samples.tsv"), read_config(study / "config.yaml")
    return run_study(sheet, study / out, config, inputs=[study / "samples.tsv"], **how)


@needs_snakemake
@pytest.mark.timeout(900)
def test_both_engines_write_the_same_bytes(study):
    local = run(study, "local")
    other = run(study, "snakemake", engine="snakemake", processes=2)
    assert other.statuses == local.statuses
    assert set(other.failed) == {"mutations/T3", "tmb/T3"}
    assert result_files(study / "snakemake") == result_files(study / "local")
    events = [json.loads(line) for line in (study / "snakemake/run.jsonl").read_text().splitlines()]
    assert {e["task"] for e in events if e["event"] == "task ended"} == set(local.statuses)

    (study / "vcf/T3.vcf").write_text((study / "vcf/T1.vcf").read_text().replace("T1", "T3"))
    again = run(study, "snakemake", engine="snakemake")
    done = {outcome.task for outcome in again.outcomes if outcome.state == "done" and not outcome.kept}
    assert done == {"mutations/T3", "tmb/T3", "cohort", "status"}
    run(study, "local")
    assert result_files(study / "snakemake") == result_files(study / "local")


def test_a_job_does_one_task_of_a_saved_run(study):
    sheet, config = read_sheet(study / "samples.tsv"), read_config(study / "config.yaml")
    from her2genomics.workflow.run_execute import Run

    planned = Run.of(study / "out", sheet, config)
    planned.save()
    assert CliRunner().invoke(run_step, [str(study / "out"), "mutations/T1"]).exit_code == 0
    assert (study / "out/mutations/T1/mutations.maf").is_file()
    assert planned.folder.read_status("mutations/T1").state == "done"
    wrong = CliRunner().invoke(run_step, [str(study / "out"), "tea/T1"])
    assert wrong.exit_code == 2
    assert "no task 'tea/T1'" in wrong.output
    broken = CliRunner().invoke(run_step, [str(study / "out"), "mutations/T3"])
    assert broken.exit_code == 0, "a broken sample does not stop the others"
    assert planned.folder.read_status("mutations/T3").state == "failed"


def test_without_snakemake_the_way_to_it_is_said(study, monkeypatch):
    monkeypatch.setattr(snakemake_engine.importlib.util, "find_spec", lambda name: None)
    command = ["run", str(study / "samples.tsv"), "--out", str(study / "out"), "--engine", "snakemake"]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 2
    assert "Snakemake is not installed; pip install 'her2genomics[workflow]'" in done.output


def test_profiles_are_found_by_name_or_folder(tmp_path):
    assert snakemake_engine.find_profile(str(tmp_path)) == tmp_path
    with pytest.raises(UsageError, match="no profile 'tea'"):
        snakemake_engine.find_profile("tea")


def test_a_profile_without_snakemake_engine_is_refused(study):
    with pytest.raises(UsageError, match="add --engine snakemake"):
        run(study, "out", profile="slurm")
