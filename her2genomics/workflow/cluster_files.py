"""Clusters of a cohort file, and the folder of tables and figures."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from her2genomics.cluster import Clusters, ClusterSettings, cluster_cohort
from her2genomics.cohort import Cohort
from her2genomics.her2 import Her2Rule
from her2genomics.io.figures import write_figure
from her2genomics.io.write import write_json
from her2genomics.panel import DEFAULT_PANEL, panel_knowledge
from her2genomics.provenance import MANIFEST, build_manifest
from her2genomics.receptors import SubtypeRule
from her2genomics.report.drawings import cluster_drawings
from her2genomics.stats.nmf import Progress
from her2genomics.workflow.inputs import load_cohort
from her2genomics.workflow.stored_clusters import store_clusters
from her2genomics.workflow.stored_results import noting_warnings

PathLike = str | os.PathLike[str]
_PNG_NAMES = {
    "rank-survey": "rank_survey.png",
    "consensus": "consensus.png",
    "cluster-oncoprint": "oncoprint.png",
    "coefficients": "coefficients.png",
}
"""File of each figure for the eye; beside it stands the same as SVG, for the report."""


def chosen_genes(text: str | None, panel: str = DEFAULT_PANEL) -> tuple[str, ...] | None:
    """Return the genes that ``panel`` or a comma list stands for, None for all.

    Examples
    --------
    >>> chosen_genes("TP53, MYC"), len(chosen_genes("panel")), chosen_genes(None)
    (('TP53', 'MYC'), 520, None)
    """
    if text is None:
        return None
    if text.strip() == "panel":
        return tuple(panel_knowledge(panel).genes["gene"])
    return tuple(name.strip() for name in text.split(",") if name.strip())


@dataclass(frozen=True)
class Clustered:
    """A cohort, its clusters, and what the clustering warned of."""

    cohort: Cohort
    clusters: Clusters
    warnings: tuple[str, ...] = ()


def cluster_file(
    path: PathLike,
    settings: ClusterSettings,
    *,
    panel: str = DEFAULT_PANEL,
    her2_rule: Her2Rule = "ascocap2018",
    subtype_rule: SubtypeRule = "zhang2022",
    progress: Progress | None = None,
) -> Clustered:
    """Return the cohort of a wide table and its clusters.

    Raises
    ------
    Her2GenomicsError
        If the file cannot be read, or holds too little to cluster.
    """
    cohort = load_cohort(path, her2_rule=her2_rule, subtype_rule=subtype_rule, panel=panel)
    with noting_warnings() as warned:
        clusters = cluster_cohort(cohort, settings, panel=panel_knowledge(panel), progress=progress)
    return Clustered(cohort, clusters, tuple(warned))


def write_clusters(
    found: Clustered, settings: ClusterSettings, folder: PathLike, source: PathLike, panel: str
) -> list[Path]:
    """Write every table, what `stored_clusters.read_clusters` needs besides, every figure, and last the manifest.

    Returns
    -------
    list of Path
        The files written, in order.
    """
    out = Path(folder)
    written = store_clusters(found.clusters, out, found.warnings)
    for name, draw in cluster_drawings(found.cohort, found.clusters, settings.matrix.classes).items():
        figure = draw()
        for file in (out / _PNG_NAMES[name], out / f"{name}.svg"):
            write_figure(figure, file)
            written.append(file)
    parameters = asdict(settings)
    parameters["survey"].pop("threads")
    manifest = build_manifest("cluster", parameters=parameters, inputs=[source], outputs=written, folder=out,
                              panel=panel_knowledge(panel), seed=settings.survey.seed)  # fmt: skip
    write_json(manifest, out / MANIFEST)
    return [*written, out / MANIFEST]
