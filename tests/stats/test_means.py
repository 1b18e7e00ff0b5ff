import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f_oneway

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.means import anova_from_summary, standardised_mean_difference, welch_anova, welch_t

PAPERS = pd.read_csv(Path(__file__).resolve().parent.parent / "reference" / "paper_pvalues.tsv", sep="\t")
VALUES = st.lists(st.integers(-50, 50), min_size=2, max_size=20).filter(lambda values: len(set(values)) > 1)
LEVELS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=5).filter(
    lambda levels: sum(a for a, _ in levels) and sum(b for _, b in levels)
)


def test_welch_t_by_hand():
    """x = 1, 3 (mean 2, variance 2) and y = 4, 6, 8 (mean 6, variance 4): t = -4 / sqrt(2/2 + 4/3) = -2.6186."""
    result = welch_t([1, 3], [4, 6, 8])
    assert result.statistic == pytest.approx(-4 / np.sqrt(7 / 3))
    assert result.df == pytest.approx((7 / 3) ** 2 / (1 / 1 + (4 / 3) ** 2 / 2))
    assert result.difference == -4


def test_welch_t_equals_r(r_table):
    for _, row in r_table("welch").iterrows():
        got = welch_t(row["x"], row["y"])
        np.testing.assert_allclose(
            [got.statistic, got.df, got.p_value, got.ci_low, got.ci_high],
            [row["t"], row["df"], row["p"], row["ci_low"], row["ci_high"]],
            rtol=1e-9,
        )


def test_welch_anova_equals_r(r_table):
    for _, row in r_table("kruskal").iterrows():
        got = welch_anova([np.array(group.split(","), dtype=float) for group in row["groups"].split(";")])
        np.testing.assert_allclose(
            [got.statistic, got.df_within, got.p_value], [row["welch_f"], row["welch_df"], row["welch_p"]], rtol=1e-9
        )


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_welch_anova_of_two_groups_is_welchs_t_squared(x, y):
    two, one = welch_anova([x, y]), welch_t(x, y)
    assert two.statistic == pytest.approx(one.statistic**2, rel=1e-9, abs=1e-12)
    assert two.df_within == pytest.approx(one.df, rel=1e-9)
    assert two.p_value == pytest.approx(one.p_value, rel=1e-7)


@pytest.mark.parametrize("row", PAPERS[PAPERS["kind"] == "summary"].to_dict("records"), ids=lambda row: row["id"])
def test_printed_summary_is_recomputed(row):
    summary = json.loads(row["table_json"])
    got = anova_from_summary(summary["mean"], summary["sd"], summary["n"]).p_value
    assert got == pytest.approx(float(row["recomputed_p"]), rel=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=4))
def test_anova_from_summary_is_anova_of_the_values(groups):
    groups = [np.array(group, dtype=float) for group in groups]
    got = anova_from_summary([g.mean() for g in groups], [g.std(ddof=1) for g in groups], [len(g) for g in groups])
    expected = f_oneway(*groups)
    np.testing.assert_allclose(
        [got.statistic, got.p_value], [expected.statistic, expected.pvalue], rtol=1e-7, atol=1e-12
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: welch_t([1], [2, 3]), "x: 1 value, needs 2 or more"),
        (lambda: welch_t([1, 1], [2, 2]), "neither group varies"),
        (lambda: welch_t([1, np.nan], [2, 3]), "x: a value is missing"),
        (lambda: welch_anova([[1, 2]]), "1 group to compare"),
        (
            lambda: welch_anova({"low": [1, 2], "zero": [3, 3]}),
            "zero: all values are equal; use the Kruskal-Wallis test",
        ),
        (lambda: anova_from_summary([1, 2], [1], [3, 4]), "sd: 1 value"),
        (lambda: anova_from_summary([1, 2], [1, 1, 1], [3, 4]), "2 means, 3 deviations and 2 sizes"),
        (lambda: anova_from_summary([1, 2], [0, 0], [3, 4]), "positive"),
        (lambda: anova_from_summary([1, 2], [1, -1], [3, 4]), "positive"),
        (lambda: anova_from_summary([1, 2], [1, 1], [1, 1]), "every group needs a value"),
        (lambda: anova_from_summary([1, 2], [1, 1], [0, 5]), "every group needs a value"),
    ],
)
def test_means_refuse(call, message):
    with pytest.raises(StatisticsError, match=message):
        call()


