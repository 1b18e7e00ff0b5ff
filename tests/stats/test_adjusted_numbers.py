from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.adjusted_numbers import adjusted_difference, van_elteren


def test_equal_to_r(r_table) -> None:
    for _, row in r_table("adjusted_numbers").iterrows():
        first, stratum = row["first"] == 1, row["stratum"].astype(int)
        assert van_elteren(row["x"], first, stratum).p_value == pytest.approx(row["p"], rel=1e-9)
        design = np.column_stack([np.ones(len(first)), first, stratum == 2, stratum == 3])
        fit = adjusted_difference(row["x"], design)
        assert (fit.difference, fit.p_value) == pytest.approx((row["difference"], row["p_hc3"]), rel=1e-7, abs=1e-12)


def test_statsmodels_agrees() -> None:
    generator = np.random.default_rng(4)
    design = np.column_stack([np.ones(60), generator.random(60) < 0.4, generator.normal(size=60)])
    y = generator.normal(design[:, 1], 1 + design[:, 1])
    other = OLS(y, design).fit(cov_type="HC3", use_t=True)
    fit = adjusted_difference(y, design)
    assert (fit.ci_low, fit.ci_high) == pytest.approx(tuple(other.conf_int()[1]), rel=1e-8)


def test_one_stratum_by_hand() -> None:
    # Ranks 1 2 | 3 4: the first group's rank sum 3, expected 5, variance 2 * 2 * 5 / 12 = 5/3: z = 2 / sqrt(5/3).
    found = van_elteren([1.0, 2.0, 3.0, 4.0], np.array([True, True, False, False]), np.zeros(4, dtype=int))
    assert found.p_value == pytest.approx(0.12134, abs=1e-5)
    assert found.auc == 0


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 2)), min_size=4, max_size=25))
def test_invariants(rows: list[tuple[int, bool, int]]) -> None:
    values, first, strata = (np.array(column) for column in zip(*rows, strict=True))
    found = van_elteren(values, first, strata)
    if found.n_informative_strata == 0:
        assert np.isnan(found.p_value)
        return
    swapped = van_elteren(values, ~first, strata)
    assert swapped.p_value == pytest.approx(found.p_value)
    assert swapped.auc == pytest.approx(1 - found.auc)
    shifted = van_elteren(values + 100 * strata, first, strata)
    assert shifted.p_value == pytest.approx(found.p_value), "what differs between strata alone does not matter"


def test_special_cases() -> None:
    assert np.isnan(adjusted_difference([1, 2, 3, 4], [[1, 0], [1, 0], [1, 0], [1, 0]]).p_value)
    with pytest.raises(StatisticsError, match="differ in length"):
        van_elteren([1, 2], np.array([True]), np.array([0, 0]))
