"""Choose a trial by its metrics on the validation rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.errors import RequestError
from fairrun.gate import Verdict
from fairrun.sweep.objectives import Constraint, Objective

if TYPE_CHECKING:
    from fairrun.sweep.trial import TrialResult  # fits models, and imports scikit-learn

__all__ = ["RULES", "Rule", "Selection", "knee", "on_frontier", "select", "why_trivial"]

Rule = Literal["constrained", "knee"]
#: Returns the verdict of a gate on the counts of a trial; see `fairrun.sweep.judge.trial_judge`.
Judge = Callable[["TrialResult"], Verdict]

#: A trial that selects a smaller share of the rows, or leaves out a smaller one, is trivial. Its
#: rates hardly differ between groups, and their intervals are narrow, whatever its scores are.
_NEARLY_NOBODY = 0.05
#: Trials whose interval reaches at most this far out of the allowed range are judged by the gate,
#: too. In sweeps that earlier versions began, the intervals of trials differ a little from its own.
_NEAR_THE_EDGE = 0.01
#: What makes a trial trivial, in words.
_TRIVIAL = (
    "a trivial trial selects under 5 % or over 95 % of the rows, or is no more accurate than the "
    "more frequent label for every row"
)

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
    how : str
        How the trial was chosen, in words.
    trivial : str
        Why the chosen trial is trivial, in words; empty if it is not.
    """

    frontier: tuple[int, ...]
    chosen: int
    rule: Rule
    verdict: Verdict | None
    how: str = ""
    trivial: str = ""


def select(
    results: Sequence[TrialResult],
    axes: Sequence[Objective],
    constraint: Constraint | None,
    rule: Rule,
    judge: Judge | None = None,
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
        no trial meets it, the values of the metrics decide: the best first objective among the
        trials whose values meet the constraint, or else the value nearest to it. The ends of the
        intervals do not decide, because a trial that selects nearly everybody has the narrowest
        intervals. Trivial trials are then chosen only if all are. A trial is trivial if it selects
        under 5 % or over 95 % of the rows, or is no more accurate than the more frequent label.
    rule : {"constrained", "knee"}
        The rule; see `RULES`. Of trials with an equal first objective, "constrained" takes the one
        with the best second objective. Of equally good trials, the earliest is chosen.
    judge : callable, optional
        Returns the gate's verdict on a trial. It is asked about the trials whose own intervals meet
        the constraint, or nearly, from the best one until one passes. By default the intervals of
        the trials decide.

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
    how = f"it is {RULES['knee']}"
    if rule == "knee" or constraint is None:
        place = int(places[knee(gains[places])])
    else:
        place, how = _best_within(complete, gains, constraint, str(axes[0]), judge)
    verdict = None
    if constraint is not None:
        chosen = complete[place]
        verdict = constraint.verdict(chosen.metrics) if judge is None else judge(chosen)
    frontier = tuple(complete[i].number for i in places)
    trivial = _why_trivial(complete[place])
    return Selection(frontier, complete[place].number, rule, verdict, how, trivial)


def _best_within(
    complete: Sequence[TrialResult],
    gains: NDArray[np.float64],
    constraint: Constraint,
    objective: str,
    judge: Judge | None,
) -> tuple[int, str]:
    """Return the position of the chosen trial, and how it was chosen."""
    ends = np.array([max(constraint.violations(each.metrics).values()) for each in complete])
    # Few rows give many equal first objectives. The second one keeps the choice off a beaten trial.
    order = np.lexsort((-gains[:, 1], -gains[:, 0]))
    for place in order[ends[order] <= (0 if judge is None else _NEAR_THE_EDGE)]:
        verdict = (judge or _own_verdict(constraint))(complete[place])
        if verdict is Verdict.PASS:
            return int(place), f"it has the best {objective} of the trials that meet the constraint"
    values = np.array(
        [max(constraint.violations(each.metrics, of_values=True).values()) for each in complete]
    )
    trivial = np.array([bool(_why_trivial(each)) for each in complete])
    allowed = ~trivial if not trivial.all() else np.ones(len(complete), dtype=np.bool_)
    left_out = ""
    if trivial.all():
        left_out = f", and all trials are trivial ({_TRIVIAL})"
    elif trivial.any():
        left_out = f" ({trivial.sum()} of {len(complete)} trials left out as trivial: {_TRIVIAL})"
    if (within := allowed & (values <= 0)).any():
        place = int(order[within[order]][0])
        return place, (
            "no trial is shown to meet the constraint; it has the best "
            f"{objective} of those whose values meet it{left_out}"
        )
    place = int(np.argmin(np.where(allowed, values, np.inf)))
    return place, f"no trial meets the constraint; its values come nearest{left_out}"


def _own_verdict(constraint: Constraint) -> Judge:
    return lambda trial: constraint.verdict(trial.metrics)


def _why_trivial(trial: TrialResult) -> str:
    """Return why a trial is trivial, in words; empty if it is not."""
    return why_trivial(trial.metrics)


def why_trivial(metrics: Mapping[str, float]) -> str:
    """Return why a model with these metrics is trivial, in words; empty if it is not.

    Examples
    --------
    >>> why_trivial({"selection_rate": 0.02, "accuracy_over_majority": 0.1})
    'it selects 2.0 % of the rows'
    """
    rate = metrics.get("selection_rate", 0.5)
    gain = metrics.get("accuracy_over_majority", math.nan)
    if not _NEARLY_NOBODY <= rate <= 1 - _NEARLY_NOBODY:
        return f"it selects {100 * rate:.1f} % of the rows"
    if gain <= 0:
        return "it is no more accurate than the more frequent label for every row"
    return ""


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
