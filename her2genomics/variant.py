"""One small variant of one tumour, as the filters and the burden see it: the record that streams through the package.

A reader fills what its file says; what the file does not say stays None, never 0.  Alleles and positions are those of
the MAF format (1-based inclusive, ``-`` for an empty allele), trimmed of the bases that both alleles share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from her2genomics import schema
from her2genomics.consequences import STRUCTURAL_CLASS, canonical_class, refine_class, variant_type
from her2genomics.genome import normalise_contig

if TYPE_CHECKING:
    import pandas as pd

SMALL, STRUCTURAL, NO_ALTERNATE = "small", "structural", "no alternate"
"""Kinds of alternate alleles: bases; a symbolic allele or breakend; ``.``, ``*`` or ``<NON_REF>``."""


@dataclass(slots=True)
class Site:
    """Where and what, before reads and annotation are looked at.

    Parameters
    ----------
    chromosome
        Chromosome with its ``chr`` prefix.
    start, end
        First and last base [1-based, inclusive]; for an insertion the two bases beside it.
    ref, alt
        Alleles in MAF form.
    filters
        The caller's FILTER as written (``.`` = none applied).
    kind
        One of `SMALL`, `STRUCTURAL`, `NO_ALTERNATE`.
    """

    chromosome: str
    start: int
    end: int
    ref: str
    alt: str
    filters: str = "."
    kind: str = SMALL


@dataclass(slots=True)
class Variant(Site):
    """A variant with its read support and annotation.

    Parameters
    ----------
    sample, normal
        Tumour sample, matched normal.
    vaf
        Tumour variant allele fraction [0-1].
    depth, ref_count, alt_count
        Tumour reads.
    n_depth, n_ref_count, n_alt_count
        Reads of the matched normal.
    called
        False when a genotype of a several-tumour file says that this sample does not carry the variant.
    caller_status
        The caller's own verdict where it gives one: ``germline``, ``loh``, ``somatic`` or empty.
    gene, classification, consequence, hgvsc, hgvsp, transcript
        Annotation of the chosen transcript (MAF class, Sequence Ontology terms joined by ``&``, one-letter protein
        change).
    pop_af, pop_ac
        Highest population allele frequency [0-1] and allele count in the annotation.
    cosmic_count
        Recurrence in COSMIC where the annotation has it.
    lof
        Whether the annotation predicts loss of function of the gene (SnpEff LOF, VEP's LOFTEE); None = not said.
    part_of
        Position of the record that carries the consequence of a compound event (bcftools csq ``@POS``).
    rs_id
        dbSNP identifier.
    phase_set
        Identifier of the haplotype that the caller phased the variant to.
    callers
        Names of the callers, joined by ``+``, when calls were merged.
    all_callers
        False when calls of several callers were merged and some of them lack the variant.
    merged
        True for a call that another caller's call of the same variant stands for.
    line
        Line of the file (1-based).
    """

    sample: str = ""
    normal: str | None = None
    vaf: float | None = None
    depth: int | None = None
    ref_count: int | None = None
    alt_count: int | None = None
    n_depth: int | None = None
    n_ref_count: int | None = None
    n_alt_count: int | None = None
    called: bool = True
    caller_status: str = ""
    gene: str | None = None
    classification: str | None = None
    consequence: str | None = None
    hgvsc: str | None = None
    hgvsp: str | None = None
    transcript: str | None = None
    pop_af: float | None = None
    pop_ac: int | None = None
    cosmic_count: int | None = None
    lof: bool | None = None
    part_of: int | None = None
    rs_id: str | None = None
    phase_set: str | None = None
    callers: str | None = None
    all_callers: bool = True
    merged: bool = False
    line: int | None = None

    @property
    def key(self) -> tuple[str, int, str, str]:
        """Locus and alleles: what makes two rows the same variant."""
        return self.chromosome, self.start, self.ref, self.alt


def trim_alleles(position: int, ref: str, alt: str) -> tuple[int, int, str, str]:
    """Return ``start, end, ref, alt`` in MAF form for a VCF position and its alleles.

    Shared bases are trimmed from the end first and then from the start, which leaves an indel at its leftmost place
    within the record, so that a multi-allelic record and its split parts give the same variant.

    Examples
    --------
    >>> trim_alleles(100, "A", "G")
    (100, 100, 'A', 'G')
    >>> trim_alleles(100, "GTT", "GT")
    (101, 101, 'T', '-')
    >>> trim_alleles(100, "G", "GCA")
    (100, 101, '-', 'CA')
    """
    if len(ref) == 1 and len(alt) == 1:
        return position, position, ref, alt
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        ref, alt, position = ref[1:], alt[1:], position + 1
    if not ref:
        return position - 1, position, "-", alt or "-"
    return position, position + len(ref) - 1, ref, alt or "-"


MAF_COLUMNS: dict[str, str] = {
    "gene": "Hugo_Symbol", "chromosome": "Chromosome", "start": "Start_Position", "end": "End_Position",
    "classification": "Variant_Classification", "ref": "Reference_Allele", "alt": "Tumor_Seq_Allele2",
    "sample": "Tumor_Sample_Barcode", "normal": "Matched_Norm_Sample_Barcode", "hgvsc": "HGVSc", "hgvsp": "HGVSp_Short",
    "transcript": "Transcript_ID", "consequence": "Consequence", "rs_id": "dbSNP_RS", "pop_af": "gnomADe_AF",
    "depth": "t_depth", "ref_count": "t_ref_count", "alt_count": "t_alt_count", "n_depth": "n_depth",
    "n_ref_count": "n_ref_count", "n_alt_count": "n_alt_count", "filters": "FILTER", "vaf": "t_vaf",
    "pop_ac": "population_ac", "cosmic_count": "cosmic_count", "caller_status": "Mutation_Status", "callers": "callers",
    "lof": "lof", "phase_set": "phase_set",
}  # fmt: skip
"""Field of a `Variant` to its column in a mutations table."""
EXTRA_COLUMNS: dict[str, str] = {
    "population_ac": "int", "cosmic_count": "int", "Mutation_Status": "string", "callers": "string", "lof": "bool",
    "phase_set": "string",
}  # fmt: skip
"""Columns beside `schema.MUTATIONS`, and their types."""
_FIELDS = ("chromosome", "start", "end", "ref", "alt", "sample", "gene", "classification")
_OPTIONAL_FIELDS = tuple(name for name in MAF_COLUMNS if name not in _FIELDS)


def mutations_table(variants: Iterable[Variant], build: str | None = None) -> pd.DataFrame:
    """Return variants as a mutations table (`schema.MUTATIONS` and `EXTRA_COLUMNS`), in the order given.

    Parameters
    ----------
    variants
        Any variants, annotated or not.
    build
        Genome build, written to ``NCBI_Build``.
    """
    import pandas as pd  # late: a stream of variants is counted without it

    rows = list(variants)
    columns: dict[str, list[object]] = {
        column: [getattr(v, name) for v in rows] for name, column in MAF_COLUMNS.items()
    }
    columns["NCBI_Build"] = [build] * len(rows)
    columns["Variant_Type"] = [variant_type(v.ref, v.alt) if v.kind == SMALL else None for v in rows]
    columns["Tumor_Seq_Allele1"] = [v.ref for v in rows]
    raw = pd.DataFrame(columns, index=range(len(rows)), dtype=object)
    table = schema.conform(raw, schema.MUTATIONS)
    extra = {name: raw[name].astype(schema.DTYPES[dtype]) for name, dtype in EXTRA_COLUMNS.items()}
    return table.assign(**extra)


def variants_of_table(table: pd.DataFrame, aliases: Mapping[str, str] | None = None) -> Iterator[Variant]:
    """Yield a `Variant` per row of a mutations table; old gene symbols are mapped to current ones.

    Without ``t_vaf`` the allele fraction is ``t_alt_count`` over reference and variant reads, or over ``t_depth``.

    Parameters
    ----------
    table
        Checked mutations table.
    aliases
        Old symbol to current symbol.
    """
    names = aliases or {}
    extra = [name for name in _OPTIONAL_FIELDS if MAF_COLUMNS[name] in table.columns]
    used = [table[MAF_COLUMNS[name]] for name in (*_FIELDS, *extra)]
    columns = [values.astype("object").where(values.notna(), None).tolist() for values in used]
    for chromosome, start, end, ref, alt, sample, gene, group, *rest in zip(*columns, strict=True):
        variant = Variant(normalise_contig(chromosome), start, end, ref, alt, sample=sample, gene=names.get(gene, gene))
        for name, value in zip(extra, rest, strict=True):
            if value is not None:
                setattr(variant, name, value)
        variant.caller_status = variant.caller_status.lower()
        if group is not None:
            variant.classification = refine_class(canonical_class(group), variant.consequence, variant.hgvsp, ref, alt)
        if variant.classification == STRUCTURAL_CLASS:
            variant.kind = STRUCTURAL
        if variant.vaf is None:
            variant.vaf = _fraction_of_counts(variant)
        yield variant


def _fraction_of_counts(variant: Variant) -> float | None:
    if variant.alt_count is None:
        return None
    total = variant.depth if variant.ref_count is None else variant.ref_count + variant.alt_count
    return variant.alt_count / total if total else None
