"""Mutual exclusivity and co-occurrence of the frequent events of a cohort, within HER2 groups and over them.

The background (how probable each event is in each tumour) is fitted within each group, so that neither the burden of a
tumour nor a group that is rich in both genes makes a pair.  Genes of one known amplicon are one event; two genes of one
chromosome that are both altered by copy number are not tested, because one event of the chromosome alters both.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact

from her2genomics import schema
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison.events import amplicon_genes, find_events
from her2genomics.comparison.features import BinaryFeatures, BoolArray, complete_samples
from her2genomics.comparison.groups import Grouping, find_groups
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
    background = _background(found, grouping, used, chosen)
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
class _Background:
    """Probability of the chosen events in each sample, and per sample the sums of p and p (1 - p) over all events."""

    p: Floats
    totals: Floats
    variances: Floats

    def of(self, second: int, first: int, altered: BoolArray, rows: BoolArray) -> Floats:
        """Return the probability of one event in some samples, with the first event taken out of their burden."""
        p = self.p[rows]
        return without_gene(p[:, second], p[:, first], altered, self.totals[rows], self.variances[rows])


def _background(found: BinaryFeatures, grouping: Grouping, used: BoolArray, chosen: list[int]) -> _Background:
    """Return the background, fitted within each group over all events."""
    result = _Background(np.zeros((len(used), len(chosen))), np.zeros(len(used)), np.zeros(len(used)))
    for code in range(len(grouping.labels)):
        inside = used & (grouping.codes == code)
        if inside.any():
            p = np.where(found.known[inside], fit_background(found.value[inside], found.known[inside]), 0.0)
            result.p[inside], result.totals[inside] = p[:, chosen], p.sum(axis=1)
            result.variances[inside] = (p * (1 - p)).sum(axis=1)
    return result


def _linked(cohort: Cohort, found: BinaryFeatures, chosen: list[int], used: BoolArray, panel: Panel) -> dict[str, str]:
    """Return the chromosome of each chosen event that is often one of copy number."""
    spans = panel.gene_spans(panel.builds[0]).set_index("gene")["chromosome"]
    copies = cohort.altered(sorted(schema.COPY_NUMBER_CLASSES - {"gain", "loss"}))
    linked = {}
    for j in chosen:
        name = found.names[j]
        genes = found.notes[j].split(";") if j >= len(cohort.genes) else [name]
        if genes[0] not in spans.index:
            continue
        value = found.value[used, j]
        by_copy = value.any() and (
            j >= len(cohort.genes) or (copies[used, j] & value).sum() >= COPY_SHARE * value.sum()
        )
        if by_copy:
            linked[name] = str(spans[genes[0]])
    return linked


def _pairs(
    tested: BinaryFeatures, background: _Background, inside: BoolArray, linked: dict[str, str], stratum: str
) -> pd.DataFrame:
    rows = [_pair(tested, background, inside, linked, i, j) for i, j in combinations(range(len(tested.names)), 2)]
    table = pd.DataFrame(rows).assign(stratum=stratum)
    table["q_value"] = benjamini_hochberg(table["p_value"].to_numpy(dtype=float))
    return table.sort_values(["p_value", "event_a", "event_b"], kind="stable")


def _pair(
    tested: BinaryFeatures, background: _Background, inside: BoolArray, linked: dict[str, str], i: int, j: int
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
    p = background.of(*which, first, rows)
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
    }
