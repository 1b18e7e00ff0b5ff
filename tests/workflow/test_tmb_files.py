"""Files to burdens: the stream and the table agree, and the peers' mistakes are not made."""

from __future__ import annotations

import random
from dataclasses import replace

import pandas as pd
import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.exceptions import (
    AmbiguousInputError,
    AnnotationMissingError,
    BuildMismatchError,
    SchemaError,
    UsageError,
)
from her2genomics.io.maf import write_maf
from her2genomics.io.vcf import read_vcf
from her2genomics.panel import load_panel
from her2genomics.tmb import compute_tmb
from her2genomics.tmb_presets import load_preset
from her2genomics.tmb_sample import NO_TUMOUR_VAF, NO_VARIANT
from her2genomics.workflow.tmb_calibrate import calibrate_tables
from her2genomics.workflow.tmb_callers import tmb_of_callers
from her2genomics.workflow.tmb_files import FileResult, combined, source_rows, tmb_of_file, tmb_of_files
from her2genomics.workflow.tmb_settings import TmbSettings, settings_from

PANEL = load_panel()
AUDIT = TmbSettings(audit=True)


def row(done: FileResult) -> pd.Series:
    """Return the only row of a file's burden table; an error is raised."""
    if done.error is not None:
        raise done.error
    assert done.result is not None
    (only,) = done.result.tmb.to_dict("records")
    return pd.Series(only)


def counts(done: FileResult) -> dict[str, int]:
    """Return the filters that removed something."""
    assert done.result is not None
    table = done.result.filter_counts.set_index("filter")["n_removed"]
    return {str(k): int(v) for k, v in table.items() if v}


def random_calls(call, sites, rng: random.Random, n: int) -> list:
    """Return calls of every kind, inside and outside the panel."""
    calls = []
    for _ in range(n):
        chrom, pos = rng.choice(sites)
        ref, alt = rng.choice(
            [("C", "T"), ("C", "T,G"), ("CAG", "C,CA"), ("C", "CTT"), ("AC", "GT"), ("C", "*,T"), ("C", "<DEL>")]
        )
        calls.append(
            call(
                chrom, pos + rng.choice([0, 0, 0, 1, 5000, 300]), ref, alt, term=rng.choice(["missense_variant", "synonymous_variant", "stop_gained"]),
                af=rng.choice([0.3, 0.02, 0.019, 0.5, None]), filter=rng.choice(["PASS", "PASS", ".", "weak"]),
                pop=rng.choice(["", "0.5", "0.001", "0.0001"]), gene=rng.choice(["TP53", "PIK3CA"]), protein=rng.choice(["", "p.His1047Arg"]),
            )
        )  # fmt: skip
    return calls


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("annotator", ["VEP", "SnpEff"])
@pytest.mark.parametrize("preset", ["zhang2022-tissue", "tso500-like"])
def test_stream_audit_table_and_maf_give_the_same_numbers(
    make_vcf, call, coding_sites, tmp_path, seed, annotator, preset
):
    """The fast stream, the full audit, the library call on the table, and a MAF written from the VCF."""
    calls = random_calls(call, coding_sites("hg19"), random.Random(seed), 120)
    path = make_vcf(calls, annotator=annotator)
    rule = load_preset(preset)
    fast, full = (tmb_of_file(str(path), TmbSettings(preset=rule, audit=audit)) for audit in (False, True))
    pd.testing.assert_series_equal(row(fast), row(full))
    assert counts(fast) == counts(full)
    table = compute_tmb(read_vcf(path, panel=PANEL), preset=rule).tmb.iloc[0]
    numbers = [
        "n_counted",
        "tmb",
        "max_vaf",
        "n_unknown_germline",
        "status",
        "n_nonsynonymous",
        "n_deamination",
        "flags",
    ]
    assert table[numbers].to_dict() == row(fast)[numbers].to_dict()
    write_maf(read_vcf(path, panel=PANEL), tmp_path / "same.maf")
    maf = row(tmb_of_file(str(tmp_path / "same.maf"), TmbSettings(preset=rule)))
    assert maf[numbers].to_dict() == row(fast)[numbers].to_dict()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), n=st.integers(0, 40))
