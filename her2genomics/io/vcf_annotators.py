"""Reading what VEP, SnpEff, bcftools csq, Funcotator and ANNOVAR write into INFO.

Each annotator is a small class with two questions: `effects` lists the transcripts of one allele, cheaply; `complete`
parses names and frequencies of the one that was chosen.  `find_annotators` reads the header for which are present.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import unquote

from her2genomics.consequences import ANNOVAR_FUNCTIONS, FUNCOTATOR_CLASSES, ontology_terms
from her2genomics.exceptions import AnnotationMissingError
from her2genomics.io.vcf_effects import (
    CANONICAL,
    MANE,
    PICKED,
    UNFLAGGED,
    Allele,
    Effect,
    protein_from_residues,
    short_protein,
    vep_allele,
)
from her2genomics.io.vcf_header import VcfHeader
from her2genomics.io.vcf_populations import (
    dbsnp_frequency,
    highest_number,
    is_cosmic_count,
    is_population_count,
    is_population_frequency,
)

_SNPEFF_FIELDS = (
    "allele", "annotation", "annotation_impact", "gene_name", "gene_id", "feature_type", "feature_id",
    "transcript_biotype", "rank", "hgvs.c", "hgvs.p",
)  # fmt: skip
_SNPEFF_BIOTYPES = {"Coding": "protein_coding", "Noncoding": "non_coding"}  # genomes without Ensembl's biotypes
_CSQ_CHANGE = re.compile(r"(\d+)([A-Z*]+)(?:\.\.\d*)?(?:>(\d+)([A-Z*]+))?")


class Annotator(Protocol):
    """Turns the INFO of one record into the effects of one allele."""

    name: str
    population_fields: tuple[str, ...]

    def effects(self, info: Mapping[str, str], allele: Allele) -> list[Effect]:
        """Return the allele's effects; empty when the record carries no annotation for it."""
        ...

    def complete(self, effect: Effect) -> None:
        """Fill in the changes, frequencies and counts of an effect."""
        ...


class Fields:
    """Places of ``|``-separated fields by lower-case name; an absent field is an empty text at the end of the row."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(name.strip() for name in names)
        self._place = {name.lower(): i for i, name in reversed(list(enumerate(self.names)))}

    def place(self, name: str) -> int:
        """Return the field's place, or -1."""
        return self._place.get(name, -1)

    def places(self, wanted: Callable[[str], bool]) -> tuple[int, ...]:
        """Return the places of the fields whose name is wanted."""
        return tuple(i for i, name in enumerate(self.names) if wanted(name))

    def rows(self, text: str) -> list[list[str]]:
        """Return the rows of an annotation, as long as the header says, and an empty text behind them."""
        n = len(self.names)
        rows = [entry.split("|") for entry in text.split(",")]
        for row in rows:
            if len(row) < n:
                row += [""] * (n - len(row))
            row.append("")
        return rows


def _texts(row: Sequence[str], places: Sequence[int]) -> list[str]:
    return [row[i] for i in places]


def _count(row: Sequence[str], places: Sequence[int]) -> int | None:
    number = highest_number(_texts(row, places)) if places else None
    return None if number is None else int(number)


def _own_rows(rows: list[list[str]], allele: Allele, place: int, spellings: set[str]) -> list[list[str]]:
    """Return the rows of one allele; a record that was split keeps the rows of its other alleles, which are left out.

    A record with one allele whose rows all spell one allele, differently (trimmed since), is taken to be that allele.
    """
    own = [row for row in rows if row[place] in spellings]
    if own or len(allele.alts) > 1:
        return own
    return rows if len({row[place] for row in rows}) == 1 else []


