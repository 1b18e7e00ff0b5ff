"""Which annotation fields hold population frequencies, counts and COSMIC recurrence, and their highest value.

The germline filter asks for the highest frequency over all named populations (gnomAD exomes and genomes, 1000
Genomes, ExAC, ESP).  Fields are recognised by name.  The caller's own INFO ``AF`` is never one of them: it is the
allele fraction or the genotype frequency in this file.  Mutect2's POPAF (minus log10) is one, but its smallest values
stand for "not in my resource, or no resource given" and count as not annotated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from her2genomics.io.vcf_callers import parse_number
from her2genomics.io.vcf_effects import Allele
from her2genomics.io.vcf_header import VcfHeader

_DATABASES = r"(gnomad|exac|1000g|1kg|kg|esp|topmed|uk10k|hrc|alfa|allofus)"
_POPULATIONS = r"(all|afr|amr|eas|eur|sas|nfe|fin|asj|oth|mid|ami|popmax|grpmax|aa|ea)"
_FREQUENCY_FIELD = re.compile(
    rf"^(dbnsfp_|dbsnp_)?{_DATABASES}\w*?(_?(af|maf|freq)(_\w+)?|_{_POPULATIONS}|siv2_\w+)$"
    rf"|^(afr|amr|eas|eur|sas|aa|ea)_(af|maf)$|^max_af$|^gmaf$|^af_{_POPULATIONS}$|^pop_?af$",
    re.IGNORECASE,
)
_NO_FREQUENCY = re.compile(r"(pops|_ac|_an|_filter|_nhomalt|_hom|_hemi|_flag)$", re.IGNORECASE)
_COUNT_FIELD = re.compile(rf"^(dbnsfp_)?{_DATABASES}\w*?_?ac(_\w+)?$|^population_ac$", re.IGNORECASE)
_COSMIC_FIELD = re.compile(r"^(cosmic_?(cnt|count|n)|cnt|legacy_cnt)$", re.IGNORECASE)
_DBSNP_LISTS = ("CAF", "dbSNP_CAF")
_MUTECT_LOG10, _MUTECT = "POPAF", ("POPAF", "POP_AF")
MUTECT_NOT_IN_RESOURCE = 1e-5
"""Mutect2 writes at most this frequency for an allele that its germline resource lacks (1e-5, 1e-6 or 5e-8 by
version)."""


def is_population_frequency(name: str) -> bool:
    """Return True for a field that holds a population allele frequency.

    Examples
    --------
    >>> [is_population_frequency(name) for name in ("gnomADe_NFE_AF", "gnomAD_exome_ALL", "MAX_AF")]
    [True, True, True]
    >>> [is_population_frequency(name) for name in ("AF", "MAX_AF_POPS", "gnomADe")]
    [False, False, False]
    """
    return bool(_FREQUENCY_FIELD.match(name)) and not _NO_FREQUENCY.search(name)


def is_population_count(name: str) -> bool:
    """Return True for a field that holds a population allele count.

    Examples
    --------
    >>> [is_population_count(n) for n in ("gnomADe_AC", "gnomAD_AC_popmax", "AC", "gnomADe_AF")]
    [True, True, False, False]
    """
    return bool(_COUNT_FIELD.match(name))


def is_cosmic_count(name: str) -> bool:
    """Return True for a field that holds the number of COSMIC samples with the variant."""
    return bool(_COSMIC_FIELD.match(name))


def highest_number(texts: Iterable[str]) -> float | None:
    """Return the highest number in some annotation values; ``A:0.1`` and ``0.1&0.2`` are understood.

    Examples
    --------
    >>> highest_number(["", "0.001", "T:0.01&T:0.02"])
    0.02
    """
    best: float | None = None
    for text in texts:
        if text and text != ".":
            for piece in text.split("&"):
                number = parse_number(piece.rpartition(":")[2])
                if number is not None and (best is None or number > best):
                    best = number
    return best


def dbsnp_frequency(text: str) -> float | None:
    """Return the highest frequency of the alternate alleles in a dbSNP list (reference first, ``.`` = unknown).

    Examples
    --------
    >>> dbsnp_frequency("0.2817,0.7183"), dbsnp_frequency("[0.9988,.,0.0012]"), dbsnp_frequency("")
    (0.7183, 0.0012, None)
    """
    return highest_number(text.strip("[]").split(",")[1:])


class InfoPopulations:
    """Population frequencies, counts and COSMIC recurrence that stand in INFO keys of their own."""

    def __init__(self, header: VcfHeader) -> None:
        names = list(header.info)
        self._frequencies = [name for name in names if is_population_frequency(name)]
        self._counts = [name for name in names if is_population_count(name)]
        self._cosmic = [name for name in names if is_cosmic_count(name)]
        self._lists = [name for name in _DBSNP_LISTS if name in header.info]
        self.fields = (*self._frequencies, *self._lists)

    def frequency(self, info: Mapping[str, str], allele: Allele) -> float | None:
        """Return the highest population frequency of the allele [0-1], or None without any."""
        best: float | None = None
        for name in self._frequencies:
            number = _of_allele(info.get(name), allele)
            if number is not None and name in _MUTECT:
                number = _mutect_frequency(name, number)
            if number is not None and 0 <= number <= 1 and (best is None or number > best):
                best = number
        for name in self._lists:
            number = dbsnp_frequency(info.get(name, ""))
            if number is not None and (best is None or number > best):
                best = number
        return best

    def count(self, info: Mapping[str, str], allele: Allele) -> int | None:
        """Return the highest population allele count, or None without any."""
        return _highest_count(self._counts, info, allele)

    def cosmic(self, info: Mapping[str, str], allele: Allele) -> int | None:
        """Return the COSMIC recurrence, or None without any."""
        return _highest_count(self._cosmic, info, allele)


def _highest_count(names: Sequence[str], info: Mapping[str, str], allele: Allele) -> int | None:
    numbers = [n for name in names if (n := _of_allele(info.get(name), allele)) is not None]
    return int(max(numbers)) if numbers else None


def _mutect_frequency(name: str, number: float) -> float | None:
    frequency = 10.0**-number if name == _MUTECT_LOG10 else number
    return None if frequency <= MUTECT_NOT_IN_RESOURCE else float(frequency)


def _of_allele(text: str | None, allele: Allele) -> float | None:
    """Return the allele's number in a value that has one per alternate allele, or one for all."""
    if not text:
        return None
    parts = text.split(",")
    return parse_number(parts[allele.nth]) if len(parts) == len(allele.alts) else highest_number(parts)
