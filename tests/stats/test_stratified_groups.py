from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.proportions import cochran_armitage_trend
from her2genomics.stats.stratified import cmh_many
from her2genomics.stats.stratified_groups import stratified_groups_many


def test_equal_to_r(r_table) -> None:
    for _, row in r_table("stratified_groups").iterrows():
        k = int(row["groups"])
        altered, n = (row[name].reshape(-1, k).T[None] for name in ("altered", "n"))
        found = stratified_groups_many(altered, n).iloc[0]
        assert found["p_value"] == pytest.approx(row["p"], rel=1e-8)
        assert found["trend_p"] == pytest.approx(row["trend_p"], rel=1e-9)


def test_one_stratum_by_hand() -> None:
    # Cochran-Armitage times (n - 1) / n: the variance of sampling without replacement.
    altered, n = np.array([3, 6, 12]), np.array([20, 20, 20])
    found = stratified_groups_many(altered[None, :, None], n[None, :, None])["trend_p"][0]
    from scipy.stats import chi2

    assert found == pytest.approx(chi2.sf(cochran_armitage_trend(altered, n).statistic * 59 / 60, 1))


COUNT = st.tuples(st.integers(0, 6), st.integers(0, 6))


@settings(max_examples=30)
@given(st.lists(st.tuples(COUNT, COUNT), min_size=1, max_size=3))
def test_two_groups_are_cmh(strata: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    altered = np.array([[[s[g][0] for s in strata] for g in (0, 1)]])
    n = altered + np.array([[[s[g][1] for s in strata] for g in (0, 1)]])
    expected = cmh_many(altered[:, 0], n[:, 0], altered[:, 1], n[:, 1])["p_value"]
    found = stratified_groups_many(altered, n)
    if expected.isna()[0]:
        assert found["p_value"].isna()[0]
        return
    assert found["p_value"][0] == pytest.approx(expected[0], rel=1e-9)
    assert found["trend_p"][0] == pytest.approx(expected[0], rel=1e-9)


def test_a_group_without_samples_changes_nothing() -> None:
    altered, n = np.array([[[3, 4], [0, 0], [9, 2]]]), np.array([[[10, 12], [0, 0], [14, 9]]])
    found = stratified_groups_many(altered, n).iloc[0]
    without = stratified_groups_many(altered[:, [0, 2]], n[:, [0, 2]]).iloc[0]
    assert found["df"] == 1
    assert found["p_value"] == pytest.approx(without["p_value"])


def test_what_is_undefined_or_wrong() -> None:
    assert stratified_groups_many(np.zeros((1, 3, 2)), np.ones((1, 3, 2))).isna().all(axis=None)
    with pytest.raises(StatisticsError, match=r"shape \(features, groups, strata\)"):
        stratified_groups_many([[1, 2]], [[3, 3]])
    with pytest.raises(StatisticsError, match="2 scores for 3 groups"):
        stratified_groups_many(np.zeros((1, 3, 2)), np.ones((1, 3, 2)), scores=[0, 1])
