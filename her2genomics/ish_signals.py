"""ISH signals: ratio, HER2 and CEP17 signals per nucleus, and the ISH groups that they allow.

A laboratory records some of ratio, HER2 signals, CEP17 signals and counted nuclei; there are totals where means are
meant, bounds (``>6.0``) instead of numbers, and ratios that are not the quotient of their own signals.  What is printed
is compared with the cut-offs as it stands (nothing is rounded); HER2 signals that have to be derived keep the width
that the printed digits leave; and where a width spans a cut-off, every possible group is returned instead of one.

ISH groups of the 2018 guideline (ratio HER2/CEP17, mean HER2 signals per cell; bounds inclusive, nothing is rounded):

====== =============== ==================
group  ratio           HER2 signals
====== =============== ==================
1      >= 2.0          >= 4.0
2      >= 2.0          < 4.0
3      < 2.0           >= 6.0
4      < 2.0           >= 4.0 and < 6.0
5      < 2.0           < 4.0
====== =============== ==================

References
----------
.. [1] Wolff AC et al., ASCO/CAP guideline focused update, J Clin Oncol 2018;36:2105-2122.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from her2genomics.lab_values import Measured

RATIO_CUTOFF = 2.0
SIGNALS_LOW = 4.0
SIGNALS_HIGH = 6.0
MAX_SIGNALS_PER_CELL = 30.0
"""More HER2 or CEP17 signals than a nucleus is counted with: the cell holds a total over the counted nuclei."""
MIN_SIGNALS_PER_CELL = 0.5
"""A mean below this comes from no nucleus: the two probes were not recorded over the same nuclei."""
_FLOAT_SLACK = 1e-9
"""Relative error allowed to a quotient of two printed numbers."""


@dataclass(frozen=True, slots=True)
class IshFinding:
    """What the ISH numbers of one row say.

    Parameters
    ----------
    source
        ``dual`` (one group), ``contradictory`` (ratio against signals), ``partial`` (several groups left open),
        ``single`` (HER2 signals only, within one of the bands < 4.0, 4.0 to < 6.0, >= 6.0), or ``none``.
    groups
        The groups that the numbers allow, ascending.
    study_fish
        The study's reading (ratio >= 2.0 and HER2 signals > 6.0); None when the numbers cannot tell.
    flags, open_flags
        What was done to the numbers; and what is missing as long as no reported call closes the question.
    """

    source: str = "none"
    groups: tuple[int, ...] = ()
    study_fish: bool | None = None
    flags: tuple[str, ...] = ()
    open_flags: tuple[str, ...] = ()


def ish_group(ratio: float, her2_signals: float) -> int:
    """Return the ASCO/CAP 2018 dual-probe ISH group, 1 to 5.

    Parameters
    ----------
    ratio
        HER2/CEP17 ratio, not rounded.
    her2_signals
        Mean HER2 signals per cell, not rounded.

    Examples
    --------
    >>> ish_group(2.0, 4.0), ish_group(2.0, 3.99), ish_group(1.99, 6.0), ish_group(1.99, 5.99), ish_group(1.99, 3.99)
    (1, 2, 3, 4, 5)
    """
    return _GROUPS[ratio >= RATIO_CUTOFF][_signal_band(her2_signals)]


_GROUPS: tuple[tuple[int, int, int], tuple[int, int, int]] = ((5, 4, 3), (2, 1, 1))


def _signal_band(her2_signals: float) -> int:
    return (her2_signals >= SIGNALS_LOW) + (her2_signals >= SIGNALS_HIGH)


def read_signals(
    ratio: Measured | None, her2: Measured | None, cep17: Measured | None, cells: Measured | None
) -> IshFinding:
    """Return the ISH finding of the numbers alone."""
    her2, cep17, flags = _per_cell(her2, cep17, cells)
    if her2 is None and ratio is not None and cep17 is not None:
        her2 = _product(ratio, cep17)
    if her2 is None:
        if ratio is None:
            return IshFinding(flags=flags)
        groups = _possible_groups(ratio, _ANY)
        return IshFinding("partial", groups, None, flags, ("RATIO_WITHOUT_SIGNALS",))
    if ratio is None:
        return _single_probe(her2, flags) if cep17 is None else _dual_probe(_quotient(her2, cep17), her2, flags)
    if cep17 is not None and not _fits(ratio, her2, cep17):
        flags = (*flags, "RATIO_CONTRADICTS_SIGNALS")
        either = {*_possible_groups(ratio, her2), *_possible_groups(_quotient(her2, cep17), her2)}
        if len(either) > 1:
            return IshFinding("contradictory", tuple(sorted(either)), None, flags)
    return _dual_probe(ratio, her2, flags)


def _single_probe(her2: Measured, flags: tuple[str, ...]) -> IshFinding:
    if _signal_band(her2.low) != _signal_band(her2.high):
        return IshFinding("partial", _possible_groups(_ANY, her2), None, flags, ("ISH_INCOMPLETE",))
    return IshFinding("single", _possible_groups(_ANY, her2), None, flags)


def _dual_probe(ratio: Measured, her2: Measured, flags: tuple[str, ...]) -> IshFinding:
    groups = _possible_groups(ratio, her2)
    if len(groups) > 1:
        return IshFinding("partial", groups, None, flags, ("ISH_INCOMPLETE",))
    return IshFinding("dual", groups, _study_fish(ratio, her2), flags)


_ANY = Measured(0.0, 0.0, 0.0, math.inf)


def _possible_groups(ratio: Measured, her2: Measured) -> tuple[int, ...]:
    sides = {ratio.low >= RATIO_CUTOFF, ratio.high >= RATIO_CUTOFF}
    bands = range(_signal_band(her2.low), _signal_band(her2.high) + 1)
    return tuple(sorted({_GROUPS[side][band] for side in sides for band in bands}))


def _study_fish(ratio: Measured, her2: Measured) -> bool | None:
    """Return the study's FISH call (ratio >= 2.0 and HER2 signals > 6.0); None when a bound leaves it open."""
    calls = {r >= RATIO_CUTOFF and n > SIGNALS_HIGH for r in (ratio.low, ratio.high) for n in (her2.low, her2.high)}
    return calls.pop() if len(calls) == 1 else None


