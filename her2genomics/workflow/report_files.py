"""The report of a cohort: every analysis by its library call, one page, one file."""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from her2genomics import schema
from her2genomics.cluster import ClusterSettings, cluster_cohort
from her2genomics.cohort import ATTRITION_COLUMNS, COUNTED_CLASSES, Cohort
from her2genomics.compare import compare_groups
from her2genomics.comparison.covariates import AUTO
from her2genomics.comparison.pathways import PathwaySettings
from her2genomics.comparison.settings import DEFAULT_MIN_FREQUENCY
from her2genomics.exceptions import FileFormatError, Her2GenomicsError, Her2GenomicsWarning, SchemaError
from her2genomics.io.tables import read_table
from her2genomics.io.write import write_text
from her2genomics.outcome.response_result import ResponseQuestion
from her2genomics.panel import DEFAULT_PANEL, EXOME, load_panel, panel_knowledge
from her2genomics.pathway_comparison import compare_pathways
from her2genomics.personal_columns import find_personal_columns
from her2genomics.provenance import build_manifest
from her2genomics.report.cohort_page import cohort_page
from her2genomics.report.cohort_results import NO_RESULTS, CohortResults, NotRun
from her2genomics.report.html import render_page
from her2genomics.report.oncoprint_data import prepare_oncoprint
from her2genomics.stats.nmf import Progress
from her2genomics.table1.build import make_table1
from her2genomics.workflow.outcome_files import (
    OUTCOME_PAIRS,
    response_of_cohort,
    survival_of_cohort,
    survival_question,
)
from her2genomics.workflow.stored_results import StoredResults, without_pathways

PathLike = str | os.PathLike[str]
Result = TypeVar("Result")
log = logging.getLogger(__name__)

RESULT_TABLES: dict[str, schema.TableSchema] = {
    "sample_qc": schema.SAMPLE_QC,
    "tmb": schema.TMB,
    "gene_cna": schema.GENE_CNA,
    "left_out": schema.SAMPLES_LEFT_OUT,
}
"""Tables that a folder of results may hold, as ``NAME.tsv``."""


@dataclass(frozen=True)
class ReportSettings:
    """What a report is made of.

    Parameters
    ----------
    title, date
        As printed; no date is printed without one.
    group
        Column that makes the groups.
    panel
        Panel whose pathways and hotspots are used.
    classes
        Classes of alteration that count.
    adjust
        Covariates held fixed; ``auto`` is hormone-receptor status where the cohort has it, None is none.
    min_frequency
        Least pooled share of altered samples for a gene to be tested.
    top
        Genes of the oncoprint.
    clusters
        How tumours are clustered; None for no clusters, ``no_clusters`` saying why.
    no_clusters
        Reason that the page gives where ``clusters`` is None.
    clusters_from
        Folder that the clusters were read from, for the record; None where they were not.
    her2_rule, subtype_rule
        Rules by which the cohort was read, for the record.
    seed
        Seed of the run.
    """

    title: str = "Cohort report"
    date: str = ""
    group: str = "her2_group"
    panel: str = DEFAULT_PANEL
    classes: tuple[str, ...] = COUNTED_CLASSES
    adjust: str | Sequence[str] | None = AUTO
    min_frequency: float = DEFAULT_MIN_FREQUENCY
    top: int = 25
    clusters: ClusterSettings | None = field(default_factory=ClusterSettings)
    no_clusters: str = "switched off (--no-clusters)"
    clusters_from: str | None = None
    her2_rule: str = "ascocap2018"
    subtype_rule: str = "zhang2022"
    seed: int = 123456

    def as_parameters(self) -> dict[str, Any]:
        """Return the settings for a manifest, without what cannot change the result."""
        apart = ("title", "date", "clusters", "no_clusters", "clusters_from", "seed")
        parameters = {k: v for k, v in vars(self).items() if k not in apart}
        if self.clusters is None:
            return {
                **parameters,
                "clusters": "off" if self.clusters_from is None else f"read from {self.clusters_from}",
            }
        clusters = asdict(self.clusters)
        clusters["survey"].pop("threads")
        return {**parameters, "clusters": clusters}


@dataclass(frozen=True)
class RunTables:
    """Tables per sample that a run leaves behind; see `CohortResults`."""

    sample_qc: pd.DataFrame | NotRun = NO_RESULTS
    tmb: pd.DataFrame | NotRun = NO_RESULTS
    gene_cna: pd.DataFrame | NotRun = NO_RESULTS
    left_out: pd.DataFrame | NotRun = NO_RESULTS


