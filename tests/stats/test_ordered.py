from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.continuous import rank_sum
from her2genomics.stats.ordered import jonckheere, spearman


def test_jonckheere_equals_enumeration_in_r(r_table) -> None:
    methods = set()
    for _, row in r_table("jonckheere").iterrows():
        groups = [row["x"][row["g"] == i] for i in np.unique(row["g"])]
        found = jonckheere(groups)
        methods.add(found.method)
        assert found.statistic == row["statistic"]
        assert found.p_value == pytest.approx(row["p_exact" if found.method == "exact" else "p_normal"], rel=1e-9)
        assert found.method == ("normal" if row["tied"] else "exact")
    assert methods == {"exact", "normal"}


def test_by_hand() -> None:
    # All nine pairs point upwards; of the 20 ways to split six values in two, one is as far and one is its mirror.
    assert jonckheere([[1, 2, 3], [4, 5, 6]]).p_value == pytest.approx(2 / 20)


def test_two_groups_are_the_rank_sum_test() -> None:
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=12), generator.normal(0.5, size=9)
    assert jonckheere([x, y]).p_value == pytest.approx(rank_sum(x, y).p_value, rel=1e-10)


def test_spearman_equals_r(r_table) -> None:
    for _, row in r_table("spearman").iterrows():
        found = spearman(row["x"], row["y"])
        assert (found.rho, found.p_value) == pytest.approx((row["rho"], row["p"]), rel=1e-9)
        assert found.ci_low < found.rho < found.ci_high


GROUP = st.lists(st.integers(0, 9), min_size=1, max_size=8)


@settings(max_examples=30)
@given(st.lists(GROUP, min_size=2, max_size=4))
def test_invariants(groups: list[list[int]]) -> None:
    found = jonckheere(groups)
    assert 0 < found.p_value <= 1
    backwards = jonckheere(groups[::-1])
    assert backwards.p_value == pytest.approx(found.p_value)
    stretched = jonckheere([[x**3 for x in group] for group in groups])
    assert (stretched.statistic, stretched.p_value) == pytest.approx((found.statistic, found.p_value))


def test_special_cases() -> None:
    assert jonckheere([[1, 1], [1]]).p_value == 1
    assert np.isnan(spearman([1, 1, 1, 1], [1, 2, 3, 4]).rho)
    assert spearman([1, 2, 3, 4], [1, 2, 3, 5]).ci_low == 1
    with pytest.raises(StatisticsError, match="1 group to compare"):
        jonckheere([[1, 2]])
    with pytest.raises(StatisticsError, match="4 values against 3"):
        spearman([1, 2, 3, 4], [1, 2, 3])


@pytest.mark.verify
def test_size_under_the_null() -> None:
    generator = np.random.default_rng(2)
    p = [jonckheere(np.split(generator.poisson(3, 523), [90, 321])).p_value for _ in range(6000)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.009)
    covered = 0
    for _ in range(3000):
        pair = stats.multivariate_normal.rvs(cov=[[1, 0.5], [0.5, 1]], size=80, random_state=generator)
        interval = spearman(pair[:, 0], pair[:, 1])
        covered += interval.ci_low <= 6 / np.pi * np.arcsin(0.25) <= interval.ci_high
    assert covered / 3000 == pytest.approx(0.95, abs=0.015)
