"""Clinical tables: plain TSV or CSV, TCGA biotab, cBioPortal clinical files; and follow-up.

Columns are recognised by stated synonyms (`clinical_synonyms`), values by stated vocabularies; every other column is
kept as it is, and the report says what each column was taken for.  Numbers have to be numbers: text in a numeric column
is an error that names the sample.  HER2 evidence (IHC, ISH) is the exception: it stays as written, because its
classifier reads it with the printed precision and reports invalid values row by row.

Bins of a percentage (``<10%``, ``50-59%``) do not become numbers; they go to ``er_pct_bin``, ``pr_pct_bin`` and
``ki67_pct_bin`` as text.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import SchemaError
from her2genomics.io.clinical_synonyms import (
    CLINICAL_SYNONYMS,
    FOLLOWUP_SYNONYMS,
    HER2_AS_WRITTEN,
    UNIT_SYNONYMS,
)
from her2genomics.io.clinical_values import ColumnReader
from her2genomics.io.column_names import RecognisedTable, recognise_columns
from her2genomics.io.read_reports import add_derived, count_table
from her2genomics.io.survival_dates import survival_from_dates
from her2genomics.io.tables import read_table
from her2genomics.io.tcga import is_tcga_barcode, tcga_patient, tcga_sample, tcga_sample_type

PLAIN, BIOTAB, CBIOPORTAL = "plain table", "TCGA biotab", "cBioPortal clinical file"
OUTCOMES: tuple[str, ...] = ("os_months", "os_event", "dfs_months", "dfs_event")
_CBIOPORTAL_COMMENT_LINES = 4
_BIOTAB_EXTRA_ROWS = 3
_SYNONYMS = {**CLINICAL_SYNONYMS, **UNIT_SYNONYMS, **FOLLOWUP_SYNONYMS}


@dataclass(frozen=True)
class ClinicalTable:
    """A clinical or follow-up table as the package names it.

    Parameters
    ----------
    table
        Declared columns of `schema.CLINICAL` first, typed (HER2 evidence as text), then all others as text.
    report
        ``column, recognised_as, how, n_missing, note``: what each column of the file was taken for; rows without
        ``column`` follow from others.
    counts
        ``what, n, note``: values that were set to missing, and rows left out.
    kind
        ``plain table``, ``TCGA biotab`` or ``cBioPortal clinical file``.
    """

    table: pd.DataFrame
    report: pd.DataFrame
    counts: pd.DataFrame
    kind: str


def read_clinical(path: str | os.PathLike[str]) -> ClinicalTable:
    r"""Read a clinical table, one row per sample.

    Without a sample column, the patient stands for its only sample; the sample of a TCGA patient is its primary tumour
    (``-01``).

    Raises
    ------
    FileFormatError
        If the file is no text table.
    SchemaError
        If there is no identifier, a sample is repeated, or a value is not of its column's type or range.
    AmbiguousInputError
        If two columns stand for one thing and differ, or numbers can be read in two ways.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "clinical.csv"
    >>> _ = file.write_text("Sample ID,HER2 IHC,HER2/CEP17,ER (%)\nP1,2+,1.4,<10%\nP2,0,,90%\n")
    >>> read_clinical(file).table
      sample_id ihc fish_ratio  er_pct er_pct_bin
    0        P1  2+        1.4    <NA>       <10%
    1        P2   0       <NA>    90.0       <NA>
    """
    return recognise_clinical(read_table(path), source=path)


def recognise_clinical(raw: pd.DataFrame, *, source: str | os.PathLike[str] = "clinical table") -> ClinicalTable:
    """Recognise and convert the columns of a clinical table that has been read as text; see `read_clinical`.

    Parameters
    ----------
    raw
        Table of strings, as from `read_table`; the result has the same rows (less the extra headers of a biotab).
    source
        File name for messages.

    Raises
    ------
    SchemaError, AmbiguousInputError
        As `read_clinical`.
    """
    table, kind = _without_extra_headers(raw)
    recognised = recognise_columns(table, _SYNONYMS, identifier=("sample_id", "patient_id"), path=source)
    reader = ColumnReader(_with_identifiers(recognised, source), source)
    table, report = _with_outcomes(reader.converted(), reader, death_is_event=False)
    table, report = _without_empty_columns(table, report)
    return ClinicalTable(check_clinical(table, source=source), report, count_table(reader.counts, source), kind)


def read_followup(path: str | os.PathLike[str], *, death_is_event: bool = False) -> ClinicalTable:
    """Read follow-up, one row per patient: ``patient_id, os_months, os_event, dfs_months, dfs_event``.

    Times are read from ``os_months``-like columns, or from dates in days (``days_to_death``, ``days_to_last_followup``,
    ``days_to_new_tumor_event``, ``vital_status``) as `survival_dates` states; other columns are left out.

    Parameters
    ----------
    path
        Follow-up table, or a clinical table with outcome columns.
    death_is_event
        Whether death without relapse counts as an event of disease-free survival.

    Raises
    ------
    FileFormatError
        If the file is no text table.
    SchemaError
        If there is no patient column or no outcome, or a patient has several differing rows.
    """
    raw, kind = _without_extra_headers(read_table(path))
    recognised = recognise_columns(raw, _SYNONYMS, identifier=("patient_id", "sample_id"), path=path)
    identified = _with_patients(recognised, path)
    reader = ColumnReader(identified, path, only=(*OUTCOMES, *UNIT_SYNONYMS, *FOLLOWUP_SYNONYMS))
    table, report = _with_outcomes(reader.converted(), reader, death_is_event=death_is_event)
    present = [name for name in OUTCOMES if name in table]
    if not present:
        raise SchemaError(
            "no column of follow-up", path=path, hint=f"name one of {', '.join((*OUTCOMES, *FOLLOWUP_SYNONYMS))}"
        )
    used = {"patient_id", *OUTCOMES, *UNIT_SYNONYMS, *FOLLOWUP_SYNONYMS}
    report.loc[~report["recognised_as"].isin(used), "how"] = "left out: no follow-up"
    outcomes = table[["patient_id", *present]].drop_duplicates().reset_index(drop=True)
    repeated = outcomes["patient_id"].duplicated()
    if repeated.any():
        raise SchemaError(
            f"patient {outcomes.loc[repeated, 'patient_id'].iloc[0]} has several rows that differ",
            path=path,
            hint="keep the latest follow-up of each patient",
        )
    return ClinicalTable(outcomes, report, count_table(reader.counts, path), kind)


def check_clinical(table: pd.DataFrame, *, source: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Check a clinical table against `schema.CLINICAL`, leaving the HER2 evidence as written.

    Raises
    ------
    SchemaError
        As `schema.check`.
    """
    evidence = [name for name in HER2_AS_WRITTEN if name in table]
    checked = schema.check(table.drop(columns=evidence), schema.CLINICAL, source=source)
    text = table[evidence].astype("string")
    order = [name for name in schema.CLINICAL.names if name in table]
    return pd.concat([checked, text], axis=1)[[*order, *(name for name in checked if name not in order)]]


