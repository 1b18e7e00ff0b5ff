"""Doing one task of a run: the same call for every engine."""

from __future__ import annotations

import errno
import logging
import os
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from her2genomics.exceptions import (
    CohortError,
    FileFormatError,
    Her2GenomicsError,
    Her2GenomicsWarning,
    StatisticsError,
)
from her2genomics.io.write import write_json
from her2genomics.panel import panel_knowledge
from her2genomics.provenance import STAMP, describe_panel_files
from her2genomics.workflow.pipeline import STEPS
from her2genomics.workflow.plan import make_plan
from her2genomics.workflow.run_config import RunConfig, config_from
from her2genomics.workflow.run_measure import Cost, Meter
from her2genomics.workflow.run_sheet import RunSheet, SheetRow
from her2genomics.workflow.run_steps import StepWork
from her2genomics.workflow.run_task import (
    DONE,
    FAILED,
    NOT_RUN,
    STATE_FOLDER,
    RunFolder,
    State,
    Status,
    Task,
    digest_of,
    list_outputs,
    make_stamp,
)

PathLike = str | os.PathLike[str]
DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})
"""Errors of the disk that stop a run: every other task would meet them as well."""


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    Parameters
    ----------
    task
        Its name.
    state, reason
        As in `Status`.
    kept
        Whether the result was there already.
    cost
        What it took.
    warnings
        Warnings, in order.
    trace
        Traceback of a failure that is a bug.
    """

    task: str
    state: State
    reason: str = ""
    kept: bool = False
    cost: Cost = field(default_factory=Cost)
    warnings: tuple[str, ...] = ()
    trace: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome as plain values."""
        return asdict(self)


def outcome_from(content: Mapping[str, Any]) -> Outcome:
    """Return the outcome of `Outcome.as_dict`, also after it was written as JSON."""
    return Outcome(**{**content, "cost": Cost(**content["cost"]), "warnings": tuple(content["warnings"])})


@dataclass(frozen=True)
class Run:
    """A run: its folder, sheet, configuration, plan, and the identity of its panel."""

    folder: RunFolder
    sheet: RunSheet
    config: RunConfig
    plan: Mapping[str, Task]
    panel: Mapping[str, Any]

    @classmethod
    def of(cls, out: PathLike, sheet: RunSheet, config: RunConfig) -> Run:
        """Return the run of a sheet into a folder."""
        panel = describe_panel_files(panel_knowledge(config.panel), config.build)
        return cls(RunFolder(out), sheet, config, make_plan(sheet, config), panel)

    def save(self) -> None:
        """Write sheet and configuration into the folder, for processes that open the run there."""
        rows = [asdict(row) for row in self.sheet.rows]
        content = {
            "config": self.config.as_dict(),
            "rows": rows,
            "clinical_columns": list(self.sheet.clinical_columns),
            "sheet_folder": self.sheet.folder,
        }
        write_json(content, self.folder.state / "run.json")


def open_run(out: PathLike) -> Run:
    """Return the run that was saved in a folder.

    Raises
    ------
    FileFormatError
        If there is none.
    """
    import json

    path = Path(out) / ".her2g" / "run.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileFormatError("holds no run", path=out, hint="start one with: her2g run samples.tsv") from error
    rows = tuple(SheetRow(**row) for row in content["rows"])
    sheet = RunSheet(rows, tuple(content["clinical_columns"]), content["sheet_folder"])
    return Run.of(out, sheet, config_from(content["config"]))


def statuses_of(run: Run, names: tuple[str, ...]) -> dict[str, Status]:
    """Return what became of tasks; one that has not ended is "not run"."""
    return {name: run.folder.read_status(name) or Status(NOT_RUN, "has not ended") for name in names}


def reason_not_to_run(task: Task, before: Mapping[str, Status]) -> str | None:
    """Return why a task cannot be run, None where it can."""
    if task.missing is not None:
        return task.missing
    lost = [name for name in task.needs if before[name].state != DONE]
    if lost:
        return f"{lost[0]} {'failed' if before[lost[0]].state == FAILED else 'was not run'}"
    if task.uses and not task.needs and not task.inputs and not any(s.state == DONE for s in before.values()):
        return None if task.step in _WITHOUT_RESULTS else f"no {task.uses[0].partition('/')[0]} worked"
    return None


_WITHOUT_RESULTS = frozenset({"cohort", "status"})
"""Steps that have something to say even when nothing before them worked."""


