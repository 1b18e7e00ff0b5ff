"""Segments: exact against brute force, planted changes, no breakpoints in noise."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from her2genomics.exceptions import UsageError
from her2genomics.segmentation import add_segments_to_genes, best_cuts, segment_ratios


def ratios(log2: np.ndarray, weight: float | np.ndarray = 1.0) -> pd.DataFrame:
    start = np.arange(len(log2)) * 1000
    return pd.DataFrame(
        {"chromosome": "chr17", "start": start, "end": start + 200, "gene": "-", "log2": log2, "weight": weight}
    )


def brute_force(values: np.ndarray, weight: np.ndarray, cost: float, min_bins: int) -> float:
    n, best = len(values), np.inf
    for k in range(n // min_bins):
        for inner in combinations(range(1, n), k):
            edges = [0, *inner, n]
            if all(b - a >= min_bins for a, b in zip(edges, edges[1:], strict=False)):
                best = min(best, price(values, weight, cost, edges))
    return best


def price(values: np.ndarray, weight: np.ndarray, cost: float, edges: list[int]) -> float:
    total = cost * (len(edges) - 2)
    for a, b in zip(edges, edges[1:], strict=False):
        mean = np.average(values[a:b], weights=weight[a:b])
        total += float((weight[a:b] * (values[a:b] - mean) ** 2).sum())
    return total


@pytest.mark.parametrize("seed", range(8))
def test_the_cut_is_the_best_of_all_cuts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.3, 12) + np.repeat(rng.normal(0, 1, 3), 4)
    weight = rng.uniform(0.3, 1, 12)
    ends = best_cuts(values, weight, 0.4, 2)
    assert price(values, weight, 0.4, [0, *ends]) == pytest.approx(brute_force(values, weight, 0.4, 2), abs=1e-9)


def test_noise_is_rarely_cut() -> None:
    pieces = [
        len(segment_ratios(ratios(np.random.default_rng(seed).normal(0, 0.2, 400)), sample_id="S"))
        for seed in range(40)
    ]
    assert np.mean(np.array(pieces) > 1) <= 0.05


def test_a_planted_amplicon_and_a_loss_are_found_at_their_borders() -> None:
    truth = np.zeros(300)
    truth[100:112], truth[200:260] = 2.0, -0.6
    segments = segment_ratios(ratios(truth + np.random.default_rng(4).normal(0, 0.15, 300)), sample_id="S")
    assert segments["probes"].tolist() == pytest.approx([100, 12, 88, 60, 40], abs=2)
    assert segments["log2"].tolist() == pytest.approx([0, 2, 0, -0.6, 0], abs=0.1)
    assert segments["probes"].sum() == 300


def test_one_outlying_bin_is_no_segment() -> None:
    log2 = np.random.default_rng(9).normal(0, 0.1, 100)
    log2[50] = 4
    assert len(segment_ratios(ratios(log2), sample_id="S")) == 1


def test_short_chromosomes_stay_whole_and_chromosomes_are_not_joined() -> None:
    table = pd.concat([ratios(np.zeros(2)), ratios(np.ones(4)).assign(chromosome="chr18")], ignore_index=True)
    segments = segment_ratios(table, sample_id="S")
    assert segments[["chromosome", "probes", "start", "end"]].values.tolist() == [
        ["chr17", 2, 0, 1200],
        ["chr18", 4, 0, 3200],
    ]


def test_genes_take_the_segment_that_covers_most_of_them() -> None:
    segments = pd.DataFrame(
        {"chromosome": ["chr1", "chr1"], "start": [0, 100], "end": [100, 300], "log2": [0.0, 1.0], "probes": [4, 8]}
    )
    genes = pd.DataFrame(
        {"gene": ["A", "B", "C"], "chromosome": ["chr1", "chr1", "chr2"], "start": [90, 20, 0], "end": [200, 60, 9]}
    )
    joined = add_segments_to_genes(genes, segments)
    assert joined["segment_log2"].fillna(-9).tolist() == [1.0, 0.0, -9]
    assert joined["segment_probes"].fillna(-9).tolist() == [8, 4, -9]


def test_a_penalty_of_zero_is_refused() -> None:
    with pytest.raises(UsageError, match="positive"):
        segment_ratios(ratios(np.zeros(5)), sample_id="S", penalty=0)
