"""Clinical variables with more than two levels between groups: the exact r x c test, and the trend of a scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from her2genomics.clinical_variables import ClinicalVariable, category_text, ordinal_scores
from her2genomics.comparison.covariates import is_circular
from her2genomics.comparison.design import Design
from her2genomics.comparison.exact_table import exact_table
from her2genomics.comparison.features import has_unknown
from her2genomics.comparison.groups import OVERALL, TREND, Grouping, IntArray
from her2genomics.comparison.numbers import Floats, number_rows
from her2genomics.stats.contingency import chi_square
from her2genomics.stats.means import standardised_mean_difference

UNKNOWN = "Unknown"


def compare_categories(samples: pd.DataFrame, variables: Sequence[ClinicalVariable], design: Design) -> pd.DataFrame:
    """Return one association row per categorical variable and contrast; a trend where the levels are a scale."""
    rows: list[dict[str, object]] = []
    for variable in variables:
        values = samples[variable.name]
        promoted = variable.kind == "binary" and has_unknown(values, design.unknown_as_category)
        if variable.kind == "categorical" or promoted:
            rows += _table_rows(values, variable.name, "clinical", design)
            rows += _trend_row(values, variable, design)
    return pd.DataFrame(rows)


def compare_table(values: pd.Series, family: str, design: Design) -> pd.DataFrame:
    """Return the rows of one categorical column among the samples that have a value (codons of the mutated)."""
    only = replace(design, unknown_as_category=False)
    table = pd.DataFrame(_table_rows(values, str(values.name), family, only))
    return table.drop(columns="n_missing").assign(note="among those that have a value")


def _table_rows(values: pd.Series, name: str, family: str, design: Design) -> list[dict[str, object]]:
    grouping = design.grouping
    table, _ = _level_counts(values, grouping, design.unknown_as_category)
    rows = []
    for contrast, members in design.contrasts.items():
        if contrast == TREND:
            continue
        counts = table[list(members)]
        p, method = exact_table(counts)
        row: dict[str, object] = {"family": family, "feature": name, "contrast": contrast}
        row |= {"test": method, "p_value": p, "n_missing": int(grouping.sizes[list(members)].sum() - counts.sum())}
        if contrast != OVERALL:
            row |= {f"group_{side}": grouping.labels[i] for side, i in zip("ab", members, strict=True)}
            row |= {f"n_{side}": int(n) for side, n in zip("ab", counts.sum(axis=1), strict=True)}
            if counts.any(axis=1).all():
                row["smd"] = standardised_mean_difference(counts[0], counts[1], kind="categorical")
        if p is not None:
            chi = chi_square(counts)
            row |= {"other_test": "chi-square" + ("" if chi.valid else " (expected below 5)"), "other_p": chi.p_value}
        row["note"] = f"{UNKNOWN} is a category" if design.unknown_as_category else ""
        if is_circular(name, grouping, members):
            row["note"] = "circular: HER2 is part of its definition"
            if not design.unknown_as_category:  # the study's own table prints this p
                row |= {"p_value": None, "other_p": None, "note": "not tested: HER2 is part of its definition"}
        rows.append(row)
    return rows


def _trend_row(values: pd.Series, variable: ClinicalVariable, design: Design) -> list[dict[str, object]]:
    """Return the trend of an ordinal variable along the groups, by the steps of its scale; none for names."""
    steps = ordinal_scores(variable.levels)
    if steps is None or TREND not in design.contrasts:
        return []
    scores = category_text(values).map(dict(zip(variable.levels, steps, strict=True)))
    numbers: Floats = np.asarray(scores.to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)
    only = replace(design, contrasts={TREND: design.contrasts[TREND]}, adjustment=None)
    return [{"family": "clinical", **row} for row in number_rows(numbers, variable.name, only, smd=False)]


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
    chosen = [samples[v.name] for v in variables if v.kind in ("binary", "categorical")]
    parts = [count_levels(v, "clinical", design.grouping, design.unknown_as_category) for v in chosen]
    empty = pd.DataFrame(columns=["family", "feature", "group", "level", "n"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def count_levels(values: pd.Series, family: str, grouping: Grouping, unknown_as_category: bool = False) -> pd.DataFrame:
    """Return the counts of samples per group and level of one column (``contingency`` rows)."""
    table, levels = _level_counts(values, grouping, unknown_as_category)
    rows = [
        (family, str(values.name), label, level, int(table[i, j]))
        for i, label in enumerate(grouping.labels)
        for j, level in enumerate(levels)
    ]
    return pd.DataFrame(rows, columns=["family", "feature", "group", "level", "n"])
