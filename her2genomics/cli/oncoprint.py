"""``her2g oncoprint``: genes x samples of a cohort as a figure."""

from __future__ import annotations

from typing import Any

import click

from her2genomics.cli.cohort_options import cohort_options, comma_list, read_cohort
from her2genomics.cli.options import OUTPUT_FILE, examples


@click.command(
    epilog=examples(
        "her2g oncoprint cohort.tsv --out oncoprint.svg",
        "her2g oncoprint cohort.tsv --genes TP53,PIK3CA,ERBB2 --tracks hr_status,grade,tmb --out oncoprint.pdf",
        "her2g oncoprint cohort.tsv --top 40 --split none --classes amplification,deep_deletion --out oncoprint.png",
    )
)
@cohort_options
@click.option(
    "--top", type=click.IntRange(1, 500), default=25, show_default=True, help="How many genes, where none are named."
)
@click.option(
    "--tracks",
    default=None,
    help="Comma list of columns above the genes, or none.  [default: HER2 group, HR, subtype, cluster, TMB]",
)
@click.option("--split", default=None, help="Column that makes the blocks, or none.  [default: --group]")
@click.option(
    "--width", type=click.FloatRange(85, 400), default=174, show_default=True, help="Width of the figure [mm]."
)
@click.option("-o", "--out", type=OUTPUT_FILE, required=True, help="Figure: svg, pdf or png.")
def oncoprint(cohort: str, out: str, **options: Any) -> None:
    """Draw what is altered in which tumour, with frequencies of the profiled tumours per HER2 group.

    COHORT is one table, one row per sample, as for her2g compare. --genes names the rows from the top; without it the
    most frequent genes are taken from those of --panel (of an exome from all with --panel exome).
    """
    from her2genomics.cohort import COUNTED_CLASSES
    from her2genomics.io.figures import figure_format, write_figure
    from her2genomics.panel import EXOME, panel_knowledge
    from her2genomics.report.oncoprint import oncoprint_figure
    from her2genomics.report.oncoprint_data import prepare_oncoprint
    from her2genomics.workflow.inputs import columns_of_genes

    figure_format(out)
    panel = panel_knowledge(options["panel"])
    named, old = comma_list(options["genes"]), panel.alias_map()
    every = named is None and options["panel"] == EXOME
    table = read_cohort(cohort, _reading(options), only_genes=None if every else columns_of_genes(named, panel))
    split = _none(options["split"] or (options["group"] if options["group"] in table.samples else "none"))
    data = prepare_oncoprint(
        table,
        None if named is None else [old.get(gene, gene) if gene not in table.genes else gene for gene in named],
        top=options["top"],
        among=None if options["panel"] == EXOME else [gene for gene in table.genes if panel.has_gene(gene)],
        classes=comma_list(options["classes"]) or COUNTED_CLASSES,
        split=split,
    )
    tracks = [] if options["tracks"] == "none" else comma_list(options["tracks"])
    write_figure(oncoprint_figure(data, tracks, split=split, width=options["width"] / 25.4), out, dpi=300)
    for line in data.notes:
        click.echo(line, err=True)
    if data.n_left_out:
        click.echo(f"{data.n_left_out} samples in which none of the genes was profiled are not drawn", err=True)


def _reading(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of reading: genes are columns only where the table itself holds them."""
    beside = options["maf"] or options["alterations"]
    return options | ({"genes": None} if beside else {})


def _none(name: str) -> str | None:
    return None if name == "none" else name
