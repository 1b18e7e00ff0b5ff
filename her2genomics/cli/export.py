"""``her2g export``: a study in the formats of other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from her2genomics.cli.options import examples
from her2genomics.cli.study_options import study_options

if TYPE_CHECKING:
    from her2genomics.workflow.inputs import StudyFiles, StudySettings


@click.group(
    epilog=examples("her2g export cbioportal --clinical clinical.tsv --maf mutations.maf --id my_study --out portal/")
)
def export() -> None:
    """Write a study in the formats of other tools."""


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
