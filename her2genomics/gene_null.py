"""What genes look like in normal samples, so that a tumour's gene can be tested against it.

A gene's log2 is the weighted mean of its bins. In a normal sample it strays from 0 for two reasons: noise of the bins
(low depth; measured inside the genes, where no copy-number change can pass for it), and waves that move whole genes
(capture, fragmentation; measured between neighbouring genes, where an arm-level change does not show). So each sample
k has its own variance for gene g, ``d_gk^2 = wave_k^2 + bin_noise_k^2 * v_g``, with v_g the variance that the bins
of the median normal give. What is shared among the normals' waves is learned as components and subtracted. The
standardised values then have a spread of their own per gene, which is shrunk toward the pooled spread (limma's
empirical Bayes), and a new sample is tested by t with the prediction factor: its own variance plus that of the mean.
Leaving each normal out in turn gives the null distribution of t; where it is wider than the theory, it is used.

References
----------
.. [1] Smyth 2004, Stat Appl Genet Mol Biol 3:3 (moderated t; moment estimation of the prior by log variances).
.. [2] Boeva et al. 2014, Bioinformatics 30:3443 (ONCOCNV: components of control samples, test per gene).
.. [3] Horn 1965, Psychometrika 30:179 (parallel analysis: how many components are more than chance).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import integrate, optimize, special, stats

from her2genomics.genome import chromosome_order

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NOT_A_GENE = frozenset(
    {"", ".", "-", "CGH", "SNP", "Antitarget", "Background", "backbone", "Backbone", "BACKBONE", "nan", "None"}
)
MIN_BINS = 3
"""Bins from which a gene is tested."""
MAD_TO_SD = 1.4826
NORMALS_PER_COMPONENT = 8
SHUFFLES, SHUFFLE_QUANTILE, SHUFFLE_SEED = 40, 0.95, 1
MIN_NORMALS_TO_LEAVE_OUT = 3
MIN_NORMALS_TO_CALIBRATE = 5
TUMOUR_BIWEIGHT, NORMAL_BIWEIGHT = 2.0, 3.0
"""Tuning of the scale between neighbouring genes: where a sample may be altered, breakpoints may be two pairs in five;
where it is judged as a normal, one in five, so that single large differences count."""
HUBER, HUBER_STEPS = 1.5, 10
MIN_PAIRS = 20
BISECTIONS = 50


@dataclass(frozen=True)
class GeneBins:
    """Which bins belong to which gene, genes in genome order.

    Parameters
    ----------
    table
        ``gene, chromosome, start, end, probes`` per gene.
    bin_of, gene_of
        Pairs of bin and gene (a bin named ``A,B`` belongs to both).
    left, right
        Tested genes that are neighbours on a chromosome.
    """

    table: pd.DataFrame
    bin_of: IntArray
    gene_of: IntArray
    left: IntArray
    right: IntArray

    @property
    def tested(self) -> npt.NDArray[np.bool_]:
        """Genes with enough bins to be tested."""
        return self.table["probes"].to_numpy(dtype=np.int64) >= MIN_BINS

    def sums(self, values: FloatArray) -> FloatArray:
        """Return sums over each gene's bins, for one row of bins."""
        total: FloatArray = np.bincount(self.gene_of, values[self.bin_of], minlength=len(self.table)).astype(np.float64)
        return total

    def log2(self, ratios: FloatArray, weights: FloatArray) -> FloatArray:
        """Return samples x genes: the weighted mean of each gene's bins."""
        total = self.sums(weights)
        return np.array([self.sums(weights * row) for row in ratios]) / total


