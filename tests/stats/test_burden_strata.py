from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.burden_strata import assay_patterns, burden_strata
from her2genomics.stats.contingency import fisher_many
from her2genomics.stats.stratified import cmh_many


def test_runs_by_hand() -> None:
    burden = [3, 0, 0, 1, 1, 1, 2, 9]
    codes, n = burden_strata(burden, np.array([0] * 8), least=3)
    assert codes.tolist() == [1, 0, 0, 0, 0, 0, 1, 1], "0 and 1 fill the first, 2, 3 and 9 the second"
    assert n == 2
    codes, n = burden_strata(burden, np.array([0] * 8), least=2)
    assert codes.tolist() == [2, 0, 0, 1, 1, 1, 2, 2], "9 alone is too few and joins its left"


def test_cells_are_kept_apart_and_left_out_samples_stay_out() -> None:
    codes, n = burden_strata([5, 5, 5, 5, 7], np.array([0, 3, 3, -1, 0]), least=1)
    assert codes.tolist() == [0, 2, 2, -1, 1]
    assert n == 3
    assert burden_strata([1, 2], np.array([-1, -1]))[1] == 0


def test_a_constant_kind_takes_no_room() -> None:
    burden = np.arange(40)
    alone = burden_strata(burden, np.zeros(40, dtype=int))[0]
    beside = burden_strata(np.column_stack([np.full(40, 3), burden]), np.zeros(40, dtype=int))[0]
    assert alone.tolist() == beside.tolist()


def test_burden_has_to_be_numbers() -> None:
    with pytest.raises(StatisticsError, match="burden"):
        burden_strata(["a"], np.zeros(1, dtype=int))


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5), st.integers(-1, 2)), min_size=1, max_size=120))
def test_strata_are_runs_within_cells_of_at_least_the_least(rows: list[tuple[int, int, int]]) -> None:
    burden, cells = np.array([r[:2] for r in rows]), np.array([r[2] for r in rows])
    codes, n = burden_strata(burden, cells, least=4)
    assert ((codes == -1) == (cells == -1)).all()
    assert sorted(set(codes[codes >= 0])) == list(range(n))
    for code in range(n):
        inside = codes == code
        assert len(set(cells[inside])) == 1
        cell = cells == cells[inside][0]
        assert inside.sum() >= min(4, cell.sum())
    one = burden_strata(burden[:, 0], cells, least=4)[0]
    for code in set(one[one >= 0]):
        inside = one == code
        same_cell = (cells == cells[inside][0]) & ~inside
        low, high = burden[inside, 0].min(), burden[inside, 0].max()
        assert not ((burden[same_cell, 0] >= low) & (burden[same_cell, 0] <= high)).any(), "strata do not overlap"


def test_two_panels_are_told_by_their_genes_and_gaps_do_not_make_a_panel() -> None:
    profiled = np.ones((60, 10), dtype=bool)
    profiled[25:50, 6:] = False
    profiled[50, 2] = False
    profiled[51, 2:] = False
    profiled[52] = False
    assays = assay_patterns(profiled)
    assert set(assays[:25]) == {0}
    assert set(assays[25:50]) == {1}
    assert (assays[50], assays[51], assays[52], assays[59]) == (0, 1, -1, 0)
    assert set(assay_patterns(np.random.default_rng(1).random((30, 40)) < 0.9)) == {0}


def _null_cohort(rng: np.random.Generator, n: tuple[int, int], exome: bool) -> tuple[np.ndarray, ...]:
    """Return group, mutation count, copy-number count and pathways; the groups differ in burden and nothing else."""
    group = np.repeat([0, 1], n)
    genes = 8000 if exome else 520
    mutated_often, amplified_often = rng.normal(0.4, 0.6, len(group)), rng.normal(0.0, 0.8, len(group))
    mutated_often[group == 0] += 0.0 if exome else 0.4
    amplified_often[group == 0] += 0.7
    logit_m, logit_c = rng.normal(-5.3 if exome else -4.6, 1, genes), rng.normal(-3.9, 1, 520)
    mutated = rng.random((len(group), genes)) < 1 / (1 + np.exp(-(logit_m + mutated_often[:, None])))
    amplified = rng.random((len(group), 520)) < 1 / (1 + np.exp(-(logit_c + amplified_often[:, None])))
    either = mutated[:, :520] | amplified
    pathways = np.column_stack([either[:, rng.choice(520, 20, replace=False)].any(axis=1) for _ in range(8)])
    return group, mutated.sum(axis=1), amplified.sum(axis=1), pathways


def _p_values(group: np.ndarray, codes: np.ndarray, n_strata: int, pathways: np.ndarray) -> np.ndarray:
    counts = []
    for which in (0, 1):
        inside = group == which
        altered = np.zeros((n_strata, pathways.shape[1]), dtype=int)
        np.add.at(altered, codes[inside], pathways[inside])
        total = np.bincount(codes[inside], minlength=n_strata)
        counts += [altered.T, np.broadcast_to(total, altered.T.shape)]
    return cmh_many(*counts)["p_exact"].to_numpy(dtype=float)


def test_the_exact_p_is_that_of_permutations_within_strata() -> None:
    rng = np.random.default_rng(5)
    group, mutated, amplified, pathways = _null_cohort(rng, (25, 60), exome=False)
    codes, n_strata = burden_strata(np.column_stack([mutated, amplified]), np.zeros(85, dtype=int))
    exact = _p_values(group, codes, n_strata, pathways)
    order = np.argsort(codes, kind="stable")
    draws = 20_000
    keys = rng.random((draws, 85)) + codes[order]
    shuffled = np.empty((draws, 85), dtype=int)
    shuffled[:, order] = group[order][np.argsort(keys, axis=1)]
    totals = (shuffled == 0).astype(float) @ pathways
    for j, observed in enumerate(((group == 0)[:, None] & pathways).sum(axis=0)):
        share = np.bincount(totals[:, j].astype(int), minlength=90) / draws
        by_chance = share[share <= share[observed] + 0.002].sum()
        assert exact[j] == pytest.approx(by_chance, abs=0.03)


@pytest.mark.verify
@pytest.mark.parametrize("exome", [False, True])
def test_size_where_groups_differ_in_burden_alone(exome: bool) -> None:
    rng = np.random.default_rng(11)
    sizes = (60, 350)
    found: dict[str, list[np.ndarray]] = {"fisher": [], "one sum": [], "two kinds": []}
    for _ in range(60 if exome else 300):
        group, mutated, amplified, pathways = _null_cohort(rng, sizes, exome)
        cells = np.zeros(len(group), dtype=int)
        a, b = (pathways[group == which].sum(axis=0) for which in (0, 1))
        found["fisher"].append(fisher_many(a, np.full(8, sizes[0]), b, np.full(8, sizes[1]))["p_value"].to_numpy(float))
        found["one sum"].append(_p_values(group, *burden_strata(mutated + amplified, cells), pathways))
        two = burden_strata(np.column_stack([mutated, amplified]), cells)
        found["two kinds"].append(_p_values(group, *two, pathways))
    size = {name: float((np.concatenate(p) <= 0.05).mean()) for name, p in found.items()}
    n_tests = 8 * (60 if exome else 300)
    error = 3 * np.sqrt(0.05 * 0.95 / n_tests)
    assert size["fisher"] > 0.3, "the burden alone makes pathways differ"
    assert size["two kinds"] <= 0.05 + error
    if exome:
        assert size["one sum"] > 0.15, "mutations drown the copy-number events"
