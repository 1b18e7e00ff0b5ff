"""Hierarchical clustering of a 0/1 matrix, and whether its clusters are clearer than those of permuted features.

A tree can be cut of any matrix, and the best of several mean silhouettes is above zero without any cluster.  So the
same is done with matrices in which every feature was permuted over the samples; the best silhouette of the data has to
exceed that of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist, squareform

from her2genomics.stats.consensus import cut_tree, sample_silhouettes
from her2genomics.stats.inputs import Floats
from her2genomics.stats.rank_selection import check_ranks, permute_features

N_PERMUTED = 19
"""Permuted matrices: to exceed all of them has a probability of 1 in 20 without clusters."""


@dataclass(frozen=True)
class Hierarchy:
    """Average linkage of Jaccard distances.

    Parameters
    ----------
    distance
        Shape (samples, samples) [0-1].
    tree
        SciPy linkage matrix.
    silhouettes
        Mean silhouette by number of clusters.
    """

    distance: Floats
    tree: Floats
    silhouettes: dict[int, float]

    @property
    def best(self) -> int:
        """Number of clusters with the highest mean silhouette, the smallest of equal ones."""
        return max(self.silhouettes, key=lambda k: self.silhouettes[k])


def build_hierarchy(v: Floats, ranks: Sequence[int]) -> Hierarchy:
    """Return the tree of a matrix and the silhouette of each cut.

    Parameters
    ----------
    v
        Shape (features, samples); a cell above 0 is altered.
    ranks
        Numbers of clusters, from 2.

    Raises
    ------
    StatisticsError
        If a rank is out of range.

    Examples
    --------
    >>> found = build_hierarchy(np.kron(np.eye(3), np.ones((2, 4))), [2, 3, 4])
    >>> found.best, found.silhouettes[3]
    (3, 1.0)
    """
    chosen = check_ranks(ranks, v.shape)
    distance = pdist(v.T > 0, "jaccard")
    tree, square = linkage(distance, "average"), squareform(distance)
    cuts = {k: sample_silhouettes(square, cut_tree(tree, k)) for k in chosen}
    return Hierarchy(square, tree, {k: float(values.mean()) for k, values in cuts.items()})


def permuted_silhouettes(v: Floats, ranks: Sequence[int], seed: int, n_permuted: int = N_PERMUTED) -> Floats:
    """Return the best mean silhouette of each of some matrices of permuted features.

    Parameters
    ----------
    v, ranks
        As for `build_hierarchy`; ranks that a permuted matrix has too few samples for are not looked at.
    seed
        Of the permutations.
    n_permuted
        Matrices.
    """
    generator = np.random.default_rng([seed, N_PERMUTED])
    best = []
    for _ in range(n_permuted):
        permuted = permute_features(v, generator)
        possible = [k for k in ranks if k <= min(permuted.shape)]
        best.append(max(build_hierarchy(permuted, possible).silhouettes.values()) if possible else -1.0)
    return np.array(best)
