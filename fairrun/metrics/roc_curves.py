"""The area between the ROC curves of two groups (ABROCA)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fairrun.metrics.bounded_means import kish_size, limits_of_difference
from fairrun.metrics.rates import FloatArray
from fairrun.metrics.scores import check_score_weights, check_scores, roc_auc

__all__ = ["Scored", "area_between_roc_curves"]

#: The labels, scores and weights (if any) of the rows of a group.
Scored = tuple[ArrayLike, ArrayLike, ArrayLike | None]

_REPLICATES = 200
#: Replicates are drawn from the shares of this number of bins, which hold about as many rows each.
_BINS = 50

#: False and true positive rates by curve and threshold, from (0, 0) to (1, 1).
_Curve = tuple[FloatArray, FloatArray]


def area_between_roc_curves(
    a: Scored, b: Scored, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float, float]:
    """Compute the area between the ROC curves of two groups, with an upper limit.

    The area is 0 only if the curves are the same. The difference of the areas under the curves can
    be 0 for curves that cross. The area between the curves of two samples is above the true area on
    average, because chance separates equal curves, too. So there is no lower limit.

    Parameters
    ----------
    a, b : tuple
        The labels (0 or 1), the scores and the weights (or None) of the rows of each group.
    confidence : float, default 0.95
        Confidence level of the interval with both limits, of which only the upper one is computed:
        the true area is above it with probability (1 − `confidence`) / 2, or less often.
    seed : int, default 0
        The seed of the replicates from which the limit is computed. They are drawn for each group
        and label.

    Returns
    -------
    value, low, high : float
        The area, 0 and the upper limit, which is at least that of the difference of the areas under
        the curves. All are NaN unless both groups have both labels.

    References
    ----------
    Gardner, Brooks and Baker (2019), "Evaluating the fairness of predictive student models through
    slicing analysis", LAK '19. The authors interpolate the curves; here the area is exact.

    Examples
    --------
    >>> a = ([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], None)
    >>> b = ([0, 1], [0.2, 0.9], None)
    >>> area_between_roc_curves(a, b)[0]
    0.25
    """
    groups = [_by_label(scored) for scored in (a, b)]
    if any(not len(scores) for group in groups for scores, _ in group):
        return np.nan, np.nan, np.nan
    every = np.sort(np.concatenate([scores for group in groups for scores, _ in group]))
    value = _areas_between(*(_curve(group, np.unique(every)) for group in groups)).item()
    value = min(value, 1.0)  # The sum has a rounding error.
    edges = np.unique(every[np.linspace(0, len(every) - 1, _BINS).round().astype(np.intp)])
    rng = np.random.default_rng(seed)
    drawn = []
    for group in groups:
        of_labels = []
        for scores, weight in group:
            shares = _shares(scores, weight, edges)
            draws = rng.multinomial(round(kish_size(weight)), shares, size=_REPLICATES)
            of_labels.append(_above(draws / draws.sum(axis=1, keepdims=True)))
        drawn.append(of_labels)
    (a_0, a_1), (b_0, b_1) = drawn
    areas = _areas_between((a_0, a_1), (b_0, b_1))
    binned = _areas_between(*(_curve(group, edges) for group in groups)).item()
    limit = value + max(float(np.quantile(areas, (1 + confidence) / 2)) - binned, 0.0)
    # Replicates of perfect curves are perfect. The area between two curves is at least the
    # difference of the areas under them, whose limits allow for errors that were not seen.
    under = [roc_auc(*scored) for scored in (a, b)]
    limits = [(auc.value, *auc.interval(confidence)) for auc in under]
    limit = max(limit, *(abs(end) for end in limits_of_difference(*limits)))
    return value, 0.0, min(limit, 1.0)


def _by_label(scored: Scored) -> list[tuple[FloatArray, FloatArray]]:
    """Return the scores and weights of the rows with label 0 and of those with label 1."""
    y_true, score = check_scores(scored[0], scored[1])
    weight = np.ones(len(y_true))
    if scored[2] is not None:
        y_true, score, weight = check_score_weights(y_true, score, scored[2])
    return [(score[y_true == label], weight[y_true == label]) for label in (0, 1)]


def _curve(group: list[tuple[FloatArray, FloatArray]], edges: FloatArray) -> _Curve:
    negative, positive = (_above(_shares(*of_label, edges)[np.newaxis]) for of_label in group)
    return negative, positive


def _shares(scores: FloatArray, weight: FloatArray, edges: FloatArray) -> FloatArray:
    """Return the share of the weights with a score up to each edge, and above the one before."""
    sums = np.bincount(edges.searchsorted(scores), weight, minlength=len(edges))
    return np.asarray(sums / sums.sum())


def _above(shares: FloatArray) -> FloatArray:
    """Return the share above each threshold, from the highest threshold to the lowest."""
    summed = np.minimum(np.cumsum(shares[..., ::-1], axis=-1), 1.0)
    summed[..., -1] = 1.0  # The sum has a rounding error.
    return np.concatenate([np.zeros((*shares.shape[:-1], 1)), summed], axis=-1)


def _areas_between(a: _Curve, b: _Curve) -> FloatArray:
    """Return the area between each curve of `a` and that of `b`; lines are straight or vertical."""
    # All curves are put side by side on one axis, two units apart. From the end of one curve to the
    # start of the next one, both run in the same line, so this adds no area.
    a, b = (_side_by_side(curves) for curves in (a, b))
    x = np.unique(np.concatenate([a[0], b[0]]))
    (after_a, before_a), (after_b, before_b) = _heights(a, x), _heights(b, x)
    width, start, end = np.diff(x), (after_a - after_b)[:-1], (before_a - before_b)[1:]
    both = np.abs(start) + np.abs(end)
    # If the curves cross in between, there are two triangles.
    crossed = np.divide(start**2 + end**2, 2 * both, out=np.zeros_like(both), where=both > 0)
    area = width * np.where(start * end >= 0, both / 2, crossed)
    return np.asarray(np.bincount((x[:-1] // 2).astype(np.intp), area), dtype=np.float64)


def _side_by_side(curves: _Curve) -> _Curve:
    negative, positive = curves
    return (negative + 2 * np.arange(len(negative))[:, np.newaxis]).ravel(), positive.ravel()


def _heights(curve: _Curve, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the height of a curve just right of each x and just left of it."""
    at, height = curve
    first, last = at.searchsorted(x, "left"), at.searchsorted(x, "right") - 1
    between = first > last  # The curve has no corner at this x.
    lower, upper = last[between], first[between]
    share = (x[between] - at[lower]) / (at[upper] - at[lower])
    after, before = height[last], height[np.minimum(first, len(at) - 1)]
    after[between] = before[between] = (1 - share) * height[lower] + share * height[upper]
    return after, before
