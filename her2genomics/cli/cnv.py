"""``her2g cnv``: gene copy number of tumours against a reference."""

from __future__ import annotations

import logging
from typing import Any

import click

from her2genomics.cli.options import INPUT_FILE, examples, output_options, progress, threads_option

log = logging.getLogger(__name__)


@click.command(
    epilog=examples(
        "her2g cnv tumor.bam --reference pon.cnn --threads 2",
        "her2g cnv tumor.cnn --reference pon.cnn --purity 0.4 --folder results/",
        "her2g cnv tumours/*.cnn --reference pon.cnn --out gene_cna.tsv",
        "her2g cnv tumor.bam --reference pon.cnn --plots figures/ --gene ERBB2 --gene MYC --plot-format svg",
    )
)
@click.argument("files", nargs=-1, type=INPUT_FILE, required=True)
@click.option("--reference", required=True, type=INPUT_FILE, help="Reference; see: her2g reference build.")
@click.option("--purity", type=float, default=None, help="Tumour cell fraction (0-1]: copies of the tumour cells.")
@click.option("--ploidy", type=float, default=2.0, show_default=True, help="Mean copies of the tumour genome.")
@click.option("--sex", type=click.Choice(["female", "male"]), default=None, help="[default: by the depth of X and Y]")
@click.option("--p-below", type=float, default=0.005, show_default=True, help="p has to be strictly below.")
@click.option("--deletion", type=float, default=1.5, show_default=True, help="Called at most at so many copies.")
@click.option("--amplification", type=float, default=2.75, show_default=True, help="Called from so many copies.")
@click.option(
    "--ratio-rule",
    type=click.Choice(["off", "absdiff", "literal"]),
    default="off",
    show_default=True,
    help="The study's 'ratio > 0.5': not used, as |CN - 2| > 0.5, or as written (hides deep deletions).",
)
@click.option("--build", default=None, help="Genome build: hg19 or hg38.  [default: the reference's, else hg19]")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, writable=True),
    default=None,
    help="Also write .cnr, .cns, VCF, SEG, cBioPortal tables and quality into this folder.",
)
@click.option(
    "--plots",
    type=click.Path(file_okay=False, writable=True),
    default=None,
    help="Draw the genome-wide profile and close-ups of --gene into this folder.",
)
@click.option("--gene", "close_ups", multiple=True, default=("ERBB2",), show_default=True, help="Gene of a close-up.")
@click.option(
    "--plot-format", type=click.Choice(["png", "svg", "pdf"]), default="png", show_default=True, help="Kind of figure."
)
@click.option("--fasta", type=click.Path(dir_okay=False), default=None, help="FASTA that a CRAM was made with.")
@threads_option
@output_options
def cnv(files: tuple[str, ...], out: str | None, fmt: str | None, **options: Any) -> None:
    """Call gene copy number from FILES of tumours (.cnn coverage, BAM or CRAM), one row per gene."""
    import pandas as pd

    from her2genomics.copy_rule import CopyRule
    from her2genomics.genome import normalise_build
    from her2genomics.io.write import write_table
    from her2genomics.workflow.copy_number import (
        CnvSettings,
        copy_number_of_files,
        read_reference,
        write_outputs,
        write_plots,
    )
    from her2genomics.workflow.coverage_files import CoverageSettings

    rule = CopyRule(options["p_below"], options["deletion"], options["amplification"], options["ratio_rule"])
    build = None if options["build"] is None else normalise_build(options["build"])
    settings = CnvSettings(rule, options["purity"], options["ploidy"], options["sex"], build,
                           CoverageSettings(reference=options["fasta"]))  # fmt: skip
    pon = read_reference(options["reference"])
    log.info("reference: %s", pon.describe())
    done = []
    results = copy_number_of_files(files, pon, settings, threads=options["threads"])
    with progress(results, len(files), "her2g cnv") as bar:
        for sample in bar:
            log.info("%s", sample.summary())
            done.append(sample)
    if options["folder"] is not None:
        write_outputs(done, options["folder"])
    if options["plots"] is not None:
        write_plots(done, options["plots"], genes=options["close_ups"], ending=options["plot_format"])
    if out is not None or (options["folder"] is None and options["plots"] is None):
        write_table(pd.concat([sample.genes for sample in done], ignore_index=True), out, fmt)
