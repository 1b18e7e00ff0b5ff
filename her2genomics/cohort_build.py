"""Joining what a study has into one cohort: clinical table, mutations, copy number, fusions, burden, follow-up.

This is the only join of the package.  It goes in one direction: one row per sample of the clinical table; every other
table is brought to those samples by a stated rule for identifiers, and what does not fit is counted, with the reason.
The mask of what was looked at is made here too, because a MAF does not list who was sequenced.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.classify import add_status
from her2genomics.cohort import ATTRITION_COLUMNS, BoolMatrix, Cohort, positions_in
from her2genomics.consequences import alteration_classes
from her2genomics.copynumber import add_erbb2, copy_number_alterations
from her2genomics.exceptions import CohortError, DataWarning, SchemaError
from her2genomics.gene_columns import usable_aliases
from her2genomics.her2 import Her2Rule
from her2genomics.inclusion import InclusionRule, apply_rules
from her2genomics.io.clinical import check_clinical
from her2genomics.io.maf import repeats
from her2genomics.io.tcga import is_tcga_barcode, tcga_sample, tcga_sample_type
from her2genomics.panel import DEFAULT_PANEL, EXOME, Panel, load_panel
from her2genomics.receptors import SubtypeRule
from her2genomics.specimens import SpecimenPolicy, choose_specimen


@dataclass(frozen=True)
class MolecularTables:
    """What was found in the tumours; any may be absent.

    Parameters
    ----------
    mutations
        ``mutations`` table (MAF names).
    alterations
        Long ``alterations`` table that is already in classes.
    fusions
        ``alterations`` rows of class ``fusion``.
    gene_cna
        ``gene_cna`` table; a gene without a row was not measured.
    tmb
        ``tmb`` table, or any table with ``sample_id`` and ``tmb``.
    listed
        Samples that the sequencing tables mention at all, rows that alter nothing included: who stands in a table was
        sequenced.
    """

    mutations: pd.DataFrame | None = None
    alterations: pd.DataFrame | None = None
    fusions: pd.DataFrame | None = None
    gene_cna: pd.DataFrame | None = None
    tmb: pd.DataFrame | None = None
    listed: Collection[str] = ()

    def sequenced(self, samples: pd.DataFrame) -> frozenset[str]:
        """Return the cohort's samples that a sequencing table mentions."""
        columns = [] if self.mutations is None else [self.mutations["Tumor_Sample_Barcode"]]
        columns += [t["sample_id"] for t in (self.alterations, self.fusions) if t is not None]
        names = dict.fromkeys([*self.listed, *(name for column in columns for name in column.dropna().unique())])
        return frozenset(resolve_samples(pd.Series(list(names), dtype="string"), samples).dropna())


@dataclass(frozen=True)
class _Assay:
    """One way of looking: who and what it profiled, and what it found."""

    name: str
    profiled: BoolMatrix
    found: pd.DataFrame


