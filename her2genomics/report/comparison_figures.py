"""Figures of a comparison: frequencies by group with q, volcano, and the forest of crude and adjusted odds ratios.

Each is made from the association table (bars also from the counts), so that a figure shows what the table says.  An
odds ratio of 0 or infinity is drawn at the edge with an open arrow instead of being left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from her2genomics.exceptions import UsageError
from her2genomics.io.figures import settle_layout
from her2genomics.report.label_places import place_labels
from her2genomics.report.style import APART, COLUMN_WIDTH, PAGE_WIDTH, figure_style, group_colours, new_figure

Floats = npt.NDArray[np.float64]

KINDS: tuple[str, ...] = ("bars", "volcano", "forest")
CRUDE_COLOUR, ADJUSTED_COLOUR, QUIET_COLOUR, ARROW_COLOUR = "#444444", "#0077BB", "#BBBBBB", "#777777"
MOST_FEATURES = 20
MOST_LABELS = 8
POINT_RADIUS = 2.0
"""Radius of a point of the volcano [pt]."""
LONGEST_GAP = 5.0
"""A name further from its point than this [pt] gets a line to it."""
Q_BOUND = 0.05
_FOREST_COLUMNS = ((0.01, 0.31), (0.34, 0.36), (0.71, 0.28))
"""Left edge and width of the three parts of the forest, of the page's width."""
LARGEST_LOG2 = 7.0
"""Odds ratios beyond 2^7, and infinite ones, are drawn at the edge."""


def comparison_figure(
    association: pd.DataFrame, contingency: pd.DataFrame, kind: str, contrast: str | None = None
) -> Figure:
    """Return the figure of one kind: ``bars``, ``volcano`` or ``forest``.

    Parameters
    ----------
    association, contingency
        Tables of a `compare.Comparison`.
    kind
        One of `KINDS`.
    contrast
        Pair of groups; default the first pair for the forest, the overall test (else the first pair) for the bars,
        all pairs for the volcano.

    Raises
    ------
    UsageError
        If the kind or contrast is not there, or no gene was tested.
    """
    if kind not in KINDS:
        raise UsageError(f"no figure named {kind}", hint=f"there are: {', '.join(KINDS)}")
    genes = association[(association["family"] == "gene") & association["p_value"].notna()]
    if len(genes["stratum"].unique()) > 1:
        raise UsageError("figures show one stratum", hint="select it with --where instead of --by")
    if genes.empty:
        raise UsageError("no gene was tested, so there is nothing to draw")
    pairs = list(dict.fromkeys(genes.loc[genes["group_a"].notna() & genes["effect"].notna(), "contrast"]))
    known = list(dict.fromkeys(genes["contrast"]))
    if contrast is not None and contrast not in (known if kind == "bars" else pairs):
        raise UsageError(f"no contrast {contrast} to draw", hint=f"there are: {', '.join(pairs)}")
    if kind != "bars" and not pairs:
        raise UsageError(f"the {kind} needs a pair of groups with an odds ratio", hint="add --contrast zero-low")
    if (
        kind == "volcano"
        and genes.loc[genes["contrast"].isin([contrast] if contrast else pairs), "effect"].isna().all()
    ):
        raise UsageError("no gene is altered in some and unaltered in others, so there is no odds ratio to draw")
    if kind == "volcano":
        return volcano(genes, [contrast] if contrast else pairs)
    if kind == "forest":
        return forest(genes, contrast or pairs[0])
    return frequency_bars(genes, contingency, contrast or ("overall" if "overall" in known else known[0]))


