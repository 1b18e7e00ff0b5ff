"""``her2g reference``: build a panel of normals, and look at its normals."""

from __future__ import annotations

import logging

import click

from her2genomics.cli.options import INPUT_FILE, OUTPUT_FILE, examples, output_options

log = logging.getLogger(__name__)


@click.group()
def reference() -> None:
    """Build and check the reference that tumours are compared with."""


@reference.command(
    "build",
    epilog=examples(
        "her2g reference build normals/*.cnn --fasta hg19.fa --out pon.cnn",
        "her2g reference build normals/*.cnn --gc-from cnvkit_reference.cnn --out pon.cnn",
        "her2g reference build --flat targets.cnn --out flat.cnn",
    ),
)
@click.argument("normals", nargs=-1, type=INPUT_FILE)
@click.option(
    "-o", "--out", type=OUTPUT_FILE, required=True, help="Reference; .normals.tsv and .null.tsv go beside it."
)
@click.option("--fasta", type=INPUT_FILE, default=None, help="Indexed genome, for the GC of the targets.")
@click.option(
    "--gc-from", type=INPUT_FILE, default=None, help="A .cnn with a gc column over the same targets, or none."
)
@click.option(
    "--flat", type=INPUT_FILE, default=None, help="Any .cnn of the panel: a reference without normals (weak)."
)
@click.option("--keep-outliers", is_flag=True, help="Keep normals that the quality gate would leave out.")
def build(
    normals: tuple[str, ...], out: str, fasta: str | None, gc_from: str | None, flat: str | None, keep_outliers: bool
) -> None:
    """Build a reference from the coverage (.cnn, of `her2g coverage` or CNVkit) of NORMALS."""
    from her2genomics.workflow.copy_number import build_from_files, write_reference

    source = None if gc_from == "none" else gc_from
    result = build_from_files(normals, gc_from=source, fasta=fasta, flat=flat, keep_outliers=keep_outliers)
    write_reference(result, out)
    log.info("%s", result.describe())
    log.info("%s", result.describe_gc())


@reference.command("check", epilog=examples("her2g reference check pon.cnn", "her2g reference check pon.cnn --bins"))
@click.argument("path", metavar="REFERENCE", type=INPUT_FILE)
@click.option("--bins", is_flag=True, help="The masked bins with their reasons instead of the normals.")
@output_options
def check(path: str, bins: bool, out: str | None, fmt: str | None) -> None:
    """Show the normals of a REFERENCE: noise, which were left out and why, and their genes against the others."""
    from her2genomics.io.write import write_table
    from her2genomics.workflow.copy_number import read_reference

    result = read_reference(path)
    log.info("%s", result.describe())
    write_table(result.bins[~result.open_bins] if bins else result.normals, out, fmt)
