"""The walk-through runs, as a script and as the notebook made from it."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

FIGURES = ["frequencies.svg", "oncoprint.svg", "ranks.svg", "survival.svg"]


def code_cells(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Execute a cell as a notebook does, and return the value of its last expression."""
    body = ast.parse(source).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # type: ignore[attr-defined]


def test_the_notebook_is_the_script_without_outputs(repository: Path) -> None:
    spec = importlib.util.spec_from_file_location("generate", repository / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    notebook, script = (repository / "examples" / f"walkthrough.{ending}" for ending in ("ipynb", "py"))
    assert generate.render_notebook(script.read_text(encoding="utf-8")) == notebook.read_text(encoding="utf-8")
    assert all(not cell.get("outputs") for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"])
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed here")
    nbformat.validate(nbformat.read(notebook, as_version=4))


def test_the_script_runs(repository: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(repository / "examples" / "walkthrough.py")], cwd=tmp_path, check=True)
    assert sorted(path.name for path in (tmp_path / "walkthrough_figures").iterdir()) == FIGURES


@pytest.mark.filterwarnings("ignore::her2genomics.exceptions.Her2GenomicsWarning")
def test_the_notebook_runs_and_its_results_show_themselves(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    values = [run_cell(source, names) for source in code_cells(repository / "examples" / "walkthrough.ipynb")]
    shown = [value for value in values if value is not None]
    assert shown[-1] == FIGURES
    assert isinstance(shown[-2], Figure)
    assert any(isinstance(value, pd.DataFrame) for value in shown)
    assert "523 rows, the first 10 shown; HER2-zero 90, HER2-low 231, HER2-positive 202" in shown[0]._repr_html_()
    for name, start in (("comparison", "<p><b>Comparison of groups</b>: "), ("pathways", "<p><b>Comparison of groups"),
                        ("clusters", "<p><b>Clusters</b>: "), ("survival", "<p><b>Survival by group</b>: 4 rows")):  # fmt: skip
        html = names[name]._repr_html_()
        assert html.startswith(start), html[:200]
        assert html.count("<tr") <= 11
