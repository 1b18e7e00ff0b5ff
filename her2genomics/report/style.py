"""One look for every figure: widths of journal columns, a quiet grid, and colours that mean the same everywhere.

The colours of the HER2 groups are Paul Tol's high-contrast triple: they stay apart in every common form of colour
blindness and in greyscale.  Figures are made as `matplotlib.figure.Figure` objects inside `figure_style`, without the
global state of pyplot, and returned; `io.figures.write_figure` writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

HER2_COLOURS: dict[str, str] = {"HER2-zero": "#004488", "HER2-low": "#DDAA33", "HER2-positive": "#BB5566"}
"""Colour of each HER2 group in every figure and page."""
INDETERMINATE_COLOUR = "#BBBBBB"
NOT_PROFILED_COLOUR = "#EEEEEE"
CLASS_COLOURS: dict[str, str] = {
    "missense": "#228833",
    "truncating": "#222222",
    "inframe": "#AA7744",
    "splice": "#EE7733",
    "promoter": "#117733",
    "fusion": "#AA3377",
    "amplification": "#CC3311",
    "gain": "#EE99AA",
    "loss": "#77AADD",
    "deep_deletion": "#0044BB",
    "other": "#999933",
}
"""Colour of each class of alteration."""
LEVEL_COLOURS: tuple[str, ...] = (
    "#4477AA",
    "#EE6677",
    "#228833",
    "#CCBB44",
    "#66CCEE",
    "#AA3377",
    "#AA7744",
    "#777777",
)
"""Colours of the levels of any other variable, in order."""

COLUMN_WIDTH = 3.35
"""One journal column [inch] (85 mm)."""
PAGE_WIDTH = 6.85
"""Two journal columns [inch] (174 mm)."""

APART = "\u2003\u2003"
"""Space between the two directions under an axis; a page shows several plain spaces of an SVG text as one."""

_SETTINGS: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 7,
    "axes.titlesize": 8,
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.5,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Apply the project's look to figures made inside the block (also usable as a decorator)."""
    with mpl.rc_context(_SETTINGS):
        yield


def new_figure(width: float = PAGE_WIDTH, height: float = 3.0) -> Figure:
    """Return an empty figure of the given size [inch], outside pyplot's global list."""
    return Figure(figsize=(width, height), layout="constrained")


def group_colours(labels: Sequence[str]) -> dict[str, str]:
    """Return a colour per group: the fixed ones for HER2 groups, the level colours in order for any other label.

    Examples
    --------
    >>> group_colours(["HER2-low", "HER2-zero"])["HER2-low"] == HER2_COLOURS["HER2-low"]
    True
    >>> group_colours(["a", "b"])
    {'a': '#4477AA', 'b': '#EE6677'}
    """
    full = {name.removeprefix("HER2-"): colour for name, colour in HER2_COLOURS.items()} | HER2_COLOURS
    her2 = full if set(labels) <= set(full) else HER2_COLOURS  # "positive" beside "negative" is another variable
    others = [label for label in labels if label not in her2]
    rank = {label: i for i, label in enumerate(others)}
    return {label: her2.get(label) or LEVEL_COLOURS[rank[label] % len(LEVEL_COLOURS)] for label in labels}
