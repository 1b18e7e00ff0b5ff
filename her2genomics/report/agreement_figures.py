"""Figures of agreement: Bland-Altman plots and matrices of categories."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from her2genomics.report.style import LEVEL_COLOURS, figure_style, new_figure
from her2genomics.stats.agreement import bland_altman


@figure_style()
def draw_bland_altman(table: pd.DataFrame, a: str, b: str) -> Figure:
    """Draw difference against mean of two columns, with bias, limits of agreement and their intervals."""
    both = table[[a, b]].apply(pd.to_numeric, errors="coerce").dropna()
    x, y = both[a].to_numpy(dtype=float), both[b].to_numpy(dtype=float)
    result = bland_altman(x, y)
    figure = new_figure(3.35, 2.6)
    axis = figure.subplots()
    axis.scatter((x + y) / 2, x - y, s=9, color=LEVEL_COLOURS[0], alpha=0.7, linewidths=0)
    lines = {
        f"bias\n{result.bias:.3g}": (result.bias, result.bias_low, result.bias_high),
        f"lower limit\n{result.lower:.3g}": (result.lower, result.lower_low, result.lower_high),
        f"upper limit\n{result.upper:.3g}": (result.upper, result.upper_low, result.upper_high),
    }
    for label, (value, low, high) in lines.items():
        axis.axhspan(low, high, color="#777777", alpha=0.15, lw=0)
        axis.axhline(value, color="#333333", lw=0.9, ls="-" if label.startswith("bias") else "--")
        axis.annotate(label, (1.01, value), xycoords=("axes fraction", "data"), va="center", fontsize=6)
    furthest = float(np.abs(x - y - result.bias).max())
    reach = max(result.upper_high - result.bias, furthest, 1e-9)
    axis.set_ylim(result.bias - 1.15 * reach, result.bias + 1.15 * reach)
    axis.set(xlabel=f"mean of {a} and {b}", ylabel=f"{a} - {b}", title=f"n = {result.n}")
    return figure


@figure_style()
def draw_matrix(counts: pd.DataFrame) -> Figure:
    """Draw the first cross table of an analysis of agreement, counts in the cells, shaded by row share."""
    comparison = counts["comparison"].iloc[0]
    rows = counts[counts["comparison"] == comparison]
    a, b = list(dict.fromkeys(rows["level_a"])), list(dict.fromkeys(rows["level_b"]))
    cells = np.zeros((len(a), len(b)), dtype=int)
    for row in rows.itertuples(index=False):
        cells[a.index(row.level_a), b.index(row.level_b)] = int(row.n)
    share = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1)
    figure = new_figure(1.2 + 0.6 * len(b), 0.9 + 0.5 * len(a))
    axis = figure.subplots()
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i in range(len(a)):
        for j in range(len(b)):
            axis.text(
                j, i, str(cells[i, j]), ha="center", va="center", color="white" if share[i, j] > 0.6 else "#222222"
            )
    axis.set_xticks(range(len(b)), [name.removeprefix("HER2-") for name in b], rotation=30, ha="right")
    axis.set_yticks(range(len(a)), [name.removeprefix("HER2-") for name in a])
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    axis.set_title(comparison)
    return figure
