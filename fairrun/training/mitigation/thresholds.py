"""Thresholds that lie between scores, never on one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["between_scores", "log_odds_of"]


def between_scores(scores: NDArray[np.float64], threshold: float) -> float:
    """Move a threshold midway between the scores that it separates.

    Labels of these scores stay as they are (1 above the threshold, 0 on it); but a score that is
    rounded otherwise on another machine can no longer fall on the other side.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_rows,)
        The scores it was fitted on; at least one.
    threshold : float
        May be infinite.

    Returns
    -------
    float
        Finite; 1 below or above all scores if it separates none.

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
    """Give the log-odds of a probability; beyond 0 and 1, minus and plus infinity.

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
