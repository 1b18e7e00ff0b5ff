"""What `bench_nmf` measures: our survey of ranks, R's NMF, nimfa and scikit-learn on one matrix, each in its own words.

Every function returns a `Measured`.  nimfa and scikit-learn begin with our starts; R draws its own.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from her2genomics.stats.nmf import random_starts
from her2genomics.stats.nmf_engines import CHECK_EVERY, MAX_ITERATIONS, _nimfa_on_numpy_2, find_engine
from her2genomics.stats.rank_selection import SurveySettings, choose_rank, survey_ranks

SEED = 123456
R_SCRIPT = """
suppressMessages(library(NMF))
arguments <- commandArgs(trailingOnly = TRUE)
v <- as.matrix(read.delim(arguments[1], header = FALSE))
runs <- as.integer(arguments[2])
for (k in as.integer(strsplit(arguments[3], ",")[[1]])) {
  used <- system.time({
    fit <- nmf(v, k, "lee", nrun = runs, seed = SEED, .options = "-p")
    cophenetic <- if (runs > 1) cophcor(fit) else NA
  })
  labels <- paste(as.integer(predict(fit)), collapse = ",")
  cat(k, used[["elapsed"]], used[["user.self"]] + used[["sys.self"]], rss(fit, v), cophenetic, labels, "\\n")
}
""".replace("SEED", str(SEED))


class PeerError(Exception):
    """A peer that is installed has failed."""


@dataclass
class Measured:
    """Times over all ranks, and what came out.

    Parameters
    ----------
    tool
        Name in the table.
    runs
        Starts per rank.
    wall, cpu
        Seconds for all ranks.
    rss
        Smallest residual sum of squares by rank.
    cophenetic
        By rank; empty where it was not asked for.
    labels
        Cluster of each sample at rank 3, of the best run; None where rank 3 was not fitted.
    chosen
        Rank that the rule supports; None where there is none, or it was not asked.
    """

    tool: str
    runs: int
    wall: float
    cpu: float
    rss: dict[int, float] = field(default_factory=dict)
    cophenetic: dict[int, float] = field(default_factory=dict)
    labels: np.ndarray | None = None
    chosen: int | None = None


def _timed(tool: str, runs: int, work: Callable[[Measured], None]) -> Measured:
    measured = Measured(tool, runs, 0.0, 0.0)
    wall, cpu = time.perf_counter(), time.process_time()
    work(measured)
    measured.wall, measured.cpu = time.perf_counter() - wall, time.process_time() - cpu
    return measured


def ours(v: np.ndarray, ranks: list[int], runs: int, threads: int = 1) -> tuple[Measured, dict[int, list[int]]]:
    """Return our survey (fits and consensus measures) with the chosen rank, and the runs' iterations."""
    settings, surveys = SurveySettings(runs=runs, seed=SEED, threads=threads), []
    name = "her2genomics" if threads == 1 else f"her2genomics, {threads} threads"
    measured = _timed(name, runs, lambda m: surveys.append(survey_ranks(v, ranks, settings)))
    (survey,) = surveys
    table = survey.table.set_index("k")
    measured.rss, measured.cophenetic = table["rss"].to_dict(), table["cophenetic"].to_dict()
    measured.chosen = choose_rank(survey, v, settings).rank  # its permuted matrices are not in the time
    if 3 in survey.fits:
        measured.labels = survey.fits[3].best.coefficients.argmax(axis=0)
    return measured, {k: fit.iterations.tolist() for k, fit in survey.fits.items()}


def has_r_nmf() -> bool:
    """Return whether R and its package NMF are there."""
    if not shutil.which("Rscript"):
        return False
    asked = ["Rscript", "-e", 'quit(status = !requireNamespace("NMF", quietly = TRUE))']
    return subprocess.run(asked, capture_output=True).returncode == 0


