"""Structural variants (DELLY, Manta, GRIDSS, SvABA ...) as `fusion` and rearrangement alterations of panel genes.

A record is an adjacency: two places of the genome that the tumour joins.  Symbolic records (``<DEL>``, ``<INV>``,
``<DUP>``, ``<TRA>``) state the second place in ``CHR2`` and ``END``; breakend records state it in ALT
(``]15:80623247]C``), usually twice, once per mate, which is one event.  Where a place lies between the first and the
last coding base of a panel gene (widened by `MARGIN` for the untranslated exons), the gene is rearranged:

* joined to another gene or to another place outside of itself: ``fusion``, with both partners in ``detail``;
* both places in the gene itself: ``other`` (an internal deletion, duplication or inversion).

A deletion or duplication that contains a whole gene is a matter of copy number and no row here.
"""

from __future__ import annotations

import logging
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from her2genomics import schema
from her2genomics.genome import normalise_build, normalise_contig, require_same_build
from her2genomics.io.vcf_callers import Dialect, parse_count
from her2genomics.io.vcf_header import VcfHeader, read_header
from her2genomics.io.vcf_records import Info, broken
from her2genomics.io.vcf_samples import SampleColumns, find_tumour
from her2genomics.io.vcf_source import open_source
from her2genomics.panel import Panel

log = logging.getLogger(__name__)
MARGIN = 1000
"""Bases beside the coding span of a gene in which a breakpoint still belongs to it [bp]."""
ASSUMED_BUILD = "hg19"
_MATE = re.compile(r"[\[\]](.+):(\d+)[\[\]]")
_SUPPORT: tuple[tuple[tuple[str, str], ...], ...] = (
    (("DR", "DV"), ("RR", "RV")),  # DELLY: reference and variant pairs, junction reads
    (("REF", "VF"),),  # GRIDSS: reference and variant fragments
)
_SUPPORT_LISTS = ("PR", "SR", "AD")
"""FORMAT keys that list reference and variant reads (Manta's pairs and split reads, AD)."""
_VARIANT_ALONE = ("SU", "AD")
"""FORMAT keys with the variant's reads alone (LUMPY, SvABA)."""


@dataclass(frozen=True)
class Adjacency:
    """Two joined places.

    Parameters
    ----------
    kind
        SVTYPE: DEL, DUP, INV, BND, TRA ...
    chromosome, position, partner_chromosome, partner_position
        The two places [1-based].
    line
        Line of the file.
    """

    kind: str
    chromosome: str
    position: int
    partner_chromosome: str
    partner_position: int
    line: int

    @property
    def key(self) -> tuple[object, ...]:
        """The two places in a fixed order: the same for both mates."""
        places = sorted([(self.chromosome, self.position), (self.partner_chromosome, self.partner_position)])
        return (*places[0], *places[1])


