"""Columns of a clinical table that look like identifiers of patients: names, dates of birth, record numbers.

A column is found by its name (English, German, French, Spanish, Italian, Chinese, Japanese) or by its values: e-mail
addresses, telephone and national numbers, postcodes, full dates, first and last names.  Study identifiers (``P001``,
``TCGA-A1-A0SB``, a UUID) are what a shared table should have, and are passed over.  Nobody's name can be told from a
word for certain, so that an empty answer proves nothing.
"""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

_NO = r"_?(?:no|nr|number|num|nummer|numero|id)"
_BY_NAME: tuple[tuple[str, str], ...] = (
    ("a name", r"^(?:(?:patient|first|last|family|given|full|maiden|middle)_?)?(?:sur|fore)?names?$|^initials$"),
    ("a name", r"^(?:vor|nach|familien)name$|^(?:nom|prenom)(?:_.*)?$|^(?:nombres?|apellidos?|cognome|nome)$"),
    ("a name", r"姓名|氏名|患者名"),
    ("a date of birth", r"^dob$|birth_?(?:date|day)$|^date_?of_?birth$|^(?:date_)?birth$|geburtsdatum|naissance"),
    ("a date of birth", r"nacimiento|nascita|出生|生年月日"),
    ("a record number", rf"^mrn$|^medical_?record{_NO}?$|^record_?(?:no|number|num)$|^nhs_?(?:no|number)?$"),
    ("a record number", rf"^(?:hospital|admission|inpatient|outpatient|chart){_NO}$|^case_?(?:no|number|num)$"),
    ("a record number", r"fallnummer|aktenzeichen|^(?:num(?:ero)?_?)?dossier$|^historia_?clinica$"),
    ("a record number", r"住院号|门诊号|病历号|病案号|登记号|カルテ番号|診察券"),
    ("a national number", r"^ssn$|^social_?security|^national_?id|^id_?card|^passport|versichertennummer|^dni$|^nie$"),
    ("a national number", r"codice_?fiscale|securite_?sociale|身份证|医保|マイナンバー"),
    ("an address", r"^(?:home_?|street_?|postal_?)?address$|^(?:ad(?:d?)resse|anschrift|direccion|indirizzo)$"),
    (
        "an address",
        r"^(?:post|postal|zip)_?code$|^(?:zip|plz|postleitzahl|code_?postal|codigo_?postal|cap)$|地址|住址|住所|邮编",
    ),
    ("a telephone number", r"^(?:tele|mobile_?|cell_?)?(?:phone|fon)(?:_?(?:no|number))?$|^mobile$|^handy$"),
    ("a telephone number", r"^tele(?:phone|fono?)$|电话|手机|電話"),
    ("an e-mail address", r"^e_?mail(?:_?addresse?)?$|^correo|邮箱|メール"),
)
_MOSTLY = 0.8
"""Share of a column's values that have to look alike where a single one may be chance."""
_DISTINCT = 0.5
"""Names differ between patients: with fewer distinct values than this share, words are categories."""
_FEWEST = 3
_LONG_NUMBER = re.compile(r"\d{15}(?:\d{2}[\dXx])?|\d{3}-\d{2}-\d{4}")
_E_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_DATE = re.compile(r"(?:19|20)\d\d([-/.年])\d{1,2}([-/.月])\d{1,2}(?:日|[ T].*)?|\d{1,2}([-/.])\d{1,2}\3(?:19|20)\d\d")
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}")
_TELEPHONE = re.compile(r"(?:\+\d{1,3}|0)[ (\d][\d ()/-]{6,}\d|1[3-9]\d{9}")
_CHINESE_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏"
    "付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向汤"
)
_NAME = re.compile(
    r"[A-Z][A-Za-z'\u00c0-\u024f-]+(?: [A-Z]\.?)?,? [A-Z][A-Za-z'\u00c0-\u024f-]+"
    rf"|[{_CHINESE_SURNAMES}][\u4e00-\u9fff]{{1,2}}"
)


def find_personal_columns(samples: pd.DataFrame) -> dict[str, str]:
    """Return the columns that look like identifiers of patients, each with the reason.

    Parameters
    ----------
    samples
        Clinical table, one row per sample; the values of ``sample_id`` and ``patient_id`` are looked at like others.

    Returns
    -------
    dict
        Column to reason, in the order of the table.

    Examples
    --------
    >>> find_personal_columns(pd.DataFrame({"sample_id": ["a"], "Date of Birth": ["1960-01-02"], "age": [50]}))
    {'Date of Birth': 'looks like a date of birth'}
    """
    found = {}
    for position, column in enumerate(samples.columns):
        key = _plain(str(column))
        reason = next((what for what, pattern in _BY_NAME if re.search(pattern, key)), None)
        reason = reason or _by_values(samples.iloc[:, position])
        if reason is not None:
            found[str(column)] = f"looks like {reason}"
    return found


def _plain(name: str) -> str:
    """Return a column name in lower case, without accents, words joined by ``_``."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "_", bare).strip("_")


def _by_values(values: pd.Series) -> str | None:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return "full dates" if values.notna().any() else None
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_float_dtype(values.dtype):
        return None
    counts = values.dropna().astype(str).str.strip().value_counts()
    texts = [str(text) for text in counts.index]
    if any(_E_MAIL.fullmatch(text) for text in texts):
        return "an e-mail address"
    if any(_LONG_NUMBER.fullmatch(text) for text in texts):
        return "a national number"
    n = int(counts.sum())
    if n < _FEWEST:
        return None
    for what, pattern in (("full dates", _DATE), ("a postcode", _POSTCODE), ("a telephone number", _TELEPHONE)):
        if _share(counts, pattern) >= _MOSTLY:
            return what
    named = len(texts) >= _DISTINCT * n and _share(counts, _NAME) >= _MOSTLY
    return "first and last names" if named else None


def _share(counts: pd.Series, pattern: re.Pattern[str]) -> float:
    """Return the share of the rows whose whole text is of the pattern."""
    return float(sum(n for text, n in counts.items() if pattern.fullmatch(str(text))) / counts.sum())
