"""Legends as rows of text under a figure: each with its title, wrapped where the page ends, nothing overlapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path

FontStyle = Literal["normal", "italic"]

POINTS = 72.0
FONT_SIZE = 6.5
LINE = 0.145
"""Height of a line [inch]."""
_SWATCH, _GAP = 0.1, 0.14


@dataclass(frozen=True)
class LegendEntry:
    """One swatch: its label, colour, and height as a share of a full cell."""

    label: str
    colour: str
    height: float = 1.0


def text_width(text: str, size: float = FONT_SIZE, *, weight: str = "normal", style: FontStyle = "normal") -> float:
    """Return the width of a line of text [inch]."""
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight, style=style)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / POINTS


def place_rows(
    rows: Sequence[tuple[str, Sequence[LegendEntry]]], width: float
) -> tuple[list[tuple[str, LegendEntry | None, float, int]], int]:
    """Return title or entry, left edge [inch] and line of everything in the legend, and how many lines there are."""
    indent = max((text_width(title, weight="bold") for title, _ in rows), default=0.0) + _GAP
    placed: list[tuple[str, LegendEntry | None, float, int]] = []
    line = 0
    for title, entries in rows:
        placed.append((title, None, 0.0, line))
        x = indent
        for entry in entries:
            needed = _SWATCH + 0.04 + text_width(entry.label)
            if x > indent and x + needed > width:
                x, line = indent, line + 1
            placed.append((entry.label, entry, x, line))
            x += needed + _GAP
        line += 1
    return placed, line


def legend_height(rows: Sequence[tuple[str, Sequence[LegendEntry]]], width: float) -> float:
    """Return the height that the legend needs [inch]."""
    return LINE * place_rows(rows, width)[1]


def draw_legend_rows(axes: Axes, rows: Sequence[tuple[str, Sequence[LegendEntry]]], width: float) -> None:
    """Draw the legend into axes that are ``width`` wide and `legend_height` high [inch]."""
    placed, lines = place_rows(rows, width)
    axes.set_xlim(0, width)
    axes.set_ylim(LINE * max(lines, 1), 0)
    axes.set_axis_off()
    for text, entry, x, line in placed:
        middle = LINE * (line + 0.5)
        if entry is None:
            axes.text(x, middle, text, va="center_baseline", fontsize=FONT_SIZE, fontweight="bold")
            continue
        high = _SWATCH * entry.height
        axes.add_patch(Rectangle((x, middle - high / 2), _SWATCH, high, facecolor=entry.colour, linewidth=0))
        axes.text(x + _SWATCH + 0.04, middle, text, va="center_baseline", fontsize=FONT_SIZE)
