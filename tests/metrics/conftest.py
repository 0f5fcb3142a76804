"""Rows to count, and rows that have given counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray


class Rows(NamedTuple):
    codes: NDArray[Any]
    y_true: NDArray[Any]
    y_pred: NDArray[Any]
    probability: NDArray[Any]


@pytest.fixture(params=range(5))
def rows(request: pytest.FixtureRequest) -> Rows:
    """Random rows of which some are in neither group; group_a is favoured."""
    rng = np.random.default_rng(request.param)
    n = int(rng.integers(200, 2000))
    codes = rng.choice([0, 1, -1], size=n, p=[0.6, 0.3, 0.1]).astype(np.int8)
    y_true = (rng.random(n) < np.where(codes == 0, 0.4, 0.25)).astype(int)
    score = rng.normal(size=n) + 1.5 * y_true + 0.5 * (codes == 0)
    probability = 1 / (1 + np.exp(-score))
    return Rows(codes, y_true, (probability > 0.6).astype(int), probability)


@pytest.fixture(scope="session")
def rows_of() -> Callable[[Any], Rows]:
    """A function from a table of counts to rows that have them; the score is the prediction."""

    def expand(table: Any) -> Rows:
        cells = np.indices((3, 2, 2)).reshape(3, -1)
        group, y_true, y_pred = np.repeat(cells, np.asarray(table).ravel(), axis=1)
        return Rows(np.where(group == 2, -1, group), y_true, y_pred, y_pred.astype(float))

    return expand
