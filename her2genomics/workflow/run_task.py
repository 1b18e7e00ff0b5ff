"""One task of a run: what it reads, what makes its result, and whether a result that is there is still the right one.

A task writes one folder.  It is done when the folder holds a stamp (``task.json``) whose key is the checksum of all
that decides the result (parameters, content of the inputs, panel, software version) and the files that the stamp lists.
The folder appears by renaming, so that it is whole or not there.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from her2genomics.exceptions import FileFormatError
from her2genomics.io.write import write_json
from her2genomics.provenance import STAMP, sha256_of, software_version

State = Literal["done", "failed", "not run"]
DONE: State = "done"
FAILED: State = "failed"
NOT_RUN: State = "not run"
STATE_FOLDER = ".her2g"


@dataclass(frozen=True)
class Task:
    """One step for one sample, or for the whole study.

    Parameters
    ----------
    step
        Name of the step.
    sample
        Sample; None for a step of the whole study.
    inputs
        Files from outside the run, by what they are.
    needs
        Tasks whose results it cannot do without.
    uses
        Tasks whose results it takes as far as they are there.
    parameters
        All other settings that decide the result.
    missing
        Why it cannot be run; None where it can.
    """

    step: str
    sample: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    missing: str | None = None

    @property
    def name(self) -> str:
        """Name, and folder below the run's: ``coverage/P001``, ``cohort``."""
        return self.step if self.sample is None else f"{self.step}/{self.sample}"

    @property
    def upstream(self) -> tuple[str, ...]:
        """All tasks that come before."""
        return (*self.needs, *self.uses)


@dataclass(frozen=True)
class Status:
    """What became of a task: its state, the reason where it is not done, and a checksum of what it left."""

    state: State
    reason: str = ""
    digest: str = ""


class RunFolder:
    """The folder of a run: results by task, and below ``.her2g`` the run's own state.

    Parameters
    ----------
    path
        The folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).resolve()
        self.state = self.path / STATE_FOLDER

    def of(self, name: str) -> Path:
        """Return the folder of a task's results."""
        return self.path / name

    def status_path(self, name: str) -> Path:
        """Return the file that says what became of a task."""
        return self.state / "status" / f"{name}.json"

    def read_status(self, name: str) -> Status | None:
        """Return what became of a task; None where it has not ended."""
        content = _read_json(self.status_path(name))
        return None if content is None else Status(content["state"], content["reason"], content["digest"])

    def write_status(self, name: str, status: Status) -> None:
        """Write what became of a task."""
        write_json(vars(status), self.status_path(name))

    def read_stamp(self, name: str) -> dict[str, Any] | None:
        """Return the stamp of a task's folder; None where there is none."""
        return _read_json(self.of(name) / STAMP)

    def holds(self, name: str, key: str) -> bool:
        """Return whether a task's folder is that of the key, with every file that its stamp lists."""
        stamp = self.read_stamp(name)
        if stamp is None or stamp["key"] != key:
            return False
        sizes = [(self.of(name) / file["name"], file["bytes"]) for file in stamp["outputs"]]
        return all(path.is_file() and path.stat().st_size == size for path, size in sizes)

    def discard(self, name: str) -> None:
        """Remove a task's folder, which nobody sees half removed."""
        folder = self.of(name)
        if folder.is_symlink() or folder.is_file():
            raise FileFormatError(
                "is in the way of a result folder", path=folder, hint="move it, or choose another --out"
            )
        if folder.exists():
            away = self._scratch(name)
            away.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(away)
            shutil.rmtree(away)

    @contextmanager
    def publishing(self, name: str) -> Iterator[Path]:
        """Yield an empty folder that becomes the task's when the block ends without an error."""
        scratch = self._scratch(name)
        scratch.mkdir(parents=True)
        try:
            yield scratch
            self.of(name).parent.mkdir(parents=True, exist_ok=True)
            scratch.rename(self.of(name))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _scratch(self, name: str) -> Path:
        return self.state / "work" / f"{name.replace('/', '.')}.{uuid4().hex[:12]}"

    def clear_scratch(self) -> None:
        """Remove what killed processes left behind."""
        shutil.rmtree(self.state / "work", ignore_errors=True)

    def checksum(self, path: str) -> dict[str, Any]:
        """Return ``name, bytes, sha256`` of an input; the sum is remembered for as long as size and time stay."""
        found = os.stat(path)
        known = self.state / "checksums" / f"{hashlib.sha256(path.encode()).hexdigest()[:32]}.json"
        cached = _read_json(known)
        now = {"path": path, "bytes": found.st_size, "mtime_ns": found.st_mtime_ns}
        if cached is None or {key: cached.get(key) for key in now} != now:
            cached = {**now, "sha256": sha256_of(path)}
            write_json(cached, known)
        return {"name": Path(path).name, "bytes": found.st_size, "sha256": cached["sha256"]}


def make_stamp(task: Task, folder: RunFolder, before: Mapping[str, Status], panel: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stamp of a task without its outputs: all that decides the result, and the key over it.

    Parameters
    ----------
    task
        The task.
    folder
        Folder of the run.
    before
        What became of the tasks before it.
    panel
        Identity of the panel (`provenance.describe_panel_files`).

    Raises
    ------
    FileFormatError
        If an input cannot be read.
    """
    try:
        inputs = {role: folder.checksum(path) for role, path in task.inputs.items()}
    except OSError as error:
        raise FileFormatError(f"cannot be read: {error.strerror or error}", path=error.filename) from error
    stamp: dict[str, Any] = {
        "task": task.name,
        "software": {"name": "her2genomics", "version": software_version()},
        "panel": dict(panel),
        "parameters": dict(task.parameters),
        "inputs": inputs,
        "upstream": {name: vars(status) for name, status in before.items()},
    }
    return {**stamp, "key": _digest(stamp)}


def list_outputs(folder: Path) -> list[dict[str, Any]]:
    """Return ``name, bytes, sha256`` of every file of a folder, by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != STAMP)
    return [
        {"name": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in files
    ]


def digest_of(stamp: Mapping[str, Any]) -> str:
    """Return one checksum over the outputs of a stamp: what tasks after it depend on."""
    return _digest(stamp["outputs"])


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return None
    return content