def test_the_audit_adds_up_for_any_vcf(make_vcf, call, coding_sites, seed, n):
    calls = random_calls(call, coding_sites("hg19"), random.Random(seed), n)
    done = tmb_of_file(str(make_vcf(calls)), AUDIT)
    found, audit = row(done), done.result.audit
    n_alleles = sum(c.alt.count(",") + 1 for c in calls)
    assert len(audit) == found["n_input"] == n_alleles
    assert sum(counts(done).values()) == (audit["outcome"] == "excluded").sum()
    if not pd.isna(found["n_counted"]):
        assert found["n_counted"] == (audit["outcome"] == "counted").sum()


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_order_splitting_naming_and_packing_do_not_matter(make_vcf, call, coding_sites, tmp_path, seed):
    rng = random.Random(seed)
    calls = random_calls(call, coding_sites("hg19"), rng, 60)
    shuffled = rng.sample(calls, len(calls))
    split = [replace(c, alt=alt) for c in calls for alt in c.alt.split(",")]
    base = make_vcf(calls, name="S.vcf")
    packed = tmp_path / "packed"
    packed.mkdir(exist_ok=True)
    pysam.tabix_compress(str(base), str(packed / "S.vcf.gz"), force=True)
    first = row(tmb_of_file(str(base), TmbSettings()))
    others = [
        tmb_of_file(str(make_vcf(shuffled, name="S.vcf")), TmbSettings()),
        tmb_of_file(str(make_vcf(split, name="S.vcf")), TmbSettings()),
        tmb_of_file(str(make_vcf(calls, name="S.vcf", prefix=False)), TmbSettings()),
        tmb_of_file(str(packed / "S.vcf.gz"), TmbSettings()),
    ]
    names = [name for name in first.index if name != "n_unknown_germline"]  # repeated calls may differ in annotation
    for other in others:
        pd.testing.assert_series_equal(row(other)[names], first[names])


