from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta
from sklearn import metrics as sklearn

from fairrun.errors import RequestError
from fairrun.metrics import (
    Counts,
    Evaluation,
    ScoreHistogram,
    confusion_table,
    evaluate_predictions,
    score_metrics,
)
from tests.metrics.samples import (
    COLUMNS,
    SEX,
    People,
    bias_metrics,
    difference_of_areas,
    draw_people,
    performance_metrics,
)


def evaluate(people: People, seed: int = 0) -> Evaluation:
    return evaluate_predictions(COLUMNS, people.codes, *people[2:], seed=seed)


@pytest.fixture(params=range(3))
def people(request: pytest.FixtureRequest) -> People:
    return draw_people(request.param)


def test_an_evaluation_holds_every_metric_of_its_parts(people: People) -> None:
    found = evaluate(people)
    counts = Counts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred)
    assert found.counts == counts
    assert found.scores == ScoreHistogram.from_arrays(
        COLUMNS, people.codes, people.y_true, people.probability
    )
    expected = {
        **performance_metrics(counts),
        **score_metrics(people.y_true, people.probability),
        **bias_metrics(counts.marginal("sex").table),
        "roc_auc": sklearn.roc_auc_score(people.y_true, people.probability),
        "roc_auc_difference": difference_of_areas(people.sex, people.y_true, people.probability),
        "selection_rate": people.y_pred.mean(),
        "n_rows": len(people.y_true),
        "neither_share": (people.sex == -1).mean(),
    }
    for name, value in expected.items():
        assert found.metrics[name] == pytest.approx(value, abs=1e-12), name
    assert {type(value) for value in found.metrics.values()} == {float}


def test_other_columns_crossings_worst_pairs_and_intervals_have_their_names(
    people: People,
) -> None:
    metrics = evaluate(people).metrics
    in_a = (people.sex == 0) & (people.race == 0)
    in_b = (people.sex == 1) & (people.race > 0)
    both = people.y_pred[in_a].mean() - people.y_pred[in_b].mean()
    assert metrics["statistical_parity/sex:race"] == pytest.approx(both)
    for name in ("accuracy", "roc_auc", "disparate_impact", "statistical_parity_worst"):
        assert metrics[f"{name}_ci_low"] < metrics[name] < metrics[f"{name}_ci_high"]
    for name in ("disparate_impact", "roc_auc_difference", "disparate_impact_worst"):
        for part in ("race", "sex:race"):
            low, high = (metrics[f"{name}_ci_{end}/{part}"] for end in ("low", "high"))
            assert low < metrics[f"{name}/{part}"] < high
    assert "cohen_d_worst" not in metrics
    assert not any("/sex" in name and ":" not in name for name in metrics)


def test_the_same_rows_and_seed_give_the_same_numbers_to_the_bit(people: People) -> None:
    one, again, other = evaluate(people), evaluate(people), evaluate(people, seed=1)
    assert one.metrics == again.metrics
    assert one.metrics != other.metrics
    pd.testing.assert_frame_equal(one.audit.worst, again.audit.worst, check_exact=True)


def test_undefined_values_have_the_same_names() -> None:
    none = draw_people(0).take(slice(0, 0))
    found = evaluate(none)
    assert list(found.metrics) == list(evaluate(draw_people(0)).metrics)
    assert found.frontier is None
    assert found.metrics.pop("n_rows") == 0
    assert all(map(math.isnan, found.metrics.values()))


def test_a_model_that_moves_one_threshold_is_not_over_it(people: People) -> None:
    found = evaluate(people)
    assert found.frontier is not None
    low, high = (found.metrics[f"accuracy_over_threshold_ci_{end}"] for end in ("low", "high"))
    assert low <= found.metrics["accuracy_over_threshold"] <= high
    assert low < 0
    # On the same rows, the comparison favours the threshold.
    within = found.frontier.accuracy_within(abs(found.metrics["statistical_parity"]))
    over_frontier = found.metrics["accuracy"] - within
    assert over_frontier <= min(0, found.metrics["accuracy_over_threshold"])


def test_without_a_row_in_b_there_is_no_frontier(people: People) -> None:
    found = evaluate(people.take(people.sex != 1))
    assert found.frontier is None
    for end in ("", "_ci_low", "_ci_high"):
        assert math.isnan(found.metrics[f"accuracy_over_threshold{end}"])


def test_the_flip_rate_is_that_of_the_pair_where_most_labels_change(people: People) -> None:
    frame = pd.DataFrame({"sex": ["Male", "Female"] * 50, "age": range(100)})
    found = evaluate(people).with_flips(
        lambda rows: (rows["sex"] == "Male") & (rows["age"] < 25), frame
    )
    assert found.flips is not None
    assert found.flips["changed"].item() == 25
    assert found.metrics["flip_rate"] == 0.25
    limits = [found.metrics[f"flip_rate_ci_{end}"] for end in ("low", "high")]
    np.testing.assert_allclose(limits, beta.ppf([0.025, 0.975], [25, 26], [76, 75]))
    assert evaluate(people).flips is None


def test_probabilities_of_another_length_are_refused() -> None:
    with pytest.raises(RequestError, match="give one value per row"):
        evaluate_predictions([SEX], [[0, 1]], [0, 1], [0, 1], [0.5])


def test_the_confusion_table_has_one_row_per_group() -> None:
    counts = Counts((SEX,), [[[5, 1], [2, 8]], [[6, 0], [4, 0]], [[0, 0], [0, 0]]])
    expected = pd.DataFrame(
        {
            "group": ["Male", "Female", "(neither)"],
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


def test_rows_in_neither_group_of_the_first_column_are_counted_once() -> None:
    table = confusion_table(
        Counts.from_arrays(COLUMNS, [[0, 1, -1], [-1, 2, 1]], np.ones(3), np.ones(3))
    )
    assert table["n"].tolist() == [1, 1, 1]
