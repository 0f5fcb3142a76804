"""Encoded training rows, which several fits can share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.groups import group_shares
from fairrun.inference import Background, Encoder, GroupLookup
from fairrun.training.mitigation import TrainingMatrix
from fairrun.training.rare_groups import without_rare_values

__all__ = ["EncodedRows"]


@dataclass(frozen=True)
class EncodedRows:
    """Encoded training rows, which fits of different mitigators and estimators can share.

    Attributes
    ----------
    frame : pandas.DataFrame
        The training rows, without the rows that ``missing="drop"`` leaves out. Features are
        numbers, or text of the dtype object with None for a null.
    encoder : Encoder
        The encoder, fitted on `frame`.
    background : Background
        The summary of `frame` that explanations compare a row with.
    train : TrainingMatrix
        The encoded rows with their labels and groups.
    positions : array of int of shape (n_rows,)
        The position of each row's protected value, as `GroupLookup.positions` returns it.
    lookup : GroupLookup
        The protected values and their groups.
    named : bool
        Whether the rows were given with column names.
    """

    frame: pd.DataFrame
    encoder: Encoder
    background: Background
    train: TrainingMatrix
    positions: NDArray[np.intp]
    lookup: GroupLookup
    named: bool = True

    def for_rules_with_groups(self, min_frequency: int) -> EncodedRows:
        """Return the rows with rare protected values in neither group; see `without_rare_values`.

        A rule that reads the group is fitted on these groups, because it is served with them.
        """
        lookup = without_rare_values(self.lookup, self.positions, min_frequency)
        if lookup is self.lookup:
            return self
        positions = lookup.positions(self.frame)
        groups = lookup.groups_of(positions)
        return replace(
            self,
            background=replace(self.background, shares=group_shares(groups)),
            train=replace(self.train, groups=groups),
            positions=positions,
            lookup=lookup,
        )
