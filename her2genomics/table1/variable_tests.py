"""The test and the standardised differences of one variable of Table 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from her2genomics.comparison.exact_table import exact_table
from her2genomics.stats.continuous import kruskal_wallis, rank_sum
from her2genomics.stats.means import standardised_mean_difference

Floats = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
KRUSKAL = "Kruskal-Wallis"
RANK_SUM = "Wilcoxon rank-sum"


@dataclass(frozen=True)
class VariableTest:
    """Test of one variable.

    Parameters
    ----------
    test
        Its name.
    p_value
        Two-sided p over all groups; None where nothing can be tested.
    differences
        Absolute standardised difference of each pair of groups, in the order of the pairs; None where undefined.
    """

    test: str
    p_value: float | None
    differences: tuple[float | None, ...]

    @property
    def simulated(self) -> bool:
        """Whether p is a Monte Carlo one."""
        return "Monte Carlo" in self.test

    @property
    def largest(self) -> float | None:
        """Largest pairwise difference."""
        known = [x for x in self.differences if x is not None]
        return max(known) if known else None


def run_count_test(table: IntArray) -> VariableTest:
    """Return the exact test of a category, from counts of shape (groups, levels)."""
    p, name = exact_table(table)
    differences = [
        standardised_mean_difference(a, b, kind="categorical") if a.any() and b.any() else None
        for a, b in combinations(table, 2)
    ]
    return VariableTest(name, p, tuple(differences))


def run_number_test(groups: Sequence[Floats]) -> VariableTest:
    """Return the rank test of a measurement: Kruskal-Wallis, or the rank-sum test of two groups."""
    differences = [
        abs(standardised_mean_difference(a, b)) if min(len(a), len(b)) > 1 else None for a, b in combinations(groups, 2)
    ]
    filled = [g for g in groups if len(g)]
    name = RANK_SUM if len(groups) == 2 else KRUSKAL
    if len(filled) < 2 or len(np.unique(np.concatenate(filled))) < 2:
        return VariableTest(name, None, tuple(differences))
    if len(groups) == 2:
        return VariableTest(name, rank_sum(filled[0], filled[1]).p_value, tuple(differences))
    return VariableTest(name, kruskal_wallis(filled).p_value, tuple(differences))
