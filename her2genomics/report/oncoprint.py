"""Oncoprint: genes x samples, with what happened in each cell, what is known of each sample, and how often.

Every class of alteration is one path made of all its rectangles (neighbours joined), so that hundreds of samples are
drawn in a fraction of a second and stay small as vectors; above `MAX_VECTOR_CELLS` the cells alone become an image.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from her2genomics import schema
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.report.legend_rows import LegendEntry, draw_legend_rows, legend_height, text_width
from her2genomics.report.oncoprint_data import ALL_SAMPLES, UNKNOWN_GROUP, OncoprintData, prepare_oncoprint
from her2genomics.report.oncoprint_tracks import LABELS, Track, default_tracks, make_tracks, track_colours
from her2genomics.report.style import (
    CLASS_COLOURS,
    INDETERMINATE_COLOUR,
    PAGE_WIDTH,
    figure_style,
    new_figure,
)

Floats = npt.NDArray[np.float64]

UNALTERED_COLOUR = "#DDE1E6"
ABSENT_COLOUR = "#BBBBBB"
"""Colour of the thin line that stands for what was not profiled or is not known."""
FULL, MUTATION, ABSENT = 0.86, 0.44, 0.12
"""Height of copy number, of mutations together, and of the line for not profiled, as shares of a row."""
MAX_VECTOR_CELLS = 100_000
ROW, TRACK_ROW, BAR_TRACK = 0.135, 0.1, 0.36
"""Heights [inch]."""
_PERCENT, _TITLE_LINE, _EDGE = 0.3, 0.13, 0.05
_BARS = 0.14
"""Width of the bars as a share of the figure's."""
_LEAST_MARK = 0.2 / 72
"""Least width of a mark [inch]: narrower ones would fade."""


@figure_style()
def draw_oncoprint(
    cohort: Cohort,
    genes: Sequence[str] | None = None,
    *,
    top: int = 25,
    among: Collection[str] | None = None,
    classes: Collection[str] = COUNTED_CLASSES,
    split: str | None = "her2_group",
    order: Sequence[str] | None = None,
    tracks: Sequence[str] | None = None,
    width: float = PAGE_WIDTH,
) -> Figure:
    """Draw the oncoprint of a cohort.

    Parameters
    ----------
    cohort
        Samples, alterations and mask.
    genes, top, among, classes, split, order
        What is drawn; see `prepare_oncoprint`.
    tracks
        Columns shown above the genes: numbers as bars, all else as colours; default those that are there of HER2 group,
        hormone receptors, subtype, cluster and burden.
    width
        Width of the figure [inch].

    Raises
    ------
    CohortError
        If there is no sample, no gene, or nothing altered to choose from.
    UsageError
        If a gene, sample or column is not in the cohort.

    Examples
    --------
    >>> import pandas as pd
    >>> from her2genomics.cohort import cohort_from_table
    >>> table = pd.DataFrame({"sample_id": ["a", "b", "c"], "her2_group": ["zero", "low", "low"],
    ...     "TP53": ["R175H", "WT", pd.NA]})
    >>> figure = draw_oncoprint(cohort_from_table(table), ["TP53"])
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['TP53']
    """
    data = prepare_oncoprint(cohort, genes, top=top, among=among, classes=classes, split=split, order=order)
    return oncoprint_figure(data, tracks, split=split, width=width)


