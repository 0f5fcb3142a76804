"""Exponentiated gradient: a mixture of estimators that meets a constraint on average."""

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

#: Our names of the constraints, and holisticai's.
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
    """Fit holisticai's ExponentiatedGradientReduction, and read its mixture out.

    A game of two players: one fits the estimator to reweighed and relabelled rows, the other
    raises the price of the constraint that is violated most. The answer is the mixture of some of
    the fitted estimators that is best on average.

    Parameters
    ----------
    train : TrainingMatrix
        The training rows; those in neither group are left out.
    estimator : Estimator
        What is fitted in each round.
    constraint : str
        A name of `REDUCTION_CONSTRAINTS`: which rate is to be alike in both groups.
    eps : float
        1 / eps bounds the price of a violation: a smaller one holds the constraint tighter.
    max_iter : int
        At most so many rounds.
    eta0 : float
        How fast the price rises.
    decision : {"randomised", "expected"}
        The label of a member drawn for each row, as it was fitted; or 1 where the expected
        probability is above one half, which is no longer what the constraint was met with.

    Returns
    -------
    FittedEstimator
        With a `MixtureScorer`.

    References
    ----------
    A. Agarwal, A. Beygelzimer, M. Dudík, J. Langford and H. Wallach, "A reductions approach to fair
    classification", ICML 2018, algorithm 1.
    """
    from holisticai.bias.mitigation import ExponentiatedGradientReduction

    train = train.take(train.groups != NEITHER)
    reduction = ExponentiatedGradientReduction(
        constraints=REDUCTION_CONSTRAINTS[constraint],
        eps=eps,
        max_iter=max_iter,
        eta0=eta0,
        estimator=estimator.make(train.matrix.shape[1]),
        seed=estimator.seed,
    )
    # holisticai's own use of pandas, thousands of times.
    with few_threads(len(train.label)), warnings.catch_warnings(action="ignore"):
        reduction.fit(train.matrix, train.label, train.groups == GROUP_A, train.groups == GROUP_B)
    weights = reduction.model_.weights_
    kept = weights[weights > 0].sort_index()
    # holisticai keeps each member as a closure over the fitted estimator.
    members = [
        inspect.getclosurevars(reduction.model_._hs[place]).nonlocals["classifier"]
        for place in kept.index
    ]
    mixture = MixtureScorer(
        tuple(estimator.row.read(member) for member in members),
        np.asarray(kept, dtype=np.float64) / kept.sum(),
    )
    return FittedEstimator(mixture, MemberVote() if decision == "randomised" else None)
