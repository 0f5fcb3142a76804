"""Decide when a trial is stopped before its last fold."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fairrun.sweep.objectives import Metrics, Objective

__all__ = ["Incumbent", "hopeless"]

#: The lower limit of each objective's gain, for one of the best trials.
Incumbent = tuple[float, ...]


def hopeless(
    metrics: Metrics, objectives: Sequence[Objective], incumbents: Sequence[Incumbent]
) -> bool:
    """Return whether another trial is better in every objective, beyond the intervals of both.

    Parameters
    ----------
    metrics : mapping of str to float
        The metrics of the rows measured so far.
    objectives : sequence of Objective
        One or two objectives.
    incumbents : sequence of tuple of float
        For each of the best trials so far, the lower limit of each objective's gain.

    Returns
    -------
    bool
        True if the upper limit of each gain is below the lower limit of the same incumbent. False
        if a limit is undefined.

    Examples
    --------
    >>> from fairrun.sweep.objectives import parse_objectives
    >>> objectives = parse_objectives("accuracy", [])
    >>> found = {"accuracy": 0.80, "accuracy_ci_low": 0.79, "accuracy_ci_high": 0.81}
    >>> hopeless(found, objectives, [(0.82,)]), hopeless(found, objectives, [(0.805,)])
    (True, False)
    """
    reach = [each.gain(metrics)[2] for each in objectives]
    if any(math.isnan(limit) for limit in reach):
        return False
    return any(
        all(limit < best for limit, best in zip(reach, incumbent, strict=True))
        for incumbent in incumbents
    )
