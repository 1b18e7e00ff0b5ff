"""The order of imports, and what may not stand in the library."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

LAYERS: list[set[str]] = [
    {"exceptions", "schema", "result_html"},
    {"genome", "intervals", "target_depth", "panel", "panel_files", "panel_import", "provenance", "manifest_check", "consequences", "variant", "tmb_presets", "lab_values"},
    {
        "io", "stats", "anndata_tables", "coverage", "ratios", "gene_null", "cnv_qc", "normals", "copy_rule", "amplicons", "gene_calls", "pathways",
        "segmentation", "copynumber", "her2", "her2_evidence", "her2_rules", "specimens", "ish_signals", "receptors", "inclusion",
        "clinical_variables", "protein_positions", "protein_domains", "variant_filters", "personal_columns", "tmb", "tmb_rule", "tmb_sample", "tmb_interval", "tmb_calibration", "variant_merge",
    },
    {"classify", "cohort", "cell_text", "gene_columns"},
    {"cohort_build"},
    {"comparison"},
    {"cluster_matrix", "cluster_features"},
    {"cluster", "compare", "pathway_comparison", "exclusivity", "biomarkers", "agreement", "audit", "outcome", "table1"},
    {"predict"},
    {"report"},
    {"simulate_bam", "simulate_cohort", "simulate_coverage", "simulate_variants", "simulate_samples"},
    {"workflow"},
    {"cli"},
]  # fmt: skip
SIBLINGS = ("io", "stats")


def modules(repository: Path) -> list[Path]:
    return sorted((repository / "her2genomics").rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Return the dotted her2genomics modules that a file imports, late imports included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("her2genomics"):
            found |= {node.module} if node.module != "her2genomics" else {f"her2genomics.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name.startswith("her2genomics.")}
    return found


def rank(top: str) -> int:
    for number, layer in enumerate(LAYERS):
        if top in layer:
            return number
    raise AssertionError(f"{top} stands in no layer: add it to the layers in this test and in docs/architecture.md")


def test_imports_go_down_only(repository: Path) -> None:
    wrong = []
    for path in modules(repository):
        parts = path.relative_to(repository / "her2genomics").with_suffix("").parts
        own = parts[0]
        if own in ("__init__", "__main__"):
            continue
        for name in imported(path):
            other = name.split(".")[1]
            same_layer_sibling = rank(other) == rank(own) and other != own and (own in SIBLINGS or other in SIBLINGS)
            if rank(other) > rank(own) or same_layer_sibling:
                wrong.append(f"{'/'.join(parts)} imports {name}")
    assert wrong == []


def test_there_is_no_import_cycle(repository: Path) -> None:
    graph = {}
    for path in modules(repository):
        name = ".".join(path.relative_to(repository).with_suffix("").parts)
        graph[name] = imported(path)
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"cycle: {' -> '.join([*trail, name])}"
        if name not in done:
            for other in graph.get(name, ()):
                visit(other, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("forbidden", ["print", "exit", "basicConfig"])
def test_only_the_cli_talks_and_exits(repository: Path, forbidden: str) -> None:
    wrong = []
    for path in modules(repository):
        if "cli" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if called == forbidden:
                    wrong.append(f"{path.name}:{node.lineno}")
    assert wrong == []


def test_the_checker_sees_a_wrong_import(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("from her2genomics.cli.main import main\nfrom her2genomics import compare\n")
    assert imported(file) == {"her2genomics.cli.main", "her2genomics.compare"}
    assert rank("cli") > rank("compare") > rank("io")
    with pytest.raises(AssertionError):
        rank("utils")
