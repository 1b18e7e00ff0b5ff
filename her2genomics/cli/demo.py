"""``her2g demo``: the main job on the example cohort."""

from __future__ import annotations

import click

from her2genomics.cli.options import examples

HEAD = [
    "family",
    "feature",
    "contrast",
    "altered_a",
    "n_a",
    "altered_b",
    "n_b",
    "effect",
    "p_value",
    "q_value",
    "adj_p",
]


@click.command(epilog=examples("her2g demo", "her2g demo --out somewhere"))
@click.option("-o", "--out", type=click.Path(file_okay=False), default="her2g_demo", show_default=True,
              help="Folder for the results.")  # fmt: skip
def demo(out: str) -> None:
    """Run the main job on the example cohort and show where the results are.

    The example is a fixture made to look like a published study of 523 patients; nothing in it was measured.
    """
    from her2genomics.workflow.demo import run_demo

    result = run_demo(out)
    for line in result.comparison.summary(top=5):
        click.echo(line, err=True)
    click.echo("\nher2_status.tsv")
    click.echo(result.tables["her2_status.tsv"].head(6).to_string(index=False))
    click.echo("\nassociation.tsv")
    click.echo(result.tables["association.tsv"][HEAD].head(8).to_string(index=False, float_format="{:.3g}".format))
    click.echo("\nfiles")
    for path in result.files:
        click.echo(f"  {path}")
