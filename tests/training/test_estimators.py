"""Where a fit starts does not matter to where it ends."""

from __future__ import annotations

import numpy as np
import pytest

from fairrun.inference import LinearScorer
from fairrun.training import resolve_estimator


@pytest.mark.parametrize(("n_columns", "uses_it"), [(7, True), (301, False)])
def test_newtons_method_ends_at_the_same_optimum_from_anywhere(
    n_columns: int, uses_it: bool
) -> None:
    """L-BFGS stops before the optimum, and would keep something of its start: it gets none."""
    rng = np.random.default_rng(n_columns)
    matrix = rng.normal(size=(1500, n_columns))
    label = (matrix[:, 0] + rng.logistic(size=1500) > 0).astype(np.int64)
    estimator = resolve_estimator("logistic_regression", {})
    start = LinearScorer(rng.normal(size=n_columns), 3.0)
    cold, warm = (estimator.fit(matrix, label, start=given) for given in (None, start))
    difference = np.abs(cold.score(matrix) - warm.score(matrix)).max()
    assert 0 < difference < 1e-4 if uses_it else difference == 0
