"""A reference from normal samples: centre and spread of every bin, which bins and normals to leave out, and the null.

Every normal is brought to its level and its biases are corrected; X of men is raised to two copies. The median over the
normals is a bin's centre, the robust spread (at the noise of the median normal) its weight. Bins that no sample can be
judged by are masked with the reason. Normals that are too shallow, too noisy or too wavy are named and left out of
centre, spread and null. One normal gives a centre only, none gives a flat reference: both are said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats

from her2genomics import schema
from her2genomics.cnv_qc import MAPD_FAIL, MIN_DEPTH_X, mapd, median_depth, neighbour_differences
from her2genomics.copy_rule import DIPLOID, CopyRule, observed_copies
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.gene_null import (
    MAD_TO_SD,
    NORMAL_BIWEIGHT,
    GeneBins,
    GeneNull,
    gene_bins,
    gene_wave,
    within_gene_noise,
)
from her2genomics.ratios import (
    BIN_KEY,
    BoolArray,
    FloatArray,
    Sex,
    align_to,
    autosomal,
    bias_features,
    bin_weights,
    correct_bias,
    depth_log2,
    expected_copies,
    fill_no_depth,
    infer_sex,
    level,
    require_depth_known,
)

LOW_DEPTH_LOG2 = -3.0
"""Below an eighth of the panel's median depth a bin says little."""
GC_RANGE = (0.2, 0.8)
MAX_SPREAD = 1.0
MAX_SHARE_WITHOUT_DEPTH = 0.1
SPREAD_SHRINK = 0.25
WAVE_FAIL = math.log2(DIPLOID / CopyRule().deletion) / 2
"""Two SD of such a gene wave (0.21) reach the 1.5 copies of a deletion: one gene in twenty would look altered."""
MIN_NORMALS_TO_JUDGE = 8
BH_LEVEL = 0.05
P_CUT_OFF = 0.005


@dataclass(frozen=True)
class Reference:
    """What a sample is compared with.

    Parameters
    ----------
    bins
        `schema.REFERENCE_BINS`.
    normals
        `schema.REFERENCE_NORMALS`, one row per normal given; empty for a flat reference.
    null
        `schema.REFERENCE_NULL`; empty with fewer than two normals.
    """

    bins: pd.DataFrame
    normals: pd.DataFrame
    null: pd.DataFrame

    @property
    def n_normals(self) -> int:
        """Number of normals in use."""
        return int(self.normals["used"].sum())

    @cached_property
    def open_bins(self) -> BoolArray:
        """Bins that are not masked."""
        mask: BoolArray = self.bins["masked"].fillna("").eq("").to_numpy(dtype=bool)
        return mask

    @cached_property
    def genes(self) -> GeneBins:
        """Genes over the bins that are not masked."""
        return gene_bins(self.bins[self.open_bins].reset_index(drop=True))

    @cached_property
    def spread(self) -> FloatArray:
        """Spread of the bins that are not masked (NaN without normals)."""
        return self.bins["spread"].to_numpy(dtype=np.float64, na_value=np.nan)[self.open_bins]

    @cached_property
    def gene_null(self) -> GeneNull | None:
        """Return the null of the genes, or None with fewer than two normals.

        Raises
        ------
        SchemaError
            If the null is of other genes than the bins.
        """
        used = self.normals[self.normals["used"].fillna(False).astype(bool)]
        if len(used) < 2:
            return None
        names = used["sample_id"].tolist()
        keyed = self.null.set_index(["sample_id", "gene"])
        every = pd.MultiIndex.from_product([names, self.genes.table["gene"]])
        wide = {
            column: keyed[column].reindex(every).to_numpy(dtype=np.float64, na_value=np.nan).reshape(len(names), -1)
            for column in ("log2", "loo_t")
        }
        if np.isnan(wide["log2"]).any():
            raise SchemaError("the reference's null does not have every gene of every normal", hint="build it again")
        noise = used["bin_noise"].to_numpy(dtype=np.float64)
        null_t = None if np.isnan(wide["loo_t"][:, self.genes.tested]).all() else wide["loo_t"]
        return GeneNull(wide["log2"], noise, bin_variance(self.spread, self.genes), self.genes, null_t)

    @property
    def build(self) -> str | None:
        """Genome build of the bins, or None when it is not known."""
        known = self.bins["build"].dropna()
        return None if known.empty else str(known.iloc[0])

    def on_build(self, build: str | None) -> Reference:
        """Return the same reference with the genome build of its bins stated (None: not known)."""
        return replace(self, bins=schema.conform(self.bins.assign(build=build), schema.REFERENCE_BINS))

    def describe(self) -> str:
        """Return one line: normals, those left out, bins, masked bins."""
        out = self.normals.loc[~self.normals["used"].fillna(False).astype(bool), "sample_id"].tolist()
        normals = f"{self.n_normals} normals"
        if self.n_normals < 2:
            normals = "one normal (weak, no p-values)" if len(self.normals) else "flat (no normals: weak, no p-values)"
        left_out = f" ({', '.join(out)} left out)" if out else ""
        bins = f"{len(self.bins)} bins, {int((~self.open_bins).sum())} masked"
        return f"{normals}{left_out}, {bins}, {self.build or 'genome build not known (--build)'}"

    def describe_gc(self) -> str:
        """Return one line that says which biases are corrected."""
        known = self.bins["gc"].notna().any() if "gc" in self.bins else False
        first = "GC, " if known else ""
        return f"biases corrected: {first}target size, target density{'' if known else ' (GC is not known)'}"


