"""Parts of a page: escaping, identifiers, policy, tables as text and as data."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from her2genomics.report.html import (
    Bullets,
    Facts,
    Heading,
    Notice,
    NotMade,
    Numbers,
    Page,
    Section,
    Text,
    json_for_script,
    render_page,
)
from her2genomics.report.html_figure import picture
from her2genomics.report.html_table import TableColumn, data_table, number_text
from her2genomics.report.style import HER2_COLOURS, new_figure

EVIL = "</script><script>alert('x')</script>\"><img src=x onerror=alert(1)>&amp;"


class Elements(HTMLParser):
    """Counts start tags and gathers text and identifiers."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(html: str) -> Elements:
    elements = Elements()
    elements.feed(html)
    return elements


def embedded(html: str, table_id: str) -> dict[str, object]:
    block = html[html.index(f'<div class="data-table" id="{table_id}">') :]
    match = re.search(r'<script type="application/json">(.*?)</script>', block, re.S)
    assert match is not None
    loaded: dict[str, object] = json.loads(match[1])
    return loaded


def test_every_text_of_every_block_is_escaped() -> None:
    table = pd.DataFrame({"gene": [EVIL], EVIL: [1.5]})
    figure = new_figure(2, 1)
    figure.text(0.1, 0.5, EVIL.replace("$", ""))
    blocks = [
        Text(EVIL), Heading(EVIL, "h"), Bullets([EVIL]), Bullets([EVIL], summary=EVIL), Facts([(EVIL, EVIL)]),
        Numbers([(EVIL, EVIL)]), Notice(EVIL), NotMade(EVIL),
        data_table(table, table_id="t", caption=EVIL, meanings={"gene": EVIL}),
        picture(figure, figure_id="f", title=EVIL, description=EVIL, caption=EVIL),
    ]  # fmt: skip
    html = render_page(Page(EVIL, [Section("s", EVIL, blocks)], subtitle=EVIL, date=EVIL, footer=EVIL))
    found = parsed(html)
    assert not [tag for tag, _ in found.tags if tag == "img"]
    scripts = [attributes for tag, attributes in found.tags if tag == "script"]
    assert scripts == [{"type": "application/json"}, {}], "only the table's data and the page's own script"
    assert "alert('x')" in "".join(found.text), "the text itself is kept"
    assert embedded(html, "t")["columns"] == [
        {"name": "gene", "values": [EVIL]},
        {"name": EVIL, "values": [1.5]},
    ]


def test_json_inside_a_script_cannot_end_it() -> None:
    text = str(json_for_script({EVIL: [EVIL, None, 1.5, True]}))
    assert not set("<>&") & set(text)
    assert json.loads(text) == {EVIL: [EVIL, None, 1.5, True]}


def test_a_page_has_what_screen_readers_need() -> None:
    page = Page("T", [Section("one", "One", [Text("x")]), Section("two", "Two", [NotMade("no column pcr")])])
    found = parsed(render_page(page))
    by_tag = dict(reversed(found.tags))
    assert by_tag["html"] == {"lang": "en"}
    assert by_tag["nav"] == {"aria-label": "Contents"}
    links = [attributes["href"] for tag, attributes in found.tags if tag == "a"]
    assert links == ["#content", "#one", "#two"]
    assert {"content", "one", "two"} <= {a.get("id") for _, a in found.tags}
    assert "(not run)" in "".join(found.text)


def test_the_policy_forbids_requests_and_lets_only_the_own_script_run() -> None:
    table = data_table(pd.DataFrame({"a": [1]}), table_id="t", caption="c")
    html = render_page(Page("T", [Section("s", "S", [table])]))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "script-src &#39;sha256-" in policy[1]
    without = render_page(Page("T", [Section("s", "S", [Text("x")])]))
    assert "script-src &#39;none&#39;" in without
    assert "<script" not in without


def test_identifiers_are_unique_and_plain() -> None:
    with pytest.raises(ValueError, match="used twice"):
        render_page(Page("T", [Section("s", "S", []), Section("s", "S", [])]))
    with pytest.raises(ValueError, match="has other than"):
        render_page(Page("T", [Section("A b", "S", [])]))


def test_two_figures_share_no_identifier_and_refer_to_their_own() -> None:
    def block(name: str) -> str:
        figure = new_figure(3, 2)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], "o-")
        axes.fill_between([0, 1], [0, 1], hatch="//")
        return str(picture(figure, figure_id=name, title="t", description="d").svg)

    first, second = block("a"), block("b")
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, second)]
    assert not ids[0] & ids[1]
    for svg, own in zip((first, second), ids, strict=True):
        referred = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
        assert referred
        assert referred <= own
        assert "<style" not in svg
        assert 'aria-labelledby="' in svg
    assert block("a") == first, "the same bytes twice"


def test_a_long_table_shows_its_first_rows_and_holds_all() -> None:
    table = pd.DataFrame({"n": range(200), "x": np.linspace(0, 1, 200)})
    view = data_table(table, table_id="t", caption="c", first_rows=50)
    assert len(view.rows) == 50
    html = render_page(Page("T", [Section("s", "S", [view])]))
    assert html.count('<th scope="row"') == 50
    assert "The first 50 of 200 rows" in html
    data = embedded(html, "t")
    assert data["columns"][0]["values"] == list(range(200))  # type: ignore[index]


def test_values_keep_six_digits_and_missing_is_missing() -> None:
    table = pd.DataFrame(
        {
            "x": pd.array([1 / 3, pd.NA, 2.0], dtype="Float64"),
            "flag": pd.array([True, pd.NA, False], dtype="boolean"),
            "k": pd.array([1, pd.NA, 3], dtype="Int64"),
            "group": pd.Categorical(["HER2-low", None, "HER2-zero"]),
            "inf": [np.inf, -np.inf, 0.5],
        }
    )
    view = data_table(table, table_id="t", caption="c")
    values = {column["name"]: column["values"] for column in view.data["columns"]}
    assert values == {
        "x": [0.333333, None, 2],
        "flag": ["True", None, "False"],
        "k": [1, None, 3],
        "group": ["HER2-low", None, "HER2-zero"],
        "inf": ["inf", "-inf", 0.5],
    }
    assert view.rows[1] == ["–", "–", "–", "–", "-inf"]
    assert list(view.kinds) == ["number", "short", "number", "short", "number"]


def test_a_shown_column_may_have_its_own_text_and_is_sorted_by_its_source() -> None:
    table = pd.DataFrame({"gene": ["A", "B"], "share": [0.5, 0.25]})
    view = data_table(
        table, table_id="t", caption="c", columns=["gene", TableColumn("Altered", "share", ["50 %", "25 %"])]
    )
    assert view.rows == [["A", "50 %"], ["B", "25 %"]]
    assert view.data["shown"] == [{"source": 0, "text": None}, {"source": 1, "text": ["50 %", "25 %"]}]


@pytest.mark.parametrize(
    ("x", "text"),
    [(0, "0"), (0.05, "0.05"), (0.00099, "9.9e-4"), (1e-300, "1.0e-300"), (99.95, "100"), (-3.14159, "-3.14"), (123456.0, "123456")],
)  # fmt: skip
def test_numbers_as_people_read_them(x: float, text: str) -> None:
    assert number_text(x) == text


def test_the_numbers_block_takes_the_colours_of_the_groups() -> None:
    html = render_page(Page("T", [Section("s", "S", [Numbers([("HER2-low", "5"), ("samples", "9")])])]))
    assert html.count("border-top-color: ") == 1
    assert f"border-top-color: {HER2_COLOURS['HER2-low']}" in html
