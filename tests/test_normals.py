"""The reference from normals: centre, spread, masks, outliers, and few or no normals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.gene_calls import call_copy_number
from her2genomics.io.cnvkit import read_cnn
from her2genomics.normals import Reference, build_reference, flat_reference
from her2genomics.simulate_coverage import NoiseModel, simulate_coverage, simulate_targets

TARGETS = simulate_targets(n_genes=66, bins_per_gene=10, seed=3)


def normals(n: int, seed: int = 0, **more: float) -> dict[str, pd.DataFrame]:
    return {f"N{i}": simulate_coverage(TARGETS, seed=1000 * seed + i, **more) for i in range(n)}


@pytest.fixture(scope="module")
def reference() -> Reference:
    return build_reference(normals(20))


def test_the_centre_is_the_capture_efficiency(reference: Reference) -> None:
    truth = 0.5 * TARGETS["capture"].to_numpy()
    centre = reference.bins["log2"].to_numpy(dtype=float)
    assert np.corrcoef(truth, centre)[0, 1] > 0.99


def test_the_spread_is_that_of_the_bins(reference: Reference) -> None:
    """0.1 of the bin, 0.08 of Poisson reads at 300x, plus a quarter of the typical variance."""
    assert float(np.median(reference.spread)) == pytest.approx(0.15, abs=0.03)


def test_all_good_normals_are_used_and_their_null_is_calm(reference: Reference) -> None:
    assert reference.n_normals == 20
    assert float(reference.normals["loo_share"].mean()) < 0.012
    assert len(reference.null) == 20 * 66


def test_a_depth_factor_changes_nothing() -> None:
    plain, scaled = normals(6), normals(6)
    for factor, table in enumerate(scaled.values(), start=1):
        table["log2"] += factor
        table["depth"] *= 2.0**factor
    first, second = build_reference(plain), build_reference(scaled)
    assert np.allclose(first.bins["log2"], second.bins["log2"])
    assert np.allclose(first.null["loo_t"], second.null["loo_t"])


def test_shallow_noisy_and_wavy_normals_are_named_and_left_out() -> None:
    tables = normals(24)
    tables["shallow"] = simulate_coverage(TARGETS, seed=501, depth=8)
    tables["noisy"] = simulate_coverage(TARGETS, seed=502, noise=NoiseModel(bin_sd=0.6))
    tables["wavy"] = simulate_coverage(TARGETS, seed=503, noise=NoiseModel(wave_sd=0.4))
    found = build_reference(tables)
    out = found.normals[~found.normals["used"]].set_index("sample_id")["reasons"]
    assert {"shallow", "noisy", "wavy"} <= set(out.index)
    assert len(out) <= 4
    assert "median depth 8x < 15x" in out["shallow"]
    assert "MAPD" in out["noisy"]
    assert "gene wave" in out["wavy"]
    assert "wavy" not in set(found.null["sample_id"])
    assert build_reference(tables, keep_outliers=True).n_normals == 27


def test_useless_bins_are_masked_with_the_reason() -> None:
    tables = normals(12)
    rng = np.random.default_rng(1)
    for table in tables.values():
        table.loc[0, ["log2", "depth"]] = [-20, 0]
        table.loc[1, ["log2", "depth"]] = [2, 4]
        table.loc[2, "log2"] += rng.normal(0, 5)
        table.loc[3, "gc"] = 0.9
    masked = build_reference(tables).bins["masked"]
    assert masked[0].startswith("no depth in 12 of 12 normals")
    assert masked[1] == "depth below 2^-3 of the median"
    assert masked[2] == "spread above 1"
    assert masked[3] == "GC outside 0.2-0.8"
    assert (masked != "").sum() == 4


def test_x_of_men_and_women_gives_one_diploid_centre() -> None:
    x = pd.DataFrame({"chromosome": "chrX", "start": np.arange(30) * 900, "end": np.arange(30) * 900 + 200, "gene": "AR",
                      "gc": 0.45, "capture": 0.0})  # fmt: skip
    targets = pd.concat([TARGETS, x], ignore_index=True)
    tables = {}
    for i in range(10):
        man = i % 2 == 0
        tables[f"N{i}"] = simulate_coverage(targets, seed=i, copies={"AR": 1.0 if man else 2.0})
    built = build_reference(tables)
    assert built.normals["sex"].tolist() == ["male", "female"] * 5
    on_x = built.bins["chromosome"] == "chrX"
    assert built.bins.loc[on_x, "log2"].astype(float).median() == pytest.approx(0, abs=0.15)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_normals_work(n: int) -> None:
    built = build_reference(normals(n))
    assert built.n_normals == n
    assert (built.gene_null is None) == (n == 1)
    assert ("one normal (weak, no p-values)" in built.describe()) == (n == 1)


def test_no_normals_need_the_flat_reference_and_it_says_that_it_is_weak() -> None:
    with pytest.raises(UsageError, match="--flat"):
        build_reference({})
    flat = flat_reference(TARGETS)
    assert flat.gene_null is None
    assert "flat (no normals: weak, no p-values)" in flat.describe()
    assert "GC, target size" in flat.describe_gc()


def test_gc_comes_from_another_table_or_is_said_to_be_unknown() -> None:
    tables = {name: table.drop(columns="gc") for name, table in normals(5).items()}
    assert "GC is not known" in build_reference(tables).describe_gc()
    assert "GC, target size" in build_reference(tables, gc=TARGETS).describe_gc()
    with pytest.raises(SchemaError, match="covers less than half"):
        build_reference(tables, gc=TARGETS.head(10))


def test_normals_over_other_bins_are_refused_by_name() -> None:
    tables = normals(3)
    tables["N1"] = tables["N1"].iloc[5:]
    with pytest.raises(SchemaError, match="sample N1: 5 of 660 bins are absent"):
        build_reference(tables)


@pytest.fixture(scope="module")
def real_normals(shared_data: Path) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """41 normals of a targeted panel, and a table with the GC of its bins."""
    files = sorted((shared_data / "cnv" / "targeted").glob("*_N.*.gz"))
    tables = {file.name.partition(".")[0]: read_cnn(file) for file in files}
    return tables, read_cnn(shared_data / "cnv" / "reference-tr.cnn.gz")


@pytest.mark.real_data
@pytest.mark.verify
@pytest.mark.timeout(600)
@pytest.mark.parametrize("with_gc", [True, False])
def test_real_normals_are_null(real_normals: tuple[dict[str, pd.DataFrame], pd.DataFrame], with_gc: bool) -> None:
    """The genes of each normal against the others; at most five are set aside, by name."""
    tables, gc = real_normals
    built = build_reference(tables, gc=gc if with_gc else None)
    assert built.n_normals >= len(tables) - 5
    null = built.gene_null
    assert null is not None
    genes = null.genes.table
    tested = null.genes.tested & ~genes["chromosome"].isin(["chrX", "chrY"]).to_numpy(dtype=bool)
    df, scale = null.calibration
    small = 2 * stats.t.sf(np.abs(null.leave_one_out) / scale, df) < 0.005
    assert tested.sum() == 289
    assert 0.002 <= small[:, tested].mean() <= 0.01
    assert small[:, tested].mean(axis=1).max() <= 0.02
    probes = genes["probes"].to_numpy(dtype=int)
    for low, high in ((3, 5), (6, 10), (11, 20), (21, 10**6)):
        assert small[:, tested & (probes >= low) & (probes <= high)].mean() <= 0.02
    called = built.normals.loc[built.normals["used"], "loo_calls"] > 0
    assert called.sum() <= 2  # depth changes that are there in every bin: docs/cnv.md


@pytest.mark.real_data
@pytest.mark.verify
@pytest.mark.timeout(1800)
def test_normals_called_against_a_reference_built_without_them_have_hardly_a_call(
    real_normals: tuple[dict[str, pd.DataFrame], pd.DataFrame],
) -> None:
    """Centre, spread, masks, gate, components, prior and calibration anew without the normal that is called."""
    tables, gc = real_normals
    whole = build_reference(tables, gc=gc)
    kept = whole.normals.loc[whole.normals["used"], "sample_id"].tolist()
    shares, calls = {}, {}
    for name in kept:
        reference = build_reference({other: table for other, table in tables.items() if other != name}, gc=gc)
        genes = call_copy_number(tables[name], reference, sample_id=name).genes
        genes = genes[~genes["chromosome"].isin(["chrX", "chrY"]) & genes["p_value"].notna()]
        q = stats.false_discovery_control(genes["p_value"].to_numpy(dtype=float))
        shares[name] = float((genes["p_value"] < 0.005).mean())
        calls[name] = genes.loc[(q < 0.05) & genes["call"].isin(["amplification", "deletion"]), "gene"].tolist()
    assert 0.002 <= np.mean(list(shares.values())) <= 0.01
    assert max(shares.values()) <= 0.02
    with_call = {name: genes for name, genes in calls.items() if genes}
    assert len(with_call) < len(kept) / 20, with_call


@pytest.mark.real_data
@pytest.mark.verify
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_normals_that_the_reference_has_not_seen_are_null(
    real_normals: tuple[dict[str, pd.DataFrame], pd.DataFrame], seed: int
) -> None:
    """Gate, components, prior and calibration from one half; every evaluable normal of the other half is called."""
    tables, gc = real_normals
    names = np.random.default_rng(seed).permutation(sorted(tables))
    for own, other in ((names[::2], names[1::2]), (names[1::2], names[::2])):
        reference = build_reference({str(name): tables[str(name)] for name in own}, gc=gc)
        shares = []
        for name in other:
            result = call_copy_number(tables[str(name)], reference, sample_id=str(name))
            tested = result.genes[~result.genes["chromosome"].isin(["chrX", "chrY"]) & result.genes["p_value"].notna()]
            if result.qc.evaluable:
                shares.append(float((tested["p_value"] < 0.005).mean()))
        assert np.mean(shares) <= 0.01
        assert np.max(shares) <= 0.03
