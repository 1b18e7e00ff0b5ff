"""A simulated study of sequenced samples: reduced panel, planted copies, calls, burden, clinical data and outcome.

Groups, receptors and mutations come from `simulate_cohort`, places and reads of the calls from `simulate_variants`;
here HER2-positive tumours get their ERBB2 amplification (with the copies that ISH counted, where it did), other genes
theirs, and patients a follow-up and a response that depend on group and receptors by stated factors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from her2genomics.exceptions import UsageError
from her2genomics.her2 import classify_her2
from her2genomics.panel import Panel
from her2genomics.schema import HER2_GROUPS
from her2genomics.simulate_cohort import FREQUENT_GENES, CohortSettings, simulate_cohort
from her2genomics.simulate_variants import COUNTED, plant_variants, variant_sites

PANEL_NAME = "SIM-PANEL"
COPY_NUMBER_GENES = ("ERBB2", "MDM2", "CCND1", "FGFR1", "PTEN")
"""Genes with planted copies, in every simulated panel."""

HAZARD_FACTORS = {"HER2-zero": 1.0, "HER2-low": 0.8, "HER2-positive": 1.7, "HR-negative": 1.6}
"""Factors of the hazard of a relapse or death, those of group and HR status multiplied."""
MONTHLY_HAZARD = {"dfs": 0.010, "os": 0.005}
RESPONSE_RATES = {"HER2-zero": 0.2, "HER2-low": 0.15, "HER2-positive": 0.5}
"""Probability of a pathological complete response after neoadjuvant treatment."""

_OTHER_EVENTS = {"MDM2": (0.15, 6, 10), "CCND1": (0.12, 6, 12), "FGFR1": (0.10, 6, 12), "PTEN": (0.08, 0, 0)}
_MIN_TARGETS, _MAX_TARGETS, _MAX_TARGET_BP, _MAX_GENE_BP = 4, 8, 900, 1600
_PURITY = (0.45, 0.9)
_FOLLOW_UP = (24.0, 96.0)
_NEOADJUVANT = 0.5
_STREAM_COPIES, _STREAM_OUTCOME, _STREAM_VARIANTS = 11, 12, 13


@dataclass(frozen=True)
class StudySettings:
    """What is simulated.

    Parameters
    ----------
    samples, normals
        Numbers of tumours (one per patient) and of unmatched normals.
    genes
        Genes of the reduced panel.
    build
        Genome build.
    depth
        Typical depth of the BAM files [x].
    seed
        Seed of everything.

    Raises
    ------
    UsageError
        If a number cannot be.
    """

    samples: int = 24
    normals: int = 8
    genes: int = 40
    build: str = "hg19"
    depth: float = 60.0
    seed: int = 123456

    def __post_init__(self) -> None:
        if self.samples < 1 or self.normals < 0 or self.depth <= 0:
            raise UsageError("a simulated study has at least one sample, no negative normals, and a positive depth")
        if self.genes < len(COPY_NUMBER_GENES):
            raise UsageError(f"the panel has at least the {len(COPY_NUMBER_GENES)} genes with planted copies")


@dataclass(frozen=True)
class StudyPlan:
    """Tables of what is planted.

    Parameters
    ----------
    clinical
        One row per tumour, as a clinical table has it.
    samples
        ``sample_id, her2_group, hr_status, purity, n_counted, denominator_mb, tmb`` [mutations per Mb].
    copies
        ``sample_id, gene, copies`` in the tumour cells, where they are not two.
    variants
        See `simulate_variants.plant_variants`.
    gene_frequencies
        ``gene, hr_status, her2_group, frequency`` that mutations were drawn with [0-1].
    """

    clinical: pd.DataFrame
    samples: pd.DataFrame
    copies: pd.DataFrame
    variants: pd.DataFrame
    gene_frequencies: pd.DataFrame


def reduced_targets(panel: Panel, settings: StudySettings) -> pd.DataFrame:
    """Return coding targets of some genes of a panel: the first 1,600 bp of each, at most eight of at most 900 bp.

    The frequent genes of breast cancer come first, then those with most targets left.

    Raises
    ------
    UsageError
        If the panel has too few genes with enough targets.
    """
    targets = panel.targets(settings.build)
    own = targets[targets["name"].str.contains("|CDS|", regex=False)]
    own = own[(own["end"] - own["start"]) <= _MAX_TARGET_BP]
    size = own.groupby("gene", sort=False).size()
    first = [gene for gene in dict.fromkeys((*COPY_NUMBER_GENES, *FREQUENT_GENES)) if gene in size.index]
    enough = size[size >= _MIN_TARGETS].sort_values(ascending=False, kind="stable").index
    genes = list(dict.fromkeys((*first, *enough)))[: settings.genes]
    if len(genes) < settings.genes:
        raise UsageError(f"the panel has {len(genes)} genes with enough targets, not {settings.genes}")
    chosen = own[own["gene"].isin(genes)].groupby("gene", sort=False).head(_MAX_TARGETS)
    so_far = (chosen["end"] - chosen["start"]).groupby(chosen["gene"]).cumsum()
    return chosen[so_far <= _MAX_GENE_BP].reset_index(drop=True)


def plan_study(panel: Panel, settings: StudySettings) -> StudyPlan:
    """Draw a study over a (reduced) panel.

    Parameters
    ----------
    panel
        Panel whose genes are sequenced, with its exons and hotspots.
    settings
        Sizes and seed.
    """
    cohort = simulate_cohort(
        CohortSettings(samples=settings.samples, panels={panel.id: (1.0, 1.0)}, seed=settings.seed), panel
    )
    truth = _truth(cohort.clinical, settings)
    events = cohort.mutations.rename(
        columns={
            "Tumor_Sample_Barcode": "sample_id",
            "Hugo_Symbol": "gene",
            "Variant_Classification": "classification",
        }
    )
    sites = variant_sites(panel.targets(settings.build), panel.exons(settings.build), panel.hotspots)
    seed = int(np.random.default_rng([settings.seed, _STREAM_VARIANTS]).integers(1 << 31))
    variants = plant_variants(events, truth.set_index("sample_id")["purity"], sites, seed=seed)
    counted = variants[variants["planted"] == COUNTED].groupby("sample_id").size()
    truth["n_counted"] = truth["sample_id"].map(counted).fillna(0).astype("int64")
    truth["denominator_mb"] = panel.coding_bed_mb(settings.build)
    truth["tmb"] = truth["n_counted"] / truth["denominator_mb"]
    copies = _copies(cohort.clinical, truth, settings)
    clinical = _clinical(cohort.clinical, truth, settings)
    return StudyPlan(clinical, truth, copies, variants, cohort.truth)


def _truth(clinical: pd.DataFrame, settings: StudySettings) -> pd.DataFrame:
    rng = np.random.default_rng([settings.seed, _STREAM_COPIES])
    return pd.DataFrame(
        {
            "sample_id": clinical["sample_id"],
            "her2_group": classify_her2(clinical)["her2_group"].astype("string"),
            "hr_status": clinical["er_status"],
            "purity": rng.uniform(*_PURITY, len(clinical)).round(2),
        }
    )


def _copies(clinical: pd.DataFrame, truth: pd.DataFrame, settings: StudySettings) -> pd.DataFrame:
    """Return the planted copies: ERBB2 in every HER2-positive tumour, the others by their share."""
    rng = np.random.default_rng([settings.seed, _STREAM_COPIES, 1])
    rows: list[dict[str, Any]] = []
    counted = pd.to_numeric(clinical["fish_her2_cn"], errors="coerce")
    for sample, group, ish in zip(truth["sample_id"], truth["her2_group"], counted, strict=True):
        drawn = {gene: (rng.random(), rng.uniform(low, high)) for gene, (_, low, high) in _OTHER_EVENTS.items()}
        erbb2 = round(float(rng.uniform(7, 20)), 1)
        if group == HER2_GROUPS[2]:
            rows.append({"sample_id": sample, "gene": "ERBB2", "copies": erbb2 if pd.isna(ish) else float(ish)})
        rows += [
            {"sample_id": sample, "gene": gene, "copies": round(float(copies), 1)}
            for gene, (draw, copies) in drawn.items()
            if draw < _OTHER_EVENTS[gene][0]
        ]
    return pd.DataFrame(rows, columns=["sample_id", "gene", "copies"]).astype({"copies": "float64"})


def _clinical(clinical: pd.DataFrame, truth: pd.DataFrame, settings: StudySettings) -> pd.DataFrame:
    """Return the clinical table with purity, treatment, response and follow-up; the panel column is left out."""
    rng = np.random.default_rng([settings.seed, _STREAM_OUTCOME])
    n = len(clinical)
    factor = truth["her2_group"].map(HAZARD_FACTORS).to_numpy(dtype=float)
    factor = factor * np.where(truth["hr_status"] == "negative", HAZARD_FACTORS["HR-negative"], 1.0)
    relapse = rng.exponential(1 / (MONTHLY_HAZARD["dfs"] * factor))
    death = relapse + rng.exponential(1 / (MONTHLY_HAZARD["os"] * factor))
    end = rng.uniform(*_FOLLOW_UP, n)
    treated = rng.random(n) < _NEOADJUVANT
    response = rng.random(n) < truth["her2_group"].map(RESPONSE_RATES).to_numpy(dtype=float)
    return clinical.drop(columns="panel_id").assign(
        purity=truth["purity"],
        neoadjuvant=treated.astype(int),
        pcr=pd.Series(response.astype(int), dtype="Int64").where(pd.Series(treated)),
        dfs_months=np.minimum(relapse, end).round(1),
        dfs_event=(relapse <= end).astype(int),
        os_months=np.minimum(death, end).round(1),
        os_event=(death <= end).astype(int),
    )


def outcome_effects() -> pd.DataFrame:
    """Return what outcome and response were drawn with: ``outcome, term, quantity, value``.

    A relapse comes after an exponential time, a death another exponential time after it.
    """
    rows = [(f"{name}", "baseline", "monthly hazard", value) for name, value in MONTHLY_HAZARD.items()]
    rows += [("dfs, os", term, "hazard factor", value) for term, value in HAZARD_FACTORS.items()]
    rows += [("pcr", term, "probability", value) for term, value in RESPONSE_RATES.items()]
    return pd.DataFrame(rows, columns=["outcome", "term", "quantity", "value"])
