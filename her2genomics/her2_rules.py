"""The HER2 rules: pure functions from evidence to result.

ASCO/CAP 2018 in one paragraph: IHC 3+ is positive under any ISH.  ISH group 1 is positive, group 5 negative.  With IHC
0 to 2+, groups 2 and 4 are negative with a comment; group 3 is positive with 2+ and negative with a comment with 0 and
1+; and for 2+ these three groups wait for a blinded recount.  Without IHC they decide nothing.  With a single probe, at
least 6.0 HER2 signals are positive, below 4.0 negative, and in between IHC decides or a second probe is needed.

Each rule is short because the evidence has been cleaned before; everything that cannot be decided gets no group.

References
----------
.. [1] Wolff AC et al., ASCO/CAP guideline focused update, J Clin Oncol 2018;36:2105-2122.
.. [2] Wolff AC et al., ASCO-CAP guideline update (affirmation), J Clin Oncol 2023;41:3867-3872.
.. [3] Bardia A et al., DESTINY-Breast06, N Engl J Med 2024;391:2110-2122 (IHC 0 with faint staining).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from her2genomics.her2_evidence import Her2Evidence

RESULT_FLAGS: dict[str, str] = {
    "NO_DATA": "neither IHC nor ISH",
    "ISH_REQUIRED": "IHC 2+ without ISH",
    "ULTRALOW_UNKNOWN": "IHC 0 without a percentage: ultralow cannot be excluded",
    "IHC_ISH_DISCORDANT": "IHC and ISH point to different results",
    "REPEAT_TEST": "the guideline asks for the test to be repeated",
    "NEGATIVE_WITH_COMMENT": "ISH group 2, 3 or 4 that the guideline reports as negative with a comment",
    "RECOUNT_REQUIRED": "provisional: a blinded recount of at least 20 cells is required",
    "ADJUDICATE": "the recount changed the ISH group",
    "CONCOMITANT_IHC_REQUIRED": "the ISH result cannot be used further without IHC of the same specimen",
    "DUAL_PROBE_REQUIRED": "single-probe ISH of 4.0 to below 6.0 signals needs a dual-probe assay",
    "TEXT_CONTRADICTS_NUMBERS": "the reported call and the ISH numbers disagree",
}


@dataclass(frozen=True, slots=True)
class Her2Result:
    """What one rule set says about one evidence.

    Parameters
    ----------
    asco_cap
        One of `schema.ASCO_CAP_CATEGORIES`; empty for a rule set that states no such result.
    group
        HER2-zero, HER2-low, HER2-positive, or None when it cannot be decided.
    tier
        The same with HER2-ultralow.
    flags
        From `RESULT_FLAGS`, in order of importance.
    reason
        What decided.
    """

    asco_cap: str
    group: str | None
    tier: str | None
    flags: tuple[str, ...]
    reason: str


# --- ASCO/CAP 2018 ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Call:
    """Result category, the flags that come with it, and a comment on what decided."""

    result: str
    flags: tuple[str, ...] = ()
    note: str = ""


def apply_ascocap2018(evidence: Her2Evidence) -> Her2Result:
    """Decide one evidence by ASCO/CAP 2018, affirmed 2023.

    A stained percentage that belongs to another score is decided under both scores; what they do not share is missing.
    """
    if evidence.problems:
        return _unreadable(evidence)
    call = _guideline_call(evidence.ihc, evidence)
    result = _result(call, evidence.ihc, evidence)
    if evidence.ihc_by_percent is None:
        return result
    other_call = _guideline_call(evidence.ihc_by_percent, evidence)
    return _shared(result, _result(other_call, evidence.ihc_by_percent, evidence), evidence)


def _guideline_call(ihc: str | None, evidence: Her2Evidence) -> _Call:
    if ihc == "3+":
        return _ihc_3(evidence)
    if evidence.recount == "changed":
        return _Call("indeterminate", ("ADJUDICATE",), "the recount changed the ISH group")
    call = _CALLS[evidence.ish](ihc, evidence)
    if _text_contradicts(call, evidence):
        return _Call("indeterminate", ("TEXT_CONTRADICTS_NUMBERS",), "the reported call disagrees with the numbers")
    return call


def _text_contradicts(call: _Call, evidence: Her2Evidence) -> bool:
    """Return whether a reported positive or negative disagrees with what the numbers say."""
    if not evidence.ish_groups or evidence.reported not in ("positive", "negative"):
        return False
    if evidence.ish == "partial":
        return _beyond_the_ratio(evidence)
    return call.result in ("positive", "negative") and call.result != evidence.reported


def _beyond_the_ratio(evidence: Her2Evidence) -> bool:
    """Return whether a reported call lies on the other side of ratio 2.0 than every open group."""
    amplified = {group <= 2 for group in evidence.ish_groups}
    return amplified == {evidence.reported == "negative"}


def _ihc_3(evidence: Her2Evidence) -> _Call:
    """IHC 3+ is positive under any ISH; an ISH that is not group 1 is flagged."""
    flags = []
    by_text = evidence.ish in ("reported", "partial") and evidence.reported is not None
    not_group_1 = bool(evidence.ish_groups) and 1 not in evidence.ish_groups
    if evidence.reported == "negative" if by_text else not_group_1:
        flags.append("IHC_ISH_DISCORDANT")
    numbers = _PLAIN_NUMBERS.get(evidence.ish_groups)
    if numbers is not None and evidence.reported in ("positive", "negative") and evidence.reported != numbers:
        flags.append("TEXT_CONTRADICTS_NUMBERS")
    return _Call("positive", tuple(flags))


_PLAIN_NUMBERS = {(1,): "positive", (1, 3): "positive", (5,): "negative", (2, 5): "negative"}
"""What ISH numbers say by themselves, whatever the IHC: groups 1 and 5, and the outer bands of a single probe."""


def _without_ish(ihc: str | None, evidence: Her2Evidence) -> _Call:
    """IHC alone; a re-spelled or ambiguous IHC cell is to be looked at before another test is ordered."""
    look_at_cell_first = "NORMALISED" in evidence.flags or "AMBIGUOUS_IHC" in evidence.flags
    if ihc is None:
        return _Call("unknown", () if look_at_cell_first else ("NO_DATA",), "nothing to decide by")
    if ihc == "2+":
        return _Call("equivocal", () if look_at_cell_first else ("ISH_REQUIRED",), "ISH is required")
    return _Call("negative", ("ULTRALOW_UNKNOWN",) if ihc == "0" and evidence.staining is None else ())


def _dual_probe(ihc: str | None, evidence: Her2Evidence) -> _Call:
    return _in_group(evidence.ish_groups[0], ihc, evidence)


def _in_group(group: int, ihc: str | None, evidence: Her2Evidence) -> _Call:
    if group == 1:
        return _ish_positive(ihc)
    if group == 5:
        return _ish_negative(ihc)
    if ihc is None:
        return _Call("indeterminate", ("CONCOMITANT_IHC_REQUIRED",), "IHC of the same specimen is required")
    recount = ("RECOUNT_REQUIRED",) if ihc == "2+" and evidence.recount is None else ()
    note = "provisional until the blinded recount of at least 20 cells" if recount else ""
    if group == 3 and ihc == "2+":
        return _Call("positive", recount, note)
    return _Call("negative", ("NEGATIVE_WITH_COMMENT", *recount), note)


def _ish_positive(ihc: str | None) -> _Call:
    if ihc in ("0", "1+"):
        return _Call("positive", ("IHC_ISH_DISCORDANT", "REPEAT_TEST"))
    return _Call("positive")


def _ish_negative(ihc: str | None) -> _Call:
    if ihc is None:
        return _Call("negative", ("CONCOMITANT_IHC_REQUIRED",), "without IHC it cannot be split into zero and low")
    return _Call("negative")


def _single_probe(ihc: str | None, evidence: Her2Evidence) -> _Call:
    if evidence.ish_groups == (1, 3):
        return _ish_positive(ihc)
    if evidence.ish_groups == (2, 5):
        return _ish_negative(ihc)
    if ihc is None:
        return _Call("indeterminate", ("CONCOMITANT_IHC_REQUIRED", "DUAL_PROBE_REQUIRED"), "IHC or two probes required")
    if ihc == "2+":
        return _Call("indeterminate", ("DUAL_PROBE_REQUIRED",), "a dual-probe assay is required")
    return _Call("negative")


def _reported_only(ihc: str | None, evidence: Her2Evidence) -> _Call:
    match evidence.reported:
        case "positive":
            return _ish_positive(ihc)
        case "negative":
            return _ish_negative(ihc)
        case "equivocal":
            note = "equivocal was abolished in 2018; regroup by ratio and signals"
            return _Call("equivocal", (), note) if ihc in (None, "2+") else _Call("negative")
    if ihc in (None, "2+"):
        return _Call("indeterminate", ("REPEAT_TEST",), "the ISH test gave no result")
    return _without_ish(ihc, evidence)


def _contradictory_ratio(_ihc: str | None, _evidence: Her2Evidence) -> _Call:
    return _Call("indeterminate", (), "the ratio is not HER2/CEP17, and the ISH group depends on it")


def _partial_numbers(ihc: str | None, evidence: Her2Evidence) -> _Call:
    """Several groups are open: a reported call decides, or else what the groups share."""
    if evidence.reported in ("positive", "negative"):
        return _reported_only(ihc, evidence)
    open_calls = [_in_group(group, ihc, evidence) for group in evidence.ish_groups]
    if len({call.result for call in open_calls}) == 1 and ihc is not None:
        return _Call(open_calls[0].result)
    if ihc == "2+":
        return _Call("equivocal", ("ISH_REQUIRED",), "ISH numbers are incomplete, a complete ISH is required")
    return _Call("indeterminate", ("CONCOMITANT_IHC_REQUIRED",) if ihc is None else (), "ISH numbers are incomplete")


_CALLS: dict[str, Callable[[str | None, Her2Evidence], _Call]] = {
    "none": _without_ish,
    "dual": _dual_probe,
    "single": _single_probe,
    "reported": _reported_only,
    "contradictory": _contradictory_ratio,
    "partial": _partial_numbers,
}


# --- the study's rule ---------------------------------------------------------------------------------------------


def apply_zhang2022(evidence: Her2Evidence) -> Her2Result:
    """Decide one evidence by the rule that the HER2-low panel study states.

    IHC 3+ is positive; 0 and 1+ are never upgraded; for 2+ FISH is positive with a ratio >= 2.0 and more than 6.0 HER2
    signals, recounts are not considered, single-probe ISH decides nothing, and a reported call is accepted where there
    are no complete numbers.
    """
    if evidence.problems:
        return _unreadable(evidence)
    result = _result(_study_call(evidence.ihc, evidence), evidence.ihc, evidence)
    if evidence.ihc_by_percent is None:
        return result
    other = _result(_study_call(evidence.ihc_by_percent, evidence), evidence.ihc_by_percent, evidence)
    return _shared(result, other, evidence)


def _study_call(ihc: str | None, evidence: Her2Evidence) -> _Call:
    match ihc:
        case "3+":
            return _Call("positive")
        case "0" | "1+":
            return _Call("negative", (), "" if evidence.ish == "none" else "FISH is read for IHC 2+ only")
        case "2+":
            return _study_fish(evidence)
    return _Call("indeterminate", (), "the study's rule starts from IHC")


def _study_fish(evidence: Her2Evidence) -> _Call:
    if _text_contradicts(_CALLS[evidence.ish]("2+", evidence), evidence):
        return _Call("indeterminate", (), "the reported call disagrees with the numbers")
    if evidence.study_fish is not None:
        word = {True: "positive", False: "negative"}[evidence.study_fish]
        both = {True: "ratio >= 2.0 and HER2 signals > 6.0", False: "not both ratio >= 2.0 and HER2 signals > 6.0"}
        return _Call(word, (), f"FISH {word}, {both[evidence.study_fish]}")
    if evidence.ish in ("reported", "partial") and evidence.reported in ("positive", "negative"):
        return _Call(evidence.reported, (), "by the reported call")
    return _Call("indeterminate", (), "no usable FISH")


# --- from call to result ------------------------------------------------------------------------------------------


def _result(call: _Call, ihc: str | None, evidence: Her2Evidence) -> Her2Result:
    group = _group(call.result, ihc)
    tier = "HER2-ultralow" if group == "HER2-zero" and evidence.staining == "faint" else group
    return Her2Result(call.result, group, tier, call.flags, _reason(ihc, evidence, call.note))


def _group(result: str, ihc: str | None) -> str | None:
    if result == "positive":
        return "HER2-positive"
    if result == "negative" and ihc is not None:
        return "HER2-zero" if ihc == "0" else "HER2-low"
    return None


def _reason(ihc: str | None, evidence: Her2Evidence, note: str) -> str:
    score = ihc or ("ambiguous" if "AMBIGUOUS_IHC" in evidence.flags else "not known")
    reason = f"IHC {score}, {_ish_words(evidence)}"
    if ihc == "0" and evidence.staining is not None:
        reason += f", {_STAINING_WORDS[evidence.staining]}"
    elif ihc == "0":
        reason += ", percentage not recorded (ultralow cannot be excluded)"
    return f"{reason}: {note}" if note else reason


_STAINING_WORDS = {"absent": "no staining", "faint": "faint staining in at most 10 %"}


def _ish_words(evidence: Her2Evidence) -> str:
    words = _ish_finding_words(evidence)
    if evidence.ish_groups and evidence.reported:
        words += f", reported {evidence.reported}"
    return f"{words}, recount {evidence.recount}" if evidence.recount else words


def _ish_finding_words(evidence: Her2Evidence) -> str:
    groups = " or ".join(map(str, evidence.ish_groups))
    match evidence.ish:
        case "dual":
            return f"ISH group {groups}"
        case "single":
            return f"single-probe ISH {_SINGLE_WORDS[evidence.ish_groups]}"
        case "reported":
            return f"ISH reported {evidence.reported}"
        case "contradictory" | "partial":
            return f"ISH group {groups}"
    return "no ISH"


_SINGLE_WORDS: dict[tuple[int, ...], str] = {
    (1, 3): ">= 6.0 signals",
    (1, 4): "4.0 to < 6.0 signals",
    (2, 5): "< 4.0 signals",
}


def _shared(by_score: Her2Result, by_percent: Her2Result, evidence: Her2Evidence) -> Her2Result:
    """Return what two results have in common when score and percentage contradict each other."""
    same = by_score.group == by_percent.group
    return Her2Result(
        by_score.asco_cap if by_score.asco_cap == by_percent.asco_cap else "indeterminate",
        by_score.group if same else None,
        by_score.tier if same and by_score.tier == by_percent.tier else None,
        tuple(dict.fromkeys((*by_score.flags, *by_percent.flags))),
        f"{by_score.reason}; the stained percentage belongs to IHC {evidence.ihc_by_percent}",
    )


def _unreadable(evidence: Her2Evidence) -> Her2Result:
    return Her2Result("error", None, None, (), f"invalid value: {'; '.join(evidence.problems)}")
