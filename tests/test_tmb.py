"""The burden of a mutations table: what counts, over what, and what looks odd."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.exceptions import AmbiguousInputError, BuildMismatchError, SchemaError, UsageError
from her2genomics.intervals import Intervals
from her2genomics.panel import load_panel
from her2genomics.tmb import compute_tmb
from her2genomics.tmb_presets import load_preset
from her2genomics.tmb_rule import compile_rule
from her2genomics.tmb_sample import NO_TUMOUR_VAF, NO_VARIANT

PANEL = load_panel()
EXONS = PANEL.coding("hg19").to_table()
EXONS = EXONS[EXONS["chromosome"] == "chr17"].reset_index(drop=True)
CLASS_OF = {
    "missense_variant": "Missense_Mutation",
    "frameshift_variant": "Frame_Shift_Del",
    "splice_donor_variant": "Splice_Site",
    "splice_region_variant": "Splice_Region",
    "stop_gained": "Nonsense_Mutation",
    "start_lost": "Translation_Start_Site",
    "stop_retained_variant": "Silent",
    "non_coding_transcript_exon_variant": "RNA",
    "fusion": "Structural_Variant",
}
PRESET_OF = {
    "count_zhang2022_tissue": "zhang2022-tissue",
    "count_F1CDx_like": "f1cdx-like",
    "count_TSO500_like": "tso500-like",
    "count_zhang2022_plasma": "zhang2022-plasma",
}


def mutation(exon: int = 0, offset: int = 10, **fields: Any) -> dict[str, Any]:
    """Return a missense C>T in a coding exon of chr17; ``offset`` counts from its first base."""
    position = int(EXONS.loc[exon, "start"]) + 1 + offset
    return {
        "Hugo_Symbol": "GENE", "NCBI_Build": "hg19", "Chromosome": "chr17", "Start_Position": position,
        "End_Position": position, "Variant_Classification": "Missense_Mutation", "Reference_Allele": "C",
        "Tumor_Seq_Allele2": "T", "Tumor_Sample_Barcode": "S", "t_vaf": 0.2, "FILTER": "PASS", "HGVSp_Short": "p.A1V",
    } | fields  # fmt: skip


def burden(rows, **how) -> pd.Series:
    """Return the only row of the burden table."""
    (row,) = compute_tmb(pd.DataFrame(rows), **how).tmb.to_dict("records")
    return pd.Series(row)


def case_row(case: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a row of the reference table as a mutation."""
    exon = int(EXONS.index[number * 3])
    last = int(EXONS.loc[exon, "end"])
    place = {"coding": last - 15, "intron+1": last + 1, "intron+3": last + 3, "noncoding": last + 40, "sv": last - 15}
    row = mutation(exon, Start_Position=place[case["region"]], End_Position=place[case["region"]])
    row["Variant_Classification"] = CLASS_OF[case["consequence"]]
    row["t_vaf"] = case["af"]
    row["cosmic_count"] = case["cosmic_count"]
    if "H1047R" in case["variant"]:
        row |= {"Hugo_Symbol": "PIK3CA", "HGVSp_Short": "p.H1047R"}
    if "R882H" in case["variant"]:
        row |= {"Hugo_Symbol": "DNMT3A", "HGVSp_Short": "p.R882H"}
    if "TP53" in case["variant"]:
        row |= {"Hugo_Symbol": "TP53", "HGVSp_Short": "p.Q100*"}
    return row


@pytest.mark.parametrize("column", PRESET_OF)
def test_every_reference_case_counts_as_recorded(repository, column):
    cases = pd.read_csv(repository / "tests" / "reference" / "tmb_variant_cases.tsv", sep="\t").to_dict("records")
    assert len(cases) == 14
    rows = [case_row(case, number) for number, case in enumerate(cases)]
    rows[-1] = dict(rows[0])  # "duplicate row of variant 1"
    audit = compute_tmb(pd.DataFrame(rows), preset=PRESET_OF[column]).audit
    assert audit is not None
    found = (audit["outcome"] == "counted").astype(int).tolist()
    assert dict(zip([c["variant"] for c in cases], found, strict=True)) == {c["variant"]: c[column] for c in cases}


