from __future__ import annotations

import pandas as pd
import pytest

from her2genomics import schema
from her2genomics.report.personal_columns import find_personal_columns


@pytest.mark.parametrize(
    "name",
    ["Patient Name", "name", "surname", "LastName", "date_of_birth", "DOB", "Birth Date", "MRN", "hospital_no", "inpatient_id", "SSN",
     "ID card", "passport", "postal_code", "Home address", "phone", "E-mail", "姓名", "住院号", "出生日期", "身份证号"],
)  # fmt: skip
def test_names_of_columns_that_identify(name: str) -> None:
    assert list(find_personal_columns(pd.DataFrame({"sample_id": ["a"], name: ["x"]}))) == [name]


@pytest.mark.parametrize("text", ["11010519491231002X", "123-45-6789", "someone@example.org"])
def test_values_that_identify_whatever_the_column_is_called(text: str) -> None:
    assert list(find_personal_columns(pd.DataFrame({"sample_id": ["a", "b"], "note": [None, text]}))) == ["note"]


def test_the_columns_of_our_own_tables_do_not() -> None:
    names = [
        *schema.CLINICAL.names,
        *schema.HER2_STATUS.names,
        "birth_days_to",
        "gene_name",
        "race",
        "form_completion_date",
    ]
    table = pd.DataFrame({name: ["1"] for name in dict.fromkeys(names)})
    assert find_personal_columns(table) == {}
