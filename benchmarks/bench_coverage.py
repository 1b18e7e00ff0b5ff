"""Depth per target beside mosdepth, samtools and CNVkit: the same BAM, the same targets, time, memory and agreement.

Usage: python benchmarks/bench_coverage.py [--depth 104] [--bam FILE] [--threads 2] [--repeat 1] [--record]

The BAM is simulated once (seeded; depth 104 gives 4.6 million reads over 6,198 targets) into benchmarks/work.  Tools
that are not installed are skipped with a message; CNVkit is taken from a virtual environment of its own:
``python -m venv benchmarks/work/cnvkit && benchmarks/work/cnvkit/bin/pip install cnvkit``.  ``--record`` writes the
table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

REPOSITORY = Path(__file__).resolve().parent.parent
WORK = REPOSITORY / "benchmarks" / "work"
DOCS = REPOSITORY / "docs" / "benchmarks.md"
sys.path.insert(0, str(REPOSITORY))

HEADING = "## Coverage"
SAMTOOLS_NOTE = (
    "samtools' means differ by design where the left mate has a deletion in the overlap, or a read has a supplementary"
    " record (docs/coverage.md); on files without these they are equal (tests/io/test_alignments.py)."
)
KEY = ["chromosome", "start", "end"]


@dataclass(frozen=True)
class Tool:
    """One way of getting mean depth per target."""

    name: str
    program: str
    arguments: list[str]
    read: Callable[[], pd.Series] | None = None


@dataclass(frozen=True)
class Run:
    """What a run took: wall and processor time [s], peak memory [MB], largest difference of a target's mean [x]."""

    name: str
    wall: float
    cpu: float
    memory: float
    difference: float | None


def simulate(bam: Path, depth: float) -> None:
    """Write the benchmark's BAM unless it is there."""
    from her2genomics.panel import load_panel
    from her2genomics.simulate_bam import BamSettings, simulate_bam

    if not bam.exists():
        print(f"simulating {bam.name} (once)", flush=True)
        copies = {"ERBB2": 12.0, "CDK12": 12.0, "MYC": 6.0}
        simulate_bam(load_panel("surrogate520").targets("hg19"), bam,
                     BamSettings(depth=depth, copy_number=copies, target_spread=0.3))  # fmt: skip


def tools(bam: Path, bed: Path, threads: int) -> list[Tool]:
    """Return the runs, ours first."""
    ours = ["-m", "her2genomics", "-q", "coverage", str(bam), "--targets", str(bed)]
    samtools_depth = ["depth", "-s", "-@", str(threads - 1), "-b", str(bed), "-o", str(WORK / "d.txt"), str(bam)]
    bedcov = f"samtools bedcov '{bed}' '{bam}' > '{WORK / 'bedcov.txt'}'"
    cnvkit = ["coverage", "-p", str(threads), str(bam), str(bed), "-o", str(WORK / "k.cnn")]
    mosdepth = ["-n", "-t", str(threads - 1), "-b", str(bed), str(WORK / "m"), str(bam)]
    return [
        *(
            Tool(
                f"her2g coverage, {n} thread{'s' * (n > 1)}",
                sys.executable,
                [*ours, "--threads", str(n), "--out", str(WORK / f"ours{n}.cnn")],
                partial(_cnn, WORK / f"ours{n}.cnn"),
            )
            for n in dict.fromkeys((threads, 1))
        ),
        Tool("mosdepth", "mosdepth", mosdepth, _mosdepth),
        Tool("samtools depth -s", "samtools", samtools_depth, partial(_samtools_depth, bed)),
        Tool("samtools bedcov", "sh", ["-c", bedcov]),
        Tool("CNVkit coverage", str(WORK / "cnvkit" / "bin" / "cnvkit.py"), cnvkit),
    ]


def _cnn(path: Path) -> pd.Series:
    return pd.read_csv(path, sep="\t").set_index(KEY)["depth"]


def _mosdepth() -> pd.Series:
    table = pd.read_csv(WORK / "m.regions.bed.gz", sep="\t", header=None, names=[*KEY, "gene", "depth"])
    return table.set_index(KEY)["depth"]


