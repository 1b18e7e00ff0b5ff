"""Running a plan on this machine: in this process, or on several.

A task starts when all before it have ended.  A worker computes with one thread; one that dies (killed for memory, say)
loses its own task only: what ran beside it is done again.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from her2genomics.workflow.run_execute import Outcome, Run, execute_task
from her2genomics.workflow.run_lock import hold_as_worker
from her2genomics.workflow.run_log import Event, RunLog
from her2genomics.workflow.run_task import FAILED, Status

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS")
_KILLED = "its process died (killed, or out of memory)"
_open_run: Run | None = None


def run_locally(run: Run, log: RunLog, *, processes: int = 1, keep_going: bool = True) -> list[Outcome]:
    """Do every task of a run; return what came of them, in the order in which they ended.

    Parameters
    ----------
    run
        The run.
    log
        Receives the events.
    processes
        Tasks at a time; the results do not depend on it.
    keep_going
        Whether tasks that do not depend on a failed one are done all the same.

    Raises
    ------
    FileFormatError
        If the run's folder cannot be written, or the disk is full.
    """
    if processes == 1:
        return _one_by_one(run, log, keep_going)
    return _Pool(run, log, processes, keep_going).work()


def _one_by_one(run: Run, log: RunLog, keep_going: bool) -> list[Outcome]:
    from threadpoolctl import threadpool_limits

    done: list[Outcome] = []
    with threadpool_limits(limits=1):
        for name in run.plan:
            log(Event("task started", name))
            done.append(execute_task(run, name))
            log(Event("task ended", name, done[-1]))
            if done[-1].state == FAILED and not keep_going:
                break
    return done


def _most_urgent_first(after: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the tasks by the longest chain that waits for them, then by how many do: no process idles at the end.

    The normals come before the tumours, so that the reference is built beside the tumours' coverage.
    """
    chain: dict[str, int] = {}
    for name in reversed(list(after)):  # a plan names a task after all that it needs
        chain[name] = 1 + max((chain[later] for later in after[name]), default=0)
    return sorted(after, key=lambda name: (-chain[name], -len(after[name])))


class _Pool:
    """Worker processes that do what is ready.

    Parameters
    ----------
    run, log, processes, keep_going
        As in `run_locally`.
    """

    def __init__(self, run: Run, log: RunLog, processes: int, keep_going: bool) -> None:
        self.run, self.log, self.processes, self.keep_going = run, log, processes, keep_going
        self.waiting = {name: set(task.upstream) for name, task in run.plan.items()}
        self.after: dict[str, list[str]] = {name: [] for name in run.plan}
        for name, before in self.waiting.items():
            for other in before:
                self.after[other].append(name)
        self.rank = {name: number for number, name in enumerate(_most_urgent_first(self.after))}
        self.ready = sorted((name for name, before in self.waiting.items() if not before), key=self.rank.__getitem__)
        self.done: list[Outcome] = []
        self.stopped = False

    def work(self) -> list[Outcome]:
        """Do everything."""
        suspects: list[str] = []
        while self.ready or suspects:
            with _executor(self.run, 1 if suspects else self.processes) as executor:
                lost = self._alone(executor, suspects.pop(0)) if suspects else self._side_by_side(executor)
            suspects += lost
        return self.done

    def _side_by_side(self, executor: ProcessPoolExecutor) -> list[str]:
        """Do tasks until none is ready, or a worker dies; return the tasks that were lost with it."""
        running: dict[Future[Outcome], str] = {}
        try:
            while self.ready or running:
                while self.ready and len(running) < self.processes and not self.stopped:
                    running[executor.submit(_do, self.ready[0])] = self.ready[0]
                    self.log(Event("task started", self.ready.pop(0)))
                if not running:
                    self.ready.clear()
                    break
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in sorted(ended, key=lambda f: self.rank[running[f]]):
                    self._take(future.result())
                    del running[future]
        except BrokenProcessPool:
            return sorted(running.values(), key=self.rank.__getitem__)
        except KeyboardInterrupt:
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise
        except Exception:
            executor.shutdown(wait=True, cancel_futures=True)
            raise
        return []

    def _alone(self, executor: ProcessPoolExecutor, name: str) -> list[str]:
        """Do a task that was running when a worker died, by itself; it has failed when that one dies as well."""
        try:
            outcome = executor.submit(_do, name).result()
        except BrokenProcessPool:
            self.run.folder.discard(name)
            self.run.folder.write_status(name, Status(FAILED, _KILLED))
            outcome = Outcome(name, FAILED, _KILLED)
        self._take(outcome)
        return []

    def _take(self, outcome: Outcome) -> None:
        self.done.append(outcome)
        self.log(Event("task ended", outcome.task, outcome))
        self.stopped = self.stopped or (outcome.state == FAILED and not self.keep_going)
        for name in self.after[outcome.task]:
            self.waiting[name].discard(outcome.task)
            if not self.waiting[name]:
                self.ready.append(name)
        self.ready.sort(key=self.rank.__getitem__)


@contextmanager
def _executor(run: Run, processes: int) -> Iterator[ProcessPoolExecutor]:
    with _one_thread_each():
        executor = ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn"), _start_worker, (run, os.getpid())
        )
        with executor:
            yield executor


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that are started meanwhile compute with one thread."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _start_worker(run: Run, parent: int) -> None:
    global _open_run
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted, and ends its workers
    hold_as_worker(str(run.folder.state), parent)
    _open_run = run


def _do(name: str) -> Outcome:
    assert _open_run is not None
    return execute_task(_open_run, name)
