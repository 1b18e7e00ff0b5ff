"""Level, bias correction, sex, and the ratio to a reference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.exceptions import SchemaError, StatisticsError
from her2genomics.ratios import (
    align_to,
    autosomal,
    bias_features,
    compute_ratios,
    correct_bias,
    depth_log2,
    infer_sex,
    level,
)


def bins(n: int = 1000, chromosome: str = "chr1") -> pd.DataFrame:
    start = np.arange(n) * 1000
    return pd.DataFrame({"chromosome": chromosome, "start": start, "end": start + 200, "gene": "A"})


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4])
def test_an_amplicon_of_thirty_copies_does_not_move_the_level(share: float) -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(8, 0.1, 2000)
    values[: int(share * 2000)] += np.log2(15)
    assert level(values) == pytest.approx(8, abs=0.02)
    assert np.log2(np.mean(2**values)) - 8 > 0.5  # the mean of the study's method is biased


@given(st.floats(-10, 10))
def test_a_depth_factor_moves_the_level_by_itself(shift: float) -> None:
    values = np.random.default_rng(2).normal(0, 0.2, 200)
    assert level(values + shift) == pytest.approx(level(values) + shift, abs=1e-9)


def test_without_any_depth_there_is_no_level() -> None:
    with pytest.raises(StatisticsError, match="no autosomal bin has any depth"):
        level(np.array([np.nan]))


def test_a_gc_trend_is_removed_and_a_gain_is_not() -> None:
    rng = np.random.default_rng(3)
    table = bins(4000).assign(gc=rng.uniform(0.3, 0.7, 4000))
    gained = np.arange(4000) < 400
    values = 3 * (table["gc"].to_numpy() - 0.5) + rng.normal(0, 0.1, 4000) + np.where(gained, 1.0, 0.0)
    features = {"gc": bias_features(table)["gc"]}
    corrected = correct_bias(values, features, autosomal(table))
    assert abs(np.polyfit(table["gc"][~gained], corrected[~gained], 1)[0]) < 0.15
    assert np.median(corrected[gained]) == pytest.approx(1.0, abs=0.08)


def test_density_counts_the_bases_of_close_targets() -> None:
    table = pd.DataFrame(
        {"chromosome": ["chr1", "chr1", "chr2"], "start": [0, 1000, 0], "end": [100, 1300, 64], "gene": "A"}
    )
    features = bias_features(table)
    assert (2 ** features["density"]).round(6).tolist() == [400, 400, 64]
    assert (2 ** features["size"]).round(6).tolist() == [100, 300, 64]
    assert "gc" not in features


@pytest.mark.parametrize(
    ("x", "y", "sex"), [(0, -9, "female"), (-1, -1, "male"), (-0.9, -9, "female"), (0, -1.2, "male")]
)
def test_y_decides_the_sex_where_the_panel_has_it(x: float, y: float, sex: str) -> None:
    table = pd.concat([bins(100), bins(20, "chrX"), bins(10, "chrY")], ignore_index=True)
    log2 = np.concatenate([np.zeros(100), np.full(20, x), np.full(10, y)]).astype(float)
    assert infer_sex(table, log2, autosomal(table)) == sex


def test_x_decides_where_there_is_no_y_and_nothing_where_there_is_neither() -> None:
    table = pd.concat([bins(100), bins(20, "chrX")], ignore_index=True)
    log2 = np.concatenate([np.zeros(100), np.full(20, -0.95)])
    assert infer_sex(table, log2, autosomal(table)) == "male"
    assert infer_sex(bins(100), np.zeros(100), np.ones(100, dtype=bool)) is None


def test_x_of_a_man_is_compared_with_one_copy() -> None:
    table = pd.concat([bins(100), bins(20, "chrX")], ignore_index=True)
    reference = table.assign(log2=0.0, spread=0.1, masked="")
    coverage = table.assign(log2=np.where(table["chromosome"] == "chrX", 7.0, 8.0))
    as_man = compute_ratios(coverage, reference, sex="male", name="S")
    as_woman = compute_ratios(coverage, reference, sex="female", name="S")
    assert np.allclose(as_man["log2"], 0)
    assert np.allclose(as_woman.loc[as_woman["chromosome"] == "chrX", "log2"], -1)


def test_bins_without_depth_are_losses_and_masked_ones_are_left_out() -> None:
    reference = bins(100).assign(log2=0.0, spread=0.1, masked=[""] * 99 + ["spread"])
    coverage = bins(100).assign(log2=[-20.0, *[8.0] * 99])
    ratios = compute_ratios(coverage, reference, sex=None, name="S")
    assert len(ratios) == 99
    assert ratios["log2"].iloc[0] == -4
    assert ratios["depth"].iloc[0] == 0


def test_a_depth_column_of_zero_is_missing_depth() -> None:
    assert np.isnan(depth_log2(pd.DataFrame({"log2": [3.0, -20.0, np.nan], "depth": [0.0, 1.0, 2.0]}))).all()


def test_rows_in_another_order_are_aligned_and_absent_bins_are_named() -> None:
    table = bins(10)
    coverage = table.assign(log2=np.arange(10.0)).sample(frac=1, random_state=1)
    assert align_to(coverage, table, name="S")["log2"].tolist() == list(range(10))
    with pytest.raises(SchemaError, match=r"sample S: 1 of 10 bins are absent \(first: chr1:0-200 A\)"):
        align_to(coverage[coverage["log2"] > 0], table, name="S")


def test_a_steep_trend_leaves_nothing_at_its_ends():
    """GC bins at the rich end lie a factor of two low: more than a single-copy change, and still no copy number."""
    rng = np.random.default_rng(9)
    gc = np.sort(rng.beta(6, 7, 6000))
    trend = -8 * np.maximum(gc - 0.5, 0)
    values = trend + rng.normal(0, 0.15, len(gc))
    altered = np.arange(len(gc)) % 20 == 0
    values[altered] += 1.0
    corrected = correct_bias(values, {"gc": gc}, np.ones(len(gc), dtype=bool))
    plain = corrected[~altered]
    assert max(abs(np.median(part)) for part in np.array_split(plain, 40)) < 0.08
    assert abs(np.median(plain[-60:])) < 0.1
    assert np.median(corrected[altered]) == pytest.approx(1.0, abs=0.1)
