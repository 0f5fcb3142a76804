"""The weight of each row: read from a column, checked, and described in a sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fairrun.errors import RequestError

__all__ = ["effective_n", "read_weights", "relative_weights", "weights_note"]


#: Intervals need the sum of the fourth powers of the weights, which must be a float64.
_LARGEST = 1e60


def read_weights(column: pd.Series) -> NDArray[np.float64]:
    """Return the weights in a column as float64.

    Parameters
    ----------
    column : pandas.Series
        The column. Text that holds a number counts as this number.

    Returns
    -------
    array of float64 of shape (n_rows,)
        Finite numbers of at least 0, not all 0.

    Raises
    ------
    RequestError
        If a weight is null, not a number, infinite or negative, all weights are 0, or the largest
        is so large or so small that its fourth power is no float64. The message has the number of
        such rows, and no value.

    Examples
    --------
    >>> read_weights(pd.Series([1.5, 0.0, 2.0], name="fnlwgt")).tolist()
    [1.5, 0.0, 2.0]
    >>> read_weights(pd.Series([1.5, -1.0, None], name="fnlwgt"))
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: weight=fnlwgt cannot be used: 1 of 3 rows have no weight, 1 have a
    negative one; correct or remove these rows, or leave weight out
    """
    null = column.isna().to_numpy(dtype=bool)
    numbers = pd.to_numeric(column.where(~column.isna(), None), errors="coerce")
    weight = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = {
        "no weight": int(null.sum()),
        "a weight that is not a number": int((np.isnan(weight) & ~null).sum()),
        "an infinite one": int(np.isinf(weight).sum()),
        "a negative one": int(((weight < 0) & np.isfinite(weight)).sum()),
    }
    found = [(n, what) for what, n in wrong.items() if n]
    if found:
        (first, what), *more = found
        said = [f"{first:,} of {len(weight):,} rows have {what}"]
        said += [f"{n:,} have {what}" for n, what in more]
        raise RequestError(
            f"weight={column.name} cannot be used: {', '.join(said)}; correct or remove these "
            "rows, or leave weight out"
        )
    largest = weight.max(initial=0.0)
    if largest > _LARGEST or 0 < largest < 1 / _LARGEST:
        raise RequestError(
            f"weight={column.name} cannot be used: its largest value is not between "
            f"{1 / _LARGEST:g} and {_LARGEST:g}, so its powers are no numbers; divide all weights "
            "by one number, which changes no metric, or leave weight out"
        )
    if not (weight > 0).any():
        raise RequestError(
            f"weight={column.name} is 0 in all {len(weight):,} rows; give a column with a weight "
            "above 0, or leave weight out"
        )
    return weight


def relative_weights(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights divided by the mean of those above 0, so that their unit plays no part.

    Survey weights are numbers of people, often thousands a row. Without this, they would make the
    penalty of a logistic regression thousands of times weaker.

    Examples
    --------
    >>> relative_weights(np.array([1000.0, 3000.0, 0.0])).tolist()
    [0.5, 1.5, 0.0]
    """
    positive = weight[weight > 0]
    if not positive.size:
        return weight
    with np.errstate(over="ignore"):
        mean = positive.mean()
    if np.isinf(mean):  # The sum of the weights is too large for float64.
        mean = (positive / len(positive)).sum()
    return np.asarray(weight / mean)


def effective_n(weight: ArrayLike) -> float:
    """Return Kish's effective number of rows, (Σw)² / Σw²; 0 if all weights are 0.

    As many unweighted rows give an estimate of a mean with about the same variance.

    References
    ----------
    Kish (1965), Survey Sampling, section 8.2.

    Examples
    --------
    >>> effective_n([2.0, 2.0, 2.0]), effective_n([1.0, 1.0, 10.0, 0.0])
    (3.0, 1.411764705882353)
    """
    weights = np.asarray(weight, dtype=np.float64)
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def weights_note(name: str, weight: NDArray[np.float64]) -> str:
    """Return a sentence with the sum of the weights and the effective number of rows.

    Examples
    --------
    >>> weights_note("fnlwgt", np.array([1.0, 3.0, 0.0]))
    'weight=fnlwgt: 3 rows, sum of weights 4, effective number of rows 1.6, 1 row has weight 0'
    """
    zero = int((weight == 0).sum())
    ignored = f", {zero:,} {'row has' if zero == 1 else 'rows have'} weight 0" if zero else ""
    total = weight.sum()
    return (
        f"weight={name}: {len(weight):,} rows, "
        f"sum of weights {total:{',.0f' if total >= 1000 else '.6g'}}, "
        f"effective number of rows {effective_n(weight):,.1f}{ignored}"
    )
