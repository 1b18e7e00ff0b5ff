"""One table from what annotators write to the class that a MAF carries, and from there to the alteration class.

VEP, SnpEff and bcftools csq write Sequence Ontology terms (bcftools without ``_variant``), Funcotator and ANNOVAR have
vocabularies of their own.  `TERMS` lists all Sequence Ontology terms from the most to the least severe with their MAF
``Variant_Classification``; the order decides when several terms or transcripts compete.  The classes are those of
vcf2maf (``GetVariantClassification``); the order is Ensembl's, with two deliberate differences:

* a synonymous or in-frame term beats ``splice_region_variant``: the base is exonic, and the coding change is what a
  tumour mutational burden counts or leaves out;
* SnpEff's ``structural_interaction_variant`` and ``sequence_feature`` rank below every gene consequence, although
  SnpEff lists them first: they describe the protein region, not the change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# term -> MAF class, most severe first.  "<frameshift>" and "<inframe>" are resolved by the alleles' lengths.
_FRAMESHIFT, _INFRAME, _ALTERING = "<frameshift>", "<inframe>", "<altering>"
TERMS: tuple[tuple[str, str], ...] = (
    ("transcript_ablation", "Splice_Site"),
    ("exon_loss_variant", "Splice_Site"),
    ("splice_acceptor_variant", "Splice_Site"),
    ("splice_donor_variant", "Splice_Site"),
    ("stop_gained", "Nonsense_Mutation"),
    ("frameshift_variant", _FRAMESHIFT),
    ("stop_lost", "Nonstop_Mutation"),
    ("start_lost", "Translation_Start_Site"),
    ("initiator_codon_variant", "Translation_Start_Site"),
    ("disruptive_inframe_insertion", _INFRAME),
    ("disruptive_inframe_deletion", _INFRAME),
    ("conservative_inframe_insertion", _INFRAME),
    ("conservative_inframe_deletion", _INFRAME),
    ("inframe_insertion", _INFRAME),
    ("inframe_deletion", _INFRAME),
    ("inframe_altering_variant", _INFRAME),
    ("protein_altering_variant", _ALTERING),
    ("missense_variant", "Missense_Mutation"),
    ("conservative_missense_variant", "Missense_Mutation"),
    ("rare_amino_acid_variant", "Missense_Mutation"),
    ("coding_sequence_variant", "Missense_Mutation"),
    ("incomplete_terminal_codon_variant", "Silent"),
    ("start_retained_variant", "Silent"),
    ("stop_retained_variant", "Silent"),
    ("synonymous_variant", "Silent"),
    ("splice_donor_5th_base_variant", "Splice_Region"),
    ("splice_region_variant", "Splice_Region"),
    ("splice_donor_region_variant", "Splice_Region"),
    ("splice_polypyrimidine_tract_variant", "Splice_Region"),
    ("mature_miRNA_variant", "RNA"),
    ("5_prime_UTR_premature_start_codon_gain_variant", "5'UTR"),
    ("5_prime_UTR_variant", "5'UTR"),
    ("3_prime_UTR_variant", "3'UTR"),
    ("non_coding_transcript_exon_variant", "RNA"),
    ("non_coding_exon_variant", "RNA"),
    ("exon_variant", "RNA"),
    ("exon_region", "RNA"),
    ("intron_variant", "Intron"),
    ("intragenic_variant", "Intron"),
    ("conserved_intron_variant", "Intron"),
    ("NMD_transcript_variant", "Silent"),
    ("non_coding_transcript_variant", "RNA"),
    ("nc_transcript_variant", "RNA"),
    ("coding_transcript_variant", "Targeted_Region"),
    ("upstream_gene_variant", "5'Flank"),
    ("downstream_gene_variant", "3'Flank"),
    ("TFBS_ablation", "Targeted_Region"),
    ("TFBS_amplification", "Targeted_Region"),
    ("TF_binding_site_variant", "IGR"),
    ("regulatory_region_ablation", "Targeted_Region"),
    ("regulatory_region_amplification", "Targeted_Region"),
    ("regulatory_region_variant", "IGR"),
    ("structural_interaction_variant", "Targeted_Region"),
    ("protein_protein_contact", "Targeted_Region"),
    ("sequence_feature", "Targeted_Region"),
    ("conserved_intergenic_variant", "IGR"),
    ("intergenic_region", "IGR"),
    ("intergenic_variant", "IGR"),
    ("custom", "Targeted_Region"),
)

STRUCTURAL_TERMS: frozenset[str] = frozenset({
    "fusion", "gene_fusion", "bidirectional_gene_fusion", "rearranged_at_DNA_level", "transcript_amplification",
    "feature_elongation", "feature_truncation", "feature_ablation", "feature_fusion", "copy_number_change",
    "chromosome_number_variation", "duplication", "inversion", "transcript_fusion", "gene_variant",
})  # fmt: skip
"""Terms of structural and copy-number events, which are no small variants."""

STRUCTURAL_CLASS = "Structural_Variant"

# Names of bcftools csq that are not the Sequence Ontology term less "_variant".
_BCFTOOLS_TERMS: dict[str, str] = {
    "5_prime_utr": "5_prime_UTR_variant",
    "3_prime_utr": "3_prime_UTR_variant",
    "non_coding": "non_coding_transcript_exon_variant",
    "inframe_altering": "inframe_altering_variant",
}

FUNCOTATOR_CLASSES: dict[str, str] = {
    "MISSENSE": "Missense_Mutation",
    "NONSENSE": "Nonsense_Mutation",
    "SILENT": "Silent",
    "SPLICE_SITE": "Splice_Site",
    "IN_FRAME_DEL": "In_Frame_Del",
    "IN_FRAME_INS": "In_Frame_Ins",
    "FRAME_SHIFT_DEL": "Frame_Shift_Del",
    "FRAME_SHIFT_INS": "Frame_Shift_Ins",
    "NONSTOP": "Nonstop_Mutation",
    "START_CODON_SNP": "Translation_Start_Site",
    "START_CODON_INS": "Translation_Start_Site",
    "START_CODON_DEL": "Translation_Start_Site",
    "DE_NOVO_START_IN_FRAME": "5'UTR",
    "DE_NOVO_START_OUT_FRAME": "5'UTR",
    "FIVE_PRIME_UTR": "5'UTR",
    "THREE_PRIME_UTR": "3'UTR",
    "FIVE_PRIME_FLANK": "5'Flank",
    "THREE_PRIME_FLANK": "3'Flank",
    "INTRON": "Intron",
    "RNA": "RNA",
    "LINCRNA": "RNA",
    "IGR": "IGR",
    "COULD_NOT_DETERMINE": "Targeted_Region",
}
"""Funcotator's variant classes (its MAF spells some of them the same way)."""

