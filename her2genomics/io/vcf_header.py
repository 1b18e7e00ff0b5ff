"""What a VCF's header says: fields, samples, genome build, and who called it.

A header is read leniently (old files lack contigs, a file format line, or start with a tool's log lines) and questioned
strictly: a build is named only when something in the header names it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from her2genomics.exceptions import DataWarning, FileFormatError
from her2genomics.genome import CHROMOSOME_RANK, build_from_contig_lengths, build_from_text, normalise_contig

_FIXED = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
_MAX_LINES_BEFORE_HEADER = 1000
_KEY_VALUE = re.compile(r'([^=,<>\s"]+)=("(?:[^"\\]|\\.)*"|[^,>]*)')

_CALLER_SIGNS: tuple[tuple[str, str], ...] = (
    ("Mutect2", r"##source=mutect2|gatkcommandline\S*mutect2|##mutect version=2|##mutectversion=2|\bid=mutect2\b"),
    ("MuTect1", r"##muTect=|##source=mutect\b|##mutect=|analysis_type=mutect\b"),
    ("VarScan2", r"source=varscan|varscan"),
    ("Strelka", r"strelka"),
    ("MuSE", r"##muse_version|##source=muse"),
    ("SomaticSniper", r"somaticsniper|bam-somaticsniper|samtools-sniper"),
    ("LoFreq", r"lofreq"),
    ("FreeBayes", r"freebayes"),
    ("DRAGEN", r"dragen"),
    ("VarDict", r"vardict"),
    ("Pindel", r"pindel"),
    ("DELLY", r"embl\.delly|##source=delly|dellyversion"),
    ("Manta", r"##source=generatesvcandidates|manta"),
    ("GRIDSS", r"gridss"),
    ("HaplotypeCaller", r"gatkcommandline\S*haplotypecaller|##source=haplotypecaller|##source=genotypegvcfs"),
    ("TNscope", r"tnscope|##sentieoncommandline"),
    ("RADIA", r"\bradia\b|<id=dtmntb,"),
)
_CALLER_FIELDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("Mutect2", frozenset({"TLOD", "NLOD"})),
    ("MuTect1", frozenset({"FA", "AD", "BQ", "SS"})),
    ("LoFreq", frozenset({"DP4", "SB", "HRUN"})),
    ("CaVEMan", frozenset({"FAZ", "RTZ", "PM"})),
    ("DELLY", frozenset({"DR", "DV", "RR", "RV"})),
    ("Manta", frozenset({"PR", "SR", "SVTYPE"})),
)
STRUCTURAL_CALLERS: frozenset[str] = frozenset({"DELLY", "Manta", "GRIDSS"})
_BUILD_KEYS = ("reference", "assembly", "genomebuild", "genome", "ref", "referencegenome")


@dataclass(frozen=True)
class Field:
    """One INFO or FORMAT declaration."""

    id: str
    number: str
    description: str


@dataclass(frozen=True)
class VcfHeader:
    """The header of one VCF.

    Parameters
    ----------
    path
        Where it was read.
    meta
        The ``##`` lines without their newline.
    samples
        Names of the sample columns, in order.
    n_columns
        Columns of the header line, which every record must have.
    line
        One-based number of the header line.
    """

    path: str
    meta: tuple[str, ...]
    samples: tuple[str, ...]
    n_columns: int
    line: int

    @cached_property
    def info(self) -> dict[str, Field]:
        """INFO declarations by identifier."""
        return _fields(self.meta, "##INFO=")

    @cached_property
    def format(self) -> dict[str, Field]:
        """FORMAT declarations by identifier."""
        return _fields(self.meta, "##FORMAT=")

    def values(self, key: str) -> list[str]:
        """Return the values of the ``##key=value`` lines, whatever the key's case."""
        wanted = key.lower()
        return [v for k, _, v in (line[2:].partition("=") for line in self.meta) if k.lower() == wanted]

    def structured(self, key: str) -> list[dict[str, str]]:
        """Return the attributes of the ``##key=<...>`` lines, names in lower case."""
        return [attributes(value) for value in self.values(key)]

    @cached_property
    def contig_lengths(self) -> dict[str, int]:
        """Contig lengths [bp] where the header gives them."""
        found = {}
        for contig in self.structured("contig"):
            if contig.get("length", "").isdigit() and "id" in contig:
                found[contig["id"]] = int(contig["length"])
        return found

    @cached_property
    def build(self) -> str | None:
        """Genome build by contig lengths, else by the reference or the annotators' lines; None when nothing says it.

        Raises
        ------
        BuildMismatchError
            If the contig lengths belong to two builds.
        """
        by_length = build_from_contig_lengths(self.contig_lengths)
        if by_length is not None:
            return by_length
        if any(
            normalise_contig(name) in CHROMOSOME_RANK
            for name in self.contig_lengths
            if normalise_contig(name) != "chrM"
        ):
            warnings.warn(
                DataWarning(f"{self.path}: the contig lengths in the header are those of neither hg19 nor hg38"),
                stacklevel=2,
            )
        return _build_by_words(self)

    @cached_property
    def callers(self) -> tuple[str, ...]:
        """Names of the callers whose marks the header carries (empty when none is known)."""
        text = "\n".join(line for line in self.meta if not line.startswith("##contig")).lower()
        found = tuple(name for name, sign in _CALLER_SIGNS if re.search(sign, text, re.IGNORECASE))
        somatic = tuple(name for name in found if name != "HaplotypeCaller")  # in a somatic file: used for phasing
        return somatic or found or _callers_by_fields(self)

    @property
    def caller(self) -> str:
        """Callers joined by ``+``, or ``unknown``."""
        return "+".join(self.callers) or "unknown"


