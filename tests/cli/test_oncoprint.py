"""her2g oncoprint: that it draws what is named, and its one-line errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from her2genomics.cli.main import cli

COHORT = """sample_id\tihc\ter_status\tTP53\tPIK3CA\tMLL3
P1\t0\tpositive\tWT\tH1047R\tWT
P2\t0\tnegative\tR175H\tWT\tmissense
P3\t1+\tpositive\tmissense\tWT\tWT
P4\t3+\tnegative\t1\t0\tWT
P5\t3+\tpositive\t\t\t
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["oncoprint", *(str(a) for a in arguments)])


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    file = tmp_path / "cohort.tsv"
    file.write_text(COHORT)
    return file


def test_genes_in_the_order_given_under_current_symbols(cohort: Path, tmp_path: Path) -> None:
    out = tmp_path / "figure.svg"
    result = run(cohort, "--genes", "MLL3,TP53", "--tracks", "none", "--out", out)
    assert result.exit_code == 0, result.output
    svg = out.read_text()
    assert svg.index(">KMT2C</text>") < svg.index(">TP53</text>")
    assert ">PIK3CA<" not in svg
    assert "HER2-low (n = 1)" in svg
    assert "1 samples in which none of the genes was profiled" in result.output


def test_no_blocks(cohort: Path, tmp_path: Path) -> None:
    out = tmp_path / "figure.svg"
    assert run(cohort, "--split", "none", "--out", out).exit_code == 0
    assert "(n = " not in out.read_text()


@pytest.mark.parametrize(
    ("options", "message", "code"),
    [
        (["--genes", "TP53,NOSUCH"], "no column named NOSUCH", 1),
        (["--tracks", "nosuch"], "no column named nosuch", 2),
        (["--split", "nosuch"], "no column named nosuch", 2),
        (["--classes", "fusion"], "no gene is altered", 1),
    ],
)
def test_mistakes_are_one_line(cohort: Path, tmp_path: Path, options: list[str], message: str, code: int) -> None:
    out = tmp_path / "figure.svg"
    result = run(cohort, *options, "--out", out)
    assert result.exit_code == code, result.output
    assert message in result.output.splitlines()[-1]
    assert not out.exists()


def test_wrong_ending_and_empty_cohort(cohort: Path, tmp_path: Path) -> None:
    assert "cannot write a figure" in run(cohort, "--out", tmp_path / "figure.doc").output
    empty = tmp_path / "empty.tsv"
    empty.write_text(COHORT.splitlines()[0] + "\n")
    result = run(empty, "--out", tmp_path / "figure.svg")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
