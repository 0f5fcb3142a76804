"""Widen the intervals of differences between two models, if rows come in clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.special import stdtrit

from fairrun.groups import ProtectedColumn
from fairrun.metrics.checks import as_weights, check_same_length
from fairrun.metrics.closed_form import normal_quantile
from fairrun.metrics.cluster_shares import MIN_CLUSTERS
from fairrun.metrics.cluster_tables import as_clusters
from fairrun.metrics.grouping import Grouping
from fairrun.metrics.paired import paired_cells
from fairrun.metrics.rates import FloatArray
from fairrun.text import n_of

__all__ = ["PairedClusters"]

#: The cells in which the models differ, by label, prediction of A and prediction of B.
_DIFFER = np.broadcast_to(1 - np.eye(2), (2, 2, 2)).ravel()


@dataclass(frozen=True, eq=False)
class PairedClusters:
    """The tables of clusters by protected columns, label and the predictions of two models.

    Rows of one cluster are not independent, so the interval that takes them as independent is too
    narrow. It is widened by the square root of the design effect: the variance of the difference
    between clusters, by Taylor linearisation, divided by that of independent rows. If only k
    clusters have a row in which the models differ, this estimate says little. The design effect is
    then the mean of the estimate, k times, and of the largest possible one, once, which holds if
    all rows of a cluster are alike. It is at least 1.

    Attributes
    ----------
    weights, squares : sparse array of shape (n_clusters, n_cells * 8)
        Σw and Σw² by cluster, and by cell of the protected columns, label and predictions.

    References
    ----------
    Korn and Graubard (1998), "Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data", Survey Methodology 24, for the design effect and
    the t quantile.
    """

    weights: sparse.csr_array
    squares: sparse.csr_array

    @classmethod
    def from_arrays(
        cls,
        protected: Sequence[ProtectedColumn],
        positions: Sequence[ArrayLike],
        y_true: ArrayLike | None,
        y_pred_a: ArrayLike,
        y_pred_b: ArrayLike,
        cluster: ArrayLike,
        weight: ArrayLike | None = None,
    ) -> PairedClusters:
        """Sum the rows of each cluster.

        Parameters
        ----------
        protected, positions, y_true, y_pred_a, y_pred_b
            See `PairedCounts.from_arrays`.
        cluster : array of int or str of shape (n_rows,)
            The cluster of each row.
        weight : array of shape (n_rows,), optional
            The weight of each row, at least 0. Rows of weight 0 are left out.

        Raises
        ------
        RequestError
            If the lengths differ, a cluster is null, or the rows cannot be counted.
        """
        cell, n_cells = paired_cells(protected, positions, y_true, y_pred_a, y_pred_b)
        of_row = as_clusters(cluster)
        weights = np.ones(len(cell)) if weight is None else as_weights(weight)
        check_same_length(y_true=cell, cluster=of_row, weight=weights)
        used = weights > 0
        _, of_row = np.unique(of_row[used], return_inverse=True)
        place = (of_row, cell[used].astype(np.intp))
        shape = (int(of_row.max(initial=-1)) + 1, n_cells)
        sums, squares = (
            sparse.coo_array((each, place), shape=shape).tocsr()
            for each in (weights[used], weights[used] ** 2)
        )
        return cls(sums, squares)

    def widening(
        self, grouping: Grouping, gradient: FloatArray, confidence: float
    ) -> tuple[float, str]:
        """Return the factor by which the interval of a difference is wider than for single rows.

        Parameters
        ----------
        grouping : Grouping
            The groups that the difference is about.
        gradient : array of shape (n_groups, 2, 2, 2)
            The derivative of the difference by the cells of each group.
        confidence : float
            Confidence level of the interval.

        Returns
        -------
        factor : float
            At least 1; NaN if there is no interval.
        reason : str
            Why there is no interval; empty if there is one.
        """
        cells = grouping.members.sum(axis=0) > 0
        inside = np.repeat(cells, 8).astype(np.float64)
        flat = np.nan_to_num(gradient.reshape(len(gradient), 8))
        influence = (grouping.members.T @ flat).ravel()
        differing = inside * np.tile(_DIFFER, len(cells))
        size = self.weights @ inside
        n = int((size > 0).sum())
        if n < MIN_CLUSTERS:
            return np.nan, f"the rows are in {n_of(n, 'cluster')}; an interval needs {MIN_CLUSTERS}"
        between = float(((self.weights @ influence) ** 2).sum()) * n / (n - 1)
        within = float((self.squares @ influence**2).sum())
        largest = float((size**2).sum() / (self.squares @ inside).sum())
        k = int((self.weights @ differing > 0).sum()) if within > 0 else 0
        effect = (k * between / within if k else 0.0) + largest
        t = -float(stdtrit(n - 1, (1 - confidence) / 2)) / normal_quantile(confidence)
        return float(np.sqrt(max(effect / (k + 1), 1.0))) * t, ""
