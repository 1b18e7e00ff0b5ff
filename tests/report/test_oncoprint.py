from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from her2genomics.cohort import COUNTED_CLASSES, Cohort, cohort_from_table
from her2genomics.exceptions import CohortError, UsageError
from her2genomics.io.figures import write_figure
from her2genomics.report.legend_rows import LegendEntry, place_rows, text_width
from her2genomics.report.oncoprint import FULL, draw_oncoprint
from her2genomics.report.oncoprint_data import prepare_oncoprint
from her2genomics.report.oncoprint_tracks import make_tracks

GENES = ["TP53", "PIK3CA", "ERBB2", "GATA3"]


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    rng = np.random.default_rng(5)
    n = 90
    table = pd.DataFrame({"sample_id": [f"s{i}" for i in range(n)]})
    table["her2_group"] = rng.choice(["zero", "low", "positive"], n)
    table.loc[:4, "her2_group"] = pd.NA
    table["hr_status"] = rng.choice(["positive", "negative"], n)
    table["tmb"] = rng.gamma(2.0, 2.0, n).round(2).astype(str)
    cells = ["WT", "WT", "R175H", "R213*", "amplification", "amplification;R175H", "loss", pd.NA]
    for gene in GENES:
        table[gene] = rng.choice(np.array(cells, dtype=object), n)
    table.loc[7, GENES] = pd.NA
    return cohort_from_table(table)


def area(figure: Figure, name: str, height: float) -> float:
    """Return how many full cells the patches of one class cover."""
    axes = figure.axes[0]
    patches = [p for p in axes.patches if isinstance(p, PathPatch) and p.get_gid() == name]
    boxes = np.concatenate([p.get_path().vertices.reshape(-1, 5, 2) for p in patches])
    wide, high = boxes[:, 1, 0] - boxes[:, 0, 0], boxes[:, 2, 1] - boxes[:, 0, 1]
    return float((wide * high).sum() / height)


def test_the_cells_of_each_class_are_those_of_the_cohort(cohort: Cohort) -> None:
    data = prepare_oncoprint(cohort, GENES, split="her2_group")
    table = cohort.alterations.drop_duplicates(["sample_id", "gene", "alteration"])
    for name, cells in data.events.items():
        assert cells.sum() == (table["alteration"] == name).sum()
        listed = set(zip(*table.loc[table["alteration"] == name, ["sample_id", "gene"]].to_numpy().T, strict=True))
        i, j = np.nonzero(cells)
        assert listed == {(data.samples["sample_id"][a], data.genes[b]) for a, b in zip(i, j, strict=True)}
    assert set(data.events) == set(table["alteration"]) - {"loss"}


def test_what_is_drawn_covers_as_many_cells_as_there_are(cohort: Cohort) -> None:
    data = prepare_oncoprint(cohort, GENES, split="her2_group")
    figure = draw_oncoprint(cohort, GENES)
    cell = area(figure, "profiled", FULL) / data.profiled.sum()
    assert area(figure, "amplification", FULL) == pytest.approx(cell * data.events["amplification"].sum(), rel=1e-6)
    assert area(figure, "missense", 0.44) == pytest.approx(cell * data.events["missense"].sum(), rel=1e-6)
    assert area(figure, "not profiled", 0.12) == pytest.approx(cell * (~data.profiled).sum(), rel=1e-6)


def test_frequencies_have_profiled_denominators(cohort: Cohort) -> None:
    data = prepare_oncoprint(cohort, GENES, split="her2_group")
    matrix = cohort.alteration_matrix(COUNTED_CLASSES)
    assert data.groups == ("HER2-zero", "HER2-low", "HER2-positive", "unknown")
    for j, gene in enumerate(GENES):
        assert data.overall[j] == pytest.approx(matrix[gene].mean())
        low = (cohort.samples["her2_group"] == "HER2-low").to_numpy(dtype=bool)
        assert data.frequency[j, 1] == pytest.approx(matrix[gene][low].mean())
    assert data.n_left_out == 1


def test_samples_of_one_of_two_assays_are_drawn_but_not_counted() -> None:
    table = pd.DataFrame({"sample_id": list("abcd"), "assays": ["cna+mutations"] * 2 + ["mutations"] * 2})
    table["TP53"] = ["R175H", "WT", "R175H", pd.NA]
    data = prepare_oncoprint(cohort_from_table(table), ["TP53"])
    assert data.overall.tolist() == [0.5]
    assert data.events["missense"].sum() == 2
    assert "2 samples" in data.notes[0]


def test_samples_stand_by_group_and_first_gene(cohort: Cohort) -> None:
    data = prepare_oncoprint(cohort, GENES, split="her2_group")
    assert (np.diff(data.codes) >= 0).all()
    for k in range(len(data.groups)):
        own = data.codes == k
        first = [bool(c[own, 0].any()) and c[own, 0] for c in data.events.values()]
        altered = np.logical_or.reduce([f for f in first if f is not False])
        assert (np.diff(altered.astype(int)) <= 0).all(), "altered samples of the first gene come first"


def test_a_given_order_is_kept_within_blocks(cohort: Cohort) -> None:
    order = list(cohort.sample_ids[::-1])
    data = prepare_oncoprint(cohort, GENES, order=order)
    assert data.samples["sample_id"].tolist() == [s for s in order if s != "s7"]
    with pytest.raises(UsageError, match="names 2 of 90"):
        prepare_oncoprint(cohort, GENES, order=order[:2])
    with pytest.raises(UsageError, match="sample x of the order"):
        prepare_oncoprint(cohort, GENES, order=["x", *order])


