"""``her2g predict`` in process."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics.cli.main import cli


@pytest.fixture
def cohort(tmp_path):
    rng = np.random.default_rng(1)
    code = np.arange(60) % 3
    table = pd.DataFrame(
        {
            "sample_id": [f"s{i}" for i in range(60)],
            "ihc": np.array(["0", "1+", "3+"])[code],
            "suvmax": np.round(3 + 2 * code + rng.normal(size=60), 2),
            "age": rng.integers(30, 80, 60),
        }
    )
    path = tmp_path / "cohort.tsv"
    table.to_csv(path, sep="\t", index=False)
    return path


FAST = ("--folds", 3, "--inner-folds", 2, "--model", "logistic", "--bootstrap", 20, "--features", "suvmax,age")


def run(*arguments):
    return CliRunner().invoke(cli, ["predict", *map(str, arguments)])


def test_the_folder_is_the_same_twice_and_its_model_can_be_applied(cohort, tmp_path):
    for name in ("a", "b"):
        result = run(cohort, *FAST, "--folder", tmp_path / name)
        assert result.exit_code == 0, result.stderr
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert {"model_card.md", "model_card.json", "model_logistic.json", "prediction_roc.svg"} <= set(files)
    assert {"prediction_confusion.svg", "prediction_importance.svg", "prediction_calibration.svg"} <= set(files)
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    applied = run("apply", tmp_path / "a" / "model_logistic.json", cohort)
    assert applied.exit_code == 0, applied.stderr
    assert len(applied.stdout.splitlines()) == 61


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--features", "ihc"], 2, "ihc cannot be a feature"),
        (["--features", "nope"], 1, "no column or gene named nope"),
        (["--contrast", "low-high", "--features", "age"], 2, "use: zero-low"),
        ([], 2, "no gene column and no tmb"),
        (["--folds", "30", "--features", "age"], 1, "needs 30 for 30 folds"),
        (["--features", "age", "--target", "nope"], 1, "no column nope"),
    ],
)
def test_errors_are_one_line(cohort, arguments, code, message):
    result = run(cohort, *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_file_that_is_no_model_is_refused(cohort):
    result = run("apply", cohort, cohort)
    assert result.exit_code == 1
    assert "not a her2genomics prediction model" in result.stderr
