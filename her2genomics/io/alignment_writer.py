"""Writing sorted BAM files from tables of reads (simulation and tests)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from her2genomics.exceptions import FileFormatError
from her2genomics.io.write import atomic_path

_POOL = 4096
_PHRED_OFFSET = 33
_QUALITIES = np.array([37, 37, 37, 37, 25, 11], dtype=np.uint8)


def write_bam(
    path: str | os.PathLike[str],
    contigs: Mapping[str, int],
    reads: Iterable[tuple[str, pd.DataFrame]],
    *,
    sample: str,
    read_length: int,
    seed: int = 0,
    index: bool = True,
) -> None:
    """Write a sorted BAM with random bases and, beside it, its index.

    Parameters
    ----------
    path
        BAM file.
    contigs
        Contig name to length [bp], in the order of the header.
    reads
        Contig and table of its reads (``fragment, flag, pos, mapq, cigar, mate_pos, template_length``), contigs in the
        order of the header and reads by position.
    sample
        Sample name of the read group.
    read_length
        Bases per read.
    seed
        Seed of the random bases.
    index
        Whether to write ``.bai``.

    Raises
    ------
    FileFormatError
        If the file cannot be written.
    """
    header = pysam.AlignmentHeader.from_dict(
        {
            "HD": {"VN": "1.6", "SO": "coordinate"},
            "SQ": [{"SN": name, "LN": length} for name, length in contigs.items()],
            "RG": [{"ID": sample, "SM": sample, "PL": "ILLUMINA"}],
        }
    )
    bases, qualities = _pools(read_length, seed)
    try:
        with atomic_path(path) as temporary:
            with pysam.AlignmentFile(str(temporary), "wb", header=header) as out:
                for contig, table in reads:
                    _write_contig(out, contig, table, bases, qualities)
            if index:
                pysam.index(str(temporary), f"{Path(path)}.bai")
    except (ValueError, OSError) as error:
        raise FileFormatError(f"cannot be written as BAM: {error}", path=path) from error


def _pools(read_length: int, seed: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)[rng.integers(0, 4, (_POOL, read_length))]
    quality = rng.choice(_QUALITIES, (_POOL // 16, read_length)) + _PHRED_OFFSET
    return [row.tobytes().decode() for row in letters], [row.tobytes().decode() for row in quality.astype(np.uint8)]


def _write_contig(
    out: pysam.AlignmentFile, contig: str, table: pd.DataFrame, bases: list[str], qualities: list[str]
) -> None:
    columns = ("fragment", "flag", "pos", "mapq", "cigar", "mate_pos", "template_length")
    header = out.header
    from_text, write = pysam.AlignedSegment.fromstring, out.write
    rows = zip(*(table[name].tolist() for name in columns), strict=True)
    for number, (fragment, flag, pos, mapq, cigar, mate_pos, template_length) in enumerate(rows):
        name = f"sim:{fragment}" if fragment >= 0 else f"dup:{-fragment}"
        sequence, quality = bases[(number * 7 + pos) % len(bases)], qualities[(number + pos) % len(qualities)]
        write(
            from_text(
                f"{name}\t{flag}\t{contig}\t{pos + 1}\t{mapq}\t{cigar}\t=\t{mate_pos + 1}\t{template_length}"
                f"\t{sequence}\t{quality}",
                header,
            )
        )
