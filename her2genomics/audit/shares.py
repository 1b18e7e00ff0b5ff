"""Rows of kind ``percent``, ``percent_ci``, ``tmb`` and ``median``: numbers that can only be certain fractions.

A percentage of n patients is one of n + 1 values; one that no count gives (the GRIM test) is impossible, whatever the
count was.  The same holds for a burden, which is a whole number of mutations over a fixed territory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from math import ceil, floor

from statsmodels.stats.proportion import proportion_confint

from her2genomics.audit.content import Content, Number
from her2genomics.audit.intervals import judge_interval
from her2genomics.audit.named_tests import INTERVAL_METHODS, named_tests
from her2genomics.audit.printed import Printed, PrintedInterval, looks_like_interval, read_interval, read_printed
from her2genomics.audit.verdicts import (
    CONSISTENT,
    IMPOSSIBLE,
    NOT_REPRODUCED,
    REPRODUCED,
    ROUNDING,
    Candidate,
    Finding,
    ImpossibleError,
    figure,
    judge,
)
from her2genomics.exceptions import FileFormatError

PERCENT = 100.0
NEAR_TOTALS = 3
DENOMINATOR_LIMITS = (0.1, 100.0)
_METHOD_NAMES = {
    "wilson": "Wilson", "beta": "Clopper-Pearson", "normal": "Wald", "agresti_coull": "Agresti-Coull",
    "jeffreys": "Jeffreys",
}  # fmt: skip


def audit_percent(content: Content, printed: str | None, test: str) -> Finding:
    """Hold a percentage against its count, or against its denominator alone where no count is given.

    Raises
    ------
    ImpossibleError
        If the count is larger than the total.
    Her2GenomicsError
        If a number cannot be read.
    """
    if printed is not None:
        printed = re.sub(r"[(\[]\s*\d+\s*/\s*\d+\s*[)\]]", "", printed)
        if looks_like_interval(printed):
            return audit_share_interval(content, printed, test)
    n = content.count("n", "total", "denominator")
    if n == 0:
        raise FileFormatError("the total is 0: there is no percentage of nothing")
    read = None if printed is None else read_printed(printed)
    if not content.has("k", "x", "count", "events"):
        return _any_count(n, read)
    k = content.count("k", "x", "count", "events")
    if k > n:
        raise ImpossibleError(f"{k} of {n}")
    fraction = _is_fraction(read, k, n, test)
    finding = judge(
        read, [Candidate("k / n" if fraction else "100 k / n", (1 if fraction else PERCENT) * k / n)], quantity="share"
    )
    messages = list(finding.messages)
    verdict = finding.verdict
    if read is not None and read.relation == "=" and verdict in (NOT_REPRODUCED, ROUNDING):
        scale = 1.0 if fraction else PERCENT
        if verdict == NOT_REPRODUCED and not achievable(read.number, n, scale):
            verdict = IMPOSSIBLE
            messages.append(
                f"no whole number of {n} gives {read.value:g}; nearest are {_nearest(read.number, n, scale)}"
            )
        messages += _other_totals(read.number, k, n, scale)
    low, high = proportion_confint(k, n, method="wilson")
    messages.append(f"Wilson 95 % interval {PERCENT * low:.1f}-{PERCENT * high:.1f} %")
    return replace(finding, verdict=verdict, messages=messages)


def _is_fraction(read: Printed | None, k: int, n: int, test: str) -> bool:
    """Return whether the print is a fraction of 1: below 1, without a percent sign, and the nearer reading."""
    if read is None or read.percent or abs(read.value) > 1 or "100" in test or "percent" in test.lower():
        return False
    return abs(read.value - k / n) < abs(read.value - PERCENT * k / n)


def _any_count(n: int, read: Printed | None) -> Finding:
    if read is None or read.relation != "=":
        raise FileFormatError("table_json has no k", hint="give the count, or print a percentage to find it")
    if not 0 <= read.value <= PERCENT:
        return Finding("", IMPOSSIBLE, (), [f"{read.value:g} % of {n} does not exist"])
    counts = achievable(read.number, n, PERCENT)
    if not counts:
        near = _nearest(read.number, n, PERCENT)
        return Finding("", IMPOSSIBLE, (), [f"no whole number of {n} gives {read.value:g} %; nearest are {near}"])
    listed = ", ".join(map(str, counts[:4])) + (" ..." if len(counts) > 4 else "")
    return Finding(figure(PERCENT * counts[0] / n), CONSISTENT, ("100 k / n",), [f"k = {listed}"])


def achievable(number: Number, n: int, scale: float = 1.0) -> list[int]:
    """Return the counts out of n whose share rounds to a printed number.

    Examples
    --------
    >>> achievable(Number(61.7, 1), 80, 100.0), achievable(Number(63.8, 1), 80, 100.0)
    ([], [51])
    """
    reach = number.half_unit * (1 + 1e-9)
    first, last = ceil((number.value - reach) * n / scale - 1e-9), floor((number.value + reach) * n / scale + 1e-9)
    return [k for k in range(max(first, 0), min(last, n) + 1) if abs(scale * k / n - number.value) <= reach + 1e-12]


def _nearest(number: Number, n: int, scale: float) -> str:
    below = min(max(floor(number.value * n / scale), 0), n)
    places = max(number.decimals, 1)
    return " and ".join(f"{k}/{n} = {scale * k / n:.{places}f}" for k in sorted({below, min(below + 1, n)}))


def _other_totals(number: Number, k: int, n: int, scale: float) -> list[str]:
    """Say which neighbouring count or total would give the print: often the misprint."""
    found = [f"{j}/{n}" for j in achievable(number, n, scale)]
    found += [
        f"{k}/{m}" for m in range(max(n - NEAR_TOTALS, k, 1), n + NEAR_TOTALS + 1) if k in achievable(number, m, scale)
    ]
    return [f"{' or '.join(found[:3])} would give it"] if found else []


def audit_share_interval(content: Content, printed: str | None, test: str) -> Finding:
    """Hold the printed interval of a proportion against the usual methods.

    Raises
    ------
    ImpossibleError
        If the count is larger than the total.
    Her2GenomicsError
        If a number cannot be read.
    """
    k, n = content.count("k", "x", "count", "events"), content.count("n", "total", "denominator")
    if k > n or n == 0:
        raise ImpossibleError(f"{k} of {n}")
    interval = read_interval(printed) if printed is not None else PrintedInterval(Number(0, 1), Number(0, 1))
    percent = (printed is None) or interval.high.value > 1 or "%" in printed.replace("95%", "").replace("95 %", "")
    limits = {
        name: tuple((PERCENT if percent else 1) * float(x) for x in proportion_confint(k, n, method=method))
        for method, name in _METHOD_NAMES.items()
    }
    pairs = {name: (max(low, 0.0), min(high, PERCENT if percent else 1.0)) for name, (low, high) in limits.items()}
    named = [_METHOD_NAMES[m] for m in named_tests(test, INTERVAL_METHODS)]
    if printed is None:
        low, high = pairs[(named or ["Wilson"])[0]]
        return Finding(f"{low:.1f}-{high:.1f}", "nothing printed")
    value = (PERCENT if percent else 1) * k / n
    return judge_interval(interval, pairs, named=named, estimates=dict.fromkeys(pairs, value))


def audit_burden(content: Content, printed: str | None, test: str) -> Finding:
    """Find the territory of which printed burdens are whole numbers of mutations.

    ``printed`` of the row is the territory that the paper states; ``table_json`` holds the burdens (``printed``), the
    stated territory (``method_mb``) and, where known, the numbers of mutations (``integers``).

    Raises
    ------
    Her2GenomicsError
        If a number cannot be read.
    """
    burdens = content.numbers("printed", "tmb", "values")
    stated = content.maybe_number("method_mb", "mb", "denominator_mb")
    read = read_printed(printed) if printed is not None else None
    territory = stated.value if stated is not None else read.value if read is not None else None
    counts = content.counts("integers", "counts") if content.has("integers", "counts") else None
    if counts is not None and len(counts) != len(burdens):
        raise FileFormatError(f"{len(counts)} integers for {len(burdens)} printed burdens")
    if any(b.value < 0 for b in burdens) or (territory is not None and territory <= 0):
        raise ImpossibleError("burdens and territories are not negative")
    if territory is not None and _fits(burdens, counts, territory):
        return Finding(figure(territory), REPRODUCED, (f"n / {territory:g} Mb",))
    found = _territory(burdens, counts, territory or 1.0)
    stated_text = f"no whole numbers of mutations over {territory:g} Mb give these burdens" if territory else ""
    if found is None:
        return Finding("", IMPOSSIBLE, (), [stated_text or "no territory gives these burdens"])
    numbers = ", ".join(str(round(b.value * found)) for b in burdens)
    messages = [stated_text] if stated_text else []
    messages.append(f"{numbers} mutations over {found:g} Mb give all of them")
    verdict = "nothing printed" if territory is None else NOT_REPRODUCED
    return Finding(figure(found), verdict, (f"n / {found:g} Mb",), messages)


def _fits(burdens: Sequence[Number], counts: Sequence[int] | None, territory: float) -> bool:
    whole = counts or [round(b.value * territory) for b in burdens]
    return all(abs(k / territory - b.value) <= b.half_unit * (1 + 1e-9) for k, b in zip(whole, burdens, strict=True))


def _territory(burdens: Sequence[Number], counts: Sequence[int] | None, stated: float) -> float | None:
    """Return the territory with the fewest decimals, then nearest to the stated one, that fits all burdens."""
    low, high = DENOMINATOR_LIMITS
    if counts is not None:
        spans = [
            (k / (b.value + b.half_unit), k / max(b.value - b.half_unit, 1e-12))
            for k, b in zip(counts, burdens, strict=True)
            if k
        ]
        low, high = max([low, *(s[0] for s in spans)]), min([high, *(s[1] for s in spans)])
    else:
        high = min(high, 3 * stated)
    for decimals in (0, 1, 2, 3):
        unit = 10.0**-decimals
        grid = [round(i * unit, decimals) for i in range(ceil(low / unit), floor(high / unit) + 1)]
        fitting = [mb for mb in grid if mb > 0 and _fits(burdens, counts, mb)]
        if fitting:
            return min(fitting, key=lambda mb: abs(mb - stated))
    return None


def audit_median(content: Content, printed: str | None, test: str) -> Finding:
    """Check what a median can be: inside its range, and a half at most where the values are whole numbers.

    Raises
    ------
    ImpossibleError
        If it cannot be.
    Her2GenomicsError
        If a number cannot be read.
    """
    given = content.maybe_number("median")
    value = given if given is not None else read_printed(printed).number if printed is not None else None
    if value is None:
        raise FileFormatError("table_json has no median, and nothing is printed")
    order = [content.maybe_number(*names) for names in (("min", "low"), ("q1",))]
    order += [value, *(content.maybe_number(*names) for names in (("q3",), ("max", "high")))]
    there = [x.value for x in order if x is not None]
    if there != sorted(there):
        raise ImpossibleError(
            f"{', '.join(f'{x:g}' for x in there)}: minimum, quartiles, median, maximum are not in order"
        )
    if content.get("integer", "whole") is True and content.has("n"):
        n = content.count("n")
        step = 1.0 if n % 2 else 0.5
        if value.decimals and (value.value / step) % 1:
            raise ImpossibleError(f"the median of {n} whole numbers is a multiple of {step:g}, not {value.value:g}")
    messages = ["medians alone give no p-value; the median is possible"]
    return Finding(figure(value.value), CONSISTENT, (), messages)
