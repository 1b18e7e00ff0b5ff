"""From held-out predictions to tables: areas with intervals, accuracy, calibration, cascade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from her2genomics.predict.nested import HeldOut, PredictSettings, Step
from her2genomics.stats.accuracy import accuracy_of
from her2genomics.stats.agreement import cohen_kappa
from her2genomics.stats.calibration import calibration, calibration_groups
from her2genomics.stats.held_out import (
    percentile_interval,
    resample_weights,
    weighted_within_fold_auc,
    within_fold_auc,
    within_fold_roc,
)

Floats = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

CROSS_VALIDATION = "cross-validation"
FEW = 10
EDGE = 1e-9
LEAST_SPREAD = 0.05
"""Below this standard deviation of the log odds the model says the same of everyone, and a slope has no meaning."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """Held-out predictions of one set of samples, with the truth.

    Parameters
    ----------
    held
        Predictions.
    steps
        Questions, for these samples.
    labels
        Class of each sample.
    patients
        Patient of each sample.
    set_name
        ``cross-validation`` or an external set.
    """

    held: HeldOut
    steps: Sequence[Step]
    labels: IntArray
    patients: IntArray
    set_name: str

    def rows(self, step: Step) -> tuple[Floats, BoolArray, IntArray, IntArray]:
        """Return scores, truth, folds and positions of one step over all repeats."""
        place = list(self.steps).index(step)
        n_repeats, n = self.held.folds.shape
        inside = np.flatnonzero(step.inside)
        scores = self.held.probability[:, place, inside].ravel()
        folds = (self.held.folds[:, inside] + np.arange(n_repeats)[:, None] * n).ravel()
        positions = np.tile(inside, n_repeats)
        return scores, step.positive[positions], folds, positions


def draws(judged: Judged, settings: PredictSettings) -> Floats:
    """Return how often each sample is drawn in each resample: patients are drawn, within the classes they show."""
    _, patient = np.unique(judged.patients, return_inverse=True)
    shown: list[set[int]] = [set() for _ in range(int(patient.max()) + 1)]
    for who, label in zip(patient, judged.labels, strict=True):
        shown[who].add(int(label))
    strata = [str(sorted(labels)) for labels in shown]
    weights = resample_weights(strata, n_bootstrap=settings.n_bootstrap, seed=settings.seed)
    drawn: Floats = weights[:, patient]
    return drawn


def judge_step(judged: Judged, step: Step, weights: Floats) -> Row:
    """Return the row of one step: area with its interval, accuracy, calibration."""
    positive, negative = int(step.positive.sum()), int(step.negative.sum())
    row: Row = {
        "contrast": step.name,
        "set": judged.set_name,
        "positive_class": step.positive_class,
        "negative_class": step.negative_class,
        "n_positive": positive,
        "n_negative": negative,
    }
    if not positive or not negative:
        return row | {"note": "not evaluable: a class has no sample"}
    scores, truth, folds, positions = judged.rows(step)
    area = within_fold_auc(scores, truth, folds)
    low, high = percentile_interval(weighted_within_fold_auc(scores, truth, folds, weights[:, positions]))
    notes = []
    if area in (0.0, 1.0):
        low = high = float("nan")
        notes.append("complete separation: no interval; look for a feature that gives the answer away")
    elif min(positive, negative) < FEW:
        notes.append(f"fewer than {FEW} samples in a class: interval too short")
    row |= {"auc": area, "auc_low": low, "auc_high": high}
    return row | _at_cut_off(judged, step) | _calibrated(judged, step) | {"note": "; ".join(notes)}


def _first_repeat(judged: Judged, step: Step) -> tuple[Floats, BoolArray, BoolArray]:
    place, inside = list(judged.steps).index(step), step.inside
    held = judged.held
    return held.probability[0, place, inside], held.called[0, place, inside], step.positive[inside]


def _at_cut_off(judged: Judged, step: Step) -> Row:
    _, called, truth = _first_repeat(judged, step)
    counts = [int(x.sum()) for x in (called & truth, called & ~truth, ~called & truth, ~called & ~truth)]
    found = accuracy_of(*counts)
    row: Row = dict(zip(("tp", "fp", "fn", "tn"), counts, strict=True))
    for name in ("sensitivity", "specificity"):
        row[name], row[f"{name}_low"], row[f"{name}_high"] = getattr(found, name)
    return row | {"accuracy": found.accuracy[0]}


def _calibrated(judged: Judged, step: Step) -> Row:
    probability, _, truth = _first_repeat(judged, step)
    found = calibration(probability, truth)
    spread = logit(np.clip(probability, EDGE, 1 - EDGE)).std()
    finite = spread >= LEAST_SPREAD and np.isfinite([found.intercept, found.slope]).all()
    lines = {"calibration_intercept": found.intercept, "calibration_slope": found.slope} if finite else {}
    return {**lines, "brier": found.brier}


def roc_rows(judged: Judged, step: Step) -> list[Row]:
    """Return the points of the ROC curve of one step, averaged over folds."""
    if not step.positive.any() or not step.negative.any():
        return []
    scores, truth, folds, _ = judged.rows(step)
    points = zip(*within_fold_roc(scores, truth, folds), strict=True)
    key = {"contrast": step.name, "set": judged.set_name}
    return [key | {"false_positive_share": float(x), "sensitivity": float(y)} for x, y in points]


def calibration_rows(judged: Judged, step: Step) -> list[Row]:
    """Return observed shares in groups of similar probabilities (five groups, of the first repeat)."""
    if not step.positive.any() or not step.negative.any():
        return []
    probability, _, truth = _first_repeat(judged, step)
    groups = calibration_groups(probability, truth, n_groups=5)
    key: Row = {"contrast": step.name, "set": judged.set_name}
    return [key | {str(k): v for k, v in row.items()} for row in groups.to_dict("records")]


def class_probabilities(first: Floats, second: Floats) -> Floats:
    """Return the probability of each class of a cascade, shape (samples, 3): first step, then second step's negative.

    Examples
    --------
    >>> class_probabilities(np.array([0.2]), np.array([0.25])).round(2).tolist()
    [[0.2, 0.6, 0.2]]
    """
    return np.column_stack([first, (1 - first) * (1 - second), (1 - first) * second])


def class_calls(first: BoolArray, second: BoolArray) -> IntArray:
    """Return the class that a cascade calls: 0 where the first step is positive, else 1, or 2 by the second step."""
    called: IntArray = np.where(first, 0, np.where(second, 2, 1)).astype(np.int64)
    return called


def judge_cascade(judged: Judged, weights: Floats) -> tuple[Row, IntArray]:
    """Return the row of the cascade, and the counts of truth (rows) by prediction (columns)."""
    held, labels = judged.held, judged.labels
    n_repeats, n = held.folds.shape
    positions = np.tile(np.arange(n), n_repeats)
    folds = (held.folds + np.arange(n_repeats)[:, None] * n).ravel()
    probability = class_probabilities(held.probability[:, 0].ravel(), held.probability[:, 1].ravel())
    matrix = np.zeros((3, 3), dtype=np.int64)
    np.add.at(matrix, (labels, class_calls(held.called[0, 0], held.called[0, 1])), 1)
    plain, weighted = cohen_kappa(matrix), cohen_kappa(matrix, "quadratic")
    row: Row = {
        "set": judged.set_name,
        "n": n,
        "accuracy": plain.agreement,
        "kappa": plain.kappa,
        "weighted_kappa": weighted.kappa,
        "weighted_kappa_low": weighted.ci_low,
        "weighted_kappa_high": weighted.ci_high,
    }
    if len(np.unique(labels)) == 3:
        truth = labels[positions]
        areas = [within_fold_auc(probability[:, k], truth == k, folds) for k in range(3)]
        drawn = weights[:, positions]
        resampled = [weighted_within_fold_auc(probability[:, k], truth == k, folds, drawn) for k in range(3)]
        low, high = percentile_interval(np.mean(resampled, axis=0))
        row |= {"macro_auc": float(np.mean(areas)), "macro_auc_low": low, "macro_auc_high": high}
    return row, matrix


def importance_rows(judged: Judged, features: Sequence[Any]) -> list[Row]:
    """Return the mean drop of each feature over folds, weighted by their pairs, largest first; unused ones left out."""
    rows: list[Row] = []
    for place, step in enumerate(judged.steps):
        weights, drops = judged.held.pairs[place].astype(float), judged.held.importance[place]
        if not weights.sum():
            continue
        mean = weights @ drops / weights.sum()
        used = np.flatnonzero((drops != 0).any(axis=0))
        spread = drops.std(axis=0, ddof=1) if len(drops) > 1 else np.full(len(mean), np.nan)
        for j in sorted(map(int, used), key=lambda j: (-mean[j], features[j].name)):
            row = {"contrast": step.name, "feature": features[j].name, "block": features[j].block}
            rows.append(row | {"auc_drop": float(mean[j]), "sd": float(spread[j])})
    return rows
