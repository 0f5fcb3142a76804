"""In-processors: what of holisticai's is right is theirs to the last digits, the rest is mended."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from fairrun.errors import RequestError
from fairrun.inference import EvidenceScorer, GroupBlocks, LinearScorer, NetworkScorer
from fairrun.training import resolve_estimator
from fairrun.training.mitigation import MITIGATORS, TrainingMatrix
from fairrun.training.mitigation.adversarial_debiasing import (
    fit_adversarial_debiasing,
    train_network,
)
from fairrun.training.mitigation.exponentiated_gradient import REDUCTION_CONSTRAINTS
from fairrun.training.mitigation.grid_search import RateGap, fit_grid_search, price_grid
from fairrun.training.mitigation.meta_fair_classifier import (
    Dual,
    fit_cells,
    fit_meta_fair_classifier,
)
from fairrun.training.mitigation.prejudice_remover import PrejudiceObjective, fit_prejudice_remover

ESTIMATOR = resolve_estimator("logistic_regression", {})
NAMES = ["grid_search", "prejudice_remover", "meta_fair_classifier", "adversarial_debiasing"]


@pytest.fixture(autouse=True)
def _holisticai_warns() -> Any:
    """Of its own use of numpy, pandas and jax."""
    with warnings.catch_warnings(action="ignore"):
        yield


def people(n_rows: int, seed: int, neither: float = 0.0) -> TrainingMatrix:
    """Rows with a column that stands for the group, and columns that depend on each other."""
    rng = np.random.default_rng(seed)
    groups = np.where(rng.random(n_rows) < 0.6, 0, 1).astype(np.int8)
    groups[rng.random(n_rows) < neither] = -1
    job = rng.integers(3, size=n_rows)
    matrix = np.column_stack(
        [rng.normal(size=n_rows) + 0.8 * (groups == 0), rng.normal(size=n_rows), np.eye(3)[job]]
    )
    score = matrix[:, 0] + matrix[:, 1] + 0.5 * (job == 1) - 1.0
    label = (score + rng.logistic(size=n_rows) > 0).astype(np.int64)
    return TrainingMatrix(np.asfortranarray(matrix), label, groups)


def masks(rows: TrainingMatrix) -> tuple[np.ndarray, np.ndarray]:
    return rows.groups == 0, rows.groups == 1


def rates(labels: np.ndarray, rows: TrainingMatrix) -> tuple[float, float]:
    of_a, of_b = (float(labels[group].mean()) for group in masks(rows))
    return of_a, of_b


# All of them


@pytest.mark.parametrize("name", NAMES)
def test_a_group_of_one_label_is_refused(name: str) -> None:
    rows = people(200, 0)
    label = np.where(rows.groups == 1, 0, rows.label)
    with pytest.raises(RequestError, match=f"{name} needs rows with both labels in each group"):
        MITIGATORS[name].fit(TrainingMatrix(rows.matrix, label, rows.groups), ESTIMATOR)


@pytest.mark.parametrize("name", NAMES)
def test_rows_in_neither_group_take_no_part_and_a_fit_can_be_repeated(name: str) -> None:
    rows = people(400, 1, neither=0.1)
    one = MITIGATORS[name].fit(rows, ESTIMATOR).scorer.to_arrays()
    state = np.random.get_state()[1].tobytes()  # noqa: NPY002
    other = MITIGATORS[name].fit(rows.take(rows.groups >= 0), ESTIMATOR).scorer.to_arrays()
    assert {n: a.tobytes() for n, a in one.items()} == {n: a.tobytes() for n, a in other.items()}
    assert np.random.get_state()[1].tobytes() == state  # noqa: NPY002


@pytest.mark.parametrize("name", [n for n in NAMES if n != "adversarial_debiasing"])
def test_it_selects_more_alike_than_the_unmitigated_model(name: str) -> None:
    rows = people(3000, 2)
    plain = ESTIMATOR.fit(rows.matrix, rows.label).score(rows.matrix) > 0
    fitted = MITIGATORS[name].fit(rows, ESTIMATOR)
    matrix = rows.matrix
    if fitted.transform is not None:
        matrix = fitted.transform.apply(matrix, rows.groups)
    fair = fitted.scorer.score(matrix) > 0
    before, after = (a - b for a, b in (rates(plain, rows), rates(fair, rows)))
    assert before > 0.15
    assert abs(after) < 0.6 * before


# grid_search


def holisticais(rows: TrainingMatrix, constraint: str) -> tuple[Any, Any]:
    from holisticai.bias.mitigation.inprocessing.commons.classification import (
        _constraints,
        _objectives,
    )

    gap, error = getattr(_constraints, REDUCTION_CONSTRAINTS[constraint])(), _objectives.ErrorRate()
    for moment in (gap, error):
        moment.load_data(rows.matrix, rows.label, np.stack(masks(rows), axis=1))
    return gap, error


@pytest.mark.parametrize("constraint", REDUCTION_CONSTRAINTS)
def test_rate_gap_is_holisticais_constraint(constraint: str) -> None:
    rows = people(300, 3)
    gap, (theirs, _) = RateGap(rows, constraint), holisticais(rows, constraint)
    labels = np.random.default_rng(0).integers(2, size=300)
    expected = theirs.gamma(lambda matrix: labels).max()
    assert gap.violation(labels) == pytest.approx(expected, abs=1e-12)
    for price in price_grid(gap.n_events, 13, 2.0):
        vector = theirs.basis["+"] @ np.maximum(price, 0) + theirs.basis["-"] @ np.maximum(
            -price, 0
        )
        np.testing.assert_allclose(gap.weights(price), theirs.signed_weights(vector), atol=1e-9)


@pytest.mark.parametrize("constraint", REDUCTION_CONSTRAINTS)
def test_grid_search_chooses_as_fairlearns(constraint: str) -> None:
    """fairlearn's grid is cut off, but for the sizes of whole ones."""
    from fairlearn import reductions

    rows = people(600, 4)
    size = 25 if constraint == "equalized_odds" else 11
    moments = {name: getattr(reductions, theirs) for name, theirs in REDUCTION_CONSTRAINTS.items()}
    expected = reductions.GridSearch(
        ESTIMATOR.make(rows.matrix.shape[1]), moments[constraint](), grid_size=size, grid_limit=2.0
    ).fit(rows.matrix, rows.label, sensitive_features=rows.groups)
    fitted = fit_grid_search(rows, ESTIMATOR, constraint=constraint, grid_size=size)
    least = min(expected.lambda_vecs_.shape[1], size)
    assert least == size
    error, violation = (
        np.mean((fitted.scorer.score(rows.matrix) > 0) != rows.label),
        RateGap(rows, constraint).violation((fitted.scorer.score(rows.matrix) > 0).astype(int)),
    )
    theirs = expected.predict(rows.matrix)
    loss = np.mean(theirs != rows.label) + RateGap(rows, constraint).violation(theirs)
    assert error + violation == pytest.approx(loss, abs=1e-9)


