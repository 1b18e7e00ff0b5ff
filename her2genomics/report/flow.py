"""Flow diagram of a study: what was there, what was left out at which step and why, and what remains.

Made from a cohort's attrition, as STROBE and REMARK ask for.  Steps count different things (patients, samples, rows of
mutations), so each has a chain of its own; changes made on reading drop no tumour and stand below as notes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from her2genomics.cohort import ATTRITION_COLUMNS, Cohort
from her2genomics.exceptions import CohortError, SchemaError
from her2genomics.report.style import PAGE_WIDTH, figure_style, group_colours, new_figure

LINE = 0.125
"""Height of a line of text [inch]."""
_PAD, _GAP, _EDGE = 0.07, 0.13, 0.08
_LEFT, _RIGHT = (0.08, 2.55), (2.95, PAGE_WIDTH - 0.08)
_LEFT_CHARACTERS, _RIGHT_CHARACTERS, _NOTE_CHARACTERS = 42, 68, 120
_EXCLUDED_COLOUR = "#F4F4F4"


@dataclass(frozen=True)
class FlowBox:
    """One box: its lines, whether it stands to the right (left out), and whether an arrow leads to it."""

    lines: tuple[str, ...]
    left_out: bool = False
    follows: bool = False

    @property
    def height(self) -> float:
        """Height [inch]."""
        return LINE * len(self.lines) + 2 * _PAD


def flow_boxes(attrition: pd.DataFrame) -> list[FlowBox]:
    """Return the boxes of an attrition table from the top; what drops nothing has none.

    Names of samples that were left out stand in the table, not in the figure.

    Raises
    ------
    SchemaError
        If a column is missing, or the numbers of a row do not add up.

    Examples
    --------
    >>> rows = [("inclusion", "adults", 10, 2, 8, ""), ("inclusion", "known ER", 8, 3, 5, "")]
    >>> [box.lines for box in flow_boxes(pd.DataFrame(rows, columns=ATTRITION_COLUMNS))]
    [('inclusion', 'n = 10'), ('adults: 2 left out',), ('n = 8',), ('known ER: 3 left out',), ('n = 5',)]
    """
    boxes: list[FlowBox] = []
    for step, rows in _chains(_counted(attrition)):
        if not (rows["n_dropped"] > 0).any():
            continue
        boxes.append(FlowBox((*textwrap.wrap(step, _LEFT_CHARACTERS), f"n = {rows['n_before'].iloc[0]:,}")))
        for row in rows.to_dict("records"):
            if row["n_dropped"] == 0:
                continue
            told = isinstance(row["detail"], str) and row["detail"] and not step.endswith("samples")
            detail = f" ({row['detail']})" if told else ""
            text = f"{row['rule']}: {row['n_dropped']:,} left out{detail}"
            boxes.append(FlowBox(tuple(textwrap.wrap(text, _RIGHT_CHARACTERS)), left_out=True))
            boxes.append(FlowBox((f"n = {row['n_after']:,}",), follows=True))
    return boxes


def _counted(attrition: pd.DataFrame) -> pd.DataFrame:
    absent = [c for c in ATTRITION_COLUMNS if c not in attrition]
    if absent:
        raise SchemaError(
            f"missing column {', '.join(absent)} of an attrition table", hint="her2g cohort build writes attrition.tsv"
        )
    table = attrition.copy()
    for column in ("n_before", "n_dropped", "n_after"):
        table[column] = pd.to_numeric(table[column], errors="coerce").astype("Int64")
    counted = table[table[["n_before", "n_dropped", "n_after"]].notna().all(axis=1)]
    wrong = counted[counted["n_before"] - counted["n_dropped"] != counted["n_after"]]
    if len(wrong):
        row = wrong.iloc[0]
        raise SchemaError(
            f"'{row['rule']}': {row['n_before']} less {row['n_dropped']} is not {row['n_after']}",
            line=int(wrong.index[0]) + 2,
        )
    return counted


def _chains(counted: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows in chains: the same step, each beginning where the one before ended."""
    same = (counted["step"] == counted["step"].shift()) & (counted["n_before"] == counted["n_after"].shift())
    key = (~same.fillna(False).astype(bool)).cumsum()
    return [(str(rows["step"].iloc[0]), rows) for _, rows in counted.groupby(key, sort=False)]


def reading_notes(attrition: pd.DataFrame) -> list[str]:
    """Return what was changed on reading, as lines of text."""
    rows = attrition[pd.to_numeric(attrition["n_before"], errors="coerce").isna()]
    return [f"{row['step']}: {row['rule']} (n = {row['n_dropped']})" for row in rows.to_dict("records")]


