"""When a trial is given up: some of its folds are done, and the best are out of its reach."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fairrun.sweep.objectives import Metrics, Objective

__all__ = ["Incumbent", "hopeless"]

#: Of one of the best trials, the lower limit of what each objective gains.
Incumbent = tuple[float, ...]


def hopeless(
    metrics: Metrics, objectives: Sequence[Objective], incumbents: Sequence[Incumbent]
) -> bool:
    """Whether another trial is better in every objective, and no interval says otherwise.

    Parameters
    ----------
    metrics : mapping of str to float
        Of the rows measured so far.
    objectives : sequence of Objective
        One or two.
    incumbents : sequence of tuple of float
        For each of the best trials so far the lower limit of each objective's gain.

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
