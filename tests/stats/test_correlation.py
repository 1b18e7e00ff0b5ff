"""Correlations against R's cor.test."""

from __future__ import annotations

import numpy as np
import pytest

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.correlation import METHODS, correlate


def test_equal_to_r(r_table):
    for row in r_table("correlation").itertuples():
        line, rank, tau = (correlate(row.x, row.y, method) for method in ("pearson", "spearman", "kendall"))
        assert line.coefficient == pytest.approx(row.pearson, rel=1e-10)
        assert line.p_value == pytest.approx(row.pearson_p, rel=1e-8)
        assert (line.ci_low, line.ci_high) == pytest.approx((row.pearson_low, row.pearson_high), rel=1e-8)
        assert (rank.coefficient, rank.p_value) == pytest.approx((row.spearman, row.spearman_p), rel=1e-8)
        assert tau.coefficient == pytest.approx(row.kendall, rel=1e-10)
        if row.ties:
            assert tau.p_value == pytest.approx(row.kendall_p, rel=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_invariants(method):
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=40), rng.normal(size=40)
    result, turned = correlate(x, y, method), correlate(x, -y, method)
    assert correlate(y, x, method).p_value == pytest.approx(result.p_value)
    assert turned.coefficient == pytest.approx(-result.coefficient)
    assert (turned.ci_low, turned.ci_high) == pytest.approx((-result.ci_high, -result.ci_low))
    assert result.ci_low < result.coefficient < result.ci_high


def test_edges():
    assert correlate([1, 2, 3, 4, 5], [2, 3, 4, 5, 6]).ci_low == pytest.approx(1)
    assert np.isnan(correlate([1, 2, 4], [3, 1, 2]).ci_low)
    for x, y, message in (
        ([1, 1, 1], [1, 2, 3], "x is constant"),
        ([1, 2], [1, 2], "needs 3"),
        ([1, 2, 3], [1, 2, 3, 4], "3 values"),
    ):
        with pytest.raises(StatisticsError, match=message):
            correlate(x, y)
    with pytest.raises(StatisticsError, match="unknown correlation"):
        correlate([1, 2, 3], [1, 2, 3], "r2")


@pytest.mark.verify
@pytest.mark.parametrize("method", METHODS)
def test_intervals_cover(method):
    """50 pairs of a bivariate normal with r = 0.5; the rank correlations' own population values."""
    truth = {"pearson": 0.5, "spearman": 6 / np.pi * np.arcsin(0.25), "kendall": 2 / np.pi * np.arcsin(0.5)}[method]
    rng, hits, runs = np.random.default_rng(6), 0, 2000
    for _ in range(runs):
        x = rng.normal(size=50)
        result = correlate(x, 0.5 * x + np.sqrt(0.75) * rng.normal(size=50), method)
        hits += result.ci_low <= truth <= result.ci_high
    assert 0.93 <= hits / runs <= 0.97
