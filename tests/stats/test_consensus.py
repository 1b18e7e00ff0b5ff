from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.consensus import consensus_matrix, cut_tree, sample_silhouettes, summarise_consensus
from her2genomics.stats.nmf_features import basis_features, feature_scores


def labellings(seed: int, n: int = 12, runs: int = 7, k: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    base = rng.integers(0, k, n)
    return np.array([np.where(rng.random(n) < 0.25, rng.integers(0, k, n), base) for _ in range(runs)])


def slow_cophenetic(distance: np.ndarray) -> float:
    """Join the two nearest groups by mean distance, one pair after another."""
    groups = [[i] for i in range(len(distance))]
    height = np.zeros_like(distance)
    while len(groups) > 1:
        means = {
            (a, b): np.mean([distance[i, j] for i in groups[a] for j in groups[b]])
            for a in range(len(groups))
            for b in range(a)
        }
        a, b = min(means, key=lambda pair: means[pair])
        for i in groups[a]:
            for j in groups[b]:
                height[i, j] = height[j, i] = means[a, b]
        groups[b] += groups.pop(a)
    upper = np.triu_indices(len(distance), 1)
    return float(np.corrcoef(distance[upper], height[upper])[0, 1])


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20)
def test_consensus_and_its_measures_against_the_plain_definitions(seed: int) -> None:
    labels = labellings(seed)
    n = labels.shape[1]
    plain = np.array([[np.mean(labels[:, i] == labels[:, j]) for j in range(n)] for i in range(n)])
    consensus = consensus_matrix(labels)
    np.testing.assert_allclose(consensus, plain, rtol=1e-15)
    summary = summarise_consensus(consensus, 3)
    pairs = [plain[i, j] for i in range(n) for j in range(i)]
    assert summary.pac == pytest.approx(np.mean([0.1 + 1e-12 < c < 0.9 - 1e-12 for c in pairs]))
    assert summary.dispersion == pytest.approx(np.mean([[4 * (c - 0.5) ** 2 for c in row] for row in plain]))
    assert len(set(summary.cut)) == 3


def test_the_cophenetic_correlation_without_ties() -> None:
    rng = np.random.default_rng(3)
    noise = rng.random((10, 10)) / 3
    consensus = np.kron(np.eye(2), np.ones((5, 5))) * 0.5 + (noise + noise.T) / 2
    np.fill_diagonal(consensus, 1)
    assert summarise_consensus(consensus, 2).cophenetic == pytest.approx(slow_cophenetic(1 - consensus), rel=1e-12)


def test_the_measures_are_those_of_r(repository: Path) -> None:
    cases = pd.read_csv(repository / "tests" / "reference" / "R_nmf_consensus.tsv", sep="\t")
    for case in cases.itertuples():
        labels = np.array([[int(x) for x in run.split(",")] for run in case.labels.split(";")])
        summary = summarise_consensus(consensus_matrix(labels), case.k)
        # ties are joined in another order than by R, which moves the tree a little: hence not 1e-12
        assert summary.cophenetic == pytest.approx(case.cophenetic, abs=5e-3), case.case
        assert summary.dispersion == pytest.approx(case.dispersion, rel=1e-12)
        cut = np.array([int(x) for x in case.cut.split(",")]) - 1
        silhouette = np.array([float(x) for x in case.silhouette.split(",")])
        np.testing.assert_allclose(
            sample_silhouettes(1 - consensus_matrix(labels), cut), silhouette, rtol=1e-9, atol=1e-12
        )


def test_perfect_and_constant_consensus() -> None:
    perfect = summarise_consensus(consensus_matrix([[0, 0, 1, 1, 2]] * 3), 3)
    assert (perfect.cophenetic, perfect.dispersion, perfect.pac) == (pytest.approx(1), 1, 0)
    assert perfect.cut.tolist() == [0, 0, 1, 1, 2]
    assert perfect.sample_silhouette.tolist() == [1, 1, 1, 1, 0]
    constant = summarise_consensus(consensus_matrix([[0, 0, 0]]), 2)
    assert np.isnan(constant.cophenetic)
    assert np.isnan(summarise_consensus(consensus_matrix([[0, 0, 0]]), 1).silhouette)


def test_the_cut_gives_the_number_asked_for_also_with_ties() -> None:
    summary = summarise_consensus(consensus_matrix([[0, 0, 1, 1, 2, 2]]), 2)
    for k in range(1, 7):
        assert len(set(cut_tree(summary.tree, k))) == k


def test_what_has_no_consensus_is_refused() -> None:
    with pytest.raises(StatisticsError, match="shape"):
        consensus_matrix(np.empty((0, 3), int))
    with pytest.raises(StatisticsError, match="5 clusters of 3 samples"):
        summarise_consensus(np.eye(3), 5)


def test_the_features_are_those_of_r(repository: Path) -> None:
    table = pd.read_csv(repository / "tests" / "reference" / "R_nmf_features.tsv", sep="\t")
    basis = table[["w1", "w2", "w3"]].to_numpy()
    np.testing.assert_allclose(feature_scores(basis), table["score"], rtol=1e-12)
    assert (basis_features(basis) + 1).tolist() == table["basis"].tolist()
    assert (table["basis"] > 0).sum() == 7


def test_scores_of_a_row_of_zeros_and_of_one_component() -> None:
    scores = feature_scores(np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 2.0]]))
    np.testing.assert_array_equal(scores, [np.nan, 1.0, 0.0])
    with pytest.raises(StatisticsError, match="two or more components"):
        feature_scores(np.ones((4, 1)))
