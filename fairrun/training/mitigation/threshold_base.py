"""Choose one threshold for all groups: 0, unless another one is better by more than noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.training.mitigation.threshold_steps import cut_scores

__all__ = ["one_threshold"]

_Floats = NDArray[np.float64]

#: The objective of another threshold must be better than that of 0 by this many standard errors.
_CLEARLY = 3.0


def one_threshold(
    log_odds: _Floats,
    label: NDArray[np.int64],
    weight: _Floats | None,
    weights: tuple[float, float],
) -> float:
    """Return 0, or the threshold nearest to 0 among those as good as the best.

    Another threshold than 0 needs an objective that is better by three standard errors of the
    paired difference. The result is then the threshold nearest to 0 whose objective is within one
    standard error of the best.

    Parameters
    ----------
    log_odds, label : arrays of shape (n_rows,)
        The rows of all groups.
    weight : array of float64 of shape (n_rows,) or None
        The weights of the rows.
    weights : tuple of float
        The weights of a correct label 0 and 1 in the objective.

    Returns
    -------
    float

    References
    ----------
    L. Breiman et al., "Classification and Regression Trees", 1984, section 3.4.3: the rule of one
    standard error.

    Examples
    --------
    >>> score = np.linspace(-3, 3, 400)
    >>> one_threshold(score, (score > 0.1).astype(int), None, (1, 1))
    0.0
    >>> round(one_threshold(score, (score > 1).astype(int), None, (1, 1)), 1)
    1.0
    """
    order = np.argsort(-log_odds, kind="stable")
    above, thresholds = cut_scores(log_odds[order])
    # Selecting a row is right if its label is 1. It changes the objective by one of the weights.
    change = np.where(label == 1, weights[1], -weights[0]).astype(np.float64)
    if weight is not None:
        change = change * weight
    total = np.concatenate([[0.0], np.cumsum(change[order])])
    squares = np.concatenate([[0.0], np.cumsum(change[order] ** 2)])
    zero = int((log_odds > 0).sum())

    def error(other: int) -> _Floats:
        difference = total[above] - total[other]
        variance = np.abs(squares[above] - squares[other]) - difference**2 / len(label)
        return np.asarray(np.sqrt(np.maximum(variance, 0)))

    best = int(total[above].argmax())
    if total[above][best] - total[zero] <= _CLEARLY * error(zero)[best]:
        return 0.0
    as_good = np.flatnonzero(total[above][best] - total[above] <= error(int(above[best])))
    return float(thresholds[as_good[np.abs(thresholds[as_good]).argmin()]])
