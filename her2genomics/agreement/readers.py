"""Readers or methods on the same subjects: measurements by ICC and Bland-Altman, categories by kappa."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.agreement.result import Agreement, as_result, kappa_rows, long_counts, mcnemar_rows, statistic
from her2genomics.clinical_variables import category_text
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.stats.agreement import bland_altman, cross_table, intraclass_correlation, mcnemar

Kind = Literal["auto", "measurement", "ordered", "nominal"]
MOST_CODES = 6
"""A column of at most this many distinct whole numbers is taken as ordered categories, not as a measurement."""
LEAST_SUBJECTS = 3


def compare_readers(
    table: pd.DataFrame, columns: Sequence[str], *, kind: Kind = "auto", levels: Sequence[str] | None = None
) -> Agreement:
    """Compare readings of the same subjects, one column per reader.

    Parameters
    ----------
    table
        One row per subject.
    columns
        Two columns or more.
    kind
        ``measurement`` (ICC over all readers, Bland-Altman for each pair), ``ordered`` or ``nominal`` (kappa for each
        pair, McNemar where there are two categories); ``auto`` decides by the values: IHC scores and a few whole
        numbers are ordered, other numbers measurements, other texts nominal.
    levels
        Categories in order; those found, sorted, by default.

    Raises
    ------
    UsageError
        If fewer than two columns are named or the kind is not known.
    SchemaError
        If a column is absent, a measurement is no number, or a value is not among ``levels``.

    Notes
    -----
    Subjects that not all readers of a comparison have read are left out, and counted.

    Examples
    --------
    >>> t = pd.DataFrame({"a": [1.0, 2.2, 3.1, 4.0], "b": [1.2, 2.0, 3.3, 4.1], "id": list("wxyz")})
    >>> compare_readers(t, ["a", "b"], kind="measurement").statistics["statistic"].tolist()[:2]
    ['ICC(2,1)', 'ICC(3,1)']
    """
    names = list(dict.fromkeys(columns))
    if len(names) < 2:
        raise UsageError("agreement needs two columns or more", hint="--columns reader_1,reader_2")
    absent = [name for name in names if name not in table]
    if absent:
        raise SchemaError(f"no column named {', '.join(absent)}", hint=f"there are: {', '.join(table.columns[:40])}")
    if kind not in ("auto", "measurement", "ordered", "nominal"):
        raise UsageError(f"unknown kind '{kind}'", hint="use auto, measurement, ordered or nominal")
    chosen = _kind(table[names], levels) if kind == "auto" else kind
    return (
        _measurements(table, names)
        if chosen == "measurement"
        else _categories(table, names, levels, chosen == "ordered")
    )


def _kind(values: pd.DataFrame, levels: Sequence[str] | None) -> Kind:
    found = pd.unique(pd.concat([values[name] for name in values]).dropna().astype("string").str.strip())
    if levels is not None or set(found) <= set(schema.IHC_SCORES):
        return "ordered"
    numbers = pd.to_numeric(pd.Series(found), errors="coerce")
    if numbers.isna().any():
        return "nominal"
    whole = bool((numbers % 1 == 0).all())
    return "ordered" if whole and len(numbers) <= MOST_CODES else "measurement"


def _measurements(table: pd.DataFrame, names: list[str]) -> Agreement:
    values = pd.DataFrame({name: _numbers(table, name) for name in names})
    complete = values.dropna()
    rows: list[dict[str, Any]] = []
    together = " ~ ".join(names)
    notes = _left_out(len(values) - len(complete), len(values))
    if len(complete) < LEAST_SUBJECTS or np.ptp(complete.to_numpy()) == 0:
        why = "all readings are equal" if len(complete) >= LEAST_SUBJECTS else "fewer than three complete subjects"
        return as_result([statistic(together, "ICC", np.nan, len(complete), note=f"not evaluable: {why}")], [], notes)
    for row in intraclass_correlation(complete.to_numpy()).to_dict("records"):
        interval = {"ci_low": row["ci_low"], "ci_high": row["ci_high"], "note": row["meaning"]}
        rows.append(statistic(together, str(row["icc"]), row["value"], len(complete), **interval))
    for a, b in combinations(names, 2):
        both = values[[a, b]].dropna()
        if len(both) >= LEAST_SUBJECTS:
            rows += _bland_altman_rows(f"{a} - {b}", both[a], both[b])
    return as_result(rows, [], notes)


def _bland_altman_rows(comparison: str, a: pd.Series, b: pd.Series) -> list[dict[str, Any]]:
    result = bland_altman(a, b)
    note = "difference depends on the size: one pair of limits does not fit all" if result.slope_p < 0.05 else ""
    limits = {"lower limit of agreement": "lower", "upper limit of agreement": "upper"}
    rows = [
        statistic(comparison, "bias", result.bias, result.n, ci_low=result.bias_low, ci_high=result.bias_high),
        statistic(comparison, "sd of differences", result.sd, result.n),
    ]
    for label, name in limits.items():
        interval = {"ci_low": getattr(result, f"{name}_low"), "ci_high": getattr(result, f"{name}_high")}
        rows.append(statistic(comparison, label, getattr(result, name), result.n, **interval))
    test = {"p_value": result.slope_p, "test": "correlation of difference and mean", "note": note}
    return [*rows, statistic(comparison, "proportional bias", np.nan, result.n, **test)]


def _numbers(table: pd.DataFrame, name: str) -> pd.Series:
    numbers = pd.to_numeric(table[name], errors="coerce")
    broken = numbers.isna() & table[name].notna()
    if broken.any():
        first = int(np.flatnonzero(broken.to_numpy())[0])
        raise SchemaError(f"'{table[name].iloc[first]}' is not a number (row {first + 1})", column=name)
    return numbers.astype(float)


def _left_out(n: int, of: int) -> list[str]:
    return [f"{n} of {of} subjects without all readings left out"] if n else []


def _categories(table: pd.DataFrame, names: list[str], levels: Sequence[str] | None, ordered: bool) -> Agreement:
    text = pd.DataFrame({name: category_text(table[name]) for name in names})
    order = list(levels) if levels is not None else _order(text)
    for name in names:
        odd = text[name].notna() & ~text[name].isin(order)
        if odd.any():
            raise SchemaError(
                f"'{text.loc[odd, name].iloc[0]}' is not among the levels",
                column=name,
                hint=f"--levels {','.join(order)},...",
            )
    rows: list[dict[str, Any]] = []
    counts = []
    for a, b in combinations(names, 2):
        comparison = f"{a} ~ {b}"
        crossed = cross_table(text[a], text[b], order)
        rows += kappa_rows(comparison, crossed, ordered=ordered)
        counts.append(long_counts(comparison, crossed))
        both = text[[a, b]].dropna()
        if len(order) == 2 and len(both):
            rows += mcnemar_rows(comparison, f"share of {order[1]}", mcnemar(both[a] == order[1], both[b] == order[1]))
    missing = int(text.isna().any(axis=1).sum())
    return as_result(rows, counts, _left_out(missing, len(text)))


def _order(text: pd.DataFrame) -> list[str]:
    found = set(pd.concat([text[name] for name in text]).dropna())
    numbers = pd.to_numeric(pd.Series(sorted(found)), errors="coerce")
    if numbers.notna().all():
        return sorted(found, key=float)
    if found <= set(schema.IHC_SCORES):
        return [score for score in schema.IHC_SCORES if score in found]
    if found <= set(schema.HER2_GROUPS):
        return [group for group in schema.HER2_GROUPS if group in found]
    return sorted(found)
