from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from her2genomics.exceptions import StatisticsError, UsageError
from her2genomics.stats.nmf_engines import ENGINES, find_engine
from her2genomics.stats.rank_selection import (
    SurveySettings,
    add_permuted,
    choose_rank,
    find_candidate,
    permute_features,
    survey_ranks,
)


@pytest.fixture(scope="module")
def reference(repository: Path) -> pd.DataFrame:
    table = pd.read_csv(repository / "tests" / "reference" / "nmf_matrix_101x523.tsv.gz", sep="\t", index_col=0)
    return table.loc[:, table.any()].astype(float)


def planted(seed: int, effect: float = 0.3, genes: int = 15, samples: int = 120) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth, block = rng.integers(0, 3, samples), np.repeat(np.arange(3), genes)
    v = (rng.random((3 * genes, samples)) < np.where(block[:, None] == truth, effect, 0.03)).astype(float)
    return v[v.any(axis=1)][:, v.any(axis=0)], truth[v.any(axis=0)]


def independent(seed: int, genes: int = 40, samples: int = 150) -> np.ndarray:
    rng = np.random.default_rng(seed)
    v = (rng.random((genes, samples)) < rng.beta(0.6, 6, genes).clip(0.02)[:, None]).astype(float)
    v = v[v.any(axis=1)]
    return v[:, v.any(axis=0)]


@pytest.mark.parametrize(
    ("cophenetic", "rank", "reason"),
    [
        ([1.0, 1.0, 0.9925, 0.9423, 0.972, 0.9848, 0.9604], 3, "1.0000 at 3, 0.9925 at 4"),  # R on the reference
        ([1.0, 0.9985, 0.98], 3, "0.9985 at 3"),  # a fall of 0.0015 is a tie
        ([0.95, 0.99, 0.97], 3, "last before the cophenetic correlation falls"),
        ([1.0, 0.9, 0.99], 2, "1.0000 at 2"),
        ([0.95, 0.97, 0.99], None, "does not fall between ranks 2 and 4"),
        ([0.89, 0.87, 0.76], None, "no cophenetic correlation reaches 0.9 .highest 0.8900"),
        ([0.88, 0.8, 0.95], None, "falls from below 0.9"),
        ([np.nan, 0.99, 0.97], None, "undefined at rank 2"),
    ],
)
def test_the_rule(cophenetic: list[float], rank: int | None, reason: str) -> None:
    found, why = find_candidate(range(2, 2 + len(cophenetic)), cophenetic)
    assert found == rank
    assert re.search(reason, why), why


def test_the_reference_matrix_as_r_has_it(reference: pd.DataFrame, repository: Path) -> None:
    r = pd.read_csv(repository / "tests" / "reference" / "R_nmf_survey.tsv", sep="\t").set_index("rank")
    settings = SurveySettings(runs=30)
    v = reference.to_numpy()
    survey = survey_ranks(v, [2, 3, 4, 5], settings)
    ours = survey.table.set_index("k")
    for rank in (2, 3, 4, 5):
        assert ours.loc[rank, "residual"] == pytest.approx(r.loc[rank, "rss"], rel=1e-3)
        assert ours.loc[rank, "explained_variance"] == pytest.approx(1 - r.loc[rank, "rss"] / (v**2).sum(), abs=1e-3)
    for rank in (2, 3, 4):
        assert ours.loc[rank, "cophenetic"] == pytest.approx(r.loc[rank, "cophenetic"], abs=0.02)
    assert find_candidate([2, 3, 4, 5], ours["cophenetic"].tolist())[0] == 3
    labels = pd.read_csv(repository / "tests" / "reference" / "nmf_rank3_labels.tsv", sep="\t").set_index("sample_id")
    theirs = labels.loc[reference.columns, "r_cluster"]
    assert adjusted_rand_score(theirs, survey.fits[3].best.coefficients.argmax(axis=0)) >= 0.95
    assert adjusted_rand_score(theirs, survey.summary(3).cut) >= 0.95


def test_planted_clusters_are_chosen_with_the_reason() -> None:
    v, truth = planted(1, samples=90)
    settings = SurveySettings(runs=10)
    survey = add_permuted(survey_ranks(v, [2, 3, 4, 5], settings), v, settings)
    choice = choose_rank(survey, v, settings, n_permuted=19)
    assert (choice.rank, choice.candidate) == (3, 4)
    assert choice.p_value < 0.005
    assert "step from rank 3 to 4 explains no more" in choice.reason, "3 and 4 are tied"
    assert "explains more than in permuted matrices" in choice.reason
    assert adjusted_rand_score(truth, survey.summary(3).cut) > 0.9
    table = survey.table.set_index("k")
    assert table.loc[3, "residual"] < table.loc[3, "random_residual"]
    assert table["residual"].is_monotonic_decreasing