def test_standardised_difference_by_hand():
    """Means 2 and 6, variances 1 and 9: -4 / sqrt(5). Shares 1/4 and 1/2: 1/4 / sqrt((3/16 + 4/16) / 2)."""
    assert standardised_mean_difference([1, 2, 3], [3, 6, 9]) == pytest.approx(-4 / np.sqrt(5))
    got = standardised_mean_difference([1, 3], [2, 2], kind="categorical")
    assert got == pytest.approx(0.25 / np.sqrt(7 / 32))


def test_categorical_difference_by_the_plain_formula():
    """Yang and Dalton's formula with the inverse matrix, for a table whose covariance can be inverted."""
    a, b = np.array([77, 4, 9]), np.array([214, 10, 7])
    p, q = (a / a.sum())[1:], (b / b.sum())[1:]
    covariance = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    expected = np.sqrt((p - q) @ np.linalg.inv(covariance) @ (p - q))
    assert standardised_mean_difference(a, b, kind="categorical") == pytest.approx(expected, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(LEVELS, st.integers(2, 5), st.randoms(use_true_random=False))
def test_categorical_difference_depends_on_proportions_not_on_order_or_size(levels, times, random):
    expected = standardised_mean_difference(*zip(*levels, strict=True), kind="categorical")
    random.shuffle(levels)
    a, b = (np.array(counts) for counts in zip(*levels, strict=True))
    for other in ((a, b), (b, a), (times * a, b), (np.append(a, 0), np.append(b, 0))):
        assert standardised_mean_difference(*other, kind="categorical") == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_groups_that_cannot_be_told_or_cannot_be_mixed():
    assert standardised_mean_difference([3, 1], [6, 2], kind="categorical") == pytest.approx(0, abs=1e-12)
    assert standardised_mean_difference([5, 0], [0, 5], kind="categorical") == np.inf
    assert standardised_mean_difference([5, 0, 0], [0, 3, 3], kind="categorical") == np.inf
    assert standardised_mean_difference([4, 4], [4, 4]) == 0
    assert standardised_mean_difference([4, 4], [5, 5]) == -np.inf


@settings(max_examples=40, deadline=None)
@given(VALUES, VALUES, st.integers(1, 9), st.integers(-30, 30))
def test_numeric_difference_has_no_unit_and_changes_sign_with_the_groups(x, y, scale, shift):
    x, y = np.array(x), np.array(y)
    plain = standardised_mean_difference(x, y)
    assert standardised_mean_difference(scale * x + shift, scale * y + shift) == pytest.approx(plain, abs=1e-9)
    assert standardised_mean_difference(y, x) == pytest.approx(-plain)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (([1], [2, 3]), "numeric", "a: 1 value"),
        (([1, 2], [2, 3, 4]), "categorical", "2 levels against 3"),
        (([0, 0], [2, 3]), "categorical", "a group is empty"),
        (([0.5, 0.5], [2, 3]), "categorical", "not a whole number"),
    ],
)
def test_standardised_difference_refuses(arguments, kind, message):
    with pytest.raises(StatisticsError, match=message):
        standardised_mean_difference(*arguments, kind=kind)


@pytest.mark.verify
@pytest.mark.timeout(900)
def test_welch_size_under_the_null_with_unequal_variances():
    """Equal means, deviations 1, 2 and 4 at the sizes of the study: the classical F test would reject far too often."""
    generator = np.random.default_rng(51)
    runs = [[generator.normal(0, sd, n) for n, sd in ((90, 4), (231, 1), (202, 2))] for _ in range(12_000)]
    assert 0.045 <= np.mean([welch_anova(groups).p_value <= 0.05 for groups in runs]) <= 0.055
    assert 0.045 <= np.mean([welch_t(*groups[:2]).p_value <= 0.05 for groups in runs]) <= 0.055
