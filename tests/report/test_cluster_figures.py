from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2genomics.cluster import Clusters, ClusterSettings, cluster_cohort
from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.report.cluster_figures import (
    _marked_cohort,
    plot_clustered_oncoprint,
    plot_coefficients,
    plot_consensus,
    plot_rank_survey,
)
from her2genomics.stats.rank_selection import SurveySettings


def made(inside: float, rank: int | None) -> tuple[Cohort, Clusters]:
    rng = np.random.default_rng(1)
    genes = ["TP53", "MYC", "RB1", "PIK3CA", "GATA3", "CDH1"]
    truth = np.arange(40) % 2
    cells = rng.random((40, 6)) < np.where(truth[:, None] == np.repeat([0, 1], 3), inside, 0.2)
    table = pd.DataFrame(np.where(cells, "missense", "WT"), columns=genes)
    table.insert(0, "sample_id", [f"S{i:02}" for i in range(40)])
    table.insert(1, "her2_group", np.where(truth == 0, "HER2-zero", "HER2-low"))
    cohort = cohort_from_table(table)
    return cohort, cluster_cohort(cohort, ClusterSettings((2, 3), rank, survey=SurveySettings(runs=4)))


def test_the_figures_show_what_the_tables_say() -> None:
    cohort, result = made(0.9, 2)
    survey = plot_rank_survey(result)
    line = survey.axes[0].lines[0]
    assert line.get_ydata() == pytest.approx(result.ranks["cophenetic"].to_numpy(dtype=float))
    consensus = plot_consensus(result)
    image = next(a for a in consensus.axes if "samples" in a.get_xlabel()).images[0]
    assert np.asarray(image.get_array()).sum() == pytest.approx(np.asarray(result.consensus).sum())
    assert len(plot_coefficients(result).axes[1].get_yticks()) == 2
    print_ = plot_clustered_oncoprint(cohort, result)
    genes = [text.get_text() for text in print_.axes[0].get_yticklabels()]
    assert set(genes) <= set(result.matrix.values.index)
    written = [text.get_text() for axes in print_.axes for text in axes.texts]
    sizes = result.assignments["cluster"].value_counts()
    assert all(any(f"{sizes[name]}" in text for text in written) for name in ("1", "2")), "blocks are the clusters"


def test_the_oncoprint_is_drawn_from_the_cells_of_the_matrix() -> None:
    _, result = made(0.9, 2)
    cohort, _ = made(0.9, 2)
    cells = result.matrix.values.rename(index={"MYC": "8q24 amplification"})
    clusters = result.assignments.set_index("sample_id")["cluster"][cells.columns]
    drawn = _marked_cohort(cohort, cells, clusters)
    assert drawn.genes == tuple(cells.index)
    matrix = pd.DataFrame(drawn.altered(), index=drawn.sample_ids, columns=drawn.genes)
    assert (matrix.T.loc[cells.index, cells.columns].to_numpy() == (cells > 0).to_numpy()).all()
    of_amplicon = drawn.alterations.query("gene == '8q24 amplification'")["alteration"]
    assert set(of_amplicon) == {"amplification"}, "what is no gene of the cohort is an amplicon"


def test_without_a_rank_only_the_survey_is_drawn() -> None:
    cohort, result = made(0.2, None)
    assert result.choice.rank is None
    assert plot_rank_survey(result).get_suptitle() == "no rank supported"
    for draw in (plot_consensus, plot_coefficients):
        with pytest.raises(ValueError, match="no rank was used"):
            draw(result)
    with pytest.raises(ValueError, match="no rank was used"):
        plot_clustered_oncoprint(cohort, result)
