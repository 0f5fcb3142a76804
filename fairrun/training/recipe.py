"""Fit mitigators and estimator in order, and a post-processor on out-of-fold scores."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.inference import Chain, Decision, GroupLookup, Scorer, Threshold, Transform
from fairrun.training.estimators import Estimator
from fairrun.training.mitigation import MITIGATORS, Mitigation, ScoredRows, TrainingMatrix
from fairrun.training.mitigation.simplest import simplest_rule
from fairrun.training.resampling import Resample, resample_rows

__all__ = ["FOLDS", "Recipe", "deal_folds", "fit_recipe"]

_logger = logging.getLogger(__name__)

#: The number of cross-validation folds that give the scores on which a post-processor is fitted.
FOLDS = 5


@dataclass(frozen=True)
class Recipe:
    """The checked settings of a fit: mitigators, estimator, resampling and seed.

    Attributes
    ----------
    mitigation : Mitigation
        The mitigators with their parameters.
    estimator : Estimator
        The estimator with its parameters.
    resample : {"none", "over", "under"}
        How the labels are balanced in the rows that mitigators and estimator are fitted on.
    seed : int
        The seed of all random numbers.
    """

    mitigation: Mitigation
    estimator: Estimator
    resample: Resample
    seed: int

    def to_parameters(self) -> dict[str, object]:
        """Return every parameter by the name under which a run logs it.

        The names start with ``mitigator.`` or ``estimator.``.

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

    def check_weights(self) -> None:
        """Raise RequestError if a part of the recipe cannot use weights of rows."""
        refused = [
            s.mitigator for s in self.mitigation.steps.values() if not s.mitigator.takes_weights
        ]
        if refused:
            takers = [name for name, each in MITIGATORS.items() if each.takes_weights]
            raise RequestError(
                f"mitigator={refused[0].name} cannot use weights; leave weight out, or take one of "
                f"{', '.join(takers)}"
            )
        if self.resample != "none":
            raise RequestError(
                f"resample={self.resample} cannot use weights, because it counts rows; leave it "
                "out, or give class_weight=balanced, which balances the weighted labels"
            )

    @property
    def key(self) -> str:
        """Text that is equal for two recipes if they differ only in the post-processor.

        Such recipes share their scores on the same training rows; see `fit_recipe`.
        """
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
    """Fit the mitigators and the estimator of a recipe.

    A post-processor is fitted on out-of-fold scores of the training rows, as in scikit-learn's
    TunedThresholdClassifierCV. The rows are dealt into `FOLDS` folds by label and group. For each
    fold, the other mitigators and the estimator are fitted on the other folds.

    Parameters
    ----------
    recipe : Recipe
        The checked settings.
    train : TrainingMatrix
        The training rows. If they have weights, every fit uses them; see `Recipe.check_weights`.
    positions : array of int of shape (n_rows,)
        The position of each row's protected value, as `GroupLookup.positions` returns it.
    lookup : GroupLookup
        The protected values and their groups.
    memory : mutable mapping, optional
        Stores scorers and out-of-fold scores. Pass the same mapping to fits on the same training
        rows, so that recipes that differ only in the post-processor fit these once.

    Returns
    -------
    transform : Transform or None
        The change of the encoded matrix before it is scored.
    scorer : Scorer
        The function from the encoded matrix to log-odds.
    decision : Decision
        The rule from log-odds to labels.
    """
    memory = {} if memory is None else memory
    key = f"{recipe.key} {lookup}"  # a lookup without rare values gives other groups
    if key not in memory:
        memory[key] = _fit_scorer(recipe, train)
    transform, scorer, decision = memory[key]
    post = recipe.mitigation.steps.get("post")
    if post is None:
        return transform, scorer, decision
    if (out_of_fold := f"out-of-fold {key}") not in memory:
        memory[out_of_fold] = _out_of_fold(recipe, train, scorer)
    rows = ScoredRows(memory[out_of_fold], train.label, positions, lookup, train.weight)
    drawing = {"seed": recipe.seed} if post.mitigator.draws else {}
    fitted = post.mitigator.fit(rows, **drawing, **post.parameters)
    return transform, scorer, simplest_rule(fitted, rows.log_odds)


def _fit_scorer(
    recipe: Recipe, train: TrainingMatrix, start: Scorer | None = None
) -> tuple[Transform | None, Scorer, Decision]:
    train = train.take(resample_rows(train.label, recipe.resample, recipe.seed))
    weight, transform = train.weight, None
    if pre := recipe.mitigation.steps.get("pre"):
        drawing = {"seed": recipe.seed} if pre.mitigator.draws else {}
        fitted = pre.mitigator.fit(train, **drawing, **pre.parameters)
        weight = train.weight if fitted.sample_weight is None else fitted.sample_weight
        transform = fitted.transform
    if transform is not None:
        matrix = transform.apply(train.matrix, train.groups)
        train = TrainingMatrix(matrix, train.label, train.groups, train.weight)
    if within := recipe.mitigation.steps.get("in"):
        mixed = within.mitigator.fit(train, recipe.estimator, **within.parameters)
        if transform is not None and mixed.transform is not None:
            transform = Chain((transform, mixed.transform), train.shares)
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
    """Assign rows to folds so that each fold has nearly equal shares of every label and group.

    The rows are shuffled and sorted by label and group, and then dealt to the folds in turn.

    Parameters
    ----------
    label : array of int64 of shape (n_rows,)
        0 or 1.
    groups : array of int8 of shape (n_rows,)
        0 for group_a, 1 for group_b, −1 for neither.
    n_folds : int
        The number of folds.
    seed : int
        The seed of the shuffle.

    Returns
    -------
    array of int of shape (n_rows,)
        The fold of each row, counted from 0.

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
