import json
import tracemalloc
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.contingency import chi_square, fisher_exact_2x2, fisher_many
from her2genomics.stats.exact_rxc import fisher_freeman_halton

REFERENCE = Path(__file__).resolve().parent.parent / "reference"
PAPERS = pd.read_csv(REFERENCE / "paper_pvalues.tsv", sep="\t")
COUNT = st.integers(0, 80)

# R solves for the odds ratio, or its inverse where that is below 1, to an absolute .Machine$double.eps^0.25.
R_ROOT_TOLERANCE = 1.23e-4

# The tests that the papers' tables were recomputed with, by the name in the column `test`.
RECOMPUTE = {
    "Fisher exact 2-sided": lambda counts: fisher_exact_2x2(*counts[0], *counts[1]).p_value,
    "Fisher-Freeman-Halton exact 2-sided": lambda counts: fisher_freeman_halton(counts).p_value,
    "Pearson chi2 (no continuity)": lambda counts: chi_square(counts).p_value,
}


def below_one(ratios):
    ratios = np.asarray(ratios, dtype=float)
    with np.errstate(divide="ignore"):
        return np.where(ratios > 1, 1 / ratios, ratios)


@pytest.mark.parametrize("row", PAPERS[PAPERS["kind"] == "table"].to_dict("records"), ids=lambda row: row["id"])
def test_printed_table_is_recomputed(row):
    counts = json.loads(row["table_json"])["counts"]
    assert RECOMPUTE[row["test"]](counts) == pytest.approx(float(row["recomputed_p"]), rel=1e-5)


@pytest.mark.parametrize("row", PAPERS[PAPERS["kind"] == "table"].to_dict("records"), ids=lambda row: row["id"])
def test_alternatives_of_a_printed_table_are_recomputed(row):
    counts, alternatives = json.loads(row["table_json"])["counts"], json.loads(row["alt_json"])
    if "chi2" in alternatives:
        assert chi_square(counts).p_value == pytest.approx(alternatives["chi2"], rel=1e-5)
    if "chi2_yates" in alternatives:
        assert chi_square(counts, correction=True).p_value == pytest.approx(alternatives["chi2_yates"], rel=1e-5)
    if "fisher" in alternatives:
        assert fisher_freeman_halton(counts).p_value == pytest.approx(alternatives["fisher"], rel=1e-5)


def test_every_2x2_table_of_the_papers_comes_out_alike_from_the_vectorised_test():
    rows = PAPERS[(PAPERS["kind"] == "table") & (PAPERS["test"] == "Fisher exact 2-sided")]
    counts = np.array([json.loads(cell)["counts"] for cell in rows["table_json"]])
    p = fisher_many(counts[:, 0, 0], counts[:, 0].sum(axis=1), counts[:, 1, 0], counts[:, 1].sum(axis=1))["p_value"]
    np.testing.assert_allclose(p.to_numpy(dtype=float), rows["recomputed_p"].astype(float), rtol=1e-5)


def test_the_lady_tasting_tea():
    """Fisher's own example: of 8 cups, 3 of 4 named rightly; 34 of 70 arrangements are as rare. R prints the rest."""
    result = fisher_exact_2x2(3, 1, 1, 3)
    assert result.p_value == pytest.approx(34 / 70, rel=1e-14)
    np.testing.assert_allclose(
        below_one([result.odds_ratio, result.ci_low, result.ci_high]),
        below_one([6.408309, 0.2117329, 621.9337505]),
        atol=R_ROOT_TOLERANCE,
    )
    assert result.sample_odds_ratio == 9


def test_haldane_correction_is_used_where_a_cell_is_0_only():
    assert fisher_exact_2x2(0, 5, 3, 4).sample_odds_ratio == pytest.approx(0.5 * 4.5 / (5.5 * 3.5))
    assert fisher_exact_2x2(1, 5, 3, 4).sample_odds_ratio == pytest.approx(4 / 15)


def test_equals_r(r_table):
    """p to 1e-10, odds ratios and limits as far as R's root finder goes."""
    table = r_table("fisher_2x2")
    got = fisher_many(table["altered_a"], table["n_a"], table["altered_b"], table["n_b"]).astype(float)
    np.testing.assert_allclose(got["p_value"], table["p"], rtol=1e-10)
    defined = got["odds_ratio"].notna()
    assert defined.sum() > 150
    for name in ("odds_ratio", "ci_low", "ci_high"):
        np.testing.assert_allclose(
            below_one(got[name][defined]), below_one(table[name][defined]), rtol=0, atol=R_ROOT_TOLERANCE
        )


