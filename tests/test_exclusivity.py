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
    assert "PRKAR1A" not in names
    assert pairs["note"].str.contains("17q12-21 amplification stands for PRKAR1A as well").any()
    same = find_pairs(cohort, events=["PRKAR1A", "17q12-21 amplification"])
    assert same["p_value"].isna().all()
    assert same["note"].str.contains("both by copy number on chr17").all()


@pytest.mark.parametrize("deletions", [0, 1])
def test_a_mutation_and_an_amplification_of_one_chromosome_are_tested_in_all_tumours(deletions: int) -> None:
    """TP53 mutations and 17q12-21, the only copy-number event: equal burdens on the other chromosomes, so Fisher's p."""
    n = 80
    frame = pd.DataFrame({"sample_id": [f"s{i}" for i in range(n)], "her2_group": ["low", "positive"] * (n // 2)})
    frame["TP53"] = ["R175H" if i < 44 else "WT" for i in range(n)]
    frame.loc[: deletions - 1, "TP53"] = "R175H;deep_deletion"
    frame["ERBB2"] = frame["CDK12"] = ["amplification" if i % 8 < (6 if i < 40 else 2) else "WT" for i in range(n)]
    frame["GATA3"] = "missense"
    pairs = find_pairs(cohort_from_table(frame), events=["TP53", "17q12-21 amplification"], adjust=None)
    found = pairs[pairs["stratum"] == "all"].iloc[0]
    assert (found["n"], found["n_a"], found["n_b"], found["n_both"]) == (80, 44, 40, 32)
    assert found["p_value"] == pytest.approx(found["fisher_p"], rel=1e-6)
    assert found["expected"] == pytest.approx(44 * 40 / 80)


def test_an_amplified_gene_asked_for_counts_without_its_amplicon_and_says_so() -> None:
    frame = table()
    frame.loc[[0, 1, 2], "ERBB2"] = "L755S"
    pairs = find_pairs(cohort_from_table(frame), events=["ERBB2", "PIK3CA"])
    found = pairs[pairs["stratum"] == "all"].iloc[0]
    assert (found["event_a"], found["n_b"] if found["event_b"] == "ERBB2" else found["n_a"]) == ("PIK3CA", 3)
    assert "ERBB2: its amplification is counted as 17q12-21 amplification" in found["note"]
    assert not find_pairs(cohort_from_table(frame), events=["TP53", "PIK3CA"])["note"].str.contains("amplific").any()


def test_only_samples_profiled_for_both_count() -> None:
    frame = table()
    frame.loc[:29, "ATM"] = pd.NA
    pairs = find_pairs(cohort_from_table(frame), events=["ATM", "TP53", "RB1"])
    n = pairs[pairs["stratum"] == "all"].set_index(["event_a", "event_b"])["n"]
    assert n["TP53", "ATM"] == 90
    assert n["TP53", "RB1"] == 120


def test_refusals(cohort: Cohort) -> None:
    with pytest.raises(
        UsageError, match="no event NOTHERE in the cohort; events are genes of the cohort, and 17q12-21 amp"
    ):
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


def two_processes(seed: int, *, n: int = 300, rho: float = 0.5, subtype: float = 0.0, planted: bool = False) -> Cohort:
    """Return tumours with two correlated burdens: mutations of 150 genes, and runs of amplified genes on linked arms.

    ``subtype`` is the spread of the difference that HR status makes to each gene's and each arm's log odds.
    """
    rng = np.random.default_rng(seed)
    spans = load_panel().gene_spans(load_panel().builds[0])
    inside = set(amplicon_genes(load_panel()))
    chromosomes = [rows["gene"].tolist() for _, rows in spans[~spans["gene"].isin(inside)].groupby("chromosome")]
    chromosomes = [genes[:6] + genes[-6:] for genes in chromosomes if len(genes) >= 12]
    positive = rng.random(n) < 0.7
    mutated, other = rng.normal(0, 1.1, (2, n))
    amplified = rho * mutated + np.sqrt(1 - rho**2) * other

    def happens(levels: np.ndarray, burden: np.ndarray) -> np.ndarray:
        effect = subtype * rng.normal(0, 1, len(levels)) * positive[:, None]
        return rng.random((n, len(levels))) < 1 / (1 + np.exp(-(levels + effect + burden[:, None])))

    changes = happens(rng.normal(-3.0, 1.2, 150), mutated)
    arms = happens(rng.normal(-1.8, 0.6, 2 * len(chromosomes)), amplified).reshape(n, -1, 2)
    arms[:, :, 1] |= arms[:, :, 0] & (rng.random(arms.shape[:2]) < 0.5)
    start, length = rng.integers(0, 6, (*arms.shape, 1)), rng.integers(1, 7, (*arms.shape, 1))
    copies = arms[..., None] & (np.arange(6) >= start) & (np.arange(6) < start + length)
    copies = copies.reshape(n, -1)
    if planted:
        changes[:, 0], copies[:, 0] = rng.random(n) < 0.35, rng.random(n) < 0.3
        copies[changes[:, 0] & (rng.random(n) < 0.9), 0] = False
    names = [f"MUT{i}" for i in range(150)] + [gene for genes in chromosomes for gene in genes]
    parts = []
    for cells, kind, shift in ((changes, "missense", 0), (copies, "amplification", 150)):
        i, j = np.nonzero(cells)
        where = {"sample_id": [f"s{k}" for k in i], "gene": [names[k + shift] for k in j], "alteration": kind}
        parts.append(pd.DataFrame(where))
    samples = pd.DataFrame(
        {
            "sample_id": [f"s{k}" for k in range(n)],
            "her2_group": np.where(rng.random(n) < np.where(positive, 0.2, 0.5), "HER2-zero", "HER2-low"),
            "hr_status": np.where(positive, "positive", "negative"),
        }
    )
    return Cohort(samples, pd.concat(parts, ignore_index=True), tuple(names), np.ones((n, len(names)), dtype=bool))


def of_kinds(cohort: Cohort, events: list[str] | None = None, adjust: str | None = "auto") -> pd.DataFrame:
    """Return the tested pairs of all strata together, with the number of events by copy number in each.

    Unless named, the events are the ten mutated genes and the ten amplified genes (one a chromosome) altered most often.
    """
    altered = pd.Series(cohort.altered().sum(axis=0), index=list(cohort.genes)).sort_values(
        ascending=False, kind="stable"
    )
    mutated = [name for name in altered.index if name.startswith("MUT")][:10]
    amplified = altered.iloc[[not name.startswith("MUT") for name in altered.index]]
    chromosome = load_panel().gene_spans(load_panel().builds[0]).set_index("gene")["chromosome"]
    apart = amplified.groupby(chromosome.reindex(amplified.index).to_numpy(), sort=False).head(1).index[:10]
    pairs = find_pairs(cohort, events=events or [*mutated, *apart], adjust=adjust)
    pairs = pairs[(pairs["stratum"] == "all") & pairs["p_value"].notna()]
    copied = [~pairs[column].str.startswith("MUT") for column in ("event_a", "event_b")]
    return pairs.assign(copied=copied[0].astype(int) + copied[1].astype(int))


@pytest.mark.verify
@pytest.mark.parametrize(
    "setting",
    [{"rho": 0.0}, {"rho": 0.5}, {"n": 90}, {"subtype": 1.0}],
    ids=["independent", "linked", "few", "subtype"],
)
def test_size_with_linked_arms_and_varying_burden(setting: dict[str, float]) -> None:
    """Share of p at or below 0.05 without any interaction, by the number of events by copy number in a pair."""
    pairs = pd.concat([of_kinds(two_processes(seed, **setting)) for seed in range(16)])
    columns = ["p_exclusivity", "p_cooccurrence", "p_value"]
    sizes = pairs.groupby("copied")[columns].agg(lambda p: (p <= 0.05).mean())
    assert (pairs["copied"].value_counts() > 300).all()
    assert (sizes <= 0.055).all(axis=None), sizes


def beside_each_other(cohort: Cohort) -> pd.DataFrame:
    """Return the tested pairs of a mutated gene and an amplified one, for which it is named a gene of its chromosome."""
    spans = load_panel().gene_spans(load_panel().builds[0]).query("gene not in @cohort.genes")
    inside = set(amplicon_genes(load_panel()))
    free = spans[~spans["gene"].isin(inside)].drop_duplicates("chromosome").set_index("chromosome")["gene"]
    chromosome = load_panel().gene_spans(load_panel().builds[0]).set_index("gene")["chromosome"]
    altered = pd.Series(cohort.altered().sum(axis=0), index=list(cohort.genes)).sort_values(ascending=False)
    mutated = [name for name in altered.index if name.startswith("MUT")][:10]
    amplified = altered[~altered.index.str.startswith("MUT")].index
    amplified = amplified[chromosome[amplified].isin(free.index)]
    apart = amplified[~chromosome[amplified].duplicated()][:10]
    name = dict(zip(mutated, free[chromosome[apart]], strict=True))
    genes = tuple(name.get(gene, gene) for gene in cohort.genes)
    alterations = cohort.alterations.assign(gene=cohort.alterations["gene"].replace(name))
    pairs = find_pairs(Cohort(cohort.samples, alterations, genes, cohort.profiled), events=[*name.values(), *apart])
    places = [chromosome[pairs[column]].to_numpy() for column in ("event_a", "event_b")]
    return pairs[(pairs["stratum"] == "all") & pairs["p_value"].notna() & (places[0] == places[1])]


@pytest.mark.verify
@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_size_of_a_mutation_and_an_amplification_of_one_chromosome(rho: float) -> None:
    pairs = pd.concat([beside_each_other(two_processes(seed, rho=rho)) for seed in range(24)])
    columns = ["p_exclusivity", "p_cooccurrence", "p_value"]
    assert len(pairs) > 200
    assert ((pairs[columns] <= 0.05).mean() <= 0.055).all(), (pairs[columns] <= 0.05).mean()


@pytest.mark.verify
def test_a_subtype_that_is_not_held_fixed_makes_pairs_and_the_note_says_so() -> None:
    cohorts = [two_processes(seed, subtype=1.0) for seed in range(8)]
    pairs = pd.concat([of_kinds(cohort, adjust=None) for cohort in cohorts])
    assert (pairs.loc[pairs["copied"] == 0, "p_cooccurrence"] <= 0.05).mean() > 0.06


def test_without_receptor_status_each_tested_row_says_so() -> None:
    cohort = two_processes(1)
    bare = Cohort(cohort.samples.drop(columns="hr_status"), cohort.alterations, cohort.genes, cohort.profiled)
    assert of_kinds(bare)["note"].str.contains("hr_status is not known").all()
    assert not of_kinds(cohort)["note"].str.contains("hr_status").any()


def test_a_number_cannot_be_held_fixed(cohort: Cohort) -> None:
    samples = cohort.samples.assign(age=np.arange(len(cohort.samples)) + 20.5)
    aged = Cohort(samples, cohort.alterations, cohort.genes, cohort.profiled)
    with pytest.raises(UsageError, match="cannot hold age fixed: it is a number"):
        find_pairs(aged, adjust="age")


def test_genes_amplified_together_are_one_event_that_stands_for_them(cohort: Cohort) -> None:
    frame = table()
    frame["MDM4"] = np.where(np.arange(120) % 4 == 0, "amplification", "WT")
    frame["IKBKE"] = np.where(np.arange(120) % 4 == 0, "amplification", "WT")
    frame.loc[4, "IKBKE"] = "WT"
    pairs = find_pairs(cohort_from_table(frame))
    assert "IKBKE" not in set(pairs["event_a"]) | set(pairs["event_b"])
    with_it = (pairs["event_a"] == "MDM4") | (pairs["event_b"] == "MDM4")
    assert pairs.loc[with_it, "note"].str.contains("MDM4 stands for IKBKE as well").all()
    named = find_pairs(cohort_from_table(frame), events=["MDM4", "IKBKE"])
    assert named["note"].str.startswith("not tested: both by copy number on chr1").all()


def test_events_by_copy_number_without_a_known_place_are_not_paired() -> None:
    frame = table()
    rng = np.random.default_rng(5)
    for name in ("UNPLACED1", "UNPLACED2"):
        frame[name] = np.where(rng.random(120) < 0.3, "amplification", "WT")
    pairs = find_pairs(
        cohort_from_table(frame, genes=list(frame.columns[2:])), events=["UNPLACED1", "UNPLACED2", "TP53"]
    )
    both = (pairs["event_a"] == "UNPLACED1") & (pairs["event_b"] == "UNPLACED2")
    assert pairs.loc[both, "note"].str.contains("does not know where both lie").all()
    assert pairs.loc[~both & (pairs["stratum"] == "all"), "p_value"].notna().all()


def test_a_mutation_that_excludes_an_amplification_is_found() -> None:
    cohort = two_processes(3, planted=True)
    first = of_kinds(cohort, ["MUT0", "MUT1", *cohort.genes[150:240:12]]).iloc[0]
    assert {first["event_a"], first["event_b"]} == {"MUT0", cohort.genes[150]}
    assert (first["direction"], first["copied"]) == ("exclusivity", 1)
    assert first["q_value"] < 0.001
