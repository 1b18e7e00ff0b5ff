"""Which features are used: the blocks asked for, less what would give the answer away."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from her2genomics.clinical_variables import describe_variables, is_her2_evidence
from her2genomics.cohort import Cohort
from her2genomics.exceptions import DataWarning, UsageError
from her2genomics.panel import load_panel
from her2genomics.predict.features import (
    ALTERATION,
    CLINICAL,
    GENES,
    MUTATED,
    TMB,
    BoolArray,
    Feature,
    describe_feature,
)
from her2genomics.predict.leaks import genes_amplified_with_target, names_target_gene, reason_refused


@dataclass(frozen=True)
class Choice:
    """Features in use, and what to know about those that are not."""

    features: tuple[Feature, ...]
    notes: tuple[str, ...]


def choose_features(
    cohort: Cohort,
    blocks: Mapping[str, Sequence[str]],
    group: str,
    development: BoolArray,
    *,
    allow_leak: bool = False,
    reserved: Sequence[str] = (),
) -> Choice:
    """Return the features of the blocks.

    Parameters
    ----------
    cohort
        The cohort.
    blocks
        Names of each block; ``genes``, ``tmb`` and ``clinical`` stand for all of their kind.
    group
        Column of the target.
    development
        Samples that ranges and levels are taken from.
    allow_leak
        Whether a column that defines the target is warned about instead of refused.
    reserved
        Columns that are never features (the column of the sets).

    Raises
    ------
    UsageError
        If a feature would give the answer away, or none is left.
    """
    notes: list[str] = []
    features: list[Feature] = []
    for block, names in blocks.items():
        for name in names:
            if name == GENES:
                features += _all_genes(cohort, block, group, notes)
            elif name == TMB and TMB in cohort.samples:
                features.append(describe_feature(cohort, TMB, block, development))
            elif name == CLINICAL:
                features += _all_clinical(cohort, block, group, development, reserved, notes)
            else:
                _refuse_leak(name, group, allow_leak, reserved)
                features.append(describe_feature(cohort, name, block, development))
    unique = list({feature.name: feature for feature in reversed(features)}.values())[::-1]
    if not unique:
        raise UsageError("no feature to predict with", hint="name them: --features genes --features age,grade")
    return Choice(tuple(unique), tuple(notes))


def _all_genes(cohort: Cohort, block: str, group: str, notes: list[str]) -> list[Feature]:
    linked = genes_amplified_with_target(cohort, load_panel()) if is_her2_evidence(group) else frozenset()
    target = group.partition(":")[0]
    if linked:
        shown = ", ".join(sorted(linked)[:12]) + (" ..." if len(linked) > 12 else "")
        notes.append(f"genes on the ERBB2 amplicon count by their mutations only ({len(linked)}: {shown})")
    names = [f"{gene}{MUTATED}" if gene in linked else gene for gene in cohort.genes if gene != target]
    return [Feature(name, block, ALTERATION) for name in names]


def _all_clinical(
    cohort: Cohort, block: str, group: str, development: BoolArray, reserved: Sequence[str], notes: list[str]
) -> list[Feature]:
    kept, refused = [], []
    for variable in describe_variables(cohort.samples, group):
        if variable.kind == "skipped" or variable.name in reserved:
            continue
        reason = reason_refused(variable.name, group)
        if reason:
            refused.append(f"{variable.name} ({reason})")
        else:
            kept.append(describe_feature(cohort, variable.name, block, development))
    if refused:
        notes.append(f"clinical columns left out: {'; '.join(refused)}")
    return [feature for feature in kept if feature.kind != "category" or len(feature.levels) > 1]


def _refuse_leak(name: str, group: str, allow_leak: bool, reserved: Sequence[str]) -> None:
    reason = "it says which set a sample belongs to" if name in reserved else reason_refused(name, group)
    if reason and not allow_leak:
        raise UsageError(f"{name} cannot be a feature: {reason}", hint="--allow-leak uses it, with a warning")
    if reason:
        warnings.warn(f"{name} gives the answer away: {reason}", DataWarning, stacklevel=4)
    elif is_her2_evidence(group) and names_target_gene(name):
        warnings.warn(f"{name} counts copies of ERBB2, which ISH defines the status by", DataWarning, stacklevel=4)
