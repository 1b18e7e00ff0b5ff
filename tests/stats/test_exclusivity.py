from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.exclusivity import (
    fit_background,
    overlap_distribution,
    overlap_p_values,
    poisson_binomial,
    without_gene,
)


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
    assert overlap_distribution(first, p, 3) == pytest.approx(expected / expected.sum(), abs=1e-13)


def test_with_equal_burden_it_is_fisher() -> None:
    first = np.arange(60) < 22
    distribution = overlap_distribution(first, np.full(60, 0.25), 15)
    few, many, both = overlap_p_values(distribution, 9)
    table = [[9, 13], [6, 32]]
    assert many == pytest.approx(stats.fisher_exact(table, alternative="greater").pvalue, rel=1e-9)
    assert few == pytest.approx(stats.fisher_exact(table, alternative="less").pvalue, rel=1e-9)
    assert both == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)


def test_background_has_the_observed_totals_where_profiled_only() -> None:
    rng = np.random.default_rng(4)
    profiled = rng.random((40, 25)) < 0.8
    altered = (rng.random((40, 25)) < 0.3) & profiled
    altered[3] = False
    altered[:, 7] = False
    p = fit_background(altered, profiled)
    inside = np.where(profiled, p, 0)
    assert inside.sum(axis=0) == pytest.approx(altered.sum(axis=0), abs=1e-4)
    assert inside.sum(axis=1) == pytest.approx(altered.sum(axis=1), abs=1e-4)
    assert (p[3] == 0).all()
    with pytest.raises(StatisticsError, match="samples x genes"):
        fit_background(altered, profiled[:3])


@pytest.mark.parametrize(("genes", "level", "excess"), [(150, -2.2, 0.4), (400, -4.6, 0.08)])
def test_size_at_varying_burden(genes: int, level: float, excess: float) -> None:
    """Share of p at or below 0.05 without any interaction: far too many for Fisher, at most nominal for ours."""
    rng = np.random.default_rng(9)
    fisher, ours = [], []
    for _ in range(12):
        odds = np.exp(rng.normal(level, 1.2, genes)[None, :] + rng.normal(0, 1.2, 150)[:, None])
        altered = rng.random(odds.shape) < odds / (1 + odds)
        p = fit_background(altered)
        often = np.argsort(-altered.sum(axis=0))[:12]
        for i, g in enumerate(often):
            for h in often[i + 1 :]:
                both = int((altered[:, g] & altered[:, h]).sum())
                a, b = int(altered[:, g].sum()), int(altered[:, h].sum())
                moved = without_gene(p[:, h], p[:, g], altered[:, g], p.sum(axis=1), (p * (1 - p)).sum(axis=1))
                ours.append(overlap_p_values(overlap_distribution(altered[:, g], moved, b), both))
                fisher.append(stats.hypergeom.sf(both - 1, len(altered), a, b))
    few, many, two = (np.array(ours) <= 0.05).mean(axis=0)
    assert (np.array(fisher) <= 0.05).mean() > excess
    assert many <= 0.06
    assert few <= 0.06
    assert two <= 0.06
