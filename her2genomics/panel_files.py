"""The files of a panel as tables: the part of `panel` that needs pandas, imported where a table is asked for."""

from __future__ import annotations

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
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        name, note, *genes = line.split("\t")
        pathway, _, source = name.partition("__")
        is_default = note.startswith("default")
        licence = note.removeprefix("default").lstrip("; ")
        rows += [(pathway, source, is_default, licence, gene) for gene in genes if gene]
    return pd.DataFrame(rows, columns=["pathway", "source", "default", "licence", "gene"])


def first_tokens(names: pd.Series) -> pd.Series:
    """Return the first token of each target's name, ``-`` for names that say "no gene"."""
    token = names.astype("str").str.split(r"[|;,:\s]", n=1, regex=True).str[0]
    return token.where(~token.isin(_NO_GENE), "-")
