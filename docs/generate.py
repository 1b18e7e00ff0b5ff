"""Write what is rendered from the code: docs/tables.md, and the notebook from examples/walkthrough.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from her2genomics.schema import SCHEMAS, render_markdown

HEADER = """# Tables

Every table of her2genomics, rendered from `her2genomics/schema/` (`make docs`). Key columns are in *italics*,
optional ones carry a †. Intervals are 0-based and half-open, fractions are 0-1, missing values are `NA`.

"""


def render_tables() -> str:
    """Return docs/tables.md."""
    return HEADER + "\n".join(render_markdown(table) for table in SCHEMAS.values())


CELL, TEXT_CELL = "# %%", "# %% [markdown]"
EXAMPLES = Path(__file__).parent.parent / "examples"


def render_notebook(script: str) -> str:
    """Return a script whose cells begin with ``# %%`` as a notebook (nbformat 4.5) without outputs."""
    cells: list[dict[str, Any]] = []
    for number, part in enumerate(script.split(CELL)[1:]):
        head, _, body = part.partition("\n")
        is_text = f"{CELL}{head}" == TEXT_CELL
        lines = [line.removeprefix("#").removeprefix(" ") if is_text else line for line in body.strip("\n").split("\n")]
        cell: dict[str, Any] = {"cell_type": "markdown" if is_text else "code", "id": f"cell-{number}", "metadata": {}}
        cell["source"] = [f"{line}\n" for line in lines[:-1]] + lines[-1:]
        cells.append(cell if is_text else cell | {"execution_count": None, "outputs": []})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    walkthrough = (EXAMPLES / "walkthrough.py").read_text(encoding="utf-8")
    (EXAMPLES / "walkthrough.ipynb").write_text(render_notebook(walkthrough), encoding="utf-8")
    (Path(__file__).parent / "tables.md").write_text(render_tables(), encoding="utf-8")
