"""One interface for three implementations of NMF: ours, scikit-learn's and nimfa's.

All begin each run from the same seeded starts (`random_starts`) and return the same `RankRuns`, so that they can be
exchanged and compared.  ``fast`` is the default; the others are there to check it.

nimfa 1.4 (2020) calls names that numpy 2 no longer has, stops after 30 iterations unless told otherwise, and cannot be
seeded.  Here its modules see a numpy with those names for the time of a call, and it gets enough iterations and a
start of ours; numpy itself is not touched.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from her2genomics.exceptions import UsageError
from her2genomics.stats.inputs import Floats
from her2genomics.stats.nmf import (
    CHECK_EVERY,
    Factorisation,
    Loss,
    Progress,
    RankRuns,
    check_matrix,
    fit_ranks,
    random_starts,
)

MAX_ITERATIONS = 2000
TOLERANCE = 1e-6
"""Fall of the loss between two checks, relative to the sum of squares, below which nimfa and scikit-learn stop."""
_NIMFA_LOCK = threading.Lock()


class Engine(Protocol):
    """What every engine does."""

    def __call__(
        self,
        v: Floats,
        ranks: Sequence[int],
        *,
        runs: int,
        seed: int,
        loss: Loss,
        threads: int,
        progress: Progress | None,
    ) -> list[RankRuns]:
        """Return all runs of each rank."""


class _OneRun(Protocol):
    def __call__(self, v: Floats, w: Floats, h: Floats, loss: Loss) -> tuple[Floats, Floats, int]:
        """Return W, H and the number of iterations of one run."""


def find_engine(name: str) -> Engine:
    """Return an engine by its name.

    Raises
    ------
    UsageError
        If there is none of that name.

    Examples
    --------
    >>> fits = find_engine("sklearn")(np.kron(np.eye(2), np.ones((3, 4))), [2], runs=2, seed=1, loss="euclidean",
    ...                               threads=1, progress=None)
    >>> fits[0].labels.shape, round(fits[0].best.loss, 3)
    ((2, 8), 0.0)
    """
    if name not in ENGINES:
        raise UsageError(f"unknown NMF engine '{name}'", hint=f"use one of: {', '.join(ENGINES)}")
    return ENGINES[name]


def _fast(v: Floats, ranks: Sequence[int], **how: Any) -> list[RankRuns]:
    return fit_ranks(v, ranks, **how)


def _nimfa(v: Floats, ranks: Sequence[int], **how: Any) -> list[RankRuns]:
    with _nimfa_on_numpy_2():
        return _run_by_run(_nimfa_run, v, ranks, **how)


def _sklearn(v: Floats, ranks: Sequence[int], **how: Any) -> list[RankRuns]:
    return _run_by_run(_sklearn_run, v, ranks, **how)


ENGINES: dict[str, Engine] = {"fast": _fast, "nimfa": _nimfa, "sklearn": _sklearn}


def _run_by_run(
    one_run: _OneRun,
    v: Floats,
    ranks: Sequence[int],
    *,
    runs: int,
    seed: int,
    loss: Loss,
    threads: int,
    progress: Progress | None,
) -> list[RankRuns]:
    """Return all runs of each rank, one run after another; ``threads`` is of no use here."""
    matrix = check_matrix(v)
    results = []
    with threadpool_limits(limits=1):
        for rank in ranks:
            fits, iterations = [], []
            for run in range(runs):
                w0, h0 = random_starts(matrix, rank, range(run, run + 1), seed)
                w, h, n = one_run(matrix, w0[0], np.ascontiguousarray(h0[0]), loss)
                fits.append(_factorisation(matrix, w, h, loss))
                iterations.append(n)
                if progress is not None:
                    progress(1)
            results.append(_gather(rank, fits, iterations))
    return results


def _factorisation(v: Floats, w: Floats, h: Floats, loss: Loss) -> Factorisation:
    fitted = w @ h
    if loss == "euclidean":
        value = float(((v - fitted) ** 2).sum())
    else:
        filled = v > 0
        value = float((v[filled] * np.log(v[filled] / fitted[filled])).sum() - v.sum() + fitted.sum())
    scale = w.sum(axis=0)
    safe = np.where(scale > 0, scale, 1.0)
    return Factorisation(w / safe, h * scale[:, None], value)


def _gather(rank: int, fits: list[Factorisation], iterations: list[int]) -> RankRuns:
    counts = np.array(iterations, dtype=np.int64)
    return RankRuns(
        rank,
        np.array([fit.coefficients.argmax(axis=0) for fit in fits], dtype=np.int8),
        np.array([fit.loss for fit in fits]),
        counts,
        counts < MAX_ITERATIONS,
        min(fits, key=lambda fit: fit.loss),
    )


def _sklearn_run(v: Floats, w: Floats, h: Floats, loss: Loss) -> tuple[Floats, Floats, int]:
    from sklearn.decomposition import non_negative_factorization
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return non_negative_factorization(  # type: ignore[no-any-return]
            v, W=w, H=h, n_components=w.shape[1], init="custom", solver="mu", tol=TOLERANCE, max_iter=MAX_ITERATIONS,
            beta_loss="frobenius" if loss == "euclidean" else "kullback-leibler",
        )  # fmt: skip


def _nimfa_run(v: Floats, w: Floats, h: Floats, loss: Loss) -> tuple[Floats, Floats, int]:
    import nimfa

    euclidean = loss == "euclidean"
    fit = nimfa.Nmf(
        v, W=w, H=h, rank=w.shape[1], max_iter=MAX_ITERATIONS, test_conv=CHECK_EVERY,
        min_residuals=TOLERANCE * float((v**2).sum()), update="euclidean" if euclidean else "divergence",
        objective="fro" if euclidean else "div",
    )()  # fmt: skip
    return np.asarray(fit.basis()), np.asarray(fit.coef()), int(fit.fit.n_iter)


class _NumpyWithOldNames:
    """numpy, and the names it had before version 2 that nimfa calls."""

    mat = staticmethod(np.asmatrix)
    Inf = np.inf

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


@contextmanager
def _nimfa_on_numpy_2() -> Iterator[None]:
    """Let nimfa's modules see the old names inside the block; one call at a time."""
    import nimfa  # noqa: F401

    with _NIMFA_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = [m for name, m in list(sys.modules.items()) if name.split(".")[0] == "nimfa"]
        patched = [module for module in theirs if getattr(module, "np", None) is np]
        shim = _NumpyWithOldNames()
        for module in patched:
            module.np = shim  # type: ignore[attr-defined]
        try:
            yield
        finally:
            for module in patched:
                module.np = np  # type: ignore[attr-defined]
