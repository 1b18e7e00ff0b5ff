"""A whole study from one sheet: plan, engine, and what is left in the folder at the end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from her2genomics.exceptions import UsageError
from her2genomics.io.write import write_json
from her2genomics.provenance import MANIFEST
from her2genomics.workflow.local_engine import run_locally
from her2genomics.workflow.run_config import RunConfig
from her2genomics.workflow.run_execute import Outcome, Run, statuses_of
from her2genomics.workflow.run_lock import run_lock
from her2genomics.workflow.run_log import Event, RunLog, Watch, started
from her2genomics.workflow.run_manifest import run_manifest
from her2genomics.workflow.run_sheet import RunSheet
from her2genomics.workflow.run_task import DONE, FAILED, NOT_RUN, Status
from her2genomics.workflow.snakemake_engine import require_snakemake, run_by_snakemake

PathLike = str | os.PathLike[str]
Engine = Literal["local", "snakemake"]


@dataclass(frozen=True)
class RunResult:
    """What became of a run.

    Parameters
    ----------
    statuses
        What became of every task, by name, in the order of the plan.
    outcomes
        The tasks that were looked at, in the order in which they ended.
    strangers
        Folders of samples that are not in the sheet (any more).
    """

    statuses: dict[str, Status]
    outcomes: list[Outcome]
    strangers: tuple[str, ...]

    @property
    def failed(self) -> dict[str, str]:
        """The tasks that failed, and why."""
        return {name: status.reason for name, status in self.statuses.items() if status.state == FAILED}

    def summary(self) -> list[str]:
        """Return the result as lines."""
        states = [status.state for status in self.statuses.values()]
        kept = sum(outcome.kept for outcome in self.outcomes)
        lines = [
            f"{states.count(DONE)} tasks done ({kept} were there already), {states.count(FAILED)} failed,"
            f" {states.count(NOT_RUN)} not run"
        ]
        lines += [f"failed: {name}: {reason}" for name, reason in self.failed.items()]
        lines += [f"not run: {name}: {status.reason}" for name, status in self._study_steps_not_run()]
        lines += [f"{name} is of no sample of the sheet, and was left as it is" for name in self.strangers]
        return lines

    def _study_steps_not_run(self) -> list[tuple[str, Status]]:
        return [(n, s) for n, s in self.statuses.items() if s.state == NOT_RUN and "/" not in n]


def run_study(
    sheet: RunSheet,
    out: PathLike,
    config: RunConfig,
    *,
    processes: int = 1,
    keep_going: bool = True,
    engine: Engine = "local",
    profile: str | None = None,
    inputs: Sequence[PathLike] = (),
    watch: Watch | None = None,
) -> RunResult:
    """Run the study of a sheet into a folder; what is there and still right is kept.

    Parameters
    ----------
    sheet
        Samples and their files.
    out
        Folder of the results.
    config
        What decides them.
    processes
        Tasks at a time; the results do not depend on it.
    keep_going
        Whether tasks that do not depend on a failed one are done all the same.
    engine
        ``local``: in this process, or on several; ``snakemake``: by the shipped Snakefile. The results are the same.
    profile
        Snakemake profile, by name or folder.
    inputs
        The sheet's and the configuration's own files, for the manifest.
    watch
        Receives every event.

    Raises
    ------
    UsageError
        If Snakemake is asked for and not installed, or there is no such profile.
    FolderInUseError
        If another run is writing into the folder.
    FileFormatError
        If the folder cannot be written, or the disk is full.
    """
    if engine == "snakemake":
        require_snakemake()
    elif profile is not None:
        raise UsageError("a profile is Snakemake's", hint="add --engine snakemake")
    run = Run.of(out, sheet, config)
    log = RunLog(run.folder.path, watch)
    with run_lock(run.folder.state, log.say) as lock:
        run.folder.clear_scratch()
        run.save()
        log(started(len(run.plan), engine, processes))
        how: Any = {"processes": processes, "keep_going": keep_going}
        if engine == "snakemake":
            outcomes = run_by_snakemake(run, log, lock=lock, profile=profile, **how)
        else:
            outcomes = run_locally(run, log, **how)
        result = RunResult(statuses_of(run, tuple(run.plan)), outcomes, _strangers(run))
        write_json(run_manifest(run, result.statuses, inputs), run.folder.path / MANIFEST)
        log(Event("run ended", details={"n_failed": len(result.failed)}))
    return result


def _strangers(run: Run) -> tuple[str, ...]:
    steps = sorted({task.step for task in run.plan.values() if task.sample is not None})
    folders = [f for step in steps if run.folder.of(step).is_dir() for f in sorted(run.folder.of(step).iterdir())]
    names = [folder.relative_to(run.folder.path).as_posix() for folder in folders if folder.is_dir()]
    return tuple(name for name in names if name not in run.plan)