def test_the_printed_medians_of_the_study_need_another_denominator():
    """2.75 = 3 / 1.09, while 3 / 1.003 is 2.99."""
    rows = [mutation(i) for i in range(3)]
    assert burden(rows)["tmb"] == pytest.approx(2.991, abs=5e-4)
    assert burden(rows, mb=1.09)["tmb"] == pytest.approx(2.7523, abs=5e-5)


def test_ten_variants_are_not_ten_per_megabase():
    row = burden([mutation(i) for i in range(10)])
    assert row["tmb"] < 10
    assert (round(row["garwood_lo"], 2), round(row["garwood_hi"], 2)) == (4.78, 18.34)
    assert burden([mutation(i) for i in range(11)])["tmb"] > 10


class TestDenominator:
    """explicit > callable > bed > panel figure."""

    ONE_EXON = Intervals.from_table(EXONS.iloc[:1])
    HALF = Intervals.from_table(EXONS.iloc[:40])

    def test_order_of_precedence(self):
        everything = {"mb": 2.0, "callable_territory": self.ONE_EXON, "territory": self.HALF}
        sources = []
        for name in ("mb", "callable_territory", "territory", None):
            sources.append(compile_rule(PANEL, **everything).denominator_source)
            everything.pop(name, None)
        assert sources == ["explicit", "callable", "bed", "panel"]

    def test_sizes(self):
        assert compile_rule(PANEL, mb=2.0).denominator_mb == 2.0
        assert compile_rule(PANEL, territory=self.HALF).denominator_mb == self.HALF.total_bp / 1e6
        assert compile_rule(PANEL).denominator_mb == 1.003
        assert compile_rule(PANEL, "f1cdx-like").denominator_mb == 0.8
        assert compile_rule(PANEL, "tso500-like").denominator_mb == 1.94

    def test_callable_bases_are_those_inside_the_coding_territory(self):
        wide = Intervals.from_table(
            EXONS.iloc[:1].assign(start=lambda t: t["start"] - 5000, end=lambda t: t["end"] + 300)
        )
        inside = wide.intersect(PANEL.coding("hg19")).total_bp
        assert compile_rule(PANEL, callable_territory=wide).denominator_mb == inside / 1e6

    def test_a_variant_at_a_base_that_is_not_callable_does_not_count(self):
        row = burden([mutation(0), mutation(1)], callable_territory=self.ONE_EXON)
        assert row["n_counted"] == 1
        assert row["status"].startswith("not evaluable: callable territory")

    def test_duplicated_intervals_do_not_halve_the_burden(self):
        twice = Intervals.from_table(pd.concat([EXONS, EXONS]))
        once = Intervals.from_table(EXONS)
        assert burden([mutation()], territory=twice)["tmb"] == burden([mutation()], territory=once)["tmb"]

    @pytest.mark.parametrize("mb", [0, -1, float("nan"), float("inf")])
    def test_an_impossible_denominator_is_refused(self, mb):
        with pytest.raises(UsageError, match="positive number of Mb"):
            compile_rule(PANEL, mb=mb)

    def test_no_base_left_is_refused(self):
        elsewhere = Intervals.from_table(pd.DataFrame({"chromosome": ["chrY"], "start": [1], "end": [9]}))
        with pytest.raises(UsageError, match="no base"):
            compile_rule(PANEL, callable_territory=elsewhere)


