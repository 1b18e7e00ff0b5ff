from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

import her2genomics as h2g
from her2genomics.cli.main import cli


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def test_the_example_is_audited(repository: Path, tmp_path: Path) -> None:
    example = repository / "examples" / "audit_tables.tsv"
    result = run("audit", example, "--out", tmp_path / "a.tsv")
    assert result.exit_code == 0, result.stderr
    assert "printed results: reproduced" in result.stderr
    h2g.write_table(h2g.audit_tables(h2g.read_table(example)).rows, tmp_path / "b.tsv")
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()


def test_a_row_that_cannot_be_read_is_an_exit_code(tmp_path: Path) -> None:
    file = tmp_path / "t.tsv"
    file.write_text("kind\ttable_json\tprinted_p\ntable\t[[1,2],[3\t0.05\ntable\t[[59,31],[103,99]]\t0.022\n")
    result = run("audit", file)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert "not evaluable" in lines[1]
    assert "reproduced" in lines[2]


def test_broken_files_end_in_one_line(tmp_path: Path) -> None:
    empty, headless = tmp_path / "e.tsv", tmp_path / "h.tsv"
    empty.write_text("")
    headless.write_text("id\tprinted_p\nA\t0.05\n")
    for file, message in ((empty, "empty"), (headless, "missing columns kind, table_json")):
        result = run("audit", file)
        assert (result.exit_code, result.stdout) == (1, "")
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert run("audit").exit_code == 2
