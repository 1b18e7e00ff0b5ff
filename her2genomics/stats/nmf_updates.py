"""Multiplicative updates of non-negative matrix factorisation for several runs of one rank at once.

A matrix ``V`` (features x samples) is approximated by ``W H`` with ``W`` (features x rank) and ``H`` (rank x samples)
non-negative.  Lee and Seung's updates never raise the loss.  Runs differ only in their start, so a block of them is one
stack of matrices: products with ``V`` are sparse where few cells are filled (a panel's 0/1 matrix), and runs that have
converged leave the block.

The scale of a component is arbitrary (``W D^-1`` and ``D H`` fit as well), so components are compared within a sample
only after the columns of W were brought to the same sum.

`EuclideanBlock` and `DivergenceBlock` have the same interface: ``step``, ``labels``, ``loss``, ``keep``, ``factors``.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from her2genomics.stats.inputs import Floats, Integers

FLOOR = 1e-9
"""Added to denominators and least value of numerators, as in R's NMF: nothing is divided by zero or sticks at it."""
DENSE_ABOVE = 0.15
"""Share of filled cells above which a dense product is the faster one."""


class Block(Protocol):
    """Some runs of one rank, updated together."""

    def step(self) -> None:
        """Update all H, then all W, once."""

    def labels(self) -> Integers:
        """Return the largest component per run and sample, shape (runs, samples)."""

    def loss(self) -> Floats:
        """Return the loss per run."""

    def keep(self, runs: npt.NDArray[np.bool_]) -> None:
        """Go on with these runs only."""

    def factors(self, run: int) -> tuple[Floats, Floats]:
        """Return copies of W (features, rank) and H (rank, samples) of one run."""


class EuclideanBlock:
    """Squared Euclidean distance ``sum (V - W H)^2``.

    Parameters
    ----------
    v
        Shape (features, samples), non-negative.
    w, h
        Starts, shapes (runs, features, rank) and (runs, rank, samples).

    Notes
    -----
    ``H <- max(H * W'V, e) / (W'W H + e)``, then ``W <- max(W * VH', e) / (W HH' + e)`` [1]_. R's method ``lee`` also
    rescales the columns of W after each step without the inverse change of H, which can raise the loss; here the
    scale is taken out when labels are read, and at the end.

    References
    ----------
    .. [1] Lee DD, Seung HS. Advances in Neural Information Processing Systems 2001;13:556-562.
    """

    def __init__(self, v: Floats, w: Floats, h: Floats) -> None:
        sparse = np.count_nonzero(v) <= DENSE_ABOVE * v.size
        self._v = sp.csr_array(v) if sparse else v
        self._vt = sp.csr_array(v.T) if sparse else np.ascontiguousarray(v.T)
        self._square = float((v**2).sum())
        # runs and components side by side, so that one product with V serves them all
        self._w = np.ascontiguousarray(w.transpose(1, 0, 2))
        self._h = np.ascontiguousarray(h.transpose(2, 0, 1))

    def step(self) -> None:
        """Update all H, then all W, once."""
        self._h = _multiply(self._h, self._vt, self._w)
        self._w = _multiply(self._w, self._v, self._h)

    def labels(self) -> Integers:
        """Return the largest component per run and sample, shape (runs, samples)."""
        return np.asarray((self._h * self._w.sum(axis=0)).argmax(axis=2).T)

    def loss(self) -> Floats:
        """Return the squared distance per run, without forming any product W H."""
        cross = (self._h * _product(self._vt, self._w)).sum(axis=(0, 2))
        return np.asarray(self._square - 2 * cross + (_gram(self._w) * _gram(self._h)).sum(axis=(1, 2)))

    def keep(self, runs: npt.NDArray[np.bool_]) -> None:
        """Go on with these runs only."""
        self._w, self._h = (np.ascontiguousarray(x[:, runs]) for x in (self._w, self._h))

    def factors(self, run: int) -> tuple[Floats, Floats]:
        """Return copies of W (features, rank) and H (rank, samples) of one run."""
        return self._w[:, run].copy(), self._h[:, run].T.copy()


def _product(matrix: Floats | sp.csr_array, factor: Floats) -> Floats:
    flat = matrix @ factor.reshape(len(factor), -1)
    return np.asarray(flat.reshape(-1, *factor.shape[1:]))


def _gram(factor: Floats) -> Floats:
    """Return the inner products of each run's components, shape (runs, rank, rank)."""
    return np.asarray(np.matmul(factor.transpose(1, 2, 0), factor.transpose(1, 0, 2)))