@figure_style()
def frequency_bars(genes: pd.DataFrame, contingency: pd.DataFrame, contrast: str) -> Figure:
    """Return the share of altered samples per group for the genes with the smallest p, most frequent first."""
    chosen = genes[genes["contrast"] == contrast].nsmallest(MOST_FEATURES, "p_value", keep="first")
    counts = contingency[(contingency["family"] == "gene") & contingency["feature"].isin(chosen["feature"])]
    share = altered_shares(counts)
    share = share.loc[share.max(axis=1).sort_values(kind="stable").index]
    figure = new_figure(COLUMN_WIDTH * 1.35, 0.7 + 0.21 * len(share))
    axes = figure.subplots()
    colours, groups = group_colours(list(share.columns)), list(share.columns)
    height = 0.8 / len(groups)
    at = np.arange(len(share))
    for k, group in enumerate(groups):
        axes.barh(
            at + 0.4 - height * (k + 0.5), 100 * share[group].fillna(0), height, color=colours[group], label=group
        )
    axes.set_yticks(at, list(share.index), style="italic")
    axes.set_ylim(-0.6, len(share) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel("altered [% of profiled samples]")
    _write_q(axes, share, chosen.set_index("feature")["q_value"])
    axes.set_title(f"q: {contrast}", loc="right", fontsize=6.5)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=len(groups))
    return figure


def altered_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the share [0-1] of altered samples among the profiled, a row per feature, a column per group.

    Parameters
    ----------
    counts
        Rows of one family and stratum (``contingency`` schema); their order is kept.
    """
    n = counts.groupby(["feature", "group", "level"], sort=False)["n"].sum().astype(float)
    altered, others = n.xs("altered", level="level"), n.xs("not altered", level="level")
    share = (altered / (altered + others)).rename("share").reset_index()
    share = share.pivot_table(index="feature", columns="group", values="share", sort=False, dropna=False)
    return share[list(dict.fromkeys(counts["group"]))]


def _write_q(axes: Axes, share: pd.DataFrame, q: pd.Series) -> None:
    """Write q behind the right edge, bold where it is below the bound."""
    for y, gene in enumerate(share.index):
        value = float(q[gene])
        weight = "bold" if value < Q_BOUND else "normal"
        axes.annotate(
            p_text(value),
            (1.01, y),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=6,
            weight=weight,
            annotation_clip=False,
        )


@figure_style()
def volcano(genes: pd.DataFrame, contrasts: Sequence[str]) -> Figure:
    """Return odds ratio against p for every gene, one panel per contrast, genes with small q named."""
    figure = new_figure(min(PAGE_WIDTH, COLUMN_WIDTH * len(contrasts)), 2.6)
    panels = np.atleast_1d(figure.subplots(1, len(contrasts)))
    shown = [genes[(genes["contrast"] == contrast) & genes["effect"].notna()] for contrast in contrasts]
    for axes, rows in zip(panels, shown, strict=True):
        _draw_volcano(axes, rows)
    panels[0].set_ylabel("$-\\log_{10}$ p")
    figure.legend(handles=_volcano_key(shown), loc="outside upper left", ncols=3)
    settle_layout(figure)
    for axes, rows in zip(panels, shown, strict=True):
        _write_names(axes, rows)
    return figure


def _draw_volcano(axes: Axes, rows: pd.DataFrame) -> None:
    x, y = _volcano_points(rows)
    found = (rows["q_value"] < Q_BOUND).to_numpy(dtype=bool, na_value=False)
    edge = np.abs(x) >= LARGEST_LOG2
    for chosen, marker in ((~edge, "o"), (edge & (x < 0), "<"), (edge & (x > 0), ">")):
        for mark, colour in ((~found, QUIET_COLOUR), (found, ADJUSTED_COLOUR)):
            part = chosen & mark
            face = "none" if marker != "o" else colour
            axes.scatter(x[part], y[part], s=10, marker=marker, facecolors=face, edgecolors=colour, linewidths=0.7)
    axes.axvline(0, color=QUIET_COLOUR, linewidth=0.6)
    first = rows.iloc[0]
    axes.set_title(f"{first['group_a']} against {first['group_b']}")
    reach = max(1.5, float(np.nanmax(np.abs(x)))) * 1.15
    axes.set_xlim(-reach, reach)
    axes.set_ylim(bottom=0, top=max(float(np.nanmax(y)) * 1.12, 2.0))
    axes.set_xlabel(f"$\\log_2$ odds ratio\n← {short_group(first['group_b'])}{APART}{short_group(first['group_a'])} →")


def _volcano_key(shown: Sequence[pd.DataFrame]) -> list[Line2D]:
    """Return what colours and open arrows mean, of those that are drawn."""
    rows = pd.concat(list(shown))
    below = (rows["q_value"] < Q_BOUND).to_numpy(dtype=bool, na_value=False)
    edge = np.abs(_volcano_points(rows)[0]) >= LARGEST_LOG2
    key = [
        (below.any(), f"q < {Q_BOUND:g}", "o", ADJUSTED_COLOUR),
        (not below.all(), f"q ≥ {Q_BOUND:g}", "o", QUIET_COLOUR),
        (edge.any(), f"odds ratio below 1/{2**LARGEST_LOG2:g} or above {2**LARGEST_LOG2:g}", "<", ARROW_COLOUR),
    ]
    return [
        Line2D([], [], ls="", ms=3.5, marker=marker, color=colour, mfc=colour if marker == "o" else "none", label=text)
        for drawn, text, marker, colour in key
        if drawn
    ]


def _volcano_points(rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return log2 odds ratio, at most `LARGEST_LOG2`, and minus log10 p."""
    with np.errstate(divide="ignore"):
        x = np.clip(np.log2(rows["effect"].astype(float).to_numpy()), -LARGEST_LOG2, LARGEST_LOG2)
    return x, -np.log10(np.maximum(rows["p_value"].astype(float).to_numpy(), 1e-300))


