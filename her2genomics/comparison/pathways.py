"""Pathways as a family of the comparison: as genes are compared, and with the burden held fixed as well.

Beside Fisher's test and the one within strata of hormone-receptor status stands a test in which tumours are compared
only with tumours of the same burden profiled by the same assay: a larger pathway is altered more often in whatever
group has the larger burden.  Each pathway that holds a hub gene is compared a second time without it (family
``pathway_without_hubs``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.cohort import Cohort
from her2genomics.comparison.binary import compare_binary, count_binary
from her2genomics.comparison.burden import add_burden_groups, find_burden_strata
from her2genomics.comparison.design import Design
from her2genomics.comparison.events import AMPLIFICATION, amplicon_genes
from her2genomics.comparison.features import BinaryFeatures, BoolArray, complete_samples
from her2genomics.comparison.groups import OVERALL, TREND
from her2genomics.comparison.notes import append_note
from her2genomics.exceptions import UsageError
from her2genomics.gene_columns import usable_aliases
from her2genomics.panel import Panel, load_panel
from her2genomics.pathways import HUB_GENES, MIN_PROFILED, PathwayMatrix, choose_pathways, score_pathways, without_genes

FAMILY = "pathway"
FAMILY_WITHOUT_HUBS = "pathway_without_hubs"
HOLDS_ERBB2 = "holds ERBB2, whose amplification goes with HER2-positive"
"""Note of a pathway with ERBB2 in a contrast with HER2-positive."""
_LISTED_GENES = 8


@dataclass(frozen=True)
class PathwaySettings:
    """How pathways are made of genes.

    Parameters
    ----------
    table
        Gene sets (``pathway_genes`` schema); None for the panel's own.
    sources
        Sources to use instead of the default ones, or ``all`` (see `choose_pathways`).
    without
        Hub genes; a pathway that holds one is compared a second time without them.
    min_profiled
        Least share [0-1] of a pathway's covered genes that has to be profiled in a sample.
    panel
        Panel whose gene sets, old symbols and gene positions (for amplicons) are used; default the shipped one.
    """

    table: pd.DataFrame | None = None
    sources: Sequence[str] = ()
    without: Sequence[str] = HUB_GENES
    min_profiled: float = MIN_PROFILED
    panel: Panel | None = None

    @property
    def knowledge(self) -> Panel:
        """The panel that is asked about genes."""
        return self.panel or load_panel()

    def gene_sets(self) -> pd.DataFrame:
        """Return the gene sets to use.

        Raises
        ------
        UsageError
            If none is given and the panel has none.
        """
        sets = self.knowledge.pathways if self.table is None else self.table
        if sets.empty:
            raise UsageError(f"panel {self.knowledge.id} has no gene sets", hint="give them with --gmt FILE")
        return choose_pathways(sets, self.sources)

    def any_gene_of(self, cohort: Cohort) -> bool:
        """Return whether a gene of a pathway was profiled in the cohort (False also for a panel without gene sets)."""
        sets = self.knowledge.pathways if self.table is None else self.table
        profiled = {cohort.genes[j] for j in np.flatnonzero(cohort.profiled.any(axis=0))}
        return bool(sets["gene"].isin(profiled).any())


def pathway_rows(
    cohort: Cohort,
    settings: PathwaySettings,
    design: Design,
    classes: Collection[str],
    notes: list[str],
) -> tuple[pd.DataFrame, pd.DataFrame, PathwayMatrix]:
    """Return the association rows of both pathway families, unfinished, the counts behind them, and the pathways."""
    sets = _with_known_symbols(settings.gene_sets(), cohort, settings.knowledge)
    amplicons = amplicon_genes(settings.knowledge)
    complete = complete_samples(cohort, notes, what="pathways")
    strata = None if design.adjustment is None else design.adjustment.covariates.strata()
    burden = find_burden_strata(cohort, classes, amplicons, strata, complete)
    whole = _score(cohort, sets, classes, settings.min_profiled)
    notes += _coverage_notes(whole, complete, settings.min_profiled)
    if strange := sorted(set(settings.without) - set(HUB_GENES) - set(sets["gene"])):
        notes.append(f"pathways: no pathway holds {', '.join(strange)}, so none is compared without")
    hubless = _score(cohort, without_genes(sets, settings.without), classes, settings.min_profiled)
    parts, counts = [], []
    for family, matrix in ((FAMILY, whole), (FAMILY_WITHOUT_HUBS, hubless)):
        if matrix.names:
            features = _features(family, matrix, complete, sets)
            part = compare_binary(features, design, burden)
            add_burden_groups(part, features, design.grouping, burden)
            parts.append(_with_notes(part, matrix, classes))
            counts.append(count_binary(features, design.grouping))
    return pd.concat(parts, ignore_index=True), pd.concat(counts, ignore_index=True), whole


def pathway_features(cohort: Cohort, settings: PathwaySettings, classes: Collection[str]) -> BinaryFeatures:
    """Return the pathways of a cohort as features, known where enough of their genes were profiled."""
    sets = _with_known_symbols(settings.gene_sets(), cohort, settings.knowledge)
    matrix = _score(cohort, sets, classes, settings.min_profiled)
    return _features(FAMILY, matrix, complete_samples(cohort, [], what="pathways"), sets)


def _with_known_symbols(table: pd.DataFrame, cohort: Cohort, panel: Panel) -> pd.DataFrame:
    """Return the gene sets with old symbols mapped to the cohort's, where the cohort has only the current one."""
    symbols = set(cohort.genes)
    mapping = {old: new for old, new in usable_aliases(table["gene"], panel).items() if old not in symbols}
    return table.assign(gene=table["gene"].replace(mapping)).drop_duplicates(["pathway", "source", "gene"])


