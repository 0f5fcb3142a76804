"""People with two protected columns, of which some values are missing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics import BIAS_METRICS, PERFORMANCE_METRICS, Counts, audit_scores

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RACE = ProtectedColumn("race", ("White", "Black", "Other"), ("White",), ("Black", "Other"))
COLUMNS = (SEX, RACE)


class People(NamedTuple):
    sex: NDArray[np.int8]
    race: NDArray[np.int8]
    y_true: NDArray[Any]
    y_pred: NDArray[Any]
    probability: NDArray[np.float64]

    @property
    def codes(self) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        return self.sex, self.race

    def take(self, rows: Any) -> People:
        return People(*(column[rows] for column in self))


def draw_people(seed: int, n: int = 2000) -> People:
    rng = np.random.default_rng(seed)
    sex = rng.choice([0, 1, -1], size=n, p=[0.6, 0.35, 0.05]).astype(np.int8)
    race = rng.choice([0, 1, 2, -1], size=n, p=[0.6, 0.25, 0.1, 0.05]).astype(np.int8)
    y_true = (rng.random(n) < np.where(sex == 0, 0.4, 0.3)).astype(int)
    score = rng.normal(size=n) + 1.5 * y_true + 0.5 * (sex == 0) - 0.3 * (race == 1)
    probability = 1 / (1 + np.exp(0.5 - score))
    return People(sex, race, y_true, (probability > 0.6).astype(int), probability)


def tables(*shape: int, largest: int = 30) -> st.SearchStrategy[NDArray[np.int64]]:
    return arrays(np.int64, shape, elements=st.integers(0, largest))


def bias_metrics(table: Any) -> dict[str, float]:
    """Every metric of the first two groups of a table."""
    return {
        name: float(metric.function(np.asarray(table))) for name, metric in BIAS_METRICS.items()
    }


def performance_metrics(counts: Counts) -> dict[str, float]:
    return {name: float(metric(counts.total)) for name, metric in PERFORMANCE_METRICS.items()}


def difference_of_areas(codes: Any, y_true: Any, probability: Any) -> float:
    """The difference of the areas of the values of sex."""
    _, compared = audit_scores([SEX], [codes], y_true, probability)
    return float(compared.set_index("metric").loc["roc_auc_difference", "value"])
