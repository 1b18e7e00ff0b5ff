"""``her2g audit``: printed results, recomputed."""

from __future__ import annotations

import click

from her2genomics.cli.options import INPUT_FILE, examples, output_options


@click.command(
    epilog=examples(
        "her2g audit tables.tsv --out audit.tsv",
        "her2g audit tables.tsv 2>/dev/null | cut -f 1,7,8,10",
    )
)
@click.argument("tables", type=INPUT_FILE)
@output_options
def audit(tables: str, out: str | None, fmt: str | None) -> None:
    """Recompute what a paper printed: which test gives the p-value, and whether it holds.

    TABLES has one row per printed result: id, study, kind, comparison, table_json, test, printed_p (docs/audit.md).
    Kinds are tables of counts, means with deviations, ratios with intervals, AUCs, confusion matrices, rank
    statistics, percentages and more. The verdict is about the test that the row names; a row that cannot be read is
    "not evaluable", the others are still done, and the exit code is 1.
    """
    from her2genomics.audit.rows import audit_tables
    from her2genomics.io.tables import read_table
    from her2genomics.io.write import write_table

    result = audit_tables(read_table(tables, comment=None))
    write_table(result.rows, out, fmt)
    for line in result.summary():
        click.echo(f"her2g: {line}", err=True)
    if result.n_not_evaluable:
        raise click.exceptions.Exit(1)
