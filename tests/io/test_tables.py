"""The table reader: every layout that labs send, every way in which a file can be broken, and any bytes at all."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import sys
import warnings
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from her2genomics.exceptions import AmbiguousInputError, DataWarning, FileFormatError, Her2GenomicsError
from her2genomics.io.table_head import MISSING_MARKERS, sniff_delimiter
from her2genomics.io.tables import read_coded_table, read_sample_list, read_table

BASIC = [["P1", "2+", "50"], ["P2", None, "7"]]


def cells(table: pd.DataFrame) -> list[list[str | None]]:
    return [[None if pd.isna(v) else v for v in row] for row in table.to_numpy(dtype=object).tolist()]


@pytest.mark.parametrize(
    "content",
    [
        "sample_id\tihc\tage\nP1\t2+\t50\nP2\t\t7\n",
        "sample_id,ihc,age\nP1,2+,50\nP2,NA,7\n",
        "sample_id;ihc;age\nP1;2+;50\nP2;[Not Available];7\n",
        "sample_id\tihc\tage\r\nP1\t2+\t50\r\nP2\tN/A\t7\r\n",
        "sample_id\tihc\tage\rP1\t2+\t50\rP2\t.\t7\r",
        "\ufeffsample_id\tihc\tage\nP1\t2+\t50\nP2\tnan\t7",
        "#version 2.4\n# a note\nsample_id\tihc\tage\n# inside\nP1\t2+\t50\n\nP2\tNA\t7\n\n",
        '"sample_id"\t"ihc"\t"age"\n"P1"\t"2+"\t"50"\n"P2"\tNA\t"7"\n',
        '"sample_id","ihc","age"\n"P1","2+",50\n"P2",NA,7\n',
        " sample_id \t ihc\tage\n P1\t2+ \t50\nP2 \t NA \t 7\n",
        "sample_id\tihc\tage\nP1\t2+\t50\t\nP2\t\t7\t\n",
        "sample_id\tihc\tage\t\nP1\t2+\t50\t\nP2\t\t7\t\n",
        "sample_id,ihc,age\nP1,2+,50\n,,\nP2,,7\n,,\n",
        "sample_id\tihc\tage\nP1\t2+\t50\nP2\t\u00a0NA\u00a0\t7\n",
    ],
    ids=["tsv", "csv", "semicolon", "crlf", "cr", "bom", "comments", "quoted-tsv", "quoted-csv", "blanks",
         "trailing-tab", "trailing-tab-and-header", "empty-lines", "no-break-space"],
)  # fmt: skip
def test_same_table_in_every_layout(put, content):
    table = read_table(put(content))
    assert list(table.columns) == ["sample_id", "ihc", "age"]
    assert cells(table) == BASIC
    assert list(table.index) == [0, 1]
    assert all(dtype == "string" for dtype in table.dtypes)


def test_gzip_is_found_by_content_not_by_name(put):
    content = b"sample_id\tihc\tage\nP1\t2+\t50\nP2\t\t7\n"
    assert cells(read_table(put(gzip.compress(content), "packed.tsv"))) == BASIC
    assert cells(read_table(put(content, "not_packed.gz"))) == BASIC
    two_members = gzip.compress(content[:25]) + gzip.compress(content[25:])
    assert cells(read_table(put(two_members, "two.gz"))) == BASIC


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"sample_id\tihc\tage\nP1\t2+\t50\nP2\t\t7\n")))
    assert cells(read_table("-")) == BASIC


def test_parquet(tmp_path):
    file = tmp_path / "t.parquet"
    pd.DataFrame({"sample_id": ["P1", "P2"], "ihc": ["2+", None], "age": [50, 7]}).to_parquet(file)
    assert cells(read_table(file)) == BASIC
    assert list(read_table(file, columns=lambda names: ["age"]).columns) == ["age"]


@pytest.mark.parametrize("marker", MISSING_MARKERS)
def test_missing_markers(put, marker):
    assert cells(read_table(put(f"a\tb\nx\t{marker}\n"))) == [["x", None]]
    assert cells(read_table(put(f'a,b\nx,"{marker}"\n'))) == [["x", None]]


@pytest.mark.parametrize(
    "text", ["none", "Unknown", "0", "-", "1+", "007", "1E5", "Sep7", "+", "TRUE", "NA12878", "inf"]
)
def test_other_cells_stay_as_written(put, text):
    assert cells(read_table(put(f"a\tb\nx\t{text}\n"))) == [["x", text]]


def test_only_chosen_columns(put):
    file = put("a\tb\tc\n1\t2\t3\n#x\t2\t3\n\t\t\n4\t5\t6\n")
    with pytest.warns(DataWarning, match="1 rows that start with #"):
        table = read_table(file, columns=lambda names: [n for n in names if n != "a"])
    assert list(table.columns) == ["b", "c"]
    assert cells(table) == [["2", "3"], ["5", "6"]]


def test_comment_lines_above_the_header_are_kept(put):
    assert read_table(put("#version 2.4\n#x\na\tb\n1\t2\n")).attrs["comments"] == ["version 2.4", "x"]


def test_quotes_in_csv_may_hold_delimiters_and_lines(put):
    table = read_table(put('id,note\nP1,"one, two"\nP2,"line 1\nline 2"\nP3,"a ""word"""\n'))
    assert cells(table) == [["P1", "one, two"], ["P2", "line 1\nline 2"], ["P3", 'a "word"']]


