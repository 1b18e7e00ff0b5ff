"""Figure of altered pathways: share altered by group, odds ratio and q by contrast, and how much of each is covered."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from her2genomics.comparison.pathways import FAMILY, FAMILY_WITHOUT_HUBS, HOLDS_ERBB2
from her2genomics.exceptions import UsageError
from her2genomics.report.comparison_figures import Q_BOUND, altered_shares, p_text, short_group
from her2genomics.report.style import APART, NOT_PROFILED_COLOUR, figure_style, group_colours, new_figure

SCALE = "PuOr_r"
LARGEST_LOG2 = 3.0
"""Odds ratios beyond 2^3 have the colour of the end of the scale."""
_AREA = 130.0
"""Area of the dot of a share of 1 [point^2]."""
_SHARES = (0.1, 0.5, 1.0)
_QUIET = "#777777"
_LIMITS = Normalize(-LARGEST_LOG2, LARGEST_LOG2, clip=True)
_MARKS = (("adj_q", "a"), ("burden_q", "b"))


class _Row(NamedTuple):
    """One row of the figure."""

    family: str
    pathway: str
    label: str


@figure_style()
def pathway_dots(
    association: pd.DataFrame, contingency: pd.DataFrame, coverage: pd.DataFrame, groups: pd.DataFrame
) -> Figure:
    """Return the dot plot; a pathway that was compared without its hub genes as well has a second row below its own.

    Parameters
    ----------
    association, contingency, coverage, groups
        Tables of a `pathway_comparison.PathwayComparison`.

    Raises
    ------
    UsageError
        If no pathway was tested.
    """
    tests = association[association["family"].isin([FAMILY, FAMILY_WITHOUT_HUBS])]
    if tests["p_value"].isna().all():
        raise UsageError("no pathway was tested, so there is nothing to draw")
    rows = _rows(tests, coverage)
    names, contrasts = groups["group"].astype(str).tolist(), list(dict.fromkeys(tests["contrast"]))
    widths = [0.6 * len(names), 0.58 * len(contrasts), 0.75]
    labels = 0.056 * max(len(row.label) for row in rows)
    figure = new_figure(sum(widths) + labels + 0.4, 1.45 + 0.2 * len(rows))
    left, middle, right = figure.subplots(1, 3, sharey=True, width_ratios=widths)
    _draw_shares(left, rows, contingency, names)
    _draw_contrasts(middle, rows, tests, contrasts)
    _draw_coverage(right, rows, coverage)
    left.set_yticks(range(len(rows)), [row.label for row in rows])
    left.set_ylim(len(rows) - 0.5, -0.5)
    for text, row in zip(left.get_yticklabels(), rows, strict=True):
        text.set_color(_QUIET if row.family == FAMILY_WITHOUT_HUBS else "black")
    for axes in (left, middle, right):
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        axes.xaxis.tick_top()
    _draw_scales(figure, [left, middle, right], min(2.2 / sum(widths), 0.5))
    text = textwrap.fill(_meaning(tests), int(figure.get_figwidth() / 0.05))
    figure.supxlabel(text, x=0.01, ha="left", fontsize=6)
    return figure


def _rows(tests: pd.DataFrame, coverage: pd.DataFrame) -> list[_Row]:
    """Return the rows, most often altered pathway first, each with its row without hub genes below it."""
    ordered = coverage.assign(share=coverage["n_altered"] / (coverage["n_altered"] + coverage["n_not_altered"]))
    ordered = ordered.sort_values("share", ascending=False, kind="stable", na_position="last")
    notes = tests.drop_duplicates(["family", "feature"]).set_index(["family", "feature"])["note"].fillna("")
    rows = []
    for pathway in ordered["pathway"].astype(str):
        rows += [_Row(FAMILY, pathway, pathway.replace("_", " "))] if (FAMILY, pathway) in notes.index else []
        if (FAMILY_WITHOUT_HUBS, pathway) in notes.index:
            label = str(notes[FAMILY_WITHOUT_HUBS, pathway]).split(";", maxsplit=1)[0]
            rows.append(_Row(FAMILY_WITHOUT_HUBS, pathway, label))
    return rows


def _draw_shares(axes: Axes, rows: list[_Row], contingency: pd.DataFrame, groups: list[str]) -> None:
    """Draw a dot per pathway and group, its area the share of altered samples, with the percentage beside it."""
    colours = group_colours(groups)
    by_family = {str(family): altered_shares(part) for family, part in contingency.groupby("family", sort=False)}
    for y, row in enumerate(rows):
        shares = by_family[row.family].loc[row.pathway, groups].to_numpy(dtype=float)
        for x, (group, share) in enumerate(zip(groups, shares, strict=True)):
            if np.isnan(share):
                axes.text(x, y, "–", ha="center", va="center", color=_QUIET)
                continue
            axes.scatter(x - 0.22, y, s=_AREA * share, color=colours[group], linewidths=0)
            axes.text(x + 0.04, y, f"{100 * share:.0f}%", va="center", fontsize=5.5)
    axes.hlines(range(len(rows)), -0.5, len(groups) - 0.5, color=NOT_PROFILED_COLOUR, linewidth=0.5, zorder=0)
    profiled = _profiled_text(contingency)
    axes.set_xticks(range(len(groups)), [f"{short_group(name)}\nn = {profiled[name]}" for name in groups])
    axes.set_xlim(-0.5, len(groups) - 0.5)


def _profiled_text(contingency: pd.DataFrame) -> dict[str, str]:
    """Return per group how many samples were profiled: one number, or from the fewest of a pathway to the most."""
    known = contingency.groupby(["group", "family", "feature"])["n"].sum()
    least, most = (
        known.where(known > 0).groupby(level="group").agg(how).fillna(0).astype(int) for how in ("min", "max")
    )
    return {str(g): f"{least[g]}" if least[g] == most[g] else f"{least[g]}–{most[g]}" for g in most.index}


def _draw_contrasts(axes: Axes, rows: list[_Row], tests: pd.DataFrame, contrasts: list[str]) -> None:
    """Draw a cell per pathway and contrast, with q in it."""
    keys = zip(tests["family"], tests["feature"], tests["contrast"], strict=True)
    by_key = dict(zip(keys, (row for _, row in tests.iterrows()), strict=True))
    for y, row in enumerate(rows):
        for x, contrast in enumerate(contrasts):
            _draw_cell(axes, x, y, by_key[row.family, row.pathway, contrast])
    axes.set_xticks(range(len(contrasts)), [name.replace("-", " :\n", 1) for name in contrasts])
    axes.set_xlim(-0.55, len(contrasts) - 0.45)


def _draw_cell(axes: Axes, x: int, y: int, test: pd.Series) -> None:
    """Draw one cell, coloured by odds ratio, or grey where the contrast has none."""
    if pd.isna(test["p_value"]):
        axes.text(x, y, "–", ha="center", va="center", color=_QUIET)
        return
    face, level = NOT_PROFILED_COLOUR, 0.5
    if not pd.isna(test["effect"]) and test["effect_name"] == "conditional odds ratio":
        with np.errstate(divide="ignore"):
            level = float(_LIMITS(np.log2(float(test["effect"]))))
        face = to_hex(mpl.colormaps[SCALE](level))
    axes.add_patch(Rectangle((x - 0.47, y - 0.44), 0.94, 0.88, facecolor=face, linewidth=0))
    marks = _marks(test)
    axes.text(
        x,
        y,
        p_text(test["q_value"]) + (f" $^{{{marks}}}$" if marks else ""),
        ha="center",
        va="center",
        fontsize=5.8,
        color="white" if abs(level - 0.5) > 0.28 else "black",
        weight="bold" if test["q_value"] < Q_BOUND else "normal",
    )


def _marks(test: pd.Series) -> str:
    """Return the letters of what also holds of a test."""
    marks = "".join(mark for name, mark in _MARKS if not pd.isna(test[name]) and test[name] < Q_BOUND)
    return marks + ("e" if HOLDS_ERBB2 in str(test["note"]) else "")


def _draw_coverage(axes: Axes, rows: list[_Row], coverage: pd.DataFrame) -> None:
    """Draw the share of each pathway's genes that an assay of the cohort covers."""
    counts = coverage[["n_genes_covered", "n_genes_total"]].to_numpy(dtype=int)
    by_pathway = dict(zip(coverage["pathway"].astype(str), counts, strict=True))
    for y, row in enumerate(rows):
        if row.family == FAMILY_WITHOUT_HUBS:
            continue
        covered, total = by_pathway[row.pathway]
        axes.barh(y, 1, 0.55, color=NOT_PROFILED_COLOUR)
        axes.barh(y, covered / total, 0.55, color="#BBBBBB")
        axes.text(0.5, y, f"{covered}/{total}", ha="center", va="center", fontsize=5.5)
    axes.set_xlim(0, 1)
    axes.set_xticks([0.5], ["genes\ncovered"])


