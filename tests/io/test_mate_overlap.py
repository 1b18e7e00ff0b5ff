"""Shared bases of mates, against sets of positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.io.mate_overlap import PROPER_PAIR, SUPPLEMENTARY, MateOverlap
from her2genomics.io.read_batches import Blocks

Stretches = list[tuple[int, int]]
READ = st.tuples(st.integers(0, 40), st.lists(st.tuples(st.integers(1, 8), st.integers(1, 5)), min_size=1, max_size=3))


@dataclass
class Batch:
    """Reads as the tracker sees them."""

    name: np.ndarray
    pos: np.ndarray
    mate_pos: np.ndarray
    flag: np.ndarray
    tid: np.ndarray
    mate_tid: np.ndarray
    mapq: np.ndarray
    stretches: list[Stretches]

    def blocks(self, rows: np.ndarray) -> Blocks:
        found = [(k, s, e) for k, row in enumerate(rows.tolist()) for s, e in self.stretches[row]]
        return Blocks(*np.array(found, dtype=np.int64).reshape(-1, 3).T)

    def name_keys(self, rows: np.ndarray) -> np.ndarray:
        return self.name[rows].astype(np.uint64)


def laid(start: int, parts: list[tuple[int, int]]) -> Stretches:
    """Return aligned stretches from lengths and the gaps behind them."""
    stretches = []
    for length, gap in parts:
        stretches.append((start, start + length))
        start += length + gap
    return stretches


def batch_of(reads: list[tuple[int, Stretches, int]], flag: int = PROPER_PAIR) -> Batch:
    name, stretches, mate = zip(*reads, strict=True)
    pos = np.array([s[0][0] for s in stretches])
    same = np.zeros(len(pos), dtype=np.int64)
    return Batch(np.array(name), pos, np.array(mate), same + flag, same, same, same + 60, list(stretches))


def shared(batches: list[Batch]) -> list[int]:
    """Return the positions that the tracker takes for shared, once per pair."""
    tracker, found = MateOverlap(), []
    for batch in batches:
        rows = np.arange(len(batch.pos))
        for start, end in zip(*tracker.shared(batch, rows, batch.blocks(rows)), strict=True):
            found += range(start, end)
    return sorted(found)


@given(st.lists(st.tuples(READ, READ), min_size=1, max_size=8), st.integers(1, 6))
def test_shared_bases_equal_sets(pairs: list[tuple[tuple, tuple]], batch_size: int) -> None:
    reads, expected = [], []
    for name, (one, two) in enumerate(pairs):
        a, b = laid(*one), laid(*two)
        reads += [(name, a, b[0][0]), (name, b, a[0][0])]
        expected += {p for s, e in a for p in range(s, e)} & {p for s, e in b for p in range(s, e)}
    reads.sort(key=lambda read: read[1][0][0])
    batches = [batch_of(reads[k : k + batch_size]) for k in range(0, len(reads), batch_size)]
    assert shared(batches) == sorted(expected)


def test_improper_and_supplementary_reads_share_nothing() -> None:
    reads = [(0, [(0, 10)], 5), (0, [(5, 15)], 0)]
    assert shared([batch_of(reads)]) == [5, 6, 7, 8, 9]
    assert shared([batch_of(reads, flag=0)]) == []
    assert shared([batch_of(reads, flag=PROPER_PAIR | SUPPLEMENTARY)]) == []


def test_three_reads_of_one_name_at_one_place_make_one_pair() -> None:
    assert shared([batch_of([(0, [(0, 10)], 0)] * 3)]) == list(range(10))


def test_a_batch_without_reads() -> None:
    empty = np.empty(0, dtype=np.int64)
    batch = Batch(empty, empty, empty, empty, empty, empty, empty, [])
    assert shared([batch, batch_of([(0, [(0, 10)], 5), (0, [(5, 15)], 0)])]) == [5, 6, 7, 8, 9]
