"""When the weights of rows are too uneven for an interval of a share that can be trusted.

No formula covers if the sample does not show how heavy the rows of one outcome are. Two things tell
that it does not; `benchmarks/coverage_weighted.py` measures what is left. Rows of equal weight are
never refused.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.rates import FloatArray, divide

__all__ = ["too_uneven", "uneven_reason"]

_Bools = NDArray[np.bool_]

#: The weights differ if the heaviest rows carry more than this many times the average share.
_UNEVEN = 1.05
#: There is no interval if each of the heaviest rows carries more than this share of the weight, …
_LARGEST_SHARE = 1 / 8
#: … or if the rows of one outcome weigh at most this part of the heaviest rows, and fewer than this
#: many of the heaviest rows would be among them if the weights did not depend on the outcome.
_LIGHT, _FEW_EXPECTED = 1 / 7, 5


def too_uneven(yes: FloatArray, no: FloatArray) -> _Bools:
    """Return whether the weights are too uneven for an interval of a share.

    Parameters
    ----------
    yes, no : array of shape (..., 3)
        Σw, Σw² and Σw⁴ of the rows that count, and of those that do not.

    Examples
    --------
    Three rows that carry half of the weight, and ten rows of equal weight:

    >>> from fairrun.metrics.weighted_share import moments
    >>> none = moments([])
    >>> bool(too_uneven(none, moments([20.0] * 3 + [1.0] * 60)))
    True
    >>> bool(too_uneven(none, moments([2.0] * 10)))
    False
    """
    return np.asarray(_few_carry(yes + no) | _none_heavy(yes, no) | _none_heavy(no, yes))


def uneven_reason(name: str, yes: FloatArray, no: FloatArray) -> str:
    """Return in words why a share has no interval; empty if it has one.

    Parameters
    ----------
    name : str
        The share, such as "selection_rate of Female".
    yes, no : array of shape (3,)
        Σw, Σw² and Σw⁴ of the rows that count, and of those that do not.

    Examples
    --------
    >>> from fairrun.metrics.weighted_share import moments
    >>> some = moments([1.0] * 30)
    >>> uneven_reason("selection_rate of Female", some, moments([20.0] * 3 + [1.0] * 30))[:60]
    'selection_rate of Female has no interval, because a few rows'
    >>> uneven_reason("accuracy", some, moments([40.0] * 9 + [1.0] * 600))[26:]
    'because none of the rows that count is as heavy as the heaviest rows, which may be chance'
    """
    total = yes + no
    if _few_carry(total):
        why = (
            "a few rows carry too much of the weight: "
            f"the heaviest about {_share_of_heaviest(total):.0%} each"
        )
    elif _none_heavy(yes, no) or _none_heavy(no, yes):
        which = "count" if _none_heavy(yes, no) else "do not count"
        why = f"none of the rows that {which} is as heavy as the heaviest rows, which may be chance"
    else:
        return ""
    return f"{name} has no interval, because {why}"


def _heaviest(side: FloatArray) -> FloatArray:
    """Return the weight of the heaviest rows, roughly: √(Σw⁴ / Σw²); NaN without weight."""
    return np.asarray(np.sqrt(divide(side[..., 2], side[..., 1])))


def _share_of_heaviest(total: FloatArray) -> FloatArray:
    """Return the share of the weight that each of the heaviest rows carries, roughly."""
    return divide(_heaviest(total), total[..., 0])


def _differ(total: FloatArray) -> _Bools:
    # 1 / n for n rows of equal weight, as the share of the heaviest then is.
    average = divide(total[..., 1], total[..., 0] ** 2)
    return np.asarray(_share_of_heaviest(total) > _UNEVEN * average)


def _few_carry(total: FloatArray) -> _Bools:
    """Return whether a few rows carry most of the weight.

    If these rows have other outcomes than the rest, intervals of 95 % held the true share in 82 to
    88 % of simulations.
    """
    return _differ(total) & (_share_of_heaviest(total) > _LARGEST_SHARE)


def _none_heavy(side: FloatArray, other: FloatArray) -> _Bools:
    """Return whether a side has no heavy row, and too few rows for this to mean anything.

    In simulations, intervals of 95 % held the true share in 65 to 85 % of the cases.
    """
    total = side + other
    lighter = _heaviest(side) < _LIGHT * _heaviest(total)
    n_heaviest = divide(total[..., 1] ** 2, total[..., 2])
    expected = n_heaviest * divide(side[..., 0], total[..., 0])
    return np.asarray(_differ(total) & lighter & (expected < _FEW_EXPECTED))
