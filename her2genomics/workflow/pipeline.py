"""The whole study as its steps, in order: who reads only this page understands the toolkit.

``of`` says what a step is made for (each BAM, each tumour, or the study as a whole) and ``after`` which steps it reads;
`plan` makes the tasks of a sheet from it, and both engines run each task by `run_execute.execute_task`.  Of steps that
can start at once, the longest stands first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from her2genomics.workflow import run_steps as steps
from her2genomics.workflow import run_study_steps as study
from her2genomics.workflow.run_status import write_states

Of = Literal["bam", "tumour", "study"]


@dataclass(frozen=True)
class Step:
    """One step.

    Parameters
    ----------
    name
        Name, and folder of its results.
    of
        What it is made for.
    run
        What does it: files in, one call, one folder out.
    after
        Steps whose results it cannot do without.
    uses
        Steps whose results it takes as far as they are there.
    analysis
        Whether data that are too few for it (no second group, no event) mean "not run", not "failed".
    """

    name: str
    of: Of
    run: Callable[[steps.StepWork], None]
    after: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    analysis: bool = False


PIPELINE: tuple[Step, ...] = (
    Step("coverage", "bam", steps.count_coverage),
    Step("reference", "study", steps.make_reference, uses=("coverage",)),
    Step("cnv", "tumour", steps.call_copies, after=("coverage", "reference")),
    Step("mutations", "tumour", steps.read_mutations),
    Step("tmb", "tumour", steps.compute_burden, uses=("coverage", "mutations")),
    Step("cohort", "study", study.join_cohort, uses=("cnv", "mutations", "tmb")),
    Step("cluster", "study", study.find_clusters, after=("cohort",), analysis=True),
    Step("compare", "study", study.compare, after=("cohort",), analysis=True),
    Step("pathways", "study", study.compare_altered_pathways, after=("cohort",), analysis=True),
    Step("survival", "study", study.analyse_survival, after=("cohort",), analysis=True),
    Step("response", "study", study.analyse_response, after=("cohort",), analysis=True),
    Step("report", "study", study.make_report, after=("cohort",), uses=(
        "coverage", "cnv", "mutations", "tmb", "compare", "pathways", "cluster", "survival", "response")),
    Step("status", "study", write_states, uses=("coverage", "reference", "cnv", "mutations", "tmb", "cohort", "compare",
                                                "pathways", "cluster", "survival", "response")),
    Step("multiqc", "study", study.export_to_multiqc, uses=("coverage", "cnv", "tmb", "cohort")),
)  # fmt: skip
STEPS: dict[str, Step] = {step.name: step for step in PIPELINE}
