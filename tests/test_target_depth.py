"""Depth over targets laid end to end, against counting every base by itself."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.target_depth import ChromosomeDepth, DepthSummary

SPAN = 80
interval = st.tuples(st.integers(0, SPAN - 1), st.integers(1, 30)).map(lambda x: (x[0], min(SPAN, x[0] + x[1])))


def arrays(intervals: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(intervals, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def by_base(reads: list[tuple[int, int]]) -> np.ndarray:
    depth = np.zeros(SPAN, dtype=int)
    for start, end in reads:
        depth[start:end] += 1
    return depth


@given(
    st.lists(interval, min_size=1, max_size=8), st.lists(st.lists(interval, max_size=12), max_size=3), st.integers(1, 4)
)
def test_depth_equals_counting_base_by_base(
    targets: list[tuple[int, int]], batches: list[list[tuple[int, int]]], minimum: int
) -> None:
    starts, ends = arrays(targets)
    track = ChromosomeDepth(starts, ends)
    is_target = by_base(targets) > 0
    for batch in batches:
        expected = [bool(is_target[s:e].any()) for s, e in batch]
        assert track.touches(*arrays(batch)).tolist() == expected
        assert track.add(*arrays(batch)).tolist() == expected
    depth = by_base([read for batch in batches for read in batch])
    assert track.depth().tolist() == depth[is_target].tolist()
    np.testing.assert_allclose(track.target_means(), [depth[s:e].mean() for s, e in targets], rtol=1e-12)
    deep = np.zeros(SPAN, dtype=bool)
    for start, end in zip(*track.at_least(track.depth(), minimum), strict=True):
        assert start < end
        assert not deep[start:end].any()
        deep[start:end] = True
    assert deep.tolist() == (is_target & (depth >= minimum)).tolist()


@given(st.lists(interval, min_size=1, max_size=8), st.lists(interval, max_size=12))
def test_summary_counts_each_base_once(targets: list[tuple[int, int]], reads: list[tuple[int, int]]) -> None:
    track = ChromosomeDepth(*arrays(targets))
    track.add(*arrays(reads))
    summary = DepthSummary(np.full(len(targets), np.nan), min_depth=2)
    summary.finish("chr1", np.arange(len(targets)), track)
    depth, is_target = by_base(reads), by_base(targets) > 0
    assert np.array_equal(summary.histogram, np.bincount(depth[is_target]))
    covered = [t for t in targets if depth[t[0] : t[1]].any()]
    assert summary.bases_in_zero_targets == int((is_target & (by_base(covered) == 0)).sum())
    territory = summary.callable_territory()
    assert (territory["end"] - territory["start"]).sum() == (depth[is_target] >= 2).sum()


@given(st.lists(interval, min_size=1, max_size=5), st.lists(interval, max_size=9))
def test_removing_undoes_adding(targets: list[tuple[int, int]], reads: list[tuple[int, int]]) -> None:
    track = ChromosomeDepth(*arrays(targets))
    track.add(*arrays(reads))
    track.remove(*arrays(reads))
    assert not track.depth().any()


def test_histograms_of_chromosomes_add_up() -> None:
    summary = DepthSummary(np.full(2, np.nan))
    for row, depth in ((0, 3), (1, 1)):
        track = ChromosomeDepth(np.array([10]), np.array([20]))
        track.add(np.full(depth, 0), np.full(depth, 15))
        summary.finish(f"chr{row}", np.array([row]), track)
    assert summary.histogram.tolist() == [10, 5, 0, 5]
    assert summary.means.tolist() == [1.5, 0.5]
