"""Who enters a survival analysis, with which time: every exclusion counted, in the order of the rules.

What is asked (endpoint, start, who) stands in `survival_question`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import category_text
from her2genomics.exceptions import CohortError
from her2genomics.outcome.survival_question import SurvivalQuestion, check_question
from her2genomics.outcome.yes_no import read_yes_no
from her2genomics.specimens import choose_specimen

DAYS_PER_MONTH = 30.4375
MONTHS_PER_YEAR = 12
TIME_DIGITS = 9
"""Decimals of a month that are kept, so that times equal up to rounding (after a subtraction) are ties."""
MAX_GROUPS = 8
"""More groups than this are no groups: a number, or an identifier."""

ALL = "all"
_M_CATEGORY = r"\s*[cp]?M(?:0|1[a-d]?|X)(?:\s*\(.*\))?\s*"
"""An M category as written: M0, cM1, pM1b, MX, cM0 (i+)."""
_MONTHS_PER: dict[str, float] = {"days": 1 / DAYS_PER_MONTH, "months": 1.0, "years": float(MONTHS_PER_YEAR)}


@dataclass(frozen=True)
class SurvivalData:
    """Patients of one survival analysis.

    Parameters
    ----------
    table
        The samples that are analysed, all their columns, with ``time`` [months], ``event`` and ``group`` before them.
    labels
        Groups that have a patient, in order.
    left_out
        ``reason, n``, in the order of the rules.
    endpoint
        ``dfs``, ``idfs``, ``os`` ...
    definition
        Event, start, exclusions, in words.
    notes
        What to know, one sentence each.
    group_column
        Column that made the groups.
    """

    table: pd.DataFrame
    labels: tuple[str, ...]
    left_out: pd.DataFrame
    endpoint: str
    definition: str
    notes: tuple[str, ...]
    group_column: str | None = None

    @property
    def time(self) -> npt.NDArray[np.float64]:
        """Times in months."""
        return self.table["time"].to_numpy(dtype=np.float64)

    @property
    def event(self) -> npt.NDArray[np.bool_]:
        """Whether the event was seen."""
        return self.table["event"].to_numpy(dtype=bool)

    @property
    def group(self) -> list[str]:
        """Group of each patient."""
        return [str(label) for label in self.table["group"]]

    def select(self, keep: npt.NDArray[np.bool_]) -> SurvivalData:
        """Return the data of the patients for which ``keep`` is True."""
        table = self.table[keep].reset_index(drop=True)
        present = set(table["group"])
        labels = tuple(label for label in self.labels if label in present)
        return replace(self, table=table, labels=labels)


def prepare_survival(samples: pd.DataFrame, question: SurvivalQuestion, *, source: str | None = None) -> SurvivalData:
    """Return the patients to analyse, with time, event and group.

    Parameters
    ----------
    samples
        Sample table of a cohort.
    question
        What is asked.
    source
        File name for messages.

    Raises
    ------
    SchemaError
        If a column is absent, a time is no number or negative, or an event is neither yes nor no.
    UsageError
        If the groups are a response and the start is not said, or two starts are said.
    CohortError
        If nobody is left, or the groups are too many.

    Examples
    --------
    >>> t = pd.DataFrame({"sample_id": ["a", "b", "c"], "dfs_days": [365.25, 730.5, None], "dfs_event": [1, 0, 1],
    ...                   "m_stage": ["M0", "M1", "M0"]})
    >>> data = prepare_survival(t, SurvivalQuestion("dfs_days", "dfs_event", group=None))
    >>> data.table[["sample_id", "time", "event"]].values.tolist()
    [['a', 12.0, True]]
    >>> data.left_out.values.tolist()
    [['no dfs_days', 1], ['M1 at diagnosis (never disease-free)', 1]]
    """
    check_question(samples, question, source)
    notes: list[str] = []
    selection = _Selection(samples)
    chosen = choose_specimen(samples, question.specimen) if "patient_id" in samples else None
    if chosen is not None and len(chosen.dropped):
        selection.drop(~samples.index.isin(chosen.kept.index), "another specimen stands for the patient")
    unit = _unit(question, notes)
    time = _numbers(samples, question.time, source) * _MONTHS_PER[unit]
    event = read_yes_no(samples, question.event, question.event_is, source=source)
    if question.kind == "idfs":
        time, event = _with_deaths(samples, time, event, source)
    groups = _groups(samples, question.group)
    if question.group is not None:
        selection.drop(groups.isna(), f"no {question.group}")
    selection.drop(time.isna(), f"no {question.time}")
    selection.drop(event.isna(), f"no {question.event}")
    m1 = metastatic_at_diagnosis(samples)
    if question.disease_free and "stage" not in samples and not m_categories(samples):
        notes.append("no M category and no stage: patients with M1 at diagnosis cannot be told")
    if question.disease_free and not question.keep_m1:
        selection.drop(m1, "M1 at diagnosis (never disease-free)")
    elif int((m1 & selection.kept).sum()):
        notes.append(f"patients with M1 at diagnosis in the analysis: {int((m1 & selection.kept).sum())}")
    time = _from_start(samples, question, time, event, selection, source)
    table = samples.drop(columns=["time", "event", "group"], errors="ignore")
    table.insert(0, "time", time.astype("float64").round(TIME_DIGITS))
    table.insert(1, "event", event)
    table.insert(2, "group", groups.astype("string"))
    table = table[selection.kept].reset_index(drop=True)
    if table.empty:
        reasons = ", ".join(f"{reason} {n}" for reason, n in selection.counts)
        raise CohortError(f"no patient is left for {question.time} ({reasons})", path=source)
    table["event"] = table["event"].astype(bool)
    if at_zero := int((table["time"] == 0).sum()):
        notes.append(f"patients with time 0, at risk at 0 only: {at_zero}")
    labels = tuple(str(label) for label in groups.cat.categories if (table["group"] == label).any())
    left_out = pd.DataFrame(selection.counts, columns=["reason", "n"])
    return SurvivalData(table, labels, left_out, question.kind, question.definition, tuple(notes), question.group)


class _Selection:
    """Which samples are kept so far, and how many each rule took."""

    def __init__(self, samples: pd.DataFrame) -> None:
        self.kept = pd.Series(True, index=samples.index)
        self.counts: list[tuple[str, int]] = []

    def drop(self, rows: pd.Series | npt.NDArray[np.bool_], reason: str) -> None:
        bad = self.kept & np.asarray(rows, dtype=bool)
        if bad.any():
            self.counts.append((reason, int(bad.sum())))
        self.kept &= ~bad


def m_categories(samples: pd.DataFrame) -> list[str]:
    """Return the columns that hold M categories: every value that is there is one, whatever the column's name.

    Examples
    --------
    >>> m_categories(pd.DataFrame({"PATH_M": ["M0", "cM1", None], "grade": ["1", "2", "3"], "none": [None] * 3}))
    ['PATH_M']
    """
    found = []
    for name in samples.columns:
        values = samples[name].dropna()
        is_text = len(values) and isinstance(values.iloc[0], str)
        if is_text and values.astype("string").str.fullmatch(_M_CATEGORY, case=False).all():
            found.append(str(name))
    return found


def metastatic_at_diagnosis(samples: pd.DataFrame) -> pd.Series:
    """Return True where an M category says M1 or the stage is IV.

    Examples
    --------
    >>> metastatic_at_diagnosis(pd.DataFrame({"m_stage": ["M0", "cM1", None], "stage": ["II", "IV", "IV"]})).tolist()
    [False, True, True]
    """
    found = pd.Series(False, index=samples.index)
    for name in m_categories(samples):
        found |= samples[name].astype("string").str.match(r"\s*[cp]?M1", case=False).fillna(False).astype(bool)
    if "stage" in samples:
        found |= (
            samples["stage"].astype("string").str.match(r"^\s*(?:stage\s*)?IV", case=False).fillna(False).astype(bool)
        )
    return found


def _unit(question: SurvivalQuestion, notes: list[str]) -> str:
    if question.unit != "auto":
        return question.unit
    for unit in _MONTHS_PER:
        if question.time.lower().endswith(f"_{unit}"):
            return unit
    notes.append(f"{question.time} is taken as months; say --unit days or years if it is not")
    return "months"


def _numbers(samples: pd.DataFrame, column: str, source: str | None) -> pd.Series:
    declared = schema.TableSchema("times", "", (schema.Column(column, "float", "time", low=0),))
    ids = (
        samples[["sample_id"]]
        if "sample_id" in samples and column != "sample_id"
        else pd.DataFrame(index=samples.index)
    )
    return schema.check(ids.assign(**{column: samples[column]}), declared, source=source)[column]


def _with_deaths(
    samples: pd.DataFrame, time: pd.Series, event: pd.Series, source: str | None
) -> tuple[pd.Series, pd.Series]:
    """Return times and events with death as an event where there was no relapse."""
    died = read_yes_no(samples, "os_event", source=source)
    last = _numbers(samples, "os_months", source)
    without = ~event.fillna(False).astype(bool)
    dead = without & died.fillna(False).astype(bool)
    event = event.mask(dead, True).mask(without & ~dead & died.isna())
    return time.mask(dead, last), event


def _groups(samples: pd.DataFrame, column: str | None) -> pd.Series:
    """Return the groups as a categorical in order; everyone in one group without a column."""
    if column is None:
        return pd.Series(pd.Categorical([ALL] * len(samples), [ALL]), index=samples.index)
    values = samples[column]
    text = category_text(values)
    if isinstance(values.dtype, pd.CategoricalDtype):
        labels = [str(label) for label in values.cat.categories]
    else:
        labels = sorted(text.dropna().unique())
    if len(labels) > MAX_GROUPS:
        raise CohortError(
            f"{len(labels)} different values make no groups",
            column=column,
            hint=f"analyse a number as a covariate: --covariate {column}, or cut it into classes first",
        )
    return pd.Series(pd.Categorical(text, labels), index=samples.index)


def _from_start(
    samples: pd.DataFrame,
    question: SurvivalQuestion,
    time: pd.Series,
    event: pd.Series,
    selection: _Selection,
    source: str | None,
) -> pd.Series:
    """Return the time from surgery or the landmark; who did not reach it is left out."""
    if question.start is not None:
        start = _numbers(samples, question.start, source)
        if question.start.lower().endswith("_days"):
            start = start * _MONTHS_PER["days"]
        selection.drop(start.isna(), f"no {question.start}")
        name = "surgery"
    elif question.landmark is not None:
        start = pd.Series(question.landmark, index=samples.index, dtype="Float64")
        name = f"the landmark of {question.landmark:g} months"
    else:
        return time
    early = (time < start).fillna(False).astype(bool)
    happened = event.fillna(False).astype(bool)
    selection.drop(early & happened, f"event before {name}")
    selection.drop(early & ~happened, f"follow-up ends before {name}")
    return time - start
