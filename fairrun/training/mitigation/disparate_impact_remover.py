"""Disparate impact remover: each group's values moved towards a common distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.groups import group_shares
from fairrun.inference import GROUP_A, GROUP_B, GroupStepMap, StepFunction
from fairrun.training.mitigation.fitted import Fitted, TrainingMatrix

__all__ = ["fit_disparate_impact_remover"]


def fit_disparate_impact_remover(train: TrainingMatrix, repair_level: float = 1.0) -> Fitted:
    """Learn, for each group and encoded column, the map that holisticai's repair makes.

    holisticai's DisparateImpactRemover learns nothing in `fit` and repairs each batch against
    itself in `transform`. Its repair of the training rows is the same for all rows of a group that
    share a value, so it is a function of (group, value). That function is learned here, once: on
    the training rows it gives what holisticai gives, bit for bit (but for a value that holisticai's
    rounding now and then leaves out, see `_repair`). A value between two learned ones takes the
    answer of the nearer, a value outside that of the last.

    Parameters
    ----------
    train : TrainingMatrix
        The training rows. Rows in neither group take no part.
    repair_level : float
        0 leaves the columns as they are, 1 gives the groups one distribution.

    Returns
    -------
    Fitted
        With a `GroupStepMap`; columns that the repair leaves as they are, are not mapped.

    References
    ----------
    M. Feldman et al., "Certifying and removing disparate impact", KDD 2015, section 5.
    """
    maps = {}
    for column in range(train.matrix.shape[1]) if repair_level > 0 else ():
        values = train.matrix[:, column]
        by_group = [np.unique(values[train.groups == group]) for group in (GROUP_A, GROUP_B)]
        repaired = _repair(by_group, repair_level)
        if any((new != old).any() for new, old in zip(repaired, by_group, strict=True)):
            of_a, of_b = (_steps(old, new) for old, new in zip(by_group, repaired, strict=True))
            maps[column] = (of_a, of_b)
    return Fitted(transform=GroupStepMap(maps, group_shares(train.groups)))


def _repair(by_group: list[NDArray[np.float64]], repair_level: float) -> list[NDArray[np.float64]]:
    """Repair the distinct values of each group, as holisticai does.

    Both groups' distinct values are cut into as many slices as the smaller group has; each slice
    has the lower of the groups' (lower) medians as its aim, and a value moves `repair_level` of
    the way there, counted in positions among all distinct values.
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
        # To the start of the next slice: in holisticai a value that its rounding leaves between
        # two slices is not repaired, and the order within the group is lost there.
        aim = np.repeat(aims, np.diff(np.append(starts, len(values))))
        # np.rint rounds half to even, as Python's round does.
        moved = np.rint((aim - position) * repair_level).astype(position.dtype)
        repaired.append(everything[position + moved])
    return repaired


def _slices(n_values: int, n_slices: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Cut n_values into n_slices; the unit is added up, not multiplied, because holisticai does.

    Where a slice should end on a half, the rounding of the sum decides, and may decide otherwise
    for the end of one slice than for the start of the next.
    """
    unit = 1.0 / n_slices
    offsets = np.cumsum(np.concatenate([[0.0], np.full(n_slices - 1, unit)])) * n_values
    starts = np.rint(offsets).astype(np.intp)
    stops = np.minimum(np.rint(offsets + unit * n_values).astype(np.intp), n_values)
    return starts, stops


def _steps(old: NDArray[np.float64], new: NDArray[np.float64]) -> StepFunction:
    """Make a step function through (old, new), its edges midway between neighbours."""
    last = np.flatnonzero(new[1:] != new[:-1])  # the last value of each step but the final one
    below, above = old[last], old[last + 1]
    middle = below + (above - below) / 2
    edges = np.where(middle > below, middle, above)  # neighbouring floats have nothing between
    return StepFunction(np.concatenate([[-np.inf], edges]), new[np.concatenate([[0], last + 1])])
