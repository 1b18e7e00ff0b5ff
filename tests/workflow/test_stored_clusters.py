"""Clusters that one command left are those that another shows, and those of another cohort are refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from her2genomics.cli.main import cli
from her2genomics.cluster import Clusters, ClusterSettings, cluster_cohort
from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.exceptions import CohortError, FileFormatError, Her2GenomicsError, SchemaError
from her2genomics.stats.rank_selection import SurveySettings
from her2genomics.workflow.stored_clusters import read_clusters, store_clusters

GENES = ["TP53", "MYC", "RB1", "PTEN", "PIK3CA", "GATA3", "CDH1", "AKT1", "CCND1", "NF1", "ATM", "BRCA2"]
SETTINGS: dict[str, ClusterSettings] = {
    "nmf": ClusterSettings(ranks=(2, 3), rank=3, survey=SurveySettings(runs=4)),
    "hierarchical": ClusterSettings(ranks=(2, 3), rank=3, method="hierarchical"),
}


def table(seed: int = 1, n: int = 45) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 3
    cells = rng.random((n, 12)) < np.where(truth[:, None] == np.repeat(np.arange(3), 4), 0.8, 0.05)
    made = pd.DataFrame(np.where(cells, "missense", "WT"), columns=GENES)
    made.iloc[0] = "WT"
    made.iloc[1, 3] = pd.NA
    made.insert(0, "sample_id", [f"S{i:03}" for i in range(n)])
    made.insert(1, "her2_group", np.array(["HER2-zero", "HER2-low", "HER2-positive"])[rng.integers(0, 3, n)])
    return made


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return cohort_from_table(table())


@pytest.fixture(scope="module", params=list(SETTINGS))
def made(request: pytest.FixtureRequest, cohort: Cohort) -> Clusters:
    return cluster_cohort(cohort, SETTINGS[request.param])


@pytest.fixture
def folder(made: Clusters, tmp_path: Path) -> Path:
    store_clusters(made, tmp_path / "clusters", ("few tumours",))
    return tmp_path / "clusters"


def test_clusters_come_back(made: Clusters, folder: Path, cohort: Cohort) -> None:
    back = read_clusters(folder, cohort)
    for name in ("assignments", "ranks", "features", "tests", "contingency", "her2_table"):
        ours, theirs = getattr(made, name), getattr(back, name)
        texts = {column: "" for column in ours if not pd.api.types.is_numeric_dtype(ours[column])}
        pd.testing.assert_frame_equal(theirs.fillna(texts), ours.fillna(texts), rtol=1e-5, check_dtype=False)
    pd.testing.assert_frame_equal(back.matrix.values, made.matrix.values, check_column_type=False, check_names=False)
    for name in ("unaltered", "unprofiled", "incomplete"):
        assert getattr(back.matrix, name) == getattr(made.matrix, name)
    assert back.matrix.unaltered == ("S000",)
    assert back.matrix.incomplete == ("S001",)
    np.testing.assert_array_equal(back.consensus, made.consensus)
    np.testing.assert_array_equal(back.tree, made.tree)
    assert (back.consensus_samples, back.notes) == (made.consensus_samples, made.notes)
    assert vars(back.choice) == pytest.approx(vars(made.choice), nan_ok=True)
    if made.factors is None:
        assert back.factors is None
    else:
        assert back.factors is not None
        np.testing.assert_array_equal(back.factors.basis, made.factors.basis)
        np.testing.assert_array_equal(back.factors.coefficients, made.factors.coefficients)
        assert back.factors.loss == made.factors.loss
    assert back.summary() == made.summary()


def test_without_a_supported_rank_there_is_a_matrix_and_a_reason(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    noise = pd.DataFrame(np.where(rng.random((40, 12)) < 0.3, "missense", "WT"), columns=GENES)
    noise.insert(0, "sample_id", [f"S{i:03}" for i in range(40)])
    cohort = cohort_from_table(noise)
    made = cluster_cohort(cohort, ClusterSettings(ranks=(2, 3), survey=SurveySettings(runs=4)))
    assert made.choice.rank is None
    store_clusters(made, tmp_path)
    back = read_clusters(tmp_path, cohort)
    assert (back.choice.rank, back.choice.reason, back.consensus, back.factors) == (
        None,
        made.choice.reason,
        None,
        None,
    )
    pd.testing.assert_frame_equal(back.matrix.values, made.matrix.values, check_column_type=False, check_names=False)


def other_samples(made: pd.DataFrame) -> pd.DataFrame:
    return made.assign(sample_id=made["sample_id"].replace("S044", "S999"))


def other_alterations(made: pd.DataFrame) -> pd.DataFrame:
    changed = made.copy()
    changed.loc[changed["TP53"].eq("missense").idxmax(), "TP53"] = "WT"
    return changed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (other_samples, "of other samples than the cohort's: S044 is in the clusters only"),
        (lambda made: made.iloc[:-1], "S044 is in the clusters only"),
        (other_alterations, "TP53 was altered when the clusters were made, and is not in the cohort"),
        (lambda made: made.drop(columns="PTEN"), "PTEN was clustered, and is no gene of the cohort"),
    ],
)
def test_clusters_of_another_cohort_are_refused(folder: Path, change: Any, message: str) -> None:
    with pytest.raises(CohortError, match=message) as refused:
        read_clusters(folder, cohort_from_table(change(table())))
    assert "her2g cluster" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_files_of_two_clusterings_are_refused(folder: Path, cohort: Cohort) -> None:
    one = pd.read_csv(folder / "assignments.tsv", sep="\t")
    one.loc[one["sample_id"] == "S010", ["status", "cluster"]] = ["no alteration", 0]
    one.to_csv(folder / "assignments.tsv", sep="\t", index=False, na_rep="NA")
    with pytest.raises(CohortError, match="of different samples"):
        read_clusters(folder, cohort)


@pytest.mark.parametrize(
    ("choice", "message"),
    [("", "choice of a rank"), ("[]", "choice of a rank"), ('{"rank": 3}', "choice of a rank")],
)
def test_a_damaged_choice_is_named(folder: Path, cohort: Cohort, choice: str, message: str) -> None:
    (folder / "choice.json").write_text(choice)
    with pytest.raises(FileFormatError, match=message):
        read_clusters(folder, cohort)


def test_arrays_that_do_not_go_together_are_named(folder: Path, cohort: Cohort) -> None:
    said = json.loads((folder / "choice.json").read_text())
    (folder / "choice.json").write_text(json.dumps({**said, "rank": None}))
    with pytest.raises(SchemaError, match="a consensus and rank None"):
        read_clusters(folder, cohort)
    (folder / "choice.json").write_text(json.dumps(said))
    with np.load(folder / "clusters.npz") as stored:
        arrays = dict(stored)
    changes: list[tuple[dict[str, Any], str]] = [
        ({"consensus": arrays["consensus"][:-1]}, "consensus or tree are not of"),
        ({"tree": arrays["tree"][:-1]}, "consensus or tree are not of"),
        ({"consensus_samples": np.char.add("x", arrays["consensus_samples"])}, "a sample that the matrix lacks"),
        ({"tree": None}, "go together, and one is missing"),
    ]
    if "basis" in arrays:
        less = {name: arrays[name] for name in ("basis", "coefficients")}
        changes.append(
            ({"basis": less["basis"][:, 1:], "coefficients": less["coefficients"][1:]}, "2 components at rank")
        )
    for changed, message in changes:
        np.savez(folder / "clusters.npz", **{n: a for n, a in {**arrays, **changed}.items() if a is not None})
        with pytest.raises(SchemaError, match=message):
            read_clusters(folder, cohort)


def test_a_file_that_is_gone_is_named(folder: Path, cohort: Cohort) -> None:
    for name in ("clusters.npz", "choice.json", "notes.json", "features.tsv"):
        (folder / name).rename(folder / "away")
        with pytest.raises(Her2GenomicsError, match=name):
            read_clusters(folder, cohort)
        (folder / "away").rename(folder / name)


def her2g(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def figures(page: Path) -> dict[str, str]:
    svgs = re.findall(r"<svg.*?</svg>", page.read_text(), flags=re.S)
    return {re.search(r'aria-labelledby="(\S+)-title', svg)[1]: svg for svg in svgs if "aria-labelledby" in svg}  # type: ignore[index]


def test_the_report_shows_the_clusters_of_a_folder_as_if_it_had_made_them(tmp_path: Path) -> None:
    source = tmp_path / "cohort.tsv"
    table(n=75).to_csv(source, sep="\t", index=False, na_rep="NA")
    how = ("--ranks", "2-4", "--runs", "5")
    done = her2g("cluster", source, *how, "--out-dir", tmp_path / "clusters", "--out", tmp_path / "assignments.tsv")
    assert done.exit_code == 0, done.output
    made = her2g("report", source, "--out", tmp_path / "made.html", *how)
    read = her2g("report", source, "--out", tmp_path / "read.html", "--clusters-from", tmp_path / "clusters")
    assert (made.exit_code, read.exit_code) == (0, 0), read.output
    ours, theirs = figures(tmp_path / "made.html"), figures(tmp_path / "read.html")
    assert {"rank-survey", "consensus", "cluster-oncoprint", "coefficients"} <= set(ours)
    assert set(ours) == set(theirs)
    differing = {name for name in ours if ours[name] != theirs[name]}
    assert differing <= {"rank-survey"}, "this one is drawn from a table, which has six digits in a file"
    assert "read from" in (tmp_path / "read.html").read_text()

    both = her2g(
        "report", source, "--out", tmp_path / "x.html", "--clusters-from", tmp_path / "clusters", "--no-clusters"
    )
    assert (both.exit_code, "contradict each other" in both.output) == (2, True)
    other_samples(table(n=75)).to_csv(source, sep="\t", index=False, na_rep="NA")
    refused = her2g("report", source, "--out", tmp_path / "x.html", "--clusters-from", tmp_path / "clusters")
    assert refused.exit_code == 1
    assert "clusters are of other samples than the cohort's" in refused.output
    assert not (tmp_path / "x.html").exists()
