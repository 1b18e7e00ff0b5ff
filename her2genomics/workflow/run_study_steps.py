"""The steps of a run that are made for the study as a whole: the cohort, what is computed of it, and its pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from her2genomics.io.tables import read_table
from her2genomics.io.write import write_table, write_text
from her2genomics.workflow.run_steps import (
    CLUSTER,
    CNV,
    COHORT,
    COMPARE,
    COVERAGE,
    MUTATIONS,
    PATHWAYS,
    RESPONSE,
    SURVIVAL,
    TMB,
    StepWork,
)
from her2genomics.workflow.run_task import DONE, FAILED

if TYPE_CHECKING:
    from her2genomics.cohort import Cohort
    from her2genomics.outcome.response_result import ResponseQuestion
    from her2genomics.outcome.survival import SurvivalSettings
    from her2genomics.outcome.survival_question import SurvivalQuestion
    from her2genomics.workflow.stored_results import StoredResults

_FAILURES_SAID = 20


def join_cohort(work: StepWork) -> None:
    """Join the clinical columns of the tumours with all mutations, copy numbers and burdens that worked."""
    from her2genomics.io.maf import write_maf
    from her2genomics.workflow.inputs import StudyFiles, StudySettings, load_study, write_study

    out, chosen = work.folder, work.parameters
    clinical = out / "clinical.tsv"
    write_table(work.sheet.clinical(), clinical)
    files: dict[str, Any] = {"clinical": clinical, "include": work.task.inputs.get("include")}
    if mutations := work.of_step(MUTATIONS):
        parts = [read_table(f / "mutations.maf", allow_empty=True) for f in mutations.values()]
        write_maf(pd.concat(parts, ignore_index=True), out / "mutations.maf")
        write_text("".join(f"{sample}\n" for sample in mutations), out / "profiled.txt")
        files |= {"maf": out / "mutations.maf", "profiled": out / "profiled.txt"}
    for step, key, name in ((CNV, "cna", "gene_cna.tsv"), (TMB, "tmb", "tmb.tsv")):
        if folders := work.of_step(step):
            write_table(pd.concat([read_table(f / name) for f in folders.values()], ignore_index=True), out / name)
            files[key] = out / name
    settings = StudySettings(
        panel=work.config.panel,
        build=work.config.build,
        her2_rule=chosen["her2_rule"],
        subtype_rule=chosen["subtype_rule"],
        specimen=chosen["specimen"],
    )
    study = StudyFiles(**files)
    write_study(load_study(study, settings), out, study, settings)


def _cohort(work: StepWork) -> Cohort:
    from her2genomics.workflow.inputs import load_cohort

    chosen = work.parameters
    return load_cohort(
        work.results[COHORT] / "cohort.tsv",
        her2_rule=chosen["her2_rule"],
        subtype_rule=chosen["subtype_rule"],
        group=chosen.get("group", "her2_group"),
        panel=work.config.panel,
    )


def compare(work: StepWork) -> None:
    """Compare genes, pathways, clinical variables and burden between the groups."""
    from her2genomics.compare import compare_groups
    from her2genomics.comparison.pathways import PathwaySettings
    from her2genomics.panel import panel_knowledge
    from her2genomics.report.drawings import comparison_drawings
    from her2genomics.workflow.stored_results import noting_warnings, write_comparison, write_drawings

    chosen, cohort = work.parameters, _cohort(work)
    with noting_warnings() as warned:
        result = compare_groups(
            cohort,
            group=chosen["group"],
            min_frequency=chosen["min_frequency"],
            adjust=_covariates(chosen["adjust"]),
            level=chosen["level"],
            seed=chosen["seed"],
            pathways=PathwaySettings(panel=panel_knowledge(work.config.panel)),
        )
    write_comparison(result, work.folder, warned)
    write_drawings(comparison_drawings(result), work.folder)


def _covariates(chosen: str | list[str]) -> str | list[str] | None:
    if isinstance(chosen, str):
        return None if chosen == "none" else chosen if chosen == "auto" else [chosen]
    return chosen or None


def compare_altered_pathways(work: StepWork) -> None:
    """Compare altered pathways between the groups."""
    from her2genomics.comparison.pathways import PathwaySettings
    from her2genomics.panel import panel_knowledge
    from her2genomics.pathway_comparison import compare_pathways
    from her2genomics.workflow.stored_results import noting_warnings, write_comparison

    chosen = work.parameters
    settings = PathwaySettings(
        without=chosen["without"], min_profiled=chosen["min_profiled"], panel=panel_knowledge(work.config.panel)
    )
    cohort = _cohort(work)
    with noting_warnings() as warned:
        result = compare_pathways(cohort, settings, group=chosen["group"])
    write_comparison(result, work.folder, warned)
    write_table(result.alterations, work.folder / "pathway_alterations.tsv")
    write_table(result.coverage, work.folder / "pathway_coverage.tsv")


def find_clusters(work: StepWork) -> None:
    """Cluster the tumours by their altered genes."""
    from her2genomics.workflow.cluster_files import cluster_file, write_clusters

    chosen = work.parameters
    settings = _cluster_settings(chosen, chosen["seed"])
    source = work.results[COHORT] / "cohort.tsv"
    rules = {name: chosen[name] for name in ("her2_rule", "subtype_rule")}
    found = cluster_file(source, settings, panel=work.config.panel, **rules)
    write_clusters(found, settings, work.folder, source, work.config.panel)


def _cluster_settings(chosen: Mapping[str, Any], seed: int) -> Any:
    from her2genomics.cluster import ClusterSettings
    from her2genomics.cluster_matrix import MatrixSettings
    from her2genomics.stats.rank_selection import SurveySettings

    return ClusterSettings(
        ranks=tuple(chosen["ranks"]),
        survey=SurveySettings(runs=chosen["runs"], seed=seed),
        matrix=MatrixSettings(min_frequency=chosen["min_frequency"], min_profiled=chosen["min_profiled"]),
    )


def analyse_survival(work: StepWork) -> None:
    """Analyse survival by group."""
    from her2genomics.io.figures import write_figure
    from her2genomics.report.drawings import survival_drawings
    from her2genomics.report.survival_figures import km_figure
    from her2genomics.workflow.outcome_files import survival_of_cohort, write_result_folder
    from her2genomics.workflow.stored_results import noting_warnings, write_drawings, write_notes

    chosen, cohort = work.parameters, _cohort(work)
    question, settings = _survival_asked(chosen, cohort)
    with noting_warnings() as warned:
        result = survival_of_cohort(cohort, question, settings, source="cohort.tsv")
    write_figure(km_figure(result), work.folder / "km.png")
    drawn = write_drawings(survival_drawings(result), work.folder)
    beside = [work.folder / "km.png", *drawn, write_notes(work.folder, result.notes, warned)]
    source = work.results[COHORT] / "cohort.tsv"
    how: dict[str, Any] = {"parameters": dict(chosen), "inputs": [source], "already": beside}
    write_result_folder(result.tables(), work.folder, command="survival", panel=work.config.panel, **how)


def _survival_asked(chosen: Mapping[str, Any], cohort: Cohort) -> tuple[SurvivalQuestion, SurvivalSettings]:
    from her2genomics.outcome.survival import SurvivalSettings
    from her2genomics.workflow.outcome_files import survival_question

    question = survival_question(
        cohort.samples, time=chosen["time"], event=chosen["event"], group=chosen["group"], specimen=chosen["specimen"]
    )
    return question, SurvivalSettings(covariates=tuple(chosen["covariates"]))


def analyse_response(work: StepWork) -> None:
    """Analyse response by group."""
    from her2genomics.report.drawings import response_drawings
    from her2genomics.workflow.outcome_files import response_of_cohort, write_result_folder
    from her2genomics.workflow.stored_results import noting_warnings, write_drawings, write_notes

    chosen, cohort = work.parameters, _cohort(work)
    with noting_warnings() as warned:
        result = response_of_cohort(cohort, _response_asked(chosen), source="cohort.tsv")
    source = work.results[COHORT] / "cohort.tsv"
    drawn = write_drawings(response_drawings(result), work.folder)
    beside = [*drawn, write_notes(work.folder, result.notes, warned)]
    how: dict[str, Any] = {"parameters": dict(chosen), "inputs": [source], "already": beside}
    write_result_folder(result.tables(), work.folder, command="response", panel=work.config.panel, **how)


def _response_asked(chosen: Mapping[str, Any]) -> ResponseQuestion:
    from her2genomics.outcome.response_result import ResponseQuestion

    return ResponseQuestion(
        outcome=chosen["outcome"],
        definition=chosen["definition"],
        group=chosen["group"],
        specimen=chosen["specimen"],
    )


def make_report(work: StepWork) -> None:
    """Write the report of the cohort, with the quality of its samples and those that are missing."""
    from her2genomics import schema
    from her2genomics.workflow.report_files import ReportSettings, RunTables, study_beside, write_report
    from her2genomics.workflow.result_tables import read_results

    chosen, folder, cohort = work.parameters, work.results[COHORT], _cohort(work)
    settings = ReportSettings(
        group=chosen["group"],
        panel=work.config.panel,
        adjust=_covariates(chosen["adjust"]),
        min_frequency=chosen["min_frequency"],
        clusters=None if chosen["clusters"] is None else _cluster_settings(chosen["clusters"], chosen["seed"]),
        no_clusters="left out by the configuration (skip)",
        her2_rule=chosen["her2_rule"],
        subtype_rule=chosen["subtype_rule"],
        seed=chosen["seed"],
    )
    tables = {
        "sample_qc": read_results([f / "sample_qc.tsv" for f in work.of_step(COVERAGE).values()], schema.SAMPLE_QC),
        "tmb": read_results(_there(folder / "tmb.tsv"), schema.TMB),
        "gene_cna": read_results(_there(folder / "gene_cna.tsv"), schema.GENE_CNA),
        "left_out": _left_out(work, set(cohort.samples["sample_id"])),
    }
    run = RunTables(**{name: table for name, table in tables.items() if table is not None})
    how: dict[str, Any] = {"run": run, "stored": _stored(work, cohort), "remarks": _failures(work)}
    attrition, built = study_beside(folder / "cohort.tsv")
    write_report(cohort, work.folder / "report.html", settings, attrition=attrition, built=built, **how)


def _stored(work: StepWork, cohort: Cohort) -> StoredResults:
    """Return the results of the analyses as their steps left them, figures included."""
    from her2genomics.io.figures import read_svgs
    from her2genomics.report.cohort_results import NotRun
    from her2genomics.workflow import stored_results as stored
    from her2genomics.workflow.stored_clusters import read_clusters

    survival = _survival_asked(work.parameters["survival"], cohort)
    response = _response_asked(work.parameters["response"])
    readers: dict[str, tuple[str, Callable[[Path], Any]]] = {
        "comparison": (COMPARE, stored.read_comparison),
        "pathways": (PATHWAYS, stored.read_pathways),
        "survival": (SURVIVAL, lambda folder: stored.read_survival(folder, cohort, *survival)),
        "response": (RESPONSE, lambda folder: stored.read_response(folder, cohort, response)),
        "clusters": (CLUSTER, lambda folder: read_clusters(folder, cohort)),
    }
    found: dict[str, Any] = {}
    warned: dict[str, tuple[str, ...]] = {}
    figures: dict[str, bytes] = {}
    for name, (step, read) in readers.items():
        status = work.before[step]
        if status.state != DONE:
            found[name] = NotRun(status.reason)
            continue
        found[name] = read(work.results[step])
        warned[name] = stored.read_notes(work.results[step])[1]
        figures |= read_svgs(work.results[step])
    return stored.StoredResults(**found, warnings=warned, figures=figures)


def _there(path: Path) -> list[Path]:
    return [path] if path.is_file() else []


def _left_out(work: StepWork, joined: set[str]) -> pd.DataFrame:
    """Return the tumours of the sheet that the cohort's rules left out."""
    rows = [(r.sample_id, COHORT, "by the cohort's rules, see attrition") for r in work.sheet.tumours]
    return pd.DataFrame(
        [r for r in rows if r[0] not in joined], columns=["sample_id", "step", "reason"], dtype="string"
    )


def _failures(work: StepWork) -> list[str]:
    """Return one sentence per step that failed for a sample, the first of many."""
    parts = [(name.partition("/"), status) for name, status in work.before.items() if status.state == FAILED]
    said = [
        f"{f'{step} of {sample}' if sample else step} failed, and is missing here: {s.reason}"
        for (step, _, sample), s in parts
    ]
    more = len(said) - _FAILURES_SAID
    return [*said[:_FAILURES_SAID], f"{more} more failures: see samples_status.tsv"] if more > 0 else said


def export_to_multiqc(work: StepWork) -> None:
    """Write what MultiQC reads of the run."""
    from her2genomics.workflow.multiqc_files import RunResults, export_multiqc

    results = RunResults(
        coverage=[folder / "sample_qc.tsv" for folder in work.of_step(COVERAGE).values()],
        tmb=[folder / "tmb.tsv" for folder in work.of_step(TMB).values()],
        cnv=list(work.of_step(CNV).values()),
        her2=work.results[COHORT] / "cohort.tsv" if COHORT in work.results else None,
    )
    export_multiqc(results, work.folder)
