"""Neoadjuvant regimens from their letter codes: TCbHP, EC-T, AC-THP, FEC-TX.

Letters: T taxane (paclitaxel, docetaxel), E epirubicin, A doxorubicin, C cyclophosphamide, F fluorouracil, H
trastuzumab, P pertuzumab, Cb carboplatin, X capecitabine.  Phases are joined by ``-``, ``+``, ``/``, ``>`` or a blank;
a number of cycles (``4xEC``, ``T x4``) and the prefixes ``dd`` (dose-dense) and ``w`` (weekly) are passed over.  Any
other letter is kept as written and flagged, never guessed.

Letters that are used in two ways are flagged: C beside a taxane and trastuzumab without an anthracycline (TCH) is
carboplatin for many, P without H can be paclitaxel or a platinum, X with a number can mean cycles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from her2genomics import schema

VOCABULARY: dict[str, str] = {
    "T": "taxane", "E": "epirubicin", "A": "doxorubicin", "C": "cyclophosphamide", "F": "fluorouracil",
    "H": "trastuzumab", "P": "pertuzumab", "Cb": "carboplatin", "X": "capecitabine",
}  # fmt: skip
"""Code to drug; the whole list."""
REGIMEN_COLUMNS: tuple[str, ...] = (
    "regimen", "neoadjuvant_regimen", "nact_regimen", "chemo_regimen", "neoadjuvant_chemotherapy",
)  # fmt: skip
"""Columns in which codes are looked for when none is named."""
NONE_WORDS = frozenset({"none", "no", "0", "-", "not given", "no neoadjuvant"})
_CLASSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("anthracycline", ("E", "A")), ("taxane", ("T",)), ("platinum", ("Cb",)), ("capecitabine", ("X",)),
)  # fmt: skip
_SEPARATOR = re.compile(r"[-+/>,;→\s]+")
_CYCLES = re.compile(r"(?<![A-Za-z])\d+\s*[x×*]\s*(?=[A-Za-z])|\s*[x×*]\s*\d+\b|(?<=[A-Za-z)])\s*\(\d+\)")
_PREFIX = re.compile(r"^(?:dd|w)(?=[A-Z])")
_CODE = re.compile(r"Cb|[TEACFHPX]")


@dataclass(frozen=True)
class Regimen:
    """A parsed regimen.

    Parameters
    ----------
    phases
        Codes of each phase in order.
    unknown
        What is in no vocabulary, as written.
    flags
        ``UNKNOWN_CODE``, ``C_OR_CARBOPLATIN``, ``P_WITHOUT_H``, ``X_OR_CYCLES``.
    """

    phases: tuple[tuple[str, ...], ...]
    unknown: tuple[str, ...]
    flags: tuple[str, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes, each once, in order."""
        return tuple(dict.fromkeys(code for phase in self.phases for code in phase))

    @property
    def chemotherapy(self) -> str:
        """Classes of chemotherapy joined by +, ``unknown`` when an unknown code could be one, ``none`` without any."""
        if self.unknown:
            return "unknown"
        found = [name for name, members in _CLASSES if set(members) & set(self.codes)]
        other = {"C", "F"} & set(self.codes)
        return "+".join(found) or ("other" if other else "none")

    @property
    def anti_her2(self) -> str:
        """``none``, ``trastuzumab``, ``pertuzumab``, both joined by +, or ``unknown`` beside unknown codes only."""
        agents = [VOCABULARY[code] for code in ("H", "P") if code in self.codes]
        return "+".join(agents) or ("unknown" if self.unknown else "none")


def parse_regimen(text: str) -> Regimen:
    """Parse one regimen.

    Examples
    --------
    >>> parse_regimen("4xEC-T").phases, parse_regimen("EC-THP").anti_her2
    ((('E', 'C'), ('T',)), 'trastuzumab+pertuzumab')
    >>> r = parse_regimen("FEC-D")
    >>> r.unknown, r.flags, r.chemotherapy
    (('D',), ('UNKNOWN_CODE',), 'unknown')
    """
    if text.strip().lower() in NONE_WORDS:
        return Regimen((), (), ())
    ambiguous_x = bool(re.search(r"X\s*\d", text))
    bare = re.sub(r"X\s*\d+", "", text) if ambiguous_x else text
    phases, unknown = [], []
    for part in _SEPARATOR.split(_CYCLES.sub(" ", bare).strip()):
        phase, rest = _codes(_PREFIX.sub("", part))
        if phase:
            phases.append(phase)
        unknown += rest
    regimen = Regimen(tuple(phases), tuple(unknown), ())
    return Regimen(regimen.phases, regimen.unknown, _flags(regimen, ambiguous_x))


def _codes(part: str) -> tuple[tuple[str, ...], list[str]]:
    """Return the codes of one phase, and what is left over."""
    codes = tuple(_CODE.findall(part))
    rest = [text for text in _CODE.split(part) if text]
    if rest and any(text.islower() for text in rest):  # a word such as Taxol, not a code with something odd in it
        return (), [part]
    return codes, rest


def _flags(regimen: Regimen, ambiguous_x: bool) -> tuple[str, ...]:
    codes = set(regimen.codes)
    flags = []
    if regimen.unknown:
        flags.append("UNKNOWN_CODE")
    if {"T", "C", "H"} <= codes and not codes & {"E", "A"} and any({"T", "C"} <= set(p) for p in regimen.phases):
        flags.append("C_OR_CARBOPLATIN")
    if "P" in codes and "H" not in codes:
        flags.append("P_WITHOUT_H")
    if ambiguous_x:
        flags.append("X_OR_CYCLES")
    return tuple(flags)


def parse_regimens(samples: pd.DataFrame, column: str) -> pd.DataFrame:
    """Parse a column of regimens (``regimens`` schema), one row per sample that has one.

    Parameters
    ----------
    samples
        Table with ``sample_id`` and the column.
    column
        Column with the codes.

    Examples
    --------
    >>> t = pd.DataFrame({"sample_id": ["a", "b"], "regimen": ["TCbHP", None]})
    >>> parse_regimens(t, "regimen")[["codes", "chemotherapy", "anti_her2"]].values.tolist()
    [['T;Cb;H;P', 'taxane+platinum', 'trastuzumab+pertuzumab']]
    """
    text = samples[column].astype("string").str.strip()
    given = text.notna() & (text != "")
    rows = []
    for sample, written in zip(samples["sample_id"][given], text[given], strict=True):
        regimen = parse_regimen(written)
        rows.append(
            {
                "sample_id": sample, "regimen": written, "codes": ";".join(regimen.codes),
                "n_phases": len(regimen.phases),
                "chemotherapy": regimen.chemotherapy, "anti_her2": regimen.anti_her2,
                "unknown": ";".join(regimen.unknown), "flags": ";".join(regimen.flags),
            }
        )  # fmt: skip
    return schema.conform(pd.DataFrame(rows, columns=schema.REGIMENS.names), schema.REGIMENS)
