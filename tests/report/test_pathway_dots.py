"""The dot plot shows what the tables say: shares as areas, q in the cells, marks, coverage."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from matplotlib.axes import Axes

import her2genomics as h2g
from her2genomics.cli.main import cli
from her2genomics.exceptions import UsageError
from her2genomics.pathway_comparison import PathwayComparison
from her2genomics.report.comparison_figures import p_text
from her2genomics.report.pathway_dots import pathway_dots
from her2genomics.report.style import HER2_COLOURS


def table() -> pd.DataFrame:
    """40 samples of each group: APC altered in half of the zero and in a tenth of the others, TP53 in all but a few."""
    rng = np.random.default_rng(3)
    groups = np.repeat(["HER2-zero", "HER2-low", "HER2-positive"], 40)
    rank = np.tile(np.arange(40), 3)
    cells = {
        "APC": np.where(rank < np.where(groups == "HER2-zero", 20, 4), "R213*", "WT"),
        "TP53": np.where(rank % 3 > 0, "R175H", "WT"),
        "CDKN2A": np.where(rng.random(120) < 0.2, "truncating", "WT"),
        "ERBB2": np.where((groups == "HER2-positive") | (rank == 0), "amplification", "WT"),
        **{f"KMT2{x}": np.where(rng.random(120) < 0.3, "missense", "WT") for x in "ABCD"},
    }
    return pd.DataFrame({"sample_id": [f"S{i}" for i in range(120)], "her2_group": groups, **cells})


SETS = pd.DataFrame(
    [
        ("WNT", "APC"), ("WNT", "AXIN1"), ("CELL_CYCLE", "TP53"), ("CELL_CYCLE", "CDKN2A"), ("ERBB", "ERBB2"),
        ("EMPTY", "FGF23"),
    ],
    columns=["pathway", "gene"],
).assign(source="", default=True)  # fmt: skip


@cache
def compared() -> PathwayComparison:
    return h2g.compare_pathways(h2g.cohort_from_table(table()), h2g.PathwaySettings(SETS))


def panels() -> list[Axes]:
    result = compared()
    return pathway_dots(result.association, result.contingency, result.coverage, result.groups).axes[:3]


def test_rows_are_pathways_by_share_and_hubless_ones_follow_theirs() -> None:
    labels = [text.get_text() for text in panels()[0].get_yticklabels()]
    assert labels == ["CELL CYCLE", "without TP53", "ERBB", "WNT", "EMPTY"]


def test_a_dot_has_the_area_of_the_share_and_the_colour_of_the_group() -> None:
    left = panels()[0]
    by_place = {tuple(np.round(dot.get_offsets()[0]).astype(int)): dot for dot in left.collections[:-1]}
    whole = by_place[2, 2].get_sizes()[0]
    assert by_place[0, 3].get_sizes()[0] == pytest.approx(whole * 0.5)
    assert by_place[1, 3].get_sizes()[0] == pytest.approx(whole * 0.1)
    for x, colour in enumerate(HER2_COLOURS.values()):
        assert tuple((255 * by_place[x, 3].get_facecolor()[0][:3]).round().astype(int)) == tuple(
            int(colour[k : k + 2], 16) for k in (1, 3, 5)
        )
    assert [t.get_text() for t in left.get_xticklabels()] == ["zero\nn = 40", "low\nn = 40", "positive\nn = 40"]
    assert "50%" in {text.get_text() for text in left.texts}


def test_cells_hold_q_bold_where_small_and_letters() -> None:
    middle, rows = panels()[1], compared().association
    assert middle.get_xticklabels()[0].get_text() == "zero :\nlow"
    text = {tuple(map(float, t.get_position())): t for t in middle.texts}
    wnt = rows[(rows["feature"] == "WNT") & (rows["contrast"] == "zero-low")].iloc[0]
    assert wnt["q_value"] < 0.05
    assert text[0, 3].get_text().startswith(p_text(wnt["q_value"]))
    assert text[0, 3].get_weight() == "bold"
    assert ("b" in text[0, 3].get_text()) == (wnt["burden_q"] < 0.05)
    assert "e" in text[1, 2].get_text().split("$")[1], "ERBB against HER2-positive is marked"
    assert "$" not in text[0, 2].get_text(), "between zero and low it is not"
    assert text[0, 0].get_weight() == "normal"
    assert {text[x, 4].get_text() for x in range(5)} == {"–"}, "what no assay covers was not tested"


def test_cells_are_coloured_by_odds_ratio_and_grey_without_one() -> None:
    fills = {tuple(np.round([p.get_x(), p.get_y()])): p.get_facecolor()[:3] for p in panels()[1].patches}
    red, _, blue = fills[0.0, 3.0]
    assert red > blue, "more often in the first group: orange"
    red, _, blue = fills[1.0, 2.0]
    assert blue > red, "more often in the second: purple"
    assert len(set(fills[3.0, 3.0])) == 1, "overall has no odds ratio"


def test_coverage_is_printed_once_per_pathway() -> None:
    assert [text.get_text() for text in panels()[2].texts] == ["2/2", "1/1", "1/2", "0/1"]


def test_nothing_tested_is_refused() -> None:
    result = h2g.compare_pathways(h2g.cohort_from_table(table()), h2g.PathwaySettings(SETS[SETS["pathway"] == "EMPTY"]))
    with pytest.raises(UsageError, match="no pathway was tested"):
        pathway_dots(result.association, result.contingency, result.coverage, result.groups)


def test_the_command_draws_the_same_bytes_twice(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "cohort.tsv", sep="\t", index=False)
    arguments = ["pathways", str(tmp_path / "cohort.tsv"), "--out", str(tmp_path / "p.tsv"), "--plot"]
    for name in ("a.svg", "b.svg"):
        result = CliRunner().invoke(cli, [*arguments, str(tmp_path / name)])
        assert result.exit_code == 0, result.stderr
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    result = CliRunner().invoke(cli, [*arguments, str(tmp_path / "a.doc")])
    assert result.exit_code == 2
    assert "cannot write a figure as 'doc'" in result.stderr
