"""HER2 evidence: from cells as a laboratory wrote them to a small, comparable finding.

The rules of `her2` never see text.  This module turns one row (IHC score, stained percentage, ISH numbers, reported
call, recount) into a `Her2Evidence`: a score, the ISH groups that the numbers allow, the reported call, and flags for
everything that had to be re-spelled, divided, left out or doubted.  An evidence holds no raw number, so that a cohort
of any size has only a few hundred different ones.

References
----------
.. [1] Wolff AC et al., ASCO/CAP guideline focused update, J Clin Oncol 2018;36:2105-2122.
.. [2] Wolff AC et al., ASCO-CAP guideline update (affirmation), J Clin Oncol 2023;41:3867-3872.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from her2genomics.ish_signals import read_signals
from her2genomics.lab_values import Measured, PercentRange, clean, is_missing, read_number, read_percent

HER2_COLUMNS: tuple[str, ...] = (
    "ihc", "ihc_membrane_pct", "ish_assay", "fish_ratio", "fish_her2_cn", "fish_cep17_cn", "fish_cells",
    "ish_reported", "recount",
)  # fmt: skip

FAINT_STAINING_MAX_PCT = 10.0

EVIDENCE_FLAGS: dict[str, str] = {
    "NORMALISED": "the IHC score was written differently and has been re-spelled",
    "AMBIGUOUS_IHC": "the IHC cell allows several scores; taken as not known",
    "IHC_CONTRADICTS_PERCENT": "the stained percentage belongs to another IHC score",
    "SIGNALS_WERE_TOTALS": "signals were totals and have been divided by the counted cells",
    "SIGNALS_IMPLAUSIBLE": "more than 30 signals per cell and no usable cell count; left out",
    "RATIO_CONTRADICTS_SIGNALS": "the ratio is not HER2/CEP17 within the printed precision",
    "RATIO_WITHOUT_SIGNALS": "a ratio without HER2 signals forms no ISH group",
    "ISH_INCOMPLETE": "bounds or missing signals leave more than one ISH group open",
    "ASSAY_CONTRADICTS_VALUES": "the stated ISH assay cannot have produced the recorded values",
    "LEGACY_2013_EQUIVOCAL": "equivocal is an ISH category of 2013, abolished in 2018",
    "INVALID_VALUE": "a cell cannot be read; the row has no result",
}


@dataclass(frozen=True, slots=True)
class Her2Evidence:
    """What one row says about HER2, normalised.

    Parameters
    ----------
    ihc
        ``0``, ``1+``, ``2+``, ``3+``, or None.
    ihc_by_percent
        The score that the stained percentage would give, where it contradicts ``ihc``.
    staining
        For IHC 0: ``absent``, ``faint`` (some, in at most 10 %), or None when the percentage is not known.
    ish
        Where the ISH result comes from: ``dual`` (one group), ``contradictory`` (ratio against signals),
        ``partial`` (numbers that leave several groups open), ``single`` (HER2 probe only), ``reported`` (text only),
        ``none``.
    ish_groups
        The ISH groups that the numbers allow, ascending; empty without numbers.
    study_fish
        The study's own reading of FISH (ratio >= 2.0 and HER2 signals > 6.0); None when the numbers cannot tell.
    reported
        ``positive``, ``negative``, ``equivocal``, ``indeterminate``, or None.
    recount
        ``confirmed``, ``changed``, or None.
    flags
        What was done to the row, from `EVIDENCE_FLAGS`.
    problems
        One phrase per cell that cannot be read; not empty means that the row has no result.
    """

    ihc: str | None = None
    ihc_by_percent: str | None = None
    staining: str | None = None
    ish: str = "none"
    ish_groups: tuple[int, ...] = ()
    study_fish: bool | None = None
    reported: str | None = None
    recount: str | None = None
    flags: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read_evidence(cells: Mapping[str, str | None]) -> Her2Evidence:
    """Normalise one row.

    Parameters
    ----------
    cells
        Text of the columns in `HER2_COLUMNS`; None or absent means missing.  Any text is accepted.

    Examples
    --------
    >>> evidence = read_evidence({"ihc": "++", "fish_ratio": "1.1", "fish_her2_cn": "2.4"})
    >>> evidence.ihc, evidence.ish, evidence.ish_groups, evidence.flags
    ('2+', 'dual', (5,), ('NORMALISED',))
    """
    problems: list[str] = []
    ihc = _cell(_ihc_cell, "ihc", cells, problems) or _Ihc(None)
    percent = _cell(_percent_cell, "ihc_membrane_pct", cells, problems)
    ratio = _cell(_number_cell, "fish_ratio", cells, problems)
    her2 = _cell(_number_cell, "fish_her2_cn", cells, problems)
    cep17 = _cell(_number_cell, "fish_cep17_cn", cells, problems)
    nuclei = _cell(_nuclei_cell, "fish_cells", cells, problems)
    reported = _cell(_call_cell, "ish_reported", cells, problems)
    recount = _cell(_recount_cell, "recount", cells, problems)
    if problems:
        return Her2Evidence(flags=("INVALID_VALUE",), problems=tuple(problems))
    ish = read_signals(ratio, her2, cep17, nuclei)
    source = "reported" if ish.source == "none" and reported is not None else ish.source
    open_flags = () if reported in ("positive", "negative") else ish.open_flags
    by_percent = _score_by_percent(ihc.score, percent)
    two_probes = ratio is not None or cep17 is not None
    return Her2Evidence(
        ihc=ihc.score,
        ihc_by_percent=by_percent,
        staining=_staining(percent),
        ish=source,
        ish_groups=ish.groups,
        study_fish=ish.study_fish,
        reported=reported,
        recount=_recount_against(recount, ish.groups),
        flags=(
            *ihc.flags,
            *(("IHC_CONTRADICTS_PERCENT",) if by_percent else ()),
            *ish.flags,
            *open_flags,
            *_assay_flags(cells.get("ish_assay"), source, two_probes),
            *(("LEGACY_2013_EQUIVOCAL",) if reported == "equivocal" else ()),
        ),
    )


_Value = TypeVar("_Value")


class _UnreadableCellError(ValueError):
    """A cell that is neither missing nor readable; becomes a problem of the row."""


def _cell(
    read: Callable[[str, str], _Value | None], column: str, cells: Mapping[str, str | None], problems: list[str]
) -> _Value | None:
    """Read one cell, None when it is missing; what cannot be read is added to the problems."""
    text = cells.get(column)
    if text is None:
        return None
    try:
        return read(column, text)
    except _UnreadableCellError as error:
        short = " ".join(text.split())
        problems.append(f"{column} '{short if len(short) <= 40 else short[:37] + '...'}' {error}")
        return None


# --- immunohistochemistry -----------------------------------------------------------------------------------------

_IHC_LABELS = re.compile(r"\b(?:ihc|her-?2(?:/neu)?|c-?erbb-?2|scored?|is)\b[:=]?")
_IHC_WORDS = {
    "negative": ("0", "1+"), "equivocal": ("2+",), "positive": ("3+",), "indeterminate": ("0", "1+", "2+", "3+"),
}  # fmt: skip
_IHC_SCORE = re.compile(r"\+?([0-3])(?:\.0)?\+?")
_IHC_RANGE = re.compile(r"\+?([0-3])\+?(?:-|~|/|,|to|or)\+?([0-3])\+?")
_IHC_PLUSES = re.compile(r"\+{1,3}")


def read_ihc(text: str) -> tuple[str, ...] | None:
    """Return the IHC scores that a cell allows: one, several when it is ambiguous, None when it is no score.

    Examples
    --------
    >>> [read_ihc(t) for t in ("1+", "++", "IHC 2+", "score 1", "1+~2+", "negative", "4+")]
    [('1+',), ('2+',), ('2+',), ('1+',), ('1+', '2+'), ('0', '1+'), None]
    """
    core, labels = _IHC_LABELS.subn(" ", clean(text))
    said = [word for word in _IHC_WORDS if re.search(rf"\b{word}\b", core)]
    for word in said:
        core = core.replace(word, "")
    core = re.sub(r"[\s()\[\];:=]", "", core).strip(",.")
    if labels and core == "+":
        return ("1+", "3+")  # HER2+ is how people write "HER2-positive"
    allowed = {score for word in said for score in _IHC_WORDS[word]}
    if said and not core:
        return tuple(sorted(allowed))
    scores = _read_plain_ihc(core)
    if scores is None or not said or allowed.issuperset(scores):
        return scores
    return tuple(sorted(allowed.union(scores)))


def _read_plain_ihc(core: str) -> tuple[str, ...] | None:
    if core in ("-", "+-", "+/-", "±"):
        return ("0", "1+")
    if _IHC_PLUSES.fullmatch(core):
        return (f"{len(core)}+",)
    if (one := _IHC_SCORE.fullmatch(core)) is not None:
        return (_score(one[1]),)
    if (two := _IHC_RANGE.fullmatch(core)) is not None:
        return tuple(sorted({_score(two[1]), _score(two[2])}))
    return None


def _score(digit: str) -> str:
    return "0" if digit == "0" else f"{digit}+"


_IHC_AS_WRITTEN = frozenset({"0", "1+", "2+", "3+", "0.0"})  # 0.0 is how a numeric column prints its 0


@dataclass(frozen=True, slots=True)
class _Ihc:
    """An IHC score as read, with what had to be done to it."""

    score: str | None
    flags: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def _ihc_cell(_column: str, text: str) -> _Ihc | None:
    if is_missing(clean(text)):
        return None
    scores = read_ihc(text)
    if scores is None:
        raise _UnreadableCellError("is not 0, 1+, 2+ or 3+")
    if len(scores) > 1:
        return _Ihc(None, ("AMBIGUOUS_IHC",))
    return _Ihc(scores[0], () if text in _IHC_AS_WRITTEN else ("NORMALISED",))


@lru_cache(maxsize=65536)
def _percent_cell(_column: str, text: str) -> PercentRange | None:
    if is_missing(clean(text)):
        return None
    percent = read_percent(clean(text))
    if percent is None:
        raise _UnreadableCellError("is not a percentage")
    return percent


def _score_by_percent(ihc: str | None, percent: PercentRange | None) -> str | None:
    """Return the score that the percentage implies where the written score cannot be right."""
    if ihc is None or percent is None:
        return None
    if ihc == "0":
        return "1+" if percent.low > FAINT_STAINING_MAX_PCT else None
    if percent.high == 0 or (ihc == "1+" and percent.high <= FAINT_STAINING_MAX_PCT):
        return "0"
    return "2+" if ihc == "3+" and percent.high <= FAINT_STAINING_MAX_PCT else None


def _staining(percent: PercentRange | None) -> str | None:
    if percent is None or (percent.low == 0 and percent.high > 0):
        return None
    return "absent" if percent.high == 0 else "faint"


# --- in situ hybridisation ----------------------------------------------------------------------------------------


@lru_cache(maxsize=65536)
def _number_cell(_column: str, text: str) -> Measured | None:
    if is_missing(clean(text)):
        return None
    number = read_number(clean(text))
    if number is None or number.value == 0:
        raise _UnreadableCellError("is not a number above 0")
    return number


@lru_cache(maxsize=65536)
def _nuclei_cell(_column: str, text: str) -> Measured | None:
    """Return the number of counted nuclei; a bound or 0 says nothing about a mean."""
    if is_missing(clean(text)):
        return None
    number = read_number(clean(text))
    if number is None:
        raise _UnreadableCellError("is not a number of nuclei")
    return None if number.is_bound or number.value == 0 else number


@lru_cache(maxsize=4096)
def _assay_flags(text: str | None, source: str, two_probes: bool) -> tuple[str, ...]:
    """Compare the stated assay with the values that are there; the values decide."""
    stated = "" if text is None else clean(text)
    if (stated in ("none", "not done", "not performed") and source != "none") or ("single" in stated and two_probes):
        return ("ASSAY_CONTRADICTS_VALUES",)
    return ("ISH_INCOMPLETE",) if "dual" in stated and source == "single" else ()


# --- words --------------------------------------------------------------------------------------------------------

_ISH_LABELS = frozenset({"ish", "fish", "cish", "sish", "dish", "ddish", "her", "neu", "erbb", "gene", "result", "for"})
_ISH_CALLS = {
    "positive": "positive", "pos": "positive", "amplified": "positive", "amplification": "positive",
    "negative": "negative", "neg": "negative", "notamplified": "negative", "unamplified": "negative",
    "nonamplified": "negative", "equivocal": "equivocal", "borderline": "equivocal",
    "indeterminate": "indeterminate", "inconclusive": "indeterminate",
}  # fmt: skip
_NOT_AMPLIFIED = re.compile(r"\b(?:not|non|no)[ -]?(?:her-?2 )?(?:gene )?amplif(?:ied|ication)\b")


def read_ish_call(text: str) -> str | None:
    """Return the ISH call that a cleaned text reports, or None when it is not understood.

    Examples
    --------
    >>> [read_ish_call(t) for t in ("positive", "fish: not amplified", "equivocal", "not positive")]
    ['positive', 'negative', 'equivocal', None]
    """
    if text in ("+", "(+)", "fish+", "ish+"):
        return "positive"
    words = set(re.findall(r"[^\W\d_]+", _NOT_AMPLIFIED.sub("notamplified", text))) - _ISH_LABELS
    calls = {_ISH_CALLS.get(word) for word in words}
    return calls.pop() if len(calls) == 1 else None


@lru_cache(maxsize=4096)
def _call_cell(_column: str, text: str) -> str | None:
    if is_missing(clean(text)):
        return None
    call = read_ish_call(clean(text))
    if call is None:
        raise _UnreadableCellError("is not positive, negative or equivocal")
    return call


_RECOUNT_CHANGED = re.compile(r"changed(?:[ _-]?to)?[ _-]?(?:ish[ _-]?)?(?:group)?[ _-]?([1-5])?")


@lru_cache(maxsize=4096)
def _recount_cell(_column: str, text: str) -> str | None:
    """Return ``confirmed``, ``changed``, or ``changed N``."""
    word = clean(text)
    if is_missing(word) or word == "no":
        return None
    if word in ("confirmed", "unchanged", "same group", "same"):
        return "confirmed"
    match = _RECOUNT_CHANGED.fullmatch(word)
    if match is None:
        raise _UnreadableCellError("is not confirmed or changed_to_groupN")
    return f"changed {match[1] or ''}".strip()


def _recount_against(recount: str | None, groups: tuple[int, ...]) -> str | None:
    """Return whether the recount left the group as it was."""
    if recount is None or not recount.startswith("changed "):
        return recount
    return "confirmed" if groups == (int(recount[-1]),) else "changed"
