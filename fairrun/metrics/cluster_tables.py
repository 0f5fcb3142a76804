"""Tables of clusters, such as households: what a bootstrap of clusters draws from.

Rows of one cluster are not independent, but the clusters are. A cluster bootstrap therefore draws
whole clusters with replacement. A metric of labels depends only on the sum of their tables, so each
cluster is a table of protected columns, label and prediction, most of whose cells are empty.
Clusters with equal tables are stored once, with their number.

References
----------
Field and Welsh (2007), "Bootstrapping clustered data", Journal of the Royal Statistical Society B
69. Cameron, Gelbach and Miller (2008), "Bootstrap-based improvements for inference with clustered
errors", Review of Economics and Statistics 90.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.metrics.checks import as_binary, as_labels, as_weights, check_same_length
from fairrun.metrics.grouping import Grouping
from fairrun.metrics.rates import FloatArray
from fairrun.metrics.tables import cell_of_row
from fairrun.text import n_of

__all__ = ["ClusterTables", "as_clusters"]

#: The largest number of draws that are in memory at once.
_DRAWS_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class ClusterTables:
    """Tables of clusters by protected columns, label and prediction.

    Attributes
    ----------
    columns : tuple of ProtectedColumn
        The protected columns.
    tables : sparse array of shape (n_kinds, n_cells * 4)
        The different tables of clusters: numbers of rows, or sums of weights, by cell of the
        protected columns, label and prediction.
    rows : sparse array of shape (n_kinds, n_cells * 4)
        The numbers of rows; for unweighted rows the same as `tables`.
    times : array of int of shape (n_kinds,)
        The number of clusters that have each table.
    weighted : bool
        Whether the tables hold sums of weights.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> clusters = ClusterTables.from_arrays(
    ...     [sex], [[0, 1, 0, 1, 0]], [1, 0, 1, 0, 1], [1, 0, 1, 0, 1], cluster=[7, 7, 8, 8, 9])
    >>> clusters.n_clusters, clusters.times.tolist()
    (3, [1, 2])
    """

    columns: tuple[ProtectedColumn, ...]
    tables: sparse.csr_array
    rows: sparse.csr_array
    times: NDArray[np.int64]
    weighted: bool

    @classmethod
    def from_arrays(
        cls,
        protected: Sequence[ProtectedColumn],
        positions: Sequence[ArrayLike],
        y_true: ArrayLike | None,
        y_pred: ArrayLike,
        cluster: ArrayLike,
        weight: ArrayLike | None = None,
    ) -> ClusterTables:
        """Sum the rows of each cluster.

        Parameters
        ----------
        protected, positions, y_true, y_pred
            See `Counts.from_arrays`.
        cluster : array of int or str of shape (n_rows,)
            The cluster of each row.
        weight : array of shape (n_rows,), optional
            The weight of each row, at least 0. Rows of weight 0 are left out.

        Raises
        ------
        RequestError
            If the lengths differ, a cluster is null, or the rows cannot be counted.
        """
        predicted = as_binary("y_pred", y_pred)
        labels = as_labels(y_true, predicted)
        outcomes = {"y_true": (labels, 2), "y_pred": (predicted, 2)}
        cell, n_cells = cell_of_row(protected, positions, outcomes)
        of_row = as_clusters(cluster)
        weights = np.ones(len(cell)) if weight is None else as_weights(weight)
        check_same_length(y_true=labels, cluster=of_row, weight=weights)
        used = weights > 0
        cell, weights = cell[used].astype(np.intp), weights[used]
        _, of_row = np.unique(of_row[used], return_inverse=True)
        # Each pair of a cluster and a cell is one entry, in the order of the clusters.
        entries, entry = np.unique(of_row * n_cells + cell, return_inverse=True)
        clusters, cells = np.divmod(entries, n_cells)
        sums, rows = (
            np.asarray(np.bincount(entry, each), dtype=np.float64)
            for each in (weights, np.ones(len(entry)))
        )
        ends = np.searchsorted(clusters, np.arange(int(of_row.max(initial=-1)) + 2))
        first, times = _alike(cells, sums, rows, ends)
        shape = (len(ends) - 1, n_cells)
        tables, counts = (sparse.csr_array((x, cells, ends), shape=shape) for x in (sums, rows))
        return cls(tuple(protected), tables[first], counts[first], times, weight is not None)

    @property
    def n_clusters(self) -> int:
        """Return the number of clusters."""
        return int(self.times.sum())

    def of(self, grouping: Grouping) -> ClusterTables:
        """Return the tables of the clusters by group: one cell for each group."""
        members = sparse.csr_array(np.asarray(grouping.members.T, dtype=np.float64))
        each = sparse.kron(members, sparse.identity(4), format="csr")
        tables, rows = (sparse.csr_array(part @ each) for part in (self.tables, self.rows))
        return ClusterTables(self.columns, tables, rows, self.times, self.weighted)

    def total(self, part: sparse.csr_array) -> FloatArray:
        """Return the sum of all clusters of `tables` or `rows`, of shape (n_cells, 2, 2)."""
        return np.asarray(part.T @ self.times.astype(np.float64)).reshape(-1, 2, 2)

    def replicates(self, n_replicates: int, seed: int) -> FloatArray:
        """Draw as many clusters as there are, with replacement, and sum their tables.

        Parameters
        ----------
        n_replicates : int
            The number of replicates.
        seed : int
            The seed of the random numbers.

        Returns
        -------
        array of shape (n_replicates, n_cells, 2, 2)
            The replicates. The replicates of one cell are contiguous in memory. If each cluster is
            one row without a weight, they are those of `draw_replicates`.
        """
        rng, n, n_kinds = np.random.default_rng(seed), self.n_clusters, len(self.times)
        summed = np.zeros((self.tables.shape[1], n_replicates))
        kinds = self.tables.T.tocsr()
        few_kinds = 5 * n_kinds <= n
        batch = max(1, _DRAWS_AT_ONCE // max(n_kinds if few_kinds else n, 1))
        kind_of_cluster = np.repeat(np.arange(n_kinds), self.times)
        for start in range(0, n_replicates if n else 0, batch):
            size = min(batch, n_replicates - start)
            if few_kinds:
                drawn = rng.multinomial(n, self.times / n, size=size)
            else:  # Drawing numbers of clusters is then faster, with the same distribution.
                kind = kind_of_cluster[rng.integers(n, size=(size, n))]
                kind += np.arange(size)[:, np.newaxis] * n_kinds
                drawn = np.bincount(kind.ravel(), minlength=size * n_kinds).reshape(size, n_kinds)
            summed[:, start : start + size] = kinds @ drawn.T.astype(np.float64)
        by_outcome = np.ascontiguousarray(summed.reshape(-1, 4, n_replicates).transpose(1, 0, 2))
        return by_outcome.transpose(2, 1, 0).reshape(n_replicates, -1, 2, 2)


def as_clusters(cluster: ArrayLike) -> NDArray[np.intp]:
    """Return the clusters of rows as numbers."""
    array = np.asarray(cluster)
    n_null = int(np.sum(pd.isna(array)))
    if array.ndim != 1 or n_null:
        raise RequestError(
            f"cluster has shape {array.shape} and {n_of(n_null, 'null')}; give one column with a "
            "cluster for every row (a number of its own for a row without one)"
        )
    try:
        return np.unique(array, return_inverse=True)[1]
    except TypeError as error:
        raise RequestError(
            "cluster holds values of several types; give only numbers or only text"
        ) from error


def _alike(
    cells: NDArray[np.intp], sums: FloatArray, rows: FloatArray, ends: NDArray[np.intp]
) -> tuple[list[int], NDArray[np.int64]]:
    """Return the first cluster with each table, in the order of the tables, and their numbers."""
    # Big-endian bytes of numbers of at least 0 have the order of the numbers.
    entries = np.stack([cells.astype(np.float64), sums, rows], axis=1).astype(">f8")
    data, width = entries.tobytes(), 24
    found: dict[bytes, list[int]] = {}
    for number, (start, end) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)):
        table = data[start * width : end * width]
        known = found.setdefault(table, [number, 0])
        known[1] += 1
    ordered = [found[table] for table in sorted(found)]
    return [first for first, _ in ordered], np.array([n for _, n in ordered], dtype=np.int64)
