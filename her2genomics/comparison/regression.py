"""Adjustment of yes/no features by logistic regression, plain or with Firth's penalty.

The rule is fixed beforehand: Firth's penalty where fewer than ten altered, or fewer than ten unaltered, samples stand
behind each term, and where the plain fit has no finite estimate (separation).
"""

from __future__ import annotations

from collections.abc import Iterator

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
    """Return the adjusted columns of one pair of groups, one row per feature.

    Missing where the samples of a feature are all altered or all unaltered, or do not tell groups and covariates apart.
    """
    rows = np.isin(grouping.codes, pair) & covariates.complete()
    first = (grouping.codes[rows] == pair[0])[:, None].astype(float)
    cells = _Cells.of(features, first, rows, covariates)
    columns = ["adj_effect", "adj_ci_low", "adj_ci_high", "adj_p", "interaction_p"]
    result = pd.DataFrame(np.nan, index=range(len(features.names)), columns=columns).astype("Float64")
    test = np.where(cells.scarce(), "Firth logistic", "logistic").astype(object)
    for chosen, part in cells.by_samples():
        fits = _pair_fits(part)
        result.loc[chosen] = fits[columns].to_numpy(dtype=float, na_value=np.nan)
        test[chosen] = fits["adj_test"].to_numpy()
    return result.assign(adj_test=test)[["adj_test", *columns]]


def _pair_fits(cells: _Cells) -> pd.DataFrame:
    """Return the adjusted columns of features whose samples span the design."""
    firth = cells.scarce()
    plain = _fitted(cells, ~firth, firth=False)
    firth[plain.index[plain["separated"]]] = True
    result = pd.concat([plain[~plain["separated"]], _fitted(cells, firth, firth=True)]).sort_index()
    interactions = cells.with_interactions()
    terms = list(range(cells.design.shape[1], interactions.design.shape[1]))
    return pd.DataFrame(
        {
            "adj_test": np.where(firth, "Firth logistic", "logistic"),
            "adj_effect": result["odds_ratio"],
            "adj_ci_low": result["ci_low"],
            "adj_ci_high": result["ci_high"],
            "adj_p": result["p_value"],
            "interaction_p": _ratio_p(interactions, terms, firth),
        }
    )


def _ratio_p(cells: _Cells, terms: list[int], firth: npt.NDArray[np.bool_]) -> Floats:
    """Return the likelihood-ratio p of some terms together, with the penalty where ``firth``."""
    p = np.full(len(firth), np.nan)
    for chosen, penalty in ((firth, True), (~firth, False)):
        if chosen.any() and terms:
            p[chosen] = likelihood_ratio_many(
                cells.altered[chosen], cells.total[chosen], cells.design, terms, firth=penalty, offset=cells.offset
            )
    return p


def regression_groups_columns(
    features: BinaryFeatures, grouping: Grouping, covariates: Covariates, *, trend: bool
) -> pd.DataFrame:
    """Return the adjusted columns of all groups together, or of the trend (odds ratio per step along the groups).

    Missing as in `regression_columns`.
    """
    rows = (grouping.codes >= 0) & covariates.complete()
    codes = grouping.codes[rows]
    present = np.unique(codes)
    terms = codes[:, None].astype(float) if trend else (codes[:, None] == present[None, 1:]).astype(float)
    cells = _Cells.of(features, terms, rows, covariates)
    columns = ["adj_effect", "adj_ci_low", "adj_ci_high", "adj_p"] if trend else ["adj_p"]
    result = pd.DataFrame(np.nan, index=range(len(features.names)), columns=columns).astype("Float64")
    firth = cells.scarce()
    for chosen, part in cells.by_samples():
        fits = _trend_fits(part) if trend else _groups_fits(part)
        result.loc[chosen] = fits[columns].to_numpy(dtype=float, na_value=np.nan)
        firth[chosen] = part.scarce()
    kind = np.where(firth, "Firth logistic", "logistic")
    return result.assign(adj_test=[f"{name}, odds ratio per step" for name in kind] if trend else kind)


