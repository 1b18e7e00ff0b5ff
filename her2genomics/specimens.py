"""One specimen per patient, by a stated policy.

A patient can have a biopsy, a resection and a metastasis, each with its own HER2 result.  Which of them stands for the
patient changes the groups, so that it is a decision of the user: the policy is an argument, every row that is left out
comes back with the reason, and what the policy cannot decide is refused or, for ties, announced.
"""

from __future__ import annotations

import warnings
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from her2genomics.exceptions import AmbiguousInputError, DataWarning, SchemaError, UsageError
from her2genomics.her2 import require_her2_groups
from her2genomics.lab_values import cell_texts, clean, is_missing
from her2genomics.schema import HER2_GROUPS

SpecimenPolicy = Literal["primary", "latest", "highest", "all"]
SPECIMEN_POLICIES: tuple[SpecimenPolicy, ...] = ("primary", "latest", "highest", "all")
PRIMARY = "primary"


class SpecimenChoice(NamedTuple):
    """Rows that stand for their patients, and the others with a ``reason`` column."""

    kept: pd.DataFrame
    dropped: pd.DataFrame


def choose_specimen(table: pd.DataFrame, policy: SpecimenPolicy = "primary") -> SpecimenChoice:
    """Choose one row per patient.

    Parameters
    ----------
    table
        One row per specimen.  ``patient_id`` where patients can have several (without it, or where it is missing, each
        row is its own patient); ``sample_type`` for ``primary``, ``specimen_date`` (ISO) for ``latest`` and to order
        what is equal otherwise, ``her2_group`` for ``highest``.
    policy
        ``primary``: the primary tumour, the earliest when there are several; a patient with other specimens only is
        left out.  ``latest``: the latest dated specimen.  ``highest``: the highest HER2 group (zero < low < positive;
        an indeterminate one only if there is no other), the latest of equals.  ``all``: every row.

    Returns
    -------
    SpecimenChoice
        ``kept`` and ``dropped``, both in input order; together they are the input.

    Raises
    ------
    UsageError
        If the policy is not known.
    SchemaError
        If the policy needs a column that is absent while a patient has several specimens, or a date is no date.
    AmbiguousInputError
        If ``latest`` is asked for a patient whose specimens have no date, or ``primary`` for one whose specimens have
        no type.

    Warns
    -----
    DataWarning
        If specimens that the policy cannot tell apart were resolved by their order in the table.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"sample_id": ["A1", "A2"], "patient_id": ["A", "A"], "sample_type": ["metastasis", "primary"]}
    ... )
    >>> kept, dropped = choose_specimen(table, "primary")
    >>> kept["sample_id"].tolist(), dropped["reason"].tolist()
    (['A2'], ['not a primary tumour (metastasis)'])
    """
    if policy not in SPECIMEN_POLICIES:
        raise UsageError(f"unknown specimen policy '{policy}'", hint=f"use one of: {', '.join(SPECIMEN_POLICIES)}")
    reasons = pd.Series(pd.NA, index=range(len(table)), dtype="string")
    if policy != "all":
        if policy == "primary":
            _leave_out_other_types(table, reasons)
        _keep_one_per_patient(table, policy, reasons)
    left_out = reasons.notna().to_numpy()
    dropped = table.loc[left_out].assign(reason=reasons[left_out].to_numpy())
    return SpecimenChoice(table.loc[~left_out], dropped)


def _patients(table: pd.DataFrame) -> pd.Series:
    """Return the patient of each row by position; rows without one are patients of their own."""
    own = pd.Series([f"\0row {row}" for row in range(len(table))], dtype="string")
    if "patient_id" not in table.columns:
        return own
    return table["patient_id"].astype("string").reset_index(drop=True).fillna(own)


def _leave_out_other_types(table: pd.DataFrame, reasons: pd.Series) -> None:
    """Leave out what is known not to be primary, and what is not known to be where the patient has a primary."""
    if "sample_type" not in table.columns:
        return
    types = _texts(table, "sample_type")
    primary = (types == PRIMARY).fillna(False)
    has_primary = primary.groupby(_patients(table)).transform("any")
    other = types.notna() & ~primary
    reasons[other] = "not a primary tumour (" + types[other] + ")"
    reasons[types.isna() & has_primary] = "sample type not recorded, and the patient has a primary tumour"


