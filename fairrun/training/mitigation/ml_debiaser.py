"""Fit the ML debiaser: the scores of each group are shifted to make selection rates similar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from fairrun.inference import GROUP_A, GROUP_B, NEITHER, GroupThresholds, sigmoid
from fairrun.training.mitigation.fitted import ScoredRows, check_both_labels
from fairrun.training.mitigation.thresholds import between_scores, log_odds_of

__all__ = ["fit_ml_debiaser"]


def fit_ml_debiaser(
    rows: ScoredRows,
    *,
    gamma: float = 1.0,
    eps: float = 0.0,
    sgd_steps: int = 10_000,
    full_gradient_epochs: int = 1000,
    seed: int = 0,
) -> GroupThresholds:
    """Fit the randomised threshold of holisticai's MLDebiaser and keep its shifts.

    The method shifts the score 2p − 1 of each group so that the group's mean of the clipped and
    scaled score becomes the mean of all rows. The label is 1 if the result is above one half.
    holisticai's `transform` computes the shifts anew for each batch. Here they are computed once,
    on the training rows, and amount to one threshold for each group.

    Parameters
    ----------
    rows : ScoredRows
        The training rows with their out-of-fold scores. Rows in neither group have no effect.
    gamma : float
        The width over which the scaled score rises from 0 to 1.
    eps : float
        The allowed distance between the groups' means.
    sgd_steps, full_gradient_epochs : int
        The number of steps of the stochastic gradient descent, and of the gradient descent on all
        rows that follows it.
    seed : int
        The seed of the batches of the stochastic gradient descent.

    Returns
    -------
    GroupThresholds
        The threshold of rows in neither group is fitted on both groups together.

    Raises
    ------
    RequestError
        If all labels of a group are equal.

    References
    ----------
    I. Alabdulmohsin and M. Lučić, "A near-optimal algorithm for debiasing trained machine learning
    models", NeurIPS 2021, algorithm 1.
    """
    from holisticai.bias.mitigation.postprocessing.ml_debiaser.randomized_threshold.algorithm import (  # noqa: E501
        RandomizedThresholdAlgorithm,
    )

    check_both_labels("ml_debiaser", rows)
    groups = rows.groups
    known = groups != NEITHER
    scores = 2 * sigmoid(rows.log_odds[known]) - 1
    told = {
        "gamma": gamma,
        "eps": eps,
        "sgd_steps": sgd_steps,
        "full_gradient_epochs": full_gradient_epochs,
        "verbose": False,
    }

    def thresholds(of_rows: np.ndarray) -> list[float]:
        algorithm = RandomizedThresholdAlgorithm(**told)
        algorithm.fit(scores, of_rows)
        halves = algorithm.lambdas - algorithm.mus + gamma / 2
        return [between_scores(rows.log_odds, log_odds_of((half + 1) / 2)) for half in halves]

    with _global_seed(seed):
        of_a, of_b = thresholds(np.where(groups[known] == GROUP_A, GROUP_A, GROUP_B))
        (pooled,) = thresholds(np.zeros(len(scores), dtype=np.int64))
    return GroupThresholds(rows.by_value(np.array(of_a), np.array(of_b), np.array(pooled)))


@contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    """Seed numpy's global generator, which holisticai uses, and restore its state afterwards."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
