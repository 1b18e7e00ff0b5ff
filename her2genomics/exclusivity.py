"""Mutual exclusivity and co-occurrence of the frequent events of a cohort, within HER2 groups and over them.

The background (how probable each event is in each tumour) is fitted within each group, so that neither the burden of a
tumour nor a group that is rich in both genes makes a pair.  Genes of one known amplicon are one event; two genes of one
chromosome that are both altered by copy number are not tested, because one event of the chromosome alters both.

Mutations (with fusions) and copy-number events are two processes, each with its own burden and its own background: a
hypermutated tumour is not one of many amplifications. An event that either can make has p = 1 - (1 - pm) (1 - pc).
One copy-number event alters many neighbours, so that the burden of copy number counts altered chromosomes, not genes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.stats import fisher_exact

from her2genomics import schema
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison.events import AMPLIFICATION, amplicon_genes, find_events
from her2genomics.comparison.features import BinaryFeatures, BoolArray, complete_samples
from her2genomics.comparison.groups import Grouping, IntArray, find_groups
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.panel import Panel, load_panel
from her2genomics.stats.exclusivity import fit_background, overlap_distribution, overlap_p_values, without_gene
from her2genomics.stats.inputs import Floats
from her2genomics.stats.multiple_testing import benjamini_hochberg

ALL = "all"
COPY_SHARE = 0.2
"""A gene counts as altered by copy number when that is so in this share of its altered samples."""


def find_pairs(
    cohort: Cohort,
    *,
    group: str = "her2_group",
    classes: Collection[str] = COUNTED_CLASSES,
    events: Sequence[str] | None = None,
    min_frequency: float = 0.05,
    most: int = 40,
    panel: Panel | None = None,
) -> pd.DataFrame:
    """Test all pairs of events for mutual exclusivity and co-occurrence.

    Parameters
    ----------
    cohort
        Cohort with the group column in its samples; samples without a group, and those that not every assay saw, are
        left out.
    group
        Column within whose groups the background is fitted.
    classes
        Classes of alteration that count.
    events
        Genes (or ``17q12-21 amplification``) to test; default the most frequent.
    min_frequency, most
        Least pooled share of altered samples [0-1], and the largest number of events, where none are named.
    panel
        Panel whose gene positions are used; default the shipped one.

    Returns
    -------
    DataFrame
        ``event_pairs`` schema: every pair in all groups together (background within groups), then in each group.

    Raises
    ------
    SchemaError
        If the cohort has no gene.
    UsageError
        If a class or an event is not known, or fewer than two events are left.
    """
    if unknown := sorted(set(classes) - set(schema.ALTERATION_CLASSES)):
        raise UsageError(
            f"unknown alteration class {', '.join(unknown)}", hint=f"use: {', '.join(schema.ALTERATION_CLASSES)}"
        )
    if not cohort.genes:
        raise SchemaError("the cohort has no gene column", hint="her2g check FILE says what was recognised")
    knowledge = panel or load_panel()
    grouping = find_groups(cohort.samples, group)
    used = complete_samples(cohort, []) & (grouping.codes >= 0)
    found = find_events(cohort, classes, amplicon_genes(knowledge))
    chosen = _choose(found, used, events, min_frequency, most)
    background = _backgrounds(cohort, classes, knowledge, grouping, used, chosen)
    linked = _linked(cohort, found, chosen, used, knowledge)
    tested = found.select(np.isin(np.arange(len(found.names)), chosen))
    parts = [_pairs(tested, background, used, linked, ALL)]
    for code, label in enumerate(grouping.labels):
        inside = used & (grouping.codes == code)
        if inside.any():
            parts.append(_pairs(tested, background, inside, linked, label))
    return schema.conform(pd.concat(parts, ignore_index=True), schema.EVENT_PAIRS)


def _choose(found: BinaryFeatures, used: BoolArray, events: Sequence[str] | None, least: float, most: int) -> list[int]:
    if events is not None:
        if absent := [name for name in events if name not in found.names]:
            raise UsageError(f"no event {', '.join(absent)} in the cohort")
        chosen = [found.names.index(name) for name in dict.fromkeys(events)]
    else:
        altered, known = found.value[used].sum(axis=0), found.known[used].sum(axis=0)
        frequent = np.flatnonzero((altered > 0) & (altered >= least * known))
        chosen = frequent[np.argsort(-altered[frequent], kind="stable")][:most].tolist()
    if len(chosen) < 2:
        raise UsageError("fewer than two events to pair", hint="lower --min-frequency, or name --events A,B")
    return sorted(chosen)


@dataclass(frozen=True)
class _Process:
    """Background of one process that alters genes: mutation, or copy number; shapes (samples, chosen events).

    Its burden counts units (genes, or chromosomes). Of each chosen event: its probability, the sums of p and p (1 - p)
    over it and all other units, whether its unit is altered, and the probability of that.
    """

    p: Floats
    totals: Floats
    variances: Floats
    unit: BoolArray
    unit_p: Floats

    def of(self, second: int, first: int, rows: BoolArray) -> Floats:
        """Return the probability of one event in some samples, with the first event's unit taken out of the burden."""
        p, unit_p, unit = self.p[rows, second], self.unit_p[rows, first], self.unit[rows, first]
        return without_gene(p, unit_p, unit, self.totals[rows, second], self.variances[rows, second])


