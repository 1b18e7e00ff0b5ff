"""Adjustment of yes/no features by matching or by overlap weights, with the balance that they reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2genomics.comparison.covariates import BoolArray, Covariates, Floats
from her2genomics.comparison.features import BinaryFeatures
from her2genomics.comparison.groups import Grouping
from her2genomics.exceptions import StatisticsError, UsageError
from her2genomics.stats.propensity import (
    Pairs,
    match_nearest,
    matched_odds_ratios,
    overlap_weights,
    propensity_scores,
    weighted_balance,
    weighted_odds_ratios,
)

WEIGHTING_METHODS: tuple[str, ...] = ("matching", "overlap")


@dataclass(frozen=True)
class Weighted:
    """Two groups made comparable: the samples used, who is in the first group, their weights, the pairs if matched."""

    rows: BoolArray
    first: BoolArray
    weights: Floats
    pairs: Pairs | None

    @classmethod
    def of(cls, grouping: Grouping, pair: tuple[int, int], covariates: Covariates, method: str, seed: int) -> Weighted:
        """Return the weighted groups of a contrast.

        Raises
        ------
        UsageError
            If the covariates tell the groups apart.
        """
        rows = np.isin(grouping.codes, pair) & covariates.complete()
        first = grouping.codes[rows] == pair[0]
        terms = [np.ones((len(first), 1)), *(c.terms(rows) for c in covariates.members)]
        try:
            score = propensity_scores(first, np.hstack(terms))
        except StatisticsError as error:
            raise UsageError(f"{method} on {covariates.label}: {error.what}") from None
        if method == "overlap":
            return cls(rows, first, overlap_weights(score, first), None)
        pairs = match_nearest(score, first, seed=seed)
        weights = np.zeros(len(first))
        weights[pairs.first] = weights[pairs.second] = 1.0
        return cls(rows, first, weights, pairs)


def weighting_columns(
    features: BinaryFeatures, grouping: Grouping, pair: tuple[int, int], covariates: Covariates, method: str, seed: int
) -> pd.DataFrame:
    """Return the adjusted columns of one pair of groups, one row per feature."""
    groups = Weighted.of(grouping, pair, covariates, method, seed)
    value, known = features.value[groups.rows], features.known[groups.rows]
    if groups.pairs is None:
        result = weighted_odds_ratios(value, known, groups.first, groups.weights)
        name = "overlap weights, robust"
    else:
        a, b = groups.pairs.first, groups.pairs.second
        both = known[a] & known[b]
        only_a, only_b = (value[a] & ~value[b] & both).sum(axis=0), (value[b] & ~value[a] & both).sum(axis=0)
        result = matched_odds_ratios(only_a, only_b)
        name = f"McNemar exact ({len(a)} matched pairs)"
    columns = {"odds_ratio": "adj_effect", "ci_low": "adj_ci_low", "ci_high": "adj_ci_high", "p_value": "adj_p"}
    return result.rename(columns=columns).assign(adj_test=name)


def balance_rows(
    grouping: Grouping, contrast: str, pair: tuple[int, int], covariates: Covariates, method: str, seed: int
) -> pd.DataFrame:
    """Return the balance of every covariate before and after (``balance`` rows)."""
    groups = Weighted.of(grouping, pair, covariates, method, seed)
    sizes = [_effective(groups.weights[g]) for g in (groups.first, ~groups.first)]
    rows = []
    for covariate in covariates.members:
        values = covariate.values[groups.rows]
        listed = [(level, (values == i).astype(float)) for i, level in enumerate(covariate.levels)] or [
            ("mean", values)
        ]
        for level, term in listed:
            before = weighted_balance(term, groups.first, np.ones(len(term)))
            after = weighted_balance(term, groups.first, groups.weights) if groups.weights.any() else (np.nan,) * 3
            rows.append((contrast, covariate.name, level, *before, *after, method, *sizes))
    names = ["contrast", "covariate", "level", "value_a", "value_b", "smd", "adj_value_a", "adj_value_b", "adj_smd"]
    return pd.DataFrame(rows, columns=[*names, "method", "n_a", "n_b"])


def _effective(weights: Floats) -> float:
    """Return the effective number of samples (Kish)."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0
