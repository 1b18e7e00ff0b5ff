"""The walk itself: its digits by walking another way, its bounds, its chunks, its limits."""

import itertools

import numpy as np
import pytest

from her2genomics.stats import rxc_network
from her2genomics.stats.exact_rxc import WORK_LIMIT
from her2genomics.stats.rxc_network import Network, TooMuchWorkError

GRADE = np.array([[3, 31, 50, 6], [8, 137, 80, 6], [2, 80, 116, 4]])


@pytest.mark.parametrize(
    "table",
    [
        GRADE,
        [[47, 30, 14], [105, 72, 34], [121, 61, 39]],
        [[32, 28, 14, 5], [100, 62, 53, 28], [80, 59, 33, 29]],
        [[25, 35, 30], [66, 136, 29]],
        [[6, 1, 0, 4, 2], [3, 8, 4, 1, 0], [2, 0, 1, 6, 3]],
    ],
)
def test_filling_rows_instead_of_columns_gives_the_same_digits(table):
    """Two walks over other nodes, other paths and other ends: they share no rounding."""
    table = np.array(table)
    wide, tall = (Network(counts, 10 * WORK_LIMIT).p_value() for counts in (table, table.T))
    assert wide == pytest.approx(tall, rel=1e-11)


def test_small_chunks_give_the_same_result(monkeypatch):
    expected = Network(GRADE, WORK_LIMIT).p_value()
    monkeypatch.setattr(rxc_network, "CHUNK", 3_000)
    assert Network(GRADE, WORK_LIMIT).p_value() == pytest.approx(expected, rel=1e-12)


def ways_on(totals, columns):
    """Lengths of all ways to fill the columns from these row totals."""
    if len(columns) == 1:
        yield -sum(np.log(np.arange(1, total + 1)).sum() for total in totals)
        return
    for column in itertools.product(*(range(total + 1) for total in totals)):
        if sum(column) == columns[0]:
            here = -sum(np.log(np.arange(1, x + 1)).sum() for x in column)
            for rest in ways_on([t - x for t, x in zip(totals, column, strict=True)], columns[1:]):
                yield here + rest


@pytest.mark.parametrize("table", [[[2, 1, 3], [1, 4, 0]], [[2, 0, 1], [1, 3, 1], [0, 2, 2]]])
def test_bounds_hold_and_mass_is_right_at_every_node(table):
    network = Network(np.array(table), WORK_LIMIT)
    for k, stage in enumerate(network.stages):
        columns = network.columns[k:].tolist()
        reached = np.flatnonzero(stage.totals.sum(axis=1) == sum(columns))
        for node in reached:
            lengths = np.array(list(ways_on(stage.totals[node].tolist(), columns)))
            assert stage.shortest[node] - 1e-12 <= lengths.min()
            assert lengths.max() <= stage.longest[node] + 1e-12
            assert np.log(np.exp(lengths).sum()) == pytest.approx(stage.log_mass[node], rel=1e-12)


def test_work_is_counted_and_limited():
    network = Network(GRADE, WORK_LIMIT)
    network.p_value()
    spent = WORK_LIMIT - network.work_left
    assert 0 < spent < 5_000_000  # of some 1e13 tables with these margins
    with pytest.raises(TooMuchWorkError):
        Network(GRADE, spent - 1).p_value()


def test_too_many_nodes_are_refused_before_they_are_made():
    with pytest.raises(TooMuchWorkError):
        Network(np.full((4, 4), 1_000), WORK_LIMIT)


@pytest.mark.parametrize("table", [GRADE, np.array([[9, 8, 7, 6, 5, 4], [5, 6, 7, 8, 9, 9]])], ids=["edges", "paths"])
def test_what_is_held_together_is_limited(monkeypatch, table):
    monkeypatch.setattr(rxc_network, "HELD_LIMIT", 100)
    with pytest.raises(TooMuchWorkError):
        Network(table, WORK_LIMIT).p_value()
