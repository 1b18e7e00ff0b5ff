from __future__ import annotations

from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

import her2genomics as h2g
from her2genomics.cli.main import cli

COHORT = """sample_id\tihc\tish_reported\ter_status\tgrade\tage\tTP53
P1\t0\t\tpositive\t2\t41\tWT
P2\t0\t\tnegative\t3\t50\tR175H
P3\t2+\tnegative\tpositive\t3\t62\tmissense
P4\t1+\t\tpositive\t2\t39\tWT
P5\t3+\t\tnegative\t3\t55\t1
P6\t3+\t\tpositive\t\t71\tWT
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    file = tmp_path / "cohort.tsv"
    file.write_text(COHORT)
    return file


def test_table1_with_no_option_needed(cohort: Path) -> None:
    result = run("table1", cohort)
    assert result.exit_code == 0, result.stderr
    found = pd.read_csv(StringIO(result.stdout), sep="\t", keep_default_na=False)
    assert found.columns.tolist()[:3] == ["Characteristic", "Overall (n = 6)", "HER2-zero (n = 2)"]
    assert found["Characteristic"].str.strip().tolist()[0] == "Age, years, median [IQR]"
    assert "Fisher-Freeman-Halton exact test for categories" in result.stderr


def test_table1_is_the_library_call(cohort: Path, tmp_path: Path) -> None:
    result = run("table1", cohort, "--variables", "grade,age", "-o", tmp_path / "a.tsv", "--tests", tmp_path / "t.tsv")
    assert result.exit_code == 0, result.stderr
    table = h2g.make_table1(h2g.load_cohort(cohort).samples, variables=["grade", "age"])
    h2g.write_table(table.to_table(), tmp_path / "b.tsv")
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()
    assert (tmp_path / "t.tsv").read_text().startswith("variable\tcontrast\ttest")


def test_every_format_and_several_at_once(cohort: Path, tmp_path: Path) -> None:
    pytest.importorskip("docx")
    files = [tmp_path / f"t.{ending}" for ending in ("md", "html", "csv", "docx")]
    result = run("table1", cohort, *(x for f in files for x in ("-o", f)))
    assert result.exit_code == 0, result.stderr
    starts = [f.read_bytes()[:2] for f in files]
    assert starts == [b"**", b"<!", b"Ch", b"PK"]
    assert run("table1", cohort, "--format", "markdown").stdout.startswith("**Characteristics by HER2 group**")
    assert run("table1", cohort, "--format", "html").stdout.startswith("<!DOCTYPE html>")


def test_mistakes_end_in_one_line(cohort: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.tsv"
    empty.write_text("")
    one = tmp_path / "one.tsv"
    one.write_text("\n".join(COHORT.splitlines()[:2]) + "\n")
    for arguments, code, message in (
        (("table1", cohort, "--format", "docx"), 2, "needs a file"),
        (("table1", cohort, "-o", tmp_path / "t.odt"), 2, "cannot tell the format"),
        (("table1", cohort, "--variables", "greade"), 1, "no clinical column named greade"),
        (("table1", cohort, "--group", "arm"), 1, "no column arm"),
        (("table1", cohort, "--min-cell", "5", "--values", tmp_path / "v.tsv"), 2, "what --min-cell hides"),
        (("table1", empty), 1, "empty"),
        (("table1", one), 1, "fewer than two groups"),
        (("table1", tmp_path / "absent.tsv"), 1, "absent.tsv"),
    ):
        result = run(*arguments)
        assert result.exit_code == code, result.output
        assert message in result.stderr
        assert result.stdout == ""
    assert not (tmp_path / "t.odt").exists()