@settings(max_examples=40, deadline=None)
@given(COUNT, COUNT, COUNT, COUNT)
def test_vectorised_equals_scalar(a, b, c, d):
    row = fisher_many([a], [a + b], [c], [c + d]).astype(float).iloc[0]
    scalar = fisher_exact_2x2(a, b, c, d)
    np.testing.assert_allclose(row["p_value"], scalar.p_value, rtol=1e-12)
    if not np.isnan(scalar.p_value):
        expected = [scalar.odds_ratio, scalar.ci_low, scalar.ci_high, scalar.sample_odds_ratio]
        np.testing.assert_allclose(row[1:], expected, rtol=1e-9)


def test_vectorised_equals_scalar_in_groups_of_200000():
    a, n_a, b, n_b = np.array(
        [[3, 20_100, 81_000], [50_000] * 2 + [200_000], [31, 60_500, 80_100], [150_000] * 2 + [200_000]]
    )
    got = fisher_many(a, n_a, b, n_b).astype(float)
    for i in range(3):
        scalar = fisher_exact_2x2(a[i], n_a[i] - a[i], b[i], n_b[i] - b[i])
        np.testing.assert_allclose(got["p_value"][i], scalar.p_value, rtol=1e-9)
        np.testing.assert_allclose(got.iloc[i, 1:4], [scalar.odds_ratio, scalar.ci_low, scalar.ci_high], rtol=1e-8)


def test_memory_does_not_grow_with_the_support():
    a = np.linspace(1, 99_000, 200).astype(int)
    tracemalloc.start()
    fisher_many(a, 100_000, a + 500, 100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6  # 200 supports of up to 100,000 counts would take 160 MB each time they are held


@settings(max_examples=40, deadline=None)
@given(COUNT, COUNT, COUNT, COUNT)
def test_swapping_groups_or_levels_inverts_the_odds_ratio_and_keeps_p(a, b, c, d):
    plain = fisher_exact_2x2(a, b, c, d)
    if np.isnan(plain.p_value):
        return
    for other in (fisher_exact_2x2(c, d, a, b), fisher_exact_2x2(b, a, d, c)):
        np.testing.assert_allclose(other.p_value, plain.p_value, rtol=1e-12)
        with np.errstate(divide="ignore"):
            inverse = 1 / np.array([other.odds_ratio, other.ci_high, other.ci_low, other.sample_odds_ratio])
        expected = [plain.odds_ratio, plain.ci_low, plain.ci_high, plain.sample_odds_ratio]
        np.testing.assert_allclose(inverse, expected, rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(COUNT, COUNT, COUNT, COUNT)
def test_p_is_a_probability_and_the_interval_holds_the_estimate(a, b, c, d):
    result = fisher_exact_2x2(a, b, c, d)
    assert np.isnan(result.p_value) or 0 < result.p_value <= 1
    if not np.isnan(result.odds_ratio):
        assert result.ci_low <= result.odds_ratio <= result.ci_high


def test_transposing_keeps_p():
    assert fisher_exact_2x2(5, 20, 9, 4).p_value == pytest.approx(fisher_exact_2x2(5, 9, 20, 4).p_value, rel=1e-13)


def test_an_empty_group_gives_missing_values():
    got = fisher_many([0, 2], [0, 5], [3, 0], [9, 0])
    assert got.isna().all().all()
    assert np.isnan(fisher_exact_2x2(0, 0, 3, 6).p_value)


def test_none_or_all_altered_gives_p_1_and_no_odds_ratio():
    got = fisher_many([0, 5], [5, 5], [0, 9], [9, 9])
    assert got["p_value"].tolist() == [1, 1]
    assert got[["odds_ratio", "sample_odds_ratio"]].isna().all().all()
    assert got["ci_low"].tolist() == [0, 0]
    assert np.isinf(got["ci_high"].astype(float)).all()


def test_index_of_the_features_is_kept():
    altered = pd.Series([46, 33], index=["TP53", "PIK3CA"], dtype="Int64")
    assert fisher_many(altered, 90, [74, 117], 231).index.tolist() == ["TP53", "PIK3CA"]


def test_no_features_give_an_empty_table():
    got = fisher_many([], [], [], [])
    assert got.shape == (0, 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([3], [2], [1], [5]), "3 altered of 2 samples"),
        (([1, 2], [5, 5], [1, 2, 3], [5, 5, 5]), "counts of the two groups differ in shape"),
        (([[1, 2]], [[5, 5]], [[1, 2]], [[5, 5]]), "one-dimensional"),
        (([0.2], [1], [0], [1]), "0.2 is not a whole number"),
    ],
)
def test_unsuitable_counts_are_refused(arguments, message):
    with pytest.raises(StatisticsError, match=message):
        fisher_many(*arguments)