@figure_style()
def draw_flow(attrition: pd.DataFrame, cohort: Cohort | None = None) -> Figure:
    """Draw the flow diagram of a cohort.

    Parameters
    ----------
    attrition
        ``step, rule, n_before, n_dropped, n_after, detail``, as `Cohort.attrition` or ``attrition.tsv``.
    cohort
        The cohort that remains: its size, and that of its HER2 groups, close the figure.

    Raises
    ------
    SchemaError
        If a column is missing, or the numbers of a row do not add up.
    CohortError
        If nothing was left out and no cohort is given.
    """
    boxes = flow_boxes(attrition)
    if not boxes and cohort is None:
        raise CohortError("no step left anyone out, so there is no flow to draw", hint="add --cohort cohort.tsv")
    notes = [line for note in reading_notes(attrition) for line in textwrap.wrap(note, _NOTE_CHARACTERS)]
    groups = [] if cohort is None else _group_sizes(cohort)
    body = sum(box.height + _GAP for box in boxes)
    closing = 0.0 if not groups else 0.55 + 2 * LINE
    below = (1.5 + len(notes)) * LINE if notes else 0.0
    total = body + closing + below + 2 * _EDGE
    figure = new_figure(PAGE_WIDTH, total)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, PAGE_WIDTH)
    axes.set_ylim(total, 0)
    axes.set_axis_off()
    y = _draw_boxes(axes, boxes, _EDGE)
    if groups:
        _draw_groups(axes, groups, y)
        y += closing
    if notes:
        axes.text(_LEFT[0], y + 0.5 * LINE, "Changed on reading", fontsize=6, fontweight="bold", va="center")
        for k, note in enumerate(notes):
            axes.text(_LEFT[0], y + (k + 1.5) * LINE, note, fontsize=6, va="center")
    return figure


def _draw_boxes(axes: Axes, boxes: Sequence[FlowBox], y: float) -> float:
    """Draw all boxes from the top and return where they end."""
    middle = sum(_LEFT) / 2
    above: float | None = None
    for box in boxes:
        if box.left_out:
            _box(axes, box.lines, _RIGHT, y, _EXCLUDED_COLOUR, centred=False)
            _arrow(axes, (middle, y + box.height / 2), (_RIGHT[0], y + box.height / 2))
        else:
            if box.follows and above is not None:
                _arrow(axes, (middle, above), (middle, y))
            _box(axes, box.lines, _LEFT, y, "white", centred=True)
            above = y + box.height
        y += box.height + _GAP
    return y


def _box(axes: Axes, lines: Sequence[str], span: tuple[float, float], y: float, colour: str, *, centred: bool) -> None:
    high = LINE * len(lines) + 2 * _PAD
    style = "round,pad=0,rounding_size=0.03"
    axes.add_patch(
        FancyBboxPatch(
            (span[0], y), span[1] - span[0], high, boxstyle=style, facecolor=colour, edgecolor="#444444", lw=0.6
        )
    )
    x = sum(span) / 2 if centred else span[0] + _PAD
    for k, line in enumerate(lines):
        axes.text(
            x, y + _PAD + (k + 0.5) * LINE, line, ha="center" if centred else "left", va="center_baseline", fontsize=6.5
        )


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=6, lw=0.6, color="#444444", shrinkA=0, shrinkB=0)
    )


def _group_sizes(cohort: Cohort) -> list[tuple[str, int]]:
    if "her2_group" not in cohort.samples:
        return [("cohort", len(cohort.samples))]
    sizes = cohort.samples["her2_group"].value_counts(sort=False)
    unknown = int(cohort.samples["her2_group"].isna().sum())
    rows = [(str(name), int(n)) for name, n in sizes.items() if n]
    return [("cohort", len(cohort.samples)), *rows, *([("indeterminate", unknown)] if unknown else [])]


def _draw_groups(axes: Axes, groups: Sequence[tuple[str, int]], y: float) -> None:
    """Draw the cohort that remains, and its groups beside each other below it."""
    _box(axes, [f"Cohort: n = {groups[0][1]:,}"], (_LEFT[0], _RIGHT[1]), y, "white", centred=True)
    top, n = y + LINE + 2 * _PAD, len(groups) - 1
    colours = group_colours([name for name, _ in groups[1:] if name != "indeterminate"]) | {"indeterminate": "#BBBBBB"}
    wide = (_RIGHT[1] - _LEFT[0] + 0.1) / max(n, 1)
    for k, (name, size) in enumerate(groups[1:]):
        span = (_LEFT[0] + k * wide, _LEFT[0] + (k + 1) * wide - 0.1)
        _arrow(axes, (sum(span) / 2, top), (sum(span) / 2, top + _GAP))
        _box(axes, [f"{name}: n = {size:,}"], span, top + _GAP, "white", centred=True)
        axes.plot([span[0] + 0.03, span[1] - 0.03], [top + _GAP] * 2, color=colours[name], lw=2, solid_capstyle="butt")
