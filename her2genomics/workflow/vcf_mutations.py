"""The somatic mutations of many annotated VCFs, for a cohort.

The filters are those of a burden rule that decide whether a variant is somatic (FILTER, the caller's own verdict,
allele fraction, depth, germline), without its territory: what lies outside the panel's coding bases, such as the TERT
promoter, is left to the cohort's own rules.  Hot mutations stay, whatever the rule counts.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from her2genomics.exceptions import AmbiguousInputError, BuildMismatchError
from her2genomics.io.read_reports import COUNT_COLUMNS
from her2genomics.io.vcf import VcfReader
from her2genomics.io.vcf_annotators import annotation_missing
from her2genomics.panel import EXOME, Panel, load_panel
from her2genomics.variant import Variant, mutations_table
from her2genomics.variant_filters import DUPLICATE, VariantFilter
from her2genomics.workflow.build_watch import BuildWatch
from her2genomics.workflow.tmb_files import open_for
from her2genomics.workflow.tmb_settings import ASSUMED_BUILD, TmbSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class VcfMutations:
    """Mutations of a set of VCFs.

    Parameters
    ----------
    mutations
        `schema.MUTATIONS`, one row per tumour and variant.
    samples
        All tumours of the files, those without a mutation included.
    counts
        ``what, n, note``: variants left out per filter.
    """

    mutations: pd.DataFrame
    samples: tuple[str, ...]
    counts: pd.DataFrame


def read_vcf_mutations(paths: Sequence[str | os.PathLike[str]], settings: TmbSettings | None = None) -> VcfMutations:
    """Read the somatic mutations of annotated VCFs; samples are named by their tumour columns.

    Parameters
    ----------
    paths
        VCFs of one build; a file may hold several tumours.
    settings
        Panel, rule, build, tumour columns, transcript choice.

    Raises
    ------
    BuildMismatchError
        If the files are of two builds.
    AmbiguousInputError
        If two files hold the same tumour, or a file cannot state allele fractions although the rule asks for them.
    Her2GenomicsError
        As `io.vcf.open_vcf`: a file that cannot be used is not left out in silence.
    """
    chosen = settings or TmbSettings()
    panel = load_panel() if chosen.panel == EXOME else load_panel(chosen.panel)
    removed: Counter[str] = Counter()
    meanings: dict[str, str] = {}
    home: dict[str, str] = {}
    kept: list[Variant] = []
    build: str | None = None
    for path in [os.fspath(path) for path in paths]:
        with open_for(path, chosen, panel) as vcf:
            _refuse_known_samples(vcf, home)
            watch = BuildWatch(panel, vcf.build or build or ASSUMED_BUILD, vcf.build is None)
            if build is not None and watch.build != build:
                raise BuildMismatchError(
                    f"this VCF is {watch.build}, the others are {build}",
                    path=path,
                    hint="a cohort's VCFs are of one build",
                )
            build = watch.build
            filters = _somatic_filters(chosen, panel, build)
            meanings |= {f.name: f.meaning for f in filters}
            own = list(_somatic_variants(vcf, filters, watch, removed))
            watch.judge(vcf)
            log.info("%s: %s, %s, %s: %d mutations", path, vcf.header.caller, vcf.annotator, watch.build, len(own))
            kept += own
    counts = [(f"variants left out: {name}", n, meanings.get(name, "")) for name, n in removed.items()]
    table = mutations_table(kept, build)
    log.info("%d tumours in %d VCFs; left out: %s", len(home), len(paths), dict(removed) or "nothing")
    return VcfMutations(table, tuple(home), pd.DataFrame(counts, columns=list(COUNT_COLUMNS)))


def _somatic_filters(settings: TmbSettings, panel: Panel, build: str) -> list[VariantFilter]:
    rule = settings.rule(panel, build, "")
    return [f for f in rule.filters[: rule.n_somatic] if f.name != "region"]


def _refuse_known_samples(vcf: VcfReader, home: dict[str, str]) -> None:
    for name in vcf.columns.sample_ids:
        if name in home:
            raise AmbiguousInputError(
                f"tumour {name} is also in {home[name]}",
                path=vcf.path,
                hint="one VCF per tumour",
            )
        home[name] = vcf.path


def _somatic_variants(
    vcf: VcfReader, filters: Sequence[VariantFilter], watch: BuildWatch, removed: Counter[str]
) -> Iterator[Variant]:
    """Yield the annotated variants that no filter leaves out; count the others under the first that does."""
    early = [f for f in filters if f.stage != "annotation"]
    late = [f for f in filters if f.stage == "annotation"]
    seen: set[tuple[object, ...]] = set()
    own: Counter[str] = Counter()
    for variant in vcf.variants([("", watch.see)] if watch.active else []):
        reason = next((f.name for f in early if f.fails(variant)), None)
        if reason is None:
            vcf.annotate(variant)
            reason = next((f.name for f in late if f.fails(variant)), None)
        if reason is None and not variant.classification:
            reason = "part_of_event" if variant.part_of is not None else "not_annotated"
        if reason is None and (variant.sample, *variant.key) in seen:
            reason = DUPLICATE
        if reason is not None:
            own[reason] += 1
            continue
        seen.add((variant.sample, *variant.key))
        yield variant
    removed.update(own)
    _judge(vcf, own, len(seen))


def _judge(vcf: VcfReader, removed: Counter[str], n_kept: int) -> None:
    """Refuse a file whose variants all lack what the rule needs.

    Raises
    ------
    AmbiguousInputError, AnnotationMissingError
        If no variant has a tumour allele fraction, or none is annotated.
    """
    if n_kept == 0 and removed["no_tumour_vaf"] and not removed["low_vaf"]:
        raise AmbiguousInputError(
            "no variant has a tumour allele fraction", path=vcf.path, hint="--no-vaf-filter takes them as they are"
        )
    if n_kept == 0 and removed["not_annotated"]:
        raise annotation_missing(vcf.path)
