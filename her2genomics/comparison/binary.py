"""Yes/no features between groups: Fisher's exact test for pairs, Fisher-Freeman-Halton over all groups, and the trend.

The tests are chosen by rule, not by looking: exact ones everywhere but in the trend with ample counts, where the
asymptotic test has its size, and over four and more groups of thousands of samples (`exact_table`).  Beside each stands
a second one that the reader may know from other papers (chi-square, departure from the trend).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from her2genomics.comparison.adjustment import add_adjusted, add_adjusted_groups
from her2genomics.comparison.burden import BurdenStrata, add_burden
from her2genomics.comparison.design import Design
from her2genomics.comparison.exact_table import EXACT, exact_table
from her2genomics.comparison.features import BinaryFeatures, group_counts
from her2genomics.comparison.groups import OVERALL, TREND, Grouping, IntArray
from her2genomics.comparison.information import add_information
from her2genomics.comparison.notes import append_note
from her2genomics.stats.contingency import LEAST_EXPECTED, chi_square_many, fisher_many
from her2genomics.stats.groups_exact import exact_trend_many, fisher_groups_many
from her2genomics.stats.proportions import cochran_armitage_trend

CHI_SQUARE = "chi-square"
SPARSE = " (expected below 5)"


def compare_binary(features: BinaryFeatures, design: Design, burden: BurdenStrata | None = None) -> pd.DataFrame:
    """Return one association row per feature and contrast; pairs are also tested within strata of ``burden``."""
    grouping = design.grouping
    altered = group_counts(features.value, grouping.codes, len(grouping.labels))
    profiled = group_counts(features.known, grouping.codes, len(grouping.labels))
    parts = []
    for contrast, members in design.contrasts.items():
        rows = list(members)
        part = _frame(features, contrast, grouping, altered[rows], profiled[rows], rows)
        if contrast == OVERALL:
            _add_overall(part, altered, profiled)
            if design.adjustment is not None:
                add_adjusted_groups(part, features, grouping, design.adjustment, trend=False)
        elif contrast == TREND:
            _add_trend(part, altered, profiled)
            if design.adjustment is not None:
                add_adjusted_groups(part, features, grouping, design.adjustment, trend=True)
        else:
            _add_pair(part, altered[rows], profiled[rows])
            if design.adjustment is not None:
                add_adjusted(part, features, grouping, (rows[0], rows[1]), design.adjustment)
            if burden is not None:
                add_burden(part, features, grouping, (rows[0], rows[1]), burden)
            add_information(part)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _frame(
    features: BinaryFeatures, contrast: str, grouping: Grouping, altered: IntArray, profiled: IntArray, rows: list[int]
) -> pd.DataFrame:
    part = pd.DataFrame(
        {
            "family": features.family,
            "feature": list(features.names),
            "contrast": contrast,
            "n_missing": int(grouping.sizes[rows].sum()) - profiled.sum(axis=0),
            "note": list(features.notes) if features.notes else "",
        }
    )
    part["group_a"] = part["group_b"] = pd.array([pd.NA] * len(part), dtype="string")
    if contrast not in (OVERALL, TREND):
        for side, label, some, n in zip("ab", (grouping.labels[i] for i in rows), altered, profiled, strict=True):
            part[f"group_{side}"], part[f"altered_{side}"], part[f"n_{side}"] = label, some, n
    chi = chi_square_many(altered.T, profiled.T)
    part["other_p"] = chi["p_value"]
    part["other_test"] = np.where(chi["min_expected"].fillna(0) < LEAST_EXPECTED, CHI_SQUARE + SPARSE, CHI_SQUARE)
    return part


def _add_pair(part: pd.DataFrame, altered: IntArray, profiled: IntArray) -> None:
    tests = fisher_many(altered[0], profiled[0], altered[1], profiled[1])
    part["effect"], part["ci_low"], part["ci_high"] = tests["odds_ratio"], tests["ci_low"], tests["ci_high"]
    part["p_value"] = tests["p_value"]
    part["effect_name"], part["test"] = "conditional odds ratio", "Fisher exact"


def _add_overall(part: pd.DataFrame, altered: IntArray, profiled: IntArray) -> None:
    p, method = _overall_tests(altered, profiled)
    part["p_value"], part["test"] = pd.array(p, dtype="Float64"), method


def _overall_tests(altered: IntArray, profiled: IntArray) -> tuple[np.ndarray, list[str]]:
    """Return p and test per feature: exact in bulk, else as `exact_table` decides."""
    p = fisher_groups_many(altered.T, profiled.T)
    methods = [EXACT] * len(p)
    for j in np.flatnonzero(np.isnan(p)):
        if 0 < altered[:, j].sum() < profiled[:, j].sum():
            value, methods[j] = exact_table(np.array([altered[:, j], profiled[:, j] - altered[:, j]]))
            p[j] = np.nan if value is None else value
    return p, methods


def _add_trend(part: pd.DataFrame, altered: IntArray, profiled: IntArray) -> None:
    """Add the trend, exact where an expected count is below 5, the departure from it, and whether it is monotone."""
    testable = (profiled > 0).sum(axis=0) >= 2
    chi = chi_square_many(altered.T, profiled.T)
    sparse = (chi["min_expected"].fillna(0) < LEAST_EXPECTED).to_numpy(dtype=bool)
    exact = np.full(len(part), np.nan)
    exact[sparse] = exact_trend_many(altered[:, sparse].T, profiled[:, sparse].T)
    rows = []
    for j in range(len(part)):
        if not testable[j]:
            rows.append((np.nan, np.nan, np.nan, "Cochran-Armitage trend", ""))
            continue
        trend = cochran_armitage_trend(altered[:, j], profiled[:, j])
        listed = not np.isnan(exact[j])
        name = "Cochran-Armitage trend exact" if listed else "Cochran-Armitage trend"
        shares = ", ".join(f"{a / n:.1%}" for a, n in zip(altered[:, j], profiled[:, j], strict=True) if n)
        note = "" if trend.monotone else f"not monotone: {shares}"
        rows.append((exact[j] if listed else trend.p_value, trend.slope, trend.departure_p, name, note))
    p, slope, departure, names, notes = zip(*rows, strict=True)
    part["p_value"], part["effect"] = pd.array(p, dtype="Float64"), pd.array(slope, dtype="Float64")
    part["test"], part["effect_name"] = list(names), "slope of the proportion per step"
    part["other_p"] = pd.array(departure, dtype="Float64")
    part["other_test"] = np.where(sparse, "departure from the trend" + SPARSE, "departure from the trend")
    worded = pd.Series(notes, index=part.index)
    part["note"] = append_note(part["note"], worded != "", worded)


def count_binary(features: BinaryFeatures, grouping: Grouping) -> pd.DataFrame:
    """Return the counts of altered and not altered samples per feature and group (``contingency`` rows)."""
    altered = group_counts(features.value, grouping.codes, len(grouping.labels))
    known = group_counts(features.known, grouping.codes, len(grouping.labels))
    parts = [
        pd.DataFrame(
            {"family": features.family, "feature": list(features.names), "group": label, "level": level, "n": counts[i]}
        )
        for i, label in enumerate(grouping.labels)
        for level, counts in (("altered", altered), ("not altered", known - altered))
    ]
    return pd.concat(parts, ignore_index=True)
