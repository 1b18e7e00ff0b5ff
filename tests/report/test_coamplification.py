from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics.cli.main import cli
from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.exceptions import CohortError
from her2genomics.io.figures import write_figure
from her2genomics.panel import load_panel
from her2genomics.report.coamplification import coamplification, draw_coamplification


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    amp = "amplification"
    table = pd.DataFrame({"sample_id": [f"s{i}" for i in range(8)]})
    table["ERBB2"] = [amp] * 4 + ["WT"] * 4
    table["CDK12"] = [amp, amp, "WT", pd.NA, amp, "WT", "WT", "WT"]
    table["CCND1"] = ["WT"] * 5 + [amp] * 3
    table["MYC"] = [amp] + ["WT"] * 7
    table["TP53"] = [amp] * 8
    return cohort_from_table(table)


def test_shares_by_hand(cohort: Cohort) -> None:
    table = coamplification(cohort, load_panel())
    assert table.genes == ("CCND1", "CDK12", "ERBB2"), "by amplicon and position; MYC once only, TP53 in none"
    assert table.amplicons == ("11q13", "17q12-21", "17q12-21")
    assert table.n_amplified.tolist() == [3, 3, 4]
    assert table.share[2, 1] == pytest.approx(2 / 3), "of ERBB2's 4 tumours CDK12 was looked at in 3"
    assert table.share[1, 2] == pytest.approx(2 / 3)
    assert table.share[0].tolist() == [1.0, 0.0, 0.0]
    assert np.diag(table.share).tolist() == [1.0, 1.0, 1.0]


def test_the_same_bytes_twice_and_labels(cohort: Cohort, tmp_path: Path) -> None:
    table = coamplification(cohort, load_panel())
    for name in ("1.svg", "2.svg"):
        write_figure(draw_coamplification(table), tmp_path / name)
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()
    assert ">ERBB2 (4)</text>" in (tmp_path / "1.svg").read_text()


def test_too_few_amplified_is_one_line(cohort: Cohort, tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="fewer than two genes"):
        coamplification(cohort, load_panel(), least=5)
    file, out = tmp_path / "cohort.tsv", tmp_path / "f.svg"
    file.write_text("sample_id\tihc\tTP53\nP1\t0\tR175H\n")
    result = CliRunner().invoke(cli, ["coamplification", str(file), "--out", str(out)])
    assert result.exit_code == 1
    assert "fewer than two genes" in result.output.splitlines()[-1]
    assert not out.exists()
