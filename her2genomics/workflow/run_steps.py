"""The steps of a run: each reads files, makes one call of the library, and writes one folder."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from her2genomics.exceptions import AmbiguousInputError, DataWarning, FileFormatError
from her2genomics.io.tables import read_table
from her2genomics.io.write import write_rows, write_table, write_text
from her2genomics.workflow.run_config import RunConfig
from her2genomics.workflow.run_sheet import RunSheet, SheetRow
from her2genomics.workflow.run_task import FAILED, Status, Task

COVERAGE, REFERENCE, CNV, MUTATIONS, TMB, COHORT = "coverage", "reference", "cnv", "mutations", "tmb", "cohort"
COMPARE, PATHWAYS, CLUSTER, SURVIVAL, RESPONSE = "compare", "pathways", "cluster", "survival", "response"
REFERENCE_FILE = "reference.cnn"
_FAILURES_SAID = 20


@dataclass(frozen=True)
class StepWork:
    """What a step is given.

    Parameters
    ----------
    task
        The task.
    folder
        Empty folder to write into.
    results
        Folders of the tasks before it that are done, by name, in the order of the plan.
    before
        What became of all tasks before it.
    sheet, config
        The run's.
    """

    task: Task
    folder: Path
    results: Mapping[str, Path]
    before: Mapping[str, Status]
    sheet: RunSheet
    config: RunConfig

    @property
    def sample(self) -> str:
        """The task's sample."""
        return str(self.task.sample)

    @cached_property
    def row(self) -> SheetRow:
        """The sample's row of the sheet."""
        return self.sheet.row(self.sample)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Settings of the task."""
        return self.task.parameters

    def of_step(self, step: str) -> dict[str, Path]:
        """Return the folders of one step's tasks that are done, by sample."""
        parts = {name: name.partition("/") for name in self.results}
        return {sample: self.results[name] for name, (own, _, sample) in parts.items() if own == step}


def count_coverage(work: StepWork) -> None:
    """Count the depth of a BAM or CRAM: ``.cnn``, quality, callable bases."""
    from her2genomics.io.alignments import ReadFilter
    from her2genomics.io.cnvkit import write_cnn
    from her2genomics.ratios import BIN_KEY
    from her2genomics.workflow.copy_number import read_reference
    from her2genomics.workflow.coverage_files import CoverageSettings, coverage_of_file, coverage_over

    chosen = work.parameters
    settings = CoverageSettings(
        panel=work.config.panel,
        bed=work.task.inputs.get("targets"),
        build=work.config.build,
        read_filter=ReadFilter(chosen["exclude_flags"], chosen["min_mapq"], chosen["count_overlap_once"]),
        min_depth=chosen["callable_depth"],
        reference=work.task.inputs.get("fasta"),
        sample=work.sample,
        bin_bp=chosen["bin_size"],
    )
    bam, reference = work.task.inputs["bam"], work.task.inputs.get("reference")
    if reference is None:
        result = coverage_of_file(bam, settings)
    else:
        _require_build(bam, settings)
        bins = read_reference(reference).bins[BIN_KEY].drop_duplicates().reset_index(drop=True)
        result = coverage_over(bam, bins, settings)
    write_cnn(result.coverage, work.folder / f"{work.sample}.cnn")
    write_table(result.qc, work.folder / "sample_qc.tsv")
    if result.callable_bed is not None:
        write_table(result.callable_bed, work.folder / "callable.bed", "tsv", header=False)


def _require_build(bam: str, settings: Any) -> None:
    from her2genomics.genome import require_same_build
    from her2genomics.io.alignment_files import read_alignment_header

    require_same_build(read_alignment_header(bam, reference=settings.reference).build, settings.build, path=bam)


def make_reference(work: StepWork) -> None:
    """Build the copy-number reference from the normals that worked, or a flat one from the bins of a tumour."""
    from her2genomics.workflow.copy_number import build_from_files, write_reference
    from her2genomics.workflow.coverage_files import CoverageSettings

    tables = [folder / f"{sample}.cnn" for sample, folder in work.of_step(COVERAGE).items()]
    if not tables:
        raise FileFormatError("the coverage of no normal or tumour worked")
    fasta = work.task.inputs.get("fasta")
    how: dict[str, Any] = {"fasta": fasta, "settings": CoverageSettings(build=work.config.build)}
    if work.parameters["flat"]:
        reference = build_from_files([], flat=tables[0], **how)
    else:
        reference = build_from_files(tables, keep_outliers=work.parameters["keep_outliers"], **how)
    write_reference(reference, work.folder / REFERENCE_FILE)


