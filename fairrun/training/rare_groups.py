"""Leave rare protected values out of the groups of a rule that reads the group."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.inference import GroupLookup

__all__ = ["without_rare_values"]


def without_rare_values(
    lookup: GroupLookup, positions: NDArray[np.intp], min_frequency: int
) -> GroupLookup:
    """Return a lookup that has only protected values with enough training rows.

    A rule that reads the group answers the other values neutrally, and the saved model does not
    contain them. Measurements use all values.

    Parameters
    ----------
    lookup : GroupLookup
        The protected values and their groups.
    positions : array of int of shape (n_rows,)
        The position of each training row's protected value, as `lookup.positions` returns it.
    min_frequency : int
        The fewest rows of a value.

    Returns
    -------
    GroupLookup
        `lookup` itself if no value is rare. A group whose values are all rare keeps them, because
        a rule needs two groups.

    Examples
    --------
    >>> lookup = GroupLookup("race", ("White",), ("Black", "Other"))
    >>> without_rare_values(lookup, np.array([0, 0, 1, 1, 2]), min_frequency=2).group_b
    ('Black',)
    """
    counts = np.bincount(positions[positions >= 0], minlength=len(lookup.values)).tolist()
    rare = {
        value for value, count in zip(lookup.values, counts, strict=True) if count < min_frequency
    }
    groups: list[tuple[Any, ...]] = [
        tuple(value for value in group if value not in rare) or group
        for group in (lookup.group_a, lookup.group_b)
    ]
    group_a, group_b = groups
    if (group_a, group_b) == (lookup.group_a, lookup.group_b):
        return lookup
    return replace(lookup, group_a=group_a, group_b=group_b)
