"""Yes/no features between groups: Fisher's exact test, and beside it the test within strata of a covariate.

Every function works on all features of a family at once; a denominator is the number of samples whose value is known.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.association import OVERALL, append_note
from her2genomics.comparison_features import BinaryFeatures, Grouping, group_counts
from her2genomics.stats.contingency import fisher_many
from her2genomics.stats.exact_rxc import fisher_freeman_halton
from her2genomics.stats.stratified import cmh_many

IntArray = npt.NDArray[np.int64]

EXACT_WORK = 5_000_000
"""Work of one exact r x c test, about a second and 100 MB; a larger table gets a Monte Carlo p with its error."""


def compare_binary(
    features: BinaryFeatures,
    grouping: Grouping,
    contrasts: dict[str, tuple[int, ...]],
    strata: tuple[IntArray, int] | None,
    adjust: str | None,
) -> pd.DataFrame:
    """Return the rows of one family for every contrast, adjusted within the ``strata`` of ``adjust``."""
    n_groups = len(grouping.labels)
    altered = group_counts(features.value, grouping.codes, n_groups)
    profiled = group_counts(features.known, grouping.codes, n_groups)
    parts = []
    for contrast, members in contrasts.items():
        if contrast == OVERALL:
            parts.append(_overall_binary(features, altered, profiled, grouping))
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
        if strata is not None and adjust not in features.names:
            _add_adjusted(part, features, grouping, (a, b), strata, str(adjust))
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


def _overall_binary(
    features: BinaryFeatures, altered: IntArray, profiled: IntArray, grouping: Grouping
) -> pd.DataFrame:
    rows = []
    for j, name in enumerate(features.names):
        p, method = exact_table(np.array([altered[:, j], profiled[:, j] - altered[:, j]]))
        note = features.notes[j] if features.notes else ""
        missing = int(grouping.sizes.sum() - profiled[:, j].sum())
        rows.append((features.family, name, OVERALL, method, p, missing, note))
    return pd.DataFrame(rows, columns=["family", "feature", "contrast", "test", "p_value", "n_missing", "note"])


def exact_table(table: IntArray) -> tuple[float | None, str]:
    """Return p and the name of the test for an r x c table; None when a margin leaves nothing to test."""
    filled = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(filled.shape) < 2:
        return None, "Fisher-Freeman-Halton exact"
    result = fisher_freeman_halton(filled, work_limit=EXACT_WORK)
    if result.method == "exact":
        return result.p_value, "Fisher-Freeman-Halton exact"
    return result.p_value, f"Fisher-Freeman-Halton Monte Carlo (SE {result.standard_error:.2g})"


def _add_adjusted(
    part: pd.DataFrame,
    features: BinaryFeatures,
    grouping: Grouping,
    pair: tuple[int, int],
    strata: tuple[IntArray, int],
    adjust: str,
) -> None:
    codes, n_strata = strata
    shape = (len(features.names), n_strata)
    counts = {key: np.zeros(shape, dtype=np.int64) for key in ("altered_a", "n_a", "altered_b", "n_b")}
    for stratum in range(n_strata):
        members = np.where(codes == stratum, grouping.codes, -1)
        altered = group_counts(features.value, members, len(grouping.labels))
        known = group_counts(features.known, members, len(grouping.labels))
        for side, index in zip("ab", pair, strict=True):
            counts[f"altered_{side}"][:, stratum] = altered[index]
            counts[f"n_{side}"][:, stratum] = known[index]
    result = cmh_many(counts["altered_a"], counts["n_a"], counts["altered_b"], counts["n_b"])
    part["adj_for"] = adjust
    part["adj_effect"], part["adj_ci_low"], part["adj_ci_high"] = (
        result["odds_ratio"],
        result["ci_low"],
        result["ci_high"],
    )
    part["adj_p"], part["interaction_p"] = result["p_value"], result["breslow_day_p"]
    attenuated = (part["p_value"] < 0.05) & (part["adj_p"] >= 0.05)
    part["note"] = append_note(part["note"], attenuated, "attenuated by adjustment, inconclusive")


def count_binary(features: BinaryFeatures, grouping: Grouping) -> pd.DataFrame:
    """Return altered and unaltered samples per feature and group (``contingency`` schema)."""
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