def read_sv_vcf(
    path: str | os.PathLike[str],
    *,
    panel: Panel,
    build: str | None = None,
    tumor_sample: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read a structural-variant VCF as alterations of panel genes, one row per gene and event.

    Records whose FILTER is not PASS (or ``.``), that the tumour's reads do not support, or that the matched normal
    supports as well (unless flagged SOMATIC) are left out; the log says how many.

    Parameters
    ----------
    path
        VCF, plain or compressed.
    panel
        Panel with exon tables on the build.
    build
        Build that the file has to be of; None takes what the header says, else hg19.
    tumor_sample
        Tumour column(s); None finds them.

    Returns
    -------
    DataFrame
        `schema.ALTERATIONS`: ``fusion`` or ``other``, ``detail`` (``TMPRSS2-ERG INV``), ``vaf`` where reads are given,
        ``event`` (the two places).

    Raises
    ------
    FileFormatError, AmbiguousInputError, BuildMismatchError
        As `vcf.open_vcf`.
    """
    name = os.fspath(path)
    skipped: Counter[str] = Counter()
    rows: list[dict[str, object]] = []
    with open_source(name) as source:
        lines = enumerate(source.lines(), start=1)
        header = read_header(lines, name)
        wanted = None if build is None else normalise_build(build)
        if wanted is not None:
            require_same_build(header.build, wanted, path=name)
        spans = _GeneSpans(panel, wanted or header.build or ASSUMED_BUILD)
        columns = find_tumour(header, tumor_sample)
        seen: set[tuple[object, ...]] = set()
        for adjacency, info, parts in _adjacencies(lines, header, skipped):
            if adjacency.key in seen:
                skipped["second mate"] += 1
                continue
            seen.add(adjacency.key)
            for sample, vaf in _carriers(columns, header, info, parts, skipped):
                rows += [{"sample_id": sample, "vaf": vaf, **row} for row in spans.alterations(adjacency)]
    log.info("%s: %d alterations; left out: %s", name, len(rows), dict(skipped) or "nothing")
    return schema.conform(pd.DataFrame(rows, columns=schema.ALTERATIONS.names), schema.ALTERATIONS)


def _adjacencies(
    lines: Iterator[tuple[int, str]], header: VcfHeader, skipped: Counter[str]
) -> Iterator[tuple[Adjacency, Info, list[str]]]:
    for number, line in lines:
        parts = line.rstrip("\r").split("\t")
        if len(parts) != header.n_columns:
            if not line.strip():
                continue
            raise broken(f"the record has {len(parts)} columns, the header {header.n_columns}", header.path, number)
        if not parts[1].isdigit():
            raise broken(f"position '{parts[1][:20]}' is not a whole number", header.path, number)
        info = Info(parts[7])
        adjacency = _adjacency(parts, info, number)
        if adjacency is None:
            skipped["no second place"] += 1
        elif parts[6] not in ("PASS", "."):
            skipped["FILTER"] += 1
        else:
            yield adjacency, info, parts


def _adjacency(parts: Sequence[str], info: Info, line: int) -> Adjacency | None:
    """Return the two places of a record; None for a small variant or a breakend without a mate."""
    chromosome, position, alt = normalise_contig(parts[0]), int(parts[1]), parts[4]
    kind = info.get("SVTYPE") or alt.strip("<>").partition(":")[0]
    mate = _MATE.search(alt)
    if mate is not None:
        return Adjacency(kind, chromosome, position, normalise_contig(mate.group(1)), int(mate.group(2)), line)
    if not alt.startswith("<"):
        return None
    end = info.get("POS2") or info.get("END", "")
    if not end.isdigit() and info.get("SVLEN", "").lstrip("-").isdigit():
        end = str(position + abs(int(info["SVLEN"])))
    if not end.isdigit():
        return None
    return Adjacency(kind, chromosome, position, normalise_contig(info.get("CHR2", parts[0])), int(end), line)


def _carriers(
    columns: SampleColumns, header: VcfHeader, info: Info, parts: Sequence[str], skipped: Counter[str]
) -> Iterator[tuple[str, float | None]]:
    """Yield the tumours that carry the event as a somatic one, with their allele fraction."""
    if not columns.tumours:
        yield columns.sample_ids[0], None
        return
    dialect = Dialect(tuple(parts[8].split(":")))
    for sample_id, tumour, normal in zip(columns.sample_ids, columns.tumours, columns.normals, strict=True):
        ref, alt = _support(dialect, parts[9 + header.samples.index(tumour)].split(":"))
        if alt == 0:
            skipped["not in the tumour"] += 1
            continue
        if normal is not None and "SOMATIC" not in info:
            _, in_normal = _support(dialect, parts[9 + header.samples.index(normal)].split(":"))
            if in_normal:
                skipped["in the normal"] += 1
                continue
        yield sample_id, alt / (ref + alt) if ref is not None and alt else None


def _support(dialect: Dialect, values: Sequence[str]) -> tuple[int | None, int | None]:
    """Return reads for the reference and for the adjacency; None where the record does not say.

    Where it has no reads, a genotype says at least whether the sample carries the event (1) or not (0).
    """
    for pairs in _SUPPORT:
        counts = [(dialect.value(values, r), dialect.value(values, v)) for r, v in pairs]
        known = [(parse_count(r), parse_count(v)) for r, v in counts if r is not None and v is not None]
        if known:
            return sum(r or 0 for r, _ in known), sum(v or 0 for _, v in known)
    lists = [text.split(",") for key in _SUPPORT_LISTS if (text := dialect.value(values, key)) and "," in text]
    if lists:
        return sum(parse_count(x[0]) or 0 for x in lists), sum(parse_count(x[1]) or 0 for x in lists)
    for key in _VARIANT_ALONE:
        count = parse_count(dialect.value(values, key) or ".")
        if count is not None:
            return None, count
    alleles = set(re.findall(r"\d+", dialect.value(values, "GT") or ""))
    return None, int(alleles != {"0"}) if alleles else None


class _GeneSpans:
    """Which panel gene a place lies in."""

    def __init__(self, panel: Panel, build: str) -> None:
        spans = panel.gene_spans(build)
        self._genes: dict[str, list[tuple[int, int, str]]] = {}
        columns = (spans[c].tolist() for c in ("chromosome", "start", "end", "gene"))
        for chromosome, start, end, gene in zip(*columns, strict=True):
            self._genes.setdefault(chromosome, []).append((start + 1 - MARGIN, end + MARGIN, gene))

    def at(self, chromosome: str, position: int) -> list[str]:
        """Return the genes at a place."""
        return [gene for start, end, gene in self._genes.get(chromosome, []) if start <= position <= end]

    def alterations(self, adjacency: Adjacency) -> Iterator[dict[str, object]]:
        """Yield a row for every panel gene that the adjacency breaks."""
        here = self.at(adjacency.chromosome, adjacency.position)
        there = self.at(adjacency.partner_chromosome, adjacency.partner_position)
        first = f"{adjacency.chromosome}:{adjacency.position}"
        second = f"{adjacency.partner_chromosome}:{adjacency.partner_position}"
        event = f"{first}-{second}"
        for gene in sorted(set(here) & set(there)):
            yield {"gene": gene, "alteration": "other", "detail": f"internal {adjacency.kind}", "event": event}
        if set(here) & set(there):
            return
        names = f"{'/'.join(here) or first}-{'/'.join(there) or second}"
        for gene in sorted({*here, *there}):
            yield {"gene": gene, "alteration": "fusion", "detail": f"{names} {adjacency.kind}", "event": event}