def _draw_scales(figure: Figure, panels: list[Axes], length: float) -> None:
    """Draw the scale of the dots below the first panel, and that of the colours, as a share of the width, beside it."""
    dots = [
        Line2D([], [], marker="o", linestyle="", color=_QUIET, markersize=np.sqrt(_AREA * s), markeredgewidth=0)
        for s in _SHARES
    ]
    panels[0].legend(
        dots,
        [f"{100 * s:.0f}%" for s in _SHARES],
        ncols=len(_SHARES),
        loc="upper left",
        bbox_to_anchor=(-0.1, -0.01),
        title="altered of profiled",
        title_fontsize=6.5,
        handletextpad=0.2,
        columnspacing=0.8,
        alignment="left",
    )
    scale = mpl.cm.ScalarMappable(_LIMITS, SCALE)
    bar = figure.colorbar(
        scale, ax=panels, location="bottom", shrink=length, aspect=18, anchor=(1.0, 1.0), pad=0.02, extend="both"
    )
    bar.set_ticks([-2, 0, 2])
    bar.outline.set_visible(False)
    bar.set_label(f"$\\log_2$ odds ratio\n← more in the second{APART}in the first →", fontsize=6)


def _meaning(tests: pd.DataFrame) -> str:
    """Return what the number in a cell and its letters say."""
    parts = [f"Number: q, bold below {Q_BOUND:g}"]
    if len(adjusted := tests["adj_for"].dropna().unique()):
        parts.append(f"a: below it adjusted for {adjusted[0]}")
    if tests["burden_q"].notna().any():
        parts.append("b: below it at equal burden")
    if tests["note"].str.contains(HOLDS_ERBB2, regex=False).any():
        parts.append(f"e: {HOLDS_ERBB2}")
    return "; ".join(parts) + "."
