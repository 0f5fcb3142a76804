from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.metrics import (
    BIAS_METRICS,
    Counts,
    abroca,
    bias_metrics,
    bias_table,
    confusion_table,
    evaluate_predictions,
    performance_metrics,
    score_metrics,
)

GROUPS = ("Male", "Female", "(neither)")

Rows = Any  # the named tuple of conftest.py: codes, y_true, y_pred, probability

NAMES = [
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "roc_auc",
    "average_precision",
    "log_loss",
    "statistical_parity",
    "disparate_impact",
    "four_fifths_rule",
    "cohen_d",
    "2sd_rule",
    "equality_of_opportunity_difference",
    "false_positive_rate_difference",
    "average_odds_difference",
    "accuracy_difference",
    "abroca",
    "selection_rate",
    "n_rows",
    "neither_share",
]


def test_an_evaluation_holds_every_metric_of_its_parts(rows: Rows) -> None:
    evaluation = evaluate_predictions(
        rows.y_true, rows.y_pred, rows.probability, rows.codes, GROUPS, "sex"
    )
    counts = Counts.from_arrays(rows.codes, rows.y_true, rows.y_pred, GROUPS, "sex")
    assert evaluation.counts == counts
    assert list(evaluation.metrics) == NAMES
    assert evaluation.metrics == {
        **performance_metrics(counts),
        **score_metrics(rows.y_true, rows.probability),
        **bias_metrics(counts),
        "abroca": abroca(rows.codes, rows.y_true, rows.probability),
        "selection_rate": pytest.approx(rows.y_pred.mean()),
        "n_rows": len(rows.y_true),
        "neither_share": pytest.approx((rows.codes == -1).mean()),
    }
    assert {type(value) for value in evaluation.metrics.values()} == {float}
    pd.testing.assert_frame_equal(
        evaluation.bias_table,
        bias_table(rows.codes == 0, rows.codes == 1, rows.y_true, rows.y_pred, rows.probability),
    )


def test_the_metrics_and_the_table_agree(rows: Rows) -> None:
    evaluation = evaluate_predictions(
        rows.y_true, rows.y_pred, rows.probability, rows.codes, GROUPS, "sex"
    )
    names = [*BIAS_METRICS, "abroca"]
    ours = [evaluation.metrics[name] for name in names]
    np.testing.assert_allclose(evaluation.bias_table["Value"], ours, rtol=1e-12, atol=1e-12)


def test_no_rows_are_evaluated_to_nan() -> None:
    codes = np.array([], dtype=np.int8)
    metrics = evaluate_predictions([], [], [], codes, GROUPS, "sex").metrics
    assert list(metrics) == NAMES
    assert metrics.pop("n_rows") == 0
    assert all(map(math.isnan, metrics.values()))


def test_probabilities_of_another_length_are_refused() -> None:
    with pytest.raises(RequestError, match="one value a row each"):
        evaluate_predictions([0, 1], [0, 1], [0.5], [0, 1], GROUPS, "sex")


def test_the_confusion_table_has_one_row_per_group() -> None:
    counts = Counts(GROUPS, "sex", [[[5, 1], [2, 8]], [[6, 0], [4, 0]], [[0, 0], [0, 0]]])
    expected = pd.DataFrame(
        {
            "group": list(GROUPS),
            "n": [16, 10, 0],
            "true_negatives": [5, 6, 0],
            "false_positives": [1, 0, 0],
            "false_negatives": [2, 4, 0],
            "true_positives": [8, 0, 0],
            "selection_rate": [9 / 16, 0, math.nan],
            "true_positive_rate": [0.8, 0, math.nan],
            "false_positive_rate": [1 / 6, 0, math.nan],
        }
    )
    pd.testing.assert_frame_equal(confusion_table(counts), expected)
