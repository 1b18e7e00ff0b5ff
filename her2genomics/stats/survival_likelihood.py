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
    log_weight
        Log of the sum of exp(x beta), (steps,).
    mean, variance
        (steps, p) and (steps, p, p).
    third
        Third central moment, (steps, p, p, p); empty unless asked for.
    """

    log_weight: Floats
    mean: Floats
    variance: Floats
    third: Floats


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

    def moments(self, beta: Floats, *, third: bool = False) -> EventMoments:
        """Return the moments of every step at the coefficients ``beta``."""
        eta = self.x @ beta
        top = float(eta.max(initial=0.0))
        weight = np.exp(eta - top)
        s0 = self._sums(weight)
        mean = self._sums(weight[:, None] * self.x) / s0[:, None]
        square = self.x[:, :, None] * self.x[:, None, :]
        second = self._sums(weight[:, None, None] * square) / s0[:, None, None]
        variance = second - mean[:, :, None] * mean[:, None, :]
        cubic = np.zeros((0, 0, 0, 0))
        if third:
            raw = self._sums(weight[:, None, None, None] * (square[:, :, :, None] * self.x[:, None, None, :]))
            cubic = _third_central(raw / s0[:, None, None, None], second, mean)
        return EventMoments(np.log(s0) + top, mean, variance, cubic)

    def _sums(self, values: Floats) -> Floats:
        """Return per step the sum over its risk set, less the share of the tied events that has left."""
        zero = np.zeros((1, *values.shape[1:]))
        total = np.concatenate([zero, np.cumsum(values, axis=0)])
        mask = self.event.reshape((-1,) + (1,) * (values.ndim - 1))
        died = np.concatenate([zero, np.cumsum(values * mask, axis=0)])
        share = self.share.reshape((-1,) + (1,) * (values.ndim - 1))
        at_risk = total[self.last + 1] - total[self.first]
        leaving = died[self.last + 1] - died[self.tie_first]
        sums: Floats = at_risk - share * leaving
        return sums

    def observed(self) -> Floats:
        """Return the covariates summed over the events, (p,)."""
        total: Floats = self.x[self.event].sum(axis=0)
        return total

    def log_likelihood(self, beta: Floats, moments: EventMoments | None = None) -> float:
        """Return the log partial likelihood."""
        found = moments or self.moments(beta)
        return float(self.observed() @ beta - found.log_weight.sum())


def _third_central(raw: Floats, second: Floats, mean: Floats) -> Floats:
    m = mean
    crossed = (
        second[:, :, :, None] * m[:, None, None, :]
        + second[:, :, None, :] * m[:, None, :, None]
        + second[:, None, :, :] * m[:, :, None, None]
    )
    cube: Floats = m[:, :, None, None] * m[:, None, :, None] * m[:, None, None, :]
    central: Floats = raw - crossed + 2 * cube
    return central
