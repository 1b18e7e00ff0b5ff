"""Results of a run's analyses as their steps left them: tables, notes, warnings; the report shows what stands there."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from her2genomics import schema
from her2genomics.cluster import Clusters
from her2genomics.cohort import Cohort
from her2genomics.comparison.result import Comparison
from her2genomics.exceptions import FileFormatError, Her2GenomicsError, Her2GenomicsWarning
from her2genomics.io.figures import write_figure
from her2genomics.io.tables import read_table
from her2genomics.io.write import write_json, write_table
from her2genomics.outcome.response_result import ResponseAnalysis, ResponseQuestion
from her2genomics.outcome.survival import SurvivalSettings
from her2genomics.outcome.survival_question import SurvivalQuestion
from her2genomics.outcome.survival_result import SurvivalAnalysis
from her2genomics.pathway_comparison import PathwayComparison
from her2genomics.report.cohort_results import NotRun
from her2genomics.report.drawings import Drawings
from her2genomics.workflow.outcome_files import response_patients_of_cohort, survival_data_of_cohort

PathLike = str | os.PathLike[str]
NOTES_FILE = "notes.json"
"""What an analysis says beside its tables."""


@dataclass(frozen=True)
class StoredResults:
    """Results that are there already; None is computed by the report.

    Parameters
    ----------
    comparison, pathways, survival, response, clusters
        Results, or why there is none.
    warnings
        What the analyses warned of, by the name of the field.
    figures
        Figures that are drawn already, as SVG by their identifier (`report.drawings`).
    """

    comparison: Comparison | NotRun | None = None
    pathways: PathwayComparison | NotRun | None = None
    survival: SurvivalAnalysis | NotRun | None = None
    response: ResponseAnalysis | NotRun | None = None
    clusters: Clusters | NotRun | None = None
    warnings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    figures: Mapping[str, bytes] = field(default_factory=dict)


def without_pathways(comparison: Comparison | NotRun | None) -> Comparison | NotRun | None:
    """Return a comparison without the families that `compare_pathways` has in full."""
    if not isinstance(comparison, Comparison):
        return comparison

    def kept(table: pd.DataFrame) -> pd.DataFrame:
        return table[~table["family"].astype(str).str.startswith("pathway")].reset_index(drop=True)

    return replace(
        comparison,
        association=kept(comparison.association),
        contingency=kept(comparison.contingency),
        notes=tuple(note for note in comparison.notes if not note.startswith("pathways:")),
    )


@contextmanager
def noting_warnings() -> Iterator[list[str]]:
    """Yield a list that has, when the block ends, what was warned of in it, each once; the warnings go on outwards."""
    told: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Her2GenomicsWarning)
        yield told
    told += dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, Her2GenomicsWarning))
    for warning in caught:
        warnings.warn(warning.message, warning.category, stacklevel=3)


def write_notes(folder: PathLike, notes: Sequence[str], warned: Sequence[str]) -> Path:
    """Write the notes and warnings of an analysis beside its tables; return the file."""
    path = Path(folder) / NOTES_FILE
    write_json({"notes": list(notes), "warnings": list(warned)}, path)
    return path


def write_drawings(drawings: Drawings, folder: PathLike) -> list[Path]:
    """Write each figure that can be drawn as SVG, so that a report need not draw it; return the files.

    What cannot be drawn is left out; the report says why.
    """
    written = []
    for name, draw in drawings.items():
        with suppress(Her2GenomicsError):
            figure = draw()
            written.append(Path(folder) / f"{name}.svg")
            write_figure(figure, written[-1])
    return written


def write_comparison(result: Comparison, folder: PathLike, warned: Sequence[str]) -> None:
    """Write the tables, notes and warnings that `read_comparison` reads."""
    for name in ("association", "contingency", "groups"):
        write_table(getattr(result, name), Path(folder) / f"{name}.tsv")
    write_notes(folder, result.notes, warned)


def read_notes(folder: PathLike) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the notes and the warnings of an analysis.

    Raises
    ------
    FileFormatError
        If they are not there, or are no lists of sentences.
    """
    path = Path(folder) / NOTES_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        lists = [content[name] for name in ("notes", "warnings")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError("cannot be read as notes of an analysis", path=path) from error
    if not all(isinstance(sentences, list) and all(isinstance(s, str) for s in sentences) for sentences in lists):
        raise FileFormatError("notes and warnings have to be lists of sentences", path=path)
    return tuple(lists[0]), tuple(lists[1])


def stored_table(folder: PathLike, name: str, declared: schema.TableSchema) -> pd.DataFrame:
    """Return a table by its schema; an empty text in a key (no strata) is a value of it."""
    path = Path(folder) / f"{name}.tsv"
    table = read_table(path, allow_empty=True)
    texts = {c.name: "" for c in declared.columns if c.key and c.dtype == "string"}
    return schema.check(table.fillna(texts), declared, source=path)


def read_comparison(folder: PathLike) -> Comparison:
    """Return the comparison in a folder of `her2g run`.

    Raises
    ------
    FileFormatError, SchemaError
        If a file is not there, or not by its schema; so the other readers.
    """
    return Comparison(
        association=stored_table(folder, "association", schema.ASSOCIATION),
        contingency=stored_table(folder, "contingency", schema.CONTINGENCY),
        groups=stored_table(folder, "groups", schema.COMPARED_GROUPS),
        notes=read_notes(folder)[0],
        carriers=pd.DataFrame(columns=["feature", "sample_id", "group", "detail"]),
        balance=schema.empty(schema.BALANCE),
    )


def read_pathways(folder: PathLike) -> PathwayComparison:
    """Return the comparison of pathways in a folder of `her2g run`."""
    return PathwayComparison(
        **vars(read_comparison(folder)),
        coverage=stored_table(folder, "pathway_coverage", schema.PATHWAY_COVERAGE),
        alterations=stored_table(folder, "pathway_alterations", schema.PATHWAY_ALTERATIONS),
    )


_SURVIVAL_TABLES: dict[str, schema.TableSchema] = {
    "survival": schema.SURVIVAL,
    "km_curves": schema.KM_CURVES,
    "at_risk": schema.AT_RISK,
    "logrank": schema.LOGRANK,
    "cox": schema.COX,
    "ph_test": schema.PH_TEST,
    "rmst": schema.RMST,
    "left_out": schema.LEFT_OUT,
}


def read_survival(
    folder: PathLike, cohort: Cohort, question: SurvivalQuestion, settings: SurvivalSettings
) -> SurvivalAnalysis:
    """Return the survival analysis in a folder of `her2g run`; its patients are those of the cohort by the question."""
    return SurvivalAnalysis(
        **{name: stored_table(folder, name, declared) for name, declared in _SURVIVAL_TABLES.items()},
        relapse_ratio=schema.empty(schema.RELAPSE_RATIO),
        relapse_ratio_test=schema.empty(schema.RELAPSE_RATIO_TEST),
        data=survival_data_of_cohort(cohort, question, settings),
        notes=read_notes(folder)[0],
    )


def read_response(folder: PathLike, cohort: Cohort, question: ResponseQuestion) -> ResponseAnalysis:
    """Return the response analysis in a folder of `her2g run`; its patients are those of the cohort by the question."""
    patients = response_patients_of_cohort(cohort, question)
    return ResponseAnalysis(
        response=stored_table(folder, "response", schema.RESPONSE),
        response_rates=stored_table(folder, "response_rates", schema.RESPONSE_RATES),
        response_adjusted=stored_table(folder, "response_adjusted", schema.RESPONSE_ADJUSTED),
        regimens=patients.regimens,
        samples=patients.samples,
        labels=patients.grouping.labels,
        group_column=patients.grouping.column,
        notes=read_notes(folder)[0],
    )
