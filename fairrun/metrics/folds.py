"""Values over the folds of a cross-validation: what is said of the procedure, not of one model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t

from fairrun.errors import RequestError

__all__ = ["FoldInterval", "fold_interval"]


@dataclass(frozen=True)
class FoldInterval:
    """The interval of a procedure: data, fitting and all.

    Parameters
    ----------
    mean, spread : float
        Mean and standard deviation (n − 1) over the folds.
    low, high : float
        The limits of the mean.
    n_folds : int
        The number of folds with a defined value.
    of : str
        Always "procedure": it says how models fitted this way do, not how the one that is served
        does.
    """

    mean: float
    spread: float
    low: float
    high: float
    n_folds: int
    of: str = "procedure"


def fold_interval(values: ArrayLike, confidence: float = 0.95) -> FoldInterval:
    """Compute the interval of a procedure from its values on the k folds of a cross-validation.

    The folds' training rows overlap, so their values are correlated and s / √k is too small. The
    corrected variance is (1/k + 1/(k − 1)) s², where 1/(k − 1) is the share of test to training
    rows: Nadeau and Bengio (2003), "Inference for the generalization error", Machine Learning 52,
    section 3. It is an approximation: no unbiased estimate of this variance exists.

    Parameters
    ----------
    values : array of shape (k,)
        The metric on each fold; NaN where it is undefined.
    confidence : float, default 0.95
        How often the interval shall cover.

    Returns
    -------
    FoldInterval
        The undefined folds left out. The limits and the spread are NaN for one fold.

    Raises
    ------
    RequestError
        If there are fewer than two folds.

    Examples
    --------
    >>> interval = fold_interval([0.10, 0.12, 0.11, 0.14, 0.13])
    >>> round(interval.mean, 3), round(interval.spread, 4), round(interval.low, 3)
    (0.12, 0.0158, 0.091)
    """
    array = np.asarray(values, dtype=np.float64)
    k = array.size
    if array.ndim != 1 or k < 2:
        raise RequestError("an interval over folds needs the values of at least two folds")
    defined = array[~np.isnan(array)]
    n = defined.size
    mean = float(defined.mean()) if n else np.nan
    if n < 2:
        return FoldInterval(mean, np.nan, np.nan, np.nan, n)
    spread = float(defined.std(ddof=1))
    half = float(t.isf((1 - confidence) / 2, n - 1)) * spread * (1 / n + 1 / (k - 1)) ** 0.5
    return FoldInterval(mean, spread, mean - half, mean + half, n)
