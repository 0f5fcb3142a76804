"""Decide which groups have a threshold of their own, and how far it moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairrun.training.mitigation.threshold_constraints import RateConstraint
from fairrun.training.mitigation.threshold_margins import OWN_NOISE, Margins
from fairrun.training.mitigation.threshold_moves import least_moves
from fairrun.training.mitigation.threshold_steps import Steps
from fairrun.training.mitigation.threshold_windows import best_steps

__all__ = ["Found", "find_steps"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

#: The largest number of steps of all groups for two rates and more than two groups. The time grows
#: with the square of this number.
_MANY_STEPS = 2000


@dataclass(frozen=True)
class Found:
    """The steps of the groups, and whether they are shown to keep the constraint.

    Attributes
    ----------
    groups : sequence of Steps
        The steps that were searched.
    steps : list of int
        The chosen step of each group.
    moved : array of bool of shape (n_groups,)
        Whether the group has a threshold of its own.
    shown : bool
        Whether all groups keep the constraint with its margin.
    carried : array of bool of shape (n_groups,)
        Whether the group has rows enough to show this.
    """

    groups: Sequence[Steps]
    steps: list[int]
    moved: NDArray[np.bool_]
    shown: bool
    carried: NDArray[np.bool_]


def find_steps(
    groups: Sequence[Steps],
    above: Sequence[int],
    asked: RateConstraint,
    margins: Margins,
    tolerance: float,
) -> Found:
    """Return the steps of the groups: as for one threshold, or moved as far as the rows carry it.

    Parameters
    ----------
    groups : sequence of Steps
        The steps of each group.
    above : sequence of int
        The number of rows of each group above the one threshold.
    asked : RateConstraint
        The rates of the constraint.
    margins : Margins
        The limit of the constraint, and what the rows can show.
    tolerance : float
        The tolerance; 0 and 1 have a meaning of their own.

    Returns
    -------
    Found
    """
    if asked.ratio:
        # The ratio of two rates is undefined if both are 0, so each group selects a row.
        kept = [group.only(np.arange(1, len(group.value))) for group in groups]
    elif len(asked.rates) > 1 and len(groups) > 2:
        kept = [
            group.only(_spread(len(group.value), _MANY_STEPS // len(groups), group.at(n_rows)))
            for group, n_rows in zip(groups, above, strict=True)
        ]
    else:
        kept = list(groups)
    base = [group.at(n_rows) for group, n_rows in zip(kept, above, strict=True)]
    none = np.zeros(len(groups), dtype=bool)
    if tolerance == 1 or len(groups) < 2:
        return Found(kept, base, none, tolerance == 1, none)
    size = np.array([group.size for group in groups])
    whole = [group.at(n_rows) for group, n_rows in zip(groups, above, strict=True)]
    rates = _rates(groups, whole)
    differ = margins.differ(rates, size)
    if margins.quantile == 0:
        if not differ.any():
            return Found(kept, base, none, True, ~none)
        free = _without_margin(kept, margins, tolerance)
        reached = margins.shown(_rates(kept, free), size)
        return Found(kept, free, _moved_rows(kept, free, above), reached, ~none)
    carried = margins.carried(_rates(kept, base), size)
    if not differ.any():
        return Found(kept, base, none, margins.shown(rates, size), carried)
    if carried.all():
        steps = _best_inside(kept, margins, size, base)
        if steps is not None:
            return Found(kept, steps, _moved_rows(kept, steps, above), True, carried)
        least_sure = margins.errors(_rates(kept, base), size).max(axis=1).argmax()
        carried = carried & (np.arange(len(kept)) != least_sure)
    return _moved(kept, base, margins, size, differ, carried)


def _without_margin(groups: Sequence[Steps], margins: Margins, tolerance: float) -> list[int]:
    """Return the best steps that keep the limit on the given rows."""
    n_rates = len(groups[0].size)
    if tolerance:
        return best_steps(groups, np.full(n_rates, margins.limit), margins.ratio)
    one_row = np.max([group.one_row for group in groups], axis=0)
    return best_steps(groups, one_row, ratio=False)


def _best_inside(
    groups: Sequence[Steps], margins: Margins, size: _Floats, base: Sequence[int]
) -> list[int] | None:
    """Return the best steps that keep the limit with the margin, or None if rows are too few.

    The margin depends on the steps, because the standard error depends on the rates. The search is
    therefore repeated with a smaller allowed distance until the steps meet the tolerance with their
    own margin. It ends because the allowed distance falls in each round.
    """
    allowed = np.full(size.shape[1], margins.limit)
    noise = 2 * OWN_NOISE * margins.errors(_rates(groups, base), size).max(axis=0)
    while (allowed > noise).all():
        steps = best_steps(groups, allowed, margins.ratio)
        rates = _rates(groups, steps)
        if margins.shown(rates, size):
            return steps
        allowed = np.minimum(allowed, margins.limit - _largest_margin(margins, rates, size))
        noise = 2 * OWN_NOISE * margins.errors(rates, size).max(axis=0)
    return None


def _largest_margin(margins: Margins, rates: _Floats, size: _Floats) -> _Floats:
    """Return for each rate the margin of the pair with the largest distance plus margin."""
    distance, margin = (each.reshape(-1, rates.shape[1]) for each in margins.excess(rates, size))
    off = ~np.eye(len(rates), dtype=bool).reshape(-1, 1)
    worst = np.where(off, distance + margin, -1).argmax(axis=0)
    return np.asarray(np.take_along_axis(margin, worst[None], axis=0)[0])


def _moved(
    groups: Sequence[Steps],
    base: Sequence[int],
    margins: Margins,
    size: _Floats,
    differ: NDArray[np.bool_],
    carried: NDArray[np.bool_],
) -> Found:
    """Return steps that are moved from the base steps as little as the rows ask for.

    The groups that the rows carry move inside the reduced tolerance. Of the others, those that
    differ from another group move to within the noise of their rate around the common rate.
    """
    if carried.sum() < 2:
        carried = np.zeros(len(groups), dtype=bool)
    moves = np.flatnonzero(carried | differ.any(axis=0)).tolist()
    own = margins.pull(_rates(groups, base), size)
    noise = (
        2 * OWN_NOISE * margins.errors(_rates(groups, base), size)[carried].max(axis=0, initial=0)
    )
    of_moves, base_of_moves = [groups[at] for at in moves], [base[at] for at in moves]
    inside = carried[moves]
    half = own[moves]
    hull = inside if inside.any() else np.ones(len(moves), dtype=bool)
    allowed = np.full(size.shape[1], margins.limit)
    steps = list(base)
    while True:
        if inside.any():
            half = np.where(inside[:, None], allowed / 2, own[moves])
        for at, step in zip(
            moves, least_moves(of_moves, base_of_moves, margins, half, hull), strict=True
        ):
            steps[at] = step
        rates = _rates(groups, steps)
        if not inside.any() or margins.shown(rates[carried], size[carried]):
            break
        smaller = np.minimum(
            allowed, margins.limit - _largest_margin(margins, rates[carried], size[carried])
        )
        smaller = np.maximum(smaller, noise)
        if (smaller == allowed).all():
            break
        allowed = smaller
    moved = np.array([step != before for step, before in zip(steps, base, strict=True)])
    return Found(groups, steps, moved, margins.shown(rates, size), carried)


def _moved_rows(
    groups: Sequence[Steps], steps: Sequence[int], above: Sequence[int]
) -> NDArray[np.bool_]:
    """Return which groups have another number of rows above their step than above the base."""
    rows = [group.rows[step] for group, step in zip(groups, steps, strict=True)]
    return np.asarray(np.array(rows) != np.array(above))


def _rates(groups: Sequence[Steps], steps: Sequence[int]) -> _Floats:
    return np.array([group.rates[:, step] for group, step in zip(groups, steps, strict=True)])


def _spread(n: int, at_most: int, base: int) -> _Ints:
    """Return about `at_most` of the numbers 0 to n − 1, evenly spaced, with both ends and base."""
    return np.unique(np.append(np.linspace(0, n - 1, at_most).round().astype(np.int64), base))
