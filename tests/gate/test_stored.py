"""The result of a gate, read back from the table that a run has logged."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.gate import decide, parse_gate, result_from_table
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts, audit, hidden_groups

RACE = ProtectedColumn("race", ("W", "B", "O"), ("W",), ("B", "O"))
TABLE = np.zeros((4, 2, 2), dtype=np.int64)
TABLE[:3] = [[[500, 100], [200, 400]], [[600, 20], [100, 80]], [[2, 1], [1, 0]]]


@pytest.mark.parametrize("min_cell", [1, 5])
def test_the_result_is_the_same(min_cell: int) -> None:
    counts = Counts((RACE,), TABLE)
    gate = parse_gate("disparate_impact>=0.8; accuracy>=0.7; accuracy>=0.7 @ race")
    result = decide(gate, counts, audit(counts), say_rows_needed=False)
    result = result.shown(hidden_groups(counts, min_cell))
    # As MLflow keeps a table: JSON, in which a missing number is null.
    stored = pd.read_json(io.StringIO(result.table.to_json(orient="split")), orient="split")
    again = result_from_table(stored)
    assert again.verdict is result.verdict
    assert str(again) == str(result)
    for name in ("verdict", "term", "group_a", "group_b", "reason"):
        assert again.table[name].to_list() == result.table[name].to_list()


@pytest.mark.parametrize("table", [pd.DataFrame(), pd.DataFrame({"term": ["accuracy>=0.5"]})])
def test_another_table_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(RequestError):
        result_from_table(table)
