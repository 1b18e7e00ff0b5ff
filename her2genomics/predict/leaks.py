"""Features that would give the answer away: what defines the target, what is only known afterwards, and ERBB2's copies.

HER2 status is defined by IHC and ISH; a model that may see them, the copy number of ERBB2, or a neighbour on its
amplicon predicts nothing.  Columns of that kind are refused, and the genes of the amplicon count by their mutations
alone.  ``ERBB2:amp`` can be asked for by name, because how well sequencing gives the status is a question of its own.
"""

from __future__ import annotations

import re

import numpy as np

from her2genomics.clinical_variables import is_followup, is_her2_evidence
from her2genomics.cohort import Cohort
from her2genomics.comparison.covariates import COMPONENTS
from her2genomics.comparison.events import amplicon_genes
from her2genomics.panel import Panel

HER2_GENE = "ERBB2"
HER2_AMPLICON = "17q12-21"
SHARED_AMPLIFICATION = 0.5
"""A gene amplified together with ERBB2 in more than this share of the tumours that have either is on its amplicon."""
_DEFINED_BY_HER2 = frozenset({"subtype", "subtype_flags"})
_TREATMENT = re.compile(
    r"neoadj|adjuvant|regimen|treat|therap|trastuz|pertuz|anti_?her|pcr$|response|drug", re.IGNORECASE
)


def reason_refused(name: str, group: str) -> str:
    """Return why a column may not be a feature of a target, or an empty text.

    Examples
    --------
    >>> reason_refused("fish_ratio", "her2_group"), reason_refused("age", "her2_group")
    ('part of what defines the HER2 status', '')
    """
    if name == group:
        return "it is the target"
    if is_followup(name):
        return "a follow-up time or event, known only afterwards"
    if is_her2_evidence(group):
        if is_her2_evidence(name) or (name in _DEFINED_BY_HER2):
            return "part of what defines the HER2 status"
        if _TREATMENT.search(name):
            return "treatment follows from the HER2 status"
    if name in COMPONENTS.get(group, ()) or group in COMPONENTS.get(name, ()):
        return f"makes, or is made of, {group}"
    return ""


def names_target_gene(term: str) -> bool:
    """Return True for a gene term that counts copies of ERBB2 (``ERBB2``, ``ERBB2:amp``).

    Examples
    --------
    >>> [names_target_gene(t) for t in ("ERBB2", "ERBB2:amp", "ERBB2:mutation", "TP53")]
    [True, True, False, False]
    """
    copies = ("", "amp", "amplification", "gain", "loss", "del", "homdel", "deep_deletion")
    parts = [part.partition(":") for part in re.split(r"[+|]", term)]
    return any(gene == HER2_GENE and what in copies for gene, _, what in parts)


def genes_amplified_with_target(cohort: Cohort, panel: Panel) -> frozenset[str]:
    """Return ERBB2 and the cohort's genes that share its amplicon, by position or by being amplified together.

    Where the panel knows no position, the cohort's amplifications say it; the status of the samples is not looked at.
    """
    genes = cohort.genes
    placed = {HER2_GENE, *(gene for gene, name in amplicon_genes(panel).items() if name == HER2_AMPLICON)}
    if HER2_GENE in genes:
        amplified = cohort.altered(("amplification",))
        target = amplified[:, [genes.index(HER2_GENE)]]
        both, either = (amplified & target).sum(axis=0), (amplified | target).sum(axis=0)
        shared = np.flatnonzero(both > SHARED_AMPLIFICATION * np.maximum(either, 1))
        placed |= {genes[j] for j in shared}
    return frozenset(placed) & frozenset(genes)
