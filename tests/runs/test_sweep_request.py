from __future__ import annotations

import pytest

from fairrun.errors import RequestError
from fairrun.runs.sweep_request import SweepRequest, checked_space

#: 1,000 · 1,000 · 2 combinations.
LARGE = (
    "mitigator=group_thresholds; C=0.01..100 log 1000; group_thresholds.tolerance=0..0.2 1000; "
    "class_weight=none,balanced"
)


def test_a_grid_of_very_many_combinations_asks_first() -> None:
    for trials in (None, 100, 1_999_999):
        with pytest.raises(RequestError) as error:
            checked_space(SweepRequest("grid", trials, LARGE))
        assert "has 2,000,000 combinations" in str(error.value)
        assert "only if trials=2000000 confirms it" in str(error.value)
        assert "\n" not in str(error.value)
    assert checked_space(SweepRequest("grid", 2_000_000, LARGE)).n_combinations == 2_000_000
    assert checked_space(SweepRequest("random", None, LARGE)).n_combinations == 2_000_000
