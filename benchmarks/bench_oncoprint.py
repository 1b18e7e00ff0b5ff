"""`draw_oncoprint` and the writing of its file: time and size, beside marsilea where it is installed.

Usage: python benchmarks/bench_oncoprint.py [--repeat 3] [--peer PYTHON] [--record]

The cohorts are made here (seeded): four classes of alteration, frequencies that fall from gene to gene, three of a
hundred cells not profiled.  Ours draws blocks, three tracks, side bars and legend; the peer its plain oncoprint of the
same events.  PYTHON is an interpreter whose environment has marsilea 0.8 (``pip install marsilea``); both run in turns,
and the fastest run of each counts.  Without it only our own rows are made.  Start and reading are not timed.
``--record`` writes the table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

REPOSITORY = Path(__file__).resolve().parent.parent
WORK = REPOSITORY / "benchmarks" / "work"
DOCS = REPOSITORY / "docs" / "benchmarks.md"
sys.path.insert(0, str(REPOSITORY))

from her2genomics import schema  # noqa: E402
from her2genomics.cohort import Cohort  # noqa: E402
from her2genomics.io.figures import write_figure  # noqa: E402
from her2genomics.report.oncoprint import draw_oncoprint  # noqa: E402

HEADING = "## Oncoprint"
SIZES = ((523, 40), (1000, 25), (5000, 40))
LARGEST_FOR_PEER = 1000
CLASSES = ("missense", "truncating", "amplification", "deep_deletion")
PEER = """
import sys, time
import matplotlib
matplotlib.use("Agg")
matplotlib.rcParams["svg.fonttype"] = "none"
import pandas as pd
from oncoprinter import OncoPrint
events = pd.read_csv(sys.argv[1], sep="\\t")
wall, processor = time.perf_counter(), time.process_time()
plot = OncoPrint(events)
plot.render()
plot.figure.savefig(sys.argv[2])
print(time.perf_counter() - wall, time.process_time() - processor)
"""


def make_cohort(n: int, n_genes: int) -> Cohort:
    """Return a cohort of ``n`` tumours and ``n_genes`` genes."""
    rng = np.random.default_rng(1)
    genes = tuple(f"GENE{j}" for j in range(n_genes))
    i, j = np.nonzero(rng.random((n, n_genes)) < 0.45 * np.exp(-np.arange(n_genes) / 8) + 0.01)
    events = pd.DataFrame({"sample_id": [f"S{k}" for k in i], "gene": [genes[k] for k in j], "detail": None})
    events["alteration"] = np.array(CLASSES)[rng.integers(0, len(CLASSES), len(i))]
    samples = pd.DataFrame({"sample_id": [f"S{k}" for k in range(n)]})
    samples["her2_group"] = pd.Categorical(rng.choice(schema.HER2_GROUPS, n), schema.HER2_GROUPS, ordered=True)
    samples["hr_status"] = rng.choice(["positive", "negative"], n)
    samples["tmb"] = rng.gamma(2, 2, n)
    return Cohort(samples, schema.conform(events, schema.ALTERATIONS), genes, rng.random((n, n_genes)) < 0.97)


def ours(cohort: Cohort, path: Path) -> tuple[float, float]:
    """Return wall and processor time of drawing and writing [s]."""
    wall, processor = time.perf_counter(), time.process_time()
    write_figure(draw_oncoprint(cohort, top=len(cohort.genes)), path, dpi=300)
    return time.perf_counter() - wall, time.process_time() - processor


def theirs(python: str, cohort: Cohort, path: Path) -> tuple[float, float]:
    """Return the same of the peer, in a process of its own."""
    table = WORK / "oncoprint_events.tsv"
    cohort.alterations[["sample_id", "gene", "alteration"]].to_csv(table, sep="\t", index=False)
    done = subprocess.run(
        [python, "-W", "ignore", "-c", PEER, str(table), str(path)], check=True, capture_output=True, text=True
    )
    wall, processor = map(float, done.stdout.split()[-2:])
    return wall, processor


def compare(n: int, n_genes: int, repeat: int, peer: str | None) -> list[str]:
    """Return the rows of one size."""
    cohort = make_cohort(n, n_genes)
    rows = []
    best: dict[str, list[tuple[float, float]]] = {}
    files = {f"her2g, {ending}": WORK / f"oncoprint.{ending}" for ending in ("svg", "pdf", "png")}
    beside = peer is not None and n <= LARGEST_FOR_PEER
    for _ in range(repeat):
        for name, path in files.items():
            best.setdefault(name, []).append(ours(cohort, path))
        if peer is not None and beside:
            best.setdefault("marsilea, svg", []).append(theirs(peer, cohort, WORK / "peer.svg"))
    for name, runs in best.items():
        wall, processor = min(run[0] for run in runs), min(run[1] for run in runs)
        size = files.get(name, WORK / "peer.svg").stat().st_size / 1e6
        rows.append(f"| {n:,} x {n_genes} | {name} | {wall:.2f} | {processor:.2f} | {size:.2f} |")
    return rows


def main() -> None:
    """Make the cohorts, run, print, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--peer", metavar="PYTHON", help="interpreter of an environment with marsilea")
    parser.add_argument("--record", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    load = f"load average {os.getloadavg()[0]:.1f} before the runs" if hasattr(os, "getloadavg") else ""
    ours(make_cohort(50, 5), WORK / "oncoprint.svg")  # fonts are read once
    rows = [row for n, n_genes in SIZES for row in compare(n, n_genes, options.repeat, options.peer)]
    table = [
        f"`python benchmarks/bench_oncoprint.py`: {os.cpu_count()} cores ({platform.machine()}), {load}, fastest of"
        f" {options.repeat}; drawing and writing.",
        "",
        "| tumours x genes | tool and file | wall [s] | processor [s] | size [MB] |",
        "|---|---|---|---|---|",
        *rows,
    ]
    print("\n".join(table))
    if options.record:
        write_section("\n".join(table))


def write_section(text: str) -> None:
    """Replace this benchmark's section of the page."""
    page = DOCS.read_text(encoding="utf-8") if DOCS.exists() else "# Benchmarks\n"
    page = re.sub(rf"\n*{re.escape(HEADING)}\n.*?(?=\n## |\Z)", "", page, flags=re.DOTALL).rstrip()
    DOCS.write_text(f"{page}\n\n{HEADING}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
