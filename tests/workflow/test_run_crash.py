"""What a run survives: being killed, losing a worker, a full disk, a closed folder, a second run."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from her2genomics.workflow.run_config import read_config
from her2genomics.workflow.run_lock import FolderInUseError, run_lock
from her2genomics.workflow.run_sheet import read_sheet
from her2genomics.workflow.run_study import run_study

QUICK = "skip: [coverage, reference, cnv, report, multiqc, compare, pathways, cluster, survival, response]\n"
KILLS, KILLS_OF_ALL_STEPS = 10, 60
OWN = (".her2g", "run.jsonl", ".snakemake")


def result_files(out: Path) -> dict[str, str]:
    files = [f for f in out.rglob("*") if f.is_file() and f.relative_to(out).parts[0] not in OWN]
    return {f.relative_to(out).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def command(study: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "her2genomics", "run", str(study / "samples.tsv"), "--config", str(study / "config.yaml"),
            "--out", str(out), *more]  # fmt: skip


def ended(out: Path) -> int:
    log = out / "run.jsonl"
    return log.read_text().count('"task ended"') if log.is_file() else 0


@pytest.fixture(scope="module")
def quick(small_study, tmp_path_factory) -> Path:
    """Return the study without its BAM files and analyses."""
    folder = tmp_path_factory.mktemp("quick") / "study"
    shutil.copytree(small_study.folder, folder)
    (folder / "config.yaml").write_text(QUICK)
    return folder


@pytest.fixture(scope="module")
def expected(quick) -> dict[str, str]:
    """Return the results of an undisturbed run."""
    run_study(read_sheet(quick / "samples.tsv"), quick / "expected", read_config(quick / "config.yaml"),
              inputs=[quick / "samples.tsv", quick / "config.yaml"])  # fmt: skip
    return result_files(quick / "expected")


def kill_and_go_on(study: Path, out: Path, kills: int, seed: int, most_tasks: int) -> int:
    """Kill runs after a random number of tasks and a random moment; return how often a whole run came through."""
    rng, killed, whole = np.random.default_rng(seed), 0, 0
    while killed < kills:
        goal, processes = ended(out) + int(rng.integers(1, most_tasks)), "2" if killed % 5 == 4 else "1"
        process = subprocess.Popen(command(study, out, "--processes", processes), stderr=subprocess.DEVNULL)
        while process.poll() is None and ended(out) < goal:
            time.sleep(0.005)
        time.sleep(float(rng.uniform(0, 0.15)))
        process.send_signal(signal.SIGKILL)
        if process.wait() == -signal.SIGKILL:
            killed += 1
        else:
            assert process.returncode == 0
            whole += 1
            shutil.rmtree(out)
    return whole


def finish(study: Path, out: Path) -> None:
    done = subprocess.run(command(study, out), capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(900)
def test_a_run_killed_at_ten_points_ends_with_the_same_bytes(quick, expected, tmp_path):
    kill_and_go_on(quick, tmp_path / "results", KILLS, seed=1, most_tasks=4)
    finish(quick, tmp_path / "results")
    assert result_files(tmp_path / "results") == expected
    assert not (tmp_path / "results/.her2g/work").exists() or not list((tmp_path / "results/.her2g/work").iterdir())


@pytest.mark.verify
@pytest.mark.timeout(3600)
def test_a_run_of_all_steps_killed_at_many_points(small_study, tmp_path):
    study = tmp_path / "study"
    shutil.copytree(small_study.folder, study)
    finish(study, tmp_path / "expected")
    whole = kill_and_go_on(study, tmp_path / "results", KILLS_OF_ALL_STEPS, seed=2, most_tasks=8)
    finish(study, tmp_path / "results")
    assert result_files(tmp_path / "results") == result_files(tmp_path / "expected")
    assert whole < KILLS_OF_ALL_STEPS


def children_of(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="needs /proc/PID/task/TID/children"
)
def test_a_worker_that_dies_loses_nothing(quick, expected, tmp_path):
    out = tmp_path / "results"
    process = subprocess.Popen(command(quick, out, "--processes", "2"), stderr=subprocess.PIPE, text=True)
    while ended(out) < 1:
        time.sleep(0.005)
    workers = [pid for pid in children_of(process.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(workers[0], signal.SIGKILL)
    _, said = process.communicate(timeout=280)
    assert process.returncode == 0, said
    assert result_files(out) == expected


def test_one_run_at_a_time(quick, tmp_path):
    state = tmp_path / "results/.her2g"
    with (
        run_lock(state, print),
        pytest.raises(FolderInUseError, match=rf"results: another her2g run \(process {os.getpid()}\)"),
    ):
        run_study(read_sheet(quick / "samples.tsv"), tmp_path / "results", read_config(quick / "config.yaml"))
    with run_lock(state, print):
        pass  # a lock that has been left does not block


def small_files_only() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))


def check_stopped(done: subprocess.CompletedProcess[str], out: Path, message: str) -> None:
    errors = [line for line in done.stderr.splitlines() if line.startswith("her2g: error:")]
    assert done.returncode == 1
    assert len(errors) == 1, done.stderr
    assert message in errors[0]
    assert "Traceback" not in done.stderr
    assert not list(out.rglob("*.part")), "no partial file"
    assert not (out / ".her2g/work").exists() or not list((out / ".her2g/work").iterdir())


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_file_that_cannot_be_written_stops_the_run_in_one_line(quick, expected, tmp_path, processes):
    out = tmp_path / "results"
    more = ("--processes", processes)
    done = subprocess.run(command(quick, out, *more), capture_output=True, text=True, preexec_fn=small_files_only)
    check_stopped(done, out, "results/cohort: cannot write: File too large; mend that and give the same command")
    kept = set(result_files(out))
    assert "tmb/T6/tmb.tsv" in kept
    finish(quick, out)
    assert result_files(out) == expected


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[object]:
    """Return a function that mounts a small disk, where this user may."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mounted(options: str) -> Path:
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
        if made.returncode:
            pytest.skip("this user cannot mount a small disk")
        return folder

    yield mounted
    subprocess.run(["umount", str(folder)], capture_output=True)


def test_a_full_disk(quick, expected, mount):
    out = mount("size=200k") / "results"
    done = subprocess.run(command(quick, out), capture_output=True, text=True)
    check_stopped(done, out, "cannot write: No space left on device")
    subprocess.run(["mount", "-o", "remount,size=50m", str(out.parent)], check=True)
    finish(quick, out)
    assert result_files(out) == expected


def test_a_read_only_folder(quick, mount, tmp_path):
    if os.geteuid():
        folder = tmp_path / "closed"
        folder.mkdir(mode=0o555)
    else:
        folder = mount("ro")
    done = subprocess.run(command(quick, folder / "results"), capture_output=True, text=True)
    assert done.returncode == 1
    assert "results: cannot write: " in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert not list(folder.iterdir())


def test_the_log_of_a_killed_run_can_be_read(quick, tmp_path):
    out = tmp_path / "results"
    kill_and_go_on(quick, out, 1, seed=3, most_tasks=3)
    events = [json.loads(line) for line in (out / "run.jsonl").read_text().splitlines()]
    assert events[0]["event"] == "run started"
