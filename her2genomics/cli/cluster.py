"""``her2g cluster``: molecular clusters by NMF with consensus, and what characterises them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from her2genomics.cli.options import (
    INPUT_FILE,
    examples,
    her2_options,
    output_options,
    panel_option,
    run_progress,
    seed_option,
    threads_option,
)

if TYPE_CHECKING:
    from her2genomics.her2 import Her2Rule
    from her2genomics.receptors import SubtypeRule
    from her2genomics.stats.nmf import Loss


class RankRange(click.ParamType[tuple[int, ...]]):
    """Ranks as ``2-8`` or ``2,3,5``."""

    name = "ranks"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Return the ranks."""
        if isinstance(value, tuple):
            return value
        ranks: list[int] = []
        for part in str(value).split(","):
            match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
            if match is None:
                self.fail(f"'{value}' is no list of ranks; give 2-8 or 2,3,5", param, ctx)
            ranks += range(int(match[1]), int(match[2] or match[1]) + 1)
        return tuple(ranks)


@click.command(
    epilog=examples(
        "her2g cluster cohort.tsv --ranks 2-8 --runs 50 --seed 123456",
        "her2g cluster cohort.tsv --out-dir clusters/ --threads 2",
        "her2g cluster exome_cohort.tsv --genes panel --collapse-amplicons",
        "her2g cluster cohort.tsv --rank 3 --hold-out GATA3,MYC",
    )
)
@click.argument("cohort", type=INPUT_FILE)
@click.option("--ranks", type=RankRange(), default="2-8", show_default=True, help="Ranks to survey.")
@click.option("--rank", type=click.IntRange(min=2), default=None, help="Use this rank whatever the rule says.")
@click.option("--runs", type=click.IntRange(min=1), default=50, show_default=True, help="Random starts per rank.")
@click.option("--method", type=click.Choice(["nmf", "hierarchical"]), default="nmf", show_default=True)
@click.option("--engine", type=click.Choice(["fast", "nimfa", "sklearn"]), default="fast", show_default=True)
@click.option(
    "--loss", type=click.Choice(["euclidean", "kl"]), default="euclidean", show_default=True, help="What is minimised."
)
@click.option("--genes", default=None, help="'panel', or a comma list: genes to use.  [default: all]")
@click.option("--hold-out", default=None, help="Comma list of genes to keep out of the matrix, and to test.")
@click.option("--classes", default=None, help="Comma list of classes that count.  [default: all but gain, loss]")
@click.option(
    "--min-frequency", type=click.FloatRange(0, 1), default=0.02, show_default=True, help="Least share altered."
)
@click.option(
    "--min-profiled", type=click.FloatRange(0, 1), default=0.9, show_default=True, help="Least share profiled."
)
@click.option("--weighted", is_flag=True, help="Truncating, splice, fusion, high-level events 1, others 1/2.")
@click.option("--erbb2-copy-number", is_flag=True, help="Count ERBB2's copy number (left out otherwise).")
@click.option("--collapse-amplicons", is_flag=True, help="Amplified genes of a known amplicon are one feature.")
@click.option(
    "--out-dir", type=click.Path(file_okay=False), default=None, help="Also write every table and figure here."
)
@her2_options
@panel_option
@seed_option
@threads_option
@output_options
def cluster(
    cohort: str,
    ranks: tuple[int, ...],
    rank: int | None,
    runs: int,
    method: str,
    engine: str,
    loss: Loss,
    genes: str | None,
    hold_out: str | None,
    classes: str | None,
    min_frequency: float,
    min_profiled: float,
    weighted: bool,
    erbb2_copy_number: bool,
    collapse_amplicons: bool,
    out_dir: str | None,
    her2_rule: Her2Rule,
    subtype_rule: SubtypeRule,
    panel: str,
    seed: int,
    threads: int,
    out: str | None,
    fmt: str | None,
) -> None:
    """Cluster tumours by their altered genes; write one row per sample, to be joined by sample_id.

    The number of clusters is the last rank before the cophenetic correlation falls, if the step to it explains more
    than in matrices of permuted genes; otherwise none is assigned, and the reason is printed. Genes that made the
    clusters are described, never tested for them.
    """
    from her2genomics.cluster import ClusterSettings
    from her2genomics.cluster_matrix import MatrixSettings
    from her2genomics.cohort import COUNTED_CLASSES
    from her2genomics.io.write import write_table
    from her2genomics.stats.rank_selection import SurveySettings
    from her2genomics.workflow.cluster_files import chosen_genes, cluster_file, write_clusters

    settings = ClusterSettings(
        ranks=ranks,
        rank=rank,
        method=method,
        survey=SurveySettings(engine, runs, seed, loss, threads),
        matrix=MatrixSettings(
            classes=_split(classes) or COUNTED_CLASSES,
            min_frequency=min_frequency,
            min_profiled=min_profiled,
            weighted=weighted,
            erbb2_copy_number=erbb2_copy_number,
            collapse_amplicons=collapse_amplicons,
            genes=chosen_genes(genes, panel),
            hold_out=_split(hold_out) or (),
        ),
    )
    work = 2 * len(ranks) * runs + 2 * 5 * 20 + 10 * 5
    with run_progress(work if method == "nmf" else 0, "her2g cluster") as count:
        found = cluster_file(
            cohort, settings, panel=panel, her2_rule=her2_rule, subtype_rule=subtype_rule, progress=count
        )
    write_table(found.clusters.assignments, out, fmt)
    if out_dir is not None:
        write_clusters(found, settings, out_dir, cohort, panel)
    for line in found.clusters.summary():
        click.echo(line, err=True)


def _split(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())
