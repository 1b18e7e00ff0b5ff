"""What gene cells say, read and written in whole arrays, against one text at a time."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from her2genomics.cell_text import protein_classes, read_texts
from her2genomics.cohort import cohort_from_table

CASES = {
    "WT": [],
    "0": [],
    "1": [("other", None)],
    "H1047R": [("missense", "p.H1047R")],
    "p.E545K": [("missense", "p.E545K")],
    "P72=": [],
    "R213*": [("truncating", "p.R213*")],
    "K132fs*5": [("truncating", "p.K132fs*5")],
    "E746_A750del": [("inframe", "p.E746_A750del")],
    "L747_P753delinsS": [("inframe", "p.L747_P753delinsS")],
    "I162delinsNG": [("inframe", "p.I162delinsNG")],
    "Y163delins*": [("truncating", "p.Y163delins*")],
    "X125_splice": [("splice", "p.X125_splice")],
    "M1ext-5": [("other", "p.M1ext-5")],
    "M1?": [("other", "p.M1?")],
    "AMP": [("amplification", None)],
    " missense ; amp;": [("missense", None), ("amplification", None)],
    "K132fs*5;amp": [("truncating", "p.K132fs*5"), ("amplification", None)],
    "WT;R213*": [("truncating", "p.R213*")],
}


def test_every_kind_of_text() -> None:
    read = read_texts(pa.array(list(CASES), pa.large_string()))
    details = read.details.to_pylist()
    for i, events in enumerate(CASES.values()):
        mine = range(read.first[i], read.first[i] + read.count[i])
        assert [(read.kinds[k], details[k]) for k in mine] == events
    assert read.known.all()
    assert not read.unknown


@pytest.mark.parametrize("text", ["high", "H1047", "WT;high", "positive", "2.5", "", ";"])
def test_other_texts_are_not_of_the_vocabulary(text: str) -> None:
    read = read_texts(pa.array(["WT", text], pa.large_string()))
    assert read.known.tolist() == [True, False]
    assert read.unknown == ({1: text.split(";")[-1]} if text.strip(";") else {})


def test_no_texts_at_all() -> None:
    assert len(read_texts(pa.array([], pa.large_string())).kinds) == 0
    assert protein_classes(pa.array(["amplification"])).tolist() == [None]


def test_a_table_keeps_its_cells_through_reading_and_writing() -> None:
    cells = ["H1047R", "WT", None, "missense;amplification", "R213*;loss", "other", "H1047R"]
    table = pd.DataFrame({"sample_id": [f"s{i}" for i in range(7)], "TP53": cells, "PIK3CA": ["WT", *cells[:6]]})
    again = cohort_from_table(table).to_table()
    for gene in ("TP53", "PIK3CA"):
        assert again[gene].astype(object).fillna("not profiled").tolist() == table[gene].fillna("not profiled").tolist()
