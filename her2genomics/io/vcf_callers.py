"""Tumour allele fraction and read counts from what each caller writes in its FORMAT keys.

Every caller has a dialect, and combined files change dialect from record to record, so the reading is chosen by the
keys of the record, not by the file.  Allele fraction, first usable value of

1. the printed fraction: ``AF`` (Mutect2, VarDict, DRAGEN, GATK ...), ``FA`` (MuTect1), ``VAF``, ``FREQ`` (VarScan2,
   ``38.46%``);
2. reads with the allele over reads with it or the reference, from the counts below.

Read counts, first usable of: Strelka tier 1 (``AU CU GU TU``; ``TAR``/``TIR`` for indels), ``AD`` (one value per
allele, or the variant's alone beside ``RD``), ``RO``/``AO`` (FreeBayes), ``DP4`` and ``BCOUNT`` (SomaticSniper),
``NR``/``NV`` (Platypus), ``VD``, ``FAZ`` ... ``RTZ`` (CaVEMan), ``PU``/``NU`` over ``PR``/``NR`` (Pindel of the Cancer
Genome Project).

Fractions are parsed from the printed decimal as 64-bit floats, so 0.02 equals a threshold of 0.02.  A value that is no
number (``.``, ``nan``, text) is missing; a depth such as ``79.0663`` is read as 79 and counted as malformed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

_FRACTION_KEYS = ("AF", "FA", "VAF", "FREQ")
_BASES = {"A": "AU", "C": "CU", "G": "GU", "T": "TU"}
_BCOUNT_INDEX = {"A": 0, "C": 1, "G": 2, "T": 3}
_PHASE_KEYS = ("PID", "PS")
Counts = tuple[int | None, int | None, int | None]
CountReader = Callable[[Sequence[str], str, Sequence[str], int], Counts | None]


@dataclass(slots=True)
class Reads:
    """Read support of one allele in one sample; None where the file does not say.

    Parameters
    ----------
    vaf
        Allele fraction [0-1].
    depth, ref, alt
        Reads in all, with the reference, with the allele.
    """

    vaf: float | None = None
    depth: int | None = None
    ref: int | None = None
    alt: int | None = None


@dataclass(slots=True)
class Oddities:
    """How many values of a file could not be read as they stood."""

    malformed_depth: int = 0
    fraction_out_of_range: int = 0


@dataclass
class Dialect:
    """How to read the columns of records with these FORMAT keys.

    Parameters
    ----------
    keys
        FORMAT keys of the record, in order.
    """

    keys: tuple[str, ...]
    index: dict[str, int] = field(init=False)
    fraction_keys: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.index = {key: i for i, key in enumerate(self.keys)}
        self.fraction_keys = tuple(key for key in _FRACTION_KEYS if key in self.index)
        self._phased = any(key in self.index for key in _PHASE_KEYS)
        order: tuple[tuple[str, CountReader], ...] = (
            ("TIR", self._strelka_indel),
            ("AU", self._strelka),
            ("AD", self._allele_depths),
            ("VD", self._variant_depth),
            ("AO", self._freebayes),
            ("DP4", self._strands),
            ("BCOUNT", self._bases),
            ("NV", self._platypus),
            ("FAZ", self._caveman),
            ("PU", self._cgp_pindel),
        )
        self._readers = [read for key, read in order if key in self.index]

    def reads(self, values: Sequence[str], ref: str, alts: Sequence[str], nth: int, oddities: Oddities) -> Reads:
        """Return the read support of the ``nth`` alternate allele (0-based) in one sample column.

        Parameters
        ----------
        values
            The column split at ``:``; trailing keys may be absent.
        ref, alts
            REF and all ALT alleles as in the record.
        nth
            Which alternate allele.
        oddities
            Counts of unreadable values, added to.
        """
        ref_count, alt_count, total = self._counts(values, ref, alts, nth)
        depth = self._depth(values, oddities)
        if depth is None:
            depth = total
        vaf = self._fraction(values, nth, len(alts), oddities)
        if vaf is None and alt_count is not None and total:
            vaf = alt_count / total
        return Reads(vaf, depth, ref_count, alt_count)

    def counts(self, values: Sequence[str], ref: str, alts: Sequence[str], nth: int, oddities: Oddities) -> Counts:
        """Return depth, reference and variant reads of the ``nth`` alternate allele, without its fraction."""
        ref_count, alt_count, total = self._counts(values, ref, alts, nth)
        depth = self._depth(values, oddities)
        return total if depth is None else depth, ref_count, alt_count

    def value(self, values: Sequence[str], key: str) -> str | None:
        """Return the text of a key, or None when it is absent or a dot."""
        i = self.index.get(key)
        if i is None or i >= len(values):
            return None
        text = values[i]
        return None if text in ("", ".") else text

    def carries(self, values: Sequence[str], nth: int, vaf: float | None) -> bool:
        """Return whether one of several samples carries the allele: by its genotype, else by its reads."""
        genotype = self.value(values, "GT")
        alleles = [] if genotype is None else [a for a in genotype.replace("|", "/").split("/") if a != "."]
        if alleles:
            return str(nth + 1) in alleles
        return bool(vaf) or (vaf is None and "GT" not in self.index)

    def phase_set(self, values: Sequence[str]) -> str | None:
        """Return the haplotype that the caller phased the variant to: phase set and side of the genotype."""
        if not self._phased:
            return None
        name = next((v for v in (self.value(values, key) for key in _PHASE_KEYS) if v), None)
        genotype = self.value(values, "PGT") or self.value(values, "GT") or ""
        return f"{name}:{genotype}" if name and "|" in genotype else None

    def _fraction(self, values: Sequence[str], nth: int, n_alts: int, oddities: Oddities) -> float | None:
        for key in self.fraction_keys:
            text = self.value(values, key)
            if text is None:
                continue
            if n_alts == 1 and text.endswith("%"):
                text = text.replace(",", ".")  # VarScan2 prints 39,39% where the computer's language does
            if n_alts > 1 or "," in text:
                text = _value_of_allele(text.split(","), nth, n_alts)
            number = parse_fraction(text)
            if number is None:
                continue
            if 0.0 <= number <= 1.0:
                return number
            oddities.fraction_out_of_range += 1
        return None

    def _depth(self, values: Sequence[str], oddities: Oddities) -> int | None:
        text = self.value(values, "DP") or (self.value(values, "NR") if "NV" in self.index else None)
        if text is None:
            return None
        try:
            return int(text)
        except ValueError:
            oddities.malformed_depth += 1
            number = parse_number(text)
            return None if number is None else math.floor(number)

    def _counts(self, values: Sequence[str], ref: str, alts: Sequence[str], nth: int) -> Counts:
        """Return reference reads, variant reads and the total that the fraction is taken over."""
        for read in self._readers:
            counts = read(values, ref, alts, nth)
            if counts is not None:
                return counts
        return None, None, None

    def _strelka_indel(self, values: Sequence[str], ref: str, alts: Sequence[str], nth: int) -> Counts | None:
        return _pair(self._first(values, "TAR"), self._first(values, "TIR"))

    def _strelka(self, values: Sequence[str], ref: str, alts: Sequence[str], nth: int) -> Counts | None:
        alt = alts[nth]
        if ref not in _BASES or alt not in _BASES:
            return None
        return _pair(self._first(values, _BASES[ref]), self._first(values, _BASES[alt]))

    def _allele_depths(self, values: Sequence[str], ref: str, alts: Sequence[str], nth: int) -> Counts | None:
        text = self.value(values, "AD")
        if text is None:
            return None
        parts = text.split(",")
        if len(parts) == 2 and len(alts) == 1 and parts[0].isdigit() and parts[1].isdigit():
            reference, variant = int(parts[0]), int(parts[1])
            return reference, variant, reference + variant
        counts = [parse_count(part) for part in parts]
        if len(counts) == len(alts) + 1:
            if counts[nth + 1] is None:
                return None
            total = sum(c for c in counts if c is not None) if counts[0] is not None else None
            return counts[0], counts[nth + 1], total
        if "RD" in self.index and len(counts) == len(alts):
            return _pair(self._first(values, "RD"), counts[nth])
        if len(counts) >= 2 and len(alts) == 1:  # a merged record that lost its other alleles: the variant is last
            return _pair(counts[0], counts[-1])
        return None

    def _variant_depth(self, values: Sequence[str], ref: str, alts: Sequence[str], nth: int) -> Counts | None:
        alt, depth = self._first(values, "VD"), self._first(values, "DP")
        if alt is None or depth is None or depth < alt:
            return None
        return depth - alt, alt, depth

    def _freebayes(self, values: Sequence[str], ref: str, alts: Sequence[str], nth: int) -> Counts | None:
        text = self.value(values, "AO")
        if text is None:
            return None
        counts = [parse_count(part) for part in text.split(",")]
        reference = self._first(values, "RO")
        if len(counts) != len(alts) or reference is None or counts[nth] is None:
            return None
        return reference, counts[nth], reference + sum(c for c in counts if c is not None)

    def _strands(self, values: Sequence[str], ref: str, alts: Sequence[str], nth: int) -> Counts | None:
        text = self.value(values, "DP4")
        counts = [parse_count(part) for part in text.replace("%2C", ",").split(",")] if text else []
        if len(counts) != 4 or len(alts) != 1 or any(c is None for c in counts):
            return None
        forward_ref, reverse_ref, forward_alt, reverse_alt = (c or 0 for c in counts)
        return _pair(forward_ref + reverse_ref, forward_alt + reverse_alt)

    def _bases(self, values: Sequence[str], ref: str, alts: Sequence[str], nth: int) -> Counts | None:
        text = self.value(values, "BCOUNT")
        alt = alts[nth]
        if text is None or ref not in _BCOUNT_INDEX or alt not in _BCOUNT_INDEX:
            return None
        counts = [parse_count(part) for part in text.split(",")]
        if len(counts) != 4:
            return None
        return _pair(counts[_BCOUNT_INDEX[ref]], counts[_BCOUNT_INDEX[alt]])

    def _platypus(self, values: Sequence[str], ref: str, alts: Sequence[str], nth: int) -> Counts | None:
        variant, total = self.value(values, "NV"), self.value(values, "NR")
        if variant is None or total is None:
            return None
        alt = parse_count(_value_of_allele(variant.split(","), nth, len(alts)))
        depth = parse_count(_value_of_allele(total.split(","), nth, len(alts)))
        if alt is None or depth is None or depth < alt:
            return None
        return depth - alt, alt, depth

    def _caveman(self, values: Sequence[str], ref: str, alts: Sequence[str], nth: int) -> Counts | None:
        alt = alts[nth]
        if ref not in _BASES or alt not in _BASES:
            return None
        both = [[self._first(values, f"{strand}{base}Z") for strand in "FR"] for base in (ref, alt)]
        known = [[n for n in strands if n is not None] for strands in both]
        return _pair(*(sum(strands) if len(strands) == 2 else None for strands in known))

    def _cgp_pindel(self, values: Sequence[str], ref: str, alts: Sequence[str], nth: int) -> Counts | None:
        counts = [self._first(values, key) for key in ("PU", "NU", "PR", "NR")]
        forward, reverse, *totals = [n if n is not None else -1 for n in counts]
        depth = sum(totals)
        if min(forward, reverse, *totals) < 0 or depth < forward + reverse:
            return None
        return depth - forward - reverse, forward + reverse, depth

    def _first(self, values: Sequence[str], key: str) -> int | None:
        text = self.value(values, key)
        return None if text is None else parse_count(text.split(",", 1)[0])


def _pair(ref: int | None, alt: int | None) -> Counts | None:
    return None if ref is None or alt is None else (ref, alt, ref + alt)


def _value_of_allele(parts: Sequence[str], nth: int, n_alts: int) -> str:
    """Return the allele's value: one per alternate, or one per allele with the reference first; a dot otherwise."""
    if len(parts) == n_alts:
        return parts[nth]
    return parts[nth + 1] if len(parts) == n_alts + 1 else "."