def _write_names(axes: Axes, rows: pd.DataFrame) -> None:
    """Write the names of the genes with the smallest p apart from each other, with a line to a point that is far."""
    x, y = _volcano_points(rows)
    named = [int(i) for i in np.argsort(-y, kind="stable")[:MOST_LABELS] if np.isfinite(x[i])]
    names: dict[tuple[float, float], list[str]] = {}
    for i in named:  # genes with the same counts have one point
        names.setdefault((float(x[i]), float(y[i])), []).append(str(rows["feature"].iloc[i]))
    if not names:
        return
    style: dict[str, Any] = {"fontsize": 5.5, "style": "italic", "ha": "center", "va": "center"}
    texts = [axes.text(*place, ", ".join(genes), **style) for place, genes in names.items()]
    pixel, here = axes.figure.dpi / 72, axes.transData
    points = here.transform(np.column_stack([x, y])[np.isfinite(x) & np.isfinite(y)])
    own = here.transform(np.array(list(names)))
    sizes = np.array([text.get_window_extent().size for text in texts])
    room = np.array(axes.get_window_extent().extents)
    centres = place_labels(own, sizes, points, POINT_RADIUS * pixel, room)
    for text, centre, size, point in zip(texts, centres, sizes, own, strict=True):
        text.set_position(tuple(here.inverted().transform(centre)))
        near = np.clip(point, centre - size / 2, centre + size / 2)
        if np.hypot(*(near - point)) > LONGEST_GAP * pixel:
            axes.plot(*here.inverted().transform([point, near]).T, color=QUIET_COLOUR, linewidth=0.4, zorder=0.9)


@figure_style()
def forest(genes: pd.DataFrame, contrast: str) -> Figure:
    """Return crude and adjusted odds ratios with their intervals, side by side, for the genes with the smallest p."""
    rows = genes[genes["contrast"] == contrast].nsmallest(MOST_FEATURES, "p_value", keep="first").reset_index(drop=True)
    height = 1.05 + 0.2 * len(rows)
    figure = new_figure(PAGE_WIDTH, height)
    figure.set_layout_engine("none")
    bottom, tall = 0.55 / height, (height - 1.0) / height
    left, axes, right = (figure.add_axes((x, bottom, width, tall)) for x, width in _FOREST_COLUMNS)
    at = np.arange(len(rows))[::-1].astype(float)
    first = rows.iloc[0]
    adjusted = rows["adj_effect"].notna().any()
    for prefix, colour, shift in (("", CRUDE_COLOUR, 0.16), ("adj_", ADJUSTED_COLOUR, -0.16)):
        if prefix and not adjusted:
            continue
        label = f"adjusted for {first['adj_for']}" if prefix else "crude"
        _draw_intervals(axes, rows, prefix, at + (shift if adjusted else 0.0), colour, label)
    axes.axvline(1, color=QUIET_COLOUR, linewidth=0.8)
    axes.set_xscale("log", base=2)
    axes.set_xlim(2.0**-LARGEST_LOG2, 2.0**LARGEST_LOG2)
    ticks = [2.0**k for k in range(-6, 7, 2)]
    axes.set_xticks(ticks, [f"{t:g}" if t >= 1 else f"1/{1 / t:g}" for t in ticks])
    axes.grid(axis="x")
    axes.set_xlabel(
        f"odds ratio\n← more in {short_group(first['group_b'])}{APART}more in {short_group(first['group_a'])} →"
    )
    axes.spines["left"].set_visible(False)
    _write_columns(left, right, rows, at, adjusted=bool(adjusted))
    for panel in (left, axes, right):
        panel.set_ylim(-0.7, len(rows) - 0.3)
        panel.set_yticks([])
    figure.legend(*axes.get_legend_handles_labels(), loc="upper center", ncols=2, bbox_to_anchor=(0.5, 1.0))
    return figure