@figure_style()
def oncoprint_figure(
    data: OncoprintData, tracks: Sequence[str] | None = None, *, split: str | None = None, width: float = PAGE_WIDTH
) -> Figure:
    """Draw prepared data; see `draw_oncoprint`."""
    shown = make_tracks(data.samples, default_tracks(data.samples) if tracks is None else tracks)
    left = max(text_width(name, style="italic") for name in data.genes)
    left = 0.14 + max([left, *(text_width(t.label, 6) + (0.14 if t.numbers is not None else 0.0) for t in shown)])
    bars_width = _BARS * width
    matrix_width = width - left - _PERCENT - bars_width - 0.1
    edges = _left_edges(data, matrix_width)
    reach = matrix_width + _PERCENT + bars_width
    titles = _title_levels(data, edges, reach)
    ids = _id_height(data, matrix_width)
    legend = _legend(data, shown, split)
    heights = {
        "title": _TITLE_LINE * (1 + max(titles)) + 0.05 if split is not None else 0.06,
        "tracks": sum(_height(track) for track in shown) + (0.05 if shown else 0.0),
        "matrix": ROW * len(data.genes),
        "below": max(ids, 0.34),
        "legend": legend_height(legend, width - 2 * _EDGE) + _EDGE,
    }
    total = sum(heights.values())
    figure = new_figure(width, total)
    figure.set_layout_engine("none")

    def add(x: float, top_edge: float, wide: float, high: float, **more: Any) -> Axes:
        return figure.add_axes((x / width, 1 - (top_edge + high) / total, wide / width, high / total), **more)

    top_edge = heights["title"] + heights["tracks"]
    matrix = add(left, top_edge, matrix_width, heights["matrix"])
    _draw_matrix(matrix, data, edges, matrix_width)
    if ids:
        _write_ids(matrix, data, edges)
    y = heights["title"]
    for track in shown:
        high = TRACK_ROW if track.numbers is None else BAR_TRACK
        axes = add(left, y + _height(track) - high, matrix_width, high - 0.02)
        _draw_track(axes, track, edges, matrix_width)
        y += _height(track)
    if split is not None:
        _write_titles(add(left, 0.0, reach, heights["title"]), data, edges, titles)
    bars = add(left + matrix_width + _PERCENT, top_edge, bars_width, heights["matrix"])
    _draw_bars(bars, matrix, data, 1 + 0.5 * _PERCENT / matrix_width, split)
    draw_legend_rows(
        add(_EDGE, total - heights["legend"], width - 2 * _EDGE, heights["legend"] - _EDGE), legend, width - 2 * _EDGE
    )
    return figure


def _left_edges(data: OncoprintData, width: float) -> tuple[Floats, float]:
    """Return left edge of each sample, and the width of one [inch]; blocks stand apart."""
    gap = 0.05 if len(data.groups) > 1 else 0.0
    step = (width - gap * (len(data.groups) - 1)) / len(data.samples)
    return np.arange(len(data.samples)) * step + data.codes * gap, step


def _runs(flag: npt.NDArray[np.bool_], codes: npt.NDArray[np.intp], join: bool) -> tuple[Any, Any]:
    """Return first and last sample of every run of True inside a block."""
    at = np.flatnonzero(flag)
    if not len(at) or not join:
        return at, at
    new = np.r_[True, (np.diff(at) > 1) | (np.diff(codes[at]) != 0)]
    return at[new], at[np.r_[new[1:], True]]


def _rectangles(boxes: Iterable[tuple[Floats, Floats, Floats, Floats]]) -> Path | None:
    """Return one path of all the rectangles x0, x1, y0, y1."""
    parts = [np.broadcast_arrays(*box) for box in boxes]
    if not parts or not sum(len(part[0]) for part in parts):
        return None
    x0, x1, y0, y1 = (np.concatenate([part[k] for part in parts]) for k in range(4))
    corners = np.stack([np.stack([x0, x1, x1, x0, x0], 1), np.stack([y0, y0, y1, y1, y0], 1)], 2)
    steps = np.array([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], dtype=np.uint8)
    return Path(corners.reshape(-1, 2), np.tile(steps, len(x0)))


