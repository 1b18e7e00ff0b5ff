import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.contingency import chi_square, fisher_many
from her2genomics.stats.proportions import cochran_armitage_trend, detectable_difference, newcombe_difference

GROUPS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=5).filter(
    lambda groups: sum(a + rest > 0 for a, rest in groups) >= 2
)


def split(groups):
    return [a for a, _ in groups], [a + rest for a, rest in groups]


def test_trend_by_hand():
    """1, 2, 3 of 4 each: slope 1/4, pooled 1/2; chi-square = (1/4)^2 * 8 / (1/4) = 2, and nothing is left of it."""
    trend = cochran_armitage_trend([1, 2, 3], [4, 4, 4])
    assert (trend.slope, trend.statistic) == (pytest.approx(0.25), pytest.approx(2))
    assert (trend.departure_statistic, trend.departure_df) == (pytest.approx(0, abs=1e-12), 1)
    assert trend.departure_p == pytest.approx(1)
    assert trend.monotone


def test_trend_equals_r(r_table):
    table = r_table("trend")
    for _, row in table.iterrows():
        trend = cochran_armitage_trend(row["altered"], row["n"], row["scores"])
        np.testing.assert_allclose(
            [trend.statistic, trend.p_value, trend.departure_p],
            [row["statistic"], row["p"], row["departure_p"]],
            rtol=1e-8,
        )


def test_a_trend_that_is_not_monotone_is_said():
    trend = cochran_armitage_trend([46, 74, 166], [90, 231, 202])
    assert trend.p_value < 1e-10
    assert trend.departure_p < 1e-10
    assert not trend.monotone


@settings(max_examples=60, deadline=None)
@given(GROUPS)
def test_trend_and_departure_add_up_to_pearsons_chi_square(groups):
    altered, n = split(groups)
    trend = cochran_armitage_trend(altered, n)
    overall = chi_square(np.column_stack([altered, np.subtract(n, altered)]))
    departure = 0 if trend.departure_df == 0 else trend.departure_statistic
    assert trend.statistic + departure == pytest.approx(overall.statistic, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(GROUPS)
def test_reversing_the_order_or_the_levels_turns_the_slope_only(groups):
    altered, n = split(groups)
    plain = cochran_armitage_trend(altered, n)
    for other in (cochran_armitage_trend(altered[::-1], n[::-1]), cochran_armitage_trend(np.subtract(n, altered), n)):
        assert other.slope == pytest.approx(-plain.slope, abs=1e-12)
        assert other.p_value == pytest.approx(plain.p_value, rel=1e-9)
        assert other.monotone == plain.monotone


@settings(max_examples=60, deadline=None)
@given(GROUPS, st.floats(0.1, 10), st.floats(-5, 5))
def test_scores_may_be_shifted_and_scaled(groups, scale, shift):
    altered, n = split(groups)
    scores = shift + scale * np.arange(len(n))
    assert cochran_armitage_trend(altered, n, scores).p_value == pytest.approx(
        cochran_armitage_trend(altered, n).p_value, rel=1e-7
    )


def test_scores_order_the_groups():
    assert cochran_armitage_trend([3, 1, 2], [4, 4, 4], [2, 0, 1]) == cochran_armitage_trend([1, 2, 3], [4, 4, 4])


def test_groups_without_samples_are_left_out_at_their_own_score():
    trend = cochran_armitage_trend([1, 0, 3], [4, 0, 4])
    assert trend.slope == pytest.approx(0.25)
    assert trend.departure_df == 0
    assert np.isnan(trend.departure_p)


@pytest.mark.parametrize("altered", [[0, 0, 0], [4, 5, 6]])
def test_none_or_all_altered_is_no_trend(altered):
    trend = cochran_armitage_trend(altered, [4, 5, 6])
    assert (trend.statistic, trend.p_value, trend.monotone) == (0, 1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 0], [4, 0]), "needs two groups with samples, there is 1"),
        (([1, 2], [4, 4], [1, 1]), "same score"),
        (([1, 2], [4, 4], [1, 2, 3]), "3 scores for 2 groups"),
        (([1, 2], [4, 4], [1, np.nan]), "missing"),
        (([5, 2], [4, 4]), "5 altered of 4"),
    ],
)
def test_trend_refuses(arguments, message):
    with pytest.raises(StatisticsError, match=message):
        cochran_armitage_trend(*arguments)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
        ((0, 10, 0, 10), (-0.2775, 0.2775)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ],
)
def test_newcombe_equals_his_published_table(counts, expected):
    """Newcombe 1998, table II, method 10."""
    got = newcombe_difference(*counts).iloc[0]
    np.testing.assert_allclose(got[["ci_low", "ci_high"]].to_numpy(dtype=float), expected, atol=5.1e-5)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 50), st.integers(1, 50))
