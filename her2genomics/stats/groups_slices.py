"""All tables of altered counts over several groups, given their margins, as slices: the sums behind `groups_exact`.

A slice fixes the counts of all groups but the last two; along it the count of the last group but one runs, and the
last follows.  Along a slice the probability rises to one peak and falls again, so that the tables at most as probable
as the observed one are two runs, whose ends are found by halving.  Counts that are too improbable to matter are cut off
before: what is dropped is together below `DROPPED` of the observed table's own probability, however small that is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from her2genomics.stats.hypergeometric import central_range, log_binomial
from her2genomics.stats.inputs import Floats, Integers
from her2genomics.stats.rxc_network import chunks, ranges

DROPPED = 1e-15
"""Share of the observed table's probability that the tables left out may have together."""
SLICES_AT_ONCE = 100_000
SHORT = 0.25
"""Share of the counts of a slice up to which those between the tails are summed in place of the tails ..."""
LEFT = 0.01
"""... and share of its probability that has to be left for the tails, so that the difference keeps its digits."""

Bounds = Callable[["Margins", "Slices"], tuple[Integers, Integers]]


@dataclass(frozen=True)
class Margins:
    """Features with their groups, the two that vary most last; arrays of shape (features, groups) or (features,)."""

    altered: Integers
    n: Integers
    scores: Floats
    k: Integers
    log_observed: Floats
    least: Floats
    """Log probability below which a table does not matter."""
    low: Integers
    high: Integers
    """Range of counts that matter in each group."""

    @classmethod
    def of(cls, altered: Integers, n: Integers, scores: Floats) -> Margins:
        """Return the margins of observed counts."""
        k, total = altered.sum(axis=1), n.sum(axis=1)
        each = log_binomial(altered, n, k[:, None], total[:, None])
        observed = each.sum(axis=1) - log_binomial(k, total, k, total)
        least = observed + np.log(DROPPED) - np.log(k + 1.0) * (n.shape[1] - 1)
        shape = [np.broadcast_to(x[:, None], n.shape).ravel() for x in (k, total, least)]
        low, high = central_range(n.ravel(), shape[0], shape[1] - n.ravel(), shape[2])
        return cls(altered, n, scores, k, observed, least, low.reshape(n.shape), high.reshape(n.shape))

    def n_slices(self) -> Floats:
        """Return an upper bound of the slices of each feature."""
        width = (self.high - self.low + 1)[:, :-2].astype(float)
        bound: Floats = width.prod(axis=1)
        return bound


class _LogBinomials:
    """Log binomial probabilities of every count that matters, for each feature and group, computed once."""

    def __init__(self, margins: Margins) -> None:
        low, high = margins.low.ravel(), margins.high.ravel()
        cell, x = ranges(low, high + 1)
        k, total = (np.repeat(v, margins.n.shape[1]) for v in (margins.k, margins.n.sum(axis=1)))
        self.values = log_binomial(x, margins.n.ravel()[cell], k[cell], total[cell])
        width = high - low + 1
        self.shift = (np.cumsum(width) - width - low).reshape(margins.n.shape)

    def at(self, feature: Integers, group: int, x: Integers) -> Floats:
        """Return the values of counts of a group; the counts have to matter."""
        found: Floats = self.values[self.shift[feature, group] + x]
        return found


