"""The trade-off that a single threshold reaches, which a mitigator has to beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fairrun.errors import RequestError

__all__ = ["ThresholdFrontier", "threshold_frontier"]


@dataclass(frozen=True, eq=False)
class ThresholdFrontier:
    """The thresholds that no other threshold beats in both accuracy and statistical parity.

    Attributes
    ----------
    table : pandas.DataFrame
        One row for each threshold, with the columns `threshold` (a row with a higher probability is
        labelled 1), `selection_rate`, `accuracy` and `statistical_parity` (selection rate a − b).
        The rows are sorted by |statistical parity|, and accuracy increases from row to row.
    """

    table: pd.DataFrame

    def accuracy_within(self, limit: float) -> float:
        """Return the best accuracy of the thresholds with |statistical parity| ≤ `limit`."""
        allowed = self.table["statistical_parity"].abs() <= limit
        return float(self.table.loc[allowed, "accuracy"].max())


def threshold_frontier(
    groups: ArrayLike,
    y_true: ArrayLike,
    probability: ArrayLike,
    weight: ArrayLike | None = None,
) -> ThresholdFrontier:
    """Compute accuracy and statistical parity of every threshold, and keep the best trade-offs.

    Any model can trade accuracy for parity by selecting almost nobody. A mitigator is useful only
    if it does better than the thresholds of its own scores. The comparison favours the thresholds,
    because they are chosen on the same rows on which they are measured.

    Parameters
    ----------
    groups : array of int of shape (n_rows,)
        The group of each row: 0 for group_a, 1 for group_b, any other number for neither.
    y_true : array of shape (n_rows,)
        The labels, 0 or 1.
    probability : array of shape (n_rows,)
        The predicted probabilities of label 1, before any decision.
    weight : array of shape (n_rows,), optional
        The weights of the rows, by which accuracy and selection rates are computed.

    Returns
    -------
    ThresholdFrontier

    Raises
    ------
    RequestError
        If a group has no row, or no row with a weight above 0.

    Examples
    --------
    >>> frontier = threshold_frontier([0, 0, 1, 1], [1, 0, 1, 0], [0.9, 0.2, 0.6, 0.3])
    >>> frontier.table.round(2).values.tolist()
    [[0.45, 0.5, 1.0, 0.0]]
    >>> frontier = threshold_frontier([0, 0, 1, 1], [1, 1, 0, 0], [0.9, 0.8, 0.3, 0.1])
    >>> frontier.accuracy_within(0.5), frontier.accuracy_within(1.0)
    (0.75, 1.0)
    """
    groups, y_true = np.asarray(groups), np.asarray(y_true)
    probability = np.asarray(probability, dtype=np.float64)
    if weight is not None:
        counts = np.asarray(weight) > 0
        groups, y_true, probability = groups[counts], y_true[counts], probability[counts]
        weight = np.asarray(weight, dtype=np.float64)[counts]
    order = np.argsort(-probability, kind="stable")
    score = probability[order]
    in_a, in_b = groups[order] == 0, groups[order] == 1
    right = 2 * y_true[order] - 1
    n, n_negative, selected_share = len(score), np.sum(y_true == 0), None
    if weight is not None:
        weights = np.asarray(weight)[order]
        in_a, in_b, right = in_a * weights, in_b * weights, right * weights
        n, n_negative = weights.sum(), weights[y_true[order] == 0].sum()
        selected_share = np.append(0.0, np.cumsum(weights)) / n
    if not in_a.any() or not in_b.any():
        raise RequestError(
            "group_a or group_b has no row; give rows of both groups for the threshold frontier"
        )
    # A threshold selects the first k rows, where the score changes after row k, or no row at all.
    ends = np.append(0, np.flatnonzero(np.diff(score, append=-np.inf)) + 1)
    selected = {
        name: np.append(0, np.cumsum(mask))[ends]
        for name, mask in (("a", in_a), ("b", in_b), ("right", right))
    }
    below = np.append(score, 0.0 if score[-1] > 0 else -1.0)[ends]
    above = np.append(1.0, score)[ends]
    points = pd.DataFrame(
        {
            "threshold": (above + below) / 2,
            "selection_rate": ends / n if selected_share is None else selected_share[ends],
            "accuracy": (n_negative + selected["right"]) / n,
            "statistical_parity": selected["a"] / in_a.sum() - selected["b"] / in_b.sum(),
        }
    )
    points = points.iloc[
        np.lexsort((-points["accuracy"].to_numpy(), points["statistical_parity"].abs().to_numpy()))
    ]
    best_so_far = points["accuracy"].cummax().shift(fill_value=-1.0)
    return ThresholdFrontier(points[points["accuracy"] > best_so_far].reset_index(drop=True))
