from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics.cli.main import cli
from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.exceptions import CohortError, UsageError
from her2genomics.io.figures import write_figure
from her2genomics.panel import load_panel
from her2genomics.protein_domains import DOMAINS
from her2genomics.protein_positions import ExonMap
from her2genomics.report.lollipop import draw_lollipop, mutation_positions, spread_apart


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    rows = [
        ("a", "zero", "H1047R"), ("b", "zero", "H1047L;E545K"), ("c", "zero", "missense"), ("d", "zero", "WT"),
        ("e", "low", "H1047R"), ("f", "low", "amplification"), ("g", "low", pd.NA), ("h", "positive", "E542K"),
    ]  # fmt: skip
    return cohort_from_table(pd.DataFrame(rows, columns=["sample_id", "her2_group", "PIK3CA"]))


def test_tumours_are_counted_per_residue_by_hand(cohort: Cohort) -> None:
    zero, low = mutation_positions(cohort, "PIK3CA", ["zero", "low"])
    assert zero.counts[["position", "n"]].to_numpy().tolist() == [[545, 1], [1047, 2]]
    assert (zero.n_mutated, zero.n_profiled, zero.n_without_position) == (3, 4, 1)
    assert low.counts[["residue", "n"]].to_numpy().tolist() == [["H1047", 1]]
    assert (low.n_mutated, low.n_profiled) == (1, 2), (
        "an amplification is no mutation; not profiled is in no denominator"
    )


def test_recurrent_residues_are_named(cohort: Cohort, tmp_path: Path) -> None:
    figure = draw_lollipop(cohort, "PIK3CA", ["zero", "low"], length=1068)
    written = [t.get_text() for axes in figure.axes for t in axes.texts]
    assert "H1047 (2)" in written
    assert "HER2-zero: 3 of 4 profiled mutated (75%); 1 without a position" in written
    assert "kinase" in written
    for name in ("1.svg", "2.svg"):
        write_figure(draw_lollipop(cohort, "PIK3CA", length=1068), tmp_path / name)
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()
    assert ">H1047 (3)</text>" in (tmp_path / "1.svg").read_text()


def test_positions_beyond_the_protein_are_said(cohort: Cohort) -> None:
    figure = draw_lollipop(cohort, "PIK3CA", length=700)
    label = next(axes.get_xlabel() for axes in figure.axes if axes.get_xlabel())
    assert label == "residue of PIK3CA (700 residues; 3 mutations beyond the end: another transcript)"


def test_labels_are_moved_apart() -> None:
    at = spread_apart(np.array([10.0, 10.5, 11.0, 99.0]), np.array([4.0, 4.0, 4.0, 6.0]), 0.0, 100.0)
    assert (np.diff(at) >= np.array([4.0, 4.0, 5.0]) - 1e-9).all()
    assert at[-1] + 3 <= 100.0


def test_domains_lie_in_order_inside_their_proteins() -> None:
    exons = ExonMap(load_panel())
    lengths = {gene: exons.protein_length(gene) for gene in DOMAINS}
    assert (lengths["TP53"], lengths["PIK3CA"], lengths["PTEN"], lengths["BRCA1"]) == (393, 1068, 403, 1863)
    for gene, domains in DOMAINS.items():
        borders = [p for d in domains for p in (d.first, d.last)]
        assert borders == sorted(borders)
        assert borders[-1] <= (lengths[gene] or 0), gene


def test_known_hotspots_lie_in_their_domains() -> None:
    def within(gene: str, residue: int) -> list[str]:
        return [d.name for d in DOMAINS[gene] if d.first <= residue <= d.last]

    assert within("PIK3CA", 545) == ["helical"]
    assert within("PIK3CA", 1047) == ["kinase"]
    assert within("TP53", 175) == within("TP53", 273) == ["DNA-binding"]
    assert within("ERBB2", 755) == ["kinase"]
    assert within("PTEN", 130) == ["phosphatase"]
    assert within("BRCA1", 61) == ["RING"]


def test_errors_are_one_line(cohort: Cohort, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no gene named TP53"):
        draw_lollipop(cohort, "TP53")
    with pytest.raises(UsageError, match="no sample with her2_group nosuch"):
        draw_lollipop(cohort, "PIK3CA", ["nosuch"])
    with pytest.raises(UsageError, match="3 groups cannot"):
        draw_lollipop(cohort, "PIK3CA", ["zero", "low", "positive"])
    bare = cohort_from_table(pd.DataFrame({"sample_id": ["a", "b"], "TP53": ["missense", "WT"]}))
    with pytest.raises(CohortError, match="no mutation of TP53 has a protein position"):
        draw_lollipop(bare, "TP53")
    file = tmp_path / "cohort.tsv"
    file.write_text("sample_id\tihc\tMLL3\nP1\t0\tR175H\nP2\t1+\tWT\n")
    result = CliRunner().invoke(cli, ["lollipop", str(file), "--gene", "KMT2C", "--out", str(tmp_path / "f.svg")])
    assert result.exit_code == 0, result.output
    result = CliRunner().invoke(cli, ["lollipop", str(file), "--gene", "XYZ", "--out", str(tmp_path / "g.svg")])
    assert result.exit_code == 2
    assert "no gene named XYZ" in result.output.splitlines()[-1]
