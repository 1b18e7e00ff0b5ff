"""``her2g compare`` with its options: read, one call, write; errors in one line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from her2genomics.cli.main import cli


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["compare", *(str(a) for a in arguments)])


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    n = 90
    table = pd.DataFrame({"sample_id": [f"s{i}" for i in range(n)], "ihc": ["0", "1+", "3+"] * 30})
    table["er_status"] = ["positive" if i % 4 else "negative" for i in range(n)]
    table["pr_status"] = table["er_status"]
    table["age"] = [40 + (7 * i) % 30 for i in range(n)]
    table["TP53"] = ["R175H" if i % 3 == 2 or i % 7 == 0 else "WT" for i in range(n)]
    table["ERBB2"] = [
        "amplification;L755S" if i % 30 == 2 else "amplification" if i % 3 == 2 else "WT" for i in range(n)
    ]
    path = tmp_path_factory.mktemp("compare") / "cohort.tsv"
    table.to_csv(path, sep="\t", index=False)
    return path


def test_everything_that_can_be_written(cohort: Path, tmp_path: Path) -> None:
    names = {name: tmp_path / f"{name}.tsv" for name in ("out", "counts", "carriers", "balance")}
    figure = tmp_path / "forest.svg"
    result = run(
        cohort, "--adjust", "hr_status,age", "--adjust-by", "overlap", "--feature", "ERBB2:amp+ERBB2:mutation",
        "--level", "hotspot", "--plot", f"forest:zero-low={figure}", *(x for k, v in names.items() for x in (f"--{k}", v)),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    tables = {name: pd.read_csv(path, sep="\t") for name, path in names.items()}
    assert set(tables["out"]["adj_for"].dropna()) == {"hr_status, age"}
    assert {"gene", "feature", "hotspot", "clinical"} <= set(tables["out"]["family"])
    assert len(tables["carriers"]) == 3
    assert (tables["balance"]["adj_smd"].abs() < 1e-6).all(), "overlap weights balance the means exactly"
    assert figure.read_text().startswith("<?xml")


def test_strata_and_selections(cohort: Path) -> None:
    strata = run(cohort, "--by", "hr_status", "--contrast", "zero-low", "--where", "age >= 45")
    assert strata.exit_code == 0, strata.output
    assert "only samples with age >= 45" in strata.stderr
    assert {line.split("\t")[0] for line in strata.stdout.splitlines()[1:]} == {"negative", "positive"}
    recipe = run(cohort, "--group", "hr_status", "--by", "her2_group")
    assert recipe.exit_code == 0, recipe.output
    assert "HER2-low: negative 8, positive 22" in recipe.stderr
    ordinal = run(cohort, "--group", "ihc", "--contrast", "trend", "--numbers", "welch")
    assert ordinal.exit_code == 0, ordinal.output
    assert "Cochran-Armitage trend" in ordinal.stdout


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--where", "er_status == maybe"], 1, "never has the value maybe; it has: negative, positive"),
        (["--adjust", "subtype"], 2, "cannot adjust for subtype"),
        (["--adjust", "nope"], 1, "no column nope to adjust for"),
        (["--balance", "b.tsv"], 2, "--balance needs --adjust-by matching or overlap"),
        (["--plot", "forest"], 2, "write KIND=FILE"),
        (["--plot", "pie=x.svg"], 2, "no figure named pie"),
        (["--plot", "forest=x.bmp"], 2, "cannot write a figure as 'bmp'"),
        (["--group", "age"], 2, "add --cut median"),
        (["--feature", "TP53:what"], 2, "feature 'TP53:what' is not understood"),
    ],
)
def test_errors_are_one_line_and_nothing_is_half_done(
    cohort: Path, options: list[str], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(cohort, *options, "--out", tmp_path / "out.tsv")
    assert result.exit_code == code
    assert message in result.output
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []
