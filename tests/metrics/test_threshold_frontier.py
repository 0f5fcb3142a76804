"""The frontier of one threshold, against trying every threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.metrics import threshold_frontier


@st.composite
def rows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = draw(st.integers(2, 25))
    codes = draw(st.lists(st.sampled_from([0, 1, -1]), min_size=n, max_size=n))
    label = draw(st.lists(st.integers(0, 1), min_size=n + 2, max_size=n + 2))
    steps = draw(st.lists(st.integers(0, 9), min_size=n + 2, max_size=n + 2))
    return np.array([0, 1, *codes]), np.array(label), np.array(steps) / 9


def tried(codes: np.ndarray, label: np.ndarray, score: np.ndarray) -> list[tuple[float, float]]:
    """(|statistical parity|, accuracy) of every set of labels that one threshold can give."""
    points = []
    for threshold in [-1.0, *np.unique(score)]:
        predicted = score > threshold
        parity = predicted[codes == 0].mean() - predicted[codes == 1].mean()
        points.append((abs(float(parity)), float(np.mean(predicted == label))))
    return points


@given(rows())
def test_no_threshold_beats_it(data: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    frontier = threshold_frontier(*data)
    points = tried(*data)
    for parity, accuracy in points:
        assert frontier.accuracy_within(parity + 1e-12) >= accuracy - 1e-12
    for row in frontier.table.itertuples():
        reached = (abs(row.statistical_parity), row.accuracy)
        assert any(np.allclose(reached, point) for point in points)


@given(rows())
def test_its_thresholds_give_what_they_say(
    data: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    codes, label, score = data
    table = threshold_frontier(*data).table
    assert table["accuracy"].is_monotonic_increasing
    assert table["statistical_parity"].abs().is_monotonic_increasing
    for row in table.itertuples():
        predicted = score > row.threshold
        assert np.mean(predicted == label) == pytest.approx(row.accuracy)
        assert predicted.mean() == pytest.approx(row.selection_rate)
        parity = predicted[codes == 0].mean() - predicted[codes == 1].mean()
        assert parity == pytest.approx(row.statistical_parity)


def test_selecting_nobody_is_always_fair() -> None:
    frontier = threshold_frontier([0, 1, 1], [0, 1, 0], [0.9, 0.2, 0.1])
    assert frontier.accuracy_within(0.0) == pytest.approx(2 / 3)


def test_an_empty_group_is_refused() -> None:
    with pytest.raises(RequestError, match="group_a or group_b has no row"):
        threshold_frontier([0, 0], [1, 0], [0.2, 0.3])
