"""Figures of a prediction: ROC, calibration, confusion matrix of the cascade, importance of the features."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from her2genomics.report.style import LEVEL_COLOURS, figure_style, new_figure

PANEL = 2.4
MOST_FEATURES = 15


def _short(text: str) -> str:
    return str(text).replace("HER2-", "")


@figure_style()
def draw_prediction_roc(roc: pd.DataFrame, performance: pd.DataFrame) -> Figure:
    """Draw the ROC curves, one panel per contrast, one line per model and set.

    Parameters
    ----------
    roc, performance
        As `fit_predictor` returns them.
    """
    contrasts = list(dict.fromkeys(roc["contrast"]))
    figure = new_figure(PANEL * len(contrasts), PANEL + 0.1)
    colours = _colours(roc)
    rows = performance[performance["features"] == "all"].set_index(["model", "set", "contrast"])
    for axis, contrast in zip(figure.subplots(1, len(contrasts), squeeze=False)[0], contrasts, strict=True):
        axis.plot([0, 1], [0, 1], color="#BBBBBB", lw=0.6, ls=(0, (3, 3)))
        for key, points in roc[roc["contrast"] == contrast].groupby(["model", "set"], sort=False):
            row = rows.loc[(*key, contrast)]
            interval = "" if pd.isna(row["auc_low"]) else f" [{row['auc_low']:.2f}, {row['auc_high']:.2f}]"
            label = f"{_line_name(key)} {row['auc']:.2f}{interval}"
            axis.plot(points["false_positive_share"], points["sensitivity"], color=colours[key], label=label)
        first = performance[performance["contrast"] == contrast].iloc[0]
        axis.set_title(_short(f"{first['positive_class']} against {first['negative_class']}"))
        axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="1 - specificity", ylabel="sensitivity", aspect="equal")
        axis.legend(loc="lower right", handlelength=1.0, fontsize=5.5, borderaxespad=0.2)
    return figure


def _line_name(key: tuple[str, str]) -> str:
    model, where = key
    return model if where == "cross-validation" else f"{model}, {where}"


def _colours(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    keys = list(dict.fromkeys(zip(table["model"], table["set"], strict=True)))
    return {key: LEVEL_COLOURS[i % len(LEVEL_COLOURS)] for i, key in enumerate(keys)}


@figure_style()
def draw_prediction_calibration(groups: pd.DataFrame) -> Figure:
    """Draw observed against predicted shares, one panel per contrast.

    Parameters
    ----------
    groups
        Table ``calibration`` of `fit_predictor`.
    """
    contrasts = list(dict.fromkeys(groups["contrast"]))
    figure = new_figure(PANEL * len(contrasts), PANEL + 0.1)
    colours = _colours(groups)
    for axis, contrast in zip(figure.subplots(1, len(contrasts), squeeze=False)[0], contrasts, strict=True):
        axis.plot([0, 1], [0, 1], color="#BBBBBB", lw=0.6, ls=(0, (3, 3)))
        for key, rows in groups[groups["contrast"] == contrast].groupby(["model", "set"], sort=False):
            observed = rows["observed"].to_numpy(dtype=float)
            reach = np.abs(rows[["ci_low", "ci_high"]].to_numpy(dtype=float).T - observed)
            axis.errorbar(
                rows["predicted"],
                observed,
                yerr=reach,
                fmt="o-",
                ms=3,
                lw=0.8,
                color=colours[key],
                label=_line_name(key),
            )
        axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="predicted", ylabel="observed", title=contrast)
        axis.set_aspect("equal")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 4), handlelength=1.0)
    return figure


@figure_style()
def draw_confusion(confusion: pd.DataFrame) -> Figure:
    """Draw the matrix of truth by prediction, one panel per model and set, shaded by the share of the true class.

    Parameters
    ----------
    confusion
        Table ``confusion`` of `fit_predictor`.
    """
    keys = list(dict.fromkeys(zip(confusion["model"], confusion["set"], strict=True)))
    figure = new_figure(PANEL * len(keys), PANEL)
    for axis, key in zip(figure.subplots(1, len(keys), squeeze=False)[0], keys, strict=True):
        rows = confusion[(confusion["model"] == key[0]) & (confusion["set"] == key[1])]
        labels = list(dict.fromkeys(rows["truth"]))
        counts = rows["n"].to_numpy(dtype=int).reshape(len(labels), len(labels))
        _matrix(axis, counts, [_short(label) for label in labels])
        axis.set_title(_line_name(key))
    return figure


def _matrix(axis: Axes, counts: np.ndarray, labels: list[str]) -> None:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), n in np.ndenumerate(counts):
        colour = "white" if shares[i, j] > 0.6 else "#222222"
        axis.text(j, i, f"{n}\n{shares[i, j]:.0%}", ha="center", va="center", color=colour)
    axis.set_xticks(range(len(labels)), labels)
    axis.set_yticks(range(len(labels)), labels)
    axis.set(xlabel="predicted", ylabel="truth")
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


@figure_style()
def draw_importance(importance: pd.DataFrame) -> Figure:
    """Draw what shuffling each feature costs: the fifteen largest per model (rows) and contrast (columns).

    Parameters
    ----------
    importance
        Table ``importance`` of `fit_predictor`.
    """
    models, contrasts = (list(dict.fromkeys(importance[name])) for name in ("model", "contrast"))
    blocks = list(dict.fromkeys(importance["block"]))
    colours = {block: LEVEL_COLOURS[i % len(LEVEL_COLOURS)] for i, block in enumerate(blocks)}
    figure = new_figure(3.2 * len(contrasts), 2.4 * len(models))
    grid = figure.subplots(len(models), len(contrasts), squeeze=False)
    for i, model in enumerate(models):
        for j, contrast in enumerate(contrasts):
            chosen = importance[(importance["model"] == model) & (importance["contrast"] == contrast)]
            _bars(grid[i, j], chosen.head(MOST_FEATURES), colours)
            grid[i, j].set_title(f"{model}, {contrast}")
    handles = [Patch(color=colour, label=block) for block, colour in colours.items()]
    if len(handles) > 1:
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _bars(axis: Axes, rows: pd.DataFrame, colours: dict[str, str]) -> None:
    if not len(rows):
        axis.text(0.5, 0.5, "no feature changes the order", ha="center", transform=axis.transAxes)
        axis.set_axis_off()
        return
    drops = rows["auc_drop"].to_numpy(dtype=float)
    places = np.arange(len(rows))[::-1]
    axis.barh(places, drops, color=[colours[b] for b in rows["block"]], height=0.7)
    axis.errorbar(drops, places, xerr=rows["sd"].to_numpy(dtype=float), fmt="none", ecolor="#333333", lw=0.6)
    axis.set_yticks(places, rows["feature"])
    axis.axvline(0, color="#777777", lw=0.6)
    axis.set_xlabel("drop of the AUC (sd over folds)")
