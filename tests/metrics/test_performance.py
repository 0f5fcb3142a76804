from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sklearn

from fairrun.errors import RequestError
from fairrun.metrics import PERFORMANCE_METRICS, Counts, score_metrics
from tests.metrics.samples import SEX, difference_of_areas, performance_metrics

Rows = Any  # the named tuple of conftest.py: codes, y_true, y_pred, probability

ORACLES: dict[str, Callable[..., float]] = {
    "accuracy": sklearn.accuracy_score,
    "balanced_accuracy": sklearn.balanced_accuracy_score,
    "precision": sklearn.precision_score,
    "recall": sklearn.recall_score,
    "f1": sklearn.f1_score,
}


def pairwise_auc(y_true: NDArray[Any], score: NDArray[Any]) -> float:
    """The share of (positive, negative) pairs in the right order, ties counted half."""
    gaps = score[y_true == 1][:, None] - score[y_true == 0][None, :]
    return float(((gaps > 0) + 0.5 * (gaps == 0)).mean())


def test_labels_agree_with_scikit_learn_over_all_rows(rows: Rows) -> None:
    ours = performance_metrics(Counts.from_arrays([SEX], [rows.codes], rows.y_true, rows.y_pred))
    assert list(ours) == list(ORACLES)
    for name, oracle in ORACLES.items():
        assert ours[name] == pytest.approx(oracle(rows.y_true, rows.y_pred), rel=1e-12), name


@pytest.mark.parametrize(
    ("total", "undefined"),
    [
        ([[0, 0], [0, 0]], set(ORACLES)),
        ([[3, 0], [2, 0]], {"precision"}),
        ([[3, 2], [0, 0]], {"recall", "balanced_accuracy"}),
        ([[0, 0], [3, 2]], {"balanced_accuracy"}),
        ([[3, 0], [0, 0]], {"precision", "recall", "balanced_accuracy", "f1"}),
    ],
)
def test_undefined_rates_are_nan(total: list[list[int]], undefined: set[str]) -> None:
    empty = [[0, 0], [0, 0]]
    values = performance_metrics(Counts((SEX,), [empty, total, empty]))
    assert {name for name, value in values.items() if math.isnan(value)} == undefined


@pytest.mark.parametrize("name", PERFORMANCE_METRICS)
def test_vectorised_equals_looped(name: str) -> None:
    function = PERFORMANCE_METRICS[name]
    stack = np.random.default_rng(0).integers(0, 3, size=(20, 30, 2, 2))
    looped = [[float(function(table)) for table in row] for row in stack]
    np.testing.assert_array_equal(function(stack), looped)


def test_scores_agree_with_the_definitions(rows: Rows) -> None:
    values = score_metrics(rows.y_true, rows.probability)
    # The mean, over the positives, of the precision among the rows that score at least as high.
    precision = [
        rows.y_true[rows.probability >= score].mean()
        for score in rows.probability[rows.y_true == 1]
    ]
    assert values["average_precision"] == pytest.approx(np.mean(precision))
    likelihood = np.where(rows.y_true == 1, rows.probability, 1 - rows.probability)
    assert values["log_loss"] == pytest.approx(-np.log(likelihood).mean())


def test_one_label_has_no_average_precision_but_a_log_loss() -> None:
    values = score_metrics([1, 1], [0.5, 0.5])
    assert math.isnan(values["average_precision"])
    assert values["log_loss"] == pytest.approx(math.log(2))


def test_scores_of_no_rows_are_nan() -> None:
    assert all(map(math.isnan, score_metrics([], []).values()))


def test_the_difference_of_areas_is_what_holisticai_calls_abroca(rows: Rows) -> None:
    from holisticai.bias.metrics import abroca as holisticai_abroca

    value = difference_of_areas(rows.codes, rows.y_true, rows.probability)
    a, b = (
        pairwise_auc(rows.y_true[rows.codes == code], rows.probability[rows.codes == code])
        for code in (0, 1)
    )
    assert value == pytest.approx(a - b, abs=1e-12)
    theirs = holisticai_abroca(rows.codes == 0, rows.codes == 1, rows.probability, rows.y_true)
    assert value == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize(
    ("codes", "y_true"),
    [([0, 0, 1, 1], [0, 1, 1, 1]), ([0, 0, 1, 1], [0, 0, 0, 1]), ([0, 0, -1, -1], [0, 1, 0, 1])],
    ids=["one label in b", "one label in a", "b empty"],
)
def test_it_is_nan_unless_both_groups_have_both_labels(codes: list[int], y_true: list[int]) -> None:
    assert math.isnan(difference_of_areas(codes, y_true, [0.1, 0.2, 0.3, 0.4]))


@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan, math.inf])
def test_scores_that_are_no_probabilities_are_refused(wrong: float) -> None:
    with pytest.raises(RequestError, match="the scores must be one column of probabilities"):
        score_metrics([0, 1], [0.5, wrong])
    with pytest.raises(RequestError, match="the scores must be one column of probabilities"):
        difference_of_areas([0, 1], [0, 1], [0.5, wrong])


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(RequestError, match=r"y_true \(2,\), probability \(3,\)"):
        score_metrics([0, 1], [0.5, 0.5, 0.5])
    with pytest.raises(RequestError, match=r"positions \(1,\), y_true \(2,\)"):
        difference_of_areas([0], [0, 1], [0.5, 0.5])
