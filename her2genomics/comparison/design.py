"""What every test of one comparison is told: groups, contrasts, rules, and what is held fixed."""

from __future__ import annotations

from dataclasses import dataclass

from her2genomics.comparison.adjustment import Adjustment
from her2genomics.comparison.groups import Grouping

NUMBERS: tuple[str, ...] = ("rank", "welch")


@dataclass(frozen=True)
class Design:
    """Groups, contrasts, rules and adjustment of one comparison.

    Parameters
    ----------
    grouping
        Who is in which group.
    contrasts
        Name to positions in ``grouping.labels``: two for a pair, all for the overall test and the trend.
    adjustment
        What the adjusted columns hold fixed, and how; None for no adjustment.
    unknown_as_category
        Whether a missing clinical value is a level of its own.
    numbers
        ``rank`` (rank-sum, Kruskal-Wallis) or ``welch`` (Welch's t and analysis of variance).
    """

    grouping: Grouping
    contrasts: dict[str, tuple[int, ...]]
    adjustment: Adjustment | None = None
    unknown_as_category: bool = False
    numbers: str = "rank"
