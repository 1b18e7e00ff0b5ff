"""One run at a time in a folder, also right after one was killed.

The lock is the operating system's (``flock``), which ends with the process that holds it: a killed run never blocks the
next.  Processes that a killed run leaves behind hold a lock of their own, shared between them; the next run waits until
the last has ended, so that two never write the same result.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from her2genomics.exceptions import FileFormatError, Her2GenomicsError

_WATCH_SECONDS = 0.5


class FolderInUseError(Her2GenomicsError):
    """Another run is writing into the folder."""


@contextmanager
def run_lock(state: Path, say: Callable[[str], None]) -> Iterator[int]:
    """Hold a run folder for one run; yield the lock's file descriptor.

    Parameters
    ----------
    state
        The run's state folder (``.her2g``).
    say
        Receives a message when there is something to wait for.

    Raises
    ------
    FolderInUseError
        If another run holds it.
    FileFormatError
        If the folder cannot be made or written to.
    """
    lock = _open(state / "lock")
    try:
        if not _try(lock, fcntl.LOCK_EX):
            holder = os.pread(lock, 100, 0).decode(errors="replace").strip() or "unknown"
            raise FolderInUseError(
                f"another her2g run (process {holder}) is writing here", path=state.parent,
                hint="wait for it, or choose another --out",
            )  # fmt: skip
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        _wait_for_workers(state, say)
        yield lock
    finally:
        os.close(lock)


def _wait_for_workers(state: Path, say: Callable[[str], None]) -> None:
    workers = _open(state / "workers.lock")
    try:
        if not _try(workers, fcntl.LOCK_EX):
            say("waiting for the processes of an earlier run to end")
            fcntl.flock(workers, fcntl.LOCK_EX)
    finally:
        os.close(workers)


@contextmanager
def worker_lock(state: Path) -> Iterator[None]:
    """Hold the lock that processes of one run share."""
    workers = _open(state / "workers.lock")
    try:
        fcntl.flock(workers, fcntl.LOCK_SH)
        yield
    finally:
        os.close(workers)


def hold_as_worker(state: str, parent: int) -> None:
    """Hold the workers' lock until this process ends, and end it when its parent is gone.

    Parameters
    ----------
    state
        The run's state folder.
    parent
        Process that started this one.
    """
    fcntl.flock(_open(Path(state) / "workers.lock"), fcntl.LOCK_SH)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise FileFormatError(
            f"cannot write: {error.strerror}", path=path.parent.parent, hint="choose another --out"
        ) from error


def _try(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
