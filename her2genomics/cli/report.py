"""``her2g report``: a cohort as one self-contained HTML file."""

from __future__ import annotations

import sys
from typing import Any

import click

from her2genomics.cli.cluster import RankRange
from her2genomics.cli.cohort_options import adjust_option, cohort_options, comma_list, read_cohort
from her2genomics.cli.options import INPUT_FILE, OUTPUT_FILE, examples, seed_option, threads_option


@click.command(
    epilog=examples(
        "her2g report cohort.tsv --out report.html",
        "her2g report study/cohort.tsv --out report.html --title 'HER2-low, our centre' --date 2026-01-31",
        "her2g report cohort.tsv --out report.html --no-clusters",
        "her2g report cohort.tsv --out report.html --clusters-from clusters/",
        "her2g report cohort.tsv --out report.html --results run/ --attrition study/attrition.tsv",
    )
)
@cohort_options
@click.option("-o", "--out", type=OUTPUT_FILE, required=True, help="The page: one HTML file that needs no network.")
@click.option("--title", default="Cohort report", show_default=True, help="Title of the page.")
@click.option("--date", default="", help="Date to print.  [default: none, so that the same input gives the same bytes]")
@click.option(
    "--results",
    type=click.Path(file_okay=False),
    default=None,
    help="Folder of a run: sample_qc.tsv, tmb.tsv, gene_cna.tsv, left_out.tsv are shown where they are there.",
)
@click.option(
    "--attrition", type=INPUT_FILE, help="What was left out of the cohort.  [default: attrition.tsv beside COHORT]"
)
@click.option(
    "--min-frequency", type=click.FloatRange(0, 1), default=0.02, show_default=True, help="Least pooled share altered."
)
@click.option(
    "--adjust",
    default=None,
    help="Comma list of covariates that comparisons and pathways hold fixed, or none.  [default: hr_status, if there]",
)
@click.option("--top", type=click.IntRange(1, 100), default=25, show_default=True, help="Genes of the oncoprint.")
@click.option("--clusters/--no-clusters", default=True, show_default=True, help="Cluster the tumours (the slow part).")
@click.option(
    "--clusters-from", type=click.Path(file_okay=False), default=None, metavar="DIR",
    help="Show the clusters of this folder of her2g cluster --out-dir, and compute none.",
)  # fmt: skip
@click.option("--ranks", type=RankRange(), default="2-8", show_default=True, help="Numbers of clusters to survey.")
@click.option("--runs", type=click.IntRange(min=1), default=50, show_default=True, help="Random starts per rank.")
@seed_option
@threads_option
def report(cohort: str, out: str, **options: Any) -> None:
    """Write the report of a cohort as one HTML file that opens anywhere, without a network.

    COHORT is one table, one row per sample, as for her2g compare. The page holds what was run, who was left out, HER2
    groups with their reasons, Table 1, the mutation landscape, comparisons crude and adjusted, pathways, clusters,
    outcome, methods with the works cited, and limits. What cannot be made says why. Of a table with more genes than
    those of --panel only these are read; --panel exome takes all.
    """
    from her2genomics.panel import EXOME, panel_knowledge
    from her2genomics.workflow.inputs import columns_of_genes
    from her2genomics.workflow.report_files import (
        RunTables,
        read_attrition,
        read_run_tables,
        study_beside,
        work_units,
        write_report,
    )
    from her2genomics.workflow.stored_clusters import with_clusters

    if options["clusters_from"] is not None and not options["clusters"]:
        raise click.UsageError("--no-clusters and --clusters-from contradict each other")
    settings = _settings(options)
    run = RunTables() if options["results"] is None else read_run_tables(options["results"])
    attrition, built = study_beside(cohort)
    if options["attrition"] is not None:
        attrition = read_attrition(options["attrition"])
    only = options["panel"] != EXOME and options["genes"] is None
    panel = panel_knowledge(options["panel"])
    loaded = read_cohort(cohort, options, only_genes=columns_of_genes(None, panel) if only else None)
    remarks = [f"Genes: those of panel {options['panel']} that the table has; no other gene was read."] if only else []
    stored = None if options["clusters_from"] is None else with_clusters(options["clusters_from"], loaded)
    files = [cohort, *(options[name] for name in ("alterations", "maf", "profiled", "attrition") if options[name])]
    with click.progressbar(length=work_units(settings), label="her2g report", file=sys.stderr) as bar:
        results = write_report(
            loaded,
            out,
            settings,
            inputs=files,
            attrition=attrition,
            built=built,
            run=run,
            stored=stored,
            remarks=remarks,
            progress=bar.update,
        )
    for name, told in results.warnings.items():
        for line in told:
            click.echo(f"her2g: warning: {name}: {line}", err=True)
    for column, reason in results.personal_columns.items():
        click.echo(f"her2g: warning: column {column} {reason}; its values are not in the page", err=True)


def _settings(options: dict[str, Any]) -> Any:
    """Return the settings of the report as the options give them."""
    from her2genomics.cluster import ClusterSettings
    from her2genomics.cluster_matrix import MatrixSettings
    from her2genomics.cohort import COUNTED_CLASSES
    from her2genomics.stats.rank_selection import SurveySettings
    from her2genomics.workflow.report_files import ReportSettings

    classes = tuple(comma_list(options["classes"]) or COUNTED_CLASSES)
    clusters = ClusterSettings(
        ranks=options["ranks"],
        survey=SurveySettings(runs=options["runs"], seed=options["seed"], threads=options["threads"]),
        matrix=MatrixSettings(classes=classes),
    )
    same = ("title", "date", "group", "panel", "min_frequency", "top", "her2_rule", "subtype_rule", "seed")
    return ReportSettings(
        **{name: options[name] for name in same},
        classes=classes,
        adjust=adjust_option(options["adjust"]),
        clusters=clusters if options["clusters"] and options["clusters_from"] is None else None,
        clusters_from=options["clusters_from"],
    )
