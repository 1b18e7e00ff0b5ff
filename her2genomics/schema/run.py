"""Tables of a whole run: its plan, and what became of samples and steps."""

from __future__ import annotations

from her2genomics.schema.tables import TableSchema, column

_STATES = ("done", "failed", "not run")

RUN_PLAN = TableSchema("run_plan", "Tasks of a run, in an order in which they can be run (her2g run --dry-run).", (
    column("task", "string", "name, and folder of its results", key=True),
    column("step", "string", "step of the pipeline"),
    column("sample_id", "string", "sample; missing for steps of the whole study"),
    column("action", "string", "run; keep: the result is there and still right; leave out: see reason", choices=("run", "keep", "leave out")),
    column("reason", "string", "why it is left out"),
    column("inputs", "string", "files from outside the run; ;-joined"),
    column("after", "string", "tasks that it reads; ;-joined"),
    column("parameters", "string", "settings that decide its result, as JSON"),
))  # fmt: skip

RUN_SAMPLES = TableSchema("run_samples", "What became of every sample of a run.", (
    column("sample_id", "string", "sample", key=True),
    column("role", "string", "tumour or normal", choices=("tumour", "normal")),
    column("coverage", "string", "state of the step", choices=_STATES),
    column("cnv", "string", "state of the step; missing for normals", choices=_STATES),
    column("mutations", "string", "state of the step; missing for normals", choices=_STATES),
    column("tmb", "string", "state of the step; missing for normals", choices=_STATES),
    column("in_cohort", "bool", "whether it is in cohort.tsv"),
    column("failed", "string", "which steps failed and why; ;-joined"),
    column("not_run", "string", "which steps lacked their inputs; ;-joined"),
), files="samples_status.tsv")  # fmt: skip

RUN_STEPS = TableSchema("run_steps", "What became of every step of a run.", (
    column("step", "string", "step of the pipeline", key=True),
    column("n_done", "int", "tasks whose result is there", low=0),
    column("n_failed", "int", "tasks that failed", low=0),
    column("n_not_run", "int", "tasks that lacked their inputs, or were left out", low=0),
    column("reason", "string", "the first reason of a task that failed, else of one that was not run"),
), files="steps_status.tsv")  # fmt: skip
