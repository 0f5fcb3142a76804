"""Limits of a share of the weights of rows: Clopper and Pearson's, for rows of different weights.

Among n rows of weight 1, of which x count, Clopper and Pearson's limits are quantiles of
A / (A + B) for two independent gamma variables A and B. Their shapes are x and n − x, plus one row
that was not seen: for the upper limit it counts, and for the lower limit it does not. Here each row
that counts adds its weight to A and each other row to B, as in the Bayesian bootstrap. A and B are
again taken as gamma variables, with the mean Σw and the variance Σw² of their own rows, so that
weights which depend on the outcome change the limits as they must. For rows of equal weight the
limits are Clopper and Pearson's.

Two things are different if the weights differ:

- The unseen row has the weight Σw Σw⁴ / (Σw²)², over all rows or over those of its side, whichever
  is larger. This is near the largest weights, because a row that was not drawn can be a heavy one.
- The variance Σw² is itself an estimate. If a few rows decide it, it is too low most of the time,
  so it is raised by five times its own relative variance beyond that of rows of equal weight.

`weighted_refusals` says when no limits are given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from fairrun.metrics.closed_form import Estimate
from fairrun.metrics.rates import FloatArray, Rate, divide

__all__ = [
    "moments",
    "share_estimate",
    "sides_of",
]

#: How often the relative variance of Σw² is added to it.
_RAISED = 5


def moments(weight: ArrayLike) -> FloatArray:
    """Return Σw, Σw² and Σw⁴ of the weights of some rows.

    Examples
    --------
    >>> moments([1.0, 2.0]).tolist()
    [3.0, 5.0, 17.0]
    """
    squares = np.square(np.asarray(weight, dtype=np.float64))
    return np.array([np.sum(weight), np.sum(squares), np.sum(squares**2)], dtype=np.float64)


def sides_of(rate: Rate, powers: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the sums of the rows that count in a rate, and of the others in its denominator.

    Parameters
    ----------
    rate : Rate
        The rate.
    powers : array of shape (..., 2, 2, 3)
        Σw, Σw² and Σw⁴ by label and prediction.

    Returns
    -------
    yes, no : array of shape (..., 3)
    """
    counts = np.reshape(rate.numerator, (2, 2)) > 0
    others = (np.reshape(rate.denominator, (2, 2)) > 0) & ~counts
    return powers[..., counts, :].sum(axis=-2), powers[..., others, :].sum(axis=-2)


def share_estimate(
    yes: FloatArray, no: FloatArray, confidence: float | FloatArray, *, odds: float = 1.0
) -> Estimate:
    """Estimate the share of the weight of the rows that count, with its limits.

    Parameters
    ----------
    yes, no : array of shape (..., 3)
        Σw, Σw² and Σw⁴ of the rows that count, and of those that do not.
    confidence : float or array
        Confidence level of the interval, such as 0.95.
    odds : float, default 1
        The number of times that a row which counts adds its weight. F1 counts a true positive
        twice.

    Returns
    -------
    value, low, high : array of shape (...)
        The share and its limits. NaN without weight. The lower limit of a share of 0 is 0, and the
        upper limit of a share of 1 is 1.

    References
    ----------
    Clopper and Pearson (1934), "The use of confidence or fiducial limits illustrated in the case of
    the binomial", Biometrika 26. Rubin (1981), "The Bayesian bootstrap", Annals of Statistics 9.
    Fay and Feuer (1997), "Confidence intervals for directly
    standardized rates: a method based on the gamma distribution", Statistics in Medicine 16 (a
    gamma variable for a weighted sum, and the weight of the row that was not drawn).

    Examples
    --------
    Three of 60 rows of weight 1, and then the same share of the weight on one row:

    >>> even = share_estimate(moments([1.0] * 3), moments([1.0] * 57), 0.95)
    >>> [round(float(limit), 3) for limit in even]
    [0.05, 0.01, 0.139]
    >>> heavy = share_estimate(moments([3.0]), moments([1.0] * 57), 0.95)
    >>> [round(float(limit), 3) for limit in heavy]
    [0.05, 0.001, 0.234]
    """
    of_all = _unseen(yes + no)
    unseen = [np.fmax(of_all, _unseen(side)) for side in (yes, no)]
    tail = (1 - confidence) / 2
    share = divide(odds * yes[..., 0], odds * yes[..., 0] + no[..., 0])
    limits = []
    for level, rows in ((tail, (0, 1)), (1 - tail, (1, 0))):
        (a, unit_a), (b, unit_b) = map(_gamma, (yes, no), unseen, rows)
        x = betaincinv(a, b, level)
        in_yes = odds * x * unit_a
        limits.append(divide(in_yes, in_yes + (1 - x) * unit_b))
    # A share of 0 has no evidence for a lower limit above 0. A row with hardly any weight can leave
    # the share outside its limits, so they are widened to hold it.
    low = np.where(yes[..., 0] > 0, np.minimum(limits[0], share), 0 * share)
    high = np.where(no[..., 0] > 0, np.maximum(limits[1], share), 1 + 0 * share)
    return share, low, high


def _unseen(side: FloatArray) -> FloatArray:
    """Return the weight of a row that was not seen; NaN without weight."""
    sums, squares, fourths = np.moveaxis(side, -1, 0)
    return divide(sums * fourths, squares**2)


def _gamma(side: FloatArray, unseen: FloatArray, rows: int) -> tuple[FloatArray, FloatArray]:
    """Return shape and scale of the gamma variable of one side, with unseen rows added."""
    more = np.stack([unseen, unseen**2, unseen**4], axis=-1) if rows else 0.0
    sums, squares, fourths = np.moveaxis(side + more, -1, 0)
    scale = divide(squares, sums)
    # Rows of equal weight have a relative variance of Σw² that is already that of their number.
    uneven = np.maximum(divide(fourths, squares**2) - divide(scale, sums), 0)
    scale = scale * (1 + _RAISED * uneven)
    return divide(sums, scale), scale
