from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from her2genomics.cli.main import COMMANDS, cli
from her2genomics.cli.options import OutputFile
from her2genomics.exceptions import UsageError


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        found = []
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found += leaves(inner, (*path, name))
        return found
    return [(path, command)]


LEAVES = leaves(cli)


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=[" ".join(p) for p, _ in LEAVES])
def test_every_command_has_help_with_an_example(path: tuple[str, ...], command: click.Command) -> None:
    result = CliRunner().invoke(cli, [*path, "--help"])
    assert result.exit_code == 0
    assert command.help
    assert f"her2g {path[0]}" in (command.epilog or "") + (command.help or ""), "no example"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str, repository: Path) -> None:
    assert f"her2g {name}" in (repository / "README.md").read_text(encoding="utf-8")


def test_help_is_instant() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "her2genomics", "--help"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    assert used < 0.3 * 2, f"{used:.2f} s of CPU; twice the promise leaves room for a loaded machine"


def test_help_loads_no_heavy_library() -> None:
    code = "import sys; from her2genomics.cli.main import cli\ntry:\n cli(['--help'])\nexcept SystemExit: pass\n"
    code += "print('heavy', [m for m in ('pandas', 'numpy', 'scipy', 'pyarrow', 'pysam', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "heavy []"


def test_the_library_import_is_light() -> None:
    code = "import sys, her2genomics as h2g; print([m for m in ('pandas', 'numpy', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_can_be_imported() -> None:
    import her2genomics as h2g

    assert all(getattr(h2g, name) is not None for name in h2g.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        h2g.nope  # noqa: B018


def test_a_bug_keeps_its_traceback_and_our_errors_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    import her2genomics.panel

    def bug() -> None:
        raise ZeroDivisionError

    def ours() -> None:
        raise UsageError("no", hint="yes")

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(her2genomics.panel, "list_panels", bug)
    assert isinstance(CliRunner().invoke(cli, ["panels"]).exception, ZeroDivisionError)
    monkeypatch.setattr(her2genomics.panel, "list_panels", ours)
    result = CliRunner().invoke(cli, ["panels"])
    assert (result.exit_code, result.stderr) == (2, "her2g: error: no; yes\n")
    monkeypatch.setattr(her2genomics.panel, "list_panels", interrupt)
    assert CliRunner().invoke(cli, ["panels"]).exit_code == 130


def test_links_of_the_readme_and_docs_lead_somewhere(repository: Path) -> None:
    import re

    pages = [repository / "README.md", *sorted((repository / "docs").glob("*.md"))]
    broken = []
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []


@pytest.mark.parametrize("option", ["--out", "--counts", "--plot"])
def test_a_folder_that_is_not_there_is_refused_before_any_work(option: str, tmp_path: Path) -> None:
    target = tmp_path / "nosuch" / "x.svg"
    value = f"bars={target}" if option == "--plot" else str(target)
    file = tmp_path / "cohort.tsv"
    file.write_text("sample_id\tihc\tTP53\nA\t0\tWT\nB\t1+\tR175H\n")
    result = CliRunner().invoke(cli, ["compare", str(file), option, value])
    assert result.exit_code == 2
    assert f"there is no folder {target.parent}; mkdir -p {target.parent}" in result.stderr
    assert not target.parent.exists()


def test_every_option_that_names_an_output_file_keeps_the_rule() -> None:
    for path, command in LEAVES:
        for parameter in command.params:
            kept = not isinstance(parameter.type, click.Path) or isinstance(parameter.type, OutputFile)
            assert kept or not (parameter.type.writable and parameter.type.file_okay), (path, parameter.name)
