"""Non-negative matrix factorisation with many random starts: all runs of a rank in a few blocks, the same bytes twice.

A run is drawn from (seed, rank, run) alone, so that fifty runs begin with the thirty of a shorter call, and neither the
number of threads nor the order in which blocks finish changes a number.  Linear algebra runs on one thread inside each
block (several BLAS threads would add in another order); `threads` works on several blocks at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, Integers, as_floats
from her2genomics.stats.nmf_updates import FLOOR, Block, DivergenceBlock, EuclideanBlock

Loss = Literal["euclidean", "kl"]
Progress = Callable[[int], None]
BLOCKS: dict[str, type[EuclideanBlock] | type[DivergenceBlock]] = {"euclidean": EuclideanBlock, "kl": DivergenceBlock}

CHECK_EVERY = 10
"""Iterations between two looks at labels and loss, as in R's NMF."""
CELLS_PER_BLOCK = 60_000
"""Numbers in the factors of one block: what fits the processor's cache; the results do not depend on it."""


@dataclass(frozen=True)
class Stop:
    """When a run has converged: no label has changed for some checks and the loss hardly falls, or it falls no more.

    The second part is for matrices in which single samples lie between two components for hundreds of iterations: most
    of those of permuted features, and ranks above that of the data.

    Parameters
    ----------
    stable_checks
        Checks (every ten iterations) without a change of any sample's largest component.
    relative_drop
        Largest fall of the loss from one check to the next, relative to the loss.
    flat_drop
        A fall below this, relative to the loss, ends a run whatever its labels do.
    max_iterations
        Iterations after which a run ends unconverged.
    """

    stable_checks: int = 10
    relative_drop: float = 1e-5
    flat_drop: float = 1e-6
    max_iterations: int = 2000


DEFAULT_STOP = Stop()


@dataclass(frozen=True)
class Factorisation:
    """One factorisation ``V ~ W H``.

    Parameters
    ----------
    basis
        W, shape (features, rank); each column sums to 1.
    coefficients
        H, shape (rank, samples).
    loss
        Residual sum of squares, or generalised Kullback-Leibler divergence.
    """

    basis: Floats
    coefficients: Floats
    loss: float

    @property
    def rank(self) -> int:
        """Number of components."""
        return int(self.basis.shape[1])


@dataclass(frozen=True)
class RankRuns:
    """All runs of one rank.

    Parameters
    ----------
    rank
        Number of components.
    labels
        Largest component of each sample, 0-based, shape (runs, samples).
    losses, iterations, converged
        Per run.
    best
        The run with the smallest loss (the first of equal ones).
    """

    rank: int
    labels: npt.NDArray[np.int8]
    losses: Floats
    iterations: Integers
    converged: npt.NDArray[np.bool_]
    best: Factorisation


def fit_nmf(
    v: npt.ArrayLike,
    rank: int,
    *,
    runs: int = 30,
    seed: int = 123456,
    loss: Loss = "euclidean",
    stop: Stop = DEFAULT_STOP,
    threads: int = 1,
    progress: Progress | None = None,
) -> RankRuns:
    """Factorise a matrix from several random starts.

    Parameters
    ----------
    v
        Shape (features, samples), non-negative; no row or column may be all zero.
    rank
        Number of components, 1 to the smaller dimension of ``v``.
    runs
        Number of starts.
    seed
        Of the starts.
    loss
        ``euclidean`` (R's ``lee``) or ``kl`` (R's ``brunet``).
    stop
        When a run has converged.
    threads
        Blocks worked on at a time; the result is the same.
    progress
        Called with the number of runs that have just ended.

    Raises
    ------
    StatisticsError
        If a value is negative or missing, a row or column is all zero, or rank or runs are out of range.

    Notes
    -----
    NMF is not unique and has local minima: look at several runs. The updates are those of `EuclideanBlock` and
    `DivergenceBlock`.

    Examples
    --------
    >>> blocks = np.kron(np.eye(2), np.ones((3, 4)))
    >>> fit = fit_nmf(blocks, 2, runs=3)
    >>> len(set(fit.best.coefficients.argmax(axis=0)[:4])), round(fit.best.loss, 6)
    (1, 0.0)
    """
    (result,) = fit_ranks(v, [rank], runs=runs, seed=seed, loss=loss, stop=stop, threads=threads, progress=progress)
    return result


def fit_ranks(
    v: npt.ArrayLike,
    ranks: Sequence[int],
    *,
    runs: int = 30,
    seed: int = 123456,
    loss: Loss = "euclidean",
    stop: Stop = DEFAULT_STOP,
    threads: int = 1,
    progress: Progress | None = None,
) -> list[RankRuns]:
    """Return `fit_nmf` of each rank, in order; threads share the blocks of all ranks."""
    matrix = check_matrix(v)
    for rank in ranks:
        if not 1 <= rank <= min(matrix.shape):
            raise StatisticsError(f"rank {rank} for a matrix of {matrix.shape[0]} x {matrix.shape[1]}")
    if runs < 1:
        raise StatisticsError(f"{runs} runs asked for, needs 1 or more")
    blocks = [(rank, members) for rank in ranks for members in _blocks(runs, rank, sum(matrix.shape))]

    def work(rank: int, members: range) -> _BlockResult:
        w, h = random_starts(matrix, rank, members, seed)
        return _run_block(BLOCKS[loss](matrix, w, h), len(members), matrix.shape[1], stop)

    with threadpool_limits(limits=1, user_api="blas"):
        done = _in_threads(work, blocks, threads, progress)
    return [_collect(rank, [r for (k, _), r in zip(blocks, done, strict=True) if k == rank]) for rank in ranks]


