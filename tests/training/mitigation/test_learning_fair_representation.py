"""Learning fair representations: holisticai's objective, its exact gradient, and a lower value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from fairrun.groups import Protected
from fairrun.inference import Prototypes
from fairrun.training import FairClassifier, fit_encoder
from fairrun.training.mitigation import TrainingMatrix, learning_fair_representation
from fairrun.training.mitigation.learning_fair_representation import (
    RepresentationLoss,
    fit_learning_fair_representation,
    minimise,
)

pytestmark = [
    # Importing holisticai's mitigators imports jax and networkx; what they warn of is theirs.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # holisticai gives L-BFGS-B an option that scipy 1.18 (Python 3.12 and later) has dropped.
    pytest.mark.filterwarnings("ignore:Unknown solver options. disp"),
]

WEIGHTS = {"Ax": 0.3, "Ay": 1.5, "Az": 4.0}


def make_train(seed: int, n_rows: int = 80, n_encoded: int = 4) -> TrainingMatrix:
    """Rows of both groups and of neither, whose features tell of the group and of the label."""
    rng = np.random.default_rng(seed)
    groups = rng.choice(np.array([0, 1, -1], dtype=np.int8), p=[0.5, 0.4, 0.1], size=n_rows)
    groups[:2] = 0, 1
    matrix = rng.normal(size=(n_rows, n_encoded)) + 0.8 * groups[:, None]
    matrix[:, -1] = matrix[:, -1] > 0
    label = (matrix[:, 0] + 0.7 * rng.normal(size=n_rows) > 0).astype(np.int64)
    return TrainingMatrix(np.asfortranarray(matrix), label, groups)


def make_parameters(seed: int, k: int, n_encoded: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.uniform(0.05, 0.95, k), rng.normal(size=k * n_encoded)])


def holisticais(train: TrainingMatrix, k: int, Ax: float, Ay: float, Az: float) -> Any:
    """holisticai's own function of the parameters."""
    from holisticai.bias.mitigation.preprocessing.learning_fair_representation import (
        ObjectiveFunction,
    )

    masks = (train.groups == 0, train.groups == 1)
    n_encoded = train.matrix.shape[1]
    return ObjectiveFunction(
        n_encoded, 0, train.matrix, train.label[:, None], *masks, k, Ax, Ay, Az
    )


@pytest.fixture
def in_float64() -> Iterator[None]:
    """Let jax, and so holisticai's function, compute in float64."""
    import jax

    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.mark.parametrize(("seed", "k"), [(0, 2), (1, 3), (2, 5)])
def test_objective_and_gradient_are_holisticais(in_float64: None, seed: int, k: int) -> None:
    import jax

    train, parameters = make_train(seed), make_parameters(seed, k, 4)
    theirs = holisticais(train, k, **WEIGHTS)
    expected, slope = jax.jit(jax.value_and_grad(theirs))(parameters)
    value, gradient = RepresentationLoss(train, k, **WEIGHTS)(parameters)
    assert value == pytest.approx(float(expected), rel=1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=1e-9, atol=1e-11)


def test_objective_is_holisticais_as_it_computes_it() -> None:
    """In float32."""
    train, parameters = make_train(1, n_rows=2000), make_parameters(1, 5, 4)
    theirs = float(holisticais(train, 5, **WEIGHTS)(parameters.astype(np.float32)))
    assert RepresentationLoss(train, 5, **WEIGHTS)(parameters)[0] == pytest.approx(theirs, rel=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    k=st.integers(1, 6),
    n_encoded=st.integers(1, 6),
    Ax=st.floats(0, 2),
    Ay=st.floats(0, 2),
    Az=st.floats(0, 5),
    smoothing=st.sampled_from([0.0, 1e-3, 1e-1]),
)
def test_gradient_is_that_of_finite_differences(
    seed: int, k: int, n_encoded: int, Ax: float, Ay: float, Az: float, smoothing: float
) -> None:
    train = make_train(seed, n_rows=30, n_encoded=n_encoded)
    objective = RepresentationLoss(train, k, Ax, Ay, Az, smoothing)
    parameters = make_parameters(seed, k, n_encoded)
    differences = central_differences(objective, parameters)
    np.testing.assert_allclose(objective(parameters)[1], differences, rtol=1e-5, atol=1e-5)


def central_differences(objective: RepresentationLoss, parameters: np.ndarray) -> np.ndarray:
    step = 1e-6
    return np.array(
        [
            (objective(parameters + away)[0] - objective(parameters - away)[0]) / (2 * step)
            for away in step * np.eye(len(parameters))
        ]
    )


def test_the_objective_is_finite_where_holisticais_is_not() -> None:
    """A probability of 1 for a label that is 0."""
    train = make_train(0)
    parameters = np.concatenate([np.ones(3), np.zeros(12)])  # prototypes that coincide, too
    value, gradient = RepresentationLoss(train, 3, **WEIGHTS)(parameters)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_rows_become_what_holisticai_makes_of_them() -> None:
    from holisticai.bias.mitigation import LearningFairRepresentation

    train, parameters = make_train(7, n_rows=500), make_parameters(7, 5, 4)
    mitigator = LearningFairRepresentation(k=5)
    mitigator.w, mitigator.prototypes = parameters[:5], parameters[5:].reshape(5, 4)
    expected = mitigator.transform(train.matrix, train.groups == 0, train.groups == 1)
    ours = Prototypes(mitigator.prototypes).apply(train.matrix, train.groups)
    known = train.groups != -1  # holisticai leaves the rows in neither group as they are
    np.testing.assert_allclose(ours[known], expected[known], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))]
)
def test_no_higher_than_holisticais_own_fit_from_the_same_start(seed: int) -> None:
    train = make_train(seed, n_rows=120)
    ours, theirs = fit_both(train, seed, k=4, **WEIGHTS)
    assert ours <= theirs


