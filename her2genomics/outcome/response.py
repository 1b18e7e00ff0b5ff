"""Response to treatment by group: rates with exact intervals, exact tests, adjusted and by regimen.

Denominators are patients whose response is known.  Crude tests are those of `compare` (Fisher's exact test with the
conditional odds ratio); the adjusted ones hold hormone-receptor status, chemotherapy or the anti-HER2 agent fixed by
Cochran-Mantel-Haenszel, with its exact p beside it, because neoadjuvant groups are small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import MAX_LEVELS, category_text
from her2genomics.comparison.covariates import Strata
from her2genomics.comparison.groups import Grouping, find_groups
from her2genomics.exceptions import CohortError, SchemaError, UsageError
from her2genomics.outcome.covariates import adjustment_column, refuse_circular
from her2genomics.outcome.regimen import REGIMEN_COLUMNS, parse_regimens
from her2genomics.outcome.response_result import ResponseAnalysis, ResponseQuestion
from her2genomics.outcome.response_rows import ALL, adjusted_rows, crude_rows, finish_rows, rate_rows
from her2genomics.outcome.yes_no import read_yes_no
from her2genomics.specimens import choose_specimen

CHEMOTHERAPY, ANTI_HER2 = "chemotherapy", "anti_her2"


def analyse_response(
    samples: pd.DataFrame, question: ResponseQuestion | None = None, *, source: str | None = None
) -> ResponseAnalysis:
    """Compare a response between groups.

    Parameters
    ----------
    samples
        Sample table of a cohort.
    question
        What is asked; by default pCR by HER2 group, adjusted for hormone-receptor status.
    source
        File name for messages.

    Raises
    ------
    SchemaError
        If a column is absent, or a response is neither yes nor no.
    CohortError
        If fewer than two groups have a patient with a known response.
    UsageError
        If the adjustment makes the groups or is partly defined by them.

    Examples
    --------
    >>> t = pd.DataFrame({"sample_id": list("abcdefgh"), "arm": list("xxxxyyyy"), "pcr": [1, 1, 1, 0, 0, 0, 1, None]})
    >>> result = analyse_response(t, ResponseQuestion(group="arm", adjust=None))
    >>> result.response_rates[["group", "responders", "n"]].values.tolist()
    [['x', 3, 4], ['y', 1, 3]]
    """
    question = question or ResponseQuestion()
    patients = patients_with_response(samples, question, source=source)
    chosen, grouping, regimens, notes = patients.samples, patients.grouping, patients.regimens, [*patients.notes]
    adjust = adjustment_column(chosen, question.adjust, question.group, notes)
    columns = _strata_columns(chosen, adjust, question, regimens, grouping, notes)
    adjusted = adjusted_rows(chosen, grouping, columns, notes)
    response = crude_rows(chosen, grouping, columns, question.outcome)
    if adjust is not None:
        own = adjusted[adjusted["adj_for"] == adjust].assign(stratum_by=ALL)
        response = response.merge(own, on=["stratum_by", "contrast"], how="left")
    response["definition"] = question.described
    return ResponseAnalysis(
        schema.conform(finish_rows(response), schema.RESPONSE),
        schema.conform(rate_rows(chosen, grouping, columns), schema.RESPONSE_RATES),
        schema.conform(adjusted, schema.RESPONSE_ADJUSTED),
        regimens,
        chosen,
        grouping.labels,
        question.group,
        tuple(notes),
    )


@dataclass(frozen=True)
class ResponsePatients:
    """Patients with a known response and group.

    Parameters
    ----------
    samples
        Their rows, with ``response`` (and ``chemotherapy``, ``anti_her2``).
    grouping
        Groups that have a patient, in order.
    regimens
        What regimen codes were read as (``regimens`` schema); empty without such a column.
    notes
        Who was left out, one sentence each.
    """

    samples: pd.DataFrame
    grouping: Grouping
    regimens: pd.DataFrame
    notes: tuple[str, ...]


def patients_with_response(
    samples: pd.DataFrame, question: ResponseQuestion, *, source: str | None = None
) -> ResponsePatients:
    """Return who enters `analyse_response`, which see for the errors."""
    notes: list[str] = []
    chosen = _with_response(samples, question, notes, source)
    chosen, regimens = _with_regimens(chosen, question, notes, source)
    grouping = find_groups(chosen, question.group)
    known = (grouping.codes >= 0) & chosen["response"].notna().to_numpy(dtype=bool)
    chosen = chosen[known].reset_index(drop=True)
    present = [
        label
        for label, n in zip(
            grouping.labels, np.bincount(grouping.codes[known], minlength=len(grouping.labels)), strict=True
        )
        if n
    ]
    if len(present) < 2:
        listed = ", ".join(present) or "none"
        raise CohortError(
            f"fewer than two groups have a known {question.outcome} ({listed})", path=source, column=question.group
        )
    codes = grouping.codes[known]
    order = [grouping.labels.index(label) for label in present]
    grouping = Grouping(question.group, tuple(present), np.searchsorted(order, codes).astype(np.int64))
    return ResponsePatients(chosen, grouping, regimens, tuple(notes))


def _with_response(
    samples: pd.DataFrame, question: ResponseQuestion, notes: list[str], source: str | None
) -> pd.DataFrame:
    needed = [question.outcome, question.group, *question.by]
    if absent := [name for name in needed if name not in samples]:
        raise SchemaError(f"no column {', '.join(absent)}", path=source, hint="her2g check FILE lists the columns")
    table = samples
    if "patient_id" in samples:
        choice = choose_specimen(samples, question.specimen)
        table = choice.kept
        if len(choice.dropped):
            notes.append(f"{len(choice.dropped)} specimens left out: another one stands for the patient")
    table = table.reset_index(drop=True)
    response = read_yes_no(table, question.outcome, question.responder_is, option="--responder", source=source)
    notes.append(f"{int(response.isna().sum())} of {len(response)} patients without {question.outcome} left out")
    if "neoadjuvant" in table:
        untreated = category_text(table["neoadjuvant"]).str.lower().isin(["0", "no", "false"])
        if odd := int((untreated & response.notna()).sum()):
            notes.append(f"{odd} patients have {question.outcome} recorded though neoadjuvant says no")
    return table.assign(response=response)


def _with_regimens(
    table: pd.DataFrame, question: ResponseQuestion, notes: list[str], source: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table with chemotherapy class and anti-HER2 agent, and what every code was read as."""
    name = question.regimen or next((column for column in REGIMEN_COLUMNS if column in table), None)
    if name is None:
        return table, schema.empty(schema.REGIMENS)
    if name not in table:
        raise SchemaError(f"no column {name} with regimens", path=source)
    regimens = parse_regimens(table, name)
    flagged = regimens[regimens["flags"] != ""]
    if len(flagged):
        listed = ", ".join(
            f"{written} ({flags})"
            for written, flags in flagged[["regimen", "flags"]].drop_duplicates().head(5).to_numpy()
        )
        notes.append(f"regimens to look at: {len(flagged)} of {len(regimens)}: {listed}")
    read = regimens.set_index("sample_id")[[CHEMOTHERAPY, ANTI_HER2]]
    own = table.drop(columns=[CHEMOTHERAPY, ANTI_HER2], errors="ignore")
    return own.join(read, on="sample_id"), regimens


def _strata_columns(
    table: pd.DataFrame,
    adjust: str | None,
    question: ResponseQuestion,
    regimens: pd.DataFrame,
    grouping: Grouping,
    notes: list[str],
) -> list[Strata]:
    names = [*([adjust] if adjust else []), *question.by]
    names += [CHEMOTHERAPY, ANTI_HER2] if len(regimens) else []
    refuse_circular(names, question.group, grouping.labels)
    if grouping.column in names:
        raise UsageError(f"cannot adjust for {grouping.column}: it makes the groups")
    return [strata for name in dict.fromkeys(names) if (strata := _strata(table, name, notes)) is not None]


def _strata(table: pd.DataFrame, name: str, notes: list[str]) -> Strata | None:
    """Return the strata of a column; None, and a note, without the column or a second level."""
    if name not in table:
        notes.append(f"not adjusted: the cohort has no column {name}")
        return None
    text = category_text(table[name])
    levels = tuple(sorted(text.dropna().unique()))
    if len(levels) > MAX_LEVELS:
        raise UsageError(f"{name} has {len(levels)} levels: no strata", hint="cut a number into classes first")
    if len(levels) < 2:
        notes.append(f"not adjusted: {name} has fewer than two levels")
        return None
    codes = text.map({level: i for i, level in enumerate(levels)}).fillna(-1).to_numpy(dtype=np.int64)
    return Strata(name, levels, codes)
