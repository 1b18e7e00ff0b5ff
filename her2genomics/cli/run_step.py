"""``python -m her2genomics.cli.run_step RESULTS TASK``: one task of a run, for workflow engines; not for people."""

from __future__ import annotations

import os
import sys

import click

from her2genomics.exceptions import Her2GenomicsError


@click.command()
@click.argument("results", type=click.Path(exists=True, file_okay=False))
@click.argument("task")
def run_step(results: str, task: str) -> None:
    """Do one TASK of the run that is saved in the folder RESULTS."""
    from her2genomics.workflow.snakemake_engine import execute_saved

    try:
        execute_saved(results, task)
    except Her2GenomicsError as error:
        click.echo(f"her2g: error: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    run_step()
