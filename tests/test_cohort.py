from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.cohort import COUNTED_CLASSES, Cohort, cohort_from_table, ordered_groups
from her2genomics.exceptions import AmbiguousInputError, CohortError, DataWarning, SchemaError

CONTRACT = pd.DataFrame(
    {
        "sample_id": ["P001", "P002", "P003"],
        "ihc": ["0", "2+", "3+"],
        "ish_reported": [pd.NA, "negative", pd.NA],
        "grade": ["2", "3", "3"],
        "tmb": ["3.0", "5.0", "4.0"],
        "TP53": ["WT", "missense", "1"],
        "PIK3CA": ["H1047R", "WT", "0"],
        "ERBB2": ["loss", "WT", "missense;amplification"],
        "KMT2C": ["WT", "WT", "0"],
    }
)


def test_the_contract_table_is_understood() -> None:
    cohort = cohort_from_table(CONTRACT)
    assert cohort.genes == ("TP53", "PIK3CA", "ERBB2", "KMT2C")
    matrix = cohort.alteration_matrix()
    assert matrix["TP53"].tolist() == [False, True, True]
    assert matrix["PIK3CA"].tolist() == [True, False, False]
    assert matrix["ERBB2"].tolist() == [False, False, True], "a shallow loss alone does not count"
    assert cohort.alteration_matrix(["loss"])["ERBB2"].tolist() == [True, False, False]
    assert cohort.alterations.loc[cohort.alterations["gene"] == "PIK3CA", "detail"].tolist() == ["p.H1047R"]
    assert cohort.samples["tmb"].tolist() == [3.0, 5.0, 4.0]


def test_not_profiled_is_neither_true_nor_false() -> None:
    table = pd.DataFrame({"sample_id": list("abc"), "TP53": ["WT", pd.NA, "R175H"], "BRCA1": [pd.NA, pd.NA, "WT"]})
    cohort = cohort_from_table(table)
    assert cohort.alteration_matrix()["TP53"].tolist() == [False, pd.NA, True]
    assert cohort.profiled.sum(axis=0).tolist() == [2, 1]


@pytest.mark.parametrize(
    ("cell", "classes"),
    [
        ("H1047R", ["missense"]), ("p.E545K", ["missense"]), ("R213*", ["truncating"]), ("p.K132fs*5", ["truncating"]),
        ("E746_A750del", ["inframe"]), ("splice", ["splice"]), ("amp", ["amplification"]), ("1", ["other"]),
        ("missense;amplification", ["missense", "amplification"]), ("WT", []), ("0", []), ("V600=", []),
        ("homdel", ["deep_deletion"]), ("promoter", ["promoter"]),
    ],
)  # fmt: skip
def test_cell_vocabulary(cell: str, classes: list[str]) -> None:
    cohort = cohort_from_table(pd.DataFrame({"sample_id": ["a", "b"], "TP53": [cell, "missense"]}))
    found = cohort.alterations[cohort.alterations["sample_id"] == "a"]["alteration"].tolist()
    assert found == classes


def test_old_symbols_are_mapped_and_said() -> None:
    with pytest.warns(DataWarning, match="MLL3->KMT2C"):
        cohort = cohort_from_table(pd.DataFrame({"sample_id": ["a"], "MLL3": ["missense"]}))
    assert cohort.genes == ("KMT2C",)


def test_a_symbol_beside_its_successor_is_another_gene() -> None:
    cohort = cohort_from_table(pd.DataFrame({"sample_id": ["a"], "MUM1": ["missense"], "IRF4": ["WT"]}))
    assert cohort.genes == ("MUM1", "IRF4")


def test_a_stain_or_a_gene_is_asked_about() -> None:
    table = pd.DataFrame({"sample_id": ["a", "b"], "AR": ["0", "1"]})
    with pytest.raises(AmbiguousInputError, match="--genes AR or --clinical-columns AR"):
        cohort_from_table(table)
    assert cohort_from_table(table, genes=["AR"]).genes == ("AR",)
    assert "AR" in cohort_from_table(table, clinical_columns=["AR"]).samples
    assert cohort_from_table(table.assign(AR=["WT", "missense"])).genes == ("AR",)


def test_clinical_columns_are_not_taken_for_genes() -> None:
    table = pd.DataFrame(
        {"sample_id": ["a", "b"], "LVI": ["0", "1"], "HR": ["positive", "negative"], "T": ["T1", "T2"]}
    )
    assert cohort_from_table(table).genes == ()


