from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from her2genomics import panel as panels
from her2genomics.exceptions import BuildMismatchError, FileFormatError, PanelError
from her2genomics.intervals import Intervals
from her2genomics.io.panels import read_bed, write_panel
from her2genomics.panel_import import panel_from_targets


@pytest.fixture
def own_panels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HER2G_PANELS", str(tmp_path / "panels"))
    return tmp_path / "panels"


def test_surrogate_has_the_published_sizes() -> None:
    panel = panels.load_panel()
    assert len(panel.genes) == 520
    assert (panel.genes["tier"] == "whole_exon").sum() == 312
    assert Intervals.from_table(panel.targets("hg19")).total_bp == 1_640_000
    assert panel.coding("hg19").total_bp == 1_002_999
    assert panel.coding("hg38").total_bp == 1_002_867
    assert panel.coding_mb == 1.003


def test_surrogate_says_what_it_is() -> None:
    panel = panels.load_panel()
    assert panel.kind == "surrogate"
    assert "not the vendor" in panel.notice.lower()
    assert panels.list_panels().set_index("panel").loc["surrogate520", "notice"] == panel.notice


def test_both_builds_have_the_same_coding_exons_and_targets_only_hg19() -> None:
    panel = panels.load_panel()
    assert set(panel.exons("hg19")["gene"]) == set(panel.exons("hg38")["gene"]) == set(panel.genes["gene"])
    with pytest.raises(BuildMismatchError, match="no targets for hg38"):
        panel.targets("hg38")


def test_old_symbols_lead_to_current_ones_and_never_from_a_current_one() -> None:
    panel = panels.load_panel()
    aliases = panel.alias_map()
    assert {old: aliases[old] for old in ("MLL2", "MLL3", "PARK2", "FAM123B")} == {
        "MLL2": "KMT2D", "MLL3": "KMT2C", "PARK2": "PRKN", "FAM123B": "AMER1",
    }  # fmt: skip
    assert not set(aliases) & set(panel.genes["gene"])
    assert set(aliases.values()) <= set(panel.genes["gene"])


def test_erbb2_stands_where_it_is() -> None:
    spans = panels.load_panel().gene_spans("hg19").set_index("gene")
    assert spans.loc["ERBB2", "chromosome"] == "chr17"
    assert 37_855_000 < spans.loc["ERBB2", "start"] < spans.loc["ERBB2", "end"] < 37_885_000


def test_eleven_pathways_with_one_default_source_each() -> None:
    pathways = panels.load_panel().pathways
    default = pathways[pathways["default"]].groupby("pathway")["source"].nunique()
    assert len(default) == 11
    assert (default == 1).all()
    assert "cBioPortal" not in " ".join(pathways["source"].unique())


def test_hotspots_are_residues_of_panel_genes_too() -> None:
    hotspots = panels.load_panel().hotspots
    pairs = set(zip(hotspots["gene"], hotspots["residue"], strict=True))
    assert {("PIK3CA", "H1047"), ("ERBB2", "S310"), ("TP53", "X187")} <= pairs
    assert "3d" not in set(hotspots["type"])


def test_import_makes_a_panel_that_loads_by_name(own_panels: Path, tmp_path: Path) -> None:
    bed = tmp_path / "vendor.bed"
    bed.write_text(
        "track name=x\n17\t37855800\t37856600\tERBB2_1\n17\t37864500\t37864800\tERBB2\n8\t100\t200\tNOTAGENE|e1\n"
    )
    table = read_bed(bed, build="hg19")
    table.loc[0, "name"] = "ERBB2"
    settings, tables = panel_from_targets(table, name="mylab", build="hg19", coding_mb=0.5)
    write_panel(settings, tables, panels.user_panel_folder() / "mylab")
    panel = panels.load_panel("mylab")
    assert panel.kind == "imported"
    assert panel.coding_mb == 0.5
    assert set(panel.genes["gene"]) == {"ERBB2", "NOTAGENE"}
    assert panel.coding("hg19").total_bp < 1200
    assert panel.coding("hg19").overlaps("chr8", 150, 151), "a gene without known exons counts whole"
    assert set(panel.targets("hg19")["gene"]) == {"ERBB2", "NOTAGENE"}
    assert (panel.hotspots["gene"] == "ERBB2").all()
    with pytest.raises(PanelError, match="exists already.*--replace"):
        write_panel(settings, tables, panels.user_panel_folder() / "mylab")


def test_a_panel_without_a_stated_size_has_none(own_panels: Path) -> None:
    bed = pd.DataFrame({"chromosome": ["chr17"], "start": [37_855_800], "end": [37_856_600], "name": ["ERBB2"]})
    settings, tables = panel_from_targets(bed, name="x", build="hg19", coding=bed)
    panel = panels.load_panel(write_panel(settings, tables, own_panels / "x"))
    assert panel.coding_mb is None
    assert panel.coding_bed_mb("hg19") == pytest.approx(800e-6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        ("#only a comment\n", "no interval"),
        ("chr1\t5\n", "v.bed:1: not a BED line"),
        ("chr1\t1\t2\nchr1\tten\t20\n", "v.bed:2: not a BED line"),
        ("chr1\t20\t10\n", "v.bed:1: interval 20-10"),
    ],
)
def test_a_broken_bed_names_its_line(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "v.bed"
    file.write_text(content)
    with pytest.raises(FileFormatError, match=message):
        read_bed(file)


def test_a_bed_of_the_other_build_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "v.bed"
    file.write_text("chr17\t82000000\t82000100\tX\n")
    assert len(read_bed(file, build="hg38")) == 1
    with pytest.raises(BuildMismatchError, match="beyond the chromosome on hg19"):
        read_bed(file, build="hg19")


def test_unknown_panels_and_bad_names() -> None:
    with pytest.raises(PanelError, match=r"no panel named 'nope' \(known: .*surrogate520"):
        panels.load_panel("nope")
    bed = pd.DataFrame({"chromosome": ["chr1"], "start": [1], "end": [2], "name": ["."]})
    with pytest.raises(PanelError, match="no target carries a gene"):
        panel_from_targets(bed, name="x", build="hg19")
    with pytest.raises(PanelError, match="cannot be a panel name"):
        panel_from_targets(bed, name="../x", build="hg19")


def test_a_broken_panel_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "panel.toml").write_text("id = ")
    with pytest.raises(PanelError, match="cannot be read"):
        panels.load_panel(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "panel.toml").write_text('id="x"\ntitle="x"\ngenes="g.tsv"\n[coding]\nhg19="c.bed"\n')
    with pytest.raises(PanelError, match=r"files are missing: g\.tsv, c\.bed"):
        panels.load_panel(other)


@pytest.mark.real_data
def test_a_public_vendor_design_can_be_imported(shared_data: Path, own_panels: Path) -> None:
    bed = read_bed(shared_data / "cnv" / "GOAL_Core_497_genes_sorted.bed.gz", build="hg19")
    settings, tables = panel_from_targets(bed, name="goal", build="hg19")
    panel = panels.load_panel(write_panel(settings, tables, own_panels / "goal"))
    assert 480 <= len(panel.genes) <= 510
    assert panel.has_gene("ERBB2")
    assert 0.8 < panel.coding_bed_mb("hg19") < 2.5
