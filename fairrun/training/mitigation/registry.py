"""The table of mitigators, which the command line, the tests and the documentation use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd

from fairrun.training.mitigation.adversarial_debiasing import fit_adversarial_debiasing
from fairrun.training.mitigation.calibrated_equalized_odds import (
    COSTS,
    fit_calibrated_equalized_odds,
)
from fairrun.training.mitigation.constraints import ConstraintOf, constraint_text, states
from fairrun.training.mitigation.correlation_remover import fit_correlation_remover
from fairrun.training.mitigation.disparate_impact_remover import fit_disparate_impact_remover
from fairrun.training.mitigation.equalized_odds import fit_equalized_odds
from fairrun.training.mitigation.exponentiated_gradient import (
    REDUCTION_CONSTRAINTS,
    fit_exponentiated_gradient,
)
from fairrun.training.mitigation.fitted import Fitted, TrainingMatrix
from fairrun.training.mitigation.grid_search import fit_grid_search
from fairrun.training.mitigation.group_thresholds import fit_group_thresholds
from fairrun.training.mitigation.learning_fair_representation import (
    fit_learning_fair_representation,
)
from fairrun.training.mitigation.lp_debiaser import LP_CONSTRAINTS, fit_lp_debiaser
from fairrun.training.mitigation.meta_fair_classifier import fit_meta_fair_classifier
from fairrun.training.mitigation.ml_debiaser import fit_ml_debiaser
from fairrun.training.mitigation.prejudice_remover import fit_prejudice_remover
from fairrun.training.mitigation.reject_option_classification import (
    REJECT_OPTION_METRICS,
    fit_reject_option_classification,
)
from fairrun.training.mitigation.reweighing import fit_reweighing
from fairrun.training.mitigation.threshold_search import CONSTRAINTS, OBJECTIVES
from fairrun.training.parameters import Choice, Parameter

__all__ = [
    "MITIGATORS",
    "Mitigator",
    "constraint_table",
    "mitigator_table",
    "parameter_table",
    "weights_table",
]


@dataclass(frozen=True)
class Mitigator:
    """A row of the table of mitigators.

    Attributes
    ----------
    name : str
        holisticai's class name in snake_case.
    stage : {"none", "pre", "in", "post"}
        When the method acts: "pre" changes the training rows, "in" replaces the estimator's fit,
        "post" changes the labels that follow from the scores.
    group_at_fit, group_at_serving : bool
        Whether the method uses the protected column in training, and can use it in prediction. A
        model that does so requires the column, and has a neutral rule for nulls in it. A fitted
        rule that gives every group the same threshold does not; see `Decision.reads_group`.
    summary : str
        One sentence about the method.
    source : str
        The paper, as authors and year.
    fit : callable
        Fits the method; the parameters are passed by name. A "pre" method is called as
        ``fit(train)`` and returns a `Fitted`, an "in" method as ``fit(train, estimator)`` and
        returns a `FittedEstimator`, a "post" method as ``fit(rows)`` and returns a `Decision`. If
        `draws` is true, "pre" and "post" methods also take ``seed``; "in" methods use the
        estimator's seed.
    fitted_by : str
        The code that fits the method: "holisticai"; "fairrun, equal to holisticai" for our code
        with the same results; "fairrun, mended" for our code that corrects holisticai or makes it
        faster, as the page of the method says; "fairrun" if holisticai does not have the method.
    parameters : tuple of Parameter or Choice
        The parameters of the method.
    draws : bool
        Whether the fit uses random numbers.
    randomised : {"no", "yes", "by default"}
        Whether a prediction uses random numbers.
    wraps_estimator : bool
        Whether the method trains the estimator itself, many times.
    gives_weights : bool
        Whether the method only sets the weights of the training rows.
    weights : str
        What weights of the training rows (`TrainingMatrix.weight`, `ScoredRows.weight`) do in the
        fit; empty if the method cannot use them. Code of holisticai has no place for them.
    constraint : callable or None
        A function from the parameters to the text of a gate: what the method promises about labels.
        None if it promises nothing that a gate can check.
    """

    name: str
    stage: Literal["none", "pre", "in", "post"]
    group_at_fit: bool
    group_at_serving: bool
    summary: str
    source: str
    fit: Callable[..., Any]
    fitted_by: Literal[
        "holisticai", "fairrun, equal to holisticai", "fairrun, mended", "fairrun"
    ] = "fairrun"
    parameters: tuple[Parameter | Choice, ...] = ()
    draws: bool = False
    randomised: Literal["no", "yes", "by default"] = "no"
    wraps_estimator: bool = False
    gives_weights: bool = False
    weights: str = ""
    constraint: ConstraintOf | None = None

    @property
    def takes_weights(self) -> bool:
        """Whether the fit can use weights of the training rows."""
        return bool(self.weights)


def _meta_fair_constraint(parameters: Mapping[str, float | str]) -> str:
    return constraint_text("disparate_impact", 1 - float(parameters["tau"]))


def _fit_nothing(train: TrainingMatrix) -> Fitted:  # noqa: ARG001
    return Fitted()


_TABLE = (
    Mitigator(
        name="none",
        stage="none",
        group_at_fit=False,
        group_at_serving=False,
        summary="No mitigation; the baseline for the other methods.",
        source="",
        fit=_fit_nothing,
        weights="the estimator's loss is weighted",
    ),
    Mitigator(
        name="reweighing",
        stage="pre",
        group_at_fit=True,
        group_at_serving=False,
        summary="Weights the training rows so that label and group are independent.",
        source="Kamiran and Calders 2012",
        fitted_by="fairrun, equal to holisticai",
        fit=fit_reweighing,
        weights="shares of label and group are weighted; the estimator gets the product",
        gives_weights=True,
    ),
    Mitigator(
        name="correlation_remover",
        stage="pre",
        group_at_fit=True,
        group_at_serving=True,
        summary="Removes the linear correlation with the group from every encoded column.",
        source="Weerts et al. 2023",
        fitted_by="fairrun, equal to holisticai",
        fit=fit_correlation_remover,
        weights="means are weighted; then the estimator's loss",
        parameters=(Parameter("alpha", 1.0, 0.0, 1.0, "share of the correlation to remove"),),
    ),
    Mitigator(
        name="disparate_impact_remover",
        stage="pre",
        group_at_fit=True,
        group_at_serving=True,
        summary="Moves the feature values of both groups towards a common distribution.",
        source="Feldman et al. 2015",
        fitted_by="fairrun, mended",
        fit=fit_disparate_impact_remover,
        weights="nothing in the repair, which only needs the values; then the estimator's loss",
        parameters=(
            Parameter("repair_level", 1.0, 0.0, 1.0, "share of the distance to move the values"),
        ),
    ),
    Mitigator(
        name="learning_fair_representation",
        stage="pre",
        group_at_fit=True,
        group_at_serving=False,
        summary="Replaces each row by a mixture of prototypes, with equal shares in both groups.",
        source="Zemel et al. 2013",
        fitted_by="fairrun, mended",
        fit=fit_learning_fair_representation,
        weights="all three errors are weighted; then the estimator's loss",
        parameters=(
            Parameter("k", 10, 2, 100, "number of prototypes", integer=True),
            Parameter("Ax", 0.1, 0.0, 100.0, "weight of the reconstruction error"),
            Parameter("Ay", 1.0, 0.0, 100.0, "weight of the prediction error"),
            Parameter("Az", 50.0, 0.0, 1000.0, "weight of the difference between the groups"),
            Parameter(
                "maxiter", 100, 1, 10000, "most iterations at each smoothing level", integer=True
            ),
        ),
        draws=True,
    ),
    Mitigator(
        name="exponentiated_gradient",
        stage="in",
        group_at_fit=True,
        group_at_serving=False,
        summary="Trains a mixture of models that meets a fairness constraint on average.",
        source="Agarwal et al. 2018",
        fitted_by="holisticai",
        fit=fit_exponentiated_gradient,
        parameters=(
            Choice("constraint", tuple(REDUCTION_CONSTRAINTS), "metric to bring to parity"),
            Parameter("eps", 0.01, 1e-6, 1.0, "1 / the largest fairness penalty"),
            Parameter("max_iter", 50, 1, 1000, "largest number of training rounds", integer=True),
            Parameter("eta0", 2.0, 1e-3, 100.0, "initial step size of the penalty"),
            Choice(
                "decision",
                ("randomised", "expected"),
                "label by a random model of the mixture, or by their average",
            ),
        ),
        randomised="by default",
        wraps_estimator=True,
        constraint=states("constraint"),
    ),
    Mitigator(
        name="grid_search",
        stage="in",
        group_at_fit=True,
        group_at_serving=False,
        summary="Trains the model with many fairness penalties and keeps the best.",
        source="Agarwal et al. 2018",
        fitted_by="fairrun, mended",
        fit=fit_grid_search,
        weights="error rate, violation and each fit are weighted",
        parameters=(
            Choice("constraint", tuple(REDUCTION_CONSTRAINTS), "metric to bring to parity"),
            Parameter(
                "constraint_weight", 0.5, 0.0, 1.0, "weight of fairness in choosing the best model"
            ),
            Parameter("grid_size", 21, 1, 1000, "number of penalties to try", integer=True),
            Parameter("grid_limit", 2.0, 1e-3, 100.0, "largest fairness penalty"),
        ),
        wraps_estimator=True,
        constraint=states("constraint"),
    ),
    Mitigator(
        name="prejudice_remover",
        stage="in",
        group_at_fit=True,
        group_at_serving=True,
        summary="Trains one logistic regression per group and penalises different average scores.",
        source="Kamishima et al. 2012",
        fitted_by="fairrun, mended",
        fit=fit_prejudice_remover,
        weights="losses and mean scores are weighted",
        parameters=(
            Parameter("eta", 20.0, 0.0, 10_000.0, "weight of the fairness penalty"),
            Parameter("C", 1.0, 0.0, 1e6, "strength of the L2 penalty"),
            Parameter(
                "maxiter", 1000, 1, 100_000, "largest number of solver iterations", integer=True
            ),
        ),
    ),
    Mitigator(
        name="meta_fair_classifier",
        stage="in",
        group_at_fit=True,
        group_at_serving=False,
        summary="Fits a Gaussian model and finds its best labels with similar selection rates.",
        source="Celis et al. 2019",
        fitted_by="fairrun, mended",
        fit=fit_meta_fair_classifier,
        weights="the Gaussian, the selection rates and the accuracy are weighted",
        parameters=(
            Parameter("tau", 0.8, 0.01, 1.0, "smallest ratio of the groups' selection rates"),
        ),
        constraint=_meta_fair_constraint,
    ),
    Mitigator(
        name="adversarial_debiasing",
        stage="in",
        group_at_fit=True,
        group_at_serving=False,
        summary="Trains a network from whose score a second network cannot predict the group.",
        source="Zhang et al. 2018",
        fitted_by="fairrun, mended",
        fit=fit_adversarial_debiasing,
        parameters=(
            Parameter("adversary_loss_weight", 0.2, 0.0, 100.0, "weight of the adversary's loss"),
            Parameter("hidden_size", 128, 1, 500, "number of hidden units", integer=True),
            Parameter("dropout", 0.1, 0.0, 0.9, "share of hidden units left out of a step"),
            Parameter("learning_rate", 0.01, 1e-6, 1.0, "learning rate of both networks"),
            Parameter("batch_size", 32, 1, 100_000, "number of rows in a step", integer=True),
            Parameter("epochs", 10, 1, 1000, "number of passes over the rows", integer=True),
        ),
        draws=True,
    ),
    Mitigator(
        name="group_thresholds",
        stage="post",
        group_at_fit=True,
        group_at_serving=True,
        summary="Chooses a threshold per group: the best labels within a fairness tolerance.",
        source="Hardt et al. 2016",
        fitted_by="fairrun",
        fit=fit_group_thresholds,
        weights="rates and objective are weighted; the margin uses the effective number of rows",
        parameters=(
            Choice("constraint", tuple(CONSTRAINTS), "metric to bring to parity"),
            Parameter("tolerance", 0.05, 0.0, 0.99, "largest allowed distance from parity"),
            Choice("objective", OBJECTIVES, "metric to maximise"),
            Parameter(
                "confidence",
                0.95,
                0.5,
                0.999,
                "probability that new rows meet the tolerance; 0.5 adds no margin",
            ),
        ),
        constraint=states("constraint", "tolerance", all_values=True),
    ),
    Mitigator(
        name="equalized_odds",
        stage="post",
        group_at_fit=True,
        group_at_serving=True,
        summary="Changes labels at random so that both groups have similar error rates.",
        source="Hardt et al. 2016",
        fitted_by="fairrun, mended",
        fit=fit_equalized_odds,
        weights="error rates and the number of errors are weighted",
        randomised="yes",
        constraint=states("equalized_odds"),
    ),
    Mitigator(
        name="calibrated_equalized_odds",
        stage="post",
        group_at_fit=True,
        group_at_serving=True,
        summary="Replaces random scores of the group with the lower error by its base rate.",
        source="Pleiss et al. 2017",
        fitted_by="holisticai",
        fit=fit_calibrated_equalized_odds,
        parameters=(
            Choice("cost_constraint", COSTS, "generalised error rate to make equal"),
            Parameter("alpha", 0.5, 0.0, 1.0, "weight of the false negatives in 'weighted'"),
        ),
        randomised="yes",
    ),
    Mitigator(
        name="reject_option_classification",
        stage="post",
        group_at_fit=True,
        group_at_serving=True,
        summary="Decides in favour of the unprivileged group if a score is near the threshold.",
        source="Kamiran et al. 2012",
        fitted_by="fairrun, equal to holisticai",
        fit=fit_reject_option_classification,
        weights="all rates are weighted",
        parameters=(
            Choice("metric", REJECT_OPTION_METRICS, "metric to bring to parity"),
            Parameter("tolerance", 0.05, 0.0, 0.99, "largest allowed |metric|"),
            Parameter("num_class_thresh", 100, 1, 1000, "number of thresholds", integer=True),
            Parameter(
                "num_ROC_margin", 50, 1, 1000, "number of margins per threshold", integer=True
            ),
        ),
        constraint=states("metric", "tolerance"),
    ),
    Mitigator(
        name="lp_debiaser",
        stage="post",
        group_at_fit=True,
        group_at_serving=True,
        summary="Chooses a threshold per group, then changes labels at random to equalise errors.",
        source="Hardt et al. 2016",
        fitted_by="fairrun, mended",
        fit=fit_lp_debiaser,
        weights="thresholds, error rates and the number of errors are weighted",
        parameters=(Choice("constraint", tuple(LP_CONSTRAINTS), "metric to bring to parity"),),
        randomised="yes",
        constraint=states("constraint"),
    ),
    Mitigator(
        name="ml_debiaser",
        stage="post",
        group_at_fit=True,
        group_at_serving=True,
        summary="Shifts the scores of each group until the selection rates are similar.",
        source="Alabdulmohsin and Lučić 2021",
        fitted_by="holisticai",
        fit=fit_ml_debiaser,
        parameters=(
            Parameter("gamma", 1.0, 1e-3, 100.0, "width over which the scaled score rises to 1"),
            Parameter("eps", 0.0, 0.0, 1.0, "allowed distance between the groups"),
            Parameter(
                "sgd_steps", 10_000, 1, 1_000_000, "number of steps on random batches", integer=True
            ),
            Parameter(
                "full_gradient_epochs",
                1000,
                1,
                100_000,
                "number of steps on all rows, after those",
                integer=True,
            ),
        ),
        draws=True,
    ),
)

#: Every mitigator by name, the unmitigated model first.
MITIGATORS: Mapping[str, Mitigator] = MappingProxyType({row.name: row for row in _TABLE})


def mitigator_table() -> pd.DataFrame:
    """Return the table of mitigators for the documentation, with a row for each mitigator."""
    return pd.DataFrame(
        {
            "mitigator": f"`{mitigator.name}`",
            "stage": mitigator.stage,
            "what it does": mitigator.summary,
            "uses the group in training": "yes" if mitigator.group_at_fit else "no",
            "uses it in prediction": "yes" if mitigator.group_at_serving else "no",
            "randomised": mitigator.randomised,
            "trains the model many times": "yes" if mitigator.wraps_estimator else "no",
            "fitted by": mitigator.fitted_by,
        }
        for mitigator in MITIGATORS.values()
    )


def constraint_table() -> pd.DataFrame:
    """Return the table of mitigators with a constraint at their defaults, for the documentation."""
    return pd.DataFrame(
        {
            "mitigator": f"`{mitigator.name}`",
            "what a run checks": f"`{mitigator.constraint(_defaults(mitigator))}`",
        }
        for mitigator in MITIGATORS.values()
        if mitigator.constraint is not None
    )


def _defaults(mitigator: Mitigator) -> dict[str, float | str]:
    return {parameter.name: parameter.default for parameter in mitigator.parameters}


def weights_table() -> pd.DataFrame:
    """Return the table of mitigators and whether they take weights, for the documentation."""
    return pd.DataFrame(
        {
            "mitigator": f"`{mitigator.name}`",
            "takes weights": "yes" if mitigator.takes_weights else "no",
            "what the weights do in its fit": mitigator.weights,
        }
        for mitigator in MITIGATORS.values()
    )


def parameter_table() -> pd.DataFrame:
    """Return the table of the mitigators' parameters for the documentation."""
    return pd.DataFrame(
        {
            "mitigator": f"`{mitigator.name}`",
            "parameter": f"`{parameter.name}`",
            "default": f"{parameter.default:g}"
            if isinstance(parameter, Parameter)
            else parameter.default,
            "allowed": parameter.allowed,
            "meaning": parameter.meaning,
        }
        for mitigator in MITIGATORS.values()
        for parameter in mitigator.parameters
    )
