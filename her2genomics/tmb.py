"""Tumour mutational burden of the samples of a mutations table.

``n`` counted variants over ``mb`` megabases give ``tmb = n / mb``.  What counts is a preset (`tmb_presets`) made
concrete for a panel (`tmb_rule`); one sample is counted in `tmb_sample`, its interval comes from `tmb_interval`.  The
rows of a table pass through the very filters that a streamed VCF passes through (`workflow.tmb_files`), so both give
the same numbers.

A result is kept as rows and becomes a table when it is asked for one: a streamed VCF is counted and written without
pandas, whose import alone would take ten times as long and 100 MB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from her2genomics import schema
from her2genomics.exceptions import AmbiguousInputError
from her2genomics.genome import normalise_build, require_same_build
from her2genomics.intervals import Intervals
from her2genomics.panel import DEFAULT_PANEL, Panel, load_panel
from her2genomics.result_html import result_html
from her2genomics.tmb_interval import burden_interval as burden_interval
from her2genomics.tmb_presets import DEFAULT_PRESET, TmbPreset, load_preset
from her2genomics.tmb_rule import TmbRule, compile_rule
from her2genomics.tmb_sample import SampleBurden
from her2genomics.variant import mutations_table, variants_of_table

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]


@dataclass(frozen=True)
class TmbResult:
    """The tables of a burden calculation.

    Parameters
    ----------
    rows
        One row per sample (`schema.TMB`).
    count_rows
        One row per sample and filter, in the order of the rule (`schema.FILTER_COUNTS`).
    audit
        Every input variant in mutations columns with ``outcome`` (counted / excluded) in front and all its reasons in
        ``filters_failed``; None where it was not asked for.
    """

    rows: Sequence[Row]
    count_rows: Sequence[Row]
    audit: pd.DataFrame | None = None

    def _repr_html_(self) -> str:
        return result_html("Tumour mutational burden", self.tmb)

    @cached_property
    def tmb(self) -> pd.DataFrame:
        """The burdens as a table (`schema.TMB`)."""
        return _table(self.rows, schema.TMB)

    @cached_property
    def filter_counts(self) -> pd.DataFrame:
        """The counts per filter as a table (`schema.FILTER_COUNTS`)."""
        return _table(self.count_rows, schema.FILTER_COUNTS)


def compute_tmb(
    mutations: pd.DataFrame,
    *,
    panel: Panel | str = DEFAULT_PANEL,
    preset: TmbPreset | str = DEFAULT_PRESET,
    build: str | None = None,
    samples: Sequence[str] | None = None,
    mb: float | None = None,
    territory: Intervals | None = None,
    callable_territory: Intervals | Mapping[str, Intervals] | None = None,
    vaf_filter: bool = True,
    audit: bool = True,
) -> TmbResult:
    """Compute the tumour mutational burden of every sample in a mutations table.

    Parameters
    ----------
    mutations
        Small variants in MAF columns (`schema.MUTATIONS`); repeated rows are counted once.  Beside them
        ``population_ac`` and ``cosmic_count`` are used where present.
    panel, preset, mb, territory
        See `tmb_rule.compile_rule`.
    build
        Genome build, needed where the table has no ``NCBI_Build``.
    samples
        All samples that were sequenced; those without a row get a burden of 0 (status: no somatic variant).
    callable_territory
        Bases with enough depth, for all samples or per sample; samples that the mapping lacks are taken over the whole
        territory.
    vaf_filter
        False counts variants of any or unknown allele fraction.
    audit
        Ask every filter of every variant and return the audit table.

    Raises
    ------
    SchemaError
        If the table lacks a column or breaks its schema.
    BuildMismatchError
        If the table is of another build than asked.
    AmbiguousInputError
        If the table mixes builds, or names none and none is given.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"Hugo_Symbol": "TP53", "NCBI_Build": "hg19", "Chromosome": "chr17", "Start_Position": 7577100,
    ...        "End_Position": 7577100, "Variant_Classification": "Missense_Mutation", "Reference_Allele": "T",
    ...        "Tumor_Seq_Allele2": "A", "Tumor_Sample_Barcode": "S1", "t_vaf": 0.2}
    >>> result = compute_tmb(pd.DataFrame([row]))
    >>> [str(value) for value in result.tmb.loc[0, ["sample_id", "n_counted", "status"]]]
    ['S1', '1', 'evaluable']
    """
    table = schema.check(mutations, schema.MUTATIONS, unique=False)
    build = _build_of(table, build)
    chosen = load_preset(preset) if vaf_filter else load_preset(preset).without_vaf()
    panel = panel if isinstance(panel, Panel) else load_panel(panel)
    own = callable_territory if isinstance(callable_territory, Mapping) else {}
    everyone = None if isinstance(callable_territory, Mapping) else callable_territory

    def rule_over(ground: Intervals | None) -> TmbRule:
        return compile_rule(panel, chosen, build=build, mb=mb, territory=territory, callable_territory=ground)

    shared = rule_over(everyone)
    found = list(dict.fromkeys(table["Tumor_Sample_Barcode"].tolist()))
    names = [*found, *(name for name in dict.fromkeys(samples or []) if name not in set(found))]
    burdens = {name: SampleBurden(name, rule_over(own[name]) if name in own else shared, audit) for name in names}
    for variant in variants_of_table(table, panel.alias_map()):
        burdens[variant.sample].add(variant)
    return collect(burdens.values())


def collect(burdens: Iterable[SampleBurden]) -> TmbResult:
    """Return the result of finished samples."""
    finished = list(burdens)
    rows = [burden.row() for burden in finished]
    counts = [row for b in finished for row in b.attrition.rows(b.sample_id, b.rule.filter_names, complete=b.audit)]
    audits = [_audit_table(b) for b in finished if b.audit]
    return TmbResult(rows, counts, _joined(audits))


def combine(results: Sequence[TmbResult]) -> TmbResult:
    """Return several results as one."""
    rows = [row for result in results for row in result.rows]
    counts = [row for result in results for row in result.count_rows]
    return TmbResult(rows, counts, _joined([result.audit for result in results if result.audit is not None]))


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame | None:
    if not tables:
        return None
    import pandas as pd

    return pd.concat(tables, ignore_index=True)


def _table(rows: Sequence[Row], columns: schema.TableSchema) -> pd.DataFrame:
    """Return rows as a table of a schema."""
    import pandas as pd

    typed = {c.name: pd.array([row.get(c.name) for row in rows], dtype=schema.DTYPES[c.dtype]) for c in columns.columns}
    return pd.DataFrame(typed)


def _audit_table(burden: SampleBurden) -> pd.DataFrame:
    import pandas as pd

    table = mutations_table((variant for variant, _ in burden.rows), burden.rule.build)
    outcome = ["excluded" if reasons else "counted" for _, reasons in burden.rows]
    reasons = [";".join(reasons) for _, reasons in burden.rows]
    table["filters_failed"] = pd.Series(reasons, index=table.index, dtype="string")
    table.insert(0, "outcome", pd.Series(outcome, index=table.index, dtype="string"))
    return table.assign(Tumor_Sample_Barcode=pd.Series(burden.sample_id, index=table.index, dtype="string"))


def _build_of(table: pd.DataFrame, asked: str | None) -> str:
    """Return the build that the table states or the caller gives; they must not differ."""
    stated = table["NCBI_Build"].dropna().unique() if "NCBI_Build" in table else ()
    builds = sorted({normalise_build(str(name)) for name in stated})
    if len(builds) > 1:
        raise AmbiguousInputError(f"the table mixes genome builds: {', '.join(builds)}", column="NCBI_Build")
    if asked is not None:
        require_same_build(builds[0] if builds else None, normalise_build(asked))
        return normalise_build(asked)
    if not builds and len(table):
        raise AmbiguousInputError(
            "the table does not say its genome build", column="NCBI_Build", hint="give build='hg19' or --build hg19"
        )
    return builds[0] if builds else "hg19"
