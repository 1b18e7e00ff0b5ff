"""What an oncoprint shows: chosen genes, events per cell, frequencies of the profiled, and the order of the samples."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import category_text, level_order
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison.features import complete_samples
from her2genomics.exceptions import CohortError, UsageError

BoolMatrix = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

UNKNOWN_GROUP = "unknown"
ALL_SAMPLES = "all samples"
MEMO_CLASSES: tuple[str, ...] = (
    "amplification", "deep_deletion", "fusion", "truncating", "splice", "inframe", "missense", "promoter", "other",
    "gain", "loss",
)  # fmt: skip
"""Classes from first to last in the order of the samples, and in the legend."""


@dataclass(frozen=True)
class OncoprintData:
    """Cells, groups and frequencies of an oncoprint; samples are in drawing order.

    Parameters
    ----------
    samples
        Sample table, one row per column of the figure.
    genes
        Rows of the figure from the top.
    events
        Class of alteration to (samples, genes): it occurs there.
    profiled
        Shape (samples, genes).
    groups
        Labels of the blocks, from the left.
    codes
        Block of each sample.
    frequency
        Shape (genes, groups): share of altered samples among the profiled ones, NaN where none is.
    overall
        The same over all samples.
    n_left_out
        Samples that are not drawn because none of the genes was profiled in them.
    notes
        What was left out of the denominators.
    """

    samples: pd.DataFrame
    genes: tuple[str, ...]
    events: dict[str, BoolMatrix]
    profiled: BoolMatrix
    groups: tuple[str, ...]
    codes: Integers
    frequency: Floats
    overall: Floats
    n_left_out: int
    notes: tuple[str, ...] = ()


def prepare_oncoprint(
    cohort: Cohort,
    genes: Sequence[str] | None = None,
    *,
    top: int = 25,
    among: Collection[str] | None = None,
    classes: Collection[str] = COUNTED_CLASSES,
    split: str | None = None,
    order: Sequence[str] | None = None,
) -> OncoprintData:
    """Choose the genes, order the samples, and count.

    Parameters
    ----------
    cohort
        Samples, alterations and mask.
    genes
        Genes in the order of the rows; default the ``top`` most frequently altered ones.
    top
        How many genes, where none are named.
    among
        Genes that the most frequent are chosen from; default all of the cohort.
    classes
        Classes of alteration that are shown and counted.
    split
        Column that makes the blocks; default no blocks.
    order
        Sample identifiers from the left, as a clustering gives them; default by their alterations.

    Raises
    ------
    CohortError
        If there is no sample, no gene, or nothing altered to choose from.
    UsageError
        If a gene, sample or column is not in the cohort.
    """
    if cohort.samples.empty:
        raise CohortError("the cohort has no sample, so there is nothing to draw")
    if unknown := sorted(set(classes) - set(MEMO_CLASSES)):
        raise UsageError(f"no class of alteration named {unknown[0]}", hint=f"there are: {', '.join(MEMO_CLASSES)}")
    notes: list[str] = []
    counted = cohort.profiled & complete_samples(cohort, notes, "frequencies")[:, None]
    chosen = _named(cohort, genes) if genes is not None else _most_frequent(cohort, classes, counted, top, among)
    columns = pd.Index(cohort.genes).get_indexer(pd.Index(chosen))
    profiled = cohort.profiled[:, columns]
    drawn: npt.NDArray[np.bool_] = np.asarray(profiled.any(axis=1))
    if not drawn.any():
        raise CohortError(f"no sample is profiled for {', '.join(chosen[:3])}{' ...' if len(chosen) > 3 else ''}")
    labels, codes = _blocks(cohort.samples, split, drawn)
    events = _events(cohort, chosen, classes, profiled)
    rows = _by_order(cohort, order, codes, drawn) if order is not None else _memo_order(events, profiled, codes, drawn)
    altered = np.logical_or.reduce([*events.values(), np.zeros_like(profiled)])
    counted = counted[:, columns]
    in_block = [(codes == k)[:, None] & counted for k in range(len(labels))]
    return OncoprintData(
        samples=cohort.samples.iloc[rows].reset_index(drop=True),
        genes=tuple(chosen),
        events={name: cells[rows] for name, cells in events.items()},
        profiled=profiled[rows],
        groups=tuple(labels),
        codes=codes[rows],
        frequency=np.column_stack([_share(altered, block) for block in in_block]),
        overall=_share(altered, counted),
        n_left_out=int((~drawn).sum()),
        notes=tuple(notes),
    )


def _named(cohort: Cohort, genes: Sequence[str]) -> list[str]:
    chosen = list(dict.fromkeys(genes))
    absent = [gene for gene in chosen if gene not in set(cohort.genes)]
    if absent or not chosen:
        raise UsageError(
            f"no gene named {', '.join(absent)} in the cohort" if absent else "no gene is named",
            hint="her2g check FILE lists the genes; old symbols are mapped to the current ones",
        )
    return chosen


def _most_frequent(
    cohort: Cohort, classes: Collection[str], counted: BoolMatrix, top: int, among: Collection[str] | None
) -> list[str]:
    """Return the genes with the largest share of altered samples; ties by name."""
    share = _share(cohort.altered(classes), counted)
    allowed = set(cohort.genes if among is None else among)
    ranked = sorted(
        (-value, gene) for gene, value in zip(cohort.genes, share, strict=True) if value > 0 and gene in allowed
    )
    if not ranked:
        raise CohortError(
            "no gene is altered, so there is none to choose", hint="name genes with --genes, or see --panel, --classes"
        )
    return [gene for _, gene in ranked[:top]]


def _share(altered: BoolMatrix, counted: BoolMatrix) -> Floats:
    """Return altered / counted per gene, NaN where nothing is counted."""
    n = counted.sum(axis=0)
    return np.where(n > 0, (altered & counted).sum(axis=0) / np.maximum(n, 1), np.nan)


def _events(
    cohort: Cohort, genes: Sequence[str], classes: Collection[str], profiled: BoolMatrix
) -> dict[str, BoolMatrix]:
    """Return the cells of each class that occurs, in the order of `MEMO_CLASSES`."""
    table = cohort.alterations
    table = table[table["gene"].isin(list(genes)) & table["alteration"].isin(list(classes))]
    i = cohort.sample_ids.get_indexer(pd.Index(table["sample_id"]))
    j = pd.Index(list(genes)).get_indexer(pd.Index(table["gene"]))
    kind = table["alteration"].to_numpy(dtype=object)
    events = {}
    for name in MEMO_CLASSES:
        cells = np.zeros_like(profiled)
        here = (kind == name) & (i >= 0)
        cells[i[here], j[here]] = True
        cells &= profiled
        if cells.any():
            events[name] = cells
    return events


def _blocks(samples: pd.DataFrame, split: str | None, drawn: npt.NDArray[np.bool_]) -> tuple[list[str], Integers]:
    """Return the labels of the blocks that have samples, and the block of each sample; unknown comes last."""
    if split is None:
        return [ALL_SAMPLES], np.zeros(len(samples), dtype=np.intp)
    if split not in samples:
        raise UsageError(f"no column named {split} to split by", hint="her2g check FILE lists columns")
    text = category_text(samples[split]).astype(object)
    text = text.where(text.notna(), UNKNOWN_GROUP)
    present = sorted(set(text[drawn]) - {UNKNOWN_GROUP}, key=_group_order)
    if len(present) > 12:
        raise UsageError(f"{split} has {len(present)} different values, too many for blocks", hint="choose a category")
    labels = [*present, *([UNKNOWN_GROUP] if (text[drawn] == UNKNOWN_GROUP).any() else [])]
    return labels, pd.Index(labels).get_indexer(pd.Index(text))


def _group_order(label: str) -> tuple[int, int, float, str]:
    known = label in schema.HER2_TIERS
    return (0, schema.HER2_TIERS.index(label), 0.0, label) if known else (1, *level_order(label))


def _memo_order(
    events: dict[str, BoolMatrix], profiled: BoolMatrix, codes: Integers, drawn: npt.NDArray[np.bool_]
) -> Integers:
    """Return samples by block, then by the first gene's class, then the second's ...; unaltered before not profiled."""
    last = len(MEMO_CLASSES)
    rank = np.where(profiled, last, last + 1).astype(np.int8)
    for name, cells in reversed(events.items()):
        rank[cells] = MEMO_CLASSES.index(name)
    keys = [*rank.T[::-1], codes]
    order: Integers = np.lexsort(keys)
    return order[drawn[order]]


def _by_order(cohort: Cohort, order: Sequence[str], codes: Integers, drawn: npt.NDArray[np.bool_]) -> Integers:
    rows: Integers = cohort.sample_ids.get_indexer(pd.Index(list(order)))
    if (rows < 0).any():
        raise UsageError(f"sample {list(order)[int(np.argmin(rows))]} of the order is not in the cohort")
    if len(np.unique(rows)) != len(rows):
        raise UsageError("the order names a sample twice")
    if len(rows) != len(cohort.samples):
        raise UsageError(f"the order names {len(rows)} of {len(cohort.samples)} samples")
    rows = rows[drawn[rows]]
    return rows[np.argsort(codes[rows], kind="stable")]
