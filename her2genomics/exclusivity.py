"""Mutual exclusivity and co-occurrence of the frequent events of a cohort, within HER2 groups and over them.

The background (how probable each event is in each tumour) follows the tumour's burden of mutations and of copy-number
events, its group and its hormone-receptor status, so that neither makes a pair.  Genes of one known amplicon are one
event; two events of one chromosome that are both altered by copy number are not tested, because one event of the
chromosome alters both.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison.covariates import AUTO, find_covariates
from her2genomics.comparison.event_burden import EventBurden, event_chromosomes, find_event_burden
from her2genomics.comparison.events import AMPLIFICATION, amplicon_genes, find_events
from her2genomics.comparison.features import BinaryFeatures, BoolArray, complete_samples
from her2genomics.comparison.groups import Grouping, IntArray, find_groups
from her2genomics.comparison.notes import append_note
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.panel import Panel, load_panel
from her2genomics.stats.contingency import fisher_many
from her2genomics.stats.exclusivity import event_background, overlap_distributions, overlap_p_values
from her2genomics.stats.inputs import Floats
from her2genomics.stats.multiple_testing import benjamini_hochberg

ALL = "all"
COPY_SHARE = 0.2
"""A gene counts as altered by copy number when that is so in this share of its altered samples."""
SHARED = 0.5
"""Copy-number events of one chromosome are one when they share this part of the samples altered in either."""
LEAST_IN_LEVEL = 10
"""Levels of group and adjustment with fewer samples share one term of the background."""


def find_pairs(
    cohort: Cohort,
    *,
    group: str = "her2_group",
    classes: Collection[str] = COUNTED_CLASSES,
    adjust: str | Sequence[str] | None = AUTO,
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
        Column whose groups the background tells apart, and within which the pairs are tested again.
    classes
        Classes of alteration that count.
    adjust
        Categories that the background tells apart as well; ``auto``: hormone-receptor status, where it is there. A
        missing value is a level of its own.
    events
        Genes (or ``17q12-21 amplification``) to test; default the most frequent.
    min_frequency, most
        Least pooled share of altered samples [0-1], and the largest number of events, where none are named. Of events
        by copy number that share a chromosome and half of their samples the most frequent stands for all.
    panel
        Panel whose gene positions are used; default the shipped one.

    Returns
    -------
    DataFrame
        ``event_pairs`` schema: every pair in all groups together (with groups in the background), then in each group.

    Raises
    ------
    SchemaError
        If the cohort has no gene.
    UsageError
        If a class or an event is not known, fewer than two events are left, or an adjustment is a number.
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
    candidates = _candidates(found, used, events, min_frequency)
    linked = _linked(cohort, _selected(found, candidates), used, knowledge)
    together: dict[str, list[str]] = {}
    if events is None:
        candidates = _apart(found, candidates, used, linked, together)[:most]
    if len(candidates) < 2:
        raise UsageError("fewer than two events to pair", hint="lower --min-frequency, or name --events A,B")
    tested = _selected(found, candidates)
    burden = find_event_burden(cohort, classes, knowledge, tested)
    cells = _cells(cohort.samples, adjust, grouping)
    parts = [_pairs(tested, burden, _levels(cells, used), used, linked, ALL)]
    for code, label in enumerate(grouping.labels):
        inside = used & (grouping.codes == code)
        if inside.any():
            parts.append(_pairs(tested, burden, _levels(cells, inside), inside, linked, label))
    table = schema.conform(pd.concat(parts, ignore_index=True), schema.EVENT_PAIRS)
    apart = {name: note for name, note in zip(tested.names, tested.notes, strict=True) if name in cohort.genes and note}
    return table.assign(note=_with_notes(table, together, apart, known_receptors=len(cells) > 1 or adjust != AUTO))


def _candidates(found: BinaryFeatures, used: BoolArray, events: Sequence[str] | None, least: float) -> list[int]:
    """Return the events named, or all that are frequent enough, most frequent first."""
    if events is not None:
        if absent := [name for name in events if name not in found.names]:
            amplicons = [name for name in found.names if name.endswith(f" {AMPLIFICATION}")]
            hint = f"events are genes of the cohort{', and ' if amplicons else ''}{', '.join(amplicons)}"
            raise UsageError(f"no event {', '.join(absent)} in the cohort", hint=hint)
        return [found.names.index(name) for name in dict.fromkeys(events)]
    altered, known = found.value[used].sum(axis=0), found.known[used].sum(axis=0)
    frequent = np.flatnonzero((altered > 0) & (altered >= least * known))
    order: list[int] = frequent[np.argsort(-altered[frequent], kind="stable")].tolist()
    return order


def _selected(found: BinaryFeatures, chosen: list[int]) -> BinaryFeatures:
    return found.select(np.isin(np.arange(len(found.names)), chosen))


def _apart(
    found: BinaryFeatures,
    candidates: list[int],
    used: BoolArray,
    linked: dict[str, str],
    together: dict[str, list[str]],
) -> list[int]:
    """Return one event for all by copy number that share a chromosome and most of their samples: it is one event.

    A known amplicon stays, else the most frequent; ``together`` receives those that it stands for.
    """
    kept: list[int] = []
    for j in sorted(candidates, key=lambda j: not found.names[j].endswith(f" {AMPLIFICATION}")):
        name, value = found.names[j], found.value[used, j]
        stands = None
        for other in kept if linked.get(name) else ():
            theirs = found.value[used, other]
            shared = (value & theirs).sum() >= SHARED * (value | theirs).sum()
            if shared and linked.get(found.names[other]) == linked[name]:
                stands = found.names[other]
                break
        if stands is None:
            kept.append(j)
        else:
            together.setdefault(stands, []).append(name)
    return [j for j in candidates if j in kept]


def _with_notes(
    table: pd.DataFrame, together: dict[str, list[str]], apart: dict[str, str], *, known_receptors: bool
) -> pd.Series:
    """Return the notes with what events stand for, what is counted apart, and what the background does not know."""
    note = table["note"].fillna("")
    for column in ("event_a", "event_b"):
        for name, text in apart.items():
            note = append_note(note, table[column] == name, f"{name}: {text}")
        for name, others in together.items():
            note = append_note(note, table[column] == name, f"{name} stands for {', '.join(others)} as well")
    unknown = table["p_value"].notna() & (not known_receptors)
    return append_note(note, unknown, "hr_status is not known: a pair that goes with it shows")


def _cells(samples: pd.DataFrame, adjust: str | Sequence[str] | None, grouping: Grouping) -> list[IntArray]:
    """Return what the background tells apart besides burden: the groups, and each adjustment (missing is a level)."""
    cells = [grouping.codes]
    covariates = find_covariates(samples, adjust, grouping, {}, [])
    for member in () if covariates is None else covariates.members:
        if not member.levels:
            raise UsageError(
                f"cannot hold {member.name} fixed: it is a number", hint="name a category, or --adjust none"
            )
        cells.append(np.where(np.isfinite(member.values), member.values, -1).astype(np.int64))
    return cells


def _levels(cells: list[IntArray], inside: BoolArray) -> Floats:
    """Return an intercept and one column per combination of levels with enough samples inside; the rest share one."""
    combined = np.unique(np.column_stack(cells)[inside], axis=0, return_inverse=True)[1].ravel()
    frequent = np.flatnonzero(np.bincount(combined) >= LEAST_IN_LEVEL)
    columns = np.zeros((len(inside), len(frequent) + 1))
    columns[:, 0] = 1.0
    columns[inside, 1:] = combined[:, None] == frequent
    return columns


def _linked(cohort: Cohort, tested: BinaryFeatures, used: BoolArray, panel: Panel) -> dict[str, str]:
    """Return the chromosome of each event that is often one of copy number; empty where the panel does not know it."""
    copies = cohort.altered(sorted(schema.COPY_NUMBER_CLASSES - {"gain", "loss"}))
    genes = {gene: j for j, gene in enumerate(cohort.genes)}
    linked = {}
    for j, (name, chromosome) in enumerate(zip(tested.names, event_chromosomes(tested, panel), strict=True)):
        value = tested.value[used, j]
        of_copies = value if name not in genes else copies[used, genes[name]] & value
        if value.any() and of_copies.sum() >= COPY_SHARE * value.sum():
            linked[name] = chromosome or ""
    return linked


def _pairs(
    tested: BinaryFeatures,
    burden: EventBurden,
    levels: Floats,
    inside: BoolArray,
    linked: dict[str, str],
    stratum: str,
) -> pd.DataFrame:
    """Return the rows of one stratum; of two events the samples of the more frequent are taken as they are."""
    order = np.argsort(-tested.value[inside].sum(axis=0), kind="stable")
    rows = []
    for rank, first in enumerate(order[:-1]):
        rows += _pairs_of(tested, burden, levels, inside, linked, int(first), order[rank + 1 :])
    table = pd.DataFrame(rows).assign(stratum=stratum)
    fisher = fisher_many(table["n_both"], table["n_a"], table["n_b"] - table["n_both"], table["n"] - table["n_a"])
    table["fisher_p"] = fisher["p_value"].where(table["p_value"].notna())
    table["q_value"] = benjamini_hochberg(table["p_value"].to_numpy(dtype=float))
    return table.sort_values(["p_value", "event_a", "event_b"], kind="stable")


def _pairs_of(
    tested: BinaryFeatures,
    burden: EventBurden,
    levels: Floats,
    inside: BoolArray,
    linked: dict[str, str],
    first: int,
    others: IntArray,
) -> list[dict[str, object]]:
    """Return the rows of one event with all less frequent ones, of which the backgrounds are fitted together."""
    rows = np.flatnonzero(inside & tested.known[:, first])
    a, known = tested.value[rows, first], tested.known[np.ix_(rows, others)]
    b = tested.value[np.ix_(rows, others)]
    counted = [_counted(tested, linked, first, int(j), a, b[:, k], known[:, k]) for k, j in enumerate(others)]
    open_ = np.array([not row["note"] for row in counted], dtype=bool)
    if open_.any():
        possible = burden.possible(others[open_], first)[rows] & known[:, open_]
        design = np.column_stack([levels, burden.terms(first)])[rows]
        p = event_background((b[:, open_] & possible).T, possible.T, design)
        totals = b[:, open_].sum(axis=0).tolist()
        distributions = overlap_distributions(a, p, totals)
        for k, distribution in zip(np.flatnonzero(open_), distributions, strict=True):
            counted[k] |= _tested(counted[k], distribution)
    return counted


def _counted(
    tested: BinaryFeatures,
    linked: dict[str, str],
    first: int,
    second: int,
    a: BoolArray,
    b: BoolArray,
    known: BoolArray,
) -> dict[str, object]:
    """Return the row of one pair as far as it is counted, with the reason in the note if it cannot be tested."""
    i, j = sorted((first, second))
    n, n_first, n_second = int(known.sum()), int(a[known].sum()), int(b.sum())
    n_a, n_b = (n_first, n_second) if first < second else (n_second, n_first)
    row: dict[str, object] = {"event_a": tested.names[i], "event_b": tested.names[j], "n": n, "n_a": n_a, "n_b": n_b}
    row |= {"n_both": int((a & b).sum()), "p_value": np.nan, "note": ""}
    places = [linked[name] for name in (tested.names[i], tested.names[j]) if name in linked]
    if len(places) == 2 and "" in places:
        row["note"] = "not tested: both by copy number, and the panel does not know where both lie"
    elif len(places) == 2 and places[0] == places[1]:
        row["note"] = f"not tested: both by copy number on {places[0]}, one event may alter both"
    elif not (0 < n_first < n and 0 < n_second < n):
        row["note"] = "not tested: an event is altered in none or in all"
    return row


def _tested(row: dict[str, Any], distribution: Floats) -> dict[str, object]:
    """Return what the distribution of the number altered in both says of a pair."""
    if np.isnan(distribution).any():
        return {"note": "not tested: the background is degenerate"}
    both = row["n_both"]
    few, many, two_sided = overlap_p_values(distribution, both)
    expected = float(distribution @ np.arange(len(distribution)))
    return {
        "expected": expected,
        "direction": "co-occurrence" if both > expected else "exclusivity",
        "p_exclusivity": few,
        "p_cooccurrence": many,
        "p_value": two_sided,
    }
