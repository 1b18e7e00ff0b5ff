"""``her2g export``: a study in the formats of other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from her2genomics.cli.options import INPUT_FILE, examples
from her2genomics.cli.study_options import study_options

if TYPE_CHECKING:
    from her2genomics.workflow.inputs import StudyFiles, StudySettings


@click.group(
    epilog=examples(
        "her2g export cbioportal --clinical clinical.tsv --maf mutations.maf --id my_study --out portal/",
        "her2g export multiqc --coverage S1.qc.tsv --tmb tmb.tsv --cnv results/ --her2 status.tsv --out multiqc_in/",
    )
)
def export() -> None:
    """Write a study, or the results of a run, in the formats of other tools."""


@export.command(
    epilog=examples(
        "her2g export cbioportal --clinical clinical.tsv --maf mutations.maf --seg s.seg --id brca_her2 --out portal/",
        "her2g cohort build --cbioportal portal/ --out study/",
    )
)
@study_options
@click.option("--id", "identifier", required=True, help="Study identifier: letters, digits, _ and -.")
@click.option("--name", default=None, help="Name shown in the portal.  [default: the identifier]")
@click.option("-o", "--out", type=click.Path(file_okay=False), required=True, help="Folder for the study.")
def cbioportal(study: StudyFiles, settings: StudySettings, identifier: str, name: str | None, out: str) -> None:
    """Write a cBioPortal study folder: attributes, MAF, copy number, SEG, fusions, gene panels, case lists."""
    from her2genomics.workflow.portal import export_portal_study

    cohort, written = export_portal_study(study, settings, out, identifier=identifier, name=name)
    for line in cohort.summary():
        click.echo(line, err=True)
    click.echo("\n".join(str(path) for path in written))


@export.command(
    epilog=examples(
        "her2g export maf --clinical clinical.tsv --vcf calls/ --out maftools/",
        "her2g export maf --clinical clinical.tsv --maf raw.maf --panel exome --out maftools/",
        "R: read.maf('maftools/mutations.maf', clinicalData = 'maftools/clinical.tsv')",
    )
)
@study_options
@click.option("-o", "--out", type=click.Path(file_okay=False), required=True, help="Folder for the files.")
def maf(study: StudyFiles, settings: StudySettings, out: str) -> None:
    """Write the mutations of a study's samples as a MAF, and the clinical table by Tumor_Sample_Barcode."""
    from her2genomics.workflow.maf_export import export_maf

    cohort, written = export_maf(study, settings, out)
    for line in cohort.summary():
        click.echo(line, err=True)
    click.echo("\n".join(str(path) for path in written))


@export.command(
    epilog=examples(
        "her2g coverage S1.bam --out S1.cnn --qc S1.qc.tsv",
        "her2g export multiqc --coverage S1.qc.tsv --coverage S2.qc.tsv --tmb tmb.tsv --out multiqc_in/",
        "her2g export multiqc --cnv results/ --her2 status.tsv --out multiqc_in/",
        "multiqc multiqc_in/ other_tools/",
    )
)
@click.option("--coverage", multiple=True, type=INPUT_FILE, help="Sample quality: her2g coverage --qc; repeatable.")
@click.option("--tmb", multiple=True, type=INPUT_FILE, help="TMB table: her2g tmb --out; repeatable.")
@click.option(
    "--cnv", multiple=True, type=click.Path(file_okay=False), help="Folder of: her2g cnv --folder; repeatable."
)
@click.option("--her2", type=INPUT_FILE, default=None, help="HER2 groups: her2g classify --out, or a cohort.")
@click.option("-o", "--out", type=click.Path(file_okay=False), required=True, help="Folder for the files.")
def multiqc(coverage: tuple[str, ...], tmb: tuple[str, ...], cnv: tuple[str, ...], her2: str | None, out: str) -> None:
    """Write *_mqc.json files that MultiQC shows: a section per kind of result, and columns of General Statistics."""
    from her2genomics.workflow.multiqc_files import RunResults, export_multiqc

    click.echo("\n".join(str(path) for path in export_multiqc(RunResults(coverage, tmb, cnv, her2), out)))
