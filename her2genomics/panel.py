"""Gene panels: what an assay covers, its genes and their old names, hotspots, pathways, and the coding size for TMB.

A panel is a folder with a ``panel.toml``.  Panels are looked up by name among those that ship with the package and
those that the user imported, or by the path of such a folder.  Nothing here knows a particular panel.

What counting a VCF needs (coding territory, symbols, hotspots, known somatic sites) is read by plain Python.  Whole
tables are read by `panel_files`, and pandas, which takes longer to load than a panel VCF to count, with them.
"""

from __future__ import annotations

import csv
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from her2genomics.exceptions import BuildMismatchError, PanelError
from her2genomics.intervals import Intervals

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_PANEL = "surrogate520"
EXOME = "exome"
"""Name that stands for an assay that covers every gene."""


@dataclass(frozen=True)
class Panel:
    """One assay's territory and gene knowledge.

    Parameters
    ----------
    id
        Short name, as used with ``--panel``.
    title, notice
        Shown wherever the panel is named to a reader.
    kind
        ``surrogate``, ``imported`` ...
    coding_mb
        Published coding size for TMB [Mb], or None when only the BED's own size is known.
    coding_mb_source
        Where that figure comes from.
    folder
        Folder of the panel's files.
    files
        The file names in ``panel.toml``, per topic and build.
    """

    id: str
    title: str
    notice: str
    kind: str
    coding_mb: float | None
    coding_mb_source: str
    folder: Path
    files: dict[str, Any]

    @property
    def builds(self) -> list[str]:
        """Builds for which the coding territory is known."""
        return list(self.files.get("coding", {}))

    def _build_file(self, topic: str, build: str) -> Path:
        by_build = self.files.get(topic, {})
        if build not in by_build:
            known = ", ".join(by_build) or "none"
            raise BuildMismatchError(f"panel {self.id} has no {topic} for {build} (it has: {known})")
        return self.folder / str(by_build[build])

    def targets(self, build: str = "hg19") -> pd.DataFrame:
        """Return the capture targets: ``chromosome, start, end, gene`` (``-`` for backbone), in genome order.

        Raises
        ------
        BuildMismatchError
            If the panel has no targets on that build.
        """
        from her2genomics.panel_files import first_tokens, read_bed4

        table = read_bed4(self._build_file("targets", build))
        symbols = first_tokens(table["name"])
        table["gene"] = symbols.where(symbols.isin(self._symbols), "-")
        return table

    def coding(self, build: str = "hg19") -> Intervals:
        """Return the un-padded coding territory, the ground of the TMB.

        Raises
        ------
        BuildMismatchError
            If the panel has no coding territory on that build.
        """
        return _read_intervals(self._build_file("coding", build))

    def coding_bed_mb(self, build: str = "hg19") -> float:
        """Return the size of the coding BED itself [Mb], each base counted once."""
        return self.coding(build).total_bp / 1e6

    def exons(self, build: str = "hg19") -> pd.DataFrame:
        """Return all coding exons of the panel's genes: ``chromosome, start, end, gene, transcript, exon, strand``."""
        from her2genomics.panel_files import read_panel_table

        return read_panel_table(self._build_file("exons", build))

    def gene_spans(self, build: str = "hg19") -> pd.DataFrame:
        """Return one row per gene, ``gene, chromosome, start, end``: first to last base of its coding exons."""
        import pandas as pd

        from her2genomics.genome import chromosome_order

        source = self.exons(build) if build in self.files.get("exons", {}) else self.targets(build)
        source = source[source["gene"].isin(set(self.genes["gene"]))]
        spans = source.groupby("gene", sort=False).agg(
            chromosome=("chromosome", "first"), start=("start", "min"), end=("end", "max")
        )
        order = pd.DataFrame({"rank": chromosome_order(spans["chromosome"]), "start": spans["start"]})
        return spans.loc[order.sort_values(["rank", "start"], kind="stable").index].reset_index()

    @cached_property
    def genes(self) -> pd.DataFrame:
        """One row per gene: ``gene``, ``aliases`` (``|`` list), ``tier``, transcripts, sizes."""
        from her2genomics.panel_files import read_panel_table

        return read_panel_table(self.folder / self.files["genes"], dtype=str)

    @cached_property
    def hotspots(self) -> pd.DataFrame:
        """Recurrent residues: ``gene, residue`` (``H1047``; ``X187`` = splice site at codon 187), ``type``."""
        from her2genomics.panel_files import empty_table, read_panel_table

        if "hotspots" not in self.files:
            return empty_table("gene", "residue", "type", "tumor_count")
        return read_panel_table(self.folder / self.files["hotspots"])

    @cached_property
    def hotspot_rows(self) -> tuple[tuple[str, str, str, int], ...]:
        """The same as rows of gene, residue, type and number of tumours (0 where the panel does not say)."""
        if "hotspots" not in self.files:
            return ()
        rows = _read_rows(self.folder / self.files["hotspots"])
        return tuple((r["gene"], r["residue"], r["type"], int(float(r.get("tumor_count") or 0))) for r in rows)

    @cached_property
    def pathways(self) -> pd.DataFrame:
        """Long table ``pathway, source, default, licence, gene`` from the panel's GMT (empty when it has none)."""
        from her2genomics.panel_files import empty_table, read_gmt

        if "pathways" not in self.files:
            return empty_table("pathway", "source", "default", "licence", "gene")
        return read_gmt(self.folder / self.files["pathways"])

    def known_somatic_sites(self, build: str = "hg19") -> Intervals:
        """Return sites known to be somatic, which a germline filter must not remove (empty where not known)."""
        name = self.files.get("known_somatic_sites", {}).get(build)
        if name is None:
            return Intervals({})
        return _read_intervals(self.folder / name)

    def has_gene(self, symbol: str) -> bool:
        """Return True when the panel has the gene under its current symbol."""
        return symbol in self._symbols

    @cached_property
    def _symbols(self) -> frozenset[str]:
        return frozenset(gene for gene, _ in self._names)

    @cached_property
    def _names(self) -> tuple[tuple[str, str], ...]:
        """Symbol and old names (``|`` list) of each gene."""
        return tuple((r["gene"], r["aliases"]) for r in _read_rows(self.folder / self.files["genes"]))

    def alias_map(self) -> dict[str, str]:
        """Return old symbol to current symbol; an alias of two genes, or one that is itself a gene, is left out.

        Examples
        --------
        >>> load_panel().alias_map()["MLL3"]
        'KMT2C'
        """
        pairs: dict[str, set[str]] = {}
        for gene, aliases in self._names:
            for alias in filter(None, aliases.split("|")):
                pairs.setdefault(alias, set()).add(gene)
        return {a: next(iter(g)) for a, g in pairs.items() if len(g) == 1 and a not in self._symbols}


