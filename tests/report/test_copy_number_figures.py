"""Copy-number figures hold what the tables say: points, labels, triangles beyond the axis, and survive odd input."""

from __future__ import annotations

from pathlib import Path

import matplotlib.text
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from her2genomics.cli.main import cli
from her2genomics.exceptions import UsageError
from her2genomics.gene_calls import CnvResult, call_copy_number
from her2genomics.io.cnvkit import write_cnn
from her2genomics.normals import Reference, build_reference, flat_reference
from her2genomics.report.copy_number_figures import HIGH, plot_gene, plot_profile, plot_reference, spread_out
from her2genomics.segmentation import segment_ratios
from her2genomics.simulate_coverage import simulate_coverage, simulate_targets
from her2genomics.workflow.copy_number import write_reference

TARGETS = simulate_targets(n_genes=44, bins_per_gene=6, seed=2).replace({"gene": {"G5": "ERBB2"}})


@pytest.fixture(scope="module")
def reference() -> Reference:
    return build_reference({f"N{i}": simulate_coverage(TARGETS, seed=i) for i in range(9)})


@pytest.fixture(scope="module")
def tumour(reference: Reference) -> CnvResult:
    copies = {"ERBB2": 60.0, "G20": 0.0, "G30": 5.0}
    return call_copy_number(simulate_coverage(TARGETS, seed=77, copies=copies), reference, sample_id="T")


def texts(figure: Figure) -> set[str]:
    return {text.get_text() for text in figure.findobj(matplotlib.text.Text)}


def test_called_genes_are_labelled_and_others_are_not(tumour: CnvResult) -> None:
    segments = segment_ratios(tumour.ratios, sample_id="T")
    figure = plot_profile(tumour.ratios, segments, tumour.genes, title="sample T")
    shown = texts(figure)
    assert {"sample T", "ERBB2", "G20", "G30"} <= shown
    assert not shown & {"G1", "G21", "G40"}


def test_every_bin_is_drawn_and_those_beyond_the_axis_stand_on_its_border(tumour: CnvResult) -> None:
    segments = segment_ratios(tumour.ratios, sample_id="T")
    figure = plot_profile(tumour.ratios, segments, tumour.genes.assign(call="neutral"), title="T", always=())
    heights = np.concatenate([np.asarray(c.get_offsets())[:, 1] for c in figure.axes[0].collections])
    assert len(heights) == len(tumour.ratios)
    beyond = int((tumour.ratios["log2"] > HIGH).sum())
    assert beyond > 0
    assert int((heights == HIGH).sum()) == beyond


def test_the_close_up_has_every_target_of_the_gene(tumour: CnvResult) -> None:
    segments = segment_ratios(tumour.ratios, sample_id="T")
    figure = plot_gene(tumour.ratios, segments, tumour.genes, gene="G30", title="T")
    drawn = np.concatenate([np.asarray(c.get_offsets()) for c in figure.axes[1].collections if len(c.get_offsets())])
    assert sorted(drawn[:, 0])[-6:] == [1, 2, 3, 4, 5, 6]
    assert any(text.startswith("G30: amplification") for text in texts(figure))


def test_a_gene_without_targets_is_refused(tumour: CnvResult) -> None:
    with pytest.raises(UsageError, match="NOSUCH has no target"):
        plot_gene(tumour.ratios, segment_ratios(tumour.ratios, sample_id="T"), tumour.genes, gene="NOSUCH")


def test_a_reference_names_the_normals_left_out() -> None:
    tables = {f"N{i}": simulate_coverage(TARGETS, seed=i) for i in range(9)}
    tables["shallow"] = simulate_coverage(TARGETS, seed=50, depth=6)
    built = build_reference(tables)
    shown = texts(plot_reference(built.normals, built.bins))
    assert "shallow" in shown
    assert "9 normals in use, 1 left out" in shown


def test_references_of_one_or_no_normal() -> None:
    one = build_reference({"N": simulate_coverage(TARGETS, seed=1)})
    assert "1 normals in use, 0 left out" in texts(plot_reference(one.normals, one.bins))
    flat = flat_reference(TARGETS)
    with pytest.raises(UsageError, match="flat"):
        plot_reference(flat.normals, flat.bins)


def test_no_ratio_is_refused(tumour: CnvResult) -> None:
    with pytest.raises(UsageError, match="no ratio"):
        plot_profile(tumour.ratios.head(0), pd.DataFrame(), tumour.genes, title="T")


@given(st.lists(st.floats(0, 100), max_size=12).map(sorted), st.floats(0.1, 20))
def test_labels_are_apart_in_order_and_inside(wanted: list[float], gap: float) -> None:
    places = spread_out(wanted, gap, 100.0)
    assert len(places) == len(wanted)
    room = min(gap, 100 / max(len(wanted), 1))
    assert all(b - a >= room - 1e-6 for a, b in zip(places, places[1:], strict=False))
    assert all(-1e-6 <= place <= 100 + 1e-6 for place in places)


def test_the_commands_write_the_figures(tmp_path: Path, reference: Reference) -> None:
    write_reference(reference, tmp_path / "pon.cnn")
    write_cnn(simulate_coverage(TARGETS, seed=77, copies={"ERBB2": 60.0}), tmp_path / "T.cnn")
    run = ["cnv", str(tmp_path / "T.cnn"), "--reference", str(tmp_path / "pon.cnn")]
    done = CliRunner().invoke(cli, [*run, "--plots", str(tmp_path / "f"), "--plot-format", "svg"])
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "f").iterdir()} == {"T.profile.svg", "T.ERBB2.svg"}
    check = ["reference", "check", str(tmp_path / "pon.cnn"), "--plot", str(tmp_path / "qc.pdf")]
    assert CliRunner().invoke(cli, check).exit_code == 0
    assert (tmp_path / "qc.pdf").read_bytes().startswith(b"%PDF")


def test_of_many_called_genes_all_are_coloured_and_the_strongest_named(tumour: CnvResult) -> None:
    strength = np.arange(len(tumour.genes), 0.0, -1) / 100
    genes = tumour.genes.assign(call="amplification", log2=strength)
    figure = plot_profile(tumour.ratios, segment_ratios(tumour.ratios, sample_id="T"), genes, title="T", always=())
    shown = texts(figure)
    assert set(genes["gene"].head(30)) <= shown
    assert not set(genes["gene"].tail(14)) & shown
    assert any(text.endswith("; 30 of 44 called genes are named") for text in shown)
    coloured = sum(len(c.get_offsets()) for c in figure.axes[0].collections[3:])
    assert coloured == len(tumour.ratios)


def test_names_have_the_room_that_they_need(tumour: CnvResult) -> None:
    segments = segment_ratios(tumour.ratios, sample_id="T")
    long = tumour.genes.replace({"gene": {"G20": "CDKN2B-AS1-LONG"}})
    ratios = tumour.ratios.replace({"gene": {"G20": "CDKN2B-AS1-LONG"}})
    short, wide = (plot_profile(r, segments, g, title="T") for r, g in ((tumour.ratios, tumour.genes), (ratios, long)))
    assert wide.axes[0].get_ylim()[0] < short.axes[0].get_ylim()[0] - 2
