from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.exclusivity import (
    event_background,
    overlap_distributions,
    overlap_p_values,
    poisson_binomial,
)
from her2genomics.stats.logistic import fitted_shares


def test_poisson_binomial_is_the_sum_over_all_outcomes() -> None:
    p = np.array([0.1, 0.7, 0.35, 0.02, 0.9, 0.5])
    expected = np.zeros(7)
    for outcome in product([0, 1], repeat=6):
        expected[sum(outcome)] += np.prod(np.where(outcome, p, 1 - p))
    assert poisson_binomial(p) == pytest.approx(expected, abs=1e-14)
    assert poisson_binomial(p, 2) == pytest.approx(expected[:3], abs=1e-14)
    assert poisson_binomial(np.full(20, 0.3)) == pytest.approx(stats.binom.pmf(range(21), 20, 0.3), abs=1e-13)


def test_the_overlap_is_the_sum_over_all_outcomes_of_that_total() -> None:
    p = np.array([0.1, 0.7, 0.35, 0.02, 0.9, 0.5, 0.2])
    first = np.array([1, 1, 0, 0, 1, 0, 0], dtype=bool)
    expected = np.zeros(4)
    for outcome in product([False, True], repeat=7):
        if sum(outcome) == 3:
            expected[(np.array(outcome) & first).sum()] += np.prod(np.where(outcome, p, 1 - p))
    assert overlap_distributions(first, p[None], [3])[0] == pytest.approx(expected / expected.sum(), abs=1e-13)


def test_with_equal_burden_it_is_fisher() -> None:
    first = np.arange(60) < 22
    distribution = overlap_distributions(first, np.full((1, 60), 0.25), [15])[0]
    few, many, both = overlap_p_values(distribution, 9)
    table = [[9, 13], [6, 32]]
    assert many == pytest.approx(stats.fisher_exact(table, alternative="greater").pvalue, rel=1e-9)
    assert few == pytest.approx(stats.fisher_exact(table, alternative="less").pvalue, rel=1e-9)
    assert both == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)


def test_several_totals_are_as_one_at_a_time() -> None:
    rng = np.random.default_rng(8)
    p, first = rng.uniform(0.05, 0.6, (3, 12)), rng.random(12) < 0.5
    p[1, :3] = 0
    together = overlap_distributions(first, p, [2, 5, 7])
    for k, total in enumerate([2, 5, 7]):
        assert together[k] == pytest.approx(overlap_distributions(first, p[k : k + 1], [total])[0], abs=1e-14)
    assert np.isnan(overlap_distributions(first, np.zeros((1, 12)), [1])[0]).all()


def test_background_is_the_logistic_regression_over_possible_samples() -> None:
    rng = np.random.default_rng(4)
    design = np.column_stack([np.ones(200), rng.normal(0, 1, 200), rng.random(200) < 0.4])
    possible = rng.random((3, 200)) < 0.8
    altered = (rng.random((3, 200)) < 0.3) & possible
    p = event_background(altered, possible, design)
    assert (p[~possible] == 0).all()
    assert p.sum(axis=1) == pytest.approx(altered.sum(axis=1), abs=1e-6)
    for k in range(3):
        plain = fitted_shares(altered[k, possible[k]].astype(int), design[possible[k]])
        assert p[k, possible[k]] == pytest.approx(plain, abs=2e-3), "the penalty is weak"
    with pytest.raises(StatisticsError, match="shapes"):
        event_background(altered, possible[:, :3], design)


def test_a_level_without_an_altered_sample_has_a_small_probability() -> None:
    level = np.arange(100) < 30
    altered = (~level & (np.arange(100) % 2 == 0))[None]
    p = event_background(altered, np.ones((1, 100), dtype=bool), np.column_stack([np.ones(100), level]))[0]
    assert p[level].max() < 0.01
    assert p[~level] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("genes", "level", "excess"), [(150, -2.2, 0.4), (400, -4.6, 0.08)])
def test_size_at_varying_burden(genes: int, level: float, excess: float) -> None:
    """Share of p at or below 0.05 without any interaction: far too many for Fisher, at most nominal for ours."""
    rng = np.random.default_rng(9)
    fisher, ours = [], []
    for _ in range(12):
        odds = np.exp(rng.normal(level, 1.2, genes)[None, :] + rng.normal(0, 1.2, 150)[:, None])
        altered = rng.random(odds.shape) < odds / (1 + odds)
        often = np.argsort(-altered.sum(axis=0), kind="stable")[:12]
        for i, g in enumerate(often[:-1]):
            rest, others = altered.sum(axis=1) - altered[:, g], altered[:, often[i + 1 :]].T
            design = np.column_stack([np.ones(150), np.log(np.maximum(rest, 1))])
            p = event_background(others, np.tile(rest > 0, (len(others), 1)), design)
            totals = others.sum(axis=1).tolist()
            for other, total, mass in zip(others, totals, overlap_distributions(altered[:, g], p, totals), strict=True):
                both, a = int((altered[:, g] & other).sum()), int(altered[:, g].sum())
                ours.append(overlap_p_values(mass, both))
                fisher.append(stats.hypergeom.sf(both - 1, len(altered), a, total))
    few, many, two = (np.array(ours) <= 0.05).mean(axis=0)
    assert (np.array(fisher) <= 0.05).mean() > excess
    assert many <= 0.06
    assert few <= 0.06
    assert two <= 0.06
