from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fairrun.data import Dataset
from fairrun.groups import ProtectedColumn, group_lookup
from fairrun.metrics import evaluate_predictions, fold_interval
from fairrun.sweep.measure import measure_folds
from fairrun.sweep.objectives import Objective, parse_objectives
from fairrun.sweep.trial import Problem, Trial, TrialResult, Trials, make_classifier
from fairrun.training import FairClassifier

TRIED: list[dict[str, Any]] = [
    {"mitigator": "none", "C": 0.1},
    {"mitigator": "group_thresholds", "C": 0.1, "group_thresholds.tolerance": 0.02},
    {"mitigator": "group_thresholds", "C": 0.1, "group_thresholds.tolerance": 0.15},
    {"mitigator": "correlation_remover", "correlation_remover.alpha": 0.5},
    {"mitigator": "reweighing+group_thresholds", "class_weight": "balanced", "resample": "under"},
    {"mitigator": "equalized_odds"},  # draws labels
    {"mitigator": "none", "estimator": "hist_gradient_boosting", "max_iter": 5},
]


def fit(problem: Problem, parameters: dict[str, Any]) -> FairClassifier:
    train = problem.rows.take(problem.parts[0][0])
    return make_classifier(problem.spec, parameters, problem.seed).fit(train.frame, train.label)


def run(trials: Trials, number: int, parameters: dict[str, Any], *incumbents: Any) -> TrialResult:
    return trials.run(Trial(number, parameters, incumbents))


def test_validation_is_measured_and_train_is_fitted_on(problem: Problem, dataset: Dataset) -> None:
    ((fit_on, measure_on),) = problem.parts
    assert problem.rows.take(fit_on).digest() == dataset.splits["train"].digest()
    assert problem.rows.take(measure_on).digest() == dataset.splits["validation"].digest()


def test_hints_may_change_what_the_spec_says(problem: Problem) -> None:
    assert problem.spec.changeable
    assert make_classifier(problem.spec, {}, 0).changeable == problem.spec.changeable


def test_rare_categories_are_pooled_as_the_problem_says(problem: Problem) -> None:
    """`rare` is the job of about one row in a hundred."""
    pooling = Trials(replace(problem, min_frequency=100))
    assert run(pooling, 0, TRIED[0]).state == "complete"
    names = [part.encoded.encoder.encoded_names for part in pooling._parts]
    assert "job=(other)" in names[0]
    assert "job=rare" not in names[0]
    assert problem.classifier({}).min_frequency == 5


def test_a_refitted_model_says_what_the_trial_said(problem: Problem) -> None:
    """In whatever order trials come, and whatever they share: to the last label and score."""
    trials = Trials(problem)
    results = [run(trials, number, TRIED[number]) for number in (2, 0, 1, 3, 4, 5, 6)]
    held_out = problem.rows.take(problem.parts[0][1])
    codes = [column.positions(held_out.frame) for column in problem.protected]
    for result in results:
        assert result.state == "complete", result.reason
        answers = fit(problem, dict(result.parameters)).inference_.predict(held_out.frame)
        full = evaluate_predictions(
            problem.protected, codes, held_out.label, answers["prediction"], answers["probability"]
        )
        assert result.counts is not None
        assert (result.counts.table == full.counts.table).all()
        for name, value in result.metrics.items():
            if name == "n_folds":
                continue
            assert value == pytest.approx(full.metrics[name], abs=1e-12, nan_ok=True), name
    alone = run(Trials(problem), 1, TRIED[1])
    shared = next(result for result in results if result.number == 1)
    assert alone.metrics == shared.metrics


def test_folds_hold_each_row_out_once_by_label_and_group(folded: Problem) -> None:
    held_out = np.sort(np.concatenate([part[1] for part in folded.parts]))
    assert (held_out == np.arange(len(folded.rows))).all()
    frame = folded.rows.frame
    groups = group_lookup(frame, folded.spec.protected[0]).groups(frame)
    strata = 3 * folded.rows.label + groups
    for fit_on, measure_on in folded.parts:
        assert not set(fit_on.tolist()) & set(measure_on.tolist())
        for stratum in np.unique(strata):
            expected = np.sum(strata == stratum) / len(folded.parts)
            assert abs(np.sum(strata[measure_on] == stratum) - expected) < 2


def test_metrics_over_folds_are_of_the_procedure(folded: Problem) -> None:
    result = run(Trials(folded), 0, TRIED[0])
    accuracies = []
    for part in folded.parts:
        one = run(Trials(replace(folded, parts=(part,))), 0, TRIED[0])
        accuracies.append(one.metrics["accuracy"])
    over = fold_interval(accuracies)
    found = [result.metrics[name] for name in ("accuracy", "accuracy_ci_low", "accuracy_ci_high")]
    assert found == pytest.approx([over.mean, over.low, over.high])
    assert result.counts is not None
    assert result.counts.n == len(folded.rows) == result.metrics["n_rows"]
    assert result.metrics["n_folds"] == 3
    assert measure_folds([{"a": 1.0, "a_ci_low": 0.0}, {"a": 3.0, "a_ci_low": 0.0}])["a"] == 2


def test_a_trial_behind_the_best_is_given_up(folded: Problem) -> None:
    trials = Trials(folded)
    whole = run(trials, 0, TRIED[0])
    assert run(trials, 0, TRIED[0], (0.0, -1.0)).state == "complete"
    # Better in one objective alone does not do.
    assert run(trials, 0, TRIED[0], (1.0, -1.0)).state == "complete"
    given_up = run(trials, 0, TRIED[0], (1.0, 0.1))
    assert given_up.state == "pruned"
    assert given_up.reason.startswith("stopped after 1 of 3 folds")
    assert given_up.metrics["n_folds"] == 1
    assert given_up.counts is not None
    assert whole.counts is not None
    assert given_up.counts.n < whole.counts.n


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"mitigator": "reweighing", "C": -1.0}, "C=-1.0 is not possible"),
        ({"mitigator": "exponentiated_gradient+group_thresholds"}, "cannot be combined"),
    ],
)
def test_a_failing_trial_has_a_reason_in_one_line(
    problem: Problem, parameters: dict[str, Any], reason: str
) -> None:
    result = run(Trials(problem), 7, parameters)
    assert (result.number, result.state, result.metrics) == (7, "failed", {})
    assert reason in result.reason
    assert "\n" not in result.reason


def test_an_unforeseen_error_names_its_kind(problem: Problem) -> None:
    broken = replace(problem, parts=((np.array([0]), np.array([10**9])),))
    assert run(Trials(broken), 0, TRIED[0]).reason.startswith("IndexError: ")


def test_a_trial_whose_objective_is_undefined_fails(
    dataset: Dataset, columns: tuple[ProtectedColumn, ...]
) -> None:
    objectives = parse_objectives("disparate_impact", columns)
    problem = Problem.of(dataset, columns, objectives)
    # So strong a penalty, with labels this rare, selects nobody.
    rare = replace(problem.rows, label=problem.rows.label * (np.arange(len(problem.rows)) % 4 == 0))
    result = run(Trials(replace(problem, rows=rare)), 0, {"C": 1e-9})
    assert result.state == "failed"
    assert result.reason.startswith("disparate_impact is undefined")


def test_objectives_are_measured(problem: Problem, objectives: tuple[Objective, ...]) -> None:
    result = run(Trials(problem), 0, TRIED[0])
    assert all(np.isfinite(each.gain(result.metrics)).all() for each in objectives)
