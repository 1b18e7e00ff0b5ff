"""Sections of the cohort report about genes: landscape, comparisons, pathways, clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.cluster import Clusters
from her2genomics.comparison.result import Comparison
from her2genomics.exceptions import Her2GenomicsError
from her2genomics.report.association_table import association_table
from her2genomics.report.cohort_results import CohortResults, NotRun
from her2genomics.report.drawings import Drawings, cluster_drawings, compared_pairs, comparison_drawings
from her2genomics.report.html import Block, Bullets, Heading, NotMade, Picture, Section, Text
from her2genomics.report.html_figure import picture
from her2genomics.report.html_table import TableColumn, data_table
from her2genomics.report.oncoprint import oncoprint_figure
from her2genomics.report.oncoprint_data import OncoprintData
from her2genomics.report.oncoprint_view import oncoprint_view
from her2genomics.report.sections_cohort import warned

_CLUSTER_FEATURE_COLUMNS = (
    "feature", "family", "cluster", "altered_in", "n_in", "freq_in", "freq_out", "difference", "odds_ratio",
)  # fmt: skip


def drawn(
    results: CohortResults,
    drawings: Drawings,
    figure_id: str,
    *,
    title: str,
    description: str,
    caption: str = "",
) -> Picture | NotMade:
    """Return a figure as a block, drawn already or now, or why it cannot be drawn."""
    try:
        figure = results.figures.get(figure_id) or drawings[figure_id]()
    except Her2GenomicsError as error:
        return NotMade(f"{title}: {error.what}")
    return picture(figure, figure_id=figure_id, title=title, description=description, caption=caption)


def landscape_section(results: CohortResults) -> Section:
    """Return the oncoprint and the frequencies of its genes."""
    data = results.oncoprint
    if isinstance(data, NotRun):
        return Section("landscape", "Mutation landscape", [NotMade(data.reason)])
    split = results.group if results.group in results.cohort.samples else None
    blocks: list[Block] = [
        Text(
            f"The {len(data.genes)} most frequently altered genes. Frequencies are of the tumours profiled for a gene; "
            "a thin line is not profiled, which is not the same as unaltered. A gene's name sorts by it; what lies "
            "under the pointer is read out below the picture."
        ),
        oncoprint_view(data, results.cohort.alterations, _oncoprint_picture(data, split), view_id="cells", split=split),
        frequency_table(data),
        *([Bullets(data.notes)] if data.notes else []),
        *warned(results, "oncoprint"),
    ]
    if data.n_left_out:
        blocks.append(Text(f"{data.n_left_out} tumours in which none of these genes was profiled are not drawn."))
    return Section("landscape", "Mutation landscape", blocks)


def _oncoprint_picture(data: OncoprintData, split: str | None) -> Picture:
    return picture(
        oncoprint_figure(data, split=split),
        figure_id="oncoprint",
        title="Oncoprint",
        description=f"{len(data.genes)} genes in {len(data.samples)} tumours, in blocks by group. "
        "The table of frequencies below has the same numbers.",
        caption="Oncoprint: copy number fills a cell, mutations are narrower bars in front of it; the bars at the "
        "right are the share altered in each group.",
    )


def frequency_table(data: OncoprintData) -> Block:
    """Return the share of altered tumours per gene, over all and in each group."""
    table = pd.DataFrame({"gene": list(data.genes), "all": data.overall})
    for k, group in enumerate(data.groups):
        table[str(group)] = data.frequency[:, k]
    if len(data.groups) == 1:
        table = table[["gene", "all"]]
    shown = [TableColumn("Gene", "gene")]
    for name in table.columns[1:]:
        shares = ["–" if np.isnan(x) else f"{100 * x:.1f} %" for x in table[name]]
        shown.append(TableColumn("All" if name == "all" else str(name), str(name), shares))
    for event, cells in data.events.items():
        table[event] = cells.sum(axis=0)
        shown.append(TableColumn(event.replace("_", " "), event))
    return data_table(
        table,
        table_id="frequencies",
        caption="Share of altered tumours among those profiled; tumours drawn with each class of alteration",
        columns=shown,
        file_name="gene_frequencies.tsv",
    )


def comparison_section(results: CohortResults) -> Section:
    """Return genes, clinical variables and burden between the groups, crude and adjusted."""
    found = results.comparison
    if isinstance(found, NotRun):
        return Section("comparison", "Comparisons", [NotMade(found.reason)])
    table = found.association
    clinical = table["family"].isin(["clinical", "tmb"])
    blocks: list[Block] = [
        Text(
            "Odds ratios are of the first group over the second; q is the false discovery rate within family and "
            "contrast. Adjusted columns hold fixed what the column 'held fixed' names; where an exact p of the strata "
            "exists, it is the one shown. An absent value has its reason in the last column."
        ),
        *_comparison_figures(results, found),
        Heading("Genes", "comparison-genes"),
        association_table(
            table[~clinical], table_id="association-genes", caption="Genes and classes of alteration between the groups"
        ),
        Heading("Clinical variables and tumour mutational burden", "comparison-clinical"),
        association_table(
            table[clinical],
            table_id="association-clinical",
            caption="Clinical variables and burden between the groups",
        ),
        *([Bullets(found.notes, summary="What was left out of the tests, and why")] if found.notes else []),
        *warned(results, "comparison"),
    ]
    return Section("comparison", "Comparisons, crude and adjusted", blocks)


def _comparison_figures(results: CohortResults, found: Comparison) -> list[Block]:
    drawings = comparison_drawings(found)
    if not drawings:
        return [NotMade("no gene was tested, so there is no figure of genes")]
    blocks: list[Block] = [
        drawn(
            results,
            drawings,
            "bars",
            title="Genes that differ most between the groups",
            description="Share of altered tumours per gene and group, for the genes with the smallest p. "
            "The table of genes has the numbers.",
            caption="Share of altered tumours in each group, for the genes with the smallest p.",
        ),
        drawn(
            results,
            drawings,
            "volcano",
            title="Odds ratio against p of every gene",
            description="One panel per pair of groups; genes with a small q are named. The table of genes has "
            "the numbers.",
            caption="Odds ratio against p, one panel per pair of groups; coloured: q < 0.05.",
        ),
    ]
    blocks += [
        drawn(
            results,
            drawings,
            f"forest-{k}",
            title=f"Odds ratios, {pair}",
            description="Crude and adjusted odds ratios with 95 % intervals of the genes with the smallest p. "
            "The table of genes has the numbers.",
            caption=f"{pair}: crude and adjusted odds ratios with 95 % intervals, genes with the smallest p.",
        )
        for k, pair in enumerate(compared_pairs(found), start=1)
    ]
    return blocks


def pathways_section(results: CohortResults) -> Section:
    """Return how much of each pathway is covered, and pathways between the groups."""
    found = results.pathways
    if isinstance(found, NotRun):
        return Section("pathways", "Pathways", [NotMade(found.reason)])
    columns = [
        TableColumn("Pathway", "pathway"),
        TableColumn("Genes covered", "n_genes_covered"),
        TableColumn("of", "n_genes_total"),
        TableColumn("Altered", "n_altered"),
        TableColumn("Not altered", "n_not_altered"),
        TableColumn("Not profiled", "n_not_profiled"),
        TableColumn("Altered genes", "genes"),
    ]
    blocks: list[Block] = [
        Text(
            "A pathway is altered when one of its profiled genes is, and not altered only where enough of its "
            "genes was "
            "profiled. The rows without hub genes repeat the test without the few genes that carry most pathways."
        ),
        data_table(
            found.coverage,
            table_id="pathway-coverage",
            caption="Pathways: genes covered by the assays, and tumours altered",
            columns=columns,
            file_name="pathway_coverage.tsv",
            schema=schema.PATHWAY_COVERAGE,
        ),
        association_table(
            found.association,
            table_id="association-pathways",
            caption="Pathways between the groups; burden: at equal number of altered genes",
        ),
        *([Bullets(found.notes, summary="What was left out of the tests, and why")] if found.notes else []),
        *warned(results, "pathways"),
    ]
    return Section("pathways", "Pathways", blocks)


def clusters_section(results: CohortResults) -> Section:
    """Return the number of clusters with its reason, who is in them, and what characterises them."""
    found = results.clusters
    if isinstance(found, NotRun):
        return Section("clusters", "Molecular clusters", [NotMade(found.reason)])
    blocks: list[Block] = [
        Text(f"{found.choice.reason[:1].upper()}{found.choice.reason[1:]}."),
        Text(
            "Genes that made the clusters are described, never tested for them: a p-value would be circular. "
            "Tested are "
            "only variables that were no input."
        ),
        *_cluster_figures(results, found),
        data_table(
            found.ranks,
            table_id="cluster-ranks",
            caption="Stability of each rank, beside matrices of permuted genes",
            file_name="rank_selection.tsv",
            schema=schema.NMF_RANK_SELECTION,
        ),
        data_table(
            found.features,
            table_id="cluster-features",
            caption="What characterises each cluster (descriptive)",
            columns=list(_CLUSTER_FEATURE_COLUMNS),
            filters=["family", "cluster"],
            file_name="features.tsv",
            schema=schema.CLUSTER_FEATURES,
        ),
        data_table(
            found.tests,
            table_id="cluster-tests",
            caption="Variables that were no input of the clustering",
            columns=["variable", "family", "test", "n", "p_value", "q_value"],
            file_name="tests.tsv",
            schema=schema.CLUSTER_TESTS,
        ),
        data_table(
            found.assignments,
            table_id="cluster-assignments",
            caption="Cluster of every sample",
            filters=["cluster", "status"],
            file_name="assignments.tsv",
            schema=schema.NMF_ASSIGNMENTS,
        ),
        *([Bullets(found.notes, summary="Notes on the clustering")] if found.notes else []),
        *warned(results, "clusters"),
    ]
    return Section("clusters", "Molecular clusters", blocks)


_CLUSTER_FIGURES: dict[str, tuple[str, str]] = {
    "rank-survey": ("Stability of each rank", "the table of ranks"),
    "consensus": ("Consensus matrix", "the table of assignments"),
    "cluster-oncoprint": ("Genes that mark each cluster", "the table of features"),
    "coefficients": ("Share of each component", "the table of assignments"),
}
"""Title of each figure of clusters, and the table that has its numbers."""


def _cluster_figures(results: CohortResults, found: Clusters) -> Sequence[Block]:
    drawings = cluster_drawings(results.cohort, found)
    return [
        drawn(
            results,
            drawings,
            name,
            title=title,
            description=f"{title}; {where} has the numbers.",
            caption=f"{title}.",
        )
        for name, (title, where) in _CLUSTER_FIGURES.items()
        if name in drawings
    ]
