"""Columns of a clinical table that look like identifiers of patients: names, dates of birth, record numbers."""

from __future__ import annotations

import re

import pandas as pd

_NUMBER = r"_?(?:no|number|num|id)$"
_BY_NAME: tuple[tuple[str, str], ...] = (
    ("a name", r"^(?:(?:patient|first|last|family|given|full|maiden|middle)_?)?(?:sur)?name$|^initials$|姓名"),
    ("a date of birth", r"^dob$|birth_?(?:date|day)$|^date_?of_?birth$|^(?:date_)?birth$|出生"),
    ("a record number", r"^mrn$|^(?:medical_?)?record" + _NUMBER + r"|^nhs_?(?:no|number)?$|住院号|病历号|病案号"),
    ("a record number", r"^(?:hospital|admission|inpatient|outpatient|chart|case)" + _NUMBER),
    ("a national number", r"^ssn$|^social_?security.*$|^national_?id.*$|^id_?card.*$|^passport.*$|身份证"),
    ("an address", r"^(?:home_?|street_?|postal_?)?address$|^(?:post|postal|zip)_?code$|^zip$|地址"),
    ("a telephone number", r"^(?:tele|mobile_?|cell_?)?phone(?:_?(?:no|number))?$|^mobile$|电话|手机"),
    ("an e-mail address", r"^e_?mail(?:_?address)?$"),
)
_LONG_NUMBER = re.compile(r"^\d{15}(?:\d{2}[\dXx])?$|^\d{3}-\d{2}-\d{4}$")
_E_MAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$")


def find_personal_columns(samples: pd.DataFrame) -> dict[str, str]:
    """Return the columns that look like identifiers of patients, each with the reason.

    Parameters
    ----------
    samples
        Sample table of a cohort; ``sample_id`` and ``patient_id`` are taken to be pseudonyms, but their values are
        looked at.

    Returns
    -------
    dict
        Column to reason, in the order of the table. A column is found by its name, or by values like national
        identity numbers or e-mail addresses; nobody's name can be told from a word, so an empty answer proves nothing.

    Examples
    --------
    >>> find_personal_columns(pd.DataFrame({"sample_id": ["a"], "Date of Birth": ["1960-01-02"], "age": [50]}))
    {'Date of Birth': 'looks like a date of birth'}
    """
    found = {}
    for column in samples.columns:
        key = re.sub(r"[\W_]+", "_", str(column).lower()).strip("_")
        reason = next((what for what, pattern in _BY_NAME if re.search(pattern, key)), None)
        reason = reason or _by_values(samples[column])
        if reason is not None:
            found[str(column)] = f"looks like {reason}"
    return found


def _by_values(values: pd.Series) -> str | None:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return None
    texts = values.dropna().astype(str).str.strip()
    if texts.str.match(_LONG_NUMBER).any():
        return "a national number"
    return "an e-mail address" if texts.str.match(_E_MAIL).any() else None
