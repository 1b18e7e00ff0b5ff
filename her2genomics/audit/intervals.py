"""Printed intervals held against recomputed ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from her2genomics.audit.printed import PrintedInterval
from her2genomics.audit.verdicts import (
    CONSISTENT,
    NOT_REPRODUCED,
    REPRODUCED,
    ROUNDING,
    SLACK,
    Finding,
    ImpossibleError,
)

ANOTHER_METHOD = 0.15
"""Share of the interval's width by which a limit from another method (bootstrap, DeLong) may lie elsewhere."""
Limits = tuple[float, float]


def judge_interval(
    printed: PrintedInterval,
    recomputed: Mapping[str, Limits],
    *,
    named: Collection[str],
    estimates: Mapping[str, float] | None = None,
    other_method: bool = False,
) -> Finding:
    """Return the finding for a printed interval.

    Parameters
    ----------
    printed
        The interval.
    recomputed
        Method to limits.
    named
        Methods that the row names; none means all.
    estimates
        Method to the estimate that stands before the interval; looked at where one is printed.
    other_method
        Whether the paper's own method (a bootstrap) cannot be repeated, so that agreement can only be near.
    """
    asked = [name for name in recomputed if name in named] or list(recomputed)
    limits_only = {name: _grade(printed, limits, other_method=other_method) for name, limits in recomputed.items()}
    wrong = _wrong_estimates(printed, estimates or {})
    grades = limits_only | dict.fromkeys(wrong)
    order = (REPRODUCED, CONSISTENT, ROUNDING, None)
    best = min(asked, key=lambda name: (order.index(grades[name]), order.index(limits_only[name])))
    matching = tuple(n for n in (best, *(m for m in recomputed if m != best)) if grades[n] in (REPRODUCED, CONSISTENT))
    messages = []
    if grades[best] is None and matching:
        messages.append(f"{best} gives another interval; only {', '.join(matching)} gives the print")
    elif best in wrong:
        messages.append(wrong[best])
    if grades[best] == CONSISTENT:
        messages.append("near enough for another method; an approximate interval cannot decide more")
    low, high = recomputed[best]
    shown = f"{low:.{printed.low.decimals}f}-{high:.{printed.high.decimals}f}"
    return Finding(shown, grades[best] or NOT_REPRODUCED, matching, messages)


def _wrong_estimates(printed: PrintedInterval, estimates: Mapping[str, float]) -> dict[str, str]:
    """Return the methods whose estimate is not the printed one, and how to say it."""
    number = printed.estimate
    if number is None:
        return {}
    return {
        name: f"printed estimate {number.value:g}, recomputed {value:.{number.decimals + 1}f}"
        for name, value in estimates.items()
        if not abs(number.value - value) <= number.half_unit * (1 + SLACK)
    }


def _grade(printed: PrintedInterval, limits: Limits, *, other_method: bool) -> str | None:
    pairs = list(zip((printed.low, printed.high), limits, strict=True))
    if all(abs(p.value - x) <= p.half_unit * (1 + SLACK) for p, x in pairs):
        return REPRODUCED
    if all(abs(p.value - x) < 2 * p.half_unit for p, x in pairs) and not other_method:
        return ROUNDING
    width = limits[1] - limits[0]
    if other_method and all(abs(p.value - x) <= ANOTHER_METHOD * width + p.half_unit for p, x in pairs):
        return CONSISTENT
    return None


def refuse_outside(estimate: float, printed: PrintedInterval, name: str) -> None:
    """Refuse an interval that does not hold its estimate.

    Raises
    ------
    ImpossibleError
        If the estimate lies outside by more than the rounding.
    """
    slack = printed.low.half_unit
    if not printed.low.value - slack <= estimate <= printed.high.value + slack:
        raise ImpossibleError(f"{name} {estimate:g} does not lie in {printed.low.value:g} to {printed.high.value:g}")
