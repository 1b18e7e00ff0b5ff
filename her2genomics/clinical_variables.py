"""Which columns of a sample table are clinical variables, and of what kind.

Identifiers, the evidence that defines the HER2 group itself, follow-up times and the burden (a family of its own) are
no clinical variables; everything left out is listed with the reason, so that nothing disappears in silence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import SchemaError

MAX_LEVELS = 12
"""More levels than this in a text column are taken for free text or an identifier."""
MAX_NUMERIC_CODES = 5
"""A column of at most this many distinct small whole numbers is taken as categories (grade 1/2/3, stage 0/1)."""

_IDENTIFIERS = frozenset({"sample_id", "patient_id", "panel_id", "assays", "sample_type", "source"})
_HER2_EVIDENCE = frozenset(
    {
        "ihc", "ihc_membrane_pct", "ihc_assay", "ish_assay", "fish_ratio", "fish_her2_cn", "fish_cep17_cn",
        "fish_cells", "ish_reported", "recount", "asco_cap_2018", "her2_group", "her2_tier4", "her2_flags",
        "her2_reason", "erbb2_log2", "erbb2_cna", "concordant",
    }
)  # fmt: skip
_FLAGS = ("_flags", "_reason")
_OUTCOME_ENDINGS = ("_months", "_event", "_days", "_status_time")
_POSITIVE_LEVELS = ("positive", "yes", "true", "1", "post", "high", "m1", "male")


@dataclass(frozen=True)
class ClinicalVariable:
    """One column and how it is tested.

    Parameters
    ----------
    name
        Column.
    kind
        ``binary``, ``categorical``, ``numeric`` or ``skipped``.
    levels
        Levels in order, for categories.
    counted
        The level whose share is reported, for two levels.
    reason
        Why it is skipped, or what to know.
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    counted: str | None = None
    reason: str = ""


def describe_variables(
    samples: pd.DataFrame, group: str, *, only: Sequence[str] | None = None
) -> list[ClinicalVariable]:
    """Decide for every column whether and how it is compared between groups.

    Parameters
    ----------
    samples
        Sample table of a cohort.
    group
        Column that makes the groups.
    only
        Columns to compare; others are not looked at.

    Raises
    ------
    SchemaError
        If ``only`` names a column that is not there.
    """
    if only is not None and (absent := [c for c in only if c not in samples]):
        raise SchemaError(
            f"no clinical column named {', '.join(absent)}", hint=f"there are: {', '.join(samples.columns)}"
        )
    names = list(only) if only is not None else [c for c in samples.columns if c != group and not c.startswith("tmb")]
    return [_describe(samples[name], group, samples[group], asked=only is not None) for name in names]


def _describe(values: pd.Series, group: str, groups: pd.Series, *, asked: bool) -> ClinicalVariable:
    name = str(values.name)
    if not asked and (reason := _reserved(name, group)):
        return ClinicalVariable(name, "skipped", reason=reason)
    present = values[values.notna() & groups.notna()]
    text = category_text(present)
    n_levels = text.nunique()
    if n_levels < 2:
        return ClinicalVariable(name, "skipped", reason="no value" if n_levels == 0 else "one value only")
    if is_numeric_column(present):
        return ClinicalVariable(name, "numeric")
    if n_levels > MAX_LEVELS:
        return ClinicalVariable(name, "skipped", reason=f"{n_levels} different texts: free text or an identifier")
    if _same_partition(text, groups[present.index]):
        return ClinicalVariable(name, "skipped", reason="the same partition as the groups")
    levels = tuple(sorted(text.unique(), key=level_order))
    if n_levels == 2:
        return ClinicalVariable(name, "binary", levels, counted_level(levels))
    return ClinicalVariable(name, "categorical", levels)


def is_her2_evidence(name: str) -> bool:
    """Return True for a column that the HER2 group is made of, or that is made of it."""
    return name in _HER2_EVIDENCE or "her2" in name.lower()


