"""Metrics of weighted rows, against scikit-learn, fairlearn and repeated rows."""

from __future__ import annotations

from typing import Any

import fairlearn.metrics
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from fairlearn.metrics import MetricFrame

from fairrun.errors import RequestError
from fairrun.metrics import (
    BIAS_METRICS,
    Counts,
    Evaluation,
    WeightedCounts,
    counts_from_dict,
    evaluate_predictions,
    roc_auc,
)
from fairrun.metrics.linearised import NOT_WEIGHTED
from fairrun.metrics.scores import brier_score
from tests.metrics.samples import COLUMNS, People, draw_people

#: Metrics that count rows, whatever these weigh.
OF_ROWS = {"n_rows", "sum_of_weights", "effective_n"}
#: The first two need the number of rows. A squared error has the part removed that chance adds, and
#: chance adds more to a row of weight 3 than to three rows.
UNLIKE_REPEATED = {
    *("cohen_d", "2sd_rule", "squared_calibration_error"),
    "accuracy_over_threshold",  # its folds are dealt by row
}


def evaluate(people: People, weight: Any = None) -> Evaluation:
    rows = (people.y_true, people.y_pred, people.probability)
    return evaluate_predictions(COLUMNS, people.codes, *rows, weight=weight)


@pytest.fixture(scope="module")
def people() -> People:
    return draw_people(0, 1500)


@pytest.fixture(scope="module")
def weight() -> np.ndarray:
    drawn = np.random.default_rng(1).lognormal(sigma=0.8, size=1500)
    return np.where(np.arange(1500) % 20 == 0, 0.0, drawn)


@pytest.fixture(scope="module")
def weighted(people: People, weight: np.ndarray) -> Evaluation:
    return evaluate(people, weight)


def test_performance_is_scikit_learns(
    people: People, weight: np.ndarray, weighted: Evaluation
) -> None:
    expected = {
        name: getattr(sklearn.metrics, f"{name}_score")(
            people.y_true, people.y_pred, sample_weight=weight
        )
        for name in ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
    }
    of_scores = {
        "roc_auc": sklearn.metrics.roc_auc_score,
        "average_precision": sklearn.metrics.average_precision_score,
        "brier_score": sklearn.metrics.brier_score_loss,
        "log_loss": sklearn.metrics.log_loss,
    }
    expected |= {
        name: metric(people.y_true, people.probability, sample_weight=weight)
        for name, metric in of_scores.items()
    }
    for name, value in expected.items():
        assert weighted.metrics[name] == pytest.approx(value, abs=1e-12), name
    assert weighted.metrics["n_rows"] == 1500
    assert weighted.metrics["sum_of_weights"] == pytest.approx(weight.sum())
    assert weighted.metrics["effective_n"] == pytest.approx(weight.sum() ** 2 / (weight**2).sum())


@pytest.mark.parametrize("column", [0, 1])
def test_rates_of_groups_are_fairlearns(
    people: People, weight: np.ndarray, weighted: Evaluation, column: int
) -> None:
    protected = COLUMNS[column]
    known = people.codes[column] >= 0
    values = np.array(protected.values)[people.codes[column][known]]
    names = {
        "selection_rate": fairlearn.metrics.selection_rate,
        "true_positive_rate": fairlearn.metrics.true_positive_rate,
        "false_positive_rate": fairlearn.metrics.false_positive_rate,
        "accuracy": sklearn.metrics.accuracy_score,
    }
    frame = MetricFrame(
        metrics=names,
        y_true=people.y_true[known],
        y_pred=people.y_pred[known],
        sensitive_features=values,
        sample_params={name: {"sample_weight": weight[known]} for name in names},
    )
    rates = weighted.audit.rates
    mine = rates[(rates["protected"] == protected.name)].set_index(["metric", "group"])
    for name in names:
        for group, expected in frame.by_group[name].items():
            assert mine.loc[(name, group), "value"] == pytest.approx(expected, abs=1e-12)
    worst = weighted.audit.worst.set_index(["protected", "metric"])["value"]
    difference = frame.difference()["selection_rate"]
    assert worst[protected.name, "statistical_parity"] == pytest.approx(difference)
    ratio = frame.ratio()["selection_rate"]
    assert worst[protected.name, "disparate_impact"] == pytest.approx(ratio)


def test_whole_weights_have_the_values_of_repeated_rows(people: People) -> None:
    weight = np.random.default_rng(2).integers(0, 4, size=len(people.sex))
    ours, theirs = (
        evaluate(people, weight),
        evaluate(people.take(np.repeat(np.arange(len(weight)), weight))),
    )
    for name, value in theirs.metrics.items():
        if name in OF_ROWS or "_ci_" in name or name.partition("/")[0] in UNLIKE_REPEATED:
            continue
        assert ours.metrics[name] == pytest.approx(value, abs=1e-9, nan_ok=True), name
    # The weighted intervals are wider: a row of weight 3 is less evidence than three rows.
    assert ours.metrics["roc_auc_ci_low"] < theirs.metrics["roc_auc_ci_low"]
    assert ours.frontier is not None
    assert theirs.frontier is not None
    pd.testing.assert_frame_equal(ours.frontier.table, theirs.frontier.table, rtol=1e-9)
    one, other = (e.impact_audits["four_fifths"]["impact_ratio"] for e in (ours, theirs))
    np.testing.assert_allclose(one, other)


