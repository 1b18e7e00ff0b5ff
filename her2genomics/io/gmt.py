"""Gene sets in GMT: a name, a description and the genes of one set per line, separated by tabs."""

from __future__ import annotations

import os

import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import FileFormatError
from her2genomics.io.sources import find_source
from her2genomics.panel_files import gene_set_table


def read_gmt(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a GMT file, plain or gzipped (MSigDB, Reactome, WikiPathways, or one's own).

    A name ``PATHWAY__SOURCE`` gives several sources of one pathway; a description that begins with ``default`` marks
    the one that is used unless another is asked for. Without such marks every set is used.

    Returns
    -------
    DataFrame
        ``pathway_genes`` schema, in the order of the file; a gene listed twice in a set counts once.

    Raises
    ------
    FileFormatError
        If there is no set in the file, a line has no gene, or two sets have the same name.
    """
    lines: dict[str, list[str]] = {}
    with find_source(path).open() as stream:
        for number, raw in enumerate(stream, start=1):
            fields = [field.strip() for field in raw.decode("utf-8", errors="replace").rstrip("\r\n").split("\t")]
            if not any(fields) or fields[0].startswith("#"):
                continue
            _check_line(fields, lines, number, path)
            lines[fields[0]] = fields
    if not lines:
        raise FileFormatError("no gene set in the file", path=path, hint="GMT: name, description, genes, tab-separated")
    return schema.conform(gene_set_table(lines.values()), schema.PATHWAY_GENES)


def _check_line(fields: list[str], seen: dict[str, list[str]], number: int, path: str | os.PathLike[str]) -> None:
    if not any(fields[2:]):
        raise FileFormatError(
            f"gene set '{fields[0][:40]}' has no gene", path=path, line=number,
            hint="GMT: name, description, genes, separated by tabs",
        )  # fmt: skip
    if not fields[0]:
        raise FileFormatError("a gene set has no name", path=path, line=number)
    if fields[0] in seen:
        raise FileFormatError(f"gene set '{fields[0]}' is there twice", path=path, line=number)
