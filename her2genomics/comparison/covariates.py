"""What the adjusted results hold fixed: covariates, which of them may be used, and their terms in a regression.

A covariate that is defined by the groups cannot be held fixed while the groups differ; it is refused instead of giving
a number: the group column itself, the HER2 evidence, and the surrogate subtype against HER2-positive tumours, which are
classes of their own in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import MAX_LEVELS, category_text, is_her2_evidence, is_numeric_column
from her2genomics.comparison.groups import Grouping, IntArray
from her2genomics.exceptions import SchemaError, UsageError

Floats = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

AUTO = "auto"
BURDENS: tuple[str, ...] = ("none", "covariate", "offset")
DEFAULT_COVARIATE = "hr_status"
COMPONENTS: dict[str, frozenset[str]] = {
    "hr_status": frozenset({"er_status", "pr_status", "er_pct", "pr_pct", "subtype"}),
    "subtype": frozenset({"er_status", "pr_status", "er_pct", "pr_pct", "hr_status", "ki67_pct", "ki67_status"}),
}
"""Columns that make a derived covariate, or are made with it: holding it fixed leaves little of them to compare."""


@dataclass(frozen=True)
class Covariate:
    """One covariate: a category (``levels``, values are positions in them) or a number (no levels); NaN is missing."""

    name: str
    levels: tuple[str, ...]
    values: Floats

    def terms(self, rows: BoolArray) -> Floats:
        """Return the columns of a design matrix for some samples: the centred number, or one per level but the first.

        Levels that do not occur among these samples have no column.
        """
        values = self.values[rows]
        if not self.levels:
            return (values - values.mean())[:, None] if len(values) else values[:, None]
        present = np.unique(values)
        columns: Floats = (values[:, None] == present[None, 1:]).astype(float)
        return columns


@dataclass(frozen=True)
class Strata:
    """Stratum of each sample: position in ``levels``, -1 for none."""

    column: str
    levels: tuple[str, ...]
    codes: IntArray


@dataclass(frozen=True)
class Covariates:
    """Covariates of one comparison, with an optional known part of the log odds (``offset``, NaN = missing)."""

    members: tuple[Covariate, ...]
    offset: Floats | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the covariates, in the order given."""
        return tuple(c.name for c in self.members)

    @property
    def label(self) -> str:
        """Text of the ``adj_for`` column."""
        return ", ".join([*self.names, *(["tmb (offset)"] if self.offset is not None else [])])

    def complete(self) -> BoolArray:
        """Return the samples that have a value of every covariate."""
        values = [c.values for c in self.members] + ([self.offset] if self.offset is not None else [])
        complete: BoolArray = np.logical_and.reduce([np.isfinite(v) for v in values])
        return complete

    def strata(self) -> Strata | None:
        """Return the strata, where there is one covariate and it is a category."""
        if len(self.members) != 1 or self.offset is not None or not self.members[0].levels:
            return None
        only = self.members[0]
        codes = np.where(np.isfinite(only.values), only.values, -1).astype(np.int64)
        return Strata(only.name, only.levels, codes)

    def concerns(self, feature: str) -> bool:
        """Return True for a feature that is a covariate, or makes one."""
        return any(feature == name or feature in COMPONENTS.get(name, ()) for name in self.names)


