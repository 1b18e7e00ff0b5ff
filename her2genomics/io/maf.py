"""MAF: mutations of many makes in, one table with the GDC's names out; and back.

GDC and vcf2maf, cBioPortal, GENIE, Funcotator and Oncotator, and TCGA's 2012 Washington University dialect differ in
names and habits, not in content.  Columns are found by the synonyms below; gene, sample and classification have to be
there.  Positions may be absent (a three-column list of mutations); then the key columns are missing, and variants
cannot be told apart (`MafTable.has_positions` is False).

Two kinds of rows are dropped, and counted: header lines repeated inside (concatenated files), and rows whose status is
germline, LOH, wild type or redacted.  A variant listed twice for one tumour (once per matched normal, for example) is
counted but kept: burden and cohort count it once and say so.

The allele fraction is alt / (alt + ref) reads, or alt / depth where reference reads are not given, or else the file's
own column; a column named ``t_vaf``, as this package writes it, comes first, because it holds what the caller
printed, so that a MAF gives the burden of the VCF it came from.  The file's column is in percent where its name or
values say so (``%``), in the Washington University dialect, or where most values are above 1; a column with a few
values above 1 is refused.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from her2genomics import schema
from her2genomics.consequences import canonical_class
from her2genomics.exceptions import BuildMismatchError, SchemaError, UsageError
from her2genomics.genome import normalise_build, normalise_contig
from her2genomics.io.allele_fractions import read_fractions
from her2genomics.io.column_names import RecognisedTable, Synonyms, known_columns, recognise_columns
from her2genomics.io.read_reports import Count, add_derived, add_note, count_table
from her2genomics.io.tables import read_table
from her2genomics.io.vcf_effects import short_protein
from her2genomics.io.vcf_populations import (
    dbsnp_frequency,
    highest_number,
    is_cosmic_count,
    is_population_count,
    is_population_frequency,
)
from her2genomics.io.write import atomic_path

SAMPLE, GENE, CLASS = "Tumor_Sample_Barcode", "Hugo_Symbol", "Variant_Classification"
REQUIRED: tuple[str, ...] = (GENE, SAMPLE, CLASS)
COUNTS: tuple[str, ...] = ("t_depth", "t_ref_count", "t_alt_count", "n_depth", "n_ref_count", "n_alt_count")
KEY: list[str] = schema.MUTATIONS.key

MAF_SYNONYMS: Synonyms = {
    GENE: ("gene_symbol", "symbol", "gene", "gene_name", "hugo"),
    SAMPLE: ("sample_id", "sample", "tumor_sample_id", "tumor_sample", "tumour_sample", "sample_barcode"),
    CLASS: ("mutation_type", "classification", "mutation_classification"),
    "NCBI_Build": ("build", "genome_build", "reference_build"),
    "Chromosome": ("chr", "chrom", "contig"),
    "Start_Position": ("start", "start_pos", "pos", "position", "start_bp"),
    "End_Position": ("end", "end_pos", "end_bp"),
    "Variant_Type": (),
    "Reference_Allele": ("ref", "reference", "ref_allele"),
    "Tumor_Seq_Allele1": (),
    "Tumor_Seq_Allele2": ("alt", "variant_allele", "alt_allele", "var"),
    "Matched_Norm_Sample_Barcode": ("normal_sample_id", "matched_normal"),
    "HGVSc": ("cdna_change", "hgvs_c"),
    "HGVSp_Short": ("protein_change", "amino_acid_change", "aa_change", "aachange", "hgvsp", "hgvs_p",
                    "amino_acid_change_wu"),
    "Transcript_ID": ("annotation_transcript", "transcript", "transcript_name_wu", "refseq"),
    "Consequence": (),
    "dbSNP_RS": ("dbsnp", "dbsnp_id"),
    "t_depth": ("tumor_depth", "tumour_depth"),
    "t_ref_count": ("tumor_ref_reads", "tumor_ref_count", "ref_reads", "i_t_ref_count"),
    "t_alt_count": ("tumors_var_reads", "tumor_var_reads", "tumor_alt_count", "variant_reads", "i_t_alt_count"),
    "n_depth": ("normal_depth",),
    "n_ref_count": ("normal_ref_reads", "normal_ref_count", "i_n_ref_count"),
    "n_alt_count": ("normal_var_reads", "normal_alt_count", "i_n_alt_count"),
    "FILTER": (),
    "t_vaf": ("tumor_vaf", "tumour_vaf", "vaf", "tumor_f", "i_tumor_f", "allele_freq_t", "tumor_vaf_pct", "vaf_pct",
              "allele_frequency", "variant_allele_frequency", "variant_allele_fraction"),
    "filters_failed": (),
    "is_driver": (),
    "Mutation_Status": (),
}  # fmt: skip
"""The table's columns and the names that stand for them. ``AF`` is not among them: it may be a population frequency."""

