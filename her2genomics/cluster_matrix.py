"""The matrix that is clustered: which events count, and which genes and samples can stand in it.

Not profiled is not unaltered: genes that too few samples were profiled for are left out, then samples that lack one of
the remaining genes; both are counted.  Samples without any alteration cannot be factorised; they are a group of their
own (cluster 0).  ERBB2's copy number is left out unless asked for, because it would only find the HER2-positive tumours
again; its mutations stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.amplicons import amplicon_of
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison.features import complete_samples
from her2genomics.exceptions import CohortError, UsageError

CLASS_WEIGHTS: dict[str, float] = {
    **dict.fromkeys(schema.ALTERATION_CLASSES, 0.5),
    **dict.fromkeys(("truncating", "splice", "fusion", "amplification", "deep_deletion"), 1.0),
}
"""Weight of an alteration where classes are weighted: clear losses of function and high-level events 1, others 1/2."""


@dataclass(frozen=True)
class MatrixSettings:
    """What counts as altered, and what is left out.

    Parameters
    ----------
    classes
        Classes of alteration that count.
    min_frequency
        Least share of altered samples among the profiled [0-1].
    min_profiled
        Least share of samples that a gene has to be profiled in [0-1].
    weighted
        Whether cells hold `CLASS_WEIGHTS` instead of 1.
    erbb2_copy_number
        Whether copy-number changes of ERBB2 count.
    collapse_amplicons
        Whether amplified genes of a known amplicon are one feature.
    genes
        Genes to use; None for all.
    hold_out
        Genes to leave out of the matrix, so that they can be tested.
    """

    classes: tuple[str, ...] = COUNTED_CLASSES
    min_frequency: float = 0.02
    min_profiled: float = 0.9
    weighted: bool = False
    erbb2_copy_number: bool = False
    collapse_amplicons: bool = False
    genes: tuple[str, ...] | None = None
    hold_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.classes) - set(schema.ALTERATION_CLASSES)):
            raise UsageError(
                f"unknown alteration class {', '.join(unknown)}", hint=f"use: {', '.join(schema.ALTERATION_CLASSES)}"
            )
        if not 0 <= self.min_frequency <= 1 or not 0 <= self.min_profiled <= 1:
            raise UsageError("least frequency and least profiled share lie between 0 and 1")


@dataclass(frozen=True)
class ClusterMatrix:
    """The matrix and who is not in it.

    Parameters
    ----------
    values
        Features (rows, by name) x samples (columns, by identifier), non-negative, no row or column all zero.
    unaltered, unprofiled, incomplete
        Samples without an alteration, without a profiled gene, and without a value for one of the features.
    notes
        What was counted and left out, in words.
    """

    values: pd.DataFrame
    unaltered: tuple[str, ...]
    unprofiled: tuple[str, ...]
    incomplete: tuple[str, ...]
    notes: tuple[str, ...]


def build_matrix(
    cohort: Cohort, settings: MatrixSettings | None = None, *, gene_spans: pd.DataFrame | None = None
) -> ClusterMatrix:
    """Return the matrix of a cohort.

    Parameters
    ----------
    cohort
        Samples, alterations, mask.
    settings
        What counts.
    gene_spans
        ``gene, chromosome, start, end`` (hg19), needed to collapse amplicons.

    Raises
    ------
    CohortError
        If fewer than three features or samples are left.

    Examples
    --------
    >>> from her2genomics.cohort import cohort_from_table
    >>> t = pd.DataFrame({"sample_id": list("abcde"), "TP53": ["1", "1", "0", "0", "0"],
    ...     "PIK3CA": ["0", "0", "1", "1", "0"], "ERBB2": ["amplification", "0", "missense", "0", "amplification"]})
    >>> matrix = build_matrix(cohort_from_table(t))
    >>> matrix.values.loc["ERBB2"].tolist(), matrix.unaltered
    ([0.0, 0.0, 1.0, 0.0], ('e',))
    """
    settings = settings or MatrixSettings()
    notes: list[str] = []
    weights, known = _features(cohort, settings, gene_spans, notes)
    _check_features(cohort, settings, known)
    ids = pd.Index(cohort.sample_ids.astype(str))
    weight, mask = weights.to_numpy(), known.to_numpy(dtype=bool)
    profiled = np.asarray(mask.any(axis=1))
    n_known = mask[profiled].sum(axis=0)
    n_altered = (weight[profiled] > 0).sum(axis=0)
    enough = n_known >= settings.min_profiled * profiled.sum()
    kept = enough & (n_altered >= settings.min_frequency * n_known) & (n_altered > 0)
    notes.append(
        f"matrix: {int(kept.sum())} of {len(kept)} features altered in at least {settings.min_frequency:.3g} of the "
        f"profiled samples; {int((~enough).sum())} profiled in fewer than {settings.min_profiled:.0%} of them left out"
    )
    if not kept.any():
        raise CohortError(
            f"no gene is altered in at least {settings.min_frequency:.3g} of its profiled samples (highest "
            f"{(n_altered / np.maximum(n_known, 1)).max():.3g}), so there is nothing to cluster",
            hint="lower --min-frequency or --min-profiled, or count more --classes",
        )
    complete = np.asarray(mask[:, kept].all(axis=1)) & profiled
    altered = np.asarray((weight[:, kept] > 0).any(axis=1))
    inside = complete & altered
    unaltered = tuple(sorted(ids[complete & ~altered]))
    matrix = pd.DataFrame(weight[np.ix_(inside, kept)].T, weights.columns[kept], ids[inside])
    matrix = matrix.loc[weight[np.ix_(inside, kept)].any(axis=0)].sort_index(axis=0).sort_index(axis=1)
    incomplete, unprofiled = tuple(sorted(ids[profiled & ~complete])), tuple(sorted(ids[~profiled]))
    notes.append(
        f"samples: {matrix.shape[1]} clustered, {len(unaltered)} without an alteration of these features (cluster 0), "
        f"{len(incomplete)} not profiled for all of them and {len(unprofiled)} not profiled left out"
    )
    if min(matrix.shape) < 3:
        raise CohortError(
            f"{matrix.shape[0]} features and {matrix.shape[1]} samples are too few to cluster",
            hint="lower --min-frequency or --min-profiled; her2g check shows what was recognised",
        )
    return ClusterMatrix(matrix, unaltered, unprofiled, incomplete, tuple(notes))


def _check_features(cohort: Cohort, settings: MatrixSettings, known: pd.DataFrame) -> None:
    """Refuse a cohort without genes, or without a sample that all assays saw, in words."""
    if not len(known.columns):
        named = "" if settings.genes is None else f" {', '.join(settings.genes[:3])}"
        raise CohortError(
            f"the cohort has none of the genes{named}" if cohort.genes else "the cohort has no gene column",
            hint="her2g check FILE lists the genes that were recognised",
        )
    if not known.to_numpy(dtype=bool).any():
        raise CohortError(
            "no sample is profiled by all assays for any of the genes, so there is nothing to cluster",
            hint="her2g check FILE shows what was profiled",
        )


def _features(
    cohort: Cohort, settings: MatrixSettings, gene_spans: pd.DataFrame | None, notes: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return weights and mask, samples x features."""
    wanted = set(cohort.genes) if settings.genes is None else set(settings.genes)
    chosen = [gene for gene in cohort.genes if gene in wanted - set(settings.hold_out)]
    columns = pd.Index(cohort.genes).get_indexer(pd.Index(chosen))
    known = (cohort.profiled & complete_samples(cohort, notes)[:, None])[:, columns]
    weight = np.zeros(known.shape)
    for name in settings.classes:
        cells = cohort.altered([name])[:, columns] & known
        if name in schema.COPY_NUMBER_CLASSES and not settings.erbb2_copy_number and "ERBB2" in chosen:
            cells[:, chosen.index("ERBB2")] = False
        weight = np.maximum(weight, cells * (CLASS_WEIGHTS[name] if settings.weighted else 1.0))
    if not settings.erbb2_copy_number and "ERBB2" in chosen:
        notes.append("ERBB2: copy number left out of the matrix, mutations counted")
    index = pd.Index(cohort.sample_ids.astype(str))
    weights, mask = pd.DataFrame(weight, index, chosen), pd.DataFrame(known, index, chosen)
    if settings.collapse_amplicons:
        if gene_spans is None:
            raise UsageError(
                "collapsing amplicons needs the genes' positions", hint="give a panel with exons or targets"
            )
        return _collapse(cohort, settings, gene_spans, weights, mask, notes)
    return weights, mask


