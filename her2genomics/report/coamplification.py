"""Which genes of the known amplicons are amplified in the same tumours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from her2genomics.amplicons import AMPLICONS
from her2genomics.cohort import Cohort
from her2genomics.comparison.events import AMPLIFICATION, amplicon_genes
from her2genomics.exceptions import CohortError
from her2genomics.panel import Panel
from her2genomics.report.legend_rows import text_width
from her2genomics.report.style import PAGE_WIDTH, figure_style, new_figure

LEAST_AMPLIFIED = 3
"""Genes amplified in fewer tumours are left out: a share of one or two says nothing."""


@dataclass(frozen=True)
class Coamplification:
    """Shares of co-amplified tumours.

    Parameters
    ----------
    genes, amplicons
        Genes by amplicon and position, and the amplicon of each.
    n_amplified
        Tumours in which each gene is amplified.
    share
        Shape (genes, genes): of the tumours with the row's gene amplified and the column's gene profiled, the share in
        which the column's gene is amplified too; NaN where there is none.
    """

    genes: tuple[str, ...]
    amplicons: tuple[str, ...]
    n_amplified: npt.NDArray[np.int64]
    share: npt.NDArray[np.float64]


def coamplification(cohort: Cohort, panel: Panel, *, least: int = LEAST_AMPLIFIED) -> Coamplification:
    """Return how often the genes of 8p12, 8q24, 11q13 and 17q12-21 are amplified together.

    Raises
    ------
    CohortError
        If fewer than two of these genes are amplified in at least ``least`` tumours.
    """
    amplicon_of = amplicon_genes(panel)
    spans = panel.gene_spans(panel.builds[0]).sort_values("start")
    names = list(AMPLICONS[panel.builds[0]])
    amplified = cohort.altered([AMPLIFICATION])
    column = {gene: j for j, gene in enumerate(cohort.genes)}
    chosen = [
        gene
        for name in names
        for gene in dict.fromkeys(spans["gene"])
        if amplicon_of.get(gene) == name and gene in column and amplified[:, column[gene]].sum() >= least
    ]
    if len(chosen) < 2:
        raise CohortError(
            f"fewer than two genes of {', '.join(names)} are amplified in {least} tumours or more",
            hint="the cohort needs copy number: her2g cohort build --cna or --seg",
        )
    at = [column[gene] for gene in chosen]
    value, known = amplified[:, at].astype(float), cohort.profiled[:, at].astype(float)
    both, among = value.T @ value, value.T @ known
    share = np.where(among > 0, both / np.maximum(among, 1), np.nan)
    return Coamplification(
        tuple(chosen), tuple(amplicon_of[gene] for gene in chosen), value.sum(axis=0).astype(np.int64), share
    )


@figure_style()
def draw_coamplification(table: Coamplification) -> Figure:
    """Draw the shares as a map: rows given, columns also amplified; lines part the amplicons."""
    n = len(table.genes)
    rows = [f"{gene} ({k})" for gene, k in zip(table.genes, table.n_amplified, strict=True)]
    left, top = max(text_width(r, 6) for r in rows) + 0.55, max(text_width(g, 6) for g in table.genes) + 0.3
    side = min(PAGE_WIDTH - left - 0.75, 0.17 * n)
    width, total = max(left + side + 0.75, 3.35), side + top + 0.4
    figure = new_figure(width, total)
    figure.set_layout_engine("none")
    axes = figure.add_axes((left / width, 0.4 / total, side / width, side / total))
    image = axes.imshow(table.share, cmap="Blues", vmin=0, vmax=1, aspect="equal", interpolation="nearest")
    size = min(6.0, 72 * side / n * 0.9)
    axes.set_xticks(range(n), table.genes, rotation=90, fontsize=size, style="italic")
    axes.set_yticks(range(n), rows, fontsize=size)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=2)
    axes.spines[:].set_visible(False)
    edges = [k for k in range(1, n) if table.amplicons[k] != table.amplicons[k - 1]]
    for edge in edges:
        axes.axhline(edge - 0.5, color="#CC3311", lw=0.6)
        axes.axvline(edge - 0.5, color="#CC3311", lw=0.6)
    for first, last in zip([0, *edges], [*edges, n], strict=True):
        middle = (first + last - 1) / 2
        shown = text_width(table.amplicons[first], 6.5) < side * (last - first) / n
        axes.annotate(
            table.amplicons[first], (0, middle), xycoords=("axes fraction", "data"), annotation_clip=False,
            xytext=(-72 * (left - 0.2), 0), textcoords="offset points", fontsize=6.5, fontweight="bold", ha="center",
            va="center", rotation=90 if shown else 0,
        )  # fmt: skip
    axes.set_xlabel("share of the row's tumours with the column's gene amplified too", fontsize=6.5)
    bar = figure.add_axes(((left + side + 0.1) / width, 0.4 / total, 0.1 / width, min(side, 1.2) / total))
    figure.colorbar(image, cax=bar, format=PercentFormatter(1.0, decimals=0))
    return figure
