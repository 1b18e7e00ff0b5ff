"""From a protein change to its residue, and from the residue to the exon, as papers number exons.

Papers and annotators count the exons of the transcript, panels often the coding ones only: "TP53 exons 5-8" are coding
exons 4-7.  Here exons are the transcript's: coding exon + first coding exon - 1, by the panel's own transcripts.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.panel import Panel

_ONE_LETTER = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G", "His": "H",
    "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W",
    "Tyr": "Y", "Val": "V", "Ter": "*",
}  # fmt: skip
_RESIDUE = re.compile(r"^(?:p\.)?\(?(?:([A-Z][a-z]{2}|[A-Z*])|(?<=p\.))(\d+)")
"""``p.126in_frame_insQ`` and ``p.86T`` are how annotators of 2012 wrote a change without its first residue."""


def first_residues(details: pd.Series) -> pd.DataFrame:
    """Return the first residue that each protein change touches.

    Parameters
    ----------
    details
        Protein changes in one- or three-letter code; other text has none.

    Returns
    -------
    pandas.DataFrame
        ``residue`` (``H1047``, ``X187`` for a splice site; missing where only the number is told) and ``position``,
        missing where there is none.

    Examples
    --------
    >>> first_residues(pd.Series(["p.H1047R", "p.Arg175His", "X125_splice", "log2=2.1"]))["residue"].tolist()
    ['H1047', 'R175', 'X125', <NA>]
    """
    found = details.astype("string").str.extract(_RESIDUE)
    letter = found[0].replace(_ONE_LETTER)
    return pd.DataFrame({"residue": letter + found[1], "position": found[1].astype("Int64")})


class ExonMap:
    """Exon of the transcript by gene and residue, from the coding exons of a panel.

    Examples
    --------
    >>> from her2genomics.panel import load_panel
    >>> exons = ExonMap(load_panel())
    >>> exons.of("TP53", [175, 273]).tolist(), exons.of("PIK3CA", [545, 1047]).tolist()
    ([5, 8], [10, 21])
    """

    def __init__(self, panel: Panel) -> None:
        builds = list(panel.files.get("exons", {}))
        table = panel.exons(builds[0]) if builds else pd.DataFrame(columns=["gene", "exon", "start", "end"])
        table = table.sort_values(["gene", "exon"])
        lengths = (table["end"] - table["start"]).to_numpy(dtype=np.int64)
        self._ends = {
            str(gene): np.cumsum(lengths[rows]) for gene, rows in table.reset_index().groupby("gene").groups.items()
        }
        genes = panel.genes
        first = genes["first_coding_exon"] if "first_coding_exon" in genes else pd.Series(1, index=genes.index)
        self._first = {str(g): int(n) for g, n in zip(genes["gene"], first, strict=True) if str(n).isdigit()}

    @property
    def genes(self) -> frozenset[str]:
        """Genes whose exons are known."""
        return frozenset(self._ends) & frozenset(self._first)

    def protein_length(self, gene: str) -> int | None:
        """Return the number of residues, from the coding exons without the stop codon; None for an unknown gene.

        Examples
        --------
        >>> from her2genomics.panel import load_panel
        >>> ExonMap(load_panel()).protein_length("TP53")
        393
        """
        return int(self._ends[gene][-1]) // 3 - 1 if gene in self._ends else None

    def of(self, gene: str, positions: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the exon that holds the middle base of each codon, 0 beyond the end of the coding sequence."""
        if gene not in self.genes:
            return np.zeros(np.shape(positions), dtype=np.int64)
        ends, codon = self._ends[gene], np.asarray(positions, dtype=np.int64)
        coding = np.searchsorted(ends, 3 * codon - 1)
        return np.where(coding < len(ends), coding + self._first[gene], 0)


def exon_numbers(alterations: pd.DataFrame, exons: ExonMap) -> pd.Series:
    """Return the exon of each event: by its residue, else as the annotation gave it; missing if neither."""
    positions = first_residues(alterations["detail"])["position"]
    numbers = pd.Series(pd.NA, index=alterations.index, dtype="Int64")
    located = positions.notna() & alterations["gene"].isin(exons.genes)
    for gene, rows in alterations[located].groupby("gene").groups.items():
        exon = exons.of(str(gene), positions[rows].to_numpy(dtype=np.int64))
        numbers[rows] = pd.array(exon, dtype="Int64")
    numbers = numbers.mask(numbers == 0)
    return numbers.fillna(alterations["exon"].astype("Int64")) if "exon" in alterations else numbers
