"""Weights that are too uneven for an interval, and ordinary weights, which are not."""

from __future__ import annotations

import numpy as np
import pytest

from fairrun.metrics.weighted_refusals import too_uneven, uneven_reason
from fairrun.metrics.weighted_share import moments, share_estimate


@pytest.mark.parametrize(
    ("yes", "no", "why"),
    [
        (
            [1.0] * 20,
            [1.0] * 40 + [20.0] * 3,
            "a few rows carry too much of the weight: the heaviest about 16% each",
        ),
        (
            [5.0] * 40,
            [1.0] * 3800 + [50.0] * 70,
            "none of the rows that count is as heavy as the heaviest rows, which may be chance",
        ),
    ],
)
def test_uneven_weights_are_refused_with_their_reason(
    yes: list[float], no: list[float], why: str
) -> None:
    sides = moments(yes), moments(no)
    assert too_uneven(*sides)
    assert uneven_reason("accuracy", *sides) == f"accuracy has no interval, because {why}"


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ([2.0] * 2, [2.0] * 3),
        ([2.0], [2.0] * 59),
        ([], [1.0] * 50 + [3.0] * 50),
        ([2.0, 2.5, 3.0], [1.0] * 200),
        ([3.0] * 30, [1.0] * 50 + [3.0] * 50),
        ([], []),
    ],
)
def test_equal_and_ordinary_weights_are_not(yes: list[float], no: list[float]) -> None:
    sides = moments(yes), moments(no)
    assert not too_uneven(*sides)
    assert uneven_reason("accuracy", *sides) == ""


def test_survey_weights_are_hardly_ever_refused() -> None:
    """Gamma weights, about as uneven as those of UCI Adult; three expected rows that count."""
    rng = np.random.default_rng(0)
    counts, weight = rng.random((500, 60)) < 0.05, rng.gamma(3.2, size=(500, 60))
    sides = [
        np.stack([(weight**k * side).sum(axis=1) for k in (1, 2, 4)], axis=-1)
        for side in (counts, ~counts)
    ]
    assert too_uneven(*sides).mean() < 0.04


@pytest.mark.parametrize(("heavy", "p"), [(0.02, 0.05), (0.0, 0.05)])
def test_what_is_not_refused_covers(heavy: float, p: float) -> None:
    """Rows that count weigh 5 times as much; in one case, one of 50 rows weighs 50.

    Without the refusals, the limits of Jeffreys' kind covered 70 % and 92 %.
    """
    rng = np.random.default_rng(0)
    n, simulations = (3870, 400) if heavy else (394, 400)
    counts = rng.random((simulations, n)) < p / (p + 5 * (1 - p))
    weight = rng.gamma(3.2, size=counts.shape)
    if heavy:
        weight = np.where(rng.random(counts.shape) < heavy, 50.0, 1.0)
    weight = weight * np.where(counts, 5, 1)
    sides = [
        np.stack([(weight**k * side).sum(axis=1) for k in (1, 2, 4)], axis=-1)
        for side in (counts, ~counts)
    ]
    _, low, high = share_estimate(*sides, 0.95)
    missed = ~too_uneven(*sides) & ((high < p) | (low > p))
    assert missed.mean() <= 0.06
