"""Simulated somatic calls of a panel, each with what it was planted as: counted by a burden rule, or left out and why.

Positions are real coding positions of the panel's transcripts (so codons are right); the bases are made up, one per
position of the genome, the same in every sample.  Beside the mutations of a cohort every sample gets what a caller
reports as well: germline variants, calls that failed a filter, low allele fractions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from her2genomics.genome import chromosome_order

TERMS = {
    "Missense_Mutation": "missense_variant", "Silent": "synonymous_variant", "Nonsense_Mutation": "stop_gained",
    "Frame_Shift_Del": "frameshift_variant", "Frame_Shift_Ins": "frameshift_variant",
    "In_Frame_Del": "inframe_deletion", "Splice_Site": "splice_donor_variant", "Intron": "intron_variant",
}  # fmt: skip
"""MAF class to Sequence Ontology term."""

HOT_MUTATIONS: dict[str, tuple[tuple[str, int, str, int], ...]] = {
    "PIK3CA": (("His", 1047, "Arg", 1), ("Glu", 545, "Lys", 0)),
    "TP53": (("Arg", 175, "His", 1), ("Arg", 273, "His", 1)),
    "AKT1": (("Glu", 17, "Lys", 0),),
    "ERBB2": (("Ser", 310, "Phe", 1), ("Leu", 755, "Ser", 1)),
    "ESR1": (("Asp", 538, "Gly", 1),),
}
"""Recurrent changes of the genes of breast cancer: residue, codon, new residue, base of the codon [0-2]."""

COUNTED, HOTSPOT, SILENT, INTRON = "counted", "hotspot", "silent", "intron"
WEAK, LOW_VAF, GERMLINE = "weak_evidence", "low_vaf", "germline"
DECOYS: dict[str, int] = {WEAK: 2, LOW_VAF: 1, GERMLINE: 3}
"""What every sample gets beside its mutations, and how many of each."""

COLUMNS = [
    "sample_id", "gene", "chromosome", "position", "ref", "alt", "classification", "term", "protein", "transcript",
    "depth", "alt_reads", "vaf", "filter", "gnomad_af", "planted",
]  # fmt: skip
_STEP, _MARGIN, _INTRON_OFFSET = 12, 6, 40
_HOT_SHARE = 0.4
_LOWEST_VAF = 0.06
_RARE, _RARE_SHARE = 8e-6, 0.3
_RESIDUES = ("Ala", "Cys", "Asp", "Glu", "Phe", "Gly", "His", "Ile", "Lys", "Leu", "Met", "Asn", "Pro", "Gln", "Arg",
             "Ser", "Thr", "Val", "Trp", "Tyr")  # fmt: skip


@dataclass(frozen=True)
class VariantSites:
    """Where variants can be planted.

    Parameters
    ----------
    coding
        ``gene, chromosome, position`` [1-based], ``codon, transcript``: places inside exons that a target covers whole,
        12 bp apart, away from recurrent residues.
    edges
        ``gene, chromosome, position`` of the last exon base in genome order, ``gap`` to the next exon [bp], ``strand``.
    hot
        (gene, codon) to chromosome, position, transcript.
    """

    coding: pd.DataFrame
    edges: pd.DataFrame
    hot: dict[tuple[str, int], tuple[str, int, str]]


def variant_sites(targets: pd.DataFrame, exons: pd.DataFrame, hotspots: pd.DataFrame) -> VariantSites:
    """Return where variants can be planted in a panel.

    Parameters
    ----------
    targets
        ``chromosome, start, end, gene``.
    exons
        ``chromosome, start, end, gene, transcript, exon, strand`` of all coding exons, one transcript per gene.
    hotspots
        ``gene, residue``.
    """
    covered = _covered_exons(targets, exons)
    hot_codons = _hot_codons(hotspots)
    coding, hot = [], {}
    for row in covered.to_dict("records"):
        gene = row["gene"]
        for position in range(row["start"] + _MARGIN, row["end"] - _MARGIN, _STEP):
            codon = _codon(row, position)
            if codon not in hot_codons.get(gene, set()):
                coding.append((gene, row["chromosome"], position, codon, row["transcript"]))
        for _, codon, _, base in HOT_MUTATIONS.get(gene, ()):
            place = _position_of(row, codon, base)
            if row["start"] < place <= row["end"]:
                hot[gene, codon] = (row["chromosome"], place, row["transcript"])
    table = pd.DataFrame(coding, columns=["gene", "chromosome", "position", "codon", "transcript"])
    edges = covered.assign(position=covered["end"])
    return VariantSites(table, edges[["gene", "chromosome", "position", "gap", "strand", "transcript"]], hot)


def _covered_exons(targets: pd.DataFrame, exons: pd.DataFrame) -> pd.DataFrame:
    """Return the exons within one target, with the coding bases ``before`` them and the ``gap`` to the next exon."""
    table = exons.sort_values(["gene", "exon"], ignore_index=True)
    size = table["end"] - table["start"]
    table["before"] = size.groupby(table["gene"]).cumsum() - size
    table = table.sort_values(["chromosome", "start"], ignore_index=True)
    following = table.groupby("chromosome")["start"].shift(-1)
    table["gap"] = (following - table["end"]).fillna(1e6).astype("int64")
    pairs = table.merge(targets[["gene", "start", "end"]], on="gene", suffixes=("", "_target"))
    inside = (pairs["start_target"] <= pairs["start"]) & (pairs["end"] <= pairs["end_target"])
    return pairs[inside].drop_duplicates(["gene", "exon"]).reset_index(drop=True)


def _hot_codons(hotspots: pd.DataFrame) -> dict[str, set[int]]:
    """Return the codons of each gene's hotspots, those of ranges and one beside each included."""
    found: dict[str, set[int]] = {}
    for gene, residue in zip(hotspots["gene"], hotspots["residue"].astype(str), strict=True):
        ends = [int("".join(c for c in part if c.isdigit())) for part in residue.split("-")]
        found.setdefault(gene, set()).update(range(min(ends) - 1, max(ends) + 2))
    return found


