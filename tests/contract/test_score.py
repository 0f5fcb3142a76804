"""The score is scikit-learn's: read out into arrays, nothing of it is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairrun.inference import LinearScorer, MixtureScorer, TreeScorer, sigmoid
from fairrun.training import resolve_estimator
from tests.contract.conftest import CASES, Case, cases_with


def matrix_of(case: Case, rows: pd.DataFrame) -> np.ndarray:
    """What the scorer is given."""
    model = case.model
    matrix = model.encoder.encode(rows)
    if model.transform is None:
        return matrix
    codes = np.full(len(rows), -1, np.int8) if model.groups is None else model.groups.groups(rows)
    return model.transform.apply(matrix, codes)


MIXTURES = cases_with("exponentiated_gradient")
OWN_MODELS = cases_with("meta_fair") + cases_with("adversarial")
LINEAR = [label for label, told in CASES.items() if "estimator" not in told]


@pytest.mark.parametrize("label", sorted({*LINEAR} - {*MIXTURES, *OWN_MODELS}))
def test_a_linear_score_is_coefficients_times_columns(
    cases: dict[str, Case], rows: pd.DataFrame, label: str
) -> None:
    """Our order of summation gives the matrix product, up to rounding."""
    case = cases[label]
    scorer = case.model.scorer
    assert isinstance(scorer, LinearScorer)
    expected = matrix_of(case, rows) @ scorer.coefficients + scorer.intercept
    np.testing.assert_allclose(case.model.log_odds(rows), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_boosted_trees_score_as_scikit_learn_to_the_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = np.asfortranarray(np.round(rng.normal(size=(2000, 7)), 1))
    label = (matrix[:, :3].sum(axis=1) + rng.normal(size=2000) > 0).astype(np.int64)
    estimator = resolve_estimator("hist_gradient_boosting", {"max_leaf_nodes": 60}, seed=seed)
    scorer = estimator.fit(matrix, label, sample_weight=rng.uniform(0.5, 2.0, 2000))
    assert isinstance(scorer, TreeScorer)
    rng = np.random.default_rng(seed)
    rng.normal(size=(2000, 7)), rng.normal(size=2000)
    fitted = estimator.make(matrix.shape[1]).fit(
        matrix, label, sample_weight=rng.uniform(0.5, 2.0, 2000)
    )
    rows = np.vstack([matrix, 3 * rng.normal(size=(500, 7))])
    assert scorer.score(rows).tobytes() == fitted.decision_function(rows).tobytes()


@pytest.mark.parametrize("threads", [1, 2])
def test_boosting_gives_the_same_trees_on_any_number_of_threads(threads: int) -> None:
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(9)
    matrix = rng.normal(size=(12_000, 6))  # above 10,000 it stops early, on rows it draws
    label = (matrix[:, 0] + rng.normal(size=12_000) > 0).astype(np.int64)
    estimator = resolve_estimator("hist_gradient_boosting", {"max_iter": 30}, seed=3)
    with threadpool_limits(threads, user_api="openmp"):
        limited = estimator.fit(matrix, label)
    assert limited.score(matrix).tobytes() == estimator.fit(matrix, label).score(matrix).tobytes()


@pytest.mark.parametrize("label", MIXTURES)
def test_a_mixtures_score_is_the_expected_probability(
    cases: dict[str, Case], rows: pd.DataFrame, label: str
) -> None:
    case = cases[label]
    scorer = case.model.scorer
    assert isinstance(scorer, MixtureScorer)
    assert scorer.weights.sum() == pytest.approx(1)
    assert (scorer.weights > 0).all()
    matrix = matrix_of(case, rows)
    each = np.array([sigmoid(member.score(matrix)) for member in scorer.members])
    expected = scorer.weights @ each
    np.testing.assert_allclose(sigmoid(scorer.score(matrix)), expected, rtol=1e-9, atol=1e-300)
    votes = scorer.weights @ (each > 0.5)
    np.testing.assert_allclose(scorer.votes(matrix), votes, atol=1e-12)
    far = np.full((1, matrix.shape[1]), 1e90)
    assert np.isfinite(scorer.score(far)).all()