def call_copies(work: StepWork) -> None:
    """Call the copy number of one tumour's genes."""
    from her2genomics.copy_rule import CopyRule
    from her2genomics.workflow.copy_number import (
        CnvSettings,
        copy_number_of_file,
        read_reference,
        write_outputs,
        write_plots,
    )

    chosen, own = work.parameters, work.of_step(COVERAGE)[work.sample]
    reference = work.task.inputs.get("reference") or work.results[REFERENCE] / REFERENCE_FILE
    rule = CopyRule(chosen["p_below"], chosen["deletion"], chosen["amplification"], chosen["ratio_rule"])
    settings = CnvSettings(rule, chosen["purity"], chosen["ploidy"], chosen["sex"], work.config.build)
    done = copy_number_of_file(own / f"{work.sample}.cnn", read_reference(reference), settings)
    write_outputs([done], work.folder)
    if chosen["plots"]:
        write_plots([done], work.folder, genes=chosen["plots"])


def read_mutations(work: StepWork) -> None:
    """Read the somatic mutations of one tumour from its VCF or MAF, named after the sample."""
    from her2genomics.io.maf import SAMPLE, write_maf
    from her2genomics.workflow.vcf_mutations import read_vcf_mutations

    path = work.task.inputs.get("vcf")
    if path is None:
        table = _rows_of_maf(work)
    else:
        found = read_vcf_mutations([path], _burden_settings(work))
        _only_one(found.samples, path)
        table = found.mutations
        write_table(found.counts, work.folder / "left_out.tsv")
    write_maf(table.assign(**{SAMPLE: work.sample}), work.folder / "mutations.maf")


def _rows_of_maf(work: StepWork) -> pd.DataFrame:
    """Return one sample's rows of a MAF; a sample without rows was sequenced and has no mutation."""
    from her2genomics.io.maf import SAMPLE, read_maf

    path = work.task.inputs["maf"]
    mutations = read_maf(path).mutations
    names = set(mutations[SAMPLE].dropna())
    sharing = {row.vcf_sample or row.sample_id for row in work.sheet.rows if row.maf == path}
    if names and not names & sharing:
        raise FileFormatError(
            f"no row is of a sample of the sheet (first: {sorted(names)[0]})", path=path,
            hint="name the sample as the MAF does in column vcf_sample",
        )  # fmt: skip
    name = work.row.vcf_sample or work.sample
    if name not in names:
        message = f"{Path(path).name}: no row of sample {name}: taken as sequenced, without a mutation"
        warnings.warn(DataWarning(message), stacklevel=2)
    return mutations[mutations[SAMPLE] == name].reset_index(drop=True)


def _burden_settings(work: StepWork) -> Any:
    from her2genomics.panel import DEFAULT_PANEL, EXOME
    from her2genomics.workflow.tmb_settings import settings_from

    chosen = work.parameters
    panel = work.config.panel
    return settings_from(
        preset=chosen["preset"],
        min_vaf=None if chosen["no_vaf_filter"] else chosen["min_vaf"],
        no_vaf_filter=chosen["no_vaf_filter"],
        panel=DEFAULT_PANEL if panel == EXOME else panel,
        build=work.config.build,
        tumor_sample=_tumour_column(work),
    )


def _tumour_column(work: StepWork) -> tuple[str, ...]:
    """Return the tumour's column of a VCF where the sheet says it, or the sample's name is one; else it is found."""
    from her2genomics.io.vcf_header import read_header
    from her2genomics.io.vcf_source import open_source

    path = work.task.inputs.get("vcf")
    if work.row.vcf_sample is not None:
        return (work.row.vcf_sample,)
    if path is None:
        return ()
    with open_source(path) as source:
        header = read_header(enumerate(source.lines(), start=1), path)
    return (work.sample,) if work.sample in header.samples else ()


def _only_one(names: Any, path: str) -> None:
    if len(names) != 1:
        raise AmbiguousInputError(
            f"holds {len(names)} tumours ({', '.join(list(names)[:5])})", path=path,
            hint="name the one of this sample in column vcf_sample",
        )  # fmt: skip


def compute_burden(work: StepWork) -> None:
    """Compute the tumour mutational burden of one tumour, named after the sample."""
    from her2genomics import schema
    from her2genomics.workflow.tmb_files import SOURCE_COLUMNS, source_rows, tmb_of_file

    settings = _burden_settings(work)
    path = work.task.inputs.get("vcf")
    if path is None:
        path = str(work.results[f"{MUTATIONS}/{work.sample}"] / "mutations.maf")
        settings = replace(settings, tumor_sample=(), samples=(work.sample,))
    settings = replace(settings, fasta=work.task.inputs.get("fasta"))
    own = work.of_step(COVERAGE).get(work.sample)
    if work.parameters["callable"] and own is not None:
        settings = replace(settings, callable_path=str(own / "callable.bed"))
    outcome = tmb_of_file(path, settings)
    for message in outcome.messages:
        warnings.warn(DataWarning(message), stacklevel=2)
    if outcome.error is not None:
        raise outcome.error
    assert outcome.result is not None
    _only_one([row["sample_id"] for row in outcome.result.rows], path)
    rows, counts = (
        [{**row, "sample_id": work.sample} for row in part] for part in (outcome.result.rows, outcome.result.count_rows)
    )
    write_rows(rows, schema.TMB.dtypes, work.folder / "tmb.tsv")
    write_rows(counts, schema.FILTER_COUNTS.dtypes, work.folder / "filter_counts.tsv")
    sources = [{**row, "file": Path(path).name} for row in source_rows([outcome])]
    write_rows(sources, SOURCE_COLUMNS, work.folder / "sources.tsv")


