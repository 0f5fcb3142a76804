"""What the training rows were like, column by column: what an explanation compares a row with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .encoder import Encoder, Numeric
from .scorer import Arrays

__all__ = ["Background"]


@dataclass(frozen=True)
class Background:
    """The marginals of the encoded columns and of the groups, and nothing of how they go together.

    Attributes
    ----------
    means : ndarray of float64, shape (n_encoded,)
        Of the encoded columns; for a category that is its share.
    slices : ndarray of float64, shape (n_numeric, n_slices)
        For each numeric column the means of equal shares of its sorted values, in encoded units.
        Each is of many rows, so none is anybody's value unless all of those rows have it.
    shares : ndarray of float64, shape (2,)
        The groups' shares among the training rows of either.
    """

    means: NDArray[np.float64]
    slices: NDArray[np.float64]
    shares: NDArray[np.float64]

    def expand(self, encoder: Encoder) -> NDArray[np.float64]:
        """Give synthetic rows in which every numeric column runs through its slices.

        Returns
        -------
        ndarray of float64, shape (n_slices, n_encoded)
            Categories are at their shares.
        """
        rows = np.repeat(self.means[np.newaxis], self.slices.shape[1], axis=0)
        rows[:, numeric_places(encoder)] = self.slices.T
        return rows

    def draw(
        self, encoder: Encoder, n_batches: int, n_rows: int, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Draw synthetic encoded rows from the product of the marginals.

        Parameters
        ----------
        encoder : Encoder
            Knows which encoded columns are one raw column.
        n_batches, n_rows : int
            How many batches of how many rows; see `spread`.
        rng : numpy.random.Generator
            The source of the permutations.

        Returns
        -------
        ndarray of float64, shape (n_batches · n_rows, n_encoded)
            The batches one after the other.
        """
        rows = np.zeros((n_batches * n_rows, len(self.means)))
        slices = iter(self.slices)
        start = 0
        for column in encoder.columns:
            levels = spread(n_batches, n_rows, rng)
            if isinstance(column, Numeric):
                own = next(slices)
                rows[:, start] = own[(levels * len(own)).astype(np.intp)]
                start += 1
            else:
                end = start + len(column.categories)
                upto = np.cumsum(self.means[start:end])
                codes = np.searchsorted(upto[:-1], levels * upto[-1], side="right")
                rows[np.arange(len(rows)), start + codes] = 1.0
                start = end
        return rows

    def to_arrays(self) -> Arrays:
        """Give the arrays that define it."""
        return vars(self)

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Background:
        """Build from what `to_arrays` gave."""
        return cls(arrays["means"], arrays["slices"], arrays["shares"])


def numeric_places(encoder: Encoder) -> list[int]:
    """Positions of the numeric columns among the encoded ones."""
    places, start = [], 0
    for column in encoder.columns:
        if isinstance(column, Numeric):
            places.append(start)
        start += len(column.encoded_names)
    return places


def spread(n_batches: int, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw levels in (0, 1) that are spread evenly, within each batch and over all of them.

    One batch has a level in each of `size` equal parts, all batches together have one in each of
    `n_batches · size`; the order is random. Drawn so for each column, the rows are a sliced Latin
    hypercube: what a column does on its own is averaged almost without error, and what is left of
    error shows in how the batches differ.

    Parameters
    ----------
    n_batches, size : int
        How many batches of how many levels.
    rng : numpy.random.Generator
        The source of the permutations.

    Returns
    -------
    ndarray of float64, shape (n_batches · size,)
        The batches one after the other.

    References
    ----------
    P. Z. G. Qian, "Sliced Latin hypercube designs", Journal of the American Statistical
    Association 107(497), 2012.

    Examples
    --------
    >>> np.sort(spread(2, 2, np.random.default_rng(0)))
    array([0.125, 0.375, 0.625, 0.875])
    """
    parts = rng.permuted(np.tile(np.arange(size), (n_batches, 1)), axis=1)
    # Each part is shared out among the batches.
    within = rng.permuted(np.tile(np.arange(n_batches), (size, 1)), axis=1)
    own = within[parts, np.arange(n_batches)[:, np.newaxis]]
    return np.asarray(((parts + (own + 0.5) / n_batches) / size).ravel())