def gene_bins(bins: pd.DataFrame) -> GeneBins:
    """Find the genes of a table of bins (``chromosome, start, end, gene``); backbone bins are no gene.

    Examples
    --------
    >>> bins = pd.DataFrame({"chromosome": "chr17", "start": [1, 5, 9], "end": [3, 7, 11],
    ...                      "gene": ["ERBB2", "ERBB2,GRB7", "CGH"]})
    >>> gene_bins(bins).table[["gene", "probes"]].values.tolist()
    [['ERBB2', 2], ['GRB7', 1]]
    """
    names = bins["gene"].astype("str").str.split(",").to_numpy()
    pairs = pd.DataFrame(
        [(row, gene.strip()) for row, genes in enumerate(names) for gene in genes if gene.strip() not in NOT_A_GENE],
        columns=["bin", "gene"],
    )
    rows = bins[["chromosome", "start", "end"]].iloc[pairs["bin"].to_numpy(dtype=np.int64)].reset_index(drop=True)
    pairs = pd.concat([pairs, rows], axis=1)
    table = pairs.groupby("gene", sort=False).agg(
        chromosome=("chromosome", "first"), start=("start", "min"), end=("end", "max"), probes=("bin", "size")
    )
    order = pd.DataFrame({"rank": chromosome_order(table["chromosome"]), "start": table["start"]}, index=table.index)
    table = table.loc[order.sort_values(["rank", "start"], kind="stable").index].reset_index()
    code = {gene: place for place, gene in enumerate(table["gene"])}
    gene_of = pairs["gene"].map(code).to_numpy(dtype=np.int64)
    tested = np.flatnonzero(table["probes"].to_numpy(dtype=np.int64) >= MIN_BINS)
    chromosome = table["chromosome"].to_numpy(dtype=object)
    together = chromosome[tested[:-1]] == chromosome[tested[1:]]
    return GeneBins(table, pairs["bin"].to_numpy(dtype=np.int64), gene_of, tested[:-1][together], tested[1:][together])


def within_gene_noise(ratios: FloatArray, spread: FloatArray, genes: GeneBins, weights: FloatArray) -> FloatArray:
    """Return each sample's bin noise in units of the bins' spread, from residuals inside genes (robust SD)."""
    probes = genes.table["probes"].to_numpy(dtype=np.float64)[genes.gene_of]
    several = probes >= MIN_BINS
    rows, owner = genes.bin_of[several], genes.gene_of[several]
    centre = genes.log2(ratios, weights)
    scale = np.sqrt(probes[several] / (probes[several] - 1)) / spread[rows]
    residuals = (ratios[:, rows] - centre[:, owner]) * scale
    noise: FloatArray = MAD_TO_SD * np.median(np.abs(residuals), axis=1)
    return np.maximum(noise, 1e-3)


def gene_wave(
    deviation: FloatArray, noise_variance: FloatArray, genes: GeneBins, tuning: float = TUMOUR_BIWEIGHT
) -> FloatArray:
    """Return the SD of what moves whole genes, beyond bin noise, from differences between neighbouring genes.

    Parameters
    ----------
    deviation
        Samples x genes: log2 minus the normals' centre.
    noise_variance
        Samples x genes: variance of each gene's log2 from its bins.
    genes
        The genes.
    tuning
        Differences beyond so many SD count no further.

    Notes
    -----
    A bounded (biweight) M-estimate of scale, solved by bisection for the added variance: breakpoints and amplicons
    are differences too large to count.
    """
    if len(genes.left) < MIN_PAIRS:
        return np.zeros(len(deviation))
    squared = (deviation[:, genes.left] - deviation[:, genes.right]) ** 2
    base = noise_variance[:, genes.left] + noise_variance[:, genes.right]
    low, high = np.zeros(len(deviation)), squared.max(axis=1) + 1e-12
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        share = np.minimum(squared / (2 * middle[:, None] + base) / tuning**2, 1.0)
        too_small = np.mean(1 - (1 - share) ** 3, axis=1) > biweight_mean(tuning)
        low, high = np.where(too_small, middle, low), np.where(too_small, high, middle)
    wave: FloatArray = np.sqrt(low)
    return wave


@lru_cache
def biweight_mean(tuning: float) -> float:
    """Return the mean of 1 - (1 - min(z^2 / tuning^2, 1))^3 for standard normal z.

    Examples
    --------
    >>> round(biweight_mean(3.0), 4)
    0.2427
    """
    inside = integrate.quad(lambda z: (1 - (1 - (z / tuning) ** 2) ** 3) * stats.norm.pdf(z), 0, tuning)[0]
    return float(2 * (inside + stats.norm.sf(tuning)))


