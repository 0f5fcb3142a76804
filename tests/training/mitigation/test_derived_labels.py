"""Labels changed at random: equal error rates with the fewest errors, against other solvers."""

from __future__ import annotations

import numpy as np
import pytest
from fairlearn.postprocessing import ThresholdOptimizer
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from sklearn.base import BaseEstimator, ClassifierMixin

from fairrun.inference import GroupLookup
from fairrun.training.mitigation import ScoredRows
from fairrun.training.mitigation.derived_labels import (
    GroupErrors,
    equalise_both_rates,
    equalise_true_positive_rates,
)
from fairrun.training.mitigation.equalized_odds import fit_equalized_odds
from fairrun.training.mitigation.lp_debiaser import LP_CONSTRAINTS, fit_lp_debiaser
from tests.training.mitigation.test_post_and_in import scored

TWO_VALUES = GroupLookup("value", (0.0,), (1.0,))

#: Rates that touch their limits and each other, beside any others.
RATES = st.sampled_from([0.0, 1.0, 0.5, 1e-3]) | st.floats(0, 1)
GROUPS = st.lists(
    st.builds(GroupErrors, RATES, RATES, st.integers(1, 500), st.integers(1, 500)),
    min_size=2,
    max_size=2,
)


def rates_after(group: GroupErrors, chances: np.ndarray) -> tuple[float, float]:
    turn, stay = chances
    return tuple(
        rate * stay + (1 - rate) * turn for rate in (group.false_positive, group.true_positive)
    )


def errors_after(groups: list[GroupErrors], found: list[np.ndarray]) -> float:
    reached = [rates_after(group, of) for group, of in zip(groups, found, strict=True)]
    return sum(
        group.negative * fall_out + group.positive * (1 - recall)
        for group, (fall_out, recall) in zip(groups, reached, strict=True)
    )


@given(GROUPS, st.booleans())
def test_the_rates_are_equal_and_a_linear_programme_finds_no_fewer_errors(
    groups: list[GroupErrors], both: bool
) -> None:
    found = (equalise_both_rates if both else equalise_true_positive_rates)(groups)
    (fall_out_a, recall_a), (fall_out_b, recall_b) = (
        rates_after(group, of) for group, of in zip(groups, found, strict=True)
    )
    assert recall_a == pytest.approx(recall_b, abs=1e-9)
    if both:
        assert fall_out_a == pytest.approx(fall_out_b, abs=1e-9)
    cost, equal = [], [[], []]
    for sign, group in zip((1, -1), groups, strict=True):
        t, f = group.true_positive, group.false_positive
        cost += [
            group.negative * (1 - f) - group.positive * (1 - t),
            group.negative * f - group.positive * t,
        ]
        equal[0] += [sign * (1 - t), sign * t]
        equal[1] += [sign * (1 - f), sign * f]
    solved = linprog(cost, A_eq=equal[: 1 + both], b_eq=[0] * (1 + both), bounds=(0, 1))
    positives = sum(group.positive for group in groups)
    n_rows = positives + sum(group.negative for group in groups)
    # The solver allows a violation of its own tolerance, 1e-7.
    assert errors_after(groups, found) <= solved.fun + positives + 1e-6 * n_rows


def uneven() -> ScoredRows:
    """The rows of a report: almost everybody in one group has label 1, whatever their score."""
    rng = np.random.default_rng(0)
    positions, x = rng.integers(0, 2, 2000), rng.normal(size=2000)
    in_b = x + 0.5 * rng.normal(size=2000) > -1.6
    label = np.where(positions == 0, rng.random(2000) < 0.99, in_b).astype(np.int64)
    return ScoredRows(2.0 * x + 3.2, label, positions, TWO_VALUES)


@pytest.mark.parametrize("fit", [fit_equalized_odds, fit_lp_debiaser])
def test_labels_are_as_accurate_as_a_constant(fit: object) -> None:
    """holisticai's programme gave an accuracy of 0.06 and 0.41 on such rows."""
    rows = uneven()
    chance = fit(rows).decision_probability(rows.log_odds, rows.positions)
    right = np.where(rows.label == 1, chance, 1 - chance).mean()
    assert right >= rows.label.mean() - 1e-9 > 0.9


class _Labels(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose prediction is its input."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> _Labels:
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return X[:, 0]


def test_equalized_odds_is_as_accurate_as_fairlearns_threshold_optimizer() -> None:
    """On 100 random problems; fairlearn tries false positive rates in steps of a thousandth."""
    rng = np.random.default_rng(5)
    for _ in range(100):
        n = int(rng.integers(200, 800))
        positions = (rng.random(n) < rng.uniform(0.1, 0.9)).astype(np.intp)
        label = (rng.random(n) < rng.uniform(0.05, 0.95, 2)[positions]).astype(np.int64)
        score = rng.normal(size=n) + rng.uniform(0, 2, 2)[positions] * (2 * label - 1)
        score += rng.uniform(-1, 1)
        if min(len(np.unique(label[positions == group])) for group in (0, 1)) < 2:
            continue
        rows = ScoredRows(score, label, positions, TWO_VALUES)
        chance = fit_equalized_odds(rows).decision_probability(score, positions)
        predicted = (score > 0).astype(int)[:, None]
        theirs = ThresholdOptimizer(
            estimator=_Labels().fit(predicted, label),
            constraints="equalized_odds",
            objective="accuracy_score",
            prefit=True,
            predict_method="predict",
        ).fit(predicted, label, sensitive_features=positions)
        expected = theirs._pmf_predict(predicted, sensitive_features=positions)[:, 1]
        ours, other = (
            np.where(label == 1, chosen, 1 - chosen).mean() for chosen in (chance, expected)
        )
        assert other - 1e-9 <= ours <= other + 2e-3


@pytest.mark.parametrize("constraint", LP_CONSTRAINTS)
def test_weights_count_as_repeated_rows(constraint: str) -> None:
    rows = scored(600, 2)
    weight = np.random.default_rng(0).integers(1, 4, len(rows.label)).astype(float)
    weighted = ScoredRows(rows.log_odds, rows.label, rows.positions, rows.lookup, weight)
    times = weight.astype(int)
    repeated = ScoredRows(
        rows.log_odds.repeat(times), rows.label.repeat(times), rows.positions.repeat(times),
        rows.lookup,
    )  # fmt: skip
    one, other = (fit_lp_debiaser(each, constraint=constraint) for each in (weighted, repeated))
    np.testing.assert_array_equal(one.thresholds, other.thresholds)
    np.testing.assert_allclose(one.rates, other.rates, atol=1e-9)
