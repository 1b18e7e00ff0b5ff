"""The consequence of one allele on one transcript, and the rule that chooses the transcript that stands for it.

`choose_effect` keeps, in this order: entries of panel genes before others; protein-coding transcripts before others;
within each gene MANE Select, else canonical, else VEP's PICK, else any; and among what is left the most severe
consequence.  ``most-severe`` skips the flags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote

from her2genomics.consequences import classify_terms, highest_severity, refine_class
from her2genomics.variant import Variant

Number = TypeVar("Number", int, float)
TRANSCRIPT_CHOICES: tuple[str, ...] = ("preferred", "most-severe")
MANE, CANONICAL, PICKED, UNFLAGGED = range(4)
_THREE_LETTERS = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G", "His": "H",
    "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W",
    "Tyr": "Y", "Val": "V", "Ter": "*", "Sec": "U", "Pyl": "O", "Xaa": "X",
}  # fmt: skip
_AMINO_ACID = re.compile("|".join(_THREE_LETTERS))
_CODING_POSITION = re.compile(r"c\.(\d+)")


@dataclass(slots=True)
class Effect:
    """The consequence of one allele on one transcript.

    Parameters
    ----------
    gene, transcript, biotype
        Symbol, transcript identifier, transcript biotype (empty = not said).
    terms
        Sequence Ontology terms.
    classification
        MAF class where the annotator gives one itself (Funcotator), else empty.
    rank
        `MANE`, `CANONICAL`, `PICKED` or `UNFLAGGED`.
    row
        The annotator's own fields, for `Annotator.complete`.
    hgvsc, hgvsp
        Coding change; protein change with one-letter amino acids (filled by `Annotator.complete`).
    pop_af, pop_ac, cosmic_count
        Highest population frequency [0-1] and count, and COSMIC recurrence, of the entry (filled likewise).
    lof
        Whether loss of function of the gene is predicted; None = not said.
    part_of
        Position whose record carries the consequence of the compound event.
    """

    gene: str = ""
    transcript: str = ""
    biotype: str = ""
    terms: tuple[str, ...] = ()
    classification: str = ""
    rank: int = UNFLAGGED
    row: Sequence[str] = ()
    hgvsc: str = ""
    hgvsp: str = ""
    pop_af: float | None = None
    pop_ac: int | None = None
    cosmic_count: int | None = None
    lof: bool | None = None
    part_of: int | None = None


@dataclass(frozen=True, slots=True)
class Allele:
    """One alternate allele of a record, as the annotators need it.

    Parameters
    ----------
    position, ref, alts
        POS, REF and all ALT of the record, as written.
    nth
        Which of them (0-based).
    """

    position: int
    ref: str
    alts: Sequence[str]
    nth: int

    @property
    def alt(self) -> str:
        """The allele itself."""
        return self.alts[self.nth]


def choose_effect(
    effects: Sequence[Effect], has_gene: Callable[[str], bool] | None = None, choice: str = "preferred"
) -> Effect | None:
    """Return the effect that stands for the variant (the rule is in the module's docstring), None without any.

    Parameters
    ----------
    effects
        Effects of one allele on all transcripts.
    has_gene
        Whether a symbol is on the panel; None = no preference.
    choice
        ``preferred`` (flags first) or ``most-severe``.

    Examples
    --------
    >>> canonical = Effect(gene="TP53", terms=("missense_variant",), rank=CANONICAL)
    >>> other = Effect(gene="TP53", terms=("stop_gained",))
    >>> choose_effect([other, canonical]).terms, choose_effect([other, canonical], choice="most-severe").terms
    (('missense_variant',), ('stop_gained',))
    """
    if len(effects) < 2:
        return effects[0] if effects else None
    pool: Sequence[Effect] = effects
    if has_gene is not None:
        pool = [e for e in pool if has_gene(e.gene)] or pool
    pool = [e for e in pool if e.biotype in ("protein_coding", "")] or pool
    if choice == "most-severe":
        return min(pool, key=_effect_severity)
    genes = {e.gene for e in pool}
    if len(genes) == 1:
        return min(pool, key=_rank_and_severity)
    return min((min((e for e in pool if e.gene == gene), key=_rank_and_severity) for gene in genes), key=_tie_broken)


def _rank_and_severity(effect: Effect) -> tuple[int, int]:
    return effect.rank, _effect_severity(effect)


def _tie_broken(effect: Effect) -> tuple[int, str]:
    return _effect_severity(effect), effect.gene


def _effect_severity(effect: Effect) -> int:
    return 0 if effect.classification else highest_severity(effect.terms)


def vep_allele(ref: str, alts: Sequence[str], nth: int) -> str:
    """Return VEP's spelling of an allele: the first base goes when all alleles share it and one is no substitution.

    Examples
    --------
    >>> vep_allele("A", ["AG"], 0), vep_allele("GTT", ["G", "GT"], 0), vep_allele("A", ["G"], 0)
    ('G', '-', 'G')
    """
    bases = [alt for alt in alts if alt and alt[0] not in "*<."]
    if any(len(alt) != len(ref) for alt in bases) and all(alt[0] == ref[0] for alt in bases):
        return alts[nth][1:] or "-"
    return alts[nth]


def short_protein(text: str) -> str:
    """Return a protein change with one-letter amino acids and without its accession.

    Examples
    --------
    >>> short_protein("ENSP00000263967.3:p.His1047Arg"), short_protein("p.Arg213Ter"), short_protein("p.Thr190%3D")
    ('p.H1047R', 'p.R213*', 'p.T190=')
    """
    change = text.rpartition(":")[2]
    if "%" in change:
        change = unquote(change)
    return _AMINO_ACID.sub(lambda match: _THREE_LETTERS[match.group()], change)


def protein_from_residues(first: str, ref: str, alt: str) -> str:
    """Return a protein change from its first residue number and the amino acids before and after.

    Used where the annotation has no HGVS: enough to recognise the residue, not to replace HGVS for indels.

    Examples
    --------
    >>> [protein_from_residues(*case) for case in (("1047", "H", "R"), ("70", "L", "L"), ("4", "AG", "AS"))]
    ['p.H1047R', 'p.L70=', 'p.G5S']
    >>> [protein_from_residues(*case) for case in (("747", "LREAT", "-"), ("3", "KA", "K"), ("15-16", "-", "L"))]
    ['p.L747_T751del', 'p.A4del', 'p.X15_X16insL']
    """
    start, before, after = first.partition("-")[0], ref.strip("-"), alt.strip("-")
    if not start.isdigit():
        return ""
    place = int(start) + (not before)
    if before and before == after:
        return f"p.{before[0]}{place}="
    while before and after and before[0] == after[0]:
        before, after, place = before[1:], after[1:], place + 1
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    if not before:
        return f"p.X{place - 1}_X{place}ins{after}" if after else ""
    if len(before) == 1 and len(after) == 1:
        return f"p.{before}{place}{after}"
    span = f"{before[0]}{place}"
    if len(before) > 1:
        span += f"_{before[-1]}{place + len(before) - 1}"
    return f"p.{span}del{'ins' + after if after else ''}"


def splice_residue(hgvsc: str) -> str:
    """Return the ``p.X187_splice`` form of an intronic splice-site change, from its coding position.

    The residue is that of the exon's last or first coding base, ``ceil(position / 3)``.

    Examples
    --------
    >>> splice_residue("c.559+1G>A"), splice_residue("c.-12+1G>A")
    ('p.X187_splice', '')
    """
    found = _CODING_POSITION.search(hgvsc)
    return f"p.X{-(-int(found.group(1)) // 3)}_splice" if found else ""


def fill_annotation(variant: Variant, effect: Effect) -> None:
    """Copy the chosen effect into the variant."""
    name = effect.classification or (classify_terms(effect.terms, variant.ref, variant.alt) if effect.terms else None)
    if name == "Splice_Site" and not effect.hgvsp.strip("p.?"):
        effect.hgvsp = splice_residue(effect.hgvsc)
    variant.gene, variant.transcript = effect.gene or None, effect.transcript or None
    variant.hgvsc, variant.hgvsp = effect.hgvsc or None, effect.hgvsp or None
    variant.consequence, variant.part_of = "&".join(effect.terms) or None, effect.part_of
    variant.lof = effect.lof
    if name is not None:
        variant.classification = refine_class(name, variant.consequence, variant.hgvsp, variant.ref, variant.alt)
    variant.pop_af = _higher(variant.pop_af, effect.pop_af)
    variant.pop_ac = _higher(variant.pop_ac, effect.pop_ac)
    variant.cosmic_count = _higher(variant.cosmic_count, effect.cosmic_count)


def _higher(one: Number | None, other: Number | None) -> Number | None:
    return one if other is None else other if one is None else max(one, other)