def _backgrounds(
    cohort: Cohort,
    classes: Collection[str],
    knowledge: Panel,
    grouping: Grouping,
    used: BoolArray,
    chosen: list[int],
) -> tuple[_Process, _Process]:
    """Return the background of mutations and that of copy number, over all genes, for the chosen events."""
    copies = find_events(cohort, [c for c in classes if c in schema.COPY_NUMBER_CLASSES], amplicon_genes(knowledge))
    changed = np.zeros_like(copies.value)
    changed[:, : len(cohort.genes)] = cohort.altered([c for c in classes if c not in schema.COPY_NUMBER_CLASSES])
    genes = np.arange(len(copies.names))
    chromosomes = pd.factorize(pd.Series(_chromosomes(copies, knowledge)).fillna(pd.Series(copies.names)))[0]
    parts = (changed, genes), (copies.value, chromosomes)
    mutation, copy_number = (_process(value, copies.known, units, grouping, used, chosen) for value, units in parts)
    return mutation, copy_number


def _process(
    value: BoolArray, known: BoolArray, units: IntArray, grouping: Grouping, used: BoolArray, chosen: list[int]
) -> _Process:
    """Return the background of one process, fitted within each group over all units."""
    member = csr_array((np.ones(len(units)), (np.arange(len(units)), units)))
    altered, looked = ((cells.astype(float) @ member) > 0 for cells in (value, known))
    of_chosen = units[chosen]
    p, totals, variances, unit_p = (np.zeros((len(used), len(chosen))) for _ in range(4))
    shared = np.bincount(units)[of_chosen] > 1
    for code in range(len(grouping.labels)):
        rows = np.flatnonzero(used & (grouping.codes == code))
        if not len(rows):
            continue
        whole = np.where(looked[rows], fit_background(altered[rows], looked[rows]), 0.0)
        p[rows] = unit_p[rows] = whole[:, of_chosen]
        totals[rows], variances[rows] = whole.sum(axis=1)[:, None], (whole * (1 - whole)).sum(axis=1)[:, None]
        for k in np.flatnonzero(shared):
            fitted = _alone(altered[rows], looked[rows], value[rows, chosen[k]], known[rows, chosen[k]], of_chosen[k])
            p[rows, k], totals[rows, k] = fitted[:, of_chosen[k]], fitted.sum(axis=1)
            variances[rows, k] = (fitted * (1 - fitted)).sum(axis=1)
    return _Process(p, totals, variances, altered[:, of_chosen], unit_p)


def _alone(altered: BoolArray, looked: BoolArray, event: BoolArray, seen: BoolArray, unit: int) -> Floats:
    """Return the background with one event in place of its unit."""
    altered, looked = altered.copy(), looked.copy()
    altered[:, unit], looked[:, unit] = event, seen
    fitted: Floats = np.where(looked, fit_background(altered, looked), 0.0)
    return fitted


