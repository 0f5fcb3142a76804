"""The probability that a check is decided, from simulated tables of counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from fairrun.gate.family import moved_limit
from fairrun.gate.judgements import Verdict
from fairrun.gate.terms import Term
from fairrun.metrics import (
    BIAS_METRICS,
    GROUP_RATES,
    PERFORMANCE_METRICS,
    Counted,
    Rate,
    normal_quantile,
)

__all__ = ["POWER", "Case", "power_of", "shares_at", "times_needed"]

#: The probability with which a check is decided.
POWER = 0.8
#: Simulated tables for each number of rows. The standard error of the power is 0.013.
_DRAWS = 1000
#: The most tables of groups in one simulation, so that 24 groups take no longer than four.
_MOST_TABLES = 4000
#: The search ends if the power is this near, or the bounds of the number of rows are.
_NEAR_POWER, _NEAR_ROWS = 0.01, 1.02
_STEPS = 12

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Case:
    """What a check judges: a term for some groups, and how their rows are spread over the cells.

    Attributes
    ----------
    term : Term
        The term.
    groups : tuple of str
        The groups that are compared, or the one group that is judged.
    shares : array of shape (n_groups, 2, 2)
        The share of each group's rows by label and prediction. Each group sums to 1.
    rows : array of shape (n_groups,)
        The present number of rows of each group.
    effective_share : array of shape (n_groups,)
        The effective number of rows divided by the number of rows; 1 for independent rows that are
        not weighted.
    judged : tuple of int
        The positions of the two groups of the judged pair, or of the one group.
    min_count : int
        The fewest rows behind each rate.
    tail : float
        The probability that one limit of an interval may miss.
    to_pass, to_fail : float
        The number by which the distance of a limit from its value is multiplied for each verdict.
    """

    term: Term
    groups: tuple[str, ...]
    shares: FloatArray
    rows: FloatArray
    effective_share: FloatArray
    judged: tuple[int, ...]
    min_count: int
    tail: float
    to_pass: float = 1.0
    to_fail: float = 1.0

    @property
    def is_simulated(self) -> bool:
        """Return whether the check is about rates of labels, or else the normal approximation."""
        metric = self.term.metric
        return not metric.of_scores and metric.name != "cohen_d"


def power_of(case: Case, shares: FloatArray, times: float, seed: int = 0) -> dict[str, float]:
    """Return the probability of each verdict on simulated rows.

    Parameters
    ----------
    case : Case
        What is judged, a check of labels.
    shares : array of shape (n_groups, 2, 2)
        The true share of each group's rows by label and prediction.
    times : float
        The number of rows in multiples of the present ones.
    seed : int
        The seed of the simulation.

    Returns
    -------
    dict of str to float
        The shares of the simulated tables that "pass" and that "fail".
    """
    n = np.maximum(np.rint(times * case.rows * case.effective_share), 1).astype(np.int64)
    draws = max(min(_DRAWS, _MOST_TABLES // len(n)), 100)
    rng = np.random.default_rng(seed)
    drawn = [rng.multinomial(size, share.ravel(), draws) for size, share in zip(n, shares)]  # noqa: B905
    tables = np.stack(drawn, axis=1).reshape(draws, len(n), 2, 2)
    passes, fails = _verdicts(case, tables)
    enough = np.ones(draws, dtype=bool)
    for rate in case.term.metric.rates:
        enough &= (rate.size(tables) >= case.min_count).all(axis=1)
    return {"pass": float((passes & enough).mean()), "fail": float((fails & enough).mean())}


def _verdicts(case: Case, tables: NDArray[np.int64]) -> tuple[BoolArray, BoolArray]:
    """Return which tables of shape (n_draws, n_groups, 2, 2) pass, and which fail."""
    term, (draws, k) = case.term, tables.shape[:2]
    flat = tables.reshape(-1, 2, 2)
    estimates = Counted(flat, int(flat.sum()), confidence=1 - 2 * case.tail)
    if term.metric.kind == "performance":
        found = estimates.rate(_rate_of(term))
    else:
        i, j = np.triu_indices(k, 1)
        starts = np.arange(draws)[:, None] * k
        pairs = np.stack([starts + i, starts + j], axis=-1).reshape(-1, 2)
        found = estimates.each(BIAS_METRICS[term.metric.name], pairs)
    value, low, high = (each.reshape(draws, -1) for each in (found.value, found.low, found.high))
    lowest, highest = term.allowed
    (pass_low, fail_low), (pass_high, fail_high) = (
        [
            limit if times == 1 else moved_limit(term, value, limit, times)
            for times in (case.to_pass, case.to_fail)
        ]
        for limit in (low, high)
    )
    passes = (pass_low >= lowest) & (pass_high <= highest)
    fails = (fail_high < lowest) | (fail_low > highest)
    return np.asarray(passes.all(axis=1)), np.asarray(fails.any(axis=1))


def _rate_of(term: Term) -> Rate:
    name = term.metric.name
    return cast(Rate, (PERFORMANCE_METRICS | GROUP_RATES)[name])


def times_needed(
    case: Case, shares: FloatArray, verdict: Verdict, start: float, most: float
) -> float:
    """Return how many times the present rows are needed so that `POWER` of tables decide.

    Parameters
    ----------
    case : Case
        What is judged, a check of labels.
    shares : array of shape (n_groups, 2, 2)
        The true share of each group's rows by label and prediction.
    verdict : Verdict
        The verdict that is right for these shares.
    start, most : float
        The number to begin with, and the largest number to try.

    Returns
    -------
    float
        Infinite if more than `most` times the rows would be needed.
    """
    wanted, z = float(ndtri(POWER)), normal_quantile(0.95)
    low, high, times = 0.0, math.inf, min(start, most)
    for _ in range(_STEPS):
        power = power_of(case, shares, times)[str(verdict)]
        if abs(power - POWER) <= _NEAR_POWER:
            return times
        if power > POWER:
            high = times
        elif times >= most:
            return math.inf
        else:
            low = times
        if high <= low * _NEAR_ROWS:
            break
        # The power of a normal test is Φ(c √n − z), so the number of rows follows from one power.
        found = float(ndtri(min(max(power, 0.001), 0.999)))
        step = ((z + wanted) / max(z + found, 0.1)) ** 2
        times *= min(max(step, 1 / 16), 16.0)
        if not low < times < high:
            times = math.sqrt(low * high)
        times = min(times, most)
    return high


def shares_at(case: Case, value: float) -> FloatArray:
    """Return the shares of the cells if the judged value is `value`.

    Parameters
    ----------
    case : Case
        What is judged, a check of labels.
    value : float
        The difference or ratio of the judged pair, or the metric of the one group.

    Returns
    -------
    array of shape (n_groups, 2, 2)
        The rates of the judged pair lie around the rate of all rows. Other groups have this rate.
    """
    shares, metric = case.shares, case.term.metric
    for rate in metric.rates:
        sizes = rate.size(shares) * case.rows
        counted = np.nan_to_num(rate(shares))
        pooled = float(np.average(counted, weights=sizes)) if sizes.sum() > 0 else 0.5
        rates = np.full(len(shares), pooled)
        if metric.kind == "performance":
            rates[:] = value
        elif metric.kind == "ratio":
            lower = min(value, 1 / value)
            most = min(2 * pooled / (1 + lower), 1.0)
            ends = (most * lower, most) if value <= 1 else (most, most * lower)
            rates[[*case.judged]] = ends
        else:
            middle = min(max(pooled, abs(value) / 2), 1 - abs(value) / 2)
            rates[[*case.judged]] = (middle + value / 2, middle - value / 2)
        shares = np.stack([*map(_with_rate, [rate] * len(shares), shares, rates)])
    return shares


def _with_rate(rate: Rate, shares: FloatArray, wanted: float) -> FloatArray:
    """Return the shares of a group's cells with another rate, and the same denominator."""
    top, bottom = (np.reshape(each, (2, 2)) for each in (rate.numerator, rate.denominator))
    yes, no = top > 0, (bottom > 0) & (top == 0)
    odds = float(top.max())  # F1 counts a true positive twice
    wanted = wanted / (odds - (odds - 1) * wanted)
    mass = shares[yes | no].sum()
    changed = shares.copy()
    for cells, target in ((yes, wanted * mass), (no, (1 - wanted) * mass)):
        present = shares[cells].sum()
        changed[cells] = shares[cells] * target / present if present else target / cells.sum()
    total: FloatArray = changed / changed.sum()
    return total