class TestStatus:
    """Evaluable, or why not."""

    def test_the_highest_fraction_decides_inclusively(self):
        assert burden([mutation(t_vaf=0.05)])["status"] == "evaluable"
        assert burden([mutation(t_vaf=0.049)])["status"] == "not evaluable: maxAF 4.9 % < 5 %"

    def test_a_hotspot_makes_a_sample_evaluable_though_it_does_not_count(self):
        rows = [mutation(Hugo_Symbol="PIK3CA", HGVSp_Short="p.H1047R", t_vaf=0.4), mutation(1, t_vaf=0.03)]
        row = burden(rows)
        assert (row["status"], row["n_counted"], row["max_vaf"]) == ("evaluable", 1, 0.4)

    def test_a_germline_variant_does_not(self):
        row = burden([mutation(t_vaf=0.5, gnomADe_AF=0.2), mutation(1, t_vaf=0.03)])
        assert row["status"].startswith("not evaluable: maxAF 3 %")

    def test_a_ch_gene_does_not_in_plasma(self):
        rows = [mutation(Hugo_Symbol="DNMT3A", t_vaf=0.1), mutation(1, t_vaf=0.005)]
        assert burden(rows, preset="zhang2022-plasma")["status"] == "not evaluable: maxAF 0.5 % < 1 %"

    def test_no_somatic_variant_keeps_a_burden_of_zero(self):
        result = compute_tmb(pd.DataFrame([mutation()]), samples=["S", "EMPTY"])
        empty = result.tmb.set_index("sample_id").loc["EMPTY"]
        assert (empty["status"], empty["tmb"], empty["n_counted"]) == (NO_VARIANT, 0.0, 0)
        assert result.tmb["sample_id"].tolist() == ["S", "EMPTY"]

    def test_a_sample_with_silent_variants_only_is_not_lost(self):
        row = burden([mutation(Variant_Classification="Silent")])
        assert (row["n_counted"], row["tmb"], row["status"]) == (0, 0.0, "evaluable")

    def test_without_any_fraction_there_is_no_number(self):
        row = burden([mutation(t_vaf=None)])
        assert row["status"] == NO_TUMOUR_VAF
        assert pd.isna(row["tmb"])
        assert pd.isna(row["n_counted"])

    def test_unless_the_filter_is_off(self):
        row = burden([mutation(t_vaf=None), mutation(1, t_vaf=0.001)], vaf_filter=False)
        assert (row["n_counted"], row["status"]) == (2, "evaluable")

    def test_one_missing_fraction_is_left_out_and_said(self):
        result = compute_tmb(pd.DataFrame([mutation(t_vaf=None), mutation(1)]))
        assert result.tmb["n_counted"].tolist() == [1]
        counts = result.filter_counts.set_index("filter")["n_removed"]
        assert counts["no_tumour_vaf"] == 1


class TestFlags:
    """What a reader should look at."""

    def test_deamination(self):
        rows = [mutation(i, t_vaf=0.04) for i in range(4)] + [
            mutation(9, Reference_Allele="G", Tumor_Seq_Allele2="A", t_vaf=0.1)
        ]
        rows.append(mutation(12, t_vaf=0.3))
        row = burden(rows)
        assert (row["n_deamination"], row["frac_deamination"]) == (5, 1.0)
        assert "DEAMINATION" in row["flags"]
        assert row["tmb_without_deamination"] == pytest.approx(1 / 1.003)

    def test_no_deamination_flag_when_other_changes_are_as_common(self):
        rows = [mutation(i, t_vaf=0.04) for i in range(4)]
        rows += [mutation(i, Reference_Allele="A", t_vaf=0.04) for i in range(5, 9)]
        row = burden(rows)
        assert row["frac_deamination"] == 0.5
        assert "DEAMINATION" not in row["flags"]

    def test_a_swapped_pair(self):
        rows = [mutation(i, t_vaf=0.0, n_depth=100, n_alt_count=35) for i in range(12)]
        assert "TUMOUR_NORMAL_SWAP" in burden(rows)["flags"]
        rows = [mutation(i, t_vaf=0.35, n_depth=100, n_alt_count=0) for i in range(12)]
        assert "TUMOUR_NORMAL_SWAP" not in burden(rows)["flags"]

    def test_a_germline_spectrum(self):
        assert "GERMLINE_LIKE_AF" in burden([mutation(i, t_vaf=0.48 if i % 2 else 0.99) for i in range(12)])["flags"]
        assert "GERMLINE_LIKE_AF" not in burden([mutation(i, t_vaf=0.05 + 0.03 * i) for i in range(12)])["flags"]

    def test_unknown_germline_status_is_shown_never_silently_passed(self):
        row = burden([mutation(0), mutation(1, gnomADe_AF=0.0001), mutation(2, gnomADe_AF=0.001)])
        assert (row["n_counted"], row["n_unknown_germline"]) == (2, 1)
        assert "GERMLINE_UNKNOWN" not in row["flags"]
        assert "GERMLINE_UNKNOWN" in burden([mutation()])["flags"]

    def test_missing_protein_changes_mean_unknown_hotspots(self):
        assert "HOTSPOTS_UNKNOWN" in burden([mutation(HGVSp_Short=None)])["flags"]
        assert "HOTSPOTS_UNKNOWN" not in burden([mutation()])["flags"]

    def test_a_small_territory(self):
        assert "SMALL_TERRITORY" in burden([mutation()], mb=0.5)["flags"]