def _per_cell(
    her2: Measured | None, cep17: Measured | None, cells: Measured | None
) -> tuple[Measured | None, Measured | None, tuple[str, ...]]:
    """Return mean signals per cell: totals divided by the counted cells, or left out.

    Both probes are counted over the same nuclei, so one total makes both totals; means that no nucleus can have after
    the division show that this does not hold, and the row's signals are left out.
    """
    written = [signals for signals in (her2, cep17) if signals is not None]
    if all(signals.value <= MAX_SIGNALS_PER_CELL for signals in written):
        return her2, cep17, ()
    if cells is not None and not any(signals.is_bound for signals in written):
        means = [signals.value / cells.value for signals in written]
        if all(MIN_SIGNALS_PER_CELL <= mean <= MAX_SIGNALS_PER_CELL for mean in means):
            return _mean(her2, cells), _mean(cep17, cells), ("SIGNALS_WERE_TOTALS",)
    return None, None, ("SIGNALS_IMPLAUSIBLE",)


def _mean(total: Measured | None, cells: Measured) -> Measured | None:
    return None if total is None else _exactly(total.value / cells.value)


def _exactly(value: float) -> Measured:
    return Measured(value, 0.0, value, value)


def _quotient(her2: Measured, cep17: Measured) -> Measured:
    low = her2.low / cep17.high
    return Measured(her2.value / cep17.value, 0.0, low, her2.high / cep17.low if cep17.low > 0 else math.inf)


def _product(ratio: Measured, cep17: Measured) -> Measured:
    """Return HER2 signals from ratio and CEP17, as wide as the printed digits leave them."""
    low = _rounded_from(ratio)[0] * _rounded_from(cep17)[0]
    high = _rounded_from(ratio)[1] * _rounded_from(cep17)[1]
    return Measured(ratio.value * cep17.value, 0.0, low, high)


def _rounded_from(number: Measured) -> tuple[float, float]:
    """Return the range of values that print as this number."""
    return max(number.low - number.unit / 2, 0.0), number.high + number.unit / 2


def _fits(ratio: Measured, her2: Measured, cep17: Measured) -> bool:
    """Return whether a printed ratio can be HER2/CEP17.

    Signals are taken as rounded to their last digit; the ratio as rounded or cut off after its last digit.
    """
    (her2_low, her2_high), (cep17_low, cep17_high) = _rounded_from(her2), _rounded_from(cep17)
    lowest = her2_low / cep17_high * (1 - _FLOAT_SLACK)
    highest = her2_high / cep17_low * (1 + _FLOAT_SLACK) if cep17_low > 0 else math.inf
    return ratio.high + ratio.unit >= lowest and ratio.low - ratio.unit / 2 <= highest
