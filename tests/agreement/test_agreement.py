"""The analyses of agreement: what they count, what they refuse, what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2genomics.agreement.erbb2 import compare_erbb2
from her2genomics.agreement.lesions import compare_detection, compare_lesions, compare_treatment
from her2genomics.agreement.paired_tests import compare_tests
from her2genomics.agreement.readers import compare_readers
from her2genomics.agreement.specimens import compare_specimens
from her2genomics.exceptions import CohortError, SchemaError, UsageError
from her2genomics.stats.accuracy import exact_share
from her2genomics.stats.agreement import cohen_kappa, intraclass_correlation, mcnemar


def value(result, name: str, column: str = "value", comparison: str | None = None):
    rows = result.statistics[result.statistics["statistic"] == name]
    if comparison is not None:
        rows = rows[rows["comparison"] == comparison]
    assert len(rows) == 1, f"{name}: {len(rows)} rows"
    return rows[column].iloc[0]


class TestReaders:
    def test_measurements(self):
        rng = np.random.default_rng(1)
        truth = rng.normal(10, 3, 25)
        table = pd.DataFrame({name: truth + rng.normal(size=25) for name in ("r1", "r2", "r3")})
        table.loc[0, "r3"] = np.nan
        result = compare_readers(table, ["r1", "r2", "r3"])
        expected = intraclass_correlation(table.dropna().to_numpy()).set_index("icc")
        assert value(result, "ICC(2,1)") == pytest.approx(expected.loc["ICC(2,1)", "value"])
        assert value(result, "bias", comparison="r1 - r2") == pytest.approx((table["r1"] - table["r2"]).mean())
        assert value(result, "bias", "n", "r1 - r2") == 25
        assert result.notes == ("1 of 25 subjects without all readings left out",)

    def test_ihc_scores_are_ordered(self):
        table = pd.DataFrame(
            {"local": ["0", "1+", "2+", "3+", "0", None], "central": ["0", "0", "2+", "3+", "1+", "0"]}
        )
        result = compare_readers(table, ["local", "central"])
        counts = [[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
        assert value(result, "kappa, linear weights") == pytest.approx(cohen_kappa(counts, "linear").kappa)
        assert result.counts["n"].sum() == 5
        share, low, high = exact_share(3, 5)
        row = result.statistics.iloc[0]
        assert (row["value"], row["ci_low"], row["ci_high"]) == pytest.approx((share, low, high))

    def test_two_categories_have_mcnemar(self):
        table = pd.DataFrame({"a": ["yes"] * 6 + ["no"] * 4, "b": ["yes"] * 2 + ["no"] * 8})
        result = compare_readers(table, ["a", "b"])
        assert value(result, "difference of share of yes", "p_value") == pytest.approx(0.125)
        assert "kappa, linear weights" not in set(result.statistics["statistic"])

    def test_refusals(self):
        table = pd.DataFrame({"a": [1.5, 2.5, 3.5], "b": ["x", "2.5", "3"]})
        with pytest.raises(UsageError, match="two columns or more"):
            compare_readers(table, ["a"])
        with pytest.raises(SchemaError, match="no column named c"):
            compare_readers(table, ["a", "c"])
        with pytest.raises(SchemaError, match="'x' is not a number"):
            compare_readers(table, ["a", "b"], kind="measurement")
        with pytest.raises(SchemaError, match="'4' is not among the levels"):
            compare_readers(pd.DataFrame({"a": ["1"], "b": ["4"]}), ["a", "b"], levels=["1", "2"])

    def test_equal_or_too_few_readings_are_not_evaluable(self):
        for table in (
            pd.DataFrame({"a": [1.5] * 4, "b": [1.5] * 4}),
            pd.DataFrame({"a": [1.5, 2.25], "b": [1.0, 2.0]}),
        ):
            result = compare_readers(table, ["a", "b"], kind="measurement")
            assert value(result, "ICC", "note").startswith("not evaluable")


class TestPairedTests:
    TABLE = pd.DataFrame(
        {
            "surgery": ["positive"] * 10 + ["negative"] * 10 + ["positive"],
            "biopsy": ["positive"] * 9 + ["negative"] + ["negative"] * 8 + ["positive"] * 2 + [None],
            "model": ["positive"] * 5 + ["negative"] * 5 + ["negative"] * 10 + ["positive"],
        }
    )

    def test_within_each_class_of_the_truth(self):
        result = compare_tests(self.TABLE, "surgery", ["biopsy", "model"])
        assert value(result, "sensitivity", comparison="biopsy") == 0.9
        assert value(result, "specificity", comparison="model") == 1.0
        assert value(result, "difference of sensitivity") == pytest.approx(0.4)
        diseased = self.TABLE.iloc[:10]
        expected = mcnemar(diseased["biopsy"] == "positive", diseased["model"] == "positive")
        assert value(result, "difference of sensitivity", "p_value") == pytest.approx(expected.p_exact)
        assert result.counts["n"].sum() == 20
        assert "1 of 21 patients without all results left out" in result.notes

    def test_refusals(self):
        with pytest.raises(SchemaError, match="have 3 levels"):
            compare_tests(
                self.TABLE.assign(model=lambda t: t["model"].where(t.index > 2, "unclear")), "surgery", ["model"]
            )
        with pytest.raises(UsageError, match="no level of surgery"):
            compare_tests(self.TABLE, "surgery", ["model"], positive="yes")
        with pytest.raises(UsageError, match="no test is named"):
            compare_tests(self.TABLE, "surgery", ["surgery"])


class TestSpecimens:
    def table(self) -> pd.DataFrame:
        pairs = [("0", "1+"), ("0", "0"), ("1+", "1+"), ("1+", "0"), ("3+", "3+"), ("2+", None)]
        rows = [
            (f"p{i}", kind, score)
            for i, pair in enumerate(pairs)
            for kind, score in zip(("primary", "metastasis"), pair, strict=True)
        ]
        return pd.DataFrame(rows, columns=["patient_id", "sample_type", "ihc"])

    def test_the_matrix_and_its_shares(self):
        result = compare_specimens(self.table(), column="ihc")
        assert value(result, "discordant") == pytest.approx(2 / 5)
        assert value(result, "0 becomes 1+") == pytest.approx(1 / 2)
        assert (result.counts["n"].sum(), result.notes[0]) == (5, "5 patients have both")

    def test_further_specimens_are_counted(self):
        table = pd.concat(
            [self.table(), pd.DataFrame({"patient_id": ["p0"], "sample_type": "metastasis", "ihc": "3+"})]
        )
        result = compare_specimens(table, column="ihc")
        assert "1 further specimens of the same kind left out" in result.notes[1]
        assert value(result, "0 becomes 3+") == 0

    def test_refusals(self):
        with pytest.raises(SchemaError, match="no column named patient_id"):
            compare_specimens(self.table().drop(columns="patient_id"), column="ihc")
        with pytest.raises(CohortError, match="no patient has a primary and a plasma"):
            compare_specimens(self.table(), column="ihc", second="plasma")


class TestErbb2:
    def table(self, n: int = 60) -> pd.DataFrame:
        rng = np.random.default_rng(6)
        positive = np.arange(n) < 20
        log2 = np.where(positive, rng.normal(2, 1, n), rng.normal(0, 0.3, n))
        groups = np.where(positive, "HER2-positive", "HER2-low").astype(object)
        groups[-1] = None
        ratio = np.exp2(log2).round(2).astype(object)
        ratio[0] = "not amplified"
        return pd.DataFrame({"sample_id": [str(i) for i in range(n)], "her2_group": groups, "erbb2_log2": log2,
                             "erbb2_cna": np.where(log2 > 1, 2, 0), "fish_ratio": ratio})  # fmt: skip

    def test_full_specificity_and_the_call(self):
        table = self.table()
        result = compare_erbb2(table)
        known = table[table["her2_group"].notna()]
        positive = known["her2_group"] == "HER2-positive"
        cut_off = value(result, "cut-off at 100 % specificity")
        assert (known.loc[~positive, "erbb2_log2"] < cut_off).all()
        assert value(result, "sensitivity at 100 % specificity") == pytest.approx(
            (known.loc[positive, "erbb2_log2"] >= cut_off).mean()
        )
        assert value(result, "sensitivity") == pytest.approx((known.loc[positive, "erbb2_cna"] == 2).mean())
        assert value(result, "Spearman", "note") == "1 entries that are no number left out"

    def test_refusals(self):
        with pytest.raises(SchemaError, match="no column named erbb2_log2"):
            compare_erbb2(self.table().drop(columns="erbb2_log2"))
        with pytest.raises(CohortError, match="no samples of both classes"):
            compare_erbb2(self.table().assign(her2_group="HER2-low"))


class TestLesions:
    def table(self) -> pd.DataFrame:
        rng = np.random.default_rng(7)
        patient = np.repeat(np.arange(30), 4)
        group = np.where(patient < 15, "low", "zero")
        value = rng.normal(size=30)[patient] + 0.3 * rng.normal(size=120)
        return pd.DataFrame(
            {
                "patient_id": patient.astype(str),
                "lesion_id": np.tile(["1", "2", "3", "4"], 30),
                "group": group,
                "suvmax": value,
            }
        )

    def test_the_naive_p_is_the_smallest(self):
        """No difference between groups of patients: naive intervals are shorter than those that keep patients together."""
        result = compare_lesions(self.table(), "suvmax", group="group")
        rows = result.statistics.set_index("statistic")
        width = rows["ci_high"] - rows["ci_low"]
        assert width["shift, lesions"] < width["shift, patient means"]
        assert width["shift, lesions"] < width["difference of means, cluster bootstrap"]
        assert "too small" in rows.loc["shift, lesions", "note"]
        assert rows.loc["patients", "value"] == 30

    def test_treatment(self):
        table = self.table()
        both = pd.concat([table.assign(scan="a"), table.assign(scan="b", suvmax=table["suvmax"] - 1)])
        result = compare_treatment(both.iloc[:-1], "suvmax", "scan", before="a", after="b")
        assert value(result, "mean change, lesions") == pytest.approx(-1)
        assert value(result, "mean change, patients") == pytest.approx(-1)
        assert result.notes == ("1 lesions without both time points left out",)
        with pytest.raises(SchemaError, match="stands twice at a"):
            compare_treatment(pd.concat([both, both.head(1)]), "suvmax", "scan", before="a", after="b")
        with pytest.raises(CohortError, match="no lesion was measured"):
            compare_treatment(both, "suvmax", "scan", before="a", after="c")

    def test_detection(self):
        table = self.table()
        table["fes"], table["fdg"] = (
            np.where(table["suvmax"] > -1, "yes", "no"),
            np.where(table["suvmax"] > 0, "yes", "no"),
        )
        result = compare_detection(table, "fes", "fdg")
        assert value(result, "detection rate, lesions", comparison="fes") == pytest.approx(
            (table["suvmax"] > -1).mean()
        )
        assert value(result, "difference, patients kept together", "p_value") > value(
            result, "difference, lesions", "p_value"
        )
        with pytest.raises(SchemaError, match="neither yes nor no"):
            compare_detection(table.assign(fes="maybe"), "fes", "fdg")

    def test_refusals(self):
        with pytest.raises(SchemaError, match="no column named adc"):
            compare_lesions(self.table(), "adc")
        with pytest.raises(SchemaError, match="4 levels"):
            compare_lesions(self.table(), "suvmax", group="lesion_id")
        with pytest.raises(SchemaError, match="'high' is not a number"):
            compare_lesions(self.table().assign(suvmax="high"), "suvmax")
