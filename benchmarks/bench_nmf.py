"""NMF beside R's NMF, nimfa and scikit-learn: time per run, residuals, agreement of ranks and labels, and growth.

Usage: python benchmarks/bench_nmf.py [--runs 30] [--peer-runs 2] [--full] [--growth] [--record]

Peers make fewer runs than ours and are compared per run and rank; `--full` makes all (about 25 minutes). Everything is
on one thread (ours also on two), and ours includes the consensus measures, as R's times include `cophcor`.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from bench_coverage import record
from nmf_peers import (
    Measured,
    has_r_nmf,
    nimfa_connectivity,
    nimfa_residual,
    nimfa_same_iterations,
    ours,
    r_nmf,
    sklearn_descent,
    sklearn_multiplicative,
)
from sklearn.metrics import adjusted_rand_score

from her2genomics.panel import load_panel
from her2genomics.stats.rank_selection import find_candidate

REPOSITORY = Path(__file__).resolve().parent.parent
REFERENCE = REPOSITORY / "tests" / "reference"
HEADING = "## Factorisation"
RANKS = list(range(2, 9))
GROWTH = (500, 5_000, 50_000)


def reference_matrix() -> pd.DataFrame:
    """Return the 101 genes x 518 samples of the example cohort."""
    table = pd.read_csv(REFERENCE / "nmf_matrix_101x523.tsv.gz", sep="\t", index_col=0)
    return table.loc[:, table.any()].astype(float)


def planted_matrix(samples: int = 523, genes: int = 200, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return genes x samples, 0/1, three clusters with a third of the genes each, and the cluster of each sample."""
    rng = np.random.default_rng(seed)
    group, block = rng.integers(0, 3, samples), np.arange(genes) * 3 // genes
    v = (rng.random((genes, samples)) < np.where(block[:, None] == group, 0.25, 0.04)).astype(float)
    filled = v.any(axis=0)
    return v[:, filled], group[filled]


def measure(v: np.ndarray, runs: int, peer_runs: int, with_r: bool) -> Iterator[Measured]:
    """Yield ours first, then every peer."""
    mine, iterations = ours(v, RANKS, runs)
    yield mine
    yield ours(v, RANKS, runs, threads=2)[0]
    if with_r:
        yield r_nmf(v, RANKS, peer_runs)
    yield nimfa_connectivity(v, RANKS, peer_runs)
    yield nimfa_same_iterations(v, RANKS, peer_runs, iterations)
    yield nimfa_residual(v, RANKS, peer_runs)
    yield sklearn_multiplicative(v, RANKS, peer_runs)
    yield sklearn_descent(v, RANKS, peer_runs)


def time_rows(measured: list[Measured], truth: np.ndarray) -> list[str]:
    """Return one row per tool: seconds per run and rank, and how many times ours."""
    mine = measured[0]
    own = [seconds / (mine.runs * len(RANKS)) for seconds in (mine.wall, mine.cpu)]
    rows = []
    for tool in measured:
        per_run = [seconds / (tool.runs * len(RANKS)) for seconds in (tool.wall, tool.cpu)]
        times = [t / o for t, o in zip(per_run, own, strict=True)]
        worst = max(tool.rss[k] / mine.rss[k] - 1 for k in RANKS)
        agreement = "" if tool.labels is None else f"{adjusted_rand_score(tool.labels, truth):.3f}"
        cells = [tool.tool, tool.runs, f"{tool.wall:.1f}", f"{tool.cpu:.1f}", f"{per_run[1] * 1000:.1f}"]
        rows.append(" | ".join(map(str, [*cells, *(f"{x:.1f}" for x in times), f"{worst:+.2%}", agreement])))
    return [f"| {row} |" for row in rows]


TIME_HEAD = [
    "| tool | runs | wall [s] | processor [s] | processor per run and rank [ms] | wall, times ours | processor, times "
    "ours | residual to ours, worst rank | adjusted Rand at rank 3 |",
    "|---|---|---|---|---|---|---|---|---|",
]


def agreement_rows(mine: Measured, theirs: Measured) -> list[str]:
    """Return one row per rank: residual and cophenetic correlation of ours beside R's, and whether they are near."""
    rows = []
    for k in RANKS:
        residual = mine.rss[k] / theirs.rss[k] - 1
        allowed = 0.001 if k <= 5 else 0.005
        cells = [k, f"{mine.rss[k]:.2f}", f"{theirs.rss[k]:.2f}", f"{residual:+.3%}", f"{allowed:.1%}"]
        difference = mine.cophenetic[k] - theirs.cophenetic[k]
        cells += [f"{mine.cophenetic[k]:.4f}", f"{theirs.cophenetic[k]:.4f}", f"{difference:+.4f}"]
        missed = residual > allowed or (k <= 4 and abs(difference) > 0.02)
        rows.append(" | ".join(map(str, [*cells, "no" if missed else "yes"])))
    return [f"| {row} |" for row in rows]


AGREEMENT_HEAD = [
    "| rank | our residual | R's | difference | allowed | our cophenetic | R's | difference | as "
    "allowed, cophenetic within 0.02 at 2-4 |",
    "|---|---|---|---|---|---|---|---|---|",
]


