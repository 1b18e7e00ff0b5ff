from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.exceptions import SchemaError
from her2genomics.intervals import Intervals

PAIRS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 15)), max_size=12)


def make(pairs: list[tuple[int, int]], chromosome: str = "chr1") -> Intervals:
    rows = [(chromosome, start, start + length) for start, length in pairs]
    return Intervals.from_table(pd.DataFrame(rows, columns=["chromosome", "start", "end"]))


def bases(pairs: list[tuple[int, int]]) -> set[int]:
    return {base for start, length in pairs for base in range(start, start + length)}


@given(PAIRS)
def test_size_and_membership_equal_a_set_of_bases(pairs: list[tuple[int, int]]) -> None:
    intervals, covered = make(pairs), bases(pairs)
    assert intervals.total_bp == len(covered)
    for base in range(80):
        assert intervals.overlaps("chr1", base, base + 1) is (base in covered)
    assert not intervals.overlaps("chr2", 0, 100)


@given(PAIRS, st.lists(st.tuples(st.integers(0, 80), st.integers(0, 9)), min_size=1, max_size=20))
def test_mask_equals_single_questions(pairs: list[tuple[int, int]], asked: list[tuple[int, int]]) -> None:
    intervals, covered = make(pairs), bases(pairs)
    table = pd.DataFrame({"start": [s for s, _ in asked], "end": [s + n for s, n in asked]})
    mask = intervals.overlap_mask(pd.Series(["chr1"] * len(asked)), table["start"], table["end"])
    for hit, (start, length) in zip(mask, asked, strict=True):
        expected = bool(covered & set(range(start, start + max(length, 1))))
        assert bool(hit) is expected
        assert intervals.overlaps("chr1", start, start + length) is expected


@given(PAIRS, PAIRS)
def test_intersection_equals_sets(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    assert make(first).intersect(make(second)).total_bp == len(bases(first) & bases(second))


def test_duplicated_rows_count_once_and_padding_merges() -> None:
    intervals = make([(10, 10), (10, 10), (24, 6)])
    assert intervals.total_bp == 16
    padded = intervals.padded(2)
    assert padded.to_table().values.tolist() == [["chr1", 8, 32]]
    assert make([(0, 5)]).padded(3).to_table().values.tolist() == [["chr1", 0, 8]]


def test_names_without_prefix_are_one_chromosome_in_genome_order() -> None:
    table = pd.DataFrame({"chromosome": ["X", "10", "chr2", "2"], "start": [0, 0, 5, 0], "end": [1, 1, 9, 5]})
    intervals = Intervals.from_table(table)
    assert intervals.chromosomes == ["chr2", "chr10", "chrX"]
    assert intervals.total_bp == 11
    assert intervals.spans["chr2"] == ([0], [9])


def test_reversed_interval_is_refused() -> None:
    with pytest.raises(SchemaError, match="chr1:9-3 ends before it starts"):
        Intervals.from_table(pd.DataFrame({"chromosome": ["chr1"], "start": [9], "end": [3]}))
