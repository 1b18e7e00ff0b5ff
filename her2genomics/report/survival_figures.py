"""Figures of outcome: Kaplan-Meier curves over the numbers at risk, forest of Cox models, swimmer plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from her2genomics.exceptions import UsageError
from her2genomics.outcome.cox_models import MULTIVARIABLE, STRATIFIED, UNIVARIABLE
from her2genomics.outcome.survival_data import ALL
from her2genomics.outcome.survival_result import SurvivalAnalysis
from her2genomics.report.style import COLUMN_WIDTH, PAGE_WIDTH, figure_style, group_colours, new_figure

ENDPOINT_LABELS: dict[str, str] = {
    "os": "Overall survival", "dfs": "Disease-free survival", "idfs": "Invasive disease-free survival",
    "rfs": "Relapse-free survival", "pfs": "Progression-free survival", "other": "Without event",
}  # fmt: skip
SINGLE_COLOUR = "#333333"
MAX_SWIMMERS = 80
MOST_IN_AXES = 3
"""Groups up to which legend and hazard ratios find room beside the curves."""
FOREST_LIMITS = (0.05, 20.0)
"""Hazard ratios beyond are drawn as arrows."""
_BEHIND_TEXT: dict[str, object] = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6}


@figure_style()
def km_figure(result: SurvivalAnalysis, *, title: str | None = None, interval: bool = True) -> Figure:
    """Draw the curves, the log-rank p and hazard ratios, and the table of patients at risk, one journal column wide.

    Parameters
    ----------
    result
        From `analyse_survival`.
    title
        Title; default none, as journals want it.
    interval
        Whether to shade the 95 % interval.
    """
    labels = result.data.labels
    outside = 0.3 + 0.07 * len(labels) if len(labels) > MOST_IN_AXES else 0.0
    figure = new_figure(COLUMN_WIDTH, 2.75 + 0.14 * len(labels) + outside)
    ratio = 0.12 + 0.09 * len(labels)
    axes, table = figure.subplots(2, 1, sharex=True, height_ratios=[2.3, ratio])
    colours = {ALL: SINGLE_COLOUR} if labels == (ALL,) else group_colours(labels)
    for label in labels:
        curve = result.km_curves[result.km_curves["group"] == label]
        _draw_curve(axes, curve, colours[label], _legend_label(result, label), interval=interval)
    axes.set_ylim(0, 1.03)
    axes.set_ylabel(ENDPOINT_LABELS[result.data.endpoint])
    axes.set_yticks(np.linspace(0, 1, 5), [f"{share:.0%}" for share in np.linspace(0, 1, 5)])
    axes.grid(axis="y")
    _place_text(axes, result)
    if title:
        axes.set_title(title)
    _draw_at_risk(table, result, colours)
    return figure


def _legend_label(result: SurvivalAnalysis, label: str) -> str:
    row = result.survival[result.survival["group"] == label].iloc[0]
    return f"{label} ({row['n_events']}/{row['n']})"


def _draw_curve(axes: Axes, curve: pd.DataFrame, colour: str, label: str, *, interval: bool) -> None:
    time = np.concatenate([[0.0], curve["time"].to_numpy(dtype=float)])
    survival = np.concatenate([[1.0], curve["survival"].to_numpy(dtype=float)])
    axes.step(time, survival, where="post", color=colour, label=label)
    if interval:
        low, high = (
            np.concatenate([[1.0], curve[name].to_numpy(dtype=float, na_value=np.nan)])
            for name in ("ci_low", "ci_high")
        )
        flat = np.isnan(low) & (survival >= 1)
        low[flat], high[flat] = 1.0, 1.0
        axes.fill_between(time, low, high, step="post", color=colour, alpha=0.12, linewidth=0)
    censored = curve["n_censored"].to_numpy(dtype=int) > 0
    axes.plot(time[1:][censored], survival[1:][censored], "|", color=colour, markersize=3.5, markeredgewidth=0.6)


def _place_text(axes: Axes, result: SurvivalAnalysis) -> None:
    """Put legend and tests where the curves leave room: below, or above when they fall early; many groups outside."""
    lines, title = _test_lines(result), _group_title(result)
    style: Any = {"handlelength": 1.4, "title": title, "alignment": "left"}
    middle = result.km_curves[result.km_curves["time"] <= result.data.time.max() / 2].groupby("group")["survival"].min()
    low = not len(middle) or float(middle.min()) > 0.5
    rows = len(result.data.labels) + (title is not None)
    if len(result.data.labels) > MOST_IN_AXES:
        handles, labels = axes.get_legend_handles_labels()
        figure = axes.get_figure(root=True)
        figure.legend(handles, labels, loc="outside upper left", ncols=2, columnspacing=1.0, **style)  # type: ignore[union-attr]
        rows, lines = 0, lines[:1]
    else:
        axes.legend(loc="lower left" if low else "upper right", borderaxespad=0.2 if low else 0.0, **style)
    height = 0.075 * rows
    x, y = (0.025, height + 0.05) if low else (0.99, 0.97 - height)
    alignment: Any = {"ha": "left", "va": "bottom"} if low else {"ha": "right", "va": "top"}
    axes.text(x, y, "\n".join(lines), transform=axes.transAxes, fontsize=6, bbox=_BEHIND_TEXT, **alignment)


def _group_title(result: SurvivalAnalysis) -> str | None:
    """Return the column that makes the groups, where their names do not say it."""
    speaking = result.data.group_column is None or any(label.startswith("HER2-") for label in result.data.labels)
    return None if speaking else result.data.group_column


def _test_lines(result: SurvivalAnalysis) -> list[str]:
    """Return the overall log-rank p and each group's hazard ratio against the first."""
    if len(result.data.labels) < 2:
        return []
    lines = []
    for _, row in result.survival.iterrows():
        name = str(row["group"])
        if name == ALL and not pd.isna(row["logrank_p"]):
            within = "" if pd.isna(row["stratified_p"]) else f"; stratified {_p_text(row['stratified_p'])}"
            lines.append(f"log-rank {_p_text(row['logrank_p'])}{within}")
        elif not pd.isna(row["hazard_ratio"]):
            first = result.data.labels[0].removeprefix("HER2-")
            lines.append(f"HR {name.removeprefix('HER2-')} vs {first} {_ratio_text(row)}")
    return lines