class TestGermline:
    """Population databases, and what they may not remove."""

    def test_the_boundary_is_inclusive(self):
        assert burden([mutation(gnomADe_AF=0.001)])["n_counted"] == 0
        assert burden([mutation(gnomADe_AF=0.0009)])["n_counted"] == 1

    def test_a_hot_mutation_in_gnomad_is_rescued(self):
        hot = mutation(Hugo_Symbol="PIK3CA", HGVSp_Short="p.H1047R", gnomADe_AF=0.01)
        assert burden([hot], preset=load_preset().with_changes(hotspot_policy="include"))["n_counted"] == 1
        counts = compute_tmb(pd.DataFrame([hot])).filter_counts.set_index("filter")["n_removed"]
        assert (counts["hotspot"], counts["germline"]) == (1, 0)

    def test_counts_decide_where_the_preset_says_so(self):
        rows = [mutation(0, gnomADe_AF=0.00001, population_ac=10), mutation(1, gnomADe_AF=0.00001, population_ac=9)]
        assert burden(rows, preset="tso500-like")["n_counted"] == 1
        assert burden(rows)["n_counted"] == 2

    def test_a_homozygous_fraction_is_germline_for_tso500(self):
        assert burden([mutation(t_vaf=0.95)], preset="tso500-like")["n_counted"] == 0
        assert burden([mutation(t_vaf=0.95)])["n_counted"] == 1

    def test_the_callers_own_verdict(self):
        assert burden([mutation(Mutation_Status="Germline"), mutation(1, Mutation_Status="Somatic")])["n_counted"] == 1


class TestEvents:
    """One event is one count."""

    def test_a_multi_base_substitution_is_one(self):
        mnv = mutation(Reference_Allele="CC", Tumor_Seq_Allele2="TT")
        mnv["End_Position"] += 1
        assert burden([mnv])["n_counted"] == 1
        assert burden([mnv], preset="tso500-like")["n_counted"] == 0

    def test_repeated_rows_are_one(self):
        assert burden([mutation(), mutation(), mutation(t_vaf=0.5)])["n_counted"] == 1

    def test_another_allele_at_the_same_place_is_another(self):
        assert burden([mutation(), mutation(Tumor_Seq_Allele2="G")])["n_counted"] == 2

    def test_nonsynonymous_count_beside_the_synonymous_one(self):
        row = burden([mutation(), mutation(1, Variant_Classification="Silent")], preset="tso500-like")
        assert (row["n_counted"], row["n_nonsynonymous"]) == (2, 1)


def test_the_category_only_where_the_preset_has_a_cut_off():
    rows = [mutation(i) for i in range(30)]
    assert pd.isna(burden(rows)["category"])
    assert burden(rows, preset="f1cdx-like")["category"] == "high"
    assert burden(rows[:9], preset="f1cdx-like")["category"] == "borderline"
    assert pd.isna(burden([mutation(t_vaf=0.01)], preset="f1cdx-like")["category"]), "not evaluable: no word"


def test_the_definition_says_what_was_counted_over_what():
    words = burden([mutation()], preset="zhang2022-plasma", mb=1.09)["definition"]
    for part in (
        "zhang2022-plasma",
        "non-synonymous",
        "+-2 bp",
        "AF >= 0.2 %",
        "hot mutations excluded",
        "DNMT3A",
        "1.09 Mb (explicit)",
    ):
        assert part in words


class TestDoor:
    """What the table has to be."""

    def test_a_table_without_a_build_is_asked(self):
        with pytest.raises(AmbiguousInputError, match="genome build"):
            compute_tmb(pd.DataFrame([mutation(NCBI_Build=None)]))
        assert len(compute_tmb(pd.DataFrame([mutation(NCBI_Build=None)]), build="GRCh37").tmb) == 1

    def test_two_builds_are_asked(self):
        with pytest.raises(AmbiguousInputError, match="hg19, hg38"):
            compute_tmb(pd.DataFrame([mutation(), mutation(NCBI_Build="hg38")]))

    def test_the_other_build_is_refused(self):
        with pytest.raises(BuildMismatchError, match="hg19"):
            compute_tmb(pd.DataFrame([mutation()]), build="hg38")

    def test_a_missing_column_is_named(self):
        with pytest.raises(SchemaError, match="Variant_Classification"):
            compute_tmb(pd.DataFrame([mutation()]).drop(columns="Variant_Classification"))

    def test_no_mutation_at_all(self):
        result = compute_tmb(schema.empty(schema.MUTATIONS), samples=["A"])
        assert result.tmb["n_counted"].tolist() == [0]


