"""``her2g exclusivity``: pairs of events that exclude each other or occur together."""

from __future__ import annotations

from typing import Any

import click

from her2genomics.cli.cohort_options import adjust_option, cohort_options, comma_list, read_cohort
from her2genomics.cli.options import OUTPUT_FILE, examples, output_options


@click.command(
    epilog=examples(
        "her2g exclusivity cohort.tsv",
        "her2g exclusivity cohort.tsv --events TP53,PIK3CA,GATA3,CDH1 --out pairs.tsv",
        "her2g exclusivity cohort.tsv --most 25 --plot pairs.svg --out pairs.tsv",
    )
)
@cohort_options
@click.option("--events", default=None, help="Comma list of genes to pair.  [default: the most frequent]")
@click.option(
    "--min-frequency", type=click.FloatRange(0, 1), default=0.05, show_default=True, help="Least pooled share altered."
)
@click.option("--most", type=click.IntRange(min=2), default=40, show_default=True, help="Largest number of events.")
@click.option(
    "--adjust",
    default=None,
    help="Comma list of categories that the background tells apart, or none.  [default: hr_status, if there]",
)
@click.option("--plot", type=OUTPUT_FILE, help="Draw the pairs of all groups together (svg, png, pdf).")
@output_options
def exclusivity(cohort: str, out: str | None, fmt: str | None, **options: Any) -> None:
    """Test pairs of altered genes for mutual exclusivity and co-occurrence, given each tumour's burden.

    COHORT is one table, one row per sample, as for her2g compare. Genes of one amplicon are one event. Fisher's p is
    for comparison only: where burdens differ it finds co-occurrence everywhere.
    """
    from her2genomics.cohort import COUNTED_CLASSES
    from her2genomics.exclusivity import find_pairs
    from her2genomics.io.figures import figure_format, write_figure
    from her2genomics.io.write import write_table
    from her2genomics.panel import panel_knowledge

    if options["plot"] is not None:
        figure_format(options["plot"])
    pairs = find_pairs(
        read_cohort(cohort, options),
        group=options["group"],
        classes=comma_list(options["classes"]) or COUNTED_CLASSES,
        adjust=adjust_option(options["adjust"]),
        events=comma_list(options["events"]),
        min_frequency=options["min_frequency"],
        most=options["most"],
        panel=panel_knowledge(options["panel"]),
    )
    write_table(pairs, out, fmt)
    if options["plot"] is not None:
        from her2genomics.report.pathway_figures import exclusivity_map

        write_figure(exclusivity_map(pairs), options["plot"])
    for stratum, rows in pairs.groupby("stratum", sort=False):
        done = rows[rows["p_value"].notna()]
        found = int((done["q_value"] < 0.05).sum())
        click.echo(f"{stratum}: {len(done)} of {len(rows)} pairs tested, {found} with q < 0.05", err=True)
        for row in done.head(5).to_dict("records"):
            counts = f"both {row['n_both']}, expected {row['expected']:.1f}"
            text = f"  {row['event_a']} + {row['event_b']}: {row['direction']}, {counts}, p {row['p_value']:.2g}"
            click.echo(f"{text}, q {row['q_value']:.2g} (Fisher {row['fisher_p']:.2g})", err=True)
