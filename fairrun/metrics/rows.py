"""Metrics that need the rows themselves: consistency among neighbours, and the flip test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fairrun.errors import RequestError
from fairrun.metrics.checks import as_binary

__all__ = ["consistency_score", "flip_test"]


def consistency_score(X: ArrayLike, y_pred: ArrayLike, n_neighbors: int = 5) -> float:
    """Compute how alike the predictions of neighbours are.

    1 − the mean over rows of |prediction − mean prediction of the nearest neighbours|, where a row
    counts among its own neighbours, as in holisticai.

    Parameters
    ----------
    X : array of shape (n_rows, n_features)
        The features; distances are Euclidean, so they should be on one scale.
    y_pred : array of shape (n_rows,)
        The predictions, 0 or 1.
    n_neighbors : int, default 5
        How many neighbours.

    Returns
    -------
    float
        In [0, 1]; 1 if neighbours are always treated alike.

    Raises
    ------
    RequestError
        If a prediction is neither 0 nor 1, or there are fewer rows than neighbours.

    References
    ----------
    Zemel et al. (2013), "Learning fair representations", ICML, section 4.

    Examples
    --------
    >>> consistency_score([[0.0], [0.1], [5.0], [5.1]], [1, 1, 0, 1], n_neighbors=2)
    0.75
    """
    from sklearn.neighbors import NearestNeighbors  # slow to import, and seldom needed

    X, y_pred = np.asarray(X), as_binary("y_pred", y_pred)
    if len(X) != len(y_pred) or len(X) < n_neighbors:
        raise RequestError(
            f"n_neighbors={n_neighbors} of {len(X)} rows with {len(y_pred)} predictions; "
            "give one prediction a row and no more neighbours than rows"
        )
    neighbours = NearestNeighbors(n_neighbors=n_neighbors, algorithm="ball_tree").fit(X)
    places = neighbours.kneighbors(X, return_distance=False)
    return float(1 - np.abs(y_pred - y_pred[places].mean(axis=1)).mean())


def flip_test(
    predict: Callable[[pd.DataFrame], ArrayLike],
    frame: pd.DataFrame,
    column: str,
    values: Sequence[str] | Sequence[float],
) -> pd.DataFrame:
    """Count how many labels change when only the protected value does.

    It is no counterfactual: what goes along with the protected column in the world stays as it is.
    So 0 changes say that the column is not used, and nothing about its proxies.

    Parameters
    ----------
    predict : callable
        Takes rows and returns their labels, 0 or 1, such as the served model's `predict`.
    frame : DataFrame
        Raw rows with the column.
    column : str
        The protected column.
    values : sequence
        The values to give to every row, at least two.

    Returns
    -------
    DataFrame
        One row for each pair of values: from, to, n_rows, to_favourable and to_unfavourable (how
        many labels become 1 or 0), changed (both) and changed_share (NaN without rows).

    Raises
    ------
    RequestError
        If the column is not there, or fewer than two values are given.

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
            f"a flip test needs the protected column in the rows and two values of it; "
            f"given {column!r} and {len(set(values))}"
        )
    labels = {v: as_binary("predict(frame)", predict(frame.assign(**{column: v}))) for v in values}
    n = len(frame)
    pairs = []
    for (one, before), (other, after) in combinations(labels.items(), 2):
        up, down = int((after > before).sum()), int((after < before).sum())
        pairs.append((one, other, n, up, down, up + down, (up + down) / n if n else np.nan))
    names = ["from", "to", "n_rows", "to_favourable", "to_unfavourable", "changed", "changed_share"]
    return pd.DataFrame(pairs, columns=names)
