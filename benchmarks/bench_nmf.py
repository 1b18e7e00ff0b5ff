"""NMF beside R's NMF and nimfa: the reference matrix and a planted one, time, residuals, agreement, and growth.

Usage: python benchmarks/bench_nmf.py [--runs 30] [--peer-runs 3] [--growth] [--record]

Peers get fewer runs and their times are multiplied (`--peer-runs 30` runs all); R's is `nmf(v, rank, "lee")` without
parallel workers, nimfa's runs go on until its residual falls by less than 1e-6 of the sum of squares in ten iterations.
Times are processor seconds of fits and consensus measures, ours on one thread.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs" / "benchmarks.md"
sys.path.insert(0, str(REPOSITORY))

from her2genomics.stats.nmf import fit_coefficients  # noqa: E402
from her2genomics.stats.nmf_engines import find_engine  # noqa: E402
from her2genomics.stats.rank_selection import SurveySettings, survey_ranks  # noqa: E402

HEADING = "## Factorisation"
RANKS = range(2, 9)
R_SCRIPT = """
suppressMessages(library(NMF)); a <- commandArgs(TRUE); v <- as.matrix(read.delim(a[1], header = FALSE))
for (k in 2:8) {
t <- system.time({ f <- nmf(v, k, "lee", nrun = as.integer(a[2]), seed = 123456, .options = "-p"); c <- cophcor(f) })
cat(k, t[["user.self"]] + t[["sys.self"]], rss(f, v), c, "\\n")
}
"""


def reference_matrix() -> np.ndarray:
    """Return the 101 genes x 518 samples of the example cohort."""
    table = pd.read_csv(REPOSITORY / "tests" / "reference" / "nmf_matrix_101x523.tsv.gz", sep="\t", index_col=0)
    return table.loc[:, table.any()].to_numpy(float)


def planted_matrix(samples: int = 523, genes: int = 200, seed: int = 1) -> np.ndarray:
    """Return genes x samples, 0/1, three clusters with a third of the genes each."""
    rng = np.random.default_rng(seed)
    group, block = rng.integers(0, 3, samples), np.arange(genes) * 3 // genes
    v = (rng.random((genes, samples)) < np.where(block[:, None] == group, 0.25, 0.04)).astype(float)
    return v[:, v.any(axis=0)]


def ours(v: np.ndarray, runs: int) -> tuple[float, pd.DataFrame]:
    """Return processor seconds and the table of ranks."""
    started = time.process_time()
    survey = survey_ranks(v, list(RANKS), SurveySettings(runs=runs))
    return time.process_time() - started, survey.table.set_index("k")


def nimfa_seconds(v: np.ndarray, runs: int) -> float:
    """Return processor seconds of nimfa's fits."""
    started = time.process_time()
    find_engine("nimfa")(v, list(RANKS), runs=runs, seed=123456, loss="euclidean", threads=1, progress=None)
    return time.process_time() - started


def r_results(v: np.ndarray, runs: int) -> pd.DataFrame | None:
    """Return seconds, residual and cophenetic correlation per rank of R's NMF, None where it is not installed."""
    if not shutil.which("Rscript"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "v.tsv"
        pd.DataFrame(v.astype(int)).to_csv(path, sep="\t", header=False, index=False)
        done = subprocess.run(["Rscript", "-e", R_SCRIPT, str(path), str(runs)], capture_output=True, text=True)
    if done.returncode:
        print(f"R: {done.stderr.strip().splitlines()[-1]}")
        return None
    rows = [line.split() for line in done.stdout.splitlines() if line[:1].isdigit()]
    return pd.DataFrame(rows, columns=["k", "seconds", "rss", "cophenetic"]).astype(float).set_index("k")


def compare(name: str, v: np.ndarray, runs: int, peer_runs: int) -> list[str]:
    """Return the table rows of one matrix."""
    seconds, table = ours(v, runs)
    scale = runs / peer_runs
    rows = [f"| {name}, {v.shape[0]} x {v.shape[1]} | her2genomics | {runs} | {seconds:.2f} | 1 | |"]
    theirs = r_results(v, peer_runs)
    if theirs is not None:
        total = theirs["seconds"].sum() * scale
        worse = (table["rss"] / theirs["rss"] - 1).map("{:+.2%}".format)
        listed = ", ".join(f"{int(k)}: {value}" for k, value in worse.items())
        rows.append(f"| | R NMF lee | {peer_runs} | {total:.0f} | {total / seconds:.0f} | our rss to R's: {listed} |")
    total = nimfa_seconds(v, peer_runs) * scale
    rows.append(f"| | nimfa to convergence | {peer_runs} | {total:.0f} | {total / seconds:.0f} | |")
    return rows


def growth() -> list[str]:
    """Return rows for 500, 5,000 and 50,000 samples, 100 genes, ranks 2-4, 10 runs."""
    rows = []
    for samples in (500, 5_000, 50_000):
        v = planted_matrix(samples, 100)
        started = time.process_time()
        survey = survey_ranks(v[:, :5_000], [2, 3, 4], SurveySettings(runs=10))
        if v.shape[1] > 5_000:
            fit_coefficients(v[:, 5_000:], survey.fits[3].best.basis)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append(f"| {samples:,} | {time.process_time() - started:.1f} | {memory:.0f} |")
    return rows


def main() -> None:
    """Run, print, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--peer-runs", type=int, default=3)
    parser.add_argument("--growth", action="store_true", help="also 500, 5,000 and 50,000 samples")
    parser.add_argument("--record", action="store_true", help="write the section of docs/benchmarks.md")
    options = parser.parse_args()
    if options.peer_runs < 2:
        parser.error("a consensus needs two runs: --peer-runs 2 or more")
    load = f"load average {os.getloadavg()[0]:.1f} before the runs" if hasattr(os, "getloadavg") else ""
    text = [
        f"`python benchmarks/bench_nmf.py --runs {options.runs} --peer-runs {options.peer_runs}`: ranks 2-8, "
        f"{os.cpu_count()} cores ({platform.machine()}), {load}. Peers' times are multiplied to {options.runs} runs.",
        "",
        "| matrix | tool | runs made | processor [s] | times ours | |",
        "|---|---|---|---|---|---|",
        *compare("example cohort", reference_matrix(), options.runs, options.peer_runs),
        *compare("planted", planted_matrix(), options.runs, options.peer_runs),
    ]
    if options.growth:
        text += ["", "100 genes, ranks 2-4, 10 runs; above 5,000 samples by a subsample:", ""]
        text += ["| samples | processor [s] | peak memory [MB] |", "|---|---|---|", *growth()]
    print("\n".join(text))
    if options.record:
        write_section("\n".join(text))


def write_section(text: str) -> None:
    """Replace this benchmark's section of the page."""
    page = DOCS.read_text(encoding="utf-8") if DOCS.exists() else "# Benchmarks\n"
    page = re.sub(rf"\n*{re.escape(HEADING)}\n.*?(?=\n## |\Z)", "", page, flags=re.DOTALL).rstrip()
    DOCS.write_text(f"{page}\n\n{HEADING}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