def _p_text(p: float) -> str:
    """Return p as journals print it.

    Examples
    --------
    >>> _p_text(0.0004), _p_text(0.0312), _p_text(0.4)
    ('p < 0.001', 'p = 0.031', 'p = 0.40')
    """
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _draw_at_risk(axes: Axes, result: SurvivalAnalysis, colours: dict[str, str]) -> None:
    table = result.at_risk
    times = sorted(table["time"].unique())
    axes.set_xlim(0, max(float(result.data.time.max()), float(times[-1])) * 1.02)
    axes.set_ylim(len(result.data.labels) - 0.5, -0.5)
    axes.set_yticks(range(len(result.data.labels)), [label.removeprefix("HER2-") for label in result.data.labels])
    for i, label in enumerate(result.data.labels):
        axes.get_yticklabels()[i].set_color(colours[label])
        own = table[table["group"] == label]
        for time, n in zip(own["time"], own["n_at_risk"], strict=True):
            axes.text(float(time), i, str(n), ha="left" if time == 0 else "center", va="center", fontsize=6)
    axes.set_xticks(times, [f"{time:g}" for time in times])
    axes.tick_params(length=0, axis="y")
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_title("At risk", fontsize=6.5, pad=2)
    axes.set_xlabel("Months" + _start_text(result))


def _start_text(result: SurvivalAnalysis) -> str:
    start = next((part for part in result.data.definition.split("; ") if part.startswith("time from")), "")
    return start.removeprefix("time").replace("from diagnosis", " from diagnosis").replace("  ", " ")


@figure_style()
def cox_forest(result: SurvivalAnalysis) -> Figure:
    """Draw hazard ratios with intervals of every model, two journal columns wide.

    Raises
    ------
    UsageError
        If no model could be fitted.
    """
    rows = result.cox[result.cox["hazard_ratio"].notna()].reset_index(drop=True)
    if not len(rows):
        raise UsageError("no Cox model to draw", hint="a model needs an event and two groups or a covariate")
    lines: list[tuple[str, pd.Series | None]] = []
    for model in (UNIVARIABLE, STRATIFIED, MULTIVARIABLE):
        part = rows[rows["model"] == model]
        if len(part):
            n, events = part["n"].min(), part["n_events"].min()
            size = f" (n {n}, {events} events)" if model != UNIVARIABLE else ""
            lines.append((f"{model.capitalize()}{size}", None))
            lines += [(_covariate_label(row), row) for _, row in part.iterrows()]
    figure = new_figure(PAGE_WIDTH, 0.6 + 0.17 * len(lines))
    names, axes, numbers = figure.subplots(1, 3, width_ratios=[2.3, 2.6, 2.3], sharey=True)
    axes.set_ylim(len(lines) - 0.5, -0.8)
    low, high = _forest_limits(rows)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    for i, (text, row) in enumerate(lines):
        names.text(0.0 if row is None else 0.04, i, text, va="center", fontweight="bold" if row is None else "normal")
        if row is not None:
            _draw_interval(axes, i, row, low, high)
            numbers.text(0, i, _interval_text(row), va="center")
    axes.axvline(1, color="#888888", linewidth=0.7, zorder=0)
    axes.set_xlabel("Hazard ratio (95 % interval)")
    ticks = [t for t in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if low <= t <= high]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelleft=False)
    for side in (names, numbers):
        side.set_axis_off()
        side.set_xlim(0, 1)
    return figure


