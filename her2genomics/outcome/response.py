"""Response to treatment by group: rates with exact intervals, exact tests, adjusted and by regimen.

Denominators are patients whose response is known.  Crude tests are those of `compare` (Fisher's exact test with the
conditional odds ratio); the adjusted ones hold hormone-receptor status, chemotherapy or the anti-HER2 agent fixed by
Cochran-Mantel-Haenszel, with its exact p beside it, because neoadjuvant groups are small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest

from her2genomics import schema
from her2genomics.clinical_variables import MAX_LEVELS, category_text
from her2genomics.comparison.binary import compare_binary
from her2genomics.comparison.covariates import Strata
from her2genomics.comparison.design import Design
from her2genomics.comparison.features import BinaryFeatures
from her2genomics.comparison.groups import OVERALL, Grouping, find_groups
from her2genomics.comparison.notes import append_note
from her2genomics.exceptions import CohortError, SchemaError, UsageError
from her2genomics.outcome.covariates import refuse_circular
from her2genomics.outcome.regimen import REGIMEN_COLUMNS, parse_regimens
from her2genomics.outcome.yes_no import read_yes_no
from her2genomics.specimens import SpecimenPolicy, choose_specimen
from her2genomics.stats.multiple_testing import holm
from her2genomics.stats.proportions import newcombe_difference
from her2genomics.stats.stratified import cmh

ALL = "all"
CHEMOTHERAPY, ANTI_HER2 = "chemotherapy", "anti_her2"
PCR_DEFINITION = "ypT0/is ypN0 (assumed: the table does not say)"


@dataclass(frozen=True)
class ResponseQuestion:
    """Which response, of whom, by what.

    Parameters
    ----------
    outcome
        Two-state column.
    responder_is
        Values that are a response; by default 1, yes, true, ``pCR``.
    definition
        How the response is defined, for the record (``ypT0 ypN0``); pCR by default ypT0/is ypN0, said to be assumed.
    group
        Column that makes the groups.
    adjust
        Column that the adjusted columns hold fixed, None for none.
    by
        Further columns to break down and adjust by.
    regimen
        Column with regimen codes; by default one of `REGIMEN_COLUMNS`, where there is one.
    specimen
        Which specimen stands for a patient who has several.
    """

    outcome: str = "pcr"
    responder_is: tuple[str, ...] = ()
    definition: str | None = None
    group: str = "her2_group"
    adjust: str | None = "hr_status"
    by: tuple[str, ...] = ()
    regimen: str | None = None
    specimen: SpecimenPolicy = "primary"


@dataclass(frozen=True)
class ResponseAnalysis:
    """Result of `analyse_response`; every table's columns are declared in `schema`.

    Parameters
    ----------
    response
        One row per contrast, of all patients and within each stratum.
    response_rates
        Rate per group and stratum.
    response_adjusted
        One row per contrast and column held fixed.
    regimens
        What the regimen codes were read as; empty without such a column.
    samples
        Patients with a known response and group, with ``response`` (and ``chemotherapy``, ``anti_her2``).
    labels, group_column
        Groups in order, and the column that makes them.
    notes
        What to know, one sentence each.
    """

    response: pd.DataFrame
    response_rates: pd.DataFrame
    response_adjusted: pd.DataFrame
    regimens: pd.DataFrame
    samples: pd.DataFrame
    labels: tuple[str, ...]
    group_column: str
    notes: tuple[str, ...]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name; without regimens where there are none."""
        named = {name: getattr(self, name) for name in ("response", "response_rates", "response_adjusted", "regimens")}
        return {name: table for name, table in named.items() if name != "regimens" or len(table)}

    def summary(self) -> list[str]:
        """Return the result as sentences."""
        lines = [str(self.response["definition"].iloc[0])] if len(self.response) else []
        for _, row in self.response_rates[self.response_rates["n"] > 0].iterrows():
            where = "" if row["stratum_by"] == ALL else f" ({row['stratum_by']} {row['stratum']})"
            interval = f"{row['rate']:.1%} [{row['ci_low']:.1%}, {row['ci_high']:.1%}]"
            lines.append(f"  {row['group']}{where}: {row['responders']}/{row['n']} = {interval}")
        lines += [_line(row) for _, row in self.response[self.response["stratum_by"] == ALL].iterrows()]
        return [*lines, *self.notes]

    def _repr_html_(self) -> str:
        return str(self.response.to_html(index=False))


