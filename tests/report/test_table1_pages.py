"""Table 1 in Markdown, HTML and Word: structure, escaping, and the same bytes twice."""

from __future__ import annotations

import builtins
import io
import re
import zipfile
from html.parser import HTMLParser

import pandas as pd
import pytest

from her2genomics.exceptions import UsageError
from her2genomics.report.table1_docx import table1_docx
from her2genomics.report.table1_html import table1_html
from her2genomics.report.table1_text import table1_markdown
from her2genomics.table1.build import make_table1
from her2genomics.table1.model import Table1

ODD = ["<b>A</b>|x", 'B & "C"', "*D*_e_\x01"]


@pytest.fixture(scope="module")
def table() -> Table1:
    samples = pd.DataFrame(
        {
            "her2_group": ["HER2-zero"] * 6 + ["HER2-low"] * 6,
            "age": [41, 50, 62, 48, 39, 55, 71, 60, 44, 35, 58, None],
            "site": ODD * 4,
            "subtype": ["TNBC", "LumA"] * 6,
        }
    )
    return make_table1(samples, variables=["age", "site", "subtype"])


class Structure(HTMLParser):
    """Collects tags with their attributes, cells per row and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[int] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append(0)
        if tag in ("td", "th"):
            self.rows[-1] += 1
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_one_accessible_page(table: Table1) -> None:
    page = table1_html(table)
    found = Structure()
    found.feed(page)
    assert found.open == []
    assert set(found.rows) == {len(table.header)}
    assert [a.get("scope") for t, a in found.tags if t == "th"].count("col") == len(table.header)
    assert all("scope" in a for t, a in found.tags if t == "th")
    assert sum(t == "caption" for t, _ in found.tags) == 1
    assert not re.search(r"https?://|<script|<link", page), "nothing is fetched"
    assert 'lang="en"' in page


def test_html_shows_odd_texts_as_they_are(table: Table1) -> None:
    page = table1_html(table, page=False)
    assert "<b>" not in page
    found = Structure()
    found.feed(page)
    assert "<b>A</b>|x" in found.text
    assert 'B & "C"' in found.text
    assert page.startswith('<div class="table1">')


def test_markdown_keeps_its_columns(table: Table1) -> None:
    lines = [line for line in table1_markdown(table).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {len(table.header) + 1}
    assert r"\<b\>A\</b\>\|x" in "\n".join(lines)
    assert r"\*D\* e" in "\n".join(lines)


def test_word_document(table: Table1) -> None:
    docx = pytest.importorskip("docx")
    document = docx.Document(io.BytesIO(table1_docx(table)))
    (grid,) = document.tables
    assert [cell.text for cell in grid.rows[0].cells] == table.header
    assert len(grid.rows) == len(table.rows) + 1
    body = [[cell.text for cell in row.cells] for row in grid.rows][1:]
    assert body[0] == [table.rows[0].label, *table.cells_of(table.rows[0])]
    assert "<b>A</b>|x" in [cells[0] for cells in body]
    assert [p.text for p in document.paragraphs] == [table.caption, *table.footnotes]
    assert document.core_properties.author == "her2genomics"
    assert "tblHeader" in grid.rows[0]._tr.xml


def test_word_document_has_the_same_bytes_twice(table: Table1) -> None:
    pytest.importorskip("docx")
    first = table1_docx(table)
    assert first == table1_docx(table)
    with zipfile.ZipFile(io.BytesIO(first)) as files:
        assert {info.date_time for info in files.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2000-01-01" in files.read("docProps/core.xml")


def test_without_python_docx_the_command_to_type_is_said(table: Table1, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest, **more):
        if name.split(".")[0] == "docx":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=r"needs python-docx.*pip install 'her2genomics\[docx\]'"):
        table1_docx(table)