STATUS = "Mutation_Status"
PHASE_SET = "phase_set"
EXTRA: tuple[str, ...] = (STATUS, "population_ac", "cosmic_count", PHASE_SET)
"""Columns beside `schema.MUTATIONS` that the burden's filters use; present where the file has them."""

_TAKEN_BY_PRIORITY = frozenset(MAF_SYNONYMS) - set(REQUIRED)
_DBSNP_LISTS = ("CAF", "dbSNP_CAF")
_NUMBER_TYPES = {pa.int64(): pd.Int64Dtype(), pa.float64(): pd.Float64Dtype()}
UNNAMED = "no row names its sample: one sample, as given"
_UNKNOWN_WORDS = ("__UNKNOWN__", "NULL")
_DROPPED_STATUS: dict[str, str] = {
    "germline": "germline", "loh": "LOH", "wildtype": "wild type", "redacted": "redacted",
}  # fmt: skip
_WU_VAF, _WU_READS = "tumor_vaf", "tumors_var_reads"
_CHANGE = re.compile(r"[A-Z*]\d")
_SHORT_CHANGE = r"p\.[A-Z*][0-9]+(?:[A-Z*=]|[A-Z]?fs(?:\*[0-9]*)?|_splice)"
_OLD_DELETION = re.compile(r"p\.([A-Z]+)([0-9]+)in_frame_del([A-Z]*)")
"""Of annotators of 2012: the residues that are lost, the number of the first, and what stands in their place."""
_SPREADSHEET_DATE = re.compile(
    r"\d{1,2}-(Mar|Sep|Dec|Oct|Nov|Apr|Feb)|(Mar|Sep|Dec|Oct|Nov|Apr|Feb)-\d{1,2}", re.IGNORECASE
)


@dataclass(frozen=True)
class MafTable:
    """Mutations and how they were read.

    Parameters
    ----------
    mutations
        All columns of `schema.MUTATIONS`, then those of `EXTRA` that the file has, then those that were asked for.
    report
        ``column, recognised_as, how, n_missing, note`` for the columns that were used.
    counts
        ``what, n, note``: what was dropped or changed.
    """

    mutations: pd.DataFrame
    report: pd.DataFrame
    counts: pd.DataFrame

    @property
    def has_positions(self) -> bool:
        """Whether variants have a place and alleles, so that they can be told apart."""
        return bool(self.mutations[KEY].notna().all(axis=None))


def read_maf(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    sample: str | None = None,
    drop_germline: bool = True,
) -> MafTable:
    r"""Read a MAF.

    Parameters
    ----------
    path
        MAF, plain or gzipped; a header without rows is a file without mutations.
    columns
        Further columns of the file to carry along, under their own names.
    sample
        Tumour of a file that names none (Funcotator without sample columns).
    drop_germline
        Whether rows whose ``Mutation_Status`` is germline, LOH, wild type or redacted are left out.

    Raises
    ------
    FileFormatError
        If the file is no text table.
    SchemaError
        If gene, sample or classification is not there, or a value is not of its column's type or range.
    BuildMismatchError
        If rows belong to different builds.
    AmbiguousInputError
        If the allele fractions can be percentages or fractions.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "three.maf"
    >>> _ = file.write_text("Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\nTP53\tP1\tNonsense_Mutation\n")
    >>> maf = read_maf(file)
    >>> maf.mutations[["Hugo_Symbol", "Variant_Classification"]].values.tolist(), maf.has_positions
    ([['TP53', 'Nonsense_Mutation']], False)
    """
    extra = list(columns or [])
    raw = read_table(path, columns=lambda names: _needed(names, extra), missing=_UNKNOWN_WORDS, allow_empty=True)
    counts: list[Count] = []
    raw = _without_repeated_headers(raw, counts)
    recognised = recognise_columns(raw, MAF_SYNONYMS, by_priority=_TAKEN_BY_PRIORITY, path=path)
    _require(recognised, path)
    table = _with_sample(recognised.table, sample, path)
    if drop_germline:
        table = _without_germline(table, counts)
    mutations, report = _converted(table, recognised, counts, path)
    if len(table) and recognised.table[SAMPLE].isna().all():
        add_note(report, SAMPLE, UNNAMED)
    counts.append(_repeats(mutations))
    further = table[[name for name in extra if name not in mutations]]
    result = pd.concat([schema.conform(mutations, schema.MUTATIONS), _extra(table), further], axis=1)
    return MafTable(result.reset_index(drop=True), report, count_table(counts, path))