@pytest.mark.slow
def test_holisticais_weights_know_nothing_of_the_label() -> None:
    """Why it is not used as it is: under one price all rows of a group have one weight."""
    from holisticai.bias.mitigation import GridSearchReduction

    rows = people(300, 5)
    theirs = GridSearchReduction(constraints="DemographicParity", grid_size=3)
    theirs.transform_estimator(ESTIMATOR.make(rows.matrix.shape[1]))
    theirs.fit(rows.matrix, rows.label, *masks(rows))
    grid = theirs.model_._generate_grid()
    for name in grid:
        weights = np.asarray(theirs.model_._compute_weights(grid[name]))
        assert all(np.ptp(weights[group]) == 0 for group in masks(rows))
        assert np.ptp(weights) > 0


# prejudice_remover


def holisticais_loss(rows: TrainingMatrix, eta: float) -> tuple[Any, Any]:
    from holisticai.bias.mitigation.inprocessing.prejudice_remover.losses import (
        PRBinaryCrossEntropy,
    )

    loss, ones = PRBinaryCrossEntropy(eta, 1.0), np.ones((len(rows.label), 1))
    matrix, groups = np.hstack([rows.matrix, ones]), rows.groups.astype(int)

    def told(flat: np.ndarray) -> dict[str, Any]:
        coefficients = flat.reshape(2, -1)
        chance = 1 / (1 + np.exp(-np.sum(coefficients[groups] * matrix, axis=1)))
        return {"y": rows.label, "sigma": chance, "groups": groups, "coef": coefficients}

    return lambda flat: loss(**told(flat)), lambda flat: loss.gradient(X=matrix, **told(flat))