def _without_extra_headers(raw: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Drop the second and third header row of a TCGA biotab; name the make of the file."""
    for row in range(min(_BIOTAB_EXTRA_ROWS, len(raw))):
        cells = raw.iloc[row].dropna()
        if len(cells) and cells.str.startswith("CDE_ID:").all():
            # "patient_id" is only the last part of the barcode here
            table = raw.iloc[row + 1 :].rename(columns={"patient_id": "patient_code"})
            if table.empty:
                break
            return table.reset_index(drop=True), BIOTAB
    portal = {"PATIENT_ID", "SAMPLE_ID"} & set(raw.columns)
    comments = raw.attrs.get("comments", [])
    return raw, CBIOPORTAL if portal and len(comments) >= _CBIOPORTAL_COMMENT_LINES else PLAIN


def _with_identifiers(recognised: RecognisedTable, path: str | os.PathLike[str]) -> RecognisedTable:
    """Return the table with ``sample_id``, and with what TCGA barcodes say about patient and sample type."""
    table, report = recognised.table.copy(), recognised.report
    if "sample_id" not in table:
        if "patient_id" not in table:
            raise _no_identifier(table, "sample_id (or patient_id)", path)
        tcga = _all_tcga(table["patient_id"])
        table.insert(
            0, "sample_id", table["patient_id"].map(tcga_sample, na_action="ignore") if tcga else table["patient_id"]
        )
        how = "the patient's primary tumour (barcode + -01)" if tcga else "the patient stands for its only sample"
        report = add_derived(report, "sample_id", how, int(table["sample_id"].isna().sum()))
    elif _all_tcga(table["sample_id"]):
        for column, derive in (("patient_id", tcga_patient), ("sample_type", tcga_sample_type)):
            values = table["sample_id"].map(derive, na_action="ignore").astype("string")
            if column not in table and values.notna().any():
                table[column] = values
                report = add_derived(report, column, "from the TCGA barcode", int(values.isna().sum()))
    return RecognisedTable(table, report)


def _with_patients(recognised: RecognisedTable, path: str | os.PathLike[str]) -> RecognisedTable:
    table, report = recognised.table.copy(), recognised.report
    if "patient_id" not in table:
        if "sample_id" not in table:
            raise _no_identifier(table, "patient_id", path)
        tcga = _all_tcga(table["sample_id"])
        table["patient_id"] = table["sample_id"].map(tcga_patient, na_action="ignore") if tcga else table["sample_id"]
        how = "from the TCGA barcode" if tcga else "the sample stands for its patient"
        report = add_derived(report, "patient_id", how, int(table["patient_id"].isna().sum()))
    if table["patient_id"].isna().any():
        row = int(table["patient_id"].isna().to_numpy().nonzero()[0][0])
        raise SchemaError(f"patient_id is empty in data row {row + 1}", path=path, column="patient_id")
    return RecognisedTable(table, report)


def _all_tcga(ids: pd.Series) -> bool:
    present = ids.dropna()
    return len(present) > 0 and all(is_tcga_barcode(name) for name in present)


def _no_identifier(table: pd.DataFrame, wanted: str, path: str | os.PathLike[str]) -> SchemaError:
    names = ", ".join(str(name) for name in table.columns[:6]) + (" ..." if table.shape[1] > 6 else "")
    return SchemaError(
        f"no column is recognised as {wanted}", path=path, hint=f"rename the identifier's column; the file has {names}"
    )


def _with_outcomes(
    table: pd.DataFrame, reader: ColumnReader, *, death_is_event: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fill absent outcomes from the dates of death, last follow-up and relapse, and drop these dates."""
    report = reader.report
    dates = {name: table[name] for name in FOLLOWUP_SYNONYMS if name in table}
    if not {"days_to_death", "days_to_last_followup"} & set(dates):
        return table, report
    times = survival_from_dates(
        dead=dates.get("vital_status"),
        death=dates.get("days_to_death"),
        last_followup=dates.get("days_to_last_followup"),
        relapse=dates.get("days_to_new_tumor_event"),
        death_is_event=death_is_event,
    )
    derived = [name for name in OUTCOMES if name in times.table and name not in table]
    written = ", ".join(reader.written_as(date) for date in dates)
    for name in derived:
        table[name] = times.table[name]
        report = add_derived(report, name, f"from {written}", int(table[name].isna().sum()))
    if derived:
        reader.counts.extend(times.counts)
    return table.drop(columns=list(dates)), report


def _without_empty_columns(table: pd.DataFrame, report: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out columns that are not ours and have no value at all."""
    unknown = report["recognised_as"].isna()
    empty = [name for name in report.loc[unknown, "column"] if table[name].isna().all()]
    report.loc[unknown & report["column"].isin(empty), "how"] = "left out: no value in it"
    return table.drop(columns=empty), report