def stored_r() -> Measured:
    """Return R's survey of the example cohort with 30 runs, as kept with the tests."""
    table = pd.read_csv(REFERENCE / "R_nmf_survey.tsv", sep="\t").set_index("rank")
    stored = Measured("R NMF, kept", 30, np.nan, np.nan)
    stored.rss, stored.cophenetic = table["rss"].to_dict(), table["cophenetic"].to_dict()
    return stored


def example_section(runs: int, peer_runs: int, with_r: bool) -> list[str]:
    """Return the tables of the example cohort."""
    table = reference_matrix()
    labels = pd.read_csv(REFERENCE / "nmf_rank3_labels.tsv", sep="\t").set_index("sample_id")["r_cluster"]
    measured = list(measure(table.to_numpy(), runs, peer_runs, with_r))
    stored = stored_r()
    by_r = find_candidate(RANKS, list(stored.cophenetic.values()))[0]
    chosen = f"rank chosen by ours {measured[0].chosen}, last before R's cophenetic correlation falls {by_r}"
    return [
        f"Example cohort, {table.shape[0]} genes x {table.shape[1]} samples, 0/1; adjusted Rand with R's labels of 30 "
        "runs:",
        "",
        *TIME_HEAD,
        *time_rows(measured, labels[table.columns].to_numpy()),
        "",
        f"Beside R's 30 runs, as kept in tests/reference: {chosen}.",
        "",
        *AGREEMENT_HEAD,
        *agreement_rows(measured[0], stored),
    ]


def planted_section(runs: int, peer_runs: int, with_r: bool) -> list[str]:
    """Return the table of the planted matrix."""
    v, truth = planted_matrix()
    measured = list(measure(v, runs, peer_runs, with_r))
    return [
        "",
        f"Three planted clusters, {v.shape[0]} genes x {v.shape[1]} samples, 0/1; adjusted Rand with the planted "
        f"clusters; rank chosen by ours {measured[0].chosen}:",
        "",
        *TIME_HEAD,
        *time_rows(measured, truth),
    ]


def growth_section() -> list[str]:
    """Return the table of growing cohorts: `her2g cluster` in a process of its own for each."""
    rows = []
    genes = [gene for gene in load_panel().genes["gene"] if gene != "ERBB2"][:100]
    with tempfile.TemporaryDirectory() as folder:
        for samples in GROWTH:
            v, _ = planted_matrix(samples, len(genes))
            path = Path(folder) / f"{samples}.tsv"
            wide = pd.DataFrame(np.where(v.T > 0, "missense", "WT"), columns=genes)
            wide.insert(0, "sample_id", [f"s{i:06}" for i in range(len(wide))])
            wide.insert(1, "her2_group", np.resize(["HER2-zero", "HER2-low", "HER2-positive"], len(wide)))
            wide.to_csv(path, sep="\t", index=False)
            wall, cpu, memory, said = run_cluster(path)
            rows.append(f"| {samples:,} | {wall:.1f} | {cpu:.1f} | {memory:.0f} | {said} |")
    return [
        "",
        "`her2g cluster --ranks 2-4 --runs 10` on 100 genes, from the file to the assignments, each size in a process "
        "of its own:",
        "",
        "| samples | wall [s] | processor [s] | peak memory [MB] | said about consensus |",
        "|---|---|---|---|---|",
        *rows,
    ]


def run_cluster(path: Path) -> tuple[float, float, float, str]:
    """Return wall and processor seconds, peak memory [MB] and the message about a subsample of one run.

    Raises
    ------
    SystemExit
        If the command fails, with its messages.
    """
    command = [sys.executable, "-m", "her2genomics", "cluster", str(path), "--ranks", "2-4", "--runs", "10"]
    command += ["--out", str(path.with_suffix(".clusters.tsv"))]
    log = path.with_suffix(".log")
    started = time.perf_counter()
    with log.open("wb") as messages:
        process = subprocess.Popen(command, stderr=messages, stdout=subprocess.DEVNULL, cwd=REPOSITORY)
        _, status, used = os.wait4(process.pid, 0)
    text = log.read_text(encoding="utf-8", errors="replace")
    if status:
        sys.exit(f"her2g cluster failed on {path.name}:\n{text[-1000:]}")
    said = next((line for line in text.splitlines() if "more than" in line and "samples" in line), "all samples")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said


def main() -> None:
    """Run, print, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--peer-runs", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="peers make as many runs as ours")
    parser.add_argument("--growth", action="store_true", help="also 500, 5,000 and 50,000 samples")
    parser.add_argument("--record", action="store_true", help="write the section of docs/benchmarks.md")
    options = parser.parse_args()
    peer_runs = options.runs if options.full else min(options.peer_runs, options.runs)
    with_r = has_r_nmf()
    text = [
        f"`python benchmarks/bench_nmf.py --runs {options.runs} --peer-runs {peer_runs}`: ranks 2-8, {os.cpu_count()} "
        f"cores ({platform.machine()}), load average {os.getloadavg()[0]:.1f} before the runs; every tool on one "
        f"thread, but where it says 2. Runs of a rank by peers: {peer_runs}, by ours: {options.runs}; compare per run.",
        *([] if with_r else ["R's NMF is not installed: its rows are missing."]),
        "",
        *example_section(options.runs, peer_runs, with_r),
        *planted_section(options.runs, peer_runs, with_r),
        *(growth_section() if options.growth else []),
    ]
    print("\n".join(text))
    if options.record:
        record("\n".join(text), HEADING)


if __name__ == "__main__":
    main()
