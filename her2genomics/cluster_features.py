"""What characterises clusters, without testing a feature for the clusters that it made.

On data without clusters about a third of such tests are "significant", because the clusters were drawn along these
features.  So the features of the matrix, and the pathways of its genes, get effect sizes and no p-value; p-values are
for variables that were no input: HER2, hormone receptors, subtype, clinical columns, and genes that were held out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import category_text, describe_variables, level_order
from her2genomics.cohort import Cohort
from her2genomics.comparison.exact_table import exact_table
from her2genomics.stats.continuous import kruskal_wallis
from her2genomics.stats.multiple_testing import benjamini_hochberg
from her2genomics.stats.nmf import Factorisation
from her2genomics.stats.nmf_features import basis_features, feature_scores

DESCRIPTIVE = "descriptive: the feature made the clusters, so it cannot be tested for them"
CLUSTER = "cluster"
PRINTED = ("her2_group", "hr_status", "subtype")
"""Variables that studies print by cluster."""


def describe_features(
    values: pd.DataFrame,
    clusters: pd.Series,
    factors: Factorisation | None,
    component_of: dict[str, int],
    pathways: pd.DataFrame,
) -> pd.DataFrame:
    """Return each feature and pathway in each cluster against the others, by falling difference.

    Parameters
    ----------
    values
        Features x samples.
    clusters
        Cluster name of each column of ``values``.
    factors
        The factorisation behind the clusters, or None.
    component_of
        Cluster name to the component of the factorisation.
    pathways
        ``pathway, gene``; pathways with fewer than two genes in the matrix are left out.
    """
    altered = values.to_numpy() > 0
    parts = [_contrast(altered, values.index, clusters, "feature")]
    in_matrix = pathways[pathways["gene"].isin(values.index)].groupby("pathway")["gene"].agg(lambda g: sorted(set(g)))
    in_matrix = in_matrix[in_matrix.map(len) > 1]
    if len(in_matrix):
        rows = np.array([altered[values.index.isin(genes)].any(axis=0) for genes in in_matrix])
        parts.append(_contrast(rows, in_matrix.index, clusters, "pathway"))
    table = pd.concat(parts, ignore_index=True)
    if factors is not None:
        table = table.merge(
            _basis_columns(values.index, factors, component_of), on=["cluster", "family", "feature"], how="left"
        )
    table["note"] = DESCRIPTIVE
    table = table.sort_values(["cluster", "family", "difference", "feature"], ascending=[True, True, False, True])
    return schema.conform(table.reset_index(drop=True), schema.CLUSTER_FEATURES)


def _contrast(altered: npt.NDArray[np.bool_], names: pd.Index, clusters: pd.Series, family: str) -> pd.DataFrame:
    parts = []
    for cluster in sorted(clusters.unique()):
        inside = (clusters == cluster).to_numpy(dtype=bool)
        a, b = altered[:, inside].sum(axis=1), altered[:, ~inside].sum(axis=1)
        n, m = int(inside.sum()), int((~inside).sum())
        part = pd.DataFrame({"cluster": cluster, "family": family, "feature": names, "altered_in": a, "n_in": n})
        part["altered_out"], part["n_out"] = b, m
        part["freq_in"], part["freq_out"] = a / n, b / m if m else np.nan
        part["difference"] = part["freq_in"] - part["freq_out"]
        part["odds_ratio"] = (a + 0.5) * (m - b + 0.5) / ((n - a + 0.5) * (b + 0.5))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _basis_columns(names: pd.Index, factors: Factorisation, component_of: dict[str, int]) -> pd.DataFrame:
    scores, chosen = feature_scores(factors.basis), basis_features(factors.basis)
    parts = [
        pd.DataFrame(
            {
                "cluster": cluster, "family": "feature", "feature": names, "weight": factors.basis[:, component],
                "score": scores, "basis_feature": chosen == component,
            }
        )
        for cluster, component in component_of.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def compare_clusters(
    cohort: Cohort, clusters: pd.Series, held_out: Sequence[str], classes: Sequence[str], erbb2_held_out: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return tests of variables that were no input, and the counts behind the categorical ones.

    Parameters
    ----------
    cohort
        Cohort.
    clusters
        Cluster per row of the cohort's samples, missing where there is none.
    held_out
        Genes that were kept out of the matrix.
    classes
        Classes that make such a gene altered.
    erbb2_held_out
        Whether ERBB2 amplification was no input, and is tested.
    """
    samples = cohort.samples.assign(**{CLUSTER: clusters.to_numpy()})
    rows, counts = [], []
    for variable in describe_variables(samples, CLUSTER):
        values = samples[variable.name]
        if variable.kind == "numeric":
            rows.append(_rank_row(pd.to_numeric(values, errors="coerce"), clusters, variable.name))
        elif variable.kind in ("binary", "categorical"):
            row, table = _table_row(category_text(values), clusters, "clinical", variable.name)
            rows.append(row)
            counts.append(table)
    for name, values in _held_out_features(cohort, held_out, classes, erbb2_held_out):
        row, table = _table_row(values, clusters, "held out", name)
        rows.append(row)
        counts.append(table)
    tests = schema.conform(pd.DataFrame(rows), schema.CLUSTER_TESTS) if rows else schema.empty(schema.CLUSTER_TESTS)
    tests["q_value"] = benjamini_hochberg(tests["p_value"].to_numpy(dtype=float, na_value=np.nan))
    tests["q_value"] = tests["q_value"].where(tests["p_value"].notna())
    columns = schema.CONTINGENCY
    contingency = pd.concat(counts, ignore_index=True) if counts else schema.empty(columns)
    tests = tests.sort_values(["p_value", "variable"], kind="stable", na_position="last").reset_index(drop=True)
    return schema.conform(tests, schema.CLUSTER_TESTS), schema.conform(contingency, columns)


