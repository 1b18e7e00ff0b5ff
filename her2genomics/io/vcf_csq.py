"""Annotating an un-annotated VCF here and now: bcftools csq (as bundled in pysam) with the panel's own gene models.

The panel's coding-exon table becomes a small GFF3, the variants in hand become a minimal VCF on the FASTA's contig
names, and csq's answer is read back.  Only the panel's variants are annotated, one at a time (``--local-csq``): phase
is not used.  The models hold coding exons only, so a variant outside them and their splice sites gets no consequence,
which for a burden in coding regions is the right answer.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pysam

from her2genomics.exceptions import BuildMismatchError, FileFormatError
from her2genomics.genome import build_from_contig_lengths, normalise_contig
from her2genomics.io.vcf_annotators import CsqAnnotation
from her2genomics.io.vcf_effects import Allele, choose_effect, fill_annotation
from her2genomics.io.vcf_records import Info
from her2genomics.variant import Site, Variant

_CSQ = "import sys; from pysam import bcftools; sys.stdout.write(bcftools.csq(*sys.argv[1:]))"
"""Run in a process of its own: csq keeps the position of its last record in a static variable, so a second call in one
process takes a lower position for an unsorted file."""


@dataclass(frozen=True)
class VcfAllele:
    """A variant spelled the way a VCF does: position, REF and ALT with an anchor base for indels."""

    contig: str
    position: int
    ref: str
    alt: str


def gff3_of_exons(exons: pd.DataFrame, contigs: Mapping[str, str] | None = None) -> str:
    r"""Return gene models as GFF3 in the form that bcftools csq reads.

    Parameters
    ----------
    exons
        Coding exons: ``chromosome, start, end`` (0-based half-open), ``gene, transcript, exon`` (coding exon number in
        the order of the transcript), ``strand``.  Non-coding transcripts (``NR_``) are left out.
    contigs
        Chromosome to its name in the FASTA; None keeps the names, chromosomes that the mapping lacks are left out.

    Examples
    --------
    >>> table = pd.DataFrame({"chromosome": "chr1", "start": [100, 200], "end": [160, 262], "gene": "G",
    ...                       "transcript": "NM_1", "exon": [2, 1], "strand": "-"})
    >>> [line.split("\t")[7] for line in gff3_of_exons(table).splitlines() if "CDS" in line]
    ['0', '1']
    """
    lines = ["##gff-version 3"]
    coding = exons[~exons["transcript"].str.startswith("NR_")]
    for (gene, transcript), rows in coding.groupby(["gene", "transcript"], sort=False):
        chromosome, strand = str(rows["chromosome"].iloc[0]), str(rows["strand"].iloc[0])
        contig = chromosome if contigs is None else contigs.get(chromosome)
        if contig is not None:
            lines += _gene_lines(str(gene), str(transcript), contig, strand, rows.sort_values("exon"))
    return "\n".join(lines) + "\n"


def _gene_lines(gene: str, transcript: str, contig: str, strand: str, exons: pd.DataFrame) -> list[str]:
    def line(kind: str, start: int, end: int, phase: str, about: str) -> str:
        return "\t".join((contig, "her2genomics", kind, str(start + 1), str(end), ".", strand, phase, about))

    first, last = int(exons["start"].min()), int(exons["end"].max())
    parent = f"Parent=transcript:{transcript}"
    lines = [
        line("gene", first, last, ".", f"ID=gene:{gene};Name={gene};biotype=protein_coding"),
        line("mRNA", first, last, ".", f"ID=transcript:{transcript};Parent=gene:{gene};biotype=protein_coding"),
    ]
    done = 0
    for start, end in zip(exons["start"].tolist(), exons["end"].tolist(), strict=True):
        lines += [line("exon", start, end, ".", parent), line("CDS", start, end, str(-done % 3), parent)]
        done += end - start
    return lines


def annotate_by_csq(variants: Sequence[Variant], fasta: str | os.PathLike[str], exons: pd.DataFrame) -> int:
    """Fill in the consequences of variants from a reference sequence and exon tables; return how many got one.

    Parameters
    ----------
    variants
        Small variants; changed in place.
    fasta
        Reference of the variants' build, plain or bgzipped; an index is made beside it if there is none.
    exons
        Coding exons of the panel on that build.

    Raises
    ------
    FileFormatError
        If the FASTA is absent, is no FASTA or cannot be indexed, or csq fails.
    BuildMismatchError
        If reference alleles differ from the FASTA, or it lacks the chromosomes.
    """
    if not variants:
        return 0
    path = os.fspath(fasta)
    with _open_fasta(path) as sequence:
        contigs = {normalise_contig(name): name for name in sequence.references}
        alleles = [_vcf_allele(variant, sequence, contigs, path) for variant in variants]
    found = _run_csq({a for a in alleles if a is not None}, path, gff3_of_exons(exons, contigs))
    residues = _SpliceResidues(exons)
    n = 0
    for variant, allele in zip(variants, alleles, strict=True):
        info = found.get(allele) if allele is not None else None
        n += info is not None and _fill(variant, allele, info, residues)
    return n


def build_of_fasta(path: str | os.PathLike[str]) -> str | None:
    """Return the build that a FASTA's sequence lengths belong to, None when they are of neither.

    Raises
    ------
    FileFormatError
        If the FASTA is absent or cannot be indexed.
    """
    with _open_fasta(os.fspath(path)) as sequence:
        return build_from_contig_lengths(dict(zip(sequence.references, sequence.lengths, strict=True)))


def _open_fasta(path: str) -> pysam.FastaFile:
    if not Path(path).is_file():
        raise FileFormatError("no such FASTA", path=path)
    try:
        return pysam.FastaFile(path)
    except (OSError, ValueError) as error:
        raise FileFormatError(
            "the FASTA cannot be read or indexed", path=path, hint=f"samtools faidx {path} (a .gz has to be bgzip)"
        ) from error


def _vcf_allele(variant: Variant, sequence: pysam.FastaFile, contigs: Mapping[str, str], path: str) -> VcfAllele | None:
    """Return the variant as a VCF allele on the FASTA; None for a chromosome that is no part of the FASTA."""
    contig = contigs.get(variant.chromosome)
    if contig is None:
        raise BuildMismatchError(f"the FASTA has no {variant.chromosome}", path=path, hint="use the FASTA of the VCF")
    start, ref, alt = variant.start, variant.ref.replace("-", ""), variant.alt.replace("-", "")
    there = sequence.fetch(contig, start - 1, start - 1 + len(ref)).upper()
    if ref and there != ref:
        raise BuildMismatchError(
            f"the reference allele at {variant.chromosome}:{start} is {ref[:20]} in the VCF and"
            f" {there[:20] or 'absent'} in the FASTA: another build or reference",
            path=path,
        )
    if ref and alt:
        return VcfAllele(contig, start, ref, alt)
    position = start if not ref else start - 1
    anchor = sequence.fetch(contig, position - 1, position).upper()
    return VcfAllele(contig, position, anchor + ref, anchor + alt) if anchor else None


def _run_csq(alleles: set[VcfAllele], fasta: str, gff: str) -> dict[VcfAllele, Info]:
    """Return csq's INFO for each allele."""
    with tempfile.TemporaryDirectory(prefix="her2g_csq_") as folder:
        models, calls = Path(folder) / "genes.gff3", Path(folder) / "variants.vcf"
        models.write_text(gff, encoding="utf-8")
        calls.write_text(_minimal_vcf(alleles), encoding="utf-8")
        command = [sys.executable, "-c", _CSQ, "-l", "-f", fasta, "-g", str(models), str(calls)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        text = done.stdout
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise FileFormatError(f"bcftools csq failed: {reason[-300:]}", path=fasta)
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            contig, position, _, ref, alt, _, _, info = line.split("\t")[:8]
            found[VcfAllele(contig, int(position), ref, alt)] = Info(info)
    missing = alleles - found.keys()
    if missing:
        raise FileFormatError(f"bcftools csq returned {len(found)} of {len(alleles)} variants", path=fasta)
    return found


def _minimal_vcf(alleles: Iterable[VcfAllele]) -> str:
    ordered = sorted(alleles, key=lambda a: (a.contig, a.position, a.ref, a.alt))
    contigs = dict.fromkeys(a.contig for a in ordered)
    lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID={name}>" for name in contigs)]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    lines += [f"{a.contig}\t{a.position}\t.\t{a.ref}\t{a.alt}\t.\t.\t." for a in ordered]
    return "\n".join(lines) + "\n"


def _fill(variant: Variant, allele: VcfAllele | None, info: Mapping[str, str], residues: _SpliceResidues) -> bool:
    if allele is None:
        return False
    annotator = CsqAnnotation()
    effect = choose_effect(annotator.effects(info, Allele(allele.position, allele.ref, [allele.alt], 0)))
    if effect is None:
        return False
    annotator.complete(effect)
    fill_annotation(variant, effect)
    if variant.classification == "Splice_Site" and not variant.hgvsp:
        variant.hgvsp = residues.name(variant)
    return True


class _SpliceResidues:
    """The residue next to a splice site (``p.X187_splice``), from the exons' coding lengths."""

    def __init__(self, exons: pd.DataFrame) -> None:
        self._edges: dict[tuple[str, int], int] = {}
        for _, rows in exons.sort_values("exon").groupby(["gene", "transcript"], sort=False):
            chromosome, forward = str(rows["chromosome"].iloc[0]), rows["strand"].iloc[0] == "+"
            done = 0
            for start, end in zip(rows["start"].tolist(), rows["end"].tolist(), strict=True):
                first, last = done + 1, done + end - start
                left, right = (first, last) if forward else (last, first)
                for offset in (1, 2):  # the two intron bases before the first and after the last base of the exon
                    self._edges[chromosome, start + 1 - offset] = left
                    self._edges[chromosome, end + offset] = right
                done = last

    def name(self, site: Site) -> str | None:
        """Return the residue of the splice site that the variant touches."""
        for position in range(site.start, site.end + 1):
            coding = self._edges.get((site.chromosome, position))
            if coding is not None:
                return f"p.X{-(-coding // 3)}_splice"
        return None