def _covariate_label(row: pd.Series) -> str:
    if not row["level"]:
        return f"{row['covariate']} (per unit)"
    if str(row["level"]).startswith("HER2-"):
        return f"{row['level']} vs {row['reference'].removeprefix('HER2-')}"
    return f"{row['covariate']}: {row['level']} vs {row['reference']}"


def _forest_limits(rows: pd.DataFrame) -> tuple[float, float]:
    low, high = float(rows["ci_low"].min()), float(rows["ci_high"].max())
    widest = max(1 / max(low, FOREST_LIMITS[0]), min(high, FOREST_LIMITS[1]), 2.0) * 1.15
    return 1 / widest, widest


def _draw_interval(axes: Axes, i: int, row: pd.Series, low: float, high: float) -> None:
    left, right = max(float(row["ci_low"]), low), min(float(row["ci_high"]), high)
    colour = (
        group_colours([str(row["level"])])[str(row["level"])]
        if str(row["level"]).startswith("HER2-")
        else SINGLE_COLOUR
    )
    axes.plot([left, right], [i, i], color=colour, linewidth=1.0, solid_capstyle="butt")
    for end, limit, marker in ((float(row["ci_low"]), low, "<"), (float(row["ci_high"]), high, ">")):
        if (marker == "<" and end < limit) or (marker == ">" and end > limit):
            axes.plot(limit, i, marker, color=colour, markersize=3, clip_on=False)
    if low <= float(row["hazard_ratio"]) <= high:
        axes.plot(float(row["hazard_ratio"]), i, "s", color=colour, markersize=3.6)


def _interval_text(row: pd.Series) -> str:
    firth = "  Firth" if str(row["method"]).startswith("Firth") else ""
    return f"{_ratio_text(row)}  {_p_text(row['p_value'])}{firth}"


def _ratio_text(row: pd.Series) -> str:
    return f"{_ratio(row['hazard_ratio'])} ({_ratio(row['ci_low'])}–{_ratio(row['ci_high'])})"


@figure_style()
def swimmer_figure(result: SurvivalAnalysis) -> Figure:
    """Draw one bar per patient, longest first within groups; a cross marks an event, an arrow a censored time.

    Raises
    ------
    UsageError
        If there are more patients than bars can be told apart.
    """
    data = result.data
    if len(data.time) > MAX_SWIMMERS:
        raise UsageError(
            f"{len(data.time)} patients are too many for a swimmer plot (at most {MAX_SWIMMERS})",
            hint="draw --plot instead",
        )
    table = data.table.assign(rank=[data.labels.index(label) for label in data.group])
    table = table.sort_values(["rank", "time"], ascending=[True, False], kind="stable").reset_index(drop=True)
    colours = {ALL: SINGLE_COLOUR} if data.labels == (ALL,) else group_colours(data.labels)
    figure = new_figure(COLUMN_WIDTH, 0.7 + 0.1 * len(table))
    axes = figure.subplots()
    for label in data.labels:
        own = table[table["group"] == label]
        axes.barh(own.index, own["time"], height=0.7, color=colours[label], label=label, linewidth=0)
    events = table["event"].to_numpy(dtype=bool)
    axes.plot(
        table["time"][events], table.index[events], "x", color="black", markersize=3, markeredgewidth=0.8, label="event"
    )
    axes.plot(table["time"][~events], table.index[~events], ">", color="black", markersize=2.2, label="censored")
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.set_yticks(table.index, _short_ids(table["sample_id"]) if "sample_id" in table else table.index + 1)
    axes.tick_params(axis="y", length=0, labelsize=5)
    axes.set_xlim(0, float(table["time"].max()) * 1.06)
    axes.set_xlabel("Months" + _start_text(result))
    axes.legend(loc="lower right", title=_group_title(result), alignment="left")
    return figure


def _short_ids(ids: pd.Series) -> Sequence[str]:
    return [str(name) if len(str(name)) <= 14 else f"{str(name)[:13]}…" for name in ids]
