"""``her2g run``: the whole study from one sheet."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from her2genomics.cli.options import INPUT_FILE, examples

if TYPE_CHECKING:
    from her2genomics.workflow.run_log import Event, Watch
    from her2genomics.workflow.run_study import Engine

log = logging.getLogger(__name__)


def _init(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Write a commented configuration and end."""
    if value is None or ctx.resilient_parsing:
        return
    from pathlib import Path

    from her2genomics.io.write import write_text
    from her2genomics.workflow.run_config import commented_config

    if Path(value).exists():
        raise click.UsageError(f"{value} is there already; it is not written over")
    write_text(commented_config(), value)
    click.echo(value)
    ctx.exit()


@click.command(
    epilog=examples(
        "her2g run samples.tsv --out results/",
        "her2g run samples.tsv --out results/ --processes 8",
        "her2g run samples.tsv --out results/ --engine snakemake --profile slurm",
        "her2g run --init config.yaml",
        "her2g run samples.tsv --out results/ --config config.yaml --dry-run",
    )
)
@click.argument("samples", type=INPUT_FILE)
@click.option("-o", "--out", type=click.Path(file_okay=False), required=True, help="Folder of the results.")
@click.option("--config", type=INPUT_FILE, default=None, help="Configuration; see --init.  [default: every default]")
@click.option(
    "--init", type=click.Path(dir_okay=False), is_flag=False, flag_value="config.yaml", default=None,
    expose_value=False, is_eager=True, callback=_init,
    help="Write a configuration with every default and its meaning, and end.",
)  # fmt: skip
@click.option("--panel", default=None, help="Panel, over the configuration.")
@click.option("--build", type=click.Choice(["hg19", "hg38"]), default=None, help="Build, over the configuration.")
@click.option("--reference", type=INPUT_FILE, default=None, help="Copy-number reference, over the configuration.")
@click.option("--seed", type=click.IntRange(min=0), default=None, help="Seed, over the configuration.")
@click.option(
    "--processes", type=click.IntRange(min=1), default=1, show_default=True, help="Tasks at a time; same results."
)
@click.option(
    "--engine",
    type=click.Choice(["local", "snakemake"]),
    default="local",
    show_default=True,
    help="What runs the tasks: processes of this machine, or Snakemake (extra 'workflow'); same results.",
)
@click.option("--profile", default=None, metavar="NAME|DIR", help="Snakemake profile for a cluster, such as slurm.")
@click.option(
    "--keep-going/--stop-on-error", default=True, show_default=True, help="Whether a broken sample stops the others."
)
@click.option("--dry-run", is_flag=True, help="Print the plan as TSV and end.")
def run(
    samples: str,
    out: str,
    config: str | None,
    processes: int,
    engine: Engine,
    profile: str | None,
    keep_going: bool,
    dry_run: bool,
    **over: Any,
) -> None:
    """Run the whole study of the sheet SAMPLES: coverage, copy number, mutations, burden, cohort, comparisons.

    SAMPLES has one row per sample: sample_id, role (tumour or normal), bam, vcf or maf, and clinical columns; whatever
    is missing leaves out the steps that need it. Run the same command again after an interruption: what is done is
    kept. A broken sample is reported at the end, and the exit code is 1.
    """
    from her2genomics.workflow.run_config import read_config
    from her2genomics.workflow.run_sheet import read_sheet
    from her2genomics.workflow.run_study import run_study

    sheet, chosen = read_sheet(samples), read_config(config, **over)
    if dry_run:
        _print_plan(sheet, out, chosen)
        return
    inputs = [samples] if config is None else [samples, config]
    with _progress() as watch:
        result = run_study(
            sheet,
            out,
            chosen,
            processes=processes,
            keep_going=keep_going,
            engine=engine,
            profile=profile,
            inputs=inputs,
            watch=watch,
        )
    for line in result.summary():
        log.log(logging.WARNING if line.startswith("failed: ") else logging.INFO, "%s", line)
    if result.failed:
        raise click.exceptions.Exit(1)


def _print_plan(sheet: Any, out: str, config: Any) -> None:
    from her2genomics.io.write import write_table
    from her2genomics.workflow.plan import plan_table
    from her2genomics.workflow.run_execute import Run, kept_tasks

    planned = Run.of(out, sheet, config)
    write_table(plan_table(planned.plan, kept_tasks(planned)))


@contextmanager
def _progress() -> Iterator[Watch]:
    """Yield what shows events: one bar on a terminal, else one line each."""
    if not sys.stderr.isatty() or log.getEffectiveLevel() > logging.INFO:
        yield _line
        return
    bar: Any = None

    def show(event: Event) -> None:
        nonlocal bar
        if event.kind == "run started":
            bar = click.progressbar(
                length=event.details["n_tasks"], label="her2g run", file=sys.stderr, show_pos=True, show_eta=True,
                item_show_func=lambda task: task,
            )  # fmt: skip
            bar.__enter__()
        elif event.kind == "task ended" and bar is not None:
            bar.update(1, event.task)
        elif event.kind == "message":
            _line(event)

    try:
        yield show
    finally:
        if bar is not None:
            bar.__exit__(None, None, None)


def _line(event: Event) -> None:
    """Log one event."""
    outcome = event.outcome
    if event.kind == "message":
        log.info("%s", event.details["message"])
    if outcome is None:
        return
    for message in outcome.warnings:
        log.warning("%s: warning: %s", outcome.task, message)
    said = "kept" if outcome.kept else outcome.state
    why = f": {outcome.reason}" if outcome.reason else ""
    level = logging.WARNING if outcome.state == "failed" else logging.INFO
    log.log(level, "%s: %s%s (%.1f s)", outcome.task, said, why, outcome.cost.wall_s)
