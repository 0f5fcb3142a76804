"""The methods of the frontier benchmark; each predicts labels of validation and test rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from _frontier_problem import Floats, Problem, score
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from fairrun.inference import GroupLookup
from fairrun.training.mitigation import ScoredRows
from fairrun.training.mitigation.group_thresholds import fit_group_thresholds

#: The tolerances of |statistical parity| at which every method with a tolerance is run.
TOLERANCES = (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.075, 0.085, 0.1, 0.12, 0.15)
#: fairlearn's bound is on the distance of each group's rate from the rate of all rows. This is a
#: part of the difference between the groups, so its bounds are smaller.
BOUNDS = {"sex": (0.01, 0.02, 0.033, 0.065), "race": (0.015, 0.04)}
#: The multipliers of GridSearch. fairlearn's default grid covers both signs and has only four
#: useful points.
MULTIPLIERS = np.linspace(0, 0.9, 13)
#: The confidence levels of the margin of fairrun's group thresholds. The first means no margin.
CONFIDENCES = (0.5, 0.8, 0.95)
#: The four-fifths rule as a tolerance of the ratio of selection rates.
FOUR_FIFTHS = 0.2

Labels = NDArray[np.int64]
Scores = dict[str, Floats]


@dataclass(frozen=True)
class Candidate:
    """A method with one setting, and the labels that it predicts on each split."""

    method: str
    setting: str
    labels: dict[str, Labels]


def ours(confidence: float) -> str:
    """Return the tables' name for group thresholds with a confidence level."""
    return f"group_thresholds, confidence {confidence:g}"


def scored_candidates(problem: Problem) -> Iterator[Candidate]:
    """Yield the candidates of the methods that use the scores of one fitted model."""
    scores = score(problem)
    yield from unmitigated(scores)
    yield from group_thresholds(problem, scores)
    for suffix, given in _with_and_without_group(problem):
        given_scores = score(given) if suffix else scores
        for method in (threshold_optimizer, error_parity):
            for setting, labels in method(given, given_scores):
                yield Candidate(method.__name__ + suffix, setting, labels)


def refitted_candidates(problem: Problem) -> Iterator[Candidate]:
    """Yield the candidates of the methods that fit the model again for every setting."""
    for suffix, given in _with_and_without_group(problem):
        for method in (reweighing, grid_search, exponentiated_gradient):
            for setting, labels in method(given):
                yield Candidate(method.__name__ + suffix, setting, labels)


#: Two parts of the work that can run in different processes.
FAMILIES = {"scored": scored_candidates, "refitted": refitted_candidates}


def _with_and_without_group(problem: Problem) -> list[tuple[str, Problem]]:
    return [("", problem), (" + group column", problem.with_group())]


def unmitigated(scores: Scores) -> Iterator[Candidate]:
    """Yield the labels of the model without mitigation."""
    labels = {name: (scores[name] > 0).astype(np.int64) for name in ("validation", "test")}
    yield Candidate("unmitigated", "", labels)


def group_thresholds(problem: Problem, scores: Scores) -> Iterator[Candidate]:
    """Yield the labels of fairrun's group thresholds, with and without a margin.

    They are fitted on the same scores and in the same way as in `FairClassifier`.
    """
    train = ScoredRows(
        scores["train"],
        problem.label["train"],
        problem.group["train"].astype(np.intp),
        GroupLookup("group", (0.0,), (1.0,)),
    )
    asked = [("statistical_parity", tolerance) for tolerance in TOLERANCES]
    for constraint, tolerance in [*asked, ("disparate_impact", FOUR_FIFTHS)]:
        for confidence in CONFIDENCES:
            rule = fit_group_thresholds(
                train, constraint=constraint, tolerance=tolerance, confidence=confidence
            )
            labels = {
                name: rule.decision_probability(
                    scores[name], problem.group[name].astype(np.intp)
                ).astype(np.int64)
                for name in ("validation", "test")
            }
            yield Candidate(ours(confidence), f"{constraint} {tolerance:g}", labels)


Settings = Iterator[tuple[str, dict[str, Labels]]]


class _Score(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """An estimator whose only feature is the score, because fairlearn does not take scores."""

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: Any, y: Any) -> _Score:  # noqa: ARG002
        """Return the estimator unchanged."""
        return self

    def predict(self, X: Any) -> Floats:
        """Return the score, which is the only column."""
        return np.asarray(X)[:, 0]


