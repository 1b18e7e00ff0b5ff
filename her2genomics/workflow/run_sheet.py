"""The sheet of a run: one row per sample with its files and its clinical columns.

``sample_id`` has to be there; ``role`` (or ``type``) says which rows are normals; ``bam``, ``vcf`` and ``maf`` name
files, relative to the sheet; ``vcf_sample`` names the tumour's column in a VCF, or its barcode in a MAF, where that is
not the ``sample_id``.  All other columns are clinical.  Whatever is empty is not there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from her2genomics.exceptions import FileFormatError, SchemaError
from her2genomics.io.column_names import name_key
from her2genomics.io.tables import read_table

PathLike = str | os.PathLike[str]
TUMOUR, NORMAL = "tumour", "normal"
FILE_COLUMNS = ("bam", "vcf", "maf")
_ROLES: dict[str, str] = {"tumour": TUMOUR, "tumor": TUMOUR, "t": TUMOUR, "normal": NORMAL, "n": NORMAL}
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "sample_id": ("sample_id", "sample", "sampleid"),
    "role": ("role", "type"),
    "bam": ("bam", "cram", "alignment"),
    "vcf": ("vcf",),
    "maf": ("maf",),
    "vcf_sample": ("vcf_sample", "tumor_sample", "tumour_sample"),
}
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_LISTED_AT_ONCE = 20


@dataclass(frozen=True)
class SheetRow:
    """One sample of a run.

    Parameters
    ----------
    sample_id
        Sample.
    role
        ``tumour`` or ``normal``.
    bam, vcf, maf
        Absolute paths; None where there is no such file.
    vcf_sample
        Name of the tumour in the VCF or MAF; None where it is the sample's own, or can be told.
    clinical
        The other columns that have a value.
    """

    sample_id: str
    role: str = TUMOUR
    bam: str | None = None
    vcf: str | None = None
    maf: str | None = None
    vcf_sample: str | None = None
    clinical: Mapping[str, str] | None = None

    @property
    def variants(self) -> str | None:
        """The file with the sample's variants."""
        return self.vcf or self.maf


@dataclass(frozen=True)
class RunSheet:
    """All samples of a run, in the order of the sheet, the names of the clinical columns, and the sheet's folder."""

    rows: tuple[SheetRow, ...]
    clinical_columns: tuple[str, ...] = ()
    folder: str = ""

    @property
    def tumours(self) -> list[SheetRow]:
        """The rows that are tumours."""
        return [row for row in self.rows if row.role == TUMOUR]

    @property
    def normals(self) -> list[SheetRow]:
        """The rows that are normals."""
        return [row for row in self.rows if row.role == NORMAL]

    def row(self, sample: str) -> SheetRow:
        """Return one sample's row."""
        return next(row for row in self.rows if row.sample_id == sample)

    def clinical(self) -> pd.DataFrame:
        """Return the clinical columns of the tumours as text."""
        rows = [{"sample_id": row.sample_id, **(row.clinical or {})} for row in self.tumours]
        return pd.DataFrame(rows, columns=["sample_id", *self.clinical_columns], dtype="string")


def read_sheet(path: PathLike) -> RunSheet:
    """Read the sheet of a run.

    Raises
    ------
    FileFormatError
        If the sheet cannot be read, or files that it names are missing; all of them are listed.
    SchemaError
        If there is no sample column, a sample comes twice or cannot be a file name, or a role is unknown; the message
        names row and column.
    """
    raw = read_table(path).astype("string")
    names = _columns(raw, path)
    table = raw.rename(columns={column: name for name, column in names.items()})
    clinical = [str(name) for name in table if name not in _SYNONYMS]
    folder = Path(path).resolve().parent
    rows, missing = [], []
    seen: dict[str, int] = {}
    for number, values in enumerate(table.to_dict("records"), start=2):
        given = {str(key): str(value).strip() for key, value in values.items() if not pd.isna(value)}
        sample = _sample(given, seen, path, number)
        files: dict[str, str] = {}
        for column in FILE_COLUMNS:
            if given.get(column):
                files[column] = str((folder / given[column]).resolve())
                if not Path(files[column]).is_file():
                    missing.append(f"row {number} ({sample}), column {names[column]}: {given[column]}")
        if "vcf" in files and "maf" in files:
            raise SchemaError("has both a VCF and a MAF", path=path, line=number, sample=sample, hint="leave one out")
        own = {name: given[name] for name in clinical if name in given}
        role = _role(given.get("role"), names.get("role", "role"), path, number, sample)
        rows.append(SheetRow(sample, role, **files, vcf_sample=given.get("vcf_sample"), clinical=own))
    _refuse_missing(missing, path)
    if not any(row.role == TUMOUR for row in rows):
        raise SchemaError("every row is a normal", path=path, column=names.get("role"))
    return RunSheet(tuple(rows), tuple(clinical), str(folder))


def _columns(raw: pd.DataFrame, path: PathLike) -> dict[str, str]:
    """Return the sheet's own name of each column that a run knows."""
    found: dict[str, str] = {}
    for name, synonyms in _SYNONYMS.items():
        keys = {name_key(synonym) for synonym in synonyms}
        columns = [str(column) for column in raw.columns if name_key(str(column)) in keys]
        if len(columns) > 1:
            raise SchemaError(f"columns {' and '.join(columns)} both are the {name}", path=path, hint="rename one")
        if columns:
            found[name] = columns[0]
    if "sample_id" not in found:
        raise SchemaError(f"no column sample_id (columns: {', '.join(map(str, raw.columns[:8]))})", path=path)
    return found


def _sample(given: Mapping[str, str], seen: dict[str, int], path: PathLike, number: int) -> str:
    sample = given.get("sample_id", "")
    if not _SAFE_NAME.fullmatch(sample):
        what = f"'{sample}' cannot be a folder's name" if sample else "is empty"
        raise SchemaError(what, path=path, line=number, column="sample_id", hint="letters, digits, . _ + - only")
    if sample.lower() in seen:
        raise SchemaError(
            f"sample {sample} stands in row {seen[sample.lower()]} already", path=path, line=number, column="sample_id"
        )
    seen[sample.lower()] = number
    return sample


def _role(text: str | None, column: str, path: PathLike, number: int, sample: str) -> str:
    if text is None:
        return TUMOUR
    if text.lower() not in _ROLES:
        raise SchemaError(
            f"'{text}' is neither tumour nor normal", path=path, line=number, sample=sample, column=column,
            hint="a clinical column of that name has to be called otherwise",
        )  # fmt: skip
    return _ROLES[text.lower()]


def _refuse_missing(missing: list[str], path: PathLike) -> None:
    if missing:
        more = f" ... and {len(missing) - _LISTED_AT_ONCE} more" if len(missing) > _LISTED_AT_ONCE else ""
        listed = "; ".join(missing[:_LISTED_AT_ONCE])
        raise FileFormatError(
            f"{len(missing)} file{'s' if len(missing) > 1 else ''} not found: {listed}{more}", path=path,
            hint="paths are relative to the sheet",
        )  # fmt: skip
