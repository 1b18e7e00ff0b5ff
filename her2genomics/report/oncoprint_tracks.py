"""What is known of each sample, as tracks above an oncoprint: categories as colours, numbers as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import category_text, is_numeric_column, level_order
from her2genomics.exceptions import UsageError
from her2genomics.report.style import HER2_COLOURS, LEVEL_COLOURS

DEFAULT_TRACKS: tuple[str, ...] = ("her2_group", "hr_status", "subtype", "cluster", "tmb")
LABELS: dict[str, str] = {
    "her2_group": "HER2 group", "hr_status": "HR status", "subtype": "Subtype", "cluster": "Cluster",
    "tmb": "TMB [per Mb]",
}  # fmt: skip
HR_COLOURS: dict[str, str] = {"positive": "#009988", "negative": "#EE7733"}
MAX_TRACK_LEVELS = 12
_MORE_COLOURS: tuple[str, ...] = ("#332288", "#88CCEE", "#999933", "#882255")
_CUT = 0.99
"""Bars are cut at this quantile: one hypermutated tumour would flatten all others."""


@dataclass(frozen=True)
class Track:
    """One track; ``numbers`` for bars up to ``ceiling``, else ``codes`` into ``levels`` with ``colours``."""

    column: str
    label: str
    levels: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    codes: npt.NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    numbers: npt.NDArray[np.float64] | None = None
    ceiling: float = 1.0

    @property
    def top(self) -> str:
        """The ceiling as text, marked where bars are cut there."""
        cut = self.numbers is not None and float(np.nanmax(self.numbers)) > self.ceiling
        return f"{'≥' if cut else ''}{self.ceiling:g}"


def default_tracks(samples: pd.DataFrame) -> list[str]:
    """Return the columns of `DEFAULT_TRACKS` that are there and not empty."""
    return [name for name in DEFAULT_TRACKS if name in samples and samples[name].notna().any()]


def make_tracks(samples: pd.DataFrame, names: Sequence[str]) -> list[Track]:
    """Return the tracks of the named columns.

    Raises
    ------
    UsageError
        If a column is not there, or is free text.

    Examples
    --------
    >>> make_tracks(pd.DataFrame({"hr_status": ["positive", "negative", None]}), ["hr_status"])[0].codes.tolist()
    [0, 1, -1]
    """
    absent = [name for name in names if name not in samples]
    if absent:
        raise UsageError(f"no column named {', '.join(absent)} for a track", hint="her2g check FILE lists columns")
    return [_track(samples[name]) for name in dict.fromkeys(names)]


def _track(values: pd.Series) -> Track:
    name = str(values.name)
    label = LABELS.get(name, name)
    if values.notna().any() and name != "cluster" and is_numeric_column(values[values.notna()]):
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        largest, high = float(np.nanmax(numbers)), float(np.nanquantile(numbers, _CUT))
        ceiling = _round_up(high if largest > 2 * high else largest)
        return Track(name, label, numbers=numbers, ceiling=ceiling)
    text = category_text(values)
    levels = sorted(set(text.dropna()), key=lambda level: _level_order(name, level))
    if len(levels) > MAX_TRACK_LEVELS:
        raise UsageError(f"{name} has {len(levels)} different texts, too many for a track", hint="choose a category")
    return Track(name, label, tuple(levels), track_colours(name, levels), pd.Index(levels).get_indexer(pd.Index(text)))


def _round_up(value: float) -> float:
    """Return the next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten."""
    if not value > 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value * (1 - 1e-9)))


def _level_order(name: str, level: str) -> tuple[int, float, str]:
    order = {"her2_group": schema.HER2_GROUPS, "her2_tier4": schema.HER2_TIERS, "hr_status": tuple(HR_COLOURS)}
    known = order.get(name, ())
    return (0, float(known.index(level)), level) if level in known else level_order(level)


def track_colours(name: str, levels: Sequence[str]) -> tuple[str, ...]:
    """Return the colour of each level of a column: fixed ones for HER2 groups and hormone receptors."""
    fixed = {"her2_group": HER2_COLOURS, "hr_status": HR_COLOURS}.get(name, {})
    palette = LEVEL_COLOURS + _MORE_COLOURS
    return tuple(fixed.get(level, palette[k % len(palette)]) for k, level in enumerate(levels))