def find_covariates(
    samples: pd.DataFrame,
    adjust: str | Sequence[str] | None,
    grouping: Grouping,
    contrasts: Mapping[str, tuple[int, ...]],
    notes: list[str],
    *,
    burden: str = "none",
) -> Covariates | None:
    """Return the covariates of a comparison, or None; why one is passed over goes to ``notes``.

    Parameters
    ----------
    samples
        Sample table.
    adjust
        Column or columns, None, or ``auto``: hormone-receptor status, where it is there and does not make the groups.
    grouping, contrasts
        The comparison.
    notes
        Receives one sentence per covariate that is passed over.
    burden
        ``covariate`` adds ``log2(TMB + 1)``, ``offset`` the natural logarithm of ``TMB + 0.5`` as a known part of the
        log odds, ``none`` neither.

    Raises
    ------
    SchemaError
        If a column is not there.
    UsageError
        If a covariate is defined by the groups, or is free text.
    """
    if adjust == AUTO:
        names = _default(samples, grouping, notes)
    else:
        names = [adjust] if isinstance(adjust, str) else list(dict.fromkeys(adjust or ()))
        for name in names:
            _check(samples, name, grouping, contrasts)
    members = [c for name in names if (c := _covariate(samples, name, grouping, notes)) is not None]
    offset = None
    if burden != "none":
        tmb = _burden(samples)
        if burden == "covariate":
            members.append(Covariate("tmb", (), np.log2(tmb + 1)))
        else:
            offset = np.log(tmb + 0.5)
    return Covariates(tuple(members), offset) if members or offset is not None else None


def _default(samples: pd.DataFrame, grouping: Grouping, notes: list[str]) -> list[str]:
    if grouping.column == DEFAULT_COVARIATE or grouping.column in COMPONENTS[DEFAULT_COVARIATE]:
        return []
    if DEFAULT_COVARIATE not in samples:
        notes.append(f"not adjusted: the cohort has no column {DEFAULT_COVARIATE}")
        return []
    return [DEFAULT_COVARIATE]


def _check(samples: pd.DataFrame, name: str, grouping: Grouping, contrasts: Mapping[str, tuple[int, ...]]) -> None:
    if name not in samples:
        raise SchemaError(f"no column {name} to adjust for", hint="her2g check FILE lists the columns")
    if name == grouping.column:
        raise UsageError(f"cannot adjust for {name}: it makes the groups")
    if is_her2_evidence(grouping.column) and is_her2_evidence(name):
        raise UsageError(f"cannot adjust for {name}: it is part of what defines the HER2 groups")
    pairs = {contrast: members for contrast, members in contrasts.items() if len(members) == 2}
    circular = [contrast for contrast, members in pairs.items() if is_circular(name, grouping, members)]
    if circular:
        allowed = [contrast for contrast in pairs if contrast not in circular]
        hint = f"compare without them: {' '.join(f'--contrast {c}' for c in allowed)}" if allowed else None
        raise UsageError(
            f"cannot adjust for {name} in {', '.join(circular)}: HER2-positive tumours are classes of their own in it",
            hint=hint,
        )


def is_circular(variable: str, grouping: Grouping, members: tuple[int, ...]) -> bool:
    """Return True for the surrogate subtype in a contrast with HER2-positive, which defines two of its classes."""
    return variable == "subtype" and any(grouping.labels[i] == schema.HER2_GROUPS[-1] for i in members)


def _covariate(samples: pd.DataFrame, name: str, grouping: Grouping, notes: list[str]) -> Covariate | None:
    values, grouped = samples[name], grouping.codes >= 0
    if is_numeric_column(values[values.notna()]) and values[grouped].notna().any():
        return Covariate(name, (), _numbers(values))
    text = category_text(values)
    levels = tuple(sorted(text[grouped].dropna().unique()))
    if len(levels) > MAX_LEVELS:
        raise UsageError(f"cannot adjust for {name}: {len(levels)} different texts, free text or an identifier")
    if len(levels) < 2:
        notes.append(f"not adjusted for {name}: it has fewer than two levels")
        return None
    codes = text.map({level: float(i) for i, level in enumerate(levels)}).to_numpy(dtype=float, na_value=np.nan)
    held = [set(grouping.codes[grouped & (codes == i)]) for i in range(len(levels))]
    if not any(len(groups) > 1 for groups in held):
        raise UsageError(f"cannot adjust for {name}: no level of it holds two groups, so it defines them")
    return Covariate(name, levels, codes)


def _numbers(values: pd.Series) -> Floats:
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _burden(samples: pd.DataFrame) -> Floats:
    if "tmb" not in samples:
        raise SchemaError("no column tmb to adjust for the burden", hint="add it by sample_id: her2g tmb, cohort build")
    return _numbers(samples["tmb"])
