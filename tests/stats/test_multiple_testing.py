import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.multiple_testing import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1) | st.none(), max_size=30)


def slow_benjamini_hochberg(p):
    """For each p the smallest bound n p_j / rank_j over all p_j at least as large, by its definition."""
    tested = sorted(x for x in p if x is not None)
    q = []
    for x in p:
        bounds = [len(tested) * y / (i + 1) for i, y in enumerate(tested) if x is not None and y >= x]
        q.append(np.nan if x is None else min([*bounds, 1.0]))
    return q


def test_benjamini_hochberg_by_hand():
    """Benjamini and Hochberg 1995, section 3: of 15 p-values 4 are called at 0.05; q_4 = 15 * 0.0095 / 4."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    q = benjamini_hochberg(p)
    assert (q <= 0.05).sum() == 4
    assert q[3] == pytest.approx(15 * 0.0095 / 4)


def test_equal_r(r_table):
    for _, row in r_table("p_adjust").iterrows():
        p = np.atleast_1d(row["p"])
        np.testing.assert_allclose(benjamini_hochberg(p), np.atleast_1d(row["bh"]), rtol=1e-12)
        np.testing.assert_allclose(holm(p), np.atleast_1d(row["holm"]), rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(P_VALUES)
def test_benjamini_hochberg_is_its_definition(p):
    np.testing.assert_allclose(benjamini_hochberg(p), slow_benjamini_hochberg(p), rtol=1e-12, atol=1e-300)


@settings(max_examples=60, deadline=None)
@given(P_VALUES)
def test_adjusted_values_keep_order_and_do_not_fall_below_p(p):
    values = np.array([np.nan if x is None else x for x in p])
    tested = ~np.isnan(values)
    q, family_wise = benjamini_hochberg(p), holm(p)
    for adjusted in (q, family_wise):
        assert (np.isnan(adjusted) == ~tested).all()
        assert ((values[tested] <= adjusted[tested] * (1 + 1e-12)) & (adjusted[tested] <= 1)).all()
        assert (np.diff(adjusted[tested][np.argsort(values[tested])]) >= -1e-12).all()
    assert (q[tested] <= family_wise[tested] * (1 + 1e-12)).all()


def test_missing_values_do_not_count_as_tests_and_input_is_kept():
    p = pd.Series([0.01, pd.NA, 0.04], dtype="Float64")
    assert benjamini_hochberg(p)[0] == pytest.approx(0.02)
    assert p.isna().tolist() == [False, True, False]
    assert benjamini_hochberg([]).tolist() == []
    assert np.isnan(holm([None, np.nan])).all()


@pytest.mark.parametrize("adjust", [benjamini_hochberg, holm])
@pytest.mark.parametrize("p", [[-0.1], [1.2], ["x"], [np.inf]])
def test_what_is_no_p_value_is_refused(adjust, p):
    with pytest.raises(StatisticsError):
        adjust(p)
