"""``her2g biomarkers`` in process."""

from __future__ import annotations

from io import StringIO

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics.biomarkers.accuracy import AccuracySettings
from her2genomics.biomarkers.analysis import analyse_markers
from her2genomics.biomarkers.associations import associate_markers
from her2genomics.cli.main import cli
from her2genomics.workflow.inputs import load_cohort


@pytest.fixture
def cohort(tmp_path):
    rng = np.random.default_rng(1)
    code = rng.integers(0, 3, 90)
    table = pd.DataFrame(
        {
            "sample_id": [f"s{i}" for i in range(90)],
            "ihc": np.array(["0", "1+", "3+"])[code],
            "suvmax": np.round(3 + code + rng.normal(size=90), 2),
            "os_months": 12.0,
        }
    )
    path = tmp_path / "cohort.tsv"
    table.to_csv(path, sep="\t", index=False)
    return path


def run(*arguments):
    return CliRunner().invoke(cli, ["biomarkers", *map(str, arguments)])


def test_the_command_is_the_library_call(cohort):
    result = run(cohort, "--marker", "suvmax", "--bootstrap", 20, "--seed", 4)
    assert result.exit_code == 0
    printed = pd.read_csv(StringIO(result.stdout), sep="\t")
    called = analyse_markers(load_cohort(cohort).samples, ["suvmax"], settings=AccuracySettings(n_bootstrap=20, seed=4))
    np.testing.assert_allclose(printed["auc"], called.accuracy["auc"].astype(float), rtol=1e-5)
    assert printed["positive_class"].tolist() == called.accuracy["positive_class"].tolist()


def test_the_folder_holds_tables_and_figures_and_the_same_bytes_twice(cohort, tmp_path):
    for name in ("a", "b"):
        assert run(cohort, "--marker", "suvmax", "--bootstrap", 20, "--folder", tmp_path / name).exit_code == 0
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert {"marker_accuracy.tsv", "marker_roc.svg", "marker_distribution.svg", "marker_calibration.svg"} <= set(files)
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_associations_are_the_library_call(cohort, tmp_path):
    table = pd.read_csv(cohort, sep="\t")
    table["TP53"] = np.where(np.arange(90) % 3 == 0, "missense", "WT")
    table.to_csv(cohort, sep="\t", index=False)
    path = tmp_path / "associations.tsv"
    options = ("--bootstrap", 20, "--associations", path, "--stratum", "her2_group")
    assert run(cohort, "--marker", "suvmax", *options).exit_code == 0
    written = pd.read_csv(path, sep="\t").set_index("feature")
    called = associate_markers(load_cohort(cohort), ["suvmax"], strata=["her2_group"]).set_index("feature")
    np.testing.assert_allclose(written.loc["TP53", "adj_p"], called.loc["TP53", "adj_p"], rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--marker", "nope"], 1, "no column named nope"),
        (["--marker", "os_months"], 2, "her2g survival"),
        (["--marker", "suvmax", "--cut-off", "best"], 2, "unknown cut-off rule"),
        (["--marker", "suvmax", "--contrast", "low-high"], 2, "use: zero-low"),
        (["--marker", "suvmax", "--set-column", "site"], 1, "no column named site"),
        (["--marker", "suvmax", "--prevalence", "2"], 2, "0<x<1"),
        (["--marker", "suvmax", "--stratum", "her2_group"], 2, "--associations"),
        ([], 2, "--marker"),
    ],
)
def test_errors_are_one_line(cohort, arguments, code, message):
    result = run(cohort, *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
