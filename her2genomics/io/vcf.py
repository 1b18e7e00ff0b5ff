"""Somatic VCF, any caller and annotator, one variant at a time.

`open_vcf` reads the header, finds the tumour column, the build and the annotation; `VcfReader.variants` then streams
one `Variant` per alternate allele and tumour.  Three levels keep it fast and flat in memory: callables handed down by
the caller drop an allele from its position, alleles and FILTER alone; read counts are parsed for what is left; the
annotation is parsed only when the caller asks for it (`VcfReader.annotate`).  `read_vcf` does all of it and returns a
table.

What is broken is refused with its line: a record with too few columns, a position that is no number, an allele that is
no allele, a second header inside the file, a file that ends within a line.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from her2genomics.consequences import is_known_term
from her2genomics.exceptions import AnnotationMissingError, DataWarning, FileFormatError, UsageError
from her2genomics.genome import CHROMOSOME_RANK, normalise_build, normalise_contig, require_same_build
from her2genomics.io.vcf_annotators import (
    Annotator,
    annotation_missing,
    annotator_without_header,
    find_annotators,
)
from her2genomics.io.vcf_callers import Dialect, Oddities, Reads, caller_status, parse_fraction
from her2genomics.io.vcf_effects import TRANSCRIPT_CHOICES, Allele, Effect, choose_effect, fill_annotation
from her2genomics.io.vcf_header import STRUCTURAL_CALLERS, VcfHeader, read_header
from her2genomics.io.vcf_populations import InfoPopulations
from her2genomics.io.vcf_records import PLAIN_BASES, Record, broken, is_contig, open_record, site_of, split_alts
from her2genomics.io.vcf_samples import SampleColumns, find_tumour
from her2genomics.io.vcf_source import JOIN_HINT, SECOND_HEADER, LineSource, open_source
from her2genomics.panel import Panel, load_panel
from her2genomics.variant import SMALL, Site, Variant, mutations_table

if TYPE_CHECKING:
    import pandas as pd

Gap = tuple[str, Callable[[str, int], tuple[int, int]]]
SiteFilter = tuple[str, Callable[[Site], bool]]


@dataclass
class VcfReader:
    """An open VCF.

    Parameters
    ----------
    path
        File, for messages.
    header
        Its header.
    columns
        Tumour and normal columns.
    build
        Genome build, or None when nothing says it.
    annotators
        Annotations that the header declares, in order of preference.
    aliases
        Old gene symbol to current symbol.
    has_gene
        Whether a symbol is on the panel; None = no preference.
    transcript_choice
        See `vcf_effects.choose_effect`.
    source, lines
        Where the records come from.
    require_annotation
        Whether records without any annotation are refused.
    """

    path: str
    header: VcfHeader
    columns: SampleColumns
    build: str | None
    annotators: list[Annotator]
    aliases: Mapping[str, str]
    has_gene: Callable[[str], bool] | None
    transcript_choice: str
    source: LineSource
    lines: Iterator[tuple[int, str]]
    require_annotation: bool = True
    n_records: int = 0
    n_unannotated: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    _oddities: Oddities = field(default_factory=Oddities)
    _contigs: dict[str, str] = field(default_factory=dict)
    _filters: set[str] = field(default_factory=set)
    _unknown: Counter[str] = field(default_factory=Counter)
    _dialects: dict[str, Dialect] = field(default_factory=dict)
    _record: Record | None = None

    def __post_init__(self) -> None:
        self._populations = InfoPopulations(self.header)
        own = [name for annotator in self.annotators for name in annotator.population_fields]
        self.population_fields = tuple(dict.fromkeys([*own, *self._populations.fields]))
        self._declared = {contig.get("id", "") for contig in self.header.structured("contig")}
        names = self.header.info
        self._states_status = not names or bool(names.keys() & {"SS", "STATUS", "SOMATIC"})
        places = {name: i + 1 for i, name in enumerate(self.header.samples)}
        self._places = [places[name] for name in self.columns.tumours]
        self._normal_places = [places[name] if name else None for name in self.columns.normals]
        self._further = [places[name] for columns in self.columns.further for name in columns]

    @property
    def annotator(self) -> str:
        """Name of the annotator in use, or ``none``."""
        return self.annotators[0].name if self.annotators else "none"

    @property
    def chromosomes(self) -> list[str]:
        """Chromosomes (or other contigs) met so far, in the order of the file."""
        return list(dict.fromkeys(self._contigs.values()))

    @property
    def states_vaf(self) -> bool:
        """Whether the file can state a tumour allele fraction: sample columns, or LoFreq's INFO."""
        return bool(self._places) or "LoFreq" in self.header.callers

    def variants(self, drop: Sequence[SiteFilter] = (), gap: Gap | None = None) -> Iterator[Variant]:
        """Yield every alternate allele of every tumour that no site filter drops.

        Parameters
        ----------
        drop
            Named tests of a `Site`; the first that is True drops the allele, counted in ``dropped`` (once per allele).
        gap
            Name of a positional filter, and a function from chromosome and position to the range around it (first and
            last base, 1-based) that the filter drops whole; substitutions of one base in it are dropped unseen, which
            is what makes large files fast.

        Raises
        ------
        FileFormatError
            If a record is broken or the file ends early.
        AnnotationMissingError
            If there are records and no annotation.
        """
        contigs, n_records = self._contigs, 0
        name_of_gap, find_gap = gap or ("", _no_gap)
        contig, chromosome, low, high, n_in_gaps = "", "", 1, 0, 0
        line = ""
        for number, line in self.lines:
            if number <= self.source.n_unchecked:
                self.source.check_columns(line, number)
            parts = line.split("\t", 7)
            try:
                position = int(parts[1])
            except ValueError:
                raise self._bad_position(parts, number) from None
            except IndexError:
                continue  # a blank line
            if parts[0] != contig:
                contig = parts[0]
                chromosome = contigs.get(contig) or self._new_contig(contig, number)
                low, high = 1, 0
            if not n_records:
                self._look_for_annotation(parts[4], parts[7])
            n_records += 1
            if parts[3] in PLAIN_BASES and parts[4] in PLAIN_BASES:
                if not low <= position <= high:
                    low, high = find_gap(chromosome, position)
                if low <= position <= high:
                    n_in_gaps += 1
                    continue
            yield from self._alleles(chromosome, position, parts, number, drop)
        self.n_records = n_records
        if n_in_gaps:
            self.dropped[name_of_gap] += n_in_gaps
        if self.source.unfinished:
            self._judge_last_line(line)
        self._warn_of_oddities()

    def _alleles(
        self, chromosome: str, position: int, parts: list[str], number: int, drop: Sequence[SiteFilter]
    ) -> Iterator[Variant]:
        """Yield the alleles of one record that no site filter drops."""
        ref, alts, filters = parts[3].upper(), split_alts(parts[4]), parts[6]
        if filters not in self._filters:
            self._new_filter(filters, number)
        record: Record | None = None
        for nth, alt in enumerate(alts):
            try:
                site = site_of(chromosome, position, ref, alt, filters)
            except ValueError as error:
                raise broken(str(error), self.path, number) from None
            for name, test in drop:
                if test(site):
                    self.dropped[name] += 1
                    break
            else:
                record = record or open_record(number, position, parts, ref, alts)
                self._record, record.nth = record, nth
                yield from self._of_tumours(site, record)

    def _of_tumours(self, site: Site, record: Record) -> Iterator[Variant]:
        """Yield the allele once per tumour column, with its reads."""
        if not self._places:
            yield self._without_columns(site, record)
            return
        columns, nth = record.columns, record.nth
        dialect = self._dialect(columns[0])
        for i, (place, normal_place) in enumerate(zip(self._places, self._normal_places, strict=True)):
            values = columns[place].split(":")
            reads = dialect.reads(values, record.ref, record.alts, nth, self._oddities)
            for other in self._further if reads.vaf is None else ():
                values = columns[other].split(":")
                reads = dialect.reads(values, record.ref, record.alts, nth, self._oddities)
                if reads.vaf is not None:
                    break
            variant = _variant(site, record, reads)
            variant.sample, variant.normal = self.columns.sample_ids[i], self.columns.normals[i]
            if normal_place is not None:
                normal_values = columns[normal_place].split(":")
                counts = dialect.counts(normal_values, record.ref, record.alts, nth, self._oddities)
                variant.n_depth, variant.n_ref_count, variant.n_alt_count = counts
            if self._states_status or "SS" in dialect.index:
                variant.caller_status = caller_status(record.info, dialect, values)
            variant.phase_set = dialect.phase_set(values)
            if len(self._places) > 1:
                variant.called = dialect.carries(values, nth, reads.vaf)
            yield variant

    def _without_columns(self, site: Site, record: Record) -> Variant:
        """Return a variant of a file without sample columns; only LoFreq states the tumour's reads in INFO."""
        reads = Reads()
        if self.states_vaf:
            values = [record.info.get("DP", "."), record.info.get("DP4", ".")]
            reads = self._dialect("DP:DP4").reads(values, record.ref, record.alts, record.nth, self._oddities)
            printed = parse_fraction(record.info.get("AF", ".").split(",")[0])
            reads.vaf = reads.vaf if printed is None else printed
        variant = _variant(site, record, reads)
        variant.sample = self.columns.sample_ids[0]
        return variant

    def annotate(self, variant: Variant) -> None:
        """Fill in the annotation of the variant that `variants` yielded last."""
        record = self._record
        if record is None:
            return
        allele = Allele(record.position, record.ref, record.alts, record.nth)
        info = record.info
        variant.pop_af = self._populations.frequency(info, allele)
        variant.pop_ac, variant.cosmic_count = (
            self._populations.count(info, allele),
            self._populations.cosmic(info, allele),
        )
        effect = self._effect(info, allele)
        if effect is None:
            self.n_unannotated += 1
        else:
            fill_annotation(variant, effect)
            for term in effect.terms:
                if not is_known_term(term):
                    self._unknown[f"consequence {term}"] += 1

    def _effect(self, info: Mapping[str, str], allele: Allele) -> Effect | None:
        for annotator in self.annotators:
            effects = annotator.effects(info, allele)
            if effects:
                for effect in effects:
                    effect.gene = self.aliases.get(effect.gene, effect.gene)
                chosen = choose_effect(effects, self.has_gene, self.transcript_choice)
                if chosen is not None:
                    annotator.complete(chosen)
                return chosen
        return None

    def _dialect(self, keys: str) -> Dialect:
        found = self._dialects.get(keys)
        if found is None:
            found = self._dialects[keys] = Dialect(tuple(keys.split(":")))
        return found

    def _new_contig(self, name: str, number: int) -> str:
        if name.startswith("#"):
            raise self._bad_position([name], number)
        if not is_contig(name):
            raise broken(f"'{name[:20]}' is no contig name", self.path, number)
        chromosome = normalise_contig(name)
        if self._declared and name not in self._declared and chromosome not in CHROMOSOME_RANK:
            warnings.warn(DataWarning(f"{self.path}:{number}: contig {name} is not in the header"), stacklevel=3)
        self._contigs[name] = chromosome
        return chromosome

    def _bad_position(self, parts: Sequence[str], number: int) -> FileFormatError:
        if parts[0].startswith("#"):
            return broken(SECOND_HEADER, self.path, number, hint=JOIN_HINT)
        return broken(f"position '{parts[1][:20]}' is not a whole number", self.path, number)

    def _new_filter(self, text: str, number: int) -> None:
        """Refuse a FILTER that is no text; remember one that the header does not declare."""
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise broken(f"FILTER '{text[:20]}' is no filter name", self.path, number)
        declared = {line.get("id") for line in self.header.structured("FILTER")}
        foreign = [name for name in text.split(";") if name not in declared and name not in ("PASS", ".")]
        self._unknown.update(f"FILTER {name}" for name in foreign if declared)
        self._filters.add(text)

    def _look_for_annotation(self, alt: str, rest: str) -> None:
        """Raise when neither the header nor the first record has an annotation that can be read."""
        if self.annotators or not self.require_annotation:
            return
        info = rest.split("\t", 1)[0]
        annotator = annotator_without_header(info)
        structural = "SVTYPE=" in info and (alt.startswith("<") or "[" in alt or "]" in alt)
        structural |= bool(self.header.callers) and set(self.header.callers) <= STRUCTURAL_CALLERS
        if annotator is None and structural:
            raise AnnotationMissingError(
                f"structural variants ({self.header.caller}) do not count in a burden",
                path=self.path,
                hint="their fusions go into a cohort: her2g cohort build --clinical FILE --sv FILE --out FOLDER",
            )
        if annotator is None and any(key.upper() == "CSQ" for key in self.header.info):
            raise AnnotationMissingError(
                "the header declares CSQ without its list of fields (Format: Allele|Consequence|...)",
                path=self.path,
                hint="run VEP again, or put its ##INFO line back with: bcftools annotate -h LINE.txt",
            )
        if annotator is None:
            raise annotation_missing(self.path)
        self.annotators.append(annotator)

    def _judge_last_line(self, line: str) -> None:
        """Refuse a last line without its newline unless its last sample has a value for every FORMAT key."""
        parts = line.rstrip("\r").split("\t")
        if len(parts) < 10 or len(parts[-1].split(":")) != len(parts[8].split(":")):
            raise FileFormatError(
                "the last line has no newline, so the file may be truncated",
                path=self.path,
                hint=f"if it is complete, add the newline: echo >> {self.path}",
            )
        message = f"{self.path}: the last line has no newline; the file may have been cut short"
        warnings.warn(DataWarning(message), stacklevel=3)

    def _warn_of_oddities(self) -> None:
        odd = self._oddities
        for n, what in (
            (odd.malformed_depth, "depths (DP) are not whole numbers; rounded down"),
            (odd.fraction_out_of_range, "allele fractions outside 0-1 are taken as missing"),
        ):
            if n:
                warnings.warn(DataWarning(f"{self.path}: {n} {what}"), stacklevel=3)
        for name in self._unknown:
            warnings.warn(DataWarning(f"{self.path}: {name} is unknown"), stacklevel=3)