def analyse_response(
    samples: pd.DataFrame, question: ResponseQuestion | None = None, *, source: str | None = None
) -> ResponseAnalysis:
    """Compare a response between groups.

    Parameters
    ----------
    samples
        Sample table of a cohort.
    question
        What is asked; by default pCR by HER2 group, adjusted for hormone-receptor status.
    source
        File name for messages.

    Raises
    ------
    SchemaError
        If a column is absent, or a response is neither yes nor no.
    CohortError
        If fewer than two groups have a patient with a known response.
    UsageError
        If the adjustment makes the groups or is partly defined by them.

    Examples
    --------
    >>> t = pd.DataFrame({"sample_id": list("abcdefgh"), "arm": list("xxxxyyyy"), "pcr": [1, 1, 1, 0, 0, 0, 1, None]})
    >>> result = analyse_response(t, ResponseQuestion(group="arm", adjust=None))
    >>> result.response_rates[["group", "responders", "n"]].values.tolist()
    [['x', 3, 4], ['y', 1, 3]]
    """
    question = question or ResponseQuestion()
    notes: list[str] = []
    chosen = _with_response(samples, question, notes, source)
    chosen, regimens = _with_regimens(chosen, question, notes, source)
    grouping = find_groups(chosen, question.group)
    known = (grouping.codes >= 0) & chosen["response"].notna().to_numpy(dtype=bool)
    chosen = chosen[known].reset_index(drop=True)
    present = [
        label
        for label, n in zip(
            grouping.labels, np.bincount(grouping.codes[known], minlength=len(grouping.labels)), strict=True
        )
        if n
    ]
    if len(present) < 2:
        listed = ", ".join(present) or "none"
        raise CohortError(
            f"fewer than two groups have a known {question.outcome} ({listed})", path=source, column=question.group
        )
    codes = grouping.codes[known]
    order = [grouping.labels.index(label) for label in present]
    grouping = Grouping(question.group, tuple(present), np.searchsorted(order, codes).astype(np.int64))
    columns = _strata_columns(chosen, question, regimens, grouping, notes)
    definition = _definition(question)
    adjusted = _adjusted_rows(chosen, grouping, columns, notes)
    response = _crude_rows(chosen, grouping, columns, question.outcome)
    if question.adjust in set(adjusted["adj_for"]):
        own = adjusted[adjusted["adj_for"] == question.adjust].assign(stratum_by=ALL)
        response = response.merge(own, on=["stratum_by", "contrast"], how="left")
    response["definition"] = definition
    return ResponseAnalysis(
        schema.conform(_finish(response), schema.RESPONSE),
        schema.conform(_rates(chosen, grouping, columns), schema.RESPONSE_RATES),
        schema.conform(adjusted, schema.RESPONSE_ADJUSTED),
        regimens,
        chosen,
        tuple(present),
        question.group,
        tuple(notes),
    )


def _with_response(
    samples: pd.DataFrame, question: ResponseQuestion, notes: list[str], source: str | None
) -> pd.DataFrame:
    needed = [question.outcome, question.group, *question.by]
    if absent := [name for name in needed if name not in samples]:
        raise SchemaError(f"no column {', '.join(absent)}", path=source, hint="her2g check FILE lists the columns")
    table = samples
    if "patient_id" in samples:
        choice = choose_specimen(samples, question.specimen)
        table = choice.kept
        if len(choice.dropped):
            notes.append(f"{len(choice.dropped)} specimens left out: another one stands for the patient")
    table = table.reset_index(drop=True)
    response = read_yes_no(table, question.outcome, question.responder_is, option="--responder", source=source)
    notes.append(f"{int(response.isna().sum())} of {len(response)} patients without {question.outcome} left out")
    if "neoadjuvant" in table:
        untreated = category_text(table["neoadjuvant"]).str.lower().isin(["0", "no", "false"])
        if odd := int((untreated & response.notna()).sum()):
            notes.append(f"{odd} patients have {question.outcome} recorded though neoadjuvant says no")
    return table.assign(response=response)


