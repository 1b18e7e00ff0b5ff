"""Manifests are valid by their schema, and a check says what is not as recorded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics import schema
from her2genomics.cli.main import cli
from her2genomics.exceptions import FileFormatError
from her2genomics.io.write import write_json
from her2genomics.manifest_check import check_results
from her2genomics.panel import load_panel
from her2genomics.provenance import build_manifest, check_manifest, manifest_schema, read_manifest
from her2genomics.workflow.demo import example_folder
from her2genomics.workflow.run_task import list_outputs


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a results folder beside its input, as made from the folder that holds both."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "clinical.tsv").write_text("sample_id\nP1\n")
    out = tmp_path / "results"
    (out / "tables").mkdir(parents=True)
    (out / "cohort.tsv").write_text("sample_id\nP1\n")
    (out / "tables" / "x.tsv").write_text("a\n")
    (out / "run.jsonl").write_text("{}\n")
    (out / ".state").mkdir()
    (out / ".state" / "lock").write_text("1")
    manifest = build_manifest(
        "test", parameters={"a": 1}, inputs=["data/clinical.tsv", "-"], outputs=[out / "tables" / "x.tsv", out / "cohort.tsv"],
        folder=out, unrecorded=["run.jsonl"], panel=load_panel(), build="hg19", seed=1,
    )  # fmt: skip
    write_json(manifest, out / "manifest.json")
    return out


def statuses(folder: Path, inputs: Path | None = None) -> dict[str, str]:
    return {row["path"]: row["status"] for row in check_results(folder, inputs)}


UNTOUCHED = {
    "cohort.tsv": "same",
    "tables/x.tsv": "same",
    "data/clinical.tsv": "same",
    "-": "no checksum",
    "surrogate520": "same",
}


def test_the_schema_itself_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(manifest_schema())


def test_an_untouched_folder(study: Path) -> None:
    assert statuses(study) == UNTOUCHED
    manifest = read_manifest(study)
    assert [entry["path"] for entry in manifest["outputs"]] == ["cohort.tsv", "tables/x.tsv"]
    assert str(study.parent) not in (study / "manifest.json").read_text()


def test_changed_missing_and_new(study: Path) -> None:
    (study / "cohort.tsv").write_text("sample_id\nP2\n")
    (study / "tables" / "x.tsv").unlink()
    (study / "tables" / "y.tsv").write_text("b\n")
    (study.parent / "data" / "clinical.tsv").write_text("sample_id\nP1 \n")
    assert statuses(study) == UNTOUCHED | {
        "cohort.tsv": "changed", "tables/x.tsv": "missing", "tables/y.tsv": "new", "data/clinical.tsv": "changed",
    }  # fmt: skip
    rows = pd.DataFrame(list(check_results(study)))[list(schema.MANIFEST_CHECK.dtypes)].astype(
        schema.MANIFEST_CHECK.dtypes
    )
    schema.check(rows, schema.MANIFEST_CHECK)


def test_moved_folders(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "data", elsewhere / "data")
    shutil.copytree(study, elsewhere / "results")
    alone = tmp_path / "alone" / "here"
    shutil.copytree(study, alone)
    flat = tmp_path / "flat"
    flat.mkdir()
    shutil.copy(tmp_path / "data" / "clinical.tsv", flat)
    shutil.rmtree(tmp_path / "data")
    monkeypatch.chdir("/")
    assert statuses(elsewhere / "results") == UNTOUCHED
    assert statuses(alone) == UNTOUCHED | {"data/clinical.tsv": "not there"}
    assert statuses(alone, flat) == UNTOUCHED
    assert statuses(alone, elsewhere) == UNTOUCHED


def test_the_command(study: Path) -> None:
    same = CliRunner().invoke(cli, ["verify", str(study)])
    assert same.exit_code == 0
    assert same.stdout.splitlines()[1:] == ["input\t-\tno checksum\tNA\tNA\tNA\tNA"]
    assert "2 outputs: 2 same; 2 inputs: 1 no checksum, 1 same; 1 panel: 1 same" in same.stderr
    everything = CliRunner().invoke(cli, ["verify", str(study), "--all"])
    assert len(everything.stdout.splitlines()) == 1 + len(UNTOUCHED)
    (study / "new.txt").write_text("x")
    assert CliRunner().invoke(cli, ["verify", str(study)]).exit_code == 1
    (study / "new.txt").unlink()
    (study.parent / "data" / "clinical.tsv").unlink()
    gone = CliRunner().invoke(cli, ["verify", str(study)])
    assert gone.exit_code == 0
    assert "not there" in gone.stdout


def _without(name: str) -> Any:
    return lambda m: m.pop(name)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_without("outputs"), "outputs"),
        (lambda m: m.update(host="x"), "host"),
        (lambda m: m["outputs"][0].update(path="../x"), "outputs/0/path"),
        (lambda m: m["outputs"][0].update(path="/etc/passwd"), "outputs/0/path"),
        (lambda m: m["outputs"][0].update(sha256="abc"), "outputs/0/sha256"),
        (lambda m: m["inputs"][0].pop("bytes"), "inputs/0"),
        (lambda m: m.update(seed="one"), "seed"),
        (lambda m: m.update(schema_version="1.0"), "layout is 1.0, not 1.1"),
    ],
)
def test_an_invalid_manifest_is_refused_with_the_place(study: Path, spoil: Any, message: str) -> None:
    manifest = json.loads((study / "manifest.json").read_text())
    spoil(manifest)
    write_json(manifest, study / "manifest.json")
    with pytest.raises(FileFormatError, match=message):
        list(check_results(study))


@pytest.mark.parametrize("content", [None, "", "[]", '"x"', "{", "\x00"])
def test_no_manifest_or_no_json(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    done = CliRunner().invoke(cli, ["verify", str(tmp_path)])
    assert done.exit_code == 1
    assert "manifest.json: " in done.stderr
    assert "Traceback" not in done.stderr


def test_an_output_outside_the_folder_is_a_bug(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with pytest.raises(ValueError, match="not in the subpath"):
        build_manifest("test", parameters={}, outputs=[tmp_path / "x"], folder=tmp_path / "results")


def test_the_demo_is_as_recorded_and_names_no_machine_path(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["demo", "--out", str(tmp_path / "demo")])
    assert done.exit_code == 0, done.stderr
    manifest = (tmp_path / "demo" / "manifest.json").read_text()
    check_manifest(json.loads(manifest))
    assert "her2genomics:examples/gdph_like/clinical.tsv" in manifest
    assert str(Path(__file__).resolve().parent.parent) not in manifest
    assert set(statuses(tmp_path / "demo").values()) == {"same"}
    assert "association.tsv" in statuses(tmp_path / "demo")


def test_a_panel_given_by_its_folder_is_found_beside_the_results(tmp_path: Path) -> None:
    panel, results = tmp_path / "study/panel", tmp_path / "study/results"
    shutil.copytree(load_panel().folder, panel)
    results.mkdir()
    manifest = build_manifest("run", parameters={}, panel=load_panel(panel))
    manifest["panel"]["path"] = "panel"
    write_json(manifest, results / "manifest.json")
    assert [(row["path"], row["status"]) for row in check_results(results)] == [("panel", "same")]
    shutil.move(tmp_path / "study", tmp_path / "moved")
    results = tmp_path / "moved/results"
    assert [row["status"] for row in check_results(results)] == ["same"]
    with open(tmp_path / "moved/panel/panel.toml", "a", encoding="utf-8") as handle:
        handle.write("\n# another\n")
    assert [row["status"] for row in check_results(results)] == ["changed"]
    assert [row["status"] for row in check_results(results, inputs=tmp_path / "moved")] == ["changed"]
    shutil.rmtree(tmp_path / "moved/panel")
    assert [row["status"] for row in check_results(results)] == ["not there"]


EXAMPLE = example_folder()
COHORT_BUILD = ("cohort", "build", "--clinical", str(EXAMPLE / "clinical.tsv"), "--out")
WITH_PANEL = {
    "cohort build": COHORT_BUILD,
    "cluster": ("cluster", "made/cohort.tsv", "--ranks", "2", "--runs", "2", "--out-dir"),
    "survival": ("survival", "made/cohort.tsv", "--folder"),
    "response": ("response", "made/cohort.tsv", "--folder"),
}
"""Every command that takes a panel and leaves a manifest, up to the name of its folder."""


@pytest.fixture(scope="module")
def working_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a cohort, a copy of the panel, and a BED file."""
    folder = tmp_path_factory.mktemp("panels")
    shutil.copytree(load_panel().folder, folder / "own/panel")
    (folder / "own.bed").write_text("17\t1\t2\tERBB2\n")
    done = CliRunner().invoke(
        cli, [*COHORT_BUILD, str(folder / "made"), "--alterations", str(EXAMPLE / "alterations.tsv")]
    )
    assert done.exit_code == 0, done.stderr
    return folder


