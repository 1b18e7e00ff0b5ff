"""Gene copy number from segments: the probe-weighted mean log2 over a gene, called by stated cut-offs.

Segments alone carry no test, so there is no p-value here; the cut-offs are part of the result's definition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import UsageError

FloatArray = npt.NDArray[np.float64]

DEEP_DELETION_BELOW, LOSS_UP_TO, AMPLIFICATION_FROM = 0.5, 1.5, 2.75
"""Copies; the last two are the study's cut-offs, inclusive."""


@dataclass(frozen=True)
class Log2CutOffs:
    """Log2 ratios at which a gene is called; the defaults are CNVkit's published ``call`` thresholds.

    Parameters
    ----------
    deep_deletion, loss
        At or below [log2].
    gain, amplification
        At or above [log2].

    Raises
    ------
    UsageError
        If they are not in ascending order around zero.
    """

    deep_deletion: float = -1.1
    loss: float = -0.25
    gain: float = 0.2
    amplification: float = 0.7

    def __post_init__(self) -> None:
        if not self.deep_deletion < self.loss < 0 < self.gain < self.amplification:
            raise UsageError(
                "log2 cut-offs must ascend: deep deletion < loss < 0 < gain < amplification", hint=f"got {self}"
            )

    def describe(self) -> str:
        """Return the cut-offs in words."""
        return (
            f"log2 >= {self.amplification:g} amplification, >= {self.gain:g} gain, <= {self.loss:g} loss, "
            f"<= {self.deep_deletion:g} deep deletion"
        )


def call_log2(log2: FloatArray, cut_offs: Log2CutOffs) -> npt.NDArray[np.int64]:
    """Return -2, -1, 0, 1, 2 for each log2 ratio; boundaries belong to the more extreme call.

    Examples
    --------
    >>> call_log2(np.array([-1.1, -0.25, 0.0, 0.2, 0.7]), Log2CutOffs())
    array([-2, -1,  0,  1,  2])
    """
    calls = np.zeros(len(log2), dtype=np.int64)
    calls[log2 >= cut_offs.gain] = 1
    calls[log2 >= cut_offs.amplification] = 2
    calls[log2 <= cut_offs.loss] = -1
    calls[log2 <= cut_offs.deep_deletion] = -2
    return calls


def map_segments_to_genes(
    segments: pd.DataFrame, gene_spans: pd.DataFrame, cut_offs: Log2CutOffs | None = None
) -> pd.DataFrame:
    """Give every gene of every sample the mean log2 of the segments over it.

    A segment counts with the probes that it has inside the gene, taken as its probes times the share of its length
    there (its length there alone when probe counts are absent).

    Parameters
    ----------
    segments
        ``sample_id, chromosome, start, end, log2`` and optionally ``probes`` [0-based half-open].
    gene_spans
        ``gene, chromosome, start, end`` on the same build.
    cut_offs
        Where calls begin; default `Log2CutOffs`.

    Returns
    -------
    DataFrame
        ``gene_cna`` rows (``sample_id, gene, chromosome, start, end, log2, probes, cna``) for the genes that a segment
        covers; a gene in a gap between segments has no row, because it was not measured.
    """
    cut_offs = cut_offs or Log2CutOffs()
    codes, samples = pd.factorize(segments["sample_id"])
    starts, ends = (segments[c].to_numpy(dtype=np.int64) for c in ("start", "end"))
    log2 = segments["log2"].to_numpy(dtype=np.float64)
    weight = (segments["probes"] if "probes" in segments else segments["end"] - segments["start"]).to_numpy(np.float64)
    weight = weight / np.maximum(ends - starts, 1)
    names = segments["chromosome"].to_numpy(dtype=object)
    rows_of = {name: np.flatnonzero(names == name) for name in pd.unique(segments["chromosome"])}
    parts = []
    spans = zip(*(gene_spans[c].tolist() for c in ("gene", "chromosome", "start", "end")), strict=True)
    for gene, chromosome, start, end in spans:
        rows = rows_of.get(chromosome)
        if rows is None:
            continue
        rows = rows[(starts[rows] < end) & (ends[rows] > start) & np.isfinite(log2[rows])]
        inside = np.minimum(ends[rows], end) - np.maximum(starts[rows], start)
        weights = np.bincount(codes[rows], weight[rows] * inside, minlength=len(samples))
        sums = np.bincount(codes[rows], weight[rows] * inside * log2[rows], minlength=len(samples))
        measured = np.flatnonzero(weights > 0)
        parts.append(
            pd.DataFrame(
                {
                    "sample_id": samples[measured],
                    "gene": gene,
                    "chromosome": chromosome,
                    "start": start,
                    "end": end,
                    "log2": sums[measured] / weights[measured],
                }
            )
        )
    if not parts:
        return schema.empty(schema.GENE_CNA)
    table = pd.concat(parts, ignore_index=True)
    table["cna"] = call_log2(table["log2"].to_numpy(), cut_offs)
    return schema.conform(table, schema.GENE_CNA)


