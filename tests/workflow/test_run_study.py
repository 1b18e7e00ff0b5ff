"""A whole run from one sheet, in process."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from her2genomics import schema
from her2genomics.io.tables import read_table
from her2genomics.workflow.pipeline import PIPELINE
from her2genomics.workflow.run_config import read_config
from her2genomics.workflow.run_sheet import read_sheet
from her2genomics.workflow.run_study import RunResult, run_study

SKIP = "skip: [report, multiqc, compare, pathways, cluster, survival, response]\n"


def result_files(out: Path) -> dict[str, str]:
    """Return the checksum of every result; times and the run's own state are no results."""
    own = (".her2g", "run.jsonl", ".snakemake")
    files = [f for f in out.rglob("*") if f.is_file() and f.relative_to(out).parts[0] not in own]
    return {f.relative_to(out).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


@pytest.fixture
def study(small_study, tmp_path: Path) -> Path:
    """Return a copy of the study whose configuration leaves out the analyses of the cohort."""
    folder = tmp_path / "study"
    shutil.copytree(small_study.folder, folder)
    config = folder / "config.yaml"
    config.write_text(SKIP + config.read_text())
    return folder


@pytest.fixture
def start(study: Path) -> Callable[..., RunResult]:
    """Return what runs the study into ``study/results``."""

    def run(out: str = "results", **how: Any) -> RunResult:
        config = read_config(study / "config.yaml")
        return run_study(read_sheet(study / "samples.tsv"), study / out, config, **how)

    return run


@pytest.fixture
def of_every_step(study: Path, start: Callable[..., RunResult]) -> Callable[..., RunResult]:
    """Return what runs the study with its analyses and pages."""
    config = study / "config.yaml"
    config.write_text(config.read_text().removeprefix(SKIP))
    return start


@pytest.fixture(scope="module")
def whole(small_study, tmp_path_factory) -> tuple[RunResult, Path]:
    """Return a run of every step, and its folder."""
    out = tmp_path_factory.mktemp("whole") / "results"
    sheet, config = read_sheet(small_study.sheet), read_config(small_study.config)
    return run_study(sheet, out, config, inputs=[small_study.sheet, small_study.config]), out


def test_every_step_leaves_its_folder_and_its_reason(whole):
    result, out = whole
    assert result.failed == {}
    states = {name: status.state for name, status in result.statuses.items() if "/" not in name}
    assert states == {step.name: "done" for step in PIPELINE if step.of == "study"} | {"cluster": "not run"}
    assert "too few to cluster" in result.statuses["cluster"].reason
    assert result.statuses["cnv/T4"].reason == "no bam in the sheet"
    for name, status in result.statuses.items():
        assert (out / name / "task.json").is_file() == (status.state == "done"), name
    samples = schema.check(read_table(out / "status/samples_status.tsv"), schema.RUN_SAMPLES)
    assert samples.set_index("sample_id").loc["T4", ["coverage", "tmb", "in_cohort"]].tolist() == [
        "not run",
        "done",
        True,
    ]
    steps = schema.check(read_table(out / "status/steps_status.tsv"), schema.RUN_STEPS).set_index("step")
    assert steps.loc["cnv", ["n_done", "n_failed", "n_not_run"]].tolist() == [4, 0, 2]
    assert result.summary()[0] == "32 tasks done (0 were there already), 0 failed, 5 not run"


def test_the_cohort_holds_what_was_simulated(whole):
    _, out = whole
    cohort = read_table(out / "cohort/cohort.tsv").set_index("sample_id")
    assert cohort["her2_group"].tolist() == ["HER2-positive"] * 2 + ["HER2-low"] * 2 + ["HER2-zero"] * 2
    called = {name: text for name, text in cohort["ERBB2"].items() if not pd.isna(text) and "amplification" in text}
    assert set(called) == {"T1", "T2"}, "twelve copies were simulated in these"
    assert cohort["TP53"].str.contains("missense|p\\.").fillna(False).tolist() == [
        True,
        True,
        False,
        False,
        True,
        False,
    ]
    burden = read_table(out / "cohort/tmb.tsv").set_index("sample_id")["n_counted"]
    assert burden.to_dict() == {"T1": "1", "T2": "2", "T3": "1", "T4": "1", "T5": "1", "T6": "0"}


def test_each_step_is_the_library_call(whole, small_study):
    """The files of the run are those of the single commands."""
    from click.testing import CliRunner

    from her2genomics.cli.main import cli

    _, out = whole
    alone = out.parent / "alone"
    alone.mkdir()
    vcf, bed = small_study.folder / "vcf/T2.vcf", small_study.folder / "targets.bed"
    commands = [
        ["tmb", str(vcf), "--build", "hg19", "--out", str(alone / "tmb.tsv")],
        ["cnv", str(out / "coverage/T1/T1.cnn"), "--reference", str(out / "reference/reference.cnn"), "--folder", str(alone)],
        ["compare", str(out / "cohort/cohort.tsv"), "--out", str(alone / "association.tsv")],
        ["reference", "build", *(str(out / f"coverage/{n}/{n}.cnn") for n in ("N1", "N2", "N3")), "--build", "hg19", "--out", str(alone / "r.cnn")],
    ]  # fmt: skip
    for command in commands:
        done = CliRunner().invoke(cli, command)
        assert done.exit_code == 0, done.output
    assert bed.is_file()
    for own, run in {
        "tmb.tsv": "tmb/T2/tmb.tsv", "gene_cna.tsv": "cnv/T1/gene_cna.tsv", "T1.cnr": "cnv/T1/T1.cnr",
        "association.tsv": "compare/association.tsv", "r.cnn": "reference/reference.cnn",
    }.items():  # fmt: skip
        assert (alone / own).read_bytes() == (out / run).read_bytes(), own


def test_nothing_in_the_results_names_the_machine(whole, small_study):
    _, out = whole
    for file in result_files(out):
        content = (out / file).read_bytes()
        assert str(out.parent).encode() not in content, file
        assert str(small_study.folder).encode() not in content, file


def test_a_second_run_keeps_everything_and_a_changed_input_redoes_what_depends_on_it(start, study):
    first = start()
    assert not any(outcome.kept for outcome in first.outcomes)
    before = result_files(study / "results")
    again = start()
    assert all(outcome.kept for outcome in again.outcomes if outcome.state == "done")
    assert result_files(study / "results") == before

    vcf = study / "vcf/T5.vcf"
    vcf.write_text("\n".join(line for line in vcf.read_text().splitlines() if "missense" not in line) + "\n")
    third = start()
    redone = [o.task for o in third.outcomes if o.state == "done" and not o.kept]
    assert redone == ["mutations/T5", "tmb/T5", "cohort", "status"]
    assert read_table(study / "results/cohort/tmb.tsv")["n_counted"].tolist() == ["1", "2", "1", "1", "0", "0"]

    (study / "bam/T1.bam").touch()
    assert [o.task for o in start().outcomes if o.state == "done" and not o.kept] == [], "touched is not changed"
    config = study / "config.yaml"
    config.write_text(config.read_text() + "tmb:\n  min_vaf: 0.1\n")
    redone = {o.task.partition("/")[0] for o in start().outcomes if o.state == "done" and not o.kept}
    assert redone <= {"mutations", "tmb", "cohort", "status"}
    assert {"mutations", "tmb"} <= redone


def test_a_broken_sample_does_not_stop_the_others(start, study):
    (study / "bam/T2.bam").write_bytes((study / "bam/T2.bam").read_bytes()[:100_000])
    (study / "vcf/T3.vcf").write_text("no VCF\n")
    result = start()
    assert set(result.failed) == {"coverage/T2", "mutations/T3", "tmb/T3"}
    assert result.statuses["cnv/T2"].reason == "coverage/T2 failed"
    cohort = read_table(study / "results/cohort/cohort.tsv").set_index("sample_id")
    assert cohort.index.tolist() == ["T1", "T2", "T3", "T4", "T5", "T6"]
    samples = read_table(study / "results/status/samples_status.tsv").set_index("sample_id")
    assert samples.loc["T3", "failed"].startswith("mutations: T3.vcf: not a VCF")
    assert not (study / "results/coverage/T2").exists()
    assert any(line.startswith("failed: coverage/T2: T2.bam") for line in result.summary())
    profiled = (study / "results/cohort/profiled.txt").read_text().split()
    assert profiled == ["T1", "T2", "T4", "T5", "T6"], "a sample that failed was not profiled"
    assert not list((study / "results/.her2g/work").iterdir())


def test_the_report_says_what_is_missing_and_why(start, study):
    (study / "vcf/T3.vcf").write_text("no VCF\n")
    config = study / "config.yaml"
    config.write_text("skip: [coverage, reference, cnv, multiqc, compare, pathways, cluster, survival, response]\n")
    start()
    page = (study / "results/report/report.html").read_text()
    assert "mutations of T3 failed, and is missing here: T3.vcf: not a VCF" in page
    assert "No sample of the run is missing from the cohort." in page


def test_a_mended_sample_is_done_on_the_next_run(of_every_step, study):
    whole = (study / "vcf/T3.vcf").read_text()
    reference = of_every_step("fresh")
    assert not reference.failed
    (study / "vcf/T3.vcf").write_text("no VCF\n")
    assert set(of_every_step().failed) == {"mutations/T3", "tmb/T3"}
    (study / "vcf/T3.vcf").write_text(whole)
    assert not of_every_step().failed
    assert result_files(study / "results") == result_files(study / "fresh")


def test_stop_on_error_stops(start, study):
    (study / "bam/T1.bam").write_text("no BAM")
    result = start(keep_going=False)
    assert [outcome.task for outcome in result.outcomes] == ["coverage/T1"]
    assert result.statuses["cohort"].reason == "has not ended"


def test_two_processes_give_the_same_bytes(of_every_step, study):
    of_every_step("one")
    result = of_every_step("two", processes=2)
    assert not result.failed
    one, two = result_files(study / "one"), result_files(study / "two")
    assert {"report/report.html", "compare/volcano.svg", "survival/km.svg", "multiqc/her2g_tmb_mqc.json"} <= set(one)
    assert one == two


def test_what_most_waits_for_is_done_first(start, study):
    """The reference needs the normals only, so it is built before the coverage of all tumours is there."""
    start(processes=2)
    events = [json.loads(line) for line in (study / "results/run.jsonl").read_text().splitlines()]
    started = [e["task"] for e in events if e["event"] == "task started"]
    tumours = [number for number, task in enumerate(started) if task.startswith("coverage/T")]
    assert all(started[k].startswith("coverage/N") for k in range(2)), started
    assert started.index("reference") < max(tumours), started


def test_the_report_shows_the_figures_that_the_steps_drew(whole):
    _, out = whole
    page = (out / "report/report.html").read_text()
    for name in ("compare/bars", "compare/volcano", "compare/forest-1", "survival/km", "survival/cox-forest",
                 "response/response-rates-figure"):  # fmt: skip
        drawing = (out / f"{name}.svg").read_text()
        paths = re.findall(r'<path d="([^"]+)"', drawing.replace("\n", " "))
        assert len(paths) > 5, name
        flat = re.sub(r"\s+", " ", page)
        assert all(re.sub(r"\s+", " ", path) in flat for path in paths), name


def test_run_jsonl_says_what_happened(start, study):
    start(processes=2)
    events = [json.loads(line) for line in (study / "results/run.jsonl").read_text().splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["run started", "run ended"]
    ended = {e["task"]: e for e in events if e["event"] == "task ended"}
    assert ended["coverage/T1"]["peak_mb"] > 20
    assert ended["coverage/T1"]["cpu_s"] > 0
    assert ended["coverage/T4"]["reason"] == "no bam in the sheet"


def test_quiet_says_nothing_of_a_run_that_worked_and_names_what_failed(tmp_path):
    skip = "skip: [report, multiqc, compare, pathways, cluster, survival, response]\n"
    (tmp_path / "config.yaml").write_text(skip)
    (tmp_path / "samples.tsv").write_text("sample_id\tihc\nA\t0\nB\t3+\n")
    command = [
        sys.executable,
        "-m",
        "her2genomics",
        "-q",
        "run",
        "samples.tsv",
        "--out",
        "out",
        "--config",
        "config.yaml",
    ]
    quiet = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (quiet.stdout, quiet.stderr) == ("", "")
    (tmp_path / "A.vcf").write_text("no VCF\n")
    (tmp_path / "samples.tsv").write_text("sample_id\tihc\tvcf\nA\t0\tA.vcf\nB\t3+\t\n")
    failed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "failed: mutations/A: A.vcf: not a VCF" in failed.stderr
    assert "tasks done" not in failed.stderr