@pytest.mark.parametrize("command", WITH_PANEL)
def test_the_panel_is_found_again_however_it_was_given(
    command: str, working_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(working_folder)
    for given, path in (("own/panel", "own/panel"), ("surrogate520", None)):
        out = f"{command} {Path(given).name}"
        done = CliRunner().invoke(cli, [*WITH_PANEL[command], out, "--panel", given])
        assert done.exit_code == 0, done.stderr
        recorded = read_manifest(out)["panel"]
        assert recorded.get("path") == path
        assert statuses(Path(out))[path or "surrogate520"] == "same"
    with monkeypatch.context() as elsewhere:
        elsewhere.chdir("/")
        assert statuses(working_folder / f"{command} panel")["own/panel"] == "same", "beside the results"
    with open("own/panel/genes.tsv", "a", encoding="utf-8") as handle:
        handle.write("\n")
    try:
        assert statuses(Path(f"{command} panel"))["own/panel"] == "changed"
    finally:
        shutil.copy(load_panel().folder / "genes.tsv", "own/panel")
    wrong = CliRunner().invoke(cli, [*WITH_PANEL[command], "wrong", "--panel", "./own.bed"])
    assert wrong.exit_code == 1
    assert "no panel.toml; her2g panels import own.bed --name NAME" in wrong.stderr
    assert not Path("wrong").exists()


def test_a_panel_within_the_results_moves_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(load_panel().folder, "study/panel")
    files, panel = list(Path("study/panel").iterdir()), load_panel("study/panel")
    write_json(build_manifest("test", parameters={}, outputs=files, folder="study", panel=panel), "study/manifest.json")
    shutil.move("study", "moved")
    assert set(statuses(Path("moved")).values()) == {"same"}
    assert "panel" in statuses(Path("moved"))
    Path("moved/panel/.DS_Store").write_text("x")
    assert set(statuses(Path("moved")).values()) == {"same"}
    Path("moved/panel/genes.tsv").unlink()
    assert statuses(Path("moved"))["panel"] == "changed"


def test_a_file_of_the_same_name_in_the_working_folder_is_not_the_input(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    (other / "data").mkdir(parents=True)
    (other / "data" / "clinical.tsv").write_text("sample_id\nP9\n")
    monkeypatch.chdir(other)
    assert statuses(study) == UNTOUCHED
    (tmp_path / "data" / "clinical.tsv").write_text("sample_id\nP2\n")
    assert statuses(study)["data/clinical.tsv"] == "changed"


def test_a_run_looks_beside_its_results_first(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_json(json.loads((study / "manifest.json").read_text()) | {"command": "run"}, study / "manifest.json")
    shutil.copytree(tmp_path / "data", tmp_path / "other/data")
    (tmp_path / "data" / "clinical.tsv").write_text("sample_id\nP2\n")
    monkeypatch.chdir(tmp_path / "other")
    assert statuses(study)["data/clinical.tsv"] == "changed", "although an unchanged copy is in the working folder"
    (tmp_path / "data" / "clinical.tsv").unlink()
    assert statuses(study)["data/clinical.tsv"] == "same"


def test_the_folder_of_one_step_is_checked_by_its_record(tmp_path: Path) -> None:
    (tmp_path / "tmb.tsv").write_text("a\n")
    (tmp_path / "task.json").write_text(json.dumps({"outputs": list_outputs(tmp_path)}))
    assert [(row["path"], row["status"]) for row in check_results(tmp_path)] == [("tmb.tsv", "same")]
    (tmp_path / "tmb.tsv").write_text("b\n")
    (tmp_path / "more.tsv").write_text("b\n")
    assert [row["status"] for row in check_results(tmp_path)] == ["changed", "new"]
    (tmp_path / "task.json").write_text("{}")
    with pytest.raises(FileFormatError, match=r"task\.json"):
        list(check_results(tmp_path))