def kept_tasks(run: Run) -> dict[str, Status]:
    """Return the tasks whose result is there and still right, given that those before them are."""
    kept: dict[str, Status] = {}
    ended: dict[str, Status] = {}
    for name, task in run.plan.items():
        if any(before not in ended for before in task.upstream):
            continue
        before = {other: ended[other] for other in task.upstream}
        if (reason := reason_not_to_run(task, before)) is not None:
            ended[name] = Status(NOT_RUN, reason)
        elif run.folder.read_stamp(name) is not None:
            stamp = make_stamp(task, run.folder, before, run.panel)
            if run.folder.holds(name, stamp["key"]):
                digest = digest_of(run.folder.read_stamp(name) or {})
                kept[name] = ended[name] = Status(DONE, digest=digest)
    return kept


def execute_task(run: Run, name: str) -> Outcome:
    """Do one task, unless its result is there; say what came of it in its status file.

    A failure of the step is an outcome.

    Raises
    ------
    FileFormatError
        If the run's folder cannot be written, or the disk is full: no other task would fare better.
    """
    task, meter = run.plan[name], Meter()
    before = statuses_of(run, task.upstream)
    reason = reason_not_to_run(task, before)
    said: list[str] = []
    kept, digest, state, trace = False, "", DONE, ""
    if reason is not None:
        run.folder.discard(name)
        state = NOT_RUN
    else:
        try:
            kept, digest = _make(run, task, before, said)
        except Exception as error:
            _stop_where_disk(error, run.folder.of(name))
            state = NOT_RUN if _too_little(task, error) else FAILED
            reason, trace = _reason(run, task, error)
    run.folder.write_status(name, Status(state, reason or "", digest))
    return Outcome(name, state, reason or "", kept, meter.read(), tuple(said), trace)


def _make(run: Run, task: Task, before: Mapping[str, Status], said: list[str]) -> tuple[bool, str]:
    """Make a task's folder; return whether it was there already, and the checksum of its outputs."""
    stamp = make_stamp(task, run.folder, before, run.panel)
    if run.folder.holds(task.name, stamp["key"]):
        return True, digest_of(run.folder.read_stamp(task.name) or {})
    run.folder.discard(task.name)
    results = {name: run.folder.of(name) for name, status in before.items() if status.state == DONE}
    with run.folder.publishing(task.name) as scratch, _quietly(said):
        STEPS[task.step].run(StepWork(task, scratch, results, before, run.sheet, run.config))
        _name_no_folder(run, task, scratch)
        stamp["outputs"] = list_outputs(scratch)
        write_json(stamp, scratch / STAMP)
    return False, digest_of(stamp)


def _name_no_folder(run: Run, task: Task, scratch: Path) -> None:
    """Replace folders of this machine by names in what the step wrote."""
    names = {f"{scratch}{os.sep}": f"{task.name}/", f"{run.folder.path}{os.sep}": ""}
    if os.sep in run.config.panel:
        names[run.config.panel] = str(run.panel["id"])
    for file in sorted(path for path in scratch.rglob("*") if path.suffix in (".json", ".html", ".tsv")):
        text = file.read_text(encoding="utf-8")
        if any(folder in text for folder in names):
            for folder, name in names.items():
                text = text.replace(folder, name)
            file.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def _quietly(said: list[str]) -> Iterator[None]:
    """Keep the library's progress off the log, and its warnings in a list, each once."""
    log = logging.getLogger("her2genomics")
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", Her2GenomicsWarning)
            yield
    finally:
        log.setLevel(level)
        said += dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, Her2GenomicsWarning))


def _stop_where_disk(error: BaseException, folder: Path) -> None:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and (cause.errno in DISK_ERRORS or _is_closed(cause, folder)):
            raise FileFormatError(
                f"cannot write: {os.strerror(cause.errno or 0)}", path=folder,
                hint="mend that and give the same command: what is done is kept",
            ) from error  # fmt: skip
        cause = cause.__cause__ or cause.__context__


def _is_closed(error: OSError, folder: Path) -> bool:
    """Return whether an error is about writing into the run's own folder."""
    run = next(parent for parent in (folder.parent, folder.parent.parent) if (parent / STATE_FOLDER).exists())
    return isinstance(error, PermissionError) and str(error.filename or "").startswith(f"{run}{os.sep}")


def _too_little(task: Task, error: Exception) -> bool:
    return STEPS[task.step].analysis and isinstance(error, (StatisticsError, CohortError))


def _reason(run: Run, task: Task, error: Exception) -> tuple[str, str]:
    """Return one line without folders, and the traceback where the error is not one of ours."""
    if isinstance(error, Her2GenomicsError):
        text, trace = str(error), ""
    else:
        text = f"internal error: {type(error).__name__}: {' '.join(str(error).split())}"
        trace = "".join(traceback.format_exception(error))
    for path in task.inputs.values():
        text = text.replace(path, Path(path).name)
    return text.replace(f"{run.folder.path}{os.sep}", ""), trace