class TestPeersMistakes:
    """What pyTMB and maftools get wrong, each one a test."""

    def test_consequence_filters_do_something(self, make_vcf, call, coding_sites):
        (a, b, c) = coding_sites("hg19")[:3]
        calls = [call(*a), call(*b, term="synonymous_variant"), call(*c, term="intron_variant")]
        assert row(tmb_of_file(str(make_vcf(calls)), TmbSettings()))["n_counted"] == 1

    def test_a_missing_fraction_does_not_skip_the_filter(self, make_vcf, call, coding_sites):
        a, b = coding_sites("hg19")[:2]
        done = tmb_of_file(str(make_vcf([call(*a, af=None), call(*b)])), TmbSettings())
        assert (row(done)["n_counted"], counts(done)) == (1, {"no_tumour_vaf": 1})

    def test_no_fraction_at_all_is_no_number(self, make_vcf, call, coding_sites):
        a = coding_sites("hg19")[0]
        for path in (make_vcf([call(*a, af=None)]), make_vcf([call(*a)], samples=())):
            found = row(tmb_of_file(str(path), TmbSettings()))
            assert found["status"] == NO_TUMOUR_VAF
            assert pd.isna(found["tmb"])
            free = row(tmb_of_file(str(path), settings_from(no_vaf_filter=True)))
            assert (free["n_counted"], free["status"]) == (1, "evaluable")

    def test_the_callers_info_af_is_no_population_frequency(self, make_vcf, call, coding_sites):
        a = coding_sites("hg19")[0]
        found = row(tmb_of_file(str(make_vcf([call(*a, info="AF=0.5;AC=1;AN=2")])), TmbSettings()))
        assert (found["n_counted"], found["n_unknown_germline"]) == (1, 1)

    def test_variants_outside_the_territory_do_not_count(self, make_vcf, call, coding_sites):
        chrom, pos = coding_sites("hg19")[0]
        done = tmb_of_file(str(make_vcf([call(chrom, pos), call(chrom, pos + 20_000_000)])), TmbSettings())
        assert (row(done)["n_counted"], counts(done)) == (1, {"region": 1})

    def test_duplicated_bed_intervals_do_not_halve_the_burden(self, make_vcf, call, coding_sites, tmp_path):
        chrom, pos = coding_sites("hg19")[0]
        bed = tmp_path / "twice.bed"
        line = f"{chrom}\t{pos - 500_000}\t{pos + 500_000}\tTP53\n"
        bed.write_text(line * 2)
        found = row(tmb_of_file(str(make_vcf([call(chrom, pos)])), TmbSettings(bed=str(bed))))
        assert (found["denominator_mb"], found["denominator_source"], found["tmb"]) == (1.0, "bed", 1.0)

    def test_the_normal_is_not_counted_in_silence(self, make_vcf, call, coding_sites):
        path = make_vcf([call(*coding_sites("hg19")[0])])
        done = tmb_of_file(str(path), TmbSettings(tumor_sample=("NORMAL",)))
        assert isinstance(done.error, UsageError)
        assert "the normal" in str(done.error)

    @pytest.mark.parametrize("af", [0.02, "2%", "0.020", "2e-2"])
    def test_a_fraction_at_the_threshold_is_not_lost(self, make_vcf, call, coding_sites, af):
        a, b = coding_sites("hg19")[:2]
        assert row(tmb_of_file(str(make_vcf([call(*a, af=af), call(*b)])), TmbSettings()))["n_counted"] == 2

    def test_the_threshold_of_plasma(self, make_vcf, call, coding_sites):
        a, b = coding_sites("hg19")[:2]
        path = make_vcf([call(*a, af=0.002, depth=1000), call(*b, af=0.01, depth=1000)])
        assert row(tmb_of_file(str(path), settings_from(preset="zhang2022-plasma")))["n_counted"] == 2

    def test_an_empty_vcf_is_no_error(self, make_vcf):
        for annotator in ("VEP", ""):
            found = row(tmb_of_file(str(make_vcf([], annotator=annotator)), TmbSettings()))
            assert (found["status"], found["tmb"]) == (NO_VARIANT, 0.0)

    def test_the_denominator_is_never_a_silent_constant(self, make_vcf, call, coding_sites):
        found = row(tmb_of_file(str(make_vcf([call(*coding_sites("hg19")[0])])), TmbSettings()))
        assert (found["denominator_mb"], found["denominator_source"]) == (1.003, "panel")
        assert "1.003 Mb (panel)" in found["definition"]

    def test_samples_without_a_mutation_are_kept(self, make_vcf, call, coding_sites, tmp_path):
        write_maf(read_vcf(make_vcf([call(*coding_sites("hg19")[0])], samples=("S1_T",))), tmp_path / "a.maf")
        done = tmb_of_file(str(tmp_path / "a.maf"), TmbSettings(samples=("S1_T", "S2")))
        assert done.result.tmb[["sample_id", "n_counted"]].to_numpy().tolist() == [["S1_T", 1], ["S2", 0]]


class TestBuildAndPanel:
    """Wrong build, wrong panel, wrong contigs."""

    def test_the_other_build_by_contig_lengths(self, make_vcf, call, coding_sites):
        path = make_vcf([call(*coding_sites("hg38")[0])], build="hg38")
        assert row(tmb_of_file(str(path), TmbSettings()))["n_counted"] == 1
        assert isinstance(tmb_of_file(str(path), TmbSettings(build="hg19")).error, BuildMismatchError)

    def test_an_unnamed_build_is_assumed_and_said(self, make_vcf, call, coding_sites):
        done = tmb_of_file(str(make_vcf([call(*coding_sites("hg19")[0])], build=None)), TmbSettings())
        assert row(done)["n_counted"] == 1
        assert any("hg19 assumed" in m for m in done.messages)
        assert not tmb_of_file(
            str(make_vcf([call(*coding_sites("hg19")[0])], build=None)), TmbSettings(build="hg19")
        ).messages

    def test_unless_the_variants_fit_the_other_one(self, make_vcf, call, coding_sites):
        calls = [call(*site) for site in coding_sites("hg38")[:20]]
        done = tmb_of_file(str(make_vcf(calls, build=None)), TmbSettings())
        assert isinstance(done.error, BuildMismatchError)
        assert "--build hg38" in str(done.error)
        assert row(tmb_of_file(str(make_vcf(calls, build=None)), TmbSettings(build="hg38")))["n_counted"] == 20

    def test_contigs_that_are_no_chromosomes(self, make_vcf, call):
        done = tmb_of_file(str(make_vcf([call("NC_000017.10", 7577100)], build=None)), TmbSettings())
        assert isinstance(done.error, BuildMismatchError)
        assert "rename-chrs" in str(done.error)

    def test_an_exome_is_said(self, make_vcf, call):
        calls = [call("chr17", 20_000 + 40 * i) for i in range(60)]
        done = tmb_of_file(str(make_vcf(calls)), TmbSettings())
        assert row(done)["frac_in_panel"] == 0
        assert any("an exome, or another panel?" in m for m in done.messages)

    def test_a_panel_file_is_not(self, make_vcf, call, coding_sites):
        calls = [call(*site) for site in coding_sites("hg19")[:60]]
        assert tmb_of_file(str(make_vcf(calls)), TmbSettings()).messages == ()


