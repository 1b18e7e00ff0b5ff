"""``her2g table1``: the clinicopathological table by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from her2genomics.cli.options import INPUT_FILE, OUTPUT_FILE, examples, her2_options, panel_option, split_list

if TYPE_CHECKING:
    from her2genomics.her2 import Her2Rule
    from her2genomics.receptors import SubtypeRule
    from her2genomics.table1.cells import NumberStyle


@click.command(
    epilog=examples(
        "her2g table1 cohort.tsv | column -t -s $'\\t'",
        "her2g table1 cohort.tsv --out table1.docx --out table1.html",
        "her2g table1 cohort.tsv --numbers mean-sd --pairwise --min-cell 5 --format markdown",
        "her2g table1 cohort.tsv --group hr_status --variables age,grade,stage,ki67_pct",
    )
)
@click.argument("cohort", type=INPUT_FILE)
@click.option("--group", default="her2_group", show_default=True, help="Column that makes the groups.")
@click.option("--variables", default=None, help="Comma list of columns in their order, or all.  [default: known ones]")
@click.option(
    "--numbers",
    type=click.Choice(["median-iqr", "median-range", "mean-sd"]),
    default="median-iqr",
    show_default=True,
    help="How a measurement is summarised.",
)
@click.option("--unknown-as-category", is_flag=True, help="Missing values as a level, in percentages and test.")
@click.option("--pairwise", is_flag=True, help="Standardised differences of all pairs of groups.")
@click.option("--min-cell", type=click.IntRange(min=0), default=0, help="Hide counts below this (5 prints <5).")
@click.option("--genes", default=None, help="Comma list of columns to take as genes.")
@click.option("--clinical-columns", default=None, help="Comma list of columns to take as clinical.")
@click.option("--values", type=OUTPUT_FILE, help="Also write the numbers before rounding.")
@click.option("--tests", type=OUTPUT_FILE, help="Also write tests and standardised differences.")
@her2_options
@panel_option
@click.option(
    "-o",
    "--out",
    "outputs",
    type=OUTPUT_FILE,
    multiple=True,
    help="Output by ending: .tsv, .csv, .md, .html, .docx; repeatable.  [default: standard output]",
)
@click.option(
    "--format",
    "fmt",
    type=click.Choice(["tsv", "csv", "markdown", "html", "docx"]),
    default=None,
    help="Format.  [default: by the ending of --out, else tsv]",
)
def table1(
    cohort: str,
    group: str,
    variables: str | None,
    numbers: NumberStyle,
    unknown_as_category: bool,
    pairwise: bool,
    min_cell: int,
    genes: str | None,
    clinical_columns: str | None,
    values: str | None,
    tests: str | None,
    her2_rule: Her2Rule,
    subtype_rule: SubtypeRule,
    panel: str,
    outputs: tuple[str, ...],
    fmt: str | None,
) -> None:
    """Print the clinicopathological table ("Table 1") by HER2 group, as journals want it.

    Categories as n (%) of the known, measurements as median [IQR], what is missing, the p of an exact or rank test over
    all groups, and the largest standardised difference. Footnotes say what the numbers are.
    """
    if min_cell and (values or tests):
        raise click.UsageError("--values and --tests write what --min-cell hides; use one or the other")
    from her2genomics.io.write import write_table
    from her2genomics.table1.build import make_table1
    from her2genomics.workflow.inputs import load_cohort
    from her2genomics.workflow.table1_files import write_table1

    loaded = load_cohort(
        cohort,
        genes=split_list(genes),
        clinical_columns=split_list(clinical_columns),
        group=group,
        her2_rule=her2_rule,
        subtype_rule=subtype_rule,
        panel=panel,
    )
    table = make_table1(
        loaded,
        group=group,
        variables=split_list(variables),
        numbers=numbers,
        unknown_as_category=unknown_as_category,
        pairwise=pairwise,
        min_cell=min_cell,
    )
    for out in outputs or (None,):
        write_table1(table, out, fmt)
    for file, content in ((values, table.values), (tests, table.tests)):
        if file is not None:
            write_table(content, file)
    for line in (*table.footnotes, *table.notes):
        click.echo(f"her2g: {line}", err=True)
