from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from her2genomics import schema
from her2genomics.exceptions import SchemaError


def clinical(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"sample_id": ["A", "B"], **columns})


def test_text_becomes_typed_and_missing_stays_missing() -> None:
    table = schema.check(
        clinical(age=["51", None], os_event=["1:DECEASED", "0:LIVING"], extra=["x", "y"]), schema.CLINICAL
    )
    assert table["age"].tolist() == [51.0, pd.NA]
    assert table["os_event"].tolist() == [True, False]
    assert table.columns.tolist() == ["sample_id", "age", "os_event", "extra"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"age": ["51", "old"]}, r"c\.tsv: sample B: column age: value 'old' is not a number"),
        ({"age": ["51", "200"]}, "sample B: column age: value '200' is above 120"),
        ({"fish_ratio": ["1", "2"], "age": ["-1", "-2"]}, r"value '-1' is below 0 \(and 1 more rows\)"),
        ({"sex": ["female", "F"]}, "value 'F' is not one of female / male"),
        ({"pcr": ["yes", "perhaps"]}, "value 'perhaps' is not true or false"),
    ],
)
def test_wrong_values_name_file_sample_and_column(columns: dict[str, list[object]], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        schema.check(clinical(**columns), schema.CLINICAL, source="c.tsv")


def test_whole_numbers_are_asked_for() -> None:
    targets = pd.DataFrame({"chromosome": ["chr1"], "start": [1.5], "end": [3], "gene": ["TP53"]})
    with pytest.raises(SchemaError, match="line 2: column start: value '1.5' is not a whole number"):
        schema.check(targets, schema.TARGETS)


def test_repeated_and_empty_keys_are_refused() -> None:
    with pytest.raises(SchemaError, match="1 repeated row, first: sample_id=A"):
        schema.check(pd.DataFrame({"sample_id": ["A", "A"]}), schema.CLINICAL)
    with pytest.raises(SchemaError, match="sample_id is empty in data row 2"):
        schema.check(pd.DataFrame({"sample_id": ["A", None]}), schema.CLINICAL)


def test_missing_columns_are_listed() -> None:
    with pytest.raises(SchemaError, match=r"missing columns gene, cna \(table gene_cna\)"):
        schema.check(pd.DataFrame({"sample_id": ["A"]}), schema.GENE_CNA)


@pytest.mark.parametrize("table", schema.SCHEMAS.values(), ids=lambda t: t.name)
def test_an_empty_table_passes_its_own_check(table: schema.TableSchema) -> None:
    empty = schema.empty(table)
    checked = schema.check(empty, table)
    assert checked.columns.tolist() == table.names
    assert (checked.dtypes == empty.dtypes).all()


@pytest.mark.parametrize("table", schema.SCHEMAS.values(), ids=lambda t: t.name)
def test_every_column_is_described(table: schema.TableSchema) -> None:
    assert table.meaning
    assert all(c.meaning for c in table.columns)
    assert all(c.dtype in schema.DTYPES for c in table.columns)
    assert len(set(table.names)) == len(table.names)


def test_docs_show_the_declared_columns(repository: Path) -> None:
    text = (repository / "docs" / "tables.md").read_text(encoding="utf-8")
    for table in schema.SCHEMAS.values():
        assert schema.render_markdown(table) in text, f"docs/tables.md is behind {table.name}: run make docs"
