"""Mutual exclusivity and co-occurrence of alterations, with the burden of each tumour in the null.

Two genes are altered together more often than independence says merely because some tumours have many altered genes.
The null here is independence *given* burden.  If the odds that gene g is altered in tumour i are a product of a factor
of the gene and one of the tumour (the background of DISCOVER, the Rasch model), then the number of altered genes holds
all that a profile says about the tumour's factor: given the number without the first gene, whether the second is among
them says nothing about the first.  That probability, of the second gene given the numbers, is fitted by a logistic
regression on their logarithms, so that it need not be proportional to them.  Samples altered in the first gene are then
taken as they are, and the number of them altered in the second is a Poisson-binomial variable given the second's total:
for equal probabilities this is Fisher's exact test.

References
----------
.. [1] Canisius S, Martens JWM, Wessels LFA. Genome Biol 2016;17:261 (DISCOVER: the null given burden).
.. [2] Chen XH, Dempster AP, Liu JS. Biometrika 1994;81:457-469 (Poisson-binomial variables given their total).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats

BoolMatrix = npt.NDArray[np.bool_]
BoolArray = npt.NDArray[np.bool_]

_RIDGE = 0.1
"""Penalty on the squared coefficients of standardised terms, halved: a normal prior of standard deviation 3.2."""
_ITERATIONS = 60
_TOLERANCE = 1e-7
_LARGEST_STEP = 4.0
_TINY = 1e-9


def event_background(altered: BoolMatrix, possible: BoolMatrix, design: Floats) -> Floats:
    """Return the probability of each event in each sample, given the terms of a design.

    Logistic regressions with a weak ridge penalty on all terms but the first, so that a level without an altered sample
    has a probability near 0 instead of no estimate.

    Parameters
    ----------
    altered
        Shape (events, samples).
    possible
        Samples in which the event can be altered at all: profiled, and with a burden above 0. The others have
        probability 0 and no part in the fit.
    design
        Shape (samples, terms), the first an intercept.

    Returns
    -------
    numpy.ndarray
        Shape (events, samples), in [0, 1]; without the penalty's pull their sums are the observed totals.

    Raises
    ------
    StatisticsError
        If the shapes differ.

    Examples
    --------
    >>> some = np.array([[True, False, False, True, False]])
    >>> possible = np.array([[True, True, True, True, False]])
    >>> event_background(some, possible, np.ones((5, 1))).round(3).tolist()
    [[0.5, 0.5, 0.5, 0.5, 0.0]]
    """
    if altered.shape != possible.shape or altered.shape[1] != len(design):
        raise StatisticsError(f"events have shapes {altered.shape} and {possible.shape}, the design {design.shape}")
    x = _standardised(design)
    n_terms = x.shape[1]
    squares = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    penalty = np.append(_TINY, np.full(n_terms - 1, _RIDGE))
    coef = np.zeros((len(altered), n_terms))
    for _ in range(_ITERATIONS):
        p = np.where(possible, expit(coef @ x.T), 0.0)
        gradient = np.where(possible, altered - p, 0.0) @ x - penalty * coef
        information = ((p * (1 - p)) @ squares).reshape(-1, n_terms, n_terms) + np.diag(penalty)
        step = np.clip(np.linalg.solve(information, gradient[:, :, None])[:, :, 0], -_LARGEST_STEP, _LARGEST_STEP)
        coef += step
        if np.abs(step).max(initial=0.0) < _TOLERANCE:
            break
    fitted: Floats = np.where(possible, expit(coef @ x.T), 0.0)
    return fitted


def _standardised(design: Floats) -> Floats:
    """Return the design with terms of mean 0 and standard deviation 1 but for the first; constant terms become 0."""
    x = design - design.mean(axis=0)
    spread = x.std(axis=0)
    x = np.where(spread > _TINY, x / np.maximum(spread, _TINY), 0.0)
    x[:, 0] = 1.0
    return x


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


def overlap_distributions(first: BoolArray, background: Floats, totals: Sequence[int]) -> list[Floats]:
    """Return the distribution of the number altered in both, given the samples of one gene and the totals of others.

    Parameters
    ----------
    first
        Samples altered in the first gene.
    background
        Probability of each other gene in each sample, shape (genes, samples).
    totals
        Samples altered in each other gene.

    Returns
    -------
    list of numpy.ndarray
        Probabilities of 0, 1 ... total; NaN where the background excludes the total.

    Examples
    --------
    >>> first = np.array([True, True, False, False])
    >>> overlap_distributions(first, np.full((1, 4), 0.3), [2])[0].round(4).tolist()
    [0.1667, 0.6667, 0.1667]
    """
    if not len(totals):
        return []
    inside = poisson_binomial(background[:, first], max(totals))
    outside = poisson_binomial(background[:, ~first], max(totals))
    found = []
    for total, some, others in zip(totals, inside, outside, strict=True):
        mass = some[: total + 1] * others[: total + 1][::-1]
        found.append(mass / mass.sum() if mass.sum() > 0 else np.full(total + 1, np.nan))
    return found


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
