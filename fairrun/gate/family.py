"""One error rate over a whole gate: Holm's procedure for the claims that a check fails.

A gate passes only if every check passes. This is an intersection-union test: each check can be
tested at the plain level, and the gate passes wrongly no more often than one check does (Berger,
1982, "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24). A gate fails
if any check fails, so each further check adds a chance of a wrong fail. Holm's procedure keeps that
chance at the level of one check, also if the checks depend on each other (Holm, 1979, "A simple
sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.gate.judgements import Judgement, Verdict
from fairrun.gate.terms import Term
from fairrun.metrics import normal_quantile

__all__ = ["at_confidence", "holm", "moved_limit"]

FloatArray = NDArray[np.float64]


def holm(judgements: Sequence[Judgement], confidence: float) -> tuple[Judgement, ...]:
    """Return judgements of which a wrong one fails no more often than a single judgement would.

    Of k judgements with an interval, those fail whose interval at the level 1 − α / k lies outside
    the allowed range, where α = 1 − `confidence`. If r of them fail, the others are judged at the
    level 1 − α / (k − r), and so on until no more fail. A judgement that fails, or that would fail
    without the procedure, has the interval at the level at which it was judged last. The others
    keep their interval, because the procedure is not needed to pass.

    Parameters
    ----------
    judgements : sequence of Judgement
        All judgements of a gate, with intervals at their plain level.
    confidence : float
        The plain level, such as 0.95. Each interval then misses the true value on one side with a
        probability of 2.5 %, so all judgements that hold are kept from failing with a probability
        of 97.5 %.

    Returns
    -------
    tuple of Judgement
    """
    judged = [*judgements]
    left = [place for place, each in enumerate(judged) if each.has_interval]
    while left:
        level = 1 - (1 - confidence) / len(left)
        wider = {place: at_confidence(judgements[place], level) for place in left}
        failed = {place for place, each in wider.items() if each.verdict is Verdict.FAIL}
        for place in failed:
            judged[place] = wider[place]
        if not failed:
            for place in left:
                if judgements[place].verdict is Verdict.FAIL:
                    judged[place] = _undecided(judgements[place], wider[place])
            break
        left = [place for place in left if place not in failed]
    return tuple(judged)


def _undecided(plain: Judgement, wider: Judgement) -> Judgement:
    """Return a judgement that fails at its plain level alone, with the reason."""
    reason = f"outside at {plain.level}, not at {wider.level} (family=holm)"
    return replace(wider, reason=reason)


def at_confidence(judgement: Judgement, confidence: float) -> Judgement:
    """Return a judgement with its interval at a higher confidence level.

    The limits are a number of standard errors away from the value on a scale on which the standard
    error hardly depends on the value: the logarithm for ratios, and arcsin √p for rates (Anscombe,
    1948, "The transformation of Poisson, binomial and negative-binomial data", Biometrika 35). On
    this scale, the distance from the value to each limit is multiplied by the ratio of the normal
    quantiles of the two levels. For the worst of several pairs this gives limits that are wider
    than necessary.

    Parameters
    ----------
    judgement : Judgement
        The judgement. Without an interval, nothing changes.
    confidence : float
        The confidence level. If it is below that of the judgement, nothing changes.

    Returns
    -------
    Judgement

    Examples
    --------
    >>> from fairrun.gate.terms import parse_term
    >>> term = parse_term("statistical_parity<=0.1")
    >>> plain = Judgement(term, "sex", "Male", "Female", 900, 0.15, 0.11, 0.19)
    >>> print(at_confidence(plain, 0.99))
    statistical_parity<=0.1, sex Male against Female: +0.150, +0.097 to +0.203
    """
    if confidence <= judgement.confidence or not judgement.has_interval:
        return judgement
    factor = normal_quantile(confidence) / normal_quantile(judgement.confidence)
    value = judgement.value
    low, high = (
        float(moved_limit(judgement.term, value, limit, factor))
        for limit in (judgement.ci_low, judgement.ci_high)
    )
    low, high = min(low, value), max(high, value)  # against rounding
    return replace(judgement, ci_low=low, ci_high=high, confidence=confidence)


def moved_limit(term: Term, value: ArrayLike, limit: ArrayLike, factor: float) -> FloatArray:
    """Return limits whose distance from their values is multiplied by a factor.

    See `at_confidence` for the scale of this distance.

    Examples
    --------
    >>> from fairrun.gate.terms import parse_term
    >>> moved_limit(parse_term("disparate_impact>=0.8"), [0.9, 0.0], [0.8, 0.1], 1.3).round(3)
    array([0.772, 0.169])
    """
    value, limit = np.asarray(value, dtype=float), np.asarray(limit, dtype=float)
    if term.is_around_zero:
        return np.asarray(value + factor * (limit - value))
    if term.metric.kind == "ratio":
        # Nobody is selected in one group. Near 0, the standard error of √r depends little on r.
        near_none = limit * factor**2
        some = np.where(value > 0, value, 1.0)
        return np.where(value > 0, some * (limit / some) ** factor, near_none)
    angle, of_limit = (np.arcsin(np.sqrt(np.clip(p, 0.0, 1.0))) for p in (value, limit))
    moved = angle + factor * (of_limit - angle)
    return np.asarray(np.sin(np.clip(moved, 0.0, np.pi / 2)) ** 2)
