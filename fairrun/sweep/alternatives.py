"""Search the trials of a sweep for a less discriminatory alternative to its baseline.

The baseline is the model that one would choose without a thought of the groups. Candidates are
chosen on the validation rows. Whether one is an alternative is decided by rows that no choice has
used, with intervals that allow for the number of candidates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from fairrun.sweep.criteria import MARGIN, Criteria
from fairrun.sweep.objectives import Objective
from fairrun.sweep.selection import why_trivial

if TYPE_CHECKING:
    from fairrun.sweep.trial import TrialResult  # fits models, and imports scikit-learn

__all__ = [
    "CONFIDENCE",
    "Alternative",
    "Baseline",
    "Compared",
    "Finding",
    "best_alternative",
    "candidates_for",
    "choose_baseline",
    "confidence_of_each",
]

#: The probability that all intervals of all candidates hold what they estimate, together.
CONFIDENCE = 0.95


class Finding(StrEnum):
    """What the intervals of a candidate say about it, compared with the baseline."""

    ALTERNATIVE = "alternative"
    WORSE = "nearer, worse"
    UNDECIDED = "nearer, undecided"
    OTHER_METRIC = "nearer in the first metric only"
    NOT_NEARER = "not shown to be nearer"
    FURTHER = "further"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Compared:
    """A metric of a candidate and of the baseline on the same rows.

    Attributes
    ----------
    candidate, baseline : float
        The performance, or the distances from parity: |a − b|, or |log(a / b)| for a ratio.
    low, high : float
        The limits of candidate − baseline; NaN without an interval.
    reason : str
        Why the difference or its interval is missing; empty otherwise.
    """

    candidate: float
    baseline: float
    low: float
    high: float
    reason: str = ""

    @property
    def value(self) -> float:
        """The difference, candidate − baseline."""
        return self.candidate - self.baseline


@dataclass(frozen=True)
class Alternative:
    """A candidate, compared with the baseline.

    Attributes
    ----------
    trial : int
        The number of the trial.
    mitigator : str
        The mitigator.
    parameters : str
        Its other parameters.
    reads_group : bool
        Whether the fitted model reads a protected column in prediction.
    randomised : bool
        Whether it draws labels at random.
    performance : Compared
        The performance.
    distances : tuple of Compared
        The distances from parity, the deciding metric first.
    """

    trial: int
    mitigator: str
    parameters: str
    reads_group: bool
    randomised: bool
    performance: Compared
    distances: tuple[Compared, ...]

    @property
    def finding(self) -> Finding:
        """What the intervals say. Only what whole intervals show counts.

        Every condition of "alternative" must be shown. The probability that a candidate that misses
        one of them is called an alternative is therefore at most that of one interval's error,
        however many metrics there are.
        """
        performance, first, others = self.performance, self.distances[0], self.distances[1:]
        if any(math.isnan(each.low) for each in (performance, first)):
            return Finding.NOT_MEASURED
        if first.high >= 0:
            return Finding.FURTHER if first.low > 0 else Finding.NOT_NEARER
        if performance.low <= -MARGIN:
            return Finding.WORSE if performance.high < 0 else Finding.UNDECIDED
        # An interval that is missing shows nothing.
        if not all(each.high < MARGIN for each in others):
            return Finding.OTHER_METRIC
        return Finding.ALTERNATIVE


@dataclass(frozen=True)
class Baseline:
    """The model with which candidates are compared.

    Attributes
    ----------
    trial : int
        The number of the trial.
    mitigator : str
        The mitigator: none, unless the sweep tried no unmitigated model.
    how : str
        What it is, in words.
    """

    trial: int
    mitigator: str
    how: str


def choose_baseline(trials: Mapping[int, TrialResult], performance: Objective) -> Baseline:
    """Return the trial that one would choose without a thought of the groups.

    It is the best one without mitigation, by the performance on the validation rows; of equally
    good ones, the earliest. If the sweep tried none without mitigation, it is the best of all.

    Parameters
    ----------
    trials : mapping of int to TrialResult
        The trials by number, of which one must be complete.
    performance : Objective
        The performance.
    """
    complete = [
        each
        for _, each in sorted(trials.items())
        if each.state == "complete" and math.isfinite(performance.gain(each.metrics)[0])
    ]
    plain = [each for each in complete if _mitigator(each) == "none"]
    best = max(plain or complete, key=lambda each: performance.gain(each.metrics)[0])
    of_accuracy = performance.key == "accuracy"
    best_in = (
        "most accurate model"
        if of_accuracy
        else f"best model in {performance.key.replace('_', ' ')}"
    )
    how = f"the {best_in} without mitigation"
    if not plain:
        how = f"the {best_in} of all, because no model without mitigation was tried"
    return Baseline(best.number, _mitigator(best), how)


def candidates_for(
    trials: Mapping[int, TrialResult],
    kept: Iterable[int],
    baseline: Baseline,
    criteria: Criteria,
) -> tuple[int, ...]:
    """Return the trials that may be alternatives, by the validation rows.

    Parameters
    ----------
    trials : mapping of int to TrialResult
        The trials as they are shown, by number.
    kept : iterable of int
        The trials whose models are logged.
    baseline : Baseline
        The baseline, which is no candidate.
    criteria : Criteria
        The metrics.

    Returns
    -------
    tuple of int
        Those that are nearer to parity than the baseline and at most `MARGIN` worse, the nearest
        first. Others would only widen the intervals of all. Trivial trials are left out: a model
        that selects nearly everybody treats groups alike, and is of no use. A trial whose distance
        from parity is not known, as with sensitive data, is a candidate.
    """
    distance, performance = criteria.distances[0], criteria.performance
    gains = {number: distance.gain(trials[number].metrics)[0] for number in kept}
    of_baseline = trials[baseline.trial].metrics
    nearest = distance.gain(of_baseline)[0]
    worst = performance.gain(of_baseline)[0] - MARGIN
    found = [
        number
        for number, gain in gains.items()
        if number != baseline.trial
        and not gain <= nearest  # NaN is not known to be further from parity
        and performance.gain(trials[number].metrics)[0] >= worst
        and not why_trivial(trials[number].metrics)
    ]
    return tuple(
        sorted(found, key=lambda number: (math.isnan(gains[number]), -gains[number], number))
    )


def confidence_of_each(n_candidates: int) -> float:
    """Return the confidence level of each interval, so that those of all candidates hold together.

    Bonferroni's correction: the error of one candidate's interval is 0.05 / n. The metrics of a
    candidate need no correction, because an alternative must be shown in all of them.

    Examples
    --------
    >>> confidence_of_each(1), confidence_of_each(10)
    (0.95, 0.995)
    """
    return 1 - (1 - CONFIDENCE) / max(n_candidates, 1)


def best_alternative(
    found: Sequence[Alternative], *, without_group: bool = False
) -> Alternative | None:
    """Return the alternative whose distance from parity is shown to shrink most.

    Parameters
    ----------
    found : sequence of Alternative
        The candidates.
    without_group : bool
        Whether only models count that do not read a protected column in prediction.

    Returns
    -------
    Alternative or None
        None if no candidate is shown to be an alternative.
    """
    shown = [
        each
        for each in found
        if each.finding is Finding.ALTERNATIVE and not (without_group and each.reads_group)
    ]
    return min(shown, key=lambda each: each.distances[0].high, default=None)


def _mitigator(trial: TrialResult) -> str:
    return str(trial.parameters.get("mitigator", "none"))
