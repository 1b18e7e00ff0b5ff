"""Rows of kind ``hr_ci``: the Wald p of a hazard, odds or risk ratio from its printed interval.

The interval of such a ratio is symmetric on the log scale; where the printed estimate is not its geometric middle,
rounding apart, one of the three numbers is wrong or the interval is of another kind (profile likelihood, exact).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import sqrt

from her2genomics.audit.content import Content, Number
from her2genomics.audit.printed import ALPHA, Printed, read_printed
from her2genomics.audit.verdicts import Candidate, Finding, ImpossibleError, judge, short
from her2genomics.exceptions import StatisticsError
from her2genomics.stats.from_summary import wald_p_from_interval

RATIOS = ("hr", "or", "rr", "ratio", "ahr", "aor", "estimate", "hazard_ratio", "odds_ratio", "risk_ratio")
DIFFERENCES = ("difference", "beta", "coef", "mean_difference", "risk_difference")


@dataclass(frozen=True)
class _Effect:
    estimate: Number
    low: Number
    high: Number
    conf_level: float
    logarithmic: bool

    @property
    def neutral(self) -> float:
        return 1.0 if self.logarithmic else 0.0


def audit_ratio(content: Content, printed: str | None, test: str) -> Finding:
    """Recompute the p of a ratio (or a difference) with its interval.

    Raises
    ------
    ImpossibleError
        If the estimate lies outside its interval, or a ratio is not positive.
    Her2GenomicsError
        If a number cannot be read.
    """
    effect = _read(content)
    value = _p(effect, effect.estimate.value, effect.low.value, effect.high.value)
    ends = [p for corner in _corners(effect) if (p := _p(effect, *corner)) is not None]
    if value is None:
        raise StatisticsError("the lower limit is printed as 0, so that the interval says nothing about p")
    if abs(effect.estimate.value - effect.neutral) <= effect.estimate.half_unit:
        ends.append(1.0)
    candidate = Candidate("Wald", value, min([value, *ends]), max([value, *ends]), named=True)
    read = None if printed is None else read_printed(printed)
    finding = judge(read, [candidate])
    messages = [*finding.messages, *_about_middle(effect), *_about_interval(effect, read)]
    return replace(finding, messages=messages)


def _read(content: Content) -> _Effect:
    logarithmic = content.has(*RATIOS)
    numbers = [
        content.number(*(RATIOS if logarithmic else ("hr", *DIFFERENCES))),
        content.number("lo", "low", "lower", "ci_low", "lcl", "ci_lower"),
        content.number("hi", "high", "upper", "ci_high", "ucl", "ci_upper"),
    ]
    decimals = max(number.decimals for number in numbers)
    estimate, low, high = (number.with_decimals(decimals) for number in numbers)
    level = content.maybe_number("conf_level", "level", "confidence")
    conf_level = 0.95 if level is None else level.value / 100 if level.value > 1 else level.value
    if logarithmic and (min(estimate.value, high.value) <= 0 or low.value < 0):
        raise ImpossibleError("a ratio and its limits are positive")
    if not low.value <= estimate.value <= high.value:
        raise ImpossibleError(f"{estimate.value:g} does not lie in its interval {low.value:g} to {high.value:g}")
    if low.value == high.value:
        raise ImpossibleError(f"the interval {low.value:g} to {high.value:g} has no width")
    return _Effect(estimate, low, high, conf_level, logarithmic)


def _p(effect: _Effect, estimate: float, low: float, high: float) -> float | None:
    if (effect.logarithmic and min(estimate, low) <= 0) or low >= high:
        return None
    return wald_p_from_interval(estimate, low, high, conf_level=effect.conf_level, logarithmic=effect.logarithmic)


def _corners(effect: _Effect) -> list[tuple[float, float, float]]:
    estimate, low, high = (
        (x.value - x.half_unit, x.value + x.half_unit) for x in (effect.estimate, effect.low, effect.high)
    )
    return list(product(estimate, low, high))


def _about_middle(effect: _Effect) -> list[str]:
    """Say where the estimate is not the middle of its interval, rounding apart."""
    estimate, low, high = effect.estimate, effect.low, effect.high
    least, most = low.value - low.half_unit, low.value + low.half_unit
    if effect.logarithmic:
        if least <= 0:
            return []
        ends = sqrt(least * (high.value - high.half_unit)), sqrt(most * (high.value + high.half_unit))
    else:
        ends = (least + high.value - high.half_unit) / 2, (most + high.value + high.half_unit) / 2
    if ends[0] - estimate.half_unit <= estimate.value <= ends[1] + estimate.half_unit:
        return []
    middle = sqrt(low.value * high.value) if effect.logarithmic else (low.value + high.value) / 2
    kind = "geometric middle" if effect.logarithmic else "middle"
    return [f"the {kind} of the interval is {short(middle)}, not {estimate.value:g}: no Wald interval, or a misprint"]


def _about_interval(effect: _Effect, printed: Printed | None) -> list[str]:
    """Say where the interval and the printed p disagree about 0.05."""
    if printed is None or effect.conf_level != 1 - ALPHA:
        return []
    excludes = effect.low.value - effect.low.half_unit > effect.neutral or (
        effect.high.value + effect.high.half_unit < effect.neutral
    )
    includes = effect.low.value + effect.low.half_unit < effect.neutral < effect.high.value - effect.high.half_unit
    at_least = printed.relation in ("=", ">", ">=") and printed.value - printed.number.half_unit >= ALPHA
    below = printed.relation in ("=", "<", "<=") and printed.value + printed.number.half_unit <= ALPHA
    if excludes and at_least:
        return [f"the interval excludes {effect.neutral:g}, the printed p is not below 0.05"]
    if includes and below:
        return [f"the interval includes {effect.neutral:g}, the printed p is below 0.05"]
    return []
