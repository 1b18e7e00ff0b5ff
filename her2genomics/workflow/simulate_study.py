"""A simulated study on disk: clinical table, MAF, gene panel matrix, its panels, and the truth beside them."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from her2genomics.io.panels import write_panel
from her2genomics.io.write import write_table
from her2genomics.panel import load_panel
from her2genomics.panel_import import panel_from_targets
from her2genomics.simulate_cohort import CohortSettings, SimulatedCohort, simulate_cohort

BUILD = "hg19"


def write_simulated_study(folder: str | os.PathLike[str], settings: CohortSettings | None = None) -> SimulatedCohort:
    """Draw a cohort and write it to a folder.

    The files are ``clinical.tsv``, ``mutations.maf``, ``gene_panel_matrix.tsv``, ``truth.tsv`` and ``panels/``;
    the panels are found by name when ``HER2G_PANELS`` names ``folder/panels``.

    Parameters
    ----------
    folder
        Where to write; panels that are there are replaced.
    settings
        See `CohortSettings`.

    Returns
    -------
    SimulatedCohort
        What was written.
    """
    out = Path(folder)
    cohort = simulate_cohort(settings)
    write_table(cohort.clinical, out / "clinical.tsv")
    write_table(cohort.mutations, out / "mutations.maf")
    write_table(cohort.gene_panel_matrix, out / "gene_panel_matrix.tsv")
    write_table(cohort.truth, out / "truth.tsv")
    for name, genes in cohort.panels.items():
        write_panel(*panel_from_targets(_targets(genes), name=name, build=BUILD), out / "panels" / name, replace=True)
    return cohort


def _targets(genes: tuple[str, ...]) -> pd.DataFrame:
    targets = load_panel().targets(BUILD)
    return targets[targets["gene"].isin(genes)].assign(name=targets["gene"]).reset_index(drop=True)
