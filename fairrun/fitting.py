"""Fits mitigators and estimator in their order, and the decision on out-of-fold scores."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairrun.estimators import Estimator
from fairrun.groups import group_shares
from fairrun.inference import Chain, Decision, GroupLookup, Scorer, Threshold, Transform
from fairrun.mitigation import Mitigation, ScoredRows, TrainingMatrix
from fairrun.resampling import Resample, resample_rows

__all__ = ["FOLDS", "Recipe", "fit_recipe"]

_logger = logging.getLogger(__name__)

#: The decision is fitted on the scores of so many models, each of rows it was not fitted on.
FOLDS = 5


@dataclass(frozen=True)
class Recipe:
    """All that is done between the encoded matrix and the label.

    Attributes
    ----------
    mitigation : Mitigation
        The mitigators with their parameters.
    estimator : Estimator
        The estimator with its parameters.
    resample : {"none", "over", "under"}
        Balances the labels of the rows that mitigators and estimator are fitted on.
    seed : int
        Seeds what is drawn.
    """

    mitigation: Mitigation
    estimator: Estimator
    resample: Resample
    seed: int


def fit_recipe(
    recipe: Recipe, train: TrainingMatrix, positions: NDArray[np.intp], lookup: GroupLookup
) -> tuple[Transform | None, Scorer, Decision]:
    """Fit all of it.

    A post-processor is fitted on out-of-fold scores of the training rows, as scikit-learn's
    TunedThresholdClassifierCV does: folds by label and group, and in each everything before it is
    fitted anew on the other folds.

    Parameters
    ----------
    recipe : Recipe
        What to fit.
    train : TrainingMatrix
        The training rows.
    positions : ndarray of int, shape (n_rows,)
        Their protected values, as `GroupLookup.positions` gives them.
    lookup : GroupLookup
        The protected column.

    Returns
    -------
    transform : Transform or None
        What is done to the encoded matrix.
    scorer : Scorer
        The encoded matrix to log-odds.
    decision : Decision
        Log-odds to the label.
    """
    transform, scorer, decision = _fit_scorer(recipe, train)
    post = recipe.mitigation.steps.get("post")
    if post is None:
        return transform, scorer, decision
    rows = ScoredRows(
        _out_of_fold(recipe, train),
        train.label,
        positions,
        len(lookup.group_a),
        len(lookup.group_b),
    )
    drawing = {"seed": recipe.seed} if post.mitigator.draws else {}
    return transform, scorer, post.mitigator.fit(rows, **drawing, **post.parameters)


def _fit_scorer(recipe: Recipe, train: TrainingMatrix) -> tuple[Transform | None, Scorer, Decision]:
    train = train.take(resample_rows(train.label, recipe.resample, recipe.seed))
    weight, transform = None, None
    if pre := recipe.mitigation.steps.get("pre"):
        drawing = {"seed": recipe.seed} if pre.mitigator.draws else {}
        fitted = pre.mitigator.fit(train, **drawing, **pre.parameters)
        weight, transform = fitted.sample_weight, fitted.transform
    if transform is not None:
        matrix = transform.apply(train.matrix, train.groups)
        train = TrainingMatrix(matrix, train.label, train.groups)
    if within := recipe.mitigation.steps.get("in"):
        mixed = within.mitigator.fit(train, recipe.estimator, **within.parameters)
        if transform is not None and mixed.transform is not None:
            transform = Chain((transform, mixed.transform), group_shares(train.groups))
        else:
            transform = transform or mixed.transform
        return transform, mixed.scorer, mixed.decision or Threshold()
    return transform, recipe.estimator.fit(train.matrix, train.label, weight), Threshold()


def _out_of_fold(recipe: Recipe, train: TrainingMatrix) -> NDArray[np.float64]:
    fold = _folds(train, recipe.seed)
    log_odds = np.empty(len(train.label))
    for number in range(FOLDS):
        _logger.info("  fold %d of %d", number + 1, FOLDS)
        held_out = fold == number
        transform, scorer, _ = _fit_scorer(recipe, train.take(~held_out))
        matrix = train.matrix[held_out]
        if transform is not None:
            matrix = transform.apply(matrix, train.groups[held_out])
        log_odds[held_out] = scorer.score(matrix)
    return log_odds


def _folds(train: TrainingMatrix, seed: int) -> NDArray[np.intp]:
    """Deal the rows of each label and group out in turn, after a shuffle."""
    order = np.random.default_rng(seed).permutation(len(train.label))
    strata = 3 * train.label[order] + train.groups[order]
    order = order[np.argsort(strata, kind="stable")]
    fold = np.empty(len(order), dtype=np.intp)
    fold[order] = np.arange(len(order)) % FOLDS
    return fold
