"""Simulated cohorts with known truth: clinical table, mutations of several panels, copy number, and what was planted.

Groups, receptors and mutations are drawn as a study finds them: HER2-positive tumours are more often HR-negative, and
some genes follow the receptors and not HER2 (TP53), so that a crude comparison of the groups is confounded and an
adjusted one is not.  The number of mutations of a gene in a tumour is Poisson with a rate that depends on HR status
and HER2 group alone, so the truth is one number per gene, HR status and group.  A panel reports the genes that it
covers and no others.

Everything follows from the seed, and time and memory grow with the number of mutations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.exceptions import UsageError
from her2genomics.panel import Panel, load_panel
from her2genomics.schema import HER2_GROUPS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

FREQUENT_GENES: tuple[str, ...] = (
    "TP53", "PIK3CA", "GATA3", "CDH1", "KMT2C", "ESR1", "MAP3K1", "ARID1A", "PTEN", "TBX3", "NF1", "RUNX1", "AKT1",
    "CBFB", "ERBB2", "KMT2D", "FOXA1", "SF3B1", "RB1", "BRCA2",
)  # fmt: skip
"""Genes of the highest rates, in order; the others of a panel follow in the panel's order."""

_CLASSES = {
    "Missense_Mutation": ("SNP", 0.62), "Silent": ("SNP", 0.13), "Nonsense_Mutation": ("SNP", 0.08),
    "Frame_Shift_Del": ("DEL", 0.07), "Frame_Shift_Ins": ("INS", 0.03), "Splice_Site": ("SNP", 0.03),
    "In_Frame_Del": ("DEL", 0.02), "Intron": ("SNP", 0.02),
}  # fmt: skip
_ALTERED_SHARE = 1 - 0.13 - 0.02
_BASES = np.array(["A", "C", "G", "T"])
_RESIDUES = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
_MIN_READS, _MAX_READS = 100, 1200


@dataclass(frozen=True)
class CohortSettings:
    """What is simulated.

    Parameters
    ----------
    samples
        Tumours, one per patient.
    panels
        Panel name to the share of the knowledge panel's genes that it covers [0-1] and its share of the samples.
    group_shares
        Shares of HER2-zero, HER2-low and HER2-positive.
    hr_positive
        Share that is HR-positive in each group.
    top_frequency
        Share of HR-positive HER2-zero tumours with the most frequent gene altered; the k-th gene has
        ``top_frequency * k ** -decay``.
    decay
        How fast frequencies fall from gene to gene.
    hr_effects
        Gene to the factor of its rate in HR-negative tumours.
    group_effects
        Gene to the factors of its rate in the three groups.
    seed
        Seed of everything.
    """

    samples: int = 523
    panels: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: {"SIM-LARGE": (1.0, 0.5), "SIM-MEDIUM": (0.8, 0.3), "SIM-SMALL": (0.5, 0.2)}
    )
    group_shares: tuple[float, float, float] = (0.17, 0.44, 0.39)
    hr_positive: tuple[float, float, float] = (0.67, 0.88, 0.6)
    top_frequency: float = 0.35
    decay: float = 0.62
    hr_effects: Mapping[str, float] = field(
        default_factory=lambda: {"TP53": 4.0, "PIK3CA": 0.5, "GATA3": 0.2, "CDH1": 0.3, "MAP3K1": 0.3}
    )
    group_effects: Mapping[str, tuple[float, float, float]] = field(
        default_factory=lambda: {"PIK3CA": (1.0, 1.3, 1.1), "ERBB2": (1.0, 1.0, 2.0)}
    )
    seed: int = 123456


@dataclass(frozen=True)
class SimulatedCohort:
    """Tables of a simulated study.

    Parameters
    ----------
    clinical
        One row per sample: HER2 evidence, receptors, age, grade, stage, panel.
    mutations
        ``mutations`` schema, sorted by sample, silent ones included; genes outside the sample's panel are not there.
    gene_panel_matrix
        ``sample_id, mutations``.
    panels
        Panel name to its genes.
    truth
        ``gene, hr_status, her2_group, frequency``: the probability that a tumour has the gene altered [0-1].
    """

    clinical: pd.DataFrame
    mutations: pd.DataFrame
    gene_panel_matrix: pd.DataFrame
    panels: dict[str, tuple[str, ...]]
    truth: pd.DataFrame


