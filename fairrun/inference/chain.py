"""Transforms one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .groups import GROUP_A, GROUP_B, NEITHER
from .transforms import Arrays, Transform

__all__ = ["Chain", "links_of"]


@dataclass(frozen=True)
class Chain:
    """Each transform is given what the one before it gave.

    A row in neither group takes the mean of what the whole chain makes of it in either, weighted by
    the groups' shares: the links' own neutral rules, one after the other, would give another row.

    Attributes
    ----------
    links : tuple of Transform
        In the order in which they act.
    shares : ndarray of float64, shape (2,)
        The groups' shares among the training rows of either.

    Examples
    --------
    >>> shares = np.array([0.75, 0.25])
    >>> shift = GroupShift(np.array([[1.0], [-1.0]]), shares)
    >>> chain = Chain((shift, shift), shares)
    >>> chain.apply(np.zeros((3, 1)), np.array([0, 1, -1], dtype=np.int8)).ravel()
    array([-2.,  2., -1.])
    """

    links: tuple[Transform, ...]
    shares: NDArray[np.float64]
    kind: ClassVar[str] = "chain"

    def apply(self, matrix: NDArray[np.float64], groups: NDArray[np.int8]) -> NDArray[np.float64]:
        """Transform each row; the groups have shape (n_rows,)."""
        out = self._through(matrix, groups)
        neither = np.flatnonzero(groups == NEITHER)
        if neither.size:
            as_a, as_b = (
                self._through(matrix[neither], np.full(len(neither), group, dtype=np.int8))
                for group in (GROUP_A, GROUP_B)
            )
            out[neither] = self.shares[0] * as_a + self.shares[1] * as_b
        return out

    def _through(
        self, matrix: NDArray[np.float64], groups: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        for link in self.links:
            matrix = link.apply(matrix, groups)
        return matrix

    def to_arrays(self) -> Arrays:
        """Give the arrays that define it: the links' by number."""
        arrays = {
            f"{number}.{name}": array
            for number, link in enumerate(self.links)
            for name, array in link.to_arrays().items()
        }
        kinds = np.array([link.kind for link in self.links])
        return arrays | {"kinds": kinds, "shares": self.shares}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Chain:
        """Build from what `to_arrays` gave."""
        from .parts import build_part  # the table of parts holds this class

        links = []
        for number, kind in enumerate(arrays["kinds"]):
            prefix = f"{number}."
            own = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
            links.append(build_part("transform", str(kind), own))
        return cls(tuple(links), arrays["shares"])


def links_of(transform: Transform | None) -> tuple[Transform, ...]:
    """Give the transforms that act one after the other; none for None."""
    if transform is None:
        return ()
    if isinstance(transform, Chain):
        return tuple(link for part in transform.links for link in links_of(part))
    return (transform,)