def _keep_one_per_patient(table: pd.DataFrame, policy: str, reasons: pd.Series) -> None:
    patients = _patients(table)[reasons.isna()]
    several = patients[patients.duplicated(keep=False)]
    if several.empty:
        return
    wanted = _wanted(table, policy).loc[several.index]
    if policy == "primary":
        _refuse_untyped(table, several)
    best_first = wanted.sort_values(list(wanted.columns), ascending=False, kind="stable", na_position="last")
    chosen = best_first.index.to_series().groupby(several.loc[best_first.index]).transform("first").sort_index()
    others = chosen.index[chosen != chosen.index]
    if policy == "latest":
        _refuse_undated(wanted, chosen, several)
    of_chosen = wanted.loc[chosen[others]].set_axis(others)
    of_others = wanted.loc[others]
    tied = (of_others.eq(of_chosen).fillna(False) | (of_others.isna() & of_chosen.isna())).all(axis=1).to_numpy()
    names = chosen[others].map(lambda position: _name(table, position))
    undated = of_others["date"].isna() & of_chosen["date"].notna()
    reasons[others] = f"{_POLICY_WORDS[policy]} is " + names.astype("string")
    reasons[others[undated]] += " (this one has no date)"
    reasons[others[tied]] = "cannot be told from " + names[tied].astype("string") + ", which comes first in the table"
    if tied.any():
        patients_with_ties = several[others[tied]].unique()
        warnings.warn(
            f"the policy {policy} cannot tell apart the specimens of {len(patients_with_ties)} patients "
            f"(first: {patients_with_ties[0]}); the first row of each was kept",
            DataWarning,
            stacklevel=3,
        )


def _refuse_untyped(table: pd.DataFrame, several: pd.Series) -> None:
    untyped = several[_texts(table, "sample_type")[several.index].isna()]
    if len(untyped):
        raise AmbiguousInputError(
            f"patient {untyped.iloc[0]} has several specimens and none is known to be the primary tumour",
            column="sample_type",
            hint="fill in sample_type or use the policy latest, highest or all",
        )


def _refuse_undated(wanted: pd.DataFrame, chosen: pd.Series, patients: pd.Series) -> None:
    undated = chosen.index[wanted.loc[chosen, "date"].isna().to_numpy()]
    if len(undated):
        raise AmbiguousInputError(
            f"no specimen of patient {patients[undated[0]]} has a date",
            column="specimen_date",
            hint="add the dates or use the policy primary, highest or all",
        )


_POLICY_WORDS = {"primary": "the earliest primary", "latest": "the latest specimen", "highest": "the highest result"}


def _name(table: pd.DataFrame, position: int) -> str:
    return str(table["sample_id"].iloc[position]) if "sample_id" in table.columns else f"row {position + 1}"


def _wanted(table: pd.DataFrame, policy: str) -> pd.DataFrame:
    """Return, by row position, the columns whose highest value is wanted."""
    dates = _dates(table)
    if policy == "highest":
        _require(table, "her2_group", policy)
        require_her2_groups(table)
        groups = table["her2_group"].astype("string").reset_index(drop=True)
        rank = groups.map({name: rank for rank, name in enumerate(HER2_GROUPS)}).astype("Float64")
        return pd.DataFrame({"rank": rank, "date": dates})
    if policy == "primary":
        _require(table, "sample_type", policy)
        return pd.DataFrame({"date": -dates})
    _require(table, "specimen_date", policy)
    return pd.DataFrame({"date": dates})


def _require(table: pd.DataFrame, name: str, policy: str) -> None:
    if name not in table.columns:
        raise SchemaError(
            f"missing column {name}: the policy {policy} needs it, as patients have several specimens",
            hint=f"add {name} or use another policy ({', '.join(SPECIMEN_POLICIES)})",
        )


def _dates(table: pd.DataFrame) -> pd.Series:
    """Return the specimen dates as days, missing where there is none."""
    text = _texts(table, "specimen_date")
    dates = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    bad = text.notna() & dates.isna()
    if bad.any():
        position = int(bad.to_numpy().nonzero()[0][0])
        raise SchemaError(
            f"value '{text[position]}' is not a date (YYYY-MM-DD)",
            sample=_name(table, position),
            column="specimen_date",
        )
    return ((dates - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)).astype("Float64")


def _texts(table: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as cleaned text by row position, missing where it says that there is no value."""
    codes, distinct = pd.factorize(np.array(cell_texts(table, column), dtype=object))
    cleaned = [clean(text) for text in distinct]
    texts = pd.array([*(None if is_missing(text) else text for text in cleaned), None], dtype="string")
    return pd.Series(texts.take(codes))
