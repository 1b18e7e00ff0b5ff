"""Simulated BAM files of a panel, with known depth, copy number and every kind of read that coverage has to sort out.

Fragments fall on targets at a stated depth, scaled per gene by copy number and purity and per target by GC; both ends
are read, so that short fragments make overlapping mates.  Reads carry insertions, deletions and soft clips, duplicates,
secondary, supplementary, QC-fail and unmapped records, and a share of fragments lies off target.  The bases are random:
the files are for depth, not for variants.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.exceptions import UsageError
from her2genomics.genome import CHROMOSOMES, CONTIG_LENGTHS, chromosome_order, normalise_build
from her2genomics.io.alignment_writer import write_bam

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
End = dict[str, npt.NDArray[Any]]
"""Columns of one end of all fragments."""

PAIRED, PROPER, UNMAPPED, MATE_UNMAPPED, REVERSE, MATE_REVERSE = 0x1, 0x2, 0x4, 0x8, 0x10, 0x20
FIRST, SECOND, SECONDARY, QC_FAIL, DUPLICATE, SUPPLEMENTARY = 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
_MAX_INDEL = 6
_GOOD_MAPQ, _LOW_MAPQ = 60, 5
_SUBSTREAM_READS = 1
_QUANTILES = 200
_SHARES = (
    "purity", "duplicates", "secondary", "supplementary", "qc_fail", "unmapped", "improper", "low_mapq", "off_target",
    "clips", "insertions", "deletions",
)  # fmt: skip
_READ_COLUMNS = ["fragment", "flag", "pos", "mapq", "cigar", "mate_pos", "template_length"]


@dataclass(frozen=True)
class BamSettings:
    """What a simulated BAM holds.

    Parameters
    ----------
    depth
        Mean depth of a diploid target, overlapping mates counted once, duplicates left out [x].
    copy_number
        Gene to copies in the tumour; other genes have 2.
    purity
        Tumour cell fraction [0-1].
    gc_slope
        Log2 depth per unit of GC fraction around 0.5; needs a ``gc`` column in the targets.
    target_spread
        Standard deviation of a target's own capture efficiency [log2].
    read_length, insert_mean, insert_sd
        Read length and fragment length [bp].
    duplicates, secondary, supplementary, qc_fail, unmapped, improper, low_mapq
        Shares of fragments (duplicates, QC-fail, unmapped mate, not flagged proper, mapping quality 5) or of reads
        (an additional secondary or supplementary record) [0-1].
    off_target
        Share of fragments anywhere in the genome [0-1].
    clips, insertions, deletions
        Shares of reads with one of each [0-1].
    build
        Genome build whose contigs stand in the header.
    chr_prefix
        Whether contigs are written ``chr17`` or ``17``.
    sample
        Sample name in the read group.
    seed
        Seed of all random numbers.

    Raises
    ------
    UsageError
        If a share is outside 0-1, or lengths are not positive.
    """

    depth: float = 500.0
    copy_number: Mapping[str, float] = field(default_factory=dict)
    purity: float = 1.0
    gc_slope: float = 0.0
    target_spread: float = 0.0
    read_length: int = 100
    insert_mean: float = 190.0
    insert_sd: float = 40.0
    duplicates: float = 0.15
    secondary: float = 0.005
    supplementary: float = 0.005
    qc_fail: float = 0.002
    unmapped: float = 0.005
    improper: float = 0.0
    low_mapq: float = 0.02
    off_target: float = 0.2
    clips: float = 0.03
    insertions: float = 0.01
    deletions: float = 0.01
    build: str = "hg19"
    chr_prefix: bool = True
    sample: str = "SIM"
    seed: int = 123456

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} is a share and lies between 0 and 1, not {getattr(self, name):g}")
        if self.depth < 0 or self.off_target == 1 or self.clips + self.insertions + self.deletions > 1:
            raise UsageError("depth is at least 0, off_target below 1, clips + insertions + deletions at most 1")
        if self.read_length < 4 * _MAX_INDEL or self.insert_mean < self.read_length / 2:
            raise UsageError(f"reads have at least {4 * _MAX_INDEL} bp and fragments half a read")

    @property
    def contigs(self) -> dict[str, int]:
        """Contig names as written, with their lengths [bp], in genome order."""
        lengths = CONTIG_LENGTHS[normalise_build(self.build)]
        return {self.contig_name(c): lengths[c] for c in CHROMOSOMES if c in lengths}

    def contig_name(self, chromosome: str) -> str:
        """Return the contig of a chromosome as this file writes it."""
        return chromosome if self.chr_prefix else chromosome.removeprefix("chr")


def simulate_bam(
    targets: pd.DataFrame, path: str | os.PathLike[str], settings: BamSettings | None = None
) -> pd.DataFrame:
    """Write a sorted, indexed BAM and return the depth that every target was given.

    Parameters
    ----------
    targets
        ``chromosome, start, end, gene`` and, for GC bias, ``gc``; or ``expected_depth`` [x] per target, which then
        takes the place of the settings' depth, copies and biases.
    path
        BAM file; its index is written beside it.
    settings
        What the file holds.

    Returns
    -------
    pandas.DataFrame
        The targets with ``expected_depth`` [x], the mean of the simulation's Poisson counts. Targets that lie within a
        fragment's length of each other get more, because a fragment can cover both.

    Raises
    ------
    UsageError
        If GC bias is asked for without a ``gc`` column.
    FileFormatError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> erbb2 = pd.DataFrame({"chromosome": ["chr17"], "start": [37868200], "end": [37868300], "gene": ["ERBB2"]})
    >>> bam = pathlib.Path(tempfile.mkdtemp()) / "x.bam"
    >>> simulate_bam(erbb2, bam, BamSettings(depth=50, copy_number={"ERBB2": 20}))["expected_depth"].tolist()
    [500.0]
    """
    settings = settings or BamSettings()
    expected = expected_depth(targets, settings)
    write_bam(
        path,
        settings.contigs,
        simulate_reads(targets, settings),
        sample=settings.sample,
        read_length=settings.read_length,
        seed=settings.seed,
    )
    return targets.assign(expected_depth=expected)


def expected_depth(targets: pd.DataFrame, settings: BamSettings) -> FloatArray:
    """Return the mean depth given to each target [x], where the targets do not say it themselves.

    It is depth x (purity CN + 2 (1 - purity)) / 2 x capture x GC.

    Raises
    ------
    UsageError
        If GC bias is asked for without a ``gc`` column.
    """
    if "expected_depth" in targets:
        given: FloatArray = targets["expected_depth"].to_numpy(dtype=np.float64)
        return given
    copies = targets["gene"].map(dict(settings.copy_number)).fillna(2.0).to_numpy(dtype=np.float64)
    dose = (settings.purity * copies + 2 * (1 - settings.purity)) / 2
    log2 = np.random.default_rng(settings.seed).normal(0, settings.target_spread, len(targets))
    if settings.gc_slope:
        if "gc" not in targets:
            raise UsageError("GC bias needs the targets' gc column")
        log2 += settings.gc_slope * (targets["gc"].to_numpy(dtype=np.float64, na_value=0.5) - 0.5)
    depth: FloatArray = settings.depth * dose * 2.0**log2
    return depth


def simulate_reads(targets: pd.DataFrame, settings: BamSettings) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the reads of one contig after the other, sorted by position.

    Yields
    ------
    tuple
        Contig as written in the file, and ``fragment`` (number, the read name), ``flag, pos`` [0-based], ``mapq,
        cigar, mate_pos, template_length`` of its reads.
    """
    depth = expected_depth(targets, settings)
    covered = _bases_per_fragment(settings)
    room = (targets["end"] - targets["start"]).to_numpy(dtype=np.float64) + settings.insert_mean
    wanted = depth * room / covered
    lengths = CONTIG_LENGTHS[normalise_build(settings.build)]
    off_target = wanted.sum() * settings.off_target / (1 - settings.off_target) / sum(lengths.values())
    chromosomes = targets["chromosome"].astype("str")
    known = chromosome_order(chromosomes)
    n_before = 0
    for rank, (chromosome, length) in enumerate(lengths.items()):
        rng = np.random.default_rng([settings.seed, _SUBSTREAM_READS, rank])
        rows = np.flatnonzero(known.to_numpy() == CHROMOSOMES.index(chromosome))
        counts = rng.poisson(wanted[rows])
        first = targets["start"].to_numpy(dtype=np.int64)[rows] - settings.insert_mean + 1
        starts = np.repeat(first, counts) + rng.random(counts.sum()) * np.repeat(room[rows], counts)
        anywhere = rng.random(rng.poisson(off_target * length)) * length
        reads = _reads_of_fragments(np.concatenate([starts, anywhere]).astype(np.int64), length, settings, rng)
        reads["fragment"] += n_before
        n_before += len(starts) + len(anywhere)
        yield settings.contig_name(chromosome), reads


