"""Clusters of a cohort: what stands in the matrix, who is left out, and what may be said of the clusters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from her2genomics import schema
from her2genomics.cluster import ClusterSettings, cluster_cohort
from her2genomics.cluster_features import compare_clusters
from her2genomics.cluster_matrix import MatrixSettings, build_matrix
from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.exceptions import CohortError, UsageError
from her2genomics.panel import load_panel
from her2genomics.stats.nmf import fit_nmf
from her2genomics.stats.rank_selection import SurveySettings

GENES = ["TP53", "MYC", "RB1", "PTEN", "PIK3CA", "GATA3", "CDH1", "AKT1", "CCND1", "FGF3", "FGF4", "FGF19"]


def planted_table(
    seed: int, n: int = 90, inside: float = 0.9, outside: float = 0.03
) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n)
    cells = rng.random((n, 12)) < np.where(truth[:, None] == np.repeat(np.arange(3), 4), inside, outside)
    table = pd.DataFrame(np.where(cells, "missense", "WT"), columns=GENES)
    table.insert(0, "sample_id", [f"S{i:03}" for i in range(n)])
    table.insert(1, "er_status", np.where(truth == 0, "negative", "positive"))
    table.insert(2, "coin", rng.choice(["heads", "tails"], n))
    return table, truth


def cohort(table: pd.DataFrame) -> Cohort:
    return cohort_from_table(table, clinical_columns=[c for c in table.columns if c not in (*GENES, "ERBB2")])


def quick(rank: int | None = 3, **more: object) -> ClusterSettings:
    return ClusterSettings(ranks=(2, 3, 4), rank=rank, survey=SurveySettings(runs=6), **more)  # type: ignore[arg-type]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=2)
def test_planted_clusters_come_back_and_the_order_of_the_input_changes_nothing(seed: int) -> None:
    table, truth = planted_table(seed, n=60)
    found = cluster_cohort(cohort(table), quick()).assignments.set_index("sample_id")
    inside = (found["status"] == "clustered").to_numpy()
    unclear = table[GENES].eq("missense").to_numpy()
    clear = np.array([unclear[i].reshape(3, 4).sum(axis=1).argmax() == truth[i] for i in range(len(truth))])
    assert adjusted_rand_score(truth[inside & clear], found["cluster"][inside & clear]) == 1
    rng = np.random.default_rng(seed)
    moved = table.iloc[rng.permutation(len(table))]
    moved = moved[["sample_id", "er_status", "coin", *rng.permutation(GENES)]].reset_index(drop=True)
    again = cluster_cohort(cohort(moved), quick()).assignments.set_index("sample_id")
    pd.testing.assert_frame_equal(again.loc[found.index], found)


def test_what_was_input_is_described_and_what_was_not_is_tested() -> None:
    table, _ = planted_table(1)
    result = cluster_cohort(cohort(table), quick(matrix=MatrixSettings(hold_out=("CDH1",))), panel=load_panel())
    assert set(result.features["note"]) == {
        "descriptive: the feature made the clusters, so it cannot be tested for them"
    }
    assert "p_value" not in result.features
    genes = set(result.features.query("family == 'feature'")["feature"])
    assert genes == set(GENES) - {"CDH1"}
    tests = result.tests.set_index("variable")
    assert set(tests.index) == {"er_status", "coin", "CDH1"}
    assert tests.loc["er_status", "q_value"] < 1e-6
    assert tests.loc["CDH1", "q_value"] < 1e-6
    assert tests.loc["coin", "p_value"] > 0.01
    counts = result.contingency.query("feature == 'er_status'")
    assert counts["n"].sum() == (result.assignments["status"] == "clustered").sum()
    row = result.features.query("feature == 'TP53'").sort_values("difference").iloc[-1]
    members = result.assignments.set_index("sample_id").query("cluster == @row.cluster").index
    assert row["altered_in"] == (table.set_index("sample_id").loc[members, "TP53"] == "missense").sum()
    assert row["freq_in"] == row["altered_in"] / row["n_in"] == row["altered_in"] / len(members)


def test_samples_that_cannot_be_clustered_are_counted_and_kept() -> None:
    table, _ = planted_table(2)
    table.loc[0, GENES] = "WT"
    table.loc[1, GENES] = pd.NA
    table.loc[2, "TP53"] = pd.NA
    result = cluster_cohort(cohort(table), quick())
    found = result.assignments.set_index("sample_id")
    assert found.loc["S000", ["cluster", "status", "n_altered"]].tolist() == ["0", "no alteration", 0]
    assert found.loc["S001", "status"] == "not profiled"
    assert found.loc["S002", "status"] == "incompletely profiled"
    assert found.loc[["S001", "S002"], "cluster"].isna().all()
    assert found.index.tolist() == table["sample_id"].tolist()
    assert any("1 not profiled for all of them and 1 not profiled left out" in note for note in result.notes)
    schema.check(result.assignments, schema.NMF_ASSIGNMENTS)


def test_a_gene_that_few_were_profiled_for_does_not_cost_the_samples() -> None:
    table, _ = planted_table(3)
    table.loc[20:, "FGF19"] = pd.NA
    matrix = build_matrix(cohort(table))
    assert "FGF19" not in matrix.values.index
    assert not matrix.incomplete


def test_without_structure_no_cluster_is_assigned_and_the_reason_is_given() -> None:
    table, _ = planted_table(4, inside=0.2, outside=0.2)
    result = cluster_cohort(cohort(table), quick(rank=None))
    assert result.choice.rank is None
    assert set(result.assignments["status"]) <= {"no rank supported", "no alteration"}
    assert not len(result.features)
    assert not len(result.tests)
    assert result.choice.reason in result.summary()
    forced = cluster_cohort(cohort(table), quick(rank=2))
    assert "rank 2 as asked for; the rule says none" in forced.choice.reason


def test_erbb2_copy_number_is_out_by_default_and_its_mutations_are_in() -> None:
    table, _ = planted_table(5)
    table["ERBB2"] = ["amplification"] * 40 + ["missense"] * 10 + ["WT"] * 40
    plain = build_matrix(cohort(table)).values.loc["ERBB2"]
    assert plain.sum() == 10
    with_it = build_matrix(cohort(table), MatrixSettings(erbb2_copy_number=True)).values.loc["ERBB2"]
    assert with_it.sum() == 50
    weighted = build_matrix(cohort(table), MatrixSettings(erbb2_copy_number=True, weighted=True)).values.loc["ERBB2"]
    assert sorted(weighted[weighted > 0].unique()) == [0.5, 1.0]


def test_amplified_neighbours_become_one_feature() -> None:
    table, _ = planted_table(6)
    for gene in ("CCND1", "FGF3", "FGF4", "FGF19"):
        table[gene] = ["amplification"] * 20 + ["WT"] * 70
    table.loc[30, "CCND1"] = "missense"
    spans = load_panel().gene_spans("hg19")
    values = build_matrix(cohort(table), MatrixSettings(collapse_amplicons=True), gene_spans=spans).values
    assert values.loc["11q13 amplification"].sum() == 20
    assert "FGF3" not in values.index
    with pytest.raises(UsageError, match="positions"):
        build_matrix(cohort(table), MatrixSettings(collapse_amplicons=True))


def test_hierarchical_clustering_has_the_same_outputs() -> None:
    table, truth = planted_table(7)
    result = cluster_cohort(cohort(table), quick(rank=None, method="hierarchical"))
    assert result.choice.rank == 3
    found = result.assignments
    inside = (found["status"] == "clustered").to_numpy()
    assert adjusted_rand_score(truth[inside], found["cluster"][inside]) > 0.85
    assert len(result.features)
    assert len(result.tests)


def test_hierarchical_clustering_refuses_a_matrix_without_clusters() -> None:
    table, _ = planted_table(4, inside=0.2, outside=0.2)
    result = cluster_cohort(cohort(table), quick(rank=None, method="hierarchical"))
    assert result.choice.rank is None
    assert "not above the highest in 19 matrices of permuted features" in result.choice.reason
    assert set(result.assignments["status"]) <= {"no rank supported", "no alteration"}
    asked = cluster_cohort(cohort(table), quick(rank=2, method="hierarchical"))
    assert "rank 2 as asked for; the silhouette says none" in asked.choice.reason
    assert asked.assignments["cluster"].nunique() >= 2


def test_the_printed_table_is_that_of_the_tests() -> None:
    table, truth = planted_table(11)
    groups = np.array(["HER2-zero", "HER2-low", "HER2-positive"])
    table["her2_group"] = np.where(np.arange(len(table)) % 4 > 0, groups[truth], "HER2-low")
    table.loc[3, "her2_group"] = pd.NA
    result = cluster_cohort(cohort(table), quick())
    printed = schema.check(result.her2_table, schema.CLUSTER_TABLE)
    known = result.assignments.merge(table[["sample_id", "her2_group"]], on="sample_id")
    known = known[(known["status"] == "clustered") & known["her2_group"].notna()]
    expected = pd.crosstab(known["cluster"], known["her2_group"])
    for row in printed.itertuples():
        assert row.n == expected.loc[row.cluster, row.level]
        assert row.frac_of_level == row.n / expected[row.level].sum()
        assert row.frac_of_cluster == row.n / expected.loc[row.cluster].sum()
    assert printed["level"].drop_duplicates().tolist() == groups.tolist(), "HER2 groups in their order"
    test = result.tests.set_index("variable").loc["her2_group"]
    assert set(printed["p_value"]) == {test["p_value"]}
    assert test["p_value"] < 1e-6
    assert any("her2_group by cluster" in line for line in result.summary())


def test_held_out_genes_are_tested_at_their_level_and_the_matrix_genes_would_not_be() -> None:
    """On data without clusters: 200 tests of held-out genes, and of genes that made the clusters."""
    rng, held_out, made = np.random.default_rng(5), [], []
    for _ in range(25):
        cells = rng.random((80, 16)) < rng.uniform(0.1, 0.4, 16)
        table = pd.DataFrame(np.where(cells, "missense", "WT"), columns=[*GENES, "NF1", "ATM", "BRCA1", "BRCA2"])
        table.insert(0, "sample_id", [f"S{i:03}" for i in range(80)])
        data = cohort_from_table(table)
        matrix = build_matrix(data, MatrixSettings(genes=tuple(table.columns[1:9]))).values
        labels = pd.Series(fit_nmf(matrix, 3, runs=2).best.coefficients.argmax(axis=0).astype(str), matrix.columns)
        clusters = labels.reindex(data.sample_ids).astype("string")
        for genes, p in ((table.columns[9:], held_out), (table.columns[1:9], made)):
            tests, _ = compare_clusters(data, clusters, list(genes), ("missense",), erbb2_held_out=False)
            p += tests["p_value"].tolist()
    assert len(held_out) == 200
    assert np.mean(np.array(held_out) <= 0.05) <= 0.09, "5 % and Monte Carlo error"
    assert np.mean(np.array(made) <= 0.05) > 0.3, "double dipping, which is why they are not tested"


def test_many_samples_are_clustered_by_a_subsample(monkeypatch: pytest.MonkeyPatch) -> None:
    table, truth = planted_table(8, n=120)
    monkeypatch.setattr("her2genomics.cluster.MAX_CONSENSUS", 60)
    result = cluster_cohort(cohort(table), quick())
    found = result.assignments
    inside = (found["status"] == "clustered").to_numpy()
    assert found["silhouette"].notna().sum() == 60
    assert inside.sum() > 100
    assert adjusted_rand_score(truth[inside], found["cluster"][inside]) > 0.9
    assert any("more than 60 samples" in note for note in result.notes)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"classes": ("nonsense",)}, UsageError, "unknown alteration class nonsense"),
        ({"min_frequency": 2.0}, UsageError, "between 0 and 1"),
        ({"min_frequency": 1.0}, CohortError, "no gene is altered in at least 1 of its profiled samples"),
        ({"genes": ("NF1",)}, CohortError, "the cohort has none of the genes NF1"),
        ({"genes": ("TP53",)}, CohortError, "1 features"),
    ],
)
def test_settings_that_leave_nothing(change: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build_matrix(cohort(planted_table(9)[0]), MatrixSettings(**change))  # type: ignore[arg-type]
