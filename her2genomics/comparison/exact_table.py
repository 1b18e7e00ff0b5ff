"""The test of an r x c table, chosen by its margins and the work it takes, and the name under which it is reported.

In this order, by the first that holds:

1. two rows or two columns, and few enough tables to add up (`groups_exact.possible_tables`; three groups of any cohort
   of today): exact;
2. more than `LARGE` samples and every expected count at least `AMPLE_EXPECTED`: Pearson's chi-square;
3. no more than `EXACT_TABLES` tables that matter: exact, by the network;
4. else a seeded Monte Carlo p with its standard error, which also steps in where a network of rule 3 takes more than
   `EXACT_WORK` (a strong association in a table of many levels), or more than a tenth of it where chi-square leaves
   less than `BEYOND_DOUBT`: the p is then as small as a Monte Carlo p can be, whatever its digits.
"""

from __future__ import annotations

import numpy as np

from her2genomics.comparison.groups import IntArray
from her2genomics.stats.contingency import chi_square
from her2genomics.stats.exact_rxc import fisher_freeman_halton, possible_tables
from her2genomics.stats.groups_exact import fisher_groups_many

EXACT_WORK = 5_000_000
"""Work of one exact r x c test, below a second and 100 MB; a larger table gets a Monte Carlo p with its error."""
BEYOND_DOUBT = 1e-12
"""Asymptotic p below which the digits of an exact p are worth little time."""
EXACT_TABLES = 1e14
"""Tables with the same margins that matter, up to which the network is tried; beyond, it mostly does not end."""
AMPLE_EXPECTED = 50.0
"""Smallest expected count from which chi-square may stand in for the exact test of a large table."""
LARGE = 2_000
"""Samples beyond which a table with ample counts is tested by chi-square."""
EXACT = "Fisher-Freeman-Halton exact"
TOO_MANY = "chi-square (too many samples for the exact test)"


def exact_table(table: IntArray) -> tuple[float | None, str]:
    """Return p and the name of the test for an r x c table; None when a margin leaves nothing to test."""
    filled = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(filled.shape) < 2:
        return None, EXACT
    if min(filled.shape) == 2:
        pair = filled if filled.shape[0] == 2 else filled.T
        p = float(fisher_groups_many(pair[:1], pair.sum(axis=0))[0])
        if not np.isnan(p):
            return p, EXACT
    chi = chi_square(filled)
    if filled.sum() > LARGE and chi.min_expected >= AMPLE_EXPECTED:
        return chi.p_value, TOO_MANY
    feasible = possible_tables(filled) <= EXACT_TABLES
    work = EXACT_WORK // 10 if chi.p_value < BEYOND_DOUBT else EXACT_WORK
    result = fisher_freeman_halton(filled, work_limit=work if feasible else 0)
    if result.method == "exact":
        return result.p_value, EXACT
    return result.p_value, f"Fisher-Freeman-Halton Monte Carlo (SE {result.standard_error:.2g})"
