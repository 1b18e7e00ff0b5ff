"""Columns that look like identifiers of patients, by name in several languages and by value; study codes are none."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from her2genomics import schema
from her2genomics.io.tables import read_table
from her2genomics.personal_columns import find_personal_columns

NAMES = {
    "a name": [
        "Patient Name",
        "first_name",
        "name",
        "surname",
        "LastName",
        "Nachname",
        "Prénom",
        "Apellidos",
        "姓名",
        "氏名",
    ],
    "a date of birth": [
        "DOB",
        "Birth date",
        "date_of_birth",
        "Geburtsdatum",
        "Date de naissance",
        "fecha_nacimiento",
        "出生日期",
    ],
    "a record number": ["MRN", "Hospital No.", "inpatient_id", "medical record number", "住院号", "病案号"],
    "a national number": ["SSN", "ID card", "passport", "DNI", "身份证号", "Codice fiscale"],
    "an address": ["Home address", "ZIP", "postal_code", "PLZ", "Adresse", "家庭住址"],
    "a telephone number": ["Phone number", "Telefon", "Téléphone", "联系电话"],
    "an e-mail address": ["E-mail", "邮箱"],
}


@pytest.mark.parametrize(("what", "name"), [(what, name) for what, names in NAMES.items() for name in names])
def test_names_of_columns(what: str, name: str) -> None:
    assert find_personal_columns(pd.DataFrame({name: ["x"]})) == {name: f"looks like {what}"}


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (["Anna Berg", "Mary-Ann Smith", "José Núñez", "Li Wei"], "first and last names"),
        (["王小红", "李娜", "张伟", "刘洋"], "first and last names"),
        (["1961-03-02", "1970-12-31", "1955-01-09"], "full dates"),
        (["02.03.1961", "31.12.1970", "9.1.1955"], "full dates"),
        (["1961年3月2日", "1970年12月31日", "1955年1月9日"], "full dates"),
        (["13812345678", "15900001111", "18612341234"], "a telephone number"),
        (["+44 20 7946 0000", "020 7946 0001", "020 7946 0002"], "a telephone number"),
        (["SW1A 1AA", "M1 1AE", "B33 8TH"], "a postcode"),
        (["note", "write to a.b@example.org", "a.b@example.org"], "an e-mail address"),
        (["110101196001011234", None, "x"], "a national number"),
    ],
)
def test_values(values: list[str | None], what: str) -> None:
    assert find_personal_columns(pd.DataFrame({"remark": values})) == {"remark": f"looks like {what}"}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("sample_id", ["TCGA-A1-A0SB-01", "TCGA-A1-A0SD-01", "TCGA-A1-A0SE-01"]),
        ("patient_id", ["P001", "P002", "P003"]),
        ("case_id", ["378778d2-b331-4867-a93b-c64028b8b4c7"] * 3),
        ("histology", ["Infiltrating Ductal", "Infiltrating Lobular"] * 20),
        ("centre", ["白云", "天河"] * 20),
        ("os_days", ["1234", "2210", "811"]),
        ("year_of_diagnosis", ["2012", "2013", "2014"]),
        ("PIK3CA", ["H1047R", "E545K", "WT"]),
        ("ratio", [1.25, 2.5, 3.0]),
        ("panel_name", ["surrogate520"] * 3),
        ("HGVSc", ["c.3140A>G", "c.1633G>A", "c.524G>A"]),
    ],
)
def test_study_codes_and_categories_are_none(name: str, values: list[object]) -> None:
    assert find_personal_columns(pd.DataFrame({name: values})) == {}


def test_the_columns_of_our_own_tables_are_none() -> None:
    names = [*schema.CLINICAL.names, *schema.HER2_STATUS.names, "birth_days_to", "gene_name", "race"]
    assert find_personal_columns(pd.DataFrame({name: ["1"] for name in dict.fromkeys(names)})) == {}


def test_the_example_cohort_has_none(repository: Path) -> None:
    assert find_personal_columns(read_table(repository / "examples" / "gdph_like" / "clinical.tsv")) == {}


@pytest.mark.real_data
def test_public_clinical_table_has_only_the_date_of_its_form(shared_data: Path) -> None:
    name = "nationwidechildrens.org_clinical_patient_brca.txt.gz"
    table = read_table(shared_data / "tcga_brca" / name).iloc[2:]
    assert find_personal_columns(table) == {"form_completion_date": "looks like full dates"}
