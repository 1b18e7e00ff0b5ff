import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import StratifiedTable

from her2genomics.exceptions import StatisticsError
from her2genomics.stats import stratified
from her2genomics.stats.contingency import fisher_exact_2x2
from her2genomics.stats.stratified import cmh, cmh_many

TRUTH = pd.read_csv(Path(__file__).resolve().parent.parent / "reference" / "hr_adjusted_truth.tsv", sep="\t")
STRATA = st.lists(st.tuples(*[st.integers(0, 25)] * 4), min_size=1, max_size=4)
# R solves for the odds ratio, or its inverse where that is below 1, to an absolute .Machine$double.eps^0.25.
R_ROOT_TOLERANCE = 1.23e-4


def tables(strata):
    """Turn rows of (altered, not, altered, not) into shape (strata, 2, 2)."""
    return np.array(strata).reshape(-1, 2, 2)


def many(strata, **options):
    """Pass the same strata to the vectorised analysis."""
    x = tables(strata)
    return cmh_many(
        x[None, :, 0, 0], x[None, :, 0].sum(axis=2), x[None, :, 1, 0], x[None, :, 1].sum(axis=2), **options
    ).iloc[0]


def below_one(ratios):
    ratios = np.asarray(ratios, dtype=float)
    with np.errstate(divide="ignore"):
        return np.where(ratios > 1, 1 / ratios, ratios)


def test_by_hand():
    """Two strata [[2, 3], [1, 4]] and [[4, 1], [2, 3]], n = 10 each.

    Mantel-Haenszel: (2*4 + 4*3) / (3*1 + 1*2) = 4. Expected a: 1.5 and 3; variances 5*5*3*7/900 and 5*5*6*4/900;
    so chi-square = (6 - 4.5)^2 / (1125/900) = 1.8, with correction (1.5 - 0.5)^2 / 1.25 = 0.8.
    """
    result = cmh([[[2, 3], [1, 4]], [[4, 1], [2, 3]]])
    assert result.odds_ratio == pytest.approx(4)
    assert result.p_value == pytest.approx(0.17971249487899976)  # R: pchisq(1.8, 1, lower.tail = FALSE)
    assert result.p_value_corrected == pytest.approx(0.37109336952269756)  # R: pchisq(0.8, 1, lower.tail = FALSE)
    assert result.n_informative_strata == 2


@pytest.mark.parametrize("row", TRUTH.to_dict("records"), ids=lambda row: row["id"])
def test_hr_adjusted_truth(row):
    counts = json.loads(row["strata_json[yes1,n1,yes2,n2]"])
    strata = [(a, n_a - a, b, n_b - b) for a, n_a, b, n_b in counts]
    result = cmh(tables(strata))
    expected = [row[name] for name in ("cmh_or", "cmh_lo", "cmh_hi", "cmh_p", "cmh_p_cc", "cmh_p_exact")]
    got = [
        result.odds_ratio,
        result.ci_low,
        result.ci_high,
        result.p_value,
        result.p_value_corrected,
        result.p_value_exact,
    ]
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4)
    crude = fisher_exact_2x2(*np.sum(strata, axis=0))
    assert crude.p_value == pytest.approx(row["crude_fisher_p"], abs=1e-4)
    np.testing.assert_allclose(below_one(crude.odds_ratio), below_one(row["crude_or_cond"]), atol=R_ROOT_TOLERANCE)


def test_equals_r(r_table):
    table = r_table("mantelhaen")
    assert len(table) == 80
    for _, row in table.iterrows():
        cells = [np.atleast_1d(row[name]) for name in ("altered_a", "not_a", "altered_b", "not_b")]
        result = cmh(tables(np.column_stack(cells)))
        for got, name in (
            (result.p_value, "p"),
            (result.p_value_corrected, "p_corrected"),
            (result.p_value_exact, "p_exact"),
        ):
            np.testing.assert_allclose(got, row[name], rtol=1e-10, err_msg=name)
        for name in ("odds_ratio", "ci_low", "ci_high"):
            np.testing.assert_allclose(getattr(result, name), row[name], rtol=1e-10, err_msg=name)
        for name in ("odds_ratio_exact", "ci_low_exact", "ci_high_exact"):
            np.testing.assert_allclose(
                below_one(getattr(result, name)), below_one(row[name]), rtol=0, atol=R_ROOT_TOLERANCE, err_msg=name
            )