def read_run_tables(folder: PathLike) -> RunTables:
    """Return the tables of `RESULT_TABLES` in a folder of results; those that are not there say so.

    Raises
    ------
    FileFormatError
        If there is no such folder, or a table cannot be read.
    SchemaError
        If a table lacks a column.
    """
    if not Path(folder).is_dir():
        raise FileFormatError("no such folder", path=folder, hint="--results takes the folder of a run")
    tables: dict[str, pd.DataFrame | NotRun] = {}
    for name, declared in RESULT_TABLES.items():
        path = Path(folder) / f"{name}.tsv"
        if not path.is_file():
            tables[name] = NotRun(f"no {path.name} in the folder of results")
            continue
        tables[name] = schema.check(read_table(path), declared, source=os.fspath(path))
    return RunTables(**tables)


def write_report(
    cohort: Cohort,
    out: PathLike,
    settings: ReportSettings | None = None,
    *,
    inputs: Sequence[PathLike] = (),
    attrition: pd.DataFrame | None = None,
    built: Mapping[str, Any] | None = None,
    run: RunTables | None = None,
    stored: StoredResults | None = None,
    remarks: Sequence[str] = (),
    progress: Progress | None = None,
) -> CohortResults:
    """Compute what a report shows, and write it as one HTML file.

    Parameters
    ----------
    cohort
        As read by `load_cohort` or joined by `load_study`.
    out
        File to write.
    settings
        What is computed.
    inputs
        Files that the cohort was read from, for the checksums.
    attrition
        Attrition of the cohort, where the cohort does not carry it.
    built
        Manifest of the cohort's build.
    run
        Tables per sample of a run.
    stored
        Results that are there already and are shown as they are; the pathways of a comparison are not used.
    remarks
        What to know about the whole report.
    progress
        Called with the number of units done, of `work_units`.

    Returns
    -------
    CohortResults
        What the page shows.

    Raises
    ------
    Her2GenomicsError
        If the file cannot be written; an analysis that cannot be made does not raise, its section says why.
    """
    settings = settings or ReportSettings()
    if attrition is not None:
        cohort = replace(cohort, attrition=attrition)
    results = compute_results(
        cohort,
        settings,
        inputs=inputs,
        built=built,
        run=run,
        stored=stored,
        remarks=remarks,
        progress=progress,
    )
    write_text(render_page(cohort_page(results)), out)
    return results


STEP_UNITS = 60
"""Units of progress of one analysis other than the clustering; a unit is one run of the factorisation."""
_STEPS = 6


def work_units(settings: ReportSettings) -> int:
    """Return the units of progress that `compute_results` reports."""
    if settings.clusters is None:
        return _STEPS * STEP_UNITS
    return _STEPS * STEP_UNITS + cluster_units(settings.clusters)


def cluster_units(settings: ClusterSettings) -> int:
    """Return about how many factorisations a clustering runs."""
    return 2 * len(settings.ranks) * settings.survey.runs + 2 * 5 * 20 + 10 * 5 if settings.method == "nmf" else 1


def compute_results(
    cohort: Cohort,
    settings: ReportSettings,
    *,
    inputs: Sequence[PathLike] = (),
    built: Mapping[str, Any] | None = None,
    run: RunTables | None = None,
    stored: StoredResults | None = None,
    remarks: Sequence[str] = (),
    progress: Progress | None = None,
) -> CohortResults:
    """Return everything that a report shows; see `write_report`."""
    stored = stored or StoredResults()
    attempts = _Attempts(progress, {name: tuple(told) for name, told in stored.warnings.items()})
    panel = panel_knowledge(settings.panel)
    manifest = build_manifest(
        "report",
        parameters=settings.as_parameters(),
        inputs=inputs,
        panel=None if settings.panel == EXOME else panel,
        seed=settings.seed,
    )
    run = run or RunTables()
    split = settings.group if settings.group in cohort.samples else None
    among = None if settings.panel == EXOME else [gene for gene in cohort.genes if panel.has_gene(gene)]
    shared: dict[str, Any] = {"group": settings.group, "classes": settings.classes, "adjust": settings.adjust}
    return CohortResults(
        title=settings.title,
        date=settings.date,
        cohort=cohort,
        group=settings.group,
        manifest=manifest,
        built=built,
        table1=attempts.run("table1", lambda: make_table1(cohort, group=settings.group)),
        oncoprint=attempts.run(
            "oncoprint",
            lambda: prepare_oncoprint(cohort, top=settings.top, among=among, classes=settings.classes, split=split),
        ),
        comparison=attempts.unless_there(
            "comparison",
            without_pathways(stored.comparison),
            lambda: compare_groups(cohort, min_frequency=settings.min_frequency, panel=panel, **shared),
        ),
        pathways=attempts.unless_there(
            "pathways", stored.pathways, lambda: compare_pathways(cohort, PathwaySettings(panel=panel), **shared)
        ),
        survival=_survival(cohort, settings, attempts, stored.survival),
        response=_response(cohort, settings, attempts, stored.response),
        clusters=_clusters(cohort, settings, attempts, stored.clusters),
        sample_qc=run.sample_qc,
        tmb=run.tmb,
        gene_cna=run.gene_cna,
        left_out=run.left_out,
        warnings=attempts.warnings,
        figures=stored.figures,
        remarks=remarks,
        personal_columns=find_personal_columns(cohort.samples),
    )