class _Attrition:
    """What was dropped, in order."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, int, int, int, str]] = []

    def add(self, step: str, rule: str, before: int, after: int, detail: str = "") -> None:
        self.rows.append((step, rule, before, before - after, after, detail))

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows, columns=ATTRITION_COLUMNS)


def build_cohort(
    clinical: pd.DataFrame,
    molecular: MolecularTables | None = None,
    *,
    followup: pd.DataFrame | None = None,
    panel: Panel | str = DEFAULT_PANEL,
    profiled: Collection[str] | None = None,
    gene_panel_matrix: pd.DataFrame | None = None,
    her2_rule: Her2Rule = "ascocap2018",
    subtype_rule: SubtypeRule = "zhang2022",
    specimen: SpecimenPolicy = "primary",
    rules: Sequence[InclusionRule] = (),
    source: str | None = None,
) -> Cohort:
    """Join the tables of a study into a cohort.

    Parameters
    ----------
    clinical
        One row per sample (``clinical`` schema; more columns are kept).
    molecular
        Mutations, alterations, fusions, copy number, burden.
    followup
        Per patient: ``patient_id`` and any of ``os_months, os_event, dfs_months, dfs_event``; goes before the clinical
        table's own.
    panel
        Assay of the mutations where nothing else says it: a panel, its name, or ``exome`` for every gene.
    profiled
        Samples that were sequenced. Without it, without a ``panel_id`` column and without ``gene_panel_matrix``, only
        samples with a row in the mutation tables are known to have been sequenced; the others are missing, with a
        warning.
    gene_panel_matrix
        ``sample_id, mutations, cna``: which panel profiled the sample for what.
    her2_rule
        ``ascocap2018`` or ``zhang2022``; a column ``her2_group`` in ``clinical`` goes before it.
    subtype_rule
        Rule of the surrogate subtype.
    specimen
        Which sample of a patient with several is kept: ``primary``, ``latest``, ``highest``, or ``all``.
    rules
        Inclusion rules, applied last.
    source
        Name of the clinical file for messages.

    Returns
    -------
    Cohort
        With the attrition of every step.

    Raises
    ------
    SchemaError
        If a table lacks a column or breaks its declaration.
    CohortError
        If no sample of a molecular table is in the clinical table.
    PanelError
        If a panel that is named does not exist.
    """
    attrition = _Attrition()
    molecular = molecular or MolecularTables()
    knowledge = load_panel() if isinstance(panel, str) and panel == EXOME else _as_panel(panel)
    panel_id = panel if isinstance(panel, str) else panel.id
    samples = check_clinical(clinical, source=source).reset_index(drop=True)
    if followup is not None:
        samples = _add_followup(samples, followup, attrition)
    samples = add_status(samples, her2_rule=her2_rule, subtype_rule=subtype_rule, source=source)
    samples = _one_per_patient(samples, specimen, attrition)
    found = _sequenced_alterations(molecular, samples, knowledge, attrition)
    cna = _on_samples(molecular.gene_cna, "sample_id", samples, "copy number", attrition)
    if cna is not None:
        cna = cna.assign(gene=_current(cna["gene"], knowledge)).drop_duplicates(["sample_id", "gene"])
        samples = add_erbb2(samples, cna)
    if molecular.tmb is not None:
        samples = _add_tmb(samples, molecular.tmb, attrition)
    matrix = _panel_matrix(samples, None if found is None else molecular, panel_id, profiled, gene_panel_matrix)
    assays, genes = _assays(samples, found, cna, matrix, knowledge)
    cohort = _assemble(samples, genes, assays, matrix, attrition)
    if rules:
        keep, dropped = apply_rules(cohort.samples, rules)
        for row in dropped.to_dict("records"):
            attrition.add("inclusion", row["rule"], row["n_before"], row["n_after"], row["detail"])
        cohort = cohort.select(keep)
    return replace(cohort, attrition=attrition.table())


def resolve_samples(ids: pd.Series, samples: pd.DataFrame) -> pd.Series:
    """Return the cohort's sample for each identifier of another table, missing where there is none.

    In this order: the same ``sample_id``; a TCGA barcode's first 15 characters; the ``patient_id`` of a patient with
    one sample. An identifier that fits none is not guessed.
    """
    codes, distinct = pd.factorize(ids)
    names = pd.Series(distinct, dtype="string")
    unknown = pd.Index(samples["sample_id"]).get_indexer(pd.Index(names)) < 0
    if not unknown.any():
        return ids.astype("string")
    names[unknown] = pd.array(_resolved(names[unknown].tolist(), samples), dtype="string")
    found = names.reindex(codes)  # missing where there is no identifier, -1
    return pd.Series(found.array, index=ids.index, name=ids.name)


def _resolved(names: Sequence[str], samples: pd.DataFrame) -> list[str | None]:
    """Return the sample of each name that is no ``sample_id`` itself, None where there is none."""
    known = set(samples["sample_id"])
    by_patient: dict[str, str] = {}
    if "patient_id" in samples:
        single = samples[~samples["patient_id"].duplicated(keep=False) & samples["patient_id"].notna()]
        by_patient = dict(zip(single["patient_id"], single["sample_id"], strict=True))

    def resolve(name: str) -> str | None:
        if is_tcga_barcode(name) and len(name) > 12:
            short = tcga_sample(name)
            return short if short in known else None
        return by_patient.get(name)

    return [resolve(name) for name in names]


def _as_panel(panel: Panel | str) -> Panel:
    return load_panel(panel) if isinstance(panel, str) else panel


def _add_followup(samples: pd.DataFrame, followup: pd.DataFrame, attrition: _Attrition) -> pd.DataFrame:
    if "patient_id" not in samples:
        raise SchemaError("follow-up is per patient, and the clinical table has no patient_id")
    rows = followup.drop_duplicates("patient_id").set_index("patient_id")
    inside = samples["patient_id"].isin(rows.index)
    attrition.add(
        "follow-up", "patient in the clinical table", len(rows), int(rows.index.isin(samples["patient_id"]).sum())
    )
    merged = samples.copy()
    for name in rows.columns:
        values = samples["patient_id"].map(rows[name])
        merged[name] = values.where(inside & values.notna(), samples[name]) if name in samples else values
    return check_clinical(merged)


def _one_per_patient(samples: pd.DataFrame, policy: SpecimenPolicy, attrition: _Attrition) -> pd.DataFrame:
    choice = choose_specimen(samples, policy)
    if len(choice.dropped):
        ids = choice.dropped["sample_id"].astype(str)
        detail = ", ".join(ids.head(5)) + (" ..." if len(ids) > 5 else "")
        attrition.add("samples", f"one specimen per patient ({policy})", len(samples), len(choice.kept), detail)
    return choice.kept.reset_index(drop=True)


def _on_samples(
    table: pd.DataFrame | None, column: str, samples: pd.DataFrame, step: str, attrition: _Attrition
) -> pd.DataFrame | None:
    """Return the rows of the cohort's samples, their ``column`` replaced by the cohort's identifier."""
    if table is None:
        return None
    resolved = resolve_samples(table[column], samples)
    ids = table[column].drop_duplicates()
    matched = resolve_samples(ids, samples)
    for reason, names in _unmatched(ids[matched.isna()]).items():
        listed = ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")
        attrition.add(f"{step}: samples", reason, len(ids), len(ids) - len(names), listed)
        ids = ids[~ids.isin(names)]
    if matched.notna().sum() == 0:
        raise CohortError(
            f"no sample of the {step} table is in the clinical table (it has {table[column].iloc[0]}, the "
            f"clinical table has {samples['sample_id'].iloc[0]})",
            hint="her2g check FILE shows what each file holds",
        )
    aliquots = pd.DataFrame({"sample": matched[matched.notna()], "id": ids[matched.notna()]})
    first = aliquots.sort_values("id").drop_duplicates("sample")
    if step == "copy number" and len(first) < len(aliquots):
        attrition.add(f"{step}: samples", "second aliquot of a sample", len(aliquots), len(first))
        resolved = resolved.where(table[column].isin(first["id"]))
    return _kept(table.assign(**{column: resolved}), resolved.notna()).reset_index(drop=True)


def _kept(table: pd.DataFrame, keep: pd.Series) -> pd.DataFrame:
    """Return the rows to keep; a large table is not copied where these are all."""
    return table if keep.all() else table[keep]


def _unmatched(ids: pd.Series) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for name in ids.astype(str):
        kind = tcga_sample_type(name) if is_tcga_barcode(name) else None
        reason = f"{kind} sample" if kind in ("normal", "metastasis", "recurrence") else "not in the clinical table"
        reasons.setdefault(reason, []).append(name)
    return reasons


def _current(symbols: pd.Series, knowledge: Panel) -> pd.Series:
    """Return current gene symbols; what was mapped is said once per table."""
    mapping = usable_aliases(symbols.dropna().unique(), knowledge)
    if mapping:
        listed = ", ".join(f"{old}->{new}" for old, new in sorted(mapping.items())[:8])
        more = f" and {len(mapping) - 8} more" if len(mapping) > 8 else ""
        warnings.warn(f"old gene symbols mapped: {listed}{more}", DataWarning, stacklevel=4)
    return symbols.replace(mapping) if mapping else symbols


def _sequenced_alterations(
    molecular: MolecularTables, samples: pd.DataFrame, knowledge: Panel, attrition: _Attrition
) -> pd.DataFrame | None:
    """Return the alterations that sequencing found (mutations, long table, fusions), on the cohort's samples."""
    parts = []
    if molecular.mutations is not None:
        maf = _on_samples(molecular.mutations, "Tumor_Sample_Barcode", samples, "mutations", attrition)
        parts.append(_from_mutations(maf, attrition))
    for step, table in (("alterations", molecular.alterations), ("fusions", molecular.fusions)):
        rows = _on_samples(table, "sample_id", samples, step, attrition)
        if rows is not None:
            parts.append(schema.check(rows, schema.ALTERATIONS)[schema.ALTERATIONS.names])
    if not parts:
        return None
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(gene=_current(rows["gene"], knowledge))