def bin_variance(spread: FloatArray, genes: GeneBins) -> FloatArray:
    """Return the variance of each gene's weighted mean that its bins' spread gives."""
    weights = bin_weights(spread)
    return genes.sums((weights * spread) ** 2) / genes.sums(weights) ** 2


def build_reference(
    coverages: Mapping[str, pd.DataFrame],
    *,
    gc: pd.DataFrame | None = None,
    keep_outliers: bool = False,
) -> Reference:
    """Build a reference from the coverage of normal samples over the same bins.

    Parameters
    ----------
    coverages
        Sample to ``chromosome, start, end, gene, log2`` and optionally ``depth`` and ``gc``.
    gc
        Any table with ``chromosome, start, end, gc``; by default the ``gc`` column of the coverages, if there is one.
    keep_outliers
        Keep the normals that the quality gate would leave out.

    Raises
    ------
    UsageError
        If there is no normal.
    SchemaError
        If the bins of the normals differ.
    """
    if not coverages:
        raise UsageError("no normal sample is given", hint="name .cnn files of normals, or use --flat TARGETS.cnn")
    names = list(coverages)
    bins = _bins_of(coverages[names[0]], gc)
    tables = [align_to(coverages[name], bins, name=name) for name in names]
    somewhere = np.any([table["log2"].notna().to_numpy(dtype=bool) for table in tables], axis=0)
    for name, table in zip(names, tables, strict=True):
        require_depth_known(table, somewhere, name=name)
    log2 = np.vstack([depth_log2(table) for table in tables])
    depths = [
        median_depth(_depth(table)[autosomal(bins)] if "depth" in table else None, row[autosomal(bins)])
        for table, row in zip(tables, log2, strict=True)
    ]
    rough = autosomal(bins) & (np.isfinite(log2).mean(axis=0) > 1 - MAX_SHARE_WITHOUT_DEPTH)
    sexes = [infer_sex(bins, row, rough) for row in log2]
    log2 = np.vstack([_at_two_copies(row, bins, sex, rough) for row, sex in zip(log2, sexes, strict=True)])
    first = _fit(log2, bins)
    normals = pd.DataFrame({"sample_id": names, "sex": sexes, "median_depth": depths})
    normals = _judge(normals, first, bins)
    if keep_outliers or not normals["used"].any():
        normals["used"] = True
    used = normals["used"].to_numpy(dtype=bool)
    final = first if used.all() else _fit(log2, bins, used)
    return _assemble(final, bins, normals)


