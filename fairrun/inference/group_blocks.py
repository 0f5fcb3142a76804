"""A transform that gives a linear score separate coefficients for each group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .groups import GROUP_A, GROUP_B

__all__ = ["GroupBlocks"]


@dataclass(frozen=True)
class GroupBlocks:
    """A transform with a block of columns for each group.

    The block of the row's group is (x, 1), and the other block is 0. For a row in neither group,
    both blocks are (x, 1) times the group's share. Its linear score is therefore the mean of the
    groups' scores, weighted by the shares.

    Attributes
    ----------
    shares : array of float64 of shape (2,)
        The shares of group_a and group_b among the training rows in either group.

    Examples
    --------
    >>> blocks = GroupBlocks(np.array([0.75, 0.25]))
    >>> blocks.apply(np.array([[8.0], [8.0], [8.0]]), np.array([0, 1, -1], dtype=np.int8))
    array([[8.  , 1.  , 0.  , 0.  ],
           [0.  , 0.  , 8.  , 1.  ],
           [6.  , 0.75, 2.  , 0.25]])
    """

    shares: NDArray[np.float64]
    kind: ClassVar[str] = "group_blocks"

    def apply(self, matrix: NDArray[np.float64], groups: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return transformed rows of shape (n_rows, 2 · n_encoded + 2)."""
        n_rows, n_encoded = matrix.shape
        out = np.empty((n_rows, 2 * n_encoded + 2), order="F")
        for group in (GROUP_A, GROUP_B):
            part = np.where(groups == group, 1.0, np.where(groups < 0, self.shares[group], 0.0))
            first = group * (n_encoded + 1)
            out[:, first : first + n_encoded] = matrix * part[:, np.newaxis]
            out[:, first + n_encoded] = part
        return out

    def to_arrays(self) -> Mapping[str, NDArray[np.float64]]:
        """Return the arrays for `from_arrays`."""
        return {"shares": self.shares}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float64]]) -> GroupBlocks:
        """Return the object with the arrays that `to_arrays` returned."""
        return cls(arrays["shares"])