def test_a_value_outside_the_vocabulary_of_a_forced_gene_is_named() -> None:
    table = pd.DataFrame({"sample_id": ["a", "b"], "TP53": ["WT", "perhaps"]})
    with pytest.raises(SchemaError, match="c.tsv: sample b: column TP53: value 'perhaps' is no alteration"):
        cohort_from_table(table, genes=["TP53"], source="c.tsv")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({"x": ["a"]}), "missing column sample_id"),
        (pd.DataFrame({"sample_id": ["a", "a"]}), "1 repeated row, first: sample_id=a"),
        (pd.DataFrame({"sample_id": ["a"], "age": ["old"]}), "column age: value 'old' is not a number"),
        (pd.DataFrame({"sample_id": ["a"], "her2_group": ["medium"]}), "column her2_group: value 'medium'"),
    ],
)
def test_bad_tables_are_one_line(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        cohort_from_table(table)


def test_groups_with_and_without_prefix_are_ordered() -> None:
    table = pd.DataFrame({"sample_id": list("abcd"), "her2_group": ["low", "HER2-zero", "positive", "indeterminate"]})
    groups = cohort_from_table(table).samples["her2_group"]
    assert groups.cat.ordered
    assert groups.cat.categories.tolist() == list(schema.HER2_GROUPS)
    assert groups.isna().tolist() == [False, False, False, True]


CELLS = st.sampled_from([pd.NA, "WT", "missense", "H1047R", "R213*", "amplification", "loss;splice", "fusion", "other"])


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6))
def test_writing_and_reading_back_loses_nothing(rows: list[tuple[object, object]]) -> None:
    table = pd.DataFrame(
        {
            "sample_id": [f"s{i}" for i in range(len(rows))],
            "TP53": pd.array([r[0] for r in rows], dtype="string"),
            "ERBB2": pd.array([r[1] for r in rows], dtype="string"),
        }
    )
    cohort = cohort_from_table(table, genes=["TP53", "ERBB2"])
    wide = cohort.to_table()
    again = cohort_from_table(wide, genes=["TP53", "ERBB2"])
    assert np.array_equal(again.profiled, cohort.profiled)
    for name in schema.ALTERATION_CLASSES:
        assert np.array_equal(again.altered([name]), cohort.altered([name]))
    assert again.to_table().equals(wide)
    assert np.array_equal(again.altered(), cohort.altered(COUNTED_CLASSES))


def test_selecting_samples_takes_everything_along() -> None:
    cohort = cohort_from_table(CONTRACT)
    part = cohort.select(np.array([False, True, True]))
    assert part.samples["sample_id"].tolist() == ["P002", "P003"]
    assert set(part.alterations["sample_id"]) == {"P002", "P003"}
    assert part.profiled.shape == (2, 4)


def test_a_mask_of_another_shape_is_refused() -> None:
    with pytest.raises(CohortError, match="mask of shape"):
        Cohort(CONTRACT[["sample_id"]], schema.empty(schema.ALTERATIONS), ("TP53",), np.ones((2, 1), dtype=bool))


@pytest.mark.parametrize(
    ("written", "group"),
    [
        ("low", "HER2-low"),
        ("Her2 low", "HER2-low"),
        ("HER2-Low", "HER2-low"),
        ("HER2_ZERO", "HER2-zero"),
        ("her2zero", "HER2-zero"),
        (" HER2\u2013positive ", "HER2-positive"),
        ("Indeterminate", None),
        (None, None),
    ],
)
def test_spellings_of_a_group_are_understood(written: str | None, group: str | None) -> None:
    read = ordered_groups(pd.DataFrame({"sample_id": ["a", "b"], "her2_group": [written, "HER2-zero"]}))
    assert read.astype(object).where(read.notna(), None).tolist() == [group, "HER2-zero"]


@pytest.mark.parametrize(
    "written", ["0", "1", "negative", "HER2-negative", "ultralow", "HER2-ultralow", "HER2", "lowish"]
)
def test_a_group_that_could_mean_another_is_refused_as_written(written: str) -> None:
    with pytest.raises(SchemaError, match=f"'{written}' is not one of"):
        ordered_groups(pd.DataFrame({"sample_id": ["a", "b"], "her2_group": [written, "HER2-zero"]}))


@pytest.mark.parametrize("value", ["unknown", "-", "n.d."])
def test_a_gene_column_with_a_word_that_is_no_alteration_is_refused_not_moved(value: str) -> None:
    """Silently it would be a clinical variable, and the word a level of it."""
    table = CONTRACT.assign(GATA3=["0", "1", value])
    with pytest.raises(AmbiguousInputError, match=f"column GATA3: '{value}' is no alteration.*write NA"):
        cohort_from_table(table)
    assert "GATA3" in cohort_from_table(table, clinical_columns=["GATA3"]).samples


def test_a_stain_named_like_a_gene_stays_clinical() -> None:
    cohort = cohort_from_table(CONTRACT.assign(EGFR=["0", "1+", "3+"], KIT=["12.5", "0", "40"]))
    assert {"EGFR", "KIT"} <= set(cohort.samples)


def test_chosen_genes_are_the_columns_of_the_matrix_in_the_order_asked_for() -> None:
    table = pd.DataFrame(
        {
            "sample_id": ["a", "b", "c"],
            "TP53": ["WT", "R175H;amp", pd.NA],
            "PIK3CA": ["H1047R", "0", "amp"],
            "KRAS": ["amp", pd.NA, "G12D"],
        }
    )
    cohort = cohort_from_table(table)
    chosen = ["KRAS", "TP53"]
    for classes in (["amplification"], ["missense"], list(COUNTED_CLASSES), []):
        whole = cohort.altered(classes)
        assert np.array_equal(cohort.altered(classes, chosen), whole[:, [cohort.genes.index(gene) for gene in chosen]])
    assert cohort.altered(["amplification"], chosen).tolist() == [[True, False], [False, True], [False, False]]
    assert cohort.altered(["amplification"], []).shape == (3, 0)
