"""Agreement: by hand, against R, and what must not change it."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.agreement import (
    bland_altman,
    cohen_kappa,
    cross_table,
    intraclass_correlation,
    mcnemar,
    mcnemar_counts,
)

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


class TestIntraclassCorrelation:
    def test_the_example_of_shrout_and_fleiss(self):
        """Table 4 of the 1979 paper: 0.29, 0.71, 0.62, 0.91."""
        values = intraclass_correlation(SHROUT_FLEISS)["value"].tolist()
        assert values == pytest.approx([0.2898, 0.7148, 0.6201, 0.9093], abs=1e-4)

    def test_equal_to_psych(self, r_table):
        for row in r_table("icc").itertuples():
            table = intraclass_correlation(row.x.reshape(row.n, row.k)).set_index("icc")
            for name, expected in (
                ("ICC(2,1)", row.icc21),
                ("ICC(3,1)", row.icc31),
                ("ICC(2,k)", row.icc2k),
                ("ICC(3,k)", row.icc3k),
            ):
                found = table.loc[name, ["value", "ci_low", "ci_high"]].astype(float).to_numpy()
                np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)

    def test_a_shift_of_one_reader_harms_agreement_but_not_consistency(self):
        x = np.array(SHROUT_FLEISS, float)
        moved = intraclass_correlation(x + np.array([0, 3, 0, 0])).set_index("icc")["value"]
        before = intraclass_correlation(x).set_index("icc")["value"]
        assert moved["ICC(3,1)"] == pytest.approx(before["ICC(3,1)"])
        assert moved["ICC(2,1)"] != pytest.approx(before["ICC(2,1)"])
        scaled = intraclass_correlation(10 * x + 4)["value"]
        assert scaled.tolist() == pytest.approx(before.tolist())

    def test_perfect_agreement_and_refusals(self):
        assert intraclass_correlation([[1, 1], [2, 2], [3, 3]])["value"].tolist() == [1, 1, 1, 1]
        for ratings, message in (
            ([[1, 2]], "two subjects"),
            ([[1], [2]], "two readers"),
            ([[1, np.nan], [2, 3]], "missing"),
            ([[1, 1], [1, 1]], "all ratings are equal"),
        ):
            with pytest.raises(StatisticsError, match=message):
                intraclass_correlation(ratings)


class TestBlandAltman:
    def test_by_hand(self):
        """Differences 1, 2, 3: bias 2, sd 1, limits 2 -/+ 1.96."""
        result = bland_altman([2, 4, 7], [1, 2, 4])
        assert (result.bias, result.sd) == (2, 1)
        assert (result.lower, result.upper) == pytest.approx((2 - 1.959964, 2 + 1.959964), abs=1e-6)
        assert result.bias_high - result.bias == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)

    def test_swapping_the_methods_turns_the_signs(self):
        rng = np.random.default_rng(1)
        a, b = rng.normal(size=20), rng.normal(size=20)
        one, two = bland_altman(a, b), bland_altman(b, a)
        assert (one.bias, one.lower, one.upper_high) == pytest.approx((-two.bias, -two.upper, -two.lower_low))
        assert one.slope_p == pytest.approx(two.slope_p)

    def test_edges(self):
        assert bland_altman([1, 2, 3], [1, 2, 3]).sd == 0
        assert np.isnan(bland_altman([1, 2, 3], [1, 2, 3]).slope_p)
        with pytest.raises(StatisticsError, match="needs 3"):
            bland_altman([1, 2], [1, 2])

    @pytest.mark.verify
    def test_intervals_cover(self):
        rng, hits, runs = np.random.default_rng(2), np.zeros(2), 2000
        for _ in range(runs):
            result = bland_altman(rng.normal(size=40), np.zeros(40))
            hits += [result.bias_low <= 0 <= result.bias_high, result.upper_low <= 1.959964 <= result.upper_high]
        assert (np.abs(hits / runs - 0.95) < 0.02).all()


class TestKappa:
    def test_equal_to_vcd(self, r_table):
        for row in r_table("kappa").itertuples():
            counts = row.counts.reshape(row.k, row.k)
            for weights, value, se in (
                ("none", row.kappa, row.se),
                ("linear", row.linear, row.linear_se),
                ("quadratic", row.quadratic, row.quadratic_se),
            ):
                result = cohen_kappa(counts, weights)
                assert result.kappa == pytest.approx(value, rel=1e-10)
                assert result.ci_high == pytest.approx(min(value + 1.959963984540054 * se, 1), rel=1e-8)

    def test_by_hand(self):
        """Agreement 35/50, by chance 0.5: kappa 0.4."""
        result = cohen_kappa([[20, 5], [10, 15]])
        assert (result.kappa, result.agreement, result.expected) == pytest.approx((0.4, 0.7, 0.5))

    @given(st.lists(st.integers(0, 9), min_size=9, max_size=9).filter(lambda c: sum(c) > 0))
    def test_swapping_the_raters_changes_nothing(self, cells):
        table = np.array(cells).reshape(3, 3)
        for weights in ("none", "linear", "quadratic"):
            one, two = cohen_kappa(table, weights), cohen_kappa(table.T, weights)
            assert one.kappa == pytest.approx(two.kappa, nan_ok=True)
            assert one.ci_low == pytest.approx(two.ci_low, nan_ok=True)

    def test_edges(self):
        assert np.isnan(cohen_kappa([[10, 0], [0, 0]]).kappa)
        assert cohen_kappa([[5, 0], [0, 5]]).kappa == 1
        for table, message in (([[1, 2, 3], [1, 2, 3]], "square"), ([[0, 0], [0, 0]], "without a count")):
            with pytest.raises(StatisticsError, match=message):
                cohen_kappa(table)
        with pytest.raises(StatisticsError, match="unknown kappa weights"):
            cohen_kappa([[1, 0], [0, 1]], "cubic")


class TestMcNemar:
    def test_equal_to_r(self, r_table):
        for row in r_table("mcnemar").itertuples():
            result = mcnemar_counts(3, row.only_a, row.only_b, 4)
            assert (result.p_exact, result.odds_low, result.odds_high) == pytest.approx(
                (row.p, row.low, row.high), rel=1e-8
            )

    def test_mid_p_by_hand(self):
        """5 against 1: exact 2 (1 + 6) / 64; the mid-p counts the observed outcome half on either side."""
        result = mcnemar_counts(0, 5, 1, 0)
        assert result.p_exact == pytest.approx(14 / 64)
        assert result.p_mid == pytest.approx(8 / 64)
        even = mcnemar_counts(0, 3, 3, 0)
        assert (even.p_exact, even.p_mid) == pytest.approx((1.0, 1 - comb(6, 3) / 64 / 2))

    def test_pairs_and_counts_agree(self):
        rng = np.random.default_rng(3)
        a, b = rng.integers(0, 2, 50), rng.integers(0, 2, 50)
        result, swapped = mcnemar(a, b), mcnemar(b, a)
        assert result.difference == pytest.approx(a.mean() - b.mean())
        assert (swapped.p_exact, swapped.difference) == pytest.approx((result.p_exact, -result.difference))
        assert swapped.ci_low == pytest.approx(-result.ci_high)

    def test_no_discordant_pair(self):
        result = mcnemar([1, 0, 1], [1, 0, 1])
        assert (result.p_exact, result.difference) == (1.0, 0.0)
        assert np.isnan(result.odds_ratio)

    def test_refusals(self):
        for a, b, message in (
            ([1, 0], [1], "2 values"),
            ([1, 2], [0, 1], "neither true nor false"),
            ([], [], "0 values"),
        ):
            with pytest.raises(StatisticsError, match=message):
                mcnemar(a, b)

    @pytest.mark.verify
    def test_the_level(self):
        """40 pairs without a difference: the exact test stays below 5 %, the mid-p near it."""
        rng, errors, runs = np.random.default_rng(5), np.zeros(2), 4000
        for _ in range(runs):
            common = rng.random(40)
            a, b = (((0.5 * common + 0.5 * rng.random(40)) > 0.5) for _ in range(2))
            result = mcnemar(a, b)
            errors += [result.p_exact <= 0.05, result.p_mid <= 0.05]
        assert errors[0] / runs <= 0.05
        assert 0.03 <= errors[1] / runs <= 0.06


def test_cross_table_leaves_missing_out():
    table = cross_table(["a", None, "b", "b"], ["a", "a", None, "a"], ["a", "b"])
    assert table.to_numpy().tolist() == [[1, 0], [1, 0]]
