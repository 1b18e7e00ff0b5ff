"""The batched engine against an obvious one, R's own updates, and what must hold whatever the matrix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from her2genomics.exceptions import StatisticsError
from her2genomics.stats import nmf
from her2genomics.stats.nmf import Stop, check_matrix, fit_nmf, fit_ranks, random_starts
from her2genomics.stats.nmf_updates import DENSE_ABOVE, FLOOR, DivergenceBlock, EuclideanBlock

BLOCKS = {"euclidean": EuclideanBlock, "kl": DivergenceBlock}


def slow_step(v: np.ndarray, w: np.ndarray, h: np.ndarray, loss: str) -> tuple[np.ndarray, np.ndarray]:
    """Return W and H after one round of Lee and Seung's updates, cell by cell."""
    w, h = w.copy(), h.copy()
    fitted = w @ h
    new = h.copy()
    for k in range(h.shape[0]):
        for j in range(h.shape[1]):
            if loss == "euclidean":
                up = sum(w[i, k] * v[i, j] for i in range(len(v))) * h[k, j]
                down = sum(w[i, k] * fitted[i, j] for i in range(len(v)))
                new[k, j] = max(up, FLOOR) / (down + FLOOR)
            else:
                up = sum(w[i, k] * v[i, j] / fitted[i, j] for i in range(len(v)))
                new[k, j] = h[k, j] * up / sum(w[i, k] for i in range(len(v)))
    h, fitted, new = new, w @ new, w.copy()
    for i in range(w.shape[0]):
        for k in range(w.shape[1]):
            if loss == "euclidean":
                up = sum(h[k, j] * v[i, j] for j in range(v.shape[1])) * w[i, k]
                down = sum(h[k, j] * fitted[i, j] for j in range(v.shape[1]))
                new[i, k] = max(up, FLOOR) / (down + FLOOR)
            else:
                up = sum(h[k, j] * v[i, j] / fitted[i, j] for j in range(v.shape[1]))
                new[i, k] = w[i, k] * up / sum(h[k, j] for j in range(v.shape[1]))
    return new, h


def slow_loss(v: np.ndarray, w: np.ndarray, h: np.ndarray, loss: str) -> float:
    fitted = w @ h
    if loss == "euclidean":
        return float(((v - fitted) ** 2).sum())
    logs = sum(x * np.log(x / y) for x, y in zip(v.ravel(), fitted.ravel(), strict=True) if x > 0)
    return float(logs + (fitted - v).sum())


