"""Molecular clusters of a cohort: matrix, number of clusters, assignment, stability, and what characterises them.

The factorisation and the rule for its rank are in `stats`; what may be said of the clusters is in `cluster_features`.
Features and samples are sorted by name first, so that the order of the input changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from her2genomics import schema
from her2genomics.cluster_features import compare_clusters, cross_table, describe_features, print_cross_table
from her2genomics.cluster_matrix import ClusterMatrix, MatrixSettings, build_matrix
from her2genomics.cohort import Cohort
from her2genomics.exceptions import UsageError
from her2genomics.panel import Panel
from her2genomics.result_html import result_html
from her2genomics.stats.consensus import cut_tree, sample_silhouettes
from her2genomics.stats.hierarchical import N_PERMUTED, build_hierarchy, permuted_silhouettes
from her2genomics.stats.inputs import Floats, Integers
from her2genomics.stats.nmf import Factorisation, Progress, fit_coefficients
from her2genomics.stats.rank_selection import (
    RankChoice,
    RankSurvey,
    SurveySettings,
    add_permuted,
    choose_rank,
    survey_ranks,
)

Mask = npt.NDArray[np.bool_]

MAX_CONSENSUS = 5_000
"""More samples than this are clustered by a seeded subsample; the others get their coefficients from its basis."""
N_SUBSAMPLES, SUBSAMPLE_SHARE, SUBSAMPLE_RUNS = 10, 0.8, 5
UNALTERED = "0"


@dataclass(frozen=True)
class ClusterSettings:
    """How a cohort is clustered.

    Parameters
    ----------
    ranks
        Ranks to survey.
    rank
        Rank to use whatever the rule says; None for the rule.
    method
        ``nmf``, or ``hierarchical`` (average linkage of Jaccard distances, cut at ``rank`` or at the best silhouette).
    survey
        Engine, runs, seed, loss, threads.
    matrix
        What counts as altered.
    """

    ranks: tuple[int, ...] = (2, 3, 4, 5, 6, 7, 8)
    rank: int | None = None
    method: str = "nmf"
    survey: SurveySettings = field(default_factory=SurveySettings)
    matrix: MatrixSettings = field(default_factory=MatrixSettings)


@dataclass(frozen=True)
class Clusters:
    """Result of `cluster_cohort`.

    Parameters
    ----------
    assignments, ranks, features, tests, contingency, her2_table
        Tables (schemas ``nmf_assignments``, ``nmf_rank_selection``, ``cluster_features``, ``cluster_tests``,
        ``contingency``, ``cluster_table``).
    choice
        The rule's answer and reason.
    matrix
        What was clustered.
    factors
        The best factorisation at the rank used; None without one.
    consensus
        Consensus matrix of the samples ``consensus_samples`` at that rank; None without one.
    tree
        Its average-linkage tree (hierarchical: the tree itself).
    notes
        What was left out, agreement and stability, in words.
    """

    assignments: pd.DataFrame
    ranks: pd.DataFrame
    features: pd.DataFrame
    tests: pd.DataFrame
    contingency: pd.DataFrame
    her2_table: pd.DataFrame
    choice: RankChoice
    matrix: ClusterMatrix
    factors: Factorisation | None
    consensus: Floats | None
    consensus_samples: tuple[str, ...]
    tree: Floats | None
    notes: tuple[str, ...]

    def _repr_html_(self) -> str:
        return result_html("Clusters", self.features, facts=[self.choice.reason])

    def summary(self, top: int = 8) -> list[str]:
        """Return what was found as lines to read."""
        lines = [*self.notes, self.choice.reason]
        described = self.features[self.features["family"] == "feature"]
        for cluster, rows in described.groupby("cluster"):
            marks = rows[rows["difference"] > 0].head(top).to_dict("records")
            listed = ", ".join(f"{r['feature']} {r['freq_in']:.0%} against {r['freq_out']:.0%}" for r in marks)
            lines.append(f"cluster {cluster} (n = {rows['n_in'].iloc[0]}): {listed} [descriptive]")
        lines += print_cross_table(self.her2_table)
        others = self.tests[~self.tests["variable"].isin(self.her2_table["variable"])]
        for row in others[others["q_value"] < 0.05].head(top).to_dict("records"):
            figures = f"p {row['p_value']:.2g}, q {row['q_value']:.2g}"
            lines.append(f"{row['variable']}: {figures} ({row['test']}, n = {row['n']})")
        return lines


def cluster_cohort(
    cohort: Cohort,
    settings: ClusterSettings | None = None,
    *,
    panel: Panel | None = None,
    progress: Progress | None = None,
) -> Clusters:
    """Cluster a cohort by its altered genes.

    Parameters
    ----------
    cohort
        Samples, alterations, mask.
    settings
        Ranks, engine, matrix.
    panel
        Source of pathways and of gene positions; None for neither.
    progress
        Called with the number of runs that have just ended.

    Raises
    ------
    CohortError
        If too few features or samples can be clustered.
    StatisticsError
        If a rank is out of range.
    UsageError
        If the method is not known.

    Notes
    -----
    Clusters are those of the largest coefficient (basis columns brought to the same sum), numbered by size. When the
    rule supports no rank and none was given, no cluster is assigned, and the reason is in ``choice``.

    Examples
    --------
    >>> from her2genomics.cohort import cohort_from_table
    >>> genes = {g: ["1"] * 8 + ["0"] * 8 for g in ("TP53", "MYC", "RB1")} | {
    ...     g: ["0"] * 8 + ["1"] * 8 for g in ("PIK3CA", "GATA3", "CDH1")}
    >>> table = pd.DataFrame({"sample_id": [f"s{i:02}" for i in range(16)], **genes})
    >>> found = cluster_cohort(cohort_from_table(table), ClusterSettings(ranks=(2, 3), rank=2))
    >>> found.assignments["cluster"].value_counts().tolist()
    [8, 8]
    """
    settings = settings or ClusterSettings()
    if settings.method not in ("nmf", "hierarchical"):
        raise UsageError(f"unknown method {settings.method}", hint="use nmf or hierarchical")
    spans = panel.gene_spans("hg19") if panel is not None and settings.matrix.collapse_amplicons else None
    matrix = build_matrix(cohort, settings.matrix, gene_spans=spans)
    notes = list(matrix.notes)
    run = _by_nmf if settings.method == "nmf" else _by_distance
    fit = run(matrix.values, settings, notes, progress)
    return _report(cohort, settings, matrix, fit, notes, panel)


@dataclass
class _Fit:
    """What either method hands on: one label per sample of the matrix, or none."""

    choice: RankChoice
    ranks: pd.DataFrame
    labels: Integers | None = None
    factors: Factorisation | None = None
    consensus: Floats | None = None
    used: Integers | None = None
    cut: Integers | None = None
    tree: Floats | None = None
    silhouette: Floats | None = None


def _by_nmf(values: pd.DataFrame, settings: ClusterSettings, notes: list[str], progress: Progress | None) -> _Fit:
    v = values.to_numpy()
    used = np.arange(v.shape[1])
    if v.shape[1] > MAX_CONSENSUS:
        generator = np.random.default_rng(settings.survey.seed)
        used = np.sort(generator.choice(v.shape[1], MAX_CONSENSUS, replace=False))
        notes.append(
            f"more than {MAX_CONSENSUS:,} samples: ranks and consensus from a random {MAX_CONSENSUS:,} of them"
        )
    part = v[:, used]
    filled: Mask = np.asarray(part.any(axis=1))
    survey = survey_ranks(part[filled], _ranks(settings), settings.survey, progress=progress)
    survey = add_permuted(survey, part[filled], settings.survey, progress=progress)
    choice = _choice(survey, part[filled], settings, progress)
    table = schema.conform(survey.table, schema.NMF_RANK_SELECTION)
    if choice.rank is None:
        return _Fit(choice, table)
    return _assign(v, used, filled, survey, choice, table, settings, notes, progress)


def _ranks(settings: ClusterSettings) -> list[int]:
    return sorted({*settings.ranks, *([] if settings.rank is None else [settings.rank])})


def _choice(survey: RankSurvey, v: Floats, settings: ClusterSettings, progress: Progress | None) -> RankChoice:
    found = choose_rank(survey, v, settings.survey, progress=progress)
    if settings.rank is None:
        return found
    said = "none" if found.rank is None else str(found.rank)
    return RankChoice(
        settings.rank,
        found.candidate,
        f"rank {settings.rank} as asked for; the rule says {said}: {found.reason}",
        found.p_value,
    )


def _assign(
    v: Floats,
    used: Integers,
    filled: Mask,
    survey: RankSurvey,
    choice: RankChoice,
    table: pd.DataFrame,
    settings: ClusterSettings,
    notes: list[str],
    progress: Progress | None,
) -> _Fit:
    rank = int(choice.rank or 0)
    best, consensus, summary = survey.fits[rank].best, survey.consensus(rank), survey.summary(rank)
    basis = np.zeros((len(v), rank))
    basis[filled] = best.basis
    coefficients = np.empty((rank, v.shape[1]))
    coefficients[:, used] = best.coefficients
    rest = np.setdiff1d(np.arange(v.shape[1]), used)
    if len(rest):
        coefficients[:, rest] = fit_coefficients(v[:, rest], basis)
    labels = coefficients.argmax(axis=0)
    silhouette = sample_silhouettes(1 - consensus, labels[used])
    agreement = adjusted_rand_score(labels[used], summary.cut)
    notes.append(f"largest coefficient against consensus cut: adjusted Rand {agreement:.3f}")
    notes.append(_stability(v[:, used][filled], labels[used], rank, settings.survey, progress))
    factors = Factorisation(basis, coefficients, best.loss)
    return _Fit(choice, table, labels, factors, consensus, used, summary.cut, summary.tree, silhouette)


def _stability(v: Floats, labels: Integers, rank: int, survey: SurveySettings, progress: Progress | None) -> str:
    """Cluster random 80 % of the samples again, and say how well the labels agree."""
    generator = np.random.default_rng([survey.seed, N_SUBSAMPLES])
    agreement = []
    for stream in range(1, N_SUBSAMPLES + 1):
        chosen = np.sort(generator.choice(v.shape[1], round(SUBSAMPLE_SHARE * v.shape[1]), replace=False))
        part = v[:, chosen]
        part = part[part.any(axis=1)]
        if rank > min(part.shape):
            continue
        (fit,) = survey.fit(part, [rank], runs=SUBSAMPLE_RUNS, stream=1000 + stream, progress=progress)
        agreement.append(adjusted_rand_score(labels[chosen], fit.best.coefficients.argmax(axis=0)))
    if not agreement:
        return "stability: too few samples to take 80 % of them"
    return (
        f"stability: adjusted Rand {np.median(agreement):.3f} (lowest {min(agreement):.3f}) in {len(agreement)} "
        f"subsamples of {SUBSAMPLE_SHARE:.0%}"
    )


def _by_distance(values: pd.DataFrame, settings: ClusterSettings, notes: list[str], progress: Progress | None) -> _Fit:
    v = values.to_numpy()
    if v.shape[1] > MAX_CONSENSUS:
        raise UsageError(f"hierarchical clustering of {v.shape[1]:,} samples", hint="use --method nmf")
    found = build_hierarchy(v, _ranks(settings))
    permuted = permuted_silhouettes(v, _ranks(settings), settings.survey.seed)
    notes.append("hierarchical clustering: average linkage of Jaccard distances")
    table = pd.DataFrame({"k": list(found.silhouettes), "silhouette": list(found.silhouettes.values())})
    table = schema.conform(table, schema.NMF_RANK_SELECTION)
    choice = _choice_by_silhouette(found.silhouettes, found.best, float(permuted.max()), settings.rank)
    if choice.rank is None:
        return _Fit(choice, table)
    cut = cut_tree(found.tree, choice.rank)
    return _Fit(
        choice, table, cut, None, 1 - found.distance, np.arange(v.shape[1]), cut, found.tree,
        sample_silhouettes(found.distance, cut),
    )  # fmt: skip


def _choice_by_silhouette(silhouettes: dict[int, float], best: int, permuted: float, asked: int | None) -> RankChoice:
    """Return the cut with the best silhouette, if it is clearer than every cut of the permuted matrices."""
    supported = silhouettes[best] > permuted
    reason = (
        f"rank {best} has the highest mean silhouette, {silhouettes[best]:.3f}, "
        f"{'above' if supported else 'not above'} the highest in {N_PERMUTED} matrices of permuted features, "
        f"{permuted:.3f}" + (f" (p = {1 / (N_PERMUTED + 1):.2g})" if supported else "")
    )
    if asked is None:
        return RankChoice(best if supported else None, best, reason)
    said = best if supported else "none"
    return RankChoice(asked, best, f"rank {asked} as asked for; the silhouette says {said}: {reason}")


def _by_size(labels: Integers) -> dict[int, str]:
    """Return cluster names, 1 for the largest; equal sizes in the order of the first sample."""
    found, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    return {int(found[i]): str(rank + 1) for rank, i in enumerate(order)}


def _report(
    cohort: Cohort, settings: ClusterSettings, matrix: ClusterMatrix, fit: _Fit, notes: list[str], panel: Panel | None
) -> Clusters:
    ids = pd.Index(cohort.sample_ids.astype(str))
    table = _status_table(ids, matrix, fit)
    clusters = pd.Series(table["cluster"].to_numpy(dtype=object), index=ids, dtype="string")
    features, tests = schema.empty(schema.CLUSTER_FEATURES), schema.empty(schema.CLUSTER_TESTS)
    contingency = schema.empty(schema.CONTINGENCY)
    samples: tuple[str, ...] = ()
    if fit.labels is not None and fit.used is not None:
        names = _by_size(fit.labels)
        component_of = {name: component for component, name in names.items()}
        pathways = pd.DataFrame(columns=["pathway", "gene"]) if panel is None else panel.pathways.query("default")
        own = clusters[matrix.values.columns]
        features = describe_features(matrix.values, own, fit.factors, component_of, pathways)
        grouped = clusters.mask(clusters == UNALTERED)
        tests, contingency = compare_clusters(
            cohort, grouped, settings.matrix.hold_out, settings.matrix.classes, not settings.matrix.erbb2_copy_number
        )
        samples = tuple(matrix.values.columns[fit.used])
    return Clusters(
        table,
        fit.ranks,
        features,
        tests,
        contingency,
        cross_table(tests, contingency),
        fit.choice,
        matrix,
        fit.factors,
        fit.consensus,
        samples,
        fit.tree,
        tuple(notes),
    )


def _status_table(ids: pd.Index, matrix: ClusterMatrix, fit: _Fit) -> pd.DataFrame:
    table = pd.DataFrame({"sample_id": ids}, index=ids)
    groups: dict[str, Sequence[str]] = {
        "no alteration": matrix.unaltered,
        "not profiled": matrix.unprofiled,
        "incompletely profiled": matrix.incomplete,
        "clustered" if fit.labels is not None else "no rank supported": list(matrix.values.columns),
    }
    for status, members in groups.items():
        table.loc[list(members), "status"] = status
    table.loc[list(matrix.unaltered), "cluster"] = UNALTERED
    table.loc[list(matrix.unaltered), "n_altered"] = 0
    table.loc[matrix.values.columns, "n_altered"] = (matrix.values > 0).sum(axis=0)
    if fit.labels is not None and fit.used is not None and fit.cut is not None:
        names = _by_size(fit.labels)
        table.loc[matrix.values.columns, "cluster"] = [names[int(label)] for label in fit.labels]
        consensus = matrix.values.columns[fit.used]
        table.loc[consensus, "consensus_cluster"] = _matched(fit.cut, table.loc[consensus, "cluster"])
        table.loc[consensus, "silhouette"] = fit.silhouette
        if fit.factors is not None:
            h = fit.factors.coefficients
            table.loc[matrix.values.columns, "membership"] = h.max(axis=0) / np.maximum(h.sum(axis=0), 1e-300)
    return schema.conform(table.reset_index(drop=True), schema.NMF_ASSIGNMENTS)


def _matched(cut: Integers, clusters: pd.Series) -> list[str]:
    """Return the names of the consensus clusters: of the cluster that each shares most samples with."""
    table = pd.crosstab(cut, clusters.to_numpy(dtype=object))
    name = {int(str(c)): str(row.idxmax()) for c, row in table.iterrows()}
    return [name[int(c)] for c in cut]