def _score(cohort: Cohort, table: pd.DataFrame, classes: Collection[str], min_profiled: float) -> PathwayMatrix:
    return score_pathways(
        cohort.altered(classes),
        cohort.profiled,
        genes=cohort.genes,
        sample_ids=cohort.sample_ids.tolist(),
        pathway_genes=table,
        min_profiled=min_profiled,
    )


def _features(family: str, matrix: PathwayMatrix, complete: BoolArray, sets: pd.DataFrame) -> BinaryFeatures:
    """Return the pathways as features: a sample with too little profiled could be altered but never not, and is out."""
    known = matrix.enough & complete[:, None]
    full = sets.groupby("pathway", sort=False)["gene"].agg(list)
    notes = []
    for name, covered, members in zip(matrix.names, matrix.covered, matrix.members, strict=True):
        taken = [gene for gene in full[name] if gene not in members]
        note = f"without {', '.join(taken)}; " if taken else ""
        what = f"{len(covered)} of {len(members)} genes covered" if covered else "not evaluable: no gene is profiled"
        notes.append(note + what)
    return BinaryFeatures(family, matrix.names, matrix.altered & known, known, tuple(notes))


def _with_notes(part: pd.DataFrame, matrix: PathwayMatrix, classes: Collection[str]) -> pd.DataFrame:
    """Add what a reader has to beware of: ERBB2 amplification makes a tumour HER2-positive."""
    if AMPLIFICATION not in classes:
        return part
    holding = {name for name, covered in zip(matrix.names, matrix.covered, strict=True) if "ERBB2" in covered}
    positive = part["group_a"].eq(schema.HER2_GROUPS[-1]) | part["group_b"].eq(schema.HER2_GROUPS[-1])
    positive |= part["contrast"].isin([OVERALL, TREND])
    part["note"] = append_note(part["note"], part["feature"].isin(holding) & positive, HOLDS_ERBB2)
    return part


def _coverage_notes(matrix: PathwayMatrix, complete: BoolArray, min_profiled: float) -> list[str]:
    notes = []
    absent = sorted(
        {g for all_, some in zip(matrix.members, matrix.covered, strict=True) for g in set(all_) - set(some)}
    )
    total = len({g for genes in matrix.members for g in genes})
    if absent:
        listed = ", ".join(absent[:_LISTED_GENES]) + (" ..." if len(absent) > _LISTED_GENES else "")
        notes.append(f"pathways: {len(absent)} of {total} genes are not profiled in this cohort: {listed}")
    empty = [name for name, covered in zip(matrix.names, matrix.covered, strict=True) if not covered]
    if empty:
        notes.append(f"pathways: not evaluable, no gene is profiled: {', '.join(empty)}")
    short = matrix.altered & ~matrix.enough & complete[:, None]
    if short.any():
        notes.append(
            f"pathways: {int(short.any(axis=1).sum())} samples are altered in a pathway of which less than "
            f"{min_profiled:.0%} was profiled: they count as altered per sample, and are left out of the comparison"
        )
    return notes
