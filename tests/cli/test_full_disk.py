"""Commands that write folders or pages, onto a disk that is full or read-only: one line, and no partial file."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from her2genomics.cli.main import cli
from her2genomics.workflow.demo import example_folder

CLINICAL, ALTERATIONS = (str(example_folder() / name) for name in ("clinical.tsv", "alterations.tsv"))
BUILD = ("cohort", "build", "--clinical", CLINICAL, "--alterations", ALTERATIONS, "--out")
COMMANDS = {
    "cohort.tsv": BUILD,
    "cohort.parquet": (*BUILD[:-1], "--format", "parquet", "--out"),
    "compare": ("compare", "COHORT", "--no-pathways", "--out"),
    "cluster": ("cluster", "COHORT", "--ranks", "2", "--runs", "2", "--out-dir"),
    "survival": ("survival", "COHORT", "--folder"),
    "report": ("report", "COHORT", "--no-clusters", "--out"),
    "cbioportal": ("export", "cbioportal", "--clinical", CLINICAL, "--id", "x", "--out"),
}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the table of the example cohort."""
    out = tmp_path_factory.mktemp("cohort")
    assert CliRunner().invoke(cli, [*BUILD, str(out)]).exit_code == 0
    return out / "cohort.tsv"


@pytest.fixture(params=["full", "read-only"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Return a small disk, where this user may mount one, and what the system says of it."""
    option, reason = {"full": ("size=16k", "No space left on device"), "read-only": ("ro", "Read-only file system")}[
        request.param
    ]
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(tmp_path)], capture_output=True)
    if made.returncode:
        pytest.skip("this user cannot mount a small disk")
    yield tmp_path, reason
    subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_one_line_and_no_partial_file(name: str, cohort: Path, disk: tuple[Path, str]) -> None:
    folder, reason = disk
    command = [str(cohort) if word == "COHORT" else word for word in COMMANDS[name]]
    done = CliRunner().invoke(cli, [*command, str(folder / "results")])
    errors = [line for line in done.stderr.splitlines() if line.startswith("her2g: error:")]
    assert done.exit_code == 1
    assert len(errors) == 1
    assert str(folder / "results") in errors[0]
    assert errors[0].endswith(f": cannot write: {reason}")
    assert "Traceback" not in done.stderr
    left = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in left if path.name.startswith(".") or path.stat().st_size == 0]
    assert not (folder / "results/manifest.json").exists(), "the manifest is written last"
