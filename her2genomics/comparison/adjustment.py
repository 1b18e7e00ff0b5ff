"""The adjusted result beside the crude one: the same features within strata of another variable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2genomics.clinical_variables import category_text
from her2genomics.comparison.features import BinaryFeatures, group_counts
from her2genomics.comparison.groups import Grouping, IntArray
from her2genomics.comparison.notes import append_note
from her2genomics.exceptions import UsageError
from her2genomics.stats.stratified import cmh_many


@dataclass(frozen=True)
class Strata:
    """Stratum of each sample: position in ``levels``, -1 for none."""

    column: str
    levels: tuple[str, ...]
    codes: IntArray


def find_strata(samples: pd.DataFrame, adjust: str | None, grouping: Grouping, notes: list[str]) -> Strata | None:
    """Return the strata of a column, or None without an adjustment; the reason goes to ``notes``.

    Raises
    ------
    UsageError
        If the column makes the groups.
    """
    if adjust is None or adjust not in samples:
        if adjust is not None:
            notes.append(f"not adjusted: the cohort has no column {adjust}")
        return None
    if adjust == grouping.column:
        raise UsageError(f"cannot adjust for {adjust}: it makes the groups")
    text = category_text(samples[adjust])
    levels = tuple(sorted(text.dropna().unique()))
    if len(levels) < 2:
        notes.append(f"not adjusted: {adjust} has fewer than two levels")
        return None
    codes = text.map({level: i for i, level in enumerate(levels)}).fillna(-1).to_numpy(dtype=np.int64)
    return Strata(adjust, levels, codes)


def add_adjusted(
    part: pd.DataFrame, features: BinaryFeatures, grouping: Grouping, pair: tuple[int, int], strata: Strata
) -> None:
    """Add the Cochran-Mantel-Haenszel columns to the rows of one pair of groups."""
    shape = (len(features.names), len(strata.levels))
    counts = {key: np.zeros(shape, dtype=np.int64) for key in ("altered_a", "n_a", "altered_b", "n_b")}
    for stratum in range(shape[1]):
        members = np.where(strata.codes == stratum, grouping.codes, -1)
        altered = group_counts(features.value, members, len(grouping.labels))
        known = group_counts(features.known, members, len(grouping.labels))
        for side, index in zip("ab", pair, strict=True):
            counts[f"altered_{side}"][:, stratum] = altered[index]
            counts[f"n_{side}"][:, stratum] = known[index]
    result = cmh_many(counts["altered_a"], counts["n_a"], counts["altered_b"], counts["n_b"])
    part["adj_for"] = strata.column
    part["adj_effect"], part["adj_ci_low"], part["adj_ci_high"] = (
        result["odds_ratio"],
        result["ci_low"],
        result["ci_high"],
    )
    part["adj_p"], part["interaction_p"] = result["p_value"], result["breslow_day_p"]
    attenuated = (part["p_value"] < 0.05) & (part["adj_p"] >= 0.05)
    part["note"] = append_note(part["note"], attenuated, "attenuated by adjustment, inconclusive")
