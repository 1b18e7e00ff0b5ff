"""The files and settings of a study as options, shared by the commands that join one."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from her2genomics.cli.options import INPUT_FILE, Command, her2_options, panel_option

if TYPE_CHECKING:
    from her2genomics.workflow.inputs import StudyFiles, StudySettings

_OPTIONS: tuple[Any, ...] = (
    click.option("--clinical", type=INPUT_FILE, help="Clinical table (TSV, CSV, TCGA biotab, cBioPortal)."),
    click.option(
        "--cbioportal",
        type=click.Path(file_okay=False),
        help="cBioPortal study folder in place of single files; files named beside it go before its own.",
    ),
    click.option("--maf", type=INPUT_FILE, help="Mutations as MAF."),
    click.option(
        "--vcf",
        multiple=True,
        metavar="PATH",
        help="Annotated VCFs: a file, a folder, or a quoted pattern; repeatable. Samples are the tumour columns.",
    ),
    click.option("--alterations", type=INPUT_FILE, help="Long alterations table."),
    click.option(
        "--sv",
        "structural",
        multiple=True,
        metavar="PATH",
        help="Structural variants: cBioPortal data_sv, or VCFs (DELLY, Manta, GRIDSS); repeatable.",
    ),
    click.option("--seg", type=INPUT_FILE, help="Copy-number segments (SEG)."),
    click.option("--cna", type=INPUT_FILE, help="Gene copy number (long, or cBioPortal discrete)."),
    click.option("--tmb", type=INPUT_FILE, help="TMB table, as made by: her2g tmb."),
    click.option("--followup", type=INPUT_FILE, help="Follow-up per patient."),
    click.option("--profiled", type=INPUT_FILE, help="The samples that were sequenced, one per line."),
    click.option("--gene-panel-matrix", type=INPUT_FILE, help="Which panel profiled which sample (cBioPortal)."),
    click.option("--include", type=INPUT_FILE, help="Inclusion rules (TOML)."),
    panel_option,
    click.option("--build", default="hg19", show_default=True, help="Build of the segments: hg19 or hg38."),
    click.option(
        "--specimen",
        type=click.Choice(["primary", "latest", "highest", "all"]),
        default="primary",
        show_default=True,
        help="Which sample of a patient with several.",
    ),
    click.option(
        "--min-vaf", type=click.FloatRange(0, 1), help="Drop mutations of a long table or of VCFs below this fraction."
    ),
    click.option(
        "--vcf-preset",
        default="zhang2022-tissue",
        show_default=True,
        help="Burden rule whose FILTER, allele-fraction and germline filters apply to --vcf.",
    ),
    click.option("--no-vaf-filter", is_flag=True, help="Take the VCFs' mutations whatever their allele fraction."),
    click.option("--keep-germline", is_flag=True, help="Keep rows of a long table that are marked germline."),
    click.option(
        "--log2-cutoffs",
        default="-1.1,-0.25,0.2,0.7",
        show_default=True,
        help="Deep deletion, loss, gain, amplification for --seg.",
    ),
    her2_options,
)


def study_options(command: Command) -> Command:
    """Add every option of a study; the command receives ``study`` and ``settings``."""

    @functools.wraps(command)
    def with_study(**given: Any) -> Any:
        study, settings = _study(given)
        return command(study=study, settings=settings, **given)

    decorated: Any = with_study
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def _study(given: dict[str, Any]) -> tuple[StudyFiles, StudySettings]:
    """Take the options of a study out of ``given``."""
    from dataclasses import fields, replace

    from her2genomics.copynumber import parse_cut_offs
    from her2genomics.workflow.inputs import StudyFiles, StudySettings
    from her2genomics.workflow.portal import portal_study

    portal = given.pop("cbioportal")
    settings = StudySettings(
        cut_offs=parse_cut_offs(given.pop("log2_cutoffs")),
        **{f.name: given.pop(f.name) for f in fields(StudySettings) if f.name != "cut_offs"},
    )
    names = [f.name for f in fields(StudyFiles) if f.name in given]
    files = {name: value for name in names if (value := given.pop(name))}
    if portal is None:
        if "clinical" not in files:
            raise click.UsageError("Missing option '--clinical' (or --cbioportal FOLDER).")
        return StudyFiles(**files), settings
    study, settings = portal_study(portal, settings)
    return replace(study, **files), settings
