"""Features by name: ``ERBB2:amp``, ``TP53:exon5-8``, ``PIK3CA:H1047R``, ``ERBB2:amp+ERBB2:mutation``, ``EGFR|ERBB3``.

A term is a gene, alone or with what has to have happened to it: a class, an exon or a range of exons (numbered as in
the transcript), a residue or a protein change.  ``+`` asks for all terms, ``|`` for any.  What is known follows: a
tumour without any of the alterations of ``a|b`` is known only if both genes were profiled; one without ``a`` of
``a+b`` is known to lack the pair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison.features import CLASS_FEATURES, BinaryFeatures, BoolArray
from her2genomics.exceptions import UsageError
from her2genomics.protein_positions import ExonMap, exon_numbers, first_residues

CLASS_NAMES: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in schema.ALTERATION_CLASSES},
    **CLASS_FEATURES,
    "mut": CLASS_FEATURES["mutation"],
    "trunc": ("truncating",),
    "amp": CLASS_FEATURES["amplification"],
    "del": CLASS_FEATURES["loss"],
    "homdel": CLASS_FEATURES["deep_deletion"],
}
"""What may stand behind a gene, and the classes that it counts (a gain or more, a loss or more)."""
_EXONS = re.compile(r"exons?(\d+)(?:-(\d+))?")
_CHANGE = re.compile(r"(?:p\.)?([A-Z*]\d+)(\S*)")
CARRIER_COLUMNS = ("feature", "sample_id", "group", "detail")


@dataclass(frozen=True)
class Term:
    """One term: a gene, and which of its events count."""

    text: str
    gene: str
    what: str


def parse_term(text: str) -> Term:
    """Return the parts of one term.

    Raises
    ------
    UsageError
        If what stands behind the gene is not understood.
    """
    gene, _, what = text.strip().partition(":")
    known = not what or what in CLASS_NAMES or _EXONS.fullmatch(what) or _CHANGE.fullmatch(what)
    if not gene or not known:
        raise UsageError(
            f"feature '{text.strip()}' is not understood",
            hint="write GENE, GENE:amp, GENE:loss, GENE:mutation, GENE:exon5-8, GENE:H1047 or GENE:H1047R",
        )
    return Term(text.strip(), gene, what)


class FeatureReader:
    """Makes yes/no features of a cohort from their names.

    Parameters
    ----------
    cohort
        The cohort.
    complete
        Samples that every assay saw.
    exons
        Exons of the panel.
    classes
        Classes that a gene alone counts.
    """

    def __init__(
        self, cohort: Cohort, complete: BoolArray, exons: ExonMap, classes: tuple[str, ...] = COUNTED_CLASSES
    ) -> None:
        self.cohort, self.complete, self.exons, self.classes = cohort, complete, exons, classes
        self._rank = {gene: j for j, gene in enumerate(cohort.genes)}

    def read(self, names: list[str], family: str = "feature") -> BinaryFeatures:
        """Return the features of these names.

        Raises
        ------
        UsageError
            If a name is not understood, or its gene is not in the cohort.
        """
        columns = [self._feature(name) for name in names]
        n = len(self.cohort.samples)
        value = np.column_stack([v for v, _ in columns]) if columns else np.zeros((n, 0), dtype=bool)
        known = np.column_stack([k for _, k in columns]) if columns else np.zeros((n, 0), dtype=bool)
        return BinaryFeatures(family, tuple(names), value & known, known)

    def _feature(self, name: str) -> tuple[BoolArray, BoolArray]:
        every = [self._any(part) for part in name.split("+")]
        value = np.logical_and.reduce([v for v, _ in every])
        lacking = np.logical_or.reduce([k & ~v for v, k in every])
        return value, value | lacking

    def _any(self, text: str) -> tuple[BoolArray, BoolArray]:
        terms = [self._term(parse_term(part)) for part in text.split("|")]
        value = np.logical_or.reduce([v for v, _ in terms])
        return value, value | np.logical_and.reduce([k for _, k in terms])

    def _term(self, term: Term) -> tuple[BoolArray, BoolArray]:
        known = self._profiled(term)
        value = self.cohort.sample_ids.isin(self.events(term)["sample_id"])
        return value & known, known

    def _profiled(self, term: Term) -> BoolArray:
        if term.gene not in self._rank:
            gene, _, what = term.gene.partition(" ")
            meant = (
                f"write {gene}:{what.strip()}" if what and gene in self._rank else "her2g check FILE lists the genes"
            )
            raise UsageError(f"feature '{term.text}': the cohort has no gene {term.gene}", hint=meant)
        known: BoolArray = self.cohort.profiled[:, self._rank[term.gene]] & self.complete
        return known

    def events(self, term: Term) -> pd.DataFrame:
        """Return the alterations that a term counts."""
        rows = self.cohort.alterations
        rows = rows[rows["gene"] == term.gene]
        if not term.what:
            return rows[rows["alteration"].isin(list(self.classes))]
        if term.what in CLASS_NAMES:
            return rows[rows["alteration"].isin(list(CLASS_NAMES[term.what]))]
        mutations = rows[rows["alteration"].isin(list(schema.MUTATION_CLASSES))]
        if exons := _EXONS.fullmatch(term.what):
            first = int(exons[1])
            numbers = exon_numbers(mutations, self.exons)
            return mutations[numbers.between(first, int(exons[2] or first)).fillna(False).astype(bool)]
        change = _CHANGE.fullmatch(term.what)
        assert change is not None
        if change[2]:
            return mutations[mutations["detail"].str.removeprefix("p.") == term.what.removeprefix("p.")]
        return mutations[(first_residues(mutations["detail"])["residue"] == change[1]).fillna(False).astype(bool)]

    def unplaced(self, names: list[str]) -> list[str]:
        """Return a sentence for each term about an exon or a residue whose gene has mutations without a place."""
        texts = dict.fromkeys(text for name in names for text in re.split(r"[+|]", name))
        sentences = []
        for term in map(parse_term, texts):
            if not term.what or term.what in CLASS_NAMES:
                continue
            mutations = self.events(Term(f"{term.gene}:mutation", term.gene, "mutation"))
            by_exon = _EXONS.fullmatch(term.what)
            place = exon_numbers(mutations, self.exons) if by_exon else first_residues(mutations["detail"])["position"]
            if lacking := int(place.isna().sum()):
                what = "exon" if by_exon else "residue"
                sentences.append(
                    f"feature {term.text}: {lacking} of {len(mutations)} mutations of {term.gene} have no {what} and "
                    "count as another"
                )
        return sentences

    def carriers(self, features: BinaryFeatures, groups: pd.Series) -> pd.DataFrame:
        """Return who carries which feature, with the alterations: ``feature, sample_id, group, detail``."""
        rows = []
        for j, name in enumerate(features.names):
            terms = [parse_term(part) for part in re.split(r"[+|]", name)]
            events = pd.concat([self.events(term) for term in terms]).drop_duplicates()
            texts = events["gene"] + " " + events["detail"].fillna(events["alteration"])
            texts = texts.where(events["detail"].isna(), texts + " (" + events["alteration"] + ")")
            listed = texts.groupby(events["sample_id"]).agg(lambda t: "; ".join(sorted(set(t))))
            carrying = features.value[:, j]
            for sample, group in zip(self.cohort.sample_ids[carrying], groups[carrying], strict=True):
                rows.append((name, sample, group, listed.get(sample, "")))
        return pd.DataFrame(rows, columns=list(CARRIER_COLUMNS)).astype("string")
