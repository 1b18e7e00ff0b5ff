"""``her2g compare``: genes, clinical variables and TMB between HER2 groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from her2genomics.cli.options import (
    INPUT_FILE,
    OUTPUT_FILE,
    examples,
    her2_options,
    output_options,
    panel_option,
    seed_option,
    split_list,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from her2genomics.comparison.result import Comparison
    from her2genomics.her2 import Her2Rule
    from her2genomics.receptors import SubtypeRule


@click.command(
    epilog=examples(
        "her2g compare cohort.tsv",
        "her2g compare cohort.tsv --out association.tsv --counts contingency.tsv",
        "her2g compare clinical.tsv --maf mutations.maf --profiled sequenced.txt",
        "her2g compare cohort.tsv --adjust hr_status,age --contrast zero-low --plot forest=forest.svg",
        "her2g compare cohort.tsv --by hr_status",
        "her2g compare cohort.tsv --group hr_status --by her2_group",
        "her2g compare cohort.tsv --where 'er_status == positive and age >= 50' --group ihc --contrast trend",
        "her2g compare cohort.tsv --feature TP53:exon5-8 --feature ERBB2:amp+ERBB2:mutation --carriers carriers.tsv",
        "her2g compare cohort.tsv --contrast zero-low --min-frequency 0.01 | column -t -s $'\\t' | less -S",
    )
)
@click.argument("cohort", type=INPUT_FILE)
@click.option("--alterations", type=INPUT_FILE, help="Long alterations table beside the sample table.")
@click.option("--maf", type=INPUT_FILE, help="MAF beside the sample table.")
@click.option("--profiled", type=INPUT_FILE, help="File with the sequenced samples, one per line.")
@click.option("--group", default="her2_group", show_default=True, help="Column that makes the groups.")
@click.option("--cut", default=None, help="Cut points of a numeric --group: median, or numbers joined by commas.")
@click.option("--by", default=None, help="Repeat everything within the levels of this column.")
@click.option("--where", default=None, help="Only samples that meet this: 'er_status == positive and age >= 50'.")
@click.option("--contrast", "contrasts", multiple=True, help="Only this contrast (zero-low, overall ...); repeatable.")
@click.option(
    "--classes", default=None, help="Comma list of classes that count as altered.  [default: all but gain, loss]"
)
@click.option(
    "--level",
    type=click.Choice(["gene", "exon", "hotspot"]),
    default="gene",
    show_default=True,
    help="Also test exons (as the transcript counts them), or residues and codons.",
)
@click.option(
    "--feature",
    "features",
    multiple=True,
    help="Also test GENE:amp, TP53:exon5-8, PIK3CA:H1047R, A+B, A|B; repeatable.",
)
@click.option("--carriers", type=OUTPUT_FILE, help="Write who carries each --feature, and by which alterations.")
@click.option("--genes", default=None, help="Comma list of columns to take as genes.")
@click.option("--clinical-columns", default=None, help="Comma list of columns to take as clinical.")
@click.option(
    "--min-frequency", type=click.FloatRange(0, 1), default=0.02, show_default=True, help="Least pooled share altered."
)
@click.option(
    "--test",
    type=click.Choice(["best", "paper"]),
    default="best",
    show_default=True,
    help="paper: as the study, missing is a category and nothing is held fixed.",
)
@click.option("--unknown-as-category", is_flag=True, help="Missing clinical values as a level of their own.")
@click.option(
    "--adjust",
    default="auto",
    show_default=True,
    help="Comma list of covariates to hold fixed, auto (hr_status where it is there), or none.",
)
@click.option(
    "--adjust-by",
    type=click.Choice(["auto", "regression", "matching", "overlap"]),
    default="auto",
    show_default=True,
    help="auto: strata (CMH) for one category, else logistic regression (Firth's where sparse).",
)
@click.option(
    "--burden",
    type=click.Choice(["none", "covariate", "offset"]),
    default="none",
    show_default=True,
    help="Hold the tumour mutational burden fixed as well.",
)
@click.option(
    "--numbers",
    type=click.Choice(["rank", "welch"]),
    default="rank",
    show_default=True,
    help="Rank tests, or Welch's t and analysis of variance: fixed before looking.",
)
@click.option(
    "--plot",
    "plots",
    multiple=True,
    metavar="KIND[:CONTRAST]=FILE",
    help="Draw bars, volcano or forest (png, svg, pdf): --plot forest:zero-low=forest.svg; repeatable.",
)
@click.option("--balance", type=OUTPUT_FILE, help="Write the covariates before and after matching or overlap weights.")
@click.option("--pathways/--no-pathways", default=True, show_default=True, help="Compare the panel's pathways as well.")
@click.option("--counts", type=OUTPUT_FILE, help="Also write the counts behind the categorical tests.")
@click.option(
    "--top", type=click.IntRange(min=0), default=8, show_default=True, help="Rows per contrast in the summary."
)
@her2_options
@panel_option
@seed_option
@output_options
def compare(
    cohort: str,
    alterations: str | None,
    maf: str | None,
    profiled: str | None,
    group: str,
    cut: str | None,
    by: str | None,
    where: str | None,
    contrasts: tuple[str, ...],
    classes: str | None,
    level: str,
    features: tuple[str, ...],
    carriers: str | None,
    genes: str | None,
    clinical_columns: str | None,
    min_frequency: float,
    test: str,
    unknown_as_category: bool,
    adjust: str,
    adjust_by: str,
    burden: str,
    numbers: str,
    plots: tuple[str, ...],
    balance: str | None,
    pathways: bool,
    counts: str | None,
    top: int,
    her2_rule: Her2Rule,
    subtype_rule: SubtypeRule,
    panel: str,
    seed: int,
    out: str | None,
    fmt: str | None,
) -> None:
    """Compare HER2-zero, HER2-low and HER2-positive tumours: genes, pathways, clinical variables, TMB.

    COHORT is one table, one row per sample: her2_group (or IHC/ISH columns to derive it), clinical columns, and a
    column per gene (WT or 0, 1, alteration classes, protein changes; empty or NA = not profiled). Denominators are
    profiled samples. The result is one TSV; a readable summary goes to standard error.
    """
    from her2genomics.cohort import COUNTED_CLASSES
    from her2genomics.compare import compare_groups
    from her2genomics.comparison.pathways import PathwaySettings
    from her2genomics.io.write import write_table
    from her2genomics.panel import panel_knowledge
    from her2genomics.workflow.inputs import load_cohort

    if balance is not None and adjust_by not in ("matching", "overlap"):
        raise click.UsageError("--balance needs --adjust-by matching or overlap")
    wanted = _wanted_figures(plots)
    loaded = load_cohort(
        cohort,
        alterations=alterations,
        maf=maf,
        profiled=profiled,
        genes=split_list(genes),
        clinical_columns=split_list(clinical_columns),
        group=group,
        her2_rule=her2_rule,
        subtype_rule=subtype_rule,
        panel=panel,
    )
    result = compare_groups(
        loaded,
        group=group,
        cut=cut,
        by=by,
        where=where,
        contrasts=contrasts or None,
        classes=split_list(classes) or COUNTED_CLASSES,
        level=level,
        features=features,
        test=test,
        min_frequency=min_frequency,
        unknown_as_category=unknown_as_category,
        adjust=None if adjust == "none" else adjust if adjust == "auto" else split_list(adjust),
        adjust_by=adjust_by,
        seed=seed,
        burden=burden,
        numbers=numbers,
        pathways=PathwaySettings(panel=panel_knowledge(panel)) if pathways else None,
    )
    figures = _draw(result, wanted)
    write_table(result.association, out, fmt)
    _write_figures(figures)
    if counts is not None:
        write_table(result.contingency, counts)
    if balance is not None:
        write_table(result.balance, balance)
    if carriers is not None:
        write_table(result.carriers, carriers)
    for line in result.summary(top):
        click.echo(line, err=True)


def _wanted_figures(plots: tuple[str, ...]) -> list[tuple[str, str | None, str]]:
    """Return kind, contrast and file of every --plot; matplotlib is loaded only where there is one."""
    wanted = [_plot(text) for text in plots]
    if wanted:
        from her2genomics.io.figures import figure_format

        for _, _, path in wanted:
            figure_format(path)
    return wanted


def _draw(result: Comparison, wanted: list[tuple[str, str | None, str]]) -> list[tuple[Figure, str]]:
    if not wanted:
        return []
    from her2genomics.report.comparison_figures import comparison_figure

    return [
        (comparison_figure(result.association, result.contingency, kind, contrast), path)
        for kind, contrast, path in wanted
    ]


def _write_figures(figures: list[tuple[Figure, str]]) -> None:
    if not figures:
        return
    from her2genomics.io.figures import write_figure

    for figure, path in figures:
        write_figure(figure, path)


def _plot(text: str) -> tuple[str, str | None, str]:
    """Return kind, contrast and file of one --plot."""
    what, _, path = text.partition("=")
    kind, _, contrast = what.partition(":")
    if not path:
        raise click.UsageError(f"--plot {text}: write KIND=FILE, such as forest=forest.svg")
    return kind, contrast or None, OUTPUT_FILE.convert(path, None, None)
