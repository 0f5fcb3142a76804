"""Which metrics are differences, so that tables show their signs."""

from __future__ import annotations

from fairrun.metrics.bias import BIAS_METRICS

__all__ = ["has_sign"]


def has_sign(metric: str) -> bool:
    """Return whether a metric is a difference, whose sign says in which direction it is.

    Parameters
    ----------
    metric : str
        The name of a metric, also with a suffix such as `_worst` or `/race`.

    Examples
    --------
    >>> [has_sign(name) for name in ("statistical_parity/race", "accuracy", "accuracy_over_none")]
    [True, False, True]
    """
    name = metric.partition("/")[0].removesuffix("_worst")
    known = BIAS_METRICS.get(name)
    if known is not None:
        return known.signed and known.reference == 0
    return "_over_" in name or name.endswith("_difference")
