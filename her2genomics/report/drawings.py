"""Figures of each analysis by the identifier that they have in the report and as a file: how to draw each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from matplotlib.figure import Figure

from her2genomics.cluster import Clusters
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison.result import Comparison
from her2genomics.outcome.response_result import ResponseAnalysis
from her2genomics.outcome.survival_result import SurvivalAnalysis
from her2genomics.report.cluster_figures import (
    plot_clustered_oncoprint,
    plot_coefficients,
    plot_consensus,
    plot_rank_survey,
)
from her2genomics.report.comparison_figures import comparison_figure
from her2genomics.report.response_figures import response_figure
from her2genomics.report.survival_figures import cox_forest, km_figure

Drawings = Mapping[str, Callable[[], Figure]]


def compared_pairs(found: Comparison) -> list[str]:
    """Return the pairs of groups in which genes were tested."""
    genes = found.association[(found.association["family"] == "gene") & found.association["p_value"].notna()]
    return [name for name in dict.fromkeys(genes["contrast"]) if name not in ("overall", "trend")]


def comparison_drawings(found: Comparison) -> Drawings:
    """Return the figures of a comparison of genes; none where no gene was tested."""

    def drawing(kind: str, contrast: str | None = None) -> Callable[[], Figure]:
        return lambda: comparison_figure(found.association, found.contingency, kind, contrast)

    association = found.association
    if not ((association["family"] == "gene") & association["p_value"].notna()).any():
        return {}
    forests = {f"forest-{k}": drawing("forest", pair) for k, pair in enumerate(compared_pairs(found), start=1)}
    return {"bars": drawing("bars"), "volcano": drawing("volcano"), **forests}


def cluster_drawings(cohort: Cohort, found: Clusters, classes: tuple[str, ...] = COUNTED_CLASSES) -> Drawings:
    """Return the figures that a clustering supports."""
    drawings: dict[str, Callable[[], Figure]] = {}
    if len(found.ranks):
        drawings["rank-survey"] = lambda: plot_rank_survey(found)
    if found.consensus is not None:
        drawings["consensus"] = lambda: plot_consensus(found)
        drawings["cluster-oncoprint"] = lambda: plot_clustered_oncoprint(cohort, found, classes)
    if found.factors is not None:
        drawings["coefficients"] = lambda: plot_coefficients(found)
    return drawings


def survival_drawings(found: SurvivalAnalysis) -> Drawings:
    """Return the figures of a survival analysis."""
    return {"km": lambda: km_figure(found), "cox-forest": lambda: cox_forest(found)}


def response_drawings(found: ResponseAnalysis) -> Drawings:
    """Return the figure of a response analysis."""
    return {"response-rates-figure": lambda: response_figure(found)}
