"""Completion by the shell, and the program as a module."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from her2genomics.cli.main import COMMANDS


def run(*args: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "her2genomics", *args],
        env={**os.environ, **environment}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize(
    ("shell", "sign"),
    [("bash", "complete -o nosort -F"), ("zsh", "#compdef her2g"), ("fish", "complete --no-files --command her2g")],
)
def test_each_shell_gets_a_script_for_her2g(shell: str, sign: str) -> None:
    script = run(_HER2G_COMPLETE=f"{shell}_source")
    assert sign in script
    assert f"_HER2G_COMPLETE={shell}_complete" in script


def test_commands_and_options_are_completed() -> None:
    words = run(_HER2G_COMPLETE="bash_complete", COMP_WORDS="her2g co", COMP_CWORD="1")
    assert words.split() == [f"plain,{name}" for name in COMMANDS if name.startswith("co")]
    options = run(_HER2G_COMPLETE="bash_complete", COMP_WORDS="her2g classify --her2-rule z", COMP_CWORD="3")
    assert options.split() == ["plain,zhang2022"]


def test_the_module_is_the_program() -> None:
    assert run("--version").startswith("her2g, version ")
