"""What an analysis of a run leaves is what the report reads."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.compare import compare_groups
from her2genomics.exceptions import DataWarning, FileFormatError, Her2GenomicsError
from her2genomics.outcome.response_result import ResponseQuestion
from her2genomics.outcome.survival import SurvivalSettings
from her2genomics.report.cohort_page import cohort_page
from her2genomics.report.cohort_results import NotRun
from her2genomics.report.html import NotMade
from her2genomics.workflow.outcome_files import (
    response_of_cohort,
    survival_of_cohort,
    survival_question,
    write_result_folder,
)
from her2genomics.workflow.report_files import ReportSettings, compute_results
from her2genomics.workflow.stored_results import (
    StoredResults,
    noting_warnings,
    read_comparison,
    read_notes,
    read_response,
    read_survival,
    write_comparison,
    write_notes,
)

N = 60


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    rng = np.random.default_rng(8)
    table = pd.DataFrame(
        {
            "sample_id": [f"S{i}" for i in range(N)],
            "her2_group": np.repeat(["HER2-zero", "HER2-low", "HER2-positive"], N // 3),
            "hr_status": rng.choice(["positive", "negative"], N),
            "age": rng.integers(30, 80, N),
            "dfs_months": rng.exponential(40, N).round(1),
            "dfs_event": rng.integers(0, 2, N),
            "pcr": rng.integers(0, 2, N),
            "TP53": rng.choice(["WT", "missense"], N),
        }
    )
    return cohort_from_table(table)


def assert_same(stored: pd.DataFrame, made: pd.DataFrame) -> None:
    """Numbers are written with six digits; an empty text is a missing one where it is in no key."""
    texts = [name for name in made.columns if not pd.api.types.is_numeric_dtype(made[name])]
    left, right = (t.astype(dict.fromkeys(texts, "string")).fillna(dict.fromkeys(texts, "")) for t in (stored, made))
    pd.testing.assert_frame_equal(left, right, rtol=1e-5, check_dtype=False)


def test_a_comparison_comes_back(cohort: Cohort, tmp_path: Path) -> None:
    made = compare_groups(cohort)
    write_comparison(made, tmp_path, ["careful"])
    stored = read_comparison(tmp_path)
    for name in ("association", "contingency", "groups"):
        assert_same(getattr(stored, name), getattr(made, name))
    assert stored.notes == made.notes
    assert read_notes(tmp_path) == (made.notes, ("careful",))


def test_survival_and_response_come_back_with_their_patients(cohort: Cohort, tmp_path: Path) -> None:
    question, settings = survival_question(cohort.samples, group="her2_group"), SurvivalSettings()
    made = survival_of_cohort(cohort, question, settings)
    how = {"command": "survival", "parameters": {}, "inputs": []}
    write_result_folder(made.tables(), tmp_path / "s", already=[write_notes(tmp_path / "s", made.notes, [])], **how)
    stored = read_survival(tmp_path / "s", cohort, question, settings)
    for name, table in made.tables().items():
        assert_same(stored.tables()[name], table)
    assert (stored.notes, stored.data.definition, stored.data.labels) == (
        made.notes, made.data.definition, made.data.labels,
    )  # fmt: skip
    assert stored.data.time.tolist() == made.data.time.tolist()
    listed = json.loads((tmp_path / "s/manifest.json").read_text())["outputs"]
    assert "notes.json" in [entry["path"] for entry in listed]

    answer = response_of_cohort(cohort, ResponseQuestion())
    write_result_folder(answer.tables(), tmp_path / "r", **how)
    write_notes(tmp_path / "r", answer.notes, [])
    back = read_response(tmp_path / "r", cohort, ResponseQuestion())
    for name, table in answer.tables().items():
        assert_same(back.tables()[name], table)
    assert (back.labels, back.group_column, back.notes) == (answer.labels, answer.group_column, answer.notes)
    pd.testing.assert_frame_equal(back.samples, answer.samples)


def test_the_report_shows_what_is_stored_and_computes_nothing_of_it(cohort: Cohort, tmp_path: Path) -> None:
    made = compare_groups(cohort)
    write_comparison(made, tmp_path, [])
    for name in ("association.tsv", "contingency.tsv"):
        (tmp_path / name).write_text((tmp_path / name).read_text().replace("TP53", "GENEX"))
    stored = StoredResults(
        read_comparison(tmp_path), NotRun("left out"), NotRun("no event"), NotRun("no pcr"), NotRun("too few"),
        warnings={"comparison": ("few tumours",)},
    )  # fmt: skip
    results = compute_results(cohort, ReportSettings(), stored=stored)
    assert "GENEX" in set(results.comparison.association["feature"])  # type: ignore[union-attr]
    assert results.warnings_of("comparison") == ("few tumours",)
    said = {s.section_id: [b.reason for b in s.blocks if isinstance(b, NotMade)] for s in cohort_page(results).sections}
    assert [said[name] for name in ("pathways", "survival", "response", "clusters")] == [
        ["left out"], ["no event"], ["no pcr"], ["too few"],
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "[]", '{"notes": []}', '{"notes": "a", "warnings": []}'])
def test_damaged_notes_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "notes.json").write_text(text)
    with pytest.raises(FileFormatError, match="notes"):
        read_notes(tmp_path)


def test_a_table_that_is_gone_is_named(cohort: Cohort, tmp_path: Path) -> None:
    write_comparison(compare_groups(cohort), tmp_path, [])
    (tmp_path / "groups.tsv").unlink()
    with pytest.raises(Her2GenomicsError, match="groups.tsv"):
        read_comparison(tmp_path)


def test_warnings_are_noted_once_and_still_seen_outside() -> None:
    with warnings.catch_warnings(record=True) as outside:
        warnings.simplefilter("always")
        with noting_warnings() as told:
            for _ in range(2):
                warnings.warn("few", DataWarning, stacklevel=1)
    assert told == ["few"]
    assert [str(w.message) for w in outside] == ["few", "few"]