def _rank_row(values: pd.Series, clusters: pd.Series, name: str) -> dict[str, object]:
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    names = clusters.fillna("").to_numpy(dtype=object)
    groups = [numbers[(names == c) & np.isfinite(numbers)] for c in sorted(clusters.dropna().unique())]
    groups = [group for group in groups if len(group)]
    n = sum(map(len, groups))
    testable = len(groups) > 1 and len(np.unique(np.concatenate(groups))) > 1
    p = kruskal_wallis(groups).p_value if testable else None
    return {"family": "clinical", "variable": name, "test": "Kruskal-Wallis", "n": n, "p_value": p}


def _table_row(
    values: pd.Series, clusters: pd.Series, family: str, name: str
) -> tuple[dict[str, object], pd.DataFrame]:
    both = (values.notna().to_numpy()) & (clusters.notna().to_numpy())
    table = pd.crosstab(clusters.to_numpy(dtype=object)[both], values.to_numpy(dtype=object)[both])
    p, test = exact_table(table.to_numpy()) if table.size else (None, "Fisher-Freeman-Halton exact")
    counts = table.rename_axis(index="group").reset_index().melt("group", var_name="level", value_name="n")
    row = {"family": family, "variable": name, "test": test, "n": int(both.sum()), "p_value": p}
    return row, counts.assign(family=family, feature=name)


def _held_out_features(
    cohort: Cohort, genes: Sequence[str], classes: Sequence[str], erbb2: bool
) -> list[tuple[str, pd.Series]]:
    found = [(gene, gene, tuple(classes)) for gene in genes if gene in cohort.genes]
    if erbb2 and "ERBB2" in cohort.genes:
        found.append(("ERBB2 amplification", "ERBB2", ("amplification",)))
    features = []
    for name, gene, counted in found:
        column = cohort.genes.index(gene)
        text = pd.Series(np.where(cohort.altered(counted)[:, column], "altered", "not altered"), dtype="string")
        features.append((name, text.where(cohort.profiled[:, column])))
    return features


def cross_table(tests: pd.DataFrame, contingency: pd.DataFrame) -> pd.DataFrame:
    """Return HER2 group, hormone receptors and subtype by cluster, with the test of each.

    Parameters
    ----------
    tests, contingency
        As from `compare_clusters`; samples without a cluster or a value are in neither.

    Returns
    -------
    pandas.DataFrame
        ``cluster_table`` schema; empty where none of the variables was tested.
    """
    found = tests[tests["variable"].isin(PRINTED) & (tests["family"] == "clinical")]
    counts = contingency[contingency["feature"].isin(found["variable"]) & (contingency["family"] == "clinical")]
    table = counts.rename(columns={"feature": "variable", "group": "cluster"})
    for name, keys in (("level", ["variable", "level"]), ("cluster", ["variable", "cluster"])):
        table[f"n_{name}"] = table.groupby(keys)["n"].transform("sum")
        table[f"frac_of_{name}"] = table["n"].astype(float) / table[f"n_{name}"].astype(float).where(lambda x: x > 0)
    table = table.merge(found[["variable", "test", "p_value", "q_value"]], on="variable")
    order = [table["variable"].map(PRINTED.index), table["cluster"].map(level_order), table["level"].map(_level_key)]
    rows = sorted(range(len(table)), key=lambda i: tuple(key.iloc[i] for key in order))
    return schema.conform(table.iloc[rows].reset_index(drop=True), schema.CLUSTER_TABLE)


def _level_key(level: str) -> tuple[int, tuple[int, float, str]]:
    tiers = schema.HER2_TIERS
    return (tiers.index(level) if level in tiers else len(tiers), level_order(level))


def print_cross_table(table: pd.DataFrame) -> list[str]:
    r"""Return the lines of `cross_table`: clusters below each other, n and the share of each level in the cluster.

    Examples
    --------
    >>> counts = pd.DataFrame({"stratum": "all", "family": "clinical", "feature": "her2_group",
    ...     "group": ["1", "1", "2", "2"], "level": ["HER2-low", "HER2-zero"] * 2, "n": [6, 2, 4, 8]})
    >>> tests = pd.DataFrame({"family": ["clinical"], "variable": "her2_group", "test": "Fisher exact", "n": 20,
    ...     "p_value": 0.17, "q_value": 0.17})
    >>> print("\n".join(print_cross_table(cross_table(tests, counts))))
    her2_group by cluster, n (% of the column): Fisher exact p 0.17, q 0.17
      cluster  HER2-zero (n = 10)  HER2-low (n = 10)
      1        2 (20.0%)           6 (60.0%)
      2        8 (80.0%)           4 (40.0%)
    """
    lines = []
    for variable, rows in table.groupby("variable", sort=False):
        test, p, q = rows[["test", "p_value", "q_value"]].iloc[0]
        figures = "not testable" if pd.isna(p) else f"{test} p {p:.2g}, q {q:.2g}"
        lines.append(f"{variable} by cluster, n (% of the column): {figures}")
        sizes = rows.drop_duplicates("level").set_index("level")["n_level"]
        grid = [["cluster", *(f"{level} (n = {n})" for level, n in sizes.items())]]
        for cluster, part in rows.groupby("cluster", sort=False):
            counts = part.set_index("level")["n"].reindex(sizes.index).tolist()
            grid.append([str(cluster), *(f"{x} ({x / n:.1%})" for x, n in zip(counts, sizes, strict=True))])
        widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
        lines += ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in grid]
    return lines