ROWS = st.lists(
    st.builds(
        lambda exon, offset, alt, group, vaf, filters, pop: mutation(
            exon, offset, Tumor_Seq_Allele2=alt, Variant_Classification=group, t_vaf=vaf, FILTER=filters, gnomADe_AF=pop
        ),
        st.integers(0, 5),
        st.integers(-6, 40),
        st.sampled_from("AGT"),
        st.sampled_from(["Missense_Mutation", "Silent", "Intron", "Splice_Site"]),
        st.sampled_from([None, 0.0, 0.019, 0.02, 0.05, 0.3]),
        st.sampled_from(["PASS", ".", "weak"]),
        st.sampled_from([None, 0.0, 0.001, 0.3]),
    ),
    max_size=25,
)


@settings(max_examples=30)
@given(ROWS)
def test_the_audit_adds_up(rows):
    """Every input row is counted or excluded with a reason, and both tables say the same."""
    result = compute_tmb(pd.DataFrame(rows, columns=list(mutation())), samples=["S"])
    audit, (row,) = result.audit, result.tmb.to_dict("records")
    assert audit is not None
    assert len(audit) == len(rows) == row["n_input"]
    excluded = audit[audit["outcome"] == "excluded"]
    assert (excluded["filters_failed"] != "").all()
    assert (audit.loc[audit["outcome"] == "counted", "filters_failed"] == "").all()
    counts = result.filter_counts.set_index("filter")
    assert counts["n_removed"].sum() == len(excluded)
    if row["status"] != NO_TUMOUR_VAF:
        assert row["n_counted"] + len(excluded) == len(rows)
    for name in counts.index:
        failing = excluded["filters_failed"].str.split(";").apply(lambda names, name=name: name in names)
        assert counts.loc[name, "n_failed"] == failing.sum()
        assert counts.loc[name, "n_failed_only_this"] == (excluded["filters_failed"] == name).sum()


@settings(max_examples=30)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    columns = list(mutation())
    first, second = (
        compute_tmb(pd.DataFrame(r, columns=columns), samples=["S"], audit=False).tmb for r in (rows, shuffled)
    )
    same = [name for name in first.columns if name != "n_unknown_germline"]  # repeated rows may differ in annotation
    pd.testing.assert_frame_equal(first[same], second[same])


@settings(max_examples=30)
@given(ROWS)
def test_chr_or_not_does_not_matter(rows):
    columns = list(mutation())
    bare = [{**row, "Chromosome": "17"} for row in rows]
    first, second = (
        compute_tmb(pd.DataFrame(r, columns=columns), samples=["S"], audit=False).tmb for r in (rows, bare)
    )
    pd.testing.assert_frame_equal(first, second)


@settings(max_examples=30)
@given(ROWS)
def test_with_and_without_the_audit(rows):
    columns = list(mutation())
    full, short = (compute_tmb(pd.DataFrame(rows, columns=columns), samples=["S"], audit=a) for a in (True, False))
    pd.testing.assert_frame_equal(full.tmb, short.tmb)
    pd.testing.assert_series_equal(full.filter_counts["n_removed"], short.filter_counts["n_removed"])
    assert short.audit is None


def test_results_follow_their_schemas():
    result = compute_tmb(pd.DataFrame([mutation(), mutation(1, Tumor_Sample_Barcode="S2")]))
    assert list(result.tmb.columns) == schema.TMB.names
    assert list(result.filter_counts.columns) == schema.FILTER_COUNTS.names
    schema.check(result.tmb, schema.TMB)
    schema.check(result.filter_counts, schema.FILTER_COUNTS)
    assert result.audit is not None
    assert result.audit.columns[0] == "outcome"
