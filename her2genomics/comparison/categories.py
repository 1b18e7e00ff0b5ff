"""Clinical variables with more than two levels between groups, by the exact r x c test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import ClinicalVariable, category_text
from her2genomics.comparison.design import Design
from her2genomics.comparison.exact_table import exact_table
from her2genomics.comparison.features import has_unknown
from her2genomics.comparison.groups import OVERALL, Grouping, IntArray

UNKNOWN = "Unknown"


def compare_categories(samples: pd.DataFrame, variables: Sequence[ClinicalVariable], design: Design) -> pd.DataFrame:
    """Return one association row per categorical variable and contrast."""
    grouping, unknown_as_category = design.grouping, design.unknown_as_category
    rows = []
    for variable in variables:
        promoted = variable.kind == "binary" and has_unknown(samples[variable.name], unknown_as_category)
        if variable.kind != "categorical" and not promoted:
            continue
        table, _ = _level_counts(samples[variable.name], grouping, unknown_as_category)
        for contrast, members in design.contrasts.items():
            counts = table[list(members)]
            p, method = exact_table(counts)
            groups = (None, None) if contrast == OVERALL else tuple(grouping.labels[i] for i in members)
            sizes = (None, None) if contrast == OVERALL else tuple(int(n) for n in counts.sum(axis=1))
            missing = int(grouping.sizes[list(members)].sum() - counts.sum())
            note = f"{UNKNOWN} is a category" if unknown_as_category else ""
            if _is_circular(variable.name, grouping, members):
                note = "circular: HER2 is part of its definition"
            rows.append(("clinical", variable.name, contrast, *groups, *sizes, method, p, missing, note))
    names = [
        "family",
        "feature",
        "contrast",
        "group_a",
        "group_b",
        "n_a",
        "n_b",
        "test",
        "p_value",
        "n_missing",
        "note",
    ]
    return pd.DataFrame(rows, columns=names)


def _is_circular(variable: str, grouping: Grouping, members: tuple[int, ...]) -> bool:
    """Return True for the surrogate subtype in a contrast with HER2-positive, which defines two of its classes."""
    return variable == "subtype" and any(grouping.labels[i] == schema.HER2_GROUPS[-1] for i in members)


def _level_counts(values: pd.Series, grouping: Grouping, unknown_as_category: bool) -> tuple[IntArray, list[str]]:
    """Return (groups, levels) counts and the levels."""
    text = category_text(values)
    if unknown_as_category:
        text = text.fillna(UNKNOWN)
    levels: list[str] = sorted(text[grouping.codes >= 0].dropna().unique(), key=lambda level: (level == UNKNOWN, level))
    codes = text.map({level: i for i, level in enumerate(levels)}).fillna(-1).to_numpy(dtype=np.int64)
    table = np.zeros((len(grouping.labels), len(levels)), dtype=np.int64)
    both = (codes >= 0) & (grouping.codes >= 0)
    np.add.at(table, (grouping.codes[both], codes[both]), 1)
    return table, levels


def count_categories(samples: pd.DataFrame, variables: Sequence[ClinicalVariable], design: Design) -> pd.DataFrame:
    """Return the counts of samples per variable, group and level (``contingency`` rows)."""
    grouping = design.grouping
    rows = []
    for variable in variables:
        if variable.kind in ("binary", "categorical"):
            table, levels = _level_counts(samples[variable.name], grouping, design.unknown_as_category)
            rows += [
                ("clinical", variable.name, label, level, int(table[i, j]))
                for i, label in enumerate(grouping.labels)
                for j, level in enumerate(levels)
            ]
    return pd.DataFrame(rows, columns=["family", "feature", "group", "level", "n"])
