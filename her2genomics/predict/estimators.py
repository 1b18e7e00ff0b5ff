"""The two kinds of model, their settings to choose among, and their stored form.

Ridge-penalised logistic regression, and gradient boosting of small trees; both by scikit-learn.  Fitted models are kept
as plain numbers (coefficients; thresholds and leaves of the trees) and predict by themselves: a stored model is JSON,
which runs no code when it is read and depends on no version of a library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from her2genomics.exceptions import UsageError

Floats = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

LOGISTIC, BOOSTING = "logistic", "boosting"
MODELS: tuple[str, ...] = (LOGISTIC, BOOSTING)
CANDIDATES: dict[str, tuple[dict[str, float], ...]] = {
    LOGISTIC: tuple({"C": c} for c in (0.0001, 0.001, 0.01, 0.1, 1.0)),
    BOOSTING: (
        {"max_iter": 25, "max_leaf_nodes": 3, "learning_rate": 0.05},
        {"max_iter": 75, "max_leaf_nodes": 3, "learning_rate": 0.05},
        {"max_iter": 75, "max_leaf_nodes": 6, "learning_rate": 0.1},
    ),
}
"""Settings that the inner cross-validation chooses among, the most restrained first."""
LEAST_LEAF = 10
"""Samples in a leaf, at least (a fifth of the training samples where they are few)."""


@dataclass(frozen=True)
class LinearScore:
    """Log odds as a weighted sum: ``coef`` of shape (columns,), and ``intercept``."""

    coef: Floats
    intercept: float

    def probability(self, x: Floats) -> Floats:
        """Return the probability of the positive class, shape (samples,)."""
        found: Floats = expit(x @ self.coef + self.intercept)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return coefficients and intercept."""
        return {"kind": LOGISTIC, "coef": self.coef.tolist(), "intercept": self.intercept}


@dataclass(frozen=True)
class Tree:
    """One regression tree: a leaf has ``column`` -1; ``left`` is taken up to ``threshold``."""

    column: npt.NDArray[np.int64]
    threshold: Floats
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    value: Floats

    def predict(self, x: Floats) -> Floats:
        """Return the value of the leaf that each sample falls into."""
        node = np.zeros(len(x), dtype=np.int64)
        rows = np.arange(len(x))
        while (inner := self.column[node] >= 0).any():
            at = node[inner]
            goes_left = x[rows[inner], self.column[at]] <= self.threshold[at]
            node[inner] = np.where(goes_left, self.left[at], self.right[at])
        return self.value[node]


@dataclass(frozen=True)
class TreeScore:
    """Log odds as a baseline and a sum over trees."""

    baseline: float
    trees: tuple[Tree, ...]

    def probability(self, x: Floats) -> Floats:
        """Return the probability of the positive class, shape (samples,)."""
        raw = np.full(len(x), self.baseline)
        for tree in self.trees:
            raw += tree.predict(x)
        found: Floats = expit(raw)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return baseline and trees."""
        trees = [{name: values.tolist() for name, values in vars(tree).items()} for tree in self.trees]
        return {"kind": BOOSTING, "baseline": self.baseline, "trees": trees}


Score = LinearScore | TreeScore


def fit_score(model: str, candidate: dict[str, float], x: Floats, y: BoolArray, seed: int) -> Score:
    """Fit one model with given settings on prepared columns.

    Parameters
    ----------
    model
        One of `MODELS`.
    candidate
        One of its `CANDIDATES`.
    x, y
        Prepared columns without missing values, and the classes.
    seed
        Seed of the boosting.

    Raises
    ------
    UsageError
        If the model is not known.
    """
    if model == LOGISTIC:
        fit = LogisticRegression(C=candidate["C"], max_iter=5000, tol=1e-8).fit(x, y)
        return LinearScore(fit.coef_[0].copy(), float(fit.intercept_[0]))
    if model == BOOSTING:
        leaf = max(1, min(LEAST_LEAF, len(y) // 5))
        fit = HistGradientBoostingClassifier(
            **candidate, min_samples_leaf=leaf, l2_regularization=1.0, early_stopping=False, random_state=seed
        ).fit(x, y)
        return _trees(fit)
    raise UsageError(f"unknown model '{model}'", hint=f"use one of: {', '.join(MODELS)}")


def _trees(fit: HistGradientBoostingClassifier) -> TreeScore:
    trees = []
    for (predictor,) in fit._predictors:
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        trees.append(
            Tree(
                np.where(leaf, -1, nodes["feature_idx"].astype(np.int64)),
                np.where(leaf, 0.0, nodes["num_threshold"]),
                nodes["left"].astype(np.int64),
                nodes["right"].astype(np.int64),
                nodes["value"].astype(np.float64),
            )
        )
    return TreeScore(float(np.ravel(fit._baseline_prediction)[0]), tuple(trees))


def score_from_dict(stored: dict[str, Any]) -> Score:
    """Return a model from its stored form."""
    if stored["kind"] == LOGISTIC:
        return LinearScore(np.array(stored["coef"], dtype=float), float(stored["intercept"]))
    trees = []
    for tree in stored["trees"]:
        column, left, right = (np.array(tree[name], dtype=np.int64) for name in ("column", "left", "right"))
        threshold, value = (np.array(tree[name], dtype=float) for name in ("threshold", "value"))
        trees.append(Tree(column, threshold, left, right, value))
    return TreeScore(float(stored["baseline"]), tuple(trees))
