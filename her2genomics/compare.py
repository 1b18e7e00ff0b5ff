"""Comparing groups of tumours: which test runs for which column of a cohort, gathered in one association table.

All pairs of groups, all groups together, and the trend along ordered ones, for genes, single classes of alteration
(``ERBB2:loss``), the HER family, features by name, exons and residues, clinical variables and TMB.  The tests follow
from the kind of variable and from settings that are fixed beforehand, never from looking.  Beside the crude result
stands the adjusted one, because HER2 groups differ in hormone-receptor status.

Denominators are profiled samples.  Rare features are left out by their pooled frequency over all compared samples,
never by one group's, and Benjamini-Hochberg q-values are taken within stratum, family and contrast.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison.covariates import AUTO
from her2genomics.comparison.feature_terms import FeatureReader
from her2genomics.comparison.features import complete_samples
from her2genomics.comparison.pathways import PathwaySettings
from her2genomics.comparison.result import Comparison as Comparison
from her2genomics.comparison.selection import make_groups, select_where, split_by
from her2genomics.comparison.settings import DEFAULT_MIN_FREQUENCY, TESTS, Settings, as_names
from her2genomics.comparison.stratum import compare_stratum, joined
from her2genomics.exceptions import CohortError, UsageError
from her2genomics.panel import Panel, load_panel
from her2genomics.protein_positions import ExonMap
from her2genomics.stats.propensity import SEED


def compare_groups(
    cohort: Cohort,
    *,
    group: str = "her2_group",
    cut: str | None = None,
    contrasts: Sequence[str] | None = None,
    classes: Collection[str] = COUNTED_CLASSES,
    clinical: Sequence[str] | None = None,
    min_frequency: float = DEFAULT_MIN_FREQUENCY,
    unknown_as_category: bool = False,
    adjust: str | Sequence[str] | None = AUTO,
    adjust_by: str = "auto",
    seed: int = SEED,
    burden: str = "none",
    numbers: str = "rank",
    test: str = "best",
    level: str = "gene",
    features: Sequence[str] = (),
    by: str | None = None,
    where: str | None = None,
    panel: Panel | None = None,
    pathways: PathwaySettings | None = None,
) -> Comparison:
    """Compare genes, pathways, clinical variables and TMB between the groups of a cohort.

    Parameters
    ----------
    cohort
        Cohort with the group column in its samples.
    group
        Column that makes the groups, its categories giving the order (else sorted by number, then name), or a feature
        (``TP53``, ``ERBB2:amp``): its carriers against the others.
    cut
        Cut points of a numeric ``group``: ``median``, or numbers joined by commas.
    contrasts
        Names such as ``zero-low``, ``overall``, ``trend``; default all pairs, the overall test, and the trend where the
        groups are a scale.
    classes
        Classes of alteration that make a gene count as altered; default all but shallow ``gain`` and ``loss``, which
        have rows of their own (``GENE:gain``, ``GENE:loss``).
    clinical
        Clinical columns to compare; default every column that is a variable.
    min_frequency
        Least pooled share of altered samples for a gene to be tested [0-1].
    unknown_as_category
        Whether a missing clinical value is a level of its own, as some papers have it, or left out.
    adjust
        Columns that the adjusted results hold fixed; None for none; ``auto`` is hormone-receptor status where the
        cohort has it and it does not make the groups.
    adjust_by
        ``auto`` (strata for one category, else regression), ``regression``, ``matching`` (nearest propensity within a
        caliper, exact test of the pairs) or ``overlap`` (overlap weights, robust errors); the last two also fill
        ``balance``. Numbers are adjusted by strata or regression in any case.
    seed
        Of matching, among samples that match equally well.
    burden
        ``covariate`` or ``offset`` to hold the TMB fixed as well; see `comparison.covariates.find_covariates`.
    numbers
        ``rank`` or ``welch``: fixed before the data are looked at.
    test
        ``best``, or ``paper`` for the study's choices: a missing value is a category, ranks, nothing held fixed.
    level
        ``gene``; ``exon`` adds exons (numbered as in the transcript), ``hotspot`` residues and the distribution of the
        codons among the mutated.
    features
        Features by name, tested whatever their frequency: ``ERBB2:amp``, ``TP53:exon5-8``, ``PIK3CA:H1047R``,
        ``ERBB2:amp+ERBB2:mutation`` (both), ``EGFR|ERBB3`` (any); who carries them is listed in ``carriers``.
    by
        Column in whose levels everything is repeated; one that is also a covariate is no longer held fixed.
    where
        Condition on the samples, ``er_status == positive and age >= 50``; of a gene, ``TP53 == altered`` or ``WT``.
    panel
        Panel whose exons are used; default the shipped one.
    pathways
        How pathways are made of genes, to compare them as well; None for no pathways. A cohort without a gene of any
        pathway has none.

    Returns
    -------
    Comparison

    Raises
    ------
    CohortError
        If a group of a contrast that was asked for has no sample, or no sample or stratum is left.
    SchemaError
        If a column is not there.
    UsageError
        If a contrast, class, covariate, feature or condition is not understood or not allowed.

    Notes
    -----
    Exact tests are conditional and slightly conservative. The adjusted p of strata is asymptotic and stands beside the
    exact one, which decides (q-value, wording) where the two differ.

    Examples
    --------
    >>> import pandas as pd
    >>> from her2genomics.cohort import cohort_from_table
    >>> t = pd.DataFrame({"sample_id": list("abcdefgh"), "her2_group": ["zero"] * 4 + ["low"] * 4,
    ...                   "TP53": ["R175H", "R248Q", "fs", "WT"][:2] + ["truncating", "WT"] + ["WT"] * 4})
    >>> result = compare_groups(cohort_from_table(t), contrasts=["zero-low"])
    >>> result.association[["feature", "altered_a", "n_a", "altered_b", "n_b"]].values.tolist()
    [['TP53', 3, 4, 0, 4]]
    """
    settings = Settings(
        group=group,
        contrasts=None if contrasts is None else tuple(contrasts),
        classes=tuple(classes),
        clinical=None if clinical is None else tuple(clinical),
        min_frequency=min_frequency,
        unknown_as_category=unknown_as_category,
        adjust=as_names(adjust),
        adjust_by=adjust_by,
        seed=seed,
        burden=burden,
        numbers=numbers,
        level=level,
        features=tuple(features),
        pathways=pathways,
    )
    if test not in TESTS:
        raise UsageError(f"test is {test}", hint=f"use: {', '.join(TESTS)}")
    settings = settings.as_paper() if test == "paper" else settings
    notes: list[str] = []
    exons = ExonMap(panel or load_panel())
    if where is not None:
        cohort = select_where(cohort, where, notes)
    cohort = make_groups(cohort, group, cut, FeatureReader(cohort, complete_samples(cohort, []), exons))
    if by is None:
        result = compare_stratum(cohort, settings, exons)
    else:
        result = _by_strata(cohort, settings, exons, by, notes)
    return replace(result, notes=(*notes, *result.notes))


def _by_strata(cohort: Cohort, settings: Settings, exons: ExonMap, by: str, notes: list[str]) -> Comparison:
    if by == settings.group:
        raise UsageError(f"cannot stratify by {by}: it makes the groups")
    parts = []
    for stratum, inside in split_by(cohort, by):
        try:
            parts.append((stratum, compare_stratum(inside, settings, exons, stratum=stratum, by=by)))
        except CohortError as error:
            notes.append(f"{stratum}: not compared: {error.what}")
    if not parts:
        raise CohortError(f"no level of {by} holds two groups of {settings.group}", column=by)
    return joined(parts)