ANNOVAR_FUNCTIONS: dict[str, str] = {
    "nonsynonymous_snv": "missense_variant",
    "synonymous_snv": "synonymous_variant",
    "stopgain": "stop_gained",
    "stopgain_snv": "stop_gained",
    "stoploss": "stop_lost",
    "stoploss_snv": "stop_lost",
    "startloss": "start_lost",
    "startgain": "5_prime_UTR_premature_start_codon_gain_variant",
    "frameshift_deletion": "frameshift_variant",
    "frameshift_insertion": "frameshift_variant",
    "frameshift_block_substitution": "frameshift_variant",
    "frameshift_substitution": "frameshift_variant",
    "nonframeshift_deletion": "inframe_deletion",
    "nonframeshift_insertion": "inframe_insertion",
    "nonframeshift_block_substitution": "protein_altering_variant",
    "nonframeshift_substitution": "protein_altering_variant",
    "splicing": "splice_donor_variant",
    "utr5": "5_prime_UTR_variant",
    "utr3": "3_prime_UTR_variant",
    "intronic": "intron_variant",
    "ncrna_exonic": "non_coding_transcript_exon_variant",
    "ncrna_splicing": "non_coding_transcript_variant",
    "ncrna_intronic": "non_coding_transcript_variant",
    "ncrna_utr5": "non_coding_transcript_exon_variant",
    "ncrna_utr3": "non_coding_transcript_exon_variant",
    "upstream": "upstream_gene_variant",
    "downstream": "downstream_gene_variant",
    "intergenic": "intergenic_variant",
}
"""ANNOVAR's ``ExonicFunc`` and ``Func`` values (lower case, blanks as underscores) as Sequence Ontology terms."""

NONSYNONYMOUS_CLASSES: tuple[str, ...] = (
    "Missense_Mutation", "Nonsense_Mutation", "Nonstop_Mutation", "Translation_Start_Site", "Splice_Site",
    "Frame_Shift_Del", "Frame_Shift_Ins", "In_Frame_Del", "In_Frame_Ins",
)  # fmt: skip
SYNONYMOUS_CLASSES: tuple[str, ...] = ("Silent",)
TRUNCATING_CLASSES: frozenset[str] = frozenset({"Nonsense_Mutation", "Frame_Shift_Del", "Frame_Shift_Ins"})
MAF_CLASSES: frozenset[str] = frozenset(
    {c for _, c in TERMS if not c.startswith("<")}
    | set(FUNCOTATOR_CLASSES.values())
    | set(NONSYNONYMOUS_CLASSES)
    | {STRUCTURAL_CLASS}
)