def _collapse(
    cohort: Cohort,
    settings: MatrixSettings,
    gene_spans: pd.DataFrame,
    weights: pd.DataFrame,
    mask: pd.DataFrame,
    notes: list[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return weights and mask with one feature per amplicon in place of its genes' amplifications."""
    members: dict[str, list[str]] = {}
    for gene, chromosome, start, end in gene_spans[["gene", "chromosome", "start", "end"]].itertuples(index=False):
        name = amplicon_of(str(chromosome), int(start), int(end))
        if name is not None and gene in weights.columns and (gene != "ERBB2" or settings.erbb2_copy_number):
            members.setdefault(name, []).append(str(gene))
    amplified = pd.DataFrame(cohort.altered(["amplification"]), weights.index, list(cohort.genes))
    others = [c for c in settings.classes if c != "amplification"]
    left = pd.DataFrame(cohort.altered(others), weights.index, list(cohort.genes))
    for name, genes in members.items():
        weights[genes] = weights[genes].where(left[genes] & mask[genes], 0.0)
        weights[f"{name} amplification"] = (amplified[genes] & mask[genes]).any(axis=1).astype(float)
        mask[f"{name} amplification"] = mask[genes].all(axis=1)
        notes.append(f"amplicon {name}: amplifications of {len(genes)} genes are one feature")
    return weights, mask
