"""The comparison with one threshold, against trying thresholds and against known truth."""

from __future__ import annotations

import numpy as np
import pytest

from fairrun.metrics.over_threshold import FOLDS, accuracy_over_threshold, chosen_thresholds

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def draw(seed: int, n: int) -> Arrays:
    """Calibrated scores; the model moves both groups' thresholds half of the way to parity."""
    rng = np.random.default_rng(seed)
    group = (rng.random(n) < 0.3).astype(int)
    logit = rng.normal(np.where(group == 0, 0.3, -0.7), 1.3)
    score = 1 / (1 + np.exp(-logit))
    label = (rng.random(n) < score).astype(int)
    return group, label, (logit > np.where(group == 0, 0.1, -0.3)).astype(int), score


def parity(group: np.ndarray, chosen: np.ndarray, weight: np.ndarray) -> float:
    a, b = (np.average(chosen[group == g], weights=weight[group == g]) for g in (0, 1))
    return abs(float(a - b))


@pytest.mark.parametrize("weighted", [False, True])
def test_the_threshold_is_the_best_of_the_other_half(weighted: bool) -> None:
    rng = np.random.default_rng(0)
    for seed in range(5):
        group, label, predicted, score = draw(seed, 60)
        score = np.round(score, 1)  # with ties
        weight = rng.uniform(0.2, 3, size=60) if weighted else np.ones(60)
        fold, thresholds = chosen_thresholds(group, label, predicted, score, weight, seed=seed)
        for half in range(FOLDS):
            rest = fold != half
            limit = parity(group[rest], predicted[rest], weight[rest]) + 1e-9
            reached = []
            for t in [thresholds[half], -1.0, *np.unique(score)]:
                chosen = score[rest] > t
                if parity(group[rest], chosen, weight[rest]) <= limit:
                    right = chosen == label[rest]
                    reached.append((t, float(np.average(right, weights=weight[rest]))))
            assert reached[0][0] == thresholds[half]
            assert reached[0][1] == pytest.approx(max(accuracy for _, accuracy in reached))


def test_halves_have_the_same_groups_and_labels() -> None:
    group, label, predicted, score = draw(0, 400)
    fold, _ = chosen_thresholds(group, label, predicted, score, np.ones(400), seed=0)
    for cell in range(4):
        rows = 2 * group + label == cell
        assert abs(np.sum(rows & (fold == 0)) - np.sum(rows & (fold == 1))) <= 1


def test_the_interval_covers_what_the_thresholds_reach_on_new_rows() -> None:
    """P(label = 1) is the score, so the accuracy of any labels is known without error."""
    _, _, predicted, many = draw(1, 100_000)
    of_model = np.where(predicted == 1, many, 1 - many).mean()
    ranked = np.sort(many)
    gains = np.append(0, np.cumsum(2 * ranked - 1))
    hits = []
    for seed in range(150):
        group, label, chosen, score = draw(seed, 300)
        _, low, high = accuracy_over_threshold(group, label, chosen, score)
        _, at = chosen_thresholds(group, label, chosen, score, np.ones(300), seed=0)
        reached = (1 - many).mean() + np.mean(
            gains[-1] - gains[np.searchsorted(ranked, at, side="right")]
        ) / len(many)
        hits.append(low <= of_model - reached <= high)
    assert np.mean(hits) >= 0.91


def test_equal_labels_differ_by_nothing_and_weights_count() -> None:
    group, label, _, score = draw(0, 400)
    value, low, high = accuracy_over_threshold(group, label, label, score)
    assert 0 < low < value < high < 1
    # A row of weight 0 is no row, and the unit of the weights plays no part.
    weight = np.where(np.arange(400) % 5 == 0, 0.0, 2.0)
    kept = weight > 0
    without = accuracy_over_threshold(group[kept], label[kept], label[kept], score[kept])
    assert accuracy_over_threshold(group, label, label, score, weight) == pytest.approx(without)


def test_few_rows_have_no_value_and_few_heavy_rows_no_interval() -> None:
    group, label, predicted, score = draw(0, 400)
    weight = np.where(np.arange(400) < 3, 130.0, 1.0)
    value, low, high = accuracy_over_threshold(group, label, predicted, score, weight)
    assert np.isfinite(value)
    assert np.isnan([low, high]).all()
    alone = np.where(np.arange(400) == 0, 1, 0)
    assert np.isnan(accuracy_over_threshold(alone, label, predicted, score)).all()