def attributes(text: str) -> dict[str, str]:
    """Return ``key=value`` pairs of a structured header line, keys in lower case, quotes removed.

    Examples
    --------
    >>> attributes('<ID=DP,Number=1,Description="Depth, raw">')["description"]
    'Depth, raw'
    """
    return {key.lower(): value.strip().strip('"') for key, value in _KEY_VALUE.findall(text)}


def read_header(lines: Iterator[tuple[int, str]], path: str) -> VcfHeader:
    """Read up to the ``#CHROM`` line.

    Parameters
    ----------
    lines
        Numbered lines; what follows the header line stays unread.
    path
        For messages.

    Raises
    ------
    FileFormatError
        If there is no header line, it is not tab-separated or names a sample twice, or the file is no text.
    """
    meta: list[str] = []
    stray = 0
    for number, line in lines:
        text = line.rstrip("\r")
        if text.startswith("##"):
            meta.append(text)
        elif text.upper().startswith("#CHROM"):
            if stray:
                warnings.warn(
                    DataWarning(f"{path}: {stray} line{'s' if stray > 1 else ''} before the header ignored"),
                    stacklevel=2,
                )
            return _header_from(text, meta, path, number)
        elif text:
            stray += 1
            _refuse_other_formats(text, path, number)
            if stray > _MAX_LINES_BEFORE_HEADER:
                break
    if meta:
        raise FileFormatError("the header ends before its #CHROM line: the file is truncated or not a VCF", path=path)
    raise FileFormatError("not a VCF: there is no #CHROM header line", path=path)


def _refuse_other_formats(text: str, path: str, number: int) -> None:
    if text.split("\t", 1)[0] == "Hugo_Symbol":
        raise FileFormatError("this is a MAF, not a VCF", path=path, line=number, hint=f"her2g tmb --maf {path}")


def _header_from(text: str, meta: list[str], path: str, number: int) -> VcfHeader:
    names = text.split("\t")
    if len(names) < len(_FIXED):
        blank = len(text.split()) >= len(_FIXED)
        why = (
            "its columns are separated by blanks, not tabs"
            if blank
            else f"it has {len(names)} columns instead of 8 or more"
        )
        raise FileFormatError(f"the #CHROM header line is broken: {why}", path=path, line=number)
    samples = tuple(names[9:])
    twice = sorted({name for name in samples if samples.count(name) > 1})
    if twice:
        raise FileFormatError(
            f"sample column {twice[0]} occurs twice", path=path, line=number, hint="bcftools reheader -s"
        )
    return VcfHeader(path, tuple(meta), samples, len(names), number)


def _fields(meta: tuple[str, ...], prefix: str) -> dict[str, Field]:
    found = {}
    for line in meta:
        if line.startswith(prefix):
            pairs = attributes(line[len(prefix) :])
            if "id" in pairs:
                found[pairs["id"]] = Field(pairs["id"], pairs.get("number", "."), _description(line))
    return found


def _description(line: str) -> str:
    """Return the text between the first quote after ``Description=`` and the last one of the line."""
    start = line.find('Description="')
    return "" if start < 0 else line[start + 13 : line.rfind('"')]


def _callers_by_fields(header: VcfHeader) -> tuple[str, ...]:
    """Return the caller whose own fields the header declares, where no line names one."""
    fields = set(header.format) | set(header.info)
    for name, own in _CALLER_FIELDS:
        if own <= fields:
            return (name,)
    return ()


def _build_by_words(header: VcfHeader) -> str | None:
    texts = [value for key in _BUILD_KEYS for value in header.values(key)]
    texts += [a.get("assembly", "") for a in header.structured("contig")[:1]]
    texts += re.findall(r'assembly="([^"]+)"', "\n".join(header.values("VEP")))
    texts += [token for key in ("SnpEffCmd", "SnpEffCommand") for v in header.values(key) for token in v.split()]
    for line in header.values("Funcotator Version"):
        texts += [
            {"19": "hg19", "28": "hg38"}.get(version, "hg38") for version in re.findall(r"Gencode (\d+)", line)[:1]
        ]
    for text in texts:
        build = build_from_text(text)
        if build is not None:
            return build
    return None
