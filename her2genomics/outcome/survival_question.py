"""What a survival analysis asks: endpoint, start, for whom.

Endpoints
    ``dfs``: from diagnosis to relapse or progression; deaths are **not** events, as in the HER2-low panel-sequencing
    study.  ``idfs``: death without relapse is an event too, which is what STEEP calls invasive disease-free survival
    [1]_ (second primaries count only if the relapse column counts them).  ``os``: death of any cause.
Start
    Diagnosis, unless the groups are a response to treatment: then survival starts at surgery, when the response is
    known, or patients who respond would be credited with the time before (immortal time).
Metastatic disease at diagnosis
    Patients with M1 were never disease-free: they are left out of ``dfs`` and ``idfs`` unless asked for.

References
----------
.. [1] Tolaney SM et al., STEEP version 2.0, J Clin Oncol 2021;39:2720-2731.
.. [2] Anderson JR, Cain KC, Gelber RD. J Clin Oncol 1983;1:710-719 (landmark analysis).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.specimens import SpecimenPolicy

Endpoint = Literal["auto", "dfs", "idfs", "rfs", "os", "pfs", "other"]
Unit = Literal["auto", "days", "months", "years"]
TimeFrom = Literal["diagnosis", "surgery"]
RESPONSES: tuple[str, ...] = ("pcr", "response", "rcb", "residual_disease")
"""Groups that are known at surgery only."""
_DEFINITIONS: dict[str, str] = {
    "dfs": "DFS: relapse or progression is the event; deaths are not events, unless the event column counts them",
    "idfs": "iDFS (STEEP): relapse, progression or death is the event",
    "os": "OS: death of any cause is the event",
    "rfs": "RFS: the event is as the column says, deaths included or not",
    "pfs": "PFS: the event is as the column says",
    "other": "the event is as the column says",
}
_DISEASE_FREE = ("dfs", "idfs", "rfs")
_ENDPOINT_PREFIXES: dict[str, str] = {
    "os": "os", "overall": "os", "idfs": "idfs", "dfs": "dfs", "disease_free": "dfs", "rfs": "rfs",
    "relapse_free": "rfs", "pfs": "pfs",
}  # fmt: skip


@dataclass(frozen=True)
class SurvivalQuestion:
    """Which outcome, from when, for whom.

    Parameters
    ----------
    time, event
        Columns; ``idfs`` reads ``os_months`` and ``os_event`` as well.
    group
        Column that makes the groups, None for one curve of all.
    endpoint
        ``auto``: by the name of the time column.
    unit
        Unit of the time column; ``auto``: by its ending (``_days``, ``_months``, ``_years``), else months.
    event_is
        Values of the event column that are the event; by default 1, true, yes, ``1:...``.
    keep_m1
        Keep patients with metastases at diagnosis in a disease-free analysis.
    time_from
        Where the time column starts.
    start
        Column with the months from diagnosis to surgery; survival then starts there.
    landmark
        Months after diagnosis at which survival starts, the same for all.
    specimen
        Which specimen stands for a patient who has several.
    """

    time: str
    event: str
    group: str | None = "her2_group"
    endpoint: Endpoint = "auto"
    unit: Unit = "auto"
    event_is: tuple[str, ...] = ()
    keep_m1: bool = False
    time_from: TimeFrom = "diagnosis"
    start: str | None = None
    landmark: float | None = None
    specimen: SpecimenPolicy = "primary"

    @property
    def kind(self) -> str:
        """The endpoint, decided."""
        if self.endpoint != "auto":
            return self.endpoint
        name = self.time.lower()
        return next((kind for prefix, kind in _ENDPOINT_PREFIXES.items() if name.startswith(prefix)), "other")

    @property
    def disease_free(self) -> bool:
        """Whether the endpoint supposes a patient without disease at the start."""
        return self.kind in _DISEASE_FREE

    @property
    def definition(self) -> str:
        """Event, start and exclusions, in words."""
        parts = [_DEFINITIONS[self.kind]]
        if self.start is not None:
            parts.append("time from surgery")
        elif self.landmark is not None:
            parts.append(f"time from a landmark {self.landmark:g} months after diagnosis")
        else:
            parts.append(f"time from {self.time_from}")
        if self.disease_free:
            parts.append("M1 at diagnosis kept" if self.keep_m1 else "M1 at diagnosis left out")
        return "; ".join(parts)


def check_question(samples: pd.DataFrame, question: SurvivalQuestion, source: str | None) -> None:
    """Refuse a question that the columns cannot answer, or whose parts contradict each other.

    Raises
    ------
    SchemaError
        If a column is absent.
    UsageError
        If the groups are a response and the start is not said, or two starts are said.
    """
    needed = [question.time, question.event, question.group, question.start]
    if question.kind == "idfs":
        needed += ["os_months", "os_event"]
    absent = [name for name in needed if name is not None and name not in samples]
    if absent:
        endings = ("_months", "_event", "_days", "_years")
        near = [str(name) for name in samples.columns if str(name).lower().endswith(endings)]
        hint = f"outcome columns there are: {', '.join(near)}" if near else "the table has no follow-up columns"
        if not {question.time, question.event, "os_months", "os_event"} & set(absent):
            hint = "her2g check FILE lists the columns"
        raise SchemaError(f"no column {', '.join(absent)}", path=source, hint=hint)
    if question.start is not None and question.landmark is not None:
        raise UsageError("two starts are given", hint="give either --start COLUMN or --landmark MONTHS")
    shifted = question.start is not None or question.landmark is not None
    if question.time_from == "surgery" and shifted:
        raise UsageError("the time starts at surgery already", hint="leave out --start and --landmark")
    response = question.group is not None and question.group.lower() in RESPONSES
    if response and not shifted and question.time_from == "diagnosis":
        raise UsageError(
            f"{question.group} is known at surgery only: survival by it cannot start at diagnosis",
            hint="say --start COLUMN (months from diagnosis to surgery), --landmark MONTHS, or --time-from surgery",
        )
    if question.landmark is not None and not 0 < question.landmark < np.inf:
        raise UsageError(f"a landmark of {question.landmark:g} months is no time after diagnosis")