@pytest.mark.parametrize("eta", [0.0, 1.0, 30.0])
def test_prejudice_objective_is_holisticais_with_its_true_gradient(eta: float) -> None:
    rows = people(200, 6)
    objective, (loss, gradient) = PrejudiceObjective(rows, eta, 1.0), holisticais_loss(rows, eta)
    at = np.random.default_rng(1).normal(size=12)
    value, ours = objective(at)
    assert value == pytest.approx(loss(at), rel=1e-12)
    true = approx_fprime(at, loss, 1e-7)
    np.testing.assert_allclose(ours, true, atol=1e-3, rtol=1e-4)
    # holisticai's is right only where the information plays no part.
    assert np.allclose(gradient(at), true, atol=1e-3, rtol=1e-4) == (eta == 0.0)


def test_prejudice_remover_finds_what_holisticai_misses() -> None:
    from holisticai.bias.mitigation import PrejudiceRemover

    rows = people(600, 7)
    for eta in (0.0, 5.0):
        theirs = PrejudiceRemover(eta=eta).transform_estimator()
        theirs.fit(rows.matrix, rows.label, *masks(rows))
        fitted = fit_prejudice_remover(rows, ESTIMATOR, eta=eta)
        assert isinstance(fitted.scorer, LinearScorer)
        least, _ = PrejudiceObjective(rows, eta, 1.0)(fitted.scorer.coefficients)
        if eta > 0:
            assert least < theirs.algorithm.f_loss_ - 0.1
            continue
        assert least == pytest.approx(theirs.algorithm.f_loss_, abs=1e-3)
        scores = fitted.scorer.score(fitted.transform.apply(rows.matrix, rows.groups))
        chance = theirs.predict_proba(rows.matrix, *masks(rows))[:, 1]
        np.testing.assert_allclose(1 / (1 + np.exp(-scores)), chance, atol=2e-3)


def test_prejudice_remover_answers_a_row_in_neither_group_with_the_mean_of_both() -> None:
    rows = people(500, 8)
    fitted = fit_prejudice_remover(rows, ESTIMATOR)
    assert isinstance(fitted.transform, GroupBlocks)
    of_a, of_b, neither = (
        fitted.scorer.score(fitted.transform.apply(rows.matrix, np.full(500, code, dtype=np.int8)))
        for code in (0, 1, -1)
    )
    share = np.mean(rows.groups == 0)
    np.testing.assert_allclose(neither, share * of_a + (1 - share) * of_b, atol=1e-12)


# meta_fair_classifier


def holisticais_chances(rows: TrainingMatrix, matrix: np.ndarray) -> dict[str, np.ndarray]:
    """By its own code, from its own Gaussian; Z is 1 for group_b."""
    from holisticai.bias.mitigation.inprocessing.meta_fair_classifier import algorithm
    from scipy.stats import multivariate_normal

    seen = np.c_[rows.matrix, 2 * rows.label - 1, rows.groups]
    gaussian = multivariate_normal(seen.mean(axis=0), np.cov(seen.T), allow_singular=True)
    theirs = algorithm.MetaFairClassifierAlgorithm(logger=None, tau=0.8)
    chances: dict[str, np.ndarray] = theirs.probabilities(gaussian, matrix)
    return chances


def test_cells_are_holisticais_chances_and_stay_numbers_where_theirs_do_not() -> None:
    rows = people(400, 9)
    ours = fit_cells(rows)
    theirs, chances = holisticais_chances(rows, rows.matrix), ours.chances(rows.matrix)
    np.testing.assert_allclose(chances[:, 2] + chances[:, 3], theirs["Y=1"], atol=1e-9)
    np.testing.assert_allclose(chances[:, 1] + chances[:, 3], theirs["Z=1"], atol=1e-9)
    far = rows.matrix[:1] + np.array([0.0, 60.0, 0.0, 0.0, 0.0])
    assert np.isnan(holisticais_chances(rows, far)["Y=1"]).all()
    assert np.isfinite(ours.chances(far)).all()


def test_the_dual_has_holisticais_gradient_at_the_bounds_its_formula_needs() -> None:
    from holisticai.bias.mitigation.inprocessing.meta_fair_classifier.constraints import (
        StatisticalRate,
    )

    rows = people(400, 10)
    dual, chances = (
        Dual(fit_cells(rows).chances(rows.matrix), rows.groups),
        holisticais_chances(rows, rows.matrix),
    )
    theirs = StatisticalRate(mu=0.01)
    theirs.z_prior = np.mean(rows.groups)
    for low, high, prices in [(0.1, 0.3, [0.05, -0.1]), (0.4, 0.6, [0.2, 0.0])]:
        expected = theirs.expected_gradient(chances, prices, 2 * low - 1, 2 * high - 1)
        _, gradient = dual(np.array(prices), low, high)
        np.testing.assert_allclose(gradient, expected, atol=1e-9)
        numeric = approx_fprime(np.array(prices), lambda at: dual(at, low, high)[0], 1e-7)  # noqa: B023
        np.testing.assert_allclose(gradient, numeric, atol=1e-5)
        t = theirs.forward(chances, prices)
        np.testing.assert_allclose(dual.chances @ dual.values(np.array(prices)), t, atol=1e-9)


