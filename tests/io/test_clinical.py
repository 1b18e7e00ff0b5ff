"""Clinical tables of every make, values of every kind, and what is refused."""

from __future__ import annotations

import gzip
import warnings

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.exceptions import AmbiguousInputError, DataWarning, Her2GenomicsError, SchemaError
from her2genomics.io.clinical import check_clinical, read_clinical, read_followup, recognise_clinical
from her2genomics.io.clinical_synonyms import CLINICAL_SYNONYMS, FOLLOWUP_SYNONYMS, HER2_AS_WRITTEN, UNIT_SYNONYMS
from her2genomics.io.tables import read_table


def column(put, name, *values, **more):
    """Read one clinical column; return its values (missing as None)."""
    rows = "".join(f"S{i}\t{value}\n" for i, value in enumerate(values))
    result = read_clinical(put(f"sample_id\t{name}\n{rows}"))
    target = more.get("target") or result.report.loc[1, "recognised_as"]
    if target not in result.table:
        return [None] * len(values)
    return [None if pd.isna(v) else v for v in result.table[target]]


# --- columns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("her2_ihc", "ihc"), ("her2_ihc_score", "ihc"), ("HER2 IHC", "ihc"), ("her2_fish_ratio", "fish_ratio"),
        ("her2_cent17_ratio", "fish_ratio"), ("HER2/CEP17", "fish_ratio"), ("HER2/CEP17 ratio", "fish_ratio"),
        ("her2_fish_status", "ish_reported"), ("er_pct", "er_pct"), ("ER (%)", "er_pct"), ("er_percent", "er_pct"),
        ("er_status_by_ihc", "er_status"), ("ER", "er_status"), ("PR", "pr_status"), ("age_at_diagnosis", "age"),
        ("AGE", "age"), ("menopause_status", "menopause"), ("OS_MONTHS", "os_months"), ("OS_STATUS", "os_event"),
        ("DFS_MONTHS", "dfs_months"), ("DFS_STATUS", "dfs_event"), ("Ki-67", "ki67_pct"), ("gender", "sex"),
        ("her2_and_cent17_cells_count", "fish_cells"), ("her2_copy_number", "fish_her2_cn"),
        ("cent17_copy_number", "fish_cep17_cn"), ("SEQ_ASSAY_ID", "panel_id"), ("TMB_NONSYNONYMOUS", "tmb"),
        ("ajcc_pathologic_tumor_stage", "stage"), ("Tumor Purity", "purity"), ("HER2 signals per cell", "fish_her2_cn"),
    ],
)  # fmt: skip
def test_synonyms(put, written, canonical):
    report = read_clinical(put(f"sample_id\t{written}\nS1\tNA\n")).report
    assert report.loc[1, "recognised_as"] == canonical


@pytest.mark.parametrize(
    "name",
    ["ki67_status", "her2", "her2_status", "her2_status_by_ihc", "her2_group", "PFS_MONTHS", "rfs_months", "os_time",
     "PGR", "ESR1", "ERBB2", "MKI67", "AR", "her2_cn", "clinical_stage", "survival"],
)  # fmt: skip
def test_names_that_are_never_guessed(put, name):
    result = read_clinical(put(f"sample_id\t{name}\nS1\tx\n"))
    assert result.report.loc[1, "recognised_as"] is None or pd.isna(result.report.loc[1, "recognised_as"])
    assert result.table[name].tolist() == ["x"]


def test_unknown_columns_are_kept_and_empty_ones_left_out(put):
    result = read_clinical(put("my_note\tsample_id\tnothing\tgrade\nhello\tS1\t\t2\n"))
    assert list(result.table.columns) == ["sample_id", "grade", "my_note"]
    assert result.report["how"].tolist() == [
        "kept under its own name",
        "by name",
        "left out: no value in it",
        "by name",
    ]
    assert result.report["n_missing"].tolist() == [0, 0, 1, 0]


def test_two_columns_for_one_thing(put):
    with pytest.raises(
        AmbiguousInputError, match=r"sample S2: columns 'her2_ihc' and 'HER2 IHC score' can both be ihc"
    ):
        read_clinical(put("sample_id\ther2_ihc\tHER2 IHC score\nS1\t0\t0\nS2\t1+\t2+\n"))


# --- identifiers -----------------------------------------------------------------------------------------------------


