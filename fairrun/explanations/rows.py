"""The rows to explain: a seeded subset with equal numbers of rows of both groups."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.groups import GROUP_A, GROUP_B, NEITHER
from fairrun.inference import Explanations, InferenceModel

__all__ = ["EVERYBODY", "FEWEST", "ExplainedRows", "choose_rows", "explain_rows", "weights_of"]

Floats = NDArray[np.float64]

EVERYBODY = (GROUP_A, GROUP_B, NEITHER)
#: A bin or group with fewer explained rows is left out, because it would reveal a few people.
FEWEST = 10


@dataclass(frozen=True, eq=False)
class ExplainedRows:
    """Explained rows, with the number of rows that each stands for.

    Attributes
    ----------
    frame : DataFrame
        The explained rows.
    groups : array of int8 of shape (n_explained,)
        0 for group_a, 1 for group_b, -1 for neither.
    sizes : dict of int to int
        The number of rows of each group before the choice.
    explained : Explanations
        The explanations of the rows.
    """

    frame: pd.DataFrame
    groups: NDArray[np.int8]
    sizes: dict[int, int]
    explained: Explanations

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def n_rows(self) -> int:
        """The number of rows before the choice."""
        return sum(self.sizes.values())

    @property
    def weights(self) -> Floats:
        """The share of all rows that each explained row stands for, shape (n_explained,)."""
        return weights_of(self.groups, self.sizes)

    def mean(
        self, values: Floats, of: Collection[int] = EVERYBODY
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return estimated means over all rows of some groups, from the explained rows.

        Parameters
        ----------
        values : array of shape (n_explained, n_values)
            The values to average.
        of : collection of int
            The groups.

        Returns
        -------
        mean, error : arrays of shape (n_values,)
            The mean, and its standard error for a stratified sample without replacement. The error
            is 0 if all rows were explained. Both are NaN if there are no rows.

        References
        ----------
        W. G. Cochran, Sampling Techniques, 3rd edition, 1977, section 5.4.
        """
        total = sum(size for group, size in self.sizes.items() if group in of)
        if not total:
            return np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
        mean, variance = np.zeros(values.shape[1]), np.zeros(values.shape[1])
        for group, size in self.sizes.items():
            if group not in of or not size:
                continue
            own = values[self.groups == group]
            mean += size / total * own.mean(axis=0)
            if len(own) < size:
                spread = own.var(axis=0, ddof=1) if len(own) > 1 else np.nan
                variance += (size / total) ** 2 * spread / len(own) * (1 - len(own) / size)
        return mean, np.sqrt(variance)


def weights_of(groups: NDArray[np.int8], sizes: dict[int, int]) -> Floats:
    """Return the share of all rows that each chosen row stands for."""
    weights = np.empty(len(groups))
    for group in np.unique(groups).tolist():
        own = groups == group
        weights[own] = sizes[group] / sum(sizes.values()) / own.sum()
    return weights


def choose_rows(groups: NDArray[np.int8], n_rows: int, seed: int = 0) -> NDArray[np.intp]:
    """Return rows chosen at random without replacement, the same number from each group.

    If a group has too few rows, all of its rows are chosen, and more of the others. The numbers for
    group_b are then as precise as those for group_a, even if group_b is rare.

    Parameters
    ----------
    groups : array of int8 of shape (n,)
        0 for group_a, 1 for group_b, -1 for neither.
    n_rows : int
        The number of rows to choose. If there are fewer, all are chosen.
    seed : int, default 0
        The seed of the choice.

    Returns
    -------
    array of int of shape (min(n, n_rows),)
        The positions of the chosen rows, ascending.

    Examples
    --------
    >>> groups = np.array([0, 0, 0, 0, 0, 0, 1, 1], dtype=np.int8)
    >>> np.bincount(groups[choose_rows(groups, 6)])
    array([4, 2])
    """
    rng = np.random.default_rng(seed)
    of_groups = [np.flatnonzero(groups == group) for group in EVERYBODY]
    of_groups = sorted((own for own in of_groups if len(own)), key=len)
    chosen: list[NDArray[np.intp]] = []
    left = min(n_rows, len(groups))
    for number, own in enumerate(of_groups):
        n_own = min(len(own), left // (len(of_groups) - number))
        chosen.append(rng.choice(own, n_own, replace=False, shuffle=False))
        left -= n_own
    return np.sort(np.concatenate([*chosen, np.empty(0, dtype=np.intp)]))


def explain_rows(
    model: InferenceModel, frame: pd.DataFrame, groups: NDArray[np.int8], n_rows: int
) -> ExplainedRows:
    """Return a choice of rows with their explanations.

    Parameters
    ----------
    model : InferenceModel
        The model.
    frame : DataFrame
        Raw rows.
    groups : array of int8 of shape (n,)
        The groups of the rows.
    n_rows : int
        The number of rows to explain.

    Raises
    ------
    InputError
        If the model was saved without the numbers that explanations need.
    """
    chosen = choose_rows(groups, n_rows)
    sizes = {group: int(np.sum(groups == group)) for group in EVERYBODY}
    some = frame.iloc[chosen].reset_index(drop=True)
    return ExplainedRows(some, groups[chosen], sizes, model.explain(some))
