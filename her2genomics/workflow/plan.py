"""The plan of a run: every task with its inputs, its settings, and the tasks before it, in an order that can be run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import SchemaError
from her2genomics.io.cnvkit import NORMALS_SUFFIX, NULL_SUFFIX
from her2genomics.workflow.pipeline import PIPELINE, Step
from her2genomics.workflow.run_config import RunConfig
from her2genomics.workflow.run_sheet import RunSheet, SheetRow
from her2genomics.workflow.run_task import Status, Task

_SEXES = ("female", "male")


def make_plan(sheet: RunSheet, config: RunConfig) -> dict[str, Task]:
    """Return the tasks of a run by name; each stands after those that it reads.

    Raises
    ------
    SchemaError
        If the sheet's purity of a tumour is no share.
    """
    plan: dict[str, Task] = {}
    for step in PIPELINE:
        for row in _rows_of(step, sheet):
            task = _task(step, row, sheet, config, plan)
            plan[task.name] = task
    return plan


def _rows_of(step: Step, sheet: RunSheet) -> list[SheetRow | None]:
    if step.of == "study":
        return [None]
    return [*sheet.rows] if step.of == "bam" else [*sheet.tumours]


def _task(step: Step, row: SheetRow | None, sheet: RunSheet, config: RunConfig, plan: Mapping[str, Task]) -> Task:
    sample = None if row is None else row.sample_id
    inputs, parameters, missing = _MAKERS[step.name](row, sheet, config)
    if step.name in config.skip:
        missing = "left out by the configuration (skip)"
    after, uses = _reads(step, row, config)
    files = {role: path for role, path in inputs.items() if path is not None}
    before = [_before(names, step, row, sheet, plan) for names in (after, uses)]
    return Task(step.name, sample, files, before[0], before[1], parameters, missing)


def _reads(step: Step, row: SheetRow | None, config: RunConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the steps that a task needs and those that it uses, as sheet and configuration have it."""
    if step.name == "tmb":
        after = ("mutations",) if row is not None and row.maf else ()
        return after, ("coverage",) if config.tmb["callable"] else ()
    given = config.reference is not None and step.name == "cnv"
    return tuple(name for name in step.after if not (given and name == "reference")), step.uses


def _before(
    names: tuple[str, ...], step: Step, row: SheetRow | None, sheet: RunSheet, plan: Mapping[str, Task]
) -> tuple[str, ...]:
    """Return the tasks of the steps named that a task reads."""
    if step.name == "reference":
        return tuple(f"{name}/{r.sample_id}" for name in names for r in _reference_rows(sheet))
    found: list[str] = []
    for name in names:
        if row is not None and f"{name}/{row.sample_id}" in plan:
            found.append(f"{name}/{row.sample_id}")
        else:
            found += [task for task in plan if task == name or (row is None and task.startswith(f"{name}/"))]
    return tuple(found)


def _reference_rows(sheet: RunSheet) -> list[SheetRow]:
    """Return the rows that the reference is made from: normals, or tumours whose bins make a flat one."""
    normals = [row for row in sheet.normals if row.bam]
    return normals or [row for row in sheet.tumours if row.bam]


Made = tuple[dict[str, str | None], dict[str, Any], str | None]


def _coverage(row: SheetRow | None, sheet: RunSheet, config: RunConfig) -> Made:
    assert row is not None
    chosen = {name: value for name, value in config.coverage.items() if name != "targets"}
    inputs = {
        "bam": row.bam,
        "index": _index_of(row.bam),
        "targets": config.coverage["targets"],
        "fasta": config.fasta if row.bam and row.bam.endswith(".cram") else None,
        **_reference_files(config),
    }
    return inputs, {"build": config.build, **chosen}, None if row.bam else "no bam in the sheet"


def _index_of(bam: str | None) -> str | None:
    """Return the index beside an alignment file, by which regions may be read."""
    if bam is None:
        return None
    path = Path(bam)
    names = (f"{bam}.bai", f"{bam}.csi", f"{bam}.crai", str(path.with_suffix(".bai")), str(path.with_suffix(".crai")))
    return next((name for name in names if Path(name).is_file()), None)


def _reference_files(config: RunConfig) -> dict[str, str | None]:
    """Return the given reference with the tables beside it."""
    if config.reference is None:
        return {}
    beside = {"reference_normals": NORMALS_SUFFIX, "reference_null": NULL_SUFFIX}
    found = {role: f"{config.reference}{suffix}" for role, suffix in beside.items()}
    return {"reference": config.reference, **{role: path for role, path in found.items() if Path(path).is_file()}}


def _reference(row: SheetRow | None, sheet: RunSheet, config: RunConfig) -> Made:
    rows = _reference_rows(sheet)
    flat = not any(r.role == "normal" for r in rows)
    missing = None
    if config.reference is not None:
        missing = f"{Path(config.reference).name} is given"
    elif not rows:
        missing = "no bam in the sheet"
    return {"fasta": config.fasta}, {"build": config.build, "flat": flat, **config.normals}, missing


