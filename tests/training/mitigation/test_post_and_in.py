"""In- and post-processing rules give what holisticai fitted, and what they promise."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from fairrun.inference import (
    Encoder,
    GroupLookup,
    InferenceModel,
    LabelMixing,
    LinearScorer,
    MemberVote,
    MixtureScorer,
    Numeric,
    RowDraws,
    Threshold,
)
from fairrun.training import resolve_estimator
from fairrun.training.mitigation import MITIGATORS, ScoredRows, TrainingMatrix
from fairrun.training.mitigation.equalized_odds import fit_equalized_odds
from fairrun.training.mitigation.exponentiated_gradient import (
    REDUCTION_CONSTRAINTS,
    fit_exponentiated_gradient,
)
from fairrun.training.mitigation.group_thresholds import fit_group_thresholds

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def scored(n_rows: int, seed: int, shares: tuple[float, ...] = (0.6, 0.4)) -> ScoredRows:
    rng = np.random.default_rng(seed)
    positions = rng.choice(len(shares), size=n_rows, p=shares)
    log_odds = rng.normal(size=n_rows) + 0.8 - 0.8 * positions
    label = (rng.random(n_rows) < 1 / (1 + np.exp(-2 * log_odds + 0.5))).astype(np.int64)
    lookup = GroupLookup("value", (0.0,), tuple(map(float, range(1, len(shares)))))
    return ScoredRows(log_odds, label, positions, lookup)


@pytest.mark.parametrize("seed", range(3))
def test_equalized_odds_equalises_the_odds_it_was_fitted_on(seed: int) -> None:
    rows = scored(3000, seed)
    chance = fit_equalized_odds(rows).decision_probability(rows.log_odds, rows.positions)
    for label in (0, 1):
        of_a, of_b = (
            chance[(rows.label == label) & (rows.positions == group)].mean() for group in (0, 1)
        )
        assert of_a == pytest.approx(of_b, abs=1e-9)


def test_several_values_of_a_group_have_its_rates() -> None:
    rows = scored(3000, 5, shares=(0.5, 0.3, 0.15, 0.05))
    rates = fit_equalized_odds(rows).rates
    assert rates.shape == (5, 2)
    assert (rates[1:4] == rates[1]).all()


def test_drawn_labels_keep_the_fitted_rates_on_distinct_rows() -> None:
    """Over 20,000 distinct rows, within four standard errors of each rate."""
    rates = np.array([[0.1, 0.8], [0.35, 1.0], [0.2, 0.9]])
    model = InferenceModel(
        encoder=Encoder((Numeric("x", 0.0, 1.0, 0.0),)),
        scorer=LinearScorer(np.array([1.0]), 0.0),
        decision=LabelMixing(rates, np.zeros(3)),
        groups=GroupLookup("sex", ("M",), ("F",)),
        draws=RowDraws(3, "label_mixing"),
    )
    x = np.linspace(-1, 1, 20_000)
    for place, sex in enumerate(["M", "F", "?"]):
        answers = model.predict(pd.DataFrame({"x": x, "sex": sex}))["prediction"]
        for above in (0, 1):
            mine = answers[(x > 0) == above]
            error = np.sqrt(rates[place, above] * (1 - rates[place, above]) / len(mine))
            assert abs(mine.mean() - rates[place, above]) <= 4 * error


def train(n_rows: int, seed: int) -> TrainingMatrix:
    rng = np.random.default_rng(seed)
    groups = rng.choice(np.array([0, 1, -1], dtype=np.int8), p=[0.55, 0.4, 0.05], size=n_rows)
    matrix = rng.normal(size=(n_rows, 4)) + 0.5 * (groups == 0)[:, np.newaxis]
    label = (matrix.sum(axis=1) + rng.normal(size=n_rows) > 1).astype(np.int64)
    return TrainingMatrix(np.asfortranarray(matrix), label, groups)


@pytest.mark.parametrize("constraint", REDUCTION_CONSTRAINTS)
def test_exponentiated_gradient_votes_as_holisticais_mixture(constraint: str) -> None:
    from holisticai.bias.mitigation import ExponentiatedGradientReduction

    rows = train(400, 1)
    estimator = resolve_estimator("logistic_regression", {})
    fitted = fit_exponentiated_gradient(rows, estimator, constraint=constraint, max_iter=5)
    assert isinstance(fitted.scorer, MixtureScorer)
    assert isinstance(fitted.decision, MemberVote)
    known = rows.take(rows.groups >= 0)
    expected = ExponentiatedGradientReduction(
        constraints=REDUCTION_CONSTRAINTS[constraint],
        eps=0.01,
        max_iter=5,
        eta0=2.0,
        estimator=estimator.make(known.matrix.shape[1]),
    )
    with warnings.catch_warnings(action="ignore"):  # of pandas, about holisticai's indexing
        expected.fit(known.matrix, known.label, known.groups == 0, known.groups == 1)
    chance = expected.predict_proba(rows.matrix)[:, 1]
    np.testing.assert_allclose(fitted.scorer.votes(rows.matrix), chance, atol=1e-9)


def test_an_expected_decision_is_no_draw() -> None:
    estimator = resolve_estimator("logistic_regression", {})
    fitted = fit_exponentiated_gradient(train(300, 2), estimator, max_iter=5, decision="expected")
    assert fitted.decision is None


@pytest.mark.parametrize("shares", [(0.6, 0.4), (0.5, 0.3, 0.2)])
def test_group_thresholds_hold_between_all_values(shares: tuple[float, ...]) -> None:
    rows = scored(4000, 3, shares)
    rule = fit_group_thresholds(rows, tolerance=0.04, confidence=0.5)
    assert len(rule.values) == len(shares) + 1
    labels = rule.decision_probability(rows.log_odds, rows.positions)
    selected = [labels[rows.positions == place].mean() for place in range(len(shares))]
    assert max(selected) - min(selected) <= 0.04
    unmitigated = [(rows.log_odds[rows.positions == p] > 0).mean() for p in range(len(shares))]
    assert max(unmitigated) - min(unmitigated) > 0.2


def test_only_post_processors_that_the_table_names_read_the_group_to_answer() -> None:
    rows = scored(500, 1)
    for mitigator in MITIGATORS.values():
        if mitigator.stage == "post":
            decision = mitigator.fit(rows)
            # Group thresholds can find that one threshold serves all groups.
            fits_one = mitigator.name == "group_thresholds"
            assert decision.reads_group == mitigator.group_at_serving or fits_one
            assert decision.randomised == (mitigator.randomised == "yes")


def test_group_thresholds_that_do_not_need_the_group_do_not_read_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = scored(2000, 3)
    rule = fit_group_thresholds(rows, tolerance=0.9)
    assert rule == Threshold(0.0)
    few = scored(60, 3, (0.5, 0.5))
    assert fit_group_thresholds(few, tolerance=0.01) == Threshold(0.0)
    assert "too few rows of 0.0, 1.0" in caplog.text