def random_matrix(seed: int, density: float, shape: tuple[int, int] = (8, 11)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    v = (rng.random(shape) < density) * rng.choice([1.0, 1.0, 2.5], shape)
    v[np.arange(shape[0]), rng.integers(0, shape[1], shape[0])] = 1
    v[rng.integers(0, shape[0], shape[1]), np.arange(shape[1])] = 1
    return np.asarray(v)


def planted(seed: int, sizes: tuple[int, ...] = (20, 25, 30), genes: int = 10, inside: float = 0.9) -> tuple:
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    block = np.repeat(np.arange(len(sizes)), genes)
    v = (rng.random((len(block), len(truth))) < np.where(block[:, None] == truth, inside, 0.02)).astype(float)
    keep = v.any(axis=0)
    return v[v.any(axis=1)][:, keep], truth[keep]


@pytest.mark.parametrize("loss", BLOCKS)
@pytest.mark.parametrize(("density", "sparse"), [(0.0, True), (0.5, False)])
def test_the_block_does_what_the_formula_says_step_by_step(loss: str, density: float, sparse: bool) -> None:
    v = random_matrix(1, density, shape=(12, 15))
    assert (np.count_nonzero(v) <= DENSE_ABOVE * v.size) == sparse
    w, h = random_starts(v, 3, range(4), seed=5)
    block = BLOCKS[loss](v, w, h)
    for _ in range(6):
        block.step()
        for run in range(4):
            w[run], h[run] = slow_step(v, w[run], h[run], loss)
            got_w, got_h = block.factors(run)
            np.testing.assert_allclose(got_w, w[run], rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(got_h, h[run], rtol=1e-9, atol=1e-12)
            assert block.loss()[run] == pytest.approx(slow_loss(v, w[run], h[run], loss), rel=1e-9)
            expected = (h[run] * w[run].sum(axis=0)[:, None]).argmax(axis=0)
            assert block.labels()[run].tolist() == expected.tolist()
    block.keep(np.array([False, True, False, True]))
    block.step()
    np.testing.assert_allclose(block.factors(1)[0], slow_step(v, w[3], h[3], loss)[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", BLOCKS)
@pytest.mark.parametrize("iterations", [1, 2, 50])
def test_the_updates_are_those_of_r(loss: str, iterations: int, repository: Path) -> None:
    steps = pd.read_csv(repository / "tests" / "reference" / "R_nmf_steps.tsv", sep="\t")

    def matrix(method: str, n: int, what: str) -> np.ndarray:
        rows = steps[(steps["method"] == method) & (steps["iterations"] == n) & (steps["what"] == what)]
        return rows.pivot(index="row", columns="column", values="value").to_numpy()

    v = matrix("start", 0, "V")
    block = BLOCKS[loss](v, matrix("start", 0, "W")[None], matrix("start", 0, "H")[None])
    for _ in range(iterations):
        block.step()
    w, h = block.factors(0)
    np.testing.assert_allclose(w, matrix(loss, iterations, "W"), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(h, matrix(loss, iterations, "H"), rtol=1e-6, atol=1e-7)


@given(
    seed=st.integers(0, 10_000),
    density=st.floats(0.02, 0.9),
    rank=st.integers(1, 5),
    loss=st.sampled_from(list(BLOCKS)),
)
@settings(max_examples=40)
def test_the_loss_never_rises(seed: int, density: float, rank: int, loss: str) -> None:
    v = random_matrix(seed, density)
    block = BLOCKS[loss](v, *random_starts(v, rank, range(3), seed))
    before = np.full(3, np.inf)
    for _ in range(30):
        block.step()
        now = block.loss()
        assert (now <= before + 1e-7 * (v**2).sum()).all()
        before = now


@given(seed=st.integers(0, 10_000), k=st.integers(2, 4), loss=st.sampled_from(list(BLOCKS)))
@settings(max_examples=25)
def test_planted_clusters_are_found(seed: int, k: int, loss: nmf.Loss) -> None:
    v, truth = planted(seed, sizes=tuple(15 + 5 * i for i in range(k)))
    best = fit_nmf(v, k, runs=6, seed=seed, loss=loss).best
    assert adjusted_rand_score(truth, best.coefficients.argmax(axis=0)) == 1


@given(seed=st.integers(0, 10_000), loss=st.sampled_from(list(BLOCKS)))
@settings(max_examples=20)
def test_permuting_samples_and_features_permutes_the_result(seed: int, loss: str) -> None:
    v = random_matrix(seed, 0.3)
    w, h = random_starts(v, 3, range(2), seed)
    rng = np.random.default_rng(seed)
    features, samples = rng.permutation(v.shape[0]), rng.permutation(v.shape[1])
    plain = BLOCKS[loss](v, w, h)
    moved = BLOCKS[loss](v[features][:, samples], w[:, features], h[:, :, samples])
    for _ in range(20):
        plain.step()
        moved.step()
    np.testing.assert_allclose(moved.factors(1)[0], plain.factors(1)[0][features], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(moved.factors(1)[1], plain.factors(1)[1][:, samples], rtol=1e-8, atol=1e-12)


def same(a: nmf.RankRuns, b: nmf.RankRuns) -> bool:
    pairs = [(a.labels, b.labels), (a.losses, b.losses), (a.best.basis, b.best.basis), (a.iterations, b.iterations)]
    return all(x.tobytes() == y.tobytes() for x, y in pairs)


@pytest.mark.parametrize("loss", BLOCKS)
def test_the_same_bytes_with_any_number_of_threads(loss: nmf.Loss, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nmf, "CELLS_PER_BLOCK", 1500)
    v, _ = planted(3)
    first = fit_ranks(v, [2, 3], runs=8, loss=loss)
    for blas in (1, 2):
        for threads in (1, 2, 5):
            with threadpool_limits(limits=blas, user_api="blas"):
                again = fit_ranks(v, [2, 3], runs=8, loss=loss, threads=threads)
            assert all(same(a, b) for a, b in zip(first, again, strict=True))
    assert not same(first[0], fit_nmf(v, 2, runs=8, loss=loss, seed=1))


def test_a_run_is_the_same_in_a_longer_call_and_progress_counts_every_run() -> None:
    v, _ = planted(4)
    seen: list[int] = []
    short, long = fit_nmf(v, 3, runs=5), fit_nmf(v, 3, runs=20, progress=seen.append)
    assert (long.labels[:5] == short.labels).all()
    np.testing.assert_allclose(long.losses[:5], short.losses, rtol=1e-12)
    assert sum(seen) == 20
    assert long.best.loss == long.losses.min()
    np.testing.assert_allclose(long.best.basis.sum(axis=0), 1)


def test_what_is_returned_is_the_factorisation_that_is_described() -> None:
    v, _ = planted(5)
    for loss in BLOCKS:
        fit = fit_nmf(v, 3, runs=4, loss=loss)  # type: ignore[arg-type]
        run = int(fit.losses.argmin())
        assert slow_loss(v, fit.best.basis, fit.best.coefficients, loss) == pytest.approx(fit.losses[run], rel=1e-8)
        assert (fit.best.coefficients.argmax(axis=0) == fit.labels[run]).all()
        assert fit.converged.all()


def test_a_run_that_is_cut_short_says_so() -> None:
    fit = fit_nmf(random_matrix(1, 0.3), 3, runs=3, stop=Stop(max_iterations=15))
    assert not fit.converged.any()
    assert (fit.iterations == 15).all()


def test_a_flat_loss_ends_a_run_whose_labels_still_change() -> None:
    v = (np.random.default_rng(3).random((30, 90)) < 0.25).astype(float)
    v = v[:, v.any(axis=0)]
    strict, flat = (fit_nmf(v, 5, runs=10, stop=stop) for stop in (Stop(flat_drop=0.0), Stop()))
    assert (flat.iterations <= strict.iterations).all()
    assert flat.iterations.sum() < strict.iterations.sum()
    np.testing.assert_allclose(flat.losses, strict.losses, rtol=2e-3)


def test_rank_one_is_the_leading_singular_pair() -> None:
    v = random_matrix(2, 0.5)
    u, s, _ = np.linalg.svd(v)
    fit = fit_nmf(v, 1, runs=2, stop=Stop(relative_drop=1e-12, flat_drop=0.0))
    assert fit.best.loss == pytest.approx((s[1:] ** 2).sum(), rel=1e-6)
    np.testing.assert_allclose(fit.best.basis[:, 0], np.abs(u[:, 0]) / np.abs(u[:, 0]).sum(), rtol=1e-3)


@pytest.mark.parametrize(
    ("v", "message"),
    [
        ([[1.0, -1.0], [1.0, 1.0]], "negative"),
        ([[1.0, np.nan], [1.0, 1.0]], "negative, missing or infinite"),
        ([[1.0, 0.0], [1.0, 0.0]], r"column \(sample\) 2 of the matrix is all zero"),
        ([[1.0, 1.0], [0.0, 0.0]], r"row \(feature\) 2 of the matrix is all zero"),
        ([1.0, 2.0], "shape"),
        (np.empty((0, 3)), "shape"),
    ],
)
def test_matrices_that_cannot_be_factorised(v: object, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        check_matrix(v)  # type: ignore[arg-type]


@pytest.mark.parametrize(("rank", "runs"), [(0, 3), (9, 3), (2, 0)])
def test_ranks_and_runs_out_of_range(rank: int, runs: int) -> None:
    with pytest.raises(StatisticsError):
        fit_nmf(random_matrix(1, 0.3), rank, runs=runs)


def test_an_error_in_a_thread_is_not_swallowed() -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_ranks(random_matrix(1, 0.3), [2, 3], runs=4, threads=2, progress=stop)