ALTERATION_OF_CLASS: dict[str, str] = {
    "Missense_Mutation": "missense",
    "Nonsense_Mutation": "truncating",
    "Frame_Shift_Del": "truncating",
    "Frame_Shift_Ins": "truncating",
    "Nonstop_Mutation": "other",
    "Translation_Start_Site": "truncating",
    "Splice_Site": "splice",
    "In_Frame_Del": "inframe",
    "In_Frame_Ins": "inframe",
    STRUCTURAL_CLASS: "fusion",
}
"""Alteration class of the cohort for each non-synonymous MAF class."""

PROMOTER_GENES: frozenset[str] = frozenset({"TERT"})
"""Genes in which a change of the 5' flank is an alteration (TERT: c.-124C>T, c.-146C>T)."""

_RANK: dict[str, int] = {term: rank for rank, (term, _) in enumerate(TERMS)}
_CLASS: dict[str, str] = dict(TERMS)
_CANONICAL_CLASS: dict[str, str] = {
    **{name.upper(): name for name in MAF_CLASSES},
    **FUNCOTATOR_CLASSES,
    "DE_NOVO_START_INFRAME": "5'UTR",
    "DE_NOVO_START_OUTOFFRAME": "5'UTR",
    "SPLICE_SITE_SNP": "Splice_Site",
    "LINCRNA": "RNA",
    "SYNONYMOUS": "Silent",
    "FUSION": STRUCTURAL_CLASS,
}
_SAME_RESIDUE = re.compile(r"p\.\(?([A-Z*])\d+(\1|=)\)?")
LEAST_SEVERE = len(TERMS)
"""Rank of a term that is not in the table."""


def ontology_term(term: str) -> str:
    """Return the Sequence Ontology spelling of a term as VEP, SnpEff or bcftools csq writes it.

    Examples
    --------
    >>> ontology_term("missense"), ontology_term("*frameshift"), ontology_term("stop_gained")
    ('missense_variant', 'frameshift_variant', 'stop_gained')
    """
    bare = term.strip().lstrip("*")
    if bare in _RANK or bare in STRUCTURAL_TERMS:
        return bare
    if bare in _BCFTOOLS_TERMS:
        return _BCFTOOLS_TERMS[bare]
    longer = f"{bare}_variant"
    return longer if longer in _RANK else bare


@lru_cache(maxsize=4096)
def ontology_terms(text: str) -> tuple[str, ...]:
    """Return the Sequence Ontology terms of a ``&``-joined consequence.

    Examples
    --------
    >>> ontology_terms("missense&inframe_altering")
    ('missense_variant', 'inframe_altering_variant')
    """
    return tuple(ontology_term(term) for term in text.split("&"))


@lru_cache(maxsize=4096)
def highest_severity(terms: tuple[str, ...]) -> int:
    """Return the rank of the most severe of several terms (`LEAST_SEVERE` without any)."""
    return min((severity(term) for term in terms), default=LEAST_SEVERE)


def is_known_term(term: str) -> bool:
    """Return whether a Sequence Ontology term is in the table or names a structural event."""
    return term in _RANK or term in STRUCTURAL_TERMS


def severity(term: str) -> int:
    """Return the rank of a Sequence Ontology term: 0 is the most severe, `LEAST_SEVERE` an unknown one."""
    return _RANK.get(term, LEAST_SEVERE)


def most_severe(terms: Iterable[str]) -> str:
    """Return the most severe of several terms (the first one when all are unknown).

    Examples
    --------
    >>> most_severe(["splice_region_variant", "synonymous_variant"])
    'synonymous_variant'
    """
    return min(terms, key=severity, default="")


def classify_terms(terms: Iterable[str], ref: str, alt: str) -> str:
    """Return the MAF ``Variant_Classification`` of an allele with these Sequence Ontology terms.

    Parameters
    ----------
    terms
        Terms of one transcript.
    ref, alt
        Alleles in MAF form (``-`` for an empty one); their lengths decide frame and direction.

    Examples
    --------
    >>> classify_terms(["frameshift_variant", "splice_region_variant"], "A", "-")
    'Frame_Shift_Del'
    >>> classify_terms(["protein_altering_variant"], "-", "GCT")
    'In_Frame_Ins'
    """
    return _classify(tuple(terms), len(alt.replace("-", "")) - len(ref.replace("-", "")))


