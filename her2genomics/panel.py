"""Gene panels: what an assay covers, its genes and their old names, hotspots, pathways, and the coding size for TMB.

A panel is a folder with a ``panel.toml``.  Panels are looked up by name among those that ship with the package and
those that the user imported, or by the path of such a folder.  Nothing here knows a particular panel.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import platformdirs

from her2genomics.exceptions import BuildMismatchError, PanelError
from her2genomics.genome import chromosome_order, normalise_contigs
from her2genomics.intervals import Intervals

DEFAULT_PANEL = "surrogate520"
EXOME = "exome"
"""Name that stands for an assay that covers every gene."""
_NO_GENE = frozenset({"", ".", "-", "backbone", "Backbone", "BACKBONE", "CGH", "SNP", "nan", "None"})


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
        table = _read_bed4(self._build_file("targets", build))
        symbols = _first_tokens(table["name"])
        table["gene"] = symbols.where(symbols.isin(self._symbols), "-")
        return table

    def coding(self, build: str = "hg19") -> Intervals:
        """Return the un-padded coding territory, the ground of the TMB.

        Raises
        ------
        BuildMismatchError
            If the panel has no coding territory on that build.
        """
        return Intervals.from_table(_read_bed4(self._build_file("coding", build)))

    def coding_bed_mb(self, build: str = "hg19") -> float:
        """Return the size of the coding BED itself [Mb], each base counted once."""
        return self.coding(build).total_bp / 1e6

    def exons(self, build: str = "hg19") -> pd.DataFrame:
        """Return all coding exons of the panel's genes: ``chromosome, start, end, gene, transcript, exon, strand``."""
        return pd.read_csv(self._build_file("exons", build), sep="\t", keep_default_na=False)

    def gene_spans(self, build: str = "hg19") -> pd.DataFrame:
        """Return one row per gene, ``gene, chromosome, start, end``: first to last base of its coding exons."""
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
        return pd.read_csv(self.folder / self.files["genes"], sep="\t", keep_default_na=False, dtype=str)

    @cached_property
    def hotspots(self) -> pd.DataFrame:
        """Recurrent residues: ``gene, residue`` (``H1047``; ``X187`` = splice site at codon 187), ``type``."""
        if "hotspots" not in self.files:
            return pd.DataFrame(columns=["gene", "residue", "type", "tumor_count"])
        return pd.read_csv(self.folder / self.files["hotspots"], sep="\t", keep_default_na=False)

    @cached_property
    def pathways(self) -> pd.DataFrame:
        """Long table ``pathway, source, default, licence, gene`` from the panel's GMT (empty when it has none)."""
        if "pathways" not in self.files:
            return pd.DataFrame(columns=["pathway", "source", "default", "licence", "gene"])
        return _read_gmt(self.folder / self.files["pathways"])

    def known_somatic_sites(self, build: str = "hg19") -> Intervals:
        """Return sites known to be somatic, which a germline filter must not remove (empty where not known)."""
        name = self.files.get("known_somatic_sites", {}).get(build)
        if name is None:
            return Intervals({}, {})
        return Intervals.from_table(_read_bed4(self.folder / name))

    def has_gene(self, symbol: str) -> bool:
        """Return True when the panel has the gene under its current symbol."""
        return symbol in self._symbols

    @cached_property
    def _symbols(self) -> frozenset[str]:
        return frozenset(self.genes["gene"])

    def alias_map(self) -> dict[str, str]:
        """Return old symbol to current symbol; an alias of two genes, or one that is itself a gene, is left out.

        Examples
        --------
        >>> load_panel().alias_map()["MLL3"]
        'KMT2C'
        """
        pairs: dict[str, set[str]] = {}
        for gene, aliases in zip(self.genes["gene"], self.genes["aliases"], strict=True):
            for alias in filter(None, str(aliases).split("|")):
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
    text = os.fspath(name)
    if os.sep in text or Path(text).joinpath("panel.toml").is_file():
        folder = Path(text)
    else:
        known = _panel_folders()
        if text not in known:
            raise PanelError(
                f"no panel named '{text}' (known: {', '.join(known)})",
                hint="her2g panels list, or her2g panels import my.bed --name NAME",
            )
        folder = known[text]
    return _load_folder(folder)


def list_panels() -> pd.DataFrame:
    """Return one row per known panel: ``panel, title, kind, n_genes, coding_mb, coding_bed_bp, builds, notice``."""
    return pd.DataFrame([_summary(load_panel(name)) for name in _panel_folders()])


def describe_panel(panel: Panel) -> pd.DataFrame:
    """Return what a reader has to know of a panel as ``property, value`` rows."""
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


