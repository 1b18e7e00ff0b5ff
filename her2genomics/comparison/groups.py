"""Who is in which group, and which groups are compared with which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import category_text, level_order, ordinal_scores
from her2genomics.exceptions import CohortError, SchemaError, UsageError

IntArray = npt.NDArray[np.int64]

OVERALL = "overall"
TREND = "trend"


@dataclass(frozen=True)
class Grouping:
    """Who belongs to which group.

    Parameters
    ----------
    column
        Column that makes the groups.
    labels
        Group names, in order.
    codes
        Position in ``labels`` per sample, -1 for none.
    ordered
        Whether the labels are steps of a scale, so that the trend is compared unasked; plain numbers may be names
        (clusters), and theirs is compared where it is asked for.
    """

    column: str
    labels: tuple[str, ...]
    codes: IntArray
    ordered: bool = False

    @property
    def sizes(self) -> IntArray:
        """Samples per group."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.labels))

    def short(self, index: int) -> str:
        """Return the group's name as used in contrasts (``HER2-low`` -> ``low``)."""
        return self.labels[index].removeprefix("HER2-")

    def contrasts(self) -> dict[str, tuple[int, int]]:
        """Return all pairs of groups by name: ``zero-low`` -> (0, 1)."""
        pairs = combinations(range(len(self.labels)), 2)
        return {f"{self.short(a)}-{self.short(b)}": (a, b) for a, b in pairs}


def find_groups(samples: pd.DataFrame, column: str) -> Grouping:
    """Return who belongs to which group of a column.

    Raises
    ------
    SchemaError
        If there is no such column.
    CohortError
        If it has fewer than two groups with samples.
    """
    if column not in samples:
        raise SchemaError(
            f"no column {column} to make groups of",
            hint="give her2_group, or ihc and ish columns to derive it, or --group COLUMN",
        )
    values = samples[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        labels = [str(v) for v in values.cat.categories]
        text, ordered = values.astype("string"), bool(values.cat.ordered)
    else:
        text = category_text(values)
        labels = sorted(text.dropna().unique(), key=level_order)
        ordered = ordinal_scores(labels) is not None and not all(label.isdigit() for label in labels)
        if set(labels) <= set(schema.HER2_TIERS):
            labels, ordered = [tier for tier in schema.HER2_TIERS if tier in labels], True
    codes = text.map({label: i for i, label in enumerate(labels)}).fillna(-1).to_numpy().astype(np.int64)
    grouping = Grouping(column, tuple(labels), codes, ordered)
    if (grouping.sizes > 0).sum() < 2:
        listed = ", ".join(f"{label} {n}" for label, n in zip(labels, grouping.sizes, strict=True))
        raise CohortError(f"fewer than two groups have a sample ({listed or 'no value'})", column=column)
    return grouping


def choose_contrasts(
    grouping: Grouping, wanted: Sequence[str] | None, *, within_stratum: bool = False
) -> dict[str, tuple[int, ...]]:
    """Return the contrasts asked for, by name; default all pairs, overall, and the trend over ordered groups.

    Those with a group that has no sample are left out, unless asked for; within a stratum as long as one is left.

    Raises
    ------
    UsageError
        If a name is not known.
    CohortError
        If a group of a contrast that was asked for has no sample.
    """
    known: dict[str, tuple[int, ...]] = dict(grouping.contrasts())
    if len(grouping.labels) > 2:
        known[OVERALL] = tuple(range(len(grouping.labels)))
        if grouping.ordered or ordinal_scores(grouping.labels) is not None:
            known[TREND] = known[OVERALL]
    unknown = [name for name in wanted or () if name not in known]
    if unknown:
        raise UsageError(f"unknown contrast {', '.join(unknown)}", hint=f"use: {', '.join(known)}")
    possible = [name for name, members in known.items() if all(grouping.sizes[i] for i in members)]
    usual = [name for name in possible if name != TREND or grouping.ordered]
    chosen = list(wanted or usual)
    if within_stratum and any(name in possible for name in chosen):
        chosen = [name for name in chosen if name in possible]
    empty = sorted({i for name in chosen for i in known[name] if grouping.sizes[i] == 0})
    if empty:
        names = ", ".join(grouping.labels[i] for i in empty)
        hint = f"compare the others with --contrast {possible[0]}" if possible else None
        raise CohortError(f"group {names} has no sample", column=grouping.column, hint=hint)
    return {name: known[name] for name in chosen}
