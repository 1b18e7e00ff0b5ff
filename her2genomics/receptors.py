"""Hormone-receptor status and surrogate subtype.

ER and PR are judged by the percentage of stained nuclei where one exact percentage is recorded, and by the laboratory's
own positive / negative where only a bin (``<10%``, ``50-59%``) or nothing is; a percentage and a status that disagree
are flagged.  Either receptor positive makes a tumour HR-positive; HR-negative needs both negative.

The surrogate subtype then combines HR, HER2, Ki67 and PR by one of three published rules:

=============== ================================================================================================
zhang2022       HR+/HER2-: Ki67 < 14 % luminal A, else luminal B; HR+/HER2+ luminal B whatever Ki67
stgallen2013    luminal A also needs PR >= 20 %; Ki67 is low below the laboratory's cut-off (20 % by default)
maisonneuve2014 Ki67 < 14 % luminal A, >= 20 % luminal B, and PR >= 20 % decides in between
=============== ================================================================================================

References
----------
.. [1] Allison KH et al., ASCO/CAP estrogen and progesterone receptor guideline update, J Clin Oncol 2020;38:1346-1366.
.. [2] Goldhirsch A et al., St Gallen consensus 2013, Ann Oncol 2013;24:2206-2223.
.. [3] Maisonneuve P et al., Breast Cancer Res 2014;16:R65.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.her2 import require_her2_groups
from her2genomics.lab_values import PercentRange, clean, distinct_cells, is_missing, read_percent

SubtypeRule = Literal["zhang2022", "stgallen2013", "maisonneuve2014"]

ER_LOW_MIN_PCT, ER_LOW_MAX_PCT = 1.0, 10.0
"""ER staining that the guideline calls "ER low positive", inclusive [%]."""
PR_CUTOFF_PCT = 20.0
KI67_CUTOFF_PCT: dict[str, float] = {"zhang2022": 14.0, "stgallen2013": 20.0}
MAISONNEUVE_KI67_PCT = (14.0, 20.0)
"""Ki67 from the first up to below the second is intermediate: PR decides."""

LUMINAL_A, LUMINAL_B, LUMINAL_B_HER2, HER2_ENRICHED, TNBC = (
    "LumA", "LumB_HER2neg", "LumB_HER2pos", "HER2_enriched", "TNBC",
)  # fmt: skip
LUMINAL_UNRESOLVED, INDETERMINATE = "luminal, unresolved", "indeterminate"
SUBTYPES: tuple[str, ...] = (
    LUMINAL_A, LUMINAL_B, LUMINAL_B_HER2, HER2_ENRICHED, TNBC, LUMINAL_UNRESOLVED, INDETERMINATE,
)  # fmt: skip

HR_FLAGS: dict[str, str] = {
    "ER_LOW": "1-10 % of nuclei ER-positive",
    "ER_NEGATIVE_PR_POSITIVE": "HR-positive by PR alone",
    "ER_MISSING": "ER is not known",
    "PR_MISSING": "PR is not known",
    "ER_STATUS_CONTRADICTS_PERCENT": "ER status and percentage disagree",
    "PR_STATUS_CONTRADICTS_PERCENT": "PR status and percentage disagree",
    "ER_INVALID_VALUE": "an ER cell cannot be read; ER is taken as not known",
    "PR_INVALID_VALUE": "a PR cell cannot be read; PR is taken as not known",
}
SUBTYPE_FLAGS: dict[str, str] = {
    "HER2_MISSING": "the HER2 group is indeterminate",
    "HER2_NEGATIVE_UNSPLIT": "HER2-negative, though it cannot be said whether zero or low",
    "HR_MISSING": "HR status is not known",
    "KI67_MISSING": "Ki67 is not known, or a bin that spans the cut-off",
    "PR_PCT_MISSING": "the PR percentage that decides is not known",
    "ER_NEGATIVE_PR_POSITIVE": "not classified by the strict table; treated as HR-positive",
    "KI67_INVALID_VALUE": "the Ki67 cell cannot be read",
    "PR_INVALID_VALUE": "the PR cell cannot be read",
}


# --- hormone receptors --------------------------------------------------------------------------------------------


def classify_hr(clinical: pd.DataFrame, *, cutoff: float = 1.0, inclusive: bool = True) -> pd.DataFrame:
    """Judge ER, PR and hormone-receptor status.

    Parameters
    ----------
    clinical
        Table with any of ``sample_id, er_pct, pr_pct`` [%, numbers or bins], ``er_status, pr_status`` [text].
    cutoff
        Percentage of stained nuclei from which a receptor is positive, in [0, 100].
    inclusive
        Whether the cut-off itself is positive (>= 1 %, the guideline) or not (> 1 %, as some studies write).

    Returns
    -------
    pandas.DataFrame
        ``sample_id, hr_status, er_status, pr_status`` [positive / negative / missing] and ``hr_flags`` (see
        `HR_FLAGS`), one row per input row, same index.

    Raises
    ------
    UsageError
        If the cut-off is not a percentage.

    Examples
    --------
    >>> table = pd.DataFrame({"sample_id": ["A", "B"], "er_pct": [0, 5], "pr_pct": [0, None]})
    >>> classify_hr(table)[["hr_status", "hr_flags"]].values.tolist()
    [['negative', ''], ['positive', 'ER_LOW']]
    """
    if not 0 <= cutoff <= 100:
        raise UsageError(f"receptor cut-off {cutoff:g} is not a percentage between 0 and 100")
    which, cells = distinct_cells(clinical, ("er_pct", "er_status", "pr_pct", "pr_status"))
    rows = [_hr(*texts, cutoff=cutoff, inclusive=inclusive) for texts in cells]
    names = ("hr_status", "er_status", "pr_status", "hr_flags")
    return _table(clinical, names, which, rows)


def _hr(
    er_pct: str | None, er_text: str | None, pr_pct: str | None, pr_text: str | None, *, cutoff: float, inclusive: bool
) -> tuple[str | None, str | None, str | None, str]:
    er, er_flags = _receptor("ER", er_pct, er_text, cutoff, inclusive)
    pr, pr_flags = _receptor("PR", pr_pct, pr_text, cutoff, inclusive)
    flags = [*er_flags, *pr_flags]
    if "positive" in (er, pr):
        hr = "positive"
        flags += ["ER_NEGATIVE_PR_POSITIVE"] if er == "negative" else []
    elif er is None or pr is None:
        hr = None
        flags += [f"{name}_MISSING" for name, status in (("ER", er), ("PR", pr)) if status is None]
    else:
        hr = "negative"
    return hr, er, pr, ";".join(flags)


def _receptor(
    name: str, pct_text: str | None, status_text: str | None, cutoff: float, inclusive: bool
) -> tuple[str | None, list[str]]:
    percent, pct_readable = _read_cell(pct_text, read_percent)
    written, status_readable = _read_cell(status_text, _read_status)
    if not (pct_readable and status_readable):
        return None, [f"{name}_INVALID_VALUE"]
    said = None if written in (None, "unknown") else written
    counted = None if percent is None else _by_percent(percent, cutoff, inclusive)
    exact = percent is not None and percent.is_exact
    status = counted if exact or said is None else said
    flags = [f"{name}_STATUS_CONTRADICTS_PERCENT"] if counted and said and counted != said else []
    if name == "ER" and _is_low(percent, status):
        flags.append("ER_LOW")
    return status, flags


def _by_percent(percent: PercentRange, cutoff: float, inclusive: bool) -> str | None:
    """Return the status on which every percentage of the range agrees."""
    low, high = ((end >= cutoff) if inclusive else (end > cutoff) for end in (percent.low, percent.high))
    if low != high:
        return None
    return "positive" if low else "negative"


def _is_low(percent: PercentRange | None, status: str | None) -> bool:
    """Return whether ER lies in 1-10 %: by its percentage, or as a positive in a bin that ends there."""
    if percent is None or percent.high > ER_LOW_MAX_PCT:
        return False
    return percent.low >= ER_LOW_MIN_PCT or (status == "positive" and percent.high >= ER_LOW_MIN_PCT)


_STATUS_DEGREES = frozenset({"low", "weak", "weakly", "moderate", "moderately", "strong", "strongly", "er", "pr", "hr"})
_STATUS_WORDS = {
    "positive": "positive", "pos": "positive", "+": "positive",
    "negative": "negative", "neg": "negative", "-": "negative",
    "indeterminate": "unknown", "equivocal": "unknown", "borderline": "unknown",
}  # fmt: skip


def _read_status(text: str) -> str | None:
    words = set(re.findall(r"[^\W_]+|\+|-$", text)) - _STATUS_DEGREES
    return _STATUS_WORDS.get(words.pop()) if len(words) == 1 else None


_Value = TypeVar("_Value")


def _read_cell(text: str | None, read: Callable[[str], _Value | None]) -> tuple[_Value | None, bool]:
    """Return the value of a cell and whether it was missing or readable."""
    if text is None or is_missing(clean(text)):
        return None, True
    value = read(clean(text))
    return value, value is not None


# --- surrogate subtype --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cutoffs:
    """Percentages: Ki67 is high from the first on, PR is asked from the second on, and PR is high from the third on."""

    ki67_high: float
    ki67_ask_pr: float | None
    pr_high: float


def classify_subtype(
    clinical_with_status: pd.DataFrame,
    *,
    rule: SubtypeRule = "zhang2022",
    ki67_cutoff: float | None = None,
    pr_cutoff: float = PR_CUTOFF_PCT,
) -> pd.DataFrame:
    """Assign the surrogate subtype.

    Parameters
    ----------
    clinical_with_status
        Table with ``her2_group`` and ``hr_status``; used where present: ``asco_cap_2018, her2_flags, er_status,
        pr_status, ki67_pct, pr_pct`` [%].
    rule
        Which rule; see the module's head.
    ki67_cutoff
        Ki67 from which a tumour is high [%]; 14 for zhang2022 and 20 for stgallen2013 unless given.  maisonneuve2014
        fixes its own two.
    pr_cutoff
        PR from which a tumour is high [%], inclusive; not used by zhang2022.

    Returns
    -------
    pandas.DataFrame
        ``sample_id, subtype`` (one of `SUBTYPES`) and ``subtype_flags`` (see `SUBTYPE_FLAGS`), same index.
        HER2-positive without luminal receptors is named HER2_enriched (HER2-positive non-luminal in St Gallen's words).

    Raises
    ------
    SchemaError
        If ``her2_group`` or ``hr_status`` is absent.
    UsageError
        If the rule is not known, or a cut-off is given that the rule does not have.

    Examples
    --------
    >>> table = pd.DataFrame({"her2_group": ["HER2-low"] * 2, "hr_status": ["positive"] * 2, "ki67_pct": [13, 14]})
    >>> classify_subtype(table)["subtype"].tolist()
    ['LumA', 'LumB_HER2neg']
    """
    cutoffs = _cutoffs(rule, ki67_cutoff, pr_cutoff)
    for column, maker in (("her2_group", "classify_her2"), ("hr_status", "classify_hr")):
        if column not in clinical_with_status.columns:
            raise SchemaError(f"missing column {column}", hint=f"run {maker} first and join its result")
    require_her2_groups(clinical_with_status)
    which, cells = distinct_cells(clinical_with_status, _SUBTYPE_COLUMNS)
    rows = [_subtype(*texts, cutoffs=cutoffs) for texts in cells]
    return _table(clinical_with_status, ("subtype", "subtype_flags"), which, rows)


_SUBTYPE_COLUMNS = (
    "her2_group", "asco_cap_2018", "her2_flags", "hr_status", "er_status", "pr_status", "ki67_pct", "pr_pct",
)  # fmt: skip


def _cutoffs(rule: str, ki67_cutoff: float | None, pr_cutoff: float) -> _Cutoffs:
    if rule not in (*KI67_CUTOFF_PCT, "maisonneuve2014"):
        raise UsageError(
            f"unknown subtype rule '{rule}'", hint=f"use one of: {', '.join((*KI67_CUTOFF_PCT, 'maisonneuve2014'))}"
        )
    for name, value in (("Ki67", ki67_cutoff), ("PR", pr_cutoff)):
        if value is not None and not 0 <= value <= 100:
            raise UsageError(f"{name} cut-off {value:g} is not a percentage between 0 and 100")
    if rule == "maisonneuve2014":
        if ki67_cutoff is not None:
            raise UsageError("maisonneuve2014 has its own Ki67 cut-offs (14 and 20 %)", hint="leave the cut-off out")
        return _Cutoffs(MAISONNEUVE_KI67_PCT[1], MAISONNEUVE_KI67_PCT[0], pr_cutoff)
    high = KI67_CUTOFF_PCT[rule] if ki67_cutoff is None else ki67_cutoff
    return _Cutoffs(high, None if rule == "zhang2022" else 0.0, pr_cutoff)


def _subtype(
    her2_group: str | None,
    asco_cap: str | None,
    her2_flags: str | None,
    hr_text: str | None,
    er_text: str | None,
    pr_text: str | None,
    ki67_text: str | None,
    pr_pct_text: str | None,
    *,
    cutoffs: _Cutoffs,
) -> tuple[str, str]:
    her2, flags = _her2_for_subtype(her2_group, asco_cap, her2_flags)
    hr, er, pr_status = (_read_cell(text, _read_status)[0] for text in (hr_text, er_text, pr_text))
    if her2 is None:
        return INDETERMINATE, "HER2_MISSING"
    if hr not in ("positive", "negative"):
        return INDETERMINATE, ";".join((*flags, "HR_MISSING"))
    if hr == "negative":
        return (HER2_ENRICHED if her2 == "positive" else TNBC), ";".join(flags)
    if er == "negative" and pr_status == "positive":
        flags.append("ER_NEGATIVE_PR_POSITIVE")
    if her2 == "positive":
        return LUMINAL_B_HER2, ";".join(flags)
    subtype, more = _luminal(ki67_text, pr_pct_text, pr_status, cutoffs)
    return subtype, ";".join((*flags, *more))


_UNSPLIT = frozenset({"CONCOMITANT_IHC_REQUIRED", "AMBIGUOUS_IHC", "IHC_CONTRADICTS_PERCENT"})


def _her2_for_subtype(group: str | None, asco_cap: str | None, flags: str | None) -> tuple[str | None, list[str]]:
    """Return positive or negative, or None when HER2 is indeterminate.

    A sample that is HER2-negative without a usable IHC score has no group, but it has a subtype.
    """
    if group is not None:
        return ("positive" if group == "HER2-positive" else "negative"), []
    if asco_cap == "negative" and flags is not None and _UNSPLIT & set(flags.split(";")):
        return "negative", ["HER2_NEGATIVE_UNSPLIT"]
    return None, []


def _luminal(
    ki67_text: str | None, pr_pct_text: str | None, pr_status: str | None, cutoffs: _Cutoffs
) -> tuple[str, list[str]]:
    """Return the subtype of an HR-positive, HER2-negative tumour."""
    ki67, readable = _read_cell(ki67_text, read_percent)
    if not readable:
        return LUMINAL_UNRESOLVED, ["KI67_INVALID_VALUE"]
    high = _side(ki67, cutoffs.ki67_high)
    ask_pr = False if cutoffs.ki67_ask_pr is None else _side(ki67, cutoffs.ki67_ask_pr)
    if high:
        return LUMINAL_B, []
    if high is None or ask_pr is None:
        return LUMINAL_UNRESOLVED, ["KI67_MISSING"]
    return _by_progesterone(pr_pct_text, pr_status, cutoffs.pr_high) if ask_pr else (LUMINAL_A, [])


def _by_progesterone(pr_pct_text: str | None, pr_status: str | None, cutoff: float) -> tuple[str, list[str]]:
    percent, readable = _read_cell(pr_pct_text, read_percent)
    if not readable:
        return LUMINAL_UNRESOLVED, ["PR_INVALID_VALUE"]
    high = _side(percent, cutoff)
    if high is None:
        return (LUMINAL_B, []) if pr_status == "negative" else (LUMINAL_UNRESOLVED, ["PR_PCT_MISSING"])
    return (LUMINAL_A if high else LUMINAL_B), []


def _side(percent: PercentRange | None, cutoff: float) -> bool | None:
    """Return whether a percentage is at least the cut-off; None when it is missing or a bin that spans it."""
    if percent is None or (percent.low >= cutoff) != (percent.high >= cutoff):
        return None
    return percent.low >= cutoff


def _table(
    clinical: pd.DataFrame,
    names: tuple[str, ...],
    which: npt.NDArray[np.intp],
    rows: Sequence[tuple[str | None, ...]],
) -> pd.DataFrame:
    """Return the results of the distinct rows, ``rows``, for each row of the table."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    ids = clinical["sample_id"] if "sample_id" in clinical.columns else clinical.index.to_series()
    return pd.DataFrame(
        {
            "sample_id": ids.astype("string"),
            **{name: pd.array(values, dtype="string").take(which) for name, values in zip(names, columns, strict=True)},
        },
        index=clinical.index,
    )