def test_conf_level_is_a_share():
    with pytest.raises(StatisticsError, match="conf_level is 95, has to lie between 0 and 1"):
        fisher_exact_2x2(1, 2, 3, 4, conf_level=95)


@cache
def all_outcomes(n_a, n_b):
    a, b = (x.ravel() for x in np.meshgrid(np.arange(n_a + 1), np.arange(n_b + 1), indexing="ij"))
    return a, b, fisher_many(a, n_a, b, n_b).astype(float)


def sizes(n_a, n_b, share):
    """Exact size of the test at 0.05 and coverage of its interval, over all outcomes of two binomials."""
    a, b, result = all_outcomes(n_a, n_b)
    probability = binom.pmf(a, n_a, share) * binom.pmf(b, n_b, share)
    covered = (result["ci_low"] <= 1) & (result["ci_high"] >= 1)
    return probability[result["p_value"] <= 0.05].sum(), probability[covered].sum()


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5])
def test_size_is_below_the_level_and_coverage_above(share):
    size, coverage = sizes(25, 40, share)
    assert size <= 0.05
    assert coverage >= 0.95


@pytest.mark.verify
@pytest.mark.parametrize("share", [0.005, 0.01, 0.05, 0.2, 0.4, 0.5])
def test_size_at_the_group_sizes_of_the_study(share):
    size, coverage = sizes(90, 231, share)
    assert size <= 0.05
    assert coverage >= 0.95


def test_chi_square_by_hand():
    """[[10, 20], [20, 10]]: all expected counts 15, so 4 * 25 / 15 = 20/3; corrected 4 * 20.25 / 15 = 5.4."""
    result = chi_square([[10, 20], [20, 10]])
    assert (result.statistic, result.df, result.min_expected, result.valid) == (pytest.approx(20 / 3), 1, 15, True)
    assert chi_square([[10, 20], [20, 10]], correction=True).statistic == pytest.approx(5.4)


def test_chi_square_says_when_it_is_not_valid():
    result = chi_square([[2, 88], [0, 231]])
    assert result.min_expected == pytest.approx(2 * 90 / 321)
    assert not result.valid


def test_chi_square_drops_empty_rows_and_columns():
    assert chi_square([[10, 0, 20], [0, 0, 0], [20, 0, 10]]) == chi_square([[10, 20], [20, 10]])


def test_chi_square_of_one_row_says_nothing():
    result = chi_square([[3, 4, 5]])
    assert (result.statistic, result.df, result.p_value, result.valid) == (0, 0, 1, False)


@pytest.mark.parametrize(
    ("table", "message"), [([[0, 0], [0, 0]], "all zero"), ([1, 2], "two dimensions"), ([[1, -1]], "negative")]
)
def test_chi_square_refuses(table, message):
    with pytest.raises(StatisticsError, match=message):
        chi_square(table)


@pytest.mark.verify
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("share", "valid"), [(0.3, True), (0.1, True), (0.03, False), (0.01, False)])
def test_chi_square_size_at_the_group_sizes_of_the_study(share, valid):
    """Within 0.045-0.055 where `valid`; below that it is what the flag says it is, an approximation."""
    counts = np.random.default_rng(5).binomial([90, 231], share, (20_000, 2))
    results = [chi_square([[a, 90 - a], [b, 231 - b]]) for a, b in counts]
    assert (np.mean([result.valid for result in results]) > 0.5) == valid
    if valid:
        assert 0.045 <= np.mean([result.p_value <= 0.05 for result in results]) <= 0.055
