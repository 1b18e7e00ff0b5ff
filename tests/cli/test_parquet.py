"""Parquet in and out: the same tables as TSV, for a cohort and for every command that takes ``--format``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics.cli.main import cli
from her2genomics.workflow.inputs import load_cohort

COMMANDS = {
    "exclusivity": ["exclusivity", "{cohort}"],
    "biomarkers": ["biomarkers", "{cohort}", "--marker", "ki67_pct"],
    "survival": ["survival", "{cohort}"],
    "response": ["response", "{cohort}"],
    "classify": ["classify", "{clinical}"],
    "check": ["check", "{cohort}"],
    "audit": ["audit", "{audit}"],
    "panels": ["panels", "list"],
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> dict[str, Path]:
    """Return the example study as a cohort in both formats, and other inputs."""
    folder = tmp_path_factory.mktemp("parquet")
    example = repository / "examples" / "gdph_like"
    study = ["--clinical", example / "clinical.tsv", "--alterations", example / "alterations.tsv", "--profiled",
             example / "profiled.txt", "--min-vaf", "0.02"]  # fmt: skip
    for fmt in ("tsv", "parquet"):
        run("cohort", "build", *study, "--format", fmt, "--out", folder / fmt)
    return {
        "cohort": folder / "tsv" / "cohort.tsv",
        "parquet": folder / "parquet" / "cohort.parquet",
        "clinical": example / "clinical.tsv",
        "audit": repository / "examples" / "audit_tables.tsv",
    }


def run(*args: object) -> None:
    done = CliRunner().invoke(cli, list(map(str, args)))
    assert done.exit_code == 0, done.stderr


def assert_same(first: Path, second: Path) -> None:
    one, two = load_cohort(first), load_cohort(second)
    as_written = ["fish_ratio", "fish_her2_cn", "fish_cep17_cn"]  # texts: 1.0 and 1 are the same number
    pd.testing.assert_frame_equal(
        *(cohort.samples.astype(dict.fromkeys(as_written, "Float64")) for cohort in (one, two))
    )
    pd.testing.assert_frame_equal(one.alterations, two.alterations)
    assert one.genes == two.genes
    assert (one.profiled == two.profiled).all()


def test_a_study_in_parquet_is_the_same_cohort_as_in_tsv(files: dict[str, Path]) -> None:
    assert (files["parquet"].parent / "attrition.parquet").is_file()
    assert_same(files["cohort"], files["parquet"])


def test_typed_columns_of_parquet_are_read_as_what_they_mean(files: dict[str, Path], tmp_path: Path) -> None:
    """A file of pandas' own types: floats where a whole number is missing, booleans, categories."""
    table = pd.read_csv(files["cohort"], sep="\t", low_memory=False)
    table["her2_group"] = table["her2_group"].astype("category")
    table["dfs_event"] = table["dfs_event"].astype("boolean")
    table["grade"] = table["grade"].astype("float64")
    table.to_parquet(tmp_path / "typed.parquet")
    assert_same(files["cohort"], tmp_path / "typed.parquet")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_writes_its_table_as_parquet(name: str, files: dict[str, Path], tmp_path: Path) -> None:
    command = [part.format(**files) for part in COMMANDS[name]]
    for out in ("result.tsv", "result.parquet"):
        run(*command, "--out", tmp_path / out)
    typed = pd.read_parquet(tmp_path / "result.parquet")
    text = pd.read_csv(tmp_path / "result.tsv", sep="\t", low_memory=False)
    assert typed.columns.tolist() == text.columns.tolist()
    assert len(typed) == len(text) > 0
    for column in typed:
        filled = typed[column].astype("string").fillna("") != ""
        assert filled.tolist() == text[column].notna().tolist(), column