@dataclass(frozen=True)
class Slices:
    """Slices of some features, arrays of one value per slice.

    Parameters
    ----------
    feature
        Position of the feature.
    left
        Altered samples that the last two groups share.
    base
        Log probability of the counts that are fixed, so that `base` and two binomials are that of a table.
    score
        Sum over the fixed groups of count and score.
    low, high
        Counts of the last group but one that matter.
    mode
        The most probable of them.
    whole
        Log probability of all tables of the slice.
    at, at_last
        Where in `binomials` count 0 of the last group but one stands, and the count `left` of the last.
    """

    binomials: Floats
    feature: Integers
    left: Integers
    base: Floats
    score: Floats
    low: Integers
    high: Integers
    mode: Integers
    whole: Floats
    at: Integers
    at_last: Integers

    def height(self, x: Integers, some: Integers) -> Floats:
        """Return the log probability of the tables with count ``x`` in the slices ``some``."""
        height: Floats = self.base[some] + self.binomials[self.at[some] + x]
        height += self.binomials[self.at_last[some] - x]
        return height

    def first(
        self, true: Callable[[Integers, Integers], npt.NDArray[np.bool_]], low: Integers, high: Integers
    ) -> Integers:
        """Return per slice the first count from ``low`` to ``high`` at which a condition has become true, or one past.

        The condition is given counts and the slices that they belong to; once true it stays so.
        """
        low, end = low.copy(), high + 1
        some = np.flatnonzero(low < end)
        while len(some):
            middle = (low[some] + end[some]) // 2
            yes = true(middle, some)
            end[some[yes]] = middle[yes]
            low[some[~yes]] = middle[~yes] + 1
            some = some[low[some] < end[some]]
        return low

    def trimmed(self, least: Floats) -> tuple[Integers, Integers]:
        """Return the first and the last count of each slice whose tables matter."""
        limit = least[self.feature]
        low = self.first(lambda x, some: self.height(x, some) >= limit[some], self.low, self.mode)
        high = self.first(lambda x, some: self.height(x, some) < limit[some], self.mode + 1, self.high) - 1
        return low, high

    def sums(self, first: Integers, last: Integers) -> Floats:
        """Return per slice the probability of the tables with counts from ``first`` up to before ``last``."""
        result, last = np.zeros(len(self.feature)), np.maximum(first, last)
        for chunk in chunks((last - first).astype(float)):
            number, x = ranges(first[chunk], last[chunk])
            probability = np.exp(self.height(x, chunk[number]))
            result[chunk] = np.bincount(number, probability, minlength=len(chunk))
        return result

    def take(self, which: Integers) -> Slices:
        """Return some of the slices."""
        arrays = {field.name: getattr(self, field.name)[which] for field in fields(self) if field.name != "binomials"}
        return replace(self, **arrays)


def tail_sums(margins: Margins, bounds: Callable[[Slices], tuple[Integers, Integers]]) -> Floats:
    """Return per feature the total probability of the tables before ``stops`` and from ``begins`` on in each slice.

    Parameters
    ----------
    margins
        The features.
    bounds
        Function from slices to (stops, begins), counts of the last group but one.
    """
    result = np.zeros(len(margins.k))
    binomials = _LogBinomials(margins)
    for part in _batches(margins.n_slices()):
        slices = _slices(margins, binomials, part)
        tails = _tails(slices, *bounds(slices), margins.least)
        result += np.bincount(slices.feature, tails, minlength=len(result))
    return result


def _tails(slices: Slices, stops: Integers, begins: Integers, least: Floats) -> Floats:
    """Return the probability of both tails of each slice: all of it without what lies between, where that is little."""
    tails = np.exp(slices.whole)
    short = np.flatnonzero(begins - stops <= SHORT * (slices.high + 1 - slices.low))
    between = slices.take(short).sums(stops[short], begins[short])
    digits = between <= (1 - LEFT) * tails[short]
    tails[short] -= between
    other = np.setdiff1d(np.arange(len(tails)), short[digits], assume_unique=True)
    rest = slices.take(other)
    low, high = rest.trimmed(least)
    tails[other] = rest.sums(low, np.minimum(stops[other], high + 1))
    tails[other] += rest.sums(np.maximum(begins[other], low), high + 1)
    return tails


def _batches(n_slices: Floats) -> list[Integers]:
    number = np.floor(np.cumsum(n_slices) / SLICES_AT_ONCE)
    return np.split(np.arange(len(n_slices)), np.flatnonzero(np.diff(number)) + 1)


def _slices(margins: Margins, binomials: _LogBinomials, features: Integers) -> Slices:
    """Return the slices of some features: every count that matters of every group but the last two."""
    feature, left = features, margins.k[features]
    total = margins.n.sum(axis=1)
    base, score = -log_binomial(left, total[features], left, total[features]), np.zeros(len(features))
    for group in range(margins.n.shape[1] - 2):
        source, x = ranges(margins.low[feature, group], margins.high[feature, group] + 1)
        feature = feature[source]
        left, score = left[source] - x, score[source] + x * margins.scores[feature, group]
        base = base[source] + binomials.at(feature, group, x)
        after = margins.n[feature, group + 1 :].sum(axis=1)
        keep = (left >= 0) & (left <= after) & (base >= margins.least[feature])
        feature, left, base, score = feature[keep], left[keep], base[keep], score[keep]
    low = np.maximum(margins.low[feature, -2], left - margins.high[feature, -1])
    high = np.minimum(margins.high[feature, -2], left - margins.low[feature, -1])
    n_x, n_y = margins.n[feature, -2], margins.n[feature, -1]
    mode = np.clip((left + 1) * (n_x + 1) // (n_x + n_y + 2), low, high)
    whole = base + log_binomial(left, n_x + n_y, margins.k[feature], total[feature])
    at, at_last = binomials.shift[feature, -2], binomials.shift[feature, -1] + left
    slices = Slices(binomials.values, feature, left, base, score, low, high, mode, whole, at, at_last)
    return slices.take(np.flatnonzero(low <= high))
