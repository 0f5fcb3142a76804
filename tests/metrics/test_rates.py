from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from fairlearn import metrics as fairlearn
from hypothesis import given
from numpy.typing import NDArray
from sklearn import metrics as sklearn

from fairrun.metrics import GROUP_RATES, Counts, Rate, values_of
from fairrun.metrics.rates import f1, true_negative_rate
from tests.metrics.samples import COLUMNS, draw_people, tables

ALL = {**GROUP_RATES, "true_negative_rate": true_negative_rate, "f1": f1}

ORACLES: dict[str, Callable[..., float]] = {
    "base_rate": lambda y_true, y_pred: float(np.mean(y_true)),
    "selection_rate": fairlearn.selection_rate,
    "true_positive_rate": fairlearn.true_positive_rate,
    "false_positive_rate": fairlearn.false_positive_rate,
    "false_negative_rate": fairlearn.false_negative_rate,
    "positive_predictive_value": sklearn.precision_score,
    "negative_predictive_value": lambda y_true, y_pred: sklearn.precision_score(
        y_true, y_pred, pos_label=0
    ),
    "accuracy": sklearn.accuracy_score,
    "true_negative_rate": fairlearn.true_negative_rate,
    "f1": sklearn.f1_score,
}


@pytest.mark.parametrize("seed", range(3))
def test_rates_are_those_of_fairlearns_frame(seed: int) -> None:
    people = draw_people(seed)
    people = people.take((people.sex >= 0) & (people.race >= 0))
    frame = fairlearn.MetricFrame(
        metrics=ORACLES,
        y_true=people.y_true,
        y_pred=people.y_pred,
        sensitive_features={"sex": people.sex, "race": people.race},
    )
    counts = Counts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred)
    by_group = counts.grouped(values_of(COLUMNS, "sex", "race"))
    for name, rate in ALL.items():
        theirs = frame.by_group[name].to_numpy(dtype=float)
        np.testing.assert_allclose(rate(by_group), theirs, rtol=1e-12, err_msg=name)


@given(tables(2, 2, largest=2))
def test_nan_comes_with_a_reason_and_a_number_without(table: NDArray[np.int64]) -> None:
    for rate in ALL.values():
        value = float(rate(table))
        assert not math.isinf(value)
        assert math.isnan(value) == bool(rate.undefined_reason(table, "Female"))


@pytest.mark.parametrize(
    ("name", "table", "reason"),
    [
        ("accuracy", [[0, 0], [0, 0]], "no row of Female"),
        ("true_positive_rate", [[0, 0], [0, 0]], "no row of Female"),
        ("true_positive_rate", [[3, 1], [0, 0]], "no row of Female has label 1"),
        ("false_positive_rate", [[0, 0], [1, 1]], "no row of Female has label 0"),
        ("positive_predictive_value", [[3, 0], [1, 0]], "no row of Female is predicted 1"),
        ("negative_predictive_value", [[0, 3], [0, 1]], "no row of Female is predicted 0"),
        ("accuracy", [[1, 0], [0, 0]], ""),
    ],
)
def test_the_reason_names_what_is_lacking(name: str, table: list[list[int]], reason: str) -> None:
    assert ALL[name].undefined_reason(np.array(table), "Female") == reason


@pytest.mark.parametrize("rate", ALL.values(), ids=ALL)
def test_the_gradient_is_the_slope(rate: Rate) -> None:
    table = np.array([[5.0, 1.0], [2.0, 7.0]])
    for cell in np.ndindex(2, 2):
        step = np.zeros((2, 2))
        step[cell] = 1e-6
        slope = (rate(table + step) - rate(table - step)) / 2e-6
        assert rate.gradient(table)[cell] == pytest.approx(slope, abs=1e-8)
