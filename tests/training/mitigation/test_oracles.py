"""Each rule gives what holisticai gives, on the training rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fairrun.training import fit_encoder
from fairrun.training.mitigation import TrainingMatrix
from fairrun.training.mitigation.correlation_remover import fit_correlation_remover
from fairrun.training.mitigation.disparate_impact_remover import (
    fit_disparate_impact_remover,
    repair,
)
from fairrun.training.mitigation.reweighing import fit_reweighing

# Importing holisticai's mitigators imports jax and networkx; what they warn of is theirs.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def make_train(n_rows: int, seed: int, *, neither: bool = False) -> TrainingMatrix:
    rng = np.random.default_rng(seed)
    codes = [0, 1, -1] if neither else [0, 1]
    groups = rng.choice(np.array(codes, dtype=np.int8), size=n_rows)
    groups[: len(codes)] = codes
    continuous = rng.normal(size=n_rows) + 0.5 * groups
    counted = np.floor(rng.gamma(2, 20, n_rows) * (1 + 0.3 * groups))
    binary = (rng.random(n_rows) < 0.3 + 0.1 * groups).astype(float)
    matrix = np.asfortranarray(np.column_stack([continuous, counted, binary, np.ones(n_rows)]))
    label = (rng.random(n_rows) < 0.4 - 0.1 * groups).astype(np.int64)
    return TrainingMatrix(matrix, label, groups)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("neither", [False, True], ids=["two groups", "some in neither"])
def test_reweighing_makes_label_and_group_independent(seed: int, neither: bool) -> None:
    train = make_train(500, seed, neither=neither)
    weight = fit_reweighing(train).sample_weight
    assert weight is not None
    base_rate = np.mean(train.label)
    for group in np.unique(train.groups):
        mine = train.groups == group
        assert np.average(train.label[mine], weights=weight[mine]) == pytest.approx(base_rate)
        assert weight[mine].sum() == pytest.approx(mine.sum())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("neither", [False, True], ids=["two groups", "some in neither"])
def test_reweighing_is_holisticais(seed: int, neither: bool) -> None:
    from holisticai.bias.mitigation import Reweighing

    train = make_train(500, seed, neither=neither)
    expected = Reweighing()
    expected.fit(train.label, train.groups == 0, train.groups == 1)
    ours = fit_reweighing(train).sample_weight
    # holisticai keeps its weights in float32.
    np.testing.assert_allclose(ours, expected.sample_weight, rtol=1e-6)


def test_reweighing_takes_a_group_that_lacks_a_label() -> None:
    groups = np.array([0, 0, 0, 1, 1], dtype=np.int8)
    train = TrainingMatrix(np.zeros((5, 1)), np.array([1, 0, 0, 0, 0]), groups)
    weight = fit_reweighing(train).sample_weight
    np.testing.assert_allclose(weight, [0.6, 1.2, 1.2, 0.8, 0.8])


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("neither", [False, True], ids=["two groups", "some in neither"])
def test_correlation_remover_is_holisticais(alpha: float, neither: bool) -> None:
    from holisticai.bias.mitigation import CorrelationRemover

    train = make_train(800, 2, neither=neither)
    group_a, group_b = train.groups == 0, train.groups == 1
    expected = CorrelationRemover(alpha=alpha).fit_transform(train.matrix, group_a, group_b)
    transform = fit_correlation_remover(train, alpha=alpha).transform
    assert transform is not None
    ours = transform.apply(train.matrix, train.groups)
    known = train.groups != -1  # holisticai shifts the rows in neither as a third group
    scale = np.abs(train.matrix).max(axis=0)
    np.testing.assert_allclose((ours / scale)[known], (expected / scale)[known], atol=1e-5)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), alpha=st.floats(0, 1))
def test_correlation_remover_takes_the_correlation_away(seed: int, alpha: float) -> None:
    train = make_train(60, seed)
    transform = fit_correlation_remover(train, alpha=alpha).transform
    assert transform is not None
    ours = transform.apply(train.matrix, train.groups)

    def gap(matrix: np.ndarray) -> np.ndarray:
        return matrix[train.groups == 0].mean(axis=0) - matrix[train.groups == 1].mean(axis=0)

    np.testing.assert_allclose(gap(ours), (1 - alpha) * gap(train.matrix), atol=1e-10)


@pytest.mark.parametrize("level", [0.3, 0.5, 0.77, 1.0])
@pytest.mark.parametrize("n_rows", [40, 317, 1500])
def test_disparate_impact_remover_is_holisticais(n_rows: int, level: float) -> None:
    check_repair(make_train(n_rows, seed=n_rows), level)


@pytest.mark.slow
def test_disparate_impact_remover_is_holisticais_on_adult(adult_file: Path) -> None:
    raw = pd.read_parquet(adult_file).dropna().head(6000)
    features = raw.drop(columns=["class", "sex", "race", "education-num"])
    encoder = fit_encoder(features, min_frequency=1)
    matrix = encoder.encode(raw)
    groups = (raw["sex"] == "Female").to_numpy().astype(np.int8)
    for level in (0.5, 1.0):
        check_repair(TrainingMatrix(matrix, groups.astype(np.int64), groups), level)


def test_disparate_impact_remover_repairs_what_holisticais_rounding_leaves_out() -> None:
    """7 distinct values in 6 slices: one of them falls between two slices, and out of order."""
    values = [0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0], [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0]
    matrix = np.array([*values[0], *values[1]])[:, None]
    groups = np.array([0] * 7 + [1] * 6, dtype=np.int8)
    ours, theirs = repair_both(TrainingMatrix(matrix, groups.astype(np.int64), groups), 0.5)
    assert theirs[:7, 0].tolist() == [-2.0, -1.0, 0.0, 2.0, 1.0, 2.0, 3.0]
    assert ours[:7, 0].tolist() == [-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0]
    assert ours[7:].tolist() == theirs[7:].tolist()


def check_repair(train: TrainingMatrix, level: float) -> None:
    ours, theirs = repair_both(train, level)
    assert ours.tobytes() == theirs.tobytes()


def repair_both(train: TrainingMatrix, level: float) -> tuple[np.ndarray, np.ndarray]:
    from holisticai.bias.mitigation.preprocessing.disparate_impact_remover import (
        DisparateImpactRemover,
    )

    ours = repair(train, level, fewest=1).apply(train.matrix, train.groups)
    mitigator = DisparateImpactRemover(repair_level=level)
    theirs = mitigator.fit_transform(train.matrix, train.groups == 0, train.groups == 1)
    return ours, np.asfortranarray(theirs)


values = hnp.arrays(
    np.float64,
    st.integers(8, 60),
    elements=st.floats(-1e6, 1e6) | st.integers(-5, 5).map(float),
)


@settings(max_examples=100, deadline=None)
@given(
    column=values,
    level=st.sampled_from([0.1, 0.5, 0.9, 1.0]),
    fewest=st.sampled_from([1, 3, 8]),
    data=st.data(),
)
def test_the_learned_maps_are_monotone_and_stay_in_the_training_range(
    column: np.ndarray, level: float, fewest: int, data: st.DataObject
) -> None:
    groups = np.array(
        data.draw(st.lists(st.sampled_from([0, 1]), min_size=len(column), max_size=len(column))),
        dtype=np.int8,
    )
    groups[:2] = 0, 1
    train = TrainingMatrix(column[:, None], groups.astype(np.int64), groups)
    transform = repair(train, level, fewest)
    x = np.unique(np.concatenate([column, np.linspace(column.min() - 9, column.max() + 9, 99)]))
    for code in (0, 1, -1):
        mapped = transform.apply(x[:, None], np.full(len(x), code, dtype=np.int8))[:, 0]
        assert (np.diff(mapped) >= 0).all()
        if transform.maps:
            # Means are rounded: that of several rows, and that which a row in neither takes.
            exact = code != -1 and fewest == 1
            rounding = 0.0 if exact else 1e-12 * np.abs(column).max()
            assert column.min() - rounding <= mapped.min()
            assert mapped.max() <= column.max() + rounding


def test_full_repair_gives_the_groups_one_distribution() -> None:
    train = make_train(2000, seed=8)
    before, after = train.matrix[:, 0], None
    transform = fit_disparate_impact_remover(train).transform
    assert transform is not None
    after = transform.apply(train.matrix, train.groups)[:, 0]
    steps = np.linspace(0.05, 0.95, 19)

    def gap(x: np.ndarray) -> float:
        quantiles = [np.quantile(x[train.groups == group], steps) for group in (0, 1)]
        return float(np.abs(quantiles[0] - quantiles[1]).max())

    assert gap(before) > 0.3
    assert gap(after) < 0.1  # 1,000 rows of a group are about 125 means


def test_no_repair_is_no_change() -> None:
    train = make_train(300, seed=3)
    transform = fit_disparate_impact_remover(train, repair_level=0.0).transform
    assert transform is not None
    unseen = train.matrix + 0.123
    assert (transform.apply(unseen, train.groups) == unseen).all()


def test_the_removal_can_overshoot() -> None:
    """The page of the method says so, with these numbers; fairlearn's removal does the same."""
    from fairlearn.preprocessing import CorrelationRemover
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    groups = (rng.random(8000) < 0.5).astype(np.int8)
    x = np.where(groups == 0, rng.exponential(2.0, 8000) + 0.3, rng.normal(1.0, 0.3, 8000))
    label = (x + rng.normal(0, 0.5, 8000) > 1.2).astype(np.int64)
    train = TrainingMatrix(np.asfortranarray(x[:, None]), label, groups)
    ours = fit_correlation_remover(train).transform.apply(train.matrix, groups)
    remover = CorrelationRemover(sensitive_feature_ids=[1])
    theirs = remover.fit_transform(np.column_stack([x, groups]))

    def parity(matrix: np.ndarray) -> float:
        chosen = LogisticRegression().fit(matrix, label).predict(matrix)
        return float(chosen[groups == 0].mean() - chosen[groups == 1].mean())

    assert parity(train.matrix) == pytest.approx(0.38, abs=0.005)
    assert parity(ours) == pytest.approx(-0.35, abs=0.005)
    assert parity(theirs) == pytest.approx(-0.35, abs=0.005)
