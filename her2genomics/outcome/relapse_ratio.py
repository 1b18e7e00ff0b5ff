"""The yearly relapse ratio of Zhang et al. 2022, reproduced and labelled invalid.

Per group and year t: patients relapsed by t, over those plus the ones disease-free with follow-up of at least t;
patients censored earlier are in neither.  The paper compares two groups over six such years with Wilcoxon's signed-rank
test.  If one group lies above the other in every year, p is 2/64 = 0.03125 whatever the size of the difference: the
printed 0.031.

It is not valid: the ratios are cumulative, so the six pairs are the same patients counted again, not six observations;
and leaving out patients censored early while keeping early relapses makes every ratio too high, the more so the shorter
the follow-up.  The log-rank test uses the same data rightly.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import wilcoxon

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.survival_curves import as_outcome

MONTHS_PER_YEAR = 12
YEARS: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
INVALID = (
    "INVALID: the yearly ratios are cumulative, so the pairs are the same patients counted again and not independent, "
    "and patients censored early are left out; read the log-rank test"
)


def relapse_ratio(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    groups: Sequence[str],
    *,
    years: Sequence[int] = YEARS,
    order: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return ``year, group, relapsed, included, ratio``.

    Parameters
    ----------
    time
        Months to relapse or last follow-up.
    event
        Whether the patient relapsed.
    groups
        Group of each patient.
    years
        Years after the start.
    order
        Order of the groups; by default sorted.

    Examples
    --------
    >>> relapse_ratio([6, 18, 30, 8], [1, 1, 0, 0], ["a"] * 4, years=[1, 2])[["relapsed", "included"]].values.tolist()
    [[1, 3], [2, 3]]
    """
    months, relapsed = as_outcome(time, event)
    labels = np.array([str(g) for g in groups], dtype=object)
    names = list(order) if order is not None else sorted(set(labels.tolist()))
    rows = []
    for year in years:
        limit = MONTHS_PER_YEAR * year
        by_then = relapsed & (months <= limit)
        included = by_then | (months >= limit)
        for name in names:
            some, total = int(by_then[labels == name].sum()), int(included[labels == name].sum())
            rows.append((year, name, some, total, some / total if total else np.nan))
    return pd.DataFrame(rows, columns=["year", "group", "relapsed", "included", "ratio"])


def relapse_ratio_tests(ratios: pd.DataFrame) -> pd.DataFrame:
    """Return the paper's signed-rank test of every pair of groups, with the reason why it does not hold.

    Parameters
    ----------
    ratios
        From `relapse_ratio`, or a table with the same ``year, group, ratio``.

    Returns
    -------
    pandas.DataFrame
        ``group_a, group_b, n_years, n_a_higher, p_value, validity``.

    Raises
    ------
    StatisticsError
        If the table lacks a column.

    Examples
    --------
    >>> ratios = [*range(1, 7)] + [0] * 6
    >>> table = pd.DataFrame({"year": [*range(6)] * 2, "group": list("aaaaaabbbbbb"), "ratio": ratios})
    >>> float(relapse_ratio_tests(table)["p_value"].iloc[0])
    0.03125
    """
    if absent := [name for name in ("year", "group", "ratio") if name not in ratios]:
        raise StatisticsError(f"the table of relapse ratios lacks {', '.join(absent)}")
    by_year = {group: part.set_index("year")["ratio"] for group, part in ratios.groupby("group", sort=False)}
    rows = []
    for a, b in combinations(by_year, 2):
        difference = (by_year[a] - by_year[b]).dropna().to_numpy(dtype=float)
        p = wilcoxon(difference, method="exact").pvalue if (difference != 0).all() and len(difference) else np.nan
        rows.append((a, b, len(difference), int((difference > 0).sum()), float(p), INVALID))
    return pd.DataFrame(rows, columns=["group_a", "group_b", "n_years", "n_a_higher", "p_value", "validity"])
