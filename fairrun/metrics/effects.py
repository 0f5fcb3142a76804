"""What a mitigator changes: its labels against those of `none` and of the majority label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from fairrun.groups import ProtectedColumn
from fairrun.metrics.bias import BIAS_METRICS
from fairrun.metrics.closed_form import normal_quantile
from fairrun.metrics.compare import paired_rows
from fairrun.metrics.grouping import everybody, group_a_and_b, values_of
from fairrun.metrics.rates import FloatArray, Rate, accuracy, divide
from fairrun.metrics.weighted import AnyCounts, WeightedCounts
from fairrun.text import with_percent

__all__ = [
    "FEW_CHANGES",
    "FEW_ROWS",
    "Effect",
    "EffectKind",
    "compare_with_none",
    "effect_kinds",
    "effect_sentence",
    "majority_label",
    "over_majority",
    "with_enough_rows",
]

#: Below this share of changed labels, a method is no different from none if no interval shows a
#: difference.
FEW_CHANGES = 0.01
#: A group with fewer rows in the denominator of a rate is not compared, as in a gate.
FEW_ROWS = 30

#: Whether a prediction is right, by label and prediction.
_RIGHT = np.eye(2)
#: A difference with the limits of its interval.
_Difference = tuple[float, float, float]


class EffectKind(StrEnum):
    """What a run says about the effect of a mitigator, the most serious first."""

    BELOW_MAJORITY = "below majority"
    WORSE = "worse than none"
    SAME = "no different from none"
    CHANGED = "changed"


@dataclass(frozen=True)
class Effect:
    """The differences between the labels of a mitigated model and those of `none`.

    Attributes
    ----------
    compared : str
        The metrics whose distance from parity was compared, joined by "and".
    metrics : dict of str to float
        accuracy_over_none and distance_over_none (the differences of the accuracy and of the
        distance from parity) with their limits, and labels_changed (the share of rows with another
        label).
    accuracies, distances : tuple of float
        The accuracy and the distance from parity of the model, and then of none.
    """

    compared: str
    metrics: dict[str, float]
    accuracies: tuple[float, float]
    distances: tuple[float, float]

    @property
    def is_worse(self) -> bool:
        """Whether the model is worse than none in both accuracy and distance from parity.

        Both estimates must be worse, and at least one of the two paired intervals excludes 0.
        """
        found = self.metrics
        worse = found["accuracy_over_none"] < 0 < found["distance_over_none"]
        shown = found["accuracy_over_none_ci_high"] < 0 or found["distance_over_none_ci_low"] > 0
        return worse and shown

    @property
    def is_none(self) -> bool:
        """Whether the model is no different from none.

        Either no label changed, or fewer than `FEW_CHANGES` did and no paired interval excludes 0.
        """
        found = self.metrics
        if found["labels_changed"] == 0:
            return True
        shown = any(
            found[f"{name}_ci_low"] > 0 or found[f"{name}_ci_high"] < 0
            for name in ("accuracy_over_none", "distance_over_none")
        )
        return found["labels_changed"] < FEW_CHANGES and not shown


def majority_label(counts: AnyCounts) -> tuple[int, float]:
    """Return the more frequent label of rows, and its share.

    Examples
    --------
    >>> from fairrun.metrics import Counts
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> majority_label(Counts((sex,), [[[5, 1], [0, 2]], [[0, 0]] * 2, [[0, 0]] * 2]))
    (0, 0.75)
    """
    of_label = counts.total.sum(axis=1)
    label = int(of_label.argmax())
    return label, float(divide(of_label[label], of_label.sum()))


def over_majority(counts: AnyCounts, *, confidence: float = 0.95) -> dict[str, float]:
    """Return how much more accurate predictions are than the majority label for every row.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the rows.
    confidence : float, default 0.95
        Confidence level of the interval. It is paired and takes the majority label as given.

    Returns
    -------
    dict of str to float
        accuracy_over_majority and its limits.

    References
    ----------
    Bonett and Price (2012), "Adjusted Wald confidence interval for a difference of binomial
    proportions based on paired data", Journal of Educational and Behavioral Statistics 37.

    Examples
    --------
    >>> from fairrun.metrics import Counts
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> found = over_majority(Counts((sex,), [[[40, 10], [5, 5]], [[30, 5], [0, 5]], [[0, 0]] * 2]))
    >>> {name: round(value, 2) for name, value in found.items()}
    {'accuracy_over_majority': -0.05, 'accuracy_over_majority_ci_low': -0.15,
    'accuracy_over_majority_ci_high': 0.05}
    """
    label, _ = majority_label(counts)
    cells = counts.cells.sum(axis=0)
    sums, squares = (
        np.moveaxis(cells, -1, 0)[:2] if isinstance(counts, WeightedCounts) else (cells, cells)
    )
    by_majority = (np.arange(2) == label)[:, None]
    difference = _paired_difference(_RIGHT - by_majority, sums, squares, confidence)
    return _named("accuracy_over_majority", difference)


def effect_kinds(counts: AnyCounts, effect: Effect | None) -> list[EffectKind]:
    """Return what holds of a model, the most serious first.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the model's labels.
    effect : Effect or None
        The comparison with none; None if there is none, as for the model `none` itself.

    Returns
    -------
    list of EffectKind
        "below majority" if the accuracy is below the share of the majority label, "worse than none"
        by `Effect.is_worse`, "no different from none" by `Effect.is_none`; or else "changed". Empty
        if nothing is known.
    """
    kinds = []
    if over_majority(counts)["accuracy_over_majority"] < 0:
        kinds.append(EffectKind.BELOW_MAJORITY)
    if effect is not None and effect.is_worse:
        kinds.append(EffectKind.WORSE)
    if effect is not None and effect.is_none:
        kinds.append(EffectKind.SAME)
    return kinds or ([] if effect is None else [EffectKind.CHANGED])


def effect_sentence(
    kind: EffectKind, mitigator: str, counts: AnyCounts, effect: Effect | None = None
) -> str:
    """Return what holds of a model as a sentence without a full stop; empty for "changed".

    Examples
    --------
    >>> from fairrun.metrics import Counts
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> counts = Counts((sex,), [[[40, 10], [5, 5]], [[30, 5], [0, 5]], [[0, 0]] * 2])
    >>> effect_sentence(EffectKind.BELOW_MAJORITY, "equalized_odds", counts)
    'equalized_odds is less accurate than giving every row the label 0 (0.800 against 0.850)'
    """
    if kind is EffectKind.BELOW_MAJORITY:
        label, share = majority_label(counts)
        accuracy = share + over_majority(counts)["accuracy_over_majority"]
        return (
            f"{mitigator} is less accurate than giving every row the label {label} "
            f"({accuracy:.3f} against {share:.3f})"
        )
    if effect is None or kind is EffectKind.CHANGED:
        return ""
    if kind is EffectKind.WORSE:
        (ours, of_none), (further, of_plain) = effect.accuracies, effect.distances
        return (
            f"{mitigator} is less accurate than none ({ours:.3f} against {of_none:.3f}) and "
            f"further from parity in {effect.compared} ({further:.3f} against {of_plain:.3f})"
        )
    changed = effect.metrics["labels_changed"]
    if changed == 0:
        return f"{mitigator} changes no label: every row gets the same one as with none"
    return (
        f"{mitigator} is no different from none: it changes {with_percent(changed)} of the labels, "
        f"and the rows show no difference in accuracy or {effect.compared}"
    )


def compare_with_none(
    protected: ProtectedColumn,
    positions: ArrayLike,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    y_pred_none: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    metrics: Sequence[str] = ("statistical_parity",),
    all_values: bool = False,
    confidence: float = 0.95,
    n_replicates: int = 2000,
    seed: int = 0,
) -> Effect:
    """Compare the labels of a mitigated model with those of `none` on the same rows.

    The distance from parity is |a − b|, or |log(a / b)| for a ratio; the largest one of several
    metrics and pairs. Groups with fewer than `FEW_ROWS` rows in a denominator are left out.

    The differences and their intervals are those of `compare_predictions`, with the mitigated model
    as model A and none as model B.

    Parameters
    ----------
    protected : ProtectedColumn
        The protected column.
    positions : array of int of shape (n_rows,)
        The position of each row's value in the column's `values`; −1 if it has none of them.
    y_true, y_pred, y_pred_none : array of shape (n_rows,)
        The labels, and the predictions of the mitigated model and of none, 0 or 1.
    weight : array of shape (n_rows,), optional
        The weights of the rows.
    metrics : sequence of str
        Names in `BIAS_METRICS` of differences or ratios of rates: the constrained metrics.
    all_values : bool
        Whether every pair of values is compared, or only group_a with group_b.
    confidence : float, default 0.95
        Confidence level of each interval.
    n_replicates, seed : int
        The number of draws, and the seed of their random numbers.

    Returns
    -------
    Effect

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> of_sex, label = np.repeat([0, 1], 100), np.tile([0, 1, 1, 0], 50)
    >>> found = compare_with_none(sex, of_sex, label, 0 * label, label)
    >>> found.metrics["accuracy_over_none"], found.metrics["labels_changed"], found.is_worse
    (-0.5, 0.5, False)
    """
    rows = paired_rows([protected], [positions], y_true, y_pred, y_pred_none, weight=weight)
    estimates = partial(rows.estimates, confidence=confidence, n_replicates=n_replicates, seed=seed)
    whole = estimates(everybody([protected]))
    of_accuracy = whole.rate(accuracy).take(0)
    over_none = (float(of_accuracy.value), float(of_accuracy.low), float(of_accuracy.high))
    grouping = (values_of if all_values else group_a_and_b)([protected], protected.name)
    groups = estimates(grouping)
    rates = [rate for name in metrics for rate in BIAS_METRICS[name].rates]
    places = with_enough_rows(groups.moments, rates)
    distances, further = (np.nan, np.nan), (np.nan, np.nan, np.nan)
    if len(places) > 1:
        found = groups.distance(metrics, places)
        distances = (float(found.model_a), float(found.model_b))
        further = (float(found.value), float(found.low), float(found.high))
    total = whole.moments[0, ..., 0].sum(axis=0)
    named = _named("accuracy_over_none", over_none) | _named("distance_over_none", further)
    changed = float(divide(total[0, 1] + total[1, 0], total.sum()))
    return Effect(
        " and ".join(metrics),
        named | {"labels_changed": changed},
        (float(of_accuracy.model_a), float(of_accuracy.model_b)),
        distances,
    )


def with_enough_rows(moments: FloatArray, rates: Sequence[Rate]) -> list[int]:
    """Return the positions of the groups with at least `FEW_ROWS` rows in each of some rates.

    Parameters
    ----------
    moments : array of shape (n_groups, 2, 2, 2, 3)
        See `PairedEstimates`. Of weighted rows, the effective number counts.
    rates : sequence of Rate
        The rates.
    """
    effective = _effective(moments).sum(axis=-1)
    fewest = np.min([rate.size(effective) for rate in rates], axis=0)
    return [int(place) for place in np.flatnonzero(fewest >= FEW_ROWS)]


def _named(name: str, difference: _Difference) -> dict[str, float]:
    names = (name, f"{name}_ci_low", f"{name}_ci_high")
    return dict(zip(names, difference, strict=True))


def _paired_difference(
    better: FloatArray, sums: FloatArray, squares: FloatArray, confidence: float
) -> _Difference:
    """Return the mean over all rows of a number that is −1, 0 or 1, with its limits.

    `better` has the number of each cell. `sums` and `squares` have its Σw and Σw².
    """
    total = sums.sum()
    if not total > 0:
        return (np.nan, np.nan, np.nan)
    n = total**2 / squares.sum()
    wins, losses = ((sums[np.sign(better) == sign].sum() / total) for sign in (1, -1))
    # Bonett and Price (2012), formula 9: one row is added to each of the two discordant cells.
    p, q = ((n * share + 1) / (n + 2) for share in (wins, losses))
    margin = normal_quantile(confidence) * np.sqrt((p + q - (p - q) ** 2) / (n + 2))
    value = float(wins - losses)
    return value, min(value, float(p - q - margin)), max(value, float(p - q + margin))


def _effective(moments: FloatArray) -> FloatArray:
    """Return tables with the shares of Σw, each of which sums to its effective rows."""
    sums, squares = moments[..., 0], moments[..., 1]
    size, of_squares = (t.sum(axis=(-3, -2, -1), keepdims=True) for t in (sums, squares))
    return np.asarray(np.nan_to_num(sums * divide(size, of_squares)))
