"""Areas within folds: by hand, against DeLong's area in one fold, and why pooling is biased."""

from __future__ import annotations

import numpy as np
import pytest

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.diagnostic import auc_delong
from her2genomics.stats.held_out import (
    percentile_interval,
    resample_weights,
    weighted_within_fold_auc,
    within_fold_auc,
    within_fold_roc,
)


def test_by_hand_only_pairs_of_one_fold_count():
    # fold 0: 0.2 > 0.1 right; fold 1: 0.9 against 0.9 tied, 0.9 against 0.3 right: (1 + 0.5 + 1) / 3
    assert within_fold_auc([0.2, 0.1, 0.9, 0.9, 0.3], [1, 0, 1, 0, 0], [0, 0, 1, 1, 1]) == pytest.approx(2.5 / 3)


def test_one_fold_is_the_usual_area():
    rng = np.random.default_rng(2)
    scores, truth = rng.normal(size=60).round(1), rng.random(60) < 0.4
    assert within_fold_auc(scores, truth, np.zeros(60)) == pytest.approx(auc_delong(scores, truth).auc)


def test_training_prevalence_as_prediction_is_one_half_within_folds_and_backwards_when_pooled():
    truth = np.array([1, 1, 0, 0, 0, 1, 0, 0, 0, 0], dtype=bool)
    folds = np.arange(10) // 5
    prevalence = np.array([truth[folds != f].mean() for f in folds])
    assert within_fold_auc(prevalence, truth, folds) == 0.5
    assert auc_delong(prevalence, truth).auc < 0.5


def test_the_curve_has_the_area():
    rng = np.random.default_rng(3)
    truth = rng.random(200) < 0.5
    scores, folds = rng.normal(size=200) + truth, np.arange(200) % 4
    x, y = within_fold_roc(scores, truth, folds, n_points=2001)
    assert np.trapezoid(y, x) == pytest.approx(within_fold_auc(scores, truth, folds), abs=2e-3)
    assert (np.diff(y) >= 0).all()
    assert y[-1] == 1


def test_weights_of_one_give_the_area_and_doubled_samples_are_repeated_samples():
    rng = np.random.default_rng(4)
    truth, scores, folds = rng.random(30) < 0.5, rng.normal(size=30), np.arange(30) % 3
    weights = np.ones((2, 30))
    weights[1, :5] = 2
    found = weighted_within_fold_auc(scores, truth, folds, weights)
    assert found[0] == pytest.approx(within_fold_auc(scores, truth, folds))
    again = np.concatenate([np.arange(30), np.arange(5)])
    assert found[1] == pytest.approx(within_fold_auc(scores[again], truth[again], folds[again]))


def test_resampling_keeps_class_sizes_and_the_seed():
    weights = resample_weights([0, 0, 1, 1, 1], n_bootstrap=20, seed=1)
    assert (weights[:, :2].sum(axis=1) == 2).all()
    assert (weights[:, 2:].sum(axis=1) == 3).all()
    assert (weights == resample_weights([0, 0, 1, 1, 1], n_bootstrap=20, seed=1)).all()
    assert np.isnan(percentile_interval(np.ones(5))).all()
    with pytest.raises(StatisticsError, match="needs 2"):
        resample_weights([0, 1], n_bootstrap=1, seed=1)