def _from_mutations(maf: pd.DataFrame | None, attrition: _Attrition) -> pd.DataFrame:
    assert maf is not None
    position = [
        "Tumor_Sample_Barcode",
        "Hugo_Symbol",
        "Chromosome",
        "Start_Position",
        "Reference_Allele",
        "Tumor_Seq_Allele2",
    ]
    used = [*position, "Variant_Classification", *(name for name in ("HGVSp_Short", "t_vaf") if name in maf)]
    maf = maf[used]
    repeated = repeats(maf, position) & maf["Start_Position"].notna()
    attrition.add("mutations", "repeated variant of a sample", len(maf), int((~repeated).sum()))
    maf = _kept(maf, ~repeated)
    classes = alteration_classes(maf)
    silent = classes.isna()
    kinds = maf.loc[silent, "Variant_Classification"].value_counts().head(4)
    detail = ", ".join(f"{name} {n}" for name, n in kinds.items())
    attrition.add("mutations", "silent or outside the coding sequence", len(maf), int((~silent).sum()), detail)
    maf = _kept(maf, ~silent)
    table = pd.DataFrame(
        {
            "sample_id": maf["Tumor_Sample_Barcode"],
            "gene": maf["Hugo_Symbol"],
            "alteration": classes[~silent],
            "detail": maf.get("HGVSp_Short"),
            "vaf": maf.get("t_vaf"),
        }
    )
    return schema.conform(table, schema.ALTERATIONS).reset_index(drop=True)


