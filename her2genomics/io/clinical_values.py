"""Values of clinical columns: numbers, percentages, status words, events, each by a stated rule.

A value is understood, missing, or refused with its sample and column; what was understood but cannot be used (a
negative time, ER "equivocal") becomes missing and is counted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pandas as pd

from her2genomics.exceptions import AmbiguousInputError, SchemaError
from her2genomics.io.clinical_synonyms import (
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    EVENTS,
    FREE_VOCABULARIES,
    HER2_AS_WRITTEN,
    VOCABULARIES,
    YEARS_PER_MONTH,
)
from her2genomics.io.column_names import RecognisedTable
from her2genomics.io.read_reports import Count, add_note
from her2genomics.lab_values import clean, is_missing, read_number, read_percent

PERCENTAGES: tuple[str, ...] = ("er_pct", "pr_pct", "ki67_pct")
TIMES: tuple[str, ...] = ("os_months", "dfs_months")
DAYS: tuple[str, ...] = ("days_to_death", "days_to_last_followup", "days_to_new_tumor_event")
CONVERTED: dict[str, tuple[str, float]] = {
    "age_days": ("age", DAYS_PER_YEAR),
    "os_days": ("os_months", DAYS_PER_MONTH),
    "os_years": ("os_months", YEARS_PER_MONTH),
    "dfs_days": ("dfs_months", DAYS_PER_MONTH),
    "dfs_years": ("dfs_months", YEARS_PER_MONTH),
}
"""Column in another unit: the package's column, and what to divide by."""

MAX_AGE_YEARS = 120
_STAGE = re.compile(r"(?:stage *)?(0|[ivx]+|[1-4])( ?[abc][123]?)?")
_CODED_EVENT = re.compile(r"([01]) *:.*")
_PERCENT_SIGN = "%"