def flat_reference(targets: pd.DataFrame, *, gc: pd.DataFrame | None = None) -> Reference:
    """Return a reference without normals: every bin at the same depth. Weak: capture differences look like copies.

    Parameters
    ----------
    targets
        ``chromosome, start, end, gene`` and optionally ``gc``.
    gc
        Any table with ``chromosome, start, end, gc``.
    """
    bins = _bins_of(targets, gc)
    bins["log2"], bins["spread"], bins["n_normals"] = 0.0, pd.NA, 0
    bins["masked"] = _join_reasons(_mask_by_gc(bins), bins["chromosome"].eq("chrY").map({True: "chrY", False: ""}))
    return Reference(
        schema.conform(bins, schema.REFERENCE_BINS),
        schema.empty(schema.REFERENCE_NORMALS),
        schema.empty(schema.REFERENCE_NULL),
    )


def _bins_of(table: pd.DataFrame, gc: pd.DataFrame | None) -> pd.DataFrame:
    bins = table[BIN_KEY].reset_index(drop=True)
    if table.duplicated(BIN_KEY).any():
        bins = bins.drop_duplicates(BIN_KEY).reset_index(drop=True)
    if gc is not None:
        key = BIN_KEY[:3]
        bins = bins.merge(gc[[*key, "gc"]].drop_duplicates(key), on=key, how="left")
        if bins["gc"].notna().mean() < 0.5:
            raise SchemaError("the GC table covers less than half of the bins", hint="use one of the same panel")
    elif "gc" in table:
        bins["gc"] = table["gc"].to_numpy()
    return bins


def _depth(table: pd.DataFrame) -> FloatArray:
    return table["depth"].to_numpy(dtype=np.float64, na_value=np.nan)


def _at_two_copies(log2: FloatArray, bins: pd.DataFrame, sex: Sex | None, usable: BoolArray) -> FloatArray:
    """Return log2 to the sample's level with X of a man raised to two copies."""
    raised = np.log2(2 / np.maximum(expected_copies(bins, sex), 1.0))
    return log2 - level(log2[usable]) + raised


@dataclass(frozen=True)
class _Fitted:
    """Centre and residuals of the normals in use (rows ``used``), and every normal against them."""

    centre: FloatArray
    residuals: FloatArray
    spread: FloatArray
    masked: pd.Series
    used: BoolArray

    @property
    def open(self) -> BoolArray:
        """Bins that are not masked."""
        mask: BoolArray = self.masked.eq("").to_numpy(dtype=bool)
        return mask


def _fit(log2: FloatArray, bins: pd.DataFrame, used: BoolArray | None = None) -> _Fitted:
    used = np.ones(len(log2), dtype=bool) if used is None else used
    without = ~np.isfinite(log2[used])
    some = np.where(without.all(axis=0), 0.0, log2[used])
    centre = np.nanmedian(some, axis=0)
    centre -= level(centre[autosomal(bins) & ~without.all(axis=0)])
    masked = _join_reasons(
        bins["chromosome"].eq("chrY").map({True: "chrY", False: ""}),
        _mask_by_depth(centre, without),
        _mask_by_gc(bins),
    )
    usable = masked.eq("").to_numpy(dtype=bool) & autosomal(bins)
    features = bias_features(bins)
    residuals = np.vstack([correct_bias(row - centre, features, usable) for row in log2])
    shift = np.nanmedian(np.where(without.all(axis=0), 0.0, residuals[used]), axis=0)
    centre, residuals = centre + shift, residuals - shift
    residuals = np.vstack([fill_no_depth(row, usable) for row in residuals])
    spread = _spread(residuals, used, bins, masked)
    wide = pd.Series(np.where(spread > MAX_SPREAD, f"spread above {MAX_SPREAD:g}", ""), index=bins.index)
    return _Fitted(centre, residuals, spread, _join_reasons(masked, wide), used)


def _mask_by_depth(centre: FloatArray, without: BoolArray) -> pd.Series:
    missing = without.sum(axis=0)
    n = len(without)
    reasons = np.where(missing > MAX_SHARE_WITHOUT_DEPTH * n, [f"no depth in {m} of {n} normals" for m in missing], "")
    low = np.where((centre < LOW_DEPTH_LOG2) & (reasons == ""), f"depth below 2^{LOW_DEPTH_LOG2:g} of the median", "")
    return pd.Series(np.char.add(reasons.astype(str), low.astype(str)))


