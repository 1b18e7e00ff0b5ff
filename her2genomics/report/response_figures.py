"""Figures of response: rates by group with exact intervals, and the waterfall of best change in tumour size."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.outcome.response_result import ResponseAnalysis
from her2genomics.outcome.response_rows import ALL
from her2genomics.report.style import COLUMN_WIDTH, PAGE_WIDTH, figure_style, group_colours, new_figure

PARTIAL_RESPONSE, PROGRESSION = -30.0, 20.0
"""Change of the sum of diameters [%] from which RECIST 1.1 says partial response, progression."""
MAX_WATERFALL = 400


@figure_style()
def response_figure(result: ResponseAnalysis) -> Figure:
    """Draw the rate of every group, of all patients and within each stratum, with its exact interval and counts."""
    rates = result.response_rates[result.response_rates["n"] > 0]
    strata = list(rates[["stratum_by", "stratum"]].drop_duplicates().itertuples(index=False, name=None))
    figure = new_figure(COLUMN_WIDTH, 0.55 + 0.16 * len(rates) + 0.24 * len(strata))
    axes = figure.subplots()
    colours = group_colours(result.labels)
    position, ticks = 0.0, []
    for column, level in strata:
        name = "All patients" if column == ALL else f"{column.replace('_', ' ')}: {level}"
        axes.text(0.0, position, name, fontweight="bold", va="center")
        for _, row in rates[(rates["stratum_by"] == column) & (rates["stratum"] == level)].iterrows():
            position += 1
            ticks.append((position, f"{str(row['group']).removeprefix('HER2-')}  {row['responders']}/{row['n']}"))
            _draw_rate(axes, position, row, colours[str(row["group"])])
        position += 1.5
    axes.set_ylim(position - 0.9, -0.7)
    axes.set_yticks([y for y, _ in ticks], [text for _, text in ticks])
    axes.set_xlim(0, 1)
    axes.set_xticks(np.linspace(0, 1, 5), [f"{share:.0%}" for share in np.linspace(0, 1, 5)])
    axes.set_xlabel(f"{_outcome_name(result)} (95 % exact interval)")
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return figure


def _outcome_name(result: ResponseAnalysis) -> str:
    name = str(result.response["definition"].iloc[0]).partition(":")[0]
    return "pCR rate" if name == "pcr" else f"{name} rate"


def _draw_rate(axes: Axes, y: float, row: pd.Series, colour: str) -> None:
    axes.plot([float(row["ci_low"]), float(row["ci_high"])], [y, y], color=colour, linewidth=1.2, solid_capstyle="butt")
    axes.plot(float(row["rate"]), y, "o", color=colour, markersize=4, clip_on=False)


@figure_style()
def waterfall_figure(result: ResponseAnalysis, column: str) -> Figure:
    """Draw the best change of every patient, largest growth first, coloured by group; dots mark responders.

    Parameters
    ----------
    result
        From `analyse_response`.
    column
        Best change of the sum of diameters [%]; -100 = gone.

    Raises
    ------
    SchemaError
        If there is no such column, or a value is no number.
    UsageError
        If nobody has a value, or bars would be too thin.
    """
    if column not in result.samples:
        raise SchemaError(
            f"no column {column} for the waterfall plot", hint="name the column with the best change in %"
        )
    values = result.samples[column]
    change = pd.to_numeric(values, errors="coerce")
    if (odd := change.isna() & values.notna()).any():
        raise SchemaError(f"value '{values[odd].iloc[0]}' is not a number", column=column)
    table = result.samples.assign(change=change.astype("Float64"))[change.notna()]
    if table.empty or len(table) > MAX_WATERFALL:
        raise UsageError(f"a waterfall plot needs 1 to {MAX_WATERFALL} patients with {column}, there are {len(table)}")
    table = table.sort_values(["change", "sample_id"], ascending=[False, True], kind="stable").reset_index(drop=True)
    figure = new_figure(PAGE_WIDTH if len(table) > 60 else COLUMN_WIDTH, 2.5)
    axes = figure.subplots()
    colours = group_colours(result.labels)
    groups = table[result.group_column].astype(str)
    for label in result.labels:
        own = table[groups == label]
        axes.bar(own.index, own["change"].astype(float), width=0.85, color=colours[label], label=label, linewidth=0)
    responders = table[table["response"].astype(bool)]
    edge = responders["change"].astype(float)
    axes.plot(
        responders.index,
        edge + np.where(edge < 0, -4.0, 4.0),
        ".",
        color="black",
        markersize=2.5,
        label=_outcome_name(result).removesuffix(" rate"),
    )
    for limit in (PARTIAL_RESPONSE, PROGRESSION):
        axes.axhline(limit, color="#888888", linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set_xlim(-1, len(table))
    axes.set_ylim(min(-108.0, float(change.min()) - 8), max(30.0, float(change.max()) + 8))
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_ylabel("Best change of tumour size [%]")
    axes.legend(loc="lower left")
    return figure