def _samtools_depth(bed: Path) -> pd.Series:
    depth = pd.read_csv(WORK / "d.txt", sep="\t", header=None, names=["chromosome", "position", "depth"])
    targets = pd.read_csv(bed, sep="\t", header=None, names=[*KEY, "gene"])
    means = np.zeros(len(targets))
    for name, rows in targets.groupby("chromosome"):
        here = depth[depth["chromosome"] == name]
        sums = np.concatenate(([0], np.cumsum(here["depth"])))
        first, last = (np.searchsorted(here["position"], rows[c], side="right") for c in ("start", "end"))
        means[rows.index] = (sums[last] - sums[first]) / (rows["end"] - rows["start"])
    return pd.Series(means, index=pd.MultiIndex.from_frame(targets[KEY]))


def timed(tool: Tool, reference: pd.Series | None) -> Run | None:
    """Run a tool once, or say that it is not there."""
    program = shutil.which(tool.program)
    if program is None or (tool.program == "sh" and shutil.which("samtools") is None):
        print(f"{tool.name}: not installed, skipped", flush=True)
        return None
    environment = dict(os.environ, MOSDEPTH_PRECISION="9")
    start = time.perf_counter()
    process = subprocess.Popen(
        [program, *tool.arguments],
        env=environment,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd=REPOSITORY,
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        print(f"{tool.name}: failed", flush=True)
        return None
    difference = None
    if tool.read is not None and reference is not None:
        theirs = tool.read()
        same = reference[~reference.index.duplicated()], theirs[~theirs.index.duplicated()]
        difference = float((same[0] - same[1].reindex(same[0].index)).abs().max())
    run = Run(tool.name, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, difference)
    print(f"{run.name}: {run.wall:.1f} s, processor {run.cpu:.1f} s, {run.memory:.0f} MB", flush=True)
    return run


def table(runs: list[Run]) -> str:
    """Return the runs as Markdown, with ratios of wall and processor time of our first run to each."""
    ours = runs[0]
    lines = [
        "| tool | wall [s] | processor [s] | peak memory [MB] | wall, ours / theirs | processor, ours / theirs"
        " | largest difference of a mean [x] |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in runs:
        difference = "" if r.difference is None else f"{r.difference:.1e}"
        lines.append(f"| {r.name} | {r.wall:.1f} | {r.cpu:.1f} | {r.memory:.0f} | {ours.wall / r.wall:.2f} |"
                     f" {ours.cpu / r.cpu:.2f} | {difference} |")  # fmt: skip
    return "\n".join(lines)


def record(text: str, heading: str = HEADING) -> None:
    """Put the section into docs/benchmarks.md, in place of the one that is there."""
    page = DOCS.read_text(encoding="utf-8") if DOCS.exists() else "# Benchmarks\n"
    page = re.sub(rf"{heading}\n.*?(?=^## |\Z)", "", page, flags=re.MULTILINE | re.DOTALL).rstrip()
    DOCS.write_text(f"{page}\n\n{heading}\n\n{text}\n", encoding="utf-8")


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--depth", type=float, default=104)
    parser.add_argument("--bam", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=1, help="runs of each tool; the fastest counts")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    bam = options.bam or WORK / f"panel_{options.depth:g}x.bam"
    simulate(bam, options.depth)
    bed = WORK / "targets.bed"
    from her2genomics.panel import load_panel

    targets = load_panel("surrogate520").targets("hg19")
    targets[[*KEY, "gene"]].to_csv(bed, sep="\t", header=False, index=False)
    load = os.getloadavg()[0]
    runs: list[Run] = []
    reference = None
    for tool in tools(bam, bed, options.threads):
        tried = [timed(tool, reference) for _ in range(options.repeat)]
        done = [run for run in tried if run is not None]
        if done:
            runs.append(min(done, key=lambda run: run.wall))
        if reference is None:
            reference = _cnn(WORK / f"ours{options.threads}.cnn")
    view = subprocess.run(["samtools", "view", "-c", str(bam)], capture_output=True, text=True, check=False)
    text = (
        f"`python benchmarks/bench_coverage.py --depth {options.depth:g}`: {view.stdout.strip() or '?'} records,"
        f" {len(targets)} targets, {bam.stat().st_size / 1e6:.0f} MB BAM,"
        f" {os.cpu_count()} cores ({platform.machine()}), load average {load:.1f} before the runs,"
        f" fastest of {options.repeat}.\n\n{table(runs)}\n\n{SAMTOOLS_NOTE}"
    )
    print(text)
    if options.record:
        record(text)


if __name__ == "__main__":
    main()
