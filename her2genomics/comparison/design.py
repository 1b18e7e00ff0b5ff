"""What every test of one comparison is told: who is compared, in which contrasts, and what is held fixed."""

from __future__ import annotations

from dataclasses import dataclass

from her2genomics.comparison.adjustment import Strata
from her2genomics.comparison.groups import Grouping


@dataclass(frozen=True)
class Design:
    """Groups, contrasts and adjustment of one comparison.

    Parameters
    ----------
    grouping
        Who is in which group.
    contrasts
        Name to positions in ``grouping.labels``: two for a pair, all for the overall test.
    strata
        What the adjusted columns hold fixed; None for no adjustment.
    unknown_as_category
        Whether a missing clinical value is a level of its own.
    """

    grouping: Grouping
    contrasts: dict[str, tuple[int, ...]]
    strata: Strata | None = None
    unknown_as_category: bool = False