@pytest.mark.slow
def test_no_higher_than_holisticais_own_fit_on_adult(adult_file: Path) -> None:
    ours, theirs = fit_both(adult(adult_file, n_rows=300), 0, k=3, Ax=0.01, Ay=1.0, Az=50.0)
    assert ours <= theirs


def adult(path: Path, n_rows: int) -> TrainingMatrix:
    raw = pd.read_parquet(path).dropna().head(n_rows)
    features = raw.drop(columns=["class", "sex", "race", "education-num"])
    encoder = fit_encoder(features, min_frequency=1)
    label = (raw["class"] == ">50K").to_numpy().astype(np.int64)
    groups = (raw["sex"] == "Female").to_numpy().astype(np.int8)
    return TrainingMatrix(encoder.encode(raw), label, groups)


def fit_both(train: TrainingMatrix, seed: int, k: int, **weights: float) -> tuple[float, float]:
    """holisticai's function where we end, and where holisticai ends."""
    from holisticai.bias.mitigation import LearningFairRepresentation

    mitigator = LearningFairRepresentation(k=k, **weights, seed=seed)
    mitigator.fit(train.matrix, train.label, train.groups == 0, train.groups == 1)
    # The start that holisticai draws.
    start = np.random.RandomState(seed).uniform(size=len(mitigator.learned_model))
    found = minimise(train, start, k, **weights, maxiter=100)
    value = holisticais(train, k, **weights)
    return float(value(found)), float(value(mitigator.learned_model))


def test_a_kink_of_parity_does_not_end_the_descent() -> None:
    """Without smoothing it ends at one, from each start at another."""
    train, weights = make_train(3, n_rows=600), {"Ax": 0.01, "Ay": 1.0, "Az": 50.0}
    objective = RepresentationLoss(train, 5, **weights)
    smoothed, plain = [], []
    for seed in range(5):
        start = np.random.default_rng(seed).uniform(size=25)
        smoothed.append(objective(minimise(train, start, 5, **weights, maxiter=100))[0])
        bounds = [(0, 1)] * 5 + [(None, None)] * 20
        found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds)
        plain.append(objective(found.x)[0])
    assert max(smoothed) < min(plain)


def test_a_sample_of_the_rows_holds_every_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mean over a group without rows would make all prototypes NaN."""
    monkeypatch.setattr(learning_fair_representation, "_SAMPLE", 20)
    train = make_train(2, n_rows=400)
    train.groups[train.groups == 1] = 0
    train.groups[7] = 1
    assert np.isfinite(prototypes_of(train, seed=0)).all()


def test_a_sample_of_the_rows_finds_the_same_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    train, start = make_train(3, n_rows=6000), np.random.default_rng(0).uniform(size=25)
    weights = {"Ax": 0.01, "Ay": 1.0, "Az": 50.0}
    objective = RepresentationLoss(train, 5, **weights)
    on_all = objective(minimise(train, start, 5, **weights, maxiter=100))[0]
    monkeypatch.setattr(learning_fair_representation, "_SAMPLE", 1500)
    on_sample = objective(minimise(train, start, 5, **weights, maxiter=100))[0]
    assert on_sample == pytest.approx(on_all, rel=0.002)


def prototypes_of(train: TrainingMatrix, seed: int) -> np.ndarray:
    transform = fit_learning_fair_representation(train, seed=seed, maxiter=20).transform
    assert isinstance(transform, Prototypes)
    return transform.prototypes


def test_the_seed_decides_the_fit() -> None:
    train = make_train(5, n_rows=400)
    assert prototypes_of(train, seed=3).tobytes() == prototypes_of(train, seed=3).tobytes()
    assert not np.allclose(prototypes_of(train, seed=3), prototypes_of(train, seed=4))


def test_memory_layout_does_not_matter_to_the_fit() -> None:
    train = make_train(5, n_rows=400)
    other = TrainingMatrix(np.ascontiguousarray(train.matrix), train.label, train.groups)
    assert prototypes_of(other, seed=3).tobytes() == prototypes_of(train, seed=3).tobytes()


def test_the_defaults_select_people_of_both_groups(adult_file: Path) -> None:
    raw = pd.read_parquet(adult_file).dropna().head(5000)
    people = raw.drop(columns=["class", "race", "education-num"])
    label = (raw["class"] == ">50K").to_numpy()
    model = FairClassifier(
        Protected("sex", "Male", "Female"), mitigator="learning_fair_representation"
    )
    selected = model.fit(people, label.astype(int)).predict(people)
    male = (people["sex"] == "Male").to_numpy()
    of_a, of_b = selected[male].mean(), selected[~male].mean()
    assert min(of_a, of_b) > 0.1
    assert abs(of_a - of_b) < 0.05
    assert np.mean(selected == label) > 0.78  # 0.75 if nobody is selected