def test_the_patient_stands_for_its_only_sample(put):
    result = read_clinical(put("Patient ID\tihc\nP1\t0\nP2\t1+\n"))
    assert result.table[["sample_id", "patient_id"]].to_numpy().tolist() == [["P1", "P1"], ["P2", "P2"]]
    assert result.report["how"].tolist()[-1] == "the patient stands for its only sample"


def test_a_tcga_patient_stands_for_the_primary_tumour(put):
    result = read_clinical(put("bcr_patient_barcode\tihc\nTCGA-A1-A0SB\t0\n"))
    assert result.table.loc[0, ["sample_id", "patient_id"]].tolist() == ["TCGA-A1-A0SB-01", "TCGA-A1-A0SB"]


def test_a_tcga_sample_says_patient_and_type(put):
    result = read_clinical(put("sample\tihc\nTCGA-A1-A0SB-06\t0\n"))
    assert result.table.loc[0, ["sample_id", "patient_id", "sample_type"]].tolist() == [
        "TCGA-A1-A0SB-06", "TCGA-A1-A0SB", "metastasis"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name\tihc\nP1\t0\n", "no column is recognised as sample_id .*the file has name, ihc"),
        ("sample_id\tihc\nP1\t0\nP1\t1+\n", "1 repeated row, first: sample_id=P1"),
        ("sample_id\tihc\n\t0\nP1\t1+\n", "sample_id is empty in data row 1"),
        ("patient_id\tihc\nP1\t0\nP1\t1+\n", "repeated row"),
    ],
)
def test_identifiers_that_do_not_identify(put, content, message):
    with pytest.raises(SchemaError, match=message):
        read_clinical(put(content))


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("age", ["55", "54.5", "NA", "unknown", "54,5"], [55.0, 54.5, None, None, 54.5]),
        ("age_days", ["20454"], [56.0]),
        ("er_pct", ["0", "90%", "7.5", "1,5", "not done"], [0.0, 90.0, 7.5, 1.5, None]),
        ("er_pct", ["<10%", "50-59%", ">75%", "90"], [None, None, None, 90.0]),
        ("purity", ["0.3", "1"], [0.3, 1.0]),
        ("purity", ["30%", "5 %"], [0.3, 0.05]),
        ("os_months", ["12.5", "0", ""], [12.5, 0.0, None]),
        ("os_days", ["304.375"], [10.0]),
        ("os_years", ["2"], [24.0]),
        ("er_status", ["Positive", "pos", "+", "1", "NEG", "-", "0", "", "Low positive"],
         ["positive", "positive", "positive", "positive", "negative", "negative", "negative", None, "positive"]),
        ("er_status", ["positive", "-"], ["positive", None]),
        ("er_status", ["Unknown", "[Not Evaluated]", "not performed"], [None, None, None]),
        ("sex", ["FEMALE", "m", "Woman", "unknown"], ["female", "male", "female", None]),
        ("os_event", ["1:DECEASED", "0:LIVING", "dead", "Alive", "1", "0", "TRUE"],
         [True, False, True, False, True, False, True]),
        ("dfs_event", ["1:Recurred/Progressed", "0:DiseaseFree", "relapsed", "no"], [True, False, True, False]),
        ("pcr", ["pCR", "non-pCR", "1", "0", "RD"], [True, False, True, False, False]),
        ("menopause", ["Pre (<6 months since LMP)", "postmenopausal", "Peri-menopausal", "male", "pre"],
         ["pre", "post", "peri", "male", "pre"]),
        ("grade", ["G2", "III", "1.0", "2", "not graded"], ["2", "3", "1", "2", "not graded"]),
        ("stage", ["Stage IIA", "stage iiib", "IV", "I-II", "2"], ["IIA", "IIIB", "IV", "I-II", "2"]),
        ("sample_type", ["Primary Tumor", "Metastatic", "ctDNA", "biopsy"], ["primary", "metastasis", "plasma", "biopsy"]),
    ],
)  # fmt: skip
def test_values(put, name, values, expected):
    target = {"age_days": "age", "os_days": "os_months", "os_years": "os_months"}.get(name)
    found = column(put, name, *values, target=target)
    assert found == [pytest.approx(v, rel=1e-12) if type(v) is float else v for v in expected]


def test_percent_bins_are_kept_as_text(put):
    result = read_clinical(put("sample_id\tER %\tki67\nS1\t<10%\t20\nS2\t90\t15-20%\nS3\t\t\n"))
    assert result.table["er_pct"].tolist() == [pd.NA, 90.0, pd.NA]
    assert result.table["er_pct_bin"].tolist() == ["<10%", pd.NA, pd.NA]
    assert result.table["ki67_pct_bin"].tolist() == [pd.NA, "15-20%", pd.NA]
    assert result.report.loc[1, "note"] == "1 bins such as '<10%' kept in er_pct_bin"