@dataclass
class _Attempts:
    """Runs analyses that may fail: an error becomes the reason, warnings are kept by name."""

    progress: Progress | None
    warnings: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def run(self, name: str, analysis: Callable[[], Result], *, counted: bool = True) -> Result | NotRun:
        """Return the result of an analysis, or why there is none."""
        log.debug("report: %s", name)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", Her2GenomicsWarning)
            try:
                return analysis()
            except Her2GenomicsError as error:
                log.info("report: no %s: %s", name, error)
                return NotRun(error.what)
            finally:
                told = [str(w.message) for w in caught if issubclass(w.category, Her2GenomicsWarning)]
                if told:
                    self.warnings[name] = tuple(dict.fromkeys(told))
                if counted:
                    self.advance()

    def unless_there(self, name: str, there: Result | NotRun | None, analysis: Callable[[], Result]) -> Result | NotRun:
        """Return a result that is there, else that of the analysis."""
        if there is None:
            return self.run(name, analysis)
        self.advance()
        return there

    def advance(self) -> None:
        """Report one step as done."""
        if self.progress is not None:
            self.progress(STEP_UNITS)


def _survival(cohort: Cohort, settings: ReportSettings, attempts: _Attempts, there: Any) -> Any:
    present = [pair for pair in OUTCOME_PAIRS if set(pair) <= set(cohort.samples.columns)]
    if there is None and not present:
        attempts.advance()
        wanted = " or ".join(" and ".join(pair) for pair in OUTCOME_PAIRS)
        return NotRun(f"no survival columns ({wanted})")
    group = settings.group if settings.group in cohort.samples else None
    return attempts.unless_there(
        "survival", there, lambda: survival_of_cohort(cohort, survival_question(cohort.samples, group=group))
    )


def _response(cohort: Cohort, settings: ReportSettings, attempts: _Attempts, there: Any) -> Any:
    if there is None and "pcr" not in cohort.samples:
        attempts.advance()
        return NotRun("no response column (pcr)")
    return attempts.unless_there(
        "response", there, lambda: response_of_cohort(cohort, ResponseQuestion(group=settings.group))
    )


def _clusters(cohort: Cohort, settings: ReportSettings, attempts: _Attempts, there: Any) -> Any:
    if there is not None:
        return there
    chosen = settings.clusters
    if chosen is None:
        return NotRun(settings.no_clusters)
    knowledge = load_panel() if settings.panel == EXOME else load_panel(settings.panel)
    return attempts.run(
        "clusters", lambda: cluster_cohort(cohort, chosen, panel=knowledge, progress=attempts.progress), counted=False
    )


def read_attrition(path: PathLike) -> pd.DataFrame:
    """Return an attrition table with its numbers as numbers.

    Raises
    ------
    FileFormatError
        If it cannot be read.
    SchemaError
        If a column is missing.
    """
    table = read_table(path)
    if absent := [name for name in ATTRITION_COLUMNS if name not in table]:
        raise SchemaError("not an attrition table: column is missing", path=path, column=absent[0])
    counts = {name: pd.to_numeric(table[name], errors="coerce").astype("Int64") for name in ATTRITION_COLUMNS[2:5]}
    return table.assign(**counts)


def study_beside(cohort_file: PathLike) -> tuple[pd.DataFrame | None, dict[str, Any] | None]:
    """Return the attrition and the manifest that ``her2g cohort build`` left beside a cohort table, where it did.

    Raises
    ------
    FileFormatError
        If one of them cannot be read.
    """
    folder = Path(cohort_file).parent
    attrition, manifest = folder / "attrition.tsv", folder / "manifest.json"
    return (
        read_attrition(attrition) if attrition.is_file() else None,
        _read_manifest(manifest) if manifest.is_file() else None,
    )


def _read_manifest(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileFormatError("not a manifest of her2genomics", path=path, hint="move it away") from error
    built = isinstance(content, dict) and content.get("command") == "cohort build"
    return content if built else None
