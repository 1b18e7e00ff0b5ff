"""Synonyms: what is recognised, what is asked about, what is left alone."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.exceptions import AmbiguousInputError
from her2genomics.io.alterations import ALTERATION_SYNONYMS, CLASS_WORDS
from her2genomics.io.clinical_synonyms import CLINICAL_SYNONYMS, FOLLOWUP_SYNONYMS, UNIT_SYNONYMS
from her2genomics.io.column_names import index_synonyms, known_columns, name_key, recognise_columns, render_synonyms
from her2genomics.io.maf import MAF_SYNONYMS
from her2genomics.io.segments import GENE_TABLE_SYNONYMS, SEG_SYNONYMS
from her2genomics.io.structural import STRUCTURAL_SYNONYMS
from her2genomics.io.table_head import MISSING_MARKERS

SYNONYMS = {"er_pct": ("er_positive_pct",), "ihc": ("her2_ihc", "her2_ihc_score"), "sample_id": ("sample",)}


def strings(**columns):
    return pd.DataFrame({name: pd.array(values, dtype="string") for name, values in columns.items()})


@pytest.mark.parametrize(
    "synonyms",
    [
        CLINICAL_SYNONYMS | UNIT_SYNONYMS | FOLLOWUP_SYNONYMS, MAF_SYNONYMS, SEG_SYNONYMS, GENE_TABLE_SYNONYMS,
        STRUCTURAL_SYNONYMS, ALTERATION_SYNONYMS,
    ],
)  # fmt: skip
def test_no_name_stands_for_two_columns(synonyms):
    meanings = defaultdict(set)
    for column, words in synonyms.items():
        for word in (column, *words):
            meanings[name_key(word)].add(column)
    assert {word: columns for word, columns in meanings.items() if len(columns) > 1} == {}


def test_every_clinical_column_has_its_entry():
    assert set(CLINICAL_SYNONYMS) == set(schema.CLINICAL.names)


@given(st.sampled_from(["her2_ihc_score", "er_positive_pct"]), st.data())
def test_case_blanks_and_punctuation_do_not_matter(name, data):
    parts = name.split("_")
    glue = data.draw(
        st.lists(st.sampled_from(["_", " ", "-", ".", "/", "", " ("]), min_size=len(parts), max_size=len(parts))
    )
    written = "".join(p + g for p, g in zip(parts, glue, strict=True))
    assert name_key(data.draw(st.sampled_from([written, written.upper(), written.title()]))) == name_key(name)


def test_percent_in_any_spelling():
    assert {name_key(n) for n in ("ER %", "er_pct", "ER (percent)", "er percentage", "ER_PCT")} == {"erpct"}


def test_unknown_columns_keep_name_and_place():
    found = recognise_columns(strings(x=["1"], Sample=["P1"], y=["2"]), SYNONYMS)
    assert list(found.table.columns) == ["x", "sample_id", "y"]
    assert found.report["how"].tolist() == ["kept under its own name", "synonym", "kept under its own name"]
    assert found.report["recognised_as"].isna().tolist() == [True, False, True]
    assert found.written_as("sample_id") == "Sample"
    assert found.written_as("y") == "y"


def test_own_name_goes_before_a_synonym():
    found = recognise_columns(strings(her2_ihc=["0"], ihc=["3+"]), SYNONYMS)
    assert found.table.iloc[0].to_dict() == {"her2_ihc": "0", "ihc": "3+"}
    assert found.report["note"].tolist() == ["ihc goes before it", ""]


def test_two_synonyms_that_agree_are_joined():
    table = strings(her2_ihc=["1+", None, "2.0"], her2_ihc_score=["1+", "3+", "2"])
    found = recognise_columns(table, SYNONYMS)
    assert found.table["ihc"].tolist() == ["1+", "3+", "2.0"]
    assert found.report["how"].tolist() == ["synonym", "agrees with her2_ihc, joined"]


def test_two_synonyms_that_differ_are_asked_about():
    table = strings(sample=["P1", "P2"], her2_ihc=["1+", "0"], her2_ihc_score=["1+", "3+"])
    with pytest.raises(AmbiguousInputError, match=r"x\.tsv: sample P2: columns 'her2_ihc' and 'her2_ihc_score' can both be "
                       r"ihc and differ in 1 rows \('0' and '3\+'\); rename the right one to ihc"):  # fmt: skip
        recognise_columns(table, SYNONYMS, identifier=("sample_id",), path="x.tsv")


def test_priority_takes_the_synonym_that_stands_first():
    table = strings(her2_ihc_score=["3+"], her2_ihc=["0"])
    found = recognise_columns(table, SYNONYMS, by_priority=("ihc",))
    assert found.table["ihc"].tolist() == ["0"]
    assert found.table["her2_ihc_score"].tolist() == ["3+"]


def test_known_columns_are_those_of_the_index():
    assert known_columns(["Sample", "x", "ER positive %"], SYNONYMS) == ["Sample", "ER positive %"]
    assert index_synonyms(SYNONYMS)["sample"] == "sample_id"


@pytest.mark.parametrize(
    "synonyms",
    [CLINICAL_SYNONYMS, UNIT_SYNONYMS, FOLLOWUP_SYNONYMS, MAF_SYNONYMS, SEG_SYNONYMS, GENE_TABLE_SYNONYMS,
     STRUCTURAL_SYNONYMS, ALTERATION_SYNONYMS],
)  # fmt: skip
def test_docs_list_every_synonym(repository, synonyms):
    page = (repository / "docs" / "inputs.md").read_text(encoding="utf-8")
    assert render_synonyms(synonyms) in page, "docs/inputs.md is behind: paste the table of render_synonyms"


def test_docs_list_every_missing_marker_and_class_word(repository):
    page = (repository / "docs" / "inputs.md").read_text(encoding="utf-8")
    assert [marker for marker in MISSING_MARKERS if marker and f"`{marker}`" not in page] == []
    assert [word for word, meaning in CLASS_WORDS.items() if f"`{word}` = {meaning}" not in page] == []
