"""The cluster of each row, such as its household: read from a column, described, and kept together.

Rows of one cluster are alike, so they must not be in two splits at once: a model that was trained
with one member of a household knows something about the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fairrun.errors import RequestError
from fairrun.text import n_of

__all__ = ["clusters_note", "deal_clusters", "read_clusters"]


def read_clusters(column: pd.Series) -> NDArray[np.int64]:
    """Return the cluster of each row as a number, counted from 0 in the order of the rows.

    Only these numbers are kept. The names of the clusters, which may name people, are not.

    Parameters
    ----------
    column : pandas.Series
        The column: text or numbers. A row without a value is a cluster of its own.

    Returns
    -------
    array of int64 of shape (n_rows,)

    Examples
    --------
    >>> read_clusters(pd.Series(["h7", "h2", None, "h7", None])).tolist()
    [0, 1, 2, 0, 3]
    """
    codes = pd.factorize(column)[0].astype(np.int64)
    null = codes < 0
    codes[null] = codes.max(initial=-1) + 1 + np.arange(null.sum())
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def clusters_note(name: str, column: pd.Series, cluster: NDArray[np.int64]) -> str:
    """Return a sentence with the numbers of rows and clusters, and the size of the largest one.

    Examples
    --------
    >>> column = pd.Series(["h7", "h2", None, "h7"])
    >>> clusters_note("household", column, read_clusters(column))
    'cluster=household: 4 rows in 3 clusters, the largest with 2 rows; 1 row without a value is a \
cluster of its own'
    """
    sizes = np.bincount(cluster)
    most = int(sizes.max(initial=0))
    said = (
        f"cluster={name}: {n_of(len(cluster), 'row')} in {n_of(len(sizes), 'cluster')}, "
        f"the largest with {n_of(most, 'row')}"
    )
    n_null = int(column.isna().sum())
    if n_null:
        said += "; " + n_of(
            n_null,
            "row without a value is a cluster of its own",
            "rows without a value are clusters of their own",
        )
    return said


def deal_clusters(
    strata: ArrayLike, cluster: ArrayLike, shares: Sequence[float], seed: int
) -> NDArray[np.intp]:
    """Assign whole clusters to parts, so that each part has about its share of every stratum.

    Clusters with the same numbers of rows by stratum are shuffled and dealt by the shares. The
    clusters that are left over, the largest first, go where rows of their strata are lacking most.

    Parameters
    ----------
    strata : array of int of shape (n_rows,)
        The stratum of each row, such as its label and group.
    cluster : array of int of shape (n_rows,)
        The cluster of each row.
    shares : sequence of float
        The share of each part, with the sum 1.
    seed : int
        The seed of the shuffle. The same arguments give the same parts.

    Returns
    -------
    array of int of shape (n_rows,)
        The part of each row, counted from 0.

    Raises
    ------
    RequestError
        If there are fewer clusters than parts.

    Examples
    --------
    >>> deal_clusters([0, 0, 1, 1, 0, 1], [5, 5, 5, 5, 8, 8], [0.7, 0.3], seed=0).tolist()
    [0, 0, 0, 0, 1, 1]
    """
    _, of_row = np.unique(np.asarray(cluster), return_inverse=True)
    levels, stratum = np.unique(np.asarray(strata), return_inverse=True)
    n_clusters, n_parts = int(of_row.max(initial=-1)) + 1, len(shares)
    if n_clusters < n_parts:
        raise RequestError(
            f"{n_of(n_clusters, 'cluster')} cannot be dealt to {n_parts} parts, because the rows "
            "of a cluster stay together; give data with more clusters, or leave cluster out"
        )
    cells = np.bincount(of_row * len(levels) + stratum, minlength=n_clusters * len(levels))
    rows = cells.reshape(n_clusters, len(levels))
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(n_clusters)
    _, kind = np.unique(rows[shuffled], axis=0, return_inverse=True)
    order = shuffled[np.argsort(kind.reshape(-1), kind="stable")]
    ends = np.cumsum(np.bincount(kind.reshape(-1)))
    part = np.full(n_clusters, -1, dtype=np.intp)
    for alike in np.split(order, ends[:-1]):
        whole = np.floor(np.asarray(shares) * len(alike) + 1e-9).astype(np.intp)
        part[alike[: whole.sum()]] = np.repeat(np.arange(n_parts), whole)
    _deal_the_rest(part, rows, np.asarray(shares, dtype=np.float64), shuffled)
    return part[of_row]


def _deal_the_rest(
    part: NDArray[np.intp],
    rows: NDArray[np.intp],
    shares: NDArray[np.float64],
    shuffled: NDArray[np.intp],
) -> None:
    """Assign the clusters whose part is −1, one after the other."""
    totals = rows.sum(axis=0)
    lacking = shares[:, np.newaxis] * totals
    for number in range(len(shares)):
        lacking[number] -= rows[part == number].sum(axis=0)
    rest = shuffled[part[shuffled] < 0]
    rest = rest[np.argsort(-rows[rest].sum(axis=1), kind="stable")]
    empty = np.bincount(part[part >= 0], minlength=len(shares)) == 0
    for done, each in enumerate(rest.tolist()):
        counts = rows[each]
        # The change of the squared distances from the shares, in units of the size of a stratum.
        change = ((counts - 2 * lacking) * (counts / totals)).sum(axis=1)
        # No part may stay empty, so the last clusters go to parts that have none.
        if len(rest) - done <= empty.sum():
            change = np.where(empty, change, np.inf)
        place = int(change.argmin())
        part[each] = place
        empty[place] = False
        lacking[place] -= counts
