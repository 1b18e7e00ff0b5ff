"""Regimen codes: what is read, what is flagged."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.outcome.regimen import VOCABULARY, parse_regimen, parse_regimens


@pytest.mark.parametrize(
    ("text", "phases", "chemotherapy", "anti_her2"),
    [
        ("TCbHP", [("T", "Cb", "H", "P")], "taxane+platinum", "trastuzumab+pertuzumab"),
        ("EC-T", [("E", "C"), ("T",)], "anthracycline+taxane", "none"),
        ("AC-TH", [("A", "C"), ("T", "H")], "anthracycline+taxane", "trastuzumab"),
        ("FEC-TX", [("F", "E", "C"), ("T", "X")], "anthracycline+taxane+capecitabine", "none"),
        ("4xEC + 4xT", [("E", "C"), ("T",)], "anthracycline+taxane", "none"),
        ("EC×4-T×4", [("E", "C"), ("T",)], "anthracycline+taxane", "none"),
        ("ddAC-wT", [("A", "C"), ("T",)], "anthracycline+taxane", "none"),
        ("CF", [("C", "F")], "other", "none"),
        ("HP", [("H", "P")], "none", "trastuzumab+pertuzumab"),
        ("none", [], "none", "none"),
    ],
)
def test_codes_of_the_vocabulary(text, phases, chemotherapy, anti_her2):
    regimen = parse_regimen(text)
    assert list(regimen.phases) == phases
    assert (regimen.chemotherapy, regimen.anti_her2) == (chemotherapy, anti_her2)
    assert regimen.flags == ()


@pytest.mark.parametrize(
    ("text", "flags", "unknown"),
    [
        ("FEC-D", ("UNKNOWN_CODE",), ("D",)),
        ("Taxol", ("UNKNOWN_CODE",), ("Taxol",)),
        ("TCHP", ("C_OR_CARBOPLATIN",), ()),
        ("TP", ("P_WITHOUT_H",), ()),
        ("EC-TX4", ("X_OR_CYCLES",), ()),
        ("T-DM1", ("UNKNOWN_CODE",), ("DM1",)),
    ],
)
def test_what_can_be_meant_in_two_ways_is_flagged(text, flags, unknown):
    regimen = parse_regimen(text)
    assert regimen.flags == flags
    assert regimen.unknown == unknown


def test_an_unknown_code_makes_no_class():
    assert parse_regimen("FEC-D").chemotherapy == "unknown"
    assert parse_regimen("FEC-D").anti_her2 == "unknown"
    assert parse_regimen("FEC-DH").anti_her2 == "trastuzumab"


@given(
    st.lists(st.lists(st.sampled_from(sorted(VOCABULARY)), min_size=1, max_size=4, unique=True), min_size=1, max_size=3)
)
def test_a_regimen_written_from_its_codes_is_read_back(phases):
    # "C" before "b" cannot occur: no code starts with b
    text = "-".join("".join(phase) for phase in phases)
    assert parse_regimen(text).phases == tuple(tuple(phase) for phase in phases)


def test_a_column_keeps_what_was_written_and_leaves_out_who_has_none():
    table = parse_regimens(pd.DataFrame({"sample_id": ["a", "b", "c"], "r": ["EC-T", None, " "]}), "r")
    assert table["sample_id"].tolist() == ["a"]
    assert table["regimen"].tolist() == ["EC-T"]
