"""Coverage of the interval of `accuracy_over_threshold`, where the true accuracy is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.over_threshold import accuracy_over_threshold, chosen_thresholds

__all__ = ["show_accuracy"]

FloatArray = NDArray[np.float64]
Arrays = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], FloatArray]
MODELS = ("one threshold", "one threshold, one label in ten exchanged", "half-way", "equal rates")


def draw(rng: np.random.Generator, n: int, model: str) -> Arrays:
    """Return groups, labels, predictions and scores; P(label = 1) is the score."""
    group = (rng.random(n) < 0.3).astype(np.int64)
    logit = rng.normal(np.where(group == 0, 0.3, -0.7), 1.3)
    score = 1 / (1 + np.exp(-logit))
    label = (rng.random(n) < score).astype(np.int64)
    chosen = {
        "one threshold": logit > 0,
        "one threshold, one label in ten exchanged": (logit > 0) ^ (rng.random(n) < 0.1),
        "half-way": logit > np.where(group == 0, 0.1, -0.3),
        "equal rates": logit > np.where(group == 0, 0.5, -0.5),
    }[model]
    return group, label, chosen.astype(np.int64), score


def show_accuracy(simulations: int) -> list[dict[str, object]]:
    """Print and return the coverage for each model and number of rows."""
    found: list[dict[str, object]] = []
    print("| model | rows | covered | above | below | value | true value |")
    for model in MODELS:
        _, _, predicted, many = draw(np.random.default_rng(1), 300_000, model)
        of_model = np.where(predicted == 1, many, 1 - many).mean()
        ranked = np.sort(many)
        gains = np.append(0, np.cumsum(2 * ranked - 1))
        for n in (60, 200, 500, 2000):
            values, trues, sides = [], [], []
            for seed in range(simulations):
                rows = draw(np.random.default_rng([n, seed]), n, model)
                value, low, high = accuracy_over_threshold(*rows)
                _, at = chosen_thresholds(*rows, np.ones(n), seed=0)
                lost = gains[-1] - gains[np.searchsorted(ranked, at, side="right")]
                true = of_model - (1 - many).mean() - lost.mean() / len(many)
                values.append(value)
                trues.append(true)
                sides.append((low > true, high < true))
            above, below = (100 * float(x) for x in np.mean(sides, axis=0))
            row: dict[str, object] = {
                "model": model,
                "rows": n,
                "covered": 100 - above - below,
                "above": above,
                "below": below,
                "value": float(np.mean(values)),
                "true": float(np.mean(trues)),
            }
            found.append(row)
            print("| " + " | ".join(str(cell) for cell in row.values()) + " |", flush=True)
    return found
