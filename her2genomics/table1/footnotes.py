"""The sentences below Table 1."""

from __future__ import annotations

from collections.abc import Sequence

from her2genomics.table1.describe import CIRCULAR_MARK, HIDDEN, SIMULATED_MARK, Part, Settings, is_circular
from her2genomics.table1.variable_tests import KRUSKAL, RANK_SUM


def write_footnotes(parts: Sequence[Part], settings: Settings, n_samples: int, group: str) -> tuple[str, ...]:
    """Return what the numbers are, one sentence each."""
    grouping = settings.grouping
    kinds = {"numeric" if part.variable.kind == "numeric" else "category" for part in parts}
    unknown = settings.unknown_as_category
    notes = []
    if "category" in kinds:
        of = "all values, unknown ones being a level" if unknown else "known values"
        notes.append(f"Percentages are of {of}.")
    notes += [
        _about_tests(kinds, len(grouping.labels), unknown=unknown),
        _about_differences(parts, len(grouping.labels)),
    ]
    if outside := n_samples - int(grouping.sizes.sum()):
        notes.append(f"{outside} samples without a group are in no column.")
    if any(is_circular(part.variable.name, grouping) for part in parts):
        notes.append(f"{CIRCULAR_MARK} HER2 is part of the definition of the subtype.")
    if any(part.test.simulated for part in parts):
        notes.append(f"{SIMULATED_MARK} Monte Carlo p, where an exact one takes too long.")
    if any(part.hidden for part in parts):
        least = settings.min_cell
        notes.append(f"Counts below {least} are not shown, nor those ({HIDDEN}) from which they could be worked out.")
    if group == "her2_group" and "HER2-low" in grouping.labels:
        notes.append("HER2-low is a therapeutic tier, not an ASCO/CAP result category.")
    return tuple(notes)


def _about_tests(kinds: set[str], n_groups: int, *, unknown: bool) -> str:
    tests = []
    if "category" in kinds:
        how = "unknown as a level" if unknown else "missing values left out"
        tests.append(f"Fisher-Freeman-Halton exact test for categories, {how}")
    if "numeric" in kinds:
        tests.append(f"{RANK_SUM if n_groups == 2 else KRUSKAL} test for measurements")
    return f"p: {'; '.join(tests)}; two-sided, not adjusted for the number of variables."


def _about_differences(parts: Sequence[Part], n_groups: int) -> str:
    largest = "absolute" if n_groups == 2 else "largest absolute"
    infinite = any(x == float("inf") for part in parts for x in part.test.differences)
    apart = "; inf where two groups have no level in common" if infinite else ""
    return f"SMD: {largest} standardised difference between two groups, 0.1 being the usual bound of balance{apart}."
