from __future__ import annotations

import math

import numpy as np
import pytest
from fairlearn import metrics as fairlearn

from fairrun.metrics import (
    BIAS_METRICS,
    Counts,
    Intervals,
    audit,
    worst_of,
)
from fairrun.metrics.worst import orient
from tests.metrics.samples import COLUMNS, draw_people


@pytest.mark.parametrize("seed", range(3))
def test_they_are_fairlearns_reading(seed: int) -> None:
    people = draw_people(seed)
    people = people.take(people.race >= 0)
    counts = Counts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred)
    worst = audit(counts).worst.set_index(["protected", "metric"])["value"]["race"]
    for name, metric in {
        "selection_rate": "statistical_parity",
        "true_positive_rate": "equality_of_opportunity_difference",
        "false_positive_rate": "false_positive_rate_difference",
    }.items():
        frame = fairlearn.MetricFrame(
            metrics=getattr(fairlearn, name),
            y_true=people.y_true,
            y_pred=people.y_pred,
            sensitive_features=people.race,
        )
        assert worst[metric] == pytest.approx(frame.difference(), rel=1e-12)
        if name == "selection_rate":
            assert worst["disparate_impact"] == pytest.approx(frame.ratio(), rel=1e-12)


#: Selection rates 0.5, 0.25 and 0: no row of the last is predicted 1.
TABLES = np.array([[[40, 40], [10, 10]], [[60, 20], [15, 5]], [[80, 0], [20, 0]]])
PAIRS = np.array([[0, 1], [0, 2], [1, 2]])


def test_pairs_are_turned_to_a_positive_difference_and_a_ratio_below_1() -> None:
    difference, ratio = BIAS_METRICS["statistical_parity"], BIAS_METRICS["disparate_impact"]
    assert orient(difference, TABLES, PAIRS[:, ::-1]).tolist() == PAIRS.tolist()
    turned = orient(ratio, TABLES, PAIRS)
    assert turned.tolist() == PAIRS[:, ::-1].tolist()
    # a / 0 is undefined, and 0 / a the worst there is.
    assert ratio.function(TABLES[PAIRS]).tolist()[0] == 2
    assert ratio.function(TABLES[turned]).tolist() == [0.5, 0, 0]


def intervals(*limits: tuple[float, float, float]) -> Intervals:
    value, low, high = np.array(limits, dtype=float).T
    return Intervals(value, low, high, np.zeros(len(value)), np.array(["multinomial"] * len(value)))


def test_the_largest_difference_is_bounded_by_all_pairs() -> None:
    together = intervals((0.2, 0.1, 0.3), (0.3, 0.05, 0.35), (0.1, -0.5, 0.4))
    pair, worst = worst_of(BIAS_METRICS["statistical_parity"], PAIRS, together)
    assert pair.tolist() == [[0, 2]]
    # The third one may be as large as 0.5, in the other direction.
    assert (worst.value.item(), worst.low.item(), worst.high.item()) == (0.3, 0.1, 0.5)


def test_a_largest_difference_is_not_negative() -> None:
    _, worst = worst_of(
        BIAS_METRICS["statistical_parity"], PAIRS[:1], intervals((0.01, -0.1, 0.12))
    )
    assert (worst.low.item(), worst.high.item()) == (0, 0.12)


def test_the_smallest_ratio_is_bounded_by_all_pairs() -> None:
    together = intervals((0.8, 0.7, 0.9), (0.6, 0.5, 0.95), (0.9, 0.6, 4.0))
    pair, worst = worst_of(BIAS_METRICS["disparate_impact"], PAIRS, together)
    assert pair.tolist() == [[0, 2]]
    assert (worst.value.item(), worst.low.item(), worst.high.item()) == (0.6, 0.25, 0.9)


def test_undefined_pairs_are_left_out() -> None:
    nan = math.nan
    together = intervals((nan, nan, nan), (0.2, 0.1, 0.3))
    metric = BIAS_METRICS["statistical_parity"]
    pair, worst = worst_of(metric, PAIRS[:2], together)
    assert pair.tolist() == [[0, 2]]
    assert worst.low.item() == 0.1
    pair, worst = worst_of(metric, PAIRS[:1], intervals((nan, nan, nan)))
    assert pair.tolist() == [[0, 1]]
    assert np.isnan([worst.value, worst.low, worst.high]).all()
