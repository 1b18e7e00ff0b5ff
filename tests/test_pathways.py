from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.exceptions import StatisticsError, UsageError
from her2genomics.panel import load_panel
from her2genomics.pathways import choose_pathways, score_pathways, without_genes

SETS = pd.DataFrame(
    {
        "pathway": ["P"] * 5 + ["Q"] * 2,
        "source": "",
        "default": True,
        "licence": "",
        "gene": ["A", "B", "C", "D", "E", "A", "X"],
    }
)


def score(altered: list[list[int]], profiled: list[list[int]], sets: pd.DataFrame = SETS, **how: float):
    ids = [f"s{i}" for i in range(len(altered))]
    return score_pathways(altered, profiled, genes=list("ABCDF"), sample_ids=ids, pathway_genes=sets, **how)


def test_altered_not_altered_and_not_profiled_by_hand() -> None:
    # A B C D are the covered genes of P (E is in no assay, F in no pathway); 0.75 of four is three
    profiled = [[1, 1, 1, 1, 1], [1, 1, 1, 0, 1], [1, 1, 0, 0, 1], [1, 0, 0, 0, 1], [0, 0, 0, 0, 1]]
    altered = [[0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    result = score(altered, profiled, min_profiled=0.75)
    rows = result.alterations().set_index(["pathway", "sample_id"]).loc["P"]
    assert rows["altered"].tolist() == [False, False, pd.NA, True, pd.NA]
    assert rows["genes"].tolist() == ["", "", "", "A", ""], "an alteration where nobody looked is not one"
    assert rows["n_genes_profiled"].tolist() == [4, 3, 2, 1, 0]
    assert set(rows["n_genes_covered"]) == {4}
    assert set(rows["n_genes_total"]) == {5}
    covered = result.coverage().set_index("pathway").loc["P"]
    assert covered[["n_altered", "n_not_altered", "n_not_profiled", "genes_not_covered"]].tolist() == [1, 2, 2, "E"]
    assert covered["share_covered"] == 0.8
    assert not result.enough[3, 0], "altered, but it could not have been called unaltered"


def test_the_share_is_inclusive_and_exact() -> None:
    profiled = [[1, 1, 1, 1, 0], [1, 1, 1, 0, 0]]
    for share, known in ((0.75, True), (0.7500001, False)):
        assert score([[0] * 5] * 2, profiled, min_profiled=share).known[1, 0] == known


def test_a_pathway_without_a_profiled_gene_is_not_evaluable() -> None:
    sets = SETS.assign(gene=SETS["gene"].where(SETS["pathway"] == "P", "X")).drop_duplicates()
    result = score([[1, 0, 0, 0, 0]], [[1, 1, 1, 1, 1]], sets)
    q = result.alterations().query("pathway == 'Q'").iloc[0]
    assert q["altered"] is pd.NA
    assert result.coverage().set_index("pathway").loc["Q", "share_covered"] == 0


def test_hub_genes_are_taken_out_of_the_pathways_that_hold_them() -> None:
    rest = without_genes(SETS, ["A"])
    assert rest.groupby("pathway")["gene"].agg(list).to_dict() == {"P": ["B", "C", "D", "E"], "Q": ["X"]}
    assert without_genes(SETS, ["E"])["pathway"].unique().tolist() == ["P"]
    assert without_genes(SETS, []).empty
    assert set(without_genes(SETS, ["A", "X"])["pathway"]) == {"P"}, "a pathway of nothing else is gone"


def test_one_source_per_pathway_unless_asked() -> None:
    table = load_panel().pathways
    default = choose_pathways(table)
    assert default.groupby("pathway")["source"].nunique().eq(1).all()
    assert default["pathway"].nunique() == table["pathway"].nunique() == 11
    other = choose_pathways(table, ["Reactome_R-HSA-157118"])
    assert set(other.loc[other["pathway"] == "NOTCH", "source"]) == {"Reactome_R-HSA-157118"}
    everything = choose_pathways(table, ["all"])
    assert everything["pathway"].nunique() == len(table[["pathway", "source"]].drop_duplicates())
    assert "NOTCH (Reactome_R-HSA-157118)" in set(everything["pathway"])
    with pytest.raises(UsageError, match="no gene set from KEGG"):
        choose_pathways(table, ["KEGG"])


def test_without_default_marks_every_set_is_used() -> None:
    table = SETS.assign(default=False)
    assert set(choose_pathways(table)["pathway"]) == {"P", "Q"}


def test_wrong_shapes_and_shares_are_refused() -> None:
    with pytest.raises(StatisticsError, match="matrices of shape"):
        score([[0, 1]], [[1, 1]])
    with pytest.raises(StatisticsError, match="has to be profiled"):
        score([[0] * 5], [[1] * 5], min_profiled=0)


def test_no_pathway_gives_tables_of_the_declared_columns() -> None:
    empty = score([[0] * 5], [[1] * 5], SETS.iloc[:0])
    assert empty.alterations().columns.tolist() == schema.PATHWAY_ALTERATIONS.names
    assert empty.coverage().columns.tolist() == schema.PATHWAY_COVERAGE.names


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1.0))
def test_more_profiling_never_hides_an_alteration_and_a_loop_says_the_same(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    profiled, altered = rng.random((6, 5)) < 0.6, rng.random((6, 5)) < 0.2
    result = score(altered.tolist(), profiled.tolist(), min_profiled=share)
    genes = list("ABCDF")
    for j, members in enumerate([["A", "B", "C", "D", "E"], ["A", "X"]]):
        covered = [genes.index(g) for g in members if g in genes and profiled[:, genes.index(g)].any()]
        for i in range(6):
            looked = [k for k in covered if profiled[i, k]]
            hit = any(altered[i, k] for k in looked)
            enough = bool(covered) and len(looked) >= share * len(covered) - 1e-9
            assert (result.altered[i, j], result.known[i, j]) == (hit, hit or enough)
    full = score(altered.tolist(), np.ones_like(profiled).tolist(), min_profiled=share)
    assert (full.altered >= result.altered).all()