def _draw_matrix(axes: Axes, data: OncoprintData, edges: tuple[Floats, float], width: float) -> None:
    left, step = edges
    n, m = data.profiled.shape
    join = step < 4 / 72
    gap = 0.0 if join else 0.14 * step
    image = n * m > MAX_VECTOR_CELLS

    def fill(cells: npt.NDArray[np.bool_], low: Floats, high: Floats, colour: str, name: str) -> None:
        """Fill cells between two shares of their row (0 = top), given per cell."""
        boxes = []
        for j in range(m):
            for bottom in np.unique(low[cells[:, j], j]):
                same = cells[:, j] & (low[:, j] == bottom)
                for end in np.unique(high[same, j]):
                    first, last = _runs(same & (high[:, j] == end), data.codes, join)
                    right = np.maximum(left[last] + step - gap, left[first] + _LEAST_MARK)
                    boxes.append((left[first], right, np.full(len(first), j + bottom), np.full(len(first), j + end)))
        path = _rectangles(boxes)
        if path is not None:
            patch = PathPatch(path, facecolor=colour, linewidth=0, gid=name)
            patch.set_rasterized(image)
            axes.add_patch(patch)

    def whole(share: float) -> tuple[Floats, Floats]:
        return np.full((n, m), 0.5 - share / 2), np.full((n, m), 0.5 + share / 2)

    fill(~data.profiled, *whole(ABSENT), ABSENT_COLOUR, "not profiled")
    fill(data.profiled, *whole(FULL), UNALTERED_COLOUR, "profiled")
    for kinds, share in ((schema.COPY_NUMBER_CLASSES, FULL), (None, MUTATION)):
        chosen = [k for k in data.events if (k in schema.COPY_NUMBER_CLASSES) == (kinds is not None)]
        count = np.sum([data.events[k] for k in chosen], axis=0) if chosen else np.zeros((n, m))
        above = np.zeros((n, m))
        for name in chosen:
            part = share / np.maximum(count, 1)
            low = 0.5 - share / 2 + above * part
            fill(data.events[name], low, low + part, CLASS_COLOURS[name], name)
            above += data.events[name]
    axes.set_xlim(0, width)
    axes.set_ylim(m, 0)
    axes.set_yticks(np.arange(m) + 0.5, data.genes, style="italic", fontsize=6.5)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0, pad=2)
    axes.spines[:].set_visible(False)


def _id_height(data: OncoprintData, width: float) -> float:
    """Return the height of the sample names [inch], 0 where they do not fit."""
    step = _left_edges(data, width)[1]
    if step < 5.5 / 72:
        return 0.0
    return max(text_width(str(name), 5) for name in data.samples["sample_id"]) + 0.08


def _write_ids(axes: Axes, data: OncoprintData, edges: tuple[Floats, float]) -> None:
    left, step = edges
    axes.set_xticks(left + 0.43 * step, [str(s) for s in data.samples["sample_id"]], rotation=90, fontsize=5)
    axes.tick_params(axis="x", length=0, pad=2)


def _block_text(data: OncoprintData, k: int) -> str:
    return f"{data.groups[k]} (n = {int((data.codes == k).sum())})"


def _title_levels(data: OncoprintData, edges: tuple[Floats, float], reach: float) -> list[int]:
    """Return the line of each block's title, 0 the lowest: one that is wider than its block goes above the next."""
    starts: list[float] = []
    levels = []
    for k in reversed(range(len(data.groups))):
        x, right = _title_span(data, edges, reach, k)
        level = next((i for i, start in enumerate(starts) if right + 0.06 <= start), len(starts))
        starts[: level + 1] = [x] * (level + 1)  # the line below a raised title takes room on the lines under it
        levels.append(level)
    return levels[::-1]


def _title_span(data: OncoprintData, edges: tuple[Floats, float], reach: float, k: int) -> tuple[float, float]:
    """Return both ends of a block's title, which begins where the block does unless the figure ends before."""
    wide = text_width(_block_text(data, k), weight="bold")
    first = float(edges[0][data.codes == k].min())
    start = max(0.0, min(first, reach - wide))
    return start, start + wide


def _write_titles(axes: Axes, data: OncoprintData, edges: tuple[Floats, float], levels: Sequence[int]) -> None:
    """Write the titles into axes that reach from the first sample to the end of the bars."""
    box, size = axes.get_position(), axes.get_figure().get_size_inches()  # type: ignore[union-attr]
    width, height = float(box.width * size[0]), float(box.height * size[1])
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    for k, level in enumerate(levels):
        x, _ = _title_span(data, edges, width, k)
        if level:
            axes.plot([x, x], [0.01, level * _TITLE_LINE], color="#777777", linewidth=0.5)
        axes.text(x, 0.035 + level * _TITLE_LINE, _block_text(data, k), fontsize=6.5, fontweight="bold")


def _height(track: Track) -> float:
    """Return the height of a track [inch], with room for the numbers of an axis."""
    return BAR_TRACK + 0.06 if track.numbers is not None else TRACK_ROW


