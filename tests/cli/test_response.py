"""her2g response on the command line."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics import schema
from her2genomics.cli.main import cli
from her2genomics.workflow.inputs import load_cohort
from her2genomics.workflow.outcome_files import response_of_cohort


def run(*arguments: object, code: int = 0):
    result = CliRunner().invoke(cli, ["-q", "response", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def cohort(tmp_path):
    rng = np.random.default_rng(3)
    n = 60
    table = pd.DataFrame(
        {
            "sample_id": [f"S{i}" for i in range(n)], "her2_group": rng.choice(["zero", "low", "positive"], n),
            "pcr": rng.integers(0, 2, n), "regimen": rng.choice(["EC-T", "TCbHP"], n),
            "change": rng.integers(-100, 40, n),
        }
    )  # fmt: skip
    path = tmp_path / "cohort.tsv"
    table.to_csv(path, sep="\t", index=False)
    return path


def test_the_command_is_the_library_call(cohort):
    printed = pd.read_csv(io.StringIO(run(cohort).stdout), sep="\t")
    result = response_of_cohort(load_cohort(cohort)).response
    assert printed.columns.tolist() == schema.RESPONSE.names
    np.testing.assert_allclose(printed["p_value"], result["p_value"].to_numpy(dtype=float, na_value=np.nan), rtol=1e-5)


def test_folder_and_figures(cohort, tmp_path):
    run(
        cohort,
        "--folder",
        tmp_path / "o",
        "--plot",
        tmp_path / "r.svg",
        "--waterfall",
        tmp_path / "w.png",
        "--change",
        "change",
    )
    names = {path.name for path in (tmp_path / "o").iterdir()}
    assert names == {"response.tsv", "response_rates.tsv", "response_adjusted.tsv", "regimens.tsv", "manifest.json"}
    assert "All patients" in (tmp_path / "r.svg").read_text()
    assert (tmp_path / "w.png").stat().st_size > 1000


def test_the_definition_is_recorded(cohort):
    assert "ypT0 ypN0" in run(cohort, "--definition", "ypT0 ypN0").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--outcome", "nope"], 1, "no column nope"),
        (["--waterfall", "w.png"], 2, "go together"),
        (["--waterfall", "w.png", "--change", "nope"], 1, "no column nope for the waterfall plot"),
        (["--waterfall", "w.png", "--change", "regimen"], 1, "is not a number"),
        (["--by", "change"], 2, "no strata"),
        (["--adjust", "her2_group"], 2, "it makes the groups"),
    ],
)
def test_mistakes_are_one_line(cohort, arguments, code, message):
    result = run(cohort, *arguments, code=code)
    assert message in result.stderr
    assert result.stdout == ""