def panel_from_targets(
    targets: pd.DataFrame,
    *,
    name: str,
    build: str,
    coding: pd.DataFrame | None = None,
    coding_mb: float | None = None,
    knowledge: Panel | None = None,
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Make the settings and tables of a new panel from the rows of a BED.

    Parameters
    ----------
    targets
        ``chromosome, start, end, name``; the gene is the first token of ``name``.
    name
        Name of the new panel.
    build
        ``hg19`` or ``hg38``.
    coding
        The assay's own coding intervals; without it the targets are cut to the coding exons in ``knowledge``, and
        targets of genes that it does not know count whole.
    coding_mb
        Coding size as the vendor states it [Mb]; without it the BED's own size is the TMB denominator.
    knowledge
        Panel whose gene names, hotspots and exons are taken over for the genes of the BED.

    Returns
    -------
    settings, tables
        Contents of ``panel.toml`` and of its files, to be written by ``io.panels.write_panel``.

    Raises
    ------
    PanelError
        If the name is not a plain word, or no target carries a gene.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name) or name.lower() == EXOME:
        raise PanelError(f"'{name}' cannot be a panel name", hint="use letters, digits, - and _ (not 'exome')")
    knowledge = knowledge or load_panel()
    symbols = _first_tokens(targets["name"]).replace(knowledge.alias_map())
    genes = [g for g in dict.fromkeys(symbols) if g != "-"]
    if not genes:
        raise PanelError("no target carries a gene name in column 4", hint="put the gene symbol in the 4th column")
    own = knowledge.genes[knowledge.genes["gene"].isin(genes)]
    unknown = [g for g in genes if not knowledge.has_gene(g)]
    gene_table = pd.concat([own, pd.DataFrame({"gene": unknown})], ignore_index=True).fillna("")
    territory, how = _coding_territory(targets, symbols, coding, knowledge, build)
    settings: dict[str, Any] = {
        "id": name,
        "title": f"{name} (imported)",
        "kind": "imported",
        "notice": f"Imported from a BED of {len(targets)} targets on {build}; coding territory: {how}.",
        "coding_mb_source": "stated at import" if coding_mb else how,
        "genes": "genes.tsv",
        "hotspots": "hotspots.tsv",
        "targets": {build: f"targets_{build}.bed"},
        "coding": {build: f"coding_{build}.bed"},
    }
    if coding_mb is not None:
        settings["coding_mb"] = float(coding_mb)
    tables = {
        "genes.tsv": gene_table,
        "hotspots.tsv": knowledge.hotspots[knowledge.hotspots["gene"].isin(genes)],
        f"targets_{build}.bed": targets.assign(name=symbols)[["chromosome", "start", "end", "name"]],
        f"coding_{build}.bed": territory.to_table(),
    }
    if not knowledge.pathways.empty:
        settings["pathways"] = "pathways.gmt"
        tables["pathways.gmt"] = knowledge.pathways
    if build in knowledge.files.get("exons", {}):
        settings["exons"] = {build: f"exons_{build}.tsv"}
        exons = knowledge.exons(build)
        tables[f"exons_{build}.tsv"] = exons[exons["gene"].isin(genes)]
    return settings, tables


def user_panel_folder() -> Path:
    """Return where imported panels are kept: ``$HER2G_PANELS``, or the user's data folder."""
    chosen = os.environ.get("HER2G_PANELS")
    return Path(chosen) if chosen else platformdirs.user_data_path("her2genomics") / "panels"


def _coding_territory(
    targets: pd.DataFrame, symbols: pd.Series, coding: pd.DataFrame | None, knowledge: Panel, build: str
) -> tuple[Intervals, str]:
    if coding is not None:
        return Intervals.from_table(coding), "the coding BED given at import"
    if build not in knowledge.files.get("exons", {}):
        return Intervals.from_table(targets[symbols != "-"]), "the gene targets as they are"
    exons = Intervals.from_table(knowledge.exons(build))
    known = symbols.isin(set(knowledge.genes["gene"]))
    inside = Intervals.from_table(targets[known]).intersect(exons).to_table()
    whole = targets.loc[~known & (symbols != "-"), ["chromosome", "start", "end"]]
    how = "targets cut to known coding exons"
    if len(whole):
        how += f", {symbols[~known & (symbols != '-')].nunique()} genes without known exons counted whole"
    return Intervals.from_table(pd.concat([inside, whole], ignore_index=True)), how


def _first_tokens(names: pd.Series) -> pd.Series:
    """Return the first token of each target's name, ``-`` for names that say "no gene"."""
    token = names.astype("str").str.split(r"[|;,:\s]", n=1, regex=True).str[0]
    return token.where(~token.isin(_NO_GENE), "-")


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
        raise PanelError("not a panel folder: it has no panel.toml", path=folder, hint="her2g panels list")
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


def _read_bed4(path: Path) -> pd.DataFrame:
    """Read a panel's own BED (our format: no header, at least three columns)."""
    table = pd.read_csv(path, sep="\t", header=None, keep_default_na=False)
    table = table.iloc[:, :4].set_axis(["chromosome", "start", "end", "name"][: min(table.shape[1], 4)], axis=1)
    table["chromosome"] = normalise_contigs(table["chromosome"].astype("str"))
    keys = np.lexsort((table["end"], table["start"], chromosome_order(table["chromosome"])))
    return table.iloc[keys].reset_index(drop=True)


def _read_gmt(path: Path) -> pd.DataFrame:
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        name, note, *genes = line.split("\t")
        pathway, _, source = name.partition("__")
        is_default = note.startswith("default")
        licence = note.removeprefix("default").lstrip("; ")
        rows += [(pathway, source, is_default, licence, gene) for gene in genes if gene]
    return pd.DataFrame(rows, columns=["pathway", "source", "default", "licence", "gene"])