class ColumnReader:
    """Converts the recognised columns of one file.

    Parameters
    ----------
    recognised
        Table under the package's names, with ``sample_id`` or ``patient_id``.
    path
        File name for messages.
    only
        Columns to convert; by default all.

    Attributes
    ----------
    report, counts
        Filled while columns are converted.
    """

    def __init__(
        self,
        recognised: RecognisedTable,
        path: str | os.PathLike[str],
        only: tuple[str, ...] | None = None,
    ) -> None:
        self._recognised = recognised
        self._path = path
        self._only = only
        table = recognised.table
        self._ids = table["sample_id" if "sample_id" in table else "patient_id"]
        self.report = recognised.report
        self.counts: list[Count] = []

    def written_as(self, column: str) -> str:
        """Return the file's name of a column."""
        return self._recognised.written_as(column)

    def converted(self) -> pd.DataFrame:
        """Return the table with typed columns; those in another unit under the package's name."""
        columns: dict[str, pd.Series] = {}
        table = self._recognised.table
        for name in table.columns:
            if self._only is not None and name not in self._only:
                columns[name] = table[name]
            elif name in CONVERTED:
                target, divisor = CONVERTED[name]
                if target not in table:
                    columns[target] = self._column(name, target) / divisor
            else:
                columns[name] = self._column(name, name)
                if name in PERCENTAGES:
                    columns |= self._bins(name, table)
        result = pd.DataFrame(columns, index=table.index)
        self._refuse_implausible_age(result)
        return result

    def _column(self, name: str, target: str) -> pd.Series:
        values = self._recognised.table[name]
        if name in HER2_AS_WRITTEN:
            return self._as_written(name, values)
        if target in TIMES or name in DAYS:
            return self._times(name, values)
        if target in ("age", "tmb"):
            return self._numbers(name, values)
        if name in PERCENTAGES:
            return self._percentages(name, values)
        if name == "purity":
            return self._purity(values)
        if name in EVENTS:
            return self._events(name, values, EVENTS[name])
        if name == "vital_status" and any(day in self._recognised.table for day in DAYS):
            return self._events(name, values, EVENTS["os_event"])
        if name in VOCABULARIES:
            return self._status(name, values)
        if name in FREE_VOCABULARIES:
            return _mapped(values, lambda text: _free_word(text, FREE_VOCABULARIES[name])).astype("string")
        if name == "stage":
            return _mapped(values, _stage).astype("string")
        return values

    def _as_written(self, name: str, values: pd.Series) -> pd.Series:
        if name in ("fish_ratio", "fish_her2_cn", "fish_cep17_cn", "fish_cells", "ihc_membrane_pct"):
            odd = [text for text in values.dropna().unique() if not _is_plain_number(text)]
            if odd:
                words, n = ", ".join(f"'{word}'" for word in odd[:3]), int(values.isin(odd).sum())
                add_note(self.report, name, f"{n} no plain numbers, left to the classifier: {words}")
        return values

    def _numbers(self, name: str, values: pd.Series) -> pd.Series:
        def number(text: str) -> float | None:
            if is_missing(clean(text)):
                return None
            measured = read_number(clean(text))
            if measured is None:
                raise _RefusedValueError("is not a number")
            if measured.is_bound:
                self._uncertain.append(text)
                return None
            return measured.value

        self._uncertain: list[str] = []
        result = self._each(name, values, number).astype("Float64")
        if self._uncertain:
            if name != "age":
                self._refuse(name, values, values.isin(self._uncertain), "is a bound, not a number")
            self._count(name, values.isin(self._uncertain), "top-coded age (such as >89): missing")
        return result

    def _times(self, name: str, values: pd.Series) -> pd.Series:
        minus = values.str.fullmatch(r"[-\u2212\u2013] *[0-9.,]+").fillna(False).astype(bool)
        numbers = self._numbers(name, values.mask(minus))
        if name in DAYS:
            return numbers.mask(minus, -1.0)
        self._count(name, minus, "negative time: missing")
        return numbers

    def _percentages(self, name: str, values: pd.Series) -> pd.Series:
        hint = f"if the column is a status, name it {name.replace('_pct', '_status')}"

        def percent(text: str) -> float | None:
            if is_missing(clean(text)):
                return None
            read = read_percent(clean(text))
            if read is None:
                raise _RefusedValueError("is no percentage between 0 and 100", hint)
            return read.low if read.is_exact else None

        numbers = self._each(name, values, percent).astype("Float64")
        signed = values.str.contains(_PERCENT_SIGN, regex=False).any()
        inside = (numbers > 0) & (numbers < 1)
        if inside.any() and (numbers.dropna() <= 1).all() and not signed:
            raise AmbiguousInputError(
                "all values lie between 0 and 1: are they percentages or fractions?",
                path=self._path,
                column=self.written_as(name),
                hint="write percentages from 0 to 100, or a % sign",
            )
        return numbers

    def _bins(self, name: str, table: pd.DataFrame) -> dict[str, pd.Series]:
        """Return the cells of a percentage column that hold a bin or a bound, as text."""
        bins = table[name].where(table[name].isin([text for text in table[name].dropna().unique() if _is_bin(text)]))
        if not bins.notna().any() or f"{name}_bin" in table:
            return {}
        add_note(
            self.report, name, f"{int(bins.notna().sum())} bins such as '{bins.dropna().iloc[0]}' kept in {name}_bin"
        )
        return {f"{name}_bin": bins}

    def _purity(self, values: pd.Series) -> pd.Series:
        numbers = self._numbers("purity", values.str.replace(_PERCENT_SIGN, "", regex=False))
        numbers = numbers.mask(
            values.str.contains(_PERCENT_SIGN, regex=False).fillna(False).astype(bool), numbers / 100
        )
        above = (numbers > 1).fillna(False).astype(bool)
        self._refuse("purity", values, above, "is no fraction between 0 and 1", "write 0.3 or 30%")
        return numbers

    def _events(self, name: str, values: pd.Series, words: dict[str, bool]) -> pd.Series:
        def event(text: str) -> bool | None:
            cleaned = clean(text)
            if cleaned in words:
                return words[cleaned]
            if coded := _CODED_EVENT.fullmatch(cleaned):
                return coded[1] == "1"
            if is_missing(cleaned):
                return None
            raise _RefusedValueError("is neither an event nor none", "write 1 or 0")

        return self._each(name, values, event).astype("boolean")

    def _status(self, name: str, values: pd.Series) -> pd.Series:
        words = VOCABULARIES[name]
        has_plus = values.isin(("+", "(+)")).any()

        def status(text: str) -> str | None:
            cleaned = clean(text)
            if cleaned == "-" and not has_plus:
                return None
            if cleaned in words:
                if words[cleaned] is None:
                    self._undecided.append(text)
                return words[cleaned]
            if is_missing(cleaned):
                return None
            allowed = " nor ".join(dict.fromkeys(word for word in words.values() if word))
            percentage = (
                f"name it {name.replace('_status', '_pct')} if it is a percentage" if "_status" in name else None
            )
            raise _RefusedValueError(f"is neither {allowed}", percentage)

        self._undecided: list[str] = []
        result = self._each(name, values, status).astype("string")
        self._count(name, values.isin(self._undecided), f"{', '.join(sorted(set(self._undecided)))}: missing")
        return result

    def _each(self, name: str, values: pd.Series, read: Callable[[str], object]) -> pd.Series:
        """Apply a reader of cells, once per distinct text; point at the first cell that it refuses."""
        known: dict[str, object] = {}
        for text in values.dropna().unique():
            try:
                known[text] = read(text)
            except _RefusedValueError as error:
                self._refuse(name, values, values == text, str(error), error.hint)
        return values.map(known, na_action="ignore").astype(object)

    def _refuse(self, name: str, values: pd.Series, bad: pd.Series, why: str, hint: str | None = None) -> None:
        rows = bad.fillna(False).to_numpy(dtype=bool).nonzero()[0]
        if not len(rows):
            return
        sample = self._ids.iloc[rows[0]]
        more = f" (and {len(rows) - 1} more rows)" if len(rows) > 1 else ""
        raise SchemaError(
            f"value '{values.iloc[rows[0]]}' {why}{more}",
            path=self._path,
            sample=None if pd.isna(sample) else str(sample),
            column=self.written_as(name),
            hint=hint,
        )

    def _count(self, name: str, rows: pd.Series, what: str) -> None:
        self.counts.append((f"{self.written_as(name)}: {what}", int(rows.sum()), ""))

    def _refuse_implausible_age(self, table: pd.DataFrame) -> None:
        if "age" not in table:
            return
        ages = pd.to_numeric(table["age"], errors="coerce")
        name = "age" if "age" in self._recognised.table else "age_days"
        hint = "years are expected; name the column age_days if these are days"
        self._refuse(name, table["age"].astype("string"), ages > MAX_AGE_YEARS, f"is above {MAX_AGE_YEARS}", hint)


class _RefusedValueError(ValueError):
    """A cell that cannot be read, and what to do about it."""

    def __init__(self, why: str, hint: str | None = None) -> None:
        super().__init__(why)
        self.hint = hint


def _mapped(values: pd.Series, read: Callable[[str], str | None]) -> pd.Series:
    return values.map({text: read(text) for text in values.dropna().unique()}, na_action="ignore")


def _is_plain_number(text: str) -> bool:
    measured = read_number(clean(text))
    return measured is not None and not measured.is_bound


def _is_bin(text: str) -> bool:
    read = read_percent(clean(text))
    return read is not None and not read.is_exact


def _free_word(text: str, words: dict[str, str]) -> str | None:
    """Return the unified word; TCGA's explanation in brackets after it is left out when the word is known."""
    cleaned = clean(text)
    return words.get(cleaned) or words.get(cleaned.partition("(")[0].strip()) or text


def _stage(text: str) -> str:
    match = _STAGE.fullmatch(clean(text))
    return (match[1] + (match[2] or "").strip()).upper() if match else text
