"""``her2g flow``: who was left out of a cohort at which step, as a figure."""

from __future__ import annotations

import click

from her2genomics.cli.options import INPUT_FILE, OUTPUT_FILE, examples


@click.command(
    epilog=examples(
        "her2g cohort build --clinical clinical.tsv --maf mutations.maf --panel exome --out study/",
        "her2g flow study/attrition.tsv --cohort study/cohort.tsv --out flow.svg",
    )
)
@click.argument("attrition", type=INPUT_FILE)
@click.option("--cohort", type=INPUT_FILE, help="The cohort that remains: its HER2 groups close the figure.")
@click.option("-o", "--out", type=OUTPUT_FILE, required=True, help="Figure: svg, pdf or png.")
def flow(attrition: str, cohort: str | None, out: str) -> None:
    """Draw the flow diagram of inclusion (STROBE, REMARK) from a cohort's ATTRITION table."""
    from her2genomics.io.figures import figure_format, write_figure
    from her2genomics.io.tables import read_table
    from her2genomics.report.flow import draw_flow
    from her2genomics.workflow.inputs import load_cohort

    figure_format(out)
    table = read_table(attrition)
    remains = None if cohort is None else load_cohort(cohort, only_genes=[])
    write_figure(draw_flow(table, remains), out)
