"""What a file is taken for, without running anything: its kind, its columns, what would be mapped or dropped."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from her2genomics import schema
from her2genomics.classify import EVIDENCE, STATUS_COLUMNS
from her2genomics.exceptions import FileFormatError, UsageError
from her2genomics.gene_columns import find_gene_columns, usable_aliases
from her2genomics.io.alterations import read_alterations
from her2genomics.io.clinical import recognise_clinical
from her2genomics.io.maf import read_maf
from her2genomics.io.segments import read_gene_cna, read_seg
from her2genomics.io.sources import find_source
from her2genomics.io.structural import read_structural
from her2genomics.io.tables import read_table
from her2genomics.io.vcf import open_vcf
from her2genomics.panel import Panel, load_panel
from her2genomics.personal_columns import find_personal_columns

ITEM_COLUMNS = ["item", "taken_as", "note"]
KINDS = ("clinical", "cohort", "maf", "seg", "cna", "alterations", "sv", "vcf")
_VCF_HEAD = b"##fileformat=VCF"
_SIGNS: tuple[tuple[str, frozenset[str]], ...] = (
    ("maf", frozenset({"hugosymbol", "tumorsamplebarcode", "variantclassification"})),
    ("sv", frozenset({"site1hugosymbol"})),
    ("sv", frozenset({"hugosymbol", "tumorsamplebarcode", "fusion"})),
    ("seg", frozenset({"segmentmean"})),
    ("seg", frozenset({"segmean"})),
    ("cna", frozenset({"sampleid", "gene", "cna"})),
    ("alterations", frozenset({"sampleid", "gene", "alteration"})),
    ("alterations", frozenset({"sampleid", "gene", "alterationclass"})),
    ("alterations", frozenset({"sampleid", "gene", "consequence"})),
)
"""Column names (without case and punctuation) that make a kind of file, the first match counts."""


_OWN_RESULTS = frozenset(STATUS_COLUMNS) | frozenset(schema.ERBB2_STATUS.names) | {"assays", "tmb_status"}
"""Columns of a cohort that ``classify`` and ``cohort build`` make."""


@dataclass(frozen=True)
class FileCheck:
    """What `check_file` found.

    Parameters
    ----------
    kind
        One of `KINDS`.
    items
        ``item, taken_as, note``: one row per column, or per property of the file.
    summary
        Sentences: size, and what would be dropped or is missing.
    """

    kind: str
    items: pd.DataFrame
    summary: tuple[str, ...]


def check_file(
    path: str | os.PathLike[str],
    kind: str | None = None,
    *,
    genes: Sequence[str] | None = None,
    clinical_columns: Sequence[str] | None = None,
) -> FileCheck:
    """Say what a file is taken for and what would be mapped or dropped.

    Parameters
    ----------
    path
        Any input of the toolkit.
    kind
        One of `KINDS`; told by the content when not given.
    genes, clinical_columns
        Columns of a cohort table that are genes, and that are not.

    Raises
    ------
    UsageError
        If the kind is not known, or columns are named for a file that is no cohort table.
    Her2GenomicsError
        If the file cannot be read as what it is.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"unknown kind '{kind}'", hint=f"use one of: {', '.join(KINDS)}")
    found = kind or file_kind(path)
    if found in _CHECKS and (genes or clinical_columns):
        raise UsageError(f"columns are genes or clinical ones in a cohort table, and this is taken as {found}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check = _CHECKS[found](path) if found in _CHECKS else _check_table(path, genes, clinical_columns)
    # a reader's warning begins with the file's name and repeats its counts
    said = tuple(str(w.message) for w in caught if not str(w.message).startswith(os.fspath(path)))
    return FileCheck(check.kind, check.items, (*check.summary, *said))


def file_kind(path: str | os.PathLike[str]) -> str:
    """Return the kind of a file by its first bytes and its column names."""
    try:
        names = {_key(str(name)) for name in read_table(path, allow_empty=True)}
    except FileFormatError as error:
        if "VCF" in error.what or find_source(path).magic().startswith((_VCF_HEAD[:4], b"BCF")):
            return "vcf"
        raise
    for kind, signs in _SIGNS:
        if signs <= names:
            return kind
    return "cohort"


def _key(name: str) -> str:
    return "".join(c for c in str(name).lower() if c.isalnum())


def _from_report(kind: str, report: pd.DataFrame, counts: pd.DataFrame, size: str) -> FileCheck:
    items = pd.DataFrame(
        {
            "item": report["column"].fillna("(derived)"),
            "taken_as": report["recognised_as"].fillna("-"),
            "note": (report["how"].fillna("") + "; " + report["note"].fillna("")).str.strip("; "),
        }
    )
    dropped = tuple(
        f"{row.what}: {row.n}" + (f" ({row.note})" if isinstance(row.note, str) and row.note else "")
        for row in counts.itertuples(index=False)
    )
    return FileCheck(kind, items, (size, *dropped))


def _check_table(
    path: str | os.PathLike[str], named: Sequence[str] | None, clinical_columns: Sequence[str] | None
) -> FileCheck:
    panel = load_panel()
    raw = read_table(path)
    genes = find_gene_columns(raw, panel, genes=named, clinical_columns=clinical_columns, source=os.fspath(path))
    clinical = recognise_clinical(raw.drop(columns=genes), source=path)
    check = _from_report("cohort", clinical.report, clinical.counts, _size(clinical.table, "samples"))
    gene_rows = pd.DataFrame({"item": genes, "taken_as": "gene", "note": _gene_notes(genes, panel)})
    table, items = clinical.table, _with_own_results(check.items)
    personal = find_personal_columns(raw.drop(columns=genes))
    for column, reason in personal.items():
        here = items["item"] == column
        items.loc[here, "note"] = (items.loc[here, "note"] + f"; {reason}").str.strip("; ")
    missing = []
    if "her2_group" not in table and not any(name in table for name in EVIDENCE):
        missing.append(f"no HER2 group and nothing to derive it from (one of her2_group, {', '.join(EVIDENCE)})")
    declared = [name for name in table if name in schema.CLINICAL.by_name or name in _OWN_RESULTS]
    summary = (
        *check.summary,
        f"{len(genes)} gene columns, {len(declared)} recognised clinical columns, "
        f"{table.shape[1] - len(declared)} kept under their own name",
        *missing,
        *(
            f"column {column} {reason}: leave it out before the table is passed on"
            for column, reason in personal.items()
        ),
    )
    items = pd.concat([items, gene_rows], ignore_index=True)
    return FileCheck("cohort" if genes else "clinical", items[ITEM_COLUMNS], summary)


def _with_own_results(items: pd.DataFrame) -> pd.DataFrame:
    """Return the items with the columns that a command of the toolkit made named as such."""
    own = items["taken_as"].eq("-") & items["item"].isin(_OWN_RESULTS)
    notes = items["item"].map({"her2_group": "taken as given, not derived anew"}).fillna("a result, taken as given")
    return items.assign(taken_as=items["taken_as"].mask(own, items["item"]), note=items["note"].mask(own, notes))


def _gene_notes(genes: list[str], panel: Panel) -> list[str]:
    mapping = usable_aliases(genes, panel)
    return [f"old symbol of {mapping[g]}" if g in mapping else "" for g in genes]


def _size(table: pd.DataFrame, what: str) -> str:
    return f"{len(table)} {what}"


def _check_maf(path: str | os.PathLike[str]) -> FileCheck:
    maf = read_maf(path)
    check = _from_report("maf", maf.report, maf.counts, _size(maf.mutations, "variants"))
    genes = maf.mutations["Hugo_Symbol"].dropna().unique()
    mapping = usable_aliases(genes, load_panel())
    samples = maf.mutations["Tumor_Sample_Barcode"].nunique()
    lines = (f"{samples} tumour samples, {len(genes)} genes", f"old gene symbols to be mapped: {len(mapping)}")
    return FileCheck("maf", check.items, (*check.summary, *lines))


def _check_seg(path: str | os.PathLike[str]) -> FileCheck:
    seg = read_seg(path)
    samples = f"{seg.segments['sample_id'].nunique()} samples"
    check = _from_report("seg", seg.report, seg.counts, _size(seg.segments, "segments"))
    return FileCheck("seg", check.items, (*check.summary, samples))


def _check_cna(path: str | os.PathLike[str]) -> FileCheck:
    cna = read_gene_cna(path)
    return _from_report("cna", cna.report, cna.counts, _size(cna.gene_cna, f"values of {cna.measure}"))


def _check_alterations(path: str | os.PathLike[str]) -> FileCheck:
    table = read_alterations(path)
    return _from_report("alterations", table.report, table.counts, _size(table.alterations, "alterations"))


def _check_sv(path: str | os.PathLike[str]) -> FileCheck:
    table = read_structural(path)
    return _from_report("sv", table.report, table.counts, _size(table.alterations, "fusion rows"))


def _check_vcf(path: str | os.PathLike[str]) -> FileCheck:
    with open_vcf(path, require_annotation=False) as vcf:
        normals = ", ".join(filter(None, vcf.columns.normals))
        rows = [
            ("caller", vcf.header.caller or "not recognised", ""),
            ("annotation", vcf.annotator or "none: her2g tmb needs one, or --fasta", ""),
            ("tumour", ", ".join(vcf.columns.tumours) or "-", vcf.columns.evidence),
            ("normal", normals or "-", ""),
            ("build", vcf.build or "not said by the header: add --build", ""),
            ("population frequencies", str(len(vcf.population_fields)), "fields"),
        ]
    return FileCheck(
        "vcf", pd.DataFrame(rows, columns=ITEM_COLUMNS), ("header read; variants are counted by her2g tmb",)
    )


_CHECKS: dict[str, Callable[[str | os.PathLike[str]], FileCheck]] = {
    "maf": _check_maf,
    "seg": _check_seg,
    "cna": _check_cna,
    "alterations": _check_alterations,
    "sv": _check_sv,
    "vcf": _check_vcf,
}
