"""The study's copy-number rule: boundary cases, purity, and the readings of its "ratio of > 0.5"."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.copy_rule import CopyRule, observed_copies, tumour_copies
from her2genomics.exceptions import UsageError

CASES = pd.read_csv(Path(__file__).parent / "reference" / "cnv_cases.tsv", sep="\t")


@pytest.mark.parametrize("source", ["ratio", "log2"])
@pytest.mark.parametrize("row", CASES.to_dict("records"), ids=lambda row: f"ratio {row['ratio']} at {row['purity']}")
def test_every_boundary_case(row: dict[str, float], source: str) -> None:
    log2 = np.log2(row["ratio"]) if source == "ratio" else row["log2"]
    cn = float(observed_copies(log2))
    corrected, inconsistent = tumour_copies(log2, row["purity"])
    assert cn == pytest.approx(row["observed_cn"], rel=1e-4)
    assert float(corrected) == pytest.approx(row["purity_corrected_cn"], abs=2e-3)
    assert bool(inconsistent) == ("PURITY_INCONSISTENT" in str(row["note"]))
    assert CopyRule().call(cn, row["p_value"]) == row["zhang2022_call"]
    assert CopyRule(ratio="literal").call(cn, row["p_value"]) == row["literal_ratio_gt_0.5_call"]


def test_absdiff_reads_the_ratio_as_a_distance_from_two_copies() -> None:
    rule = CopyRule(ratio="absdiff")
    assert [rule.call(cn, 1e-6) for cn in (0.8, 1.49, 1.5, 2.75)] == [
        "deletion",
        "deletion",
        "neutral",
        "amplification",
    ]


def test_without_p_the_copies_alone_decide() -> None:
    assert CopyRule().call(3.0, None) == "amplification"
    assert CopyRule().call(float("nan"), None) == "neutral"
    assert CopyRule().call(9.0, float("nan")) == "neutral"


@given(st.floats(0.05, 1), st.floats(0, 40), st.floats(1.5, 6), st.sampled_from([1.0, 2.0]))
def test_purity_correction_inverts_the_mixture(purity: float, copies: float, ploidy: float, normal: float) -> None:
    mixture = purity * copies + (1 - purity) * normal
    level = (purity * ploidy + (1 - purity) * 2) * normal / 2
    if mixture > 0:
        found, inconsistent = tumour_copies(np.log2(mixture / level), purity, ploidy=ploidy, normal_copies=normal)
        assert float(found) == pytest.approx(copies, abs=1e-6)
        assert not inconsistent


@pytest.mark.parametrize("purity", [0.0, 1.2, -0.5])
def test_a_purity_out_of_range_is_refused(purity: float) -> None:
    with pytest.raises(UsageError, match=r"purity .* is not in \(0, 1\]"):
        tumour_copies(0.5, purity)


def test_a_rule_that_does_not_embrace_two_copies_is_refused() -> None:
    with pytest.raises(UsageError, match="deletion < 2 < amplification"):
        CopyRule(deletion=2.5)
    with pytest.raises(UsageError, match="unknown ratio rule"):
        CopyRule(ratio="sometimes")  # type: ignore[arg-type]
