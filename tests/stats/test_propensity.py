from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.propensity import (
    match_nearest,
    matched_odds_ratios,
    overlap_weights,
    propensity_scores,
    weighted_balance,
    weighted_odds_ratios,
)


@pytest.fixture(scope="module")
def groups() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(8)
    design = np.column_stack([np.ones(200), generator.random(200) < 0.6, generator.normal(size=200)])
    first = generator.random(200) < 1 / (1 + np.exp(1 - design[:, 1] - 0.7 * design[:, 2]))
    return first, design


def test_scores_equal_statsmodels(groups: tuple[np.ndarray, np.ndarray]) -> None:
    first, design = groups
    expected = GLM(first.astype(float), design, family=Binomial()).fit(tol=1e-12).fittedvalues
    assert propensity_scores(first, design) == pytest.approx(expected, rel=1e-6)


def test_overlap_weights_balance_the_means_exactly(groups: tuple[np.ndarray, np.ndarray]) -> None:
    first, design = groups
    weights = overlap_weights(propensity_scores(first, design), first)
    for j in (1, 2):
        assert abs(weighted_balance(design[:, j], first, np.ones(200))[2]) > 0.2
        assert weighted_balance(design[:, j], first, weights)[2] == pytest.approx(0, abs=1e-8)


def test_matching(groups: tuple[np.ndarray, np.ndarray]) -> None:
    first, design = groups
    score = propensity_scores(first, design)
    pairs = match_nearest(score, first)
    assert first[pairs.first].all()
    assert not first[pairs.second].any()
    assert len(np.unique(pairs.second)) == len(np.unique(pairs.first)) == len(pairs.first)
    logit = np.log(score / (1 - score))
    assert (np.abs(logit[pairs.first] - logit[pairs.second]) <= 0.2 * logit.std() + 1e-9).all()
    chosen = np.zeros(200)
    chosen[pairs.first] = chosen[pairs.second] = 1
    before, after = (abs(weighted_balance(design[:, 2], first, w)[2]) for w in (np.ones(200), chosen))
    assert after < before / 3
    mirrored = match_nearest(1 - score, ~first)
    assert (mirrored.second == pairs.first).all()
    assert (mirrored.first == pairs.second).all()


def test_pairs_by_the_binomial_test() -> None:
    found = matched_odds_ratios([12, 0, 5, 0], [4, 6, 0, 0])
    for i, (b, c) in enumerate([(12, 4), (0, 6), (5, 0)]):
        test = stats.binomtest(b, b + c)
        interval = test.proportion_ci(method="exact")
        assert found["p_value"][i] == pytest.approx(test.pvalue)
        assert found["ci_low"][i] == pytest.approx(interval.low / (1 - interval.low))
        if c:
            assert found["ci_high"][i] == pytest.approx(interval.high / (1 - interval.high))
    assert found["odds_ratio"][0] == 3
    assert np.isinf(found["ci_high"][2])
    assert found.loc[3].isna().all()


def test_equal_weights_are_the_plain_odds_ratio() -> None:
    first = np.arange(60) < 20
    value = np.zeros((60, 2), dtype=bool)
    value[:8, 0] = value[20:28, 0] = True
    found = weighted_odds_ratios(value, np.ones_like(value), first, np.full(60, 0.3))
    assert found["odds_ratio"][0] == pytest.approx(8 * 32 / (12 * 8))
    se = np.sqrt(1 / 8 + 1 / 12 + 1 / 8 + 1 / 32)  # Woolf's
    assert np.log(found["ci_high"][0] / found["odds_ratio"][0]) == pytest.approx(1.959964 * se, rel=1e-6)
    assert found.loc[1].isna().all(), "none altered"


def test_the_effect_of_a_confounder_goes_away() -> None:
    generator = np.random.default_rng(1)
    n = 4000
    hr = generator.random(n) < 0.5
    first = generator.random(n) < np.where(hr, 0.2, 0.6)
    value = (generator.random(n) < np.where(hr, 0.2, 0.7))[:, None]
    design = np.column_stack([np.ones(n), hr])
    weights = overlap_weights(propensity_scores(first, design), first)
    crude = weighted_odds_ratios(value, np.ones_like(value), first, np.ones(n))
    adjusted = weighted_odds_ratios(value, np.ones_like(value), first, weights)
    assert crude["odds_ratio"][0] > 2
    assert adjusted["ci_low"][0] < 1 < adjusted["ci_high"][0]


def test_groups_that_do_not_overlap_are_refused() -> None:
    first = np.arange(10) < 5
    with pytest.raises(StatisticsError, match="tell the groups apart"):
        propensity_scores(first, np.column_stack([np.ones(10), first]))
    with pytest.raises(StatisticsError, match="a group is empty"):
        propensity_scores(np.ones(3, dtype=bool), np.ones((3, 1)))
    assert pd.isna(matched_odds_ratios([0], [0])["p_value"][0])
