"""A cohort as AnnData: not profiled is NaN, and what is written to .h5ad comes back the same."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.exceptions import DataWarning, UsageError
from her2genomics.workflow.inputs import load_cohort


@pytest.fixture
def cohort() -> Cohort:
    table = pd.DataFrame(
        {
            "sample_id": ["P1", "P2", "P3"],
            "her2_group": ["HER2-low", "HER2-positive", None],
            "age": ["51", None, "47.5"],
            "grade": ["2", "3", None],
            "os_event": ["1", "0", None],
            "TP53": ["WT", "R175H", None],
            "PIK3CA": ["H1047R", "WT", "loss"],
            "KMT2C": [None, None, None],
        },
        dtype="string",
    )
    return cohort_from_table(table, genes=["TP53", "PIK3CA", "KMT2C"])


def test_without_anndata_the_message_names_the_extra(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(
        UsageError, match=r"need anndata, which is not installed; pip install 'her2genomics\[anndata\]'"
    ):
        cohort.to_anndata()


def test_not_profiled_is_nan_and_classes_decide(cohort: Cohort) -> None:
    pytest.importorskip("anndata", reason="anndata is not installed here (it needs pandas below 3)")
    data = cohort.to_anndata()
    nan = np.nan
    np.testing.assert_array_equal(data.X, [[0, 1, nan], [1, 0, nan], [nan, 0, nan]])
    assert data.obs_names.tolist() == ["P1", "P2", "P3"]
    assert data.var["n_profiled"].tolist() == [2, 3, 0]
    assert data.var["frac_profiled"].tolist() == [2 / 3, 1, 0]
    np.testing.assert_array_equal(data.var["frac_altered"], [1 / 2, 1 / 3, nan])
    assert cohort.to_anndata(["loss"]).X[2, 1] == 1


def test_h5ad_gives_back_what_was_written(cohort: Cohort, tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata", reason="anndata is not installed here (it needs pandas below 3)")
    data = cohort.to_anndata()
    data.write_h5ad(tmp_path / "cohort.h5ad")
    back = anndata.read_h5ad(tmp_path / "cohort.h5ad")
    np.testing.assert_array_equal(back.X, data.X)
    np.testing.assert_array_equal(back.layers["profiled"], cohort.profiled)
    np.testing.assert_array_equal(back.layers["altered"], cohort.altered())
    for name in ("obs", "var"):
        pd.testing.assert_frame_equal(getattr(back, name), getattr(data, name), check_index_type=False)
    assert back.obs["her2_group"].cat.ordered
    assert back.obs["her2_group"].isna().tolist() == [False, False, True]
    assert back.obs["os_event"].tolist() == [True, False, pd.NA]
    assert back.uns["her2genomics"]["software"].startswith("her2genomics ")
    assert back.uns["alterations"][["gene", "alteration"]].astype(str).to_numpy().tolist() == [
        ["TP53", "missense"], ["PIK3CA", "missense"], ["PIK3CA", "loss"]]  # fmt: skip


@pytest.mark.filterwarnings("ignore:The behavior of DataFrame concatenation:FutureWarning")  # pandas 2, in the join
def test_the_example_cohort_goes_through(repository: Path, tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata", reason="anndata is not installed here (it needs pandas below 3)")
    folder = repository / "examples" / "gdph_like"
    with pytest.warns(DataWarning, match="rows that alter nothing dropped"):
        cohort = load_cohort(
            folder / "clinical.tsv", alterations=folder / "alterations.tsv", profiled=folder / "profiled.txt"
        )
    cohort.to_anndata().write_h5ad(tmp_path / "x.h5ad")
    back = anndata.read_h5ad(tmp_path / "x.h5ad")
    expected = cohort.alteration_matrix().astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    np.testing.assert_array_equal(back.X, expected)
