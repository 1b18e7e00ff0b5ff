"""The SLURM profile: it names our rules and Snakemake's options, and on a cluster it gives the results of a local run."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from her2genomics.workflow.pipeline import STEPS
from her2genomics.workflow.snakemake_engine import find_profile

QUICK = {
    "jobs": 2, "slurm-status-command": "squeue", "slurm-init-seconds-before-status-checks": 2,
    "seconds-between-status-checks": 2, "latency-wait": 20,
}  # fmt: skip
"""For a cluster of one small machine that keeps no accounting."""


@pytest.fixture(scope="module")
def profile() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((find_profile("slurm") / "config.yaml").read_text(encoding="utf-8"))
    return content


def test_it_is_about_the_rules_that_there_are(profile: dict[str, Any]) -> None:
    assert set(profile["set-resources"]) <= set(STEPS)
    grouped = set(profile["groups"])
    assert set(STEPS) - set(profile["set-resources"]) <= grouped, "only steps of one sample have the default"
    assert set(profile["groups"]) <= {name for name, step in STEPS.items() if step.of != "study"}
    assert set(profile["group-components"]) == set(profile["groups"].values())


def test_a_second_try_gets_twice_as_much(profile: dict[str, Any]) -> None:
    assert profile["retries"] == 1
    for resources in (profile["default-resources"], *profile["set-resources"].values()):
        for name in ("mem_mb", "runtime"):
            assert eval(str(resources[name]), {"attempt": 2}) == 2 * eval(str(resources[name]), {"attempt": 1}) > 0


def test_every_key_is_an_option_of_snakemake(profile: dict[str, Any]) -> None:
    if importlib.util.find_spec("snakemake") is None:
        pytest.skip("Snakemake is not installed (pip install 'her2genomics[workflow]')")
    shown = subprocess.run(
        [sys.executable, "-m", "snakemake", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert [key for key in profile if f"--{key}" not in shown] == []


def _require_cluster() -> None:
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("Snakemake's SLURM plugin is not installed (pip install 'her2genomics[slurm]')")
    if shutil.which("sinfo") is None:
        pytest.skip("SLURM is not installed (see tests/workflow/slurm_loopback.sh)")
    answer = subprocess.run(["sinfo", "-h", "-o", "%t"], capture_output=True, text=True)
    if answer.returncode or not set(answer.stdout.split()) & {"idle", "mix", "alloc"}:
        pytest.skip("no SLURM cluster answers (see tests/workflow/slurm_loopback.sh)")


def _results(folder: Path) -> dict[str, bytes]:
    files = (
        file for file in folder.rglob("*") if file.is_file() and not file.relative_to(folder).parts[0].startswith(".")
    )
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in files if f.name != "run.jsonl"}


@pytest.mark.verify
@pytest.mark.timeout(3600)
def test_a_cluster_gives_the_results_of_a_local_run(small_study: Any, tmp_path: Path, profile: dict[str, Any]) -> None:
    _require_cluster()
    own = tmp_path / "profile"
    own.mkdir()
    content = profile | QUICK
    (own / "config.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    command = [sys.executable, "-m", "her2genomics", "run", str(small_study.sheet), "--config", str(small_study.config)]
    for out, how in (("local", []), ("cluster", ["--engine", "snakemake", "--profile", str(own)])):
        done = subprocess.run([*command, "--out", str(tmp_path / out), *how], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert _results(tmp_path / "local") == _results(tmp_path / "cluster")
    log = (tmp_path / "cluster" / ".her2g" / "snakemake.log").read_text()
    assert "has been submitted with SLURM jobid" in log
    started = json.loads((tmp_path / "cluster" / "run.jsonl").read_text().splitlines()[0])
    assert started["engine"] == "snakemake"
