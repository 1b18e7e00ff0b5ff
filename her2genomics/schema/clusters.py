"""Tables and arrays of molecular clusters."""

from __future__ import annotations

from her2genomics.schema.arrays import Array
from her2genomics.schema.tables import TableSchema, column

NMF_RANK_SELECTION = TableSchema("nmf_rank_selection", "One row per rank: how stable its clusters are, beside a matrix of permuted features.", (
    column("k", "int", "rank: number of components", low=2, key=True),
    column("cophenetic", "float", "cophenetic correlation of the consensus tree", low=-1, high=1),
    column("dispersion", "float", "4 (consensus - 1/2)^2, mean", low=0, high=1),
    column("silhouette", "float", "mean silhouette of the consensus clusters", low=-1, high=1),
    column("pac", "float", "pairs with a consensus between 0.1 and 0.9", "0-1", low=0, high=1),
    column("residual", "float", "loss of the best run: residual sum of squares, or Kullback-Leibler divergence", low=0),
    column("rss", "float", "residual sum of squares of the best run", low=0),
    column("explained_variance", "float", "1 - rss / sum of squares", high=1),
    column("n_runs", "int", "runs", low=1),
    column("n_converged", "int", "runs that ended by convergence", low=0),
    column("median_iterations", "float", "iterations of a run, median", low=0),
    column("random_cophenetic", "float", "the same for the permuted matrix", low=-1, high=1),
    column("random_dispersion", "float", "the same for the permuted matrix", low=0, high=1),
    column("random_silhouette", "float", "the same for the permuted matrix", low=-1, high=1),
    column("random_pac", "float", "the same for the permuted matrix", "0-1", low=0, high=1),
    column("random_residual", "float", "the same for the permuted matrix", low=0),
), files="rank_selection.tsv")  # fmt: skip

NMF_ASSIGNMENTS = TableSchema("nmf_assignments", "Cluster of every sample of the cohort.", (
    column("sample_id", "string", "sample", key=True),
    column("cluster", "string", "1 to k by size, 0 = no alteration; missing where status says why"),
    column("status", "string", "clustered, no alteration, not profiled, incompletely profiled, or no rank supported"),
    column("membership", "float", "share of the largest coefficient among all of the sample (hierarchical: missing)", "0-1", low=0, high=1),
    column("consensus_cluster", "string", "cluster cut from the consensus tree, numbered by the cluster that it shares most samples with"),
    column("silhouette", "float", "of the sample in the consensus, for the clusters of column cluster", low=-1, high=1),
    column("n_altered", "int", "altered features of the matrix", low=0),
), files="assignments.tsv")  # fmt: skip

CLUSTER_FEATURES = TableSchema("cluster_features", "Features of the matrix in each cluster against the others: descriptive, as they made the clusters.", (
    column("cluster", "string", "cluster", key=True),
    column("family", "string", "feature (of the matrix) or pathway (of its genes)", key=True),
    column("feature", "string", "gene, amplicon or pathway", key=True),
    column("altered_in", "int", "altered samples in the cluster", low=0),
    column("n_in", "int", "samples in the cluster", low=0),
    column("altered_out", "int", "altered samples in all other clusters", low=0),
    column("n_out", "int", "samples in all other clusters", low=0),
    column("freq_in", "float", "altered_in / n_in", "0-1", low=0, high=1),
    column("freq_out", "float", "altered_out / n_out", "0-1", low=0, high=1),
    column("difference", "float", "freq_in - freq_out", low=-1, high=1),
    column("odds_ratio", "float", "sample odds ratio, 1/2 added to every count", low=0),
    column("weight", "float", "weight in the cluster's basis vector, which sums to 1", low=0),
    column("score", "float", "Kim and Park's score over all components", "0-1", low=0, high=1),
    column("basis_feature", "bool", "chosen by Kim and Park's rule for this cluster"),
    column("note", "string", "why there is no p-value"),
), files="features.tsv")  # fmt: skip

CLUSTER_TESTS = TableSchema("cluster_tests", "Variables that were no input of the clustering, between the clusters.", (
    column("family", "string", "clinical, or held out", key=True),
    column("variable", "string", "column, or gene", key=True),
    column("test", "string", "Fisher-Freeman-Halton, or Kruskal-Wallis"),
    column("n", "int", "samples with a value", low=0),
    column("p_value", "float", "two-sided p", low=0, high=1),
    column("q_value", "float", "Benjamini-Hochberg over all rows", low=0, high=1),
), files="tests.tsv")  # fmt: skip

CLUSTER_TABLE = TableSchema("cluster_table", "HER2 group, hormone receptors and subtype by cluster, as studies print them: samples and shares.", (
    column("variable", "string", "HER2 group, hormone receptors, subtype", key=True),
    column("cluster", "string", "cluster", key=True),
    column("level", "string", "level of the variable", key=True),
    column("n", "int", "samples of the cluster with this level", low=0),
    column("n_level", "int", "clustered samples with this level", low=0),
    column("n_cluster", "int", "samples of the cluster with a known level", low=0),
    column("frac_of_level", "float", "n / n_level", "0-1", low=0, high=1),
    column("frac_of_cluster", "float", "n / n_cluster", "0-1", low=0, high=1),
    column("test", "string", "test of the whole variable"),
    column("p_value", "float", "two-sided p of the whole variable, as in tests.tsv", low=0, high=1),
    column("q_value", "float", "Benjamini-Hochberg over all rows of tests.tsv", low=0, high=1),
), files="her2_table.tsv")  # fmt: skip

CLUSTER_ARRAYS: tuple[Array, ...] = (
    Array("features", "string", ("features",), "genes, amplicons: rows of the matrix", unique=True),
    Array("samples", "string", ("samples",), "its columns", unique=True),
    Array("values", "float", ("features", "samples"), "the matrix that was clustered", low=0),
    Array("basis", "float", ("features", "components"), "W of the best factorisation at the rank used", low=0, required=False),
    Array("coefficients", "float", ("components", "samples"), "its H", low=0, required=False),
    Array("loss", "float", (), "its residual sum of squares, or Kullback-Leibler divergence", low=0, required=False),
    Array("consensus_samples", "string", ("consensus_samples",), "samples of the consensus", unique=True, required=False),
    Array("consensus", "float", ("pairs",), "share of runs together, of each two of these samples (upper triangle, row by row); hierarchical: 1 - Jaccard distance", low=0, high=1, required=False),
    Array("tree", "float", ("joins", "tree_columns"), "average-linkage tree of the consensus, as SciPy writes it", low=0, required=False),
)  # fmt: skip
"""Arrays of ``clusters.npz``; those from ``basis`` on are absent where no cluster was assigned, ``basis`` to ``loss`` also
in hierarchical clustering."""
