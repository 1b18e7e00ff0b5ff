"""Pathways between HER2 groups: one call from a cohort to all pathway tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from her2genomics import schema
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison.covariates import AUTO
from her2genomics.comparison.feature_terms import CARRIER_COLUMNS
from her2genomics.comparison.pathways import PathwaySettings, pathway_rows
from her2genomics.comparison.result import ALL, Comparison, finish_association
from her2genomics.comparison.settings import Settings, as_names
from her2genomics.comparison.stratum import find_design
from her2genomics.exceptions import SchemaError


@dataclass(frozen=True)
class PathwayComparison(Comparison):
    """Result of `compare_pathways`.

    Parameters
    ----------
    association, contingency, groups, notes
        As of a `Comparison`; families ``pathway`` and ``pathway_without_hubs``.
    coverage
        How much of each pathway is covered (``pathway_coverage`` schema).
    alterations
        Each pathway in each sample (``pathway_alterations`` schema).
    """

    coverage: pd.DataFrame
    alterations: pd.DataFrame

    def summary(self, top: int = 8) -> list[str]:
        """Return what `Comparison.summary` says, with what is covered and altered of every pathway before it."""
        pathways = []
        known = (self.coverage["n_altered"] + self.coverage["n_not_altered"]).replace(0, pd.NA)
        for row, total in zip(self.coverage.to_dict("records"), known, strict=True):
            share = "not evaluable" if pd.isna(total) else f"altered {row['n_altered']} of {total}"
            genes = ", ".join(str(row["genes"]).split(";")[:5])
            covered = f"{row['n_genes_covered']}/{row['n_genes_total']} genes covered"
            pathways.append(f"  {row['pathway']:<26} {covered:<22} {share:<19} {genes}".rstrip())
        groups, *others = super().summary(top)
        return [groups, *pathways, *others]


def compare_pathways(
    cohort: Cohort,
    pathways: PathwaySettings | None = None,
    *,
    group: str = "her2_group",
    contrasts: Sequence[str] | None = None,
    classes: Collection[str] = COUNTED_CLASSES,
    adjust: str | Sequence[str] | None = AUTO,
) -> PathwayComparison:
    """Compare altered pathways between the groups of a cohort.

    Parameters
    ----------
    cohort
        Cohort with the group column in its samples.
    pathways
        Gene sets, hub genes and the share that has to be profiled.
    group, contrasts, classes, adjust
        As in `compare_groups`.

    Raises
    ------
    SchemaError
        If the cohort has no gene.
    CohortError, UsageError
        As in `compare_groups`; also if the panel has no gene sets.

    Examples
    --------
    >>> from her2genomics.cohort import cohort_from_table
    >>> t = pd.DataFrame({"sample_id": list("abcdefgh"), "her2_group": ["zero"] * 4 + ["low"] * 4,
    ...                   "APC": ["R213*", "WT", "WT", pd.NA] + ["WT"] * 4, "CTNNB1": ["WT", "S37F", "WT", "WT"] * 2})
    >>> sets = pd.DataFrame({"pathway": "WNT", "source": "", "default": True, "gene": ["APC", "CTNNB1", "AXIN1"]})
    >>> result = compare_pathways(cohort_from_table(t), PathwaySettings(sets), contrasts=["zero-low"])
    >>> result.association[["feature", "altered_a", "n_a", "altered_b", "n_b"]].values.tolist()
    [['WNT', 2, 3, 1, 4]]
    """
    pathways = pathways or PathwaySettings()
    settings = Settings(
        group=group,
        contrasts=None if contrasts is None else tuple(contrasts),
        classes=tuple(classes),
        adjust=as_names(adjust),
    )
    if not cohort.genes:
        raise SchemaError("the cohort has no gene column", hint="her2g check FILE says what was recognised")
    notes: list[str] = []
    design = find_design(cohort, settings, notes)
    parts, counts, matrix = pathway_rows(cohort, pathways, design, settings.classes, notes)
    grouping = design.grouping
    groups = pd.DataFrame({"stratum": ALL, "group": grouping.labels, "n": grouping.sizes})
    return PathwayComparison(
        association=finish_association([parts]),
        contingency=schema.conform(counts.assign(stratum=ALL), schema.CONTINGENCY),
        coverage=matrix.coverage(),
        alterations=matrix.alterations(),
        groups=groups,
        notes=tuple(notes),
        carriers=pd.DataFrame(columns=list(CARRIER_COLUMNS), dtype="string"),
        balance=schema.empty(schema.BALANCE),
    )