def fit_prior(variances: FloatArray, df: float) -> tuple[float, float]:
    """Return limma's prior: degrees of freedom d0 and variance s0^2 of the genes' variances [1]_.

    Examples
    --------
    >>> df0, s02 = fit_prior(np.full(50, 2.0), 10)
    >>> bool(np.isinf(df0)), round(s02, 2)
    (True, 2.22)
    """
    logs = np.log(np.maximum(variances, 1e-12)) - special.digamma(df / 2) + np.log(df / 2)
    centre = float(logs.mean())
    extra = float(logs.var(ddof=1)) - float(special.polygamma(1, df / 2)) if len(logs) > 1 else 0.0
    if extra <= special.polygamma(1, 5e5):
        return np.inf, float(np.exp(centre))
    df0 = float(optimize.brentq(lambda x: float(special.polygamma(1, x / 2)) - extra, 1e-3, 1e6))
    return df0, float(np.exp(centre + special.digamma(df0 / 2) - np.log(df0 / 2)))


@dataclass(frozen=True)
class GeneTest:
    """One sample against the null, per gene.

    Parameters
    ----------
    log2
        Gene log2 minus the normals' mean and their shared waves.
    se
        Standard error of prediction [log2].
    t, p
        Moderated t and its two-sided p.
    df, scale
        Degrees of freedom, and the factor by which the leave-one-out null is wider than Student's t.
    bin_noise, wave
        The sample's own noise.
    """

    log2: FloatArray
    se: FloatArray
    t: FloatArray
    p: FloatArray
    df: float
    scale: float
    bin_noise: float
    wave: float


@dataclass(frozen=True)
class GeneNull:
    """Gene log2 of normal samples, and the test that they give.

    Parameters
    ----------
    log2
        Normals x genes [log2 to the reference].
    bin_noise
        Per normal, relative to the median normal.
    bin_variance
        Per gene: variance from its bins in the median normal.
    genes
        The genes.
    null_t
        Normals x genes: t of each normal left out, where it was computed before.
    """

    log2: FloatArray
    bin_noise: FloatArray
    bin_variance: FloatArray
    genes: GeneBins
    null_t: FloatArray | None = None

    @property
    def n(self) -> int:
        """Number of normals."""
        return len(self.log2)

    @property
    def n_components(self) -> int:
        """Number of shared waves that are subtracted."""
        return len(self.components)

    @cached_property
    def centre(self) -> FloatArray:
        """Median of the normals per gene."""
        centre: FloatArray = np.median(self.log2, axis=0)
        return centre

    @cached_property
    def components(self) -> FloatArray:
        """Shared waves of the normals (components x genes), in units of the genes' bin noise.

        Those that stand out of shuffled data (Horn's parallel analysis [3]_), at most one per eight normals.
        """
        at_most = self.n // NORMALS_PER_COMPONENT
        tested = self.genes.tested
        if not at_most or tested.sum() < MIN_PAIRS:
            return np.zeros((0, self.log2.shape[1]))
        scaled = (self.log2 - self.centre) / np.sqrt(self.bin_variance) / self.bin_noise[:, None]
        scaled[:, ~tested] = 0.0
        scaled = scaled - scaled.mean(axis=0)
        size, left = np.linalg.eigh(scaled @ scaled.T)
        shared = n_beyond_chance(scaled[:, tested], at_most)
        largest = np.argsort(size)[::-1][:shared]
        first: FloatArray = (left[:, largest] / np.sqrt(np.maximum(size[largest], 1e-12))).T @ scaled
        return first

    def residual(self, log2: FloatArray) -> FloatArray:
        """Return samples x genes without centre and shared waves (fitted robustly: altered genes weigh little)."""
        unit = np.sqrt(self.bin_variance)
        scaled = (log2 - self.centre) / unit
        if self.n_components:
            tested = self.genes.tested
            scaled = scaled - _huber_fit(self.components[:, tested], scaled[:, tested]) @ self.components
        return scaled * unit

    @cached_property
    def _fit(self) -> tuple[FloatArray, FloatArray, FloatArray, float, float]:
        residuals = self.residual(self.log2)
        spread, _ = self._spread(residuals, self.bin_noise)
        weight = 1 / spread**2
        total = weight.sum(axis=0)
        mean = (weight * residuals).sum(axis=0) / total
        df = max(1.0, float(self.n - 1 - self.n_components))
        variance = (weight * (residuals - mean) ** 2).sum(axis=0) / df
        df0, prior = fit_prior(variance[self.genes.tested], df)
        shrunk = np.full_like(variance, prior) if np.isinf(df0) else (df0 * prior + df * variance) / (df0 + df)
        return mean, total, shrunk, df0 + df, prior

    def _spread(self, residuals: FloatArray, bin_noise: FloatArray) -> tuple[FloatArray, FloatArray]:
        from_bins = bin_noise[:, None] ** 2 * self.bin_variance
        wave = gene_wave(residuals, from_bins, self.genes)
        return np.sqrt(wave[:, None] ** 2 + from_bins), wave

    def moderated_t(self, log2: FloatArray, bin_noise: float) -> tuple[FloatArray, FloatArray, FloatArray, float]:
        """Return the sample's adjusted log2, standard error, t, and wave."""
        mean, total, shrunk, _, _ = self._fit
        residual = self.residual(log2[None, :])[0] - mean
        spread, wave = self._spread(residual[None, :], np.array([bin_noise]))
        se = np.sqrt(shrunk * (spread[0] ** 2 + 1 / total))
        return residual, se, residual / se, float(wave[0])

    @cached_property
    def leave_one_out(self) -> FloatArray:
        """Normals x genes: t of each normal against all others (NaN with too few)."""
        if self.null_t is not None:
            return self.null_t
        if self.n < MIN_NORMALS_TO_LEAVE_OUT:
            return np.full_like(self.log2, np.nan)
        return np.array([self.without(k).moderated_t(self.log2[k], self.bin_noise[k])[2] for k in range(self.n)])

    def without(self, k: int) -> GeneNull:
        """Return the null of all normals but one."""
        keep = np.arange(self.n) != k
        return GeneNull(self.log2[keep], self.bin_noise[keep], self.bin_variance, self.genes)

    @cached_property
    def calibration(self) -> tuple[float, float]:
        """Degrees of freedom and scale of the test: Student's, or the leave-one-out null's where that is wider."""
        df = self._fit[3]
        if self.n < MIN_NORMALS_TO_CALIBRATE:
            return df, 1.0
        null = self.leave_one_out[:, self.genes.tested].ravel()
        null_df, _, scale = stats.t.fit(null[np.isfinite(null)], 10.0, floc=0)
        return float(min(df, null_df)), float(max(1.0, scale))

    def test(self, log2: FloatArray, bin_noise: float) -> GeneTest:
        """Test one sample's genes.

        Parameters
        ----------
        log2
            Gene log2 to the reference.
        bin_noise
            As of `within_gene_noise`, relative to the median normal.
        """
        residual, se, t, wave = self.moderated_t(log2, bin_noise)
        df, scale = self.calibration
        p = 2 * stats.t.sf(np.abs(t) / scale, df)
        p[~self.genes.tested] = np.nan
        return GeneTest(residual, se, t, p, df, scale, bin_noise, wave)


