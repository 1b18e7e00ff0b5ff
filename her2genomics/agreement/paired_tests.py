"""Two or more tests of the same patients against a truth: which finds more, and which is wrong more often.

Sensitivities are compared among the positive, specificities among the negative, each by McNemar's exact test; comparing
the plain accuracies would mix the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from her2genomics.agreement.result import Agreement, as_result, mcnemar_rows, share_row, statistic
from her2genomics.clinical_variables import category_text, counted_level
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.stats.agreement import mcnemar


def compare_tests(table: pd.DataFrame, truth: str, tests: Sequence[str], *, positive: str | None = None) -> Agreement:
    """Compare yes/no tests of the same patients within each class of the truth.

    Parameters
    ----------
    table
        One row per patient.
    truth
        Two-level column: the surgical specimen, say.
    tests
        Two-level columns with the same two levels: a model, a needle biopsy.
    positive
        The level that counts as positive; by default ``positive``, ``yes``, ``1`` ..., else the later of the two.

    Returns
    -------
    Agreement
        Sensitivity and specificity of every test, their paired differences, and the three-way counts.

    Raises
    ------
    SchemaError
        If a column is absent or the columns do not share two levels.
    UsageError
        If no test is named.

    Examples
    --------
    >>> t = pd.DataFrame({"surgery": ["+"] * 4 + ["-"] * 4, "biopsy": list("+++-") + list("---+"),
    ...                   "model": list("++--") + list("----")})
    >>> compare_tests(t, "surgery", ["biopsy", "model"], positive="+").statistics["value"].round(2).tolist()[:2]
    [0.75, 0.75]
    """
    names = [name for name in dict.fromkeys(tests) if name != truth]
    if not names:
        raise UsageError("no test is named", hint="--tests model,biopsy")
    absent = [name for name in (truth, *names) if name not in table]
    if absent:
        raise SchemaError(f"no column named {', '.join(absent)}", hint=f"there are: {', '.join(table.columns[:40])}")
    text = pd.DataFrame({name: category_text(table[name]) for name in (truth, *names)})
    levels = sorted(set(pd.concat([text[name] for name in text]).dropna()))
    if len(levels) != 2:
        raise SchemaError(f"the truth and the tests have {len(levels)} levels ({', '.join(levels[:6])}), needs two")
    counted = counted_level(levels) if positive is None else positive
    if counted not in levels:
        raise UsageError(f"'{counted}' is no level of {truth}", hint=f"--positive {levels[0]} or {levels[1]}")
    complete = text.dropna()
    notes = [f"positive: {counted}"]
    if len(complete) < len(text):
        notes.append(f"{len(text) - len(complete)} of {len(text)} patients without all results left out")
    return _judge((complete == counted).astype(bool), truth, names, notes)


def _judge(yes: pd.DataFrame, truth: str, names: list[str], notes: list[str]) -> Agreement:
    rows: list[dict[str, Any]] = []
    sides = {"sensitivity": yes[yes[truth]], "specificity": ~yes[~yes[truth]]}
    for name in names:
        for measure, right in sides.items():
            rows.append(share_row(name, measure, int(right[name].sum()), len(right)))
    for a, b in combinations(names, 2):
        for measure, right in sides.items():
            if len(right):
                rows += mcnemar_rows(f"{a} - {b}", measure, mcnemar(right[a], right[b]))
            else:
                rows.append(
                    statistic(
                        f"{a} - {b}", f"difference of {measure}", float("nan"), 0, note="not evaluable: class empty"
                    )
                )
    words = pd.DataFrame({name: np.where(yes[name], "positive", "negative") for name in yes})
    parts = []
    for a, b in combinations(names, 2):
        counts = words.groupby([truth, a, b], observed=False).size().reset_index(name="n")
        levels = counts[a].astype(str) + " / " + counts[b].astype(str)
        parts.append(
            pd.DataFrame(
                {"comparison": f"{truth} x {a} / {b}", "level_a": counts[truth], "level_b": levels, "n": counts["n"]}
            )
        )
    return as_result(rows, parts, notes)
