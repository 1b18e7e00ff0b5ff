"""Adjustment of yes/no features by logistic regression, plain or with Firth's penalty.

The rule is fixed beforehand: Firth's penalty where fewer than ten altered, or fewer than ten unaltered, samples stand
behind each term, and where the plain fit has no finite estimate (separation).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.comparison.covariates import Covariates, Floats
from her2genomics.comparison.features import BinaryFeatures
from her2genomics.comparison.groups import Grouping
from her2genomics.stats.logistic import likelihood_ratio_many, logistic_many

EVENTS_PER_TERM = 10


def regression_columns(
    features: BinaryFeatures, grouping: Grouping, pair: tuple[int, int], covariates: Covariates
) -> pd.DataFrame:
    """Return the adjusted columns of one pair of groups, one row per feature."""
    rows = np.isin(grouping.codes, pair) & covariates.complete()
    first = (grouping.codes[rows] == pair[0])[:, None].astype(float)
    cells = _Cells.of(features, first, rows, covariates)
    n_terms = cells.design.shape[1] - 1
    scarce = np.minimum(cells.altered.sum(axis=1), (cells.total - cells.altered).sum(axis=1))
    firth = scarce < EVENTS_PER_TERM * n_terms
    plain = _fitted(cells, ~firth, firth=False)
    firth[plain.index[plain["separated"]]] = True
    result = pd.concat([plain[~plain["separated"]], _fitted(cells, firth, firth=True)]).sort_index()
    interactions = cells.with_interactions()
    interaction_p = np.full(len(firth), np.nan)
    terms = range(cells.design.shape[1], interactions.design.shape[1])
    for chosen in (firth, ~firth):
        if chosen.any() and len(terms):
            interaction_p[chosen] = likelihood_ratio_many(
                interactions.altered[chosen],
                interactions.total[chosen],
                interactions.design,
                list(terms),
                firth=bool(firth[chosen][0]),
                offset=interactions.offset,
            )
    return pd.DataFrame(
        {
            "adj_test": np.where(firth, "Firth logistic", "logistic"),
            "adj_effect": result["odds_ratio"],
            "adj_ci_low": result["ci_low"],
            "adj_ci_high": result["ci_high"],
            "adj_p": result["p_value"],
            "interaction_p": interaction_p,
        }
    )


def regression_groups_columns(
    features: BinaryFeatures, grouping: Grouping, covariates: Covariates, *, trend: bool
) -> pd.DataFrame:
    """Return the adjusted columns of all groups together, or of the trend (odds ratio per step along the groups)."""
    rows = (grouping.codes >= 0) & covariates.complete()
    codes = grouping.codes[rows]
    present = np.unique(codes)
    terms = codes[:, None].astype(float) if trend else (codes[:, None] == present[None, 1:]).astype(float)
    cells = _Cells.of(features, terms, rows, covariates)
    scarce = np.minimum(cells.altered.sum(axis=1), (cells.total - cells.altered).sum(axis=1))
    firth = scarce < EVENTS_PER_TERM * (cells.design.shape[1] - 1)
    kind = np.where(firth, "Firth logistic", "logistic")
    if trend:
        fits = pd.concat(
            [_fitted(cells, chosen, firth=penalty) for chosen, penalty in ((firth, True), (~firth, False))]
        )
        fits = fits.sort_index()
        return pd.DataFrame(
            {
                "adj_test": [f"{name}, odds ratio per step" for name in kind],
                "adj_effect": fits["odds_ratio"],
                "adj_ci_low": fits["ci_low"],
                "adj_ci_high": fits["ci_high"],
                "adj_p": fits["p_value"],
            }
        )
    p = np.full(len(firth), np.nan)
    held = list(range(1, 1 + terms.shape[1]))
    for chosen, penalty in ((firth, True), (~firth, False)):
        if chosen.any():
            p[chosen] = likelihood_ratio_many(
                cells.altered[chosen], cells.total[chosen], cells.design, held, firth=penalty, offset=cells.offset
            )
    return pd.DataFrame({"adj_test": kind, "adj_p": pd.array(p, dtype="Float64")})


class _Cells:
    """Samples of one design row gathered: counts (features, cells) and the design: intercept, group, covariates."""

    def __init__(
        self, altered: npt.NDArray[np.int64], total: npt.NDArray[np.int64], design: Floats, offset: Floats | None
    ) -> None:
        self.altered, self.total, self.design, self.offset = altered, total, design, offset

    @classmethod
    def of(
        cls, features: BinaryFeatures, groups: Floats, rows: npt.NDArray[np.bool_], covariates: Covariates
    ) -> _Cells:
        terms = [np.ones((int(rows.sum()), 1)), groups]
        terms += [c.terms(rows) for c in covariates.members]
        design = _independent(np.hstack(terms))
        keyed = design if covariates.offset is None else np.column_stack([design, covariates.offset[rows]])
        unique, cell = np.unique(keyed, axis=0, return_inverse=True)
        indicator = np.zeros((len(unique), len(keyed)), dtype=np.float32)
        indicator[cell.ravel(), np.arange(len(keyed))] = 1
        altered, total = (
            np.rint(indicator @ m[rows].astype(np.float32)).astype(np.int64).T for m in (features.value, features.known)
        )
        offset = None if covariates.offset is None else unique[:, -1]
        return cls(altered, total, unique[:, : design.shape[1]], offset)

    def with_interactions(self) -> _Cells:
        """Return the cells with a term group x covariate for each covariate's term that adds one."""
        products = self.design[:, 1:2] * self.design[:, 2:]
        return _Cells(self.altered, self.total, _independent(np.hstack([self.design, products])), self.offset)


def _independent(design: Floats) -> Floats:
    """Return the columns that are not combinations of those before them."""
    kept = np.zeros((len(design), 0))
    for j in range(design.shape[1]):
        wider = np.column_stack([kept, design[:, j]])
        if np.linalg.matrix_rank(wider) == wider.shape[1]:
            kept = wider
    return kept


def _fitted(cells: _Cells, chosen: npt.NDArray[np.bool_], *, firth: bool) -> pd.DataFrame:
    """Return the fits of some features, indexed by their position."""
    fit = logistic_many(cells.altered[chosen], cells.total[chosen], cells.design, firth=firth, offset=cells.offset)
    fit.index = pd.Index(np.flatnonzero(chosen))
    return fit
