"""``her2g agreement`` in process."""

from __future__ import annotations

from io import StringIO

import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics.cli.main import cli

READINGS = "case\tlocal\tcentral\tsuv_a\tsuv_b\n" + "\n".join(
    f"c{i}\t{a}\t{b}\t{x}\t{y}"
    for i, (a, b, x, y) in enumerate(
        [
            ("0", "0", 1.2, 1.4),
            ("1+", "0", 2.2, 2.1),
            ("2+", "2+", 5.1, 5.6),
            ("3+", "3+", 8.2, 7.7),
            ("1+", "1+", 2.9, 3.3),
        ]
    )
)
SPECIMENS = """sample_id\tpatient_id\tsample_type\tihc
a1\ta\tprimary\t0
a2\ta\tmetastasis\t1+
b1\tb\tprimary\t3+
b2\tb\tmetastasis\t3+
c1\tc\tprimary\t1+
c2\tc\tmetastasis\t1+
"""


def run(*arguments):
    return CliRunner().invoke(cli, ["agreement", *map(str, arguments)])


@pytest.fixture
def readings(tmp_path):
    path = tmp_path / "readings.tsv"
    path.write_text(READINGS)
    return path


def test_readers_of_scores_and_of_measurements(readings, tmp_path):
    result = run(
        "readers",
        readings,
        "--columns",
        "local,central",
        "--counts",
        tmp_path / "matrix.tsv",
        "--plot",
        tmp_path / "m.svg",
    )
    assert result.exit_code == 0
    table = pd.read_csv(StringIO(result.stdout), sep="\t")
    assert table["statistic"].tolist()[:2] == ["agreement", "kappa"]
    assert pd.read_csv(tmp_path / "matrix.tsv", sep="\t")["n"].sum() == 5
    measured = run("readers", readings, "--columns", "suv_a,suv_b", "--plot", tmp_path / "ba.svg")
    assert "ICC(2,1)" in measured.stdout
    assert (tmp_path / "ba.svg").stat().st_size > 1000


def test_specimens(tmp_path):
    path = tmp_path / "specimens.tsv"
    path.write_text(SPECIMENS)
    result = run("specimens", path)
    assert result.exit_code == 0
    table = pd.read_csv(StringIO(result.stdout), sep="\t").set_index("statistic")
    assert table.loc["discordant", "value"] == pytest.approx(1 / 3, abs=1e-5)
    assert table.loc["HER2-zero becomes HER2-low", "value"] == 1
    assert "3 patients have both" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["readers", "{file}", "--columns", "local"], 2, "two columns or more"),
        (["readers", "{file}", "--columns", "local,who"], 1, "no column named who"),
        (["readers", "absent.tsv", "--columns", "a,b"], 1, "no such file"),
        (["tests", "{file}", "--truth", "local", "--tests", "central"], 1, "levels"),
        (["specimens", "{file}"], 1, "no column"),
        (["lesions", "{file}", "--value", "suv_a"], 1, "no column named patient_id"),
        (["lesions", "{file}", "--value", "local", "--patient", "case"], 1, "is not a number"),
        (["erbb2", "{file}"], 1, "no column"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_errors_are_one_line(readings, arguments, code, message):
    result = run(*(a.format(file=readings) for a in arguments))
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
