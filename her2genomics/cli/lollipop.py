"""``her2g lollipop``: where along its protein a gene is mutated, as a figure."""

from __future__ import annotations

from typing import Any

import click

from her2genomics.cli.cohort_options import cohort_options, comma_list, read_cohort
from her2genomics.cli.options import OUTPUT_FILE, examples


@click.command(
    epilog=examples(
        "her2g lollipop cohort.tsv --gene TP53 --out tp53.svg",
        "her2g lollipop cohort.tsv --gene PIK3CA --groups zero,low --out pik3ca.pdf",
    )
)
@cohort_options
@click.option("--gene", required=True, help="Gene to draw.")
@click.option("--groups", default=None, help="One or two groups of --group, back to back.  [default: all tumours]")
@click.option("-o", "--out", type=OUTPUT_FILE, required=True, help="Figure: svg, pdf or png.")
def lollipop(cohort: str, gene: str, groups: str | None, out: str, **options: Any) -> None:
    """Draw the residues at which a gene is mutated, with the protein's domains, for one group or two back to back.

    COHORT is one table, one row per sample, with protein changes (H1047R) in its gene columns, or --alterations, --maf.
    """
    from her2genomics.io.figures import figure_format, write_figure
    from her2genomics.panel import panel_knowledge
    from her2genomics.protein_positions import ExonMap
    from her2genomics.report.lollipop import draw_lollipop

    figure_format(out)
    panel = panel_knowledge(options["panel"])
    old = panel.alias_map()
    symbol = old.get(gene, gene)
    table = read_cohort(cohort, options, only_genes={gene, symbol, *(o for o, new in old.items() if new == symbol)})
    name = symbol if symbol in table.genes else gene
    length = ExonMap(panel).protein_length(name)
    figure = draw_lollipop(table, name, comma_list(groups), group=options["group"], length=length)
    write_figure(figure, out, dpi=300)
