"""ML debiaser: each group's scores are shifted until both are selected alike."""

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
    """Fit holisticai's randomised threshold of the MLDebiaser once, and read its shifts out.

    The rule finds for each group a shift of the score 2p − 1 that brings the group's mean of the
    clipped, scaled score to the mean of all. holisticai's `transform` finds it anew on each batch
    that it is handed, and labels 1 where the result is above one half; learned once, on the
    training rows, that is one threshold for each group.

    Parameters
    ----------
    rows : ScoredRows
        Scores of models that were not fitted on these rows; those in neither group play no part.
    gamma : float
        The width over which the scaled score rises from 0 to 1.
    eps : float
        How far the groups' means may be apart.
    sgd_steps, full_gradient_epochs : int
        Steps of the two descents.
    seed : int
        Seeds the batches of the first.

    Returns
    -------
    GroupThresholds
        Pooled: of both groups together.

    Raises
    ------
    RequestError
        If a group has rows of one label only.

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

    def thresholds(codes: np.ndarray) -> list[float]:
        algorithm = RandomizedThresholdAlgorithm(**told)
        algorithm.fit(scores, codes)
        halves = algorithm.lambdas - algorithm.mus + gamma / 2
        return [between_scores(rows.log_odds, log_odds_of((half + 1) / 2)) for half in halves]

    with _global_seed(seed):
        of_a, of_b = thresholds(np.where(groups[known] == GROUP_A, GROUP_A, GROUP_B))
        (pooled,) = thresholds(np.zeros(len(scores), dtype=np.int64))
    return GroupThresholds(rows.by_value(np.array(of_a), np.array(of_b), np.array(pooled)))


@contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    """Seed numpy's global generator, which holisticai draws from, and put it back afterwards."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
