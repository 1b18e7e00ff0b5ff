"""``her2g pathways``: altered pathways between HER2 groups."""

from __future__ import annotations

from typing import Any

import click

from her2genomics.cli.cohort_options import adjust_option, cohort_options, comma_list, read_cohort
from her2genomics.cli.options import INPUT_FILE, OUTPUT_FILE, examples, output_options


@click.command(
    epilog=examples(
        "her2g pathways cohort.tsv",
        "her2g pathways cohort.tsv --contrast zero-low --samples per_sample.tsv",
        "her2g pathways cohort.tsv --plot pathways.svg --out pathways.tsv",
        "her2g pathways cohort.tsv --source WikiPathways_WP4172 --source Wood_HR",
        "her2g pathways cohort.tsv --gmt hallmarks.gmt --without TP53,PIK3CA,ERBB2 --out pathways.tsv",
    )
)
@cohort_options
@click.option("--gmt", type=INPUT_FILE, help="Gene sets to use instead of the panel's eleven pathways.")
@click.option(
    "--source", "sources", multiple=True, help="Use this source of a pathway, not its default; or all.  Repeatable."
)
@click.option(
    "--without", default="TP53,PIK3CA", show_default=True, help="Hub genes to compare each pathway without; or none."
)
@click.option(
    "--min-profiled",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.8,
    show_default=True,
    help="Least share of a pathway's covered genes that a sample needs profiled to count as not altered.",
)
@click.option("--contrast", "contrasts", multiple=True, help="Only this contrast (zero-low, overall ...); repeatable.")
@click.option(
    "--adjust",
    default=None,
    help="Comma list of covariates to hold fixed in the adjusted columns, or none.  [default: hr_status, if there]",
)
@click.option("--samples", type=OUTPUT_FILE, help="Also write each pathway in each sample.")
@click.option("--coverage", type=OUTPUT_FILE, help="Also write how much of each pathway the assays cover.")
@click.option("--counts", type=OUTPUT_FILE, help="Also write the counts behind the tests.")
@click.option(
    "--plot",
    type=OUTPUT_FILE,
    help="Draw shares by group, odds ratios and q by contrast, and coverage (svg, png, pdf).",
)
@click.option(
    "--top", type=click.IntRange(min=0), default=8, show_default=True, help="Rows per contrast in the summary."
)
@output_options
def pathways(cohort: str, out: str | None, fmt: str | None, **options: Any) -> None:
    """Compare altered pathways between HER2-zero, HER2-low and HER2-positive tumours.

    COHORT is one table, one row per sample, as for her2g compare. A pathway is altered when one of its profiled genes
    is, not altered when enough of its genes was profiled and none is, else not profiled. Beside Fisher's test stand the
    test within strata of --adjust, and the one among tumours of equal burden; both again without the hub genes.
    """
    from her2genomics.cohort import COUNTED_CLASSES
    from her2genomics.comparison.pathways import PathwaySettings
    from her2genomics.io.figures import figure_format, write_figure
    from her2genomics.io.gmt import read_gmt
    from her2genomics.io.write import write_table
    from her2genomics.panel import panel_knowledge
    from her2genomics.pathway_comparison import compare_pathways

    if options["plot"] is not None:
        figure_format(options["plot"])
    panel = panel_knowledge(options["panel"])
    settings = PathwaySettings(
        table=None if options["gmt"] is None else read_gmt(options["gmt"]),
        sources=options["sources"],
        without=[] if options["without"] == "none" else comma_list(options["without"]) or [],
        min_profiled=options["min_profiled"],
        panel=panel,
    )
    result = compare_pathways(
        read_cohort(cohort, options),
        settings,
        group=options["group"],
        contrasts=options["contrasts"] or None,
        classes=comma_list(options["classes"]) or COUNTED_CLASSES,
        adjust=adjust_option(options["adjust"]),
    )
    write_table(result.association, out, fmt)
    for table, path in (
        (result.alterations, options["samples"]),
        (result.coverage, options["coverage"]),
        (result.contingency, options["counts"]),
    ):
        if path is not None:
            write_table(table, path)
    if options["plot"] is not None:
        from her2genomics.report.pathway_dots import pathway_dots

        figure = pathway_dots(result.association, result.contingency, result.coverage, result.groups)
        write_figure(figure, options["plot"])
    for line in result.summary(options["top"]):
        click.echo(line, err=True)