class VepAnnotation:
    """VEP's CSQ, or the same under another INFO key."""

    name = "VEP"

    def __init__(self, key: str, names: Sequence[str]) -> None:
        self._key, self._fields = key, Fields(names)
        fields, place = self._fields, self._fields.place
        self._frequencies = fields.places(lambda name: is_population_frequency(name) or name == "AF")
        self._counts, self._cosmic = fields.places(is_population_count), fields.places(is_cosmic_count)
        self.population_fields = tuple(fields.names[i] for i in self._frequencies)
        self._allele, self._number = place("allele"), place("allele_num")
        symbol = "symbol" if place("symbol") >= 0 else "hgnc"  # VEP before release 76
        self._gene, self._feature, self._terms = place(symbol), place("feature"), place("consequence")
        self._kind, self._biotype = place("feature_type"), place("biotype")
        self._mane_select, self._mane = place("mane_select"), place("mane")
        self._canonical, self._pick = place("canonical"), place("pick")
        self._hgvsc, self._hgvsp = place("hgvsc"), place("hgvsp")
        self._position, self._residues = place("protein_position"), place("amino_acids")
        self._loftee = place("lof")

    def effects(self, info: Mapping[str, str], allele: Allele) -> list[Effect]:
        """Return the effects of one allele, matched by ALLELE_NUM or by VEP's spelling of the allele."""
        text = info.get(self._key)
        if not text:
            return []
        return [self._effect(row) for row in self._of_allele(self._fields.rows(text), allele)]

    def _of_allele(self, rows: list[list[str]], allele: Allele) -> list[list[str]]:
        if self._number >= 0 and len(allele.alts) > 1:
            return [row for row in rows if row[self._number] == str(allele.nth + 1)]
        spellings = {allele.alt}
        if len(allele.ref) > 1 or len(allele.alt) > 1 or len(allele.alts) > 1:
            spellings |= {vep_allele(allele.ref, allele.alts, allele.nth), vep_allele(allele.ref, [allele.alt], 0)}
        return _own_rows(rows, allele, self._allele, spellings)

    def _effect(self, row: list[str]) -> Effect:
        rank = UNFLAGGED
        if row[self._mane_select] or "MANE_Select" in row[self._mane]:
            rank = MANE
        elif row[self._canonical] == "YES":
            rank = CANONICAL
        elif row[self._pick] == "1":
            rank = PICKED
        biotype = row[self._biotype] if row[self._kind] in ("Transcript", "") else "regulatory"
        terms = tuple(row[self._terms].split("&"))
        return Effect(row[self._gene], row[self._feature], biotype, terms, "", rank, row)

    def complete(self, effect: Effect) -> None:
        """Fill in HGVS (or the residue from Protein_position and Amino_acids) and the population fields."""
        row = effect.row
        effect.hgvsc = unquote(row[self._hgvsc].rpartition(":")[2])
        effect.hgvsp = short_protein(row[self._hgvsp])
        if not effect.hgvsp:
            before, slash, after = row[self._residues].partition("/")
            first = row[self._position].partition("/")[0]
            effect.hgvsp = protein_from_residues(first, before, after if slash else before)
        effect.pop_af = highest_number(_texts(row, self._frequencies))
        effect.pop_ac, effect.cosmic_count = _count(row, self._counts), _count(row, self._cosmic)
        if row[self._loftee]:
            effect.lof = row[self._loftee] == "HC"


class SnpEffAnnotation:
    """SnpEff's ANN: Allele, Annotation, Impact, Gene_Name, Gene_ID, Feature_Type, Feature_ID, BioType, Rank, HGVS."""

    name = "SnpEff"
    population_fields: tuple[str, ...] = ()
    _FIELDS = Fields(_SNPEFF_FIELDS)

    def effects(self, info: Mapping[str, str], allele: Allele) -> list[Effect]:
        """Return the effects of one allele; comparisons with the germline allele (``G-C``) are left out."""
        text = info.get("ANN")
        if not text:
            return []
        rows = self._FIELDS.rows(text)
        somatic = [row for row in rows if "-" not in row[0]] or rows
        effects = [self._effect(row) for row in _own_rows(somatic, allele, 0, {allele.alt})]
        lost = info.get("LOF")
        if lost:
            genes = {entry.strip("()").partition("|")[0] for entry in lost.split(",")}
            for effect in effects:
                effect.lof = effect.gene in genes
        return effects

    @staticmethod
    def _effect(row: list[str]) -> Effect:
        biotype = _SNPEFF_BIOTYPES.get(row[7], row[7]) if row[5] in ("transcript", "") else "feature"
        return Effect(row[3], row[6], biotype, ontology_terms(row[1]), row=row)

    def complete(self, effect: Effect) -> None:
        """Fill in HGVS."""
        effect.hgvsc, effect.hgvsp = effect.row[9], short_protein(effect.row[10])


