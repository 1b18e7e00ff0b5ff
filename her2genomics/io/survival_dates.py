"""Overall and disease-free survival from the dates of follow-up forms.

Overall survival
    from diagnosis to death (event) or last follow-up (censored).
Disease-free survival
    from diagnosis to the first new tumour event (relapse, progression, new primary); without one, censored at last
    follow-up or at death.  Deaths are not events, as in the HER2-low panel-sequencing study; with ``death_is_event``
    they are (invasive disease-free survival in the sense of STEEP [1]_).

Times are days from diagnosis, written as months of 30.4375 days.  What cannot be (a negative time, a follow-up or a
relapse after death, a date of death of someone alive) is missing and counted, not repaired.

References
----------
.. [1] Tolaney SM et al., STEEP version 2.0, J Clin Oncol 2021;39:2720-2731.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from her2genomics.io.clinical_synonyms import DAYS_PER_MONTH
from her2genomics.io.read_reports import Count


@dataclass(frozen=True)
class SurvivalTimes:
    """Outcome columns and what was counted on the way.

    Parameters
    ----------
    table
        ``os_months, os_event`` and, where relapses are recorded, ``dfs_months, dfs_event``; index as given.
    counts
        ``(what, n, note)`` of times that could not be used.
    """

    table: pd.DataFrame
    counts: list[Count]


def survival_from_dates(
    *,
    dead: pd.Series | None,
    death: pd.Series | None,
    last_followup: pd.Series | None,
    relapse: pd.Series | None,
    death_is_event: bool = False,
) -> SurvivalTimes:
    """Return survival times and events.

    Parameters
    ----------
    dead
        Vital status [boolean], or None when it is not recorded; then a date of death says it.
    death, last_followup, relapse
        Days from diagnosis [Float64]; None when not recorded. Without ``relapse`` there is no disease-free survival.
    death_is_event
        Whether death without relapse ends disease-free survival as an event.

    Examples
    --------
    >>> days = lambda *values: pd.Series(values, dtype="Float64")
    >>> times = survival_from_dates(
    ...     dead=None, death=days(None, 609), last_followup=days(1218, 300), relapse=days(487, None)
    ... )
    >>> times.table.round(1).astype(object).values.tolist()
    [[40.0, False, 16.0, True], [20.0, True, 20.0, False]]
    """
    index = next(s.index for s in (death, last_followup, relapse, dead) if s is not None)
    blank = pd.Series(pd.NA, index=index, dtype="Float64")
    death = blank if death is None else death
    last_followup = blank if last_followup is None else last_followup
    counts: list[Count] = []
    died = death.notna() if dead is None else (dead.fillna(False) | (dead.isna() & death.notna()))
    died = died.astype("boolean").mask(death.isna() & last_followup.isna() & ~died.astype(bool))
    alive_with_date = _false_where_missing(~died & death.notna())
    after_death = _false_where_missing(last_followup > death)
    os_days = last_followup.mask(_false_where_missing(died), death).mask(alive_with_date | after_death)
    counts.append(("date of death of someone recorded as alive: OS missing", int(alive_with_date.sum()), ""))
    counts.append(("follow-up after death: OS missing", int(after_death.sum()), ""))
    os_months = _months(os_days, "OS", counts)
    table = {"os_months": os_months, "os_event": died.mask(alive_with_date | after_death)}
    if relapse is not None:
        relapsed = relapse.notna()
        impossible = _false_where_missing(relapse > death)
        late = _false_where_missing(relapse > last_followup) & ~impossible
        counts.append(("relapse after death: DFS missing", int(impossible.sum()), ""))
        counts.append(("relapse after the last follow-up: kept as recorded", int(late.sum()), ""))
        event = relapsed.astype("boolean") | (table["os_event"] if death_is_event else False)
        table["dfs_months"] = _months(os_days.mask(relapsed, relapse).mask(impossible), "DFS", counts)
        table["dfs_event"] = event.mask(impossible | table["dfs_months"].isna())
    return SurvivalTimes(pd.DataFrame(table, index=index), counts)


def _months(days: pd.Series, endpoint: str, counts: list[Count]) -> pd.Series:
    negative = _false_where_missing(days < 0)
    counts.append((f"negative time: {endpoint} missing", int(negative.sum()), ""))
    return (days.mask(negative) / DAYS_PER_MONTH).astype("Float64")


def _false_where_missing(values: pd.Series) -> pd.Series:
    return values.fillna(False).astype(bool)
