from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from her2genomics import schema
from her2genomics.cli.main import cli


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    genes = ["TP53", "MYC", "RB1", "PTEN", "PIK3CA", "GATA3", "CDH1", "AKT1", "CCND1", "FGF3", "FGF4", "FGF19"]
    truth = np.arange(75) % 3
    cells = rng.random((75, 12)) < np.where(truth[:, None] == np.repeat(np.arange(3), 4), 0.8, 0.03)
    table = pd.DataFrame(np.where(cells, "missense", "WT"), columns=genes)
    table.insert(0, "sample_id", [f"S{i:03}" for i in range(75)])
    table.insert(1, "her2_group", np.array(["zero", "low", "positive"])[rng.integers(0, 3, 75)])
    path = tmp_path / "cohort.tsv"
    table.to_csv(path, sep="\t", index=False)
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["cluster", *map(str, arguments), "--runs", "5"])


def test_the_command_is_deterministic_and_can_be_joined(cohort: Path, tmp_path: Path) -> None:
    one = run(cohort, "--ranks", "2-4", "--out-dir", tmp_path / "a")
    assert one.exit_code == 0, one.stderr
    two = run(cohort, "--ranks", "2,3,4", "--out-dir", tmp_path / "b", "--threads", "2")
    assert one.stdout == two.stdout
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert {
        "assignments.tsv",
        "rank_selection.tsv",
        "features.tsv",
        "tests.tsv",
        "contingency.tsv",
        "her2_table.tsv",
    } <= set(files)
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    table = pd.read_csv(io.StringIO(one.stdout), sep="\t")
    assert table.columns.tolist() == schema.NMF_ASSIGNMENTS.names
    assert table["sample_id"].tolist() == pd.read_csv(cohort, sep="\t")["sample_id"].tolist()
    assert "rank 3 is the last before" in one.stderr
    assert "her2_group by cluster, n (% of the column): Fisher-Freeman-Halton exact p" in one.stderr
    assert not one.stderr.startswith("her2g cluster"), "no progress label without a terminal"
    assert sorted(table["cluster"].dropna().unique()) in ([1, 2, 3], [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--ranks", "two"], 2, "'two' is no list of ranks"),
        (["--ranks", "1-3"], 1, "ranks go from 2 to"),
        (["--genes", "TP53"], 1, "1 features"),
        (["--genes", "NF1,ATM"], 1, "the cohort has none of the genes NF1, ATM"),
        (["--min-frequency", "0.9"], 1, "no gene is altered in at least 0.9 of its profiled samples (highest 0."),
        (["--classes", "odd"], 2, "unknown alteration class odd"),
    ],
)
def test_mistakes_get_one_line(cohort: Path, arguments: list[str], code: int, message: str) -> None:
    result = run(cohort, *arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_table_without_genes(tmp_path: Path) -> None:
    file = tmp_path / "c.tsv"
    file.write_text("sample_id\tgrade\nA\t1\nB\t2\n")
    result = run(file)
    assert result.exit_code == 1
    assert "her2g: error:" in result.stderr
