"""Survival and response of a cohort file: columns by the names in the file, genes as groups, result folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from her2genomics.cohort import Cohort
from her2genomics.io.clinical_synonyms import CLINICAL_SYNONYMS, UNIT_SYNONYMS
from her2genomics.io.clinical_values import CONVERTED
from her2genomics.io.column_names import name_key
from her2genomics.io.write import write_json, write_table
from her2genomics.outcome.response import ResponsePatients, analyse_response, patients_with_response
from her2genomics.outcome.response_result import ResponseAnalysis, ResponseQuestion
from her2genomics.outcome.survival import SurvivalSettings, analyse_survival
from her2genomics.outcome.survival_data import SurvivalData, prepare_survival
from her2genomics.outcome.survival_question import SurvivalQuestion
from her2genomics.outcome.survival_result import SurvivalAnalysis
from her2genomics.panel import DEFAULT_PANEL, panel_knowledge
from her2genomics.provenance import MANIFEST, build_manifest

PathLike = str | os.PathLike[str]
ALTERED, WILD_TYPE = "altered", "WT"
OUTCOME_PAIRS: tuple[tuple[str, str], ...] = (("dfs_months", "dfs_event"), ("os_months", "os_event"))
"""Outcomes looked for when none is named, in order."""


def column_as_read(name: str, samples: pd.DataFrame) -> str:
    """Return the package's name of a column that is called otherwise in the file (``DFS_STATUS`` -> ``dfs_event``)."""
    if name in samples:
        return name
    key = name_key(name)
    for target, others in {**CLINICAL_SYNONYMS, **UNIT_SYNONYMS}.items():
        if key in {name_key(other) for other in (target, *others)}:
            found = CONVERTED[target][0] if target in CONVERTED else target
            if found in samples:
                return found
    return name


def event_column(time: str) -> str:
    """Return the event column that goes with a time column.

    Examples
    --------
    >>> event_column("dfs_months"), event_column("OS_DAYS")
    ('dfs_event', 'OS_event')
    """
    for ending in ("_months", "_days", "_years", "_time"):
        if time.lower().endswith(ending):
            return f"{time[: -len(ending)]}_event"
    return f"{time}_event"


def with_genes(cohort: Cohort, names: Iterable[str | None]) -> pd.DataFrame:
    """Return the samples with a column ``altered`` / ``WT`` for every gene that is named and is no clinical column."""
    wanted = [name for name in names if name in cohort.genes and name not in cohort.samples]
    if not wanted:
        return cohort.samples
    matrix = cohort.alteration_matrix()[wanted].reset_index(drop=True)
    columns = {
        gene: pd.Categorical(matrix[gene].map({True: ALTERED, False: WILD_TYPE}), [WILD_TYPE, ALTERED])
        for gene in wanted
    }
    return cohort.samples.reset_index(drop=True).assign(**columns)


def survival_of_cohort(
    cohort: Cohort,
    question: SurvivalQuestion | None = None,
    settings: SurvivalSettings | None = None,
    *,
    source: str | None = None,
) -> SurvivalAnalysis:
    """Analyse the survival of a cohort.

    Parameters
    ----------
    cohort
        As read by `load_cohort`.
    question
        Columns, by the package's names or those of the file; a group or covariate may be a gene. Default: disease-free
        survival if it is there, else overall survival, by HER2 group.
    settings
        How it is analysed.
    source
        File name for messages.

    Raises
    ------
    Her2GenomicsError
        As `prepare_survival` and `analyse_survival`.
    """
    settings = settings or SurvivalSettings()
    question = question or survival_question(cohort.samples)
    samples, question, settings = _survival_as_read(cohort, question, settings)
    return analyse_survival(prepare_survival(samples, question, source=source), settings)


def survival_data_of_cohort(cohort: Cohort, question: SurvivalQuestion, settings: SurvivalSettings) -> SurvivalData:
    """Return the patients that `survival_of_cohort` analyses, which see."""
    samples, question, _ = _survival_as_read(cohort, question, settings)
    return prepare_survival(samples, question)


def _survival_as_read(
    cohort: Cohort, question: SurvivalQuestion, settings: SurvivalSettings
) -> tuple[pd.DataFrame, SurvivalQuestion, SurvivalSettings]:
    """Return the samples, with a column of every gene named, question and settings by the package's names."""
    samples = with_genes(cohort, [question.group, settings.adjust, *settings.covariates])
    question = replace(
        question,
        time=column_as_read(question.time, samples),
        event=column_as_read(question.event, samples),
        group=None if question.group is None else column_as_read(question.group, samples),
        start=None if question.start is None else column_as_read(question.start, samples),
    )
    covariates = tuple(column_as_read(name, samples) for name in settings.covariates)
    return samples, question, replace(settings, covariates=covariates)


def response_of_cohort(
    cohort: Cohort, question: ResponseQuestion | None = None, *, source: str | None = None
) -> ResponseAnalysis:
    """Analyse a response of a cohort; columns by the package's names or those of the file, genes as groups or strata.

    Raises
    ------
    Her2GenomicsError
        As `analyse_response`.
    """
    samples, question = _response_as_read(cohort, question or ResponseQuestion())
    return analyse_response(samples, question, source=source)


def response_patients_of_cohort(cohort: Cohort, question: ResponseQuestion) -> ResponsePatients:
    """Return the patients that `response_of_cohort` analyses, which see."""
    return patients_with_response(*_response_as_read(cohort, question))


def _response_as_read(cohort: Cohort, question: ResponseQuestion) -> tuple[pd.DataFrame, ResponseQuestion]:
    """Return the samples, with a column of every gene named, and the question by the package's names."""
    samples = with_genes(cohort, [question.group, question.adjust, *question.by])
    question = replace(
        question,
        outcome=column_as_read(question.outcome, samples),
        group=column_as_read(question.group, samples),
        by=tuple(column_as_read(name, samples) for name in question.by),
    )
    return samples, question


def survival_question(
    samples: pd.DataFrame, *, time: str | None = None, event: str | None = None, **more: Any
) -> SurvivalQuestion:
    """Return the question, with what is not said filled in.

    Without a time, the first outcome of `OUTCOME_PAIRS` that the table has; without an event, the one beside the time.
    ``more`` are other fields of `SurvivalQuestion`.
    """
    if time is None:
        present = [pair for pair in OUTCOME_PAIRS if set(pair) <= set(samples.columns)]
        time, beside = (present or OUTCOME_PAIRS)[0]
        return SurvivalQuestion(time, event or beside, **more)
    return SurvivalQuestion(time, event or event_column(time), **more)


def write_result_folder(
    tables: Mapping[str, pd.DataFrame],
    folder: PathLike,
    *,
    command: str,
    parameters: Mapping[str, Any],
    inputs: Iterable[PathLike],
    panel: str = DEFAULT_PANEL,
    fmt: str | None = None,
    already: Iterable[Path] = (),
) -> list[Path]:
    """Write one file per table and, last, the manifest, which also lists those ``already`` written; return them all."""
    ending = fmt or "tsv"
    written = [*already]
    for name, table in tables.items():
        path = Path(folder) / f"{name}.{ending}"
        write_table(table, path, ending)
        written.append(path)
    manifest = Path(folder) / MANIFEST
    content = build_manifest(command, parameters=parameters, inputs=inputs, outputs=written, folder=folder,
                             panel=panel_knowledge(panel))  # fmt: skip
    write_json(content, manifest)
    return [*written, manifest]