def test_the_most_frequent_genes_come_first(cohort: Cohort) -> None:
    data = prepare_oncoprint(cohort, top=3)
    assert len(data.genes) == 3
    assert (np.diff(data.overall) <= 0).all()
    assert prepare_oncoprint(cohort, among=["GATA3"]).genes == ("GATA3",)


def test_labels_and_legend_say_what_occurs(cohort: Cohort) -> None:
    figure = draw_oncoprint(cohort, GENES)
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == GENES
    written = [t.get_text() for axes in figure.axes for t in axes.texts]
    assert "unknown (n = 5)" in written
    assert {"amplification", "missense", "truncating", "not profiled", "HR status"} <= set(written)
    assert not {"loss", "fusion", "splice"} & set(written)


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_the_same_bytes_twice_and_text_as_text(cohort: Cohort, tmp_path: Path, ending: str) -> None:
    files = [tmp_path / f"{k}.{ending}" for k in (1, 2)]
    for file in files:
        write_figure(draw_oncoprint(cohort, GENES), file)
    assert files[0].read_bytes() == files[1].read_bytes()
    if ending == "svg":
        assert ">PIK3CA</text>" in files[0].read_text()


def test_errors_are_one_line(cohort: Cohort) -> None:
    with pytest.raises(UsageError, match="no gene named XYZ1"):
        draw_oncoprint(cohort, ["TP53", "XYZ1"])
    with pytest.raises(CohortError, match="no sample"):
        draw_oncoprint(cohort.select(np.zeros(90, dtype=bool)))
    with pytest.raises(UsageError, match="no column named nosuch"):
        draw_oncoprint(cohort, GENES, tracks=["nosuch"])
    with pytest.raises(UsageError, match="too many for a track"):
        draw_oncoprint(cohort, GENES, tracks=["sample_id"])
    with pytest.raises(UsageError, match="no class of alteration named nosuch"):
        draw_oncoprint(cohort, GENES, classes=["missense", "nosuch"])
    with pytest.raises(CohortError, match="no gene is altered"):
        draw_oncoprint(replace(cohort, alterations=cohort.alterations.iloc[:0]))


def test_bars_are_cut_where_one_value_would_flatten_all() -> None:
    numbers = pd.DataFrame({"tmb": [float(v % 7) for v in range(200)] + [400.0]})
    track = make_tracks(numbers, ["tmb"])[0]
    assert (track.ceiling, track.top) == (6.0, "≥6")
    assert make_tracks(numbers[:200], ["tmb"])[0].top == "6"


def test_legend_entries_do_not_overlap() -> None:
    rows = [("Alteration", [LegendEntry(f"class number {k}", "#000000") for k in range(12)])]
    placed, lines = place_rows(rows, 3.35)
    assert lines > 1
    entries = [(line, x, x + 0.14 + text_width(text)) for text, entry, x, line in placed if entry is not None]
    for (line_a, _, end), (line_b, start, _) in zip(entries, entries[1:], strict=False):
        assert line_a < line_b or end < start
    assert max(end for _, _, end in entries) <= 3.35


def test_at_one_column_every_text_is_inside_and_no_title_is_crossed() -> None:
    groups = ["HER2-zero"] * 9 + ["HER2-low"] * 23 + ["HER2-positive"] * 20
    table = pd.DataFrame(
        {"sample_id": [f"s{i}" for i in range(52)], "her2_group": groups, "TP53": ["R175H", "WT"] * 26}
    )
    figure = draw_oncoprint(cohort_from_table(table), ["TP53"], width=85 / 25.4, tracks=["her2_group"])
    renderer = FigureCanvasAgg(figure).get_renderer()
    whole = figure.bbox
    texts = [t for axes in figure.axes for t in axes.findobj(Text) if t.get_text() and t.get_visible()]
    for text in texts:
        box = text.get_window_extent(renderer)
        assert box.x0 >= whole.x0 - 1, text.get_text()
        assert box.x1 <= whole.x1 + 1, text.get_text()
    titles = [t for t in texts if "(n = " in t.get_text()]
    assert [t.get_text() for t in titles] == ["HER2-zero (n = 9)", "HER2-low (n = 23)", "HER2-positive (n = 20)"]
    boxes = [t.get_window_extent(renderer) for t in titles]
    lines = [line.get_window_extent(renderer) for line in titles[0].axes.lines]
    for k, box in enumerate(boxes):
        assert not [other for other in boxes[k + 1 :] if box.overlaps(other)]
        assert not [line for line in lines if box.x0 < line.x0 < box.x1 and line.y1 > box.y0 and line.y0 < box.y1]


def test_a_title_begins_at_its_block_where_the_figure_has_room() -> None:
    groups = ["HER2-zero"] * 20 + ["HER2-positive"] * 8
    table = pd.DataFrame(
        {"sample_id": [f"s{i}" for i in range(28)], "her2_group": groups, "TP53": ["R175H", "WT"] * 14}
    )
    figure = draw_oncoprint(cohort_from_table(table), ["TP53"], width=85 / 25.4, tracks=["her2_group"])
    titles = [t for axes in figure.axes for t in axes.texts if "(n = " in t.get_text()]
    shown = prepare_oncoprint(cohort_from_table(table), ["TP53"], split="her2_group")
    first = int((shown.codes == 0).sum())
    matrix = figure.axes[0]
    step = (matrix.get_xlim()[1] - 0.05) / 28
    assert titles[-1].get_position()[0] == pytest.approx(first * step + 0.05)
