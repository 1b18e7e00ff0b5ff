"""Mutual exclusivity and co-occurrence of alterations, with the burden of each tumour in the null.

Two genes are altered together more often than independence says merely because some tumours have many altered genes.
The null here is independence *given* burden: gene g is altered in tumour i with a probability whose odds are a product
of the gene's and the tumour's factor, fitted so that expected and observed totals of all genes and tumours agree (the
maximum-entropy background of DISCOVER).  Samples altered in one gene are then taken as they are, and the number of
them altered in the other is a Poisson-binomial variable given the other's total: for equal probabilities this is
Fisher's exact test.

References
----------
.. [1] Canisius S, Martens JWM, Wessels LFA. Genome Biol 2016;17:261 (DISCOVER: the background).
.. [2] Chen XH, Dempster AP, Liu JS. Biometrika 1994;81:457-469 (Poisson-binomial variables given their total).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats

BoolMatrix = npt.NDArray[np.bool_]

_ITERATIONS = 200
_TOLERANCE = 1e-7
_LARGEST_STEP = 3.0


def fit_background(altered: npt.ArrayLike, profiled: npt.ArrayLike | None = None) -> Floats:
    """Return the probability of each cell to be altered, from the totals of its row and column alone.

    Parameters
    ----------
    altered
        Shape (samples, genes), bool: all genes of the assay, not only those to be tested.
    profiled
        The cells that were looked at; default all.

    Returns
    -------
    numpy.ndarray
        Shape (samples, genes), in [0, 1]; sums over profiled cells equal the observed totals.

    Raises
    ------
    StatisticsError
        If the shapes differ.

    Examples
    --------
    >>> fit_background([[1, 1, 0], [1, 0, 0], [0, 1, 1], [1, 0, 1]]).sum(axis=0).round(4).tolist()
    [3.0, 2.0, 2.0]
    """
    found = np.asarray(altered, dtype=bool)
    looked = np.ones_like(found) if profiled is None else np.asarray(profiled, dtype=bool)
    if found.ndim != 2 or found.shape != looked.shape:
        raise StatisticsError(f"altered has shape {found.shape}, profiled {looked.shape}: both are samples x genes")
    found = found & looked
    result = np.where(_open(found, looked), 0.0, found.astype(float))
    rows, columns = (np.flatnonzero(_open(found, looked).any(axis=axis)) for axis in (1, 0))
    if len(rows) and len(columns):
        inner = np.ix_(rows, columns)
        result[inner] = _fit_open(found[inner], _open(found, looked)[inner])
    return result


def _open(found: BoolMatrix, looked: BoolMatrix) -> BoolMatrix:
    """Return the profiled cells of rows and columns that are neither all altered nor all unaltered."""
    cells = looked.copy()
    while True:
        totals = [((found & cells).sum(axis=axis), cells.sum(axis=axis)) for axis in (1, 0)]
        rows, columns = ((some > 0) & (some < n) for some, n in totals)
        smaller: BoolMatrix = cells & rows[:, None] & columns[None, :]
        if (smaller == cells).all():
            return cells
        cells = smaller


def _fit_open(found: BoolMatrix, cells: BoolMatrix) -> Floats:
    """Fit the factors of rows and columns by turns; columns of one total and one mask have one factor."""
    some = found & cells
    keys = np.vstack([np.packbits(cells, axis=0), some.sum(axis=0).astype(">u4").view(np.uint8).reshape(-1, 4).T])
    _, first, place, copies = np.unique(keys, axis=1, return_index=True, return_inverse=True, return_counts=True)
    by_row, by_column, seen = some.sum(axis=1), some[:, first].sum(axis=0), cells[:, first]
    row = logit(by_row / cells.sum(axis=1)) / 2
    column = logit(by_column / seen.sum(axis=0)) / 2
    for _ in range(_ITERATIONS):
        for axis, wanted in ((1, by_row), (0, by_column)):
            p = np.where(seen, expit(row[:, None] + column[None, :]), 0.0)
            weights = copies if axis else 1
            step = (wanted - (p * weights).sum(axis=axis)) / np.maximum((p * (1 - p) * weights).sum(axis=axis), 1e-12)
            step = np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
            if axis:
                row += step
            else:
                column += step
        if np.abs(step).max() < _TOLERANCE:
            break
    fitted: Floats = np.where(cells, expit(row[:, None] + column[place.ravel()][None, :]), some)
    return fitted


def without_gene(second: Floats, first: Floats, altered: BoolMatrix, totals: Floats, variances: Floats) -> Floats:
    """Return the background of a second gene when the first gene is no part of the burden.

    A tumour altered in the first gene has one alteration less to show elsewhere: with it in the burden two genes would
    exclude each other by construction where burdens are small. The tumour's factor is moved to the total without it.

    Parameters
    ----------
    second, first
        Background of both genes per sample.
    altered
        Samples altered in the first gene.
    totals, variances
        Per sample, sums of p and of p (1 - p) over all genes of the background.

    Examples
    --------
    >>> without_gene(np.array([0.02]), np.array([0.1]), np.array([True]), np.array([1.0]), np.array([0.9]))
    array([0.])
    """
    left, fitted = totals - altered, np.maximum(totals - first, 1e-12)
    slope = fitted / np.maximum(variances - first * (1 - first), 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.log(np.maximum(left, 0.0) / fitted) * np.clip(slope, 1.0, 3.0)
        moved: Floats = np.where((second > 0) & (second < 1), expit(logit(second) + shift), second)
    return moved


def poisson_binomial(probabilities: Floats, most: int | None = None) -> Floats:
    """Return the distribution of the number of successes of independent trials, exactly, by convolution.

    Parameters
    ----------
    probabilities
        Shape (trials,) or (variables, trials).
    most
        Largest number that is needed; default the number of trials.

    Examples
    --------
    >>> poisson_binomial(np.array([0.5, 0.1])).round(3).tolist()
    [0.45, 0.5, 0.05]
    """
    p = np.atleast_2d(probabilities)
    size = p.shape[1] + 1 if most is None else most + 1
    mass = np.zeros((len(p), size))
    mass[:, 0] = 1.0
    for i in range(p.shape[1]):
        q = p[:, i, None]
        moved = mass[:, :-1] * q
        mass *= 1 - q
        mass[:, 1:] += moved
    return mass[0] if np.ndim(probabilities) == 1 else mass


def overlap_distribution(first: BoolMatrix, background: Floats, total: int) -> Floats:
    """Return the distribution of the number altered in both, given the samples of one gene and the total of the other.

    Parameters
    ----------
    first
        Samples altered in the first gene.
    background
        Probability of the second gene in each of these samples.
    total
        Samples altered in the second gene.

    Examples
    --------
    >>> overlap_distribution(np.array([True, True, False, False]), np.full(4, 0.3), 2).round(4).tolist()
    [0.1667, 0.6667, 0.1667]
    """
    inside = poisson_binomial(background[first], total)
    outside = poisson_binomial(background[~first], total)
    mass = inside * outside[::-1]
    whole: Floats = mass / mass.sum() if mass.sum() > 0 else np.full(len(mass), np.nan)
    return whole


def overlap_p_values(distribution: Floats, observed: int) -> tuple[float, float, float]:
    """Return p of so few (exclusivity), of so many (co-occurrence), and two-sided (numbers not more probable).

    Examples
    --------
    >>> [round(p, 4) for p in overlap_p_values(np.array([1, 4, 1]) / 6, 0)]
    [0.1667, 1.0, 0.3333]
    """
    rare = distribution <= distribution[observed] * (1 + 1e-7)
    tails = distribution[: observed + 1].sum(), distribution[observed:].sum(), distribution[rare].sum()
    few, many, both = (min(float(p), 1.0) for p in tails)
    return few, many, both
