"""The burden of the samples of a MAF file."""

from __future__ import annotations

import os
import warnings

import pandas as pd

from her2genomics.exceptions import DataWarning, UsageError
from her2genomics.io.maf import SAMPLE, UNNAMED, read_maf
from her2genomics.io.vcf_samples import ALL_SAMPLES, file_sample_id
from her2genomics.panel import load_panel
from her2genomics.tmb import TmbResult, compute_tmb
from her2genomics.variant import variants_of_table
from her2genomics.workflow.build_watch import BuildWatch, warn_if_another_assay
from her2genomics.workflow.tmb_settings import ASSUMED_BUILD, TmbSettings


def tmb_of_maf(path: str, settings: TmbSettings) -> tuple[TmbResult, dict[str, object]]:
    """Return the burden of each sample of a MAF (of those in ``tumor_sample``), and what was recognised in it.

    Rows that all lack their sample (Funcotator without sample columns) are one sample, named by ``tumor_sample`` or
    after the file, with a warning.

    Raises
    ------
    UsageError
        If a sample that was asked for is not in the file.
    """
    mutations, named_by = _of_samples(path, settings)
    build = settings.build or _stated_build(mutations) or _assumed_build(mutations, settings, path)
    names = [str(name) for name in mutations[SAMPLE].dropna().unique()]
    own = {name: settings.callable_for(name) for name in names} if settings.callable_path else {}
    result = compute_tmb(
        mutations,
        panel=settings.panel,
        preset=settings.preset,
        build=build,
        samples=settings.samples,
        mb=settings.mb,
        territory=settings.territory(None),
        callable_territory={name: ground for name, ground in own.items() if ground is not None} or None,
        audit=settings.audit,
    )
    warn_if_another_assay(path, result.rows)
    if not result.rows:
        message = f"{path}: no row, so no sample is named; --samples lists those that were sequenced"
        warnings.warn(DataWarning(message), stacklevel=2)
    source: dict[str, object] = {
        "file": path, "caller": "MAF", "annotation": "MAF", "tumour": f"{len(result.rows)} samples", "normal": None,
        "tumour_by": named_by, "build": build, "n_records": len(mutations),
    }  # fmt: skip
    return result, source


def _stated_build(mutations: pd.DataFrame) -> str | None:
    stated = mutations["NCBI_Build"].dropna()
    return str(stated.iloc[0]) if len(stated) else None


def _assumed_build(mutations: pd.DataFrame, settings: TmbSettings, path: str) -> str:
    """Return the build that a MAF without any is taken for, unless its positions fit another one better."""
    panel = load_panel(settings.panel)
    watch = BuildWatch(panel, ASSUMED_BUILD, True)
    if len(mutations) and mutations["Start_Position"].notna().all():
        for variant in variants_of_table(mutations):
            watch.see(variant)
        watch.judge_build(path)
    return watch.build


def _of_samples(path: str | os.PathLike[str], settings: TmbSettings) -> tuple[pd.DataFrame, str]:
    """Return the rows of the samples asked for, all by default, and what names them."""
    asked = [name for name in settings.tumor_sample if name != ALL_SAMPLES]
    maf = read_maf(path, sample=asked[0] if len(asked) == 1 else file_sample_id(os.fspath(path)))
    found = maf.mutations[SAMPLE].dropna().unique().tolist()
    absent = [name for name in asked if name not in found]
    if absent and found:
        names = ", ".join(found[:5]) + (" ..." if len(found) > 5 else "")
        raise UsageError(f"no sample '{absent[0]}' (samples: {names})", path=path, hint="--tumor-sample NAME")
    rows = maf.mutations[maf.mutations[SAMPLE].isin(asked)] if asked else maf.mutations
    if not maf.report["note"].str.contains(UNNAMED, regex=False).any():
        return rows.reset_index(drop=True), SAMPLE
    if not asked:
        message = f"{path}: no row names its tumour sample; taken as one sample, {found[0]} (--tumor-sample names it)"
        warnings.warn(DataWarning(message), stacklevel=2)
    return rows.reset_index(drop=True), "as asked" if asked else "file name"