def test_a_stray_quote_in_tsv_swallows_nothing(put):
    table = read_table(put('gene\tnote\nA\t"5-prime\nB\t3" and 5"\nC\t"x ""y"""\nD\t"\n'))
    assert cells(table) == [["A", '"5-prime'], ["B", '3" and 5"'], ["C", 'x "y"'], ["D", '"']]


def test_latin1_is_read_with_a_warning(put):
    with pytest.warns(DataWarning, match="Latin-1"):
        table = read_table(put("a\tname\nP1\tMüller\n".encode("latin-1")))
    assert cells(table) == [["P1", "Müller"]]


def test_empty_names_are_numbered_and_blank_columns_left_out(put):
    assert list(read_table(put("\ta\t\n1\t2\t\n")).columns) == ["unnamed_1", "a"]


def test_header_only_when_allowed(put):
    table = read_table(put("a\tb\n"), allow_empty=True)
    assert list(table.columns) == ["a", "b"]
    assert len(table) == 0


def test_one_column(put):
    assert cells(read_table(put("sample_id\nP1\nP2\n"))) == [["P1"], ["P2"]]


def _zip(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x")
    return buffer.getvalue()


TABLE = b"sample_id\tihc\nP1\t1+\nP2\t0\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \n\t\n", "the file is empty"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (b"#only a comment\n", "comment lines only, no header"),
        (b"sample_id\tihc\n", "a header but no data row"),
        (b"sample_id\tihc\n\t\n\n", "a header but no data row"),
        (b"1\t2\t3\n4\t5\t6\n", ":1: the first line looks like data"),
        (b'""\t""\n1\t2\n', "no column name"),
        (b"a\tb\ta\n1\t2\t3\n", ":1: column name 'a' occurs 2 times; rename or remove"),
        (b"P1\t2\t2\nP2\t5\t6\n", "column name '2' occurs 2 times; is the header line missing"),
        (b"#c\na\tb\n1\t2\n3\t4\t5\n6\t7\n", r":4: this line has 3 cells, the header has 2 \(tab"),
        (b"a\tb\n\n\n1\t2\n3\n", ":5: this line has 1 cell, the header has 2"),
        (b"a\tb\n1\t2\t\n1\t2\t3\n", ":3: this line has 3 cells, the header has 2"),
        (b'a,b\nx,"1\n2"\n3,4,5\n', ":4: this line has 3 cells"),
        (b"a\tb\n1\t2\t3\n", "R with row names"),
        (b'a,b\n1,"2\n3,4\n5,6\n', ":2: a quoted cell that begins here is not closed"),
        (b'a,b\n1,"2\n3,4\n5,"6\n', ":2: a quoted cell that begins here is not closed"),
        (b'a,"b\n1,2\n', ":1: a quote in the header"),
        (bytes(range(256)) * 20, "binary content"),
        (b"a\tb\n" + b"1\t2\n" * 400_000 + b"1\t\x00\n", "binary content"),
        (gzip.compress(TABLE * 500, mtime=0)[:-12], "gzip file is truncated"),
        (gzip.compress(TABLE, mtime=0)[:15], "gzip file is truncated"),
        (b"\x1f\x8b" + b"rubbish" * 9, "cannot be read"),
        (_zip("xl/workbook.xml"), "an Excel workbook or a zip archive; save the sheet as tab-separated text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an Excel workbook"),
        (gzip.compress(b"BAM\x01" + b"\0" * 50, mtime=0), "a BAM file"),
        (b"CRAM\x03\x00" + b"\0" * 50, "a CRAM file"),
        (b"##fileformat=VCFv4.2\n#CHROM\tPOS\n", "a VCF file; .*her2g tmb"),
        (gzip.compress(b"##fileformat=VCFv4.2\n#CHROM\tPOS\n", mtime=0), "a VCF file"),
        (b"# started\n##fileformat=VCFv4.2\n#CHROM\tPOS\n1\t2\n", "a VCF file"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (gzip.compress("a\tb\n1\t2\n".encode("utf-16"), mtime=0), "UTF-16 text, packed"),
        (b"\xff\xfea\x00\t\x00b\x00\n\x001", "the UTF-16 text is damaged; save it as UTF-8"),
        ("a\tb\n".encode("utf-32"), "binary content"),
        (bz2.compress(TABLE), "bzip2"),
        (b"PAR1rubbish", "cannot be read as Parquet"),
    ],
)  # fmt: skip
def test_broken_files_say_what_is_wrong_in_one_line(put, content, message):
    with pytest.raises(FileFormatError, match=message) as caught:
        read_table(put(content))
    assert "\n" not in str(caught.value)
    assert "table.tsv" in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_unicode_text_of_a_spreadsheet_is_read(put, encoding):
    mark = "" if encoding == "utf-16" else "\ufeff"
    table = read_table(put((mark + "sample_id\t姓\tihc\r\nP1\té\t1+\r\nP2\t\t0\r\n").encode(encoding)))
    assert table.columns.tolist() == ["sample_id", "姓", "ihc"]
    assert table.astype(object).fillna("-").to_numpy().tolist() == [["P1", "é", "1+"], ["P2", "-", "0"]]


