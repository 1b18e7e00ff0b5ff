"""Gene alterations to pathway alterations, aware of what was looked at.

A pathway is **altered** in a sample when one of its profiled genes is; it is **not altered** only when at least a
stated share of those of its genes that the assays of the cohort cover was profiled in the sample and none is altered;
otherwise it is **not profiled** and the sample is missing, not wild type.  How much of the pathway the assays cover at
all stands beside it: a pathway of which a panel has two genes of forty says little about the pathway.

Hub genes (TP53, PIK3CA) belong to many pathways and carry most of their alterations; `without_genes` takes them out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import StatisticsError, UsageError

BoolMatrix = npt.NDArray[np.bool_]
IntMatrix = npt.NDArray[np.int64]

HUB_GENES: tuple[str, ...] = ("TP53", "PIK3CA")
"""Genes without which each pathway is compared a second time."""
MIN_PROFILED = 0.8
"""Least share of a pathway's covered genes that has to be profiled for a sample to count as not altered."""
_LISTED_GENES = 12


@dataclass(frozen=True)
class PathwayMatrix:
    """Pathways of samples.

    Parameters
    ----------
    names, sources
        One per pathway.
    members
        Genes of each pathway, as in the gene set.
    covered
        Of these, the genes that were profiled in at least one sample.
    sample_ids
        One per row of the matrices.
    altered
        Shape (samples, pathways): a profiled gene is altered.
    n_profiled
        Shape (samples, pathways): genes of the pathway that were profiled in the sample.
    enough
        Shape (samples, pathways): at least ``min_profiled`` of the covered genes were profiled (and there is one).
    carriers
        Per pathway, the altered covered genes of every sample as (sample, gene) positions and the genes' names.
    """

    names: tuple[str, ...]
    sources: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]
    covered: tuple[tuple[str, ...], ...]
    sample_ids: tuple[str, ...]
    altered: BoolMatrix
    n_profiled: IntMatrix
    enough: BoolMatrix
    carriers: tuple[BoolMatrix, ...]

    @property
    def known(self) -> BoolMatrix:
        """Whether the pathway has a value in the sample: altered, or enough was profiled."""
        return self.altered | self.enough

    def alterations(self) -> pd.DataFrame:
        """Return one row per sample and pathway (``pathway_alterations`` schema)."""
        parts = []
        for j, name in enumerate(self.names):
            altered = pd.array(self.altered[:, j], dtype="boolean")
            altered[~self.known[:, j]] = pd.NA
            parts.append(
                pd.DataFrame(
                    {
                        "sample_id": self.sample_ids,
                        "pathway": name,
                        "altered": altered,
                        "genes": _joined(self.carriers[j], self.covered[j]),
                        "n_genes_profiled": self.n_profiled[:, j],
                        "n_genes_covered": len(self.covered[j]),
                        "n_genes_total": len(self.members[j]),
                    }
                )
            )
        if not parts:
            return schema.empty(schema.PATHWAY_ALTERATIONS)
        return schema.conform(pd.concat(parts, ignore_index=True), schema.PATHWAY_ALTERATIONS)

    def coverage(self) -> pd.DataFrame:
        """Return one row per pathway: how much of it is covered, and which genes carry it (``pathway_coverage``)."""
        rows = [
            {
                "pathway": name,
                "source": self.sources[j],
                "n_genes_total": len(self.members[j]),
                "n_genes_covered": len(self.covered[j]),
                "share_covered": len(self.covered[j]) / len(self.members[j]),
                "n_altered": int(self.altered[:, j].sum()),
                "n_not_altered": int((self.enough[:, j] & ~self.altered[:, j]).sum()),
                "n_not_profiled": int((~self.known[:, j]).sum()),
                "genes": _counted(self.carriers[j], self.covered[j]),
                "genes_not_covered": ";".join(g for g in self.members[j] if g not in set(self.covered[j])),
            }
            for j, name in enumerate(self.names)
        ]
        return schema.conform(pd.DataFrame(rows, columns=schema.PATHWAY_COVERAGE.names), schema.PATHWAY_COVERAGE)


def choose_pathways(table: pd.DataFrame, sources: Sequence[str] = ()) -> pd.DataFrame:
    """Return the gene sets to use, one source per pathway unless several are asked for.

    Parameters
    ----------
    table
        ``pathway_genes`` schema.
    sources
        Names of sources that replace the default where a pathway has them, or ``all``. By default the source marked as
        default; where none is marked, every set.

    Returns
    -------
    DataFrame
        The chosen rows; ``pathway`` carries the source in brackets where more than one of a pathway is chosen.

    Raises
    ------
    UsageError
        If a source is not known.

    Examples
    --------
    >>> from her2genomics.panel import load_panel
    >>> chosen = choose_pathways(load_panel().pathways, ["Wood_HR"])
    >>> chosen.groupby("pathway").ngroups, set(chosen.loc[chosen["pathway"] == "HOMOLOGOUS_RECOMBINATION", "source"])
    (11, {'Wood_HR'})
    """
    unknown = [name for name in sources if name != "all" and name not in set(table["source"])]
    if unknown:
        known = ", ".join(sorted(filter(None, set(table["source"]))))
        raise UsageError(f"no gene set from {', '.join(unknown)}", hint=f"sources: {known or 'none named'}, or all")
    sets = table[["pathway", "source", "default"]].drop_duplicates()
    asked = sets["source"].isin(list(sources)) | ("all" in sources)
    marked = sets["default"].astype(bool)
    any_asked, any_marked = (flag.groupby(sets["pathway"]).transform("any") for flag in (asked, marked))
    chosen = sets[asked | (~any_asked & (marked | ~any_marked))]
    rows = table.merge(chosen[["pathway", "source"]], on=["pathway", "source"], how="inner")
    several = rows["pathway"].map(chosen["pathway"].value_counts()) > 1
    named = rows["pathway"] + " (" + rows["source"] + ")"
    return rows.assign(pathway=rows["pathway"].mask(several, named))