def _mask_by_gc(bins: pd.DataFrame) -> pd.Series:
    if "gc" not in bins:
        return pd.Series("", index=bins.index)
    gc = bins["gc"].to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.Series(np.where((gc < GC_RANGE[0]) | (gc > GC_RANGE[1]), "GC outside 0.2-0.8", ""), index=bins.index)


def mask_foreign_bins(bins: pd.DataFrame) -> pd.Series:
    """Return why bins of another tool's reference are left out, by its centre, spread and GC; empty = used.

    Parameters
    ----------
    bins
        ``chromosome, log2`` (to the level of the panel), and ``spread`` and ``gc`` where known.
    """
    centre = bins["log2"].to_numpy(dtype=np.float64, na_value=np.nan)
    spread = pd.to_numeric(bins.get("spread", pd.Series(np.nan, index=bins.index))).to_numpy(dtype=np.float64)
    return _join_reasons(
        bins["chromosome"].eq("chrY").map({True: "chrY", False: ""}),
        _mask_by_depth(centre, ~np.isfinite(centre)[None, :]),
        _mask_by_gc(bins),
        pd.Series(np.where(spread > MAX_SPREAD, f"spread above {MAX_SPREAD:g}", "")),
    )


def _join_reasons(*reasons: pd.Series) -> pd.Series:
    columns = [series.fillna("").astype(object).tolist() for series in reasons]
    return pd.Series([";".join(filter(None, row)) for row in zip(*columns, strict=True)])


def _spread(residuals: FloatArray, used: BoolArray, bins: pd.DataFrame, masked: pd.Series) -> FloatArray:
    """Return the robust SD of each bin among the normals in use, each at the noise of the median one, shrunk upward.

    A quarter of the panel's median variance is added, because an SD from few normals can come out near 0.
    """
    if used.sum() < 2:
        return np.full(residuals.shape[1], np.nan)
    chosen = residuals[used]
    spread = _shrunk_sd(chosen, masked)
    genes = gene_bins(bins[masked.eq("")].reset_index(drop=True))
    if not genes.tested.any():
        return spread
    rows = masked.eq("").to_numpy(dtype=bool)
    for _ in range(2):
        noise = within_gene_noise(chosen[:, rows], spread[rows], genes, bin_weights(spread[rows]))
        spread = _shrunk_sd(chosen / (noise / np.median(noise))[:, None], masked)
    return spread


def _shrunk_sd(residuals: FloatArray, masked: pd.Series) -> FloatArray:
    n = len(residuals)
    sd = MAD_TO_SD * np.median(np.abs(residuals), axis=0) * np.sqrt(n / (n - 1))
    typical = float(np.median(sd[masked.eq("").to_numpy(dtype=bool)]))
    shrunk: FloatArray = np.sqrt(sd**2 + SPREAD_SHRINK * typical**2)
    return np.maximum(shrunk, 1e-3)


def _judge(normals: pd.DataFrame, fitted: _Fitted, bins: pd.DataFrame) -> pd.DataFrame:
    """Add noise figures of each normal, and whether it is used."""
    chromosome = bins["chromosome"].to_numpy(dtype=object)
    rows = fitted.open & autosomal(bins)
    normals["mapd"] = [mapd(neighbour_differences(chromosome[rows], row[rows])) for row in fitted.residuals]
    normals["bin_noise"], normals["wave"] = pd.NA, pd.NA
    if len(normals) >= 2:
        _, noise, wave = _gene_noise(fitted, bins)
        normals["bin_noise"], normals["wave"] = noise, wave
    reasons: list[list[str]] = [[] for _ in range(len(normals))]
    depths, noises = (normals[name].to_numpy(dtype=np.float64) for name in ("median_depth", "mapd"))
    for place, (depth, noise_here) in enumerate(zip(depths, noises, strict=True)):
        if depth < MIN_DEPTH_X:
            reasons[place].append(f"median depth {depth:.0f}x < {MIN_DEPTH_X:g}x")
        if noise_here > MAPD_FAIL:
            reasons[place].append(f"MAPD {noise_here:.2f} > {MAPD_FAIL:g}")
    if len(normals) >= MIN_NORMALS_TO_JUDGE:
        for place, wave in enumerate(normals["wave"].to_numpy(dtype=np.float64)):
            if wave > WAVE_FAIL:
                reasons[place].append(f"gene wave {wave:.2f} > {WAVE_FAIL:.2f}")
    normals["reasons"] = [";".join(parts) for parts in reasons]
    normals["used"] = [not parts for parts in reasons]
    return normals


