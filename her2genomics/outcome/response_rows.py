"""Rows of a response analysis: rates with exact intervals, exact tests of all and within strata, adjusted tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest

from her2genomics import schema
from her2genomics.comparison.binary import compare_binary
from her2genomics.comparison.covariates import Strata
from her2genomics.comparison.design import Design
from her2genomics.comparison.features import BinaryFeatures
from her2genomics.comparison.groups import OVERALL, Grouping
from her2genomics.comparison.notes import append_note
from her2genomics.stats.multiple_testing import holm
from her2genomics.stats.proportions import newcombe_difference
from her2genomics.stats.stratified import cmh

ALL = "all"


def crude_rows(table: pd.DataFrame, grouping: Grouping, columns: Sequence[Strata], outcome: str) -> pd.DataFrame:
    """Return the exact tests of all patients, then within every stratum."""
    response = table["response"].to_numpy(dtype=bool)
    parts = [_tests(response, grouping, outcome).assign(stratum_by=ALL, stratum=ALL)]
    for strata in columns:
        for position, level in enumerate(strata.levels):
            inside = replace(grouping, codes=np.where(strata.codes == position, grouping.codes, -1))
            if _contrasts(inside):
                parts.append(_tests(response, inside, outcome).assign(stratum_by=strata.column, stratum=level))
    return pd.concat(parts, ignore_index=True)


def _contrasts(grouping: Grouping) -> dict[str, tuple[int, ...]]:
    """Return the pairs of groups that have a patient, and the overall test of three or more."""
    present = [i for i, n in enumerate(grouping.sizes) if n]
    pairs: dict[str, tuple[int, ...]] = {
        name: members for name, members in grouping.contrasts().items() if set(members) <= set(present)
    }
    return pairs | ({OVERALL: tuple(present)} if len(present) > 2 else {})


def _tests(response: npt.NDArray[np.bool_], grouping: Grouping, outcome: str) -> pd.DataFrame:
    features = BinaryFeatures("response", (outcome,), response[:, None], np.ones((len(response), 1), dtype=bool))
    rows = compare_binary(features, Design(grouping, _contrasts(grouping)))
    rows = rows.rename(columns={"altered_a": "responders_a", "altered_b": "responders_b", "effect": "odds_ratio"})
    pairs = (rows["contrast"] != OVERALL).to_numpy(dtype=bool)
    rows.loc[pairs, "p_holm"] = holm(rows.loc[pairs, "p_value"].to_numpy(dtype=float, na_value=np.nan))
    counts = [rows.loc[pairs, name].astype(int).to_numpy() for name in ("responders_a", "n_a", "responders_b", "n_b")]
    difference = newcombe_difference(*counts)
    for target, source in (("difference", "difference"), ("difference_low", "ci_low"), ("difference_high", "ci_high")):
        rows.loc[pairs, target] = difference[source].to_numpy(dtype=float)
    return rows


def adjusted_rows(table: pd.DataFrame, grouping: Grouping, columns: Sequence[Strata], notes: list[str]) -> pd.DataFrame:
    """Return every pair of groups with each column held fixed (``response_adjusted`` schema)."""
    response = table["response"].to_numpy(dtype=bool)
    rows = []
    for strata in columns:
        for contrast, members in _contrasts(grouping).items():
            if contrast == OVERALL:
                continue
            counts = np.array([[_counts(response, grouping.codes == g, strata.codes == s) for g in members]
                               for s in range(len(strata.levels))])  # fmt: skip
            result = cmh(counts)
            row: dict[str, object] = {
                "contrast": contrast,
                "adj_for": strata.column,
                "n_informative_strata": result.n_informative_strata,
            }
            if result.n_informative_strata == 0:
                row["adj_note"] = f"no stratum of {strata.column} has both groups and both outcomes"
            row |= {
                "adj_odds_ratio": result.odds_ratio, "adj_ci_low": result.ci_low, "adj_ci_high": result.ci_high,
                "adj_p": result.p_value, "adj_p_exact": result.p_value_exact, "interaction_p": result.breslow_day_p,
                "adj_odds_ratio_exact": result.odds_ratio_exact, "adj_ci_low_exact": result.ci_low_exact,
                "adj_ci_high_exact": result.ci_high_exact,
            }  # fmt: skip
            rows.append(row)
        if missing := int((strata.codes < 0).sum()):
            notes.append(f"{missing} patients without {strata.column} are in no stratum of it")
    return pd.DataFrame(rows, columns=["contrast", *schema.RESPONSE_ADJUSTED.names[1:]])


def _counts(response: npt.NDArray[np.bool_], group: npt.NDArray[np.bool_], stratum: npt.NDArray[np.bool_]) -> list[int]:
    inside = group & stratum
    return [int((inside & response).sum()), int((inside & ~response).sum())]


def rate_rows(table: pd.DataFrame, grouping: Grouping, columns: Sequence[Strata]) -> pd.DataFrame:
    """Return the rate of every group, of all patients and per stratum (``response_rates`` schema)."""
    response = table["response"].to_numpy(dtype=bool)
    everyone = Strata(ALL, (ALL,), np.zeros(len(table), dtype=np.int64))
    rows = []
    for strata in (everyone, *columns):
        for s, level in enumerate(strata.levels):
            for g, label in enumerate(grouping.labels):
                some, others = _counts(response, grouping.codes == g, strata.codes == s)
                rows.append(
                    {"stratum_by": strata.column, "stratum": level, "group": label, **rate_of(some, some + others)}
                )
    return pd.DataFrame(rows)


def rate_of(responders: int, n: int) -> dict[str, float | int | None]:
    """Return a rate with its exact (Clopper-Pearson) interval; missing without patients.

    References
    ----------
    .. [1] Clopper CJ, Pearson ES. Biometrika 1934;26:404-413.

    Examples
    --------
    >>> {k: round(v, 3) for k, v in rate_of(0, 10).items()}
    {'responders': 0, 'n': 10, 'rate': 0.0, 'ci_low': 0.0, 'ci_high': 0.308}
    """
    if n == 0:
        return {"responders": responders, "n": n, "rate": None, "ci_low": None, "ci_high": None}
    interval = binomtest(responders, n).proportion_ci(0.95, method="exact")
    return {
        "responders": responders, "n": n, "rate": responders / n, "ci_low": float(interval.low),
        "ci_high": float(interval.high),
    }  # fmt: skip


def finish_rows(response: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the ``response`` schema with their rates and notes."""
    for side in "ab":
        total = response[f"n_{side}"].astype("Float64")
        response[f"rate_{side}"] = (response[f"responders_{side}"].astype("Float64") / total).mask(total == 0)
    note = response["note"].astype("string").fillna("")
    if "adj_note" in response:
        extra = response["adj_note"].astype("string").fillna("")
        note = append_note(note, extra != "", extra)
        lost = (response["p_value"] < 0.05) & (response["adj_p"] >= 0.05)
        note = append_note(note, lost, "attenuated by adjustment, inconclusive")
    return response.assign(note=note)
