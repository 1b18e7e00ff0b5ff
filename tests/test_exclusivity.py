from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics import schema
from her2genomics.cli.main import cli
from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.comparison.events import amplicon_genes
from her2genomics.exceptions import UsageError
from her2genomics.exclusivity import find_pairs
from her2genomics.panel import load_panel


def table() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    n = 120
    names = ["TP53", "PIK3CA", "PTEN", "RB1", "NF1", "ATM", "CDH1", "GATA3", "ARID1A", "KMT2C"]
    cells = np.where(rng.random((n, 10)) < 0.25, "missense", "WT").astype(object)
    cells[:, 1] = np.where(np.arange(n) % 2 == 0, "H1047R", "WT")
    cells[:, 0] = np.where(np.arange(n) % 2 == 1, "R175H", "WT")  # excludes PIK3CA
    frame = pd.DataFrame(cells, columns=names)
    amplified = np.where(rng.random(n) < 0.2, "amplification", "WT")
    frame["ERBB2"], frame["CDK12"] = amplified, amplified
    frame["PRKAR1A"] = amplified
    frame.insert(0, "sample_id", [f"s{i}" for i in range(n)])
    frame.insert(1, "her2_group", np.repeat(["zero", "low", "positive"], [40, 40, 40]))
    return frame


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return cohort_from_table(table())


def test_a_planted_exclusive_pair_is_first(cohort: Cohort) -> None:
    pairs = schema.check(find_pairs(cohort), schema.EVENT_PAIRS)
    first = pairs[pairs["stratum"] == "all"].iloc[0]
    assert {first["event_a"], first["event_b"]} == {"TP53", "PIK3CA"}
    assert (first["n_both"], first["direction"]) == (0, "exclusivity")
    assert first["q_value"] < 1e-10
    assert set(pairs["stratum"]) == {"all", "HER2-zero", "HER2-low", "HER2-positive"}


def test_an_amplicon_is_one_event_and_is_not_paired_with_its_chromosome(cohort: Cohort) -> None:
    pairs = find_pairs(cohort)
    names = set(pairs["event_a"]) | set(pairs["event_b"])
    assert "17q12-21 amplification" in names
    assert not {"ERBB2", "CDK12"} & names
    if "PRKAR1A" in names:
        same = pairs[(pairs["event_a"] == "PRKAR1A") & (pairs["event_b"] == "17q12-21 amplification")]
        assert same["p_value"].isna().all()
        assert same["note"].str.contains("both by copy number on chr17").all()


def test_only_samples_profiled_for_both_count() -> None:
    frame = table()
    frame.loc[:29, "ATM"] = pd.NA
    pairs = find_pairs(cohort_from_table(frame), events=["ATM", "TP53", "RB1"])
    n = pairs[pairs["stratum"] == "all"].set_index(["event_a", "event_b"])["n"]
    assert n["TP53", "ATM"] == 90
    assert n["TP53", "RB1"] == 120


def test_refusals(cohort: Cohort) -> None:
    with pytest.raises(UsageError, match="no event NOTHERE"):
        find_pairs(cohort, events=["TP53", "NOTHERE"])
    with pytest.raises(UsageError, match="fewer than two events"):
        find_pairs(cohort, min_frequency=1.0)
    with pytest.raises(UsageError, match="unknown alteration class typo"):
        find_pairs(cohort, classes=["typo"])


def test_the_command_is_the_library_call(cohort: Cohort, tmp_path: Path) -> None:
    file = tmp_path / "c.tsv"
    table().to_csv(file, sep="\t", index=False)
    result = CliRunner().invoke(cli, ["exclusivity", str(file)])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0].split("\t") == schema.EVENT_PAIRS.names
    assert len(result.stdout.splitlines()) == len(find_pairs(cohort)) + 1
    assert "TP53 + PIK3CA: exclusivity, both 0" in result.stderr


def two_processes(seed: int, *, planted: bool = False) -> Cohort:
    """Return 240 tumours: mutations of 200 genes, and amplified runs of panel genes, each with its own burden."""
    rng = np.random.default_rng(seed)
    n = 240
    spans = load_panel().gene_spans(load_panel().builds[0])
    inside = set(amplicon_genes(load_panel()))
    runs = [rows["gene"].head(6).tolist() for _, rows in spans[~spans["gene"].isin(inside)].groupby("chromosome")]
    runs = [run for run in runs if len(run) == 6][:14]
    mutated, amplified = (rng.normal(0, 1.2, n) for _ in range(2))

    def events(levels: np.ndarray, burden: np.ndarray) -> np.ndarray:
        odds = np.exp(levels[None, :] + burden[:, None])
        return rng.random(odds.shape) < odds / (1 + odds)

    changes = events(rng.normal(-3.0, 1.2, 200), mutated)
    copies = np.repeat(events(rng.normal(-1.6, 0.5, len(runs)), amplified), 6, axis=1)
    copies &= rng.random(copies.shape) < 0.7
    if planted:
        changes[:, 0], copies[:, 0] = rng.random(n) < 0.35, rng.random(n) < 0.3
        copies[changes[:, 0] & (rng.random(n) < 0.9), 0] = False
    names = [f"MUT{i}" for i in range(200)] + [gene for run in runs for gene in run]
    parts = []
    for cells, kind, shift in ((changes, "missense", 0), (copies, "amplification", 200)):
        i, j = np.nonzero(cells)
        where = {"sample_id": [f"s{k}" for k in i], "gene": [names[k + shift] for k in j], "alteration": kind}
        parts.append(pd.DataFrame(where))
    samples = pd.DataFrame(
        {"sample_id": [f"s{k}" for k in range(n)], "her2_group": np.repeat(["HER2-zero", "HER2-low"], n // 2)}
    )
    return Cohort(samples, pd.concat(parts, ignore_index=True), tuple(names), np.ones((n, len(names)), dtype=bool))


def cross_pairs(cohort: Cohort, events: list[str] | None = None) -> pd.DataFrame:
    """Return the tested pairs of all strata together, with whether each is of a mutation and an amplification."""
    pairs = find_pairs(cohort, events=events, most=30)
    pairs = pairs[(pairs["stratum"] == "all") & pairs["p_value"].notna()]
    mutated = [pairs[column].str.startswith("MUT") for column in ("event_a", "event_b")]
    return pairs.assign(crossed=mutated[0] != mutated[1])


@pytest.mark.verify
def test_size_when_mutation_and_copy_number_have_their_own_burdens() -> None:
    pairs = pd.concat([cross_pairs(two_processes(seed)) for seed in range(12)])
    assert pairs["crossed"].sum() > 500
    for rows in (pairs, pairs[pairs["crossed"]], pairs[~pairs["crossed"]]):
        sizes = (rows[["p_exclusivity", "p_cooccurrence", "p_value"]] <= 0.05).mean()
        assert (sizes <= 0.06).all(), sizes


def test_a_mutation_that_excludes_an_amplification_is_found() -> None:
    cohort = two_processes(3, planted=True)
    first = cross_pairs(cohort, ["MUT0", "MUT1", *cohort.genes[200:284:12]]).iloc[0]
    assert {first["event_a"], first["event_b"]} == {"MUT0", cohort.genes[200]}
    assert (first["direction"], first["crossed"]) == ("exclusivity", True)
    assert first["q_value"] < 0.001
