"""Called neighbours are one event, named by the known amplicon."""

from __future__ import annotations

import pandas as pd
import pytest

from her2genomics.amplicons import amplicon_of, group_events

# gene spans on hg19 (RefSeq), rounded to kb
SPANS = {
    "FGFR1": ("chr8", 38_268_000, 38_326_000, "8p12"), "MYC": ("chr8", 128_748_000, 128_754_000, "8q24"),
    "CCND1": ("chr11", 69_455_000, 69_469_000, "11q13"), "FGF19": ("chr11", 69_513_000, 69_519_000, "11q13"),
    "CDK12": ("chr17", 37_617_000, 37_691_000, "17q12-21"), "ERBB2": ("chr17", 37_844_000, 37_884_000, "17q12-21"),
    "RARA": ("chr17", 38_465_000, 38_513_000, "17q12-21"), "SPOP": ("chr17", 47_676_000, 47_755_000, "17q12-21"),
    "TP53": ("chr17", 7_571_000, 7_590_000, None), "PIK3CA": ("chr3", 178_866_000, 178_952_000, None),
}  # fmt: skip


@pytest.mark.parametrize("gene", SPANS)
def test_known_genes_lie_in_their_amplicon(gene: str) -> None:
    chromosome, start, end, amplicon = SPANS[gene]
    assert amplicon_of(chromosome, start, end) == amplicon


def test_amplicon_genes_are_one_event_even_with_a_quiet_gene_between() -> None:
    genes = pd.DataFrame([(*SPANS[g][:3], c) for g, c in
                          [("CDK12", "amplification"), ("ERBB2", "amplification"), ("RARA", "neutral"), ("SPOP", "amplification")]],
                         columns=["chromosome", "start", "end", "call"])  # fmt: skip
    assert group_events(genes).fillna("").tolist() == ["17q12-21", "17q12-21", "", "17q12-21"]


def test_elsewhere_a_run_of_neighbours_is_one_event_and_directions_do_not_mix() -> None:
    genes = pd.DataFrame({"chromosome": ["chr1", "chr1", "chr1", "chr1", "chr2"], "start": [10, 30, 50, 70, 5],
                          "end": [20, 40, 60, 80, 9],
                          "call": ["deletion", "deletion", "amplification", "neutral", "amplification"]})  # fmt: skip
    assert group_events(genes).fillna("").tolist() == [
        "chr1:11-40 del", "chr1:11-40 del", "chr1:51-60", "", "chr2:6-9",
    ]  # fmt: skip


def test_a_sample_without_calls_has_no_event() -> None:
    genes = pd.DataFrame({"chromosome": ["chr1"], "start": [1], "end": [2], "call": ["neutral"]})
    assert group_events(genes).isna().all()