def test_newcombe_mirrors_and_holds_the_difference(a, rest_a, b, rest_b):
    plain = newcombe_difference(a, a + rest_a, b, b + rest_b).iloc[0]
    swapped = newcombe_difference(b, b + rest_b, a, a + rest_a).iloc[0]
    assert -1 <= plain["ci_low"] <= plain["difference"] <= plain["ci_high"] <= 1
    assert plain["ci_low"] == pytest.approx(-swapped["ci_high"], abs=1e-12)


def test_newcombe_is_missing_for_an_empty_group_and_refuses_shapes():
    assert newcombe_difference([0, 2], [0, 5], [1, 1], [3, 3]).isna().all(axis=1).tolist() == [True, False]
    with pytest.raises(StatisticsError, match="differ in shape"):
        newcombe_difference([1, 2], [3, 4], [1, 2, 3], [3, 4, 5])


@pytest.mark.parametrize("baseline", [0.1, 0.3, 0.5])
def test_detectable_proportion_is_detected_by_fishers_test(baseline):
    """Its exact power, over all outcomes, is the wanted one or up to 0.07 more."""
    n_a, n_b = 40, 60
    a, b = (x.ravel() for x in np.meshgrid(np.arange(n_a + 1), np.arange(n_b + 1), indexing="ij"))
    rejected = fisher_many(a, n_a, b, n_b)["p_value"].to_numpy(dtype=float) <= 0.05
    share = float(detectable_difference(n_a, n_b, baseline)["higher"][0])
    power = (binom.pmf(a, n_a, baseline) * binom.pmf(b, n_b, share))[rejected].sum()
    assert 0.8 <= power <= 0.87


def test_detectable_difference_by_the_published_sample_size():
    """Fleiss, Levin and Paik 2003, table A.4: 0.6 against 0.7 at power 0.9 and alpha 0.05 takes 497 per group."""
    assert detectable_difference(497, 497, 0.6, power=0.9)["higher"][0] == pytest.approx(0.7, abs=2e-4)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1), st.integers(2, 500), st.integers(2, 500))
def test_detectable_proportions_lie_on_their_sides_and_mirror(baseline, n_a, n_b):
    row = detectable_difference(n_a, n_b, baseline).astype(float).iloc[0]
    mirror = detectable_difference(n_a, n_b, 1 - baseline).astype(float).iloc[0]
    assert np.isnan(row["lower"]) or 0 <= row["lower"] < baseline
    assert np.isnan(row["higher"]) or baseline < row["higher"] <= 1
    np.testing.assert_allclose(row["lower"], 1 - mirror["higher"], atol=1e-9)


def test_larger_groups_detect_smaller_differences():
    small, large = (detectable_difference(n, 2 * n, [0.05, 0.3])["difference"] for n in (50, 500))
    assert (large < small).all()


def test_groups_too_small_for_any_difference_give_missing_values():
    assert detectable_difference(2, 2, 0.5).loc[0, ["lower", "higher", "difference"]].isna().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 5, 0.5), "need one or more"),
        ((5, 5, 1.5), "baseline"),
        ((5, 5, 0.5, 80), "power is 80"),
        ((5, 5, np.nan), "baseline"),
    ],
)
def test_detectable_difference_refuses(arguments, message):
    with pytest.raises(StatisticsError, match=message):
        detectable_difference(*arguments)


@pytest.mark.verify
@pytest.mark.timeout(900)
def test_trend_size_under_the_null_at_the_sizes_of_the_study():
    generator = np.random.default_rng(31)
    n = np.array([90, 231, 202])
    altered = generator.binomial(n, 0.3, (20_000, 3))
    results = [cochran_armitage_trend(row, n) for row in altered]
    assert 0.045 <= np.mean([trend.p_value <= 0.05 for trend in results]) <= 0.055
    assert 0.045 <= np.mean([trend.departure_p <= 0.05 for trend in results]) <= 0.055
