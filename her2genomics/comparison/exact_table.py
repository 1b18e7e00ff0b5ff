"""The exact test of an r x c table within a bounded amount of work, and the name under which it is reported."""

from __future__ import annotations

from her2genomics.comparison.groups import IntArray
from her2genomics.stats.exact_rxc import fisher_freeman_halton

EXACT_WORK = 5_000_000
"""Work of one exact r x c test, about a second and 100 MB; a larger table gets a Monte Carlo p with its error."""


def exact_table(table: IntArray) -> tuple[float | None, str]:
    """Return p and the name of the test for an r x c table; None when a margin leaves nothing to test."""
    filled = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(filled.shape) < 2:
        return None, "Fisher-Freeman-Halton exact"
    result = fisher_freeman_halton(filled, work_limit=EXACT_WORK)
    if result.method == "exact":
        return result.p_value, "Fisher-Freeman-Halton exact"
    return result.p_value, f"Fisher-Freeman-Halton Monte Carlo (SE {result.standard_error:.2g})"