class TestAnnotation:
    """Declared but absent."""

    def test_no_annotation(self, make_vcf, call):
        assert isinstance(
            tmb_of_file(str(make_vcf([call("chr17", 1)], annotator="")), TmbSettings()).error, AnnotationMissingError
        )

    def test_a_header_whose_records_carry_none(self, make_vcf, call, coding_sites):
        path = make_vcf([call(*coding_sites("hg19")[0])])
        path.write_text(path.read_text().replace("CSQ=T|", "XCSQ=T|"))
        assert isinstance(tmb_of_file(str(path), TmbSettings()).error, AnnotationMissingError)

    def test_some_records_without_are_said(self, make_vcf, call, coding_sites):
        a, b = coding_sites("hg19")[:2]
        path = make_vcf([call(*a), call(*b)])
        path.write_text(path.read_text().replace("CSQ=T|", "XCSQ=T|", 1))
        done = tmb_of_file(str(path), TmbSettings())
        assert counts(done) == {"not_annotated": 1}
        assert any("1 variants inside the panel carry no annotation" in m for m in done.messages)


class TestEvents:
    """One event, one count."""

    def test_phased_neighbours_are_one_event(self, make_vcf, call, coding_sites):
        chrom, pos = coding_sites("hg19")[0]
        path = make_vcf([call(chrom, pos), call(chrom, pos + 1), call(chrom, pos + 2), call(chrom, pos + 4)])
        assert row(tmb_of_file(str(path), TmbSettings()))["n_counted"] == 4, "without phase they are four"
        text = (
            path.read_text()
            .replace("GT:AD:AF:DP", "GT:AD:AF:DP:PS")
            .replace("\t0/1:", "\t0|1:")
            .replace(":100\n", ":100:7\n")
        )
        path.write_text(text.replace(":80\t", ":80:7\t"))
        done = tmb_of_file(str(path), AUDIT)
        assert (row(done)["n_counted"], counts(done)) == (2, {"part_of_event": 2})
        assert (done.result.audit["outcome"] == "counted").sum() == 2
        assert compute_tmb(read_vcf(path)).tmb["n_counted"].tolist() == [2]
        write_maf(read_vcf(path), path.with_suffix(".maf"))
        assert row(tmb_of_file(str(path.with_suffix(".maf")), TmbSettings()))["n_counted"] == 2

    def test_duplicates(self, make_vcf, call, coding_sites):
        a = coding_sites("hg19")[0]
        done = tmb_of_file(str(make_vcf([call(*a), call(*a)])), TmbSettings())
        assert (row(done)["n_counted"], counts(done)) == (1, {"duplicate": 1})

    def test_several_tumours_of_one_file(self, make_vcf, call, coding_sites):
        path = make_vcf([call(*site) for site in coding_sites("hg19")[:5]], samples=("P1_T", "P2_T"))
        done = tmb_of_file(str(path), TmbSettings())
        table = done.result.tmb
        assert table["sample_id"].tolist() == ["P1_T", "P2_T"]
        assert table["n_counted"].tolist() == [0, 5]