def test_a_matrix_without_clusters_is_refused_though_its_cophenetic_is_high() -> None:
    refused, high = 0, 0
    for seed in range(3):
        v = independent(seed, genes=25, samples=80)
        settings = SurveySettings(runs=8, seed=seed)
        survey = survey_ranks(v, [2, 3, 4, 5], settings)
        choice = choose_rank(survey, v, settings, n_permuted=19)
        high += survey.table["cophenetic"].max() > 0.9
        refused += choice.rank is None
        if choice.candidate is not None and choice.rank is None:
            assert "explains no more than in matrices of permuted features" in choice.reason
    assert high == 3
    assert refused == 3


def without_clusters(kind: str, seed: int, reference: pd.DataFrame) -> np.ndarray:
    """Return independent genes with the example cohort's frequencies, a sparse panel's, or a mixture's."""
    rng = np.random.default_rng(seed)
    if kind == "example cohort":
        frequency, samples = reference.to_numpy().sum(axis=1) / 523, 120
    elif kind == "sparse panel":
        frequency, samples = rng.beta(0.5, 10, 40).clip(0.02), 150
    else:
        frequency, samples = rng.beta(0.6, 6, 25).clip(0.02), 80
    v = (rng.random((len(frequency), samples)) < frequency[:, None]).astype(float)
    v = v[v.any(axis=1)]
    return np.asarray(v[:, v.any(axis=0)])


@pytest.mark.verify
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("kind", "first"), [("example cohort", 800_000), ("sparse panel", 900_000), ("mixture", 1_000_000)]
)
def test_how_often_a_matrix_without_clusters_gets_a_rank(kind: str, first: int, reference: pd.DataFrame) -> None:
    """Other matrices than those that the cut-off was chosen on; at a rate of 5 % more than 8 of 60 come in 0.3 %."""
    chosen = 0
    for seed in range(first, first + 60):
        v = without_clusters(kind, seed, reference)
        settings = SurveySettings(runs=8, seed=seed)
        survey = survey_ranks(v, [2, 3, 4, 5], settings)
        chosen += choose_rank(survey, v, settings, n_permuted=19).rank is not None
    assert chosen <= 8, f"{chosen} of 60"


def test_permuting_keeps_every_features_frequency() -> None:
    v = independent(3)
    permuted = permute_features(v, np.random.default_rng(1))
    assert permuted.sum(axis=1).tolist() == v.sum(axis=1).tolist()
    assert permuted.any(axis=0).all()
    assert (permuted.shape != v.shape) or (permuted != v).any()


@pytest.mark.parametrize(
    ("ranks", "message"), [([1, 2], "ranks 1 to 2"), ([2, 99], "ranks go from 2 to"), ([2, 2], "once"), ([], "none")]
)
def test_ranks_that_cannot_be_surveyed(ranks: list[int], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        survey_ranks(independent(1), ranks)


@pytest.mark.parametrize("loss", ["euclidean", "kl"])
def test_the_engines_agree(loss: str) -> None:
    v, _ = planted(2, effect=0.6, samples=60)
    fits = {
        name: find_engine(name)(v, [2, 3], runs=4, seed=9, loss=loss, threads=1, progress=None)[1]  # type: ignore[arg-type]
        for name in ENGINES
    }
    for name, fit in fits.items():
        assert fit.rank == 3
        assert fit.best.loss == pytest.approx(fits["fast"].best.loss, rel=2e-3), name
        assert (
            adjusted_rand_score(fits["fast"].best.coefficients.argmax(axis=0), fit.best.coefficients.argmax(axis=0))
            > 0.9
        )
        again = find_engine(name)(v, [3], runs=4, seed=9, loss=loss, threads=1, progress=None)[0]  # type: ignore[arg-type]
        # nimfa's and scikit-learn's sums depend on where arrays lie in memory, in the last digit
        np.testing.assert_allclose(again.losses, fit.losses, rtol=1e-9)
    other = find_engine("nimfa")(v, [3], runs=4, seed=10, loss=loss, threads=1, progress=None)[0]  # type: ignore[arg-type]
    assert not np.allclose(other.losses, fits["nimfa"].losses, rtol=1e-9)


def test_nimfa_leaves_numpy_and_itself_as_they_were() -> None:
    v, _ = planted(3, samples=40)
    find_engine("nimfa")(v, [2], runs=1, seed=1, loss="euclidean", threads=1, progress=None)
    assert not hasattr(np, "mat")
    assert all(m.np is np for n, m in sys.modules.items() if n.startswith("nimfa") and hasattr(m, "np"))


def test_engines_are_known_by_name() -> None:
    with pytest.raises(UsageError, match="unknown NMF engine 'R'; use one of: fast, nimfa, sklearn"):
        find_engine("R")