class CsqAnnotation:
    """bcftools csq's BCSQ: ``[*]Consequence|gene|transcript|biotype|strand|amino_acid_change|dna_change``."""

    name = "bcftools csq"
    population_fields: tuple[str, ...] = ()

    def effects(self, info: Mapping[str, str], allele: Allele) -> list[Effect]:
        """Return the effects of one allele, matched by the DNA change; ``@POS`` points to the compound's record."""
        text = info.get("BCSQ")
        if not text:
            return []
        entries = text.split(",")
        rows = [(entry.split("|") + [""] * 7)[:7] for entry in entries if not entry.startswith("@")]
        change = f"{allele.position}{allele.ref}>{allele.alt}"
        spellings = {row[6] for row in rows if change in row[6].split("+")}
        own = _own_rows([row for row in rows if row[6]], allele, 6, spellings) + [row for row in rows if not row[6]]
        if own:
            return [Effect(row[1], row[2], row[3], ontology_terms(row[0]), row=row) for row in own]
        return [Effect(part_of=int(entry[1:])) for entry in entries if entry.startswith("@") and entry[1:].isdigit()][
            :1
        ]

    def complete(self, effect: Effect) -> None:
        """Fill in the protein change from csq's ``1047H>1047R``."""
        found = _CSQ_CHANGE.match(effect.row[5]) if effect.row else None
        if found:
            first, before, _, after = found.groups()
            effect.hgvsp = protein_from_residues(first, before, after or before)


class FuncotatorAnnotation:
    """GATK Funcotator's FUNCOTATION: one bracket per allele, fields joined by ``|``, text escaped as ``_%2C_``."""

    name = "Funcotator"

    def __init__(self, names: Sequence[str]) -> None:
        self._fields = fields = Fields([re.sub(r"^Gencode_\d+_", "", name.strip()) for name in names])
        self._frequencies, self._counts = fields.places(is_population_frequency), fields.places(is_population_count)
        self._lists = fields.places(lambda name: name in ("dbSNP_CAF", "dbSNP_TOPMED"))
        self.population_fields = tuple(fields.names[i] for i in (*self._frequencies, *self._lists))
        self._gene, self._transcript = fields.place("hugosymbol"), fields.place("annotationtranscript")
        self._class = fields.place("variantclassification")
        self._hgvsc, self._hgvsp = fields.place("cdnachange"), fields.place("proteinchange")
        self._cosmic = fields.place("cosmic_overlapping_mutations")

    def effects(self, info: Mapping[str, str], allele: Allele) -> list[Effect]:
        """Return the entries of the allele's bracket; the first is Funcotator's own choice."""
        text = info.get("FUNCOTATION")
        if not text:
            return []
        brackets = text.split("],[")
        if allele.nth >= len(brackets):
            return []
        entries = self._fields.rows(brackets[allele.nth].strip("[]").replace("#", ","))
        return [self._effect(row, PICKED if i == 0 else UNFLAGGED) for i, row in enumerate(entries)]

    def _effect(self, row: list[str], rank: int) -> Effect:
        group = FUNCOTATOR_CLASSES.get(row[self._class].strip().upper(), "Targeted_Region")
        return Effect(decode_funcotation(row[self._gene]), row[self._transcript], "", (), group, rank, row)

    def complete(self, effect: Effect) -> None:
        """Fill in the changes, the highest frequency (dbSNP's lists too) and the COSMIC count of the change."""
        row = effect.row
        change = decode_funcotation(row[self._hgvsp])
        effect.hgvsc, effect.hgvsp = decode_funcotation(row[self._hgvsc]), short_protein(change)
        found = [highest_number(_texts(row, self._frequencies))]
        found += [dbsnp_frequency(decode_funcotation(text)) for text in _texts(row, self._lists)]
        effect.pop_af = max((f for f in found if f is not None), default=None)
        effect.pop_ac = _count(row, self._counts)
        counts = re.findall(r"([^|(]+)\((\d+)\)", decode_funcotation(row[self._cosmic]))
        effect.cosmic_count = max((int(n) for name, n in counts if name.strip() == change.strip()), default=None)


def decode_funcotation(text: str) -> str:
    """Return Funcotator's escaped text in clear.

    Examples
    --------
    >>> decode_funcotation("0.2817_%2C_0.7183")
    '0.2817,0.7183'
    """
    return re.sub(r"_(%[0-9A-Fa-f]{2})_", lambda match: unquote(match.group(1)), text) if "%" in text else text