def _trend_fits(cells: _Cells) -> pd.DataFrame:
    firth = cells.scarce()
    parts = [_fitted(cells, chosen, firth=penalty) for chosen, penalty in ((firth, True), (~firth, False))]
    names = {"odds_ratio": "adj_effect", "ci_low": "adj_ci_low", "ci_high": "adj_ci_high", "p_value": "adj_p"}
    return pd.concat(parts).sort_index().rename(columns=names)


def _groups_fits(cells: _Cells) -> pd.DataFrame:
    return pd.DataFrame({"adj_p": _ratio_p(cells, list(range(1, 1 + cells.n_groups)), cells.scarce())})


class _Cells:
    """Samples of one design row gathered: counts (features, cells) and the design: intercept, groups, covariates.

    ``terms`` are all columns, ``design`` those that are not combinations of those before them.
    """

    def __init__(
        self,
        altered: npt.NDArray[np.int64],
        total: npt.NDArray[np.int64],
        terms: Floats,
        offset: Floats | None,
        n_groups: int,
    ) -> None:
        self.altered, self.total, self.terms, self.offset, self.n_groups = altered, total, terms, offset, n_groups
        self.design = _independent(terms)

    @classmethod
    def of(
        cls, features: BinaryFeatures, groups: Floats, rows: npt.NDArray[np.bool_], covariates: Covariates
    ) -> _Cells:
        terms = np.hstack([np.ones((int(rows.sum()), 1)), groups, *(c.terms(rows) for c in covariates.members)])
        keyed = terms if covariates.offset is None else np.column_stack([terms, covariates.offset[rows]])
        unique, cell = np.unique(keyed, axis=0, return_inverse=True)
        indicator = np.zeros((len(unique), len(keyed)), dtype=np.float32)
        indicator[cell.ravel(), np.arange(len(keyed))] = 1
        altered, total = (
            np.rint(indicator @ m[rows].astype(np.float32)).astype(np.int64).T for m in (features.value, features.known)
        )
        offset = None if covariates.offset is None else unique[:, -1]
        return cls(altered, total, unique[:, : terms.shape[1]], offset, groups.shape[1])

    def by_samples(self) -> Iterator[tuple[npt.NDArray[np.int64], _Cells]]:
        """Yield the features that can be fitted, those with samples in the same cells together, with these cells.

        A covariate's level whose only samples a gene was not profiled in has no term for that gene.
        """
        some, all_ = self.altered.sum(axis=1), self.total.sum(axis=1)
        varied = np.flatnonzero((some > 0) & (some < all_))
        patterns, which = np.unique(self.total[varied] > 0, axis=0, return_inverse=True)
        for k, used in enumerate(patterns):
            chosen = varied[which.ravel() == k]
            offset = None if self.offset is None else self.offset[used]
            block = np.ix_(chosen, used)
            part = _Cells(self.altered[block], self.total[block], self.terms[used], offset, self.n_groups)
            if part.tells_groups_apart():
                yield chosen, part

    def tells_groups_apart(self) -> bool:
        """Return whether the groups say something that the covariates of these samples do not."""
        others = np.delete(self.terms, range(1, 1 + self.n_groups), axis=1)
        apart = np.linalg.matrix_rank(self.terms) - np.linalg.matrix_rank(others) if len(others) else 0
        return bool(apart == self.n_groups)

    def scarce(self) -> npt.NDArray[np.bool_]:
        """Return the features with too few altered or unaltered samples per term for the plain fit."""
        least = np.minimum(self.altered.sum(axis=1), (self.total - self.altered).sum(axis=1))
        few: npt.NDArray[np.bool_] = least < EVENTS_PER_TERM * (self.design.shape[1] - 1)
        return few

    def with_interactions(self) -> _Cells:
        """Return the cells with a term group x covariate for each covariate's term that adds one."""
        products = self.design[:, 1:2] * self.design[:, 2:]
        terms = np.hstack([self.design, products])
        return _Cells(self.altered, self.total, terms, self.offset, self.n_groups)


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
