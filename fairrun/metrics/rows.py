"""Metrics that need the rows themselves: consistency among neighbours, and the flip test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fairrun.errors import RequestError
from fairrun.metrics.checks import as_binary, as_weights
from fairrun.metrics.weighted_refusals import too_uneven
from fairrun.metrics.weighted_share import moments, share_estimate

__all__ = ["consistency_score", "flip_test", "largest_flip"]


def consistency_score(X: ArrayLike, y_pred: ArrayLike, n_neighbors: int = 5) -> float:
    """Compute how similar the predictions of neighbouring rows are.

    The score is 1 minus the mean over rows of |prediction − mean prediction of the nearest
    neighbours|. A row is one of its own neighbours, as in holisticai.

    Parameters
    ----------
    X : array of shape (n_rows, n_features)
        The features. Distances are Euclidean, so all features should have the same scale.
    y_pred : array of shape (n_rows,)
        The predictions, 0 or 1.
    n_neighbors : int, default 5
        The number of neighbours.

    Returns
    -------
    float
        A number in [0, 1]; 1 if neighbours always have the same prediction.

    Raises
    ------
    RequestError
        If a prediction is neither 0 nor 1, the lengths differ, or there are fewer rows than
        neighbours.

    References
    ----------
    Zemel et al. (2013), "Learning fair representations", ICML, section 4.

    Examples
    --------
    >>> consistency_score([[0.0], [0.1], [5.0], [5.1]], [1, 1, 0, 1], n_neighbors=2)
    0.75
    """
    # Imported here because the import is slow and few callers need it.
    from sklearn.neighbors import NearestNeighbors

    X, y_pred = np.asarray(X), as_binary("y_pred", y_pred)
    if len(X) != len(y_pred) or len(X) < n_neighbors:
        raise RequestError(
            f"n_neighbors={n_neighbors} is not possible with {len(X)} rows and {len(y_pred)} "
            "predictions; give one prediction per row and no more neighbours than rows"
        )
    neighbours = NearestNeighbors(n_neighbors=n_neighbors, algorithm="ball_tree").fit(X)
    places = neighbours.kneighbors(X, return_distance=False)
    return float(1 - np.abs(y_pred - y_pred[places].mean(axis=1)).mean())


def flip_test(
    predict: Callable[[pd.DataFrame], ArrayLike],
    frame: pd.DataFrame,
    column: str,
    values: Sequence[str] | Sequence[float],
    weight: ArrayLike | None = None,
    *,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Count the labels that change when only the protected value changes.

    The test is not a counterfactual: columns that are related to the protected column keep their
    values. If no label changes, the model does not use the protected column, but it can still use
    proxies.

    Parameters
    ----------
    predict : callable
        A function of a DataFrame of rows that returns their labels, 0 or 1, such as the served
        model's `predict`.
    frame : DataFrame
        Raw rows that have the protected column.
    column : str
        The protected column.
    values : sequence
        The values to give to every row, at least two.
    weight : array of shape (n_rows,), optional
        The weights of the rows. The share is then one of weights; the numbers count rows.
    confidence : float, default 0.95
        The probability that the intervals of all pairs cover at once (Bonferroni).

    Returns
    -------
    DataFrame
        One row for each pair of values, with the columns from, to, n_rows, to_favourable and
        to_unfavourable (the numbers of labels that become 1 and 0), changed (the sum of both),
        changed_share (NaN without rows), ci_low and ci_high (the limits of the share in the
        population of the rows; NaN if the weights are too uneven).

    Raises
    ------
    RequestError
        If the frame does not have the column, or fewer than two different values are given.

    Examples
    --------
    >>> frame = pd.DataFrame({"sex": ["Male", "Female"], "age": [30, 50]})
    >>> favours = lambda rows: (rows["sex"] == "Male") & (rows["age"] > 40)
    >>> flip_test(favours, frame, "sex", ["Male", "Female"])[["to_unfavourable", "changed_share"]]
       to_unfavourable  changed_share
    0                1            0.5
    """
    if column not in frame.columns or len(set(values)) < 2:
        raise RequestError(
            f"a flip test of {column!r} with {len(set(values))} values is not possible; "
            "give rows that have this column, and at least two different values of it"
        )
    labels = {v: as_binary("predict(frame)", predict(frame.assign(**{column: v}))) for v in values}
    n = len(frame)
    weights = np.ones(n) if weight is None else as_weights(weight)
    together = 1 - (1 - confidence) / (len(labels) * (len(labels) - 1) / 2)
    pairs = []
    for (one, before), (other, after) in combinations(labels.items(), 2):
        up, down = int((after > before).sum()), int((after < before).sum())
        yes, no = (moments(weights[rows]) for rows in (before != after, before == after))
        share, low, high = map(float, share_estimate(yes, no, together))
        if too_uneven(yes, no):
            low = high = np.nan
        pairs.append((one, other, n, up, down, up + down, share, low, high))
    names = ["from", "to", "n_rows", "to_favourable", "to_unfavourable", "changed", "changed_share"]
    return pd.DataFrame(pairs, columns=[*names, "ci_low", "ci_high"])


def largest_flip(flips: pd.DataFrame) -> tuple[float, float, float]:
    """Return the largest share of a flip test with its limits.

    The interval is for the largest share itself, whichever pair has it. If the intervals of all
    pairs cover at once, it lies between the highest lower limit and the highest upper limit.

    Parameters
    ----------
    flips : DataFrame
        The table of `flip_test`.

    Returns
    -------
    value, low, high : float
        NaN without rows. The limits are NaN if the weights are too uneven.

    Examples
    --------
    >>> frame = pd.DataFrame({"sex": ["Male", "Female"] * 100, "age": range(200)})
    >>> favours = lambda rows: (rows["sex"] == "Male") & (rows["age"] > 180)
    >>> flips = flip_test(favours, frame, "sex", ["Male", "Female", "Diverse"])
    >>> [round(number, 3) for number in largest_flip(flips)]
    [0.095, 0.052, 0.156]
    """
    value, low, high = (float(flips[name].max()) for name in ("changed_share", "ci_low", "ci_high"))
    return value, low, high
