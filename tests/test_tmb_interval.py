"""The interval of a burden."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from her2genomics.exceptions import StatisticsError
from her2genomics.tmb_interval import burden_category, burden_interval, gamma_quantile, gamma_tails

NUMBERS = ["tmb", "garwood_lo", "garwood_hi", "jeffreys_lo", "jeffreys_hi"]


def test_reference_cases_to_four_decimals(repository):
    truth = pd.read_csv(repository / "tests" / "reference" / "tmb_ci_truth.tsv", sep="\t")
    assert len(truth) == 20
    for row in truth.to_dict("records"):
        found = burden_interval(row["n"], row["mb"])
        assert [f"{found[name]:.4f}" for name in NUMBERS] == [f"{row[name]:.4f}" for name in NUMBERS]
        assert f"{found['p_ge_10']:.5f}" == f"{row['p_true_tmb_ge10_jeffreys']:.5f}"
        assert (found["tmb"] >= 10) == bool(row["tmb_high_point"])


def test_r_gives_the_same():
    """R 4.2.2: poisson.test(7)$conf.int; qgamma(c(.025, .975), 7.5); pgamma(10.03, 7.5, lower.tail = FALSE)."""
    found = burden_interval(7, 1.003)
    assert found["garwood_lo"] * 1.003 == pytest.approx(2.81436305152, rel=1e-10)
    assert found["garwood_hi"] * 1.003 == pytest.approx(14.42267536170, rel=1e-10)
    assert found["jeffreys_lo"] * 1.003 == pytest.approx(3.13106889752, rel=1e-10)
    assert found["jeffreys_hi"] * 1.003 == pytest.approx(13.74419643172, rel=1e-10)
    assert found["p_ge_10"] == pytest.approx(0.16964308021, rel=1e-9)


def test_garwood_by_its_definition():
    """Brute force: at the limits the Poisson tail is exactly 2.5 %."""
    for n in (1, 4, 10):
        found = burden_interval(n, 1.0)
        assert stats.poisson.sf(n - 1, found["garwood_lo"]) == pytest.approx(0.025, rel=1e-9)
        assert stats.poisson.cdf(n, found["garwood_hi"]) == pytest.approx(0.025, rel=1e-9)


@given(st.integers(0, 500), st.floats(0.1, 60), st.floats(1.1, 5))
def test_the_burden_scales_as_one_over_the_territory(n, mb, factor):
    small, large = burden_interval(n, mb), burden_interval(n, mb * factor)
    for name in NUMBERS:
        assert large[name] * factor == pytest.approx(small[name], rel=1e-9)


@given(st.integers(0, 500), st.floats(0.1, 60))
def test_order_of_the_limits(n, mb):
    found = burden_interval(n, mb)
    assert found["garwood_lo"] <= found["jeffreys_lo"] <= found["tmb"] + 0.001 / mb
    assert found["tmb"] <= found["jeffreys_hi"] <= found["garwood_hi"]
    assert 0 <= found["p_ge_10"] <= 1
    assert burden_interval(n + 1, mb)["p_ge_10"] >= found["p_ge_10"]


@pytest.mark.verify
def test_coverage_of_the_intervals():
    """Simulated: Garwood covers at least 95 %, Jeffreys close to it on average over burdens."""
    rng = np.random.default_rng(7)
    rates = rng.uniform(1, 30, 4000)
    counts = rng.poisson(rates)
    limits = pd.DataFrame([burden_interval(int(n), 1.0) for n in counts])
    garwood = ((limits["garwood_lo"] <= rates) & (rates <= limits["garwood_hi"])).mean()
    jeffreys = ((limits["jeffreys_lo"] <= rates) & (rates <= limits["jeffreys_hi"])).mean()
    assert garwood >= 0.95
    assert 0.935 <= jeffreys <= 0.97


def test_categories_only_around_the_cut_off():
    assert burden_category(10, 1.003, 10.0) == "borderline"
    assert burden_category(40, 1.003, 10.0) == "high"
    assert burden_category(0, 1.003, 10.0) == "low"


@pytest.mark.parametrize(("n", "mb"), [(-1, 1.0), (3, 0.0), (3, -1.0), (3, float("nan"))])
def test_impossible_numbers_are_refused(n, mb):
    with pytest.raises(StatisticsError, match="positive territory"):
        burden_interval(n, mb)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 11, 57, 329, 1000, 7298, 46895, 200_000])
def test_the_gamma_functions_are_those_of_scipy(n):
    for shape, p in ((n, 0.025), (n + 1, 0.975), (n + 0.5, 0.025), (n + 0.5, 0.975), (n + 0.5, 1e-6), (n + 0.5, 0.5)):
        if shape:
            expected = special.gammaincinv(shape, p) if p < 0.5 else special.gammainccinv(shape, 1 - p)
            assert gamma_quantile(shape, p) == pytest.approx(expected, rel=1e-11)
    for x in (1e-3, 0.1, 1.0, 6.67, 10.03, 50.0, 380.0):
        if n <= 1000:
            lower, upper = gamma_tails(n + 0.5, x)
            assert lower == pytest.approx(special.gammainc(n + 0.5, x), rel=1e-11, abs=1e-300)
            assert upper == pytest.approx(special.gammaincc(n + 0.5, x), rel=1e-11, abs=1e-15)


@given(st.floats(0.5, 5000), st.floats(0.001, 0.999))
def test_quantile_and_tail_undo_each_other(shape, p):
    assert gamma_tails(shape, gamma_quantile(shape, p))[0] == pytest.approx(p, rel=1e-9)
