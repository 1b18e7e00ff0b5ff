"""Cox's partial likelihood taken apart: what every single event contributes to score and information.

statsmodels fits the model (`survival_cox`), but gives sums only.  Firth's penalty and the test of proportional hazards
need the weighted moments of the covariates over each risk set: the mean is an event's expected covariate, the variance
its information, the third moment the derivative of that information.

With Efron's method the d events of one time are d steps: step l (0 ... d-1) takes the share l/d of the d patients out
of the risk set.  Breslow's method takes out none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from her2genomics.stats.inputs import Floats

Ties = Literal["efron", "breslow"]
Integers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class EventMoments:
    """Weighted moments of the covariates over the risk set of each step; first axis = step (one per event).

    Parameters
    ----------
    weight
        exp(x beta) of each patient over the largest one, (n,).
    total
        Its sum over the risk set, (steps,).
    log_weight
        Log of the sum of exp(x beta), (steps,).
    mean, variance
        (steps, p) and (steps, p, p).
    """

    weight: Floats
    total: Floats
    log_weight: Floats
    mean: Floats
    variance: Floats


@dataclass(frozen=True)
class RiskSets:
    """Patients sorted into strata and by falling time, so that every risk set is a first part of its stratum.

    Parameters
    ----------
    x
        Covariates in that order, (n, p).
    first, last
        Per step the first patient of the stratum and the last one at risk.
    tie_first
        Per step the first of the patients with that time.
    event
        Whether the patient had the event, (n,).
    share
        Per step the share of the tied events that has left.
    time
        Time of each step.
    """

    x: Floats
    event: npt.NDArray[np.bool_]
    first: Integers
    last: Integers
    tie_first: Integers
    share: Floats
    time: Floats

    @classmethod
    def build(
        cls,
        time: Floats,
        event: npt.NDArray[np.bool_],
        x: Floats,
        strata: npt.NDArray[np.int64] | None = None,
        ties: Ties = "efron",
    ) -> RiskSets:
        """Sort the patients and lay out the steps."""
        layers = np.zeros(len(time), dtype=np.int64) if strata is None else strata
        order = np.lexsort((-time, layers))
        t, d, s = time[order], event[order], layers[order]
        begins = np.r_[True, s[1:] != s[:-1]]
        tie_begins = begins | np.r_[True, t[1:] != t[:-1]]
        stratum = np.maximum.accumulate(np.where(begins, np.arange(len(t)), 0))
        tie = np.maximum.accumulate(np.where(tie_begins, np.arange(len(t)), 0))
        died = np.flatnonzero(d)
        starts, n_died = np.unique(tie[died], return_counts=True)
        ends = np.r_[np.flatnonzero(tie_begins)[1:], len(t)] - 1
        tie_end = ends[np.searchsorted(np.flatnonzero(tie_begins), starts)]
        gone = np.concatenate([np.arange(n) / n for n in n_died]) if len(n_died) else np.zeros(0)
        return cls(
            x=x[order],
            event=d,
            first=np.repeat(stratum[starts], n_died),
            last=np.repeat(tie_end, n_died),
            tie_first=np.repeat(starts, n_died),
            share=gone if ties == "efron" else np.zeros(len(gone)),
            time=np.repeat(t[starts], n_died),
        )

    def moments(self, beta: Floats) -> EventMoments:
        """Return the moments of every step at the coefficients ``beta``."""
        eta = self.x @ beta
        top = float(eta.max(initial=0.0))
        weight = np.exp(eta - top)
        total = self._sums(weight)
        mean = self._sums(weight[:, None] * self.x) / total[:, None]
        square = weight[:, None, None] * self.x[:, :, None] * self.x[:, None, :]
        variance = self._sums(square) / total[:, None, None] - mean[:, :, None] * mean[:, None, :]
        return EventMoments(weight, total, np.log(total) + top, mean, variance)

    def information_slope(self, moments: EventMoments, inverse: Floats) -> Floats:
        """Return the derivative of the information along each coefficient, contracted with ``inverse``, (p,).

        The derivative of an event's variance is its third central moment; contracted with a matrix A it needs only
        x'Ax of each patient, and no (p, p, p) array.
        """
        form = np.einsum("ni,ij,nj->n", self.x, inverse, self.x) * moments.weight
        mean, total = moments.mean, moments.total[:, None]
        raw = self._sums(form[:, None] * self.x) / total
        average = self._sums(form)[:, None] / total
        second = moments.variance + mean[:, :, None] * mean[:, None, :]
        crossed = np.einsum("kri,ij,kj->kr", second, inverse, mean)
        cube = np.einsum("ki,ij,kj->k", mean, inverse, mean)[:, None] * mean
        slope: Floats = (raw - average * mean - 2 * crossed + 2 * cube).sum(axis=0)
        return slope

    def _sums(self, values: Floats) -> Floats:
        """Return per step the sum over its risk set, less the share of the tied events that has left."""
        zero = np.zeros((1, *values.shape[1:]))
        cuts = np.unique(np.concatenate([self.first, self.last + 1]))
        inside = cuts[cuts < len(values)]
        total = np.concatenate([zero, np.cumsum(np.add.reduceat(values, inside, axis=0), axis=0)])
        at_risk = total[np.searchsorted(inside, self.last + 1)] - total[np.searchsorted(inside, self.first)]
        if not self.share.any():
            return np.asarray(at_risk, dtype=float)
        before = np.concatenate([[0], np.cumsum(self.event)])
        died = np.concatenate([zero, np.cumsum(values[self.event], axis=0)])
        leaving = died[before[self.last + 1]] - died[before[self.tie_first]]
        sums: Floats = at_risk - self.share.reshape((-1,) + (1,) * (values.ndim - 1)) * leaving
        return sums

    def observed(self) -> Floats:
        """Return the covariates summed over the events, (p,)."""
        total: Floats = self.x[self.event].sum(axis=0)
        return total

    def log_likelihood(self, beta: Floats, moments: EventMoments | None = None) -> float:
        """Return the log partial likelihood."""
        found = moments or self.moments(beta)
        return float(self.observed() @ beta - found.log_weight.sum())
