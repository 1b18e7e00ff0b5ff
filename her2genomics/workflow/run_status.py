"""What became of every sample and every step of a run, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from her2genomics import schema
from her2genomics.io.write import write_table
from her2genomics.workflow.run_steps import CNV, COHORT, COVERAGE, MUTATIONS, TMB, StepWork
from her2genomics.workflow.run_task import DONE, FAILED, NOT_RUN, Status

SAMPLE_STEPS = (COVERAGE, CNV, MUTATIONS, TMB)
SAMPLES_FILE, STEPS_FILE = "samples_status.tsv", "steps_status.tsv"


def samples_status(statuses: Mapping[str, Status], roles: Mapping[str, str], joined: set[str]) -> pd.DataFrame:
    """Return one row per sample: what became of each of its steps, and why something is missing.

    Parameters
    ----------
    statuses
        What became of the tasks, by name.
    roles
        Sample to ``tumour`` or ``normal``, in the order of the sheet.
    joined
        Samples of the cohort.
    """
    rows: list[dict[str, Any]] = []
    for sample, role in roles.items():
        own = {step: statuses.get(f"{step}/{sample}") for step in SAMPLE_STEPS}
        failed = [f"{step}: {status.reason}" for step, status in own.items() if status and status.state == FAILED]
        lacking = [f"{step}: {status.reason}" for step, status in own.items() if status and status.state == NOT_RUN]
        rows.append(
            {
                "sample_id": sample,
                "role": role,
                **{step: None if status is None else status.state for step, status in own.items()},
                "in_cohort": sample in joined,
                "failed": "; ".join(failed) or None,
                "not_run": "; ".join(lacking) or None,
            }
        )
    return schema.conform(pd.DataFrame(rows), schema.RUN_SAMPLES)


def steps_status(statuses: Mapping[str, Status]) -> pd.DataFrame:
    """Return one row per step: how many of its tasks were done, failed or were not run, and the first reason."""
    table = pd.DataFrame(
        [{"step": name.partition("/")[0], "state": s.state, "reason": s.reason or None} for name, s in statuses.items()]
    )
    rows = []
    for step, own in table.groupby("step", sort=False):
        reasons = own.loc[own["state"] == FAILED, "reason"].tolist() or own["reason"].dropna().tolist()
        counts = {
            f"n_{state.replace(' ', '_')}": int((own["state"] == state).sum()) for state in (DONE, FAILED, NOT_RUN)
        }
        rows.append({"step": step, **counts, "reason": reasons[0] if reasons else None})
    return schema.conform(pd.DataFrame(rows), schema.RUN_STEPS)


def write_states(work: StepWork) -> None:
    """Write both tables."""
    joined: set[str] = set()
    if COHORT in work.results:
        from her2genomics.io.tables import read_table

        joined = set(read_table(work.results[COHORT] / "cohort.tsv")["sample_id"])
    write_table(samples_status(work.before, work.parameters["roles"], joined), work.folder / SAMPLES_FILE)
    write_table(steps_status(work.before), work.folder / STEPS_FILE)
