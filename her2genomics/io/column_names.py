"""Recognising columns by their names, from stated synonyms only.

A name is compared without case, blanks and punctuation, ``%`` and "percent" being one (``ER (%)`` = ``er_percent`` =
``er_pct``).  A column is recognised by an entry of a synonym table or not at all.  Where two columns of a file stand
for the same thing, the one that carries the package's own name is taken; otherwise they have to agree, or the user is
asked.  Whatever is not recognised keeps its name and is reported.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from her2genomics.exceptions import AmbiguousInputError
from her2genomics.io.read_reports import column_report

Synonyms = Mapping[str, tuple[str, ...]]


def name_key(name: str) -> str:
    """Return a column name without case, blanks and punctuation.

    Examples
    --------
    >>> name_key("HER2/CEP17 ratio"), name_key("ER (%)"), name_key("er_percent")
    ('her2cep17ratio', 'erpct', 'erpct')
    """
    text = name.lower().replace("%", " pct ").replace("percentage", "pct").replace("percent", "pct")
    return re.sub(r"[\W_]+", "", text)


def index_synonyms(synonyms: Synonyms) -> dict[str, str]:
    """Return name key to the package's column, for every synonym and for the column's own name."""
    index = {name_key(word): column for column, words in synonyms.items() for word in words}
    return {**index, **{name_key(column): column for column in synonyms}}


def known_columns(names: Iterable[str], synonyms: Synonyms) -> list[str]:
    """Return the names of a file that are recognised."""
    index = index_synonyms(synonyms)
    return [name for name in names if name_key(name) in index]


@dataclass(frozen=True)
class RecognisedTable:
    """A table under the package's names, and what every column of the file was taken for.

    Parameters
    ----------
    table
        Recognised columns under the package's names, others under their own, in the file's order.
    report
        ``column, recognised_as, how, n_missing, note``, one row per column of the file.
    """

    table: pd.DataFrame
    report: pd.DataFrame

    def written_as(self, column: str) -> str:
        """Return the file's name of a column of `table`."""
        rows = self.report.loc[self.report["recognised_as"] == column, "column"]
        return str(rows.iloc[0]) if len(rows) else column


def recognise_columns(
    table: pd.DataFrame,
    synonyms: Synonyms,
    *,
    identifier: tuple[str, ...] = (),
    by_priority: Collection[str] = (),
    path: str | os.PathLike[str] | None = None,
) -> RecognisedTable:
    """Rename the columns that are recognised, one column each.

    Parameters
    ----------
    table
        Table of strings as read.
    synonyms
        The package's column names, each with the names that stand for it.
    identifier
        Columns that name a row in messages, the first one that is there.
    by_priority
        Columns for which the synonym that stands first in the list is taken, whatever the others say.
    path
        File name for messages.

    Raises
    ------
    AmbiguousInputError
        If two columns stand for one thing, neither carries its name, and they differ.
    """
    index = index_synonyms(synonyms)
    found: dict[str, list[str]] = {}
    for name in table.columns:
        if (column := index.get(name_key(name))) is not None:
            found.setdefault(column, []).append(name)
    chosen = {
        column: _own_name_first(column, names, synonyms[column] if column in by_priority else None)
        for column, names in found.items()
    }
    rows = _row_names(table, chosen, identifier)
    columns: dict[str, pd.Series] = {}
    report: list[tuple[str | None, str | None, str, int, str]] = []
    taken = {name: column for column, names in chosen.items() for name in names}
    for name in table.columns:
        n_missing = int(table[name].isna().sum())
        column = taken.get(name)
        if column is None:
            own = index.get(name_key(name))
            note = f"{chosen[own][0]} goes before it" if own else ""
            columns[name] = table[name]
            report.append((name, None, "kept under its own name", n_missing, note))
        elif column in columns:
            report.append((name, column, f"agrees with {chosen[column][0]}, joined", n_missing, ""))
        else:
            columns[column] = _joined(table, chosen[column], column, rows, path)
            report.append((name, column, "by name" if name == column else "synonym", n_missing, ""))
    return RecognisedTable(pd.DataFrame(columns, index=table.index), column_report(report))


def _own_name_first(column: str, names: list[str], priority: tuple[str, ...] | None) -> list[str]:
    if column in names:
        return [column]
    if priority is None:
        return names
    order = [name_key(column), *(name_key(word) for word in priority)]
    return [min(names, key=lambda name: order.index(name_key(name)))]


def _row_names(table: pd.DataFrame, chosen: Mapping[str, list[str]], identifier: tuple[str, ...]) -> pd.Series:
    for column in identifier:
        if column in chosen:
            return table[chosen[column][0]]
    return pd.Series(pd.NA, index=table.index, dtype="string")


def _joined(
    table: pd.DataFrame, names: list[str], column: str, rows: pd.Series, path: str | os.PathLike[str] | None
) -> pd.Series:
    """Return the first column, filled from the others, after checking that they agree wherever both have a value."""
    result = table[names[0]]
    for name in names[1:]:
        other = table[name]
        differ = result.notna() & other.notna() & ~_same(result, other)
        if differ.any():
            where = int(differ.to_numpy(dtype=bool).nonzero()[0][0])
            sample = rows.iloc[where]
            raise AmbiguousInputError(
                f"columns '{names[0]}' and '{name}' can both be {column} and differ in {int(differ.sum())} rows"
                f" ('{result.iloc[where]}' and '{other.iloc[where]}')",
                path=path,
                sample=None if pd.isna(sample) else str(sample),
                hint=f"rename the right one to {column}, or remove the other",
            )
        result = result.fillna(other)
    return result


def _same(left: pd.Series, right: pd.Series) -> pd.Series:
    text = left.str.casefold() == right.str.casefold()
    numbers = pd.to_numeric(left, errors="coerce") == pd.to_numeric(right, errors="coerce")
    return text.fillna(False).astype(bool) | numbers.fillna(False).astype(bool)


def render_synonyms(synonyms: Synonyms) -> str:
    """Return the Markdown table of a synonym list, as shown in docs/inputs.md."""
    lines = ["| column | also recognised as |", "|---|---|"]
    lines += [f"| {column} | {', '.join(f'`{word}`' for word in words)} |" for column, words in synonyms.items()]
    return "\n".join(lines) + "\n"
