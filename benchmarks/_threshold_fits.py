"""Whole fits of post-processors on random rows, for thresholds_hold.py."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from fairrun.data import DataRequest, Splits, prepare, resolve_spec
from fairrun.groups import Protected
from fairrun.training import FairClassifier

__all__ = ["CELLS", "Cell", "fit_cell"]

_PRIVILEGED = {"sex": "Male", "race": "White"}
#: The methods that state a tolerance: a name, the mitigator, its constraint, and the rate.
_METHODS = (
    ("none", "none", {}, "selection"),
    ("group_thresholds", "group_thresholds", {"constraint": "statistical_parity"}, "selection"),
    (
        "group_thresholds",
        "group_thresholds",
        {"constraint": "equality_of_opportunity_difference"},
        "true_positive",
    ),
    (
        "reject_option_classification",
        "reject_option_classification",
        {"metric": "statistical_parity"},
        "selection",
    ),
)
_TOLERANCE = 0.05
#: The logger of the search, which warns if the constraint is not shown to hold.
_SEARCH = "fairrun.training.mitigation.threshold_search"


class _Said(logging.Handler):
    """Keeps whether a search warned that the constraint is not shown to hold."""

    not_shown = False

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        """Note a warning."""
        self.not_shown = True


@dataclass(frozen=True)
class Cell:
    """The settings of a series of fits."""

    data: str
    n_rows: int
    estimator: str
    protected: str


CELLS = tuple(
    Cell(data, n_rows, estimator, protected)
    for n_rows, data, estimator, protected in product(
        (2000, 20000),
        ("census", "adult"),
        ("logistic_regression", "hist_gradient_boosting"),
        ("sex", "race"),
    )
    # Twelve of sixteen: boosted trees of 20,000 rows take too long.
    if n_rows == 2000 or estimator == "logistic_regression"
)


@cache
def _all_rows(data: str, path: str | None) -> tuple[pd.DataFrame, np.ndarray]:
    raw = pd.read_parquet(path) if path else None
    request = DataRequest(data, splits=Splits(seed=0))
    parts = prepare(resolve_spec(request), *(() if raw is None else (raw,))).splits
    frame = pd.concat([part.frame for part in parts.values()], ignore_index=True)
    return frame, np.concatenate([part.label for part in parts.values()])


def fit_cell(cell: Cell, n_fits: int, adult: str | None, until: float) -> Iterator[dict[str, Any]]:
    """Yield a row for each method of a cell."""
    frame, label = _all_rows(cell.data, adult if cell.data == "adult" else None)
    other = "race" if cell.protected == "sex" else "sex"
    gaps: dict[int, list[float]] = {number: [] for number in range(len(_METHODS))}
    none: dict[str, list[float]] = {"selection": [], "true_positive": []}
    reads = dict.fromkeys(gaps, 0)
    shown: dict[int, list[bool]] = {number: [] for number in gaps}
    search, said = logging.getLogger(_SEARCH), _Said(logging.WARNING)
    search.setLevel(logging.WARNING)
    search.propagate = False
    search.addHandler(said)
    for seed in range(n_fits):
        order = np.random.default_rng(seed).permutation(len(frame))
        train, rest = order[: cell.n_rows], order[cell.n_rows :]
        memory: dict[str, Any] = {}
        encoded = None
        for number, (_, mitigator, parameters, rate) in enumerate(_METHODS):
            given = {**parameters}
            classifier = FairClassifier(
                Protected(cell.protected, _PRIVILEGED[cell.protected]),
                mitigator=mitigator,
                mitigator_params=given
                if mitigator == "none"
                else given | {"tolerance": _TOLERANCE},
                estimator=cell.estimator,
                drop=[other],
            )
            if encoded is None:
                encoded = classifier.encode(frame.iloc[train], label[train])
            said.not_shown = mitigator != "group_thresholds"
            model = classifier.fit_encoded(encoded, memory).inference_
            shown[number].append(not said.not_shown)
            predicted = model.predict(frame.iloc[rest])["prediction"].to_numpy()
            group = frame[cell.protected].to_numpy()[rest]
            if mitigator.startswith("reject"):
                group = np.where(group == _PRIVILEGED[cell.protected], "a", "b")
            if mitigator == "none":
                for name, each in none.items():
                    each.append(_gap(predicted, label[rest], group, name))
            gaps[number].append(_gap(predicted, label[rest], group, rate))
            reads[number] += model.groups is not None
        if time.monotonic() > until:
            break
    search.removeHandler(said)
    for number, (name, mitigator, parameters, rate) in enumerate(_METHODS):
        if mitigator == "none":
            continue
        each, kept = np.array(gaps[number]), np.array(shown[number])
        holds = each <= _TOLERANCE
        yield {
            "data": cell.data,
            "rows": cell.n_rows,
            "estimator": cell.estimator,
            "protected": cell.protected,
            "method": name,
            "constraint": next(iter(parameters.values())),
            "fits": len(each),
            "gap_none": float(np.mean(none[rate])),
            "gap": float(each.mean()),
            "holds": float(holds.mean()),
            "n_shown": int(kept.sum()),
            "holds_if_shown": float(holds[kept].mean()) if kept.any() else None,
            "reads_group": reads[number] / len(each),
        }


def _gap(predicted: np.ndarray, label: np.ndarray, group: np.ndarray, rate: str) -> float:
    """Return the largest difference of a rate between protected values."""
    counted = np.ones(len(label), bool) if rate == "selection" else label == 1
    by_group = pd.Series(predicted[counted]).groupby(group[counted]).mean()
    return float(by_group.max() - by_group.min())
