"""``her2g check``: what a file is taken for."""

from __future__ import annotations

import click

from her2genomics.cli.cohort_options import column_options, comma_list
from her2genomics.cli.options import INPUT_FILE, examples, output_options


@click.command(epilog=examples("her2g check cohort.tsv", "her2g check m.maf.gz", "her2g check x.txt --as clinical"))
@click.argument("file", type=INPUT_FILE)
@click.option(
    "--as",
    "kind",
    type=click.Choice(["clinical", "cohort", "maf", "seg", "cna", "alterations", "sv", "vcf"]),
    default=None,
    help="Kind of file.  [default: told by its content]",
)
@column_options
@output_options
def check(
    file: str, kind: str | None, genes: str | None, clinical_columns: str | None, out: str | None, fmt: str | None
) -> None:
    """Say what was recognised, mapped and would be dropped, without running anything."""
    from her2genomics.io.write import write_table
    from her2genomics.workflow.check_file import check_file

    result = check_file(file, kind, genes=comma_list(genes), clinical_columns=comma_list(clinical_columns))
    click.echo(f"her2g: {file}: taken as {result.kind}", err=True)
    for line in result.summary:
        click.echo(f"her2g:   {line}", err=True)
    write_table(result.items, out, fmt)
