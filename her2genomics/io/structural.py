"""Structural variants and fusions: cBioPortal ``data_sv.txt`` and the older ``data_fusions.txt``.

Every event gives one ``fusion`` row per partner gene, with both partners in ``detail`` (``ERBB2::GRB7``), so that
either gene counts as altered.  A break within one gene or into no gene is kept as well and says so.  Germline events
are left out and counted.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import SchemaError
from her2genomics.io.column_names import RecognisedTable, Synonyms, recognise_columns
from her2genomics.io.read_reports import Count, count_table
from her2genomics.io.tables import read_table

STRUCTURAL_SYNONYMS: Synonyms = {
    "sample_id": ("sample", "tumor_sample_barcode", "sample_barcode"),
    "site1": ("site1_hugo_symbol", "site1_gene", "gene1", "gene_1", "gene5", "left_gene"),
    "site2": ("site2_hugo_symbol", "site2_gene", "gene2", "gene_2", "gene3", "right_gene"),
    "status": ("sv_status", "mutation_status"),
    "kind": ("class", "sv_class", "sv_class_name", "sv_type", "svtype"),
    "gene": ("hugo_symbol", "gene_symbol"),
    "fusion": ("fusion_name",),
}
WITHIN, NO_GENE = "within the gene", "no gene"
_GERMLINE = ("germline",)
_TRAILING_WORDS = re.compile(
    r"[\s_-]*(fusion|intragenic|truncation|rearrangement|archer|non-?canonical)+.*$", re.IGNORECASE
)
_NOT_A_GENE = ("", "-", "intergenic", "unknown", "none")


@dataclass(frozen=True)
class StructuralTable:
    """Fusions and how they were read.

    Parameters
    ----------
    alterations
        `schema.ALTERATIONS` rows of class ``fusion``.
    report
        ``column, recognised_as, how, n_missing, note``.
    counts
        ``what, n, note``.
    """

    alterations: pd.DataFrame
    report: pd.DataFrame
    counts: pd.DataFrame


def read_structural(path: str | os.PathLike[str]) -> StructuralTable:
    r"""Read structural variants as ``fusion`` alterations of both partner genes.

    Raises
    ------
    FileFormatError
        If the file is no text table.
    SchemaError
        If there is no sample column, or no gene column.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "data_sv.txt"
    >>> _ = file.write_text("Sample_Id\tSV_Status\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\nP1\tSOMATIC\tERBB2\tGRB7\n")
    >>> read_structural(file).alterations[["sample_id", "gene", "alteration", "detail"]].values.tolist()
    [['P1', 'ERBB2', 'fusion', 'ERBB2::GRB7'], ['P1', 'GRB7', 'fusion', 'ERBB2::GRB7']]
    """
    raw = read_table(path, allow_empty=True)
    recognised = recognise_columns(raw, STRUCTURAL_SYNONYMS, identifier=("sample_id",), path=path)
    _require(recognised, path)
    counts: list[Count] = []
    table = _somatic(recognised.table, counts)
    sites = table if {"site1", "site2"} <= set(table) else _sites_of_fusions(table)
    rows = _partner_rows(sites, counts)
    return StructuralTable(
        schema.check(schema.conform(rows, schema.ALTERATIONS), schema.ALTERATIONS, source=path),
        recognised.report,
        count_table(counts, path),
    )


def _require(recognised: RecognisedTable, path: str | os.PathLike[str]) -> None:
    table = recognised.table
    if "sample_id" not in table:
        raise SchemaError("missing column Sample_Id", path=path)
    if not {"site1", "site2"} <= set(table) and "gene" not in table:
        raise SchemaError(
            "no partner genes",
            path=path,
            hint="name them Site1_Hugo_Symbol and Site2_Hugo_Symbol, or Hugo_Symbol and Fusion",
        )
    unnamed = table["sample_id"].isna()
    if unnamed.any():
        row = int(unnamed.to_numpy().nonzero()[0][0])
        raise SchemaError(f"the sample is empty in data row {row + 1}", path=path, column="sample_id")


def _somatic(table: pd.DataFrame, counts: list[Count]) -> pd.DataFrame:
    if "status" not in table:
        return table
    germline = table["status"].str.lower().isin(_GERMLINE)
    counts.append(("germline events dropped", int(germline.sum()), ""))
    return table[~germline]


def _sites_of_fusions(table: pd.DataFrame) -> pd.DataFrame:
    """Return both partners of fusion rows that name a gene and a text such as ``ERBB2-GRB7 fusion``."""
    texts = table["fusion"] if "fusion" in table else pd.Series(pd.NA, index=table.index, dtype="string")
    pairs = [
        (pd.NA, pd.NA) if pd.isna(gene) else fusion_partners(gene, None if pd.isna(text) else text)
        for gene, text in zip(table["gene"], texts, strict=True)
    ]
    sites = pd.DataFrame(pairs, columns=["site1", "site2"], index=table.index, dtype="string")
    return pd.concat([table.drop(columns=["gene", "site1", "site2"], errors="ignore"), sites], axis=1)


def fusion_partners(gene: str, text: str | None) -> tuple[str, str | None]:
    """Return the 5' and 3' gene of a fusion text, told by the gene that the row is about.

    Symbols may hold hyphens, so the text is not split: what stands before or after the known gene is its partner.

    Examples
    --------
    >>> fusion_partners("ERBB2", "ERBB2-GRB7 fusion"), fusion_partners("NKX2-1", "HLA-A-NKX2-1")
    (('ERBB2', 'GRB7'), ('HLA-A', 'NKX2-1'))
    >>> fusion_partners("TP53", "TP53-intragenic"), fusion_partners("TP53", None)
    (('TP53', 'TP53'), ('TP53', None))
    """
    if text is None:
        return gene, None
    bare = _TRAILING_WORDS.sub("", text).strip()
    if "intragenic" in text.lower() or bare == f"{gene}-{gene}":
        return gene, gene
    for mark in ("--", "::", "-", "/"):
        if bare.startswith(gene + mark):
            return gene, bare[len(gene) + len(mark) :]
        if bare.endswith(mark + gene):
            return bare[: -len(gene) - len(mark)], gene
    return gene, None


def _partner_rows(table: pd.DataFrame, counts: list[Count]) -> pd.DataFrame:
    first, second = (_gene_or_missing(table[name]) for name in ("site1", "site2"))
    nothing = first.isna() & second.isna()
    counts.append(("events without a gene dropped", int(nothing.sum()), ""))
    within = (first == second).fillna(False).astype(bool)
    detail = first.fillna(NO_GENE) + "::" + second.fillna(NO_GENE)
    detail = detail.mask(within, WITHIN)
    if "kind" in table:
        kind = table["kind"].str.lower()
        detail = detail.mask(within & kind.notna(), kind + " " + WITHIN)
    rows = pd.concat(
        [
            pd.DataFrame({"sample_id": table["sample_id"], "gene": genes, "detail": detail, "order": range(len(table))})
            for genes in (first, second.mask(within))
        ]
    )
    rows = rows[rows["gene"].notna()].sort_values("order", kind="stable").drop(columns="order")
    repeated = rows.duplicated()
    counts.append(("repeated fusions of a sample dropped", int(repeated.sum()), ""))
    return rows[~repeated].assign(alteration="fusion").reset_index(drop=True)


def _gene_or_missing(genes: pd.Series) -> pd.Series:
    return genes.mask(genes.str.lower().isin(_NOT_A_GENE))
