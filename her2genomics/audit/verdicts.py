"""Does a recomputed value reproduce the print?  One rule for all kinds of rows.

A print of two decimals stands for every value that rounds to it, and the numbers that it was computed from were rounded
too.  The verdict is about the test that the row names; tests that it does not name are tried as well, so that the
message can say which one would give the print, but they do not make a result reproduced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from her2genomics.audit.printed import ALPHA, Printed
from her2genomics.exceptions import StatisticsError
from her2genomics.schema import AUDIT_VERDICTS

(
    REPRODUCED,
    WITHIN_ROUNDING,
    CONSISTENT,
    ROUNDING,
    NOT_REPRODUCED,
    IMPOSSIBLE,
    NOTHING_PRINTED,
    NOT_EVALUABLE,
) = AUDIT_VERDICTS
SLACK = 1e-9
_BEST_FIRST = (REPRODUCED, CONSISTENT, WITHIN_ROUNDING, ROUNDING)


class ImpossibleError(StatisticsError):
    """Printed numbers that cannot stand beside each other; the row's verdict is "impossible"."""


@dataclass(frozen=True)
class Candidate:
    """One recomputed value.

    Parameters
    ----------
    test
        What gave it, as it is called in the output.
    value
        From the numbers as printed.
    low, high
        Range of values that numbers which round to the printed ones give; None where the input is exact.
    named
        Whether the row names this test.
    note
        What to know when this test is the one that matters.
    """

    test: str
    value: float
    low: float | None = None
    high: float | None = None
    named: bool = False
    note: str = ""


@dataclass(frozen=True)
class Finding:
    """What the audit of one row found."""

    recomputed: str
    verdict: str
    matching: tuple[str, ...] = ()
    messages: list[str] = field(default_factory=list)


def figure(value: float) -> str:
    """Return a recomputed value as it is written: six significant digits."""
    return f"{value:.6g}"


def short(value: float) -> str:
    """Return a value as messages say it."""
    return f"{value:.3g}"


def grade(printed: Printed, candidate: Candidate) -> str | None:
    """Return the verdict that one candidate deserves, or None where it does not give the print.

    Examples
    --------
    >>> from her2genomics.audit.printed import read_printed
    >>> [grade(read_printed("0.05"), Candidate("t", p)) for p in (0.0548, 0.0591, 0.061)]
    ['reproduced', 'rounding', None]
    """
    if printed.relation != "=":
        return CONSISTENT if printed.holds(candidate.value) else None
    reach = printed.number.half_unit * (1 + SLACK)
    if abs(candidate.value - printed.value) <= reach:
        return REPRODUCED
    low = candidate.value if candidate.low is None else candidate.low
    high = candidate.value if candidate.high is None else candidate.high
    if low - reach <= printed.value <= high + reach:
        return WITHIN_ROUNDING
    if 0 <= abs(candidate.value) - abs(printed.value) < 2 * reach and candidate.value * printed.value >= 0:
        return ROUNDING
    return None


def judge(printed: Printed | None, candidates: Sequence[Candidate], *, quantity: str = "p") -> Finding:
    """Return the finding for a single printed number.

    Parameters
    ----------
    printed
        What stands in the paper; None where nothing does.
    candidates
        Every recomputed value; where none is named, all count as named.
    quantity
        What it is, for the messages; ``p`` is also watched for crossing 0.05 and for leaving 0 to 1.
    """
    named = [c for c in candidates if c.named] or list(candidates)
    if printed is None:
        best = named[0]
        return Finding(figure(best.value), NOTHING_PRINTED, (), [best.note] if best.note else [])
    grades = {c.test: grade(printed, c) for c in candidates}
    best = min(named, key=lambda c: _rank(grades[c.test]))
    verdict = grades[best.test]
    looked_at = (best, *named) if printed.relation != "=" else (best, *named, *candidates)
    matching = tuple(dict.fromkeys(c.test for c in looked_at if grades[c.test] not in (None, ROUNDING)))
    messages = [best.note] if best.note else []
    if quantity == "p" and not 0 <= printed.value <= 1:
        return Finding(figure(best.value), IMPOSSIBLE, (), [f"a p-value of {printed.value:g} does not exist"])
    messages += _about_tests(candidates, named, best, grades, verdict, quantity)
    if quantity == "p":
        messages += _about_significance(printed, best, verdict)
    if verdict == ROUNDING:
        messages.append(f"{figure(best.value)} is cut off, not rounded, to the printed {printed.value:g}")
    return Finding(figure(best.value), verdict or NOT_REPRODUCED, matching, messages)


def _rank(verdict: str | None) -> int:
    return len(_BEST_FIRST) if verdict is None else _BEST_FIRST.index(verdict)


def _about_tests(
    candidates: Sequence[Candidate],
    named: Sequence[Candidate],
    best: Candidate,
    grades: dict[str, str | None],
    verdict: str | None,
    quantity: str,
) -> list[str]:
    """Say which other tests give the print, or would contradict it."""
    others = [c for c in candidates if c.test != best.test]
    agreeing = [c.test for c in others if grades[c.test] not in (None, ROUNDING)]
    if verdict == CONSISTENT:
        against = [f"{c.test} {quantity} {short(c.value)}" for c in others if grades[c.test] is None]
        return [f"depends on the test: {', '.join(against)}"] if against else []
    if verdict in (REPRODUCED, WITHIN_ROUNDING):
        return [f"the print does not tell it from {', '.join(agreeing)}"] if agreeing else []
    if agreeing:
        tried = f"{len(candidates)} tried"
        return [f"{best.test} gives {short(best.value)}; only {', '.join(agreeing)} gives the print ({tried})"]
    if verdict is None and others:
        listed = ", ".join(f"{c.test} {short(c.value)}" for c in (best, *others))
        return [f"no test gives the print: {listed}"]
    return []


def _about_significance(printed: Printed, best: Candidate, verdict: str | None) -> list[str]:
    """Say where the recomputed p lies on the other side of 0.05 than a reader of the print would think."""
    if printed.relation != "=":
        return [f"recomputed p is {short(best.value)}"] if verdict is None else []
    if printed.value == 0 and verdict == REPRODUCED:
        return ["p is never 0: print it as an upper bound, such as < 0.001"]
    if (best.value < ALPHA) != (printed.value < ALPHA) and not (verdict and printed.value == ALPHA > best.value):
        side = "below" if best.value < ALPHA else "not below"
        return [f"the recomputed p, {short(best.value)}, is {side} 0.05"]
    return []
