"""Fit the disparate impact remover: both groups' values move towards a common distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.inference import GROUP_A, GROUP_B, GroupStepMap, StepFunction
from fairrun.training.mitigation.fitted import Fitted, TrainingMatrix
from fairrun.training.shared_values import ROWS_A_MEAN, is_category, shared_values

__all__ = ["fit_disparate_impact_remover", "repair"]

Floats = NDArray[np.float64]


def fit_disparate_impact_remover(train: TrainingMatrix, repair_level: float = 1.0) -> Fitted:
    """Learn the repair of each encoded column as a function of group and value.

    holisticai's DisparateImpactRemover learns nothing in `fit`, and `transform` repairs each batch
    by its own quantiles. Here the repair is learned once, as a function of group and value.

    holisticai's repair would contain every value of the training rows. Here a value that fewer than
    8 training rows share is first replaced by a mean of at least 8 rows of the group. The repaired
    values are then such means, or values that at least 8 rows share. All other steps are those of
    holisticai. A value that no training row of the group has gets the result of the nearest one.

    Parameters
    ----------
    train : TrainingMatrix
        The training rows. Rows in neither group only count among the rows that share a value.
        Weights have no effect on the repair of a group, in which each row counts once; they act on
        the estimator's fit, and on the repair of rows in neither group.
    repair_level : float
        The share of the distance to the common distribution, from 0 (the columns stay as they are)
        to 1 (the groups have one distribution).

    Returns
    -------
    Fitted
        Its transform is a `GroupStepMap` of the columns that the repair changes.

    References
    ----------
    M. Feldman et al., "Certifying and removing disparate impact", KDD 2015, section 5.
    """
    return Fitted(transform=repair(train, repair_level, ROWS_A_MEAN))


def repair(train: TrainingMatrix, repair_level: float, fewest: int) -> GroupStepMap:
    """Learn the repair with a given number of rows for each value.

    Rows of a group with equal values get equal results, so holisticai's repair of the training rows
    is a function of group and value. With ``fewest=1`` this is that function, bit for bit on the
    training rows, except for a few values that holisticai's rounding leaves out.

    Parameters
    ----------
    train : TrainingMatrix
        The training rows.
    repair_level : float
        The share of the distance to the common distribution.
    fewest : int
        The fewest rows that share a value, or that a value is the mean of.

    Returns
    -------
    GroupStepMap
        The repair. A column stays as it is if one of the groups has too few rows for a value.
    """
    maps = {}
    for column in range(train.matrix.shape[1]) if repair_level > 0 else ():
        values = train.matrix[:, column]
        by_group = [
            _values_of(values, train.groups == group, fewest) for group in (GROUP_A, GROUP_B)
        ]
        if not all(map(len, by_group)):
            continue
        repaired = _repair(by_group, repair_level)
        if any((new != old).any() for new, old in zip(repaired, by_group, strict=True)):
            of_a, of_b = (_steps(old, new) for old, new in zip(by_group, repaired, strict=True))
            maps[column] = (of_a, of_b)
    return GroupStepMap(maps, train.shares)


def _values_of(values: Floats, mine: NDArray[np.bool_], fewest: int) -> Floats:
    """Return distinct values of a group that show no single row; none if it has too few rows."""
    own, n_rows = np.unique(values[mine], return_counts=True)
    if is_category(values):
        return own
    everyones, n_everyones = np.unique(values, return_counts=True)
    shared = shared_values(own, n_rows, n_everyones[np.searchsorted(everyones, own)], fewest)
    return np.empty(0) if shared is None else np.unique(shared)


def _repair(by_group: list[Floats], repair_level: float) -> list[Floats]:
    """Return the repaired distinct values of each group, as holisticai computes them.

    The distinct values of each group are cut into slices. The number of slices is the number of
    distinct values of the group that has fewer. The target of a slice is the smaller of the two
    groups' lower medians in this slice. A value moves `repair_level` of the distance to its target,
    counted in positions among all distinct values.
    """
    everything = np.unique(np.concatenate(by_group))
    n_slices = min(len(values) for values in by_group)
    slices = [_slices(len(values), n_slices) for values in by_group]
    medians = [
        values[starts + (stops - starts - 1) // 2]
        for values, (starts, stops) in zip(by_group, slices, strict=True)
    ]
    aims = np.searchsorted(everything, np.minimum(*medians))
    repaired = []
    for values, (starts, _) in zip(by_group, slices, strict=True):
        position = np.searchsorted(everything, values)
        # A slice extends to the start of the next one. In holisticai, rounding can leave a value
        # between two slices; that value is not repaired and can change places with its neighbours.
        aim = np.repeat(aims, np.diff(np.append(starts, len(values))))
        # Like Python's `round`, which holisticai uses, `np.rint` rounds half to even.
        moved = np.rint((aim - position) * repair_level).astype(position.dtype)
        repaired.append(everything[position + moved])
    return repaired


def _slices(n_values: int, n_slices: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the starts and stops of n_slices slices of n_values values.

    The width of a slice is added up, not multiplied, because holisticai adds it up. If a boundary
    should lie at one half, the rounding error of the sum decides how it is rounded. The end of a
    slice and the start of the next one may then differ.
    """
    unit = 1.0 / n_slices
    offsets = np.cumsum(np.concatenate([[0.0], np.full(n_slices - 1, unit)])) * n_values
    starts = np.rint(offsets).astype(np.intp)
    stops = np.minimum(np.rint(offsets + unit * n_values).astype(np.intp), n_values)
    return starts, stops


def _steps(old: Floats, new: Floats) -> StepFunction:
    """Return the step function from old to new values, with edges midway between old values."""
    last = np.flatnonzero(new[1:] != new[:-1])  # the last old value of each step but the final one
    below, above = old[last], old[last + 1]
    middle = below + (above - below) / 2
    edges = np.where(middle > below, middle, above)  # adjacent floats have no number in between
    return StepFunction(np.concatenate([[-np.inf], edges]), new[np.concatenate([[0], last + 1])])
