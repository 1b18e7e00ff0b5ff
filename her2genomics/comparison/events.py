"""Independent events of a cohort: its altered genes, with the genes of one amplicon counted as the one event they are.

CDK12, ERBB2, RARA and SPOP are amplified together, CCND1 with FGF3, FGF4 and FGF19.  Counted gene by gene a single
amplification is four alterations of burden and six pairs that "co-occur".  Amplifications of a known amplicon therefore
become one event named after it, and its genes keep what else happened to them (mutations, deletions, fusions).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from her2genomics.amplicons import AMPLICONS, amplicon_of
from her2genomics.cohort import Cohort
from her2genomics.comparison.features import BinaryFeatures
from her2genomics.panel import Panel

AMPLIFICATION = "amplification"


def amplicon_genes(panel: Panel) -> dict[str, str]:
    """Return the known amplicon of each panel gene that lies in one; none for a panel of a build without any.

    Examples
    --------
    >>> from her2genomics.panel import load_panel
    >>> amplicon_genes(load_panel())["CDK12"]
    '17q12-21'
    """
    build = next((name for name in panel.builds if name in AMPLICONS), None)
    if build is None:
        return {}
    spans = panel.gene_spans(build)
    places = zip(spans["gene"], spans["chromosome"], spans["start"], spans["end"], strict=True)
    found = {str(gene): amplicon_of(contig, int(start), int(end), build=build) for gene, contig, start, end in places}
    return {gene: name for gene, name in found.items() if name is not None}


def find_events(cohort: Cohort, classes: Collection[str], amplicons: Mapping[str, str]) -> BinaryFeatures:
    """Return the events of a cohort as yes/no features, each with its genes in the notes.

    Parameters
    ----------
    cohort
        Samples, alterations and mask.
    classes
        Classes of alteration that count.
    amplicons
        Gene to the amplicon that it lies in (see `amplicon_genes`).

    Returns
    -------
    BinaryFeatures
        Family ``event``: one per gene in the cohort's order, then one per amplicon of which two or more genes are
        amplified in the cohort (``17q12-21 amplification``).
    """
    value, known = cohort.altered(classes), cohort.profiled
    names = list(cohort.genes)
    notes = [""] * len(names)
    if AMPLIFICATION not in classes:
        return BinaryFeatures("event", tuple(names), value, known, tuple(notes))
    place = {gene: j for j, gene in enumerate(cohort.genes) if gene in amplicons}
    amplified, others = (
        dict(zip(place, cohort.altered(chosen, list(place)).T, strict=True))
        for chosen in ([AMPLIFICATION], [c for c in classes if c != AMPLIFICATION])
    )
    extra_value, extra_known = [], []
    for amplicon in sorted(set(amplicons.values())):
        genes = [gene for gene, cells in amplified.items() if amplicons[gene] == amplicon and cells.any()]
        if len(genes) < 2:
            continue
        members = [place[gene] for gene in genes]
        value[:, members] = np.column_stack([others[gene] for gene in genes])
        names.append(f"{amplicon} {AMPLIFICATION}")
        notes.append(";".join(genes))
        for j in members:
            notes[j] = f"its amplification is counted as {amplicon} {AMPLIFICATION}"
        extra_value.append(np.any([amplified[gene] for gene in genes], axis=0))
        extra_known.append(known[:, members].all(axis=1))
    if extra_value:
        value = np.column_stack([value, *extra_value])
        known = np.column_stack([known, *extra_known])
    return BinaryFeatures("event", tuple(names), value & known, known, tuple(notes))
