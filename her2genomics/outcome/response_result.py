"""What a response analysis asks, and its result: tables by name, and what can be read of them as sentences."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from her2genomics.comparison.covariates import AUTO
from her2genomics.outcome.response_rows import ALL
from her2genomics.result_html import result_html
from her2genomics.specimens import SpecimenPolicy

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
        Column that the adjusted columns hold fixed; ``auto``: hormone-receptor status where it is there; None for none.
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
    adjust: str | None = AUTO
    by: tuple[str, ...] = ()
    regimen: str | None = None
    specimen: SpecimenPolicy = "primary"

    @property
    def described(self) -> str:
        """Outcome and its definition, in words."""
        said = self.definition
        if said is None and self.outcome == "pcr":
            said = PCR_DEFINITION
        text = f"{self.outcome}: {said or 'as the column says'}"
        return f"{text}; response = {' or '.join(self.responder_is)}" if self.responder_is else text


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
        return result_html("Response by group", self.response)


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
