"""The table of bias metrics is holisticai's, made from counts."""

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

from fairrun.metrics import INEQUALITY_METRICS, bias_table, evaluate_predictions
from tests.metrics.samples import SEX, bias_metrics, difference_of_areas

Rows = Any  # the named tuple of conftest.py: codes, y_true, y_pred, probability


def table_of(rows: Rows) -> pd.DataFrame:
    found = evaluate_predictions([SEX], [rows.codes], rows.y_true, rows.y_pred, rows.probability)
    return bias_table(found.audit, "sex")


def test_it_is_holisticais_table(rows: Rows) -> None:
    from holisticai.bias.metrics import classification_bias_metrics

    theirs = classification_bias_metrics(
        rows.codes == 0, rows.codes == 1, rows.y_pred, rows.y_true, rows.probability
    )
    # Their ABROCA is a difference of areas, and must not be taken for the area between the curves.
    theirs = theirs.rename(index={"ABROCA": "ROC AUC Difference"})
    ours = table_of(rows)
    assert list(ours) == [
        *("Metric", "Value", "Reference", "ci_low", "ci_high", "group_a", "group_b")
    ]
    pd.testing.assert_frame_equal(
        ours[["Metric", "Value", "Reference"]], theirs.reset_index(), rtol=1e-12, atol=1e-12
    )
    assert set(ours["group_a"]) == {"Male"}
    assert set(ours["group_b"]) == {"Female"}


def test_an_interval_holds_its_value(rows: Rows) -> None:
    table = table_of(rows).set_index("Metric").drop(index="Four Fifths Rule")
    assert (table["ci_low"] < table["Value"]).all()
    assert (table["Value"] < table["ci_high"]).all()


def test_inequality_is_holisticais(rows: Rows) -> None:
    from holisticai.bias.metrics import classification_bias_metrics

    found = evaluate_predictions([SEX], [rows.codes], rows.y_true, rows.y_pred, rows.probability)
    theirs = classification_bias_metrics(
        rows.codes == 0, rows.codes == 1, rows.y_pred, rows.y_true, metric_type="individual"
    )["Value"]
    titles = {name: name.replace("_", " ").title() for name in INEQUALITY_METRICS}
    titles["coefficient_of_variation"] = "Coefficient of Variation"
    for name, title in titles.items():
        assert found.metrics[name] == pytest.approx(theirs[title], rel=1e-12)


def test_rows_in_neither_group_play_no_part_in_the_values(rows: Rows) -> None:
    in_a_or_b = type(rows)(*(column[rows.codes >= 0] for column in rows))
    assert (rows.codes == -1).any()
    pd.testing.assert_series_equal(table_of(rows)["Value"], table_of(in_a_or_b)["Value"])


@settings(max_examples=20, deadline=None)
@given(table=arrays(np.int64, (3, 2, 2), elements=st.integers(0, 2)))
def test_it_comes_for_any_counts(rows_of: Callable[[Any], Rows], table: NDArray[np.int64]) -> None:
    rows = rows_of(table)
    ours = [
        *bias_metrics(table).values(),
        difference_of_areas(rows.codes, rows.y_true, rows.probability),
    ]
    np.testing.assert_allclose(table_of(rows)["Value"], ours, rtol=1e-12, atol=1e-12)


def test_a_table_with_undefined_values_has_the_same_form(
    rows: Rows, rows_of: Callable[[Any], Rows]
) -> None:
    full = table_of(rows)
    empty = table_of(rows_of([[[3, 2], [1, 4]], [[0, 0], [0, 0]], [[0, 0], [0, 0]]]))
    values = ["Value", "ci_low", "ci_high"]
    assert empty[values].isna().all(axis=None)
    pd.testing.assert_frame_equal(empty.drop(columns=values), full.drop(columns=values))
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_the_package_is_imported_without_holisticai() -> None:
    code = "import sys, fairrun.metrics; sys.exit('holisticai' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