def _draw_track(axes: Axes, track: Track, edges: tuple[Floats, float], width: float) -> None:
    left, step = edges
    axes.set_xlim(0, width)
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
    image = len(left) > MAX_VECTOR_CELLS / 25
    right = left + (step if track.numbers is None else max(step, _LEAST_MARK))
    if track.numbers is not None:
        values = np.minimum(np.nan_to_num(track.numbers), track.ceiling)
        path = _rectangles([(left, right, np.zeros(len(left)), values)])
        axes.set_ylim(0, track.ceiling)
        axes.set_yticks([0, track.ceiling], ["0", track.top], fontsize=5)
        axes.tick_params(axis="y", length=1.5, pad=1)
        axes.spines["left"].set_visible(True)
        axes.text(-0.2, track.ceiling / 2, track.label, ha="right", va="center", fontsize=6)
        parts = [(path, "#555555")]
    else:
        axes.set_ylim(1, 0)
        axes.set_yticks([0.5], [track.label], fontsize=6)
        axes.tick_params(axis="y", length=0, pad=2)
        codes = track.codes
        parts = [
            (_rectangles([(left[at], right[at], np.zeros(len(at)), np.ones(len(at)))]), colour)
            for at, colour in ((np.flatnonzero(codes == k), colour) for k, colour in enumerate(track.colours))
        ]
        absent = np.flatnonzero(codes < 0)
        half = ABSENT / 2
        line = [(left[absent], right[absent], np.full(len(absent), 0.5 - half), np.full(len(absent), 0.5 + half))]
        parts.append((_rectangles(line), ABSENT_COLOUR))
    for path, colour in parts:
        if path is not None:
            patch = PathPatch(path, facecolor=colour, linewidth=0)
            patch.set_rasterized(image)
            axes.add_patch(patch)


def colours_of_groups(data: OncoprintData, split: str | None) -> dict[str, str]:
    """Return the colour of each block's group."""
    known = [group for group in data.groups if group != UNKNOWN_GROUP]
    return dict(zip(known, track_colours(str(split), known), strict=True)) | {
        UNKNOWN_GROUP: INDETERMINATE_COLOUR,
        ALL_SAMPLES: "#555555",
    }


def _draw_bars(axes: Axes, matrix: Axes, data: OncoprintData, text_at: float, split: str | None) -> None:
    """Draw the share of altered samples per gene and block, and write it over all samples."""
    colours = colours_of_groups(data, split)
    k_groups, m = len(data.groups), len(data.genes)
    high = FULL / k_groups
    for k, group in enumerate(data.groups):
        at = np.arange(m) + 0.5 - FULL / 2 + high * (k + 0.5)
        share = 100 * np.nan_to_num(data.frequency[:, k])
        axes.barh(at, share, high * 0.92, color=colours[group], linewidth=0, label=group)
    for j, share in enumerate(data.overall):
        text = "–" if np.isnan(share) else "<1%" if 0 < share < 0.005 else f"{100 * share:.0f}%"
        matrix.text(
            text_at, j + 0.5, text, transform=matrix.get_yaxis_transform(), ha="center", va="center", fontsize=6
        )
    axes.set_ylim(m, 0)
    axes.set_yticks([])
    axes.set_xlim(0, max(1.0, 100 * float(np.nanmax(data.frequency, initial=0.0))) * 1.03)
    axes.tick_params(axis="x", labelsize=5.5, length=2, pad=1)
    axes.locator_params(axis="x", nbins=3)
    axes.set_xlabel("altered [% of profiled]", fontsize=6, labelpad=1, loc="right")


def _legend(data: OncoprintData, tracks: Sequence[Track], split: str | None) -> list[tuple[str, list[LegendEntry]]]:
    """Return what occurs in the figure, in rows."""
    cells = [
        LegendEntry(name.replace("_", " "), CLASS_COLOURS[name], 1.0 if name in schema.COPY_NUMBER_CLASSES else 0.55)
        for name in data.events
    ]
    cells.append(LegendEntry("unaltered", UNALTERED_COLOUR))
    if not data.profiled.all():
        cells.append(LegendEntry("not profiled", ABSENT_COLOUR, ABSENT))
    rows = [("Alteration", cells)]
    if len(data.groups) > 1:
        colours = colours_of_groups(data, split)
        rows.append((LABELS.get(str(split), str(split)), [LegendEntry(group, colours[group]) for group in data.groups]))
    for track in tracks:
        if track.numbers is None and (track.column != split or len(data.groups) == 1):
            own = [LegendEntry(level, colour) for level, colour in zip(track.levels, track.colours, strict=True)]
            absent = [LegendEntry("not known", ABSENT_COLOUR, ABSENT)] if (track.codes < 0).any() else []
            rows.append((track.label, [*own, *absent]))
    return rows
