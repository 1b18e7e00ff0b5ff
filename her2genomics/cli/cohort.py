"""``her2g cohort``: join a study's files into one cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from her2genomics.cli.options import INPUT_FILE, examples, her2_options, panel_option

if TYPE_CHECKING:
    from her2genomics.her2 import Her2Rule
    from her2genomics.receptors import SubtypeRule
    from her2genomics.specimens import SpecimenPolicy


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
        "her2g compare study/cohort.tsv",
    )
)
@click.option("--clinical", type=INPUT_FILE, required=True, help="Clinical table (TSV, CSV, TCGA biotab, cBioPortal).")
@click.option("--maf", type=INPUT_FILE, help="Mutations as MAF.")
@click.option(
    "--vcf",
    multiple=True,
    metavar="PATH",
    help="Annotated VCFs: a file, a folder, or a quoted pattern; repeatable. Samples are the tumour columns.",
)
@click.option("--alterations", type=INPUT_FILE, help="Long alterations table.")
@click.option(
    "--sv",
    "structural",
    multiple=True,
    metavar="PATH",
    help="Structural variants: cBioPortal data_sv, or VCFs (DELLY, Manta, GRIDSS); repeatable.",
)
@click.option("--seg", type=INPUT_FILE, help="Copy-number segments (SEG).")
@click.option("--cna", type=INPUT_FILE, help="Gene copy number (long, or cBioPortal discrete).")
@click.option("--tmb", type=INPUT_FILE, help="TMB table, as made by: her2g tmb.")
@click.option("--followup", type=INPUT_FILE, help="Follow-up per patient.")
@click.option("--profiled", type=INPUT_FILE, help="The samples that were sequenced, one per line.")
@click.option("--gene-panel-matrix", type=INPUT_FILE, help="Which panel profiled which sample (cBioPortal).")
@click.option("--include", type=INPUT_FILE, help="Inclusion rules (TOML).")
@panel_option
@click.option("--build", default="hg19", show_default=True, help="Build of the segments: hg19 or hg38.")
@click.option("--specimen", type=click.Choice(["primary", "latest", "highest", "all"]), default="primary",
              show_default=True, help="Which sample of a patient with several.")  # fmt: skip
@click.option(
    "--min-vaf", type=click.FloatRange(0, 1), help="Drop mutations of a long table or of VCFs below this fraction."
)
@click.option(
    "--vcf-preset",
    default="zhang2022-tissue",
    show_default=True,
    help="Burden rule whose FILTER, allele-fraction and germline filters apply to --vcf.",
)
@click.option("--no-vaf-filter", is_flag=True, help="Take the VCFs' mutations whatever their allele fraction.")
@click.option("--keep-germline", is_flag=True, help="Keep rows of a long table that are marked germline.")
@click.option("--log2-cutoffs", default="-1.1,-0.25,0.2,0.7", show_default=True,
              help="Deep deletion, loss, gain, amplification for --seg.")  # fmt: skip
@her2_options
@click.option("-o", "--out", type=click.Path(file_okay=False), required=True, help="Folder for the cohort.")
def build(
    out: str,
    panel: str,
    build: str,
    specimen: SpecimenPolicy,
    min_vaf: float | None,
    vcf_preset: str,
    no_vaf_filter: bool,
    vcf: tuple[str, ...],
    structural: tuple[str, ...],
    keep_germline: bool,
    log2_cutoffs: str,
    her2_rule: Her2Rule,
    subtype_rule: SubtypeRule,
    **files: str | None,
) -> None:
    """Join clinical, mutations, copy number, fusions, burden and follow-up into OUT/cohort.tsv.

    OUT also holds the long alterations table, what was dropped and why (attrition.tsv), and the manifest. For an exome
    say --panel exome. A MAF does not list who was sequenced (VCFs do): name the samples with --profiled, a panel_id
    column or --gene-panel-matrix, or samples without a mutation are taken as not profiled.
    """
    from her2genomics.copynumber import parse_cut_offs
    from her2genomics.workflow.inputs import StudyFiles, StudySettings, load_study, write_study

    study = StudyFiles(vcf=vcf, structural=structural, **files)  # type: ignore[arg-type]
    settings = StudySettings(
        panel=panel,
        build=build,
        her2_rule=her2_rule,
        subtype_rule=subtype_rule,
        specimen=specimen,
        min_vaf=min_vaf,
        vcf_preset=vcf_preset,
        no_vaf_filter=no_vaf_filter,
        keep_germline=keep_germline,
        cut_offs=parse_cut_offs(log2_cutoffs),
    )
    cohort = load_study(study, settings)
    written = write_study(cohort, out, study, settings)
    for line in cohort.summary():
        click.echo(line, err=True)
    click.echo("\n".join(str(path) for path in written))
