"""The summary of the training rows that explanations compare a row with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .encoder import Encoder, Numeric
from .scorer import Arrays

__all__ = ["Background"]


@dataclass(frozen=True)
class Background:
    """The marginal distributions of the encoded columns and of the groups.

    Attributes
    ----------
    means : array of float64 of shape (n_encoded,)
        The means of the encoded columns. For a category, or the pooled ones, this is their share.
    slices : array of float64 of shape (n_numeric, n_slices)
        For each numeric column, the means of equal shares of its sorted values, in encoded units.
        Each is the mean of many rows, so it reveals no value of one row.
    shares : array of float64 of shape (2,)
        The shares of group_a and group_b among the training rows in either group.
    """

    means: NDArray[np.float64]
    slices: NDArray[np.float64]
    shares: NDArray[np.float64]

    def expand(self, encoder: Encoder) -> NDArray[np.float64]:
        """Return synthetic rows, one for each slice of the numeric columns.

        Returns
        -------
        array of float64 of shape (n_slices, n_encoded)
            Row k has the k-th slice of each numeric column, and the shares of the categories.
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
            The encoder, which knows the encoded columns of each raw column.
        n_batches, n_rows : int
            The number of batches, and the number of rows in a batch; see `spread`.
        rng : numpy.random.Generator
            The source of random permutations.

        Returns
        -------
        array of float64 of shape (n_batches · n_rows, n_encoded)
            The rows of the batches, one batch after the other.
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
                end = start + column.n_codes
                upto = np.cumsum(self.means[start:end])
                codes = np.searchsorted(upto[:-1], levels * upto[-1], side="right")
                rows[np.arange(len(rows)), start + codes] = 1.0
                start = end
        return rows

    def to_arrays(self) -> Arrays:
        """Return the arrays for `from_arrays`."""
        return vars(self)

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Background:
        """Return the object with the arrays that `to_arrays` returned."""
        return cls(arrays["means"], arrays["slices"], arrays["shares"])


def numeric_places(encoder: Encoder) -> list[int]:
    """Return the positions of the numeric columns among the encoded columns."""
    places, start = [], 0
    for column in encoder.columns:
        if isinstance(column, Numeric):
            places.append(start)
        start += len(column.encoded_names)
    return places


def spread(n_batches: int, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw levels in (0, 1) that are evenly spread in each batch and in all batches together.

    Each batch has one level in each of `size` equal parts of the interval. All batches together
    have one level in each of ``n_batches · size`` parts. The order is random. With such levels for
    each column, the rows form a sliced Latin hypercube. The mean effect of a single column then has
    almost no sampling error, and the variation between batches measures the remaining error.

    Parameters
    ----------
    n_batches, size : int
        The number of batches, and the number of levels in a batch.
    rng : numpy.random.Generator
        The source of random permutations.

    Returns
    -------
    array of float64 of shape (n_batches · size,)
        The levels of the batches, one batch after the other.

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
    # Each part of a batch is divided into parts for the batches, in random order.
    within = rng.permuted(np.tile(np.arange(n_batches), (size, 1)), axis=1)
    own = within[parts, np.arange(n_batches)[:, np.newaxis]]
    return np.asarray(((parts + (own + 0.5) / n_batches) / size).ravel())
