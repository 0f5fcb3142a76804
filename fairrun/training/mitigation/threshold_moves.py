"""Move the rates of groups towards each other by as little as the rows ask for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fairrun.training.mitigation.threshold_margins import Margins
from fairrun.training.mitigation.threshold_steps import ROUNDING, Steps

__all__ = ["least_moves"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

#: The largest number of centres that are tried.
_MANY_CENTRES = 512


def least_moves(
    groups: Sequence[Steps],
    base: Sequence[int],
    margins: Margins,
    half: _Floats,
    hull: NDArray[np.bool_],
) -> list[int]:
    """Return each group's step nearest to its base step with a rate near a common centre.

    The centre lies between the rates of groups at their base steps. No group moves away from it, so
    that the rates of groups that stay where they are do not become further apart from the others.

    Parameters
    ----------
    groups : sequence of Steps
        The groups to move.
    base : sequence of int
        The base step of each group.
    margins : Margins
        How rates are compared.
    half : array of float64 of shape (n_groups, n_rates)
        The largest distance of each group from the centre. If no step is as near for both rates,
        the step between the two windows is taken.
    hull : array of bool of shape (n_groups,)
        The groups whose rates at their base steps limit the centre.

    Returns
    -------
    list of int
        The steps with the best objective among all centres; of equally good ones, those that
        change the fewest labels.
    """
    places = [margins.places(group.rates, np.expand_dims(group.size, 1)) for group in groups]
    at_base = np.array([place[:, step] for place, step in zip(places, base, strict=True)])
    low, high = at_base[hull].min(axis=0), at_base[hull].max(axis=0)
    centres = _centres(groups, places, half, low, high)
    steps = np.empty((len(groups), centres.shape[1]), dtype=np.int64)
    missed = np.zeros(centres.shape[1])
    value, moved = np.zeros((2, centres.shape[1]), dtype=np.int64)
    for number, (group, place) in enumerate(zip(groups, places, strict=True)):
        mine = _nearest(place, base[number], centres, half[number])
        distance = np.abs(place[:, mine] - centres) - half[number][:, None]
        missed = np.maximum(missed, distance.max(axis=0))
        value += group.value[mine]
        moved += np.abs(group.rows[mine] - group.rows[base[number]])
        steps[number] = mine
    least = np.maximum(missed.min(), 0) + 10 * ROUNDING
    worst = np.iinfo(np.int64).min
    best = np.lexsort((centres[0], moved, -np.where(missed <= least, value, worst + 1)))[0]
    return [int(step) for step in steps[:, best]]


def _centres(
    groups: Sequence[Steps], places: Sequence[_Floats], half: _Floats, low: _Floats, high: _Floats
) -> _Floats:
    """Return the centres to try, of shape (n_rates, n_centres)."""
    if len(low) == 1:
        # The nearest step changes only where a window begins or ends with a step.
        edges = [
            place[0] + side * own[0]
            for place, own in zip(places, half, strict=True)
            for side in (-1, 1)
        ]
        tried = np.unique(np.concatenate([low, high, *(place[0] for place in places), *edges]))
        tried = tried[(tried >= low[0]) & (tried <= high[0])]
        kept = np.unique(np.linspace(0, len(tried) - 1, _MANY_CENTRES).round().astype(np.int64))
        return np.asarray(tried[kept][None])
    # Two rates are tried together, as one threshold for all these groups would have them.
    thresholds = np.unique(np.concatenate([group.thresholds for group in groups]))
    kept = np.unique(np.linspace(0, len(thresholds) - 1, _MANY_CENTRES).round().astype(np.int64))
    size = np.array([group.size for group in groups])
    rates = sum(
        group.rates[
            :,
            np.searchsorted(-group.thresholds, -thresholds[kept]).clip(
                0, len(group.thresholds) - 1
            ),
        ]
        * own[:, None]
        for group, own in zip(groups, size, strict=True)
    )
    pooled = np.asarray(rates) / size.sum(axis=0)[:, None]
    return np.unique(np.clip(pooled, low[:, None], high[:, None]), axis=1)


def _nearest(place: _Floats, base: int, centres: _Floats, half: _Floats) -> _Ints:
    """Return the step nearest to the base step in the window around each centre."""
    last = place.shape[1] - 1
    start, stop = np.zeros(centres.shape[1], np.int64), np.full(centres.shape[1], last + 1)
    for rate, centre, own in zip(place, centres, half, strict=True):
        start = np.maximum(start, np.searchsorted(rate, centre - own - ROUNDING, side="left"))
        stop = np.minimum(stop, np.searchsorted(rate, centre + own + ROUNDING, side="right"))
    inside = np.clip(base, start, np.maximum(stop - 1, start))
    # An empty window lies between two steps. With one rate, the nearer one is taken.
    lower = np.clip(stop - 1, 0, last)
    upper = np.clip(start, 0, last)
    if len(place) == 1:
        nearer = np.abs(place[0][lower] - centres[0]) <= np.abs(place[0][upper] - centres[0])
        outside = np.where(nearer, lower, upper)
    else:
        outside = (lower + upper) // 2
    return np.asarray(np.where(start < stop, inside, outside))
