"""Features finer than a gene (exons, residues, the codons among the mutated) and one that is wider (the HER family)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.cohort import Cohort
from her2genomics.comparison.feature_terms import FeatureReader
from her2genomics.comparison.features import BinaryFeatures, BoolArray, keep_frequent
from her2genomics.comparison.groups import Grouping
from her2genomics.protein_positions import ExonMap, exon_numbers, first_residues

LEVELS: tuple[str, ...] = ("gene", "exon", "hotspot")
HER_FAMILY: tuple[str, ...] = ("EGFR", "ERBB2", "ERBB3", "ERBB4")
LEAST_CODON_SHARE = 0.05
SEVERAL, OTHER_CODON = "several", "other"


def her_family_features(reader: FeatureReader) -> BinaryFeatures | None:
    """Return whether any of EGFR, ERBB2, ERBB3, ERBB4 is altered, mutated, amplified; None unless all are there."""
    if not set(HER_FAMILY) <= set(reader.cohort.genes):
        return None
    suffixes = {"HER family": "", "HER family:mutation": ":mutation", "HER family:amplification": ":amplification"}
    read = reader.read(["|".join(gene + suffix for gene in HER_FAMILY) for suffix in suffixes.values()])
    note = f"any of {', '.join(HER_FAMILY)}"
    return BinaryFeatures("her_family", tuple(suffixes), read.value, read.known, (note,) * len(suffixes))


def level_features(
    cohort: Cohort,
    level: str,
    complete: BoolArray,
    exons: ExonMap,
    grouping: Grouping,
    min_frequency: float,
    notes: list[str],
) -> Iterator[BinaryFeatures]:
    """Yield the frequent exons or residues of all genes; how many mutations have no position goes to ``notes``."""
    mutations = _mutations(cohort)
    if level == "exon":
        places = exon_numbers(mutations, exons)
        names = mutations["gene"] + ":exon" + places.astype("string")
    else:
        places = first_residues(mutations["detail"])["residue"]
        names = mutations["gene"] + ":" + places
    unplaced = int(places.isna().sum())
    if unplaced:
        notes.append(f"{level}: {unplaced} of {len(mutations)} mutations have no {level} and count in none")
    features = _located(cohort, mutations[places.notna()].assign(name=names), level, complete)
    frequent = keep_frequent(features, grouping, min_frequency)
    notes.append(f"{level}: {len(frequent.names)} of {len(features.names)} tested")
    if frequent.names:
        yield frequent


def _mutations(cohort: Cohort) -> pd.DataFrame:
    rows = cohort.alterations
    return rows[rows["alteration"].isin(list(schema.MUTATION_CLASSES)) & rows["gene"].isin(list(cohort.genes))]


def _located(cohort: Cohort, mutations: pd.DataFrame, family: str, complete: BoolArray) -> BinaryFeatures:
    names, column = np.unique(mutations["name"].to_numpy(dtype=object), return_inverse=True)
    rank = {gene: j for j, gene in enumerate(cohort.genes)}
    value = np.zeros((len(cohort.samples), len(names)), dtype=bool)
    sample = cohort.sample_ids.get_indexer(pd.Index(mutations["sample_id"]))
    value[sample[sample >= 0], column[sample >= 0]] = True
    known = cohort.profiled[:, [rank[name.partition(":")[0]] for name in names]] & complete[:, None]
    return BinaryFeatures(family, tuple(str(n) for n in names), value & known, known)


def codon_tables(
    cohort: Cohort, complete: BoolArray, residues: BinaryFeatures, grouping: Grouping
) -> dict[str, pd.Series]:
    """Return per gene with a frequent residue the codon of each mutated tumour, missing for all others.

    Codons below 5 % of the mutated tumours of all groups together are ``other``; a tumour with mutations at two codons
    is ``several``.
    """
    mutations = _mutations(cohort)
    mutations = mutations.assign(residue=first_residues(mutations["detail"])["residue"].fillna(OTHER_CODON))
    compared, tables = complete & (grouping.codes >= 0), {}
    for gene in sorted({name.partition(":")[0] for name in residues.names}):
        seen = cohort.sample_ids[compared & cohort.profiled[:, cohort.genes.index(gene)]]
        rows = mutations[(mutations["gene"] == gene) & mutations["sample_id"].isin(seen)]
        pairs = rows[["sample_id", "residue"]].drop_duplicates()
        share = pairs["residue"].map(pairs["residue"].value_counts()) / pairs["sample_id"].nunique()
        pairs = pairs.assign(codon=pairs["residue"].mask(share < LEAST_CODON_SHARE, OTHER_CODON))
        codon = pairs.groupby("sample_id")["codon"].agg(lambda x: x.iloc[0] if len(x) == 1 else SEVERAL)
        tables[gene] = cohort.samples["sample_id"].map(codon).astype("string").rename(f"{gene} codons")
    return tables
