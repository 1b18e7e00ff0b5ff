"""A panel made from the rows of a lab's BED."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from her2genomics.exceptions import PanelError
from her2genomics.intervals import Intervals
from her2genomics.panel import EXOME, Panel, load_panel
from her2genomics.panel_files import first_tokens


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
    symbols = first_tokens(targets["name"]).replace(knowledge.alias_map())
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
