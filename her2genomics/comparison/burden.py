"""The comparison with the burden held fixed: tumours are compared with tumours of the same number of altered genes.

Permuting the group labels within strata of burden makes the number of altered samples of a group a sum of independent
hypergeometric counts.  The p of *all* permutations is therefore the exact conditional p of these strata: no permutation
has to be drawn, and the result has no Monte Carlo error and no seed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from her2genomics import schema
from her2genomics.cohort import Cohort
from her2genomics.comparison.covariates import Strata
from her2genomics.comparison.events import find_events
from her2genomics.comparison.features import BinaryFeatures, BoolArray
from her2genomics.comparison.groups import OVERALL, TREND, Grouping, IntArray
from her2genomics.comparison.notes import append_note
from her2genomics.stats.burden_strata import assay_patterns, burden_strata
from her2genomics.stats.stratified import cmh_many
from her2genomics.stats.stratified_groups import stratified_groups_many


@dataclass(frozen=True)
class BurdenStrata:
    """Stratum of each sample, -1 for none, and the number of strata."""

    codes: IntArray
    n_strata: int


def find_burden_strata(
    cohort: Cohort,
    classes: Collection[str],
    amplicons: Mapping[str, str],
    strata: Strata | None,
    complete: BoolArray,
) -> BurdenStrata:
    """Return strata of samples of one assay (and stratum of the adjustment) with about as many altered genes.

    Mutations (and fusions) and copy-number events are counted apart, an amplified amplicon as one event.
    """
    copies = [c for c in classes if c in schema.COPY_NUMBER_CLASSES]
    changes = cohort.altered([c for c in classes if c not in schema.COPY_NUMBER_CLASSES])
    events = find_events(cohort, copies, amplicons)
    burden = np.column_stack([changes.sum(axis=1), events.value.sum(axis=1)])
    cells = assay_patterns(cohort.profiled)
    if strata is not None:
        cells = np.where((cells >= 0) & (strata.codes >= 0), cells * len(strata.levels) + strata.codes, -1)
    return BurdenStrata(*burden_strata(burden, np.where(complete, cells, -1)))


def add_burden(
    part: pd.DataFrame, features: BinaryFeatures, grouping: Grouping, pair: tuple[int, int], burden: BurdenStrata
) -> None:
    """Add the burden columns to the rows of one pair of groups; beyond too many sums the p is the asymptotic one."""
    result = cmh_many(*_counts(features, grouping, pair[0], burden), *_counts(features, grouping, pair[1], burden))
    part["burden_effect"] = result["odds_ratio"]
    part["burden_p"] = result["p_exact"].fillna(result["p_value"])
    nothing = part["p_value"].notna() & part["burden_p"].isna()
    part["note"] = append_note(part["note"], nothing, "no burden-aware p: no stratum of burden says anything")


def add_burden_groups(part: pd.DataFrame, features: BinaryFeatures, grouping: Grouping, burden: BurdenStrata) -> None:
    """Add the burden p to the rows of all groups together and of the trend along them: asymptotic, by moments."""
    counts = [_counts(features, grouping, group, burden) for group in range(len(grouping.labels))]
    altered, known = (np.stack(matrices, axis=1) for matrices in zip(*counts, strict=True))
    result = stratified_groups_many(altered, known).set_index(pd.Index(features.names))
    for contrast, column in ((OVERALL, "p_value"), (TREND, "trend_p")):
        rows = part["contrast"].eq(contrast) & part["p_value"].notna()
        part.loc[rows, "burden_p"] = part.loc[rows, "feature"].map(result[column]).array


def _counts(
    features: BinaryFeatures, grouping: Grouping, group: int, burden: BurdenStrata
) -> tuple[IntArray, IntArray]:
    """Return altered and known samples of a group, shape (features, strata) each."""
    inside = np.flatnonzero((burden.codes >= 0) & (grouping.codes == group))
    where = (burden.codes[inside], inside)
    member = csr_array((np.ones(len(inside)), where), shape=(burden.n_strata, len(burden.codes)))
    altered, known = (np.rint(member @ m.astype(float)).astype(np.int64).T for m in (features.value, features.known))
    return altered, known
