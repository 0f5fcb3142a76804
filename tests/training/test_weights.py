"""Weights of rows in training: what they mean, and who refuses them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.groups import Protected
from fairrun.inference import GroupLookup
from fairrun.training import ESTIMATORS, FairClassifier
from fairrun.training.mitigation import MITIGATORS, ScoredRows, TrainingMatrix
from fairrun.training.recipe import Recipe, fit_recipe
from fairrun.training.shared_values import pool
from tests.people import SPEC, make_raw

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SEX = Protected("sex", "Male", "Female")
LOOKUP = GroupLookup("sex", ("Male",), ("Female",))
TAKERS = [name for name, row in MITIGATORS.items() if row.takes_weights]
REFUSERS = [name for name, row in MITIGATORS.items() if not row.takes_weights]
#: Parameters with which a fit is the same for repeated rows. The descent of the prototypes is not
#: convex, so rounding grows with each iteration.
PARAMETERS: dict[str, dict[str, float]] = {"learning_fair_representation": {"maxiter": 4}}


@pytest.fixture(scope="module")
def raw() -> tuple[pd.DataFrame, np.ndarray]:
    frame = make_raw(900, seed=11)
    label = (frame.pop("paid") == SPEC.positive).to_numpy().astype(int)
    return frame, label


def weighted_rows(*, shared: bool = False) -> tuple[TrainingMatrix, np.ndarray]:
    """Return rows with whole weights, a row for each text in neither group, and the weights.

    What is pooled because few rows share it depends on repetitions, because they are rows of their
    own. With `shared`, enough rows share each number, and nothing is pooled.
    """
    rng = np.random.default_rng(3)
    groups = rng.choice(np.array([0, 1, -1], dtype=np.int8), size=400, p=[0.5, 0.4, 0.1])
    matrix = rng.normal(size=(400, 3)) + 0.4 * (groups == 0)[:, None]
    matrix = pool(matrix) if shared else np.round(matrix, 1)
    label = (rng.random(400) < 1 / (1 + np.exp(-matrix.sum(axis=1)))).astype(np.int64)
    weight = 1.0 + rng.integers(0, 3, size=400) + 4 * label * (groups == 0)
    return TrainingMatrix(matrix, label, groups, weight), weight


def repeat(train: TrainingMatrix, weight: np.ndarray) -> TrainingMatrix:
    rows = np.repeat(np.arange(len(weight)), weight.astype(int))
    return TrainingMatrix(train.matrix[rows], train.label[rows], train.groups[rows])


def scores(recipe: Recipe, train: TrainingMatrix, matrix: Any, groups: Any) -> np.ndarray:
    positions = train.groups.astype(np.intp)
    transform, scorer, _ = fit_recipe(recipe, train, positions, LOOKUP)
    return scorer.score(matrix if transform is None else transform.apply(matrix, groups))


@pytest.mark.parametrize("mitigator", [n for n in TAKERS if MITIGATORS[n].stage != "post"])
def test_whole_weights_are_repeated_rows(mitigator: str) -> None:
    train, weight = weighted_rows(shared=mitigator == "disparate_impact_remover")
    recipe = FairClassifier(
        SEX, mitigator=mitigator, mitigator_params=PARAMETERS.get(mitigator)
    ).recipe()
    by_weight, by_rows, without = (
        scores(recipe, rows, train.matrix, train.groups)
        for rows in (train, repeat(train, weight), repeat(train, np.ones(400)))
    )
    np.testing.assert_allclose(by_weight, by_rows, atol=2e-4)
    assert np.abs(by_weight - without).max() > 5e-3  # the weights had an effect


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("mitigator", ["none", "reweighing"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_weights_multiply_those_of_classes_and_of_reweighing(
    estimator: str, mitigator: str, class_weight: Any
) -> None:
    train, weight = weighted_rows(shared="boosting" in estimator)
    # Boosting counts the rows of a leaf, not their weights.
    given = {"min_samples_leaf": 1, "max_iter": 10} if "boosting" in estimator else {}
    recipe = FairClassifier(
        SEX,
        mitigator=mitigator,
        estimator=estimator,
        estimator_params=given,
        class_weight=class_weight,
    ).recipe()
    by_weight, by_rows = (
        scores(recipe, rows, train.matrix, train.groups) for rows in (train, repeat(train, weight))
    )
    np.testing.assert_allclose(by_weight, by_rows, atol=1e-6)


@pytest.mark.parametrize(
    ("mitigator", "parameters"),
    [
        ("group_thresholds", {"constraint": "statistical_parity"}),
        ("group_thresholds", {"constraint": "disparate_impact"}),
        ("group_thresholds", {"constraint": "equalized_odds", "objective": "balanced_accuracy"}),
        ("reject_option_classification", {"metric": "statistical_parity"}),
        ("reject_option_classification", {"metric": "average_odds_difference"}),
    ],
)
def test_thresholds_of_whole_weights_are_those_of_repeated_rows(
    mitigator: str, parameters: dict[str, Any]
) -> None:
    train, weight = weighted_rows()
    # Moved so that 0 is a good threshold: how much better another one has to be is a matter of
    # noise, in which a row of weight 2 is not two rows.
    log_odds = train.matrix @ [1.0, 0.5, 0.1] + 0.36
    if mitigator == "group_thresholds":
        parameters = {"confidence": 0.5, "tolerance": 0.1} | parameters
    rows = np.repeat(np.arange(400), weight.astype(int))
    positions = train.groups.astype(np.intp)
    by_weight, by_rows, without = (
        MITIGATORS[mitigator].fit(
            ScoredRows(log_odds[of], train.label[of], positions[of], LOOKUP, own), **parameters
        )
        for of, own in ((slice(None), weight), (rows, None), (slice(None), None))
    )
    np.testing.assert_allclose(by_weight.values, by_rows.values, atol=1e-9)
    assert (by_weight.values != without.values).any()


def test_the_margin_of_group_thresholds_knows_the_effective_number_of_rows() -> None:
    """Ten rows are more evidence than one row of weight 10, which is as much as one of weight 1."""
    rng = np.random.default_rng(0)
    positions = rng.integers(0, 2, size=2000)
    log_odds = rng.normal(size=2000) - positions
    label = (rng.random(2000) < 1 / (1 + np.exp(-log_odds))).astype(np.int64)

    def thresholds(times: int, weight: np.ndarray | None) -> np.ndarray:
        rows = ScoredRows(
            np.repeat(log_odds, times),
            np.repeat(label, times),
            np.repeat(positions, times),
            LOOKUP,
            weight,
        )
        found = MITIGATORS["group_thresholds"].fit(rows, tolerance=0.15, confidence=0.95)
        return np.asarray(found.values)

    np.testing.assert_array_equal(thresholds(1, np.full(2000, 10.0)), thresholds(1, None))
    assert (thresholds(1, None) != thresholds(10, None)).any()


@pytest.mark.parametrize("mitigator", TAKERS)
def test_weights_of_one_change_nothing(
    raw: tuple[pd.DataFrame, np.ndarray], mitigator: str
) -> None:
    X, y = raw
    classifier = FairClassifier(
        SEX, mitigator=mitigator, mitigator_params=PARAMETERS.get(mitigator)
    )
    without = classifier.fit(X, y).inference_.predict(X)
    weighted = classifier.fit(X, y, sample_weight=np.ones(len(y))).inference_.predict(X)
    np.testing.assert_allclose(weighted["probability"], without["probability"], atol=1e-4)
    np.testing.assert_array_equal(weighted["prediction"], without["prediction"])


def test_a_row_of_weight_0_is_no_row(raw: tuple[pd.DataFrame, np.ndarray]) -> None:
    X, y = raw
    weight = np.where(np.arange(len(y)) % 3 == 0, 0.0, 1.0 + np.arange(len(y)) % 2)
    kept = weight > 0
    classifier = FairClassifier(SEX, mitigator="reweighing+group_thresholds")
    whole = classifier.fit(X, y, weight).inference_.predict(X)
    part = classifier.fit(X[kept], y[kept], weight[kept]).inference_.predict(X)
    pd.testing.assert_frame_equal(whole, part)


@pytest.mark.parametrize("mitigator", [*REFUSERS, "reweighing+ml_debiaser"])
def test_a_method_without_weights_is_refused_by_name(
    raw: tuple[pd.DataFrame, np.ndarray], mitigator: str
) -> None:
    X, y = raw
    named = mitigator.rpartition("+")[2]
    takers = ", ".join(TAKERS)
    expected = f"^mitigator={named} cannot use weights; leave weight out, or take one of {takers}$"
    classifier = FairClassifier(SEX, mitigator=mitigator)
    with pytest.raises(RequestError, match=expected):
        classifier.fit(X, y, sample_weight=np.ones(len(y)))
    encoded = FairClassifier(SEX).encode(X, y, np.ones(len(y)))
    with pytest.raises(RequestError, match=expected):
        classifier.fit_encoded(encoded)


def test_resampling_is_refused_because_it_counts_rows(
    raw: tuple[pd.DataFrame, np.ndarray],
) -> None:
    X, y = raw
    with pytest.raises(RequestError, match=r"^resample=over cannot use weights.*class_weight"):
        FairClassifier(SEX, resample="over").fit(X, y, np.ones(len(y)))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(3), r"sample_weight has shape \(3,\), but there are 900 rows"),
        (np.full(900, -1.0), "sample_weight is negative, NaN or infinite in 900 rows"),
        ([np.nan, *[1.0] * 899], "sample_weight is negative, NaN or infinite in 1 rows"),
        (np.zeros(900), "sample_weight is zero in all rows"),
        (["heavy"] * 900, "sample_weight holds a value that is not a number"),
    ],
)
def test_weights_that_cannot_be_used(
    raw: tuple[pd.DataFrame, np.ndarray], weight: Any, message: str
) -> None:
    X, y = raw
    with pytest.raises(RequestError, match=message):
        FairClassifier(SEX).fit(X, y, sample_weight=weight)
