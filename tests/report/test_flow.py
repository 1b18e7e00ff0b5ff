from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics.cli.main import cli
from her2genomics.cohort import ATTRITION_COLUMNS, cohort_from_table
from her2genomics.exceptions import CohortError, SchemaError
from her2genomics.io.figures import write_figure
from her2genomics.report.flow import draw_flow, flow_boxes, reading_notes

ROWS = [
    ("reading clinical", "negative time: OS missing", None, 2, None, None),
    ("inclusion", "adults", 40, 0, 40, "age: min 18"),
    ("inclusion", "known ER", 40, 6, 34, "er_status: present; missing dropped"),
    ("mutations: samples", "metastasis sample", 30, 5, 25, "P-01, P-02"),
]


def table(rows: list[tuple[object, ...]] = ROWS) -> pd.DataFrame:  # type: ignore[assignment]
    return pd.DataFrame(rows, columns=ATTRITION_COLUMNS)


def test_numbers_of_the_boxes_are_those_of_the_table() -> None:
    texts = [" ".join(box.lines) for box in flow_boxes(table())]
    assert texts == [
        "inclusion n = 40",
        "known ER: 6 left out (er_status: present; missing dropped)",
        "n = 34",
        "mutations: samples n = 30",
        "metastasis sample: 5 left out",
        "n = 25",
    ]
    assert reading_notes(table()) == ["reading clinical: negative time: OS missing (n = 2)"]


def test_the_cohort_closes_the_figure(tmp_path: Path) -> None:
    cohort = cohort_from_table(
        pd.DataFrame({"sample_id": list("abcd"), "her2_group": ["zero", "low", "low", pd.NA], "TP53": "WT"})
    )
    figure = draw_flow(table(), cohort)
    written = [t.get_text() for t in figure.axes[0].texts]
    assert {"Cohort: n = 4", "HER2-zero: n = 1", "HER2-low: n = 2", "indeterminate: n = 1"} <= set(written)
    for name in ("1.svg", "2.svg"):
        write_figure(draw_flow(table(), cohort), tmp_path / name)
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()


def test_boxes_do_not_overlap_and_hold_their_text() -> None:
    figure = draw_flow(table())
    figure.draw_without_rendering()
    boxes = sorted(
        (p.get_window_extent() for p in figure.axes[0].patches if hasattr(p, "get_bbox")), key=lambda b: -b.y1
    )
    assert len(boxes) == 6
    assert all(a.y0 > b.y1 for a, b in zip(boxes, boxes[1:], strict=False))
    for text in figure.axes[0].texts[: sum(len(b.lines) for b in flow_boxes(table()))]:
        extent = text.get_window_extent()
        assert any(b.x0 <= extent.x0 and extent.x1 <= b.x1 for b in boxes)


def test_errors_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="line 2.*40 less 6 is not 35"):
        draw_flow(table([("inclusion", "known ER", 40, 6, 35, "")]))
    with pytest.raises(CohortError, match="no step left anyone out"):
        draw_flow(table(ROWS[:2]))
    file = tmp_path / "attrition.tsv"
    file.write_text("step\trule\nx\ty\n")
    result = CliRunner().invoke(cli, ["flow", str(file), "--out", str(tmp_path / "f.svg")])
    assert result.exit_code == 1
    assert "missing column n_before" in result.output.splitlines()[-1]
