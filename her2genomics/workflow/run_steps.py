"""The steps of a run: each reads files, makes one call of the library, and writes one folder.

Here are those of single samples, and the reference; `run_study_steps` has those of the study.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from her2genomics.exceptions import AmbiguousInputError, DataWarning, FileFormatError
from her2genomics.io.write import write_rows, write_table
from her2genomics.workflow.run_config import RunConfig
from her2genomics.workflow.run_sheet import RunSheet, SheetRow
from her2genomics.workflow.run_task import Status, Task

COVERAGE, REFERENCE, CNV, MUTATIONS, TMB, COHORT = "coverage", "reference", "cnv", "mutations", "tmb", "cohort"
COMPARE, PATHWAYS, CLUSTER, SURVIVAL, RESPONSE = "compare", "pathways", "cluster", "survival", "response"
REFERENCE_FILE = "reference.cnn"


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
    from her2genomics.workflow.coverage_files import CoverageSettings, coverage_of_file

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
    result = coverage_of_file(bam, settings) if reference is None else _coverage_over(reference, bam, settings)
    write_cnn(result.coverage, work.folder / f"{work.sample}.cnn")
    write_table(result.qc, work.folder / "sample_qc.tsv")
    if result.callable_bed is not None:
        write_table(result.callable_bed, work.folder / "callable.bed", "tsv", header=False)


def _coverage_over(reference: str, bam: str, settings: Any) -> Any:
    """Return the coverage of the bins of a reference."""
    from her2genomics.ratios import BIN_KEY
    from her2genomics.workflow.copy_number import read_reference
    from her2genomics.workflow.coverage_files import coverage_over

    _require_build(bam, settings)
    bins = read_reference(reference).bins[BIN_KEY].drop_duplicates().reset_index(drop=True)
    return coverage_over(bam, bins, settings)


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
