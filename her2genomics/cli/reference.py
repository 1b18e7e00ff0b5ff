"""``her2g reference``: build a panel of normals, and look at its normals."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import Any

import click

from her2genomics.cli.options import (
    INPUT_FILE,
    OUTPUT_FILE,
    build_option,
    counting_options,
    examples,
    output_options,
    progress,
)

log = logging.getLogger(__name__)


@click.group()
def reference() -> None:
    """Build and check the reference that tumours are compared with."""


@reference.command(
    "build",
    epilog=examples(
        "her2g reference build normals/*.bam --fasta hg19.fa --threads 2 --out pon.cnn",
        "her2g reference build normals/*.cnn --gc-from cnvkit_reference.cnn --out pon.cnn",
        "her2g reference build --flat targets.bed --out flat.cnn",
    ),
)
@click.argument("normals", nargs=-1, type=INPUT_FILE)
@click.option(
    "-o", "--out", type=OUTPUT_FILE, required=True, help="Reference; .normals.tsv and .null.tsv go beside it."
)
@click.option("--fasta", type=INPUT_FILE, default=None, help="Indexed genome, for the GC of the targets (and CRAM).")
@click.option(
    "--gc-from", type=INPUT_FILE, default=None, help="A .cnn with a gc column over the same targets, or none."
)
@click.option(
    "--flat", type=INPUT_FILE, default=None, help="Any .cnn or BED of the panel: a reference without normals (weak)."
)
@click.option("--keep-outliers", is_flag=True, help="Keep normals that the quality gate would leave out.")
@build_option
@counting_options
def build(normals: tuple[str, ...], out: str, **options: Any) -> None:
    """Build a reference from NORMALS: coverage (.cnn, of `her2g coverage` or CNVkit), BAM or CRAM files."""
    from her2genomics.workflow.copy_number import build_from_files, write_reference
    from her2genomics.workflow.coverage_files import CoverageSettings

    settings = CoverageSettings(
        panel=options["panel"],
        bed=options["targets"],
        build=options["build"],
        reference=options["fasta"],
        bin_bp=options["bin_size"],
    )
    with ExitStack() as stack:
        result = build_from_files(
            normals,
            gc_from=None if options["gc_from"] == "none" else options["gc_from"],
            fasta=options["fasta"],
            flat=options["flat"],
            keep_outliers=options["keep_outliers"],
            settings=settings,
            threads=options["threads"],
            watch=lambda samples: stack.enter_context(progress(samples, len(normals), "her2g reference build")),
        )
    write_reference(result, out)
    log.info("%s", result.describe())
    log.info("%s", result.describe_gc())


@reference.command(
    "check",
    epilog=examples(
        "her2g reference check pon.cnn",
        "her2g reference check pon.cnn --bins",
        "her2g reference check pon.cnn --plot reference.pdf",
    ),
)
@click.argument("path", metavar="REFERENCE", type=INPUT_FILE)
@click.option("--bins", is_flag=True, help="The masked bins with their reasons instead of the normals.")
@click.option("--plot", type=OUTPUT_FILE, default=None, help="Draw noise, waves and spread (.png, .svg or .pdf).")
@output_options
def check(path: str, bins: bool, plot: str | None, out: str | None, fmt: str | None) -> None:
    """Show the normals of a REFERENCE: noise, which were left out and why, and their genes against the others."""
    from her2genomics.io.write import write_table
    from her2genomics.workflow.copy_number import read_reference

    result = read_reference(path)
    log.info("%s", result.describe())
    if plot is not None:
        from her2genomics.io.figures import write_figure
        from her2genomics.report.copy_number_figures import plot_reference

        write_figure(plot_reference(result.normals, result.bins), plot)
    write_table(result.bins[~result.open_bins] if bins else result.normals, out, fmt)