class TestCallable:
    """Coverage files as the denominator."""

    def test_callable_bases(self, make_vcf, call, coding_sites, tmp_path):
        coding = PANEL.coding("hg19").to_table()
        bed = tmp_path / "callable.bed"
        half = coding.iloc[: len(coding) * 3 // 4]
        half.assign(depth=200).to_csv(bed, sep="\t", header=False, index=False)
        inside = next(s for s in coding_sites("hg19") if s[0] == "chr3")
        found = row(tmb_of_file(str(make_vcf([call(*inside)])), TmbSettings(callable_path=str(bed), min_coverage=100)))
        assert found["denominator_source"] == "callable"
        assert found["denominator_mb"] == pytest.approx((half["end"] - half["start"]).sum() / 1e6)

    def test_one_file_per_sample(self, make_vcf, call, coding_sites, tmp_path):
        (chrom, pos), other = coding_sites("hg19")[:2]
        for sample in ("P1_T", "P2_T"):
            (tmp_path / f"{sample}.bed").write_text(f"{chrom}\t{pos - 5}\t{pos + 5}\n")
        path = make_vcf([call(chrom, pos), call(*other)], samples=("P1_T", "P2_T"))
        done = tmb_of_file(str(path), TmbSettings(callable_path=str(tmp_path / "{sample}.bed")))
        assert done.result.tmb["n_counted"].tolist() == [0, 1]
        assert done.result.tmb["status"].str.startswith("not evaluable: callable territory").all()


class TestMerge:
    """Two callers of one tumour."""

    @pytest.fixture
    def pair(self, make_vcf, call, coding_sites):
        a, b, c, d = coding_sites("hg19")[:4]
        first = make_vcf([call(*a), call(*b), call(*c, "AG", "CT")], name="one.vcf", meta=["##source=Mutect2"])
        second = make_vcf([call(*a, af=0.5), call(*d), call(*c, "A", "C"), call(c[0], c[1] + 1, "G", "T")], name="two.vcf",
                          annotator="SnpEff", meta=["##source=strelka"], samples=("NORMAL", "TUMOR"))  # fmt: skip
        return [str(first), str(second)]

    def test_union(self, pair):
        done = tmb_of_callers(pair, TmbSettings(audit=True))
        assert row(done)["n_counted"] == 4
        audit = done.result.audit
        kept = audit[audit["outcome"] == "counted"]
        assert sorted(kept["callers"]) == ["Mutect2", "Mutect2+Strelka", "Mutect2+Strelka", "Strelka"]
        assert len(audit) == 7
        assert row(done)["n_input"] == 7

    def test_intersection(self, pair):
        done = tmb_of_callers(pair, TmbSettings(merge="intersection"))
        assert row(done)["n_counted"] == 2
        assert counts(done) == {"merged_call": 3, "not_all_callers": 2}

    def test_the_order_of_callers_does_not_change_the_count(self, pair):
        assert row(tmb_of_callers(pair[::-1], TmbSettings()))["n_counted"] == 4

    def test_builds_must_agree(self, pair, make_vcf, call):
        other = make_vcf([call("chr17", 1)], name="three.vcf", build="hg38")
        assert isinstance(tmb_of_callers([pair[0], str(other)], TmbSettings()).error, BuildMismatchError)


class TestManyFiles:
    """One bad file does not lose the others."""

    def test_results_come_in_order_and_errors_beside_them(self, make_vcf, call, coding_sites, tmp_path):
        good = [str(make_vcf([call(*s) for s in coding_sites("hg19")[: i + 1]], name=f"S{i}.vcf")) for i in range(3)]
        bad = tmp_path / "bad.vcf"
        bad.write_text("no VCF\n")
        paths = [good[0], str(bad), good[1], str(tmp_path / "none.vcf"), good[2]]
        alone, together = (list(tmb_of_files(paths, TmbSettings(), threads=n)) for n in (1, 2))
        assert [r.path for r in alone] == paths
        assert [r.error is None for r in alone] == [True, False, True, False, True]
        pd.testing.assert_frame_equal(combined(alone).tmb, combined(together).tmb)
        assert [str(r.error) for r in alone] == [str(r.error) for r in together]
        assert combined(alone).tmb["n_counted"].tolist() == [1, 2, 3]
        assert [row["file"] for row in source_rows(alone)] == paths

    def test_one_sample_in_two_files_is_asked(self, make_vcf, call, coding_sites):
        a = coding_sites("hg19")[0]
        paths = [str(make_vcf([call(*a)], name=f"{name}.vcf", samples=("S_T",))) for name in ("one", "two")]
        first, second = tmb_of_files(paths, TmbSettings())
        assert first.error is None
        assert isinstance(second.error, AmbiguousInputError)
        assert "--vcf" in str(second.error)

    def test_nothing_usable(self, tmp_path):
        done = list(tmb_of_files([str(tmp_path / "none.vcf")], TmbSettings()))
        assert combined(done).tmb.empty
        assert done[0].summary().endswith("not used")


def test_settings_change_a_preset():
    chosen = settings_from(min_vaf=0.1, accept_filter=["Tier1"], matched_wbc=True, preset="zhang2022-plasma", mb=2.0)
    assert (chosen.preset.min_vaf, chosen.preset.accepted_filters, chosen.preset.excluded_genes) == (
        0.1,
        ("PASS", ".", "Tier1"),
        (),
    )
    assert chosen.mb == 2.0
    with pytest.raises(UsageError, match="contradict"):
        settings_from(min_vaf=0.1, no_vaf_filter=True)


def test_accepted_filters_are_used(make_vcf, call, coding_sites):
    path = str(make_vcf([call(*coding_sites("hg19")[0], filter="Tier1")]))
    assert row(tmb_of_file(path, TmbSettings()))["n_counted"] == 0
    assert row(tmb_of_file(path, settings_from(accept_filter=["Tier1"])))["n_counted"] == 1


def test_tables_follow_their_schemas(make_vcf, call, coding_sites):
    done = tmb_of_file(str(make_vcf([call(*coding_sites("hg19")[0])])), AUDIT)
    schema.check(done.result.tmb, schema.TMB)
    schema.check(done.result.filter_counts, schema.FILTER_COUNTS)


class TestCalibrateTables:
    """Calibration from files."""

    def test_line_and_application(self, tmp_path):
        pairs, burdens = tmp_path / "pairs.tsv", tmp_path / "tmb.tsv"
        pairs.write_text("sample_id\tpanel_tmb\twes_tmb\n" + "".join(f"s{i}\t{i}\t{0.5 * i + 1}\n" for i in range(25)))
        burdens.write_text("sample_id\ttmb\nA\t10\nB\t40\nC\tNA\n")
        line = calibrate_tables(pairs, None).set_index("term")["estimate"]
        assert (line["slope"], line["intercept"], line["n"]) == pytest.approx((0.5, 1.0, 25))
        applied = calibrate_tables(pairs, burdens)
        assert applied["tmb_calibrated"].tolist()[:2] == pytest.approx([6.0, 21.0])
        assert applied["extrapolated"].tolist()[:2] == [False, True]
        assert applied.loc[2, ["tmb_calibrated", "extrapolated"]].isna().all()

    def test_a_known_line(self, tmp_path):
        burdens = tmp_path / "tmb.tsv"
        burdens.write_text("sample_id\ttmb\nA\t10\n")
        assert calibrate_tables(None, burdens, slope=0.9, intercept=1.0)["tmb_calibrated"].tolist() == [10.0]

    def test_wrong_columns_and_values(self, tmp_path):
        pairs = tmp_path / "pairs.tsv"
        pairs.write_text("sample_id\tpanel_tmb\twes_tmb\ns\t1\tx\n")
        with pytest.raises(SchemaError, match="'x' is no number"):
            calibrate_tables(pairs, None)
        with pytest.raises(SchemaError, match="no column exome"):
            calibrate_tables(pairs, None, exome_column="exome")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Return a simulated chr17 up to TP53, with an open reading frame of alanines in its exons."""
    exons = PANEL.exons("hg19")
    exons = exons[exons["gene"] == "TP53"].sort_values("exon")
    sequence = bytearray(b"ACGT" * (int(exons["end"].max()) // 4 + 100))
    n_codons = int((exons["end"] - exons["start"]).sum()) // 3
    coding = b"ATG" + b"GCA" * (n_codons - 2) + b"TGA"  # alanine all along
    for start, end in zip(exons["start"], exons["end"], strict=True):
        piece, coding = coding[: end - start], coding[end - start :]
        sequence[start:end] = piece.translate(bytes.maketrans(b"ACGT", b"TGCA"))[::-1]
    path = tmp_path_factory.mktemp("fasta") / "chr17.fa"
    lines = [bytes(sequence[i : i + 60]) for i in range(0, len(sequence), 60)]
    path.write_bytes(b">17\n" + b"\n".join(lines) + b"\n")
    return path, sequence.decode(), exons


class TestAnnotatedHere:
    """An un-annotated VCF and a reference."""

    @pytest.fixture
    def raw(self, reference, make_vcf, call):
        """Return an un-annotated VCF: third, second and first base of a codon (reverse strand), a splice site, an intron."""
        _, sequence, exons = reference
        start, end = exons.iloc[4][["start", "end"]]
        codon = next(p for p in range(start + 9, end - 9) if sequence[p : p + 3] == "TGC")  # GCA on the other strand
        changes = {codon: "A", codon + 1: "A", codon + 2: "T", start - 1: "", start - 30: ""}
        other = {"A": "C", "C": "A", "G": "T", "T": "G"}
        calls = [call("chr17", p + 1, sequence[p], alt or other[sequence[p]]) for p, alt in changes.items()]
        return make_vcf(calls, annotator="", prefix=False)

    def test_consequences_come_from_the_gene_models(self, reference, raw):
        done = tmb_of_file(str(raw), TmbSettings(fasta=str(reference[0]), audit=True))
        assert row(done)["n_counted"] == 2
        assert counts(done) == {"region": 1, "consequence": 1, "hotspot": 1}
        assert done.source["annotation"] == "bcftools csq, here"
        audit = done.result.audit.sort_values("Start_Position")
        classes = audit["Variant_Classification"].fillna("none").tolist()
        assert classes == ["none", "Splice_Site", "Silent", "Missense_Mutation", "Missense_Mutation"]
        fast = tmb_of_file(str(raw), TmbSettings(fasta=str(reference[0])))
        assert audit["HGVSp_Short"].tolist()[1:] == ["p.X224_splice", "p.A221=", "p.A221V", "p.A221T"], (
            "c.672+1 is a hotspot"
        )
        assert (row(fast)["n_counted"], counts(fast)) == (2, counts(done))

    def test_without_a_reference_the_ways_to_annotate_are_named(self, raw):
        error = tmb_of_file(str(raw), TmbSettings()).error
        assert isinstance(error, AnnotationMissingError)
        assert all(way in str(error) for way in ("vep", "snpEff", "bcftools csq", "--fasta"))

    def test_another_reference_is_refused(self, reference, raw):
        raw.write_text(raw.read_text().replace("\tT\tA\t", "\tG\tA\t"))
        assert isinstance(tmb_of_file(str(raw), TmbSettings(fasta=str(reference[0]))).error, BuildMismatchError)

    def test_an_annotated_file_keeps_its_annotation(self, reference, make_vcf, call, coding_sites):
        path = make_vcf([call(*coding_sites("hg19")[0])])
        done = tmb_of_file(str(path), TmbSettings(fasta=str(reference[0])))
        assert (done.source["annotation"], row(done)["n_counted"]) == ("VEP", 1)

    def test_merged_with_an_annotated_one(self, reference, raw, make_vcf, call, coding_sites):
        other = make_vcf([call(*coding_sites("hg19")[0])], name="b.vcf")
        assert row(tmb_of_callers([str(raw), str(other)], TmbSettings(fasta=str(reference[0]))))["n_counted"] == 3


class TestDialectsOfFiles:
    """The same variant in the habits of other programs gives the same burden."""

    @pytest.fixture
    def lines(self, make_vcf, call, coding_sites):
        return make_vcf([call(*coding_sites("hg19")[0])]).read_text()

    @pytest.mark.parametrize(
        "change",
        [
            lambda text: "\ufeff" + text,
            lambda text: text.replace("\n", "\r\n"),
            lambda text: "\ufeff" + text.replace("\n", "\r\n"),
            lambda text: text.replace("ID=CSQ", "ID=csq").replace("CSQ=", "csq="),
            lambda text: text.replace(",length=81195210", "").replace(",length=198022430", ""),
            lambda text: text.replace("##fileformat=VCFv4.2\n", ""),
        ],
    )
    def test_vcf(self, lines, tmp_path, change):
        path = tmp_path / "changed.vcf"
        path.write_bytes(change(lines).encode())
        done = tmb_of_file(str(path), TmbSettings())
        assert row(done)[["sample_id", "n_counted", "status"]].tolist() == ["changed", 1, "evaluable"]
        assert not any("ignored" in message for message in done.messages)

    def test_one_column_per_caller(self, make_vcf, call, coding_sites, tmp_path):
        (chrom, pos), (_, second), *_ = coding_sites("hg19")
        names = ("NORMAL.mutect2", "NORMAL.varscan", "TUMOR.mutect2", "TUMOR.varscan")
        path = make_vcf([call(chrom, pos), call(chrom, second)], samples=names)
        *head, first, last = path.read_text().splitlines()
        rows = [line.split("\t") for line in (first, last)]
        rows[0][11:] = [rows[0][12], "./.:.:.:."]  # mutect2 has the first only, varscan the second
        rows[1][11] = "./.:.:.:."
        path.write_text("\n".join([*head, *("\t".join(cells) for cells in rows)]) + "\n")
        done = tmb_of_file(str(path), TmbSettings())
        assert row(done)[["sample_id", "n_counted", "max_vaf"]].tolist() == ["sample", 2, 0.2]
        assert done.source["tumour_by"] == "column names, one per caller"

    @pytest.mark.parametrize(
        "change",
        [
            lambda text: "\ufeff" + text,
            lambda text: "#version gdc-1.0.0\n#filedate 20200101\n" + text,
            lambda text: text.replace("\n", "\r\n"),
            lambda text: text.replace("\t", ","),
            lambda text: text.replace("Hugo_Symbol", "hugo_symbol"),
        ],
    )
    def test_maf(self, lines, make_vcf, call, coding_sites, tmp_path, change):
        plain = tmp_path / "plain.maf"
        write_maf(read_vcf(make_vcf([call(*coding_sites("hg19")[0])], samples=("S1_T",))), plain)
        path = tmp_path / "changed.maf"
        path.write_bytes(change(plain.read_text()).encode())
        assert row(tmb_of_file(str(path), TmbSettings()))[["sample_id", "n_counted"]].tolist() == ["S1_T", 1]

    def test_a_maf_that_names_no_sample_is_one_sample(self, make_vcf, call, coding_sites, tmp_path):
        path = tmp_path / "T9.maf"
        write_maf(read_vcf(make_vcf([call(*coding_sites("hg19")[0])], samples=("S1_T",))), path)
        path.write_text(path.read_text().replace("S1_T", "__UNKNOWN__"))
        done = tmb_of_file(str(path), TmbSettings())
        assert row(done)[["sample_id", "n_counted"]].tolist() == ["T9", 1]
        assert "taken as one sample, T9" in done.messages[0]
        assert row(tmb_of_file(str(path), TmbSettings(tumor_sample=("P1",))))["sample_id"] == "P1"

    def test_a_maf_is_asked_for_its_own_samples_only(self, make_vcf, call, coding_sites, tmp_path):
        path = tmp_path / "a.maf"
        write_maf(read_vcf(make_vcf([call(*coding_sites("hg19")[0])], samples=("S1_T",))), path)
        done = tmb_of_file(str(path), TmbSettings(tumor_sample=("NORMAL",)))
        assert "no sample 'NORMAL' (samples: S1_T)" in str(done.error)

    def test_a_maf_of_the_other_build_that_does_not_say_so_is_refused(self, make_vcf, call, coding_sites, tmp_path):
        path = tmp_path / "a.maf"
        calls = [call(*site) for site in coding_sites("hg38")[:5]]
        write_maf(read_vcf(make_vcf(calls, samples=("S1_T",), build="hg38")), path)
        path.write_text(path.read_text().replace("hg38", "").replace("GRCh38", ""))
        done = tmb_of_file(str(path), TmbSettings())
        assert "nothing names the genome build; 5 variants lie in the panel's coding territory on hg38" in str(
            done.error
        )
        assert row(tmb_of_file(str(path), TmbSettings(build="hg38")))["n_counted"] == 5

    def test_a_maf_without_rows_says_that_no_sample_is_named(self, make_vcf, call, tmp_path):
        path = tmp_path / "a.maf"
        write_maf(read_vcf(make_vcf([], samples=("S1_T",))), path)
        done = tmb_of_file(str(path), TmbSettings())
        assert done.error is None
        assert any("--samples lists those that were sequenced" in message for message in done.messages)
        listed = tmb_of_file(str(path), TmbSettings(samples=("S1_T",)))
        assert row(listed)["n_counted"] == 0
