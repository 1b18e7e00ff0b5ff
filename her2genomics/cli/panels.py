"""``her2g panels``: list, show and import panels."""

from __future__ import annotations

from pathlib import Path

import click

from her2genomics.cli.options import INPUT_FILE, examples, output_options


@click.group(
    invoke_without_command=True,
    epilog=examples(
        "her2g panels list",
        "her2g panels show surrogate520",
        "her2g panels import vendor.bed --name mylab --build hg19",
    ),
)
@click.pass_context
def panels(ctx: click.Context) -> None:
    """List, show and import gene panels.

    The panel that ships, surrogate520, is a public surrogate of a commercial 520-gene panel, not the vendor's design.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_command)


@panels.command("list", epilog=examples("her2g panels list"))
@output_options
def list_command(out: str | None = None, fmt: str | None = None) -> None:
    """List the panels that ship with the package and those imported."""
    from her2genomics.io.write import write_table
    from her2genomics.panel import list_panels

    write_table(list_panels(), out, fmt)


@panels.command(epilog=examples("her2g panels show surrogate520", "her2g panels show surrogate520 --genes"))
@click.argument("name")
@click.option("--genes", is_flag=True, help="The gene table instead of the summary.")
@output_options
def show(name: str, genes: bool, out: str | None, fmt: str | None) -> None:
    """Show one panel: size, builds, coding territory, where its figures come from."""
    from her2genomics.io.write import write_table
    from her2genomics.panel import describe_panel, load_panel

    panel = load_panel(name)
    write_table(panel.genes if genes else describe_panel(panel), out, fmt)


@panels.command("import", epilog=examples("her2g panels import vendor.bed --name mylab --build hg19 --coding-mb 1.003"))
@click.argument("bed", type=INPUT_FILE)
@click.option("--name", required=True, help="Name of the new panel.")
@click.option("--build", default="hg19", show_default=True, help="Build of the BED: hg19 or hg38.")
@click.option("--coding", type=INPUT_FILE, default=None, help="BED of the assay's coding regions (TMB territory).")
@click.option("--coding-mb", type=click.FloatRange(min=0, min_open=True), default=None, help="Coding size in Mb.")
@click.option("--replace", is_flag=True, help="Replace a panel of that name.")
def import_command(bed: str, name: str, build: str, coding: str | None, coding_mb: float | None, replace: bool) -> None:
    """Import a BED as a panel (gene symbol in column 4), so that --panel NAME works everywhere."""
    from her2genomics.genome import normalise_build
    from her2genomics.io.panels import read_bed, write_panel
    from her2genomics.io.write import write_table
    from her2genomics.panel import describe_panel, load_panel, user_panel_folder
    from her2genomics.panel_import import panel_from_targets

    build = normalise_build(build)
    coding_table = None if coding is None else read_bed(coding, build=build)
    settings, tables = panel_from_targets(
        read_bed(bed, build=build), name=name, build=build, coding=coding_table, coding_mb=coding_mb
    )
    folder = write_panel(settings, tables, user_panel_folder() / name, replace=replace)
    click.echo(f"her2g: panel written to {Path(folder)}", err=True)
    write_table(describe_panel(load_panel(folder)))