def _codon(exon: dict[Any, Any], position: int) -> int:
    offset = position - 1 - exon["start"] if exon["strand"] == "+" else exon["end"] - position
    return int((exon["before"] + offset) // 3 + 1)


def _position_of(exon: dict[Any, Any], codon: int, base: int) -> int:
    """Return the 1-based position of a codon's base, as if it lay in the exon."""
    offset = 3 * (codon - 1) + base - int(exon["before"])
    return int(exon["start"] + offset + 1 if exon["strand"] == "+" else exon["end"] - offset)


def plant_variants(events: pd.DataFrame, purity: pd.Series, sites: VariantSites, *, seed: int) -> pd.DataFrame:
    """Give every mutation of a cohort a place, alleles and reads, and add what else a caller reports.

    Parameters
    ----------
    events
        ``sample_id, gene, classification``; several of one gene in a sample get places of their own.
    purity
        Tumour cell fraction [0-1] by sample; a sample without events is here all the same.
    sites
        Of the panel.
    seed
        Seed of the places and reads.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, by sample and position. ``planted`` says what a burden rule that leaves out hot mutations, silent and
        intronic variants, other FILTERs than PASS, allele fractions below 2 % and population variants makes of it.
    """
    groups = {str(name): rows for name, rows in events.groupby("sample_id", sort=False)}
    tables = []
    for number, (sample, fraction) in enumerate(purity.items()):
        rng = np.random.default_rng([seed, number])
        rows = list(_sample_rows(groups.get(str(sample)), sites, float(fraction), rng))
        tables.append(pd.DataFrame(rows).assign(sample_id=str(sample)))
    table = pd.concat(tables, ignore_index=True)
    order = pd.DataFrame({"s": table["sample_id"], "c": chromosome_order(table["chromosome"]), "p": table["position"]})
    return table.loc[order.sort_values(["s", "c", "p"], kind="stable").index, COLUMNS].reset_index(drop=True)


def _sample_rows(
    events: pd.DataFrame | None, sites: VariantSites, purity: float, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    free = sites.coding.iloc[rng.permutation(len(sites.coding))]
    taken: set[tuple[str, int]] = set()
    if events is not None:
        for gene, classification in zip(events["gene"], events["classification"], strict=True):
            place = _place(gene, classification, free, sites, taken, rng)
            if place is not None:
                yield _row(place, _somatic_vaf(purity, rng), rng)
    for kind, number in DECOYS.items():
        for _ in range(number):
            place = _coding_place(free, "Missense_Mutation", taken, rng)
            yield _decoy(_row(place, _decoy_vaf(kind, purity, rng), rng), kind, rng)


def _place(
    gene: str,
    classification: str,
    free: pd.DataFrame,
    sites: VariantSites,
    taken: set[tuple[str, int]],
    rng: np.random.Generator,
) -> dict[str, Any] | None:
    """Return a place of a mutation; None where the gene has no such place left."""
    if classification == "Missense_Mutation" and gene in HOT_MUTATIONS and rng.random() < _HOT_SHARE:
        before, codon, after, _ = HOT_MUTATIONS[gene][rng.integers(len(HOT_MUTATIONS[gene]))]
        where = sites.hot.get((gene, codon))
        if where is not None and where[:2] not in taken:
            taken.add(where[:2])
            return {"gene": gene, "chromosome": where[0], "position": where[1], "transcript": where[2],
                    "classification": classification, "protein": f"p.{before}{codon}{after}",
                    "planted": HOTSPOT}  # fmt: skip
    if classification in ("Splice_Site", "Intron"):
        return _edge_place(gene, classification, sites.edges, taken, rng)
    own = free[free["gene"] == gene]
    return None if own.empty else _coding_place(own, classification, taken, rng)


def _coding_place(
    free: pd.DataFrame, classification: str, taken: set[tuple[str, int]], rng: np.random.Generator
) -> dict[str, Any]:
    places = zip(free["gene"], free["chromosome"], free["position"], free["codon"], free["transcript"], strict=True)
    gene, chromosome, position, codon, transcript = next(p for p in places if (p[1], p[2]) not in taken)
    taken.add((chromosome, position))
    return {"gene": gene, "chromosome": chromosome, "position": position, "transcript": transcript,
            "classification": classification, "protein": _protein(classification, int(codon), rng),
            "planted": SILENT if classification == "Silent" else COUNTED}  # fmt: skip


def _edge_place(
    gene: str, classification: str, edges: pd.DataFrame, taken: set[tuple[str, int]], rng: np.random.Generator
) -> dict[str, Any] | None:
    """Return the base behind an exon (splice site), or one deep in the intron; the last exon has none."""
    offset = 1 if classification == "Splice_Site" else _INTRON_OFFSET
    own = edges[(edges["gene"] == gene) & (edges["gap"] > 2 * _INTRON_OFFSET)]
    own = own[[(c, p + offset) not in taken for c, p in zip(own["chromosome"], own["position"], strict=True)]]
    if own.empty:
        return None
    row = own.iloc[int(rng.integers(len(own)))]
    position = int(row["position"]) + offset
    taken.add((row["chromosome"], position))
    return {"gene": gene, "chromosome": row["chromosome"], "position": position, "transcript": row["transcript"],
            "classification": classification, "protein": "", "strand": row["strand"],
            "planted": COUNTED if classification == "Splice_Site" else INTRON}  # fmt: skip


def _protein(classification: str, codon: int, rng: np.random.Generator) -> str:
    first, step = rng.integers(len(_RESIDUES)), rng.integers(1, len(_RESIDUES))
    residue, other = _RESIDUES[first], _RESIDUES[(first + step) % len(_RESIDUES)]
    ending = {"Silent": "=", "Nonsense_Mutation": "Ter", "Frame_Shift_Del": f"{other}fsTer12",
              "Frame_Shift_Ins": f"{other}fsTer7", "In_Frame_Del": "del"}.get(classification, other)  # fmt: skip
    return f"p.{residue}{codon}{ending}"


def _row(place: dict[str, Any], vaf: float, rng: np.random.Generator) -> dict[str, Any]:
    classification = place["classification"]
    term = TERMS[classification]
    if classification == "Splice_Site" and place.pop("strand") == "-":
        term = "splice_acceptor_variant"
    place.pop("strand", None)
    depth = int(rng.integers(250, 900))
    alt_reads = max(3, round(depth * vaf))
    ref, alt = _alleles(int(place["position"]), classification)
    return {**place, "term": term, "ref": ref, "alt": alt, "depth": depth, "alt_reads": alt_reads,
            "vaf": round(alt_reads / depth, 4), "filter": "PASS",
            "gnomad_af": _RARE if rng.random() < _RARE_SHARE else np.nan}  # fmt: skip


def _alleles(position: int, classification: str) -> tuple[str, str]:
    """Return REF and ALT; an indel has its anchor base in front.

    Examples
    --------
    >>> [len(a) for a in _alleles(1000, "In_Frame_Del")]
    [4, 1]
    """
    here = _base(position)
    other = next(b for b in "ACGT" if b not in (here, _base(position + 1)))
    if classification == "Frame_Shift_Ins":
        return here, here + other
    if classification in ("Frame_Shift_Del", "In_Frame_Del"):
        n = 1 if classification == "Frame_Shift_Del" else 3
        return "".join(_base(position + i) for i in range(n + 1)), here
    return here, other


def _base(position: int) -> str:
    """Return the made-up base of a genome position."""
    return "ACGT"[(position * 2654435761 >> 8) % 4]


def _somatic_vaf(purity: float, rng: np.random.Generator) -> float:
    return max(_LOWEST_VAF, purity / 2 * float(rng.uniform(0.7, 1.1)))


def _decoy_vaf(kind: str, purity: float, rng: np.random.Generator) -> float:
    if kind == GERMLINE:
        return float(rng.uniform(0.42, 0.56))
    return float(rng.uniform(0.013, 0.017)) if kind == LOW_VAF else _somatic_vaf(purity, rng)


def _decoy(row: dict[str, Any], kind: str, rng: np.random.Generator) -> dict[str, Any]:
    row["planted"] = kind
    if kind == WEAK:
        row["filter"] = WEAK
    elif kind == GERMLINE:
        row["gnomad_af"] = round(float(rng.uniform(0.01, 0.5)), 4)
    return row
