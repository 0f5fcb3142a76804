"""The choice among trials, on validation alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.errors import RequestError
from fairrun.gate import Verdict
from fairrun.sweep.objectives import Constraint, Objective
from fairrun.sweep.trial import TrialResult

__all__ = ["RULES", "Rule", "Selection", "knee", "on_frontier", "select"]

Rule = Literal["constrained", "knee"]

RULES: dict[str, str] = {
    "constrained": "the best first objective among the trials whose intervals meet the constraint",
    "knee": "the point of the frontier farthest above the line between its ends",
}


@dataclass(frozen=True)
class Selection:
    """What was chosen.

    Attributes
    ----------
    frontier : tuple of int
        Numbers of the trials that no other beats in both axes, from the fairest to the most
        accurate: by their second axis.
    chosen : int
        The number of the chosen trial.
    rule : {"constrained", "knee"}
        How.
    verdict : Verdict or None
        What the constraint says of the chosen trial; None without one.
    """

    frontier: tuple[int, ...]
    chosen: int
    rule: Rule
    verdict: Verdict | None


def select(
    results: Sequence[TrialResult],
    axes: Sequence[Objective],
    constraint: Constraint | None,
    rule: Rule,
) -> Selection:
    """Choose a trial.

    Parameters
    ----------
    results : sequence of TrialResult
        Trials of any state; complete ones are chosen from.
    axes : sequence of Objective
        The two that span the frontier; the first is the objective of the rule `constrained`.
    constraint : Constraint or None
        What the rule `constrained` holds trials to: their whole interval. If no trial meets it,
        the one nearest to meeting it is chosen, and the verdict says so.
    rule : {"constrained", "knee"}
        See `RULES`. Of equals the earliest.

    Raises
    ------
    RequestError
        If no trial is complete.
    """
    complete = sorted(
        (
            each
            for each in results
            if each.state == "complete"
            and all(math.isfinite(axis.gain(each.metrics)[0]) for axis in axes)
        ),
        key=lambda each: each.number,
    )
    gains = np.array([[axis.gain(each.metrics)[0] for axis in axes] for each in complete])
    if not complete:
        raise RequestError(
            "no trial was completed; look at the reasons of the child runs (tag sweep.reason)"
        )
    places = np.flatnonzero(on_frontier(gains))
    places = places[np.argsort(-gains[places, -1], kind="stable")]
    if rule == "knee" or constraint is None:
        place = int(places[knee(gains[places])])
    else:
        place = _best_within(complete, gains[:, 0], constraint)
    verdict = constraint.verdict(complete[place].metrics) if constraint is not None else None
    frontier = tuple(complete[i].number for i in places)
    return Selection(frontier, complete[place].number, rule, verdict)


def _best_within(
    complete: Sequence[TrialResult], gain: NDArray[np.float64], constraint: Constraint
) -> int:
    verdicts = [constraint.verdict(each.metrics) for each in complete]
    passed = np.array([verdict is Verdict.PASS for verdict in verdicts])
    if passed.any():
        return int(np.argmax(np.where(passed, gain, -np.inf)))
    return int(np.argmin([max(constraint.violations(r.metrics).values()) for r in complete]))


def on_frontier(gains: ArrayLike) -> NDArray[np.bool_]:
    """Tell which points no other point beats: at least as good in all, and better in one.

    Parameters
    ----------
    gains : array of shape (n, k)
        The larger the better. A point with NaN is on no frontier. Of equal points the first is.

    Returns
    -------
    array of bool of shape (n,)

    Examples
    --------
    >>> on_frontier([[0.9, -0.2], [0.8, -0.1], [0.8, -0.3], [0.9, -0.2]]).tolist()
    [True, True, False, False]
    """
    points = np.asarray(gains, dtype=np.float64)
    if not len(points):
        return np.zeros(0, dtype=np.bool_)
    no_worse = (points[:, None] >= points).all(axis=-1)  # of i against j
    better = (points[:, None] > points).any(axis=-1)
    earlier = np.arange(len(points))[:, None] < np.arange(len(points))
    beaten = (no_worse & (better | earlier)).any(axis=0)
    return np.asarray(~beaten & ~np.isnan(points).any(axis=1))


def knee(gains: NDArray[np.float64]) -> int:
    """Find the knee of a frontier: the point farthest above the line between its ends.

    Both axes are scaled to the frontier's reach first (I. Das, On characterizing the "knee" of the
    Pareto curve, Structural Optimization 18, 1999).

    Parameters
    ----------
    gains : ndarray of float, shape (n, k)
        A frontier, the larger the better; at least one point.

    Returns
    -------
    int
        Its position.

    Examples
    --------
    >>> knee(np.array([[0.80, 0.0], [0.84, -0.02], [0.85, -0.2]]))
    1
    """
    reach = np.ptp(gains, axis=0)
    scaled = (gains - gains.min(axis=0)) / np.where(reach > 0, reach, 1.0)
    # The ends are (1, 0) and (0, 1): along the line between them the sum is the same.
    return int(np.argmax(scaled.sum(axis=1)))
