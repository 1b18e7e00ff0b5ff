"""Opening BAM, CRAM and SAM files: what they are, what their header says, and what is wrong with them in one line."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pysam

from her2genomics.exceptions import AmbiguousInputError, DataWarning, FileFormatError, Her2GenomicsError
from her2genomics.genome import build_from_contig_lengths, normalise_contig
from her2genomics.io.read_batches import read_bam_header
from her2genomics.io.sources import STDIN, find_source

_CRAM_FIELDS = 0x1FF  # name to template length: neither bases nor qualities, so that no reference is needed


@dataclass(frozen=True)
class AlignmentHeader:
    """What the header of an alignment file says.

    Parameters
    ----------
    path
        The file.
    kind
        ``BAM``, ``CRAM`` or ``SAM``.
    contigs
        Contig name as written to length [bp], in the order of the file.
    sample
        Sample of the read groups; the file's name up to the first point where they name none or several.
    build
        ``hg19``, ``hg38``, or None when the contig lengths are of neither.
    """

    path: str
    kind: str
    contigs: dict[str, int]
    sample: str
    build: str | None

    def ids(self) -> dict[str, int]:
        """Return the package's contig names with their numbers in the file.

        Raises
        ------
        AmbiguousInputError
            If two contigs stand for one chromosome.
        """
        found: dict[str, int] = {}
        for tid, name in enumerate(self.contigs):
            if normalise_contig(name) in found:
                raise AmbiguousInputError(f"two contigs are {normalise_contig(name)} ('{name}')", path=self.path)
            found[normalise_contig(name)] = tid
        return found


def read_alignment_header(path: str | os.PathLike[str], *, reference: str | None = None) -> AlignmentHeader:
    """Read the header of a BAM, CRAM or SAM file.

    Raises
    ------
    FileFormatError
        If the file is not there, is of another format, is truncated, or is not sorted by coordinate.
    """
    label = os.fspath(path)
    kind = _kind(label)
    if kind == "BAM":
        text, contigs = read_bam_header(label)
    else:
        with open_alignments(label, reference=reference) as handle:
            text, contigs = str(handle.header), dict(zip(handle.references, handle.lengths, strict=True))
    lines = [line.split("\t") for line in text.splitlines()]
    order = next((_tag(line, "SO") for line in lines if line[0] == "@HD"), None)
    if order in ("unsorted", "queryname"):
        raise FileFormatError(f"not sorted by coordinate (the header says {order})", path=label, hint=sort_hint(label))
    if not contigs:
        raise FileFormatError("the header names no contig: unaligned reads?", path=label)
    samples = sorted({sample for line in lines if line[0] == "@RG" and (sample := _tag(line, "SM"))})
    if len(samples) > 1:
        warnings.warn(
            DataWarning(f"{label}: reads of {len(samples)} samples are counted together: {', '.join(samples[:5])}"),
            stacklevel=2,
        )
    sample = samples[0] if len(samples) == 1 else Path(label).name.partition(".")[0]
    return AlignmentHeader(label, kind, contigs, sample, build_from_contig_lengths(contigs))


def _tag(line: list[str], name: str) -> str | None:
    """Return the value of one tag of a header line."""
    return next((field[3:] for field in line[1:] if field.startswith(f"{name}:")), None)


def _kind(path: str) -> str:
    if path == STDIN:
        raise FileFormatError("alignments are read from a file, not from standard input", path=path)
    magic = find_source(path).magic()
    if magic.startswith(b"CRAM"):
        return "CRAM"
    if magic.startswith(b"\x1f\x8b\x08\x04"):
        return "BAM"
    if magic.startswith((b"@HD\t", b"@SQ\t")):
        return "SAM"
    what = "the file is empty" if not magic else "not a BAM, CRAM or SAM file"
    raise FileFormatError(what, path=path)


@contextlib.contextmanager
def open_alignments(path: str, *, reference: str | None, threads: int = 1) -> Iterator[pysam.AlignmentFile]:
    """Open through pysam; what htslib would say on standard error becomes the error's text."""
    options = [f"required_fields={_CRAM_FIELDS}"] if _kind(path) == "CRAM" else None
    verbosity = pysam.set_verbosity(0)
    try:
        try:
            handle = pysam.AlignmentFile(
                path, reference_filename=reference, check_sq=False, threads=threads, format_options=options
            )
        except (OSError, ValueError) as error:
            what = "the file is truncated" if "truncated" in str(error) else f"cannot be read: {error}"
            raise FileFormatError(what, path=path, hint="copy or write it again") from error
        with handle:
            yield handle
    finally:
        pysam.set_verbosity(verbosity)


@contextlib.contextmanager
def clear_errors(header: AlignmentHeader, reference: str | None) -> Iterator[None]:
    """Turn what pysam raises while reading into one line."""
    try:
        yield
    except Her2GenomicsError:
        raise
    except (OSError, ValueError) as error:
        text = str(error)
        if "index" in text or "random access" in text:
            what, hint = "reading by region needs an index", f"samtools index {header.path}"
        elif header.kind == "CRAM":
            what = "the CRAM cannot be decoded: truncated, or its reference is not found"
            hint = "name the FASTA with --reference" if reference is None else "is it the FASTA that it was made with?"
        else:
            what, hint = f"damaged or truncated ({text})", "copy or write it again"
        raise FileFormatError(what, path=header.path, hint=hint) from error


def sort_hint(path: str) -> str:
    """Return the command that sorts a file."""
    name = Path(path)
    return f"samtools sort -o {name.stem}.sorted{name.suffix} {name.name}"
