from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from her2genomics.exceptions import FileFormatError, UsageError
from her2genomics.io.write import atomic_path, format_of, write_json, write_rows, write_table

TABLE = pd.DataFrame(
    {"sample_id": ["A", "B"], "tmb": pd.array([1 / 3, pd.NA], dtype="Float64"), "n": pd.array([3, None], dtype="Int64")}
)


def test_tsv_bytes_are_fixed(tmp_path: Path) -> None:
    write_table(TABLE, tmp_path / "x.tsv")
    assert (tmp_path / "x.tsv").read_bytes() == b"sample_id\ttmb\tn\nA\t0.333333\t3\nB\tNA\tNA\n"


def test_cells_that_need_quotes_get_them_and_only_those(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": ["x,y", 'say "no"', "plain"], "b": [1, 2, 3]})
    write_table(table, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == 'a,b\n"x,y",1\n"say ""no""",2\nplain,3\n'
    write_table(table.assign(a=["x\ty", "two\nlines", "z"]), tmp_path / "x.tsv")
    assert pd.read_csv(tmp_path / "x.tsv", sep="\t")["a"].tolist() == ["x\ty", "two\nlines", "z"]


@pytest.mark.parametrize("quote", ["", '"'])
def test_parts_made_by_several_threads_come_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quote: str
) -> None:
    words = pd.Series([f"{quote}w{i % 7}" for i in range(1000)], dtype="string").mask(pd.Series(range(1000)) % 5 == 0)
    table = pd.DataFrame({"i": range(1000), "word": words, "code": pd.Categorical(words)})
    monkeypatch.setattr("her2genomics.io.write._CELLS_AT_ONCE", 30)
    for threads in (1, 3):
        monkeypatch.setattr("pyarrow.cpu_count", lambda threads=threads: threads)
        write_table(table, tmp_path / f"{threads}.tsv")
    expected = ["i\tword\tcode", *(f"{i}\t{w}\t{w}" for i, w in enumerate(words.fillna("NA")))]
    one = (tmp_path / "1.tsv").read_bytes()
    assert (tmp_path / "3.tsv").read_bytes() == one
    back = pd.read_csv(tmp_path / "1.tsv", sep="\t", keep_default_na=False)
    assert ["\t".join(map(str, row)) for row in back.itertuples(index=False)] == expected[1:]
    assert quote or one.decode().splitlines() == expected


def test_numbers_keep_their_sign_and_gaps(tmp_path: Path) -> None:
    values = [0.0, -0.0, float("nan"), 1 / 3, 0.0, -0.0, float("inf"), 1 / 3, 1e-300]
    write_table(pd.DataFrame({"x": values}), tmp_path / "x.tsv")
    lines = (tmp_path / "x.tsv").read_text().splitlines()
    assert lines == ["x", *("NA" if x != x else f"{x:.6g}" for x in values)]


def test_formats_follow_the_ending_or_the_choice(tmp_path: Path) -> None:
    assert format_of("x.csv") == "csv"
    assert format_of("x.txt") == "tsv"
    assert format_of("x.csv", "json") == "json"
    with pytest.raises(UsageError, match="unknown format 'xml'"):
        format_of("x", "xml")
    write_table(TABLE, tmp_path / "x.json")
    assert json.loads((tmp_path / "x.json").read_text())[1] == {"sample_id": "B", "tmb": None, "n": None}
    write_table(TABLE, tmp_path / "x.parquet")
    assert pd.read_parquet(tmp_path / "x.parquet").equals(TABLE) or len(pd.read_parquet(tmp_path / "x.parquet")) == 2


@pytest.mark.parametrize("ending", ["tsv", "csv", "json"])
def test_rows_are_written_as_the_same_table_is(tmp_path: Path, ending: str) -> None:
    rows = [
        {"sample_id": 'A "1", x\ty', "tmb": 1 / 3, "n": 3, "ok": True, "flags": ""},
        {"sample_id": "B\nb", "tmb": float("nan"), "n": None, "ok": None},
        {"sample_id": "C", "tmb": 3.0, "n": 123456789, "ok": False, "flags": "X;Y"},
    ]
    columns = {"sample_id": "string", "tmb": "Float64", "n": "Int64", "ok": "boolean", "flags": "string"}
    table = pd.DataFrame({name: pd.array([row.get(name) for row in rows], dtype=t) for name, t in columns.items()})
    write_table(table, tmp_path / f"table.{ending}")
    write_rows(rows, columns, tmp_path / f"rows.{ending}")
    assert (tmp_path / f"rows.{ending}").read_bytes() == (tmp_path / f"table.{ending}").read_bytes()
    write_rows([], columns, tmp_path / f"none.{ending}")
    write_table(table.iloc[:0], tmp_path / f"empty.{ending}")
    assert (tmp_path / f"none.{ending}").read_bytes() == (tmp_path / f"empty.{ending}").read_bytes()


def test_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(TABLE, None, "csv")
    assert capsys.readouterr().out.splitlines()[0] == "sample_id,tmb,n"
    with pytest.raises(UsageError, match="parquet is binary"):
        write_table(TABLE, None, "parquet")


def test_a_failure_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    file = tmp_path / "x.tsv"
    file.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_path(file) as temporary:
        temporary.write_text(f"half {1 / 0}")
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.tsv"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileFormatError, match="cannot write"):
        write_table(TABLE, tmp_path / "file" / "x.tsv")


def test_json_is_written_whole(tmp_path: Path) -> None:
    write_json({"b": 1, "a": [1, 2]}, tmp_path / "deep" / "m.json")
    assert list(json.loads((tmp_path / "deep" / "m.json").read_text())) == ["b", "a"]
