"""Writing somatic calls as a VCF with VEP's annotation (simulation and tests)."""

from __future__ import annotations

import os
from typing import Any

import pandas as pd

from her2genomics.genome import CONTIG_LENGTHS
from her2genomics.io.write import write_text

CSQ_FIELDS = ("Allele", "Consequence", "SYMBOL", "Feature_type", "Feature", "BIOTYPE", "HGVSp", "CANONICAL",
              "gnomADe_AF")  # fmt: skip


def write_vep_vcf(variants: pd.DataFrame, path: str | os.PathLike[str], *, sample_id: str, build: str) -> None:
    """Write one tumour's calls as a VCF with a CSQ per record.

    Parameters
    ----------
    variants
        ``chromosome, position`` [1-based], ``ref, alt, filter, term, gene, transcript, protein`` (empty = none),
        ``gnomad_af`` [0-1, missing = not in gnomAD], ``depth, alt_reads, vaf``, in the order of the file.
    path
        ``.vcf`` file.
    sample_id
        Tumour column.
    build
        ``hg19`` or ``hg38``, for the contig lines.

    Raises
    ------
    FileFormatError
        If the file cannot be written.
    """
    filters = sorted(set(variants["filter"]) - {"PASS"})
    lines = ["##fileformat=VCFv4.2", "##source=her2genomics simulate", f"##reference={build}"]
    lines += [f"##contig=<ID={name},length={length}>" for name, length in CONTIG_LENGTHS[build].items()]
    lines += [f'##FILTER=<ID={name},Description="{name.replace("_", " ").capitalize()}">' for name in filters]
    lines += [
        '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. '
        f'Format: {"|".join(CSQ_FIELDS)}">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads of each allele">',
        '##FORMAT=<ID=AF,Number=A,Type=Float,Description="Allele fraction">',
        '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
        f"##tumor_sample={sample_id}",
        f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{sample_id}",
    ]
    lines += [_record(row) for row in variants.to_dict("records")]
    write_text("\n".join(lines) + "\n", path)


def _record(row: dict[Any, Any]) -> str:
    ref, alt = str(row["ref"]), str(row["alt"])
    allele = alt if len(ref) == len(alt) else alt[1:] or "-"
    frequency = "" if pd.isna(row["gnomad_af"]) else f"{row['gnomad_af']:g}"
    protein = f"{row['transcript']}:{row['protein']}" if row["protein"] else ""
    csq = [allele, str(row["term"]), str(row["gene"]), "Transcript", str(row["transcript"]), "protein_coding", protein,
           "YES", frequency]  # fmt: skip
    depth, alt_reads = int(row["depth"]), int(row["alt_reads"])
    call = f"0/1:{depth - alt_reads},{alt_reads}:{row['vaf']:g}:{depth}"
    fields = [row["chromosome"], row["position"], ".", ref, alt, ".", row["filter"], f"CSQ={'|'.join(csq)}"]
    return "\t".join([*map(str, fields), "GT:AD:AF:DP", call])
