"""Rates and waterfall: what is drawn is what is in the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.outcome.response import analyse_response
from her2genomics.outcome.response_result import ResponseQuestion
from her2genomics.report.response_figures import MAX_WATERFALL, response_figure, waterfall_figure
from her2genomics.report.style import COLUMN_WIDTH, HER2_COLOURS


def result(n: int = 40):
    rng = np.random.default_rng(2)
    labels = ["HER2-zero", "HER2-low", "HER2-positive"]
    table = pd.DataFrame(
        {
            "sample_id": [f"S{i:03d}" for i in range(n)],
            "her2_group": pd.Categorical(rng.choice(labels, n), labels, ordered=True), "pcr": rng.integers(0, 2, n),
            "hr_status": rng.choice(["positive", "negative"], n), "change": rng.integers(-100, 50, n).astype(float),
            "word": ["x"] * n, "nothing": [None] * n,
        }
    )  # fmt: skip
    return analyse_response(table, ResponseQuestion())


def test_every_rate_is_drawn_with_its_counts():
    r = result()
    figure = response_figure(r)
    axes = figure.axes[0]
    assert figure.get_figwidth() == COLUMN_WIDTH
    points = [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(points, r.response_rates["rate"].to_numpy(dtype=float))
    labels = [label.get_text() for label in axes.get_yticklabels()]
    first = r.response_rates.iloc[0]
    assert labels[0] == f"zero  {first['responders']}/{first['n']}"
    assert "All patients" in [text.get_text() for text in axes.texts]


def test_bars_fall_from_growth_to_shrinkage_in_the_colours_of_the_groups():
    r = result()
    axes = waterfall_figure(r, "change").axes[0]
    bars = sorted((patch.get_x(), patch.get_height()) for patch in axes.patches)
    heights = [height for _, height in bars]
    assert heights == sorted(r.samples["change"].tolist(), reverse=True)
    found = {patch.get_facecolor()[:3] for patch in axes.patches}
    assert len(found) == len(HER2_COLOURS)


def test_what_is_no_change_is_refused():
    r = result()
    with pytest.raises(SchemaError, match="value 'x' is not a number"):
        waterfall_figure(r, "word")
    with pytest.raises(SchemaError, match="no column nope"):
        waterfall_figure(r, "nope")
    with pytest.raises(UsageError, match=f"1 to {MAX_WATERFALL} patients with nothing, there are 0"):
        waterfall_figure(r, "nothing")