def _no_gap(chromosome: str, position: int) -> tuple[int, int]:
    return 1, 0


def _variant(site: Site, record: Record, reads: Reads) -> Variant:
    return Variant(
        site.chromosome,
        site.start,
        site.end,
        site.ref,
        site.alt,
        site.filters,
        site.kind,
        vaf=reads.vaf,
        depth=reads.depth,
        ref_count=reads.ref,
        alt_count=reads.alt,
        rs_id=record.rs_id,
        line=record.line,
    )


@lru_cache(maxsize=16)
def _aliases(folder: Path) -> Mapping[str, str]:
    return load_panel(folder).alias_map()


@contextmanager
def open_vcf(
    path: str | os.PathLike[str],
    *,
    build: str | None = None,
    panel: Panel | None = None,
    tumor_sample: str | Sequence[str] | None = None,
    transcript_choice: str = "preferred",
    require_annotation: bool = True,
) -> Iterator[VcfReader]:
    """Open a VCF (plain, gzip, bgzip, BCF, or ``-``) for streaming.

    Parameters
    ----------
    path
        File, or ``-`` for standard input.
    build
        Build that the file has to be of; None takes what the header says.
    panel
        Panel whose genes come first in the choice of the transcript, and whose aliases are applied.
    tumor_sample
        Tumour column(s); None finds them (see `vcf_samples`).
    transcript_choice
        ``preferred`` or ``most-severe``.
    require_annotation
        False accepts a VCF without consequences.

    Raises
    ------
    FileFormatError
        If the file is absent, empty, binary, truncated, or has no proper header.
    UsageError
        If the tumour column is not there, or is called the normal.
    AmbiguousInputError
        If nothing tells which column is the tumour.
    BuildMismatchError
        If the header says another build than asked.
    """
    if transcript_choice not in TRANSCRIPT_CHOICES:
        known = ", ".join(TRANSCRIPT_CHOICES)
        raise UsageError(f"unknown transcript choice '{transcript_choice}'", hint=f"use one of: {known}")
    name = os.fspath(path)
    with open_source(name) as source:
        lines = enumerate(source.lines(), start=1)
        header = read_header(lines, name)
        source.n_columns = header.n_columns
        stated, wanted = header.build, None if build is None else normalise_build(build)
        if wanted is not None:
            require_same_build(stated, wanted, path=name)
        yield VcfReader(
            path=name,
            header=header,
            columns=find_tumour(header, tumor_sample),
            build=wanted or stated,
            annotators=find_annotators(header),
            aliases={} if panel is None else _aliases(panel.folder),
            has_gene=None if panel is None else panel.has_gene,
            transcript_choice=transcript_choice,
            source=source,
            lines=lines,
            require_annotation=require_annotation,
        )


