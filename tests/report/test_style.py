"""One look for every figure."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.colors import to_rgb

from her2genomics import schema
from her2genomics.report.style import CLASS_COLOURS, HER2_COLOURS, figure_style, group_colours, new_figure


def test_groups_have_their_colours_with_and_without_the_prefix():
    assert set(HER2_COLOURS) == set(schema.HER2_GROUPS)
    assert group_colours(["zero", "HER2-positive"]) == {
        "zero": HER2_COLOURS["HER2-zero"],
        "HER2-positive": HER2_COLOURS["HER2-positive"],
    }
    assert group_colours(["HER2-low", "something"])["something"] not in HER2_COLOURS.values()


def test_a_positive_level_of_another_variable_is_no_her2_group():
    assert not set(group_colours(["negative", "positive"]).values()) & set(HER2_COLOURS.values())


def test_groups_stay_apart_in_greyscale():
    grey = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(to_rgb, HER2_COLOURS.values()))
    assert min(b - a for a, b in zip(grey[:-1], grey[1:], strict=True)) > 0.15


def test_every_class_has_a_colour_of_its_own():
    assert set(CLASS_COLOURS) == set(schema.ALTERATION_CLASSES)
    assert len(set(CLASS_COLOURS.values())) == len(CLASS_COLOURS)


def test_the_style_ends_with_its_block():
    before = mpl.rcParams["font.size"]
    with figure_style():
        assert mpl.rcParams["font.size"] == 7
        assert new_figure().get_layout_engine() is not None
    assert mpl.rcParams["font.size"] == before