def test_her2_evidence_stays_as_written(put):
    text = "sample_id\ther2_ihc\ther2_copy_number\ther2_cent17_ratio\ther2_fish_status\nS1\t4+\tnot amplified\t2,10\tAmp.\n"
    result = read_clinical(put(text))
    assert result.table.loc[0, ["ihc", "fish_her2_cn", "fish_ratio", "ish_reported"]].tolist() == [
        "4+", "not amplified", "2,10", "Amp."
    ]  # fmt: skip
    assert result.report.loc[2, "note"] == "1 no plain numbers, left to the classifier: 'not amplified'"


def test_a_zero_keeps_its_printed_precision(put):
    assert column(put, "fish_ratio", "2.0", "2", "1.90") == ["2.0", "2", "1.90"]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("AGE", ["55", "old"], "sample S1: column AGE: value 'old' is not a number"),
        ("age", ["55", "x", "x"], r"value 'x' is not a number \(and 1 more rows\)"),
        ("age", ["20454"], "is above 120; years are expected; name the column age_days"),
        ("age", ["-3"], "value '-3' is not a number"),
        ("tmb", [">10"], "value '>10' is a bound, not a number"),
        ("tmb", ["1,234"], "value '1,234' is not a number"),
        (
            "er_pct",
            ["120"],
            "value '120' is no percentage between 0 and 100; if the column is a status, name it er_status",
        ),
        ("ki67", ["high"], "column ki67: value 'high' is no percentage .*name it ki67_status"),
        ("ER", ["90", "positive"], "value '90' is neither positive nor negative; name it er_pct"),
        ("gender", ["x"], "value 'x' is neither female nor male"),
        ("OS_STATUS", ["maybe"], "value 'maybe' is neither an event nor none"),
        ("purity", ["30"], "value '30' is no fraction between 0 and 1; write 0.3 or 30%"),
        ("os_months", ["twelve"], "value 'twelve' is not a number"),
        ("dfs_event", ["2"], "value '2' is neither an event"),
    ],
)
def test_values_that_cannot_be_read_name_sample_and_column(put, name, values, message):
    with pytest.raises(SchemaError, match=message) as caught:
        column(put, name, *values)
    assert "\n" not in str(caught.value)


def test_percentages_or_fractions_are_asked_about(put):
    with pytest.raises(AmbiguousInputError, match="percentages or fractions"):
        column(put, "er_pct", "0.9", "0", "1")
    assert column(put, "er_pct", "0.9%", "0") == [0.9, 0.0]
    assert column(put, "er_pct", "0.9", "0", "40") == [0.9, 0.0, 40.0]
    assert column(put, "er_pct", "1", "0") == [1.0, 0.0]


@pytest.mark.parametrize(
    ("name", "values", "expected", "counted"),
    [
        ("er_status", ["Indeterminate", "equivocal", "pos"], [None, None, "positive"],
         "er_status: Indeterminate, equivocal: missing"),
        ("age", [">89", "40"], [None, 40.0], "age: top-coded age"),
        ("os_months", ["-2.5", "3"], [None, 3.0], "os_months: negative time: missing"),
    ],
)  # fmt: skip
def test_what_becomes_missing_is_counted_and_said(put, name, values, expected, counted):
    with pytest.warns(DataWarning, match=counted):
        assert column(put, name, *values) == expected


# --- makes of files --------------------------------------------------------------------------------------------------

BIOTAB = (
    "bcr_patient_uuid\tbcr_patient_barcode\tpatient_id\tvital_status\tlast_contact_days_to\tdeath_days_to\ther2_ihc_score\n"
    "bcr_patient_uuid\tbcr_patient_barcode\tpatient_id\tvital_status\tdays_to_last_followup\tdays_to_death\tlevel\n"
    "CDE_ID:\tCDE_ID:2673794\tCDE_ID:\tCDE_ID:5\tCDE_ID:3008273\tCDE_ID:3165475\tCDE_ID:2178402\n"
    "U1\tTCGA-A1-A0SB\tA0SB\tAlive\t1218\t[Not Applicable]\t[Not Available]\n"
    "U2\tTCGA-A1-A0SC\tA0SC\tDead\t[Not Available]\t609\t2+\n"
)


