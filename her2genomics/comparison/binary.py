"""Yes/no features between groups: Fisher's exact test for pairs, Fisher-Freeman-Halton over all groups."""

from __future__ import annotations

import numpy as np
import pandas as pd

from her2genomics.comparison.adjustment import add_adjusted
from her2genomics.comparison.design import Design
from her2genomics.comparison.exact_table import exact_table
from her2genomics.comparison.features import BinaryFeatures, group_counts
from her2genomics.comparison.groups import OVERALL, Grouping, IntArray
from her2genomics.stats.contingency import fisher_many


def compare_binary(features: BinaryFeatures, design: Design) -> pd.DataFrame:
    """Return one association row per feature and contrast."""
    grouping = design.grouping
    altered = group_counts(features.value, grouping.codes, len(grouping.labels))
    profiled = group_counts(features.known, grouping.codes, len(grouping.labels))
    parts = []
    for contrast, members in design.contrasts.items():
        if contrast == OVERALL:
            parts.append(_overall(features, altered, profiled, grouping))
            continue
        a, b = members
        part = _pair_frame(features, contrast, grouping, a, b)
        part["altered_a"], part["n_a"] = altered[a], profiled[a]
        part["altered_b"], part["n_b"] = altered[b], profiled[b]
        part["n_missing"] = int(grouping.sizes[a] + grouping.sizes[b]) - profiled[a] - profiled[b]
        tests = fisher_many(altered[a], profiled[a], altered[b], profiled[b])
        part["effect"], part["ci_low"], part["ci_high"] = tests["odds_ratio"], tests["ci_low"], tests["ci_high"]
        part["p_value"] = tests["p_value"]
        part["effect_name"], part["test"] = "conditional odds ratio", "Fisher exact"
        if design.strata is not None and design.strata.column not in features.names:
            add_adjusted(part, features, grouping, (a, b), design.strata)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _pair_frame(features: BinaryFeatures, contrast: str, grouping: Grouping, a: int, b: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "family": features.family,
            "feature": list(features.names),
            "contrast": contrast,
            "group_a": grouping.labels[a],
            "group_b": grouping.labels[b],
            "note": list(features.notes) if features.notes else "",
        }
    )


def _overall(features: BinaryFeatures, altered: IntArray, profiled: IntArray, grouping: Grouping) -> pd.DataFrame:
    rows = []
    for j, name in enumerate(features.names):
        p, method = exact_table(np.array([altered[:, j], profiled[:, j] - altered[:, j]]))
        note = features.notes[j] if features.notes else ""
        missing = int(grouping.sizes.sum() - profiled[:, j].sum())
        rows.append((features.family, name, OVERALL, method, p, missing, note))
    return pd.DataFrame(rows, columns=["family", "feature", "contrast", "test", "p_value", "n_missing", "note"])


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
