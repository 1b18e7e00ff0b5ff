"""Clusters as ``her2g cluster`` left them in a folder, for what is made of them later: the report, other figures.

The tables are those that people read; matrix, factorisation, consensus and tree, which are in none of them, stand in
``clusters.npz``, and what the rule for the rank said in ``choice.json``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial.distance import squareform

from her2genomics import schema
from her2genomics.amplicons import AMPLICONS
from her2genomics.cluster import Clusters
from her2genomics.cluster_matrix import ClusterMatrix
from her2genomics.cohort import Cohort
from her2genomics.exceptions import CohortError, FileFormatError, SchemaError
from her2genomics.io.arrays import read_arrays, write_arrays
from her2genomics.io.figures import read_svgs
from her2genomics.io.write import write_json, write_table
from her2genomics.schema.clusters import CLUSTER_ARRAYS
from her2genomics.stats.nmf import Factorisation
from her2genomics.stats.rank_selection import RankChoice
from her2genomics.workflow.stored_results import StoredResults, read_notes, stored_table, write_notes

PathLike = str | os.PathLike[str]
Arrays = dict[str, npt.NDArray[Any]]
ARRAYS_FILE, CHOICE_FILE = "clusters.npz", "choice.json"
_TABLES: dict[str, tuple[str, schema.TableSchema]] = {
    "assignments": ("assignments", schema.NMF_ASSIGNMENTS),
    "ranks": ("rank_selection", schema.NMF_RANK_SELECTION),
    "features": ("features", schema.CLUSTER_FEATURES),
    "tests": ("tests", schema.CLUSTER_TESTS),
    "contingency": ("contingency", schema.CONTINGENCY),
    "her2_table": ("her2_table", schema.CLUSTER_TABLE),
}
_OF_NO_MATRIX = {"unaltered": "no alteration", "unprofiled": "not profiled", "incomplete": "incompletely profiled"}
_IN_MATRIX = ("clustered", "no rank supported")


def store_clusters(result: Clusters, folder: PathLike, warned: tuple[str, ...] = ()) -> list[Path]:
    """Write all that `read_clusters` reads; return the files, in order.

    Raises
    ------
    FileFormatError
        If a file cannot be written.
    """
    out = Path(folder)
    written = []
    for name, (file, _) in _TABLES.items():
        written.append(out / f"{file}.tsv")
        write_table(getattr(result, name), written[-1])
    choice = result.choice
    said = {**vars(choice), "p_value": None if np.isnan(choice.p_value) else choice.p_value}
    write_json(said, out / CHOICE_FILE)
    write_arrays(_arrays(result), CLUSTER_ARRAYS, out / ARRAYS_FILE)
    return [*written, out / CHOICE_FILE, out / ARRAYS_FILE, write_notes(out, result.notes, warned)]


def _arrays(result: Clusters) -> Arrays:
    values = result.matrix.values
    arrays: Arrays = {
        "features": np.array(values.index, dtype=str),
        "samples": np.array(values.columns, dtype=str),
        "values": values.to_numpy(dtype=float),
    }
    if result.factors is not None:
        arrays |= {"basis": result.factors.basis, "coefficients": result.factors.coefficients}
        arrays["loss"] = np.array(result.factors.loss)
    if result.consensus is not None and result.tree is not None:
        arrays["consensus_samples"] = np.array(result.consensus_samples, dtype=str)
        arrays |= {"consensus": squareform(result.consensus, checks=False), "tree": result.tree}
    return arrays


def read_clusters(folder: PathLike, cohort: Cohort) -> Clusters:
    """Return the clusters of a cohort that ``her2g cluster`` left in a folder.

    Parameters
    ----------
    folder
        Folder of ``her2g cluster --out-dir``, or of the step of a run.
    cohort
        The cohort that was clustered.

    Raises
    ------
    FileFormatError, SchemaError
        If a file is not there, or not what it should be.
    CohortError
        If the clusters are of other samples or other alterations than the cohort's.
    """
    path = Path(folder)
    tables: dict[str, Any] = {name: stored_table(path, file, declared) for name, (file, declared) in _TABLES.items()}
    choice = _read_choice(path / CHOICE_FILE)
    arrays = read_arrays(path / ARRAYS_FILE, CLUSTER_ARRAYS)
    _check_shapes(arrays, choice, path / ARRAYS_FILE)
    matrix, assignments = _matrix(arrays), tables["assignments"]
    _check_cohort(matrix, assignments, cohort, path)
    left_out = {
        name: tuple(sorted(assignments.loc[assignments["status"] == status, "sample_id"]))
        for name, status in _OF_NO_MATRIX.items()
    }
    factors = consensus = None
    if "basis" in arrays:
        factors = Factorisation(arrays["basis"], arrays["coefficients"], float(arrays["loss"]))
    if "consensus" in arrays:
        consensus = squareform(arrays["consensus"], checks=False)
        np.fill_diagonal(consensus, 1.0)
    notes = read_notes(path)[0]
    return Clusters(
        **tables,
        choice=choice,
        matrix=ClusterMatrix(matrix, **left_out, notes=notes),
        factors=factors,
        consensus=consensus,
        consensus_samples=tuple(arrays["consensus_samples"].tolist()) if consensus is not None else (),
        tree=arrays.get("tree"),
        notes=notes,
    )


def with_clusters(folder: PathLike, cohort: Cohort) -> StoredResults:
    """Return stored results that are the clusters of a folder alone; see `read_clusters`."""
    clusters = read_clusters(folder, cohort)
    return StoredResults(clusters=clusters, warnings={"clusters": read_notes(folder)[1]}, figures=read_svgs(folder))


def _matrix(arrays: Arrays) -> pd.DataFrame:
    return pd.DataFrame(arrays["values"], pd.Index(arrays["features"].tolist()), pd.Index(arrays["samples"].tolist()))


def _read_choice(path: Path) -> RankChoice:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rank, candidate, reason, p_value = (content[name] for name in ("rank", "candidate", "reason", "p_value"))
        numbers = [None if k is None else int(k) for k in (rank, candidate)]
        return RankChoice(numbers[0], numbers[1], str(reason), np.nan if p_value is None else float(p_value))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError("cannot be read as the choice of a rank", path=path) from error


def _check_shapes(arrays: Arrays, choice: RankChoice, path: Path) -> None:
    """Refuse arrays that do not go together."""
    together = [("basis", "coefficients", "loss"), ("consensus_samples", "consensus", "tree")]
    for names in together:
        if 0 < sum(name in arrays for name in names) < len(names):
            raise SchemaError(f"arrays {', '.join(names)} go together, and one is missing", path=path)
    if (choice.rank is not None) != ("consensus" in arrays):
        raise SchemaError(f"a consensus and rank {choice.rank} do not go together", path=path)
    if "basis" in arrays and arrays["basis"].shape[1] != choice.rank:
        raise SchemaError(f"a basis of {arrays['basis'].shape[1]} components at rank {choice.rank}", path=path)
    if "consensus" in arrays:
        n = len(arrays["consensus_samples"])
        if arrays["consensus"].shape != (n * (n - 1) // 2,) or arrays["tree"].shape != (n - 1, 4):
            raise SchemaError(f"consensus or tree are not of {n} samples", path=path)
        if not set(arrays["consensus_samples"]) <= set(arrays["samples"]):
            raise SchemaError("the consensus has a sample that the matrix lacks", path=path)


def _check_cohort(matrix: pd.DataFrame, assignments: pd.DataFrame, cohort: Cohort, folder: Path) -> None:
    """Refuse clusters that are of another cohort."""
    hint = "make them anew: her2g cluster COHORT --out-dir DIR"
    theirs, ours = set(assignments["sample_id"]), set(cohort.sample_ids.astype(str))
    if others := sorted(theirs ^ ours):
        whose = "clusters" if others[0] in theirs else "cohort"
        raise CohortError(
            f"clusters are of other samples than the cohort's: {others[0]} is in the {whose} only"
            f" ({len(others)} such samples)", path=folder, hint=hint,
        )  # fmt: skip
    if set(matrix.columns) != set(assignments.loc[assignments["status"].isin(_IN_MATRIX), "sample_id"]):
        raise CohortError("assignments.tsv and clusters.npz are of different samples", path=folder, hint=hint)
    amplicons = {f"{name} amplification" for name in AMPLICONS["hg19"]}
    if strange := [name for name in matrix.index if name not in cohort.genes and name not in amplicons]:
        raise CohortError(
            f"{strange[0]} was clustered, and is no gene of the cohort as it was read ({len(strange)} such genes)",
            path=folder, hint="read all genes (--panel exome), or cluster the panel's: her2g cluster --genes panel",
        )  # fmt: skip
    genes = [name for name in matrix.index if name not in amplicons]
    rows = cohort.sample_ids.astype(str).get_indexer(matrix.columns)
    unknown = (matrix.loc[genes].to_numpy().T > 0) & ~cohort.altered(schema.ALTERATION_CLASSES, genes)[rows]
    if unknown.any():
        row, column = (int(places[0]) for places in unknown.nonzero())
        raise CohortError(
            f"{genes[column]} was altered when the clusters were made, and is not in the cohort",
            sample=str(matrix.columns[row]), path=folder, hint=hint,
        )  # fmt: skip