def _add_tmb(samples: pd.DataFrame, tmb: pd.DataFrame, attrition: _Attrition) -> pd.DataFrame:
    missing = [c for c in ("sample_id", "tmb") if c not in tmb]
    if missing:
        raise SchemaError(
            f"the TMB table lacks {', '.join(missing)}", hint="her2g tmb *.vcf.gz --out tmb.tsv makes one"
        )
    rows = _on_samples(tmb, "sample_id", samples, "tmb", attrition)
    assert rows is not None
    rows = rows.drop_duplicates("sample_id").set_index("sample_id")
    merged = samples.assign(tmb=pd.to_numeric(samples["sample_id"].map(rows["tmb"])).astype("Float64"))
    if "status" in rows:
        merged["tmb_status"] = samples["sample_id"].map(rows["status"]).astype("string")
    return merged


def _panel_matrix(
    samples: pd.DataFrame,
    sequencing: MolecularTables | None,
    panel_id: str,
    profiled: Collection[str] | None,
    given: pd.DataFrame | None,
) -> pd.DataFrame:
    """Return ``sample_id, mutations``: the panel that sequenced each sample, missing = not sequenced or not known."""
    ids = samples["sample_id"]
    none = pd.Series(pd.NA, index=samples.index, dtype="string")
    if given is not None:
        matrix = schema.check(given, schema.GENE_PANEL_MATRIX).set_index("sample_id")
        panels = ids.map(matrix["mutations"]).astype("string") if "mutations" in matrix else none
    elif "panel_id" in samples:
        panels = samples["panel_id"]
    elif profiled is not None:
        resolved = set(resolve_samples(pd.Series(list(profiled), dtype="string"), samples).dropna())
        panels = none.mask(ids.isin(resolved), panel_id)
    elif sequencing is None:
        panels = none
    else:
        panels = none.mask(ids.isin(list(sequencing.sequenced(samples))), panel_id)
        unknown = int(panels.isna().sum())
        if unknown:
            warnings.warn(
                f"{unknown} of {len(ids)} samples have no row in the mutation tables and nothing says that they were "
                "sequenced: their genes are NA, not wild type; name the sequenced samples with --profiled",
                DataWarning,
                stacklevel=3,
            )
    return pd.DataFrame({"sample_id": ids, "mutations": panels})


def _assays(
    samples: pd.DataFrame,
    found: pd.DataFrame | None,
    cna: pd.DataFrame | None,
    matrix: pd.DataFrame,
    knowledge: Panel,
) -> tuple[list[_Assay], tuple[str, ...]]:
    """Return the assays with their masks over one common, ordered list of genes."""
    gene_sets = {name: _genes_of(name, knowledge) for name in matrix["mutations"].dropna().unique()}
    symbols: set[str] = set().union(*(genes for genes in gene_sets.values() if genes is not None))
    if found is not None and any(genes is None for genes in gene_sets.values()):
        symbols |= set(found["gene"].dropna())
    if cna is not None:
        symbols |= set(cna["gene"])
    genes = tuple(sorted(symbols))
    assays = []
    if found is not None or matrix["mutations"].notna().any():
        mask = _by_gene(samples, genes)
        index = pd.Index(genes)
        for name, members in gene_sets.items():
            covered = np.ones(len(genes), dtype=bool) if members is None else index.isin(members)
            mask[:, covered] |= (matrix["mutations"] == name).to_numpy(dtype=bool, na_value=False)[:, None]
        assays.append(_Assay("mutations", mask, schema.empty(schema.ALTERATIONS) if found is None else found))
    if cna is not None:
        measured = cna[cna["cna"].notna()]
        mask = _by_gene(samples, genes)
        rows = pd.Index(samples["sample_id"]).get_indexer(pd.Index(measured["sample_id"]))
        mask[rows, pd.Index(genes).get_indexer(pd.Index(measured["gene"]))] = True
        assays.append(_Assay("cna", mask, copy_number_alterations(measured)))
    return assays, genes


