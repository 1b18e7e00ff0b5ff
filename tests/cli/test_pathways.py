"""her2g pathways: what it writes, that it is one library call, and its one-line errors."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

import her2genomics as h2g
from her2genomics import schema
from her2genomics.cli.main import cli

COHORT = """sample_id\tihc\ter_status\tTP53\tPIK3CA\tPTEN\tAPC\tKMT2C
P1\t0\tpositive\tWT\tH1047R\tWT\tWT\tWT
P2\t0\tnegative\tR175H\tWT\tWT\t\tmissense
P3\t1+\tpositive\tmissense\tWT\ttruncating\tWT\tWT
P4\t1+\tpositive\tWT\tE545K\tWT\tR213*\tWT
P5\t3+\tnegative\t1\t0\tWT\tWT\tWT
P6\t3+\tpositive\tWT\t\tWT\tWT\tWT
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    file = tmp_path / "cohort.tsv"
    file.write_text(COHORT)
    return file


@pytest.fixture
def gmt(tmp_path: Path) -> Path:
    file = tmp_path / "sets.gmt"
    file.write_text("PI3K\tx\tPIK3CA\tPTEN\tNOGENE\nCHROMATIN\tx\tMLL3\nNONE\tx\tABC1\n")
    return file


def test_pathways_is_the_library_call(cohort: Path, gmt: Path, tmp_path: Path) -> None:
    result = run(
        "pathways", cohort, "--gmt", gmt, "--out", tmp_path / "a.tsv", "--samples", tmp_path / "s.tsv",
        "--coverage", tmp_path / "c.tsv",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    again = h2g.compare_pathways(h2g.load_cohort(cohort), h2g.PathwaySettings(h2g.read_gmt(gmt)))
    for name, table in (("a", again.association), ("s", again.alterations), ("c", again.coverage)):
        h2g.write_table(table, tmp_path / "x.tsv")
        assert (tmp_path / "x.tsv").read_bytes() == (tmp_path / f"{name}.tsv").read_bytes()


def test_what_is_written(cohort: Path, gmt: Path, tmp_path: Path) -> None:
    result = run("pathways", cohort, "--gmt", gmt, "--contrast", "zero-low", "--samples", tmp_path / "s.tsv")
    lines = result.stdout.splitlines()
    assert lines[0].split("\t") == schema.ASSOCIATION.names
    samples = pd.read_csv(tmp_path / "s.tsv", sep="\t", keep_default_na=False)
    pi3k = samples[samples["pathway"] == "PI3K"].set_index("sample_id")["altered"]
    assert pi3k.to_dict() == {"P1": "True", "P2": "False", "P3": "True", "P4": "True", "P5": "False", "P6": "NA"}
    assert set(samples.loc[samples["pathway"] == "NONE", "altered"]) == {"NA"}
    assert "2 of 5 genes are not profiled in this cohort: ABC1, NOGENE" in result.stderr
    assert "not evaluable, no gene is profiled: NONE" in result.stderr


def test_the_default_pathways_need_no_option(cohort: Path) -> None:
    result = run("pathways", cohort)
    assert result.exit_code == 0, result.stderr
    assert "PI3K_AKT" in result.stdout
    assert "pathway_without_hubs" in result.stdout
    assert "pathway_without_hubs" not in run("pathways", cohort, "--without", "none").stdout


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--gmt", "nothere.gmt"], 1, "nothere.gmt"),
        (["--source", "KEGG"], 2, "no gene set from KEGG; sources: Reactome"),
        (["--contrast", "zero-none"], 2, "unknown contrast zero-none"),
        (["--classes", "typo"], 2, "unknown alteration class typo"),
        (["--min-profiled", "0"], 2, "min-profiled"),
    ],
)
def test_one_line_errors(cohort: Path, options: list[str], code: int, message: str) -> None:
    result = run("pathways", cohort, *options)
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_an_empty_gmt_and_a_cohort_without_genes(tmp_path: Path, cohort: Path) -> None:
    empty = tmp_path / "empty.gmt"
    empty.write_text("")
    assert "empty" in run("pathways", cohort, "--gmt", empty).stderr
    bare = tmp_path / "bare.tsv"
    bare.write_text("sample_id\tihc\nA\t0\nB\t3+\n")
    result = run("pathways", bare)
    assert result.exit_code == 1
    assert "no gene column" in result.stderr