def simulate_cohort(settings: CohortSettings | None = None, knowledge: Panel | None = None) -> SimulatedCohort:
    """Draw a cohort.

    Parameters
    ----------
    settings
        Sizes, frequencies and planted effects.
    knowledge
        Panel whose genes and places are used; default the shipped one.

    Raises
    ------
    UsageError
        If a number of the settings cannot be.

    Examples
    --------
    >>> cohort = simulate_cohort(CohortSettings(samples=50))
    >>> len(cohort.clinical), sorted(cohort.panels)
    (50, ['SIM-LARGE', 'SIM-MEDIUM', 'SIM-SMALL'])
    """
    settings = settings or CohortSettings()
    knowledge = knowledge or load_panel()
    _check(settings)
    rng = np.random.default_rng(settings.seed)
    genes = _ordered_genes(knowledge)
    group = rng.choice(3, settings.samples, p=settings.group_shares)
    hr_negative = (rng.random(settings.samples) >= np.array(settings.hr_positive)[group]).astype(np.int64)
    panels = _panels(settings, genes)
    panel = rng.choice(len(panels), settings.samples, p=[share for _, share in settings.panels.values()])
    covered = np.array([np.isin(genes, members) for members in panels.values()])
    rates = _rates(settings, genes)
    ids = _ids(settings.samples)
    sample, gene = _events(rng, rates, group, hr_negative, panel, covered)
    names = np.array(list(panels))[panel]
    return SimulatedCohort(
        clinical=_clinical(rng, ids, group, hr_negative, names),
        mutations=_mutations(rng, ids, genes, sample, gene, knowledge),
        gene_panel_matrix=pd.DataFrame({"sample_id": ids, "mutations": names}).astype("string"),
        panels=panels,
        truth=_truth(rates, genes),
    )


def _check(settings: CohortSettings) -> None:
    shares = (settings.group_shares, [share for _, share in settings.panels.values()])
    if settings.samples < 1 or any(abs(sum(s) - 1) > 1e-9 or min(s) < 0 for s in shares):
        raise UsageError("a simulated cohort has at least one sample, and shares of groups and of panels add up to 1")


def _ordered_genes(knowledge: Panel) -> npt.NDArray[np.str_]:
    own = list(knowledge.genes["gene"])
    first = [gene for gene in FREQUENT_GENES if gene in set(own)]
    return np.array([*first, *(gene for gene in own if gene not in set(first))])


def _panels(settings: CohortSettings, genes: npt.NDArray[np.str_]) -> dict[str, tuple[str, ...]]:
    """Return the genes of each panel: the frequent ones, and every so many of the others."""
    panels = {}
    for name, (share, _) in settings.panels.items():
        rank = np.arange(len(genes))
        inside = (rank < len(FREQUENT_GENES)) | (np.floor((rank + 1) * share) > np.floor(rank * share))
        panels[name] = tuple(sorted(genes[inside].tolist()))
    return panels


def _rates(settings: CohortSettings, genes: npt.NDArray[np.str_]) -> Floats:
    """Return the expected number of altering mutations: shape (genes, HR positive / negative, groups)."""
    frequency = settings.top_frequency * (1.0 + np.arange(len(genes))) ** -settings.decay
    rates = np.repeat(-np.log1p(-frequency), 6).reshape(len(genes), 2, 3)
    for j, gene in enumerate(genes.tolist()):
        rates[j, 1] *= settings.hr_effects.get(gene, 1.0)
        rates[j] *= settings.group_effects.get(gene, (1.0, 1.0, 1.0))
    return rates


def _events(
    rng: np.random.Generator,
    rates: Floats,
    group: Integers,
    hr_negative: Integers,
    panel: Integers,
    covered: npt.NDArray[np.bool_],
) -> tuple[Integers, Integers]:
    """Return sample and gene of every mutation, silent ones included, in order of the samples."""
    samples, genes = [], []
    kind = (panel * 2 + hr_negative) * 3 + group
    for code in np.unique(kind).tolist():
        members = np.flatnonzero(kind == code)
        of_panel, hr, her2 = code // 6, code // 3 % 2, code % 3
        expected = rates[:, hr, her2] * covered[of_panel] / _ALTERED_SHARE * len(members)
        count = rng.poisson(expected)
        genes.append(np.repeat(np.arange(len(count)), count))
        samples.append(rng.choice(members, int(count.sum())))
    sample, gene = np.concatenate(samples), np.concatenate(genes)
    order = np.lexsort((gene, sample))
    return sample[order], gene[order]


def _ids(n: int) -> npt.NDArray[np.str_]:
    return np.char.add("SIM-", np.char.zfill(np.arange(1, n + 1).astype(str), 7))


def _clinical(
    rng: np.random.Generator,
    ids: npt.NDArray[np.str_],
    group: Integers,
    hr_negative: Integers,
    panels: npt.NDArray[np.str_],
) -> pd.DataFrame:
    """Return evidence that gives the group by ASCO/CAP 2018, receptors that give the HR status, and the rest."""
    n = len(ids)
    by_ish = rng.random(n) < np.array([0.0, 0.4, 0.15])[group]
    ihc = np.where(by_ish, "2+", np.array(["0", "1+", "3+"])[group])
    ratio = np.where(group == 2, rng.uniform(2.3, 8, n), rng.uniform(0.9, 1.7, n))
    copies = np.where(group == 2, rng.uniform(6.5, 20, n), rng.uniform(1.6, 3.6, n))
    er_pct = np.where(hr_negative == 1, 0, rng.integers(1, 11, n) * 10)
    pr_pct = np.where((hr_negative == 1) | (rng.random(n) < 0.2), 0, rng.integers(1, 11, n) * 10)
    table = pd.DataFrame(
        {
            "sample_id": ids,
            "patient_id": np.char.add("P", np.char.lstrip(ids, "SIM-")),
            "age": rng.normal(57, 12, n).round().clip(20, 95).astype(np.int64),
            "ihc": ihc,
            "fish_ratio": np.where(by_ish, ratio.round(1).astype(str), ""),
            "fish_her2_cn": np.where(by_ish, copies.round(1).astype(str), ""),
            "er_status": np.where(er_pct > 0, "positive", "negative"),
            "pr_status": np.where(pr_pct > 0, "positive", "negative"),
            "er_pct": er_pct,
            "pr_pct": pr_pct,
            "ki67_pct": rng.integers(1, 16, n) * 5,
            "grade": np.where(rng.random(n) < 0.05, "", rng.choice(["1", "2", "3"], n, p=[0.15, 0.45, 0.4])),
            "stage": rng.choice(["I", "II", "III", "IV"], n, p=[0.3, 0.4, 0.2, 0.1]),
            "sample_type": "primary",
            "panel_id": panels,
        }
    )
    return table.astype({name: "string" for name in table if table[name].dtype == object}).replace("", pd.NA)