def call_gene_table(gene_cna: pd.DataFrame, cut_offs: Log2CutOffs | None = None) -> pd.DataFrame:
    """Fill missing calls of a gene table from its log2 ratios, or else from its copies.

    Copies are called as Zhang et al. 2022 do: at most 1.5 a loss (below 0.5 a deep deletion), at least 2.75 an
    amplification.
    """
    called = gene_cna["cna"].astype("Int64")
    if "log2" in gene_cna:
        log2 = gene_cna["log2"].to_numpy(dtype=np.float64, na_value=np.nan)
        from_log2 = pd.Series(call_log2(log2, cut_offs or Log2CutOffs()), index=gene_cna.index, dtype="Int64")
        called = called.fillna(from_log2.where(np.isfinite(log2)))
    if "cn" in gene_cna:
        copies = gene_cna["cn"].to_numpy(dtype=np.float64, na_value=np.nan)
        steps = [copies < DEEP_DELETION_BELOW, copies <= LOSS_UP_TO, copies >= AMPLIFICATION_FROM]
        from_copies = pd.Series(np.select(steps, [-2, -1, 2], 0), index=gene_cna.index, dtype="Int64")
        called = called.fillna(from_copies.where(np.isfinite(copies)))
    return gene_cna.assign(cna=called)


CNA_CLASSES: dict[int, str] = {-2: "deep_deletion", -1: "loss", 1: "gain", 2: "amplification"}
"""Discrete copy-number code to alteration class."""


def copy_number_alterations(gene_cna: pd.DataFrame) -> pd.DataFrame:
    """Return the ``alterations`` rows of a gene copy-number table: one per call that is not neutral.

    ``detail`` says the log2 (``log2=2.1``) or the copies (``cn=8.4``) where they are known.
    """
    altered = gene_cna[gene_cna["cna"].notna() & (gene_cna["cna"] != 0)]
    detail = pd.Series(pd.NA, index=altered.index, dtype="string")
    for name in ("cn", "log2"):
        if name in altered:
            known = altered[name].notna()
            detail[known] = altered.loc[known, name].map(lambda value, label=name: f"{label}={value:.3g}")
    table = pd.DataFrame(
        {
            "sample_id": altered["sample_id"],
            "gene": altered["gene"],
            "alteration": altered["cna"].map(CNA_CLASSES),
            "detail": detail,
        }
    )
    return schema.conform(table, schema.ALTERATIONS).reset_index(drop=True)


def add_erbb2(samples: pd.DataFrame, gene_cna: pd.DataFrame) -> pd.DataFrame:
    """Return the samples with ERBB2's log2, its discrete copy number, and whether that agrees with the HER2 group.

    Parameters
    ----------
    samples
        Sample table; ``her2_group`` is used where it has one.
    gene_cna
        Gene copy number, called, one row per sample and gene.

    Returns
    -------
    pandas.DataFrame
        ``samples`` with the columns of `schema.ERBB2_STATUS`, or unchanged when no sample has ERBB2.

    Examples
    --------
    >>> samples = pd.DataFrame({"sample_id": ["a", "b", "c"], "her2_group": ["HER2-positive", "HER2-low", None]})
    >>> cna = pd.DataFrame({"sample_id": ["a", "b", "c"], "gene": "ERBB2", "cna": [2, 2, 2], "log2": [2.0, 1.5, 1.0]})
    >>> add_erbb2(samples, cna)["concordant"].tolist()
    [True, False, <NA>]
    """
    rows = gene_cna[(gene_cna["gene"] == "ERBB2") & gene_cna["cna"].notna()].set_index("sample_id")
    if rows.empty:
        return samples
    added = samples.copy()
    ids = added["sample_id"]
    if "log2" in rows:
        added["erbb2_log2"] = ids.map(rows["log2"]).astype("Float64")
    added["erbb2_cna"] = ids.map(rows["cna"]).astype("Int64")
    if "her2_group" in added:
        group = added["her2_group"].astype("string")
        agrees = (added["erbb2_cna"] == 2) == (group == "HER2-positive")
        added["concordant"] = agrees.astype("boolean").mask(group.isna() | added["erbb2_cna"].isna())
    return added


def parse_cut_offs(text: str) -> Log2CutOffs:
    """Return the cut-offs of a comma list: deep deletion, loss, gain, amplification.

    Raises
    ------
    UsageError
        If they are not four numbers in order.

    Examples
    --------
    >>> parse_cut_offs("-1,-0.4,0.3,0.9").loss
    -0.4
    """
    try:
        deep_deletion, loss, gain, amplification = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"'{text}' is not four log2 cut-offs", hint="such as -1.1,-0.25,0.2,0.7") from None
    return Log2CutOffs(deep_deletion, loss, gain, amplification)