def test_breslow_day_equals_statsmodels(r_table):
    for _, row in r_table("mantelhaen").iterrows():
        if row["n_strata"] < 2:
            continue
        x = tables(np.column_stack([row[name] for name in ("altered_a", "not_a", "altered_b", "not_b")]))
        if (x.sum(axis=1) == 0).any():
            continue  # statsmodels divides by 0 where a stratum has no information
        expected = StratifiedTable([*x.astype(float)]).test_equal_odds().pvalue
        assert cmh(x).breslow_day_p == pytest.approx(expected, rel=1e-8)


@settings(max_examples=60, deadline=None)
@given(STRATA)
def test_vectorised_equals_one_by_one(strata):
    one, row = cmh(tables(strata)), many(strata)
    assert row["n_informative_strata"] == one.n_informative_strata
    for name, field in (("odds_ratio",) * 2, ("p_value",) * 2, ("breslow_day_p",) * 2, ("p_exact", "p_value_exact")):
        np.testing.assert_allclose(float(row[name]) if pd.notna(row[name]) else np.nan, getattr(one, field), rtol=1e-11)
    limits = (one.ci_low, one.ci_high) if 0 < one.odds_ratio < np.inf else (one.ci_low_exact, one.ci_high_exact)
    got = [float(row[name]) if pd.notna(row[name]) else np.nan for name in ("ci_low", "ci_high")]
    np.testing.assert_allclose(got, limits, rtol=1e-11)


@settings(max_examples=60, deadline=None)
@given(STRATA)
def test_swapping_groups_inverts_the_odds_ratio_and_keeps_p(strata):
    plain, swapped = cmh(tables(strata)), cmh(tables(strata)[:, ::-1])
    for name in ("p_value", "p_value_corrected", "p_value_exact", "breslow_day_p"):
        np.testing.assert_allclose(getattr(swapped, name), getattr(plain, name), rtol=1e-9, err_msg=name)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(1 / np.float64(swapped.odds_ratio), plain.odds_ratio, rtol=1e-12)
        np.testing.assert_allclose(1 / np.float64(swapped.odds_ratio_exact), plain.odds_ratio_exact, rtol=1e-9)
        np.testing.assert_allclose(1 / np.float64(swapped.ci_high_exact), plain.ci_low_exact, rtol=1e-9)


@settings(max_examples=60, deadline=None)
@given(STRATA, st.integers(1, 9))
def test_strata_without_information_do_not_matter(strata, n):
    padded = [*strata, (0, n, 0, n + 1), (n, 0, 2 * n, 0), (n, n, 0, 0), (0, 0, 0, 0)]
    plain, more = cmh(tables(strata)), cmh(tables(padded))
    for name in stratified._NUMBERS:
        np.testing.assert_allclose(getattr(more, name), getattr(plain, name), rtol=1e-9, err_msg=name)
    assert more.n_informative_strata == plain.n_informative_strata


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.integers(0, 30)] * 4))
def test_one_stratum_is_fishers_test(cells):
    result, fisher = cmh(tables([cells])), fisher_exact_2x2(*cells)
    if result.n_informative_strata:
        np.testing.assert_allclose(result.p_value_exact, fisher.p_value, rtol=1e-11)
        np.testing.assert_allclose(
            [result.odds_ratio_exact, result.ci_low_exact, result.ci_high_exact],
            [fisher.odds_ratio, fisher.ci_low, fisher.ci_high],
            rtol=1e-9,
        )


def test_confounding_alone_disappears():
    """Within each stratum both groups have the same share; pooled they differ fourfold."""
    strata = [(8, 2, 80, 20), (20, 80, 2, 8)]
    assert fisher_exact_2x2(*np.sum(strata, axis=0)).p_value < 1e-5
    result = cmh(tables(strata))
    assert result.odds_ratio == pytest.approx(1)
    assert result.p_value == pytest.approx(1)


def test_opposite_strata_are_told_by_breslow_day():
    result = cmh(tables([(40, 10, 10, 40), (10, 40, 40, 10)]))
    assert result.p_value == pytest.approx(1)
    assert result.breslow_day_p < 1e-15


def test_no_altered_sample_in_one_group_gives_the_exact_interval():
    strata = [(0, 5, 3, 4), (0, 3, 2, 2)]
    one, row = cmh(tables(strata)), many(strata)
    assert (one.odds_ratio, row["odds_ratio"]) == (0, 0)
    assert np.isnan(one.ci_high)
    assert np.isnan(one.breslow_day_p)
    assert row["ci_low"] == 0
    assert row["ci_high"] == pytest.approx(one.ci_high_exact)
    assert pd.isna(many(strata, exact=False)["ci_high"])