def _mutations(
    rng: np.random.Generator,
    ids: npt.NDArray[np.str_],
    genes: npt.NDArray[np.str_],
    sample: Integers,
    gene: Integers,
    knowledge: Panel,
) -> pd.DataFrame:
    """Give every mutation a place in its gene, alleles, a class, a protein change and reads."""
    n = len(sample)
    spans = knowledge.gene_spans("hg19").set_index("gene").loc[genes.tolist()]
    start = rng.integers(spans["start"].to_numpy()[gene], spans["end"].to_numpy()[gene]) + 1
    kinds = rng.choice(len(_CLASSES), n, p=[share for _, share in _CLASSES.values()])
    types = np.array([kind for kind, _ in _CLASSES.values()])[kinds]
    first = rng.integers(0, 4, n)
    second = (first + rng.integers(1, 4, n)) % 4
    residue, codon = rng.integers(0, len(_RESIDUES), n), rng.integers(1, 1200, n)
    depth = rng.integers(_MIN_READS, _MAX_READS, n)
    alt = np.maximum(rng.binomial(depth, rng.beta(3, 8, n)), 5)
    return pd.DataFrame(
        {
            "Hugo_Symbol": _taken(genes, gene),
            "NCBI_Build": _taken(np.array(["GRCh37"]), np.zeros(n, np.int64)),
            "Chromosome": _taken(spans["chromosome"].str.removeprefix("chr").to_numpy(dtype=str), gene),
            "Start_Position": start,
            "End_Position": start + (types == "INS"),
            "Variant_Classification": _taken(np.array(list(_CLASSES)), kinds),
            "Variant_Type": _taken(np.array([kind for kind, _ in _CLASSES.values()]), kinds),
            "Reference_Allele": _taken(np.append(_BASES, "-"), np.where(types == "INS", 4, first)),
            "Tumor_Seq_Allele2": _taken(np.append(_BASES, "-"), np.where(types == "DEL", 4, second)),
            "Tumor_Sample_Barcode": _taken(ids, sample),
            "HGVSp_Short": _protein_changes(rng, kinds, residue, codon),
            "t_depth": depth,
            "t_ref_count": depth - alt,
            "t_alt_count": alt,
        }
    )


def _taken(words: npt.NDArray[np.str_], codes: Integers) -> pd.Series:
    return pd.Series(words.tolist(), dtype="string").take(codes).reset_index(drop=True)


def _protein_changes(rng: np.random.Generator, kinds: Integers, residue: Integers, codon: Integers) -> pd.Series:
    """Return changes such as ``p.R175H`` that say the class; missing outside the coding sequence."""
    other = (residue + rng.integers(1, len(_RESIDUES), len(kinds))) % len(_RESIDUES)
    endings = {"Silent": "=", "Nonsense_Mutation": "*", "Frame_Shift_Del": "fs*12", "Frame_Shift_Ins": "fs*7",
               "Splice_Site": "_splice", "In_Frame_Del": "del"}  # fmt: skip
    words = [*_RESIDUES.tolist(), *endings.values()]
    place = {name: words.index(ending) for name, ending in endings.items()}
    code = np.array([place.get(name, -1) for name in _CLASSES])[kinds]
    ending = pd.Series(np.array(words, dtype=object)[np.where(code < 0, other, code)], dtype="string")
    first = np.where(kinds == list(_CLASSES).index("Splice_Site"), 20, residue)
    start = pd.Series(np.array([*(f"p.{r}" for r in _RESIDUES), "p.X"], dtype=object)[first], dtype="string")
    change = start + pd.Series(codon).astype("string") + ending
    return change.mask(pd.Series(kinds == list(_CLASSES).index("Intron")))


def _truth(rates: Floats, genes: npt.NDArray[np.str_]) -> pd.DataFrame:
    index = pd.MultiIndex.from_product(
        [genes.tolist(), ["positive", "negative"], HER2_GROUPS], names=["gene", "hr_status", "her2_group"]
    )
    return pd.DataFrame({"frequency": -np.expm1(-rates.ravel())}, index=index).reset_index()