def test_tcga_biotab(put):
    result = read_clinical(put(gzip.compress(BIOTAB.encode()), "clinical.txt.gz"))
    assert result.kind == "TCGA biotab"
    assert result.table["sample_id"].tolist() == ["TCGA-A1-A0SB-01", "TCGA-A1-A0SC-01"]
    assert result.table["patient_id"].tolist() == ["TCGA-A1-A0SB", "TCGA-A1-A0SC"]
    assert result.table["ihc"].tolist() == [pd.NA, "2+"]
    assert result.table["os_months"].round(2).tolist() == [40.02, 20.01]
    assert result.table["os_event"].tolist() == [False, True]
    assert "dfs_months" not in result.table


CBIOPORTAL_SAMPLE = (
    "#Patient Identifier\tSample Identifier\tHER2 IHC\tTMB\n#p\ts\th\tt\n#STRING\tSTRING\tSTRING\tNUMBER\n#1\t1\t1\t1\n"
    "PATIENT_ID\tSAMPLE_ID\tHER2_IHC_SCORE\tTMB_NONSYNONYMOUS\nP1\tP1-T1\t1+\t3.5\n"
)
CBIOPORTAL_PATIENT = (
    "#Patient Identifier\tOverall\tStatus\tDFS\tDFS status\n#p\to\ts\td\tf\n#STRING\tNUMBER\tSTRING\tNUMBER\tSTRING\n"
    "#1\t1\t1\t1\t1\nPATIENT_ID\tOS_MONTHS\tOS_STATUS\tDFS_MONTHS\tDFS_STATUS\nP1\t40\t0:LIVING\t12\t1:Recurred/Progressed\n"
)


def test_cbioportal_sample_and_patient_files(put):
    result = read_clinical(put(CBIOPORTAL_SAMPLE))
    assert result.kind == "cBioPortal clinical file"
    assert result.table.iloc[0].tolist() == ["P1-T1", "P1", "1+", 3.5]
    followup = read_followup(put(CBIOPORTAL_PATIENT))
    assert followup.table.iloc[0].tolist() == ["P1", 40.0, False, 12.0, True]


def test_recognise_clinical_keeps_rows_and_index():
    raw = pd.DataFrame({"sample_id": ["a", "b"], "ER": ["pos", None]}, dtype="string")
    result = recognise_clinical(raw, source="x")
    assert result.table.index.equals(raw.index)
    assert result.table["er_status"].tolist() == ["positive", pd.NA]


# --- follow-up -------------------------------------------------------------------------------------------------------


def test_followup_from_dates(put):
    text = (
        "bcr_patient_barcode\tdays_to_death\tdays_to_last_followup\tdays_to_new_tumor_event\tgender\n"
        "TCGA-A1-A0SB\t\t1218\t609\tfemale\nTCGA-A1-A0SC\t609\t\t\tmale\n"
    )
    result = read_followup(put(text))
    assert result.table.round(2).astype(object).to_numpy().tolist() == [
        ["TCGA-A1-A0SB", 40.02, False, 20.01, True], ["TCGA-A1-A0SC", 20.01, True, 20.01, False]
    ]  # fmt: skip
    assert result.report.set_index("column")["how"]["gender"] == "left out: no follow-up"
    with_deaths = read_followup(put(text), death_is_event=True).table
    assert with_deaths["dfs_event"].tolist() == [True, True]


def test_followup_by_sample_and_repeated_rows(put):
    text = "sample_id\tos_months\tos_event\nTCGA-A1-A0SB-01\t3\t1\nTCGA-A1-A0SB-01\t3\t1\n"
    assert read_followup(put(text)).table.to_numpy().tolist() == [["TCGA-A1-A0SB", 3.0, True]]
    with pytest.raises(SchemaError, match="patient P1 has several rows that differ; keep the latest"):
        read_followup(put("patient_id\tos_months\nP1\t3\nP1\t4\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patient_id\tage\nP1\t50\n", "no column of follow-up; name one of os_months"),
        ("name\tos_months\nP1\t50\n", "no column is recognised as patient_id"),
        ("patient_id\tos_months\n\t50\n", "patient_id is empty in data row 1"),
        ("patient_id\tos_months\nP1\tlong\n", "sample P1: column os_months: value 'long' is not a number"),
    ],
)
def test_followup_that_cannot_be_used(put, text, message):
    with pytest.raises(SchemaError, match=message):
        read_followup(put(text))


