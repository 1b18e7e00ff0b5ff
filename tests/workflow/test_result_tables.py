"""Tables of many samples are read as one, and the file at fault is named."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from her2genomics import schema
from her2genomics.exceptions import SchemaError
from her2genomics.workflow.result_tables import read_results

ROW = {"sample_id": "A", "filter": "depth", "n_removed": "2", "n_failed": "3", "n_failed_only_this": "1"}


def written(folder: Path, name: str, **changed: str | None) -> Path:
    row = {key: value for key, value in {**ROW, "sample_id": name, **changed}.items() if value is not None}
    path = folder / f"{name}.tsv"
    pd.DataFrame([row]).to_csv(path, sep="\t", index=False)
    return path


def test_tables_come_under_each_other_typed(tmp_path: Path) -> None:
    paths = [written(tmp_path, "A"), written(tmp_path, "B", n_failed="NA", more="x")]
    found = read_results(paths, schema.FILTER_COUNTS)
    assert found is not None
    assert found["sample_id"].tolist() == ["A", "B"]
    assert found["n_failed"].dtype == "Int64"
    assert found["n_failed"].isna().tolist() == [False, True]
    assert found["more"].tolist()[1] == "x"
    assert read_results([], schema.FILTER_COUNTS) is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_failed": "many"}, "value 'many' is not a number"),
        ({"n_failed": "-1"}, "value '-1' is below 0"),
        ({"n_failed": "1.5"}, "is not a whole number"),
        ({"n_failed": None}, "missing column n_failed"),
        ({"filter": "NA"}, "filter is empty in data row 1"),
    ],
)
def test_the_file_at_fault_is_named(tmp_path: Path, changed: dict[str, str | None], message: str) -> None:
    paths = [written(tmp_path, "A"), written(tmp_path, "B", **changed), written(tmp_path, "C")]
    with pytest.raises(SchemaError, match=message) as refused:
        read_results(paths, schema.FILTER_COUNTS)
    assert refused.value.path == str(paths[1])


def test_a_sample_in_two_files_is_refused(tmp_path: Path) -> None:
    paths = [written(tmp_path, "A"), written(tmp_path, "B", sample_id="A")]
    with pytest.raises(SchemaError, match="1 repeated row, first: sample_id=A"):
        read_results(paths, schema.FILTER_COUNTS)
