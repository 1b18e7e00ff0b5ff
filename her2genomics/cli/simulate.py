"""``her2g simulate``: seeded panel BAM and coverage files, and whole studies, with known truth."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import click

from her2genomics.cli.options import (
    INPUT_FILE,
    OUTPUT_FILE,
    examples,
    panel_option,
    progress,
    seed_option,
    threads_option,
)

log = logging.getLogger(__name__)
Command = TypeVar("Command", bound=Callable[..., Any])


@click.group()
def simulate() -> None:
    """Make BAM or coverage files of a panel with planted copies, or a whole study; the truth goes beside them."""


def _sample_options(command: Command) -> Command:
    for option in (
        click.option("--panel-seed", type=click.IntRange(min=0), default=1, show_default=True,
                     help="Seed of the panel's capture and GC: the same for all samples of a set."),
        seed_option,
        click.option("--ffpe", type=click.FloatRange(min=0), default=0.1, show_default=True,
                     help="SD of a bin beyond read counts [log2]."),
        click.option("--wave", type=click.FloatRange(min=0), default=0.05, show_default=True,
                     help="SD of what moves whole genes [log2]."),
        click.option("--gc-bias", type=click.FloatRange(min=0), default=1.0, show_default=True,
                     help="SD between samples of the slope with GC [log2 per unit]."),
        click.option("--capture", type=click.FloatRange(min=0), default=0.5, show_default=True,
                     help="SD of capture efficiency between bins, the same in all samples [log2]."),
        click.option("--copies", multiple=True, metavar="GENE=N", help="Copies in the tumour cells; may be repeated."),
        click.option("--purity", type=click.FloatRange(0, 1), default=1.0, show_default=True,
                     help="Tumour cell fraction."),
        click.option("--depth", type=click.FloatRange(min=0), default=300.0, show_default=True,
                     help="Typical depth [x]."),
        click.option("--build", default="hg19", show_default=True, help="Genome build: hg19 or hg38."),
        click.option("--targets", type=INPUT_FILE, default=None,
                     help="BED of the targets, gene in column 4.  [default: panel]"),
        panel_option,
    ):  # fmt: skip
        command = option(command)
    return command


def _settings(options: dict[str, Any]) -> Any:
    from her2genomics.simulate_coverage import NoiseModel
    from her2genomics.workflow.simulate_files import SampleSettings, parse_copies

    return SampleSettings(
        panel=options["panel"],
        bed=options["targets"],
        build=options["build"],
        depth=options["depth"],
        purity=options["purity"],
        copies=parse_copies(options["copies"]),
        noise=NoiseModel(options["capture"], options["gc_bias"], options["wave"], options["ffpe"]),
        seed=options["seed"],
        panel_seed=options["panel_seed"],
    )


@simulate.command(
    epilog=examples(
        "her2g simulate coverage tumour.cnn --copies ERBB2=12 --copies PTEN=0 --purity 0.4",
        "for i in $(seq 20); do her2g simulate coverage normal$i.cnn --seed $i; done",
    )
)
@click.argument("out", type=OUTPUT_FILE)
@_sample_options
def coverage(out: str, **options: Any) -> None:
    """Write the coverage of one sample (CNVkit's .cnn columns with gc) to OUT."""
    from her2genomics.workflow.simulate_files import simulate_coverage_file

    truth = simulate_coverage_file(out, _settings(options))
    log.info("%s: %d bins, truth in %s.truth.tsv", out, len(truth), out)


@simulate.command(
    epilog=examples(
        "her2g simulate bam tumour.bam --depth 200 --copies ERBB2=20 --purity 0.3",
        "her2g simulate bam normal.bam --targets kit.bed --seed 7",
    )
)
@click.argument("out", type=OUTPUT_FILE)
@_sample_options
def bam(out: str, **options: Any) -> None:
    """Write a sorted, indexed BAM of one sample to OUT: overlapping mates, duplicates, indels, clips, off-target."""
    from her2genomics.workflow.simulate_files import simulate_bam_file

    truth = simulate_bam_file(out, _settings(options))
    log.info("%s: %d targets, truth in %s.truth.tsv", out, len(truth), out)


@simulate.command(
    epilog=examples(
        "her2g simulate cohort --out study/",
        "her2g simulate cohort --samples 6 --normals 4 --genes 25 --seed 7 --out small/",
        "her2g tmb study/vcf --panel study/panel",
    )
)
@click.option("--samples", type=click.IntRange(min=1), default=24, show_default=True, help="Tumours, one per patient.")
@click.option("--normals", type=click.IntRange(min=0), default=8, show_default=True, help="Unmatched normals.")
@click.option("--genes", type=click.IntRange(min=5), default=40, show_default=True, help="Genes of the reduced panel.")
@click.option("--depth", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True,
              help="Typical depth of the BAM files [x].")  # fmt: skip
@seed_option
@threads_option
@click.option("-o", "--out", type=click.Path(file_okay=False), required=True, help="New folder for the study.")
def cohort(out: str, threads: int, **options: Any) -> None:
    """Write a study: BAM and annotated VCF files, sample sheet, clinical table, reduced panel, and the truth.

    OUT/samples.tsv lists the samples (paths relative to it), OUT/panel is for --panel, OUT/truth holds the planted
    copies, variants, burden, HER2 groups and effects. The bases are made up: the files are for counting.
    """
    from her2genomics.simulate_samples import StudySettings
    from her2genomics.workflow.simulate_samples_files import write_study_samples

    settings = StudySettings(**options)
    with progress(
        write_study_samples(out, settings, threads=threads), settings.samples + settings.normals, "BAM"
    ) as done:
        n = sum(1 for _ in done)
    log.info("%s: %d samples; sheet in %s/samples.tsv, truth in %s/truth", out, n, out, out)