def test_vital_status_without_dates_is_an_ordinary_column(put):
    assert column(put, "vital_status", "gone away", target="vital_status") == ["gone away"]


# --- any cells -------------------------------------------------------------------------------------------------------

names = st.sampled_from(
    sorted(
        {
            w
            for table in (CLINICAL_SYNONYMS, UNIT_SYNONYMS, FOLLOWUP_SYNONYMS)
            for c, ws in table.items()
            for w in (c, *ws)
        }
    )
)
values = st.sampled_from(
    ["", "NA", "1", "0", "-1", "2+", "3", "<10%", "50-59%", ">6.0", "1e400", "inf", "nan%", "90%", "1,5", "1,234", "1.2.3",
     "positive", "-", "+", "Equivocal", "Dead", "1:DECEASED", "2:X", "Stage IIA", "\u0660", "\u00bd", "x", "TCGA-A1-A0SB", "%"]
)  # fmt: skip


@given(header=st.lists(names, min_size=1, max_size=6, unique=True), data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
def test_any_clinical_table_is_typed_or_refused_in_one_line(tmp_path, header, data):
    rows = data.draw(st.lists(st.lists(values, min_size=len(header), max_size=len(header)), min_size=1, max_size=4))
    lines = ["\t".join(["sample_id", *header]), *("\t".join([f"S{i}", *row]) for i, row in enumerate(rows))]
    file = tmp_path / "x.tsv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for reader in (read_clinical, read_followup):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            result = outcome(reader, file)
        if isinstance(result, Her2GenomicsError):
            assert "\n" not in str(result)
            continue
        table = result.table.drop(columns=[c for c in HER2_AS_WRITTEN if c in result.table])
        if reader is read_clinical:
            pd.testing.assert_frame_equal(schema.check(table, schema.CLINICAL), table)
            pd.testing.assert_frame_equal(check_clinical(result.table), result.table)
        for name in ("os_months", "dfs_months", "age"):
            if name in table:
                assert (table[name].dropna() >= 0).all()


def outcome(reader, file):
    try:
        return reader(file)
    except Her2GenomicsError as error:
        return error


# --- real files ------------------------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_tcga_brca(shared_data):
    folder = shared_data / "tcga_brca"
    path = folder / "nationwidechildrens.org_clinical_patient_brca.txt.gz"
    with pytest.warns(DataWarning, match="er_status_by_ihc: Indeterminate: missing 2"):
        result = read_clinical(path)
    raw = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False).iloc[2:]
    assert result.kind == "TCGA biotab"
    assert len(result.table) == 1099
    assert (result.table["sex"] == "male").sum() == 12
    assert result.table["ihc"].value_counts().to_dict() == {"1+": 273, "2+": 199, "3+": 90, "0": 61}
    assert result.table["er_status"].value_counts().to_dict() == {"positive": 810, "negative": 238}
    assert (result.table["fish_her2_cn"] == "not amplified").sum() == 7
    assert result.table["er_pct"].notna().sum() == 0
    assert (result.table["er_pct_bin"] == "<10%").sum() == 71
    alive = raw["vital_status"] == "Alive"
    days = pd.to_numeric(raw["last_contact_days_to"].where(alive, raw["death_days_to"]), errors="coerce")
    expected = (days.where(days >= 0) / 30.4375).reset_index(drop=True)
    pd.testing.assert_series_equal(result.table["os_months"].astype(float), expected, check_names=False)


@pytest.mark.real_data
def test_tcga_followup(shared_data):
    path = shared_data / "tcga_brca" / "followup.tsv"
    with pytest.warns(DataWarning, match="relapse after death: DFS missing 1"):
        result = read_followup(path)
    raw = pd.read_csv(path, sep="\t")
    assert len(result.table) == 1085
    assert result.table["os_event"].sum() == raw["days_to_death"].notna().sum() == 140
    assert result.table["dfs_event"].sum() == raw["days_to_new_tumor_event"].notna().sum() - 1 == 100
    assert result.table["os_months"].notna().sum() == 1084


@pytest.mark.real_data
def test_gdph_like_clinical(shared_data):
    result = read_clinical(shared_data / "gdph_like" / "clinical.tsv")
    raw = read_table(shared_data / "gdph_like" / "clinical.tsv")
    assert len(result.table) == 523
    assert result.table["fish_ratio"].equals(raw["her2_fish_ratio"])
    assert result.table["dfs_event"].sum() == 53
    assert result.table["age"].median() == 48
