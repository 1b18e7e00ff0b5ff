"""HER2 status of two specimens of the same patient: how often primary and metastasis differ, and in which direction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from statsmodels.stats.contingency_tables import SquareTable

from her2genomics import schema
from her2genomics.agreement.result import Agreement, as_result, kappa_rows, long_counts, share_row, statistic
from her2genomics.exceptions import CohortError, SchemaError
from her2genomics.stats.agreement import cross_table


def compare_specimens(
    samples: pd.DataFrame,
    *,
    column: str = "her2_group",
    first: str = "primary",
    second: str = "metastasis",
) -> Agreement:
    """Compare a status between two kinds of specimen of the same patients.

    Parameters
    ----------
    samples
        One row per specimen: ``patient_id``, ``sample_type`` and the status column.
    column
        Status to compare; HER2 groups are ordered.
    first, second
        Values of ``sample_type``.

    Returns
    -------
    Agreement
        Discordant share, gains and losses, kappa, Bowker's test of symmetry, and the matrix in ``counts``.

    Raises
    ------
    SchemaError
        If a column is absent.
    CohortError
        If no patient has both specimens.

    Notes
    -----
    One pair per patient: of several specimens of a kind the first row with a status is taken, the others are counted.
    A change can be of the tumour, of the sample or of the reading; the table cannot tell them apart.

    Examples
    --------
    >>> t = pd.DataFrame({"patient_id": list("aabbcc"), "sample_type": ["primary", "metastasis"] * 3,
    ...                   "ihc": ["0", "1+", "1+", "1+", "3+", "0"]})
    >>> compare_specimens(t, column="ihc").statistics[["statistic", "value"]].round(3).values.tolist()[0]
    ['discordant', 0.667]
    """
    absent = [name for name in ("patient_id", "sample_type", column) if name not in samples]
    if absent:
        raise SchemaError(
            f"no column named {', '.join(absent)}", hint="one row per specimen, with patient_id and sample_type"
        )
    known = samples[samples["patient_id"].notna() & samples[column].notna()]
    kinds = {name: known[known["sample_type"] == name] for name in (first, second)}
    one, two = (
        kind.drop_duplicates("patient_id").set_index("patient_id")[column].astype("string") for kind in kinds.values()
    )
    both = one.index.intersection(two.index)
    if not len(both):
        raise CohortError(
            f"no patient has a {first} and a {second} with {column}", hint="fill in patient_id and sample_type"
        )
    notes = [f"{len(both)} patients have both"]
    spare = sum(len(kind) - kind["patient_id"].nunique() for kind in kinds.values())
    if spare:
        notes.append(f"{spare} further specimens of the same kind left out: the first row counts")
    levels = _levels(column, pd.concat([one[both], two[both]]))
    matrix = cross_table(one[both], two[both], levels)
    comparison = f"{first} -> {second}"
    return as_result(_rows(comparison, matrix, levels), [long_counts(comparison, matrix)], notes)


def _levels(column: str, found: pd.Series) -> list[str]:
    if column == "her2_group":
        return list(schema.HER2_GROUPS)
    if column == "ihc":
        return list(schema.IHC_SCORES)
    return sorted(found.unique())


def _rows(comparison: str, matrix: pd.DataFrame, levels: list[str]) -> list[dict[str, Any]]:
    counts = matrix.to_numpy()
    n, same = int(counts.sum()), int(counts.trace())
    rows = [share_row(comparison, "discordant", n - same, n)]
    for i, a in enumerate(levels):
        for j, b in enumerate(levels):
            if i != j and counts[i].sum():
                rows.append(share_row(comparison, f"{a} becomes {b}", int(counts[i, j]), int(counts[i].sum())))
    rows += kappa_rows(comparison, matrix, ordered=True)
    used = counts.sum(axis=0) + counts.sum(axis=1) > 0
    square = counts[np.ix_(used, used)]
    if len(square) > 1 and n > same:
        test = SquareTable(square, shift_zeros=False).symmetry()
        note = "fewer than 10 discordant pairs: approximation poor" if n - same < 10 else ""
        rows.append(
            statistic(
                comparison, "asymmetry", float(test.statistic), n, p_value=float(test.pvalue), test="Bowker", note=note
            )
        )
    return rows
