"""``her2g classify``: HER2 groups, hormone-receptor status and surrogate subtype of a clinical table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from her2genomics.cli.options import INPUT_FILE, examples, her2_options, output_options

if TYPE_CHECKING:
    from her2genomics.her2 import Her2Rule
    from her2genomics.receptors import SubtypeRule


@click.command(
    epilog=examples(
        "her2g classify clinical.tsv",
        "her2g classify clinical.tsv --her2-rule zhang2022 --out status.tsv",
        "her2g classify clinical.tsv --differences",
    )
)
@click.argument("clinical", type=INPUT_FILE)
@her2_options
@click.option("--differences", is_flag=True, help="Only the samples on which the two HER2 rules differ.")
@output_options
def classify(
    clinical: str, her2_rule: Her2Rule, subtype_rule: SubtypeRule, differences: bool, out: str | None, fmt: str | None
) -> None:
    """Derive HER2-zero / HER2-low / HER2-positive, HR status and subtype, each with its reason.

    CLINICAL is a TSV or CSV with one row per sample; IHC and ISH columns are found by name (see: her2g check CLINICAL).
    HER2-low and HER2-ultralow are therapeutic tiers, not ASCO/CAP result categories.

    A value that cannot be (IHC 4+, a negative ratio) leaves its row without a group; the others are written, and the
    exit code is 1.
    """
    from her2genomics.classify import classify_table
    from her2genomics.her2 import compare_rules
    from her2genomics.io.clinical import read_clinical
    from her2genomics.io.write import write_table

    table = read_clinical(clinical).table
    if differences:
        write_table(compare_rules(table), out, fmt)
        return
    result = classify_table(table, her2_rule=her2_rule, subtype_rule=subtype_rule, source=clinical)
    write_table(result.status, out, fmt)
    for line in result.summary():
        click.echo(f"her2g: {line}", err=True)
    if len(result.invalid):
        raise click.exceptions.Exit(1)
