"""Writing figures: vector or raster by the file's ending, the same bytes twice, whole or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from her2genomics.exceptions import UsageError
from her2genomics.io.write import atomic_path

FIGURE_FORMATS: tuple[str, ...] = ("png", "svg", "pdf")
_NO_DATE: dict[str, dict[str, None]] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def write_figure(figure: Figure, path: str | os.PathLike[str], *, dpi: int = 200) -> None:
    """Write a figure as PNG, SVG or PDF; text stays text, and no date goes into the file.

    Raises
    ------
    UsageError
        If the ending is none of `FIGURE_FORMATS`.
    FileFormatError
        If the file cannot be written.
    """
    ending = figure_format(path)
    with _settled(figure), atomic_path(path) as temporary:
        figure.savefig(temporary, format=ending, dpi=dpi, metadata=_NO_DATE[ending])


def svg_bytes(figure: Figure) -> bytes:
    """Return what `write_figure` writes as SVG."""
    buffer = io.BytesIO()
    with _settled(figure):
        figure.savefig(buffer, format="svg", dpi=200, metadata=_NO_DATE["svg"])
    return buffer.getvalue()


def read_svgs(folder: str | os.PathLike[str]) -> dict[str, bytes]:
    """Return the SVG files of a folder by their names without the ending."""
    return {path.stem: path.read_bytes() for path in sorted(Path(folder).glob("*.svg"))}


@contextmanager
def _settled(figure: Figure) -> Iterator[None]:
    """Lay a figure out, and keep what makes the same bytes twice inside the block."""
    fixed: Any = {"svg.hashsalt": "her2genomics", "svg.fonttype": "none", "pdf.fonttype": 42}
    with mpl.rc_context(fixed):
        settle_layout(figure)
        yield


def settle_layout(figure: Figure) -> None:
    """Lay the figure out once and round the places of its axes.

    The solver of constrained layout takes its terms in the order of their addresses, so that places differ in the last
    digit from run to run; names of clipping regions in SVG are made from all digits.
    """
    engine = figure.get_layout_engine()
    if engine is None or not figure.axes:
        return
    engine.execute(figure)
    figure.set_layout_engine("none")
    for axes in figure.axes:
        left, bottom, width, height = (round(float(x), 6) for x in axes.get_position(original=True).bounds)
        axes.set_position((left, bottom, width, height))


def figure_format(path: str | os.PathLike[str]) -> str:
    """Return the format that a file's ending asks for; a command checks it before it computes anything.

    Raises
    ------
    UsageError
        If the ending is none of `FIGURE_FORMATS`.

    Examples
    --------
    >>> figure_format("forest.SVG")
    'svg'
    """
    ending = Path(path).suffix.lower().lstrip(".")
    if ending not in FIGURE_FORMATS:
        raise UsageError(
            f"cannot write a figure as '{ending}': {os.fspath(path)}", hint=f"end it in {', '.join(FIGURE_FORMATS)}"
        )
    return ending
