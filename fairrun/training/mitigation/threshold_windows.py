"""Find the best step of each group such that the rates of all groups differ by little.

The steps with a rate in a given range are neighbours, and the best of them is a range maximum. The
search is exact, because it considers every step and not a grid of thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fairrun.training.mitigation.threshold_steps import Steps

__all__ = ["best_steps"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
#: The first and the last step (excluded) of many ranges of steps.
_Windows = tuple[_Ints, _Ints]


class _RangeMaximum:
    """A sparse table of an array, with the maxima of all windows of 1, 2, 4, … entries."""

    def __init__(self, values: _Ints) -> None:
        levels = [values]
        while (width := 2 ** (len(levels) - 1)) * 2 <= len(values):
            shorter = levels[-1]
            levels.append(shorter.copy())
            np.maximum(shorter[:-width], shorter[width:], out=levels[-1][:-width])
        self._levels = np.stack(levels)

    def __call__(self, start: _Ints, stop: _Ints) -> _Ints:
        """Return the maximum of ``values[start:stop]`` for each window.

        The result for an empty window has no meaning.
        """
        level = np.frexp(np.maximum(stop - start, 1))[1] - 1
        last = self._levels.shape[1] - 1
        first = self._levels[level, np.minimum(start, last)]
        second = self._levels[level, np.clip(stop - 2**level, 0, last)]
        return np.asarray(np.maximum(first, second))


def best_steps(groups: Sequence[Steps], allowed: _Floats, ratio: bool) -> list[int]:
    """Return the best step of each group such that the groups' rates differ by at most `allowed`.

    If `ratio` is true, the logarithms of the rates differ by at most `allowed`.
    """
    if len(allowed) == 1:
        return _best_of_one_rate(groups, allowed[0], ratio)
    if len(groups) == 2:
        return _best_of_two_groups(groups[0], groups[1], allowed)
    return _best_of_two_rates(groups, allowed)


def _best_of_one_rate(groups: Sequence[Steps], allowed: float, ratio: bool) -> list[int]:
    """Return the best steps for one rate.

    Each rate of a step is tried as the lowest rate of all groups. Every group then takes its best
    step with a rate from the lowest to the highest allowed one.
    """
    lowest = np.unique(np.concatenate([group.rates[0] for group in groups]))
    highest = lowest * np.exp(allowed) if ratio else lowest + allowed
    windows = [group.window(0, lowest, highest) for group in groups]
    maxima = [_RangeMaximum(group.value) for group in groups]
    return _middle_best_steps(groups, windows, int(_totals(maxima, windows).argmax()))


def _best_of_two_groups(first: Steps, second: Steps, allowed: _Floats) -> list[int]:
    """Return the best steps for two rates and two groups.

    Each step of the first group is tried with the second group's best step near it in both rates.
    """
    windows = [
        second.window(rate, first.rates[rate] - allowed[rate], first.rates[rate] + allowed[rate])
        for rate in range(2)
    ]
    (start_0, stop_0), (start_1, stop_1) = windows
    itself = np.arange(len(first.value))
    both = [
        (itself, itself + 1),
        (np.maximum(start_0, start_1), np.minimum(stop_0, stop_1)),
    ]
    groups = (first, second)
    maxima = [_RangeMaximum(group.value) for group in groups]
    return _middle_best_steps(groups, both, int(_totals(maxima, both).argmax()))


def _best_of_two_rates(groups: Sequence[Steps], allowed: _Floats) -> list[int]:
    """Return the best steps for two rates and more than two groups.

    Each pair of values of the two rates is tried as the lowest rates of all groups, as in
    `_best_of_one_rate`.
    """
    lowest = [np.unique(np.concatenate([group.rates[rate] for group in groups])) for rate in (0, 1)]
    by_rate = [
        [group.window(rate, lowest[rate], lowest[rate] + allowed[rate]) for group in groups]
        for rate in (0, 1)
    ]
    maxima = [_RangeMaximum(group.value) for group in groups]
    best, best_windows, best_at = -1, by_rate[0], 0
    for i in range(len(lowest[0])):
        windows = [
            (np.maximum(start_0[i], start_1), np.minimum(stop_0[i], stop_1))
            for (start_0, stop_0), (start_1, stop_1) in zip(*by_rate, strict=True)
        ]
        totals = _totals(maxima, windows)
        at = int(totals.argmax())
        if totals[at] > best:
            best, best_windows, best_at = int(totals[at]), windows, at
    return _middle_best_steps(groups, best_windows, best_at)


def _totals(maxima: Sequence[_RangeMaximum], windows: Sequence[_Windows]) -> _Ints:
    """Return the sum over groups of the maximum in each window; −1 if one of them is empty."""
    possible = np.logical_and.reduce([start < stop for start, stop in windows])
    values = [maximum(*window) for maximum, window in zip(maxima, windows, strict=True)]
    return np.where(possible, np.sum(values, axis=0), -1)


def _middle_best_steps(groups: Sequence[Steps], windows: Sequence[_Windows], at: int) -> list[int]:
    """Return each group's best step in its window `at`; of equally good steps, the middle one."""
    steps = []
    for group, (start, stop) in zip(groups, windows, strict=True):
        values = group.value[start[at] : stop[at]]
        best = np.flatnonzero(values == values.max())
        steps.append(int(start[at] + best[len(best) // 2]))
    return steps