def _bases_per_fragment(settings: BamSettings) -> float:
    """Return the mean number of bases that are read of a fragment, each counted once."""
    normal = NormalDist(settings.insert_mean, max(settings.insert_sd, 1e-9))
    inserts = np.array([normal.inv_cdf((k + 0.5) / _QUANTILES) for k in range(_QUANTILES)])
    return float(np.clip(inserts, settings.read_length, 2 * settings.read_length).mean())


def _reads_of_fragments(starts: IntArray, length: int, settings: BamSettings, rng: np.random.Generator) -> pd.DataFrame:
    size = settings.read_length
    inserts = np.maximum(rng.normal(settings.insert_mean, settings.insert_sd, len(starts)), size).astype(np.int64)
    starts = np.clip(starts, 0, length - inserts - _MAX_INDEL)
    fragment = np.arange(len(starts))
    flag = np.full(len(starts), PAIRED | PROPER)
    flag[rng.random(len(starts)) < settings.improper] &= ~PROPER
    flag[rng.random(len(starts)) < settings.qc_fail] |= QC_FAIL
    mapq = np.where(rng.random(len(starts)) < settings.low_mapq, _LOW_MAPQ, _GOOD_MAPQ)
    left = _one_end(starts, settings, rng)
    right = _one_end(starts + inserts - size, settings, rng)
    first_is_left = rng.random(len(starts)) < 0.5
    left["flag"] = flag | MATE_REVERSE | np.where(first_is_left, FIRST, SECOND)
    right["flag"] = flag | REVERSE | np.where(first_is_left, SECOND, FIRST)
    for end, other, sign in ((left, right, 1), (right, left, -1)):
        end["fragment"], end["mapq"] = fragment, mapq
        end["mate_pos"], end["template_length"] = other["pos"], sign * inserts
    _unmap(left, right, rng.random(len(starts)) < settings.unmapped)
    pairs = pd.concat([pd.DataFrame(left), pd.DataFrame(right)], ignore_index=True)
    copies = pairs[(rng.random(len(starts)) < settings.duplicates)[pairs["fragment"]]].copy()
    copies["flag"] |= DUPLICATE
    copies["fragment"] = -1 - copies["fragment"]
    mapped = pairs[(pairs["flag"] & UNMAPPED) == 0]
    extra = []
    for share, bit in ((settings.secondary, SECONDARY), (settings.supplementary, SUPPLEMENTARY)):
        again = mapped[rng.random(len(mapped)) < share].copy()
        again["flag"] |= bit
        extra.append(again)
    reads = pd.concat([pairs, copies, *extra], ignore_index=True)[_READ_COLUMNS]
    return reads.sort_values("pos", kind="stable", ignore_index=True)


