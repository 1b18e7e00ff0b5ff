"""Normalisation of what laboratories write about HER2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.her2_evidence import EVIDENCE_FLAGS, HER2_COLUMNS, read_evidence, read_ihc, read_ish_call
from her2genomics.lab_values import clean


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("0", "0"), ("0+", "0"), (" 0 ", "0"), ("-0", None), ("1", "1+"), ("1+", "1+"), (" 1+ ", "1+"), ("+1", "1+"),
        ("1 +", "1+"), ("+", "1+"), ("(+)", "1+"), ("2", "2+"), ("2.0", "2+"), ("++", "2+"), ("2＋", "2+"), ("２＋", "2+"),
        ("3", "3+"), ("+++", "3+"), ("3⁺", "3+"), ("IHC 2+", "2+"), ("score 1", "1+"), ("Score: 3+", "3+"),
        ("HER2 1+", "1+"), ("HER-2/neu: 2+", "2+"), ("HER2(3+)", "3+"), ("c-erbB-2 (2+)", "2+"), ("3+ positive", "3+"),
        ("2+ (equivocal)", "2+"), ("0, negative", "0"), ("2+.", "2+"), ("negative (1+)", "1+"), ("positive", "3+"), ("Equivocal", "2+"),
        ("HER2 ++", "2+"), ("2+/2+", "2+"),
    ],
)  # fmt: skip
def test_spellings_of_one_score(text: str, score: str | None) -> None:
    assert read_ihc(text) == (None if score is None else (score,))


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("1+~2+", ("1+", "2+")), ("1-2+", ("1+", "2+")), ("1+ to 2+", ("1+", "2+")), ("0/1+", ("0", "1+")),
        ("2+ or 3+", ("2+", "3+")), ("1+–2+", ("1+", "2+")), ("negative", ("0", "1+")), ("(-)", ("0", "1+")),
        ("+/-", ("0", "1+")), ("HER2+", ("1+", "3+")), ("3+ negative", ("0", "1+", "3+")),
        ("Indeterminate", ("0", "1+", "2+", "3+")),
    ],
)  # fmt: skip
def test_ambiguous_scores_keep_every_reading(text: str, scores: tuple[str, ...]) -> None:
    assert read_ihc(text) == scores
    evidence = read_evidence({"ihc": text})
    assert evidence.ihc is None
    assert evidence.flags == ("AMBIGUOUS_IHC",)


@pytest.mark.parametrize(
    "text", ["4+", "4", "++++", "-1", "1.5", "Feb-01", "H-score 100", "HER2", "IHC", "weak", "low", "12", "2+3"]
)
def test_what_is_no_score_is_a_problem_that_names_the_value(text: str) -> None:
    evidence = read_evidence({"ihc": text})
    assert evidence.flags == ("INVALID_VALUE",)
    assert evidence.problems == (f"ihc '{text}' is not 0, 1+, 2+ or 3+",)


@pytest.mark.parametrize("text", ["0", "1+", "2+", "3+"])
def test_canonical_scores_are_not_flagged(text: str) -> None:
    assert read_evidence({"ihc": text}).flags == ()


@pytest.mark.parametrize("text", [" 1+", "1", "++", "IHC 2+", "3＋", "0+"])
def test_every_other_spelling_is_flagged(text: str) -> None:
    assert read_evidence({"ihc": text}).flags == ("NORMALISED",)


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("Positive", "positive"), ("POS", "positive"), ("amplified", "positive"), ("FISH+", "positive"), ("+", "positive"),
        ("HER2 gene amplification", "positive"), ("Negative", "negative"), ("not amplified", "negative"),
        ("non-amplified", "negative"), ("no amplification", "negative"), ("FISH: unamplified", "negative"),
        ("negative (not amplified)", "negative"), ("Equivocal", "equivocal"), ("Indeterminate", "indeterminate"),
        ("not positive", None), ("positive or negative", None), ("amplification not detected", None), ("1.8", None),
    ],
)  # fmt: skip
def test_reported_ish_calls(text: str, call: str | None) -> None:
    assert read_ish_call(clean(text)) == call


@pytest.mark.parametrize("text", ["[Not Available]", "Not Performed", "[Not Evaluated]", "NA", ""])
def test_words_for_not_done_are_missing_in_every_column(text: str) -> None:
    evidence = read_evidence(dict.fromkeys(HER2_COLUMNS, text))
    assert evidence == read_evidence({})


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("fish_ratio", "-1"), ("fish_ratio", "0"), ("fish_her2_cn", "not amplified"), ("fish_cep17_cn", "polysomy"),
        ("fish_cells", "many"), ("ihc_membrane_pct", "120"), ("ihc_membrane_pct", "-5"), ("ish_reported", "maybe"),
        ("recount", "done twice"),
    ],
)  # fmt: skip
def test_unreadable_cells_are_problems(column: str, text: str) -> None:
    evidence = read_evidence({"ihc": "2+", column: text})
    assert evidence.flags == ("INVALID_VALUE",)
    assert len(evidence.problems) == 1
    assert evidence.problems[0].startswith(f"{column} '{text}' is not")


def test_every_problem_of_a_row_is_named_and_long_text_is_cut() -> None:
    evidence = read_evidence({"ihc": "5+", "fish_ratio": "x" * 80})
    assert evidence.problems == (
        "ihc '5+' is not 0, 1+, 2+ or 3+",
        f"fish_ratio '{'x' * 37}...' is not a number above 0",
    )


@pytest.mark.parametrize(
    ("ihc", "percent", "staining", "by_percent"),
    [
        ("0", "0", "absent", None), ("0", "0.5", "faint", None), ("0", "10", "faint", None), ("0", "<=10%", None, None),
        ("0", "1-10%", "faint", None), ("0", "<1%", None, None), ("0", "10.1", "faint", "1+"), ("0", "11", "faint", "1+"),
        ("1+", "11", "faint", None), ("1+", "10", "faint", "0"), ("1+", "0", "absent", "0"), ("1+", "<10%", None, "0"),
        ("2+", "10", "faint", None), ("2+", "0", "absent", "0"), ("3+", "10", "faint", "2+"), ("3+", "10.5", "faint", None),
    ],
)  # fmt: skip
def test_percentage_against_score(ihc: str, percent: str, staining: str | None, by_percent: str | None) -> None:
    evidence = read_evidence({"ihc": ihc, "ihc_membrane_pct": percent})
    assert (evidence.staining, evidence.ihc_by_percent) == (staining, by_percent)
    assert ("IHC_CONTRADICTS_PERCENT" in evidence.flags) == (by_percent is not None)


@pytest.mark.parametrize(
    ("recount", "expected"),
    [
        ("confirmed", "confirmed"), ("changed_to_group1", "changed"), ("changed to group 5", "changed"),
        ("changed_to_group4", "confirmed"), ("changed", "changed"), ("not performed", None), ("no", None),
    ],
)  # fmt: skip
def test_recount_is_compared_with_the_first_group(recount: str, expected: str | None) -> None:
    assert read_evidence({"fish_ratio": "1.5", "fish_her2_cn": "4.8", "recount": recount}).recount == expected


@pytest.mark.parametrize(
    ("cells", "flags"),
    [
        ({"ish_assay": "none", "ish_reported": "positive"}, ("ASSAY_CONTRADICTS_VALUES",)),
        ({"ish_assay": "single", "fish_ratio": "1.1", "fish_her2_cn": "2.4"}, ("ASSAY_CONTRADICTS_VALUES",)),
        ({"ish_assay": "dual", "fish_her2_cn": "2.4"}, ("ISH_INCOMPLETE",)),
        ({"ish_assay": "dual", "fish_ratio": "1.1", "fish_her2_cn": "2.4"}, ()),
        ({"ish_assay": "single-probe CISH", "fish_her2_cn": "2.4"}, ()),
        ({"ish_assay": "reported", "ish_reported": "negative"}, ()),
        ({"ish_assay": "none"}, ()),
        ({"fish_her2_cn": "2.4"}, ()),
    ],
)
def test_the_stated_assay_is_checked_against_the_values(cells: dict[str, str | None], flags: tuple[str, ...]) -> None:
    assert read_evidence(cells).flags == flags


def test_a_reported_call_closes_what_the_numbers_leave_open() -> None:
    assert read_evidence({"fish_ratio": "3.2"}).flags == ("RATIO_WITHOUT_SIGNALS",)
    assert read_evidence({"fish_ratio": "3.2", "ish_reported": "positive"}).flags == ()


@given(st.dictionaries(st.sampled_from(HER2_COLUMNS), st.none() | st.text(max_size=20)))
def test_any_text_is_evidence_or_a_problem(cells: dict[str, str | None]) -> None:
    evidence = read_evidence(cells)
    assert set(evidence.flags) <= set(EVIDENCE_FLAGS)
    assert bool(evidence.problems) == ("INVALID_VALUE" in evidence.flags)
    assert evidence.ihc in (None, "0", "1+", "2+", "3+")