def without_genes(table: pd.DataFrame, genes: Collection[str]) -> pd.DataFrame:
    """Return the pathways that contain one of ``genes``, without these genes; a pathway of nothing else is gone."""
    hubs = table["gene"].isin(list(genes))
    touched = table["pathway"].isin(table.loc[hubs, "pathway"])
    return table[touched & ~hubs].reset_index(drop=True)


def score_pathways(
    altered: npt.ArrayLike,
    profiled: npt.ArrayLike,
    *,
    genes: Sequence[str],
    sample_ids: Sequence[str],
    pathway_genes: pd.DataFrame,
    min_profiled: float = MIN_PROFILED,
) -> PathwayMatrix:
    """Decide for every sample and pathway whether it is altered, not altered or not profiled.

    Parameters
    ----------
    altered, profiled
        Shape (samples, genes), bool; what is not profiled is not counted as altered.
    genes, sample_ids
        Columns and rows of the matrices.
    pathway_genes
        ``pathway_genes`` schema, one source per pathway (see `choose_pathways`).
    min_profiled
        Least share [0-1] of the covered genes that has to be profiled in a sample for it to be called not altered.

    Raises
    ------
    StatisticsError
        If the shapes differ, or the share is not between 0 and 1.

    Examples
    --------
    >>> sets = pd.DataFrame({"pathway": "P", "source": "", "gene": ["A", "B", "C", "D"]})
    >>> result = score_pathways(
    ...     [[1, 0, 0], [0, 0, 0], [0, 0, 0]], [[1, 0, 0], [1, 1, 1], [1, 1, 0]],
    ...     genes=["A", "B", "C"], sample_ids=["s1", "s2", "s3"], pathway_genes=sets)
    >>> result.alterations()[["sample_id", "altered", "genes", "n_genes_profiled"]].values.tolist()
    [['s1', True, 'A', 1], ['s2', False, '', 3], ['s3', <NA>, '', 2]]
    >>> result.coverage()[["n_genes_total", "n_genes_covered", "share_covered"]].values.tolist()
    [[4, 3, 0.75]]
    """
    looked = np.asarray(profiled, dtype=bool)
    found = np.asarray(altered, dtype=bool)
    if found.shape != looked.shape or looked.shape != (len(sample_ids), len(genes)):
        raise StatisticsError(
            f"matrices of shape {found.shape} and {looked.shape} for {len(sample_ids)} samples x {len(genes)} genes"
        )
    if not 0 < min_profiled <= 1:
        raise StatisticsError(f"the share that has to be profiled is {min_profiled:g}, not above 0 and at most 1")
    sets = {
        (str(pathway), str(source)): tuple(dict.fromkeys(rows["gene"].astype(str)))
        for (pathway, source), rows in pathway_genes.groupby(["pathway", "source"], sort=False, dropna=False)
    }
    column = {gene: j for j, gene in enumerate(genes)}
    seen: npt.NDArray[np.bool_] = np.any(looked, axis=0)
    positions = [[column[g] for g in members if g in column and seen[column[g]]] for members in sets.values()]
    shape = (len(sample_ids), len(sets))
    carriers = tuple(found[:, p] & looked[:, p] for p in positions)
    n_profiled = np.array([looked[:, p].sum(axis=1) for p in positions], dtype=np.int64).reshape(shape[::-1]).T
    n_covered = np.array([len(p) for p in positions], dtype=np.int64)
    least = np.ceil(min_profiled * n_covered - 1e-9)
    return PathwayMatrix(
        names=tuple(name for name, _ in sets),
        sources=tuple(source for _, source in sets),
        members=tuple(sets.values()),
        covered=tuple(tuple(genes[j] for j in p) for p in positions),
        sample_ids=tuple(sample_ids),
        altered=np.array([c.any(axis=1) for c in carriers], dtype=bool).reshape(shape[::-1]).T,
        n_profiled=n_profiled,
        enough=(n_profiled >= least) & (n_covered > 0),
        carriers=carriers,
    )


def _joined(carriers: BoolMatrix, genes: Sequence[str]) -> list[str]:
    """Return the altered genes of each sample as text."""
    listed: list[list[str]] = [[] for _ in range(len(carriers))]
    for i, j in zip(*np.nonzero(carriers), strict=True):
        listed[i].append(genes[j])
    return [";".join(names) for names in listed]


def _counted(carriers: BoolMatrix, genes: Sequence[str]) -> str:
    counts = carriers.sum(axis=0)
    order = [j for j in np.argsort(-counts, kind="stable") if counts[j]]
    return ";".join(f"{genes[j]} {counts[j]}" for j in order[:_LISTED_GENES])
