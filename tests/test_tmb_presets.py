"""Presets: one readable file each."""

from __future__ import annotations

import pytest

from her2genomics.exceptions import FileFormatError, UsageError
from her2genomics.tmb_presets import DEFAULT_PRESET, list_presets, load_preset


def test_the_shipped_presets():
    assert list_presets() == ["zhang2022-tissue", "all-nonsynonymous", "f1cdx-like", "tso500-like", "zhang2022-plasma"]
    assert all(load_preset(name).name == name for name in list_presets())


def test_the_default_is_the_tissue_rule_of_the_study():
    preset = load_preset(DEFAULT_PRESET)
    assert (preset.min_vaf, preset.min_max_vaf, preset.padding_bp, preset.hotspot_policy) == (0.02, 0.05, 2, "exclude")
    assert "Silent" not in preset.classes
    assert preset.denominator_mb is None
    assert preset.high_from is None


def test_plasma_is_the_tissue_rule_at_lower_fractions_without_ch_genes():
    plasma, tissue = load_preset("zhang2022-plasma"), load_preset("zhang2022-tissue")
    assert (plasma.min_vaf, plasma.min_max_vaf) == (0.002, 0.01)
    assert plasma.excluded_genes == ("ASXL1", "DNMT3A", "PPM1D", "TET2")
    assert plasma.classes == tissue.classes


def test_only_the_assay_with_a_cut_off_has_a_category():
    assert [name for name in list_presets() if load_preset(name).high_from is not None] == ["f1cdx-like"]


def test_a_preset_of_ones_own(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('name = "mine"\ntitle = "t"\nsource = "s"\n[count]\nclasses = ["Silent"]\n[reads]\nmin_vaf = 0.1\n')
    assert load_preset(file).classes == ("Silent",)
    assert load_preset(str(file)).with_changes(min_vaf=0.2, min_depth=None).min_vaf == 0.2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = 'x", "not a TMB preset"),
        ("title = 't'", "not a TMB preset"),
        ('name="x"\ntitle="t"\nsource="s"\n[count]\nclasses=["Bad"]', "Bad is no Variant_Classification"),
        ('name="x"\ntitle="t"\nsource="s"\n[count]\nclasses=["Silent"]\nwhat=1', "unknown setting what"),
        ('name="x"\ntitle="t"\nsource="s"\n[count]\nclasses=["Silent"]\n[reads]\nmin_vaf=2.0', "fraction from 0 to 1"),
        ('name="x"\ntitle="t"\nsource="s"\n[count]\nclasses=["Silent"]\n[reads]\nmin_vaf="low"', "not a TMB preset"),
        ('name="x"\ntitle="t"\nsource="s"\n[count]\nclasses=["Silent"]\nhotspots="maybe"', "'exclude' or 'include'"),
    ],
)
def test_a_broken_preset_is_one_clear_error(tmp_path, text, words):
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(FileFormatError, match=words):
        load_preset(file)


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(UsageError, match="use one of: zhang2022-tissue"):
        load_preset("nope")
    with pytest.raises(UsageError, match="fraction"):
        load_preset().with_changes(min_vaf=3)
