"""The report of one tumour from the files that the commands wrote."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from her2genomics import schema
from her2genomics.classify import add_status
from her2genomics.consequences import alteration_classes
from her2genomics.copynumber import add_erbb2
from her2genomics.exceptions import CohortError
from her2genomics.io.clinical import read_clinical
from her2genomics.io.cnvkit import read_cnn
from her2genomics.io.maf import read_maf
from her2genomics.io.vcf_source import is_vcf
from her2genomics.io.write import write_text
from her2genomics.panel import DEFAULT_PANEL, EXOME, load_panel, panel_knowledge
from her2genomics.protein_positions import first_residues
from her2genomics.provenance import software_version
from her2genomics.report.html import render_page
from her2genomics.report.sample_page import SampleCopyNumber, SampleResults, sample_page
from her2genomics.workflow.result_tables import PathLike, read_cnv_folders, read_results
from her2genomics.workflow.tmb_settings import settings_from
from her2genomics.workflow.vcf_mutations import read_vcf_mutations


@dataclass(frozen=True)
class SampleFiles:
    """Files of one tumour, or of many among which it is; what is None is not shown.

    ``cnv`` is the folder of ``her2g cnv --folder``, ``mutations`` a MAF or an annotated VCF.
    """

    tmb: PathLike | None = None
    cnv: PathLike | None = None
    mutations: PathLike | None = None
    coverage: PathLike | None = None
    clinical: PathLike | None = None


def write_sample_report(sample: str, files: SampleFiles, out: PathLike, *, panel: str = DEFAULT_PANEL) -> SampleResults:
    """Read what there is of a tumour and write its page.

    Raises
    ------
    Her2GenomicsError
        If a file cannot be read, or the tumour is not in it.
    """
    results = read_sample(sample, files, panel=panel)
    write_text(render_page(sample_page(results)), out)
    return results


def read_sample(sample: str, files: SampleFiles, *, panel: str = DEFAULT_PANEL) -> SampleResults:
    """Return what the files say of one tumour.

    Raises
    ------
    CohortError
        If the tumour is not in a file; the message names those that are.
    """
    tmb = None if files.tmb is None else read_results([files.tmb], schema.TMB)
    coverage = None if files.coverage is None else read_results([files.coverage], schema.SAMPLE_QC)
    copy_number = None if files.cnv is None else _copy_number(sample, files.cnv)
    if coverage is None and files.cnv is not None:
        counted = read_cnv_folders([files.cnv]).sequencing_qc
        coverage = counted if counted is not None and sample in set(counted["sample_id"]) else None
    found = None if files.mutations is None else _mutations(sample, files.mutations, panel)
    inside = None if found is None else _on_panel(found, panel)
    return SampleResults(
        sample_id=sample,
        tmb=None if tmb is None else _row(tmb, sample, files.tmb),
        coverage=None if coverage is None else _row(coverage, sample, files.coverage),
        copy_number=copy_number,
        mutations=inside,
        n_outside=0 if found is None or inside is None else len(found) - len(inside),
        status=None if files.clinical is None else _status(sample, files.clinical, copy_number),
        software=f"her2genomics {software_version()}",
    )


def _row(table: pd.DataFrame, sample: str, path: PathLike | None) -> pd.Series:
    rows = table[table["sample_id"] == sample]
    if rows.empty:
        raise _absent(sample, table["sample_id"].astype(str).tolist(), path)
    return rows.iloc[0]


def _absent(sample: str, there: list[str], path: PathLike | None) -> CohortError:
    listed = ", ".join(there[:5]) + (", ..." if len(there) > 5 else "")
    return CohortError(
        "the sample is not in this file", path=path, sample=sample, hint=f"there are: {listed or 'none'}"
    )


def _copy_number(sample: str, folder: PathLike) -> SampleCopyNumber:
    found = read_cnv_folders([folder])
    qc = _row(found.qc, sample, Path(folder) / "cnv_qc.tsv")
    genes = found.gene_cna[found.gene_cna["sample_id"] == sample].reset_index(drop=True)
    genes = schema.conform(genes, schema.GENE_CNA)
    ratios, segments = (read_cnn(Path(folder) / f"{sample}.{ending}") for ending in ("cnr", "cns"))
    return SampleCopyNumber(ratios, segments, genes, qc)


def _mutations(sample: str, path: PathLike, panel: str) -> pd.DataFrame:
    """Return the altered genes by small variants; a VCF goes through the filters of the burden's default rule."""
    if is_vcf(path):
        found = read_vcf_mutations([path], settings_from(panel=DEFAULT_PANEL if panel == EXOME else panel))
        table, there = found.mutations, list(found.samples)
    else:
        table = read_maf(path).mutations
        there = table["Tumor_Sample_Barcode"].drop_duplicates().astype(str).tolist()
    if sample not in there:
        raise _absent(sample, there, path)
    own = table[table["Tumor_Sample_Barcode"] == sample]
    classes = alteration_classes(own)
    own, classes = own[classes.notna()], classes[classes.notna()]
    change = own.get("HGVSp_Short", pd.Series(pd.NA, index=own.index, dtype="string"))
    rows = pd.DataFrame(
        {
            "gene": own["Hugo_Symbol"],
            "class": classes,
            "change": change,
            "vaf": own.get("t_vaf", pd.Series(pd.NA, index=own.index, dtype="Float64")),
            "hotspot": _is_hotspot(own["Hugo_Symbol"], change, panel),
        }
    )
    return rows.reset_index(drop=True)


def _on_panel(mutations: pd.DataFrame, panel: str) -> pd.DataFrame:
    if panel == EXOME:
        return mutations
    knowledge = load_panel(panel)
    aliases = knowledge.alias_map()
    inside = [knowledge.has_gene(aliases.get(gene, gene)) for gene in mutations["gene"].astype(str)]
    return mutations[inside].reset_index(drop=True)


def _is_hotspot(genes: pd.Series, changes: pd.Series, panel: str) -> list[bool]:
    known = {(gene, residue) for gene, residue, _, _ in panel_knowledge(panel).hotspot_rows}
    touched = first_residues(changes)
    residues = touched["residue"].fillna("").tolist()
    return [(str(gene), residue) in known for gene, residue in zip(genes, residues, strict=True)]


def _status(sample: str, path: PathLike, copy_number: SampleCopyNumber | None) -> pd.Series:
    clinical = read_clinical(path).table
    _row(clinical, sample, path)
    own = clinical[clinical["sample_id"] == sample].reset_index(drop=True)
    status = add_status(own, source=os.fspath(path))
    return (status if copy_number is None else add_erbb2(status, copy_number.genes)).iloc[0]
