"""``her2g biomarkers``: quantitative markers of HER2 status."""

from __future__ import annotations

from pathlib import Path

import click

from her2genomics.cli.options import INPUT_FILE, OUTPUT_FILE, examples, output_options, seed_option


@click.command(
    epilog=examples(
        "her2g biomarkers cohort.tsv --marker suvmax",
        "her2g biomarkers cohort.tsv --marker t2_ms --marker adc --contrast zero-low --folder markers/",
        "her2g biomarkers cohort.tsv --marker erbb2_log2 --contrast positive-rest --cut-off specificity=1",
        "her2g biomarkers cohort.tsv --marker score --associations genes.tsv --stratum her2_group",
        "her2g biomarkers cohort.tsv --marker score --set-column hospital --development A --prevalence 0.15",
    )
)
@click.argument("cohort", type=INPUT_FILE)
@click.option("--marker", "markers", multiple=True, required=True, help="Numeric column; repeatable.")
@click.option("--group", default="her2_group", show_default=True, help="Column that makes the groups.")
@click.option(
    "--contrast", "contrasts", multiple=True, help="Only this contrast (zero-low, positive-rest ...); repeatable."
)
@click.option(
    "--direction",
    type=click.Choice(["auto", "higher", "lower"]),
    default="auto",
    show_default=True,
    help="Which values speak for the positive class; auto: by the medians of the development set.",
)
@click.option(
    "--cut-off",
    "rule",
    default="youden",
    show_default=True,
    help="youden, closest, specificity=0.95, sensitivity=0.9, or a number.",
)
@click.option(
    "--prevalence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=None,
    help="Also PPV and NPV at this prevalence (0-1).",
)
@click.option("--set-column", default=None, help="Column that says which set a sample belongs to.")
@click.option("--development", default=None, help="The set that chooses direction and cut-off.")
@click.option(
    "--with", "correlate_with", multiple=True, help="Also correlate the markers with this column; repeatable."
)
@click.option(
    "--associations", type=OUTPUT_FILE, default=None, help="Write the markers against genes, pathways and TMB (TSV)."
)
@click.option(
    "--stratum",
    "strata",
    multiple=True,
    help="Column whose levels the associations are adjusted for; repeatable.  [default: her2_group, hr_status]",
)
@click.option("--bootstrap", type=click.IntRange(min=2), default=1000, show_default=True, help="Resamples of the AUC.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, writable=True),
    default=None,
    help="Write every table and the figures (SVG) into this folder.",
)
@seed_option
@output_options
def biomarkers(
    cohort: str,
    markers: tuple[str, ...],
    group: str,
    contrasts: tuple[str, ...],
    direction: str,
    rule: str,
    prevalence: float | None,
    set_column: str | None,
    development: str | None,
    correlate_with: tuple[str, ...],
    associations: str | None,
    strata: tuple[str, ...],
    bootstrap: int,
    folder: str | None,
    seed: int,
    out: str | None,
    fmt: str | None,
) -> None:
    """Judge quantitative markers: ROC with DeLong and bootstrap intervals, cut-offs, accuracy, calibration.

    COHORT has one row per sample, the HER2 group (or IHC/ISH columns to derive it) and the markers as columns. The
    result has one row per marker, contrast and set; which class counts as positive stands in every row. A cut-off is
    chosen in the development set and applied unchanged to the others.
    """
    from her2genomics.biomarkers.accuracy import AccuracySettings, parse_rule
    from her2genomics.biomarkers.analysis import MarkerDesign, analyse_markers
    from her2genomics.biomarkers.associations import associate_markers
    from her2genomics.io.write import write_table
    from her2genomics.workflow.inputs import load_cohort
    from her2genomics.workflow.marker_files import write_marker_folder

    name, least, given = parse_rule(rule)
    settings = AccuracySettings(
        direction=direction,  # type: ignore[arg-type]
        rule=name,
        at_least=least,
        cut_off=given,
        prevalence=prevalence,
        n_bootstrap=bootstrap,
        seed=seed,
    )
    design = MarkerDesign(group, contrasts or None, set_column, development, correlate_with)
    if strata and associations is None:
        raise click.UsageError("--stratum needs --associations FILE")
    loaded = load_cohort(cohort, group=group)
    samples = loaded.samples
    result = analyse_markers(samples, markers, design=design, settings=settings)
    if associations is not None:
        write_table(associate_markers(loaded, markers, strata=strata or None), associations)
    if folder is not None:
        write_marker_folder(result, samples, markers, Path(folder), group=group)
    if out is not None or folder is None:
        write_table(result.accuracy, out, fmt)