def r_nmf(v: np.ndarray, ranks: list[int], runs: int) -> Measured:
    """Return R's ``nmf(v, rank, "lee")`` and ``cophcor``, without parallel workers.

    Raises
    ------
    PeerError
        If R ends with an error, or a rank is missing from its answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        matrix, script = Path(folder) / "v.tsv", Path(folder) / "nmf.R"
        pd.DataFrame(v.astype(int)).to_csv(matrix, sep="\t", header=False, index=False)
        script.write_text(R_SCRIPT, encoding="utf-8")
        command = ["Rscript", str(script), str(matrix), str(runs), ",".join(map(str, ranks))]
        done = subprocess.run(command, capture_output=True, text=True)
    rows = [line.split() for line in done.stdout.splitlines() if line[:1].isdigit()]
    if done.returncode or [int(row[0]) for row in rows] != ranks:
        raise PeerError(f"R's NMF failed (exit {done.returncode}):\n{done.stderr.strip()[-1000:]}")
    measured = Measured("R NMF `lee`", runs, sum(float(r[1]) for r in rows), sum(float(r[2]) for r in rows))
    measured.rss = {int(row[0]): float(row[3]) for row in rows}
    if runs > 1:
        measured.cophenetic = {int(row[0]): float(row[4]) for row in rows}
    if 3 in ranks:
        measured.labels = np.array(rows[ranks.index(3)][5].split(","), dtype=int)
    return measured


def nimfa_connectivity(v: np.ndarray, ranks: list[int], runs: int) -> Measured:
    """Return nimfa with the stop rule it shares with R: connectivity unchanged at 40 checks, 10 iterations apart."""
    rule = {"objective": "conn", "conn_change": 40, "max_iter": MAX_ITERATIONS}
    return _nimfa("nimfa, connectivity unchanged at 40 checks (R's rule)", v, ranks, runs, lambda k, run: rule)


def nimfa_same_iterations(v: np.ndarray, ranks: list[int], runs: int, iterations: dict[int, list[int]]) -> Measured:
    """Return nimfa with as many iterations as ours made from the same start, which ends at the same residual."""

    def rule(k: int, run: int) -> dict[str, object]:
        return {"objective": "fro", "min_residuals": 0, "max_iter": iterations[k][run]}

    return _nimfa("nimfa, our iterations from our starts (same residual)", v, ranks, runs, rule)


def nimfa_residual(v: np.ndarray, ranks: list[int], runs: int) -> Measured:
    """Return nimfa until its residual falls by less than 1e-6 of the sum of squares in 10 iterations."""
    return _engine("nimfa, residual falls by less than 1e-6", "nimfa", v, ranks, runs)


def sklearn_multiplicative(v: np.ndarray, ranks: list[int], runs: int) -> Measured:
    """Return scikit-learn's multiplicative updates until the residual falls by less than 1e-6 in 10 iterations."""
    return _engine("scikit-learn, multiplicative, tol 1e-6", "sklearn", v, ranks, runs)


def sklearn_descent(v: np.ndarray, ranks: list[int], runs: int) -> Measured:
    """Return scikit-learn's NMF as it comes (coordinate descent, tol 1e-4), with enough iterations."""

    def one(k: int, run: int) -> tuple[np.ndarray, np.ndarray]:
        model = NMF(k, init="random", random_state=SEED + run, max_iter=MAX_ITERATIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit_transform(v), model.components_

    return _timed("scikit-learn as it comes (coordinate descent)", runs, lambda m: _best_of(m, v, ranks, one))


def _engine(tool: str, name: str, v: np.ndarray, ranks: list[int], runs: int) -> Measured:
    def work(measured: Measured) -> None:
        fits = find_engine(name)(v, ranks, runs=runs, seed=SEED, loss="euclidean", threads=1, progress=None)
        measured.rss = {fit.rank: fit.best.loss for fit in fits}
        measured.labels = next((f.best.coefficients.argmax(axis=0) for f in fits if f.rank == 3), None)

    return _timed(tool, runs, work)


def _nimfa(
    tool: str, v: np.ndarray, ranks: list[int], runs: int, rule: Callable[[int, int], dict[str, object]]
) -> Measured:
    import nimfa

    def one(k: int, run: int) -> tuple[np.ndarray, np.ndarray]:
        w, h = (x[0] for x in random_starts(v, k, range(run, run + 1), SEED))
        fit = nimfa.Nmf(v, W=w, H=h.copy(), rank=k, update="euclidean", test_conv=CHECK_EVERY, **rule(k, run))()
        return np.asarray(fit.basis()), np.asarray(fit.coef())

    with _nimfa_on_numpy_2():
        return _timed(tool, runs, lambda measured: _best_of(measured, v, ranks, one))


def _best_of(
    measured: Measured, v: np.ndarray, ranks: list[int], one: Callable[[int, int], tuple[np.ndarray, np.ndarray]]
) -> None:
    """Fill in the smallest residual of each rank, and the labels at rank 3."""
    with threadpool_limits(limits=1):
        for k in ranks:
            for run in range(measured.runs):
                w, h = one(k, run)
                rss = float(((v - w @ h) ** 2).sum())
                if rss >= measured.rss.get(k, np.inf):
                    continue
                measured.rss[k] = rss
                if k == 3:
                    measured.labels = (h * w.sum(axis=0)[:, None]).argmax(axis=0)