def _needed(names: list[str], extra: list[str]) -> list[str]:
    return [*known_columns(names, MAF_SYNONYMS), *(name for name in names if _is_annotation(name)), *extra]


def _is_annotation(name: str) -> bool:
    known = is_population_frequency(name) or is_population_count(name) or is_cosmic_count(name)
    return known or name in (*_DBSNP_LISTS, PHASE_SET)


def _extra(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of `EXTRA` that the file has."""
    columns = {name: table[name] for name in (STATUS, PHASE_SET) if name in table}
    for target, belongs in (("population_ac", is_population_count), ("cosmic_count", is_cosmic_count)):
        names = [name for name in table if belongs(str(name))]
        if names:
            columns[target] = table[names].apply(_highest_numbers).max(axis=1).astype("Int64")
    return pd.DataFrame(columns, index=table.index)


def _without_repeated_headers(raw: pd.DataFrame, counts: list[Count]) -> pd.DataFrame:
    first_two = raw.columns[:2]
    repeated = pd.Series(True, index=raw.index)
    for name in first_two:
        repeated &= (raw[name] == name).fillna(False).astype(bool)
    counts.append(("header lines repeated inside dropped", int(repeated.sum()), ""))
    return raw.loc[~repeated].reset_index(drop=True) if repeated.any() else raw


def _require(recognised: RecognisedTable, path: str | os.PathLike[str]) -> None:
    missing = [name for name in REQUIRED if name not in recognised.table]
    if missing:
        raise SchemaError(
            f"missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)} (a MAF has at least these three)",
            path=path,
            hint="rename the columns, or give a long table with --alterations",
        )


def _with_sample(table: pd.DataFrame, sample: str | None, path: str | os.PathLike[str]) -> pd.DataFrame:
    unnamed = table[SAMPLE].isna()
    if sample is not None and (unnamed.all() or not len(table)):
        return table.assign(**{SAMPLE: pd.array([sample] * len(table), dtype="string")})
    if len(table) and unnamed.all():
        raise SchemaError("no row names its tumour sample", path=path, column=SAMPLE, hint="give the sample's name")
    if unnamed.any():
        row = int(unnamed.to_numpy().nonzero()[0][0])
        raise SchemaError(f"the sample is empty in data row {row + 1}", path=path, column=SAMPLE)
    return table


def _without_germline(table: pd.DataFrame, counts: list[Count]) -> pd.DataFrame:
    if "Mutation_Status" not in table:
        return table
    status = _mapped(table["Mutation_Status"], lambda text: _DROPPED_STATUS.get(text.lower()))
    for word, n in status.value_counts().items():
        counts.append((f"rows of status {word} dropped", int(n), ""))
    return table.loc[status.isna()]


def _converted(
    table: pd.DataFrame, recognised: RecognisedTable, counts: list[Count], path: str | os.PathLike[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the declared columns, typed and checked, and the report."""
    report = recognised.report[recognised.report["recognised_as"].notna()].reset_index(drop=True)
    result = table[[name for name in schema.MUTATIONS.names if name in table]].copy()
    for name in ("Chromosome", "Start_Position", "End_Position", "Reference_Allele", "Tumor_Seq_Allele2"):
        if name not in result:
            result[name] = pd.array([pd.NA] * len(result), dtype="string")
    if "NCBI_Build" in result:
        result["NCBI_Build"] = _one_build(result["NCBI_Build"], path)
    result["Chromosome"] = _mapped(result["Chromosome"], normalise_contig)
    result[CLASS] = _mapped(result[CLASS], canonical_class)
    result[GENE] = _symbols(result[GENE], counts)
    if "HGVSp_Short" in result:
        result["HGVSp_Short"] = _protein_changes(result["HGVSp_Short"])
    result = _with_variant_allele(result, counts)
    if "t_vaf" in result:
        written = recognised.written_as("t_vaf")
        dialect = written == _WU_VAF and recognised.written_as("t_alt_count") == _WU_READS
        result["t_vaf"], percent = read_fractions(
            result["t_vaf"], samples=result[SAMPLE], column=written, path=path, percent=dialect
        )
        if percent:
            add_note(report, "t_vaf", "percent, divided by 100")
    population = [name for name in table if is_population_frequency(str(name)) or name in _DBSNP_LISTS]
    if population:
        frequencies = table[population].apply(_highest_numbers)
        result["gnomADe_AF"] = frequencies.where((frequencies >= 0) & (frequencies <= 1)).max(axis=1).astype("Float64")
        absent = int(result["gnomADe_AF"].isna().sum())
        report = add_derived(report, "gnomADe_AF", f"highest of {', '.join(map(str, population))}", absent)
    for name in (c.name for c in schema.MUTATIONS.columns if c.dtype in ("int", "float") and c.name in result):
        numbers = _numbers(result[name])
        result[name] = result[name] if numbers is None else numbers
    result = schema.check(result, schema.MUTATIONS, source=path, unique=False)
    return _with_depths(result, counts, recognised.written_as("t_vaf") == "t_vaf"), report


def _one_build(builds: pd.Series, path: str | os.PathLike[str]) -> pd.Series:
    try:
        normalised = _mapped(builds, normalise_build)
    except UsageError as error:
        raise SchemaError(error.what, path=path, column="NCBI_Build", hint=error.hint) from error
    found = normalised.dropna().unique()
    if len(found) > 1:
        raise BuildMismatchError(f"rows belong to several builds: {', '.join(found)}", path=path)
    return normalised


def _mapped(values: pd.Series, change: Callable[[str], str | None]) -> pd.Series:
    """Apply a change to every distinct text."""
    codes, distinct = pd.factorize(values)
    changed = pd.array([*map(change, distinct), None], dtype="string")
    return pd.Series(changed.take(codes), index=values.index, name=values.name)


def _symbols(genes: pd.Series, counts: list[Count]) -> pd.Series:
    distinct = genes.dropna().unique()
    dates = [symbol for symbol in distinct if _SPREADSHEET_DATE.fullmatch(symbol)]
    counts.append(
        ("gene symbols turned into dates by a spreadsheet", int(genes.isin(dates).sum()), ", ".join(dates[:3]))
    )
    return genes.mask(genes.isin([symbol for symbol in distinct if symbol.lower() in ("unknown", "-")]))


def _protein_changes(values: pd.Series) -> pd.Series:
    """Return protein changes as `_protein_change` writes them; most are written so already."""
    done = values.str.fullmatch(_SHORT_CHANGE).fillna(True).astype(bool)
    return values if done.all() else values.where(done, _mapped(values.mask(done), _protein_change))


def _protein_change(text: str) -> str | None:
    """Return ``p.`` and the one-letter change; None for what is no protein change (``e2-1``, ``ERBB2-GRB7 fusion``)."""
    change = short_protein(text).replace("(", "").replace(")", "")
    if old := _OLD_DELETION.fullmatch(change):
        lost, first, new = old[1], int(old[2]), old[3]
        end = f"_{lost[-1]}{first + len(lost) - 1}" if len(lost) > 1 else ""
        return f"p.{lost[0]}{first}{end}del{f'ins{new}' if new else ''}"
    if change.startswith("p."):
        return change
    return f"p.{change}" if _CHANGE.match(change) and " " not in change else None


def _with_variant_allele(table: pd.DataFrame, counts: list[Count]) -> pd.DataFrame:
    """Take the first tumour allele where the second one is the reference."""
    if "Tumor_Seq_Allele1" not in table:
        return table
    ref, first, second = (table[name] for name in ("Reference_Allele", "Tumor_Seq_Allele1", "Tumor_Seq_Allele2"))
    swap = ((second == ref) & (first != ref)).fillna(False).astype(bool)
    counts.append(
        ("variant allele taken from Tumor_Seq_Allele1", int(swap.sum()), "Tumor_Seq_Allele2 is the reference")
    )
    return table.assign(Tumor_Seq_Allele2=second.mask(swap, first), Tumor_Seq_Allele1=first.mask(swap, second))


def _highest_numbers(values: pd.Series) -> pd.Series:
    """Return the number of each cell; of several in one cell (``0.1&0.2``, ``A:0.01``) the highest."""
    if values.name in _DBSNP_LISTS:
        read = dbsnp_frequency
    elif (plain := _numbers(values)) is not None:
        return plain.astype("Float64").rename(str(values.name))
    else:
        read = _highest_number
    codes, distinct = pd.factorize(values)
    numbers = pd.array([*map(read, distinct), None], dtype="Float64")
    return pd.Series(numbers.take(codes), index=values.index, name=values.name)


def _highest_number(text: str) -> float | None:
    return highest_number([text])


def _numbers(values: pd.Series) -> pd.Series | None:
    """Return texts as numbers, None where one is not written plainly."""
    if not isinstance(values.dtype, pd.StringDtype):
        return None
    texts = pa.array(values.array, pa.large_string())
    for kind in _NUMBER_TYPES:
        try:
            numbers = texts.cast(kind)
        except pa.ArrowInvalid:
            continue
        if pc.all(pc.is_finite(numbers)).as_py() is False:
            return None
        typed: pd.Series = numbers.to_pandas(types_mapper=_NUMBER_TYPES.get)
        typed.index = values.index
        return typed
    return None


def _with_depths(table: pd.DataFrame, counts: list[Count], own_first: bool = False) -> pd.DataFrame:
    """Fill the tumour's depth and allele fraction from read counts, and a missing end from the reference allele.

    ``own_first``: the file's own fraction, where there is one, comes before the one of the read counts.
    """
    blank = pd.Series(pd.NA, index=table.index, dtype="Int64")
    alt, ref, depth = (table.get(name, blank) for name in ("t_alt_count", "t_ref_count", "t_depth"))
    reads = (alt + ref).fillna(depth)
    fraction = (alt / reads.mask(reads == 0)).astype("Float64")
    above = (fraction > 1).fillna(False).astype(bool)
    counts.append(("more variant reads than reads: allele fraction missing", int(above.sum()), ""))
    own = table.get("t_vaf", pd.Series(pd.NA, index=table.index, dtype="Float64"))
    n_ref, n_alt = table.get("n_ref_count", blank), table.get("n_alt_count", blank)
    span = table["Reference_Allele"].str.replace("-", "", regex=False).str.len().clip(lower=1).astype("Int64")
    return table.assign(
        t_depth=depth.fillna(alt + ref),
        n_depth=table.get("n_depth", blank).fillna(n_alt + n_ref),
        t_vaf=_first_known(own, fraction, own_first).mask(above),
        End_Position=table["End_Position"].fillna(table["Start_Position"] + span - 1),
    )


def _first_known(own: pd.Series, counted: pd.Series, own_first: bool) -> pd.Series:
    known: pd.Series = own.fillna(counted) if own_first else counted.fillna(own)
    return known


def _repeats(table: pd.DataFrame) -> Count:
    repeated = repeats(table, KEY)
    if repeated.any():
        repeated &= table[KEY].notna().all(axis=1)
    tumours = table.loc[repeated, SAMPLE].nunique()
    return "variants listed again for the same tumour (kept)", int(repeated.sum()), f"{tumours} tumours"


def repeats(table: pd.DataFrame, key: Sequence[str]) -> pd.Series:
    """Return which rows have the key of a row above; only rows that share sample and start are looked at closely."""
    close = table.duplicated([SAMPLE, "Start_Position"], keep=False)
    repeated = pd.Series(False, index=table.index)
    repeated[close] = table.loc[close].duplicated(key)
    return repeated


def write_maf(mutations: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write mutations as a MAF, gzipped when the name ends in ``.gz``; optional columns without a value are left out.

    Raises
    ------
    SchemaError
        If the table is no mutations table.
    FileFormatError
        If the file cannot be written.
    """
    table = schema.check(mutations, schema.MUTATIONS, unique=False)
    empty = [
        c.name for c in schema.MUTATIONS.columns if not c.required and c.name in table and table[c.name].isna().all()
    ]
    table = table.drop(columns=empty)
    text = table.to_csv(sep="\t", index=False, na_rep="", float_format="%.6g", lineterminator="\n").encode()
    if os.fspath(path).endswith(".gz"):
        text = gzip.compress(text, mtime=0)
    with atomic_path(path) as temporary:
        temporary.write_bytes(text)
