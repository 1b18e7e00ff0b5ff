import numpy as np
import pandas as pd
import pytest

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import as_altered_and_total, as_counts, as_measurements, as_share


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, -2], "altered: count -2 is negative"),
        ([1.5], "altered: 1.5 is not a whole number; pass counts, not shares or percentages"),
        ([1, None], "altered: a count is missing; drop the row, or count it as a category of its own"),
        (
            pd.Series([1, pd.NA], dtype="Int64"),
            "altered: a count is missing; drop the row, or count it as a category of its own",
        ),
        (["three"], "altered: not all values are numbers"),
        ([np.inf], "altered: count inf is too large"),
    ],
)
def test_unsuitable_counts_are_refused_in_one_line(values, message):
    with pytest.raises(StatisticsError) as error:
        as_counts(values, "altered")
    assert str(error.value) == message


def test_counts_keep_their_shape_and_may_be_whole_floats_or_nullable():
    assert as_counts([[1.0, 2.0]], "x").tolist() == [[1, 2]]
    assert as_counts(pd.Series([3, 4], dtype="Int64"), "x").tolist() == [3, 4]
    assert as_counts(np.array([], dtype=float), "x").dtype == np.int64


def test_more_altered_than_profiled_is_refused():
    with pytest.raises(StatisticsError, match=r"^7 altered of 5 samples \(altered_a > n_a\)$"):
        as_altered_and_total([1, 7], [5, 5], "a")


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(StatisticsError, match=r"altered_a has shape \(3,\), n_a has \(2,\)"):
        as_altered_and_total([1, 2, 3], [5, 5], "a")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, np.nan], "tmb: a value is missing; drop such samples and say how many"),
        ([1.0, np.inf], "tmb: a value is infinite; drop such samples and say how many"),
        ([], "tmb: 0 values, needs 1 or more"),
        (["high"], "tmb: not all values are numbers"),
    ],
)
def test_unsuitable_measurements_are_refused(values, message):
    with pytest.raises(StatisticsError) as error:
        as_measurements(values, "tmb")
    assert str(error.value) == message


def test_measurements_are_a_copy():
    values = np.array([1.0, 2.0])
    as_measurements(values, "x")[0] = 9.0
    assert values[0] == 1.0


@pytest.mark.parametrize("value", [0.0, 1.0, 95.0, np.nan])
def test_a_share_lies_strictly_between_0_and_1(value):
    with pytest.raises(StatisticsError, match="conf_level is"):
        as_share(value, "conf_level")
