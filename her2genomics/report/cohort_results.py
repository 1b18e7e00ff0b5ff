"""What the report of a cohort is made of: result tables as the analyses return them, each of which may be absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from her2genomics.cluster import Clusters
from her2genomics.cohort import Cohort
from her2genomics.comparison.result import Comparison
from her2genomics.outcome.response_result import ResponseAnalysis
from her2genomics.outcome.survival_result import SurvivalAnalysis
from her2genomics.pathway_comparison import PathwayComparison
from her2genomics.report.oncoprint_data import OncoprintData
from her2genomics.table1.model import Table1


@dataclass(frozen=True)
class NotRun:
    """Stands for a result that is not there; ``reason`` is a phrase (``no column pcr``)."""

    reason: str


NO_RESULTS = NotRun("no result folder was given (--results)")


@dataclass(frozen=True)
class CohortResults:
    """Everything that a cohort report shows.

    Parameters
    ----------
    title
        Title of the page.
    cohort
        The cohort itself: samples with their HER2 status, alterations, mask, attrition.
    group
        Column that makes the groups.
    manifest
        Provenance of the report, as `provenance.build_manifest` returns it.
    built
        Manifest of the cohort's own build, where there is one.
    table1, oncoprint, comparison, pathways, clusters, survival, response
        Results of the analyses, or why there is none.
    sample_qc, tmb, gene_cna
        Tables per sample of a run (``sample_qc``, ``tmb``, ``gene_cna`` schemas).
    left_out
        Samples that are missing from the cohort (``samples_left_out`` schema).
    warnings
        What an analysis warned of, by the name of its field.
    remarks
        What to know about the whole report, one sentence each.
    personal_columns
        Columns that may identify patients, each with the reason (`personal_columns.find_personal_columns`).
    date
        Printed as given.
    figures
        Figures that are drawn already, as SVG by their identifier (`report.drawings`); others are drawn for the page.
    """

    title: str
    cohort: Cohort
    group: str
    manifest: Mapping[str, Any]
    table1: Table1 | NotRun
    oncoprint: OncoprintData | NotRun
    comparison: Comparison | NotRun
    pathways: PathwayComparison | NotRun
    clusters: Clusters | NotRun
    survival: SurvivalAnalysis | NotRun
    response: ResponseAnalysis | NotRun
    built: Mapping[str, Any] | None = None
    sample_qc: pd.DataFrame | NotRun = NO_RESULTS
    tmb: pd.DataFrame | NotRun = NO_RESULTS
    gene_cna: pd.DataFrame | NotRun = NO_RESULTS
    left_out: pd.DataFrame | NotRun = NO_RESULTS
    warnings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    personal_columns: Mapping[str, str] = field(default_factory=dict)
    date: str = ""
    figures: Mapping[str, bytes] = field(default_factory=dict)

    def warnings_of(self, name: str) -> tuple[str, ...]:
        """Return what the analysis of a field warned of."""
        return tuple(self.warnings.get(name, ()))
