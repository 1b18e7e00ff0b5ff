"""Quality figures and the coverage table, on depths counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.coverage import (
    callable_territory,
    coverage_table,
    depth_quantile,
    fold_80_penalty,
    log2_depth,
    mean_depth,
    sample_qc,
    split_targets,
)
from her2genomics.target_depth import ChromosomeDepth, DepthSummary, ReadCounts, SampleDepth


def two_targets(min_depth: int | None = None) -> SampleDepth:
    """One target of 10 bases at 600x in its first half and 200x in its second; one of 10 bases without depth."""
    track = ChromosomeDepth(np.array([100, 200]), np.array([110, 210]))
    track.add(np.full(200, 100), np.full(200, 110))
    track.add(np.full(400, 100), np.full(400, 105))
    summary = DepthSummary(np.full(2, np.nan), min_depth)
    summary.finish("chr17", np.arange(2), track)
    targets = pd.DataFrame(
        {"chromosome": "chr17", "start": [100, 200], "end": [110, 210], "gene": ["ERBB2", pd.NA],
         "depth": summary.means}
    )  # fmt: skip
    return SampleDepth("P1", targets, summary, ReadCounts(1000, 900, 100, 600), by_region=False)


def test_quality_by_hand() -> None:
    row = sample_qc(two_targets(min_depth=600)).iloc[0]
    assert row.to_dict() == {
        "sample_id": "P1",
        "n_reads": 1000,
        "n_mapped": 900,
        "frac_duplicate": pytest.approx(100 / 900),
        "frac_on_target": 0.75,
        "n_targets": 2,
        "target_bp": 20,
        "mean_target_depth": 200.0,
        "median_target_depth": 100.0,
        "frac_targets_zero": 0.5,
        "frac_targets_100x": 0.5,
        "frac_targets_500x": 0.0,
        "frac_bases_100x": 0.5,
        "frac_bases_500x": 0.25,
        "fold_80_penalty": 2.0,
        "min_callable_depth": 600,
        "callable_bp": 5,
    }


def test_callable_territory_by_hand() -> None:
    assert callable_territory(two_targets(min_depth=600).summary).values.tolist() == [["chr17", 100, 105]]
    assert callable_territory(two_targets(min_depth=601).summary).empty


def test_by_region_leaves_out_what_only_the_whole_file_tells() -> None:
    sample = two_targets()
    row = sample_qc(SampleDepth("P1", sample.targets, sample.summary, sample.counts, by_region=True)).iloc[0]
    assert row[["n_reads", "n_mapped", "frac_on_target"]].isna().all()
    assert row["frac_duplicate"] == pytest.approx(1 / 9)


def test_nothing_read_is_missing_not_zero() -> None:
    summary = DepthSummary(np.full(1, np.nan))
    summary.finish("chr1", np.arange(1), ChromosomeDepth(np.array([0]), np.array([10])))
    targets = pd.DataFrame({"chromosome": ["chr1"], "start": [0], "end": [10], "depth": summary.means})
    row = sample_qc(SampleDepth("P1", targets, summary, ReadCounts(), by_region=False)).iloc[0]
    assert pd.isna(row["frac_duplicate"])
    assert pd.isna(row["frac_on_target"])
    assert pd.isna(row["fold_80_penalty"])
    assert row["mean_target_depth"] == 0


def test_the_coverage_table_is_in_genome_order_and_keeps_repeated_targets() -> None:
    targets = pd.DataFrame(
        {"chromosome": ["X", "10", "2", "2"], "start": [5, 5, 5, 5], "end": [9, 9, 9, 9],
         "gene": ["AR", "PTEN", pd.NA, "ALK"], "depth": pd.array([4.0, pd.NA, 0.0, 0.0], dtype="Float64")}
    )  # fmt: skip
    table = coverage_table(targets)
    assert table["chromosome"].tolist() == ["chr2", "chr2", "chr10", "chrX"]
    assert table["gene"].tolist() == ["-", "ALK", "PTEN", "AR"]
    assert table["log2"].fillna(-99).tolist() == [-20.0, -20.0, -99, 2.0]
    schema.check(table, schema.COVERAGE)


def test_targets_without_genes_get_the_mark_of_none() -> None:
    assert (
        coverage_table(pd.DataFrame({"chromosome": ["1"], "start": [0], "end": [1], "depth": [1.0]})).loc[0, "gene"]
        == "-"
    )


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.floats(0, 1))
def test_mean_and_quantiles_equal_numpy(depths: list[int], quantile: float) -> None:
    histogram = np.bincount(depths)
    assert mean_depth(histogram) == pytest.approx(np.mean(depths))
    assert depth_quantile(histogram, quantile) == pytest.approx(np.quantile(depths, quantile), abs=1e-9)


def test_fold_80_penalty_by_hand() -> None:
    # ten bases at 1 ... 10: mean 5.5, 20th percentile 2.8; two bases of a target without depth do not count
    summary = DepthSummary(np.zeros(1), None, np.array([2] + [1] * 10), bases_in_zero_targets=2)
    assert fold_80_penalty(summary) == pytest.approx(5.5 / 2.8)


def test_even_depth_has_no_penalty() -> None:
    assert fold_80_penalty(DepthSummary(np.zeros(1), None, np.array([0, 0, 50]))) == 1.0


def test_log2_of_depth() -> None:
    values = log2_depth(pd.Series([0, 1e-9, 1, 1024, pd.NA], dtype="Float64"))
    assert values[:4].tolist() == [-20.0, -20.0, 0.0, 10.0]
    assert pd.isna(values[4])


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=8), st.integers(1, 700))
def test_split_targets_cover_the_same_bases_in_nearly_equal_parts(sizes: list[int], bin_bp: int) -> None:
    starts = np.cumsum([10_000, *sizes[:-1]])
    targets = pd.DataFrame({"chromosome": "chr1", "start": starts, "end": starts + sizes, "gene": range(len(sizes))})
    split = split_targets(targets, bin_bp)
    length = split["end"] - split["start"]
    assert length.groupby(split["gene"]).sum().tolist() == sizes
    assert (length.groupby(split["gene"]).max() - length.groupby(split["gene"]).min()).max() <= 1
    assert length.max() <= 1.5 * bin_bp + 1
    inside = split["gene"].eq(split["gene"].shift(-1)).to_numpy(dtype=bool)[:-1]
    assert (split["end"].to_numpy()[:-1] == split["start"].to_numpy()[1:])[inside].all()
