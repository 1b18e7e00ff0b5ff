"""A long table of alterations, one row per event: the package's own, or what a laboratory's pipeline exports.

The class of a row is taken from ``alteration`` where that is one of the package's classes or a known word for one, else
from ``consequence`` (Sequence Ontology terms, MAF classes, copy-number words).  Events that alter nothing (synonymous,
intron, UTR) have no class; they are dropped and counted, as are germline rows and rows below ``min_vaf`` where asked.
A word that is not known is refused.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import pandas as pd

from her2genomics import schema
from her2genomics.consequences import (
    ALTERATION_OF_CLASS,
    MAF_CLASSES,
    PROMOTER_GENES,
    TERMS,
    canonical_class,
    classify_terms,
    ontology_term,
)
from her2genomics.exceptions import SchemaError
from her2genomics.io.allele_fractions import read_fractions
from her2genomics.io.column_names import RecognisedTable, Synonyms, recognise_columns
from her2genomics.io.read_reports import Count, add_note, count_table
from her2genomics.io.tables import read_table
from her2genomics.io.vcf_effects import short_protein

ALTERATION_SYNONYMS: Synonyms = {
    "sample_id": ("sample", "tumor_sample_barcode", "sample_barcode", "tumor_sample_id"),
    "gene": ("hugo_symbol", "gene_symbol", "symbol", "gene_name"),
    "alteration": ("alteration_class", "alteration_type", "variant_type", "type", "class"),
    "consequence": ("variant_classification", "effect", "mutation_type", "variant_effect"),
    "detail": ("hgvsp", "hgvsp_short", "protein_change", "aa_change", "amino_acid_change", "hgvs_p"),
    "exon": ("exon_number",),
    "vaf": ("af", "t_vaf", "allele_frequency", "allele_fraction", "variant_allele_frequency", "vaf_pct", "af_pct",
            "variant_allele_fraction"),
    "is_hotspot": ("hotspot",),
    "is_germline": ("is_germline_snp", "germline", "germline_snp"),
    "copy_number": ("cn", "copies", "absolute_cn"),
    "log2": ("log2_ratio",),
    "event": ("amplicon",),
}  # fmt: skip

CLASS_WORDS: dict[str, str] = {
    "amp": "amplification", "amplified": "amplification", "copy_number_amplification": "amplification",
    "high_level_amplification": "amplification", "gained": "gain", "copy_number_gain": "gain", "duplication": "gain",
    "del": "loss", "deletion": "loss", "copy_number_loss": "loss", "hemizygous_deletion": "loss", "hetloss": "loss",
    "homdel": "deep_deletion", "homozygous_deletion": "deep_deletion", "deepdel": "deep_deletion",
    "rearrangement": "fusion", "sv": "fusion", "structural_variant": "fusion", "gene_fusion": "fusion",
    "nonsense": "truncating", "frameshift": "truncating", "truncation": "truncating", "stopgain": "truncating",
    "in_frame": "inframe", "inframe_indel": "inframe", "splice_site": "splice", "splicing": "splice",
    "nonsynonymous": "missense", "splice_region_variant_pm2": "splice",
}  # fmt: skip
"""Words for the package's classes, lower case, blanks as underscores. A bare "deletion" of a gene is a loss; of bases
it is refused, because it may shift the frame or not."""

_BROAD = frozenset({"snv_indel", "snv", "indel", "mutation", "snp", "cnv", "cna", "small_variant", "mut", "somatic"})
_SMALL = _BROAD - {"cnv", "cna"}
_BASES_OR_GENE = frozenset({"del", "deletion", "duplication"})
_KNOWN_TERMS = frozenset(term for term, _ in TERMS)
_ANY_INDEL = ("AAA", "-")  # alleles only decide insertion or deletion here, which fall into the same class
_EXON = re.compile(r"(?:exon ?)?(\d+)(?:[/-]\d+)?", re.IGNORECASE)
_NOTHING = "no alteration"


@dataclass(frozen=True)
class AlterationTable:
    """Alterations and how they were read.

    Parameters
    ----------
    alterations
        `schema.ALTERATIONS`.
    report
        ``column, recognised_as, how, n_missing, note``.
    counts
        ``what, n, note``: rows dropped, and why.
    """

    alterations: pd.DataFrame
    report: pd.DataFrame
    counts: pd.DataFrame


def read_alterations(
    path: str | os.PathLike[str], *, min_vaf: float | None = None, drop_germline: bool = True
) -> AlterationTable:
    r"""Read a long table of alterations.

    Parameters
    ----------
    path
        Table with a sample, a gene, and ``alteration`` or ``consequence``; a header without rows is a table without
        alterations.
    min_vaf
        Lowest allele fraction that is kept, inclusive [0-1]; rows without one (copy number, fusions) stay.
    drop_germline
        Whether rows marked germline are left out.

    Raises
    ------
    FileFormatError
        If the file is no text table.
    SchemaError
        If a column is missing, or a class or number cannot be read.
    AmbiguousInputError
        If the allele fractions can be percentages or fractions.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "alterations.tsv"
    >>> _ = file.write_text("sample_id\tgene\tconsequence\thgvsp\taf\nP1\tTP53\tstop_gained\tp.R213*\t0.2\n")
    >>> read_alterations(file).alterations[["gene", "alteration", "detail", "vaf"]].values.tolist()
    [['TP53', 'truncating', 'p.R213*', 0.2]]
    """
    raw = read_table(path, allow_empty=True)
    recognised = recognise_columns(raw, ALTERATION_SYNONYMS, identifier=("sample_id",), path=path)
    _require(recognised, path)
    counts: list[Count] = []
    table = recognised.table.assign(alteration=_classes(recognised, path))
    if "vaf" in table:
        written = recognised.written_as("vaf")
        table["vaf"], percent = read_fractions(table["vaf"], samples=table["sample_id"], column=written, path=path)
        if percent:
            add_note(recognised.report, "vaf", "percent, divided by 100")
    table = _kept(table, recognised, min_vaf, drop_germline, counts, path)
    if "exon" in table:
        table["exon"] = table["exon"].str.extract(f"^{_EXON.pattern}$", flags=re.IGNORECASE, expand=False)
    table["detail"] = _details(table, path)
    checked = schema.check(table, schema.ALTERATIONS, source=path)
    result = schema.conform(checked, schema.ALTERATIONS).reset_index(drop=True)
    return AlterationTable(result, recognised.report, count_table(counts, path))


def _require(recognised: RecognisedTable, path: str | os.PathLike[str]) -> None:
    table = recognised.table
    missing = [name for name in ("sample_id", "gene") if name not in table]
    if not {"alteration", "consequence"} & set(table):
        missing.append("alteration (or consequence)")
    if missing:
        raise SchemaError(f"missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}", path=path)
    for name in ("sample_id", "gene"):
        if table[name].isna().any():
            row = int(table[name].isna().to_numpy().nonzero()[0][0])
            raise SchemaError(f"{name} is empty in data row {row + 1}", path=path, column=recognised.written_as(name))


def _classes(recognised: RecognisedTable, path: str | os.PathLike[str]) -> pd.Series:
    """Return the class of every row, ``no alteration`` for what alters nothing."""
    table = recognised.table
    blank = pd.Series(pd.NA, index=table.index, dtype="string")
    written = [table.get(name, blank).fillna("") for name in ("alteration", "consequence")]
    promoter = table["gene"].isin(list(PROMOTER_GENES))
    triples = pd.MultiIndex.from_arrays([*written, promoter])
    known: dict[tuple[str, str, bool], str | None] = {
        triple: alteration_class(*triple) for triple in triples.unique().tolist()
    }
    classes = pd.Series([known[triple] for triple in triples.tolist()], index=table.index, dtype="string")
    unknown = classes.isna().to_numpy().nonzero()[0]
    if len(unknown):
        row = int(unknown[0])
        words = " / ".join(text.iloc[row] for text in written if text.iloc[row]) or "(empty)"
        raise SchemaError(
            f"cannot tell the class of alteration from '{words}' ({len(unknown)} rows)",
            path=path,
            sample=str(table["sample_id"].iloc[row]),
            column=recognised.written_as("alteration" if "alteration" in table else "consequence"),
            hint=f"use one of {', '.join(schema.ALTERATION_CLASSES)}",
        )
    return classes


def alteration_class(alteration: str, consequence: str, in_promoter_gene: bool = False) -> str | None:
    """Return the class that two words give together, ``no alteration``, or None when they are not understood.

    Examples
    --------
    >>> alteration_class("CNV", "deletion"), alteration_class("SNV_INDEL", "missense_variant&splice_region_variant")
    ('loss', 'missense')
    >>> alteration_class("Truncating", ""), alteration_class("", "Silent"), alteration_class("SNV", "deletion")
    ('truncating', 'no alteration', None)
    """
    kind = _word(alteration)
    if kind and kind not in _BROAD:
        return _class_of(kind, alteration, in_promoter_gene)
    change = _word(consequence)
    if kind in _SMALL and change in _BASES_OR_GENE:
        return None
    return _class_of(change, consequence, in_promoter_gene) if change else None


def _word(text: str) -> str:
    return text.strip().lower().replace(" ", "_")


def _class_of(word: str, written: str, in_promoter_gene: bool) -> str | None:
    if word in schema.ALTERATION_CLASSES:
        return word
    if word in CLASS_WORDS:
        return CLASS_WORDS[word]
    name = canonical_class(written)
    if name not in MAF_CLASSES:
        terms = [ontology_term(term) for term in re.split(r"[&,]", written.strip())]
        if not all(term in _KNOWN_TERMS for term in terms):
            return None
        name = classify_terms(terms, *_ANY_INDEL)
    if name == "5'Flank" and in_promoter_gene:
        return "promoter"
    return ALTERATION_OF_CLASS.get(name, _NOTHING)


def _kept(
    table: pd.DataFrame,
    recognised: RecognisedTable,
    min_vaf: float | None,
    drop_germline: bool,
    counts: list[Count],
    path: str | os.PathLike[str],
) -> pd.DataFrame:
    """Drop what alters nothing, germline rows and low fractions, each counted once, in this order."""
    nothing = table["alteration"] == _NOTHING
    words = recognised.table.loc[nothing, [c for c in ("consequence", "alteration") if c in recognised.table][:1]]
    kinds = ", ".join(f"{word} {n}" for word, n in words.iloc[:, 0].value_counts().head(4).items())
    counts.append(("rows that alter nothing dropped", int(nothing.sum()), kinds))
    table = table[~nothing]
    if drop_germline and "is_germline" in table:
        marked = _typed(table, "is_germline", "bool", path).fillna(False).astype(bool)
        counts.append(("germline rows dropped", int(marked.sum()), ""))
        table = table[~marked]
    if min_vaf is not None and "vaf" in table:
        low = (table["vaf"] < min_vaf).fillna(False).astype(bool)
        counts.append((f"rows with an allele fraction below {min_vaf:g} dropped", int(low.sum()), ""))
        table = table[~low]
    return table.copy()


def _typed(table: pd.DataFrame, name: str, dtype: str, path: str | os.PathLike[str]) -> pd.Series:
    column = schema.TableSchema("alterations", "", (schema.Column(name, dtype, ""),))
    return schema.check(table[["sample_id", name]], column, source=path)[name]


def _details(table: pd.DataFrame, path: str | os.PathLike[str]) -> pd.Series:
    """Return the protein change in one letters, or what is known of the copies."""
    blank = pd.Series(pd.NA, index=table.index, dtype="string")
    detail = table.get("detail", blank)
    detail = detail.map({text: short_protein(text) if "p." in text else text for text in detail.dropna().unique()},
                        na_action="ignore").astype("string")  # fmt: skip
    copy_number = table["alteration"].isin(list(schema.COPY_NUMBER_CLASSES))
    for name, label in (("copy_number", "cn"), ("log2", "log2")):
        if name in table:
            values = _typed(table, name, "float", path).where(copy_number & detail.isna())
            texts = values.map(lambda value, label=label: f"{label}={value:.3g}", na_action="ignore")
            detail = detail.fillna(texts.astype("string"))
    return detail.astype("string")
