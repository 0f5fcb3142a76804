"""The table of mitigators: command line, tests and documentation all read it."""

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

__all__ = ["MITIGATORS", "Mitigator", "mitigator_table", "parameter_table"]


@dataclass(frozen=True)
class Mitigator:
    """A row of the table.

    Attributes
    ----------
    name : str
        holisticai's class name in snake_case.
    stage : {"none", "pre", "in", "post"}
        Where it acts: on the rows before the estimator is fitted, in its place, or on its scores.
    group_at_fit, group_at_serving : bool
        Whether it reads the group when it is fitted, and to answer a row. A rule that reads it
        needs the protected column; for a null in it, it has a neutral rule.
    summary : str
        One sentence.
    source : str
        The paper.
    fitted_by : str
        Whose code fits it: `holisticai`; `fairrun, equal to holisticai`, where our code gives the
        same; `fairrun, mended`, where holisticai's is slow or wrong, as the method's page says;
        `fairrun`, where holisticai has no such method.
    parameters : tuple of Parameter or Choice
        What it takes.
    fit : callable
        By stage, with the parameters by name: `fit(train)` gives a `Fitted`,
        `fit(train, estimator)` a `FittedEstimator`, `fit(rows)` a `Decision`. A pre- or
        post-processor that draws takes `seed` as well; an in-processor has the estimator's.
    draws : bool
        Whether its fit draws random numbers.
    randomised : {"no", "yes", "by default"}
        Whether a label is drawn when a row is answered.
    wraps_estimator : bool
        Whether it fits the estimator itself, many times.
    gives_weights : bool
        Whether it acts through the weights of the training rows.
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


def _fit_nothing(train: TrainingMatrix) -> Fitted:  # noqa: ARG001
    return Fitted()


_TABLE = (
    Mitigator(
        name="none",
        stage="none",
        group_at_fit=False,
        group_at_serving=False,
        summary="The unmitigated model, with which the others are compared.",
        source="",
        fit=_fit_nothing,
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
        parameters=(
            Parameter("alpha", 1.0, 0.0, 1.0, "how much of the correlation is taken away"),
        ),
    ),
    Mitigator(
        name="disparate_impact_remover",
        stage="pre",
        group_at_fit=True,
        group_at_serving=True,
        summary="Moves the values of each group towards a distribution that the groups share.",
        source="Feldman et al. 2015",
        fitted_by="fairrun, equal to holisticai",
        fit=fit_disparate_impact_remover,
        parameters=(Parameter("repair_level", 1.0, 0.0, 1.0, "how far the values are moved"),),
    ),
    Mitigator(
        name="learning_fair_representation",
        stage="pre",
        group_at_fit=True,
        group_at_serving=False,
        summary="Replaces each row by a mixture of prototypes that both groups use equally.",
        source="Zemel et al. 2013",
        fitted_by="fairrun, mended",
        fit=fit_learning_fair_representation,
        parameters=(
            Parameter("k", 10, 2, 100, "the number of prototypes", integer=True),
            Parameter("Ax", 0.1, 0.0, 100.0, "the weight of reconstruction"),
            Parameter("Ay", 1.0, 0.0, 100.0, "the weight of prediction"),
            Parameter("Az", 50.0, 0.0, 1000.0, "the weight of parity"),
            Parameter("maxiter", 100, 1, 10000, "iterations at each smoothing", integer=True),
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
            Choice("constraint", tuple(REDUCTION_CONSTRAINTS), "which rates are to be alike"),
            Parameter("eps", 0.01, 1e-6, 1.0, "1 / the largest price of a violation"),
            Parameter("max_iter", 50, 1, 1000, "the rounds", integer=True),
            Parameter("eta0", 2.0, 1e-3, 100.0, "how fast the price rises"),
            Choice("decision", ("randomised", "expected"), "how the mixture gives a label"),
        ),
        randomised="by default",
        wraps_estimator=True,
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
        parameters=(
            Choice("constraint", tuple(REDUCTION_CONSTRAINTS), "which rates are to be alike"),
            Parameter("constraint_weight", 0.5, 0.0, 1.0, "what unfairness weighs beside error"),
            Parameter("grid_size", 21, 1, 1000, "prices to try", integer=True),
            Parameter("grid_limit", 2.0, 1e-3, 100.0, "the largest price"),
        ),
        wraps_estimator=True,
    ),
    Mitigator(
        name="prejudice_remover",
        stage="in",
        group_at_fit=True,
        group_at_serving=True,
        summary="Trains one logistic regression per group and penalises unlike average scores.",
        source="Kamishima et al. 2012",
        fitted_by="fairrun, mended",
        fit=fit_prejudice_remover,
        parameters=(
            Parameter("eta", 20.0, 0.0, 10_000.0, "the weight of what they tell"),
            Parameter("C", 1.0, 0.0, 1e6, "the strength of the L2 penalty"),
            Parameter("maxiter", 1000, 1, 100_000, "iterations of the solver", integer=True),
        ),
    ),
    Mitigator(
        name="meta_fair_classifier",
        stage="in",
        group_at_fit=True,
        group_at_serving=False,
        summary="Fits a Gaussian and finds its best labels with similar selection rates.",
        source="Celis et al. 2019",
        fitted_by="fairrun, mended",
        fit=fit_meta_fair_classifier,
        parameters=(Parameter("tau", 0.8, 0.01, 1.0, "the least ratio of the rates of selection"),),
    ),
    Mitigator(
        name="adversarial_debiasing",
        stage="in",
        group_at_fit=True,
        group_at_serving=False,
        summary="Trains a network whose score hides the group from an adversary.",
        source="Zhang et al. 2018",
        fitted_by="fairrun, mended",
        fit=fit_adversarial_debiasing,
        parameters=(
            Parameter("adversary_loss_weight", 0.2, 0.0, 100.0, "what the adversary weighs"),
            Parameter("hidden_size", 128, 1, 500, "hidden units", integer=True),
            Parameter("dropout", 0.1, 0.0, 0.9, "the share of units left out of a step"),
            Parameter("learning_rate", 0.01, 1e-6, 1.0, "the length of a step"),
            Parameter("batch_size", 32, 1, 100_000, "rows of a step", integer=True),
            Parameter("epochs", 10, 1, 1000, "how often all rows are gone through", integer=True),
        ),
        draws=True,
    ),
    Mitigator(
        name="group_thresholds",
        stage="post",
        group_at_fit=True,
        group_at_serving=True,
        summary="Gives each group its own threshold: the best labels within a tolerance.",
        source="Hardt et al. 2016",
        fitted_by="fairrun",
        fit=fit_group_thresholds,
        parameters=(
            Choice("constraint", tuple(CONSTRAINTS), "what is to be alike in all groups"),
            Parameter("tolerance", 0.05, 0.0, 0.99, "the largest distance from parity"),
            Choice("objective", OBJECTIVES, "what the thresholds make as large as they can"),
            Parameter("confidence", 0.95, 0.5, 0.999, "that it holds on new rows; 0.5: no margin"),
        ),
    ),
    Mitigator(
        name="equalized_odds",
        stage="post",
        group_at_fit=True,
        group_at_serving=True,
        summary="Changes labels at random, so that the groups have similar error rates.",
        source="Hardt et al. 2016",
        fitted_by="holisticai",
        fit=fit_equalized_odds,
        randomised="yes",
    ),
    Mitigator(
        name="calibrated_equalized_odds",
        stage="post",
        group_at_fit=True,
        group_at_serving=True,
        summary="Replaces scores of the better-served group by its base rate, at random.",
        source="Pleiss et al. 2017",
        fitted_by="holisticai",
        fit=fit_calibrated_equalized_odds,
        parameters=(
            Choice("cost_constraint", COSTS, "which generalised error rate is to be equal"),
            Parameter("alpha", 0.5, 0.0, 1.0, "the weight of false negatives, where weighted"),
        ),
        randomised="yes",
    ),
    Mitigator(
        name="reject_option_classification",
        stage="post",
        group_at_fit=True,
        group_at_serving=True,
        summary="Near the threshold, decides in favour of the unprivileged group.",
        source="Kamiran et al. 2012",
        fitted_by="fairrun, equal to holisticai",
        fit=fit_reject_option_classification,
        parameters=(
            Choice("metric", REJECT_OPTION_METRICS, "what is to be small between the groups"),
            Parameter("tolerance", 0.05, 0.0, 0.99, "how small"),
            Parameter("num_class_thresh", 100, 1, 1000, "thresholds to try", integer=True),
            Parameter("num_ROC_margin", 50, 1, 1000, "margins to try with each", integer=True),
        ),
    ),
    Mitigator(
        name="lp_debiaser",
        stage="post",
        group_at_fit=True,
        group_at_serving=True,
        summary="Thresholds each group, then changes labels at random to equalise errors.",
        source="Hardt et al. 2016",
        fitted_by="holisticai",
        fit=fit_lp_debiaser,
        parameters=(Choice("constraint", tuple(LP_CONSTRAINTS), "which rates are to be alike"),),
        randomised="yes",
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
            Parameter("gamma", 1.0, 1e-3, 100.0, "the width over which a score rises to 1"),
            Parameter("eps", 0.0, 0.0, 1.0, "how far the groups may be apart"),
            Parameter("sgd_steps", 10_000, 1, 1_000_000, "steps on batches", integer=True),
            Parameter("full_gradient_epochs", 1000, 1, 100_000, "steps on all", integer=True),
        ),
        draws=True,
    ),
)

#: Every mitigator by name, the unmitigated model first.
MITIGATORS: Mapping[str, Mitigator] = MappingProxyType({row.name: row for row in _TABLE})


def mitigator_table() -> pd.DataFrame:
    """Lay the registry out for reading: one row for each mitigator."""
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


def parameter_table() -> pd.DataFrame:
    """Lay the mitigators' parameters out for reading: one row for each."""
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
