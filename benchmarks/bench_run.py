"""`her2g run` of a simulated study: wall time with one and two processes and by Snakemake, and the cost of each step.

Usage: python benchmarks/bench_run.py [--samples 24] [--depth 300] [--repeat 1] [--without-snakemake] [--record]

The study is made by ``her2g simulate cohort`` (24 tumours, 8 normals, 40 genes, a panel's depth) once and kept in
benchmarks/work.  Runs start from an empty folder, start-up included; the fastest of the repeats counts.  All engines
have to leave the same bytes, or the benchmark ends with an error.  The steps' costs are those of run.jsonl with one
process.  ``--record`` writes the tables into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from bench_coverage import record

WORK = Path(__file__).resolve().parent / "work"
HEADING = "## A whole run"
HER2G = [sys.executable, "-m", "her2genomics", "-q"]
OWN = (".her2g", "run.jsonl", ".snakemake")


def make_study(samples: int, depth: float) -> Path:
    """Return the folder of a simulated study, made when it is not there."""
    folder = WORK / f"run_study_{samples}_{depth:g}x"
    if not (folder / "samples.tsv").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        options = ["--samples", str(samples), "--depth", str(depth), "--threads", "2", "--out", str(folder)]
        subprocess.run([*HER2G, "simulate", "cohort", *options], check=True)
    return folder


def result_sums(out: Path) -> dict[str, str]:
    """Return the checksum of every result."""
    files = [f for f in out.rglob("*") if f.is_file() and f.relative_to(out).parts[0] not in OWN]
    return {f.relative_to(out).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def timed_run(study: Path, out: Path, more: Sequence[str]) -> tuple[float, float]:
    """Run the study into an empty folder; return wall and processor time [s]."""
    shutil.rmtree(out, ignore_errors=True)
    command = [*HER2G, "run", str(study / "samples.tsv"), "--panel", str(study / "panel"), "--out", str(out), *more]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def step_table(out: Path) -> pd.DataFrame:
    """Return what each step cost in a run."""
    events = [json.loads(line) for line in (out / "run.jsonl").read_text().splitlines()]
    ended = pd.DataFrame([e for e in events if e["event"] == "task ended" and e["state"] == "done"])
    ended["step"] = ended["task"].str.partition("/")[0]
    steps = ended.groupby("step", sort=False)
    return pd.DataFrame(
        {
            "tasks": steps.size(),
            "wall [s]": steps["wall_s"].sum(),
            "processor [s]": steps["cpu_s"].sum(),
            "processor, each [s]": steps["cpu_s"].mean(),
            "peak memory [MB]": steps["peak_mb"].max(),
        }
    ).reset_index()


def as_markdown(rows: Sequence[Sequence[object]], names: Sequence[str]) -> str:
    """Return a table in Markdown."""
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    cells = [[f"{c:.2f}" if isinstance(c, float) else str(c) for c in row] for row in rows]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in cells)])


def main() -> None:
    """Run, print, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--depth", type=float, default=300, help="typical depth of the simulated BAM files [x]")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--without-snakemake", action="store_true")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    study = make_study(options.samples, options.depth)
    ways = {"1 process": (), "2 processes": ("--processes", "2")}
    if not options.without_snakemake and importlib.util.find_spec("snakemake") is not None:
        ways["Snakemake, 2 cores"] = ("--processes", "2", "--engine", "snakemake")
    rows, sums, wall_of_one = [], [], 0.0
    for name, more in ways.items():
        out = WORK / f"run_{name.split(',')[0].replace(' ', '_')}"
        wall, cpu = min(timed_run(study, out, more) for _ in range(options.repeat))
        wall_of_one = wall_of_one or wall
        rows.append([name, wall, cpu, wall_of_one / wall])
        sums.append(result_sums(out))
    if any(other != sums[0] for other in sums):
        raise SystemExit("the engines left different bytes")
    steps = step_table(WORK / "run_1_process")
    text = "\n\n".join(
        [
            f"`python benchmarks/bench_run.py --samples {options.samples} --depth {options.depth:g}`:"
            f" {os.cpu_count()} cores ({platform.machine()}), load average {load:.1f} before the runs, fastest of"
            f" {options.repeat}."
            f" All ways left the same {len(sums[0])} files, byte for byte.",
            as_markdown(rows, ["way", "wall [s]", "processor [s]", "times as fast as 1 process"]),
            "Each step with one process, start-up not included:",
            as_markdown(steps.to_numpy().tolist(), list(steps.columns)),
        ]
    )
    print(text)
    if options.record:
        record(text, HEADING)


if __name__ == "__main__":
    main()
