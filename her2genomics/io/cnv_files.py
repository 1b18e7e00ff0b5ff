"""Copy-number results in the formats of other tools: SEG, cBioPortal gene tables, VCF 4.4; and GC from a FASTA.

SEG and VCF are 1-based on disk and 0-based half-open in memory.
"""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pysam

from her2genomics.exceptions import BuildMismatchError, FileFormatError
from her2genomics.genome import CONTIG_LENGTHS, build_from_contig_lengths, normalise_contig
from her2genomics.io.write import write_table, write_text

PathLike = str | os.PathLike[str]
GENE_COLUMN = "Hugo_Symbol"
VCF_TYPES = {"amplification": "DUP", "deletion": "DEL"}


def write_seg(segments: pd.DataFrame, path: PathLike | None) -> None:
    """Write segments as SEG (``ID, chrom, loc.start, loc.end, num.mark, seg.mean``), as IGV and cBioPortal read it."""
    table = pd.DataFrame(
        {
            "ID": segments["sample_id"],
            "chrom": segments["chromosome"].str.removeprefix("chr"),
            "loc.start": segments["start"] + 1,
            "loc.end": segments["end"],
            "num.mark": segments["probes"],
            "seg.mean": segments["log2"],
        }
    )
    write_table(table, path, "tsv")


def write_cbioportal_cna(genes: pd.DataFrame, discrete: PathLike | None, log2: PathLike | None) -> None:
    """Write gene tables of one or many samples as cBioPortal's ``data_cna.txt`` and ``data_log2_cna.txt``.

    A gene that was not evaluable in a sample is ``NA`` there.
    """
    for path, column in ((discrete, "cna"), (log2, "log2")):
        if path is not None:
            values = genes[column].where(genes["cna"].notna()) if column == "log2" else genes[column]
            keyed = genes.assign(value=values).set_index(["gene", "sample_id"])["value"]
            samples, symbols = genes["sample_id"].unique(), genes["gene"].unique()
            matrix = pd.DataFrame(
                {sample: keyed.xs(sample, level="sample_id").reindex(symbols).to_numpy() for sample in samples}
            )
            matrix.insert(0, GENE_COLUMN, symbols)
            write_table(matrix, path, "tsv")


def write_cnv_vcf(genes: pd.DataFrame, path: PathLike, *, sample_id: str, build: str) -> None:
    """Write the called genes of one sample as VCF 4.4 with symbolic ``<DUP>`` and ``<DEL>`` alleles.

    Parameters
    ----------
    genes
        `schema.GENE_CNA` rows of the sample.
    path
        ``.vcf`` file.
    sample_id
        Column name.
    build
        ``hg19`` or ``hg38``, for the contig lines.
    """
    lines = ["##fileformat=VCFv4.4", f"##reference={build}", "##source=her2genomics"]
    lines += [f"##contig=<ID={name},length={length}>" for name, length in CONTIG_LENGTHS[build].items()]
    lines += [
        '##ALT=<ID=DUP,Description="Gain of copies">',
        '##ALT=<ID=DEL,Description="Loss of copies">',
        '##INFO=<ID=END,Number=1,Type=Integer,Description="Last base of the gene\'s targets">',
        '##INFO=<ID=SVLEN,Number=A,Type=Integer,Description="Length of the variant">',
        '##INFO=<ID=SVCLAIM,Number=A,Type=String,Description="D: claim on depth">',
        '##INFO=<ID=GENE,Number=1,Type=String,Description="Gene">',
        '##INFO=<ID=EVENT,Number=A,Type=String,Description="Amplicon or run of neighbours">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype (not called)">',
        '##FORMAT=<ID=CN,Number=1,Type=Float,Description="Copies">',
        '##FORMAT=<ID=LOG2,Number=1,Type=Float,Description="log2 ratio">',
        '##FORMAT=<ID=PV,Number=1,Type=Float,Description="p against the normals">',
        f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{sample_id}",
    ]
    called = genes[genes["call"].isin(VCF_TYPES)]
    lines += [_vcf_line(row) for _, row in called.iterrows()]
    write_text("\n".join(lines) + "\n", path)


def _vcf_line(row: pd.Series) -> str:
    kind = VCF_TYPES[row["call"]]
    length = int(row["end"]) - int(row["start"])
    event = str(row["event"]).replace(" ", "_").replace(";", "_")
    info = f"END={int(row['end'])};SVLEN={length};SVCLAIM=D;GENE={row['gene']};EVENT={event}"
    numbers = ["." if pd.isna(row[name]) else f"{row[name]:.5g}" for name in ("cn", "log2", "p_value")]
    # a symbolic allele stands behind the base before it: POS is that base, 1-based
    position = max(int(row["start"]), 1)
    fields = [row["chromosome"], str(position), ".", "N", f"<{kind}>", ".", "PASS", info]
    return "\t".join([*fields, "GT:CN:LOG2:PV", ":".join([".", *numbers])])


def build_of_fasta(fasta: PathLike) -> str | None:
    """Return the build of an indexed FASTA by the lengths of its chromosomes, or None when they are of neither.

    Raises
    ------
    FileFormatError
        If the FASTA cannot be read.
    """
    with _open_fasta(fasta) as genome:
        return build_from_contig_lengths(dict(zip(genome.references, genome.lengths, strict=True)))


def _open_fasta(fasta: PathLike) -> pysam.FastaFile:
    try:
        return pysam.FastaFile(os.fspath(fasta))
    except (OSError, ValueError) as error:
        raise FileFormatError("cannot be read as an indexed FASTA", path=fasta, hint="samtools faidx FILE") from error


def gc_of_bins(bins: pd.DataFrame, fasta: PathLike) -> pd.DataFrame:
    """Return ``chromosome, start, end, gc`` of each bin from an indexed FASTA; only A, C, G and T count.

    Raises
    ------
    FileFormatError
        If the FASTA cannot be read.
    BuildMismatchError
        If a chromosome is missing, or a bin ends beyond it.
    """
    with _open_fasta(fasta) as genome:
        names = {normalise_contig(name): name for name in genome.references}
        values = [_gc(genome, names, row, fasta) for row in bins.itertuples(index=False)]
    return bins[["chromosome", "start", "end"]].assign(gc=values)


def _gc(genome: pysam.FastaFile, names: dict[str, str], row: object, fasta: PathLike) -> float:
    chromosome, start, end = str(row.chromosome), int(row.start), int(row.end)  # type: ignore[attr-defined]
    name = names.get(chromosome)
    if name is None or end > genome.get_reference_length(name):
        raise BuildMismatchError(f"the FASTA has no {chromosome}:{start}-{end}", path=fasta, hint="another build?")
    sequence = genome.fetch(name, start, end).upper()
    strong, weak = (sum(map(sequence.count, pair)) for pair in ("GC", "AT"))
    return strong / (strong + weak) if strong + weak else np.nan
