from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.compare import compare_groups
from her2genomics.exceptions import UsageError

Pick = Callable[..., pd.Series]
PAIR = ["zero-low"]


@pytest.fixture(scope="module")
def small() -> Cohort:
    table = pd.DataFrame(
        {
            "sample_id": list("abcdefgh"),
            "her2_group": ["zero"] * 4 + ["low"] * 4,
            "TP53": ["R175H", "R273H", "WT", pd.NA, "R337C", "truncating", "WT", "WT"],
            "PIK3CA": ["H1047R", "H1047L", "E545K", "WT", "WT", "H1047R;E545K", "WT", pd.NA],
            "ERBB2": ["amplification;L755S", "amplification", "gain", "WT", "L755S", "WT", "loss", pd.NA],
            "CDK12": ["amplification", "WT", "WT", "WT", pd.NA, "WT", "WT", "WT"],
        }
    )
    return cohort_from_table(table)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("TP53", (2, 3, 2, 4)),
        ("TP53:exon5-8", (2, 3, 0, 4)),
        ("TP53:exon10", (0, 3, 1, 4)),
        ("TP53:truncating", (0, 3, 1, 4)),
        ("PIK3CA:H1047R", (1, 4, 1, 3)),
        ("PIK3CA:p.H1047R", (1, 4, 1, 3)),
        ("PIK3CA:H1047", (2, 4, 1, 3)),
        ("ERBB2:amp", (2, 4, 0, 3)),
        ("ERBB2:gain", (3, 4, 0, 3)),
        ("ERBB2:loss", (0, 4, 1, 3)),
        ("ERBB2:amp+ERBB2:mutation", (1, 4, 0, 3)),
        ("ERBB2:amp|ERBB2:mutation", (2, 4, 1, 3)),
        ("ERBB2:amp+CDK12:amp", (1, 4, 0, 4)),  # e and h: one of the two unknown, but the other is not amplified
        ("TP53|CDK12", (2, 3, 2, 4)),  # e: TP53 is altered, whatever CDK12
    ],
)
def test_features_by_hand(small: Cohort, row: Pick, name: str, counts: tuple[int, ...]) -> None:
    table = compare_groups(small, contrasts=PAIR, features=[name], min_frequency=1).association
    found = row(table, name, "zero-low", family="feature")
    assert tuple(found[["altered_a", "n_a", "altered_b", "n_b"]]) == counts


