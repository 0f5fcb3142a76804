"""Move thresholds between scores, so that rounding on another machine cannot change a label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["between_scores", "log_odds_of"]


def between_scores(scores: NDArray[np.float64], threshold: float) -> float:
    """Return a threshold midway between the two neighbouring scores that it separates.

    It gives the same labels to these scores as the given threshold: 1 above it, 0 on or below it.

    Parameters
    ----------
    scores : array of float64 of shape (n_rows,)
        The scores that the threshold was fitted on; at least one.
    threshold : float
        The threshold; it may be infinite.

    Returns
    -------
    float
        A finite threshold. If all scores are on one side of the given threshold, the result lies 1
        below the smallest or 1 above the largest score.

    Examples
    --------
    >>> scores = np.array([0.0, 1.0, 4.0])
    >>> between_scores(scores, 1.0), between_scores(scores, 0.9), between_scores(scores, 9.0)
    (2.5, 0.5, 5.0)
    """
    ordered = np.unique(scores)
    place = int(np.searchsorted(ordered, threshold, side="right"))
    if place == 0:
        return float(ordered[0] - 1.0)
    if place == len(ordered):
        return float(ordered[-1] + 1.0)
    return float((ordered[place - 1] + ordered[place]) / 2)


def log_odds_of(probability: float) -> float:
    """Return the log-odds of a probability: −∞ for 0 and less, ∞ for 1 and more.

    Examples
    --------
    >>> log_odds_of(0.5), log_odds_of(-0.1), log_odds_of(1.0)
    (0.0, -inf, inf)
    """
    if probability <= 0:
        return -np.inf
    if probability >= 1:
        return np.inf
    return float(np.log(probability / (1 - probability)))
