"""Every metric that fairlearn or aif360 has, on 200 random tables of rows.

Directions: ours are differences a − b and ratios a / b, where a is the privileged group. aif360
takes the unprivileged group first. fairlearn takes the largest difference, or smallest ratio, of
all groups, without a sign.
"""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from fairlearn import metrics as fairlearn
from numpy.typing import NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    BIAS_METRICS,
    GROUP_RATES,
    INEQUALITY_METRICS,
    Rate,
    count_rows,
    group_a_and_b,
    values_of,
)
from fairrun.metrics.rates import true_negative_rate

N_TABLES = 200
RATES: dict[str, Rate] = {**GROUP_RATES, "true_negative_rate": true_negative_rate}
VALUES = ("a", "b", "c")


@dataclass(frozen=True)
class Rows:
    """Rows in two or three groups, of which some lack a label or a prediction."""

    group: NDArray[np.int64]
    y_true: NDArray[np.int64]
    y_pred: NDArray[np.int64]
    weight: NDArray[np.float64] | None

    @property
    def column(self) -> ProtectedColumn:
        """a against all others, as aif360's privileged and unprivileged groups."""
        values = VALUES[: self.group.max() + 1]
        return ProtectedColumn("group", values, values[:1], values[1:])


def draw(seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    n_groups, n = int(rng.integers(2, 4)), int(rng.integers(30, 120))
    group = np.r_[np.arange(n_groups), rng.integers(0, n_groups, n - n_groups)]
    y_true = (rng.random(n) < rng.random(n_groups)[group]).astype(np.int64)
    y_pred = np.where(rng.random(n) < 0.7, y_true, rng.integers(0, 2, n))
    if seed % 5 == 0:  # a cell without rows: a group without a label, or without a prediction
        empty = (y_true, y_pred)[seed // 5 % 2]
        empty[group == rng.integers(0, n_groups)] = rng.integers(0, 2)
    weight = rng.lognormal(sigma=0.8, size=n) if seed % 2 else None
    return Rows(group, y_true, y_pred, weight)


def close(expected: float) -> Any:
    return pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.fixture(scope="module")
def classification_metric() -> Any:
    """aif360's dataset and metric; to import them takes seconds, and warns."""
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from aif360.datasets import BinaryLabelDataset
        from aif360.metrics import ClassificationMetric
    logging.disable(logging.NOTSET)

    def of(rows: Rows) -> Any:
        weight = np.ones(len(rows.group)) if rows.weight is None else rows.weight
        frame = pd.DataFrame({"group": rows.group, "label": rows.y_true, "weight": weight})
        names = {"label_names": ["label"], "protected_attribute_names": ["group"]}
        true = BinaryLabelDataset(df=frame, instance_weights_name="weight", **names)
        predicted = true.copy()
        predicted.labels = rows.y_pred.reshape(-1, 1).astype(float)
        others = [{"group": code} for code in range(1, rows.group.max() + 1)]
        return ClassificationMetric(
            true, predicted, unprivileged_groups=others, privileged_groups=[{"group": 0}]
        )

    return of


def tables_of(rows: Rows) -> tuple[Any, Any, Any]:
    """The tables of a and b, of each value, and of all rows."""
    column = rows.column
    counts = count_rows([column], [rows.group], rows.y_true, rows.y_pred, rows.weight)
    two = counts.tables_of(group_a_and_b((column,), column.name))
    return two, counts.tables_of(values_of((column,), column.name)), counts.total


def of_aif360(theirs: Any, *, weighted: bool) -> Iterator[tuple[str, float]]:
    """aif360's metrics in our direction."""
    yield "statistical_parity", -theirs.statistical_parity_difference()
    yield "disparate_impact", 1 / theirs.disparate_impact()
    yield "equality_of_opportunity_difference", -theirs.equal_opportunity_difference()
    yield "false_positive_rate_difference", -theirs.false_positive_rate_difference()
    yield "average_odds_difference", -theirs.average_odds_difference()
    # b's errors minus a's are a's accuracy minus b's.
    yield "accuracy_difference", theirs.error_rate_difference()
    ratio = theirs.disparate_impact()
    yield "four_fifths_rule", min(ratio, 1 / ratio)
    for side, privileged in (("a", True), ("b", False), ("all", None)):
        for name in RATES:
            yield f"{name} {side}", getattr(theirs, name)(privileged)
    if not weighted:  # aif360's indices of inequality ignore weights
        yield "theil_index", theirs.theil_index()
        yield "generalized_entropy_index", theirs.generalized_entropy_index()
        # aif360 takes the square root of 2 × GEI, and holisticai and we twice the root of GEI.
        yield "coefficient_of_variation", theirs.coefficient_of_variation() * 2**0.5


def test_aif360s_classification_metric(classification_metric: Any) -> None:
    compared: Counter[str] = Counter()
    for seed in range(N_TABLES):
        rows = draw(seed)
        two, _, total = tables_of(rows)
        ours = {name: float(metric.function(two)) for name, metric in BIAS_METRICS.items()}
        for name, rate in RATES.items():
            for side, table in (("a", two[0]), ("b", two[1]), ("all", total)):
                ours[f"{name} {side}"] = float(rate(table))
        ours |= {name: float(metric(total)) for name, metric in INEQUALITY_METRICS.items()}
        with np.errstate(all="ignore"):
            theirs = dict(of_aif360(classification_metric(rows), weighted=rows.weight is not None))
        for name, value in theirs.items():
            if np.isnan(ours[name]):
                # Undefined, as `test_bias.py` and `test_rates.py` show. aif360 says that a rate
                # without rows is 0, and takes differences with it.
                assert value == 0 or "difference" in name or not np.isfinite(value), (seed, name)
            elif name == "four_fifths_rule" and np.isnan(value):
                assert ours[name] == 0, seed  # nobody of one group is selected
            else:
                assert ours[name] == close(value), (seed, name)
                compared[name] += 1
    fewest = {name: N_TABLES // 3 if name in INEQUALITY_METRICS else 150 for name in compared}
    assert all(compared[name] >= n for name, n in fewest.items())
    assert len(compared) == 7 + 3 * len(RATES) + 3


#: The complements of these rates, such as the false negative rate, are compared with aif360's.
OF_FAIRLEARN = {
    "selection_rate": fairlearn.selection_rate,
    "true_positive_rate": fairlearn.true_positive_rate,
    "false_positive_rate": fairlearn.false_positive_rate,
    "accuracy": sklearn.metrics.accuracy_score,
}
#: Our metric of two groups, for each rate whose largest difference of all groups fairlearn has.
DIFFERENCES = {
    "selection_rate": "statistical_parity",
    "true_positive_rate": "equality_of_opportunity_difference",
    "false_positive_rate": "false_positive_rate_difference",
    "accuracy": "accuracy_difference",
}


def test_fairlearns_metric_frame() -> None:
    compared: Counter[str] = Counter()
    for seed in range(N_TABLES):
        rows = draw(seed)
        _, groups, total = tables_of(rows)
        # The last of ours is for rows whose value is missing.
        groups = groups[: rows.group.max() + 1]
        weight = np.ones(len(rows.group)) if rows.weight is None else rows.weight
        frame = fairlearn.MetricFrame(
            metrics=OF_FAIRLEARN,
            y_true=rows.y_true,
            y_pred=rows.y_pred,
            sensitive_features=rows.group,
            sample_params={name: {"sample_weight": weight} for name in OF_FAIRLEARN},
        )
        for name in OF_FAIRLEARN:
            ours, theirs = RATES[name](groups), frame.by_group[name].to_numpy(dtype=float)
            defined = ~np.isnan(ours)
            assert ours[defined] == close(theirs[defined]), (seed, name)
            assert (theirs[~defined] == 0).all()  # fairlearn says 0 where no row counts
            if float(RATES[name].size(total)):
                assert float(RATES[name](total)) == close(frame.overall[name]), (seed, name)
            compared[name] += int(defined.sum())
        differences = frame.difference()
        pairs = np.array([*permutations(range(len(groups)), 2)])
        for name, metric in DIFFERENCES.items():
            values = BIAS_METRICS[metric].function(groups[pairs])
            if not np.isnan(values).any():
                assert values.max() == close(differences[name]), (seed, name)
                compared[metric] += 1
        values = BIAS_METRICS["disparate_impact"].function(groups[pairs])
        if not np.isnan(values).any():
            rates = frame.by_group["selection_rate"]
            assert values.min() == close(rates.min() / rates.max()), seed
            compared["disparate_impact"] += 1
    assert min(compared.values()) > 120
    assert len(compared) == len(OF_FAIRLEARN) + len(DIFFERENCES) + 1


@pytest.mark.parametrize("seed", range(1, 20, 4))
def test_fairlearns_fairness_metrics(seed: int) -> None:
    rows = draw(seed)
    two, _, _ = tables_of(replace(rows, group=np.minimum(rows.group, 1)))
    ours = {name: abs(float(metric.function(two))) for name, metric in BIAS_METRICS.items()}
    opportunity = ours["equality_of_opportunity_difference"]
    both = (opportunity, ours["false_positive_rate_difference"])
    expected = {
        "demographic_parity_difference": ours["statistical_parity"],
        "demographic_parity_ratio": ours["four_fifths_rule"],
        "equal_opportunity_difference": opportunity,
        "equalized_odds_difference": max(both),
    }
    given = {"sensitive_features": np.minimum(rows.group, 1), "sample_weight": rows.weight}
    for name, value in expected.items():
        theirs = getattr(fairlearn, name)(rows.y_true, rows.y_pred, **given)
        assert value == close(theirs), name
    mean = {"agg": "mean"} | given
    theirs = fairlearn.equalized_odds_difference(rows.y_true, rows.y_pred, **mean)
    assert sum(both) / 2 == close(theirs)
