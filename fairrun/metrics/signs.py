"""How tables show a metric: with its sign, or with an upper limit only."""

from __future__ import annotations

from fairrun.metrics.bias import BIAS_METRICS

__all__ = ["has_only_upper_limit", "has_sign"]

#: Metrics that are above 0 by chance, so that no lower limit is above 0.
_UPPER = ("abroca", "squared_calibration_error")


def has_sign(metric: str) -> bool:
    """Return whether a metric is a difference, whose sign says in which direction it is.

    Parameters
    ----------
    metric : str
        The name of a metric, also with a suffix such as `/race`. The worst pair (`_worst`) has no
        sign, because its two groups are ordered so that the difference is at least 0.

    Examples
    --------
    >>> [has_sign(name) for name in ("statistical_parity/race", "accuracy", "accuracy_over_none")]
    [True, False, True]
    >>> [has_sign(name) for name in ("calibration_in_the_large", "statistical_parity_worst/race")]
    [True, False]
    """
    name = metric.partition("/")[0]
    known = BIAS_METRICS.get(name)
    if known is not None:
        return known.signed and known.reference == 0
    if name.endswith("_worst"):
        return False
    return name == "calibration_in_the_large" or "_over_" in name or name.endswith("_difference")


def has_only_upper_limit(metric: str) -> bool:
    """Return whether the interval of a metric says only how large the true value can be.

    Parameters
    ----------
    metric : str
        The name of a metric, also with a suffix such as `/race`.

    Examples
    --------
    >>> [has_only_upper_limit(name) for name in ("abroca/race", "roc_auc_difference")]
    [True, False]
    """
    return metric.partition("/")[0] in _UPPER
