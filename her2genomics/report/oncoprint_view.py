"""The oncoprint of a page: cells and tracks as embedded data, drawn, sorted and read out by a small script.

Without scripts, and in print, the page has the oncoprint as a figure; for those who do not see it, the table of
frequencies holds its numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.report.html import Picture
from her2genomics.report.oncoprint import ABSENT_COLOUR, UNALTERED_COLOUR, colours_of_groups
from her2genomics.report.oncoprint_data import OncoprintData
from her2genomics.report.oncoprint_tracks import Track, default_tracks, make_tracks
from her2genomics.report.style import CLASS_COLOURS


@dataclass(frozen=True)
class OncoprintView:
    """An interactive oncoprint as a block of a page.

    Parameters
    ----------
    view_id
        Identifier in the page.
    figure
        The same as a figure, for print and for pages without scripts.
    label
        What is read out in its place.
    data
        Genes, samples, cells and tracks for the script.
    """

    view_id: str
    figure: Picture
    label: str
    data: dict[str, Any]
    kind: ClassVar[str] = "oncoprint"
    script: ClassVar[str] = "oncoprint.js"

    @property
    def ids(self) -> list[str]:
        """Identifiers that the block takes in the page."""
        return [self.view_id, *self.figure.ids]


def oncoprint_view(
    data: OncoprintData, alterations: pd.DataFrame, figure: Picture, *, view_id: str, split: str | None
) -> OncoprintView:
    """Return the interactive oncoprint.

    Parameters
    ----------
    data
        As `prepare_oncoprint` returns it; its order of samples is the first one shown.
    alterations
        Alterations of the cohort, for the protein changes that are shown at a cell.
    figure
        The oncoprint as a figure.
    view_id
        Identifier in the page.
    split
        Column that makes the blocks.
    """
    colours = colours_of_groups(data, split)
    tracks = make_tracks(data.samples, default_tracks(data.samples))
    content = {
        "genes": list(data.genes),
        "share": [None if np.isnan(share) else round(float(share), 4) for share in data.overall],
        "samples": [str(sample) for sample in data.samples["sample_id"]],
        "groups": [{"name": str(group), "colour": colours[group]} for group in data.groups],
        "group": data.codes.tolist(),
        "classes": [
            {
                "name": name.replace("_", " "),
                "colour": CLASS_COLOURS[name],
                "whole": name in schema.COPY_NUMBER_CLASSES,
                "cells": [np.flatnonzero(cells[:, j]).tolist() for j in range(len(data.genes))],
            }
            for name, cells in data.events.items()
        ],
        "absent": [np.flatnonzero(~data.profiled[:, j]).tolist() for j in range(len(data.genes))],
        "changes": _changes(data, alterations),
        "tracks": [_track(track) for track in tracks],
        "unaltered": UNALTERED_COLOUR,
        "missing": ABSENT_COLOUR,
    }
    label = (
        f"Oncoprint of {len(data.genes)} genes in {len(data.samples)} tumours. The table of frequencies that follows "
        "has its numbers."
    )
    return OncoprintView(view_id, figure, label, content)


def _changes(data: OncoprintData, alterations: pd.DataFrame) -> list[list[list[Any]]]:
    """Return, per gene, pairs of sample and its protein changes."""
    rows = alterations[alterations["gene"].isin(list(data.genes)) & alterations["detail"].notna()]
    samples = pd.Index(data.samples["sample_id"]).get_indexer(pd.Index(rows["sample_id"]))
    genes = pd.Index(list(data.genes)).get_indexer(pd.Index(rows["gene"]))
    found: dict[tuple[int, int], list[str]] = {}
    for gene, sample, detail in zip(genes.tolist(), samples.tolist(), rows["detail"], strict=True):
        if sample >= 0 and data.profiled[sample, gene] and str(detail):
            found.setdefault((gene, sample), []).append(str(detail))
    changes: list[list[list[Any]]] = [[] for _ in data.genes]
    for gene, sample in sorted(found):
        changes[gene].append([sample, "; ".join(dict.fromkeys(found[gene, sample]))])
    return changes


def _track(track: Track) -> dict[str, Any]:
    if track.numbers is None:
        levels = [{"name": name, "colour": colour} for name, colour in zip(track.levels, track.colours, strict=True)]
        return {"label": track.label, "levels": levels, "codes": track.codes.tolist()}
    numbers = [None if np.isnan(x) else float(f"{x:.4g}") for x in track.numbers]
    return {"label": track.label, "numbers": numbers, "ceiling": track.ceiling, "tmb": track.column == "tmb"}