def load_panel(name: str | os.PathLike[str] = DEFAULT_PANEL) -> Panel:
    """Load a panel by name, or by the path of its folder.

    Raises
    ------
    PanelError
        If there is no such panel, or its files are incomplete.

    Examples
    --------
    >>> panel = load_panel("surrogate520")
    >>> len(panel.genes), panel.coding_mb, round(panel.coding_bed_mb("hg19"), 6)
    (520, 1.003, 1.002999)
    """
    return _load_folder(find_panel_folder(name))


def find_panel_folder(name: str | os.PathLike[str]) -> Path:
    """Return the folder of a panel by its name, or the path as it is given.

    Raises
    ------
    PanelError
        If there is no panel of that name.
    """
    text = os.fspath(name)
    if os.sep in text or Path(text).joinpath("panel.toml").is_file():
        return Path(text)
    known = _panel_folders()
    if text not in known:
        raise PanelError(
            f"no panel named '{text}' (known: {', '.join(known)})",
            hint="her2g panels list, or her2g panels import my.bed --name NAME",
        )
    return known[text]


def panel_knowledge(name: str) -> Panel:
    """Return the panel that is asked about genes (old symbols, positions, pathways): the shipped one for an exome."""
    return load_panel() if name == EXOME else load_panel(name)


def is_named(panel: Panel) -> bool:
    """Return whether a panel is one of those that are looked up by name, and not given by the path of its folder."""
    return panel.folder in _panel_folders().values()