def join_cohort(work: StepWork) -> None:
    """Join the clinical columns of the tumours with all mutations, copy numbers and burdens that worked."""
    from her2genomics.io.maf import read_maf, write_maf
    from her2genomics.workflow.inputs import StudyFiles, StudySettings, load_study, write_study

    out, chosen = work.folder, work.parameters
    clinical = out / "clinical.tsv"
    write_table(work.sheet.clinical(), clinical)
    files: dict[str, Any] = {"clinical": clinical, "include": work.task.inputs.get("include")}
    if mutations := work.of_step(MUTATIONS):
        table = pd.concat([read_maf(f / "mutations.maf").mutations for f in mutations.values()], ignore_index=True)
        write_maf(table, out / "mutations.maf")
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


def _cohort(work: StepWork) -> Any:
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

    chosen = work.parameters
    result = compare_groups(
        _cohort(work),
        group=chosen["group"],
        min_frequency=chosen["min_frequency"],
        adjust=_covariates(chosen["adjust"]),
        level=chosen["level"],
        seed=chosen["seed"],
        pathways=PathwaySettings(panel=panel_knowledge(work.config.panel)),
    )
    write_table(result.association, work.folder / "association.tsv")
    write_table(result.contingency, work.folder / "contingency.tsv")


def _covariates(chosen: str | list[str]) -> str | list[str] | None:
    if isinstance(chosen, str):
        return None if chosen == "none" else chosen if chosen == "auto" else [chosen]
    return chosen or None


def compare_altered_pathways(work: StepWork) -> None:
    """Compare altered pathways between the groups."""
    from her2genomics.comparison.pathways import PathwaySettings
    from her2genomics.panel import panel_knowledge
    from her2genomics.pathway_comparison import compare_pathways

    chosen = work.parameters
    settings = PathwaySettings(
        without=chosen["without"], min_profiled=chosen["min_profiled"], panel=panel_knowledge(work.config.panel)
    )
    result = compare_pathways(_cohort(work), settings, group=chosen["group"])
    write_table(result.association, work.folder / "association.tsv")
    write_table(result.alterations, work.folder / "pathway_alterations.tsv")
    write_table(result.coverage, work.folder / "pathway_coverage.tsv")
    write_table(result.contingency, work.folder / "contingency.tsv")


def find_clusters(work: StepWork) -> None:
    """Cluster the tumours by their altered genes."""
    from her2genomics.workflow.cluster_files import cluster_file, write_clusters

    chosen = work.parameters
    settings = _cluster_settings(chosen, chosen["seed"])
    source = work.results[COHORT] / "cohort.tsv"
    rules = {name: chosen[name] for name in ("her2_rule", "subtype_rule")}
    cohort, clusters = cluster_file(source, settings, panel=work.config.panel, **rules)
    write_clusters(cohort, clusters, settings, work.folder, source)


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
    from her2genomics.outcome.survival import SurvivalSettings
    from her2genomics.report.survival_figures import km_figure
    from her2genomics.workflow.outcome_files import survival_of_cohort, survival_question, write_result_folder

    chosen, cohort = work.parameters, _cohort(work)
    question = survival_question(
        cohort.samples, time=chosen["time"], event=chosen["event"], group=chosen["group"], specimen=chosen["specimen"]
    )
    settings = SurvivalSettings(covariates=tuple(chosen["covariates"]))
    result = survival_of_cohort(cohort, question, settings, source="cohort.tsv")
    write_figure(km_figure(result), work.folder / "km.png")
    source = work.results[COHORT] / "cohort.tsv"
    write_result_folder(result.tables(), work.folder, command="survival", parameters=dict(chosen), inputs=[source])


def analyse_response(work: StepWork) -> None:
    """Analyse response by group."""
    from her2genomics.outcome.response_result import ResponseQuestion
    from her2genomics.workflow.outcome_files import response_of_cohort, write_result_folder

    chosen = work.parameters
    question = ResponseQuestion(
        outcome=chosen["outcome"],
        definition=chosen["definition"],
        group=chosen["group"],
        specimen=chosen["specimen"],
    )
    result = response_of_cohort(_cohort(work), question, source="cohort.tsv")
    source = work.results[COHORT] / "cohort.tsv"
    write_result_folder(result.tables(), work.folder, command="response", parameters=dict(chosen), inputs=[source])


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
    how: dict[str, Any] = {"run": run, "remarks": _failures(work)}
    attrition, built = study_beside(folder / "cohort.tsv")
    write_report(cohort, work.folder / "report.html", settings, attrition=attrition, built=built, **how)


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
    said = [f"{step} of {sample} failed, and is missing here: {s.reason}" for (step, _, sample), s in parts]
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
