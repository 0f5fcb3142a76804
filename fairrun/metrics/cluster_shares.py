"""Rates of groups of clustered rows, each with the effective number of rows behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fairrun.metrics.cluster_tables import ClusterTables
from fairrun.metrics.rates import FloatArray, Rate, divide
from fairrun.text import n_of

__all__ = ["FEW_CLUSTERS", "MIN_CLUSTERS", "ClusterShares", "Share"]

#: A rate of a group has no interval if its rows are in fewer clusters than this.
MIN_CLUSTERS = 10

#: If fewer clusters than this have a row that counts, or one that does not, the limits are closed
#: forms.
FEW_CLUSTERS = 10

#: The weight of the largest design effect, in clusters; see `ClusterShares.share`.
_PRIOR = 1.0


@dataclass(frozen=True, eq=False)
class Share:
    """What is known about a rate of each group; all arrays have the shape (n_groups,).

    Attributes
    ----------
    value, effective : array of float
        The rate and its effective number of rows.
    n_rows, n_clusters : array of int
        The numbers of rows and of clusters in the denominator.
    few : array of bool
        Whether few clusters have a row that counts, or one that does not.
    influence : sparse array of shape (n_kinds, n_groups)
        The influence of each kind of cluster on the rate.
    """

    value: FloatArray
    effective: FloatArray
    n_rows: NDArray[np.int64]
    n_clusters: NDArray[np.int64]
    few: NDArray[np.bool_]
    influence: sparse.csc_array


class ClusterShares:
    """Rates of groups, computed from the tables of clusters.

    Parameters
    ----------
    clusters : ClusterTables
        The tables of the clusters by group.

    References
    ----------
    Korn and Graubard (1998), "Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data", Survey Methodology 24, for the effective number of
    rows.
    """

    def __init__(self, clusters: ClusterTables) -> None:
        self.clusters = clusters
        self.tables = clusters.total(clusters.tables)
        self.rows = clusters.total(clusters.rows)
        self._shares: dict[Rate, Share] = {}

    def share(self, rate: Rate) -> Share:
        """Return a rate of each group with its effective number of rows.

        The effective number of rows is value (1 − value) / variance. The variance is that between
        clusters, by Taylor linearisation. It says little if only k clusters have a row that counts
        (or k have one that does not). So the design effect is the mean of the estimated one, k
        times, and the largest possible one, once. The largest one holds if all rows of a cluster
        are equal.
        """
        if rate in self._shares:
            return self._shares[rate]
        times = self.clusters.times.astype(np.float64)
        value, gradient = rate(self.tables), np.nan_to_num(rate.gradient(self.tables))
        influence = self._by_cluster(gradient)
        n_yes, n_no, n_clusters = (
            np.asarray((self._by_cluster(np.broadcast_to(w, gradient.shape)) > 0).T @ times)
            for w in _weights(rate)
        )
        size = self._by_cluster(np.broadcast_to(_weights(rate)[2], gradient.shape))
        squares = np.asarray(influence.power(2).T @ times)
        variance = squares * divide(n_clusters, n_clusters - 1)
        total = np.asarray(size.T @ times)
        # The weights of F1 count a true positive twice, but it is one row.
        n_rows = np.einsum("gij,ij->g", self.rows, (_weights(rate)[2] > 0).astype(float))
        least = np.nan_to_num(divide(total**2, np.asarray(size.power(2).T @ times)))
        estimated = divide(value * (1 - value), np.nan_to_num(variance))
        k = np.where(estimated > 0, np.minimum(n_yes, n_no), 0)
        inverse = k / np.where(estimated > 0, estimated, 1) + _PRIOR * divide(1, least)
        effective = np.nan_to_num(np.minimum((k + _PRIOR) / inverse, n_rows))
        found = Share(
            value=value,
            effective=effective,
            n_rows=np.rint(n_rows).astype(np.int64),
            n_clusters=np.rint(n_clusters).astype(np.int64),
            few=np.asarray(np.minimum(n_yes, n_no) < FEW_CLUSTERS),
            influence=influence.tocsc(),
        )
        self._shares[rate] = found
        return found

    def _by_cluster(self, of_cells: FloatArray) -> sparse.csr_array:
        """Return Σ cell × weight of each kind of cluster and group, of shape (n_kinds, groups)."""
        n_groups = len(of_cells)
        places = np.arange(n_groups + 1) * 4
        columns = np.arange(4 * n_groups)
        weights = sparse.csc_array(
            (of_cells.ravel(), columns, places), shape=(4 * n_groups, n_groups)
        )
        return sparse.csr_array(self.clusters.tables @ weights)

    def refusals(self, rates: Sequence[Rate], groups: tuple[str, ...]) -> list[str]:
        """Return for each group why one of the rates has no interval; empty if all have one."""
        return [
            next(filter(None, (self.refusal(rate, i, group) for rate in rates)), "")
            for i, group in enumerate(groups)
        ]

    def refusal(self, rate: Rate, place: int, group: str) -> str:
        """Return why a rate of one group has no interval; empty if it has one."""
        n = int(self.share(rate).n_clusters[place])
        if n >= MIN_CLUSTERS:
            return ""
        return (
            f"{rate.name} of {group} has rows in {n_of(n, 'cluster')}; an interval needs "
            f"{MIN_CLUSTERS}"
        )


def _weights(rate: Rate) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the weights of the cells that count, that do not count, and of both."""
    yes, both = (np.reshape(w, (2, 2)).astype(float) for w in (rate.numerator, rate.denominator))
    return yes, both - yes, both