def test_nothing_to_compare_is_missing():
    one, row = cmh(tables([(0, 5, 0, 4)])), many([(0, 5, 0, 4)])
    assert all(np.isnan(getattr(one, name)) for name in stratified._NUMBERS)
    assert row.drop("n_informative_strata").isna().all()
    assert (one.n_informative_strata, row["n_informative_strata"]) == (0, 0)
    assert cmh(np.zeros((0, 2, 2))).n_informative_strata == 0


def test_no_features_give_an_empty_table():
    got = cmh_many(np.zeros((0, 2)), [3, 4], np.zeros((0, 2)), [5, 6])
    assert got.shape == (0, 7)


def test_the_exact_odds_ratio_survives_weights_below_1e_308():
    result = cmh(tables([(1, 3000, 3000, 2), (1, 2000, 2000, 3)]))
    assert result.p_value_exact == 0
    assert 0 < result.ci_low_exact < result.odds_ratio_exact < result.ci_high_exact < 1e-5
    assert result.odds_ratio_exact == pytest.approx(result.odds_ratio, rel=0.5)


def test_beyond_the_support_limit_the_exact_p_is_missing(monkeypatch):
    monkeypatch.setattr(stratified, "EXACT_SUPPORT", 10)
    got = cmh_many([[20, 26], [1, 1]], [60, 30], [[53, 21], [1, 0]], [202, 29])
    assert got["p_exact"].isna().tolist() == [True, False]
    assert got["p_value"].notna().all()


def test_blocks_do_not_change_the_result(monkeypatch):
    generator = np.random.default_rng(3)
    n_a, n_b = np.array([60, 30]), np.array([202, 29])
    a, b = generator.binomial(n_a, 0.3, (50, 2)), generator.binomial(n_b, 0.2, (50, 2))
    expected = cmh_many(a, n_a, b, n_b)
    monkeypatch.setattr(stratified, "ELEMENTS_AT_ONCE", 300)
    pd.testing.assert_frame_equal(cmh_many(a, n_a, b, n_b), expected, rtol=1e-12)


def test_index_of_the_features_is_kept():
    altered = pd.DataFrame([[20, 26], [5, 3]], index=["TP53", "GATA3"])
    assert cmh_many(altered, [60, 30], [[53, 21], [4, 4]], [202, 29]).index.tolist() == ["TP53", "GATA3"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cmh([[1, 2], [3, 4]]), r"shape \(strata, 2, 2\), not \(2, 2\)"),
        (lambda: cmh([[[1, -2], [3, 4]]]), "negative"),
        (lambda: cmh_many([1, 2], [3, 4], [1, 2], [3, 4]), r"\(features, strata\)"),
        (lambda: cmh_many([[1, 2]], [3, 4], [[1, 2, 3]], [3, 4, 5]), r"\(features, strata\)"),
        (lambda: cmh_many([[5, 2]], [3, 4], [[1, 2]], [3, 4]), "5 altered of 3 samples"),
    ],
)
def test_unsuitable_counts_are_refused(call, message):
    with pytest.raises(StatisticsError, match=message):
        call()


def null_p(n_features, seed):
    """Analyse features whose share depends on the stratum but not on the group."""
    generator = np.random.default_rng(seed)
    n_a, n_b = np.array([60, 30]), np.array([202, 29])
    share = np.column_stack([np.full(n_features, 0.25), np.full(n_features, 0.7)])
    return cmh_many(generator.binomial(n_a, share), n_a, generator.binomial(n_b, share), n_b).astype(float)


def test_size_under_the_null_small():
    result = null_p(2_000, seed=21)
    assert (result["p_exact"] <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2_000)
    assert 0.035 < (result["p_value"] <= 0.05).mean() < 0.065


@pytest.mark.verify
@pytest.mark.timeout(900)
def test_size_and_coverage_under_the_null_at_the_sizes_of_the_study():
    result = null_p(40_000, seed=22)
    assert (result["p_exact"] <= 0.05).mean() <= 0.05
    assert 0.045 <= (result["p_value"] <= 0.05).mean() <= 0.055
    assert 0.045 <= (result["breslow_day_p"] <= 0.05).mean() <= 0.055
    assert 0.945 <= ((result["ci_low"] <= 1) & (result["ci_high"] >= 1)).mean() <= 0.957