def _gene_noise(fitted: _Fitted, bins: pd.DataFrame) -> tuple[FloatArray, FloatArray, FloatArray]:
    genes = gene_bins(bins[fitted.open].reset_index(drop=True))
    spread = fitted.spread[fitted.open]
    ratios = fitted.residuals[:, fitted.open]
    values = genes.log2(ratios, bin_weights(spread))
    noise = within_gene_noise(ratios, spread, genes, bin_weights(spread))
    centre = np.median(values[fitted.used], axis=0)
    variance = bin_variance(spread, genes)
    wave = gene_wave(values - centre, noise[:, None] ** 2 * variance, genes, NORMAL_BIWEIGHT)
    return values, noise, wave


def _assemble(fitted: _Fitted, bins: pd.DataFrame, normals: pd.DataFrame) -> Reference:
    table = bins.assign(
        log2=fitted.centre, spread=fitted.spread, n_normals=int(fitted.used.sum()), masked=fitted.masked
    )
    conformed = schema.conform(table, schema.REFERENCE_BINS)
    if len(normals) < 2 or fitted.used.sum() < 2:
        normals = schema.conform(normals, schema.REFERENCE_NORMALS)
        return Reference(conformed, normals, schema.empty(schema.REFERENCE_NULL))
    genes = gene_bins(bins[fitted.open].reset_index(drop=True))
    values, noise, wave = _gene_noise(fitted, bins)
    normals = normals.assign(bin_noise=noise, wave=wave)
    null = GeneNull(values[fitted.used], noise[fitted.used], bin_variance(fitted.spread[fitted.open], genes), genes)
    t = np.full(values.shape, np.nan)
    t[fitted.used] = null.leave_one_out
    for place in np.flatnonzero(~fitted.used):
        t[place] = null.moderated_t(values[place], float(noise[place]))[2]
    normals = _leave_one_out_summary(normals, null, values, t)
    long = pd.DataFrame(
        {
            "sample_id": np.repeat(normals.loc[fitted.used, "sample_id"].to_numpy(dtype=object), len(genes.table)),
            "gene": np.tile(genes.table["gene"].to_numpy(dtype=object), int(fitted.used.sum())),
            "log2": values[fitted.used].ravel(),
            "loo_t": t[fitted.used].ravel(),
        }
    )
    return Reference(
        conformed,
        schema.conform(normals, schema.REFERENCE_NORMALS),
        schema.conform(long, schema.REFERENCE_NULL),
    )


def _leave_one_out_summary(normals: pd.DataFrame, null: GeneNull, log2: FloatArray, t: FloatArray) -> pd.DataFrame:
    """Add each normal's share of small p and its significant genes, against the other normals."""
    normals = normals.assign(loo_share=np.nan, loo_events="")
    normals["loo_calls"] = pd.NA
    if np.isnan(t).all():
        return normals
    df, scale = null.calibration
    tested = null.genes.tested
    p = 2 * stats.t.sf(np.abs(t[:, tested]) / scale, df)
    normals["loo_share"] = (p < P_CUT_OFF).mean(axis=1)
    names = null.genes.table["gene"].to_numpy(dtype=object)[tested]
    rule, events, calls = CopyRule(), [], []
    for row, copies in zip(p, observed_copies(log2[:, tested]), strict=True):
        q = stats.false_discovery_control(row) if np.isfinite(row).all() else np.ones(len(row))
        found = np.flatnonzero(q < BH_LEVEL)
        events.append(";".join(f"{names[g]} {copies[g]:.2f}" for g in found[np.argsort(row[found])][:5]))
        calls.append(sum(rule.call(copies[g], row[g]) != "neutral" for g in found))
    normals["loo_events"], normals["loo_calls"] = events, calls
    return normals
