"""Two groups compared within strata: Mantel–Haenszel and standardised estimates, score limits.

Every function takes, for each stratum, the number of rows of the groups a and b (`n_a`, `n_b`) and
how many of them count (`x_a`, `x_b`), such as the selected ones. The strata are on the last axis. A
stratum in which one group has no row tells nothing about their difference, and has the weight 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc

from fairrun.metrics.closed_form import Estimate, Limits, difference_of, normal_quantile, ratio_of
from fairrun.metrics.rates import FloatArray, divide

__all__ = [
    "are_sparse",
    "homogeneity_p",
    "mantel_haenszel",
    "mantel_haenszel_weights",
    "score_limits",
    "weighted_comparison",
    "weighted_rate",
    "with_any_limits",
]

#: A stratum with fewer rows of a group than this is sparse: its own rates say hardly anything.
_FEW = 5
#: The largest share of sparse strata in the weights of rates that are combined with their limits.
_MOST_SPARSE = 0.1


def mantel_haenszel_weights(n_a: FloatArray, n_b: FloatArray) -> FloatArray:
    """Return the weight of each stratum, n_a n_b / (n_a + n_b); 0 where one group is absent.

    The weight is the information of a stratum about a difference: a stratum with many rows of one
    group and few of the other counts as much as the few rows allow.
    """
    return np.nan_to_num(divide(n_a * n_b, n_a + n_b))


def mantel_haenszel(
    x_a: FloatArray, n_a: FloatArray, x_b: FloatArray, n_b: FloatArray, *, ratio: bool
) -> FloatArray:
    """Pool a difference a − b or a ratio a / b of rates over strata.

    Parameters
    ----------
    x_a, n_a, x_b, n_b : array of shape (..., n_strata)
        How many rows of a and b count, and how many rows they have.
    ratio : bool
        Whether the rates are compared by their ratio or by their difference.

    Returns
    -------
    array of shape (...)
        Σ w (p_a − p_b) / Σ w or Σ w p_a / Σ w p_b with the weights of `mantel_haenszel_weights`;
        NaN if no stratum has both groups, or if the ratio is one to 0.

    References
    ----------
    Mantel and Haenszel (1959), "Statistical aspects of the analysis of data from retrospective
    studies of disease", Journal of the National Cancer Institute 22. Greenland and Robins (1985),
    "Estimation of a common effect parameter from sparse follow-up data", Biometrics 41.

    Examples
    --------
    >>> strata = [np.array(x) for x in ([80.0, 10.0], [100, 50], [18.0, 20.0], [20, 100])]
    >>> round(float(mantel_haenszel(*strata, ratio=False)), 3)
    -0.033
    >>> round(float(mantel_haenszel(*strata, ratio=True)), 3)
    0.923
    """
    n = n_a + n_b
    a = np.nan_to_num(divide(x_a * n_b, n)).sum(axis=-1)
    b = np.nan_to_num(divide(x_b * n_a, n)).sum(axis=-1)
    if ratio:
        return divide(a, b)
    return divide(a - b, mantel_haenszel_weights(n_a, n_b).sum(axis=-1))


def score_limits(
    x_a: FloatArray,
    n_a: FloatArray,
    x_b: FloatArray,
    n_b: FloatArray,
    *,
    ratio: bool,
    confidence: float = 0.95,
) -> Limits:
    """Compute the score limits of a Mantel–Haenszel difference or ratio of independent rows.

    The limits are the values that a test would just not reject. The test computes the variance in
    each stratum from the two rates that fit best to the tested value, so that the limits are
    sensible also if nobody counts, and for many strata of few rows.

    Parameters
    ----------
    x_a, n_a, x_b, n_b : array of shape (n_strata,)
        How many rows of a and b count, and how many rows they have.
    ratio : bool
        Whether the rates are compared by their ratio a / b or by their difference a − b.
    confidence : float
        Confidence level of the interval.

    Returns
    -------
    low, high : array of shape ()
        The limits; NaN where the value is NaN.

    References
    ----------
    Miettinen and Nurminen (1985), "Comparative analysis of two rates", Statistics in Medicine 4
    (stratified score intervals, with the factor N / (N − 1) for the variance of a stratum). The
    variances of Sato (1989) and of Greenland and Robins (1985), which other programs use, are 0 or
    undefined if nobody counts; `benchmarks/coverage_conditional.py` compares them.

    Examples
    --------
    >>> strata = [np.array(x) for x in ([80.0, 10.0], [100, 50], [18.0, 20.0], [20, 100])]
    >>> [round(float(limit), 3) for limit in score_limits(*strata, ratio=False)]
    [-0.131, 0.085]
    """
    both = (n_a > 0) & (n_b > 0)
    x_a, n_a, x_b, n_b = (np.asarray(x, dtype=np.float64)[both] for x in (x_a, n_a, x_b, n_b))
    value = mantel_haenszel(x_a, n_a, x_b, n_b, ratio=ratio)
    if np.isnan(value):
        return value, value
    weight = mantel_haenszel_weights(n_a, n_b)
    z = normal_quantile(confidence)

    def distance(tested: float, sign: int) -> float:
        """Return by how much the scores are farther above (or below) than chance allows."""
        if ratio:
            tested = tested / (1 - tested)
            scores = divide(x_a, n_a) - tested * divide(x_b, n_b)
        else:
            scores = divide(x_a, n_a) - divide(x_b, n_b) - tested
        variance = _variance(tested, x_a, n_a, x_b, n_b, ratio=ratio)
        by_chance = np.sqrt(np.sum(weight**2 * variance))
        return float(sign * np.sum(weight * scores) - z * by_chance)

    # A ratio r is searched as r / (1 + r), which lies between 0 and 1.
    start, end = (0.0, 1 - 1e-12) if ratio else (-1.0, 1.0)
    middle = float(value / (1 + value)) if ratio else float(value)
    limits = (
        _root(partial(distance, sign=1), start, middle),
        _root(partial(distance, sign=-1), end, middle),
    )
    low, high = (limit / (1 - limit) if ratio else limit for limit in limits)
    return np.asarray(min(low, float(value))), np.asarray(max(high, float(value)))


def homogeneity_p(
    x_a: FloatArray, n_a: FloatArray, x_b: FloatArray, n_b: FloatArray, *, ratio: bool
) -> float:
    """Return the p-value of a test that the difference or ratio is the same in all strata.

    Parameters
    ----------
    x_a, n_a, x_b, n_b, ratio
        See `score_limits`.

    Returns
    -------
    float
        NaN if fewer than two strata have both groups, or if one of these strata has fewer than five
        rows of a group, for which the test is not valid.

    References
    ----------
    Gart and Nam (1990), "Approximate interval estimation of the difference in binomial parameters:
    correction for skewness and extension to multiple tables", Biometrics 46: the sum of the squared
    scores of the strata has a χ² distribution with one degree of freedom less than strata.

    Examples
    --------
    >>> strata = [np.array(x) for x in ([80.0, 10.0], [100, 50], [10.0, 40.0], [20, 100])]
    >>> round(homogeneity_p(*strata, ratio=False), 5)
    0.00014
    """
    both = (n_a > 0) & (n_b > 0)
    x_a, n_a, x_b, n_b = (np.asarray(x, dtype=np.float64)[both] for x in (x_a, n_a, x_b, n_b))
    value = float(mantel_haenszel(x_a, n_a, x_b, n_b, ratio=ratio))
    if len(n_a) < 2 or np.isnan(value) or min(n_a.min(), n_b.min()) < _FEW:
        return float("nan")
    scores = divide(x_a, n_a) - (value * divide(x_b, n_b) if ratio else divide(x_b, n_b) + value)
    squares = divide(scores**2, _variance(value, x_a, n_a, x_b, n_b, ratio=ratio))
    return float(chdtrc(len(n_a) - 1, np.nan_to_num(squares).sum()))


def are_sparse(n_a: FloatArray, n_b: FloatArray, weight: FloatArray) -> bool:
    """Return whether strata are too sparse for limits that combine those of each stratum's rates.

    The limits of a rate of one row are at most 1 apart, which is less than twice two standard
    errors. Sums of many such rates would have intervals that are too narrow.

    Parameters
    ----------
    n_a, n_b : array of shape (n_strata,)
        The numbers of rows.
    weight : array of shape (n_strata,)
        The weights of the strata.

    Examples
    --------
    >>> pairs = np.ones(200)
    >>> are_sparse(pairs, pairs, pairs)
    True
    """
    sparse = np.minimum(n_a, n_b) < _FEW
    return bool(np.sum(weight * sparse) > _MOST_SPARSE * np.sum(weight))


def weighted_rate(part: Estimate, weight: FloatArray) -> Estimate:
    """Return the mean of independent rates of strata with given weights, with its limits.

    Parameters
    ----------
    part : (value, low, high)
        The rate of each stratum with its limits; arrays of shape (n_strata,).
    weight : array of shape (n_strata,)
        The weights, at least 0. Strata of weight 0 are left out.

    Examples
    --------
    >>> rates = tuple(np.array(x) for x in ([0.2, 0.4], [0.1, 0.3], [0.3, 0.5]))
    >>> [round(float(x), 3) for x in weighted_rate(rates, np.array([1.0, 3.0]))]
    [0.35, 0.271, 0.429]
    """
    used = weight > 0
    if not used.any():
        return (np.asarray(np.nan),) * 3
    share = weight[used] / weight[used].sum()
    value, low, high = (np.asarray(x)[used] for x in part)
    mean = np.sum(share * value)
    below = np.sqrt(np.sum((share * (value - low)) ** 2))
    above = np.sqrt(np.sum((share * (high - value)) ** 2))
    return np.asarray(mean), np.maximum(mean - below, 0.0), np.minimum(mean + above, 1.0)


def with_any_limits(part: Estimate, weight: FloatArray, confidence: float) -> Estimate:
    """Return rates of strata of which a few without limits have the widest possible ones.

    A rate of weighted rows has no limits if a few rows carry much of the weight. If such strata
    have at most a tenth of the weight, their rates get the limits value ± z / 2, because no mean of
    numbers from 0 to 1 has a standard error above 1/2 (Popoviciu's inequality). They can lie beyond
    0 and 1, as a sum of many of them needs.

    Parameters
    ----------
    part : (value, low, high)
        The rate of each stratum with its limits; arrays of shape (n_strata,).
    weight : array of shape (n_strata,)
        The weights of the strata.
    confidence : float
        The confidence level of the limits.

    Examples
    --------
    >>> rates = tuple(np.array(x) for x in ([0.2, 0.5], [0.1, np.nan], [0.3, np.nan]))
    >>> [x.round(2).tolist() for x in with_any_limits(rates, np.array([19.0, 1.0]), 0.95)]
    [[0.2, 0.5], [0.1, -0.48], [0.3, 1.48]]
    """
    value, low, high = part
    gone = np.isnan(low) & ~np.isnan(value)
    if np.sum(weight * gone) > _MOST_SPARSE * np.sum(weight):
        return part
    half = normal_quantile(confidence) / 2
    return value, np.where(gone, value - half, low), np.where(gone, value + half, high)


def weighted_comparison(a: Estimate, b: Estimate, weight: FloatArray, *, ratio: bool) -> Estimate:
    """Compare weighted means of the rates of two groups, with limits from those of the rates.

    With the number of rows of both groups as weights, this is direct standardisation to the strata
    of all rows.

    Parameters
    ----------
    a, b : (value, low, high)
        The rate of each group and stratum with its limits; arrays of shape (n_strata,).
    weight : array of shape (n_strata,)
        The weights of the strata.
    ratio : bool
        Whether the means are compared by their ratio or by their difference.

    References
    ----------
    Zou, Huang and Zhang (2009), "A note on confidence interval estimation for a linear function of
    binomial proportions", Computational Statistics & Data Analysis 53; Donner and Zou (2012) for
    the ratio, as in `fairrun.metrics.closed_form.ratio_of`.
    """
    mean_a, mean_b = weighted_rate(a, weight), weighted_rate(b, weight)
    if ratio:
        return divide(mean_a[0], mean_b[0]), *ratio_of(mean_a, mean_b)
    return np.asarray(mean_a[0] - mean_b[0]), *difference_of([(mean_a, mean_b)])


def _root(distance: Callable[[float], float], outside: float, inside: float) -> float:
    """Return where a distance that is positive outside of a limit, and negative inside, is 0."""
    if distance(outside) <= 0:
        return outside
    # At the estimate itself, both scores and variance can be 0.
    inside += (outside - inside) * 1e-12
    if distance(inside) >= 0:
        return inside
    return float(brentq(distance, outside, inside, xtol=1e-13, rtol=1e-13))


def _variance(
    tested: float,
    x_a: FloatArray,
    n_a: FloatArray,
    x_b: FloatArray,
    n_b: FloatArray,
    *,
    ratio: bool,
) -> FloatArray:
    """Return the variance of each stratum's score at the rates that fit to the tested value."""
    n = n_a + n_b
    factor = 1.0
    if ratio:
        p_b = _rate_at_ratio(tested, x_a, n_a, x_b, n_b)
        p_a, factor = np.minimum(tested * p_b, 1), tested**2
    else:
        p_b = _rate_at_difference(tested, x_a, n_a, x_b, n_b)
        p_a = np.clip(p_b + tested, 0, 1)
    variance = p_a * (1 - p_a) / n_a + factor * p_b * (1 - p_b) / n_b
    return np.asarray(variance * n / (n - 1))


def _rate_at_ratio(
    ratio: float, x_a: FloatArray, n_a: FloatArray, x_b: FloatArray, n_b: FloatArray
) -> FloatArray:
    """Return the most likely rate of b if that of a is `ratio` times as high."""
    if ratio == 0:
        return np.asarray(x_b / n_b)
    square, total = (n_a + n_b) * ratio, x_a + x_b
    linear = ratio * (n_a + x_b) + x_a + n_b
    root = np.sqrt(np.maximum(linear**2 - 4 * square * total, 0))
    # The smaller root, written so that no two close numbers are subtracted.
    return np.asarray(np.clip(2 * total / (linear + root), 0, min(1.0, 1 / ratio)))


def _rate_at_difference(
    difference: float, x_a: FloatArray, n_a: FloatArray, x_b: FloatArray, n_b: FloatArray
) -> FloatArray:
    """Return the most likely rate of b if that of a is `difference` higher: a root of a cubic."""
    d, n, total = difference, n_a + n_b, x_a + x_b
    two = ((n_a + 2 * n_b) * d - n - total) / (3 * n)
    one = ((n_b * d - n - 2 * x_b) * d + total) / n
    zero = x_b * d * (1 - d) / n
    p = two**3 - two * one / 2 + zero / 2
    q = np.where(p < 0, -1, 1) * np.sqrt(np.maximum(two**2 - one / 3, 0))
    angle = np.arccos(np.clip(np.nan_to_num(divide(p, q**3)), -1, 1))
    root = 2 * q * np.cos((np.pi + angle) / 3) - two
    return np.asarray(np.clip(root, max(0.0, -d), min(1.0, 1 - d)))
