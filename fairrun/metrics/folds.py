"""Intervals from cross-validation folds: they describe the training procedure, not one model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from fairrun.errors import RequestError

__all__ = ["FoldInterval", "fold_interval"]


@dataclass(frozen=True)
class FoldInterval:
    """The mean of a metric over cross-validation folds, with an interval.

    Attributes
    ----------
    mean, spread : float
        The mean and the standard deviation (with n − 1) over the folds.
    low, high : float
        The limits of the mean.
    n_folds : int
        The number of folds with a defined value.
    of : str
        Always "procedure": the interval describes models that are trained in this way, not the one
        model that is served.
    """

    mean: float
    spread: float
    low: float
    high: float
    n_folds: int
    of: str = "procedure"


def fold_interval(values: ArrayLike, confidence: float = 0.95) -> FoldInterval:
    """Compute the interval of a metric's mean over the k folds of a cross-validation.

    The values of the folds are correlated because their training rows overlap, so the usual
    standard error s / √k is too small. The corrected variance is (1/k + 1/(k − 1)) s², where
    1/(k − 1) is the number of test rows divided by the number of training rows. It is an
    approximation, because no unbiased estimate of this variance exists.

    Parameters
    ----------
    values : array of shape (k,)
        The metric on each fold; NaN where it is undefined.
    confidence : float, default 0.95
        Confidence level of the interval.

    Returns
    -------
    FoldInterval
        Folds with an undefined value are left out. With fewer than two defined values, the spread
        and the limits are NaN.

    Raises
    ------
    RequestError
        If there are fewer than two folds.

    References
    ----------
    Nadeau and Bengio (2003), "Inference for the generalization error", Machine Learning 52,
    section 3.

    Examples
    --------
    >>> interval = fold_interval([0.10, 0.12, 0.11, 0.14, 0.13])
    >>> round(interval.mean, 3), round(interval.spread, 4), round(interval.low, 3)
    (0.12, 0.0158, 0.091)
    """
    array = np.asarray(values, dtype=np.float64)
    k = array.size
    if array.ndim != 1 or k < 2:
        raise RequestError(
            f"values of shape {array.shape} give no interval over folds; "
            "give one value for each of at least two folds"
        )
    defined = array[~np.isnan(array)]
    n = defined.size
    mean = float(defined.mean()) if n else np.nan
    if n < 2:
        return FoldInterval(mean, np.nan, np.nan, np.nan, n)
    spread = float(defined.std(ddof=1))
    half = -float(stdtrit(n - 1, (1 - confidence) / 2)) * spread * (1 / n + 1 / (k - 1)) ** 0.5
    return FoldInterval(mean, spread, mean - half, mean + half, n)
