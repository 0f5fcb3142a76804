"""scikit-learn's own checks of an estimator, with the exceptions and their reasons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from fairrun.groups import Protected
from fairrun.training import FairClassifier
from tests.people import SPEC, make_raw

_ONLY_0_AND_1 = "labels are 0 and 1, because a classifier cannot guess which one is favourable"
_ONE_GROUP = "the check has no row in which the protected column is 1"

#: The checks that do not apply, with the reason for each.
EXCEPTIONS = {
    "check_estimators_dtypes": _ONLY_0_AND_1,
    "check_classifier_data_not_an_array": _ONLY_0_AND_1,
    "check_classifiers_classes": _ONLY_0_AND_1,
    "check_classifiers_regression_target": f"{_ONLY_0_AND_1}; our message says so",
    "check_classifier_not_supporting_multiclass": f"{_ONLY_0_AND_1}; our message says so",
    "check_sample_weights_pandas_series": f"{_ONLY_0_AND_1}, and the check has 1 and 2",
    "check_sample_weights_not_an_array": f"{_ONLY_0_AND_1}, and the check has 1 and 2",
    "check_sample_weights_shape": f"{_ONLY_0_AND_1}, and the check has 1 and 2",
    "check_sample_weights_not_overwritten": f"{_ONLY_0_AND_1}, and the check has 1 and 2",
    "check_sample_weight_equivalence_on_dense_data": _ONE_GROUP,
    "check_supervised_y_2d": "labels with two dimensions are refused, not flattened",
    "check_class_weight_classifiers": "class_weight is 'balanced' or None, not a weight by class",
    "check_decision_proba_consistency": _ONE_GROUP,
    "check_estimators_nan_inf": f"{_ONE_GROUP}; and missing='drop' fits without the null's row",
}


@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [FairClassifier(Protected("0", "1"))],
    expected_failed_checks=lambda _: EXCEPTIONS,
    xfail_strict=True,
)
def test_scikit_learns_checks(
    estimator: BaseEstimator, check: Callable[[BaseEstimator], Any]
) -> None:
    """The first column, of whole numbers, is the protected one; 1 is the privileged value."""
    check(estimator)


def test_it_is_searched_over_parameters_of_the_mitigator() -> None:
    X = make_raw(600, seed=4)
    y = (X.pop("paid") == SPEC.positive).astype(int)
    model = FairClassifier(SPEC.protected[0], mitigator="correlation_remover")
    assert cross_val_score(model, X, y, cv=3, error_score="raise").mean() > 0.6
    params = [{"alpha": 0.0}, {"alpha": 1.0}]
    search = GridSearchCV(model, {"mitigator_params": params}, cv=2, error_score="raise")
    assert search.fit(X, y).best_params_["mitigator_params"] in params
    assert search.feature_names_in_.tolist() == X.columns.tolist()


def test_it_can_be_pickled_like_any_estimator(tmp_path: Any) -> None:
    import pickle

    X = make_raw(300, seed=4)
    y = (X.pop("paid") == SPEC.positive).astype(int)
    model = FairClassifier(SPEC.protected[0]).fit(X, y)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301  our own bytes
    assert (again.predict_proba(X) == model.predict_proba(X)).all()
    assert pytest.approx(again.score(X, y)) == model.score(X, y)