def _multiply(factor: Floats, matrix: Floats | sp.csr_array, other: Floats) -> Floats:
    """Return one factor after its multiplicative update."""
    updated = _product(matrix, other)
    updated *= factor
    np.maximum(updated, FLOOR, out=updated)
    divisor = np.empty_like(factor)
    np.matmul(factor.transpose(1, 0, 2), _gram(other), out=divisor.transpose(1, 0, 2))
    divisor += FLOOR
    updated /= divisor
    return updated


class DivergenceBlock:
    """Generalised Kullback-Leibler divergence ``sum (V log(V / WH) - V + WH)``, as in R's method ``brunet``.

    Parameters
    ----------
    v
        Shape (features, samples), non-negative.
    w, h
        Starts, shapes (runs, features, rank) and (runs, rank, samples).

    Notes
    -----
    ``H <- H * W'(V / WH) / colsums(W)``, then ``W <- W * (V / WH)H' / rowsums(H)`` [1]_ [2]_. Only the filled cells of
    V enter ``V / WH``; the matrices of all runs lie on the diagonal of one sparse matrix.

    References
    ----------
    .. [1] Lee DD, Seung HS. Advances in Neural Information Processing Systems 2001;13:556-562.
    .. [2] Brunet JP, Tamayo P, Golub TR, Mesirov JP. PNAS 2004;101:4164-4169.
    """

    def __init__(self, v: Floats, w: Floats, h: Floats) -> None:
        self._row, self._column = np.nonzero(v)
        self._filled = v[self._row, self._column]
        self._constant = float((self._filled * np.log(self._filled) - self._filled).sum())
        self._w = np.ascontiguousarray(w)
        self._h = np.ascontiguousarray(h.transpose(0, 2, 1))
        self._lay_out()

    def _lay_out(self) -> None:
        """Lay the filled cells of all runs along the diagonal of one matrix, and of its transpose."""
        runs, features, _ = self._w.shape
        samples = self._h.shape[1]
        shift = np.arange(runs)[:, None]
        rows = (self._row + features * shift).ravel()
        columns = (self._column + samples * shift).ravel()
        order = np.arange(len(rows))
        by_row = sp.csr_array((order, (rows, columns)), shape=(runs * features, runs * samples))
        by_column = sp.csr_array((order, (columns, rows)), shape=(runs * samples, runs * features))
        self._cells = (rows, columns)
        self._ratio, self._ratio_order = by_row.astype(np.float64), by_row.data
        self._ratio_t, self._ratio_t_order = by_column.astype(np.float64), by_column.data

    def _fitted(self) -> Floats:
        """Return WH at the filled cells of all runs, one after another."""
        rank = self._w.shape[2]
        w = self._w.reshape(-1, rank)[self._cells[0]]
        w *= self._h.reshape(-1, rank)[self._cells[1]]
        return np.asarray(w.sum(axis=1))

    def _ratios(self) -> Floats:
        return np.tile(self._filled, len(self._w)) / np.maximum(self._fitted(), FLOOR**2)

    def step(self) -> None:
        """Update all H, then all W, once."""
        self._ratio_t.data = self._ratios()[self._ratio_t_order]
        self._h = _rescale(self._h, self._ratio_t, self._w)
        self._ratio.data = self._ratios()[self._ratio_order]
        self._w = _rescale(self._w, self._ratio, self._h)

    def labels(self) -> Integers:
        """Return the largest component per run and sample, shape (runs, samples)."""
        return np.asarray((self._h * self._w.sum(axis=1, keepdims=True)).argmax(axis=2))

    def loss(self) -> Floats:
        """Return the divergence per run."""
        logs = np.log(np.maximum(self._fitted(), FLOOR**2)).reshape(len(self._w), -1)
        total = (self._w.sum(axis=1) * self._h.sum(axis=1)).sum(axis=1)
        return np.asarray(self._constant - (logs * self._filled).sum(axis=1) + total)

    def keep(self, runs: npt.NDArray[np.bool_]) -> None:
        """Go on with these runs only."""
        self._w, self._h = self._w[runs], self._h[runs]
        self._lay_out()

    def factors(self, run: int) -> tuple[Floats, Floats]:
        """Return copies of W (features, rank) and H (rank, samples) of one run."""
        return self._w[run].copy(), self._h[run].T.copy()


def _rescale(factor: Floats, ratio: sp.csr_array, other: Floats) -> Floats:
    rank = factor.shape[2]
    weighted = np.asarray(ratio @ other.reshape(-1, rank)).reshape(factor.shape)
    weighted *= factor
    weighted /= np.maximum(other.sum(axis=1, keepdims=True), FLOOR)
    return np.asarray(np.maximum(weighted, np.finfo(float).eps))
