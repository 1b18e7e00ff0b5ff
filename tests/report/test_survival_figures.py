"""Figures of outcome: what they show, at the sizes of journals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2genomics.exceptions import UsageError
from her2genomics.io.figures import write_figure
from her2genomics.outcome.survival import analyse_survival
from her2genomics.outcome.survival_data import prepare_survival
from her2genomics.outcome.survival_question import SurvivalQuestion
from her2genomics.report.style import COLUMN_WIDTH, HER2_COLOURS
from her2genomics.report.survival_figures import cox_forest, km_figure, swimmer_figure


def result(n: int = 120, *, event: bool = True, group: str | None = "her2_group"):
    rng = np.random.default_rng(8)
    labels = ["HER2-zero", "HER2-low", "HER2-positive"]
    time, stop = rng.exponential(40, n), rng.uniform(1, 70, n)
    table = pd.DataFrame(
        {
            "sample_id": [f"S{i}" for i in range(n)],
            "her2_group": pd.Categorical(rng.choice(labels, n), labels, ordered=True),
            "os_months": np.minimum(time, stop), "os_event": (time <= stop) & event,
        }
    )  # fmt: skip
    return analyse_survival(prepare_survival(table, SurvivalQuestion("os_months", "os_event", group)))


def texts(figure) -> str:
    figure.canvas.draw()
    return " | ".join(
        t.get_text() for axes in figure.axes for t in axes.findobj(match=lambda a: hasattr(a, "get_text"))
    )


def test_curves_p_hazard_ratios_and_numbers_at_risk_are_in_the_figure():
    r = result()
    figure = km_figure(r)
    assert figure.get_figwidth() == COLUMN_WIDTH
    shown = texts(figure)
    assert "log-rank p" in shown
    assert "HR low vs zero" in shown
    assert "Overall survival" in shown
    first = r.at_risk[(r.at_risk["group"] == "HER2-low") & (r.at_risk["time"] == 0)]["n_at_risk"].iloc[0]
    assert f"{first}" in [t.get_text() for t in figure.axes[1].texts]
    lines = {line.get_color() for line in figure.axes[0].lines}
    assert set(HER2_COLOURS.values()) <= lines


def test_the_curve_drawn_is_the_curve_in_the_table():
    r = result()
    line = next(x for x in km_figure(r).axes[0].lines if x.get_label().startswith("HER2-low"))
    own = r.km_curves[r.km_curves["group"] == "HER2-low"]
    np.testing.assert_allclose(line.get_ydata()[1:], own["survival"].to_numpy(dtype=float))
    np.testing.assert_allclose(line.get_xdata()[1:], own["time"].to_numpy(dtype=float))


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_figures_are_the_same_bytes_twice(tmp_path, ending):
    for name in ("a", "b"):
        write_figure(km_figure(result(40)), tmp_path / f"{name}.{ending}")
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_one_group_and_no_event_can_be_drawn():
    assert "log-rank" not in texts(km_figure(result(group=None)))
    km_figure(result(30, event=False)).canvas.draw()


def test_many_groups_have_their_legend_outside_and_no_list_of_ratios():
    r = result()
    table = r.data.table.assign(four=[f"group {i % 4}" for i in range(len(r.data.table))])
    many = analyse_survival(prepare_survival(table, SurvivalQuestion("os_months", "os_event", "four")))
    figure = km_figure(many)
    assert figure.legends
    assert figure.axes[0].get_legend() is None
    assert not any("HR" in text.get_text() for text in figure.axes[0].texts)


def test_forest_lists_every_coefficient_and_needs_a_model():
    shown = texts(cox_forest(result()))
    assert "HER2-positive vs zero" in shown
    assert "Hazard ratio" in shown
    with pytest.raises(UsageError, match="no Cox model to draw"):
        cox_forest(result(30, event=False))


def test_swimmers_are_for_small_cohorts():
    figure = swimmer_figure(result(25))
    assert sum(len(c) for c in figure.axes[0].containers) == 25
    with pytest.raises(UsageError, match="too many for a swimmer plot"):
        swimmer_figure(result(120))
