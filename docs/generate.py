"""Write the pages of docs/ that are rendered from the code: docs/tables.md."""

from __future__ import annotations

from pathlib import Path

from her2genomics.schema import SCHEMAS, render_markdown

HEADER = """# Tables

Every table of her2genomics, rendered from `her2genomics/schema/` (`make docs`). Key columns are in *italics*,
optional ones carry a †. Intervals are 0-based and half-open, fractions are 0-1, missing values are `NA`.

"""


def render_tables() -> str:
    """Return docs/tables.md."""
    return HEADER + "\n".join(render_markdown(table) for table in SCHEMAS.values())


if __name__ == "__main__":
    (Path(__file__).parent / "tables.md").write_text(render_tables(), encoding="utf-8")
