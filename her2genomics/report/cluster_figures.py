"""Figures of molecular clusters: rank survey, consensus with its tree, coefficients, and the clustered oncoprint."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram, leaves_list

from her2genomics import schema
from her2genomics.clinical_variables import level_order
from her2genomics.cluster import Clusters
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.report.oncoprint import draw_oncoprint
from her2genomics.report.oncoprint_tracks import default_tracks, track_colours
from her2genomics.report.style import PAGE_WIDTH, figure_style, new_figure

GENES_PER_CLUSTER = 10
_PANELS = (
    ("cophenetic", "cophenetic"),
    ("dispersion", "dispersion"),
    ("silhouette", "silhouette"),
    ("residual", "residual"),
)


def plot_rank_survey(result: Clusters) -> Figure:
    """Return the measures of each rank, beside those of the matrix of permuted features, with the rank used."""
    table = result.ranks.astype("Float64")
    with figure_style():
        figure = new_figure(PAGE_WIDTH, 2.0)
        axes = figure.subplots(1, len(_PANELS))
        for axis, (column, title) in zip(axes, _PANELS, strict=True):
            for name, colour, label in ((column, "#222222", "data"), (f"random_{column}", "#999999", "genes permuted")):
                values = table[name].to_numpy(dtype=float, na_value=np.nan)
                if np.isfinite(values).any():
                    axis.plot(table["k"].to_numpy(dtype=float), values, "o-", ms=3, color=colour, label=label)
            if result.choice.rank is not None:
                axis.axvline(result.choice.rank, color="#CC3311", lw=0.8, ls="--", zorder=0)
            axis.set(title=title, xlabel="rank")
            axis.set_xticks(table["k"].to_numpy(dtype=float))
            axis.grid(axis="y")
        figure.legend(*axes[-1].get_legend_handles_labels(), loc="outside lower right", ncols=2)
        chosen = "no rank supported" if result.choice.rank is None else f"rank {result.choice.rank} (dashed)"
        figure.suptitle(chosen, x=0.01, ha="left", fontsize=8)
    return figure


def plot_consensus(result: Clusters) -> Figure:
    """Return the consensus matrix in the order of its average-linkage tree, with the clusters above it.

    Raises
    ------
    ValueError
        If there is no consensus, because no rank was used.
    """
    if result.consensus is None or result.tree is None:
        raise ValueError("no consensus: no rank was used")
    order = leaves_list(result.tree)
    clusters = result.assignments.set_index("sample_id")["cluster"][list(result.consensus_samples)]
    with figure_style():
        figure = new_figure(4.2, 4.4)
        tree, track, heat = figure.subplots(3, 1, height_ratios=[1, 0.18, 6])
        dendrogram(
            result.tree,
            ax=tree,
            no_labels=True,
            color_threshold=0,
            above_threshold_color="#555555",
            link_color_func=lambda _: "#555555",
        )
        tree.set_axis_off()
        _colour_track(track, clusters.iloc[order], "cluster")
        image = heat.imshow(
            result.consensus[np.ix_(order, order)], cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest"
        )
        heat.set(xticks=[], yticks=[], xlabel=f"{len(order):,} samples")
        figure.colorbar(image, ax=heat, shrink=0.5, label="share of runs together")
        title = "" if result.ranks["cophenetic"].isna().all() else _cophenetic(result)
        tree.set_title(title)
    return figure


def _cophenetic(result: Clusters) -> str:
    value = result.ranks.loc[result.ranks["k"] == result.choice.rank, "cophenetic"].iloc[0]
    return f"Consensus at rank {result.choice.rank}, cophenetic correlation {value:.4f}"


def plot_coefficients(result: Clusters) -> Figure:
    """Return the share of each component in each sample, samples by cluster and share.

    Raises
    ------
    ValueError
        If there is no factorisation.
    """
    if result.factors is None:
        raise ValueError("no factorisation: no rank was used")
    h = result.factors.coefficients
    shares = pd.DataFrame((h / np.maximum(h.sum(axis=0), 1e-300)).T, index=result.matrix.values.columns)
    clusters = result.assignments.set_index("sample_id")["cluster"][shares.index]
    names = {
        component: str(clusters[h.argmax(axis=0) == component].iloc[0]) for component in set(h.argmax(axis=0).tolist())
    }
    order = pd.DataFrame({"cluster": clusters, "share": -shares.max(axis=1)}).sort_values(["cluster", "share"]).index
    columns = sorted(names, key=lambda component: int(names[component]))
    with figure_style():
        figure = new_figure(PAGE_WIDTH, 1.7)
        track, heat = figure.subplots(2, 1, height_ratios=[0.25, 3])
        _colour_track(track, clusters[order], "cluster")
        image = heat.imshow(
            shares.loc[order, columns].T, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest"
        )
        heat.set_yticks(range(len(columns)), [f"component {names[c]}" for c in columns])
        heat.set(xticks=[], xlabel=f"{len(order):,} samples")
        figure.colorbar(image, ax=heat, label="share", pad=0.01)
    return figure


def plot_clustered_oncoprint(cohort: Cohort, result: Clusters, classes: Collection[str] = COUNTED_CLASSES) -> Figure:
    """Return the features that mark each cluster, one block of samples per cluster, drawn by `draw_oncoprint`.

    Parameters
    ----------
    cohort, result
        What was clustered, and its clusters.
    classes
        Classes that counted as altered.

    Raises
    ------
    ValueError
        If no cluster was assigned.
    """
    described = result.features[(result.features["family"] == "feature") & (result.features["difference"] > 0)]
    if not len(described):
        raise ValueError("no clusters: no rank was used")
    marks = described.sort_values("difference", ascending=False).drop_duplicates("feature")
    marks = (
        marks.groupby("cluster", sort=True)
        .head(GENES_PER_CLUSTER)
        .sort_values(["cluster", "difference"], ascending=[True, False])
    )
    cells = result.matrix.values.loc[marks["feature"]]
    clusters = result.assignments.set_index("sample_id")["cluster"][cells.columns]
    return draw_oncoprint(
        _marked_cohort(cohort, cells, clusters), list(cells.index), classes=classes, split="cluster",
        order=_oncoprint_order(cells, clusters, marks), tracks=_tracks(cohort),
    )  # fmt: skip


def _tracks(cohort: Cohort) -> list[str]:
    return [name for name in default_tracks(cohort.samples) if name != "cluster"]


def _marked_cohort(cohort: Cohort, cells: pd.DataFrame, clusters: pd.Series) -> Cohort:
    """Return the clustered samples with these features as genes: the events behind the filled cells of the matrix."""
    kept = cohort.select(cohort.samples["sample_id"].astype(str).isin(cells.columns).to_numpy())
    row, column = np.nonzero(cells.to_numpy() > 0)
    pairs = pd.DataFrame({"sample_id": cells.columns[column], "gene": cells.index[row]})
    events = kept.alterations.merge(pairs, on=["sample_id", "gene"])
    amplicons = pairs[~pairs["gene"].isin(cohort.genes)].assign(alteration="amplification")
    events = schema.conform(pd.concat([events, amplicons], ignore_index=True), schema.ALTERATIONS)
    samples = kept.samples.assign(cluster=clusters[kept.samples["sample_id"].astype(str)].to_numpy())
    profiled = np.ones((len(samples), len(cells)), dtype=bool)
    return replace(kept, samples=samples, alterations=events, genes=tuple(cells.index), profiled=profiled)


def _oncoprint_order(cells: pd.DataFrame, clusters: pd.Series, marks: pd.DataFrame) -> list[str]:
    keys = pd.DataFrame({"cluster": clusters.astype(str)})
    for cluster, rows in marks.groupby("cluster"):
        for rank, gene in enumerate(rows["feature"]):
            keys[f"{cluster}/{rank}"] = -(cells.loc[gene] > 0).astype(int).where(clusters == cluster, 0)
    ordered: list[str] = keys.sort_values(list(keys.columns), kind="stable").index.tolist()
    return ordered


def _colour_track(axis: Axes, clusters: pd.Series, name: str) -> None:
    """Draw one cell per sample in the colour that its cluster has in every figure."""
    levels = sorted(clusters.astype(str).unique(), key=level_order)
    codes = clusters.astype(str).map({level: i for i, level in enumerate(levels)}).to_numpy(dtype=float)
    palette = ListedColormap(track_colours("cluster", levels))
    axis.imshow(codes[None], cmap=palette, vmin=-0.5, vmax=len(levels) - 0.5, aspect="auto", interpolation="nearest")
    axis.set_yticks([0], [name])
    axis.set_xticks([])
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
