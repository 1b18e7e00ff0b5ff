"""The test of a gene against normals: means, noise, moderation, and calibration under the null."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from her2genomics.gene_null import (
    GeneBins,
    GeneNull,
    biweight_mean,
    fit_prior,
    gene_bins,
    gene_wave,
    n_beyond_chance,
    within_gene_noise,
)

BINS_PER_GENE = 8


def panel(n_genes: int = 120, bins_per_gene: int = BINS_PER_GENE) -> pd.DataFrame:
    n = n_genes * bins_per_gene
    gene = np.repeat([f"G{i}" for i in range(n_genes)], bins_per_gene)
    chromosome = np.repeat([f"chr{1 + i * 5 // n_genes}" for i in range(n_genes)], bins_per_gene)
    return pd.DataFrame(
        {"chromosome": chromosome, "start": np.arange(n) * 1000, "end": np.arange(n) * 1000 + 200, "gene": gene}
    )


def null_of(
    n: int, rng: np.random.Generator, *, waves: float = 0.05, gene_sd: float = 1.0
) -> tuple[GeneNull, np.ndarray]:
    """Return a null of n normals with unequal noise, and one more sample from the same distribution."""
    genes = gene_bins(panel())
    variance = np.full(len(genes.table), 0.1**2 / BINS_PER_GENE)
    noise = rng.uniform(0.6, 2.0, n + 1)
    own = np.sqrt(stats.invgamma.rvs(8, scale=7, size=len(variance), random_state=rng)) if gene_sd else 1.0
    log2 = rng.normal(size=(n + 1, len(variance))) * np.sqrt(waves**2 + noise[:, None] ** 2 * variance) * own
    return GeneNull(log2[:-1], noise[:-1], variance, genes), np.append(log2[-1], noise[-1])


def test_genes_are_found_in_genome_order_without_the_backbone() -> None:
    bins = pd.DataFrame({"chromosome": ["chr10", "chr2", "chr2", "chr2", "chr2"], "start": [0, 50, 10, 30, 90], "end": [5, 60, 20, 40, 95],
                         "gene": ["Z", "B", "A", "A,B", "CGH"]})  # fmt: skip
    genes = gene_bins(bins)
    assert genes.table.values.tolist() == [["A", "chr2", 10, 40, 2], ["B", "chr2", 30, 60, 2], ["Z", "chr10", 0, 5, 1]]
    assert not genes.tested.any()


def test_the_gene_value_is_the_weighted_mean_of_its_bins() -> None:
    genes = gene_bins(panel(2, 3))
    values = genes.log2(np.array([[1.0, 2, 3, 0, 0, 6]]), np.array([1.0, 1, 2, 1, 1, 1]))
    assert values.tolist() == [[2.25, 2.0]]


def test_bin_noise_ignores_copy_number_changes() -> None:
    rng = np.random.default_rng(0)
    genes = gene_bins(panel())
    quiet = rng.normal(0, 0.15, (1, 960))
    altered = quiet + np.repeat(rng.choice([0, 1.5, -0.8], 120), BINS_PER_GENE)
    spread, weights = np.full(960, 0.1), np.ones(960)
    assert within_gene_noise(quiet, spread, genes, weights)[0] == pytest.approx(1.5, rel=0.08)
    assert within_gene_noise(altered, spread, genes, weights)[0] == pytest.approx(
        within_gene_noise(quiet, spread, genes, weights)[0]
    )


@pytest.mark.parametrize("tuning", [2.0, 3.0])
def test_the_biweight_mean_is_the_one_under_the_normal(tuning: float) -> None:
    z = np.random.default_rng(1).normal(size=400_000)
    assert biweight_mean(tuning) == pytest.approx(
        float(np.mean(1 - (1 - np.minimum((z / tuning) ** 2, 1)) ** 3)), abs=2e-3
    )


def test_the_wave_survives_a_breakpoint_in_every_third_pair() -> None:
    rng = np.random.default_rng(12)
    genes = gene_bins(panel(300))
    value = rng.normal(0, 0.07, 300)
    value[::6] += 0.8
    wave = gene_wave(value[None, :], np.full((1, 300), 0.05**2), genes)[0]
    assert 0.03 < wave < 0.16


def test_shared_waves_are_found_and_noisy_samples_are_not_taken_for_one() -> None:
    rng = np.random.default_rng(13)
    noise = rng.normal(size=(24, 200)) * np.where(np.arange(24) == 3, 6.0, 1.0)[:, None]
    assert n_beyond_chance(noise, 3) == 0
    two = noise + rng.normal(size=(24, 2)) @ rng.normal(size=(2, 200)) * 1.5
    assert n_beyond_chance(two, 3) == 2


@pytest.mark.parametrize("wave", [0.0, 0.1, 0.3])
def test_the_wave_is_found_in_spite_of_arms_and_amplicons(wave: float) -> None:
    rng = np.random.default_rng(11)
    genes = gene_bins(panel(300))
    variance = np.full(300, 0.05**2)
    value = rng.normal(0, np.sqrt(wave**2 + 0.05**2), 300)
    value[:60] += 0.5  # an arm
    value[100:104] += 4.0  # an amplicon
    assert gene_wave(value[None, :], variance[None, :], genes)[0] == pytest.approx(wave, abs=0.035)


def test_the_prior_recovers_a_known_one() -> None:
    rng = np.random.default_rng(7)
    variances = 2.0 * stats.f.rvs(12, 6, size=20000, random_state=rng)
    df0, s02 = fit_prior(variances, 12)
    assert df0 == pytest.approx(6, rel=0.06)
    assert s02 == pytest.approx(2, rel=0.03)


def test_t_has_the_prediction_factor() -> None:
    """With equal noise, no waves and an infinite prior, se = s sqrt(1 + 1/n)."""
    genes = gene_bins(panel(10))  # too few pairs of neighbours: no wave
    log2 = np.random.default_rng(1).normal(0, 0.1, (9, 10))
    null = GeneNull(log2, np.ones(9), np.full(10, 0.01), genes)
    _, se, t, wave = null.moderated_t(np.full(10, 0.5), 1.0)
    mean, _, shrunk, _, _ = null._fit
    assert wave == 0
    assert np.allclose(mean, (log2 - np.median(log2, axis=0)).mean(axis=0))
    assert np.allclose(se, 0.1 * np.sqrt(shrunk * (1 + 1 / 9)))
    assert np.allclose(t, (0.5 - log2.mean(axis=0)) / se)


def test_leaving_out_is_the_null_without_that_normal() -> None:
    null, _ = null_of(12, np.random.default_rng(2))
    by_hand = GeneNull(np.delete(null.log2, 3, axis=0), np.delete(null.bin_noise, 3), null.bin_variance, null.genes)
    assert np.allclose(null.leave_one_out[3], by_hand.moderated_t(null.log2[3], null.bin_noise[3])[2])


def test_calibration_only_ever_widens_the_test() -> None:
    null, _ = null_of(12, np.random.default_rng(2))
    df, scale = null.calibration
    assert scale >= 1
    assert df <= null._fit[3]
    heavy = GeneNull(null.log2, null.bin_noise, null.bin_variance, null.genes, 3 * null.leave_one_out)
    assert heavy.calibration[1] > 2.5


@pytest.mark.parametrize("n", [2, 3, 6, 20])
def test_samples_from_the_null_are_rarely_significant(n: int) -> None:
    shares = []
    for seed in range(160 // (n + 4)):
        null, sample = null_of(n, np.random.default_rng(100 * n + seed))
        test = null.test(sample[:-1], float(sample[-1]))
        shares.append(float((test.p < 0.005).mean()))
    assert np.mean(shares) < 0.011


def test_a_planted_gain_is_seen_and_its_value_kept() -> None:
    null, sample = null_of(30, np.random.default_rng(5))
    log2 = sample[:-1].copy()
    log2[7] += 1.0
    test = null.test(log2, float(sample[-1]))
    assert test.p[7] < 1e-4
    assert test.log2[7] - null.test(sample[:-1], float(sample[-1])).log2[7] == pytest.approx(1.0, abs=0.1)


def test_genes_of_few_bins_have_no_p() -> None:
    bins = panel(40)
    bins = bins[(bins["gene"] != "G5") | (bins.index % 4 == 0)]  # two bins left
    genes: GeneBins = gene_bins(bins.reset_index(drop=True))
    null = GeneNull(np.random.default_rng(1).normal(0, 0.1, (8, 40)), np.ones(8), np.full(40, 0.01), genes)
    p = null.test(np.zeros(40), 1.0).p
    assert np.isnan(p[5])
    assert np.isfinite(np.delete(p, 5)).all()
