"""The files of a panel as tables: the part of `panel` that needs pandas, imported where a table is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from her2genomics.genome import chromosome_order, normalise_contigs

_NO_GENE = frozenset({"", ".", "-", "backbone", "Backbone", "BACKBONE", "CGH", "SNP", "nan", "None"})


def empty_table(*columns: str) -> pd.DataFrame:
    """Return a table without rows."""
    return pd.DataFrame(columns=list(columns))


def read_panel_table(path: Path, dtype: Any = None) -> pd.DataFrame:
    """Read a tab-separated table with a header; an empty cell is an empty text."""
    return pd.read_csv(path, sep="\t", keep_default_na=False, dtype=dtype)


def read_bed4(path: Path) -> pd.DataFrame:
    """Read a panel's own BED (our format: no header, at least three columns)."""
    table = pd.read_csv(path, sep="\t", header=None, keep_default_na=False)
    table = table.iloc[:, :4].set_axis(["chromosome", "start", "end", "name"][: min(table.shape[1], 4)], axis=1)
    table["chromosome"] = normalise_contigs(table["chromosome"].astype("str"))
    keys = np.lexsort((table["end"], table["start"], chromosome_order(table["chromosome"])))
    return table.iloc[keys].reset_index(drop=True)


def read_gmt(path: Path) -> pd.DataFrame:
    """Read pathways: ``pathway, source, default, licence, gene``."""
    return gene_set_table(line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())


def gene_set_table(lines: Iterable[Sequence[str]]) -> pd.DataFrame:
    """Return gene sets as a long table ``pathway, source, default, licence, gene``.

    Parameters
    ----------
    lines
        Fields of each GMT line: name, description, genes. A name ``PATHWAY__SOURCE`` says where the set is from, a
        description that begins with ``default`` that this source is the one used unless another is asked for.

    Examples
    --------
    >>> gene_set_table([["WNT__X", "default; CC0", "APC", "AXIN1", ""]]).values.tolist()
    [['WNT', 'X', True, 'CC0', 'APC'], ['WNT', 'X', True, 'CC0', 'AXIN1']]
    """
    rows = []
    for name, note, *genes in lines:
        pathway, _, source = name.partition("__")
        is_default = note.startswith("default")
        licence = note.removeprefix("default").lstrip("; ") if is_default else note
        rows += [(pathway, source, is_default, licence, gene) for gene in dict.fromkeys(genes) if gene]
    return pd.DataFrame(rows, columns=["pathway", "source", "default", "licence", "gene"])


def first_tokens(names: pd.Series) -> pd.Series:
    """Return the first token of each target's name, ``-`` for names that say "no gene"."""
    token = names.astype("str").str.split(r"[|;,:\s]", n=1, regex=True).str[0]
    return token.where(~token.isin(_NO_GENE), "-")
