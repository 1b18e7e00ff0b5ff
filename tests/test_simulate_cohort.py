"""Simulated cohorts: the same seed gives the same study, and what is found is what was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2genomics.cohort_build import MolecularTables, build_cohort
from her2genomics.consequences import alteration_classes
from her2genomics.exceptions import UsageError
from her2genomics.her2 import classify_her2
from her2genomics.simulate_cohort import CohortSettings, SimulatedCohort, simulate_cohort


@pytest.fixture(scope="module")
def cohort() -> SimulatedCohort:
    return simulate_cohort(CohortSettings(samples=4000, seed=3))


def test_the_seed_decides_everything() -> None:
    first, again, other = (simulate_cohort(CohortSettings(samples=60, seed=seed)) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first.mutations, again.mutations)
    pd.testing.assert_frame_equal(first.clinical, again.clinical)
    assert not first.mutations.equals(other.mutations)


def test_a_panel_reports_its_own_genes_only(cohort: SimulatedCohort) -> None:
    panel = cohort.mutations["Tumor_Sample_Barcode"].map(cohort.gene_panel_matrix.set_index("sample_id")["mutations"])
    for name, genes in cohort.panels.items():
        assert set(cohort.mutations.loc[panel == name, "Hugo_Symbol"]) <= set(genes)


def test_frequencies_among_profiled_samples_are_the_planted_ones(cohort: SimulatedCohort) -> None:
    altering = cohort.mutations[alteration_classes(cohort.mutations).notna()]
    table = cohort.clinical.assign(
        her2_group=classify_her2(cohort.clinical)["her2_group"].astype("string"), hr_status=cohort.clinical["er_status"]
    )
    assert table["her2_group"].notna().all()
    for gene in ("TP53", "PIK3CA", "ERBB2", "BRCA2"):
        found = table["sample_id"].isin(altering.loc[altering["Hugo_Symbol"] == gene, "Tumor_Sample_Barcode"])
        seen = found.groupby([table["hr_status"], table["her2_group"]]).agg(["mean", "size"])
        truth = cohort.truth[cohort.truth["gene"] == gene].set_index(["hr_status", "her2_group"])["frequency"]
        error = np.sqrt(truth * (1 - truth) / seen["size"])
        assert (((seen["mean"] - truth) / error).abs() < 4).all(), gene


def test_it_builds_into_a_cohort_with_every_gene_profiled_by_the_large_panel() -> None:
    small = simulate_cohort(CohortSettings(samples=80, panels={"surrogate520": (1.0, 1.0)}))
    cohort = build_cohort(small.clinical, MolecularTables(mutations=small.mutations))
    assert cohort.profiled.all()
    assert cohort.altered().sum() > 0
    assert not len(cohort.off_panel)


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"group_shares": (0.5, 0.5, 0.5)}, {"panels": {"x": (1.0, 0.4)}}])
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="add up to 1"):
        simulate_cohort(CohortSettings(**wrong))  # type: ignore[arg-type]
