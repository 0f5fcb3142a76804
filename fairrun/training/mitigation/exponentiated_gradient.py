"""Fit exponentiated gradient: a mixture of estimators that meets a constraint on average."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from fairrun.inference import GROUP_A, GROUP_B, NEITHER, MemberVote, MixtureScorer
from fairrun.training.estimators import Estimator, few_threads
from fairrun.training.mitigation.fitted import FittedEstimator, TrainingMatrix

__all__ = ["REDUCTION_CONSTRAINTS", "fit_exponentiated_gradient"]

#: holisticai's names of the constraints, by our names.
REDUCTION_CONSTRAINTS: Mapping[str, str] = MappingProxyType(
    {
        "statistical_parity": "DemographicParity",
        "equalized_odds": "EqualizedOdds",
        "equality_of_opportunity_difference": "TruePositiveRateParity",
        "false_positive_rate_difference": "FalsePositiveRateParity",
        "accuracy_difference": "ErrorRateParity",
    }
)


def fit_exponentiated_gradient(
    train: TrainingMatrix,
    estimator: Estimator,
    *,
    constraint: str = "statistical_parity",
    eps: float = 0.01,
    max_iter: int = 50,
    eta0: float = 2.0,
    decision: str = "randomised",
) -> FittedEstimator:
    """Fit holisticai's ExponentiatedGradientReduction and keep its mixture of estimators.

    In each round the estimator is fitted to rows whose weights and labels contain a penalty, and
    the penalty of the constraint with the largest violation is raised. If the penalty leaves one
    label, a constant takes the place of the estimator, as in fairlearn. The result is the mixture
    of the fitted estimators that is best on average.

    Parameters
    ----------
    train : TrainingMatrix
        The training rows. Rows in neither group are left out.
    estimator : Estimator
        The estimator that is fitted in each round.
    constraint : str
        A name in `REDUCTION_CONSTRAINTS`: the metric to bring to parity.
    eps : float
        1 / eps is the largest penalty. A smaller `eps` enforces the constraint more strictly.
    max_iter : int
        The largest number of rounds.
    eta0 : float
        The initial step size of the penalty.
    decision : {"randomised", "expected"}
        With "randomised", the label of a row is that of an estimator chosen at random; the mixture
        was fitted for this rule. With "expected", the label is 1 if the expected probability is
        above one half; the mixture may not meet the constraint under this rule.

    Returns
    -------
    FittedEstimator
        Its scorer is a `MixtureScorer`.

    References
    ----------
    A. Agarwal, A. Beygelzimer, M. Dudík, J. Langford and H. Wallach, "A reductions approach to fair
    classification", ICML 2018, algorithm 1.
    """
    from holisticai.bias.mitigation import ExponentiatedGradientReduction

    from fairrun.training.or_constant import OrConstant

    train = train.take(train.groups != NEITHER)
    n_columns = train.matrix.shape[1]
    reduction = ExponentiatedGradientReduction(
        constraints=REDUCTION_CONSTRAINTS[constraint],
        eps=eps,
        max_iter=max_iter,
        eta0=eta0,
        estimator=OrConstant(estimator.make(n_columns)),
        seed=estimator.seed,
    )
    # holisticai's use of pandas raises thousands of warnings that a user cannot act on.
    with few_threads(len(train.label)), warnings.catch_warnings(action="ignore"):
        reduction.fit(train.matrix, train.label, train.groups == GROUP_A, train.groups == GROUP_B)
    weights = reduction.model_.weights_
    kept = weights[weights > 0].sort_index()
    # holisticai stores each member of the mixture as a closure over the fitted estimator.
    members = [
        inspect.getclosurevars(reduction.model_._hs[place]).nonlocals["classifier"]
        for place in kept.index
    ]
    mixture = MixtureScorer(
        tuple(estimator.read(member, n_columns) for member in members),
        np.asarray(kept, dtype=np.float64) / kept.sum(),
    )
    return FittedEstimator(mixture, MemberVote() if decision == "randomised" else None)
