"""Genome builds, contig names, order and sex chromosomes: the only module that knows "chr".

Inside the package a chromosome is always written with its prefix (``chr1`` ... ``chr22``, ``chrX``, ``chrY``,
``chrM``).
Whatever a file uses (``1``, ``chr1``, ``Chr1``, ``23`` for X, ``MT``) is translated once, on reading.
Builds are told apart by contig lengths, which differ for every chromosome between hg19/GRCh37 and hg38/GRCh38.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from her2genomics.exceptions import BuildMismatchError, UsageError

if TYPE_CHECKING:
    import pandas as pd

AUTOSOMES: tuple[str, ...] = tuple(f"chr{n}" for n in range(1, 23))
CHROMOSOMES: tuple[str, ...] = (*AUTOSOMES, "chrX", "chrY", "chrM")
CHROMOSOME_RANK: dict[str, int] = {name: rank for rank, name in enumerate(CHROMOSOMES)}

BUILD_ALIASES: dict[str, str] = {
    "hg19": "hg19", "grch37": "hg19", "b37": "hg19", "hs37d5": "hg19", "g1k_v37": "hg19", "37": "hg19", "19": "hg19",
    "grch37-lite": "hg19", "hs37": "hg19", "hg19/grch37": "hg19",
    "hg38": "hg38", "grch38": "hg38", "hs38": "hg38", "hs38dh": "hg38", "grch38dh": "hg38", "38": "hg38",
    "hg38/grch38": "hg38",
}  # fmt: skip

# Lengths in bp from the assemblies' own reports (GRCh37.p13, GRCh38.p14 primary chromosomes); chrM is left out because
# UCSC's hg19 carries another mitochondrion (16,571 bp) than b37 (16,569 bp).
CONTIG_LENGTHS: dict[str, dict[str, int]] = {
    "hg19": {
        "chr1": 249250621, "chr2": 243199373, "chr3": 198022430, "chr4": 191154276, "chr5": 180915260,
        "chr6": 171115067, "chr7": 159138663, "chr8": 146364022, "chr9": 141213431, "chr10": 135534747,
        "chr11": 135006516, "chr12": 133851895, "chr13": 115169878, "chr14": 107349540, "chr15": 102531392,
        "chr16": 90354753, "chr17": 81195210, "chr18": 78077248, "chr19": 59128983, "chr20": 63025520,
        "chr21": 48129895, "chr22": 51304566, "chrX": 155270560, "chrY": 59373566,
    },
    "hg38": {
        "chr1": 248956422, "chr2": 242193529, "chr3": 198295559, "chr4": 190214555, "chr5": 181538259,
        "chr6": 170805979, "chr7": 159345973, "chr8": 145138636, "chr9": 138394717, "chr10": 133797422,
        "chr11": 135086622, "chr12": 133275309, "chr13": 114364328, "chr14": 107043718, "chr15": 101991189,
        "chr16": 90338345, "chr17": 83257441, "chr18": 80373285, "chr19": 58617616, "chr20": 64444167,
        "chr21": 46709983, "chr22": 50818468, "chrX": 156040895, "chrY": 57227415,
    },
}  # fmt: skip
BUILDS: tuple[str, ...] = tuple(CONTIG_LENGTHS)

_NUMBERED = {"23": "X", "24": "Y", "25": "M", "26": "M"}


def normalise_build(name: str) -> str:
    """Return ``hg19`` or ``hg38`` for any common spelling of a human build.

    Raises
    ------
    UsageError
        If the build is not known.

    Examples
    --------
    >>> normalise_build("GRCh37")
    'hg19'
    """
    build = BUILD_ALIASES.get(str(name).strip().lower())
    if build is None:
        raise UsageError(f"unknown genome build '{name}'", hint=f"use one of: {', '.join(BUILDS)}")
    return build


def normalise_contig(name: str) -> str:
    """Return the package's name for a contig; names that are no chromosome are returned unchanged.

    Examples
    --------
    >>> [normalise_contig(c) for c in ("17", "chr17", "23", "MT", "GL000191.1")]
    ['chr17', 'chr17', 'chrX', 'chrM', 'GL000191.1']
    """
    text = str(name).strip()
    bare = text[3:] if text[:3].lower() == "chr" else text
    bare = bare.upper()
    bare = _NUMBERED.get(bare, bare)
    if bare == "MT":
        bare = "M"
    candidate = f"chr{bare}"
    return candidate if candidate in CHROMOSOME_RANK else text


def normalise_contigs(names: pd.Series) -> pd.Series:
    """Apply :func:`normalise_contig` to a column, once per distinct value."""
    return names.map({name: normalise_contig(name) for name in names.unique()}).astype("str")


def has_prefix(names: Iterable[str]) -> bool:
    """Return True when the chromosomes among ``names`` are written with ``chr``."""
    return any(str(n)[:3].lower() == "chr" for n in names if normalise_contig(n) in CHROMOSOME_RANK)


def chromosome_order(names: pd.Series) -> pd.Series:
    """Return a sort key: 1-22, X, Y, M, then everything else."""
    return names.map(CHROMOSOME_RANK).fillna(len(CHROMOSOMES)).astype("int64")


def build_from_contig_lengths(lengths: Mapping[str, int]) -> str | None:
    """Return the build whose chromosome lengths match, or None when none can be compared.

    Parameters
    ----------
    lengths
        Contig name (any spelling) to length in bp, as in a BAM or VCF header.

    Raises
    ------
    BuildMismatchError
        If some contigs match one build and some another.
    """
    votes = dict.fromkeys(BUILDS, 0)
    for name, length in lengths.items():
        for build in BUILDS:
            votes[build] += CONTIG_LENGTHS[build].get(normalise_contig(name)) == length
    found = [build for build in BUILDS if votes[build]]
    if len(found) > 1:
        raise BuildMismatchError(f"contig lengths belong to several builds: {', '.join(found)}")
    return found[0] if found else None


def build_from_text(text: str) -> str | None:
    """Return the build named in free text such as a reference path, or None when none or several are named.

    Examples
    --------
    >>> build_from_text("file:///refs/Homo_sapiens_assembly19.fasta")
    'hg19'
    """
    low = text.lower()
    hg19 = any(k in low for k in ("hg19", "grch37", "b37", "hs37", "g1k_v37", "assembly19", "ncbi37"))
    hg38 = any(k in low for k in ("hg38", "grch38", "hs38", "assembly38", "ncbi38"))
    if hg19 == hg38:
        return None
    return "hg19" if hg19 else "hg38"


def require_same_build(found: str | None, expected: str, *, path: str | None = None) -> None:
    """Raise when a file's build is known and is not the expected one.

    Raises
    ------
    BuildMismatchError
        If ``found`` differs from ``expected``.
    """
    if found is not None and found != expected:
        raise BuildMismatchError(f"file is {found}, expected {expected}", path=path, hint=f"use --build {found}")
