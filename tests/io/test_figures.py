"""Writing figures."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from her2genomics.exceptions import UsageError
from her2genomics.io.figures import FIGURE_FORMATS, write_figure


def figure() -> Figure:
    drawn = Figure(figsize=(2, 1))
    axes = drawn.subplots()
    axes.plot([1, 2, 3])
    axes.set_title("HER2-low")
    return drawn


@pytest.mark.parametrize("ending", FIGURE_FORMATS)
def test_the_same_bytes_twice(tmp_path, ending):
    for name in ("a", "b"):
        write_figure(figure(), tmp_path / f"{name}.{ending}")
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"a.{ending}", f"b.{ending}"]


def test_text_stays_text(tmp_path):
    write_figure(figure(), tmp_path / "a.svg")
    assert ">HER2-low<" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_an_unknown_ending_names_the_known_ones(tmp_path):
    with pytest.raises(UsageError, match=r"cannot write a figure as 'gif'.*png, svg, pdf"):
        write_figure(figure(), tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []
