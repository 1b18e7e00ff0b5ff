"""What is learned from the training samples before the model: missing values, rare columns, selection, scale.

Everything here is fitted on the training samples of a fold and applied to its held-out samples as it stands; the
columns kept, the values put in for missing ones, centres and scales all travel with the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, TransformerMixin

from her2genomics.exceptions import StatisticsError

Floats = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PreparationRule:
    """How columns are prepared.

    Parameters
    ----------
    max_missing
        A column with a larger share of missing values among the training samples is left out; 0 leaves out every gene
        that was not profiled in all of them.
    min_frequency
        A yes/no column whose rarer state has a smaller share among its known training values is left out.
    select
        At most so many columns, those whose ranks differ most between the classes of the training samples.
    """

    max_missing: float = 0.5
    min_frequency: float = 0.02
    select: int = 100


class Preparation(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Transformer of a design matrix, fitted on training samples.

    Parameters
    ----------
    is_number
        Which columns are measured numbers, shape (columns,); the others are 0/1.
    rule
        How columns are prepared.

    Notes
    -----
    A missing number becomes the median of the training samples, a missing 0/1 value their frequency. Then columns are
    centred and scaled to unit variance of the training samples.
    """

    def __init__(self, is_number: BoolArray, rule: PreparationRule) -> None:
        self.is_number = is_number
        self.rule = rule

    def fit(self, x: Floats, y: npt.ArrayLike) -> Self:
        """Learn columns, fills, centres and scales.

        Raises
        ------
        StatisticsError
            If no column is left.
        """
        known = ~np.isnan(x)
        n_known = known.sum(axis=0)
        mean = np.where(known, x, 0.0).sum(axis=0) / np.maximum(n_known, 1)
        varies = _varies(x, known)
        enough = (n_known > 0) & (1 - n_known / len(x) <= self.rule.max_missing)
        common = self.is_number | (np.minimum(mean, 1 - mean) >= self.rule.min_frequency)
        kept = np.flatnonzero(varies & enough & common)
        if not len(kept):
            raise StatisticsError(
                "no feature is left: all are constant, too rare or missing too often among the training samples",
                hint="lower --min-frequency, raise --max-missing, or name other --features",
            )
        fill = mean[kept].copy()
        for place in np.flatnonzero(self.is_number[kept]):
            fill[place] = np.nanmedian(x[:, kept[place]])
        filled = np.where(known[:, kept], x[:, kept], fill)
        strongest = _strongest(filled, np.asarray(y, dtype=bool), self.rule.select)
        self.kept_ = kept[strongest]
        self.fill_ = fill[strongest]
        self.centre_ = filled[:, strongest].mean(axis=0)
        self.scale_ = filled[:, strongest].std(axis=0)
        return self

    def transform(self, x: Floats) -> Floats:
        """Return the prepared columns, without missing values."""
        part = x[:, self.kept_]
        prepared: Floats = (np.where(np.isnan(part), self.fill_, part) - self.centre_) / self.scale_
        return prepared

    def to_dict(self, columns: tuple[str, ...]) -> dict[str, Any]:
        """Return what is stored: one entry per kept column."""
        return {
            "columns": [columns[j] for j in self.kept_],
            "fill": self.fill_.tolist(),
            "centre": self.centre_.tolist(),
            "scale": self.scale_.tolist(),
        }


def _varies(x: Floats, known: BoolArray) -> BoolArray:
    low = np.where(known, x, np.inf).min(axis=0)
    high = np.where(known, x, -np.inf).max(axis=0)
    varies: BoolArray = high > low
    return varies


def _strongest(x: Floats, truth: BoolArray, most: int) -> npt.NDArray[np.intp]:
    """Return the columns whose rank sums lie furthest from their expectation, in column order."""
    if x.shape[1] <= most:
        return np.arange(x.shape[1])
    ranks = rankdata(x, axis=0)
    n, n_a = len(x), int(truth.sum())
    error = np.sqrt(n_a * (n - n_a) / n * ranks.var(axis=0, ddof=1))
    z = np.abs(ranks[truth].sum(axis=0) - n_a * (n + 1) / 2) / error
    return np.sort(np.argsort(-z.round(9), kind="stable")[:most])
