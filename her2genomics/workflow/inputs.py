"""Reading a study from its files, and writing it as a cohort folder.

`load_cohort` takes the one wide table that is enough by itself; `load_study` joins the separate files of a study.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from her2genomics.classify import EVIDENCE, add_status
from her2genomics.cohort import ATTRITION_COLUMNS, Cohort, cohort_from_cells
from her2genomics.cohort_build import MolecularTables, build_cohort
from her2genomics.copynumber import Log2CutOffs, call_gene_table, map_segments_to_genes
from her2genomics.exceptions import UsageError
from her2genomics.gene_columns import find_gene_cells, may_be_gene
from her2genomics.genome import normalise_build
from her2genomics.her2 import Her2Rule
from her2genomics.inclusion import parse_rules
from her2genomics.io.alterations import read_alterations
from her2genomics.io.cbioportal import read_gene_panel_matrix, read_portal_clinical
from her2genomics.io.clinical import read_clinical, read_followup, recognise_clinical
from her2genomics.io.inclusion_rules import read_rules_toml
from her2genomics.io.maf import read_maf
from her2genomics.io.segments import read_gene_cna, read_seg
from her2genomics.io.structural import read_structural
from her2genomics.io.tables import read_coded_table, read_sample_list, read_table
from her2genomics.io.vcf_source import find_vcfs, is_vcf
from her2genomics.io.vcf_sv import read_sv_vcf
from her2genomics.io.write import write_json, write_table
from her2genomics.panel import DEFAULT_PANEL, EXOME, Panel, panel_knowledge
from her2genomics.provenance import MANIFEST, build_manifest, describe_inputs
from her2genomics.receptors import SubtypeRule
from her2genomics.specimens import SpecimenPolicy
from her2genomics.tmb_presets import DEFAULT_PRESET
from her2genomics.workflow.tmb_settings import settings_from
from her2genomics.workflow.vcf_mutations import VcfMutations, read_vcf_mutations

PathLike = str | os.PathLike[str]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StudyFiles:
    """Files of a study; all but ``clinical`` may be absent.

    ``vcf`` holds annotated VCFs, ``structural`` tables of fusions and VCFs of structural variants; ``clinical_patient``
    and ``log2`` stand beside ``clinical`` and ``cna`` in a cBioPortal study, whose list of sequenced samples is
    ``sequenced``.
    """

    clinical: PathLike
    clinical_patient: PathLike | None = None
    maf: PathLike | None = None
    alterations: PathLike | None = None
    vcf: Sequence[PathLike] = ()
    structural: Sequence[PathLike] = ()
    seg: PathLike | None = None
    cna: PathLike | None = None
    log2: PathLike | None = None
    tmb: PathLike | None = None
    followup: PathLike | None = None
    profiled: PathLike | None = None
    gene_panel_matrix: PathLike | None = None
    include: PathLike | None = None
    sequenced: Sequence[str] = ()

    def listed(self) -> list[PathLike]:
        """Return the files that are there, in order."""
        several = {"vcf": find_vcfs(self.vcf), "structural": find_vcfs(self.structural)}
        given = [several.get(name, [path]) for name, path in vars(self).items() if name != "sequenced"]
        return [path for paths in given for path in paths if path is not None]


@dataclass(frozen=True)
class StudySettings:
    """Everything else that decides how a study is joined."""

    panel: str = DEFAULT_PANEL
    build: str = "hg19"
    her2_rule: Her2Rule = "ascocap2018"
    subtype_rule: SubtypeRule = "zhang2022"
    specimen: SpecimenPolicy = "primary"
    min_vaf: float | None = None
    vcf_preset: str = DEFAULT_PRESET
    no_vaf_filter: bool = False
    keep_germline: bool = False
    cut_offs: Log2CutOffs = field(default_factory=Log2CutOffs)

    def as_parameters(self) -> dict[str, Any]:
        """Return the settings for a manifest."""
        return {**vars(self), "cut_offs": vars(self.cut_offs)}


def load_cohort(
    path: PathLike,
    *,
    alterations: PathLike | None = None,
    maf: PathLike | None = None,
    profiled: PathLike | None = None,
    genes: Sequence[str] | None = None,
    clinical_columns: Sequence[str] | None = None,
    only_genes: Collection[str] | None = None,
    group: str = "her2_group",
    her2_rule: Her2Rule = "ascocap2018",
    subtype_rule: SubtypeRule = "zhang2022",
    panel: str = DEFAULT_PANEL,
) -> Cohort:
    """Read a wide cohort table: clinical columns by their synonyms, gene columns by symbol and content.

    The HER2 group is taken from ``her2_group``, else derived from the IHC and ISH columns.

    Parameters
    ----------
    path
        TSV or CSV, one row per sample.
    alterations, maf, profiled
        Files beside a table without gene columns: long alterations or a MAF, and the list of sequenced samples.
    genes, clinical_columns
        Columns to take as genes, or as clinical, whatever they look like.
    only_genes
        Gene columns to read; the others are passed over, which is quicker where an analysis needs none of them.
    group
        Column that will make the groups; only for ``her2_group`` is a status derived.
    her2_rule, subtype_rule
        Rules of the derived status.
    panel
        Panel whose symbols are known.

    Raises
    ------
    Her2GenomicsError
        If the file cannot be read or understood; the message says what, where, and what to type next.
    """
    knowledge = panel_knowledge(panel)
    raw = read_coded_table(path, lambda names: [name for name in names if may_be_gene(name)])
    source = os.fspath(path)
    cells = find_gene_cells(raw, knowledge, genes=genes, clinical_columns=clinical_columns, source=source)
    if alterations is not None or maf is not None:
        if cells.columns:
            raise UsageError(
                f"{source} has gene columns already ({cells.columns[0]} ...)", hint="leave out --maf and --alterations"
            )
        files = StudyFiles(clinical=path, maf=maf, alterations=alterations, profiled=profiled)
        return load_study(files, StudySettings(panel=panel, her2_rule=her2_rule, subtype_rule=subtype_rule))
    others = [name for name in raw.names if name not in set(cells.columns)]
    clinical = recognise_clinical(raw.texts(others), source=source).table
    if only_genes is not None:
        cells = cells.only(set(only_genes))
    cohort = cohort_from_cells(clinical, cells, panel=knowledge, source=source)
    if group == "her2_group" or cohort.samples.columns.intersection(["her2_group", *EVIDENCE]).size:
        samples = add_status(cohort.samples, her2_rule=her2_rule, subtype_rule=subtype_rule, source=source)
        cohort = replace(cohort, samples=samples)
    log.info("%s: %d samples, %d gene columns", source, len(cohort.samples), len(cohort.genes))
    return cohort


def columns_of_genes(genes: Collection[str] | None, panel: Panel) -> set[str]:
    """Return the gene columns to read for these genes, or for those of the panel, under old and current symbols."""
    wanted = set(panel.genes["gene"].astype(str)) if genes is None else set(genes)
    old = panel.alias_map()
    return wanted | {old[name] for name in wanted & set(old)} | {name for name, new in old.items() if new in wanted}


def load_study(files: StudyFiles, settings: StudySettings | None = None) -> Cohort:
    """Read the files of a study and join them; see `build_cohort` for the rules.

    Raises
    ------
    Her2GenomicsError
        If a file cannot be read or joined.
    """
    return load_study_tables(files, settings)[0]


def load_study_tables(files: StudyFiles, settings: StudySettings | None = None) -> tuple[Cohort, MolecularTables]:
    """Read the files of a study and return the cohort with the molecular tables that it was joined from.

    Raises
    ------
    Her2GenomicsError
        If a file cannot be read or joined.
    """
    settings = settings or StudySettings()
    if files.seg is not None and files.cna is not None:
        raise UsageError("give segments (--seg) or a gene table (--cna), not both")
    read: list[pd.DataFrame] = []
    clinical = (
        read_clinical(files.clinical)
        if files.clinical_patient is None
        else read_portal_clinical(files.clinical, files.clinical_patient)
    )
    read.append(_reading("clinical", clinical.counts))
    molecular = _molecular(files, settings, read)
    followup = None if files.followup is None else read_followup(files.followup)
    if followup is not None:
        read.append(_reading("follow-up", followup.counts))
    cohort = build_cohort(
        clinical.table,
        molecular,
        followup=None if followup is None else followup.table,
        panel=settings.panel,
        profiled=_profiled(files),
        gene_panel_matrix=None if files.gene_panel_matrix is None else read_gene_panel_matrix(files.gene_panel_matrix),
        her2_rule=settings.her2_rule,
        subtype_rule=settings.subtype_rule,
        specimen=settings.specimen,
        rules=[] if files.include is None else parse_rules(read_rules_toml(files.include), os.fspath(files.include)),
        source=os.fspath(files.clinical),
    )
    attrition = pd.concat([*(part for part in read if len(part)), cohort.attrition], ignore_index=True)
    return replace(cohort, attrition=attrition), molecular


def _profiled(files: StudyFiles) -> list[str] | None:
    if files.profiled is not None:
        return read_sample_list(files.profiled)
    return list(files.sequenced) or None


def _reading(step: str, counts: pd.DataFrame) -> pd.DataFrame:
    """Return what a reader dropped or changed as attrition rows."""
    rows = [(f"reading {step}", row["what"], None, row["n"], None, row["note"]) for row in counts.to_dict("records")]
    table = pd.DataFrame(rows, columns=ATTRITION_COLUMNS)
    return table.astype({"n_before": "Int64", "n_dropped": "Int64", "n_after": "Int64"})


def _molecular(files: StudyFiles, settings: StudySettings, read: list[pd.DataFrame]) -> MolecularTables:
    maf = None if files.maf is None else read_maf(files.maf)
    called = _of_vcfs(files, settings)
    alterations = None
    if files.alterations is not None:
        alterations = read_alterations(
            files.alterations, min_vaf=settings.min_vaf, drop_germline=not settings.keep_germline
        )
    for step, table in (("MAF", maf), ("VCF", called), ("alterations", alterations)):
        if table is not None:
            read.append(_reading(step, table.counts))
    return MolecularTables(
        mutations=maf.mutations if maf is not None else None if called is None else called.mutations,
        alterations=None if alterations is None else alterations.alterations,
        fusions=_fusions(files, settings, read),
        gene_cna=_gene_cna(files, settings),
        tmb=None if files.tmb is None else read_table(files.tmb),
        listed=() if called is None else called.samples,
    )


def _of_vcfs(files: StudyFiles, settings: StudySettings) -> VcfMutations | None:
    if not files.vcf:
        return None
    if files.maf is not None:
        raise UsageError("mutations are given twice, by --maf and by --vcf", hint="leave one of them out")
    rule = settings_from(
        preset=settings.vcf_preset,
        min_vaf=None if settings.no_vaf_filter else settings.min_vaf,
        no_vaf_filter=settings.no_vaf_filter,
        panel=DEFAULT_PANEL if settings.panel == EXOME else settings.panel,
    )
    return read_vcf_mutations(find_vcfs(files.vcf), rule)


def _fusions(files: StudyFiles, settings: StudySettings, read: list[pd.DataFrame]) -> pd.DataFrame | None:
    """Return the rearrangements of panel genes from tables and VCFs of structural variants."""
    knowledge = panel_knowledge(settings.panel)
    parts = []
    for path in find_vcfs(files.structural):
        if is_vcf(path):
            parts.append(read_sv_vcf(path, panel=knowledge))
        else:
            table = read_structural(path)
            read.append(_reading("fusions", table.counts))
            parts.append(table.alterations)
    return pd.concat(parts, ignore_index=True) if parts else None


def _gene_cna(files: StudyFiles, settings: StudySettings) -> pd.DataFrame | None:
    if files.cna is not None:
        table = read_gene_cna(files.cna).gene_cna
        return call_gene_table(table if files.log2 is None else _with_log2(table, files.log2), settings.cut_offs)
    if files.seg is None:
        return None
    knowledge = panel_knowledge(settings.panel)
    build = normalise_build(settings.build)
    segments = read_seg(files.seg, build=build).segments
    log.info("segments to genes on %s: %s", build, settings.cut_offs.describe())
    return map_segments_to_genes(segments, knowledge.gene_spans(build), settings.cut_offs)


def _with_log2(gene_cna: pd.DataFrame, path: PathLike) -> pd.DataFrame:
    """Return called copy number with the log2 ratios of a second file."""
    ratios = read_gene_cna(path, measure="log2").gene_cna[["sample_id", "gene", "log2"]]
    return gene_cna.drop(columns="log2", errors="ignore").merge(ratios, on=["sample_id", "gene"], how="left")


def write_study(
    cohort: Cohort,
    folder: PathLike,
    files: StudyFiles,
    settings: StudySettings,
    results: Mapping[str, pd.DataFrame] | None = None,
    *,
    fmt: str = "tsv",
    already: Sequence[Path] = (),
) -> list[Path]:
    """Write a cohort folder: ``cohort.tsv``, the long tables, the attrition, and last the manifest.

    Parameters
    ----------
    cohort
        What is written.
    folder
        Results folder.
    files, settings
        What it was made of.
    results
        More tables for the folder, by file name.
    fmt
        Format of the cohort's tables, and the ending of their names.
    already
        Files that were written into the folder before; they go into its manifest too.

    Returns
    -------
    list of Path
        The files written, in order, those before included.
    """
    out = Path(folder)
    long_tables: Mapping[str, pd.DataFrame | None] = {
        f"alterations.{fmt}": cohort.alterations,
        f"alterations_off_panel.{fmt}": cohort.off_panel if len(cohort.off_panel) else None,
        f"gene_panel_matrix.{fmt}": cohort.gene_panel_matrix,
        f"attrition.{fmt}": cohort.attrition,
        **(results or {}),
    }
    tables = {out / name: table for name, table in long_tables.items() if table is not None}
    with ThreadPoolExecutor(2) as pool:  # beside the wide table, which takes longest
        read = pool.submit(describe_inputs, files.listed())
        others = [pool.submit(write_table, table, path) for path, table in tables.items()]
        write_table(cohort.to_table(), out / f"cohort.{fmt}")
    for done in others:
        done.result()
    written = [*already, out / f"cohort.{fmt}", *tables]
    panel = panel_knowledge(settings.panel)
    manifest = build_manifest(
        "cohort build",
        parameters=settings.as_parameters(),
        inputs=read.result(),
        outputs=written,
        folder=out,
        panel=panel,
        build=settings.build,
    )
    write_json(manifest, out / MANIFEST)
    return [*written, out / MANIFEST]
