from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.metrics import Counts, abroca, bias_metrics, bias_table

GROUPS = ("Male", "Female", "(neither)")

Rows = Any  # the named tuple of conftest.py: codes, y_true, y_pred, probability


def table_of(rows: Rows) -> pd.DataFrame:
    return bias_table(rows.codes == 0, rows.codes == 1, rows.y_true, rows.y_pred, rows.probability)


def values_of_ours(rows: Rows) -> list[float]:
    counts = Counts.from_arrays(*rows[:3], GROUPS, "sex")
    return [*bias_metrics(counts).values(), abroca(rows.codes, rows.y_true, rows.probability)]


def test_it_is_holisticais_table(rows: Rows) -> None:
    from holisticai.bias.metrics import classification_bias_metrics

    theirs = classification_bias_metrics(
        rows.codes == 0, rows.codes == 1, rows.y_pred, rows.y_true, rows.probability
    )
    pd.testing.assert_frame_equal(table_of(rows), theirs.reset_index(), check_exact=True)


def test_its_values_are_ours(rows: Rows) -> None:
    ours = values_of_ours(rows)
    np.testing.assert_allclose(table_of(rows)["Value"], ours, rtol=1e-12, atol=1e-12)


def test_rows_in_neither_group_play_no_part(rows: Rows) -> None:
    in_a_or_b = type(rows)(*(column[rows.codes >= 0] for column in rows))
    assert (rows.codes == -1).any()
    pd.testing.assert_frame_equal(table_of(rows), table_of(in_a_or_b))


@settings(max_examples=60, deadline=None)
@given(table=arrays(np.int64, (3, 2, 2), elements=st.integers(0, 2)))
def test_it_comes_for_any_counts_and_is_nan_where_ours_is(
    rows_of: Callable[[Any], Rows], table: NDArray[np.int64]
) -> None:
    rows = rows_of(table)
    frame = table_of(rows)
    np.testing.assert_allclose(frame["Value"], values_of_ours(rows), rtol=1e-12, atol=1e-12)


def test_a_table_with_undefined_values_has_the_same_form(
    rows: Rows, rows_of: Callable[[Any], Rows]
) -> None:
    full = table_of(rows)
    empty = table_of(rows_of([[[3, 2], [1, 4]], [[0, 0], [0, 0]], [[0, 0], [0, 0]]]))
    assert empty["Value"].isna().all()
    pd.testing.assert_frame_equal(empty.drop(columns="Value"), full.drop(columns="Value"))
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_nobody_selected_in_a_is_defined(rows_of: Callable[[Any], Rows]) -> None:
    frame = table_of(rows_of([[[3, 0], [2, 0]], [[3, 2], [1, 4]], [[0, 0], [0, 0]]]))
    values = frame.set_index("Metric")["Value"]
    assert values.notna().all()
    assert values["Disparate Impact"] == 0
    assert values["Four Fifths Rule"] == 0


GOOD: dict[str, list[float]] = {
    "group_a": [1, 1, 0, 0],
    "group_b": [0, 0, 1, 1],
    "y_true": [0, 1, 0, 1],
    "y_pred": [0, 1, 1, 1],
    "y_score": [0.1, 0.9, 0.6, 0.8],
}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"group_b": [0, 1, 1, 1]}, "both group_a and group_b"),
        ({"group_a": [2, 1, 0, 0]}, "group_a must be one column of 0 and 1"),
        ({"group_a": [1, 1, 0]}, r"group_a \(3,\), group_b \(4,\)"),
        ({"y_pred": [0.2, 1, 1, 1]}, "y_pred must be"),
        ({"y_score": [-2.2, 2.2, 0.4, 1.4]}, "the scores must be probabilities"),
        ({"y_score": [0.1, 0.9, 0.6]}, r"y_true \(4,\), probability \(3,\)"),
    ],
)
def test_rows_without_a_table_are_refused(wrong: dict[str, list[float]], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        bias_table(**(GOOD | wrong))


def test_the_package_is_imported_without_holisticai() -> None:
    code = "import sys, fairrun.metrics; sys.exit('holisticai' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
