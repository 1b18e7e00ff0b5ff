"""her2g survival on the command line."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics import schema
from her2genomics.cli.main import cli
from her2genomics.workflow.inputs import load_cohort
from her2genomics.workflow.outcome_files import survival_of_cohort


def run(*arguments: object, code: int = 0):
    result = CliRunner().invoke(cli, ["-q", "survival", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def cohort(tmp_path):
    rng = np.random.default_rng(3)
    n = 60
    time, stop = rng.exponential(30, n), rng.uniform(1, 60, n)
    table = pd.DataFrame(
        {
            "sample_id": [f"S{i}" for i in range(n)], "her2_group": rng.choice(["zero", "low", "positive"], n),
            "er_status": rng.choice(["positive", "negative"], n), "dfs_months": np.minimum(time, stop).round(1),
            "dfs_event": np.where(time <= stop, 1, 0),
        }
    )  # fmt: skip
    path = tmp_path / "cohort.tsv"
    table.to_csv(path, sep="\t", index=False)
    return path


def test_the_command_is_the_library_call(cohort):
    printed = pd.read_csv(io.StringIO(run(cohort).stdout), sep="\t")
    result = survival_of_cohort(load_cohort(cohort)).survival
    assert printed.columns.tolist() == schema.SURVIVAL.names
    np.testing.assert_allclose(
        printed["hazard_ratio"], result["hazard_ratio"].to_numpy(dtype=float, na_value=np.nan), rtol=1e-5
    )
    assert printed["group"].tolist() == ["all", "HER2-zero", "HER2-low", "HER2-positive"]


def test_a_folder_holds_every_table_and_a_manifest(cohort, tmp_path):
    folder = tmp_path / "out"
    run(
        cohort,
        "--folder",
        folder,
        "--test",
        "paper",
        "--plot",
        tmp_path / "km.svg",
        "--forest",
        tmp_path / "f.png",
        "--swimmer",
        tmp_path / "s.png",
    )
    names = {path.name for path in folder.iterdir()}
    assert {
        "survival.tsv",
        "km_curves.tsv",
        "logrank.tsv",
        "cox.tsv",
        "ph_test.tsv",
        "relapse_ratio_test.tsv",
        "manifest.json",
    } <= names
    assert (tmp_path / "km.svg").read_text().startswith("<?xml")
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    run(cohort, "--folder", folder, "--test", "paper")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_the_event_goes_with_the_time(cohort):
    assert run(cohort, "--time", "dfs_months").stdout == run(cohort).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--time", "nope"], 1, "no column nope, nope_event; outcome columns there are: dfs_months, dfs_event"),
        (["--group", "arm"], 1, "no column arm"),
        (["--covariate", "nope"], 1, "no column named nope for a covariate"),
        (["--endpoint", "idfs"], 1, "no column os_months, os_event"),
        (["--landmark", "500"], 1, "no patient is left"),
        (["--landmark", "-1"], 2, "is no time after diagnosis"),
        (["--tau", "9999"], 1, "outside the follow-up"),
        (["--plot", "km.bmp"], 2, "cannot write a figure as 'bmp'"),
        (["--covariate", "her2_group"], 2, "makes the groups"),
    ],
)
def test_mistakes_are_one_line(cohort, arguments, code, message):
    result = run(cohort, *arguments, code=code)
    assert message in result.stderr
    assert result.stderr.count("her2g: error") == 1
    assert result.stdout == ""


def test_an_empty_file_is_one_line(tmp_path):
    (tmp_path / "empty.tsv").write_text("")
    assert "empty" in run(tmp_path / "empty.tsv", code=1).stderr
