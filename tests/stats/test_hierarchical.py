"""Hierarchical clustering against plain definitions, and its guard against matrices without clusters."""

from __future__ import annotations

import numpy as np
import pytest

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.consensus import cut_tree
from her2genomics.stats.hierarchical import N_PERMUTED, build_hierarchy, permuted_silhouettes


def independent(seed: int, genes: int = 20, samples: int = 50) -> np.ndarray:
    rng = np.random.default_rng(seed)
    v = (rng.random((genes, samples)) < rng.uniform(0.05, 0.4, genes)[:, None]).astype(float)
    v = v[v.any(axis=1)]
    return np.asarray(v[:, v.any(axis=0)])


def test_distances_and_silhouettes_by_their_definitions() -> None:
    v = independent(1, genes=8, samples=12)
    found = build_hierarchy(v, [2, 3])
    sets = [set(np.flatnonzero(column)) for column in v.T]
    jaccard = np.array([[1 - len(a & b) / len(a | b) for b in sets] for a in sets])
    np.testing.assert_allclose(found.distance, jaccard, atol=1e-12)
    for k, mean in found.silhouettes.items():
        labels = cut_tree(found.tree, k)
        values = []
        for i, label in enumerate(labels):
            own = [j for j in np.flatnonzero(labels == label) if j != i]
            other = min(jaccard[i, labels == c].mean() for c in set(labels.tolist()) - {label})
            within = jaccard[i, own].mean() if own else 0.0
            values.append((other - within) / max(other, within) if own else 0.0)
        assert mean == pytest.approx(np.mean(values))


def test_planted_clusters_exceed_every_permuted_matrix() -> None:
    rng = np.random.default_rng(2)
    truth = np.arange(60) % 3
    v = (rng.random((12, 60)) < np.where(np.repeat(np.arange(3), 4)[:, None] == truth, 0.9, 0.03)).astype(float)
    v = v[:, v.any(axis=0)]
    found = build_hierarchy(v, [2, 3, 4])
    assert found.best == 3
    assert found.silhouettes[3] > permuted_silhouettes(v, [2, 3, 4], seed=1).max()


def test_without_clusters_one_matrix_in_twenty_exceeds_them() -> None:
    exceeded = 0
    for seed in range(40):
        v = independent(seed)
        best = max(build_hierarchy(v, [2, 3, 4]).silhouettes.values())
        exceeded += best > permuted_silhouettes(v, [2, 3, 4], seed=seed).max()
    assert exceeded <= 6, "more than 6 of 40 at 1 in 20 come in 0.3 %"


def test_the_permuted_matrices_follow_the_seed() -> None:
    v = independent(3)
    one, same, other = (permuted_silhouettes(v, [2, 3], seed=seed) for seed in (1, 1, 2))
    assert one.tobytes() == same.tobytes()
    assert len(one) == N_PERMUTED
    assert not np.array_equal(one, other)


def test_ranks_out_of_range_are_refused() -> None:
    with pytest.raises(StatisticsError, match="ranks go from 2 to"):
        build_hierarchy(independent(4), [1, 2])
