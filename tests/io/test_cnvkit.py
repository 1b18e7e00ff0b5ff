"""CNVkit tables: columns by name, what is refused, and the way there and back."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from her2genomics.exceptions import FileFormatError, SchemaError
from her2genomics.io.cnvkit import read_cnn, write_cnn

REFERENCE = (
    "chromosome\tstart\tend\tgene\tlog2\tgc\trmask\tspread\n"
    "chr1\t100\t200\tERBB2\t0.5\t0.41\t0.1\t0.2\n"
    "X\t300\t400\t\t-20\t0.5\t0\t0\n"
)


def written(folder: Path, text: str, name: str = "x.cnn") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_a_reference_with_its_optional_columns(tmp_path: Path) -> None:
    table = read_cnn(written(tmp_path, REFERENCE))
    assert list(table.columns) == ["chromosome", "start", "end", "gene", "log2", "gc", "rmask", "spread"]
    assert table["chromosome"].tolist() == ["chr1", "chrX"]
    assert table["gene"].tolist() == ["ERBB2", "-"]
    assert table["log2"].tolist() == [0.5, -20.0]
    assert str(table["gc"].dtype) == "Float64"


def test_columns_are_found_by_name_and_others_are_kept(tmp_path: Path) -> None:
    text = "log2\tlab_note\tend\tstart\tgene\tchromosome\tprobes\n0.1\tok\t20\t10\tTP53\t17\t3\n"
    table = read_cnn(written(tmp_path, text, "x.cns"))
    assert table.iloc[0].to_dict() == {
        "chromosome": "chr17", "start": 10, "end": 20, "gene": "TP53", "log2": 0.1, "probes": 3, "lab_note": "ok",
    }  # fmt: skip


def test_gzip_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "x.cnn.gz"
    path.write_bytes(gzip.compress(REFERENCE.encode()))
    assert len(read_cnn(path)) == 2


def test_a_repeated_bin_is_kept(tmp_path: Path) -> None:
    line = "chr1\t1\t5\tA\t0\n"
    assert len(read_cnn(written(tmp_path, f"chromosome\tstart\tend\tgene\tlog2\n{line}{line}"))) == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\t200\t100\tA\t0", r"x.cnn:2: bin chr1:200-100 ends before it starts"),
        ("chr1\t100\t200\tA\tdeep", r"x.cnn:2: column log2: value 'deep' is not a number"),
        ("chr1\t-5\t200\tA\t0", r"column start: value '-5' is below 0"),
        ("chr1\t100\t200\tA\tinf", r"column log2: value 'inf' is above 100"),
        ("chr1\t\t200\tA\t0", r"is incomplete"),
    ],
)
def test_wrong_bins_are_refused_in_one_line(tmp_path: Path, line: str, message: str) -> None:
    path = written(tmp_path, f"chromosome\tstart\tend\tgene\tlog2\n{line}\n")
    with pytest.raises(SchemaError, match=message) as error:
        read_cnn(path)
    assert "\n" not in str(error.value)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="missing columns gene, log2; a CNVkit table is expected; the file has"):
        read_cnn(written(tmp_path, "chromosome\tstart\tend\tdepth\nchr1\t1\t2\t3\n"))


def test_an_absent_or_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError):
        read_cnn(tmp_path / "nothing.cnn")
    with pytest.raises(FileFormatError, match="empty"):
        read_cnn(written(tmp_path, ""))


def test_writing_keeps_ten_digits_and_the_declared_order(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"depth": [12345.678901, pd.NA], "log2": [13.59167, pd.NA], "gene": ["A", pd.NA], "end": [9, 19],
         "start": [1, 11], "chromosome": ["chr1", "chr2"]}
    )  # fmt: skip
    path = tmp_path / "x.cnn"
    write_cnn(table, path)
    assert path.read_text() == (
        "chromosome\tstart\tend\tgene\tlog2\tdepth\nchr1\t1\t9\tA\t13.59167\t12345.6789\nchr2\t11\t19\t-\tNA\tNA\n"
    )


def test_round_trip(tmp_path: Path) -> None:
    first = read_cnn(written(tmp_path, REFERENCE))
    write_cnn(first, tmp_path / "again.cnn")
    pd.testing.assert_frame_equal(read_cnn(tmp_path / "again.cnn"), first)


def test_writing_refuses_a_table_without_log2(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="missing column log2"):
        write_cnn(pd.DataFrame({"chromosome": ["chr1"], "start": [1], "end": [2], "gene": ["A"]}), tmp_path / "x.cnn")


@pytest.mark.real_data
def test_real_files_are_read(shared_data: Path) -> None:
    reference = read_cnn(shared_data / "cnv" / "reference-tr.cnn.gz")
    assert {"gc", "rmask", "spread"} <= set(reference.columns)
    normal = read_cnn(shared_data / "cnv" / "targeted" / "TR_01_N.targetcoverage.cnn.gz")
    assert len(normal) == 8216
    assert (normal["gene"] == "ERBB2").sum() == 28
