"""Rows of kind ``mann_whitney``, ``signed_rank``, ``correlation``, ``statistic``: p from a printed statistic."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
from scipy.stats import chi2, f, norm, t

from her2genomics.audit.content import Content, read_number
from her2genomics.audit.intervals import judge_interval
from her2genomics.audit.named_tests import CORRELATION_TESTS, RANK_TESTS, continuity, named_tests
from her2genomics.audit.printed import Printed, looks_like_interval, read_interval, read_printed
from her2genomics.audit.verdicts import REPRODUCED, Candidate, Finding, ImpossibleError, grade, judge
from her2genomics.exceptions import FileFormatError
from her2genomics.stats.from_summary import correlation_p
from her2genomics.stats.table_tests import rank_sum_p_from_u, signed_rank_p_from_w, signed_rank_sum

Method = Literal["exact", "asymptotic", "corrected"]
METHODS: dict[Method, str] = {
    "exact": "exact",
    "asymptotic": "asymptotic",
    "corrected": "asymptotic with continuity correction",
}
LARGEST_EXACT_PAIRS = 10_000
LARGEST_EXACT_N = 300
SMALL_GROUPS = 20


def audit_rank_sum(content: Content, printed: str | None, test: str) -> Finding:
    """Recompute the p of a Mann-Whitney U, or find the U that would give the print.

    Raises
    ------
    ImpossibleError
        If U is larger than the number of pairs.
    Her2GenomicsError
        If a number cannot be read.
    """
    n_a, n_b = content.count("n1", "n_a", "na"), content.count("n2", "n_b", "nb")
    read = None if printed is None else read_printed(printed)
    named = _named_methods(test)
    if not content.has("U", "W", "rank_sum", "auc"):
        return _find_u(n_a, n_b, read, named)
    u, pairs = _u(content, n_a, n_b), n_a * n_b
    if not 0 <= u <= pairs:
        raise ImpossibleError(f"U is {u:g}, has to lie between 0 and {n_a} x {n_b} = {pairs}")
    finding = judge(read, _rank_candidates(u, n_a, n_b, named))
    messages = [*finding.messages, f"AUC {max(u, pairs - u) / pairs:.3f}"]
    if finding.matching and "exact" not in finding.matching[0] and max(n_a, n_b) <= SMALL_GROUPS:
        messages.append(f"exact p is {rank_sum_p_from_u(u, n_a, n_b):.3g}, the right one for groups this small")
    return replace(finding, messages=messages)


def _u(content: Content, n_a: int, n_b: int) -> float:
    """Return U; a rank sum (SPSS's W) is that of the first group."""
    if content.has("U"):
        return content.number("U").value
    if content.has("rank_sum", "W"):
        return content.number("rank_sum", "W").value - n_a * (n_a + 1) / 2
    return content.number("auc").value * n_a * n_b


def _named_methods(test: str) -> frozenset[str]:
    """Return the methods that the words name; without any "Mann-Whitney" may be each of the three."""
    words = named_tests(test, RANK_TESTS)
    corrected = continuity(test)
    if "exact" in words:
        return frozenset({"exact"})
    if "asymptotic" in words or corrected is not None:
        names = {True: {"corrected"}, False: {"asymptotic"}, None: {"asymptotic", "corrected"}}
        return frozenset(names[corrected])
    return frozenset(METHODS if "any" in words or not test else ())


def _rank_candidates(u: float, n_a: int, n_b: int, named: frozenset[str]) -> list[Candidate]:
    methods = {key: partial(rank_sum_p_from_u, method=key) for key in METHODS}
    if n_a * n_b > LARGEST_EXACT_PAIRS:
        del methods["exact"]
    return [
        Candidate(f"rank-sum, {METHODS[key]}", function(u, n_a, n_b), named=key in named)
        for key, function in methods.items()
    ]


def _find_u(n_a: int, n_b: int, printed: Printed | None, named: frozenset[str]) -> Finding:
    """Look for every U whose p is the printed one."""
    if printed is None or printed.relation != "=" or n_a * n_b > LARGEST_EXACT_PAIRS:
        raise FileFormatError("table_json has no U", hint="give U, or the rank sum of the first group")
    hits = [
        (u / 2, c)
        for u in range(n_a * n_b + 1)
        for c in _rank_candidates(u / 2, n_a, n_b, named)
        if grade(printed, c) == REPRODUCED and (c.named or not named)
    ]
    if not hits:
        return Finding("", "impossible", (), [f"no U of groups of {n_a} and {n_b} gives the printed p"])
    values = sorted({u for u, _ in hits})
    listed = ", ".join(f"{u:g}" for u in values[:4]) + (" ..." if len(values) > 4 else "")
    found = f"U = {listed} gives the print"
    messages = [found if len(values) > 1 else f"{found}, no other does"]
    return Finding(f"{hits[0][1].value:.6g}", "consistent", tuple(dict.fromkeys(c.test for _, c in hits)), messages)


def audit_signed_rank(content: Content, printed: str | None, test: str) -> Finding:
    """Recompute the p of a Wilcoxon signed-rank test from W, or from the differences.

    Raises
    ------
    ImpossibleError
        If W is larger than the sum of all ranks.
    Her2GenomicsError
        If a number cannot be read.
    """
    w, n = _w(content)
    if n < 1 or not 0 <= w <= n * (n + 1) / 2:
        raise ImpossibleError(f"W is {w:g} of {n} pairs, has to lie between 0 and {n * (n + 1) // 2}")
    methods = {key: partial(signed_rank_p_from_w, method=key) for key in METHODS}
    if n > LARGEST_EXACT_N:
        del methods["exact"]
    named = _named_methods(test)
    candidates = [Candidate(f"signed-rank, {METHODS[k]}", m(w, n), named=k in named) for k, m in methods.items()]
    return judge(None if printed is None else read_printed(printed), candidates)


def _w(content: Content) -> tuple[float, int]:
    """Return the sum of ranks of one sign and the number of pairs, as given or from the values themselves."""
    if content.has("differences", "diffs"):
        return signed_rank_sum([x.value for x in content.numbers("differences", "diffs")])
    for names in (("before", "after"), ("x", "y"), ("a", "b")):
        if content.has(names[0]) and content.has(names[1]):
            first, second = (content.numbers(name) for name in names)
            if len(first) != len(second):
                raise FileFormatError(f"{len(first)} and {len(second)} values are no pairs")
            return signed_rank_sum([round(a.value - b.value, 9) for a, b in zip(first, second, strict=True)])
    return content.number("W", "V", "T", "statistic").value, content.count("n", "n_pairs", "pairs")


def audit_correlation(content: Content, printed: str | None, test: str) -> Finding:
    """Recompute the p of a correlation coefficient, or its interval by Fisher's z.

    Raises
    ------
    ImpossibleError
        If the coefficient is not between -1 and 1.
    Her2GenomicsError
        If a number cannot be read.
    """
    r, n = content.number("r", "rho", "tau", "correlation", "coefficient"), content.count("n", "pairs")
    if abs(r.value) > 1:
        raise ImpossibleError(f"a correlation of {r.value:g} does not exist")
    if printed is not None and looks_like_interval(printed) and abs(r.value) < 1 and n > 3:
        reach = norm.ppf(0.975) / np.sqrt(n - 3)
        limits = tuple(float(np.tanh(np.arctanh(r.value) + s * reach)) for s in (-1, 1))
        return judge_interval(
            read_interval(printed), {"Fisher z": (limits[0], limits[1])}, named=frozenset({"Fisher z"})
        )
    named = named_tests(test, CORRELATION_TESTS) or frozenset({"t"} if "correlation" in test.lower() else ())
    names: dict[Literal["t", "fisher_z", "kendall"], str] = {
        "t": "t with n - 2 df",
        "fisher_z": "Fisher z",
        "kendall": "Kendall, normal approximation",
    }
    keys = [k for k in names if k != "kendall" or "kendall" in named]
    candidates = []
    for key in keys:
        around = [float(np.clip(r.value + s * r.half_unit, -1, 1)) for s in (-1, 0, 1)]
        values = [correlation_p(x, n, key) for x in around]
        low_end = [1.0] if min(around) <= 0 <= max(around) else []
        candidates.append(Candidate(names[key], values[1], min(values), max([*values, *low_end]), named=key in named))
    return judge(None if printed is None else read_printed(printed), candidates)


def audit_statistic(content: Content, printed: str | None, test: str) -> Finding:
    """Recompute the two-sided p of a printed statistic: ``t`` and ``df``, ``chi2`` and ``df``, ``F``, ``z``.

    Raises
    ------
    Her2GenomicsError
        If there is no such statistic, or a number cannot be read.
    """
    for name, fields in _STATISTICS.items():
        if content.has(*fields):
            return _from_statistic(name, content, fields, printed)
    raise FileFormatError("table_json has no t, chi2, F or z", hint=f"it has {', '.join(content.fields) or 'nothing'}")


_STATISTICS = {
    "chi-square": ("chi2", "chisq", "chi_square", "x2", "logrank_chi2"),
    "F": ("F",),
    "t": ("t",),
    "z": ("z",),
}


def _from_statistic(name: str, content: Content, fields: tuple[str, ...], printed: str | None) -> Finding:
    number = read_number(content.get(*fields), name)
    if name in ("chi-square", "F") and number.value < 0:
        raise ImpossibleError(f"a {name} statistic of {number.value:g} does not exist")
    df = [] if name == "z" else [content.number("df", "df1").value]
    if name == "F":
        df.append(content.number("df2", "df_within").value)
    if any(d <= 0 for d in df):
        raise ImpossibleError("degrees of freedom are positive")

    def p(statistic: float) -> float:
        x = abs(statistic)
        if name == "chi-square":
            return float(chi2.sf(x, df[0]))
        if name == "F":
            return float(f.sf(x, *df))
        return float(2 * (norm.sf(x) if name == "z" else t.sf(x, df[0])))

    x = abs(number.value)
    candidate = Candidate(name, p(x), p(x + number.half_unit), p(max(x - number.half_unit, 0.0)), named=True)
    return judge(None if printed is None else read_printed(printed), [candidate])