def _cnv(row: SheetRow | None, sheet: RunSheet, config: RunConfig) -> Made:
    assert row is not None
    sex = (row.clinical or {}).get("sex", "").lower()
    parameters = {
        "build": config.build,
        "purity": _purity(row),
        "sex": sex if sex in _SEXES else None,
        **config.cnv,
    }
    return {**_reference_files(config)}, parameters, None if row.bam else "no bam in the sheet"


def _purity(row: SheetRow) -> float | None:
    text = (row.clinical or {}).get("purity")
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value <= 1:
        raise SchemaError(f"'{text}' is no share above 0, up to 1", sample=row.sample_id, column="purity")
    return value


def _mutations(row: SheetRow | None, sheet: RunSheet, config: RunConfig) -> Made:
    assert row is not None
    chosen = {name: value for name, value in config.tmb.items() if name != "callable"}
    parameters = {"build": config.build, "vcf_sample": row.vcf_sample, **chosen}
    return {"vcf": row.vcf, "maf": row.maf}, parameters, None if row.variants else "no vcf or maf in the sheet"


def _tmb(row: SheetRow | None, sheet: RunSheet, config: RunConfig) -> Made:
    assert row is not None
    inputs = {"vcf": row.vcf, "fasta": config.fasta if row.vcf else None}
    parameters = {"build": config.build, "vcf_sample": row.vcf_sample, **config.tmb}
    return inputs, parameters, None if row.variants else "no vcf or maf in the sheet"


def _cohort(row: SheetRow | None, sheet: RunSheet, config: RunConfig) -> Made:
    clinical = sheet.clinical()
    parameters = {
        **_rules(config),
        "build": config.build,
        "specimen": config.cohort["specimen"],
        "clinical": {"columns": list(clinical.columns), "rows": clinical.fillna("").to_numpy().tolist()},
    }
    return {"include": config.cohort["include"]}, parameters, None


def _rules(config: RunConfig) -> dict[str, Any]:
    return {"her2_rule": config.her2_rule, "subtype_rule": config.subtype_rule}


def _settings(section: str) -> Callable[[SheetRow | None, RunSheet, RunConfig], Made]:
    """Return the maker of an analysis of the cohort with the settings of one section."""

    def made(row: SheetRow | None, sheet: RunSheet, config: RunConfig) -> Made:
        group, own = config.compare["group"], getattr(config, section)
        more = {"seed": config.seed} if section in ("compare", "cluster") else {}
        specimen = {"specimen": config.cohort["specimen"]} if section in ("survival", "response") else {}
        return {}, {**_rules(config), "group": group, **specimen, **more, **own}, None

    return made


def _nothing(row: SheetRow | None, sheet: RunSheet, config: RunConfig) -> Made:
    return {}, {"roles": {r.sample_id: r.role for r in sheet.rows}}, None


def _report(row: SheetRow | None, sheet: RunSheet, config: RunConfig) -> Made:
    chosen = {name: config.compare[name] for name in ("group", "adjust", "min_frequency")}
    clusters = None if "cluster" in config.skip else dict(config.cluster)
    outcome = {name: _settings(name)(row, sheet, config)[1] for name in ("survival", "response")}
    return {}, {**_rules(config), **chosen, "seed": config.seed, "clusters": clusters, **outcome}, None


_MAKERS: dict[str, Callable[[SheetRow | None, RunSheet, RunConfig], Made]] = {
    "coverage": _coverage,
    "reference": _reference,
    "cnv": _cnv,
    "mutations": _mutations,
    "tmb": _tmb,
    "cohort": _cohort,
    **{name: _settings(name) for name in ("compare", "pathways", "cluster", "survival", "response")},
    "status": _nothing,
    "report": _report,
    "multiqc": lambda row, sheet, config: ({}, {}, None),
}


def plan_table(plan: Mapping[str, Task], states: Mapping[str, Status]) -> pd.DataFrame:
    """Return the plan as a table (`schema.RUN_PLAN`).

    Parameters
    ----------
    plan
        The tasks.
    states
        Those whose result is there and still right.
    """
    rows = [
        {
            "task": task.name,
            "step": task.step,
            "sample_id": task.sample,
            "action": "keep" if name in states else "leave out" if task.missing else "run",
            "reason": task.missing,
            "inputs": ";".join(task.inputs.values()) or None,
            "after": ";".join(task.upstream) or None,
            "parameters": json.dumps(dict(task.parameters), sort_keys=True, default=str),
        }
        for name, task in plan.items()
    ]
    return schema.conform(pd.DataFrame(rows), schema.RUN_PLAN)
