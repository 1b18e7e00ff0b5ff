from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from matplotlib.patches import Rectangle

from her2genomics.cli.main import cli
from her2genomics.exceptions import UsageError
from her2genomics.report.pathway_figures import exclusivity_map


def pairs() -> pd.DataFrame:
    columns = ["stratum", "event_a", "event_b", "n", "n_a", "n_b", "n_both", "p_value", "q_value", "direction"]
    rows = [
        ("all", "B", "A", 100, 30, 40, 2, 0.001, 0.003, "exclusivity"),
        ("all", "A", "C", 100, 40, 20, 8, 0.001, 0.003, "co-occurrence"),
        ("all", "B", "C", 100, 30, 20, 20, np.nan, np.nan, None),
    ]
    return pd.DataFrame(rows, columns=columns)


def test_the_map_shows_ratio_mark_and_untested_pair() -> None:
    axes = exclusivity_map(pairs()).axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["A", "B"], "the most frequent first"
    colours = axes.images[0].get_array().filled(np.nan)
    assert colours[1, 0] == pytest.approx(np.log2(2.5 * 32.5 / (38.5 * 28.5)))
    assert colours[2, 0] == pytest.approx(np.log2(8.5 * 48.5 / (32.5 * 12.5)))
    assert np.isnan(colours[2, 1])
    marks = {(line.get_xdata()[0], line.get_ydata()[0]): (line.get_marker(), line.get_color()) for line in axes.lines}
    assert colours[1, 0] < -2, "a dark cell"
    assert marks == {(0, 1): ("_", "white"), (0, 2): ("+", "black")}
    hatched = [p.get_xy() for p in axes.patches if isinstance(p, Rectangle) and p.get_hatch()]
    assert hatched == [(0.5, 1.5)]


def test_a_stratum_without_pairs_is_refused() -> None:
    with pytest.raises(UsageError, match="no pair of stratum low"):
        exclusivity_map(pairs(), "low")


def test_the_command_draws_it_and_knows_the_ending_beforehand(tmp_path: Path) -> None:
    file = tmp_path / "cohort.tsv"
    rows = [
        f"P{i}\t{'0' if i % 2 else '1+'}\t{'R175H' if i % 3 else 'WT'}\t{'WT' if i % 4 else 'H1047R'}"
        for i in range(24)
    ]
    file.write_text("\n".join(["sample_id\tihc\tTP53\tPIK3CA", *rows]) + "\n")
    arguments = ["exclusivity", str(file), "--out", str(tmp_path / "pairs.tsv"), "--plot"]
    result = CliRunner().invoke(cli, [*arguments, str(tmp_path / "map.svg")])
    assert result.exit_code == 0, result.stderr
    assert "TP53" in (tmp_path / "map.svg").read_text()
    result = CliRunner().invoke(cli, [*arguments, str(tmp_path / "map.doc")])
    assert result.exit_code == 2
    assert "cannot write a figure as 'doc'" in result.stderr