def test_the_unit_of_the_weights_plays_no_part(
    people: People, weight: np.ndarray, weighted: Evaluation
) -> None:
    other = evaluate(people, weight * 1e5)
    for name, value in weighted.metrics.items():
        factor = 1e5 if name == "sum_of_weights" else 1.0
        expected = pytest.approx(factor * value, rel=1e-7, abs=1e-10, nan_ok=True)
        assert other.metrics[name] == expected, name


def test_a_row_of_weight_0_is_no_row(
    people: People, weight: np.ndarray, weighted: Evaluation
) -> None:
    kept = weight > 0
    other = evaluate(people.take(kept), weight[kept])
    for name, value in weighted.metrics.items():
        if name != "n_rows":
            assert other.metrics[name] == pytest.approx(value, abs=1e-12, nan_ok=True), name


def test_equal_weights_have_delongs_variance_and_the_interval_of_a_mean(people: People) -> None:
    even = np.full(len(people.sex), 0.3)
    plain, same = (roc_auc(people.y_true, people.probability, w) for w in (None, even))
    assert vars(same) == pytest.approx(vars(plain), rel=1e-9)
    limits = [brier_score(people.y_true, people.probability, weight=w) for w in (None, even)]
    assert limits[0] == pytest.approx(limits[1], rel=1e-9)


def test_the_interval_of_a_weighted_area_covers() -> None:
    """Of 400 samples with weights that depend on the label, about 95 % hold the true area."""
    rng = np.random.default_rng(0)
    hits, n = 0, 300
    for _ in range(400):
        y = (rng.random(n) < 0.4).astype(int)
        # Half of each label has a score that is right; the others get three times the weight.
        good = rng.random(n) < 0.5
        score = 1 / (1 + np.exp(-(rng.normal(size=n) + 1.5 * y * good)))
        low, high = roc_auc(y, score, np.where(good, 1.0, 3.0)).interval()
        hits += low <= TRUE_AREA <= high
    assert 0.92 <= hits / 400 <= 0.98


#: Of a positive row, a quarter of the weight has a mean of 1.5, and three quarters one of 0.
TRUE_AREA = 0.25 * 0.8555778168267576 + 0.75 * 0.5


def test_what_cannot_be_weighted_is_nan_with_its_reason(weighted: Evaluation) -> None:
    for name in ("cohen_d", "2sd_rule"):
        assert np.isnan(weighted.metrics[name])
        rows = weighted.audit.compared.query("metric == @name")
        assert set(rows["reason"]) == {NOT_WEIGHTED}
    plain = evaluate(draw_people(0, 200))
    assert set(weighted.metrics) - set(plain.metrics) == OF_ROWS - {"n_rows"}
    assert {*weighted.audit.compared["metric"]} == {*BIAS_METRICS, "roc_auc_difference", "abroca"}
    assert set(weighted.impact_audits) == {"four_fifths"}
    assert set(plain.impact_audits) == {"four_fifths", "local_law_144"}


def test_rates_have_rows_and_effective_rows_of_each_group(
    people: People, weight: np.ndarray, weighted: Evaluation
) -> None:
    rates = weighted.audit.rates.query("protected == 'sex' and group == 'Female'")
    own = weight[people.sex == 1]
    assert set(rates["n_rows"]) == {len(own)}
    np.testing.assert_allclose(rates["effective_n"], own.sum() ** 2 / (own**2).sum())
    assert {*rates["metric"]} >= {"selection_rate", "roc_auc"}
    assert "n_rows" not in evaluate(draw_people(0, 200)).audit.rates


def test_a_group_without_weight_has_no_rate(people: People) -> None:
    found = evaluate(people, np.where(people.sex == 1, 0.0, 1.0))
    rates = found.audit.rates.query("protected == 'sex' and group == 'Female'")
    assert rates["value"].isna().all()
    assert (rates["reason"] != "").all()
    assert found.frontier is None


@pytest.mark.parametrize("wrong", [[-1.0], [np.nan], [np.inf]])
def test_weights_are_finite_and_not_negative(people: People, wrong: list[float]) -> None:
    with pytest.raises(RequestError, match="a weight is negative, NaN or infinite"):
        evaluate(people, np.array([*wrong, *[1.0] * (len(people.sex) - 1)]))
    with pytest.raises(RequestError, match="the shapes of the columns differ"):
        evaluate(people, np.ones(3))


def test_a_document_says_which_counts_it_holds(people: People, weighted: Evaluation) -> None:
    for counts in (weighted.counts, evaluate(people).counts):
        again = counts_from_dict(counts.to_dict())
        assert type(again) is type(counts)
        assert again == counts
    assert isinstance(weighted.counts, WeightedCounts)
    # Earlier versions wrote no Σw⁴. Its smallest possible value takes its place.
    document = weighted.counts.to_dict()
    old = weighted.counts.table[..., :3]
    read = counts_from_dict({**document, "table": old.tolist()}).table
    np.testing.assert_array_equal(read[..., :3], old)
    assert (read[..., 3] <= weighted.counts.table[..., 3] * (1 + 1e-12)).all()
    filled = old[..., 2] > 0
    np.testing.assert_allclose((read[..., 3] * old[..., 2])[filled], (old[..., 1] ** 2)[filled])
    with pytest.raises(RequestError, match="does not hold counts"):
        counts_from_dict({"kind": "paired counts"})
    assert Counts.kind != WeightedCounts.kind


@pytest.mark.parametrize("unit", [1e300, 1e-300])
def test_weights_whose_powers_are_no_numbers_are_refused(people: People, unit: float) -> None:
    with pytest.raises(RequestError, match="divide all weights by one number"):
        evaluate(people, unit * np.ones(len(people.sex)))