def n_beyond_chance(values: FloatArray, at_most: int) -> int:
    """Return how many leading components of samples x genes are larger than those of shuffled data.

    The genes are shuffled within each sample, so that a sample which is merely noisy makes no component; the number is
    that of Horn's parallel analysis at the 95th percentile, component after component.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> noise = rng.normal(size=(30, 200))
    >>> n_beyond_chance(noise, 3), n_beyond_chance(noise + np.outer(rng.normal(size=30), rng.normal(size=200)), 3)
    (0, 1)
    """
    rng = np.random.default_rng(SHUFFLE_SEED)
    found = _sizes(values)[:at_most]
    shuffled = np.array([_sizes(rng.permuted(values, axis=1))[:at_most] for _ in range(SHUFFLES)])
    beyond = found > np.quantile(shuffled, SHUFFLE_QUANTILE, axis=0)
    return int(np.argmin(np.append(beyond, False)))


def _sizes(values: FloatArray) -> FloatArray:
    centred = values - values.mean(axis=0)
    sizes: FloatArray = np.linalg.eigvalsh(centred @ centred.T)[::-1]
    return sizes


def _huber_fit(basis: FloatArray, values: FloatArray) -> FloatArray:
    """Return coefficients (samples x components) of Huber regressions of samples x genes on components x genes."""
    weight = np.ones_like(values)
    coefficients = np.zeros((len(values), len(basis)))
    for _ in range(HUBER_STEPS):
        normal = np.einsum("ng,ig,jg->nij", weight, basis, basis)
        right = np.einsum("ng,ig->ni", weight * values, basis)
        coefficients = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
        distance = np.abs(values - coefficients @ basis)
        scale = np.maximum(MAD_TO_SD * np.median(distance, axis=1, keepdims=True), 1e-9)
        weight = np.minimum(1.0, HUBER * scale / np.maximum(distance, 1e-12))
    return coefficients
