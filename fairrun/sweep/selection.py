"""Choose a trial by its metrics on the validation rows."""

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

#: A description of each rule.
RULES: dict[str, str] = {
    "constrained": "the best first objective among the trials whose intervals meet the constraint",
    "knee": "the point of the frontier farthest above the line between its ends",
}


@dataclass(frozen=True)
class Selection:
    """The frontier and the chosen trial.

    Attributes
    ----------
    frontier : tuple of int
        The numbers of the trials on the frontier, sorted by the second axis with the best first.
        On the frontier are the trials for which no other trial is at least as good in both axes and
        better in one.
    chosen : int
        The number of the chosen trial.
    rule : {"constrained", "knee"}
        The rule of the choice; see `RULES`.
    verdict : Verdict or None
        The verdict of the constraint for the chosen trial; None without a constraint.
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
        Trials of any state, of which only complete ones can be chosen.
    axes : sequence of Objective
        The two objectives of the frontier. The rule "constrained" maximises the first one.
    constraint : Constraint or None
        The constraint of the rule "constrained", which the whole interval of a trial must meet. If
        no trial meets it, the trial with the smallest violation is chosen; see
        `Selection.verdict`.
    rule : {"constrained", "knee"}
        The rule; see `RULES`. Of equally good trials, the earliest is chosen.

    Returns
    -------
    Selection

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
            "no trial is complete; see the reasons in the child runs (tag sweep.reason)"
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
    """Return which points are on the frontier.

    A point is not on the frontier if another point is at least as good in all axes and better in
    one, or if a coordinate is NaN. Of equal points, only the first can be on the frontier.

    Parameters
    ----------
    gains : array of shape (n, k)
        The points; larger values are better.

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
    no_worse = (points[:, None] >= points).all(axis=-1)  # [i, j] compares point i with point j
    better = (points[:, None] > points).any(axis=-1)
    earlier = np.arange(len(points))[:, None] < np.arange(len(points))
    beaten = (no_worse & (better | earlier)).any(axis=0)
    return np.asarray(~beaten & ~np.isnan(points).any(axis=1))


def knee(gains: NDArray[np.float64]) -> int:
    """Return the knee of a frontier: the point farthest above the line between its ends.

    Before this, each axis is scaled to the range of the frontier.

    Parameters
    ----------
    gains : array of float of shape (n, k)
        The points of the frontier, at least one; larger values are better.

    Returns
    -------
    int
        The position of the knee.

    References
    ----------
    I. Das, "On characterizing the 'knee' of the Pareto curve based on normal-boundary
    intersection", Structural Optimization 18, 1999.

    Examples
    --------
    >>> knee(np.array([[0.80, 0.0], [0.84, -0.02], [0.85, -0.2]]))
    1
    """
    reach = np.ptp(gains, axis=0)
    scaled = (gains - gains.min(axis=0)) / np.where(reach > 0, reach, 1.0)
    # The scaled ends are (1, 0) and (0, 1). The sum of the coordinates is constant on the line
    # between them, and grows with the distance above it.
    return int(np.argmax(scaled.sum(axis=1)))
