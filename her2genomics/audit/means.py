"""Rows of kind ``summary``: a p-value from the means, deviations and sizes that a table prints.

Means and deviations were rounded before they were printed, so every p-value has a range; it is found from the corners
of the box of values that round to the print, and from the means moved together as far as the rounding allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from her2genomics.audit.content import Content, Number
from her2genomics.audit.named_tests import MEAN_TESTS, named_tests
from her2genomics.audit.printed import read_printed
from her2genomics.audit.verdicts import NOT_EVALUABLE, Candidate, Finding, ImpossibleError, judge
from her2genomics.exceptions import FileFormatError
from her2genomics.stats.from_summary import t_p_from_summary, welch_anova_p_from_summary
from her2genomics.stats.means import anova_from_summary

Floats = npt.NDArray[np.float64]
Test = Callable[[Floats, Floats, list[int]], float]
MOST_CORNERS = 1024
APPROACHES = 50


@dataclass(frozen=True)
class Summary:
    """Means, standard deviations and sizes of the groups, as printed."""

    means: list[Number]
    deviations: list[Number]
    sizes: list[int]


def audit_means(content: Content, printed: str | None, test: str) -> Finding:
    """Recompute the p of a comparison of means.

    Raises
    ------
    Her2GenomicsError
        If the summary or the print cannot be read.
    """
    summary = _read(content)
    tests = _tests(len(summary.sizes))
    named = _named(test, len(summary.sizes))
    candidates = [
        replace(_candidate(name, function, summary), named=key in named) for key, (name, function) in tests.items()
    ]
    finding = judge(None if printed is None else read_printed(printed), candidates)
    messages = [*finding.messages, *_granularity(content, summary)]
    if "ranks" in named:
        messages.insert(0, "a rank test cannot be recomputed from means; the value is that of a test of means")
        return replace(finding, verdict=NOT_EVALUABLE, matching=(), messages=messages)
    if not any(c.named for c in candidates):
        messages.insert(0, f"'{test}' is no test of means that is known here" if test else "no test is named")
    return replace(finding, messages=messages)


def _read(content: Content) -> Summary:
    sizes = content.counts("n", "sizes", "ns")
    means = content.numbers("mean", "means")
    if content.has("sd", "sds", "standard_deviation"):
        deviations = content.numbers("sd", "sds", "standard_deviation")
    else:
        errors = content.numbers("sd", "se", "sem", "standard_error")
        deviations = [replace(e, value=e.value * n**0.5) for e, n in zip(errors, sizes, strict=False)]
    if not len(means) == len(deviations) == len(sizes):
        raise FileFormatError(f"{len(means)} means, {len(deviations)} deviations and {len(sizes)} sizes")
    if any(d.value < 0 for d in deviations):
        raise ImpossibleError("a standard deviation is negative")
    return Summary(means, deviations, sizes)


def _tests(n_groups: int) -> dict[str, tuple[str, Test]]:
    several: dict[str, tuple[str, Test]] = {
        "anova": ("one-way ANOVA", lambda m, s, n: anova_from_summary(m, s, n).p_value),
        "welch_anova": ("Welch ANOVA", welch_anova_p_from_summary),
    }
    two: dict[str, tuple[str, Test]] = {
        "t": ("Student t", lambda m, s, n: t_p_from_summary(m, s, n, equal_variances=True)),
        "welch": ("Welch t", lambda m, s, n: t_p_from_summary(m, s, n, equal_variances=False)),
    }
    return two if n_groups == 2 else several


def _named(test: str, n_groups: int) -> frozenset[str]:
    """Return the tests that the words name; "t-test" may be Student's or Welch's, and F of two groups is t."""
    words = named_tests(test, MEAN_TESTS)
    if "ranks" in words:
        return frozenset({"ranks"})
    if n_groups > 2:
        return frozenset({"welch_anova"} if "welch" in words else {"anova"} if "anova" in words else ())
    if "welch" in words:
        return frozenset({"welch"})
    if "anova" in words or "student" in test.lower() or "equal var" in test.lower() or "pooled" in test.lower():
        return frozenset({"t"})
    return frozenset({"t", "welch"} if "t" in words else ())


def _candidate(name: str, test: Test, summary: Summary) -> Candidate:
    means, deviations = (np.array([x.value for x in part]) for part in (summary.means, summary.deviations))
    value = test(means, deviations, summary.sizes)
    around = [test(m, s, summary.sizes) for m, s in _roundings(summary) if (s > 0).all()]
    return Candidate(name, value, min([value, *around]), max([value, *around]))


def _roundings(summary: Summary) -> Iterator[tuple[Floats, Floats]]:
    """Yield means and deviations that round to the printed ones, at the ends of what is possible."""
    spans = [[(x.value - x.half_unit, x.value + x.half_unit) for x in p] for p in (summary.means, summary.deviations)]
    ends = [np.array(span) for span in spans]
    if 2 ** (2 * len(summary.means)) <= MOST_CORNERS:
        choices: Sequence[tuple[Floats, Floats]] = [
            (np.array(m), np.array(s)) for m in product(*spans[0]) for s in product(*spans[1])
        ]
    else:
        apart = np.where(ends[0].mean(axis=1) > ends[0].mean(), ends[0][:, 1], ends[0][:, 0])
        choices = [(apart, ends[1][:, 0]), (apart, ends[1][:, 1])]
    yield from choices
    together = _moved_together(ends[0], summary.sizes)
    yield from ((together, ends[1][:, i]) for i in (0, 1))


def _moved_together(ends: Floats, sizes: list[int]) -> Floats:
    """Return the means that differ least among those that round to the printed ones."""
    means: Floats = (ends[:, 0] + ends[:, 1]) / 2
    for _ in range(APPROACHES):
        means = np.clip(np.full(len(means), np.average(means, weights=sizes)), ends[:, 0], ends[:, 1])
    return means


def _granularity(content: Content, summary: Summary) -> list[str]:
    """Say which means no sum of whole numbers can give, where the row says that values are whole (GRIM test)."""
    if content.get("integer", "whole", "integers") is not True:
        return []
    wrong = []
    for mean, n in zip(summary.means, summary.sizes, strict=True):
        nearest = round(mean.value * n) / n
        if abs(nearest - mean.value) > mean.half_unit * (1 + 1e-9):
            wrong.append(f"no {n} whole numbers have the mean {mean.value:.{mean.decimals}f}")
    return wrong
