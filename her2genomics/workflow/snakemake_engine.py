"""Running a plan by Snakemake: the shipped Snakefile, on this machine or by a profile on a cluster.

Each job does one task by the same call as the local engine and leaves what came of it as a small file, which is read
here while Snakemake works: progress and ``run.jsonl`` are those of a local run.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from her2genomics.exceptions import FileFormatError, UsageError
from her2genomics.io.write import write_json
from her2genomics.workflow.run_execute import Outcome, Run, execute_task, kept_tasks, open_run, outcome_from
from her2genomics.workflow.run_lock import worker_lock
from her2genomics.workflow.run_log import Event, RunLog
from her2genomics.workflow.run_task import FAILED, STATE_FOLDER, Status

SNAKEFILE = Path(__file__).with_name("Snakefile")
PROFILES = Path(__file__).with_name("profiles")
_EVENTS, _STOPPED, _LOG = "events", "stopped.json", "snakemake.log"
_LOST = "its job died (killed, or out of memory or time)"
_POLL_SECONDS = 0.3
_LOG_LINES = 15


def require_snakemake() -> None:
    """Refuse to start without Snakemake.

    Raises
    ------
    UsageError
        If it is not installed.
    """
    if importlib.util.find_spec("snakemake") is None:
        raise UsageError("Snakemake is not installed", hint="pip install 'her2genomics[workflow]'")


def find_profile(name: str) -> Path:
    """Return the folder of a profile: one of the package's by name, or a folder.

    Raises
    ------
    UsageError
        If there is none.
    """
    for folder in (Path(name), PROFILES / name):
        if folder.is_dir():
            return folder.resolve()
    own = sorted(path.name for path in PROFILES.iterdir()) if PROFILES.is_dir() else []
    raise UsageError(f"no profile '{name}'", hint=f"give a folder, or one of: {', '.join(own) or 'none shipped'}")


def run_by_snakemake(
    run: Run, log: RunLog, *, lock: int, processes: int = 1, keep_going: bool = True, profile: str | None = None
) -> list[Outcome]:
    """Do every task of a run by Snakemake; return what came of them, in the order in which they ended.

    Parameters
    ----------
    run, log
        As in `local_engine.run_locally`.
    lock
        File descriptor of the run's lock, which Snakemake holds for as long as it lives.
    processes
        Jobs at a time, where no profile says it.
    keep_going
        Whether tasks that do not depend on a failed one are done all the same.
    profile
        Profile by name or folder.

    Raises
    ------
    FileFormatError
        If the folder cannot be written, the disk is full, or Snakemake itself fails.
    """
    folder = None if profile is None else find_profile(profile)
    done = _prepare(run, log)
    while True:
        code = 0
        for outcome in _started(run, lock, processes, folder, log):
            if isinstance(outcome, int):
                code = outcome
                continue
            done.append(outcome)
            log(Event("task ended", outcome.task, outcome))
            if outcome.state == FAILED and not keep_going:
                return done
        _raise_if_stopped(run)
        lost = _lost_tasks(run)
        if code and not lost:
            raise FileFormatError(f"Snakemake failed: {_last_lines(run)}", path=run.folder.state / _LOG)
        if not lost:
            return done
        for name in lost:
            run.folder.discard(name)
            run.folder.write_status(name, Status(FAILED, _LOST))
            done.append(Outcome(name, FAILED, _LOST))
            log(Event("task ended", name, done[-1]))
        if not keep_going:
            return done


def _prepare(run: Run, log: RunLog) -> list[Outcome]:
    """Remove what is out of date, so that Snakemake sees what is to do; say at once what needs no job."""
    state = run.folder.state
    (state / _STOPPED).unlink(missing_ok=True)
    (state / _EVENTS).mkdir(exist_ok=True)
    for _ in _new_events(run):
        pass
    kept, done = kept_tasks(run), []
    for name, task in run.plan.items():
        run.folder.status_path(name).unlink(missing_ok=True)
        if name in kept or task.missing is not None:
            done.append(execute_task(run, name))
            log(Event("task ended", name, done[-1]))
    return done


def _started(run: Run, lock: int, processes: int, profile: Path | None, log: RunLog) -> Iterator[Outcome | int]:
    """Start Snakemake; yield what comes of the tasks, and last its exit code."""
    folder = str(run.folder.path.resolve())
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(SNAKEFILE), "--directory", folder, "--nolock",
               "--rerun-incomplete", "--rerun-triggers", "mtime", "--keep-going"]  # fmt: skip
    command += ["--cores", str(processes)] if profile is None else ["--profile", str(profile)]
    with (run.folder.state / _LOG).open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, pass_fds=(lock,))
        try:
            while True:
                code = process.poll()
                yield from _new_events(run)
                if code is not None:
                    yield code
                    return
                time.sleep(_POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


def _new_events(run: Run) -> Iterator[Outcome]:
    """Yield what jobs have left since, and remove it."""
    files = [f for f in (run.folder.state / _EVENTS).iterdir() if f.suffix == ".json" and not f.name.startswith(".")]
    for file in sorted(files, key=lambda f: f.stat().st_mtime_ns):
        content = json.loads(file.read_text(encoding="utf-8"))
        file.unlink()
        yield outcome_from(content)


def _lost_tasks(run: Run) -> list[str]:
    """Return the tasks that have not ended although all before them have."""
    ended = {name for name in run.plan if run.folder.read_status(name) is not None}
    return [name for name, task in run.plan.items() if name not in ended and ended.issuperset(task.upstream)]


def _raise_if_stopped(run: Run) -> None:
    path = run.folder.state / _STOPPED
    if path.is_file():
        said = json.loads(path.read_text(encoding="utf-8"))
        raise FileFormatError(said["what"], path=said["path"], hint=said["hint"])


def _last_lines(run: Run) -> str:
    text = (run.folder.state / _LOG).read_text(encoding="utf-8", errors="replace")
    return " ".join(text.split("\n")[-_LOG_LINES:])


def execute_saved(results: str | os.PathLike[str], name: str) -> None:
    """Do one task of the run that is saved in a folder, and leave what came of it for the one who waits.

    Raises
    ------
    UsageError
        If the run has no such task.
    FileFormatError
        If the folder holds no run or cannot be written, or the disk is full.
    """
    run = open_run(results)
    if name not in run.plan:
        raise UsageError(f"no task '{name}'", hint="tasks are listed by: her2g run SAMPLES --out RESULTS --dry-run")
    state = Path(results) / STATE_FOLDER
    with worker_lock(state):
        try:
            outcome = execute_task(run, name)
        except FileFormatError as error:
            write_json({"what": error.what, "path": error.path, "hint": error.hint}, state / _STOPPED)
            raise
        write_json(outcome.as_dict(), state / _EVENTS / f"{uuid4().hex}.json")
