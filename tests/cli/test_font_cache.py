"""Matplotlib's cache: the user's own where it can be, else a temporary folder that is gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from her2genomics.cli.font_cache import font_cache

NAMES = ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_home_that_can_be_written_to_is_left_alone(home: Path) -> None:
    with font_cache():
        assert "MPLCONFIGDIR" not in os.environ
    assert not list(home.iterdir())


def test_a_closed_home_gets_a_temporary_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("HOME", str(home / "file"))  # nothing can be made below a file, not even by root
    with font_cache():
        folder = Path(os.environ["MPLCONFIGDIR"])
        assert folder.is_dir()
    assert not folder.exists()
    assert "MPLCONFIGDIR" not in os.environ


def test_a_closed_cache_alone_is_enough_and_a_chosen_folder_is_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "file/below"))
    with font_cache():
        assert "MPLCONFIGDIR" in os.environ
    monkeypatch.setenv("MPLCONFIGDIR", str(home / "chosen"))
    with font_cache():
        assert os.environ["MPLCONFIGDIR"] == str(home / "chosen")


def test_a_figure_is_drawn_without_a_word_of_the_cache(home: Path) -> None:
    (home / "file").write_text("")
    (home / "c.tsv").write_text("sample_id\ther2_group\tTP53\nA\tHER2-zero\t1\nB\tHER2-low\tWT\n")
    command = [sys.executable, "-m", "her2genomics", "oncoprint", str(home / "c.tsv"), "--out", str(home / "o.png")]
    environment = {**{k: v for k, v in os.environ.items() if k not in NAMES}, "HOME": str(home / "file")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (home / "o.png").is_file()
    assert "atplotlib" not in done.stderr
