"""Figure of pairs of events: a triangle coloured by log odds ratio, signs for small q, hatching for the untested."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from her2genomics.exceptions import UsageError
from her2genomics.exclusivity import ALL
from her2genomics.report.style import APART, NOT_PROFILED_COLOUR, figure_style, new_figure

Q_BOUND = 0.05
LARGEST_LOG2 = 3.0
"""Odds ratios beyond 2^3 have the colour of the end of the scale."""
DARK_LOG2 = 1.8
"""Beyond this a cell is so dark that the mark on it is white."""


@figure_style()
def exclusivity_map(pairs: pd.DataFrame, stratum: str = ALL) -> Figure:
    """Return the triangle of all pairs of one stratum, most frequent event first.

    Parameters
    ----------
    pairs
        Table of `find_pairs` (``event_pairs`` schema).
    stratum
        ``all`` or a group.

    Raises
    ------
    UsageError
        If the stratum has no pair.
    """
    rows = pairs[pairs["stratum"] == stratum]
    if rows.empty:
        raise UsageError(f"no pair of stratum {stratum} to draw")
    counts = pd.concat([rows.set_index("event_a")["n_a"], rows.set_index("event_b")["n_b"]])
    names = counts.groupby(level=0).max().sort_values(ascending=False, kind="stable").index.tolist()
    place = {name: k for k, name in enumerate(names)}
    size = len(names)
    figure = new_figure(max(1.6 + 0.16 * size, 3.35), max(1.3 + 0.15 * size, 2.4))
    axes = figure.subplots()
    colours = np.full((size, size), np.nan)
    for row, value in zip(rows.to_dict("records"), _log2_odds(rows), strict=True):
        x, y = sorted((place[row["event_a"]], place[row["event_b"]]))
        if pd.isna(row["p_value"]):
            axes.add_patch(
                Rectangle((x - 0.5, y - 0.5), 1, 1, hatch="/////", linewidth=0, fc=NOT_PROFILED_COLOUR, ec="#AAAAAA")
            )
            continue
        colours[y, x] = value
        if row["q_value"] < Q_BOUND:
            mark = "+" if row["direction"] == "co-occurrence" else "_"
            axes.plot(x, y, mark, color="white" if abs(value) > DARK_LOG2 else "black", markersize=4)
    image = axes.imshow(colours, cmap="PuOr_r", vmin=-LARGEST_LOG2, vmax=LARGEST_LOG2)
    axes.set_xticks(range(size - 1), names[:-1], rotation=90)
    axes.set_yticks(range(1, size), names[1:])
    axes.set_xlim(-0.5, size - 1.5)
    axes.set_ylim(size - 0.5, 0.5)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.5, aspect=18, extend="both")
    bar.set_label(f"$\\log_2$ odds ratio\n← exclusive{APART}together →")
    bar.outline.set_visible(False)
    title = "all groups" if stratum == ALL else stratum
    meaning = f"given burden, q < {Q_BOUND:g}: + together, − exclusive\nhatched: not tested"
    axes.set_title(f"{title}\n{meaning}", fontsize=6.5)
    return figure


def _log2_odds(rows: pd.DataFrame) -> np.ndarray:
    """Return the log2 odds ratio of each pair's own table, with one half added to every cell."""
    n, a, b, both = (rows[name].to_numpy(dtype=float) for name in ("n", "n_a", "n_b", "n_both"))
    table = np.stack([both, n - a - b + both, a - both, b - both]) + 0.5
    odds: np.ndarray = np.log2(table[0] * table[1] / (table[2] * table[3]))
    return odds
