"""A simulated study of sequenced samples on disk: BAM, VCF, sheet, clinical table, panel, and the truth beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from her2genomics.exceptions import UsageError
from her2genomics.io.panels import write_panel
from her2genomics.io.vcf_writer import write_vep_vcf
from her2genomics.io.write import write_json, write_table
from her2genomics.panel import Panel, load_panel
from her2genomics.panel_import import panel_from_targets
from her2genomics.provenance import MANIFEST, build_manifest
from her2genomics.simulate_bam import BamSettings, simulate_bam
from her2genomics.simulate_coverage import NoiseModel, expected_depth, with_capture
from her2genomics.simulate_samples import (
    PANEL_NAME,
    StudyPlan,
    StudySettings,
    outcome_effects,
    plan_study,
    reduced_targets,
)

PathLike = str | os.PathLike[str]
SHEET = "samples.tsv"
PANEL_FOLDER = "panel"
_NOISE = NoiseModel(capture_sd=0.35, gc_slope_sd=0.8, wave_sd=0.04, bin_sd=0.08)
_STREAM_BAM = 21


def write_study_samples(folder: PathLike, settings: StudySettings, *, threads: int = 1) -> Iterator[str]:
    """Write a study, and yield the sample of every BAM as it is done; the sheet comes last.

    The folder gets ``panel/``, ``bam/``, ``vcf/``, ``clinical.tsv``, ``truth/``, ``samples.tsv`` (``sample_id, role,
    bam, vcf`` with paths relative to the sheet, then the clinical columns) and ``manifest.json``.

    Parameters
    ----------
    folder
        Where to write; it has to be new or empty.
    settings
        What is simulated.
    threads
        Processes that write BAM files; same results.

    Raises
    ------
    UsageError
        If the folder is not empty.
    """
    out = Path(folder)
    if out.is_dir() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty", hint="name a new folder")
    panel = _write_panel(out, settings)
    plan = plan_study(panel, settings)
    _write_calls(plan, out, settings.build)
    write_table(plan.clinical, out / "clinical.tsv")
    _write_truth(plan, out / "truth")
    sheet = _sheet(plan, settings)
    yield from _write_bams(plan, sheet, panel, out, settings, threads)
    write_table(sheet, out / SHEET)
    written = sorted(file for file in out.rglob("*") if file.is_file())
    manifest = build_manifest("simulate cohort", parameters=asdict(settings), outputs=written, folder=out, panel=panel,
                              build=settings.build, seed=settings.seed)  # fmt: skip
    write_json(manifest, out / MANIFEST)


def _write_panel(out: Path, settings: StudySettings) -> Panel:
    targets = reduced_targets(load_panel(), settings)
    write_panel(*panel_from_targets(targets.assign(name=targets["gene"]), name=PANEL_NAME, build=settings.build),
                out / PANEL_FOLDER, replace=True)  # fmt: skip
    return load_panel(out / PANEL_FOLDER)


def _write_calls(plan: StudyPlan, out: Path, build: str) -> None:
    calls = dict(list(plan.variants.groupby("sample_id")))
    for sample in plan.samples["sample_id"]:
        write_vep_vcf(calls[sample], out / "vcf" / f"{sample}.vcf", sample_id=sample, build=build)


def _write_truth(plan: StudyPlan, folder: Path) -> None:
    for name, table in (
        ("samples", plan.samples),
        ("copies", plan.copies),
        ("variants", plan.variants),
        ("gene_frequencies", plan.gene_frequencies),
        ("outcome_effects", outcome_effects()),
    ):
        write_table(table, folder / f"{name}.tsv")


def _sheet(plan: StudyPlan, settings: StudySettings) -> pd.DataFrame:
    tumours = plan.clinical.assign(role="tumour")
    names = [f"NORMAL-{number:02d}" for number in range(1, settings.normals + 1)]
    normals = pd.DataFrame({"sample_id": names, "role": "normal"})
    sheet = pd.concat([tumours, normals], ignore_index=True) if names else tumours
    sheet["bam"] = "bam/" + sheet["sample_id"].astype("string") + ".bam"
    sheet["vcf"] = ("vcf/" + sheet["sample_id"].astype("string") + ".vcf").where(sheet["role"] == "tumour")
    first = ["sample_id", "role", "bam", "vcf"]
    return sheet[[*first, *(name for name in sheet if name not in first)]]


def _write_bams(
    plan: StudyPlan, sheet: pd.DataFrame, panel: Panel, out: Path, settings: StudySettings, threads: int
) -> Iterator[str]:
    targets = with_capture(panel.targets(settings.build), seed=settings.seed)
    purity = plan.samples.set_index("sample_id")["purity"].to_dict()
    copies = {name: rows.set_index("gene")["copies"].to_dict() for name, rows in plan.copies.groupby("sample_id")}
    jobs = [
        joblib.delayed(_write_one_bam)(
            targets, out / row["bam"], settings, number, row["sample_id"], purity.get(row["sample_id"], 1.0),
            copies.get(row["sample_id"], {}),
        )
        for number, row in enumerate(sheet.to_dict("records"))
    ]  # fmt: skip
    yield from joblib.Parallel(n_jobs=threads, return_as="generator")(jobs)


def _write_one_bam(
    targets: pd.DataFrame,
    path: Path,
    settings: StudySettings,
    number: int,
    sample: str,
    purity: float,
    copies: dict[str, float],
) -> str:
    seed = int(np.random.default_rng([settings.seed, _STREAM_BAM, number]).integers(1 << 31))
    expected = expected_depth(targets, seed=seed, depth=settings.depth, purity=purity, copies=copies, noise=_NOISE)
    bam = BamSettings(build=settings.build, sample=sample, seed=seed, off_target=0.05, duplicates=0.1)
    simulate_bam(expected, path, bam)
    return sample
