"""Consensus clustering: how often two samples share a cluster over many runs, and how clear-cut that is.

The consensus of two samples is the share of runs in which they have the same label.  With well separated clusters it is
0 or 1.  Four measures say how near to that it is: the cophenetic correlation of the average-linkage tree (Brunet), the
dispersion (Kim and Park), the silhouette of the clusters cut from the tree, and the proportion of ambiguous pairs.

None of them tests whether there are clusters: a matrix without any reaches cophenetic correlations of 0.9 to 1.0 at
some ranks, because its most frequent features alone make stable groups.  `rank_selection` compares with such matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import cophenet, fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import silhouette_samples

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, Integers

AMBIGUOUS = (0.1, 0.9)
"""Consensus above the first and below the second value is ambiguous."""


@dataclass(frozen=True)
class ConsensusSummary:
    """How clear-cut a consensus matrix is.

    Parameters
    ----------
    cophenetic
        Correlation of 1 - consensus with the distances in its average-linkage tree; missing (NaN) where all pairs have
        the same consensus, as then there is nothing to correlate.
    dispersion
        ``mean 4 (C - 1/2)^2`` over all cells [0-1].
    pac
        Share of pairs with a consensus between 0.1 and 0.9, both excluded [0-1].
    silhouette
        Mean silhouette of the clusters cut from the tree [-1 to 1]; NaN where there are fewer than two clusters, or as
        many as samples.
    cut
        Cluster of each sample in the tree cut at ``rank`` clusters, 0-based in order of appearance.
    sample_silhouette
        Silhouette of each sample, 0 in a cluster of its own.
    tree
        SciPy linkage matrix.
    """

    cophenetic: float
    dispersion: float
    pac: float
    silhouette: float
    cut: Integers
    sample_silhouette: Floats
    tree: Floats


def consensus_matrix(labels: npt.ArrayLike) -> Floats:
    """Return the share of runs in which each two samples have the same label.

    Parameters
    ----------
    labels
        Whole numbers from 0, shape (runs, samples).

    Returns
    -------
    numpy.ndarray
        Shape (samples, samples), symmetric, 1 on the diagonal.

    Raises
    ------
    StatisticsError
        If there is no run or no sample.

    References
    ----------
    .. [1] Monti S, Tamayo P, Mesirov J, Golub T. Machine Learning 2003;52:91-118.

    Examples
    --------
    >>> consensus_matrix([[0, 0, 1], [1, 1, 1]])
    array([[1. , 1. , 0.5],
           [1. , 1. , 0.5],
           [0.5, 0.5, 1. ]])
    """
    runs = np.asarray(labels)
    if runs.ndim != 2 or not runs.size:
        raise StatisticsError(f"labels of runs x samples are needed, these have the shape {runs.shape}")
    # counts are whole and below 2**24: exact in single precision, in whatever order they are added
    member = (runs.T[:, :, None] == np.arange(runs.max() + 1)).astype(np.float32).reshape(runs.shape[1], -1)
    shared: Floats = (member @ member.T).astype(np.float64)
    shared /= len(runs)
    return shared


def summarise_consensus(consensus: Floats, n_clusters: int) -> ConsensusSummary:
    """Return the measures of a consensus matrix.

    Parameters
    ----------
    consensus
        Shape (samples, samples), as from `consensus_matrix`.
    n_clusters
        Clusters to cut from the tree, 1 to the number of samples.

    Raises
    ------
    StatisticsError
        If there are fewer than two samples, or more clusters than samples.

    Notes
    -----
    Equal to R's ``cophcor``, ``dispersion`` and ``cluster::silhouette`` (package NMF). Where branches join at the same
    height the cut follows the order in which they were joined.

    References
    ----------
    .. [1] Brunet JP, Tamayo P, Golub TR, Mesirov JP. PNAS 2004;101:4164-4169 (cophenetic correlation).
    .. [2] Kim H, Park H. Bioinformatics 2007;23:1495-1502 (dispersion).
    .. [3] Senbabaoglu Y, Michailidis G, Li JZ. Sci Rep 2014;4:6207 (proportion of ambiguous clustering).

    Examples
    --------
    >>> c = consensus_matrix([[0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1]])
    >>> s = summarise_consensus(c, 2)
    >>> round(s.cophenetic, 4), round(s.dispersion, 4), s.cut.tolist()
    (0.9239, 0.6667, [0, 0, 1, 1])
    """
    n = len(consensus)
    if n < 2 or not 1 <= n_clusters <= n:
        raise StatisticsError(f"{n_clusters} clusters of {n} samples")
    distance = squareform(1.0 - consensus, checks=False)
    tree = linkage(distance, "average")
    cut = cut_tree(tree, n_clusters)
    silhouette = sample_silhouettes(1.0 - consensus, cut)
    constant = np.ptp(distance) == 0 or np.ptp(tree[:, 2]) == 0
    return ConsensusSummary(
        cophenetic=np.nan if constant else float(cophenet(tree, distance)[0]),
        dispersion=float((4 * (consensus - 0.5) ** 2).mean()),
        pac=float(((distance > 1 - AMBIGUOUS[1]) & (distance < 1 - AMBIGUOUS[0])).mean()),
        silhouette=float(silhouette.mean()),
        cut=cut,
        sample_silhouette=silhouette,
        tree=tree,
    )


def cut_tree(tree: Floats, n_clusters: int) -> Integers:
    """Return the clusters left after all but the last ``n_clusters - 1`` joins, 0-based in order of appearance.

    Unlike a cut by height this gives the number asked for also where joins are equally high.

    Examples
    --------
    >>> tree = linkage([[0.0], [0.1], [5.0], [5.1], [9.0]], "average")
    >>> cut_tree(tree, 3).tolist()
    [0, 0, 1, 1, 2]
    """
    by_order = tree.copy()
    by_order[:, 2] = np.arange(1, len(tree) + 1)
    clusters = fcluster(by_order, len(tree) + 1 - n_clusters, "distance")
    _, first, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int64)


def sample_silhouettes(distance: Floats, clusters: Integers) -> Floats:
    """Return the silhouette of each sample; NaN where there are fewer than two clusters, or as many as samples."""
    n_clusters = len(np.unique(clusters))
    if not 2 <= n_clusters < len(clusters):
        return np.full(len(clusters), np.nan)
    exact = distance.copy()
    np.fill_diagonal(exact, 0.0)
    return np.asarray(silhouette_samples(exact, clusters, metric="precomputed"))
