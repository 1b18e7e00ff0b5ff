"""What a task costs: wall time, processor time, peak memory."""

from __future__ import annotations

import contextlib
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_RESET, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
_RESET_PEAK = "5"


@dataclass(frozen=True)
class Cost:
    """Cost of a task.

    Parameters
    ----------
    wall_s
        Wall time [s].
    cpu_s
        Processor time of the process and of its ended children [s].
    peak_mb
        Largest resident memory [MB]; where the system cannot reset it, that of the process so far.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0


class Meter:
    """Measures from its making to `read`."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError):
            _RESET.write_text(_RESET_PEAK)
        self._wall, self._cpu = time.perf_counter(), _cpu_seconds()

    def read(self) -> Cost:
        """Return what has been used since."""
        wall, cpu = time.perf_counter() - self._wall, _cpu_seconds() - self._cpu
        return Cost(round(wall, 3), round(cpu, 3), round(_peak_mb(), 1))


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _peak_mb() -> float:
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
