"""Rows of a table as JSON."""

import json

from oncogloss.writers.json import row_line


def test_no_column_is_lost_and_what_is_no_number_is_null() -> None:
    line = row_line(["a", "b", "a"], [1, float("nan"), [2.0, float("inf")]])
    assert json.loads(line) == {"a": 1, "b": None, "a_2": [2.0, None]}
