"""What every analysis of agreement returns: a long table of statistics, and the counts behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from her2genomics import schema
from her2genomics.result_html import result_html
from her2genomics.stats.accuracy import exact_share
from her2genomics.stats.agreement import KappaWeights, McNemar, cohen_kappa


@dataclass(frozen=True)
class Agreement:
    """Result of an analysis of agreement.

    Parameters
    ----------
    statistics
        One row per comparison and statistic (``agreement`` schema).
    counts
        Cross tables in long form (``agreement_counts`` schema).
    notes
        What was left out and why.
    """

    statistics: pd.DataFrame
    counts: pd.DataFrame
    notes: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        return result_html("Agreement", self.statistics, facts=self.notes)


def as_result(rows: Sequence[dict[str, Any]], counts: Sequence[pd.DataFrame], notes: Sequence[str] = ()) -> Agreement:
    """Return typed tables."""
    table = pd.concat(list(counts), ignore_index=True) if counts else pd.DataFrame()
    return Agreement(
        schema.conform(pd.DataFrame(list(rows)), schema.AGREEMENT),
        schema.conform(table, schema.AGREEMENT_COUNTS),
        tuple(notes),
    )


def statistic(comparison: str, name: str, value: float, n: int, **more: Any) -> dict[str, Any]:
    """Return one row of the table of statistics."""
    return {"comparison": comparison, "statistic": name, "value": value, "n": n, **more}


def share_row(comparison: str, name: str, count: int, n: int, note: str = "") -> dict[str, Any]:
    """Return a share with its exact interval as one row."""
    value, low, high = exact_share(count, n)
    return statistic(comparison, name, value, n, ci_low=low, ci_high=high, note=note)


def mcnemar_rows(comparison: str, name: str, result: McNemar, note: str = "") -> list[dict[str, Any]]:
    """Return difference and odds of a McNemar test as rows; the p stands with the difference."""
    n = result.both + result.only_a + result.only_b + result.neither
    said = f"{result.only_a} against {result.only_b} discordant" + (f"; {note}" if note else "")
    return [
        statistic(
            comparison, f"difference of {name}", result.difference, n, ci_low=result.ci_low, ci_high=result.ci_high,
            p_value=result.p_exact, test="McNemar exact", note=said,
        ),
        statistic(
            comparison, f"discordant odds of {name}", result.odds_ratio, n, ci_low=result.odds_low,
            ci_high=result.odds_high, p_value=result.p_mid, test="McNemar mid-p", note=said,
        ),
    ]  # fmt: skip


def kappa_rows(comparison: str, table: pd.DataFrame, *, ordered: bool) -> list[dict[str, Any]]:
    """Return the plain agreement and kappa (weighted too where the categories are ordered) of a square table."""
    counts = table.to_numpy()
    n = int(counts.sum())
    if n == 0:
        return [statistic(comparison, "agreement", float("nan"), 0, note="no subject has both")]
    rows = [share_row(comparison, "agreement", int(counts.trace()), n)]
    weights: list[KappaWeights] = ["none", "linear", "quadratic"] if ordered and len(counts) > 2 else ["none"]
    for name in weights:
        result = cohen_kappa(counts, name)
        label = "kappa" if name == "none" else f"kappa, {name} weights"
        undefined = "undefined: both gave one category only" if result.kappa != result.kappa else ""
        low, high = result.ci_low, result.ci_high
        rows.append(statistic(comparison, label, result.kappa, n, ci_low=low, ci_high=high, note=undefined))
    return rows


def long_counts(comparison: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return a cross table in long form."""
    rows = [
        {"comparison": comparison, "level_a": a, "level_b": b, "n": int(table.loc[a, b])}
        for a in table.index
        for b in table.columns
    ]
    return pd.DataFrame(rows)
