"""Gene copy number of one sample: log2, copies, p, q, interval, limit of detection, call, and the event it belongs to.

The test is that of `gene_null`; the call is that of `copy_rule`. A sample that fails the quality gate is "not
evaluable" in every gene. Without a null (one normal, none, or a gene of fewer than three bins) p is missing and the
call rests on the copies alone: it is flagged ``NO_P``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from her2genomics import schema
from her2genomics.amplicons import group_events
from her2genomics.cnv_qc import CnvQc, assess_profile, median_depth, slope_with
from her2genomics.copy_rule import DEEP_DELETION_COPIES, DIPLOID, CopyRule, observed_copies, tumour_copies
from her2genomics.gene_null import MIN_BINS, GeneTest, gene_bins, within_gene_noise
from her2genomics.normals import Reference
from her2genomics.ratios import (
    FloatArray,
    Sex,
    align_to,
    autosomal,
    bin_weights,
    compute_ratios,
    depth_log2,
    infer_sex,
    level,
)
from her2genomics.result_html import result_html

NOT_EVALUABLE = "not evaluable"
LEVEL = 0.95
LOD_POWER = 0.9
MIN_GENES_TO_TEST = 20


@dataclass(frozen=True)
class CnvResult:
    """Copy number of one sample.

    Parameters
    ----------
    ratios
        ``.cnr`` rows.
    genes
        `schema.GENE_CNA`, genes in genome order.
    qc
        Quality of the profile.
    sex
        ``female``, ``male``, or None when the panel does not say.
    """

    ratios: pd.DataFrame
    genes: pd.DataFrame
    qc: CnvQc
    sex: Sex | None

    def _repr_html_(self) -> str:
        called = self.genes[self.genes["call"].isin(["amplification", "deletion"])]
        quality = "evaluable" if self.qc.evaluable else f"not evaluable: {'; '.join(self.qc.failed)}"
        return result_html(f"Copy number of {self.qc.sample_id}, genes called", called, facts=[quality])


def call_copy_number(
    coverage: pd.DataFrame,
    reference: Reference,
    *,
    sample_id: str,
    rule: CopyRule | None = None,
    purity: float | None = None,
    ploidy: float = DIPLOID,
    sex: Sex | None = None,
    build: str = "hg19",
) -> CnvResult:
    """Return ratios, gene table and quality of one sample.

    Parameters
    ----------
    coverage
        ``chromosome, start, end, gene, log2`` and optionally ``depth`` over the reference's bins.
    reference
        As of `normals.build_reference`.
    sample_id
        Sample.
    rule
        When a gene is called; default the study's.
    purity, ploidy
        Tumour cell fraction, and mean copies of the tumour genome.
    sex
        By default as the depth of X and Y says.
    build
        Genome build of the positions, for the names of amplicons.

    Raises
    ------
    SchemaError
        If bins are absent from the coverage.
    StatisticsError
        If no autosomal bin has depth.
    """
    bins = reference.bins
    aligned = align_to(coverage, bins, name=sample_id)
    log2 = depth_log2(aligned)
    usable = reference.open_bins & autosomal(bins)
    centre = bins["log2"].to_numpy(dtype=np.float64, na_value=np.nan)
    sex = sex or infer_sex(bins, np.where(bins["chromosome"].eq("chrX"), log2 - centre, log2), usable)
    ratios = compute_ratios(coverage, bins, sex=sex, name=sample_id)
    depth = aligned["depth"].to_numpy(dtype=np.float64, na_value=np.nan)[usable] if "depth" in aligned else None
    gc = bins["gc"].to_numpy(dtype=np.float64, na_value=np.nan) if "gc" in bins else np.full(len(bins), np.nan)
    raw = np.where(usable, log2 - centre, np.nan)
    near = np.abs(raw - level(raw)) < 1
    qc = assess_profile(
        ratios[autosomal(ratios)],
        sample_id=sample_id,
        depth=median_depth(depth, log2[usable]),
        gc_slope=slope_with(gc[near], raw[near]),
    )
    genes = call_genes(
        ratios, reference, sample_id=sample_id, rule=rule, purity=purity, ploidy=ploidy, sex=sex, build=build,
        evaluable=qc.evaluable,
    )  # fmt: skip
    return CnvResult(ratios, genes, qc, sex)


def call_genes(
    ratios: pd.DataFrame,
    reference: Reference,
    *,
    sample_id: str,
    rule: CopyRule | None = None,
    purity: float | None = None,
    ploidy: float = DIPLOID,
    sex: Sex | None = None,
    build: str = "hg19",
    evaluable: bool = True,
) -> pd.DataFrame:
    """Return the gene table of one sample's ratios.

    Parameters
    ----------
    ratios
        ``chromosome, start, end, gene, log2, weight`` over the reference's open bins (as of `compute_ratios`).
    reference, sample_id, rule, purity, ploidy, sex, build
        As of `call_copy_number`.
    evaluable
        Whether the sample passed the quality gate.

    Returns
    -------
    DataFrame
        `schema.GENE_CNA`: ``cn`` is the copies of the tumour cells where purity is given, else the observed ones.
    """
    rule = rule or CopyRule()
    measured = _measure(ratios, reference)
    table = measured.table
    normal = np.where((table["chromosome"].to_numpy(dtype=object) == "chrX") & (sex == "male"), 1.0, DIPLOID)
    observed = observed_copies(measured.log2)
    p_values: list[float | None] = [None if np.isnan(p) else float(p) for p in measured.p]
    few = table["probes"].to_numpy(dtype=np.int64) < MIN_BINS
    calls = [
        NOT_EVALUABLE if too_few else rule.call(cn, p) for cn, p, too_few in zip(observed, p_values, few, strict=True)
    ]
    flags = [["FEW_BINS"] if f else ["NO_P"] if p is None else [] for p, f in zip(p_values, few, strict=True)]
    cn = observed * normal / DIPLOID
    if purity is not None:
        cn, inconsistent = tumour_copies(measured.log2, purity, ploidy=ploidy, normal_copies=normal)
        for place in np.flatnonzero(inconsistent):
            flags[place].append("PURITY_INCONSISTENT")
    scaled = cn * DIPLOID / normal
    table = table.assign(
        sample_id=sample_id,
        log2=measured.log2,
        ci_low=measured.log2 - measured.half_width,
        ci_high=measured.log2 + measured.half_width,
        observed_cn=observed * normal / DIPLOID,
        cn=cn,
        cna=pd.array([_code(call, copies) for call, copies in zip(calls, scaled, strict=True)], dtype="Int64"),
        p_value=measured.p,
        q_value=_benjamini_hochberg(measured.p),
        call=calls,
        flags=[";".join(parts) for parts in flags],
    )
    table["lod_gain"], table["lod_loss"] = limit_of_detection(measured, rule, 1.0 if purity is None else purity)
    if evaluable:
        table["event"] = group_events(table[~few], build=build).reindex(table.index)
    else:
        table["call"], table["cna"], table["event"] = NOT_EVALUABLE, pd.NA, pd.NA
    return schema.conform(table, schema.GENE_CNA).reset_index(drop=True)


@dataclass(frozen=True)
class Measured:
    """Genes of a sample before they are called: log2, interval, p and what the test needs to see a change."""

    table: pd.DataFrame
    log2: FloatArray
    half_width: FloatArray
    p: FloatArray
    se: FloatArray
    df: float
    scale: float


def _measure(ratios: pd.DataFrame, reference: Reference) -> Measured:
    log2 = ratios["log2"].to_numpy(dtype=np.float64)
    null = reference.gene_null
    same = null is not None and len(ratios) == int(reference.open_bins.sum())
    if null is not None and same and null.genes.tested.sum() >= MIN_GENES_TO_TEST:
        weights = bin_weights(reference.spread)
        values = reference.genes.log2(log2[None, :], weights)[0]
        noise = within_gene_noise(log2[None, :], reference.spread, reference.genes, weights)
        test: GeneTest = null.test(values, float(noise[0]))
        half = stats.t.isf((1 - LEVEL) / 2, test.df) * test.scale * test.se
        return Measured(reference.genes.table, values, half, test.p, test.se, test.df, test.scale)
    genes = gene_bins(ratios)
    weights = ratios["weight"].to_numpy(dtype=np.float64)
    values = genes.log2(log2[None, :], weights)[0]
    n = genes.table["probes"].to_numpy(dtype=np.float64)
    square = genes.sums((log2 - 0.0) ** 2 * weights) / genes.sums(weights) - values**2
    se = np.where(n >= MIN_BINS, np.sqrt(np.maximum(square, 0) / np.maximum(n - 1, 1)), np.nan)
    half = stats.t.isf((1 - LEVEL) / 2, np.maximum(n - 1, 1)) * se
    nothing = np.full(len(n), np.nan)
    return Measured(genes.table, values, half, nothing, nothing, np.nan, 1.0)


def limit_of_detection(measured: Measured, rule: CopyRule, purity: float) -> tuple[FloatArray, FloatArray]:
    """Return the fewest copies of a gain and the most of a loss, in tumour cells, called with 90 % probability.

    Both the test and the cut-off have to be passed. A loss that would not be called at 0 copies, and a gene without a
    null, has no limit (NaN).
    """
    margin = stats.norm.isf(1 - LOD_POWER) * measured.se
    critical = stats.t.isf(rule.p_below / 2, measured.df) * measured.scale * measured.se if measured.df > 0 else margin
    up = np.maximum(critical, np.log2(rule.amplification / DIPLOID)) + margin
    down = np.minimum(-critical, np.log2(max(rule.deletion, 1e-9) / DIPLOID)) - margin
    gain = DIPLOID + (observed_copies(up) - DIPLOID) / purity
    loss = DIPLOID + (observed_copies(down) - DIPLOID) / purity
    return gain, np.where(loss < 0, np.nan, loss)


def _code(call: str, copies: float) -> int | None:
    if call == NOT_EVALUABLE:
        return None
    if call == "amplification":
        return 2
    if call == "deletion":
        return -2 if copies <= DEEP_DELETION_COPIES else -1
    return 0


def _benjamini_hochberg(p_values: FloatArray) -> FloatArray:
    q = np.full(len(p_values), np.nan)
    known = np.isfinite(p_values)
    if known.any():
        q[known] = stats.false_discovery_control(p_values[known])
    return q


def describe_erbb2(genes: pd.DataFrame) -> str:
    """Return the line about ERBB2: call, copies, interval, p and the limits of detection."""
    rows = genes[genes["gene"] == "ERBB2"]
    if rows.empty:
        return "ERBB2: not covered"
    row = rows.iloc[0]
    parts = [f"ERBB2: {row['call']}"]
    for name, label in (("cn", "copies"), ("log2", "log2"), ("p_value", "p"), ("lod_gain", "gain seen from")):
        if pd.notna(row[name]):
            parts.append(f"{label} {row[name]:.3g}")
    if pd.notna(row["event"]):
        parts.append(f"event {row['event']}")
    if row["flags"]:
        parts.append(str(row["flags"]))
    return ", ".join(parts)
