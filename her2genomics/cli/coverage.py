"""``her2g coverage``: depth per target of a BAM or CRAM, sample quality, callable territory."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

from her2genomics.cli.options import (
    INPUT_FILE,
    OUTPUT_FILE,
    build_option,
    examples,
    output_options,
    panel_option,
    threads_option,
)

if TYPE_CHECKING:
    from her2genomics.io.alignments import Route

log = logging.getLogger(__name__)

_DUPLICATE = 0x400


class SamFlags(click.ParamType[int]):
    """SAM flags as a decimal or hexadecimal number."""

    name = "flags"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        try:
            return int(str(value), 0)
        except ValueError:
            self.fail(f"'{value}' is no number; give the sum of the SAM flags, as 1796 or 0x704", param, ctx)


@click.command(
    epilog=examples(
        "her2g coverage tumor.bam --out tumor.cnn",
        "her2g coverage tumor.bam --targets kit.bed --out tumor.cnn --qc tumor.qc.tsv --threads 2",
        "her2g coverage tumor.bam --callable-bed callable.bed --min-depth 100 --out tumor.cnn",
        "her2g coverage tumor.cram --reference hg38.fa --min-mapq 20",
    )
)
@click.argument("bam", type=click.Path(dir_okay=False))
@click.option(
    "--targets", type=INPUT_FILE, default=None, help="BED of the targets, gene in column 4.  [default: panel]"
)
@click.option("--qc", type=OUTPUT_FILE, default=None, help="Write the sample's quality table.")
@click.option("--callable-bed", type=OUTPUT_FILE, default=None, help="Write the bases with --min-depth, for her2g tmb.")
@click.option(
    "--min-depth", type=click.IntRange(min=1), default=100, show_default=True, help="Depth of a callable base."
)
@click.option(
    "--min-mapq", type=click.IntRange(0, 255), default=0, show_default=True, help="Lowest mapping quality counted."
)
@click.option("--include-duplicates", is_flag=True, help="Count duplicates as well.")
@click.option("--exclude-flags", type=SamFlags(), default=1796, show_default=True, help="Leave out reads with these.")
@click.option("--no-overlap-handling", is_flag=True, help="Count a base twice where both mates cover it.")
@click.option(
    "--route",
    type=click.Choice(["auto", "whole", "index"]),
    default="auto",
    show_default=True,
    help="Read the whole file, or the targets' regions through the index.",
)
@click.option("--reference", type=click.Path(dir_okay=False), default=None, help="FASTA that a CRAM was made with.")
@click.option("--sample", default=None, help="Sample name.  [default: that of the read group, else of the file]")
@panel_option
@build_option
@threads_option
@output_options
def coverage(
    bam: str,
    targets: str | None,
    qc: str | None,
    callable_bed: str | None,
    min_depth: int,
    min_mapq: int,
    include_duplicates: bool,
    exclude_flags: int,
    no_overlap_handling: bool,
    route: Route,
    reference: str | None,
    sample: str | None,
    panel: str,
    build: str | None,
    threads: int,
    out: str | None,
    fmt: str | None,
) -> None:
    """Mean depth per target of a BAM, CRAM or SAM file, in CNVkit's .cnn columns.

    Duplicates, secondary, QC-fail and unmapped reads are left out, bases that both mates of a pair cover count once,
    deletions are no depth (as mosdepth).
    """
    from her2genomics.io.alignments import ReadFilter
    from her2genomics.io.cnvkit import write_cnn
    from her2genomics.io.write import format_of, write_table
    from her2genomics.workflow.coverage_files import CoverageSettings, coverage_of_file

    result = coverage_of_file(
        bam,
        CoverageSettings(
            panel=panel,
            bed=targets,
            build=build,
            read_filter=ReadFilter(
                exclude_flags=exclude_flags & ~_DUPLICATE if include_duplicates else exclude_flags,
                min_mapq=min_mapq,
                count_overlap_once=not no_overlap_handling,
            ),
            min_depth=min_depth if callable_bed is not None or qc is not None else None,
            route=route,
            reference=reference,
            sample=sample,
        ),
        threads=threads,
    )
    log.info("%s", result.summary())
    if format_of(out, fmt) == "tsv":
        write_cnn(result.coverage, out)
    else:
        write_table(result.coverage, out, fmt)
    if qc is not None:
        write_table(result.qc, qc)
    if callable_bed is not None and result.callable_bed is not None:
        write_table(result.callable_bed, callable_bed, "tsv", header=False)