def _reserved(name: str, group: str) -> str:
    if name in _IDENTIFIERS or name.endswith(("_id", "_uuid", "barcode")):
        return "identifier"
    if is_her2_evidence(group) and is_her2_evidence(name):
        return "part of the HER2 evidence"
    if name.endswith(_FLAGS):
        return "flags"
    if is_followup(name):
        return "follow-up, censored: not a variable at diagnosis"
    return ""


def is_followup(name: str) -> bool:
    """Return whether a column holds a follow-up time or event, by the ending of its name.

    Examples
    --------
    >>> is_followup("os_months"), is_followup("suvmax")
    (True, False)
    """
    return name.endswith(_OUTCOME_ENDINGS)


def is_numeric_column(present: pd.Series) -> bool:
    """Return True when the values that are there are measured numbers, not codes of a few classes."""
    declared = schema.CLINICAL.by_name.get(str(present.name))
    if declared is not None:
        return declared.dtype in ("float", "int")
    numbers = pd.to_numeric(pd.Series(present.astype("string").unique()), errors="coerce")
    if numbers.isna().any():
        return False
    distinct = numbers.unique()
    return not (len(distinct) <= MAX_NUMERIC_CODES and all(float(v).is_integer() and 0 <= v < 10 for v in distinct))


def category_text(values: pd.Series) -> pd.Series:
    """Return the values as level names: text, with booleans as yes / no and whole numbers without a decimal point."""
    if values.dtype == "boolean" or values.dtype == "bool":
        return values.map({True: "yes", False: "no"}).astype("string")
    if pd.api.types.is_float_dtype(values.dtype):
        codes, distinct = pd.factorize(values)
        texts = pd.array([*(f"{number + 0.0:g}" for number in distinct), None], dtype="string")  # 0 for -0, too
        return pd.Series(texts.take(codes), index=values.index, name=values.name)
    return values.astype("string").str.strip()


def _same_partition(text: pd.Series, groups: pd.Series) -> bool:
    """Return whether levels and groups, none of them missing, are the same sets of samples."""
    levels, groups_ = pd.factorize(text)[0], pd.factorize(groups)[0]
    n = [len(np.unique(codes)) for codes in (levels, groups_, levels * (groups_.max() + 1) + groups_)]
    return n[0] == n[1] == n[2]


def level_order(level: str) -> tuple[int, float, str]:
    """Return the sorting key of a level: steps of a scale (2, 1+, G3, IIA) by their number, then text."""
    score = _score(level)
    return (1, 0.0, level) if score is None else (0, score, level)


def ordinal_scores(levels: Sequence[str]) -> list[float] | None:
    """Return the steps of a scale as numbers, or None where the levels are names.

    Understood are numbers, IHC scores (``2+``), grades (``G2``) and stages (``IIA``, ``Stage III``).

    Examples
    --------
    >>> ordinal_scores(["0", "1+", "3+"]), ordinal_scores(["I", "IIA", "IV"]), ordinal_scores(["NST", "lobular"])
    ([0.0, 1.0, 3.0], [1.0, 2.0, 4.0], None)
    """
    scores = [_score(level) for level in levels]
    return None if None in scores else [s for s in scores if s is not None]


_STAGES = {"I": 1.0, "II": 2.0, "III": 3.0, "IV": 4.0}


def _score(level: str) -> float | None:
    text = re.sub(r"^(?:stage|grade|g)\s*(?=[0-9IV])", "", level.strip(), flags=re.IGNORECASE).removesuffix("+")
    stage = re.fullmatch(r"(I{1,3}|IV)[ABC]?\d?", text)
    if stage:
        return _STAGES[stage.group(1)]
    try:
        return float(text)
    except ValueError:
        return None


def counted_level(levels: Sequence[str]) -> str:
    """Return the level of a two-level variable whose share is reported: positive, yes, 1 ... else the second.

    Examples
    --------
    >>> counted_level(["negative", "positive"]), counted_level(["NST", "lobular"])
    ('positive', 'lobular')
    """
    for wanted in _POSITIVE_LEVELS:
        for level in levels:
            if level.lower() == wanted:
                return level
    return levels[1]
