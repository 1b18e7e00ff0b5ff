"""The folder of a marker analysis: every table, and the figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from her2genomics.biomarkers.analysis import MarkerAnalysis
from her2genomics.io.figures import write_figure
from her2genomics.io.write import write_table
from her2genomics.report.marker_figures import draw_calibration, draw_marker_distributions, draw_roc


def write_marker_folder(
    result: MarkerAnalysis, samples: pd.DataFrame, markers: Sequence[str], folder: Path, *, group: str, fmt: str = "svg"
) -> list[Path]:
    """Write tables (TSV) and figures, and return their paths in order."""
    written = []
    for name, table in result.tables().items():
        write_table(table, folder / name)
        written.append(folder / name)
    figures = {
        "marker_distribution": draw_marker_distributions(
            samples, list(dict.fromkeys(markers)), result.tests, group=group
        )
    }
    if len(result.roc):
        figures["marker_roc"] = draw_roc(result.roc, result.accuracy)
    if len(result.calibration):
        figures["marker_calibration"] = draw_calibration(result.calibration_groups, result.decision)
    for name, figure in figures.items():
        path = folder / f"{name}.{fmt}"
        write_figure(figure, path)
        written.append(path)
    return written
