"""``her2g verify``: whether results and inputs are still those of the manifest."""

from __future__ import annotations

import click

from her2genomics.cli.options import examples, output_options


@click.command(
    epilog=examples(
        "her2g verify results/",
        "her2g verify results/ --inputs /archive/study --all --out check.tsv",
    )
)
@click.argument("results", type=click.Path(file_okay=False))
@click.option("--inputs", type=click.Path(file_okay=False, exists=True), default=None,
              help="Folder that holds the inputs now.  [default: where they were]")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="List the files that are the same as well.")
@output_options
def verify(results: str, inputs: str | None, everything: bool, out: str | None, fmt: str | None) -> None:
    """Recompute the checksums of a RESULTS folder's manifest.json and list what differs.

    Outputs are the same, changed, missing or new; inputs and the panel the same, changed, or not there (not found, so
    not checked). Exit code 1 if anything is changed, missing or new.
    """
    from her2genomics import schema
    from her2genomics.io.write import write_rows
    from her2genomics.manifest_check import DIFFERENCES, check_results, summarise

    rows = list(check_results(results, inputs))
    shown = rows if everything else [row for row in rows if row["status"] != "same"]
    write_rows(shown, schema.MANIFEST_CHECK.dtypes, out, fmt)
    click.echo(f"her2g: {results}: {summarise(rows)}", err=True)
    if any(row["status"] in DIFFERENCES for row in rows):
        raise click.exceptions.Exit(1)