def _chromosomes(found: BinaryFeatures, panel: Panel) -> list[str | None]:
    """Return the chromosome of each event, None where the panel does not know the gene."""
    spans = panel.gene_spans(panel.builds[0])
    places = dict(zip(spans["gene"], spans["chromosome"].astype(str), strict=True))
    genes = [
        note.split(";")[0] if name.endswith(f" {AMPLIFICATION}") else name
        for name, note in zip(found.names, found.notes, strict=True)
    ]
    return [places.get(gene) for gene in genes]


def _linked(cohort: Cohort, found: BinaryFeatures, chosen: list[int], used: BoolArray, panel: Panel) -> dict[str, str]:
    """Return the chromosome of each chosen event that is often one of copy number."""
    chromosomes = _chromosomes(found, panel)
    copies = cohort.altered(sorted(schema.COPY_NUMBER_CLASSES - {"gain", "loss"}))
    linked = {}
    for j in chosen:
        chromosome, value = chromosomes[j], found.value[used, j]
        if chromosome is None or not value.any():
            continue
        if j >= len(cohort.genes) or (copies[used, j] & value).sum() >= COPY_SHARE * value.sum():
            linked[found.names[j]] = chromosome
    return linked


def _pairs(
    tested: BinaryFeatures,
    background: tuple[_Process, _Process],
    inside: BoolArray,
    linked: dict[str, str],
    stratum: str,
) -> pd.DataFrame:
    rows = [_pair(tested, background, inside, linked, i, j) for i, j in combinations(range(len(tested.names)), 2)]
    table = pd.DataFrame(rows).assign(stratum=stratum)
    table["q_value"] = benjamini_hochberg(table["p_value"].to_numpy(dtype=float))
    return table.sort_values(["p_value", "event_a", "event_b"], kind="stable")


_CAUTION = (
    "",
    "one by copy number: chromosome arms follow the subtype, so the burden alone explains too little; read with care",
    "both by copy number: not valid, 8 % of such pairs have p <= 0.05 without any link",
)
"""Note by how many events of a pair are mostly of copy number (docs/pathways.md has the calibration)."""


def _pair(
    tested: BinaryFeatures,
    background: tuple[_Process, _Process],
    inside: BoolArray,
    linked: dict[str, str],
    i: int,
    j: int,
) -> dict[str, object]:
    """Return the row of one pair; the more frequent event is the one whose samples are taken as they are."""
    rows = inside & tested.known[:, i] & tested.known[:, j]
    a, b = tested.value[rows, i], tested.value[rows, j]
    both = int((a & b).sum())
    row: dict[str, object] = {
        "event_a": tested.names[i],
        "event_b": tested.names[j],
        "n": int(rows.sum()),
        "n_a": int(a.sum()),
        "n_b": int(b.sum()),
        "n_both": both,
        "p_value": np.nan,
        "note": "",
    }
    chromosome = linked.get(tested.names[i])
    if chromosome is not None and chromosome == linked.get(tested.names[j]):
        return row | {"note": f"not tested: both by copy number on {chromosome}, one event may alter both"}
    if not (0 < a.sum() < len(a) and 0 < b.sum() < len(b)):
        return row | {"note": "not tested: an event is altered in none or in all"}
    first, second, which = (a, b, (j, i)) if a.sum() >= b.sum() else (b, a, (i, j))
    mutation, copy_number = (process.of(*which, rows) for process in background)
    p = 1 - (1 - mutation) * (1 - copy_number)
    distribution = overlap_distribution(first, p, int(second.sum()))
    if np.isnan(distribution).any():
        return row | {"note": "not tested: the background is degenerate"}
    few, many, two_sided = overlap_p_values(distribution, both)
    expected = float(distribution @ np.arange(len(distribution)))
    table = [[both, int(a.sum()) - both], [int(b.sum()) - both, int((~a & ~b).sum())]]
    return row | {
        "expected": expected,
        "direction": "co-occurrence" if both > expected else "exclusivity",
        "p_exclusivity": few,
        "p_cooccurrence": many,
        "p_value": two_sided,
        "fisher_p": float(fisher_exact(table).pvalue),
        "note": _CAUTION[sum(tested.names[k] in linked for k in (i, j))],
    }
