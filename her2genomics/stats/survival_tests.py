"""The log-rank test: whole, in strata, and between all pairs of groups with Holm's adjustment.

The test itself is statsmodels' ``survdiff``, which equals R's; ours are the doors (a group or stratum without
information is no group), the pairs, and expected numbers of events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2
from statsmodels.duration.survfunc import survdiff

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats
from her2genomics.stats.multiple_testing import holm
from her2genomics.stats.survival_curves import as_outcome


@dataclass(frozen=True)
class LogRankResult:
    """Log-rank test; statistic and p are NaN when there is nothing to test.

    Parameters
    ----------
    statistic, df, p_value
        Chi-square, degrees of freedom, p.
    n, observed, expected
        Patients, events and events expected under equal hazards, per group in the order of ``groups``.
    groups
        Group names.
    reason
        Why there is no test, empty when there is one.
    """

    statistic: float
    df: int
    p_value: float
    groups: tuple[str, ...]
    n: tuple[int, ...]
    observed: tuple[int, ...]
    expected: tuple[float, ...]
    reason: str = ""


def log_rank(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    groups: Sequence[str],
    *,
    strata: Sequence[object] | None = None,
    order: Sequence[str] | None = None,
) -> LogRankResult:
    """Test whether survival is equal in all groups.

    Parameters
    ----------
    time, event
        As `kaplan_meier`.
    groups
        Group of each patient.
    strata
        Stratum of each patient; the comparison is made within strata and added up.
    order
        Order of the groups in the result; by default sorted.

    Raises
    ------
    StatisticsError
        If lengths differ, or an input is not understood.

    Notes
    -----
    The chi-square is that of R's ``survdiff`` with ``rho = 0``. It is asymptotic: with a handful of events in all
    groups together its p is rough.

    References
    ----------
    .. [1] Mantel N. Cancer Chemother Rep 1966;50:163-170.
    .. [2] Peto R, Peto J. J R Stat Soc A 1972;135:185-207.

    Examples
    --------
    >>> result = log_rank([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 0, 1], ["a", "a", "a", "b", "b", "b"])
    >>> f"{result.statistic:.3f} {result.p_value:.3f}"
    '5.052 0.025'
    """
    times, events = as_outcome(time, event)
    labels = np.array([str(g) for g in groups], dtype=object)
    layers = np.zeros(len(times), dtype=np.int64)
    if strata is not None:
        layers = pd.factorize(np.asarray(strata, dtype=object).astype(str))[0]
    if len(labels) != len(times) or len(layers) != len(times):
        raise StatisticsError(f"{len(times)} times, {len(labels)} groups, {len(layers)} strata")
    names = tuple(order) if order is not None else tuple(sorted(set(labels)))
    codes = pd.Index(names).get_indexer(pd.Index(labels))
    tables = _EventTables.from_outcome(times, events, codes, layers, len(names))
    counts = (
        names,
        tuple(int((codes == i).sum()) for i in range(len(names))),
        tuple(int(events[codes == i].sum()) for i in range(len(names))),
        tuple(float(x) for x in tables.expected()),
    )
    informative = tables.informative()
    df = max(int(informative.sum()) - 1, 0)
    reason = _nothing_to_test(codes, events, df)
    if reason:
        return LogRankResult(float("nan"), df, float("nan"), *counts, reason)
    used = (codes >= 0) & informative[codes]
    statistic, _ = survdiff(times[used], events[used].astype(int), codes[used], strata=layers[used])
    return LogRankResult(float(statistic), df, float(chi2.sf(statistic, df)), *counts)


@dataclass(frozen=True)
class _EventTables:
    """One table per stratum and event time: ``at_risk`` (groups, tables) and the events, ``died`` (tables,)."""

    at_risk: Floats
    died: Floats

    @classmethod
    def from_outcome(
        cls,
        times: Floats,
        events: npt.NDArray[np.bool_],
        codes: npt.NDArray[np.intp],
        layers: npt.NDArray[np.int64],
        n_groups: int,
    ) -> _EventTables:
        at_risk, died = [np.zeros((n_groups, 0))], [np.zeros(0)]
        for layer in np.unique(layers):
            inside = (layers == layer) & (codes >= 0)
            moments, deaths = np.unique(times[inside & events], return_counts=True)
            members = [np.sort(times[inside & (codes == i)]) for i in range(n_groups)]
            at_risk.append(np.array([len(m) - np.searchsorted(m, moments) for m in members], dtype=float))
            died.append(deaths.astype(float))
        return cls(np.concatenate(at_risk, axis=1), np.concatenate(died))

    def expected(self) -> Floats:
        """Return the events expected per group if the hazard were the same in all groups of a stratum."""
        total: Floats = (self.died * self.at_risk / self.at_risk.sum(axis=0)).sum(axis=1)
        return total

    def informative(self) -> npt.NDArray[np.bool_]:
        """Return which groups were ever at risk together with another one when some, but not all, had the event."""
        total = self.at_risk.sum(axis=0)
        compared = (self.at_risk > 0) & (self.at_risk < total) & (self.died < total)
        return np.asarray(compared.any(axis=1), dtype=bool)


def _nothing_to_test(codes: npt.NDArray[np.intp], events: npt.NDArray[np.bool_], df: int) -> str:
    if len(np.unique(codes[codes >= 0])) < 2:
        return "one group only"
    if not events.any():
        return "no event"
    return "" if df else "no event while two groups were at risk"


def pairwise_log_rank(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    groups: Sequence[str],
    *,
    strata: Sequence[object] | None = None,
    order: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Test every pair of groups and adjust the p-values by Holm's method.

    Returns
    -------
    pandas.DataFrame
        ``group_a, group_b, statistic, df, p_value, p_holm, reason``; missing p where there is nothing to test.

    Examples
    --------
    >>> pairs = pairwise_log_rank([1, 2, 3, 4, 5, 6], [1] * 6, list("aabbcc"))
    >>> pairs[["group_a", "group_b"]].values.tolist()
    [['a', 'b'], ['a', 'c'], ['b', 'c']]
    """
    times, events = as_outcome(time, event)
    labels = np.array([str(g) for g in groups], dtype=object)
    layers = None if strata is None else np.asarray(strata, dtype=object)
    names = list(order) if order is not None else sorted(set(labels))
    rows = []
    for a, b in combinations(names, 2):
        inside = (labels == a) | (labels == b)
        if not inside.any():
            rows.append((a, b, np.nan, 1, np.nan, "no patient"))
            continue
        part = None if layers is None else list(layers[inside])
        result = log_rank(times[inside], events[inside], list(labels[inside]), strata=part, order=(a, b))
        rows.append((a, b, result.statistic, 1, result.p_value, result.reason))
    table = pd.DataFrame(rows, columns=["group_a", "group_b", "statistic", "df", "p_value", "reason"])
    table.insert(5, "p_holm", holm(table["p_value"].to_numpy(dtype=float)) if len(table) else [])
    return table
