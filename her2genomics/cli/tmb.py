"""``her2g tmb``: tumour mutational burden of VCF or MAF files, and ``her2g tmb calibrate``: its value for exomes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from her2genomics.cli.options import (
    INPUT_FILE,
    OUTPUT_FILE,
    build_option,
    examples,
    output_options,
    panel_option,
    progress,
    threads_option,
)

if TYPE_CHECKING:
    from her2genomics.workflow.tmb_files import FileResult

log = logging.getLogger(__name__)
Command = TypeVar("Command", bound=Callable[..., Any])


class FilesOrCommand(click.Group):
    """A group whose first word is a subcommand, or else belongs to the default one."""

    default = "files"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front of anything that is no subcommand."""
        if not args or args[0] not in self.commands:
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Keep the default command's name out of usage lines."""
        name, command, rest = super().resolve_command(ctx, args)
        return ("" if name == self.default else name), command, rest


class PlainContext(click.Context):
    """Context of a command that has no name of its own, for usage lines."""

    @property
    def command_path(self) -> str:
        """The command's path without a blank at its end."""
        return super().command_path.rstrip()


class FilesCommand(click.Command):
    """The default command."""

    context_class = PlainContext


@click.group(cls=FilesOrCommand, invoke_without_command=False)
def tmb() -> None:
    """Tumour mutational burden of VCF or MAF files."""


