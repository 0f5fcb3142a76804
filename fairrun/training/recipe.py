"""Fits mitigators and estimator in their order, and the decision on out-of-fold scores."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.groups import group_shares
from fairrun.inference import Chain, Decision, GroupLookup, Scorer, Threshold, Transform
from fairrun.training.estimators import Estimator
from fairrun.training.mitigation import Mitigation, ScoredRows, TrainingMatrix
from fairrun.training.resampling import Resample, resample_rows

__all__ = ["FOLDS", "Recipe", "deal_folds", "fit_recipe"]

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

    def to_parameters(self) -> dict[str, object]:
        """Return every resolved parameter under the name that a run logs it by.

        Examples
        --------
        >>> from fairrun.groups import Protected
        >>> from fairrun.training import FairClassifier
        >>> recipe = FairClassifier(Protected("sex", "M"), estimator_params={"C": 0.5}).recipe()
        >>> recipe.to_parameters()["estimator.C"]
        0.5
        """
        of_mitigator = {"name": self.mitigation.name, **self.mitigation.parameters}
        of_estimator = {
            "name": self.estimator.row.name,
            **self.estimator.parameters,
            "class_weight": self.estimator.class_weight,
            "resample": self.resample,
            "seed": self.seed,
        }
        return {f"mitigator.{name}": value for name, value in of_mitigator.items()} | {
            f"estimator.{name}": value for name, value in of_estimator.items()
        }

    @property
    def key(self) -> str:
        """All that the fit up to the post-processor depends on, as text."""
        steps = {stage: step for stage, step in self.mitigation.steps.items() if stage != "post"}
        named = {step.mitigator.name: step.parameters for step in steps.values()}
        estimator = self.estimator
        fitted = (estimator.row.name, estimator.parameters, estimator.class_weight, estimator.seed)
        return repr((named, fitted, self.resample, self.seed))


def fit_recipe(
    recipe: Recipe,
    train: TrainingMatrix,
    positions: NDArray[np.intp],
    lookup: GroupLookup,
    memory: MutableMapping[str, Any] | None = None,
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
    memory : mutable mapping, optional
        Keeps what was fitted before the post-processor, for recipes of the same training rows that
        differ in nothing else.

    Returns
    -------
    transform : Transform or None
        What is done to the encoded matrix.
    scorer : Scorer
        The encoded matrix to log-odds.
    decision : Decision
        Log-odds to the label.
    """
    memory = {} if memory is None else memory
    key = recipe.key
    if key not in memory:
        memory[key] = _fit_scorer(recipe, train)
    transform, scorer, decision = memory[key]
    post = recipe.mitigation.steps.get("post")
    if post is None:
        return transform, scorer, decision
    if (out_of_fold := f"out-of-fold {key}") not in memory:
        memory[out_of_fold] = _out_of_fold(recipe, train, scorer)
    rows = ScoredRows(memory[out_of_fold], train.label, positions, lookup)
    drawing = {"seed": recipe.seed} if post.mitigator.draws else {}
    return transform, scorer, post.mitigator.fit(rows, **drawing, **post.parameters)


def _fit_scorer(
    recipe: Recipe, train: TrainingMatrix, start: Scorer | None = None
) -> tuple[Transform | None, Scorer, Decision]:
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
    return transform, recipe.estimator.fit(train.matrix, train.label, weight, start), Threshold()


def _out_of_fold(recipe: Recipe, train: TrainingMatrix, start: Scorer) -> NDArray[np.float64]:
    fold = deal_folds(train.label, train.groups, FOLDS, recipe.seed)
    log_odds = np.empty(len(train.label))
    for number in range(FOLDS):
        _logger.info("  fold %d of %d", number + 1, FOLDS)
        held_out = fold == number
        transform, scorer, _ = _fit_scorer(recipe, train.take(~held_out), start)
        matrix = train.matrix[held_out]
        if transform is not None:
            matrix = transform.apply(matrix, train.groups[held_out])
        log_odds[held_out] = scorer.score(matrix)
    return log_odds


def deal_folds(
    label: NDArray[np.int64], groups: NDArray[np.int8], n_folds: int, seed: int
) -> NDArray[np.intp]:
    """Deal the rows of each label and group out in turn, after a shuffle.

    Parameters
    ----------
    label : ndarray of int64, shape (n_rows,)
        0 or 1.
    groups : ndarray of int8, shape (n_rows,)
        0 for group_a, 1 for group_b, −1 for neither.
    n_folds : int
        How many folds.
    seed : int
        Seeds the shuffle.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        The fold of each row, from 0.

    Examples
    --------
    >>> deal_folds(np.array([0, 0, 1, 1]), np.zeros(4, np.int8), n_folds=2, seed=0).sum().item()
    2
    """
    order = np.random.default_rng(seed).permutation(len(label))
    strata = 3 * label[order] + groups[order]
    order = order[np.argsort(strata, kind="stable")]
    fold = np.empty(len(order), dtype=np.intp)
    fold[order] = np.arange(len(order)) % n_folds
    return fold
