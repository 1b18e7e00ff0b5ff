"""Cut-offs and the shares that they give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.accuracy import (
    accuracy_at,
    accuracy_of,
    choose_cut_off,
    exact_share,
    predictive_values,
    roc_table,
)


def test_youden_equals_proc(r_table):
    for row in r_table("delong").itertuples():
        table = roc_table(row.a, row.truth)
        assert (table["sensitivity"] + table["specificity"]).max() == pytest.approx(row.youden, rel=1e-12)


def test_exact_intervals_equal_r(r_table):
    for row in r_table("binom").itertuples():
        share, low, high = exact_share(row.x, row.n)
        assert (share, low, high) == pytest.approx((row.x / row.n, row.low, row.high), rel=1e-9, abs=1e-12)


def test_table_by_hand():
    table = roc_table([1, 2, 2, 3], [0, 0, 1, 1])
    assert table["cut_off"].tolist() == [-np.inf, 1.5, 2.5, np.inf]
    assert table[["tp", "fp", "fn", "tn"]].values.tolist() == [[2, 2, 0, 0], [2, 1, 0, 1], [1, 0, 1, 2], [0, 0, 2, 2]]


def test_rules_by_hand():
    """Ties of the best cut-off go to the more specific one."""
    table = roc_table([1, 2, 2, 3], [0, 0, 1, 1])
    assert choose_cut_off(table, "youden") == 2.5
    assert choose_cut_off(table, "specificity", 1.0) == 2.5
    assert choose_cut_off(table, "sensitivity", 1.0) == 1.5
    assert choose_cut_off(table, "closest") == 2.5


def test_a_marker_that_points_down():
    marker, truth = [3, 2, 2, 1], [0, 0, 1, 1]
    table = roc_table(marker, truth, higher=False)
    assert choose_cut_off(table) == 1.5
    assert accuracy_at(marker, truth, 1.5, higher=False).tp == 1
    assert table["cut_off"].iloc[0] == np.inf


@given(
    st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=3, max_size=30).filter(
        lambda rows: 0 < sum(t for _, t in rows) < len(rows)
    ),
    st.booleans(),
)
def test_the_table_and_the_cut_off_agree(rows, higher):
    marker, truth = np.array([m for m, _ in rows], float), np.array([t for _, t in rows])
    table = roc_table(marker, truth, higher=higher)
    assert (table[["tp", "fp"]].diff().dropna() <= 0).all().all()
    for row in table.itertuples():
        found = accuracy_at(marker, truth, row.cut_off, higher=higher)
        assert (found.tp, found.fp, found.fn, found.tn) == (row.tp, row.fp, row.fn, row.tn)


def test_accuracy_by_hand():
    found = accuracy_of(9, 2, 1, 8)
    shares = [found.sensitivity, found.specificity, found.ppv, found.npv, found.accuracy, found.f1]
    assert [s[0] for s in shares] == pytest.approx([0.9, 0.8, 9 / 11, 8 / 9, 0.85, 18 / 21])
    assert all(low <= value <= high for value, low, high in shares)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_f1_lies_in_its_interval(tp, fp, fn, tn):
    value, low, high = accuracy_of(tp, fp, fn, tn).f1
    if tp + fp + fn == 0:
        assert np.isnan(value)
    else:
        assert value == pytest.approx(2 * tp / (2 * tp + fp + fn))
        assert 0 <= low <= value <= high <= 1


def test_predictive_values_at_the_tables_own_prevalence():
    found = accuracy_of(45, 12, 5, 38)
    ppv, npv = predictive_values(found, 0.5)
    assert (ppv[0], npv[0]) == pytest.approx((found.ppv[0], found.npv[0]))
    rare, _ = predictive_values(found, 0.01)
    assert rare[0] == pytest.approx(0.9 * 0.01 / (0.9 * 0.01 + 0.24 * 0.99))
    assert rare[1] < rare[0] < rare[2]


def test_predictive_values_of_a_perfect_test_have_no_interval():
    ppv, _ = predictive_values(accuracy_of(10, 0, 2, 10), 0.2)
    assert ppv[0] == 1
    assert np.isnan(ppv[1])


def test_refusals():
    with pytest.raises(StatisticsError, match="unknown rule 'best'"):
        choose_cut_off(roc_table([1, 2], [0, 1]), "best")
    with pytest.raises(StatisticsError, match="negative count"):
        accuracy_of(-1, 0, 0, 0)
    with pytest.raises(StatisticsError, match="prevalence is 1"):
        predictive_values(accuracy_of(1, 1, 1, 1), 1.0)
    with pytest.raises(StatisticsError, match="one class only"):
        roc_table([1, 2], [1, 1])
