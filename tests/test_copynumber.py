from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.copynumber import Log2CutOffs, call_log2, copy_number_alterations, map_segments_to_genes
from her2genomics.exceptions import UsageError

GENES = pd.DataFrame(
    {"gene": ["A", "B", "C"], "chromosome": ["chr1", "chr1", "chrX"], "start": [100, 300, 50], "end": [200, 400, 60]}
)


def segments(*rows: tuple[str, str, int, int, int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["sample_id", "chromosome", "start", "end", "probes", "log2"])


def test_a_gene_inside_one_segment_has_its_log2() -> None:
    table = map_segments_to_genes(segments(("s", "chr1", 0, 1000, 10, 1.5)), GENES)
    assert table[["gene", "log2", "cna"]].values.tolist() == [["A", 1.5, 2], ["B", 1.5, 2]]


def test_probe_weighted_mean_by_hand() -> None:
    # A is 100-200: 50 bases of a segment of 100 bases and 40 probes, 50 bases of one of 200 bases and 20 probes.
    two = segments(("s", "chr1", 50, 150, 40, 1.0), ("s", "chr1", 150, 350, 20, -1.0))
    table = map_segments_to_genes(two, GENES).set_index("gene")
    assert table.loc["A", "log2"] == pytest.approx((20 * 1.0 - 5 * 1.0) / 25)
    assert table.loc["B", "log2"] == pytest.approx(-1.0)


def test_a_gene_in_a_gap_is_not_measured() -> None:
    table = map_segments_to_genes(segments(("s", "chr1", 0, 90, 3, 0.0), ("s", "chrX", 55, 70, 3, -2.0)), GENES)
    assert table["gene"].tolist() == ["C"]
    assert table["cna"].tolist() == [-2]


def test_missing_log2_does_not_count() -> None:
    rows = segments(("s", "chr1", 0, 150, 5, np.nan), ("s", "chr1", 150, 1000, 5, 0.5))
    assert map_segments_to_genes(rows, GENES).set_index("gene").loc["A", "log2"] == 0.5


def test_boundaries_are_inclusive_towards_the_extreme_call() -> None:
    values = np.array([-1.1, -1.0999, -0.25, -0.2499, 0.1999, 0.2, 0.6999, 0.7])
    assert call_log2(values, Log2CutOffs()).tolist() == [-2, -1, -1, 0, 0, 1, 1, 2]


def test_cut_offs_out_of_order_are_refused() -> None:
    with pytest.raises(UsageError, match="must ascend"):
        Log2CutOffs(gain=0.9)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 200), st.floats(-3, 3)), min_size=1, max_size=8))
def test_mean_lies_within_the_segments_and_follows_a_shift(parts: list[tuple[int, int, float]]) -> None:
    rows = segments(*[("s", "chr1", s, s + n, n, v) for s, n, v in parts])
    table = map_segments_to_genes(rows, GENES).set_index("gene")["log2"]
    shifted = map_segments_to_genes(rows.assign(log2=rows["log2"] + 1), GENES).set_index("gene")["log2"]
    assert ((table >= rows["log2"].min() - 1e-9) & (table <= rows["log2"].max() + 1e-9)).all()
    assert np.allclose(shifted.to_numpy(float), table.to_numpy(float) + 1)


def test_calls_become_alterations_and_neutral_ones_do_not() -> None:
    cna = pd.DataFrame(
        {"sample_id": ["s"] * 5, "gene": list("ABCDE"), "cna": [-2, -1, 0, 1, 2], "log2": [-2, -0.4, 0, 0.3, 2.123]}
    )
    rows = copy_number_alterations(cna)
    assert rows[["gene", "alteration", "detail"]].values.tolist() == [
        ["A", "deep_deletion", "log2=-2"], ["B", "loss", "log2=-0.4"], ["D", "gain", "log2=0.3"],
        ["E", "amplification", "log2=2.12"],
    ]  # fmt: skip