@lru_cache(maxsize=4096)
def _classify(terms: tuple[str, ...], change: int) -> str:
    """Return the MAF class of terms and a change in length [bp]."""
    if any(term in STRUCTURAL_TERMS for term in terms):
        return STRUCTURAL_CLASS
    found = _CLASS.get(most_severe(terms), "Targeted_Region")
    if not found.startswith("<"):
        return found
    if found == _ALTERING:
        found = _INFRAME if change % 3 == 0 else _FRAMESHIFT
    if change == 0:
        return "Missense_Mutation"
    side = "Ins" if change > 0 else "Del"
    return f"{'Frame_Shift' if found == _FRAMESHIFT else 'In_Frame'}_{side}"


def refine_class(name: str, consequence: str | None, protein: str | None, ref: str, alt: str) -> str:
    """Return the class that a burden goes by, for the two splice classes that hide a coding change.

    vcf2maf writes ``Splice_Region`` for ``splice_region_variant,synonymous_variant``, Funcotator ``Splice_Site`` for a
    silent change in the last bases of an exon.  Both give way to the coding change.

    Parameters
    ----------
    name
        MAF class.
    consequence
        Sequence Ontology terms joined by ``&`` or ``,``.
    protein
        Protein change with one-letter amino acids.
    ref, alt
        Alleles in MAF form.

    Examples
    --------
    >>> refine_class("Splice_Region", "splice_region_variant,synonymous_variant", None, "A", "G")
    'Silent'
    >>> refine_class("Splice_Site", None, "p.L38L", "A", "G"), refine_class("Splice_Site", None, None, "A", "G")
    ('Silent', 'Splice_Site')
    """
    if name == "Splice_Region" and consequence:
        return classify_terms([term.strip() for term in consequence.replace(",", "&").split("&")], ref, alt)
    if name == "Splice_Site" and protein and _SAME_RESIDUE.fullmatch(protein):
        return "Silent"
    return name


def canonical_class(text: str) -> str:
    """Return a MAF class in its usual spelling, whichever tool wrote it; an unknown one unchanged.

    Examples
    --------
    >>> canonical_class("START_CODON_SNP"), canonical_class("MISSENSE_MUTATION"), canonical_class("SILENT")
    ('Translation_Start_Site', 'Missense_Mutation', 'Silent')
    """
    return _CANONICAL_CLASS.get(text.strip().upper(), text.strip())


def variant_type(ref: str, alt: str) -> str:
    """Return the MAF ``Variant_Type`` of alleles in MAF form.

    Examples
    --------
    >>> [variant_type(*pair) for pair in (("A", "T"), ("AC", "GT"), ("-", "A"), ("AG", "-"), ("ACG", "TT"))]
    ['SNP', 'DNP', 'INS', 'DEL', 'DEL']
    """
    n_ref, n_alt = len(ref.replace("-", "")), len(alt.replace("-", ""))
    if n_ref != n_alt:
        return "INS" if n_alt > n_ref else "DEL"
    return {1: "SNP", 2: "DNP", 3: "TNP"}.get(n_ref, "ONP")


def alteration_classes(mutations: pd.DataFrame) -> pd.Series:
    """Return the cohort's alteration class of every mutation; missing where it is none (silent, intron, UTR, RNA ...).

    Parameters
    ----------
    mutations
        Table with ``Variant_Classification`` and ``Hugo_Symbol``.

    Examples
    --------
    >>> classes = ["Nonsense_Mutation", "5'Flank", "Silent"]
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"Hugo_Symbol": ["TP53", "TERT", "KRAS"], "Variant_Classification": classes})
    >>> alteration_classes(rows).tolist()
    ['truncating', 'promoter', <NA>]
    """
    import numpy as np
    import pandas as pd

    codes, distinct = pd.factorize(mutations["Variant_Classification"].astype("string"))
    canonical = [canonical_class(text) for text in distinct]
    classes = pd.array([*map(ALTERATION_OF_CLASS.get, canonical), None], dtype="string").take(codes)
    flank = np.array([*(name == "5'Flank" for name in canonical), False])[codes]
    promoter = flank & mutations["Hugo_Symbol"].isin(PROMOTER_GENES).to_numpy(dtype=bool)
    return pd.Series(classes, index=mutations.index).mask(promoter, "promoter")


def render_markdown() -> str:
    """Return the table of consequences for docs/tmb.md."""
    words = {_FRAMESHIFT: "Frame_Shift_Del / Frame_Shift_Ins", _INFRAME: "In_Frame_Del / In_Frame_Ins",
             _ALTERING: "In_Frame or Frame_Shift, by the length"}  # fmt: skip
    lines = ["| consequence (most severe first) | Variant_Classification |", "|---|---|"]
    lines += [f"| {term} | {words.get(name, name)} |" for term, name in TERMS]
    lines.append(f"| {', '.join(sorted(STRUCTURAL_TERMS))} | {STRUCTURAL_CLASS} (not a small variant) |")
    return "\n".join(lines) + "\n"
