"""The association table around the tests: its contrasts, its strata, its notes, and how it is finished.

Whatever is compared (genes, classes, clinical variables, burden, pathways) makes rows of the ``association`` schema;
frequencies, q-values, the number tested and the order of the rows are added here, once for all families.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import category_text
from her2genomics.comparison_features import Grouping
from her2genomics.exceptions import CohortError, DataWarning, UsageError
from her2genomics.stats.multiple_testing import benjamini_hochberg

IntArray = npt.NDArray[np.int64]

OVERALL = "overall"


def choose_contrasts(grouping: Grouping, wanted: Sequence[str] | None) -> dict[str, tuple[int, ...]]:
    """Return the contrasts asked for (default all pairs and ``overall``) as positions of their groups.

    Raises
    ------
    UsageError
        If a contrast is not known.
    CohortError
        If a group of a contrast has no sample.
    """
    known: dict[str, tuple[int, ...]] = dict(grouping.contrasts())
    if len(grouping.labels) > 2:
        known[OVERALL] = tuple(range(len(grouping.labels)))
    unknown = [name for name in wanted or () if name not in known]
    if unknown:
        raise UsageError(f"unknown contrast {', '.join(unknown)}", hint=f"use: {', '.join(known)}")
    chosen = {name: known[name] for name in (wanted or known)}
    empty = sorted({i for members in chosen.values() for i in members if grouping.sizes[i] == 0})
    if empty:
        full = [name for name, members in known.items() if all(grouping.sizes[i] for i in members)]
        hint = f"compare the others with --contrast {full[0]}" if full else None
        names = ", ".join(grouping.labels[i] for i in empty)
        raise CohortError(f"group {names} has no sample", column=grouping.column, hint=hint)
    return chosen


def find_strata(
    samples: pd.DataFrame, adjust: str | None, grouping: Grouping, notes: list[str]
) -> tuple[IntArray, int] | None:
    """Return the stratum of each sample (-1 = none) and their number, or None without an adjustment."""
    if adjust is None or adjust not in samples:
        if adjust is not None:
            notes.append(f"not adjusted: the cohort has no column {adjust}")
        return None
    if adjust == grouping.column:
        raise UsageError(f"cannot adjust for {adjust}: it makes the groups")
    text = category_text(samples[adjust])
    levels = sorted(text.dropna().unique())
    if len(levels) < 2:
        notes.append(f"not adjusted: {adjust} has fewer than two levels")
        return None
    codes = text.map({level: i for i, level in enumerate(levels)}).fillna(-1).to_numpy(dtype=np.int64)
    return codes, len(levels)


def append_note(notes: pd.Series, where: pd.Series, text: str) -> pd.Series:
    """Return the notes with ``text`` added in the rows ``where`` True."""
    where = where.fillna(False).astype(bool)
    return notes.mask(where & (notes == ""), text).mask(where & (notes != ""), notes + "; " + text)


def finish_association(rows: pd.DataFrame | None) -> pd.DataFrame:
    """Add frequencies, q-values and the number tested, and bring the rows into order."""
    if rows is None:
        warnings.warn("nothing to compare: no gene, clinical variable or TMB", DataWarning, stacklevel=3)
        return schema.empty(schema.ASSOCIATION)
    table = schema.conform(rows, schema.ASSOCIATION)
    for side in "ab":
        share = table[f"altered_{side}"] / table[f"n_{side}"].mask(table[f"n_{side}"] == 0)
        table[f"freq_{side}"] = share.astype("Float64")
    for index in table.groupby(["family", "contrast"], sort=False).groups.values():
        for p, q in (("p_value", "q_value"), ("adj_p", "adj_q")):
            table.loc[index, q] = benjamini_hochberg(table.loc[index, p].to_numpy(dtype=float, na_value=np.nan))
        table.loc[index, "n_tested"] = int(table.loc[index, "p_value"].notna().sum())
    for name in ("q_value", "adj_q"):
        table[name] = table[name].mask(table[name.replace("q_value", "p_value").replace("adj_q", "adj_p")].isna())
    family_rank = {f: i for i, f in enumerate(dict.fromkeys(table["family"]))}
    contrast_rank = {c: i for i, c in enumerate(dict.fromkeys(table["contrast"]))}
    order = pd.DataFrame(
        {
            "f": table["family"].map(family_rank),
            "c": table["contrast"].map(contrast_rank),
            "p": table["p_value"],
            "n": table["feature"],
        }
    )
    return table.loc[order.sort_values(["f", "c", "p", "n"], kind="stable").index].reset_index(drop=True)