def _draw_intervals(axes: Axes, rows: pd.DataFrame, prefix: str, at: Floats, colour: str, label: str) -> None:
    effect, low, high = (rows[f"{prefix}{name}"].astype(float).to_numpy() for name in ("effect", "ci_low", "ci_high"))
    least, most = 2.0**-LARGEST_LOG2, 2.0**LARGEST_LOG2
    shown = np.isfinite(low)
    upper = np.clip(np.nan_to_num(high[shown], nan=most, posinf=most), least, most)
    axes.hlines(at[shown], np.clip(low[shown], least, most), upper, color=colour, linewidth=1.0)
    inside = (effect > least) & (effect < most)
    axes.plot(effect[inside], at[inside], "s", color=colour, markersize=3.2, label=label)
    for marker, edge, position in (("<", effect <= least, least), (">", effect >= most, most)):
        where = np.full(int(edge.sum()), position)
        axes.plot(where, at[edge], marker, color=colour, markerfacecolor="white", markersize=4, clip_on=False)


def _write_columns(left: Axes, right: Axes, rows: pd.DataFrame, at: Floats, *, adjusted: bool) -> None:
    """Write gene and counts left of the intervals, p and q right of them."""

    def write(panel: Axes, x: float, y: float, text: str, **style: Any) -> None:
        panel.text(x, y, text, va="center", fontsize=6.5, in_layout=False, **{"ha": "center", **style})

    for panel in (left, right):
        panel.set_axis_off()
        panel.set_xlim(0, 1)
    first, top = rows.iloc[0], len(rows) - 0.2
    heads = [
        (left, 0.47, short_group(first["group_a"])),
        (left, 0.82, short_group(first["group_b"])),
        (right, 0.25, "p (q)"),
    ]
    for panel, x, text in heads + ([(right, 0.78, "adjusted p (q)")] if adjusted else []):
        write(panel, x, top, text)
    for y, (_, row) in zip(at, rows.iterrows(), strict=True):
        write(left, 0.0, y, str(row["feature"]), style="italic", ha="left")
        for x, side in ((0.47, "a"), (0.82, "b")):
            write(left, x, y, f"{row[f'altered_{side}']}/{row[f'n_{side}']} ({100 * row[f'freq_{side}']:.0f}%)")
        write(right, 0.25, y, f"{p_text(row['p_value'])} ({p_text(row['q_value'])})")
        p = row["adj_p"] if pd.isna(row["adj_p_exact"]) else row["adj_p_exact"]
        if adjusted and not pd.isna(p):
            write(right, 0.78, y, f"{p_text(p)} ({p_text(row['adj_q'])})")


def p_text(value: Any) -> str:
    """Return a p or q as figures print it; nothing where it is missing."""
    if pd.isna(value):
        return ""
    p = float(value)
    return f"{p:.2f}" if p >= 0.095 else f"{p:.3f}" if p >= 0.00095 else f"{p:.0e}"


def short_group(group: object) -> str:
    """Return the name of a group without the prefix that all HER2 groups have."""
    return str(group).removeprefix("HER2-")