def _one_end(starts: IntArray, settings: BamSettings, rng: np.random.Generator) -> End:
    """Return position and CIGAR of one read per fragment; a clip at the left moves the position."""
    size = settings.read_length
    draw = rng.random(len(starts))
    at = rng.integers(_MAX_INDEL, size - 2 * _MAX_INDEL, len(starts))
    n = rng.integers(1, _MAX_INDEL + 1, len(starts))
    edges = np.cumsum([settings.clips / 2, settings.clips / 2, settings.insertions, settings.deletions])
    kind = np.searchsorted(edges, draw, side="right")
    shape = (kind * size + at) * (_MAX_INDEL + 1) + n
    shape[kind == len(edges)] = -1
    distinct, which = np.unique(shape, return_inverse=True)
    words = np.array([_cigar(int(code), size) for code in distinct], dtype=object)
    clipped = np.where(kind == 0, np.minimum(at, size // 2), 0)
    return {"pos": starts + clipped, "cigar": words[which]}


def _cigar(code: int, size: int) -> str:
    if code < 0:
        return f"{size}M"
    rest, n = divmod(code, _MAX_INDEL + 1)
    kind, at = divmod(rest, size)
    clip = min(at, size // 2)
    return (
        f"{clip}S{size - clip}M",
        f"{size - clip}M{clip}S",
        f"{at}M{n}I{size - at - n}M",
        f"{at}M{n}D{size - at}M",
    )[kind]


def _unmap(left: End, right: End, rows: npt.NDArray[np.bool_]) -> None:
    """Turn the right end of some pairs into an unmapped read, placed at its mate as aligners do."""
    for end, bit in ((left, MATE_UNMAPPED), (right, UNMAPPED)):
        end["flag"][rows] = (end["flag"][rows] & ~PROPER) | bit
        end["template_length"] = np.where(rows, 0, end["template_length"])
    right["mapq"] = np.where(rows, 0, right["mapq"])
    right["pos"] = np.where(rows, left["pos"], right["pos"])
    left["mate_pos"] = np.where(rows, left["pos"], left["mate_pos"])
    right["cigar"] = np.where(rows, "*", right["cigar"])
