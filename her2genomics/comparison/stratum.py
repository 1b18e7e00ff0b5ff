"""One comparison in one set of samples: every family of features through its test, gathered in tables."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pandas as pd
import pyarrow as pa

from her2genomics import schema
from her2genomics.clinical_variables import ClinicalVariable, category_text, describe_variables
from her2genomics.cohort import Cohort
from her2genomics.comparison.adjustment import Adjustment
from her2genomics.comparison.binary import compare_binary, count_binary
from her2genomics.comparison.categories import (
    compare_categories,
    compare_table,
    count_categories,
    count_levels,
)
from her2genomics.comparison.covariates import AUTO, find_covariates
from her2genomics.comparison.design import Design
from her2genomics.comparison.feature_terms import CARRIER_COLUMNS, FeatureReader
from her2genomics.comparison.features import BinaryFeatures, binary_variables, complete_samples, gene_features
from her2genomics.comparison.fine_features import codon_tables, her_family_features, level_features
from her2genomics.comparison.groups import OVERALL, TREND, choose_contrasts, find_groups
from her2genomics.comparison.notes import size_notes
from her2genomics.comparison.numbers import burden_columns, compare_numbers
from her2genomics.comparison.pathways import pathway_rows
from her2genomics.comparison.result import ALL, Comparison, finish_association
from her2genomics.comparison.settings import Settings
from her2genomics.comparison.weighting import WEIGHTING_METHODS, balance_rows
from her2genomics.protein_positions import ExonMap

BALANCED = 0.1
"""Standardised difference up to which groups count as alike."""
_AT_ONCE = 2


@dataclass
class _Tables:
    """Rows of some families of features as they come, before they are finished."""

    rows: list[pd.DataFrame] = field(default_factory=list)
    counts: list[pd.DataFrame] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, features: BinaryFeatures, design: Design) -> None:
        self.rows.append(compare_binary(features, design))
        self.counts.append(count_binary(features, design.grouping))


def compare_stratum(
    cohort: Cohort, settings: Settings, exons: ExonMap, *, stratum: str = ALL, by: str | None = None
) -> Comparison:
    """Return the comparison of one stratum (or of the whole cohort); see `compare.compare_groups`.

    Raises
    ------
    Her2GenomicsError
        If the groups, contrasts, covariates or features cannot be had.
    """
    notes: list[str] = []
    design = find_design(cohort, settings, notes, by)
    with ThreadPoolExecutor(min(pa.cpu_count(), _AT_ONCE)) as pool:
        clinical = pool.submit(_clinical, cohort.samples, settings, design)
        genes = pool.submit(_alterations, cohort, settings, exons, design)
        pathways = pool.submit(_pathways, cohort, settings, design)
        named = pool.submit(_named_features, cohort, settings, exons, design)
    features, carriers = named.result()
    parts = [genes.result(), pathways.result(), features, clinical.result()]
    rows = [table for part in parts for table in part.rows if len(table)]
    notes += [note for part in parts for note in part.notes]
    association = finish_association(rows, stratum)
    contingency = pd.concat([table for part in parts for table in part.counts], ignore_index=True)
    grouping = design.grouping
    groups = pd.DataFrame({"stratum": stratum, "group": grouping.labels, "n": grouping.sizes})
    counted = schema.conform(contingency.assign(stratum=stratum), schema.CONTINGENCY)
    balance = _balance(design, stratum)
    notes += _unbalanced(balance)
    notes += size_notes(association)
    return Comparison(association, counted, groups, tuple(notes), carriers, balance)


def find_design(cohort: Cohort, settings: Settings, notes: list[str], by: str | None = None) -> Design:
    """Return groups, contrasts and adjustment as the settings say; what is passed over goes to ``notes``."""
    grouping = find_groups(cohort.samples, settings.group)
    if outside := int((grouping.codes < 0).sum()):
        notes.append(f"{outside} of {len(grouping.codes)} samples have no {settings.group} and are left out")
    contrasts = choose_contrasts(grouping, settings.contrasts, within_stratum=by is not None)
    adjust = settings.adjust
    if by is not None and adjust is not None:
        names = ["hr_status"] if adjust == AUTO else [adjust] if isinstance(adjust, str) else list(adjust)
        adjust = tuple(name for name in names if name != by) if by in names else adjust
    covariates = find_covariates(cohort.samples, adjust, grouping, contrasts, notes, burden=settings.burden)
    adjustment = None if covariates is None else Adjustment(covariates, settings.adjust_by, settings.seed)
    return Design(grouping, contrasts, adjustment, settings.unknown_as_category, settings.numbers)


def _balance(design: Design, stratum: str) -> pd.DataFrame:
    adjustment = design.adjustment
    if adjustment is None or adjustment.method not in WEIGHTING_METHODS:
        return schema.empty(schema.BALANCE)
    parts = [
        balance_rows(
            design.grouping,
            contrast,
            (members[0], members[1]),
            adjustment.covariates,
            adjustment.method,
            adjustment.seed,
        )
        for contrast, members in design.contrasts.items()
        if contrast not in (OVERALL, TREND)
    ]
    rows = pd.concat(parts, ignore_index=True) if parts else schema.empty(schema.BALANCE)
    return schema.conform(rows.assign(stratum=stratum), schema.BALANCE)


def _unbalanced(balance: pd.DataFrame) -> list[str]:
    """Return which covariates matching or weighting left apart: what they carry is still in the adjusted columns."""
    rows = balance[balance["adj_smd"].abs() > BALANCED]
    return [
        f"{contrast}: not balanced by {part['method'].iloc[0]}: "
        + ", ".join(
            f"{name} (SMD {smd:.2g})" for name, smd in part["adj_smd"].abs().groupby(part["covariate"]).max().items()
        )
        for contrast, part in rows.groupby("contrast", sort=False)
    ]


def _alterations(cohort: Cohort, settings: Settings, exons: ExonMap, design: Design) -> _Tables:
    tables = _Tables()
    complete = complete_samples(cohort, tables.notes)
    least, grouping = settings.min_frequency, design.grouping
    for features in gene_features(cohort, settings.classes, complete, grouping, least, tables.notes):
        tables.add(features, design)
    reader = FeatureReader(cohort, complete, exons, settings.classes)
    family = her_family_features(reader)
    if family is not None:
        tables.add(family, design)
    if settings.level != "gene":
        for features in level_features(cohort, settings.level, complete, exons, grouping, least, tables.notes):
            tables.add(features, design)
            if settings.level == "hotspot":
                for values in codon_tables(cohort, complete, features, grouping).values():
                    tables.rows.append(compare_table(values, "codon", design))
                    tables.counts.append(count_levels(values, "codon", grouping))
    return tables


def _pathways(cohort: Cohort, settings: Settings, design: Design) -> _Tables:
    if settings.pathways is None or not settings.pathways.any_gene_of(cohort):
        return _Tables()
    notes: list[str] = []
    rows, counts, _ = pathway_rows(cohort, settings.pathways, design, settings.classes, notes)
    return _Tables([rows], [counts], notes)


def _named_features(cohort: Cohort, settings: Settings, exons: ExonMap, design: Design) -> tuple[_Tables, pd.DataFrame]:
    """Return the features asked for by name, whatever their frequency, and who carries them."""
    tables = _Tables()
    if not settings.features:
        return tables, pd.DataFrame(columns=list(CARRIER_COLUMNS), dtype="string")
    reader = FeatureReader(cohort, complete_samples(cohort, []), exons, settings.classes)
    features = reader.read(list(settings.features))
    tables.notes += reader.unplaced(list(settings.features))
    tables.add(features, design)
    return tables, reader.carriers(features, category_text(cohort.samples[settings.group]))


def _clinical(samples: pd.DataFrame, settings: Settings, design: Design) -> _Tables:
    variables = describe_variables(samples, settings.group, only=settings.clinical)
    numeric = [v.name for v in variables if v.kind == "numeric"]
    rows = [
        *(compare_binary(part, design) for part in binary_variables(samples, variables, design.unknown_as_category)),
        compare_categories(samples, variables, design),
        compare_numbers(samples, numeric, "clinical", design),
        compare_numbers(burden_columns(samples), ["tmb", "tmb_evaluable"], "tmb", design),
    ]
    return _Tables(rows, [count_categories(samples, variables, design)], _skipped(variables))


def _skipped(variables: Sequence[ClinicalVariable]) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for variable in variables:
        if variable.kind == "skipped":
            by_reason.setdefault(variable.reason, []).append(variable.name)
    return [f"not compared ({reason}): {', '.join(names)}" for reason, names in by_reason.items()]


def joined(parts: Sequence[tuple[str, Comparison]]) -> Comparison:
    """Return the comparisons of several strata as one, notes marked with their stratum."""
    results = [result for _, result in parts]
    notes = [f"{stratum}: {note}" for stratum, result in parts for note in result.notes if "not compared" not in note]
    first = results[0]
    return replace(
        first,
        association=pd.concat([r.association for r in results], ignore_index=True),
        contingency=pd.concat([r.contingency for r in results], ignore_index=True),
        groups=pd.concat([r.groups for r in results], ignore_index=True),
        carriers=pd.concat([r.carriers for r in results], ignore_index=True),
        balance=pd.concat([r.balance for r in results], ignore_index=True),
        notes=tuple(notes),
    )
