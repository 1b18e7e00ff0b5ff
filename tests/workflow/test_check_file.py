"""What ``her2g check`` says of columns: results of the toolkit, and columns that look like identifiers of patients."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from her2genomics.cli.main import cli
from her2genomics.exceptions import AmbiguousInputError, UsageError
from her2genomics.workflow.check_file import check_file


def test_columns_that_look_like_identifiers_are_named(tmp_path: Path) -> None:
    file = tmp_path / "clinical.csv"
    file.write_text("Patient ID,Patient Name,出生日期,HER2 IHC\nP1,Anna Berg,1960-01-02,1+\nP2,Eva Holm,1961-07-05,0\n")
    found = check_file(file)
    notes = found.items.set_index("item")["note"]
    assert notes["Patient Name"].endswith("looks like a name")
    assert notes["出生日期"].endswith("looks like a date of birth")
    assert "looks like" not in notes["Patient ID"]
    assert [line for line in found.summary if "looks like" in line] == [
        "column Patient Name looks like a name: leave it out before the table is passed on",
        "column 出生日期 looks like a date of birth: leave it out before the table is passed on",
    ]


def test_columns_that_the_toolkit_made_are_taken_as_given(tmp_path: Path) -> None:
    file = tmp_path / "cohort.tsv"
    file.write_text("sample_id\ther2_group\ther2_reason\tcentre\tTP53\nP1\tHER2-low\tIHC 1+\tA\tWT\n")
    found = check_file(file)
    rows = found.items.set_index("item")
    assert rows.loc["her2_group"].tolist() == ["her2_group", "taken as given, not derived anew"]
    assert rows.loc["her2_reason", "taken_as"] == "her2_reason"
    assert rows.loc["centre"].tolist() == ["-", "kept under its own name"]
    assert "1 gene columns, 3 recognised clinical columns, 1 kept under their own name" in found.summary


def test_what_could_be_gene_or_stain_can_be_said(tmp_path: Path) -> None:
    file = tmp_path / "cohort.tsv"
    file.write_text("sample_id\tihc\tAR\nA\t0\t0\nB\t1+\t1\n")
    with pytest.raises(AmbiguousInputError, match="--genes AR or --clinical-columns AR"):
        check_file(file)
    as_gene = check_file(file, genes=["AR"]).items.set_index("item")["taken_as"]
    as_stain = check_file(file, clinical_columns=["AR"]).items.set_index("item")["taken_as"]
    assert (as_gene["AR"], as_stain["AR"]) == ("gene", "-")
    result = CliRunner().invoke(cli, ["check", str(file), "--clinical-columns", "AR"])
    assert result.exit_code == 0, result.stderr
    with pytest.raises(UsageError, match="this is taken as maf"):
        check_file(file, "maf", genes=["AR"])
