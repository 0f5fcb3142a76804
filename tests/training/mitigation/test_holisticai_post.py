"""Post-processing rules against what holisticai answers for the same batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.inference import GroupLookup, sigmoid
from fairrun.training.mitigation import MITIGATORS, ScoredRows
from fairrun.training.mitigation.calibrated_equalized_odds import (
    COSTS,
    fit_calibrated_equalized_odds,
)
from fairrun.training.mitigation.lp_debiaser import best_cut, fit_lp_debiaser
from fairrun.training.mitigation.ml_debiaser import fit_ml_debiaser
from fairrun.training.mitigation.reject_option_classification import (
    REJECT_OPTION_METRICS,
    fit_reject_option_classification,
)
from fairrun.training.mitigation.thresholds import between_scores
from tests.training.mitigation.test_post_and_in import scored

# Importing holisticai's mitigators imports jax and networkx; what they warn of is theirs.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


TWO_VALUES = GroupLookup("value", (0.0,), (1.0,))


def masks(rows: ScoredRows) -> tuple[np.ndarray, np.ndarray]:
    return rows.groups == 0, rows.groups == 1


def probabilities(rows: ScoredRows) -> np.ndarray:
    probability = sigmoid(rows.log_odds)
    return np.column_stack([1 - probability, probability])


def calibrated(n_rows: int, seed: int) -> ScoredRows:
    """Scores that tell more about group_a, and mean what they say of either group."""
    rng = np.random.default_rng(seed)
    positions = rng.choice(2, size=n_rows)
    log_odds = rng.normal(size=n_rows) * np.where(positions == 0, 2.5, 1.8)
    label = (rng.random(n_rows) < sigmoid(log_odds)).astype(np.int64)
    return ScoredRows(log_odds, label, positions, TWO_VALUES)


@pytest.mark.parametrize("cost", COSTS)
def test_calibrated_equalized_odds_has_holisticais_mean_label(cost: str) -> None:
    """Over 400 of its draws, within five standard errors for every row."""
    from holisticai.bias.mitigation import CalibratedEqualizedOdds

    rows = calibrated(600, 4)
    a, b = masks(rows)
    expected = CalibratedEqualizedOdds(cost_constraint=cost, alpha=0.5, seed=1)
    expected.fit(rows.label, probabilities(rows), a, b)
    predicted = (rows.log_odds > 0).astype(int)
    drawn = [expected.transform(predicted, probabilities(rows), a, b)["y_pred"] for _ in range(400)]
    mean = np.mean(drawn, axis=0)
    chance = fit_calibrated_equalized_odds(rows, cost_constraint=cost).decision_probability(
        rows.log_odds, rows.positions
    )
    error = np.sqrt(chance * (1 - chance) / 400)
    assert (np.abs(mean - chance) <= 5 * error + 1e-12).all()
    assert ((chance > 0) & (chance < 1)).any()


# holisticai leaves its pool of processes to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("metric", "tolerance"),
    [*((metric, 0.05) for metric in REJECT_OPTION_METRICS), (REJECT_OPTION_METRICS[0], 0.0)],
)
def test_reject_option_labels_as_holisticai(metric: str, tolerance: float) -> None:
    from holisticai.bias.mitigation import RejectOptionClassification

    rows = scored(300, 6)
    a, b = masks(rows)
    expected = RejectOptionClassification(
        metric_name={
            "statistical_parity": "Statistical parity difference",
            "average_odds_difference": "Average odds difference",
            "equality_of_opportunity_difference": "Equal opportunity difference",
        }[metric],
        metric_ub=tolerance,
        metric_lb=-tolerance,
        num_class_thresh=20,
        num_ROC_margin=10,
        num_workers=1,
    )
    expected.fit(rows.label, probabilities(rows), group_a=b, group_b=a)  # the other way round
    theirs = expected.transform(None, probabilities(rows), group_a=b, group_b=a)["y_pred"]
    rule = fit_reject_option_classification(
        rows, metric=metric, tolerance=tolerance, num_class_thresh=20, num_ROC_margin=10
    )
    ours = rule.decision_probability(rows.log_odds, rows.positions)
    # Of equally good settings either may be found: as accurate, and as fair.
    assert quality(ours, rows) == pytest.approx(quality(theirs, rows))


def quality(labels: np.ndarray, rows: ScoredRows) -> float:
    recall, fall_out = (labels[rows.label == value].mean() for value in (1, 0))
    return float(recall - fall_out)


def test_lp_debiaser_has_holisticais_cuts() -> None:
    from holisticai.bias.mitigation import LPDebiaserBinary

    rows = scored(500, 0)
    a, b = masks(rows)
    expected = LPDebiaserBinary(constraint="EqualizedOdds")
    state = np.random.get_state()  # noqa: NPY002
    expected.fit(rows.label, a, b, y_proba=probabilities(rows))
    np.random.set_state(state)  # noqa: NPY002
    rule = fit_lp_debiaser(rows)
    first = int(rows.positions[0])  # holisticai numbers groups as they come
    for place, cut in zip([first, 1 - first], expected.algorithm.cuts, strict=True):
        mine = rows.positions == place
        theirs = sigmoid(rows.log_odds[mine]) >= cut
        assert (theirs == (rows.log_odds[mine] > rule.thresholds[place])).all()


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1)), min_size=2, max_size=30))
def test_the_best_cut_is_the_best(rows: list[tuple[int, int]]) -> None:
    scores = np.array([0, 6, *(score for score, _ in rows)], dtype=float)
    label = np.array([0, 1, *(label for _, label in rows)])

    def informedness(threshold: float) -> float:
        above = scores > threshold
        return float(above[label == 1].mean() - above[label == 0].mean())

    cut = best_cut(scores, label)
    assert cut not in scores
    assert informedness(cut) == max(informedness(at) for at in np.arange(-1, 7) + 0.5)


def test_ml_debiaser_labels_as_holisticai_labels_its_batch() -> None:
    from holisticai.bias.mitigation import MLDebiaser

    rows = scored(1500, 8)
    told = {"sgd_steps": 500, "full_gradient_epochs": 200}
    state = np.random.get_state()  # noqa: NPY002
    rule = fit_ml_debiaser(rows, **told, seed=3)
    np.random.seed(3)  # noqa: NPY002
    expected = MLDebiaser(verbose=False, **told).fit(probabilities(rows), *masks(rows))
    # holisticai numbers groups as they come; ours are 0 and 1.
    assert rows.positions[0] == 0
    theirs = expected.transform(probabilities(rows), *masks(rows))["y_pred"]
    np.random.set_state(state)  # noqa: NPY002
    ours = rule.decision_probability(rows.log_odds, rows.positions)
    assert (ours == theirs).all()


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=20),
    st.floats(-8, 8) | st.sampled_from([np.inf, -np.inf]),
)
def test_a_threshold_moved_between_scores_gives_the_same_labels(
    values: list[int], threshold: float
) -> None:
    scores = np.array(values, dtype=float)
    moved = between_scores(scores, threshold)
    assert np.isfinite(moved)
    assert moved not in scores
    assert ((scores > moved) == (scores > threshold)).all()


NEED_BOTH = [
    name
    for name, mitigator in MITIGATORS.items()
    if mitigator.stage == "post" and name != "group_thresholds"
]


@pytest.mark.parametrize("name", NEED_BOTH)
def test_a_group_of_one_label_is_refused(name: str) -> None:
    rows = scored(200, 0)
    one_label = np.where(rows.positions == 1, 0, rows.label)
    with pytest.raises(RequestError, match=f"{name} needs rows with both labels in each group"):
        MITIGATORS[name].fit(replace(rows, label=one_label))
