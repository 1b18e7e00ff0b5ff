"""Figures of quantitative markers: values by group, ROC curves, calibration, decision curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from her2genomics.report.style import LEVEL_COLOURS, figure_style, group_colours, new_figure

PANEL_WIDTH, PANEL_HEIGHT = 2.3, 2.3
MOST_PANELS_IN_A_ROW = 3
JITTER = 0.16


def _panels(n: int, height: float = PANEL_HEIGHT) -> tuple[Figure, list[Axes]]:
    """Return a figure with ``n`` equal panels in rows of three."""
    columns = min(n, MOST_PANELS_IN_A_ROW)
    rows = -(-n // columns)
    figure = new_figure(PANEL_WIDTH * columns, height * rows)
    axes = list(np.atleast_1d(figure.subplots(rows, columns)).ravel())
    for spare in axes[n:]:
        spare.set_axis_off()
    return figure, axes[:n]


@figure_style()
def draw_marker_distributions(
    samples: pd.DataFrame, markers: Sequence[str], tests: pd.DataFrame, *, group: str = "her2_group", seed: int = 123456
) -> Figure:
    """Draw every sample of each marker by group, with the median and the quartiles.

    Parameters
    ----------
    samples
        Sample table.
    markers
        Numeric columns.
    tests
        As `analyse_markers` returns them; the overall p stands in the title of each panel.
    group
        Column that makes the groups.
    seed
        Seed of the sideways scatter.
    """
    values = samples[group]
    labels = [str(v) for v in (values.cat.categories if hasattr(values, "cat") else sorted(values.dropna().unique()))]
    colours = group_colours(labels)
    figure, axes = _panels(len(markers))
    generator = np.random.default_rng(seed)
    for axis, marker in zip(axes, markers, strict=True):
        for position, label in enumerate(labels):
            numbers = (
                pd.to_numeric(samples.loc[values.astype("string") == label, marker]).dropna().to_numpy(dtype=float)
            )
            _strip(axis, position, numbers, colours[label], generator)
        axis.set_xticks(range(len(labels)), [label.removeprefix("HER2-") for label in labels])
        axis.set_xlim(-0.6, len(labels) - 0.4)
        axis.set_ylabel(marker)
        axis.set_title(_overall(tests, marker))
    return figure


def _strip(axis: Axes, position: int, numbers: np.ndarray, colour: str, generator: np.random.Generator) -> None:
    if not len(numbers):
        return
    aside = position + generator.uniform(-JITTER, JITTER, len(numbers))
    alpha = float(np.clip(40 / len(numbers), 0.15, 0.8))
    axis.scatter(aside, numbers, s=6, color=colour, alpha=alpha, linewidths=0, rasterized=len(numbers) > 2000)
    low, middle, high = np.quantile(numbers, [0.25, 0.5, 0.75])
    axis.plot([position, position], [low, high], color="#333333", lw=1.2, solid_capstyle="butt")
    axis.plot([position - 0.28, position + 0.28], [middle, middle], color="#333333", lw=1.6)


def _overall(tests: pd.DataFrame, marker: str) -> str:
    rows = tests[(tests["feature"] == marker) & tests["p_value"].notna()]
    chosen = rows[rows["contrast"] == "overall"] if (rows["contrast"] == "overall").any() else rows
    if not len(chosen):
        return ""
    row = chosen.iloc[0]
    return f"{str(row['test']).split(' (')[0]} {p_text(float(row['p_value']))}"


def p_text(p: float) -> str:
    """Return a p-value as printed in a figure.

    Examples
    --------
    >>> p_text(0.0312), p_text(2e-9)
    ('p = 0.031', 'p < 0.0001')
    """
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"


@figure_style()
def draw_roc(roc: pd.DataFrame, accuracy: pd.DataFrame) -> Figure:
    """Draw ROC curves, one panel per contrast, one line per marker and set, the cut-off as a point.

    Parameters
    ----------
    roc, accuracy
        As `analyse_markers` returns them.
    """
    contrasts = list(dict.fromkeys(roc["contrast"]))
    lines = list(dict.fromkeys(zip(roc["marker"], roc["set"], strict=True)))
    colours = {key: LEVEL_COLOURS[i % len(LEVEL_COLOURS)] for i, key in enumerate(lines)}
    one_set = len(set(roc["set"])) < 2
    figure, axes = _panels(max(len(contrasts), 1), PANEL_HEIGHT + 0.2)
    for axis, contrast in zip(axes, contrasts, strict=False):
        axis.plot([0, 1], [0, 1], color="#BBBBBB", lw=0.6, ls=(0, (3, 3)))
        rows = accuracy[accuracy["contrast"] == contrast]
        for (marker, name), points in roc[roc["contrast"] == contrast].groupby(["marker", "set"], sort=False):
            row = rows[(rows["marker"] == marker) & (rows["set"] == name)].iloc[0]
            label = marker if one_set else f"{marker}, {name}"
            axis.plot(
                1 - points["specificity"], points["sensitivity"], color=colours[marker, name], label=_area(label, row)
            )
            if pd.notna(row["sensitivity"]):
                axis.plot(1 - row["specificity"], row["sensitivity"], "o", ms=3.5, color=colours[marker, name])
        first = rows.iloc[0]
        axis.set_title(f"{first['positive_class']} against {first['negative_class']}".replace("HER2-", ""))
        axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="1 - specificity", ylabel="sensitivity", aspect="equal")
        axis.legend(loc="lower right", handlelength=1.0, fontsize=5.5, borderaxespad=0.2)
    return figure


def _area(label: str, row: pd.Series) -> str:
    interval = "" if pd.isna(row["auc_low"]) else f" [{row['auc_low']:.2f}, {row['auc_high']:.2f}]"
    return f"{label} {row['auc']:.2f}{interval}"


@figure_style()
def draw_calibration(groups: pd.DataFrame, decision: pd.DataFrame) -> Figure:
    """Draw calibration (left) and the decision curve (right) of each contrast.

    Parameters
    ----------
    groups, decision
        Tables ``calibration_groups`` and ``decision`` of `analyse_markers`.
    """
    contrasts = list(dict.fromkeys(groups["contrast"]))
    figure = new_figure(2 * PANEL_WIDTH + 0.4, PANEL_HEIGHT * max(len(contrasts), 1))
    grid = figure.subplots(max(len(contrasts), 1), 2, squeeze=False)
    lines = list(dict.fromkeys(zip(groups["marker"], groups["set"], strict=True)))
    colours = {key: LEVEL_COLOURS[i % len(LEVEL_COLOURS)] for i, key in enumerate(lines)}
    one_set = len(set(groups["set"])) < 2
    for (left, right), contrast in zip(grid, contrasts, strict=False):
        left.plot([0, 1], [0, 1], color="#BBBBBB", lw=0.6, ls=(0, (3, 3)))
        for (marker, name), rows in groups[groups["contrast"] == contrast].groupby(["marker", "set"], sort=False):
            label = marker if one_set else f"{marker}, {name}"
            observed = rows["observed"].to_numpy(dtype=float)
            reach = np.abs(rows[["ci_low", "ci_high"]].to_numpy(dtype=float).T - observed)
            colour = colours[marker, name]
            left.errorbar(rows["predicted"], observed, yerr=reach, fmt="o-", ms=3, lw=0.8, color=colour, label=label)
        curves = decision[decision["contrast"] == contrast]
        for (marker, name), rows in curves.groupby(["marker", "set"], sort=False):
            right.plot(rows["threshold"], rows["net_benefit"], color=colours[marker, name])
        every = curves[curves["set"] == curves["set"].iloc[0]].drop_duplicates("threshold")
        right.plot(every["threshold"], every["net_benefit_all"], color="#777777", lw=0.7, ls="--", label="act on all")
        right.axhline(0, color="#777777", lw=0.7, label="act on none")
        best = float(max(curves["net_benefit"].max(), 0.05))
        right.set(xlim=(0, 1), ylim=(-0.25 * best, 1.15 * best), xlabel="threshold probability", ylabel="net benefit")
        left.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="predicted", ylabel="observed", title=contrast)
        left.legend(loc="upper left", handlelength=1.0)
        right.legend(loc="upper right", handlelength=1.4)
    return figure
