from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2genomics.cohort import cohort_from_table
from her2genomics.compare import Comparison, compare_groups
from her2genomics.exceptions import UsageError
from her2genomics.io.figures import write_figure
from her2genomics.report.comparison_figures import KINDS, comparison_figure


@pytest.fixture(scope="module")
def result() -> Comparison:
    n = 60
    table = pd.DataFrame({"sample_id": [f"s{i}" for i in range(n)]})
    table["her2_group"] = ["zero", "low", "positive"] * 20
    table["hr_status"] = ["positive", "negative"] * 30
    table["TP53"] = ["R175H" if i % 3 == 2 or i % 7 == 0 else "WT" for i in range(n)]
    table["CDK12"] = ["amplification" if i % 3 == 2 and i % 2 else "WT" for i in range(n)]
    table["PIK3CA"] = ["H1047R" if i % 4 == 0 else "WT" for i in range(n)]
    return compare_groups(cohort_from_table(table))


def texts(figure: object) -> list[str]:
    return [t.get_text() for axes in figure.axes for t in axes.texts]  # type: ignore[attr-defined]


def test_the_forest_shows_the_numbers_of_the_table(result: Comparison) -> None:
    figure = comparison_figure(result.association, result.contingency, "forest", "zero-low")
    row = result.top("zero-low").set_index("feature").loc["TP53"]
    shown = texts(figure)
    assert f"{row['altered_a']}/{row['n_a']} ({100 * row['freq_a']:.0f}%)" in shown
    assert {"TP53", "PIK3CA"} <= set(shown)
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["crude", "adjusted for hr_status"]


def test_a_ratio_of_zero_is_drawn_at_the_edge(result: Comparison) -> None:
    figure = comparison_figure(result.association, result.contingency, "forest", "zero-positive")
    edges = [line.get_xdata() for line in figure.axes[1].lines if line.get_marker() == "<"]
    assert set(np.concatenate(edges)) == {2.0**-7}
    assert len(np.concatenate(edges)) >= 2, "CDK12, crude and adjusted"


def test_the_volcano_has_a_panel_per_pair(result: Comparison) -> None:
    figure = comparison_figure(result.association, result.contingency, "volcano")
    assert figure.axes[0].get_title("left") == "HER2-zero against HER2-low"
    assert len(figure.axes) == 3
    points = sum(len(c.get_offsets()) for c in figure.axes[0].collections)
    assert points == (result.association.query("family == 'gene' and contrast == 'zero-low'")["effect"].notna()).sum()


def test_the_volcano_names_genes_of_one_point_together_and_explains_itself() -> None:
    table = pd.DataFrame({"sample_id": [f"s{i}" for i in range(60)], "her2_group": ["zero", "low"] * 30})
    table["TP53"] = table["CDH1"] = ["1" if i % 2 and i < 20 else "0" for i in range(60)]
    table["PIK3CA"] = ["1" if i % 3 == 0 else "0" for i in range(60)]
    found = compare_groups(cohort_from_table(table))
    figure = comparison_figure(found.association, found.contingency, "volcano")
    assert sorted(t.get_text() for t in figure.axes[0].texts if t.get_text()) == ["CDH1, TP53", "PIK3CA"]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == [
        "q < 0.05", "q ≥ 0.05", "odds ratio below 1/128 or above 128"
    ]  # fmt: skip


def test_names_of_the_volcano_stand_apart(result: Comparison) -> None:
    figure = comparison_figure(result.association, result.contingency, "volcano")
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert len(boxes) == len({text.get_text() for text in axes.texts}) > 0
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_the_bars_are_shares_of_profiled_samples(result: Comparison) -> None:
    figure = comparison_figure(result.association, result.contingency, "bars")
    axes = figure.axes[0]
    genes = [t.get_text() for t in axes.get_yticklabels()]
    widths = {
        (bars.get_label(), gene): bar.get_width()
        for bars in axes.containers
        for gene, bar in zip(genes, bars, strict=True)
    }
    row = result.top("zero-low").set_index("feature").loc["TP53"]
    assert widths["HER2-low", "TP53"] == pytest.approx(100 * row["freq_b"])


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bytes_twice(result: Comparison, kind: str, tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        write_figure(comparison_figure(result.association, result.contingency, kind), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_what_cannot_be_drawn(result: Comparison) -> None:
    with pytest.raises(UsageError, match="no figure named pie; there are: bars, volcano, forest"):
        comparison_figure(result.association, result.contingency, "pie")
    with pytest.raises(UsageError, match="no contrast zero-high to draw"):
        comparison_figure(result.association, result.contingency, "forest", "zero-high")
    with pytest.raises(UsageError, match="no gene was tested"):
        comparison_figure(result.association.iloc[:0], result.contingency, "bars")
    twice = pd.concat([result.association, result.association.assign(stratum="other")])
    with pytest.raises(UsageError, match="figures show one stratum"):
        comparison_figure(twice, result.contingency, "bars")