class AnnovarAnnotation:
    """ANNOVAR's INFO keys (``Func.refGene``, ``ExonicFunc.refGene`` ...)."""

    name = "ANNOVAR"

    def __init__(self, gene_model: str, population_fields: Sequence[str] = ()) -> None:
        self._model = gene_model
        self.population_fields = tuple(population_fields)

    def effects(self, info: Mapping[str, str], allele: Allele) -> list[Effect]:
        """Return one effect per transcript in AAChange, or per gene where the change is not coding."""
        exonic = self._text(info, "ExonicFunc")
        function = self._text(info, "Func") or ("exonic" if exonic not in ("", ".") else "")
        if function in ("", "."):
            return []
        names = [exonic if name == "exonic" and exonic not in ("", ".") else name for name in function.split(";")]
        terms = tuple(ANNOVAR_FUNCTIONS.get(name.strip().lower().replace(" ", "_"), name) for name in names)
        cosmic = [
            count for key, text in info.items() if key.lower().startswith("cosmic") and (count := _occurrences(text))
        ]
        changes = [change.split(":") for change in self._text(info, "AAChange").split(",") if ":" in change]
        if not changes and "splicing" in names:
            changes = [
                self._splice_change(info, part) for part in self._text(info, "GeneDetail").split(";") if ":" in part
            ]
        if not changes:
            changes = [[gene] for gene in re.split(r"[;,]", self._text(info, "Gene")) if gene]
        count = max(cosmic, default=None)
        return [
            Effect(gene=c[0], transcript=c[1] if len(c) > 1 else "", terms=terms, row=c, cosmic_count=count)
            for c in changes
        ]

    def _splice_change(self, info: Mapping[str, str], part: str) -> list[str]:
        """Turn GeneDetail's ``NM_000546:exon5:c.559+1G>A`` into the order of AAChange."""
        return [re.split(r"[;,]", self._text(info, "Gene"))[0], *part.split(":")]

    def _text(self, info: Mapping[str, str], name: str) -> str:
        return _annovar_text(info.get(f"{name}.{self._model}", ""))

    def complete(self, effect: Effect) -> None:
        """Fill in the changes of the chosen transcript."""
        effect.hgvsc = next((part for part in effect.row if part.startswith("c.")), "")
        effect.hgvsp = next((part for part in effect.row if part.startswith("p.")), "")


def _annovar_text(text: str) -> str:
    return text.replace("\\x3b", ";").replace("\\x3d", "=").replace("\\x2c", ",")


def _occurrences(text: str) -> int | None:
    """Return the summed tissue counts of ANNOVAR's ``ID=...;OCCURENCE=3(breast),1(lung)`` (its own spelling)."""
    counts = re.findall(r"(\d+)\(", _annovar_text(text).partition("OCCURENCE=")[2])
    return sum(map(int, counts)) if counts else None


def find_annotators(header: VcfHeader) -> list[Annotator]:
    """Return the annotators that the header declares, VEP first."""
    found: list[Annotator] = []
    for key, declared in header.info.items():
        layout = re.search(r"Format: ?'?([^\"']*\|[^\"']*)", declared.description)
        if key.upper() == "CSQ" or (layout and re.search(r"\bVEP\b", declared.description)):
            if layout:
                found.insert(0, VepAnnotation(key, layout.group(1).split("|")))
        elif key == "ANN":
            found.append(SnpEffAnnotation())
        elif key == "BCSQ":
            found.append(CsqAnnotation())
        elif key == "FUNCOTATION":
            found.append(FuncotatorAnnotation(declared.description.rpartition(": ")[2].split("|")))
    models = [key.partition(".")[2] for key in header.info if key.startswith("ExonicFunc.")]
    if models:
        found.append(AnnovarAnnotation(models[0], [key for key in header.info if is_population_frequency(key)]))
    return found


def annotator_without_header(info: str) -> Annotator | None:
    """Return the annotator of a record whose header lost the declaration, where the format is fixed."""
    for key, annotator in (("ANN=", SnpEffAnnotation), ("BCSQ=", CsqAnnotation)):
        if info.startswith(key) or f";{key}" in info:
            return annotator()
    return None


def annotation_missing(path: str | os.PathLike[str]) -> AnnotationMissingError:
    """Return the error for a VCF without consequences, naming the ways to annotate it."""
    name = os.fspath(path)
    return AnnotationMissingError(
        "the VCF has no consequence annotation (none of CSQ, ANN, BCSQ, FUNCOTATION, ANNOVAR)",
        path=name,
        hint=f"annotate it by VEP (vep -i {name} -o OUT.vcf --vcf --cache --symbol --hgvs --mane --canonical --max_af),"
        f" SnpEff (snpEff GRCh38.mane.1.2.ensembl {name} > OUT.vcf) or bcftools (bcftools csq -p a -f REF.fa -g"
        f" GENES.gff3 {name}), or here: her2g tmb --fasta REF.fa {name}",
    )
