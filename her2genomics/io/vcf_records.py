"""One record of a VCF: its alleles as sites, and the parts that reads and annotation are parsed from later."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from her2genomics.exceptions import FileFormatError
from her2genomics.variant import NO_ALTERNATE, SMALL, STRUCTURAL, Site, trim_alleles

PLAIN_BASES = frozenset("ACGT")
MAX_SMALL_VARIANT = 1000
"""Longest allele of a small variant, trimmed [bp]; longer ones are structural."""
_LETTERS = re.compile(r"[ACGTNRYSWKMBDHV]+")
_SLASHED = re.compile(r"[ACGTN]+(/[ACGTN]+)+", re.IGNORECASE)
_NO_ALTERNATE = frozenset({".", "*", "<*>", "<NON_REF>", "<X>", ""})
_CONTIG = re.compile(r"[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*")


@dataclass(slots=True)
class Record:
    """What is left of a line once its position and FILTER have been looked at.

    Parameters
    ----------
    line
        One-based line number.
    position, ref, alts
        POS, REF and all ALT, bases in upper case.
    rs_id
        dbSNP identifier in the ID column.
    info_text
        INFO as written.
    columns
        FORMAT and the sample columns.
    nth
        The alternate allele in hand (0-based).
    """

    line: int
    position: int
    ref: str
    alts: list[str]
    rs_id: str | None
    info_text: str
    columns: list[str]
    nth: int = 0

    @property
    def info(self) -> Info:
        """INFO of the allele in hand: its own block of keys where ANNOVAR wrote one per allele."""
        text = self.info_text
        if "ALLELE_END" not in text:
            return Info(text)
        before, *blocks = text.split("ANNOVAR_DATE=")
        own = blocks[min(self.nth, len(blocks) - 1)].partition(";ALLELE_END")[0]
        return Info(f"{before}ANNOVAR_DATE={own}")


class Info(Mapping[str, str]):
    """INFO as key to value, looked up in the text as it is asked for; flags have an empty value.

    Examples
    --------
    >>> info = Info("DP=30;SOMATIC;AF=0.1")
    >>> info.get("AF"), info.get("F"), "SOMATIC" in info, info["SOMATIC"], list(info)
    ('0.1', None, True, '', ['DP', 'SOMATIC', 'AF'])
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = f";{text};"

    def __getitem__(self, key: str) -> str:
        text = self._text
        start = text.find(f";{key}=")
        if start < 0:
            if f";{key};" in text:
                return ""
            raise KeyError(key)
        start += len(key) + 2
        return text[start : text.find(";", start)]

    def __iter__(self) -> Iterator[str]:
        return iter([pair.partition("=")[0] for pair in self._text[1:-1].split(";")])

    def __len__(self) -> int:
        return self._text.count(";") - 1


def open_record(line: int, position: int, parts: list[str], ref: str, alts: list[str]) -> Record:
    """Return the record of a line split into its first seven columns and the rest."""
    rest = parts[7].rstrip("\r").split("\t")
    return Record(line, position, ref, alts, parts[2] if parts[2].startswith("rs") else None, rest[0], rest[1:])


def split_alts(text: str) -> list[str]:
    """Return the ALT alleles, bases in upper case, symbols and breakends as written.

    VarScan joins two alleles by a slash.

    Examples
    --------
    >>> split_alts("a,<DEL>,]17:5]C"), split_alts("A/T")
    (['A', '<DEL>', ']17:5]C'], ['A', 'T'])
    """
    if _SLASHED.fullmatch(text):
        text = text.replace("/", ",")
    return [alt if alt[:1] == "<" or "[" in alt or "]" in alt else alt.upper() for alt in text.split(",")]


def site_of(chromosome: str, position: int, ref: str, alt: str, filters: str) -> Site:
    """Return the site of one allele, in MAF form.

    Raises
    ------
    ValueError
        If REF or ALT is no allele; the message says which.

    Examples
    --------
    >>> site_of("chr1", 100, "GTT", "GT", "PASS")
    Site(chromosome='chr1', start=101, end=101, ref='T', alt='-', filters='PASS', kind='small')
    """
    if ref in PLAIN_BASES and alt in PLAIN_BASES and ref != alt:
        return Site(chromosome, position, position, ref, alt, filters)
    if not _LETTERS.fullmatch(ref):
        raise ValueError(f"REF '{ref[:20]}' is no allele")
    if alt in _NO_ALTERNATE or alt == ref:
        return Site(chromosome, position, position, ref, alt, filters, NO_ALTERNATE)
    if alt[0] in "<." or alt[-1] == "." or "[" in alt or "]" in alt:
        return Site(chromosome, position, position, ref, alt, filters, STRUCTURAL)
    if not _LETTERS.fullmatch(alt):
        raise ValueError(f"ALT '{alt[:20]}' is no allele")
    start, end, short_ref, short_alt = trim_alleles(position, ref, alt)
    kind = SMALL if max(len(short_ref), len(short_alt)) <= MAX_SMALL_VARIANT else STRUCTURAL
    return Site(chromosome, start, end, short_ref, short_alt, filters, kind)


def is_contig(name: str) -> bool:
    """Return True for a contig name that the VCF specification allows."""
    return bool(_CONTIG.fullmatch(name))


def broken(what: str, path: str, line: int, hint: str | None = None) -> FileFormatError:
    """Return the error of a record that cannot be read."""
    return FileFormatError(what, path=path, line=line, hint=hint)
