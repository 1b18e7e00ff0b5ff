"""Columns of a cohort as covariates of a model: numbers as they are, categories as indicators against a reference.

The reference is the first level in order (HER2-zero, negative, no, WT).  The rules of clinical variables decide what is
a number and what a category (`clinical_variables`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2genomics.clinical_variables import category_text, describe_variables
from her2genomics.comparison.covariates import AUTO, COMPONENTS, DEFAULT_COVARIATE, is_circular
from her2genomics.comparison.groups import Grouping
from her2genomics.exceptions import SchemaError, UsageError


@dataclass(frozen=True)
class Term:
    """One covariate: its column, and the level and reference behind each of its design columns.

    Parameters
    ----------
    name
        Column of the cohort.
    levels
        Level of each design column; a single empty text for a number.
    reference
        Level that they are compared with, empty for a number.
    design
        (patients, columns); missing where the value is.
    """

    name: str
    levels: tuple[str, ...]
    reference: str
    design: pd.DataFrame

    def restricted(self, rows: pd.Series) -> Term:
        """Return the term for some patients, without levels that none or all of them have."""
        part = self.design[rows]
        kept = [j for j in range(part.shape[1]) if len(part.iloc[:, j].unique()) > 1]
        levels = tuple(self.levels[j] for j in kept)
        return Term(self.name, levels, self.reference, part.iloc[:, kept])


def group_term(group: pd.Series, labels: Sequence[str], name: str) -> Term:
    """Return the groups as indicators against the first."""
    return _indicators(group.astype("string"), list(labels), name)


def covariate_term(table: pd.DataFrame, name: str, group: str) -> Term | str:
    """Return a column as a term, or the reason why it is none."""
    (variable,) = describe_variables(table.assign(**{group: table["group"]}), group, only=[name])
    values = table[name]
    if variable.kind == "skipped":
        return variable.reason
    if variable.kind == "numeric":
        numbers = pd.to_numeric(values, errors="coerce").astype("Float64")
        return Term(name, ("",), "", pd.DataFrame({name: numbers}))
    levels = list(variable.levels)
    if variable.kind == "binary" and variable.counted is not None:
        levels = [level for level in levels if level != variable.counted] + [variable.counted]
    return _indicators(category_text(values), levels, name)


def _indicators(text: pd.Series, levels: list[str], name: str) -> Term:
    columns = {
        f"{name}: {level}": (text == level).astype("Float64").mask(text.isna() | ~text.isin(levels))
        for level in levels[1:]
    }
    return Term(name, tuple(levels[1:]), levels[0] if levels else "", pd.DataFrame(columns, index=text.index))


def join_terms(terms: Sequence[Term]) -> tuple[pd.DataFrame, pd.Series]:
    """Return the design of several terms and which patients have all values."""
    design = pd.concat([term.design for term in terms], axis=1)
    return design, design.notna().all(axis=1)


def term_columns(terms: Sequence[Term]) -> dict[str, list[int]]:
    """Return the positions of each term's columns in the joined design."""
    ends = np.cumsum([term.design.shape[1] for term in terms])
    return {term.name: list(range(end - term.design.shape[1], end)) for term, end in zip(terms, ends, strict=True)}


def refuse_circular(names: Sequence[str], group: str | None, labels: Sequence[str]) -> None:
    """Refuse the surrogate subtype beside HER2 groups that define it.

    Raises
    ------
    UsageError
        If ``subtype`` is held fixed while HER2-positive patients are compared.
    """
    grouping = Grouping(group or "", tuple(labels), np.zeros(0, dtype=np.int64))
    for name in names:
        if is_circular(name, grouping, tuple(range(len(labels)))):
            raise UsageError(
                f"adjusting for {name} is circular: HER2 is part of its definition", hint="adjust for hr_status instead"
            )


def adjustment_column(table: pd.DataFrame, adjust: str | None, group: str | None, notes: list[str]) -> str | None:
    """Return the column that is held fixed, None for none; why it is passed over goes to ``notes``.

    ``auto`` is hormone-receptor status, where it is there and is not what makes the groups.

    Raises
    ------
    SchemaError
        If the column that was asked for is not there.
    UsageError
        If it makes the groups.
    """
    if adjust is None:
        return None
    if adjust == AUTO:
        if group == DEFAULT_COVARIATE or group in COMPONENTS[DEFAULT_COVARIATE]:
            return None
        adjust = DEFAULT_COVARIATE
        if adjust not in table:
            notes.append(f"not adjusted: the cohort has no column {adjust}")
            return None
    if adjust not in table:
        raise SchemaError(f"no column {adjust} to adjust for", hint="her2g check FILE lists the columns")
    if adjust == group:
        raise UsageError(f"cannot adjust for {adjust}: it makes the groups")
    if category_text(table[adjust]).dropna().nunique() < 2:
        notes.append(f"not adjusted: {adjust} has fewer than two levels")
        return None
    return adjust