def rule_options(command: Command) -> Command:
    """Add the options that change what is counted."""
    options = (
        click.option(
            "--preset", default="zhang2022-tissue", show_default=True, help="Rule set by name, or a TOML file."
        ),
        click.option("--min-vaf", type=click.FloatRange(0, 1), default=None, help="Lowest allele fraction, inclusive."),
        click.option("--no-vaf-filter", is_flag=True, help="Count whatever the allele fraction, known or not."),
        click.option("--min-depth", type=click.IntRange(min=0), default=None, help="Lowest tumour depth."),
        click.option(
            "--min-alt-reads", type=click.IntRange(min=0), default=None, help="Lowest number of variant reads."
        ),
        click.option(
            "--hotspot-policy",
            type=click.Choice(["exclude", "include"]),
            default=None,
            help="Hot mutations.  [by preset]",
        ),
        click.option(
            "--max-population-af", type=click.FloatRange(0, 1), default=None, help="Germline from this frequency on."
        ),
        click.option("--accept-filter", multiple=True, help="FILTER value that passes as well, repeatable."),
        click.option("--matched-wbc", is_flag=True, help="The normal is white blood cells: keep the CH genes."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def territory_options(command: Command) -> Command:
    """Add the options that change what is divided by."""
    options = (
        click.option("--mb", type=float, default=None, help="Denominator in Mb; overrides everything."),
        click.option("--callable", "callable_path", default=None, metavar="FILE",
                     help="Callable bases: BED or coverage table; {sample} in the name stands for the sample."),
        click.option("--min-coverage", type=click.FloatRange(min=0), default=None,
                     help="Depth from which a base is callable."),
        click.option("--bed", type=INPUT_FILE, default=None, help="Coding territory instead of the panel's."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@tmb.command(
    "files",
    cls=FilesCommand,
    epilog=examples(
        "her2g tmb sample.vcf",
        "her2g tmb *.vcf.gz --threads 2 --out tmb.tsv",
        "her2g tmb sample.vcf --preset f1cdx-like --audit variants.tsv",
        "her2g tmb raw.vcf --fasta GRCh38.fa",
        "her2g tmb --vcf mutect2.vcf --vcf strelka.vcf --merge intersection",
        "her2g tmb calibrate pairs.tsv --apply tmb.tsv",
    ),
)
@click.argument("files", nargs=-1, type=click.Path(allow_dash=True))
@click.option(
    "--vcf", "callers", multiple=True, type=INPUT_FILE, help="VCFs of several callers of ONE tumour, repeatable."
)
@click.option("--merge", type=click.Choice(["union", "intersection"]), default="union", show_default=True,
              help="How the callers given by --vcf are joined.")  # fmt: skip
@rule_options
@territory_options
@click.option("--tumor-sample", multiple=True, help="Tumour column, repeatable, or 'all'.  [by header and names]")
@click.option("--transcript", type=click.Choice(["preferred", "most-severe"]), default="preferred", show_default=True,
              help="MANE, canonical or picked transcript first; or the most severe consequence.")  # fmt: skip
@click.option("--fasta", type=INPUT_FILE, default=None, help="Reference: annotate an un-annotated VCF here.")
@click.option("--samples", type=INPUT_FILE, default=None, help="List of all sequenced samples, for a MAF.")
@click.option("--audit", type=OUTPUT_FILE, default=None, help="Write every variant with its outcome and reasons.")
@click.option("--filter-counts", type=OUTPUT_FILE, default=None, help="Write how many variants each filter removed.")
@click.option("--sources", type=OUTPUT_FILE, default=None, help="Write what was recognised in each file.")
@panel_option
@build_option
@threads_option
@output_options
def files(
    files: tuple[str, ...],
    callers: tuple[str, ...],
    tumor_sample: tuple[str, ...],
    transcript: str,
    samples: str | None,
    audit: str | None,
    filter_counts: str | None,
    sources: str | None,
    threads: int,
    out: str | None,
    fmt: str | None,
    **rule: Any,
) -> None:
    """Compute the tumour mutational burden of annotated VCF or MAF FILES: one row per sample, with its interval.

    A VCF has to carry consequences (VEP, SnpEff, bcftools csq, Funcotator, ANNOVAR), or a reference is given by
    --fasta. The tumour column, genome build and caller are found in the header; what cannot be told is asked, not
    guessed. '-' reads standard input, a folder stands for its VCFs.  A file that cannot be used is reported, the
    others are written, and the exit code is 1.
    """
    from her2genomics import schema
    from her2genomics.io.vcf_source import find_vcfs
    from her2genomics.io.write import write_rows, write_table
    from her2genomics.workflow.tmb_callers import tmb_of_callers
    from her2genomics.workflow.tmb_files import SOURCE_COLUMNS, combined, source_rows, tmb_of_files
    from her2genomics.workflow.tmb_settings import settings_from

    if bool(files) == bool(callers):
        raise click.UsageError("give VCF or MAF files, or the callers of one tumour by --vcf")
    settings = settings_from(
        **rule,
        tumor_sample=tumor_sample,
        transcript_choice=transcript,
        samples_path=samples,
        audit=audit is not None,
    )
    paths = find_vcfs(files)
    done = [tmb_of_callers(callers, settings)] if callers else tmb_of_files(paths, settings, threads=threads)
    results = _report(done, len(paths))
    result = combined(results)
    if result.rows:
        write_rows(result.rows, schema.TMB.dtypes, out, fmt)
    if audit is not None and result.audit is not None:
        write_table(result.audit, audit)
    if filter_counts is not None:
        write_rows(result.count_rows, schema.FILTER_COUNTS.dtypes, filter_counts)
    if sources is not None:
        write_rows(source_rows(results), SOURCE_COLUMNS, sources)
    errors = [outcome.error for outcome in results if outcome.error]
    if errors:
        raise click.exceptions.Exit(min(error.exit_code for error in errors))


def _report(results: Iterable[FileResult], n: int) -> list[FileResult]:
    """Say on standard error what came of each file, as it is done."""
    collected = []
    with progress(results, n, "her2g tmb") as bar:
        for outcome in bar:
            for message in outcome.messages:
                click.echo(f"her2g: warning: {message}", err=True)
            if outcome.error is not None:
                click.echo(f"her2g: error: {outcome.error}", err=True)
            else:
                log.info("%s", outcome.summary())
            collected.append(outcome)
    return collected


@tmb.command(
    "calibrate",
    epilog=examples(
        "her2g tmb calibrate pairs.tsv",
        "her2g tmb calibrate pairs.tsv --apply tmb.tsv --out calibrated.tsv",
        "her2g tmb calibrate --slope 0.92 --intercept 0.4 --apply tmb.tsv",
    ),
)
@click.argument("pairs", required=False, type=INPUT_FILE)
@click.option("--panel-column", default="panel_tmb", show_default=True, help="Column of the panel's burden.")
@click.option("--exome-column", default="wes_tmb", show_default=True, help="Column of the exome's burden.")
@click.option("--slope", type=float, default=None, help="Slope of a line that is known already.")
@click.option("--intercept", type=float, default=None, help="Its intercept [mut/Mb].")
@click.option(
    "--apply", "table", type=INPUT_FILE, default=None, help="Table with a tmb column to put on the exome's scale."
)
@output_options
def calibrate(
    pairs: str | None,
    panel_column: str,
    exome_column: str,
    slope: float | None,
    intercept: float | None,
    table: str | None,
    out: str | None,
    fmt: str | None,
) -> None:
    """Fit exome on panel burdens from PAIRS, and apply the line with its prediction interval.

    PAIRS has one row per sample that was measured both ways.  Without --apply the fitted line is written; with it,
    the table's rows with tmb_calibrated, the prediction interval for one new sample, and whether they lie outside the
    pairs' range.
    """
    from her2genomics.io.write import write_table
    from her2genomics.workflow.tmb_calibrate import calibrate_tables

    if (pairs is None) == (slope is None or intercept is None):
        raise click.UsageError("give PAIRS to fit a line, or both --slope and --intercept")
    result = calibrate_tables(
        pairs, table, panel_column=panel_column, exome_column=exome_column, slope=slope, intercept=intercept
    )
    write_table(result, out, fmt)
