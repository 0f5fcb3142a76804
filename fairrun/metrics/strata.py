"""The rows of two groups by stratum, from counts with an axis for each legitimate factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.groups import GROUP_A, GROUP_B
from fairrun.metrics.rates import FloatArray
from fairrun.metrics.weighted import AnyCounts, WeightedCounts

__all__ = ["Strata", "strata_of", "turned"]


@dataclass(frozen=True, eq=False)
class Strata:
    """Tables of group_a and group_b of one protected column in each stratum.

    Attributes
    ----------
    protected : str
        The protected column.
    groups : (str, str)
        The names of group_a and group_b.
    names : tuple of str
        The strata that have a row of either group, such as `BA:18..25`.
    places : array of int of shape (n_strata,)
        Their positions among all combinations of the values of the factors.
    tables : array of shape (2, n_strata, 2, 2) or (2, n_strata, 2, 2, 4)
        Counts by group, stratum, label and prediction, or sums of powers of weights as in
        `WeightedCounts`.
    left_out : array of int of shape (2, 2, 2)
        The numbers of rows by group, label and prediction that are in no stratum, because they have
        no value of a factor, or a number in no bin.
    """

    protected: str
    groups: tuple[str, str]
    names: tuple[str, ...]
    places: NDArray[np.intp]
    tables: FloatArray
    left_out: NDArray[np.int64]

    @property
    def rows(self) -> NDArray[np.int64]:
        """Return the numbers of rows by group, stratum, label and prediction."""
        return _rows(self.tables)

    @property
    def stacked(self) -> FloatArray:
        """Return the tables of group_a of every stratum, and then those of group_b."""
        return np.asarray(self.tables.reshape(-1, *self.tables.shape[2:]))


def strata_of(counts: AnyCounts, protected: str, given: Sequence[str]) -> Strata:
    """Return the tables of the two groups of a protected column in each stratum.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the rows, with an axis for the protected column and, after it, one for each
        factor.
    protected : str
        The protected column.
    given : sequence of str
        The factors.

    Raises
    ------
    RequestError
        If a name is not a column of the counts.

    Examples
    --------
    >>> from fairrun.groups import ProtectedColumn
    >>> from fairrun.metrics import Counts
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> site = ProtectedColumn("site", ("x", "y"), ("x",), ("y",))
    >>> counts = Counts.from_arrays(
    ...     [sex, site], [[0, 1, 1, 0], [1, 1, 1, -1]], [1, 0, 1, 1], [1, 0, 1, 0])
    >>> strata = strata_of(counts, "sex", ["site"])
    >>> strata.names, strata.rows.sum(axis=(2, 3)).tolist(), int(strata.left_out.sum())
    (('y',), [[1], [2]], 1)
    """
    known = [column.name for column in counts.columns]
    if not given or not {protected, *given} <= set(known) or protected in given:
        raise RequestError(
            f"{protected} cannot be compared given {', '.join(given) or 'nothing'}; give other "
            f"columns of {', '.join(known)}"
        )
    of_both = counts.marginal(protected, *given)
    column, *factors = of_both.columns
    n_outcomes = 3 if isinstance(counts, WeightedCounts) else 2
    outcomes = of_both.table.shape[-n_outcomes:]
    groups = np.array([column.group_of_position == group for group in (GROUP_A, GROUP_B)])
    by_position = of_both.table.reshape(column.size, -1)
    by_group = groups.astype(by_position.dtype) @ by_position
    shape = (2, *(factor.size for factor in factors), *outcomes)
    inside = by_group.reshape(shape)[:, *(slice(-1) for _ in factors)]
    every = inside.reshape(2, -1, *outcomes)
    rows = _rows(every).sum(axis=(0, 2, 3))
    of_groups = by_group.reshape(2, -1, *outcomes).sum(axis=1)
    labels = [":".join(parts) for parts in product(*(factor.labels[:-1] for factor in factors))]
    places = np.flatnonzero(rows > 0)
    return Strata(
        protected,
        column.group_names,
        tuple(labels[place] for place in places),
        places,
        every[:, places],
        _rows(of_groups) - _rows(every).sum(axis=1),
    )


def turned(tables: NDArray[Any], outcome: int) -> NDArray[Any]:
    """Return tables in which outcome and group have changed places.

    Parameters
    ----------
    tables : array of shape (..., 2, n_strata, 2, 2)
        Tables by group, stratum, label and prediction.
    outcome : int
        Which axis is the outcome: 0 is the label, 1 is the prediction.

    Returns
    -------
    array of the same shape
        Tables by outcome (0 is unfavourable, and comes first), stratum, label and group. All labels
        are 0, so that the selection rate is the share of group_b among the rows with the outcome.
    """
    by_outcome = tables.sum(axis=-2 if outcome else -1)
    found = np.zeros_like(tables)
    found[..., 0, :] = np.swapaxes(by_outcome, -3, -1)
    return found


def _rows(tables: NDArray[Any]) -> NDArray[np.int64]:
    """Return the numbers of rows of tables, which for weighted rows are one of four moments."""
    rows = tables[..., 2] if tables.shape[-1] == 4 else tables
    return np.asarray(np.rint(rows), dtype=np.int64)