def _by_gene(samples: pd.DataFrame, genes: Sequence[str]) -> BoolMatrix:
    """Return an empty mask, samples x genes, of which the columns lie together in memory: tables go gene by gene."""
    return np.zeros((len(samples), len(genes)), dtype=bool, order="F")


def _genes_of(panel_id: str, knowledge: Panel) -> frozenset[str] | None:
    """Return the genes of a panel, None for every gene."""
    if panel_id.lower() in (EXOME, "wes", "wxs"):
        return None
    panel = knowledge if panel_id == knowledge.id else load_panel(panel_id)
    return frozenset(panel.genes["gene"])


def _assemble(
    samples: pd.DataFrame, genes: tuple[str, ...], assays: list[_Assay], matrix: pd.DataFrame, attrition: _Attrition
) -> Cohort:
    """Combine the assays: altered if any found it, unaltered only if all that cover the gene here looked."""
    looked, any_looked, altered = ~_by_gene(samples, genes), _by_gene(samples, genes), _by_gene(samples, genes)
    inside_rows, outside_rows = [], []
    index, columns = pd.Index(samples["sample_id"]), pd.Index(genes)
    for assay in assays:
        covers = assay.profiled.any(axis=0)
        looked &= assay.profiled | ~covers
        any_looked |= assay.profiled
        i, j = positions_in(index, assay.found["sample_id"]), positions_in(columns, assay.found["gene"])
        inside: npt.NDArray[np.bool_] = (i >= 0) & (j >= 0)
        inside[inside] = assay.profiled[i[inside], j[inside]]
        altered[i[inside], j[inside]] = True
        inside_rows.append(assay.found[inside])
        outside_rows.append(assay.found[~inside])
    off_panel = pd.concat(outside_rows, ignore_index=True) if outside_rows else schema.empty(schema.ALTERATIONS)
    if len(off_panel):
        _warn_off_panel(off_panel, attrition, sum(len(a.found) for a in assays))
    alterations = pd.concat(inside_rows, ignore_index=True) if inside_rows else schema.empty(schema.ALTERATIONS)
    samples = samples.assign(assays=_looked_by(assays, len(samples)))
    order = np.lexsort([_alphabetical(alterations[name]) for name in ("alteration", "gene", "sample_id")])
    return Cohort(
        samples,
        alterations.take(order).reset_index(drop=True),
        genes,
        (looked & any_looked) | altered,
        gene_panel_matrix=matrix,
        off_panel=off_panel,
    )


def _looked_by(assays: Sequence[_Assay], n: int) -> pd.api.extensions.ExtensionArray:
    """Return the names of the assays that profiled each sample, joined by +, missing where none did."""
    seen = np.zeros(n, dtype=np.int64)
    for bit, assay in enumerate(assays):
        seen |= assay.profiled.any(axis=1).astype(np.int64) << bit
    names = ["+".join(a.name for bit, a in enumerate(assays) if code >> bit & 1) for code in range(1 << len(assays))]
    return pd.array([name or None for name in names], dtype="string").take(seen)


def _alphabetical(values: pd.Series) -> npt.NDArray[np.intp]:
    """Return the place of each text among the distinct ones in order, missing ones last."""
    codes, distinct = pd.factorize(values)
    order = np.argsort(np.asarray(distinct, dtype=object), kind="stable")
    place = np.empty(len(distinct) + 1, dtype=np.intp)
    place[order], place[-1] = np.arange(len(distinct)), len(distinct)
    placed: npt.NDArray[np.intp] = place[codes]
    return placed


def _warn_off_panel(off_panel: pd.DataFrame, attrition: _Attrition, total: int) -> None:
    genes = off_panel["gene"].value_counts()
    listed = ", ".join(f"{gene} {n}" for gene, n in genes.head(3).items())
    attrition.add(
        "alterations", "gene outside the sample's panel (kept apart, not tested)", total, total - len(off_panel), listed
    )
    warnings.warn(
        f"{len(off_panel)} alterations in {len(genes)} genes outside the samples' panel are kept apart and not tested; "
        "for an exome say --panel exome",
        DataWarning,
        stacklevel=4,
    )
