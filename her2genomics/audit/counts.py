"""Rows of kind ``table``: which test of a table of counts gives the printed p."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from her2genomics.audit.content import Content
from her2genomics.audit.count_tables import CountTable, read_count_table
from her2genomics.audit.effects import audit_effect
from her2genomics.audit.named_tests import TABLE_TESTS, continuity, named_tests
from her2genomics.audit.printed import looks_like_interval, read_printed
from her2genomics.audit.verdicts import IMPOSSIBLE, Candidate, Finding, judge
from her2genomics.exceptions import StatisticsError
from her2genomics.stats.contingency import chi_square, fisher_many
from her2genomics.stats.exact_rxc import fisher_freeman_halton
from her2genomics.stats.table_tests import (
    fisher_mid_p,
    fisher_one_sided_p,
    likelihood_ratio_p,
    linear_by_linear_p,
    mcnemar_p,
    ordered_rank_p,
)

IntArray = npt.NDArray[np.int64]
EXACT_WORK = 20_000_000
"""Work of one exact r x c test, some seconds; a larger table gets a Monte Carlo p with its error."""
SEARCHED = ("fisher", "chi_square", "yates", "likelihood_ratio", "one_sided")
"""Tests that are tried though the row does not name them; others only when named."""
USUAL = frozenset({"fisher", "chi_square", "yates"})
"""Tests that are taken as named where the row names none that is known."""
UNKNOWN_OUT = "unknown left out"
MONTE_CARLO_REACH = 2.58


def audit_counts(content: Content, printed: str | None, test: str) -> Finding:
    """Recompute the p of a table of counts.

    Raises
    ------
    Her2GenomicsError
        If the table or the print cannot be read, or nothing can be tested.
    """
    table = read_count_table(content)
    if printed is not None and looks_like_interval(printed):
        return audit_effect(table.counts, printed, test)
    words = _named(test, table.counts.shape)
    named = words or USUAL
    candidates = _candidates(table, named)
    reduced = table.without_unknown()
    if reduced is not None and min(reduced.counts.shape) > 1:
        candidates += [replace(c, test=f"{c.test}, {UNKNOWN_OUT}") for c in _candidates(reduced, named)]
    if not candidates:
        raise StatisticsError("nothing can be tested in this table", hint="are rows or columns without counts?")
    finding = judge(None if printed is None else read_printed(printed), candidates)
    messages = [*finding.messages, *_about_unknown(candidates, finding), *_about_expected(table, finding)]
    messages += [*table.contradictions, *table.remarks]
    if not words:
        messages.insert(0, f"'{test}' is no test of this table that is known here" if test else "no test is named")
    verdict = IMPOSSIBLE if table.contradictions else finding.verdict
    return replace(finding, verdict=verdict, messages=messages)


def _named(test: str, shape: tuple[int, ...]) -> frozenset[str]:
    """Return the tests that the words name; a chi-square of a 2x2 table may be with or without Yates's correction."""
    named = set(named_tests(test, TABLE_TESTS))
    if "mcnemar" in named:
        return frozenset({"mcnemar"})
    if named & {"mid_p", "one_sided"}:
        named.discard("fisher")
    if named & {"likelihood_ratio", "linear"}:
        named.discard("chi_square")
    corrected = continuity(test)
    if shape == (2, 2) and ("chi_square" in named or corrected):
        if corrected is not False:
            named.add("yates")
        if corrected:
            named.discard("chi_square")
    return frozenset(named)


def _candidates(table: CountTable, named: frozenset[str]) -> list[Candidate]:
    counts = table.counts[table.counts.sum(axis=1) > 0][:, table.counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        return []
    found = []
    for key in dict.fromkeys([*SEARCHED, *sorted(named)]):
        if key == "mcnemar":
            found += _paired(table.counts)
            continue
        if counts.shape != (2, 2) and key in ("yates", "one_sided", "mid_p"):
            continue
        found.append(replace(_run(key, counts), named=key in named))
    return found


def _run(key: str, counts: IntArray) -> Candidate:
    if key == "fisher":
        return _exact(counts)
    tests: dict[str, tuple[str, Callable[[IntArray], float]]] = {
        "chi_square": ("Pearson chi-square", lambda c: chi_square(c).p_value),
        "yates": ("chi-square with Yates correction", lambda c: chi_square(c, correction=True).p_value),
        "likelihood_ratio": ("likelihood-ratio chi-square", likelihood_ratio_p),
        "one_sided": ("Fisher exact, one-sided", fisher_one_sided_p),
        "mid_p": ("Fisher mid-p", fisher_mid_p),
        "linear": ("linear-by-linear association", linear_by_linear_p),
        "ranks": ("rank test of ordered columns", ordered_rank_p),
    }
    name, function = tests[key]
    return Candidate(name, function(counts))


def _exact(counts: IntArray) -> Candidate:
    if counts.shape == (2, 2):
        (a, b), (c, d) = counts
        return Candidate("Fisher exact", float(fisher_many(a, a + b, c, c + d)["p_value"].iloc[0]))
    name = "Fisher-Freeman-Halton exact"
    result = fisher_freeman_halton(counts, work_limit=EXACT_WORK)
    if result.method == "exact":
        return Candidate(name, result.p_value)
    reach = MONTE_CARLO_REACH * result.standard_error
    note = f"Monte Carlo, standard error {result.standard_error:.2g}"
    return Candidate(name, result.p_value, max(0.0, result.p_value - reach), result.p_value + reach, note=note)


def _paired(counts: IntArray) -> list[Candidate]:
    """Return McNemar's tests; the table is not reduced, because its diagonal may be empty."""
    if counts.shape != (2, 2):
        return []
    tests = {
        "McNemar exact": partial(mcnemar_p, method="exact"),
        "McNemar chi-square": partial(mcnemar_p, method="asymptotic"),
        "McNemar chi-square with continuity correction": partial(mcnemar_p, method="corrected"),
    }
    return [Candidate(name, function(counts), named=True) for name, function in tests.items()]


def _about_unknown(candidates: list[Candidate], finding: Finding) -> list[str]:
    """Say what the treatment of unknown values does to the p of the test that matters."""
    by_name = {c.test: c for c in candidates}
    used = finding.matching[0] if finding.matching else next((c.test for c in candidates if c.named), "")
    other = next((c for c in candidates if c.named and (UNKNOWN_OUT in c.test) != (UNKNOWN_OUT in used)), None)
    if other is None or used not in by_name:
        return []
    if UNKNOWN_OUT in used:
        return [f"unknown left out; as a category p is {other.value:.3g}"]
    return [f"unknown is a category; left out, p is {other.value:.3g}"]


def _about_expected(table: CountTable, finding: Finding) -> list[str]:
    """Warn where a chi-square is the test that matters and an expected count is below 5."""
    if not any("chi-square" in test for test in finding.matching[:1]):
        return []
    counts = table.counts
    if UNKNOWN_OUT in finding.matching[0] and (reduced := table.without_unknown()) is not None:
        counts = reduced.counts
    result = chi_square(counts)
    return [] if result.valid else [f"smallest expected count {result.min_expected:.2g}: chi-square is not valid"]
