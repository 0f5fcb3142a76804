"""A sequence of transforms."""

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
    """Transforms that are applied one after the other.

    A row in neither group is transformed by the whole chain once as a row of group_a and once as a
    row of group_b. The result is the mean of both, weighted by the groups' shares. (The neutral
    rules of the links one after the other would give a different result.)

    Attributes
    ----------
    links : tuple of Transform
        The transforms, in the order of application.
    shares : array of float64 of shape (2,)
        The shares of group_a and group_b among the training rows in either group.

    Examples
    --------
    >>> from fairrun.inference import GroupShift
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
        """Return transformed rows; `groups` has shape (n_rows,)."""
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
        """Return the arrays of the links, with their numbers as prefixes, the kinds and shares."""
        arrays = {
            f"{number}.{name}": array
            for number, link in enumerate(self.links)
            for name, array in link.to_arrays().items()
        }
        kinds = np.array([link.kind for link in self.links])
        return arrays | {"kinds": kinds, "shares": self.shares}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Chain:
        """Return the object with the arrays that `to_arrays` returned."""
        from .parts import build_part  # `parts` imports this class

        links = []
        for number, kind in enumerate(arrays["kinds"]):
            prefix = f"{number}."
            own = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
            links.append(build_part("transform", str(kind), own))
        return cls(tuple(links), arrays["shares"])


def links_of(transform: Transform | None) -> tuple[Transform, ...]:
    """Return the single transforms of a transform or chain, in order; empty for None."""
    if transform is None:
        return ()
    if isinstance(transform, Chain):
        return tuple(link for part in transform.links for link in links_of(part))
    return (transform,)
