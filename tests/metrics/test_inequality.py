from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from fairrun.metrics import INEQUALITY_METRICS
from tests.metrics.samples import tables


@settings(max_examples=60)
@given(tables(2, 2))
def test_they_are_holisticais(table: NDArray[np.int64]) -> None:
    from holisticai.bias import metrics as holisticai

    values = {name: float(metric(table)) for name, metric in INEQUALITY_METRICS.items()}
    if table.sum() == table[1, 0]:  # no row, or false negatives alone
        assert all(map(math.isnan, values.values()))
        return
    cells = np.repeat(np.arange(4), table.ravel())
    y_true, y_pred = cells // 2, cells % 2
    for name, value in values.items():
        theirs = getattr(holisticai, name)(y_pred, y_true)
        # holisticai's mean of squares − 1 may round to below 0, of which the root is NaN.
        theirs = 0.0 if math.isnan(theirs) else theirs
        # A root makes of a rounding error of 1e-16 one of 1e-8, at 0.
        assert value == pytest.approx(theirs, rel=1e-12, abs=1e-12) or value**2 == pytest.approx(
            theirs**2, abs=1e-12
        )


@pytest.mark.parametrize("name", INEQUALITY_METRICS)
def test_vectorised_equals_looped(name: str) -> None:
    metric = INEQUALITY_METRICS[name]
    stack = np.random.default_rng(0).integers(0, 3, size=(20, 30, 2, 2))
    looped = [[float(metric(table)) for table in row] for row in stack]
    np.testing.assert_array_equal(metric(stack), looped)
    assert np.isnan(looped).any()


def test_equal_benefits_are_0() -> None:
    for metric in INEQUALITY_METRICS.values():
        assert metric(np.array([[3, 0], [0, 4]])) == 0
