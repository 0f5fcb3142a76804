from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t

from fairrun.errors import RequestError
from fairrun.metrics import fold_interval


def test_the_variance_is_corrected_for_the_rows_that_folds_share() -> None:
    values = np.array([0.10, 0.12, 0.11, 0.14, 0.13])
    interval = fold_interval(values, confidence=0.9)
    half = t.ppf(0.95, 4) * math.sqrt((1 / 5 + 1 / 4) * values.var(ddof=1))
    assert interval.mean == pytest.approx(0.12)
    assert interval.spread == pytest.approx(values.std(ddof=1))
    assert (interval.low, interval.high) == pytest.approx((0.12 - half, 0.12 + half))
    assert interval.of == "procedure"


def test_undefined_folds_are_left_out_and_counted() -> None:
    interval = fold_interval([0.1, math.nan, 0.3])
    assert (interval.n_folds, interval.mean) == (2, 0.2)
    one = fold_interval([0.1, math.nan])
    assert (one.n_folds, one.mean) == (1, 0.1)
    assert math.isnan(one.low)
    assert math.isnan(fold_interval([math.nan, math.nan]).mean)


@pytest.mark.parametrize("values", [[], [0.1], [[0.1, 0.2]]])
def test_one_fold_has_no_interval(values: list[float]) -> None:
    with pytest.raises(RequestError, match="two folds"):
        fold_interval(values)