def read_vcf(
    path: str | os.PathLike[str],
    *,
    build: str | None = None,
    panel: Panel | str | None = None,
    tumor_sample: str | Sequence[str] | None = None,
    transcript_choice: str = "preferred",
) -> pd.DataFrame:
    """Read an annotated somatic VCF as a mutations table, one row per alternate allele and tumour that carries it.

    Structural alleles and ``*`` are left out; nothing else is filtered.

    Parameters
    ----------
    path, build, panel, tumor_sample, transcript_choice
        See `open_vcf`.

    Returns
    -------
    DataFrame
        Columns of `schema.MUTATIONS` and `variant.EXTRA_COLUMNS`.

    Raises
    ------
    FileFormatError, AnnotationMissingError, AmbiguousInputError, BuildMismatchError, UsageError
        See `open_vcf`; broken records are refused with their line.
    """
    chosen = load_panel(panel) if isinstance(panel, str) else panel
    with open_vcf(
        path, build=build, panel=chosen, tumor_sample=tumor_sample, transcript_choice=transcript_choice
    ) as vcf:
        rows = []
        for variant in vcf.variants([("not_small_variant", lambda site: site.kind != SMALL)]):
            vcf.annotate(variant)
            if variant.called:
                rows.append(variant)
        return mutations_table(rows, vcf.build)
