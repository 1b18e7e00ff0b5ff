"""``her2g cohort``: join a study's files into one cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from her2genomics.cli.options import examples
from her2genomics.cli.study_options import study_options

if TYPE_CHECKING:
    from her2genomics.workflow.inputs import StudyFiles, StudySettings


@click.group(
    epilog=examples("her2g cohort build --clinical clinical.tsv --maf mutations.maf --panel exome --out study/")
)
def cohort() -> None:
    """Make cohorts."""


@cohort.command(
    epilog=examples(
        "her2g cohort build --clinical clinical.tsv --maf mutations.maf --seg segments.seg --panel exome --out study/",
        "her2g cohort build --clinical clinical.tsv --alterations alterations.tsv --min-vaf 0.02 --out study/",
        "her2g cohort build --clinical clinical.tsv --vcf calls/ --sv 'sv/*.vcf.gz' --out study/",
        "her2g cohort build --cbioportal brca_study/ --out study/",
        "her2g compare study/cohort.tsv",
        "her2g cohort build --clinical clinical.tsv --maf mutations.maf --format parquet --out study/",
    )
)
@study_options
@click.option("-o", "--out", type=click.Path(file_okay=False), required=True, help="Folder for the cohort.")
@click.option(
    "--format",
    "fmt",
    type=click.Choice(["tsv", "csv", "parquet"]),
    default="tsv",
    show_default=True,
    help="Format of the tables.",
)
def build(study: StudyFiles, settings: StudySettings, out: str, fmt: str) -> None:
    """Join clinical, mutations, copy number, fusions, burden and follow-up into OUT/cohort.tsv.

    OUT also holds the long alterations table, what was dropped and why (attrition.tsv), and the manifest. For an exome
    say --panel exome. A MAF does not list who was sequenced (VCFs do): name the samples with --profiled, a panel_id
    column or --gene-panel-matrix, or samples without a mutation are taken as not profiled.
    """
    from her2genomics.workflow.inputs import load_study, write_study

    cohort = load_study(study, settings)
    written = write_study(cohort, out, study, settings, fmt=fmt)
    for line in cohort.summary():
        click.echo(line, err=True)
    click.echo("\n".join(str(path) for path in written))