def test_missing_file_suggests_near_names(put, tmp_path):
    put(TABLE, "clinical.tsv")
    with pytest.raises(FileFormatError, match=r"no such file; did you mean .*clinical\.tsv\?"):
        read_table(tmp_path / "clincal.tsv")
    with pytest.raises(FileFormatError, match="there is no folder"):
        read_table(tmp_path / "nowhere" / "clinical.tsv")
    with pytest.raises(FileFormatError, match="this is a folder"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b;c\n1,2;3\n", "commas and semicolons"),
        ("sample_id ihc age\nP1 1+ 50\n", "3 words: are columns separated by blanks"),
        ("#sample_id\tihc\nP1\t1+\nP2\t2+\n", ":2: the line before starts with #"),
    ],
)
def test_ambiguous_layouts_are_asked_about(put, content, message):
    with pytest.raises(AmbiguousInputError, match=message):
        read_table(put(content))


def test_delimiter_is_taken_from_the_header_only():
    assert sniff_delimiter("a\tb, c\td; e") == "\t"
    assert sniff_delimiter('"x; y",b') == ","
    assert sniff_delimiter("only") == "\t"
    assert sniff_delimiter("two words", "P1") == "\t"


def test_given_delimiter_wins(put):
    assert list(read_table(put("a,b|c\n1,2|3\n"), delimiter="|").columns) == ["a,b", "c"]


@pytest.mark.parametrize(
    "content",
    [
        "P1\nP2\nP1\n\n",
        "sample_id\nP1\nP2\n",
        "# sequenced\nP1\nP2",
        "Sample ID\tpanel\nP1\tx\nP2\tx\n",
        "panel,Tumor_Sample_Barcode\nx,P1\nx,P2\n",
    ],
)
def test_sample_lists(put, content):
    assert read_sample_list(put(content)) == ["P1", "P2"]


def test_a_table_without_a_sample_column_is_no_sample_list(put):
    with pytest.raises(FileFormatError, match="no sample column; give one sample per line"):
        read_sample_list(put("patient,panel\nP1,x\n"))


def test_nothing_is_left_when_no_column_is_wanted(put):
    assert read_table(put("\tb\n1\t2\n"), columns=lambda names: [], allow_empty=True).shape[1] == 0


text_cell = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=8).map(str.strip)
grids = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(text_cell, min_size=width, max_size=width), min_size=1, max_size=6)
)


