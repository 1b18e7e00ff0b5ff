"""The report in a real Chromium, opened from the disk: no request, no error, tables and oncoprint that work, axe."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from her2genomics.cohort import cohort_from_table
from her2genomics.workflow.report_files import ReportSettings, RunTables, write_report

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra dev)")
axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed (extra dev)")

CHROMIUM = os.environ.get("CHROMIUM") or next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed: apt-get install chromium"),
    pytest.mark.xdist_group("browser"),
]
FLAGS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
EVIL = "<script>alert(1)</script>\"'&"
N = 90


def example_table() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    groups = np.repeat(["HER2-zero", "HER2-low", "HER2-positive"], N // 3)
    table = pd.DataFrame(
        {
            "sample_id": [f"S{i:03d}" for i in range(N)],
            "her2_group": groups,
            "her2_reason": [EVIL if i == 0 else "IHC" for i in range(N)],
            "hr_status": rng.choice(["positive", "negative"], N),
            "age": rng.integers(30, 80, N),
            "tmb": np.round(rng.gamma(2, 2, N), 3),
            "pcr": rng.choice([0, 1], N),
            "dfs_months": np.round(rng.exponential(40, N), 1),
            "dfs_event": rng.choice([0, 1], N),
            "date_of_birth": "1960-01-01",
        }
    )
    for gene, share in (("TP53", 0.5), ("PIK3CA", 0.4), ("ERBB2", 0.3), ("GATA3", 0.15), ("KMT2C", 0.1), ("PTEN", 0.1)):
        altered = rng.random(N) < share
        table[gene] = np.where(altered, "amplification" if gene == "ERBB2" else "R175H", "WT")
    table.loc[5, "TP53"] = pd.NA
    return table


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    qc = pd.DataFrame({"sample_id": [f"S{i:03d}" for i in range(N)], "mean_target_depth": np.linspace(400, 900, N)})
    run = RunTables(sample_qc=qc)
    write_report(cohort_from_table(example_table()), path, ReportSettings(clusters=None, title=EVIL), run=run)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


class Watched:
    """A page and everything it asked for or complained of."""

    def __init__(self, context: Any, path: Path) -> None:
        self.page = context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.goto(path.as_uri())


@pytest.fixture
def watched(browser: Any, report: Path) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    yield Watched(context, report)
    context.close()


def rows_of(page: Any, table: str) -> list[list[str]]:
    found: list[list[str]] = page.eval_on_selector_all(
        f"#{table} tbody tr", "rows => rows.map(row => Array.from(row.cells).map(cell => cell.textContent))"
    )
    return found


def first_page(page: Any, table: str) -> list[list[str]]:
    previous = page.locator(f"#{table}").get_by_role("button", name="Previous")
    while previous.is_enabled():
        previous.click()
    return rows_of(page, table)


def test_the_page_asks_for_nothing_and_complains_of_nothing(watched: Watched, report: Path) -> None:
    assert watched.requests == [report.as_uri()]
    assert watched.complaints == []
    assert watched.page.title() == EVIL
    assert EVIL in watched.page.inner_text("h1")
    assert EVIL in watched.page.inner_text("#her2-reasons")


def test_a_script_in_the_data_would_not_run(watched: Watched) -> None:
    watched.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
    )
    assert watched.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in watched.complaints)


def test_columns_sort_by_number_and_say_so(watched: Watched) -> None:
    page = watched.page
    head = page.locator("#sample-qc thead th").nth(1)
    assert head.get_attribute("aria-sort") is None
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    shown = [float(row[1]) for row in rows_of(page, "sample-qc")]
    assert shown[0] == 900
    assert shown == sorted(shown, reverse=True)
    assert page.locator("#sample-qc th[aria-sort]").count() == 1


def test_missing_values_stay_last_in_both_directions(watched: Watched) -> None:
    page = watched.page
    head = page.locator("#association-genes thead th", has_text="First group")
    column = page.locator("#association-genes thead th").all_text_contents().index(head.text_content())
    for _ in range(2):
        head.get_by_role("button").click()
        while page.locator("#association-genes").get_by_role("button", name="Next").is_enabled():
            page.locator("#association-genes").get_by_role("button", name="Next").click()
        last = [row[column] for row in rows_of(page, "association-genes")]
        assert last[-1] == "–"
        assert first_page(page, "association-genes")[0][column] != "–"


def test_search_filter_and_paging_work_together(watched: Watched) -> None:
    page = watched.page
    box = page.locator("#her2-status")
    assert len(rows_of(page, "her2-status")) == 25
    assert box.get_by_role("status").inner_text() == f"Rows 1–25 of {N}"
    box.get_by_role("button", name="Next").click()
    assert rows_of(page, "her2-status")[0][0] == "S025"
    box.get_by_label("her2 group").select_option("HER2-low")
    assert box.get_by_role("status").inner_text() == f"Rows 1–25 of 30 (of {N})"
    box.get_by_label("Search").fill("s05")
    assert [row[0] for row in rows_of(page, "her2-status")] == [f"S{i:03d}" for i in range(50, 60)]
    box.get_by_label("Search").fill("nothing like it")
    assert rows_of(page, "her2-status") == []
    assert box.get_by_role("status").inner_text() == f"No row fits (of {N})"


def test_what_the_script_shows_is_what_the_page_held(watched: Watched, browser: Any, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    for table in ("association-genes", "her2-status", "survival-table", "frequencies"):
        plain = page.locator(f"#{table} tbody").inner_text()
        assert watched.page.locator(f"#{table} tbody").inner_text() == plain
    assert page.locator("#oncoprint").is_visible(), "without scripts the oncoprint is a figure"
    assert "The first 25 of" in page.locator("#her2-status .print-note").inner_text()
    context.close()


def test_the_saved_file_holds_what_is_left_with_every_column(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    box = page.locator("#association-genes")
    box.get_by_label("contrast").select_option("zero-low")
    box.get_by_label("family").select_option("gene")
    with page.expect_download() as download:
        box.get_by_role("button", name="Save as TSV").click()
    assert download.value.suggested_filename == "association-genes.tsv"
    saved = tmp_path / "saved.tsv"
    download.value.save_as(saved)
    table = pd.read_csv(saved, sep="\t")
    assert set(table["contrast"]) == {"zero-low"}
    assert sorted(table["feature"]) == ["ERBB2", "GATA3", "KMT2C", "PIK3CA", "PTEN", "TP53"]
    assert {"ci_low", "detectable_difference", "adj_p_exact"} <= set(table.columns)
    altered = example_table().query("her2_group == 'HER2-zero'")["GATA3"].ne("WT").sum()
    assert table.set_index("feature")["altered_a"]["GATA3"] == altered


def test_the_oncoprint_sorts_and_reads_out(watched: Watched) -> None:
    page = watched.page
    canvas = page.locator("#cells canvas")
    assert "table of frequencies" in canvas.get_attribute("aria-label")
    assert not page.locator("#oncoprint").is_visible()
    table = example_table()

    def read(x: float, row: int) -> str:
        heights = page.eval_on_selector_all(
            "#cells .names li", "items => items.map(i => i.offsetTop + i.offsetHeight / 2)"
        )
        top = page.evaluate("document.querySelector('#cells .names').offsetTop")
        box = canvas.bounding_box()
        canvas.hover(position={"x": x * box["width"], "y": heights[row] - top})
        return str(page.inner_text("#cells .reading"))

    names = page.locator("#cells .names li").all_inner_texts()
    gene = next(k for k, name in enumerate(names) if name.startswith("GATA3"))
    page.get_by_label("keep groups together").uncheck()
    page.get_by_role("button", name="GATA3", exact=True).click()
    assert page.get_by_role("button", name="GATA3", exact=True).get_attribute("aria-pressed") == "true"
    first = read(0.002, gene)
    assert "GATA3: missense (p.R175H)" in first
    sample = first.split(" · ")[0]
    assert table.set_index("sample_id")["GATA3"][sample] == "R175H"
    assert "GATA3: unaltered" in read(0.998, gene)
    page.get_by_label("Sort tumours by").select_option("burden")
    tmb = next(k for k, name in enumerate(names) if name.startswith("TMB"))
    most = table.sort_values("tmb", ascending=False)["sample_id"].iloc[0]
    assert read(0.002, tmb).startswith(most)
    tp53 = next(k for k, name in enumerate(names) if name.startswith("TP53"))
    page.get_by_role("button", name="TP53", exact=True).click()
    assert "S005" in read(0.998, tp53)
    assert "TP53: not profiled" in read(0.998, tp53)


def test_axe_finds_nothing(browser: Any, report: Path) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.goto(report.as_uri())
    page.evaluate((Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations', 'incomplete'] })")
    listed = [f"{v['id']} ({v['impact']}): {v['nodes'][0]['html'][:200]}" for v in found["violations"]]
    assert listed == []
    assert not [v["id"] for v in found["incomplete"] if v["id"] != "color-contrast"]
    context.close()


def test_print_shows_tables_folded_lists_and_the_figure(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    page.emulate_media(media="print")
    assert page.locator("#oncoprint").is_visible()
    assert not page.locator("#cells canvas").is_visible()
    assert not page.locator("nav").is_visible()
    note = page.locator("#her2-status .print-note")
    assert note.inner_text().startswith(f"Printed: rows 1–25 of {N}")
    page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_the_page_works_from_the_keyboard(watched: Watched) -> None:
    page = watched.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    assert page.evaluate("location.hash") == "#content"
