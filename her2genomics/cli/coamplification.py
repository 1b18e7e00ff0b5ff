"""``her2g coamplification``: which amplicon genes are amplified together, as a figure."""

from __future__ import annotations

from typing import Any

import click

from her2genomics.cli.cohort_options import cohort_options, read_cohort
from her2genomics.cli.options import OUTPUT_FILE, examples


@click.command(epilog=examples("her2g coamplification cohort.tsv --out coamplification.svg"))
@cohort_options
@click.option("-o", "--out", type=OUTPUT_FILE, required=True, help="Figure: svg, pdf or png.")
def coamplification(cohort: str, out: str, **options: Any) -> None:
    """Draw how often the genes of 17q12-21, 11q13, 8p12 and 8q24 are amplified in the same tumours.

    COHORT is one table, one row per sample, as for her2g compare.
    """
    from her2genomics.comparison.events import amplicon_genes
    from her2genomics.io.figures import figure_format, write_figure
    from her2genomics.panel import panel_knowledge
    from her2genomics.report.coamplification import coamplification, draw_coamplification

    figure_format(out)
    panel = panel_knowledge(options["panel"])
    genes = set(amplicon_genes(panel))
    old = {name for name, current in panel.alias_map().items() if current in genes}
    table = read_cohort(cohort, options, only_genes=genes | old)
    write_figure(draw_coamplification(coamplification(table, panel)), out, dpi=300)