@given(rows=grids, delimiter=st.sampled_from([",", ";", "\t"]), packed=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
def test_reading_gives_back_what_was_written(tmp_path, rows, delimiter, packed):
    width = len(rows[0])
    expected = [
        [None if cell in MISSING_MARKERS else cell for cell in row]
        for row in rows
        if not row[0].startswith("#") and any(cell not in MISSING_MARKERS for cell in row)
    ]
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [[f"column {i}" for i in range(width)], *rows]
    )
    content = buffer.getvalue().encode()
    file = tmp_path / "x"
    file.write_bytes(gzip.compress(content) if packed else content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        assert cells(read_table(file, allow_empty=True)) == expected


mess = st.one_of(
    st.binary(max_size=200),
    st.text(st.sampled_from('ab1.\t\t,;\n\n\r"# \u00e9'), max_size=60).map(str.encode),
    st.text(st.sampled_from('ab1,,\n\n"'), max_size=60).map(lambda text: b"x,y,z\n" + text.encode()),
    st.binary(max_size=60).map(lambda tail: b"x\ty\n1\t2\n" + tail),
    st.binary(max_size=60).map(lambda text: gzip.compress(b"x,y\n" + text)[:-3]),
    st.binary(max_size=60).map(lambda text: gzip.compress(b"x,y\n" + text)),
    st.binary(max_size=60).map(lambda tail: b"PAR1" + tail + b"PAR1"),
)


@given(content=mess)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=400)
def test_any_bytes_give_a_table_or_one_clear_line(tmp_path, content):
    file = tmp_path / "x"
    file.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        table = table_or_error(file)
    if isinstance(table, Her2GenomicsError):
        assert "\n" not in str(table)
    else:
        assert len(table) > 0
        assert table.columns.is_unique
        assert not table.isna().all(axis=1).any()


def table_or_error(file):
    try:
        return read_table(file)
    except Her2GenomicsError as error:
        return error


CODED_TABLES = {
    "blanks": "s\tg\nP1\tWT\nP2\t WT \nP3\tNA\nP4\tL858R\n",
    "quotes": 's\tg\nP1\t"WT"\nP2\tWT\nP3\t" NA"\n',
    "nothing": "s\tg\nP1\tNA\nP2\t\n",
    "one of one letter": "s\tg\nP1\t1\nP2\tWT\nP3\t1\n",
    "missing first": "s\tg\nP1\tNA\nP2\tR175H\nP3\tWT\nP4\tR175H\n",
    "blank and commented rows": "s\tg\nP1\tWT\n\t\n#P2\tQ1*\n\tL858R\nP3\tWT\n",
    "letters of several bytes": "s\tg\nP1\té\nP2\tWT\nP3\tée\nP4\té\n",
}


@pytest.mark.parametrize("text", CODED_TABLES.values(), ids=CODED_TABLES.keys())
@pytest.mark.filterwarnings("ignore::her2genomics.exceptions.DataWarning")
def test_codes_hold_the_same_texts(tmp_path: Path, text: str) -> None:
    file = tmp_path / "t.tsv"
    file.write_text(text, encoding="utf-8")
    plain, coded = read_table(file), read_coded_table(file, lambda names: names)
    pd.testing.assert_frame_equal(coded.texts(), plain)
    codes, words = pd.factorize(plain["g"])
    assert coded.coded["g"].codes.tolist() == codes.tolist()
    assert coded.coded["g"].words.to_pylist() == words.tolist()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.sampled_from(["WT", "W", "", "NA", "WTT", "R175H", "W T", "é"]), min_size=1, max_size=40))
def test_any_column_as_codes_is_the_column_as_text(tmp_path: Path, cells: list[str]) -> None:
    file = tmp_path / "t.tsv"
    file.write_text("s\tg\n" + "".join(f"P{i}\t{cell}\n" for i, cell in enumerate(cells)), encoding="utf-8")
    coded = read_coded_table(file, lambda names: ["g"])
    pd.testing.assert_frame_equal(coded.texts(), read_table(file))
    parquet = tmp_path / "t.parquet"
    read_table(file).to_parquet(parquet, index=False)
    stored = read_coded_table(parquet, lambda names: ["g"])
    assert stored.coded["g"].codes.tolist() == coded.coded["g"].codes.tolist()


def test_columns_beyond_two_gigabytes_have_the_same_codes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "t.tsv"
    file.write_text("s\tg\n" + "P\tWT\nQ\tR175H\n" * 50)
    plain = read_coded_table(file, lambda names: names).coded["g"]
    monkeypatch.setattr("her2genomics.io.tables._LARGEST_SHORT", 1)
    wide = read_coded_table(file, lambda names: names).coded["g"]
    assert wide.codes.tolist() == plain.codes.tolist()
    assert wide.words.equals(plain.words)
