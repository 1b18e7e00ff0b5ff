"""Survival times from dates: worked cases of every definition, and what cannot be."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.io.survival_dates import survival_from_dates

MONTH = 30.4375
COLUMNS = ["os_months", "os_event", "dfs_months", "dfs_event"]


def one(death=None, last=None, relapse=None, dead=None, **more):
    def days(value):
        return pd.Series([value], dtype="Float64")

    times = survival_from_dates(
        dead=None if dead is None else pd.Series([dead], dtype="boolean"),
        death=days(death),
        last_followup=days(last),
        relapse=days(relapse),
        **more,
    )
    row = [None if pd.isna(v) else v for v in times.table[COLUMNS].iloc[0]]
    months = [None if v is None else v * MONTH for v in (row[0], row[2])]
    return [months[0], row[1], months[1], row[3]], {what: n for what, n, _ in times.counts if n}


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({"last": 1000}, [1000, False, 1000, False]),
        ({"death": 500}, [500, True, 500, False]),
        ({"death": 500, "last": 400}, [500, True, 500, False]),
        ({"last": 1000, "relapse": 300}, [1000, False, 300, True]),
        ({"death": 500, "relapse": 300}, [500, True, 300, True]),
        ({"death": 500, "relapse": 500}, [500, True, 500, True]),
        ({"death": 500, "death_is_event": True}, [500, True, 500, True]),
        ({"last": 1000, "death_is_event": True}, [1000, False, 1000, False]),
        ({"death": 500, "relapse": 300, "death_is_event": True}, [500, True, 300, True]),
        ({"last": 0}, [0, False, 0, False]),
        ({"dead": True, "last": 300}, [None, True, None, None]),
        ({"dead": True, "last": 300, "relapse": 200}, [None, True, 200, True]),
        ({"dead": False, "last": 300}, [300, False, 300, False]),
        ({}, [None, None, None, None]),
    ],
)
def test_definitions(dates, expected):
    found, counts = one(**dates)
    assert found == [
        pytest.approx(v) if isinstance(v, (int, float)) and not isinstance(v, bool) else v for v in expected
    ]
    assert counts == {}


@pytest.mark.parametrize(
    ("dates", "expected", "counted"),
    [
        ({"last": -5}, [None, False, None, None], {"negative time: OS missing", "negative time: DFS missing"}),
        ({"last": 900, "relapse": -1}, [900, False, None, None], {"negative time: DFS missing"}),
        ({"death": 500, "last": 900}, [None, None, None, None], {"follow-up after death: OS missing"}),
        ({"death": 500, "dead": False}, [None, None, None, None],
         {"date of death of someone recorded as alive: OS missing"}),
        ({"death": 500, "relapse": 900}, [500, True, None, None], {"relapse after death: DFS missing"}),
        ({"last": 500, "relapse": 900}, [500, False, 900, True], {"relapse after the last follow-up: kept as recorded"}),
    ],
)  # fmt: skip
def test_impossible_dates_are_missing_and_counted(dates, expected, counted):
    found, counts = one(**dates)
    assert found == [
        pytest.approx(v) if isinstance(v, (int, float)) and not isinstance(v, bool) else v for v in expected
    ]
    assert set(counts) == counted


days_or_none = st.one_of(st.none(), st.integers(-50, 5000))


@given(st.lists(st.tuples(days_or_none, days_or_none, days_or_none), min_size=1, max_size=20), st.booleans())
def test_times_are_never_negative_and_dfs_never_outlasts_os(rows, death_is_event):
    death, last, relapse = (pd.Series(values, dtype="Float64") for values in zip(*rows, strict=True))
    times = survival_from_dates(
        dead=None, death=death, last_followup=last, relapse=relapse, death_is_event=death_is_event
    )
    table = times.table
    for name in ("os_months", "dfs_months"):
        assert (table[name].dropna() >= 0).all()
    late = (relapse > last).fillna(False).astype(bool)
    both = table["os_months"].notna() & table["dfs_months"].notna() & ~late
    assert (table.loc[both, "dfs_months"] <= table.loc[both, "os_months"] + 1e-9).all()
    known = table["dfs_event"].fillna(False).astype(bool)
    assert (relapse[known].notna() | (table.loc[known, "os_event"].fillna(False) & death_is_event)).all()
