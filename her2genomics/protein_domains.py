"""Domains of proteins, for figures of mutations along a gene: second-hand boundaries, with the entry they point to.

Positions are residues of the canonical isoform, 1-based and inclusive.  Boundaries come from public mutation viewers
and pipelines, not from the databases; the entry named with each is in part our own attribution.  They were compared by
eye with the domains that a public breast-cancer MAF names for its mutations (docs/figures.md says how far).
A gene that is not listed has no domains drawn; nothing is guessed.

References
----------
.. [1] The UniProt Consortium. UniProt: the Universal Protein Knowledgebase. https://www.uniprot.org (CC BY 4.0).
.. [2] Pfam, hosted by InterPro. https://www.ebi.ac.uk/interpro (CC0).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Domain:
    """One domain: first and last residue, and where that is from."""

    name: str
    first: int
    last: int
    source: str


DOMAINS: dict[str, tuple[Domain, ...]] = {
    "TP53": (
        Domain("TAD", 6, 30, "Pfam PF08563"),
        Domain("DNA-binding", 102, 292, "UniProt P04637"),
        Domain("tetramer", 318, 358, "Pfam PF07710"),
    ),
    "PIK3CA": (
        Domain("ABD", 16, 105, "UniProt P42336"),
        Domain("RBD", 187, 289, "UniProt P42336"),
        Domain("C2", 330, 487, "UniProt P42336"),
        Domain("helical", 517, 694, "UniProt P42336"),
        Domain("kinase", 765, 1051, "UniProt P42336"),
    ),
    "ERBB2": (Domain("kinase", 720, 987, "UniProt P04626"),),
    "PTEN": (
        Domain("phosphatase", 14, 185, "UniProt P60484"),
        Domain("C2", 190, 350, "UniProt P60484"),
    ),
    "BRCA1": (
        Domain("RING", 24, 64, "UniProt P38398"),
        Domain("BRCT", 1642, 1736, "UniProt P38398"),
        Domain("BRCT", 1756, 1855, "UniProt P38398"),
    ),
    "ESR1": (Domain("DNA-binding", 185, 250, "UniProt P03372"),),
    "CDK12": (Domain("kinase", 727, 1020, "UniProt Q9NYV4"),),
    "MAP3K1": (Domain("kinase", 1243, 1508, "UniProt Q13233"),),
    "ARID1A": (Domain("ARID", 1017, 1107, "UniProt O14497"),),
    "RB1": (
        Domain("pocket A", 373, 579, "UniProt P06400"),
        Domain("pocket B", 640, 771, "UniProt P06400"),
    ),
}
"""Gene to its domains in the order of the residues."""
