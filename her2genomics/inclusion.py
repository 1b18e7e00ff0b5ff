"""Who is in a study: named rules on the sample table, applied in order, each with its count.

Rules come from a TOML file, one ``[[rule]]`` per criterion, so that a protocol can be read and kept with its results::

    [[rule]]
    name = "treatment-naive"
    column = "history_neoadjuvant_treatment"
    equals = "No"

    [[rule]]
    name = "complete ER, PR"
    columns = ["er_status", "pr_status"]
    present = true

    [[rule]]
    name = "adults under 75"
    column = "age"
    min = 18
    max = 75
    missing = "keep"
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.exceptions import SchemaError, UsageError

BoolArray = npt.NDArray[np.bool_]
_TESTS = ("equals", "in", "not_in", "present", "min", "max", "above", "below")
_CONDITION = re.compile(r"""^\s*([^\s=!<>"']+)\s*(==|!=|<=|>=|<|>|=)\s*(?:"([^"]*)"|'([^']*)'|(\S.*?))\s*$""")
_OPERATORS = {"==": "equals", "=": "equals", "!=": "not_in", ">=": "min", "<=": "max", ">": "above", "<": "below"}
_KEYS = frozenset({"name", "column", "columns", "missing", *_TESTS})


@dataclass(frozen=True)
class InclusionRule:
    """One criterion: every named column must pass every test that is set.

    Parameters
    ----------
    name
        As shown in the attrition.
    columns
        Columns that it looks at.
    tests
        Any of ``equals``, ``in``, ``not_in``, ``present``, ``min``, ``max`` (inclusive), ``above``, ``below`` with
        their values.
    keep_missing
        Whether a missing value passes.
    """

    name: str
    columns: tuple[str, ...]
    tests: Mapping[str, Any]
    keep_missing: bool = False


def parse_rules(content: Mapping[str, Any], source: str | None = None) -> list[InclusionRule]:
    """Return the rules of a parsed TOML file.

    Raises
    ------
    UsageError
        If a rule lacks a column or a test, or has an unknown key.
    """
    listed = content.get("rule")
    if not isinstance(listed, list) or not listed:
        raise UsageError("no [[rule]] in the inclusion rules", path=source)
    return [_parse_rule(rule, number, source) for number, rule in enumerate(listed, start=1)]


def _parse_rule(rule: Mapping[str, Any], number: int, source: str | None) -> InclusionRule:
    unknown = sorted(set(rule) - _KEYS)
    if unknown:
        raise UsageError(
            f"rule {number} has unknown key {', '.join(unknown)}",
            path=source,
            hint=f"known: {', '.join(sorted(_KEYS))}",
        )
    columns = tuple(rule.get("columns", [rule["column"]] if "column" in rule else []))
    tests = {key: rule[key] for key in _TESTS if key in rule}
    if not columns or not tests:
        raise UsageError(f"rule {number} needs a column and a test ({', '.join(_TESTS)})", path=source)
    missing = rule.get("missing", "drop")
    if missing not in ("keep", "drop"):
        raise UsageError(f"rule {number}: missing is 'keep' or 'drop', not '{missing}'", path=source)
    return InclusionRule(str(rule.get("name", f"rule {number}")), columns, tests, missing == "keep")


def parse_conditions(text: str) -> list[InclusionRule]:
    """Return the rules of a line such as ``er_status == positive and age >= 50``: column, operator, value; only "and".

    A value that holds " and " or a quote stands in quotes. Samples without a value meet no condition.

    Raises
    ------
    UsageError
        If a part is not column, operator and value, or an order is asked of text.

    Examples
    --------
    >>> [(rule.columns[0], dict(rule.tests)) for rule in parse_conditions("grade != 1 and age >= 50")]
    [('grade', {'not_in': ['1']}), ('age', {'min': 50.0})]
    """
    parts = re.split(r"""\s+and\s+(?=(?:[^"']*["'][^"']*["'])*[^"']*$)""", text.strip())
    return [_parse_condition(part) for part in parts]


def _parse_condition(text: str) -> InclusionRule:
    match = _CONDITION.match(text)
    if match is None:
        raise UsageError(
            f"condition '{text}' is not understood", hint="write COLUMN == VALUE, COLUMN >= NUMBER (also !=, <, >)"
        )
    column, operator = match[1], match[2]
    value: Any = next(v for v in match.groups()[2:] if v is not None)
    test = _OPERATORS[operator]
    if test == "not_in":
        value = [value]
    elif test != "equals":
        try:
            value = float(value)
        except ValueError:
            raise UsageError(f"condition '{text}' asks for an order, but '{value}' is no number") from None
    return InclusionRule(text.strip(), (column,), {test: value})


def apply_rules(samples: pd.DataFrame, rules: Sequence[InclusionRule]) -> tuple[BoolArray, pd.DataFrame]:
    """Apply the rules in order.

    Returns
    -------
    keep, attrition
        Mask over the rows, and one row per rule: ``rule, n_before, n_dropped, n_after, detail``.

    Raises
    ------
    SchemaError
        If a rule names a column that is not there, or compares text with a number.
    """
    keep = np.ones(len(samples), dtype=bool)
    rows = []
    for rule in rules:
        passed = rule_mask(samples, rule)
        before, keep = int(keep.sum()), keep & passed
        after = int(keep.sum())
        rows.append((rule.name, before, before - after, after, _describe(rule)))
    return keep, pd.DataFrame(rows, columns=["rule", "n_before", "n_dropped", "n_after", "detail"])


def rule_mask(samples: pd.DataFrame, rule: InclusionRule) -> BoolArray:
    """Return which rows pass one rule."""
    passed = np.ones(len(samples), dtype=bool)
    for column in rule.columns:
        if column not in samples:
            raise SchemaError(
                f"inclusion rule '{rule.name}' needs column {column}", hint="her2g check FILE lists columns"
            )
        passed &= _column_mask(samples[column], rule)
    return passed


def _column_mask(values: pd.Series, rule: InclusionRule) -> BoolArray:
    missing = values.isna().to_numpy(dtype=bool)
    tests = rule.tests
    if "present" in tests:
        return ~missing if tests["present"] else missing
    text = _as_texts(values)
    passed = np.ones(len(values), dtype=bool)
    if "equals" in tests:
        passed &= (text == _as_text(tests["equals"])).to_numpy(dtype=bool, na_value=False)
    if "in" in tests:
        passed &= text.isin([_as_text(v) for v in tests["in"]]).to_numpy(dtype=bool)
    if "not_in" in tests:
        passed &= ~text.isin([_as_text(v) for v in tests["not_in"]]).to_numpy(dtype=bool)
    if tests.keys() & {"min", "max", "above", "below"}:
        numbers = pd.to_numeric(values, errors="coerce")
        if (numbers.isna() & values.notna()).any():
            raise SchemaError(f"inclusion rule '{rule.name}' compares text with a number", column=str(values.name))
        figures = numbers.to_numpy(dtype=float, na_value=np.nan)
        passed &= ~((figures < tests.get("min", -np.inf)) | (figures > tests.get("max", np.inf)))
        passed &= ~((figures <= tests.get("above", -np.inf)) | (figures >= tests.get("below", np.inf)))
    return np.where(missing, rule.keep_missing, passed).astype(bool)


def _as_texts(values: pd.Series) -> pd.Series:
    """Return the values as text, whole numbers without a decimal point."""
    if pd.api.types.is_float_dtype(values.dtype):
        return values.map(lambda v: f"{v:g}", na_action="ignore").astype("string")
    return values.astype("string")


def _as_text(value: object) -> str:
    return str(value) if not isinstance(value, bool) else ("True" if value else "False")


def _describe(rule: InclusionRule) -> str:
    tests = ", ".join(f"{key} {value}" for key, value in rule.tests.items())
    return f"{', '.join(rule.columns)}: {tests}; missing {'kept' if rule.keep_missing else 'dropped'}"
