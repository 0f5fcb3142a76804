"""Rows laid out so that a linear score has coefficients of its own for each group."""

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
    """x′ = (x, 1) in the block of the row's group, zeros in the other's.

    A row in neither group stands in both blocks, times the groups' shares: its linear score is the
    mean of the groups' scores, weighted by the shares.

    Attributes
    ----------
    shares : ndarray of float64, shape (2,)
        The groups' shares among the training rows of either.

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
        """Lay each row out; (n_rows, n_encoded) becomes (n_rows, 2 · n_encoded + 2)."""
        n_rows, n_encoded = matrix.shape
        out = np.empty((n_rows, 2 * n_encoded + 2), order="F")
        for group in (GROUP_A, GROUP_B):
            part = np.where(groups == group, 1.0, np.where(groups < 0, self.shares[group], 0.0))
            first = group * (n_encoded + 1)
            out[:, first : first + n_encoded] = matrix * part[:, np.newaxis]
            out[:, first + n_encoded] = part
        return out

    def to_arrays(self) -> Mapping[str, NDArray[np.float64]]:
        """Give the arrays that define it."""
        return {"shares": self.shares}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float64]]) -> GroupBlocks:
        """Build from what `to_arrays` gave."""
        return cls(arrays["shares"])
