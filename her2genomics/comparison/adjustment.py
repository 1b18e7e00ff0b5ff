"""The adjusted result beside the crude one, for yes/no features in a pair of groups.

One category is held fixed by strata (Cochran-Mantel-Haenszel, exact p beside the asymptotic one); several covariates,
numbers or a burden by regression (`regression`), or on request by matching or overlap weights (`weighting`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2genomics.comparison.covariates import Covariates, Strata
from her2genomics.comparison.features import BinaryFeatures, group_counts
from her2genomics.comparison.groups import Grouping, IntArray
from her2genomics.comparison.notes import NOTHING_LEFT, append_note
from her2genomics.comparison.regression import regression_columns, regression_groups_columns
from her2genomics.comparison.weighting import WEIGHTING_METHODS, weighting_columns
from her2genomics.stats.propensity import SEED
from her2genomics.stats.stratified import cmh_many
from her2genomics.stats.stratified_groups import stratified_groups_many

METHODS: tuple[str, ...] = ("auto", "regression", *WEIGHTING_METHODS)


@dataclass(frozen=True)
class Adjustment:
    """Covariates and how they are held fixed: one of `METHODS`, with the seed of matching among equals."""

    covariates: Covariates
    method: str = "auto"
    seed: int = SEED


def add_adjusted(
    part: pd.DataFrame, features: BinaryFeatures, grouping: Grouping, pair: tuple[int, int], adjustment: Adjustment
) -> None:
    """Add the adjusted columns to the rows of one pair of groups, and what they say to the notes."""
    covariates = adjustment.covariates
    open_ = np.array([not covariates.concerns(name) for name in features.names])
    if not open_.any():
        return
    chosen = features.select(open_)
    strata = covariates.strata()
    if adjustment.method == "auto" and strata is not None:
        columns = _stratified_columns(chosen, grouping, pair, strata)
    elif adjustment.method in WEIGHTING_METHODS:
        columns = weighting_columns(chosen, grouping, pair, covariates, adjustment.method, adjustment.seed)
    else:
        columns = regression_columns(chosen, grouping, pair, covariates)
    rows = part.index[open_]
    for name in columns:
        part.loc[rows, name] = columns[name].array
    part.loc[rows, "adj_for"] = covariates.label
    part.loc[rows, "adj_n_missing"] = _n_missing(chosen, grouping, pair, covariates)
    part["note"] = _worded(part)
    part["note"] = append_note(part["note"], _nothing_left(part), NOTHING_LEFT)
    overlap = part["adj_test"].astype("string").str.startswith("overlap") & (part["adj_p"] >= 0.05)
    part["note"] = append_note(part["note"], overlap, "overlap weights are conservative")


def add_adjusted_groups(
    part: pd.DataFrame, features: BinaryFeatures, grouping: Grouping, adjustment: Adjustment, *, trend: bool
) -> None:
    """Add the adjusted columns to the rows of all groups together, or of the trend along them."""
    covariates = adjustment.covariates
    open_ = np.array([not covariates.concerns(name) for name in features.names])
    if not open_.any() or adjustment.method in WEIGHTING_METHODS:
        return
    chosen = features.select(open_)
    strata = covariates.strata()
    if adjustment.method == "auto" and strata is not None:
        counts = _strata_counts(chosen, grouping, strata)
        result = stratified_groups_many(*counts)
        columns = pd.DataFrame({"adj_p": result["trend_p" if trend else "p_value"]})
        columns["adj_test"] = "Mantel trend in strata" if trend else "generalised Cochran-Mantel-Haenszel"
    else:
        columns = regression_groups_columns(chosen, grouping, covariates, trend=trend)
    rows = part.index[open_]
    for name in columns:
        part.loc[rows, name] = columns[name].array
    part.loc[rows, "adj_for"] = covariates.label
    every = tuple(range(len(grouping.labels)))
    part.loc[rows, "adj_n_missing"] = _n_missing(chosen, grouping, every, covariates)
    lost = (part["p_value"] < 0.05) & (part["adj_p"] >= 0.05)
    part["note"] = append_note(part["note"], lost, "attenuated, inconclusive")
    part["note"] = append_note(part["note"], _nothing_left(part), NOTHING_LEFT)


def _nothing_left(part: pd.DataFrame) -> pd.Series:
    """Return which features that differ between samples have no adjusted p."""
    lacking: pd.Series = part["adj_test"].notna() & part["adj_p"].isna() & (part["p_value"] < 1).fillna(False)
    return lacking


def _strata_counts(features: BinaryFeatures, grouping: Grouping, strata: Strata) -> tuple[IntArray, IntArray]:
    """Return altered and known samples, shape (features, groups, strata)."""
    n_groups, n = len(grouping.labels), len(strata.levels)
    inside = (grouping.codes >= 0) & (strata.codes >= 0)
    cells = np.where(inside, grouping.codes * n + strata.codes, -1)
    altered, known = (
        group_counts(m, cells, n_groups * n).reshape(n_groups, n, -1).transpose(2, 0, 1)
        for m in (features.value, features.known)
    )
    return altered, known


def _n_missing(
    features: BinaryFeatures, grouping: Grouping, members: tuple[int, ...], covariates: Covariates
) -> IntArray:
    lacking = np.isin(grouping.codes, members) & ~covariates.complete()
    missing: IntArray = features.known[lacking].sum(axis=0)
    return missing


def _stratified_columns(
    features: BinaryFeatures, grouping: Grouping, pair: tuple[int, int], strata: Strata
) -> pd.DataFrame:
    altered, known = _strata_counts(features, grouping, strata)
    a, b = pair
    result = cmh_many(altered[:, a], known[:, a], altered[:, b], known[:, b])
    return pd.DataFrame(
        {
            "adj_test": "Cochran-Mantel-Haenszel",
            "adj_effect": result["odds_ratio"],
            "adj_ci_low": result["ci_low"],
            "adj_ci_high": result["ci_high"],
            "adj_p": result["p_value"],
            "adj_p_exact": result["p_exact"],
            "interaction_p": result["breslow_day_p"],
        }
    )


def _worded(part: pd.DataFrame) -> pd.Series:
    """Return the notes with what adjustment did to a result that was below 0.05, or with a clash of the strata."""
    lost = (part["p_value"] < 0.05) & (_best_p(part) >= 0.05)
    interval = [
        f"attenuated, inconclusive: adjusted odds ratio {effect:.3g} [{low:.3g}, {high:.3g}]"
        if not pd.isna(effect)
        else "attenuated, inconclusive"
        for effect, low, high in part[["adj_effect", "adj_ci_low", "adj_ci_high"]].itertuples(index=False)
    ]
    notes = append_note(part["note"], lost, pd.Series(interval, index=part.index))
    asymptotic = (part["adj_p"] < 0.05) & (_best_p(part) >= 0.05)
    notes = append_note(notes, asymptotic, "adjusted p below 0.05 only asymptotically: the exact one counts")
    if "interaction_p" not in part:
        return notes
    clash = (part["interaction_p"] < 0.05) & (_best_p(part) < 0.05)
    notes = append_note(notes, clash, "the odds ratio differs between levels of the covariates: compare within them")
    by_regression = part["adj_test"].isin(["logistic", "Firth logistic"])
    return append_note(
        notes, (part["interaction_p"] < 0.05) & by_regression, "interaction p by regression: a hint only"
    )


def _best_p(part: pd.DataFrame) -> pd.Series:
    """Return the exact adjusted p where there is one."""
    exact = part["adj_p_exact"] if "adj_p_exact" in part else pd.Series(pd.NA, index=part.index, dtype="Float64")
    return exact.astype("Float64").fillna(part["adj_p"].astype("Float64"))