def list_panels() -> pd.DataFrame:
    """Return one row per known panel: ``panel, title, kind, n_genes, coding_mb, coding_bed_bp, builds, notice``."""
    import pandas as pd

    return pd.DataFrame([_summary(load_panel(name)) for name in _panel_folders()])


def describe_panel(panel: Panel) -> pd.DataFrame:
    """Return what a reader has to know of a panel as ``property, value`` rows."""
    import pandas as pd

    rows = dict(_summary(panel))
    rows["coding_mb_source"] = panel.coding_mb_source
    del rows["coding_bed_bp"]
    for build in panel.builds:
        rows[f"coding_bed_bp_{build}"] = panel.coding(build).total_bp
    for build in panel.files.get("targets", {}):
        targets = panel.targets(build)
        rows[f"targets_{build}"] = len(targets)
        rows[f"target_bp_{build}"] = Intervals.from_table(targets).total_bp
    rows["hotspot_residues"] = len(panel.hotspots)
    rows["pathways"] = panel.pathways["pathway"].nunique()
    return pd.DataFrame({"property": list(rows), "value": [str(v) for v in rows.values()]})


def user_panel_folder() -> Path:
    """Return where imported panels are kept: ``$HER2G_PANELS``, or the user's data folder."""
    chosen = os.environ.get("HER2G_PANELS")
    return Path(chosen) if chosen else platformdirs.user_data_path("her2genomics") / "panels"


def _panel_folders() -> dict[str, Path]:
    folders: dict[str, Path] = {}
    for root in (_shipped_folder(), user_panel_folder()):
        if root.is_dir():
            for file in sorted(root.glob("*/panel.toml")):
                folders.setdefault(file.parent.name, file.parent)
    return folders


def _shipped_folder() -> Path:
    """Return ``panels/`` inside the installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    inside = here / "panels"
    return inside if inside.is_dir() else here.parent / "panels"


@lru_cache(maxsize=16)
def _load_folder(folder: Path) -> Panel:
    path = folder / "panel.toml"
    if not path.is_file():
        hint = f"her2g panels import {folder} --name NAME" if folder.is_file() else "her2g panels list"
        raise PanelError("not a panel folder: it has no panel.toml", path=folder, hint=hint)
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
        files = {k: v for k, v in settings.items() if isinstance(v, dict) or k in {"genes", "hotspots", "pathways"}}
        panel = Panel(
            id=settings["id"],
            title=settings["title"],
            notice=settings.get("notice", ""),
            kind=settings.get("kind", ""),
            coding_mb=settings.get("coding_mb"),
            coding_mb_source=settings.get("coding_mb_source", ""),
            folder=folder,
            files=files,
        )
    except (tomllib.TOMLDecodeError, KeyError, UnicodeDecodeError) as error:
        raise PanelError(f"panel.toml cannot be read: {error}", path=path) from error
    _check_files(panel)
    return panel


def _check_files(panel: Panel) -> None:
    names = [v for v in panel.files.values() if isinstance(v, str)]
    names += [v for topic in panel.files.values() if isinstance(topic, dict) for v in topic.values()]
    absent = [name for name in names if not (panel.folder / name).is_file()]
    if absent or not panel.builds:
        what = f"files are missing: {', '.join(absent)}" if absent else "no coding territory is declared"
        raise PanelError(what, path=panel.folder / "panel.toml")


def _summary(panel: Panel) -> dict[str, Any]:
    build = panel.builds[0]
    return {
        "panel": panel.id,
        "title": panel.title,
        "kind": panel.kind,
        "n_genes": len(panel.genes),
        "coding_mb": panel.coding_mb,
        "coding_bed_bp": panel.coding(build).total_bp,
        "builds": ",".join(panel.builds),
        "notice": panel.notice,
    }


def _read_rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a panel's own table."""
    with path.open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle, delimiter="\t")


def _read_intervals(path: Path) -> Intervals:
    """Read a panel's own BED (our format: no header, at least three columns)."""
    rows = [line.split("\t", 3)[:3] for line in path.read_text(encoding="utf-8").splitlines() if line]
    return Intervals.from_rows((chromosome, int(start), int(end)) for chromosome, start, end in rows)