def test_who_carries_it_is_listed(small: Cohort) -> None:
    result = compare_groups(small, contrasts=PAIR, features=["ERBB2:amp+ERBB2:mutation", "PIK3CA:H1047"])
    assert result.carriers.values.tolist() == [
        ["ERBB2:amp+ERBB2:mutation", "a", "HER2-zero", "ERBB2 amplification; ERBB2 p.L755S (missense)"],
        ["PIK3CA:H1047", "a", "HER2-zero", "PIK3CA p.H1047R (missense)"],
        ["PIK3CA:H1047", "b", "HER2-zero", "PIK3CA p.H1047L (missense)"],
        ["PIK3CA:H1047", "f", "HER2-low", "PIK3CA p.H1047R (missense)"],
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("TP53:big", "feature 'TP53:big' is not understood; write GENE"),
        (":amp", "not understood"),
        ("NOGENE:amp", "the cohort has no gene NOGENE"),
        ("PIK3CA H1047R", "the cohort has no gene PIK3CA H1047R; write PIK3CA:H1047R"),
    ],
)
def test_what_is_not_understood(small: Cohort, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compare_groups(small, contrasts=PAIR, features=[name])


def test_exons_and_residues_of_all_genes(small: Cohort, row: Pick) -> None:
    exons = compare_groups(small, contrasts=PAIR, level="exon", min_frequency=0.1)
    assert row(exons.association, "TP53:exon5", "zero-low")[["altered_a", "n_a"]].tolist() == [1, 3]
    assert any("exon: 1 of 11 mutations have no exon" in note for note in exons.notes)
    residues = compare_groups(small, contrasts=PAIR, level="hotspot", min_frequency=0.1)
    assert row(residues.association, "PIK3CA:E545", "zero-low")[["altered_a", "altered_b"]].tolist() == [1, 1]


def test_codons_among_the_mutated(small: Cohort, row: Pick) -> None:
    result = compare_groups(small, contrasts=PAIR, level="hotspot", min_frequency=0.1)
    found = row(result.association, "PIK3CA codons", "zero-low")
    assert (found["family"], found["n_a"], found["n_b"]) == ("codon", 3, 1)
    counts = result.contingency[result.contingency["feature"] == "PIK3CA codons"].set_index(["group", "level"])["n"]
    assert counts["HER2-zero", "H1047"] == 2
    assert counts["HER2-low", "several"] == 1


def test_mutations_without_a_place_are_said(small: Cohort) -> None:
    names = ["TP53:exon5-8", "TP53:R175H+PIK3CA:H1047", "TP53", "ERBB2:amp"]
    notes = [note for note in compare_groups(small, contrasts=PAIR, features=names).notes if "feature" in note]
    assert notes == [
        "feature TP53:exon5-8: 1 of 4 mutations of TP53 have no exon and count as another",
        "feature TP53:R175H: 1 of 4 mutations of TP53 have no residue and count as another",
    ]


def test_codons_are_those_of_the_compared_and_profiled(row: Pick) -> None:
    """E545 is in 3 of 60 compared tumours (5 %); another one has no group; the gene of the last was not profiled."""
    codons = ["E545K"] * 3 + ["H1047R"] * 57
    table = pd.DataFrame({"sample_id": [f"s{i}" for i in range(62)], "her2_group": ["zero", "low"] * 31})
    table.loc[60, "her2_group"] = pd.NA
    table["PIK3CA"] = [*codons, "H1047R", pd.NA]
    cohort = cohort_from_table(table)
    outside = cohort.alterations.iloc[[0]].assign(sample_id="s61", detail="p.E542K")
    cohort = replace(cohort, alterations=pd.concat([cohort.alterations, outside], ignore_index=True))
    result = compare_groups(cohort, contrasts=PAIR, level="hotspot", min_frequency=0.01)
    counts = result.contingency[result.contingency["family"] == "codon"]
    assert counts.groupby("level")["n"].sum().to_dict() == {"E545": 3, "H1047": 57}


def test_the_her_family(row: Pick) -> None:
    table = pd.DataFrame(
        {
            "sample_id": list("abcdef"),
            "her2_group": ["zero"] * 3 + ["low"] * 3,
            "EGFR": ["WT", "amplification", pd.NA, "WT", "WT", "WT"],
            "ERBB2": ["WT", "WT", "WT", "V777L", "WT", "WT"],
            "ERBB3": ["V104M", "WT", "WT", "WT", "WT", "WT"],
            "ERBB4": ["WT", "WT", "WT", "missense", "WT", "WT"],
        }
    )
    result = compare_groups(cohort_from_table(table), contrasts=PAIR).association
    assert row(result, "HER family", "zero-low")[["altered_a", "n_a", "altered_b", "n_b"]].tolist() == [2, 2, 1, 3]
    assert row(result, "HER family:mutation", "zero-low")["altered_a"] == 1
    without = compare_groups(cohort_from_table(table.drop(columns="ERBB4")), contrasts=PAIR).association
    assert "her_family" not in set(without["family"])


def test_a_feature_makes_the_groups(small: Cohort, row: Pick) -> None:
    result = compare_groups(small, group="ERBB2:amp", min_frequency=0)
    assert dict(zip(result.groups["group"], result.groups["n"], strict=True)) == {"altered": 2, "not altered": 5}
    assert row(result.association, "CDK12", "altered-not altered")[["altered_a", "altered_b"]].tolist() == [1, 0]
    assert not result.association["feature"].str.startswith("ERBB2").any(), "a gene is not compared by itself"
    assert np.all(result.association["stratum"] == "all")