def threshold_optimizer(problem: Problem, scores: Scores) -> Settings:
    """Yield the labels of fairlearn's ThresholdOptimizer on the same scores; it is randomised."""
    from fairlearn.postprocessing import ThresholdOptimizer

    for tolerance in TOLERANCES:
        fitted = ThresholdOptimizer(
            estimator=_Score(), prefit=True, predict_method="predict", tol=tolerance
        )
        fitted.fit(
            scores["train"][:, None],
            problem.label["train"],
            sensitive_features=problem.group["train"],
        )
        yield (
            f"tol {tolerance:g}",
            _labels(
                lambda name, fitted=fitted: fitted.predict(
                    scores[name][:, None],
                    sensitive_features=problem.group[name],
                    random_state=problem.seed,
                )
            ),
        )


def error_parity(problem: Problem, scores: Scores) -> Settings:
    """Yield the labels of error-parity's relaxed thresholds on the same scores; randomised."""
    from error_parity import RelaxedThresholdOptimizer

    share = {name: 1 / (1 + np.exp(-part)) for name, part in scores.items()}
    for tolerance in TOLERANCES:
        fitted = RelaxedThresholdOptimizer(
            predictor=lambda X: X[:, 0],
            constraint="demographic_parity",
            tolerance=tolerance,
            seed=problem.seed,
        )
        fitted.fit(share["train"][:, None], problem.label["train"], group=problem.group["train"])
        yield (
            f"tolerance {tolerance:g}",
            _labels(
                lambda name, fitted=fitted: fitted(share[name][:, None], group=problem.group[name])
            ),
        )


def reweighing(problem: Problem) -> Settings:
    """Yield the labels of the model with the training weights of aif360's Reweighing."""
    from aif360.algorithms.preprocessing import Reweighing
    from aif360.datasets import BinaryLabelDataset

    frame = pd.DataFrame({"group": problem.group["train"], "label": problem.label["train"]})
    dataset = BinaryLabelDataset(
        df=frame.astype(float), label_names=["label"], protected_attribute_names=["group"]
    )
    weighed = Reweighing(
        unprivileged_groups=[{"group": 1.0}], privileged_groups=[{"group": 0.0}]
    ).fit_transform(dataset)
    scorer = problem.estimator.fit(
        problem.matrix["train"], problem.label["train"], weighed.instance_weights
    )
    yield "", _labels(lambda name: scorer.score(problem.matrix[name]) > 0)


def grid_search(problem: Problem) -> Settings:
    """Yield the labels of every model in one grid of fairlearn's GridSearch."""
    from fairlearn.reductions import DemographicParity, GridSearch

    index = pd.MultiIndex.from_product(
        [["+", "-"], ["all"], [0, 1]], names=["sign", "event", "group_id"]
    )
    grid = pd.DataFrame(0.0, index=index, columns=range(len(MULTIPLIERS)))
    grid.loc[("+", "all", 0)] = MULTIPLIERS
    fitted = GridSearch(clone(problem.refit_estimator), DemographicParity(), grid=grid).fit(
        problem.refit["train"],
        problem.label["train"],
        sensitive_features=problem.group["train"],
    )
    for multiplier, predictor in zip(MULTIPLIERS, fitted.predictors_, strict=True):
        yield (
            f"multiplier {multiplier:.3g}",
            _labels(lambda name, predictor=predictor: predictor.predict(problem.refit[name])),
        )


def exponentiated_gradient(problem: Problem) -> Settings:
    """Yield the labels of fairlearn's ExponentiatedGradient, which is randomised."""
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient

    for bound in BOUNDS[problem.protected]:
        fitted = ExponentiatedGradient(
            clone(problem.refit_estimator), DemographicParity(difference_bound=bound), max_iter=5
        ).fit(
            problem.refit["train"],
            problem.label["train"],
            sensitive_features=problem.group["train"],
        )
        yield (
            f"difference_bound {bound:g}",
            _labels(
                lambda name, fitted=fitted: fitted.predict(
                    problem.refit[name], random_state=problem.seed
                )
            ),
        )


def _labels(predict: Callable[[str], Any]) -> dict[str, Labels]:
    return {name: np.asarray(predict(name)).astype(np.int64) for name in ("validation", "test")}