def fit_coefficients(v: Floats, basis: Floats, *, iterations: int = 300) -> Floats:
    """Return H for samples that a basis was not fitted to, by Lee and Seung's update of H alone.

    Parameters
    ----------
    v
        Shape (features, samples).
    basis
        W, shape (features, rank).
    iterations
        Updates; with W fixed the least-squares problem is convex.

    Examples
    --------
    >>> fit_coefficients(np.array([[2.0], [3.0]]), np.eye(2)).ravel().round(6).tolist()
    [2.0, 3.0]
    """
    with threadpool_limits(limits=1, user_api="blas"):
        target, gram = basis.T @ v, basis.T @ basis
        h = np.full(target.shape, float(v.mean()) + FLOOR)
        for _ in range(iterations):
            h *= np.maximum(target, FLOOR) / (gram @ h + FLOOR)
    return h


def check_matrix(v: npt.ArrayLike) -> Floats:
    """Return a matrix that can be factorised.

    Raises
    ------
    StatisticsError
        If it is empty, not two-dimensional, has negative or missing values, or a row or column of zeros.
    """
    matrix = as_floats(v, "matrix")
    if matrix.ndim != 2 or not matrix.size:
        raise StatisticsError(f"a matrix of features x samples is needed, this has the shape {matrix.shape}")
    if not np.isfinite(matrix).all() or (matrix < 0).any():
        raise StatisticsError("the matrix has a negative, missing or infinite value")
    for axis, name in ((1, "row (feature)"), (0, "column (sample)")):
        empty = np.flatnonzero(~matrix.any(axis=axis))
        if len(empty):
            raise StatisticsError(f"{name} {empty[0] + 1} of the matrix is all zero")
    return matrix


def random_starts(v: Floats, rank: int, runs: range, seed: int) -> tuple[Floats, Floats]:
    """Return uniform starts on the scale of the matrix: W (runs, features, rank) and H (runs, rank, samples)."""
    features, samples = v.shape
    scale = 2 * float(np.sqrt(v.mean() / rank))
    drawn = [np.random.default_rng([seed, rank, run]).random((features + samples, rank)) * scale for run in runs]
    stacked = np.array(drawn)
    return stacked[:, :features], stacked[:, features:].transpose(0, 2, 1)


def _blocks(runs: int, rank: int, length: int) -> Iterator[range]:
    size = max(1, CELLS_PER_BLOCK // (rank * length))
    return (range(first, min(first + size, runs)) for first in range(0, runs, size))


@dataclass
class _BlockResult:
    """What `_run_block` fills in, run by run."""

    labels: npt.NDArray[np.int8]
    losses: Floats
    iterations: Integers
    converged: npt.NDArray[np.bool_]
    best: Factorisation | None = None


def _run_block(block: Block, runs: int, samples: int, stop: Stop) -> _BlockResult:
    """Update a block until each of its runs has converged."""
    result = _BlockResult(
        np.zeros((runs, samples), np.int8), np.zeros(runs), np.zeros(runs, np.int64), np.zeros(runs, bool)
    )
    active = np.arange(runs)
    labels, loss, stable = block.labels(), np.full(runs, np.inf), np.zeros(runs, np.int64)
    for iteration in range(1, stop.max_iterations + 1):
        block.step()
        last = iteration == stop.max_iterations
        if iteration % CHECK_EVERY and not last:
            continue
        new_labels, new_loss = block.labels(), block.loss()
        stable = np.where((new_labels == labels).all(axis=1), stable + 1, 0)
        drop = loss - new_loss
        converged = (stable >= stop.stable_checks) & (drop <= stop.relative_drop * new_loss)
        converged |= drop <= stop.flat_drop * new_loss
        labels, loss = new_labels, new_loss
        ended = converged | last
        if ended.any():
            for position in np.flatnonzero(ended):
                run = active[position]
                result.labels[run], result.losses[run] = labels[position], loss[position]
                result.iterations[run], result.converged[run] = iteration, converged[position]
                result.best = _better(result.best, block, int(position), float(loss[position]))
            active, labels, loss, stable = active[~ended], labels[~ended], loss[~ended], stable[~ended]
            if not len(active):
                break
            block.keep(~ended)
    return result


def _better(best: Factorisation | None, block: Block, position: int, loss: float) -> Factorisation:
    if best is not None and best.loss <= loss:
        return best
    w, h = block.factors(position)
    scale = w.sum(axis=0)
    return Factorisation(w / scale, h * scale[:, None], max(loss, 0.0))


def _collect(rank: int, parts: Sequence[_BlockResult]) -> RankRuns:
    best = min((p.best for p in parts if p.best is not None), key=lambda f: f.loss)
    return RankRuns(
        rank,
        np.concatenate([p.labels for p in parts]),
        np.maximum(np.concatenate([p.losses for p in parts]), 0.0),
        np.concatenate([p.iterations for p in parts]),
        np.concatenate([p.converged for p in parts]),
        best,
    )


def _in_threads(
    work: Callable[[int, range], _BlockResult],
    blocks: Sequence[tuple[int, range]],
    threads: int,
    progress: Progress | None,
) -> list[_BlockResult]:
    """Return the results in the order of the blocks, whatever order they end in."""
    if threads <= 1:
        results = []
        for rank, members in blocks:
            results.append(work(rank, members))
            if progress is not None:
                progress(len(members))
        return results
    with ThreadPoolExecutor(threads) as pool:
        futures = {pool.submit(work, *block): block for block in blocks}
        try:
            for future in as_completed(futures):
                future.result()
                if progress is not None:
                    progress(len(futures[future][1]))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        return [future.result() for future in futures]
