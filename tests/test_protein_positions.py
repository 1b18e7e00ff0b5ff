from __future__ import annotations

import pandas as pd
import pytest

from her2genomics.panel import load_panel
from her2genomics.protein_positions import ExonMap, exon_numbers, first_residues


@pytest.fixture(scope="module")
def exons() -> ExonMap:
    return ExonMap(load_panel())


@pytest.mark.parametrize(
    ("gene", "residue", "exon"),
    [
        ("TP53", 1, 2), ("TP53", 125, 4), ("TP53", 126, 5), ("TP53", 175, 5), ("TP53", 186, 5), ("TP53", 213, 6),
        ("TP53", 248, 7), ("TP53", 273, 8), ("TP53", 306, 8), ("TP53", 337, 10), ("PIK3CA", 1047, 21), ("PIK3CA", 545, 10),
        ("AKT1", 17, 3), ("ERBB2", 755, 19), ("EGFR", 858, 21),
    ],
)  # fmt: skip
def test_exons_as_papers_count_them(exons: ExonMap, gene: str, residue: int, exon: int) -> None:
    assert exons.of(gene, [residue])[0] == exon


def test_beyond_the_protein_or_without_a_transcript_there_is_no_exon(exons: ExonMap) -> None:
    assert exons.of("TP53", [5000])[0] == 0
    assert exons.of("NOGENE", [1])[0] == 0


def test_the_annotation_fills_in_where_there_is_no_residue(exons: ExonMap) -> None:
    table = pd.DataFrame(
        {
            "gene": ["TP53", "TP53", "NOGENE"],
            "detail": ["p.R175H", pd.NA, "A5T"],
            "exon": pd.array([9, 6, 2], dtype="Int64"),
        }
    )
    assert exon_numbers(table, exons).tolist() == [5, 6, 2]
    assert exon_numbers(table.drop(columns="exon"), exons).tolist() == [5, pd.NA, pd.NA]


def test_residues_of_both_codes() -> None:
    details = pd.Series(["H1047R", "p.(Arg175His)", "p.R213*", "p.E746_A750del", "log2=1.2", pd.NA, "p.Trp53Ter"])
    assert first_residues(details)["residue"].tolist() == ["H1047", "R175", "R213", "E746", pd.NA, pd.NA, "W53"]


def test_changes_that_do_not_name_their_residue_have_a_place(exons: ExonMap) -> None:
    details = pd.Series(["p.I162_Y163delinsN", "p.126in_frame_insQ", "p.86T", "126"])
    found = first_residues(details)
    assert found["residue"].tolist() == ["I162", pd.NA, pd.NA, pd.NA]
    assert found["position"].tolist() == [162, 126, 86, pd.NA]
    table = pd.DataFrame({"gene": "TP53", "detail": details})
    assert exon_numbers(table, exons).tolist() == [5, 5, 4, pd.NA]