def parse_number(text: str) -> float | None:
    """Return a finite number, or None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def parse_count(text: str) -> int | None:
    """Return a read count, or None; a count printed with decimals is rounded down."""
    try:
        return int(text)
    except ValueError:
        number = parse_number(text)
        return None if number is None or number < 0 else math.floor(number)


def parse_fraction(text: str) -> float | None:
    """Return a fraction from its printed decimal; a percent sign shifts the point by two places.

    Examples
    --------
    >>> parse_fraction("38.46%"), parse_fraction("0.2%") == 0.002, parse_fraction(".")
    (0.3846, True, None)
    """
    if "%" in text:
        bare = text.strip().removesuffix("%")
        return None if parse_number(bare) is None else parse_number(f"{bare}e-2")
    return parse_number(text)


def caller_status(info: Mapping[str, str], tumour: Dialect | None, values: Sequence[str]) -> str:
    """Return the caller's own verdict: ``germline``, ``loh``, ``somatic``, or empty when it gives none.

    VarScan2, MuSE and SomaticSniper write ``SS`` (1 germline, 2 somatic, 3 loss of heterozygosity), VarDict ``STATUS``.
    A ``SOMATIC`` flag outweighs them.
    """
    if "SOMATIC" in info:
        return "somatic"
    status = info.get("STATUS", "").lower()
    if status:
        return (
            "germline"
            if "germline" in status
            else "loh"
            if "loh" in status
            else "somatic"
            if "somatic" in status
            else ""
        )
    code = info.get("SS") or (tumour.value(values, "SS") if tumour else None) or ""
    return {"1": "germline", "2": "somatic", "3": "loh"}.get(code, "")
