import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nchypergeom_fisher
from scipy.stats.contingency import odds_ratio

from her2genomics.stats import conditional
from her2genomics.stats.conditional import conditional_odds_ratios


def one(a, n_a, b, n_b, conf_level=0.95):
    return [float(x[0]) for x in conditional_odds_ratios(*(np.array([v]) for v in (a, n_a, b, n_b)), conf_level)]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_equals_scipy_one_table_at_a_time(a, rest_a, b, rest_b):
    got = one(a, a + rest_a, b, b + rest_b)
    if min(a + b, rest_a + rest_b, a + rest_a, b + rest_b) == 0:
        np.testing.assert_equal(got, [np.nan, 0, np.inf])
        return
    expected = odds_ratio([[a, rest_a], [b, rest_b]])
    interval = expected.confidence_interval(0.95)
    np.testing.assert_allclose(got, [expected.statistic, interval.low, interval.high], rtol=1e-9)


@pytest.mark.parametrize(
    ("a", "n_a", "b", "n_b"), [(46, 90, 166, 202), (3, 50_000, 21, 150_000), (60_000, 100_000, 59_000, 100_000)]
)
def test_solves_the_three_defining_equations(a, n_a, b, n_b):
    estimate, low, high = one(a, n_a, b, n_b)
    distribution = lambda odds: nchypergeom_fisher(n_a + n_b, n_a, a + b, odds)  # noqa: E731
    if n_a < 1000:  # SciPy's own distribution is too slow for the larger ones
        assert distribution(estimate).mean() == pytest.approx(a, rel=1e-9)
        assert distribution(low).sf(a - 1) == pytest.approx(0.025, rel=1e-9)
        assert distribution(high).cdf(a) == pytest.approx(0.025, rel=1e-9)
        return
    x = np.arange(max(0, a + b - n_b), min(a + b, n_a) + 1.0)
    y = x[:-1]
    ratio = (n_a - y) * (a + b - y) / ((y + 1) * (n_b - a - b + y + 1))
    log_weight = np.append(0, np.cumsum(np.log(ratio)))
    for odds, statistic in ((estimate, "mean"), (low, "above"), (high, "below")):
        weight = log_weight + np.log(odds) * x
        weight = np.exp(weight - weight.max())
        weight /= weight.sum()
        if statistic == "mean":
            assert weight @ x == pytest.approx(a, rel=1e-9)
        else:
            assert weight[x >= a if statistic == "above" else x <= a].sum() == pytest.approx(0.025, rel=1e-7)


def test_a_window_that_is_too_narrow_is_widened(monkeypatch):
    cells = (np.array([300]), np.array([900]), np.array([700]), np.array([1100]))
    expected = conditional_odds_ratios(*cells, 0.95)
    monkeypatch.setattr(conditional, "WINDOW_SD", 1)
    monkeypatch.setattr(conditional, "WINDOW_COUNTS", 1)
    np.testing.assert_allclose(conditional_odds_ratios(*cells, 0.95), expected, rtol=1e-12)


def test_blocks_do_not_change_the_result_or_its_order(monkeypatch):
    generator = np.random.default_rng(5)
    n_a, n_b = generator.integers(1, 300, (2, 100))
    a, b = generator.binomial(n_a, 0.3), generator.binomial(n_b, 0.2)
    expected = conditional_odds_ratios(a, n_a, b, n_b, 0.95)
    monkeypatch.setattr(conditional, "ELEMENTS_AT_ONCE", 500)
    np.testing.assert_allclose(conditional_odds_ratios(a, n_a, b, n_b, 0.95), expected, rtol=1e-12)


def test_a_wider_level_gives_a_wider_interval():
    (_, low, high), (_, lower, higher) = one(46, 90, 166, 202, 0.9), one(46, 90, 166, 202, 0.999)
    assert lower < low < high < higher