@pytest.mark.parametrize("bounds", [(0.05, 0.15), (0.2, 0.25), (0.5, 0.6), (0.8, 0.9)])
def test_the_rates_lie_between_the_bounds(bounds: tuple[float, float]) -> None:
    rows = people(3000, 11)
    dual = Dual(fit_cells(rows).chances(rows.matrix), rows.groups)
    chances = dual.chances
    selected = chances @ dual.values(dual.minimise(*bounds, np.zeros(2))) > 0
    for of_group in (chances[:, [0, 2]].sum(axis=1), chances[:, [1, 3]].sum(axis=1)):
        rate = np.average(selected, weights=of_group)
        assert bounds[0] - 0.03 <= rate <= bounds[1] + 0.03


@pytest.mark.parametrize("tau", [0.5, 0.8, 0.95])
def test_meta_fair_classifier_selects_alike_and_scores_by_the_sign_of_t(tau: float) -> None:
    rows = people(3000, 12)
    scorer = fit_meta_fair_classifier(rows, ESTIMATOR, tau=tau).scorer
    assert isinstance(scorer, EvidenceScorer)
    selected = scorer.score(rows.matrix) > 0
    of_a, of_b = rates(selected, rows)
    assert min(of_a, of_b) / max(of_a, of_b) >= tau
    assert np.mean(selected == rows.label) > 0.6
    assert selected.mean() < 0.5  # holisticai's always selects half


# adversarial_debiasing


@pytest.mark.slow
def test_the_compiled_steps_are_holisticais() -> None:
    from holisticai.bias.mitigation import AdversarialDebiasing

    rows = people(96, 13)
    theirs = AdversarialDebiasing(
        seed=3, epochs=2, batch_size=32, hidden_size=8, adversary_loss_weight=0.4, verbose=0
    ).transform_estimator()
    theirs.fit(rows.matrix, rows.label, *masks(rows))
    ours = train_network(
        rows,
        [np.arange(96).reshape(3, 32)] * 2,
        adversary_loss_weight=0.4,
        hidden_size=8,
        dropout=0.1,
        learning_rate=0.01,
        seed=3,
    )
    expected = theirs.cls_state.params
    np.testing.assert_allclose(ours.weights, expected["encode"]["kernel"], atol=1e-6)
    np.testing.assert_allclose(ours.output, expected["decode"]["kernel"][:, 0], atol=1e-6)
    chance = theirs.predict_proba(rows.matrix)[:, 1]
    np.testing.assert_allclose(1 / (1 + np.exp(-ours.score(rows.matrix))), chance, atol=1e-5)


def test_the_seed_of_the_estimator_draws_the_network() -> None:
    rows = people(200, 14)
    by_seed = [
        fit_adversarial_debiasing(
            rows, resolve_estimator("logistic_regression", {}, seed=seed), epochs=1, hidden_size=4
        ).scorer
        for seed in (0, 1)
    ]
    assert all(isinstance(scorer, NetworkScorer) for scorer in by_seed)
    one, other = (scorer.score(rows.matrix).tobytes() for scorer in by_seed)
    assert one != other


def test_the_adversary_brings_the_groups_errors_together() -> None:
    rows = people(3000, 16)

    def gap_of_errors(weight: float) -> float:
        fitted = fit_adversarial_debiasing(
            rows, ESTIMATOR, adversary_loss_weight=weight, hidden_size=16
        )
        selected = fitted.scorer.score(rows.matrix) > 0
        of_a, of_b = masks(rows)
        gaps = [
            selected[of_a & (rows.label == label)].mean()
            - selected[of_b & (rows.label == label)].mean()
            for label in (0, 1)
        ]
        return abs(float(np.mean(gaps)))

    assert gap_of_errors(3.0) < 0.6 * gap_of_errors(0.0)


def test_fewer_rows_than_a_batch_are_one_batch() -> None:
    fitted = fit_adversarial_debiasing(people(20, 15), ESTIMATOR, epochs=1, hidden_size=2)
    assert np.isfinite(fitted.scorer.to_arrays()["weights"]).all()
