"""HER2 status: IHC and ISH to the ASCO/CAP result, the group zero / low / positive, and the reason.

Two layers.  `her2_evidence` turns what a laboratory wrote into a `Her2Evidence` without text or raw numbers, and
`her2_rules` decides it, one pure function per rule set.  This module applies both to a table; rows are decided once per
distinct evidence, so that a large cohort costs little more than reading it.

``ascocap2018`` is the guideline (affirmed in 2023): ISH can overrule IHC 0 and 1+, and the ISH group decides IHC 2+.
``zhang2022`` is what the HER2-low panel-sequencing study states: FISH is read for IHC 2+ only and is positive with a
ratio >= 2.0 *and* more than 6.0 signals.  They differ for real patients; `compare_rules` lists them.

HER2-low and HER2-ultralow are therapeutic tiers, not result categories of the guideline, and whatever cannot be decided
is missing with the reason, never "low".
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Literal

import pandas as pd

from her2genomics.exceptions import DataWarning, SchemaError, UsageError
from her2genomics.her2_evidence import EVIDENCE_FLAGS, HER2_COLUMNS, Her2Evidence, read_evidence
from her2genomics.her2_rules import RESULT_FLAGS, apply_ascocap2018, apply_zhang2022
from her2genomics.lab_values import distinct_cells
from her2genomics.schema import HER2_GROUPS, HER2_TIERS

Her2Rule = Literal["ascocap2018", "zhang2022"]
HER2_RULES: tuple[Her2Rule, ...] = ("ascocap2018", "zhang2022")

HER2_FLAGS: dict[str, str] = EVIDENCE_FLAGS | RESULT_FLAGS
"""Every flag of ``her2_flags`` with its meaning."""


def classify_her2(clinical: pd.DataFrame, *, rule: Her2Rule = "ascocap2018") -> pd.DataFrame:
    """Classify every row of a clinical table.

    Parameters
    ----------
    clinical
        Table with any of ``sample_id, ihc, ihc_membrane_pct`` [%], ``ish_assay`` [dual / single / reported / none;
        inferred when absent], ``fish_ratio, fish_her2_cn, fish_cep17_cn`` [signals per cell], ``fish_cells`` [nuclei],
        ``ish_reported, recount``.  Text and numbers are accepted; text keeps the printed precision.
    rule
        Which rule set decides ``her2_group``, ``her2_tier4`` and ``her2_reason``.

    Returns
    -------
    pandas.DataFrame
        One row per input row, same index, with the columns of `schema.HER2_STATUS`.  ``asco_cap_2018`` and
        ``her2_flags`` always follow ASCO/CAP 2018.  ``her2_group`` and ``her2_tier4`` are ordered categoricals, missing
        where the result is indeterminate; ``her2_reason`` is never empty.  Rows with a cell that cannot be read are
        kept with ``asco_cap_2018`` = ``error`` (see `invalid_rows`).

    Raises
    ------
    UsageError
        If the rule is not known.

    Warns
    -----
    DataWarning
        If the table has none of the HER2 columns.

    Examples
    --------
    >>> table = pd.DataFrame({"sample_id": ["A", "B"], "ihc": ["1+", "2+"], "ish_reported": [None, "negative"]})
    >>> classify_her2(table)["her2_group"].tolist()
    ['HER2-low', 'HER2-low']
    """
    if rule not in HER2_RULES:
        raise UsageError(f"unknown HER2 rule '{rule}'", hint=f"use one of: {', '.join(HER2_RULES)}")
    if not set(HER2_COLUMNS) & set(clinical.columns):
        warnings.warn(f"no HER2 column in the table; looked for {', '.join(HER2_COLUMNS)}", DataWarning, stacklevel=2)
    which, rows = distinct_cells(clinical, HER2_COLUMNS)
    results = [_status(read_evidence(dict(zip(HER2_COLUMNS, row, strict=True))), rule) for row in rows]
    asco_cap, group, tier, flags, reason = zip(*results, strict=True) if results else ((),) * 5
    return pd.DataFrame(
        {
            "sample_id": _sample_ids(clinical),
            "asco_cap_2018": pd.array(asco_cap, dtype="string").take(which),
            "her2_group": pd.Categorical(group, categories=HER2_GROUPS, ordered=True).take(which),
            "her2_tier4": pd.Categorical(tier, categories=HER2_TIERS, ordered=True).take(which),
            "her2_flags": pd.array(flags, dtype="string").take(which),
            "her2_reason": pd.array(reason, dtype="string").take(which),
        },
        index=clinical.index,
    )


def _sample_ids(clinical: pd.DataFrame) -> pd.Series:
    if "sample_id" in clinical.columns:
        return clinical["sample_id"].astype("string")
    return clinical.index.to_series().astype("string")


@lru_cache(maxsize=65536)
def _status(evidence: Her2Evidence, rule: Her2Rule) -> tuple[str, str | None, str | None, str, str]:
    guideline = apply_ascocap2018(evidence)
    chosen = guideline if rule == "ascocap2018" else apply_zhang2022(evidence)
    flags = ";".join((*evidence.flags, *guideline.flags))
    return guideline.asco_cap, chosen.group, chosen.tier, flags, chosen.reason


def invalid_rows(status: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a HER2 status table whose input could not be read; their reason names the values."""
    return status.loc[(status["asco_cap_2018"] == "error").fillna(False)]


def compare_rules(clinical: pd.DataFrame) -> pd.DataFrame:
    """List the samples on which ``ascocap2018`` and ``zhang2022`` disagree.

    Parameters
    ----------
    clinical
        As for `classify_her2`.

    Returns
    -------
    pandas.DataFrame
        ``sample_id, asco_cap_2018, ascocap2018_group, zhang2022_group, ascocap2018_reason, zhang2022_reason,
        her2_flags`` of the disagreeing rows, in input order; a missing group is a result of its own.

    Examples
    --------
    >>> table = pd.DataFrame({"sample_id": ["A"], "ihc": ["1+"], "fish_ratio": ["3.2"], "fish_her2_cn": ["9.6"]})
    >>> compare_rules(table)[["ascocap2018_group", "zhang2022_group"]].values.tolist()
    [['HER2-positive', 'HER2-low']]
    """
    guideline, study = (classify_her2(clinical, rule=rule) for rule in HER2_RULES)
    differ = guideline["her2_group"].astype("string").fillna("") != study["her2_group"].astype("string").fillna("")
    table = pd.DataFrame(
        {
            "sample_id": guideline["sample_id"],
            "asco_cap_2018": guideline["asco_cap_2018"],
            "ascocap2018_group": guideline["her2_group"],
            "zhang2022_group": study["her2_group"],
            "ascocap2018_reason": guideline["her2_reason"],
            "zhang2022_reason": study["her2_reason"],
            "her2_flags": guideline["her2_flags"],
        }
    )
    return table.loc[differ]


def require_her2_groups(table: pd.DataFrame) -> None:
    """Check at the door that ``her2_group`` holds nothing but the three groups and missing values.

    Raises
    ------
    SchemaError
        If another word is used for a group.
    """
    unknown = table["her2_group"].notna() & ~table["her2_group"].isin(HER2_GROUPS)
    if unknown.any():
        row = table.loc[unknown].iloc[0]
        raise SchemaError(
            f"value '{row['her2_group']}' is not one of {' / '.join(HER2_GROUPS)}",
            sample=str(row["sample_id"]) if "sample_id" in table.columns else None,
            column="her2_group",
        )