def _with_regimens(
    table: pd.DataFrame, question: ResponseQuestion, notes: list[str], source: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table with chemotherapy class and anti-HER2 agent, and what every code was read as."""
    name = question.regimen or next((column for column in REGIMEN_COLUMNS if column in table), None)
    if name is None:
        return table, schema.empty(schema.REGIMENS)
    if name not in table:
        raise SchemaError(f"no column {name} with regimens", path=source)
    regimens = parse_regimens(table, name)
    flagged = regimens[regimens["flags"] != ""]
    if len(flagged):
        listed = ", ".join(
            f"{written} ({flags})"
            for written, flags in flagged[["regimen", "flags"]].drop_duplicates().head(5).to_numpy()
        )
        notes.append(f"regimens to look at: {len(flagged)} of {len(regimens)}: {listed}")
    read = regimens.set_index("sample_id")[[CHEMOTHERAPY, ANTI_HER2]]
    own = table.drop(columns=[CHEMOTHERAPY, ANTI_HER2], errors="ignore")
    return own.join(read, on="sample_id"), regimens


def _strata_columns(
    table: pd.DataFrame, question: ResponseQuestion, regimens: pd.DataFrame, grouping: Grouping, notes: list[str]
) -> list[Strata]:
    names = [*([question.adjust] if question.adjust else []), *question.by]
    names += [CHEMOTHERAPY, ANTI_HER2] if len(regimens) else []
    refuse_circular(names, question.group, grouping.labels)
    if grouping.column in names:
        raise UsageError(f"cannot adjust for {grouping.column}: it makes the groups")
    return [strata for name in dict.fromkeys(names) if (strata := _strata(table, name, notes)) is not None]


def _strata(table: pd.DataFrame, name: str, notes: list[str]) -> Strata | None:
    """Return the strata of a column; None, and a note, without the column or a second level."""
    if name not in table:
        notes.append(f"not adjusted: the cohort has no column {name}")
        return None
    text = category_text(table[name])
    levels = tuple(sorted(text.dropna().unique()))
    if len(levels) > MAX_LEVELS:
        raise UsageError(f"{name} has {len(levels)} levels: no strata", hint="cut a number into classes first")
    if len(levels) < 2:
        notes.append(f"not adjusted: {name} has fewer than two levels")
        return None
    codes = text.map({level: i for i, level in enumerate(levels)}).fillna(-1).to_numpy(dtype=np.int64)
    return Strata(name, levels, codes)


def _contrasts(grouping: Grouping) -> dict[str, tuple[int, ...]]:
    """Return the pairs of groups that have a patient, and the overall test of three or more."""
    present = [i for i, n in enumerate(grouping.sizes) if n]
    pairs: dict[str, tuple[int, ...]] = {
        name: members for name, members in grouping.contrasts().items() if set(members) <= set(present)
    }
    return pairs | ({OVERALL: tuple(present)} if len(present) > 2 else {})


def _crude_rows(table: pd.DataFrame, grouping: Grouping, columns: Sequence[Strata], outcome: str) -> pd.DataFrame:
    """Return the exact tests of all patients, then within every stratum."""
    response = table["response"].to_numpy(dtype=bool)
    parts = [_tests(response, grouping, outcome).assign(stratum_by=ALL, stratum=ALL)]
    for strata in columns:
        for position, level in enumerate(strata.levels):
            inside = replace(grouping, codes=np.where(strata.codes == position, grouping.codes, -1))
            if _contrasts(inside):
                parts.append(_tests(response, inside, outcome).assign(stratum_by=strata.column, stratum=level))
    return pd.concat(parts, ignore_index=True)


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


def _adjusted_rows(
    table: pd.DataFrame, grouping: Grouping, columns: Sequence[Strata], notes: list[str]
) -> pd.DataFrame:
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


def _rates(table: pd.DataFrame, grouping: Grouping, columns: Sequence[Strata]) -> pd.DataFrame:
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


def _finish(response: pd.DataFrame) -> pd.DataFrame:
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


def _definition(question: ResponseQuestion) -> str:
    said = question.definition
    if said is None and question.outcome == "pcr":
        said = PCR_DEFINITION
    text = f"{question.outcome}: {said or 'as the column says'}"
    return f"{text}; response = {' or '.join(question.responder_is)}" if question.responder_is else text


def _line(row: pd.Series) -> str:
    text = (
        f"  {row['contrast']}: {row['test']} p {row['p_value']:.3g}"
        if not pd.isna(row["p_value"])
        else f"  {row['contrast']}: not tested"
    )
    if not pd.isna(row["odds_ratio"]):
        text += f", OR {row['odds_ratio']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}]"
    if not pd.isna(row["adj_p"]):
        text += f", within {row['adj_for']} OR {row['adj_odds_ratio']:.2f}, p {row['adj_p']:.3g}"
        text += f" (exact {row['adj_p_exact']:.3g})"
    return f"{text}  {row['note']}".rstrip()
