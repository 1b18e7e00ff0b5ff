"""Events of a run, for people and for programs: ``run.jsonl`` has one JSON object per line.

This is the one place where times, process numbers and memory are written; the file is no result and has no checksum.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from her2genomics.exceptions import FileFormatError
from her2genomics.workflow.run_execute import Outcome

LOG_FILE = "run.jsonl"


@dataclass(frozen=True)
class Event:
    """One event of a run.

    Parameters
    ----------
    kind
        ``run started``, ``task started``, ``task ended``, ``message``, or ``run ended``.
    task
        Task that it is about.
    outcome
        What came of it, for ``task ended``.
    details
        Anything else.
    """

    kind: str
    task: str | None = None
    outcome: Outcome | None = None
    details: dict[str, Any] = field(default_factory=dict)


Watch = Callable[[Event], None]


class RunLog:
    """Appends events to ``run.jsonl`` and hands them on.

    Parameters
    ----------
    folder
        The run's folder.
    watch
        Receives every event as well.
    """

    def __init__(self, folder: Path, watch: Watch | None = None) -> None:
        self._path, self._watch = folder / LOG_FILE, watch

    def __call__(self, event: Event) -> None:
        """Write one event."""
        line = {"time": _now(), "event": event.kind, "task": event.task, **_outcome(event.outcome), **event.details}
        text = json.dumps({key: value for key, value in line.items() if value is not None})
        try:
            with self._path.open("a", encoding="utf-8") as handle:
                handle.write(text + "\n")
        except OSError as error:
            raise FileFormatError(f"cannot write: {error.strerror}", path=self._path) from error
        if self._watch is not None:
            self._watch(event)

    def say(self, message: str) -> None:
        """Write a message."""
        self(Event("message", details={"message": message}))


def _outcome(outcome: Outcome | None) -> dict[str, Any]:
    if outcome is None:
        return {}
    content = outcome.as_dict()
    del content["task"]
    return {**content.pop("cost"), **{key: value for key, value in content.items() if value not in ("", ())}}


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def started(n_tasks: int, engine: str, processes: int) -> Event:
    """Return the first event of a run."""
    return Event(
        "run started", details={"n_tasks": n_tasks, "engine": engine, "processes": processes, "pid": os.getpid()}
    )
