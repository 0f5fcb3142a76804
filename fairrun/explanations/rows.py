"""The rows that are explained: a seeded subset in which both groups have as many."""

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
#: Nothing is said of a bin or of a group with fewer explained rows: it would tell of a few people.
FEWEST = 10


@dataclass(frozen=True, eq=False)
class ExplainedRows:
    """Rows, their explanations, and how many rows each of them stands for.

    Parameters
    ----------
    frame : DataFrame
        The rows that were explained.
    groups : array of int8 of shape (n_explained,)
        0 for group_a, 1 for group_b, -1 for neither.
    sizes : dict of int to int
        How many rows of each group there were to choose from.
    explained : Explanations
        Why the rows have their scores.
    """

    frame: pd.DataFrame
    groups: NDArray[np.int8]
    sizes: dict[int, int]
    explained: Explanations

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def n_rows(self) -> int:
        """How many rows there were to choose from."""
        return sum(self.sizes.values())

    @property
    def weights(self) -> Floats:
        """The share of all rows that each explained row stands for, shape (n_explained,)."""
        return weights_of(self.groups, self.sizes)

    def mean(
        self, values: Floats, of: Collection[int] = EVERYBODY
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Estimate means over all rows of some groups from the rows that were explained.

        Parameters
        ----------
        values : array of shape (n_explained, n_values)
            What is averaged.
        of : collection of int
            The groups.

        Returns
        -------
        mean, error : arrays of shape (n_values,)
            The mean, and its standard error as that of a stratified sample without replacement:
            0 where all rows were explained. NaN where there are none.

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
    """Give the share of all rows that each chosen row stands for."""
    weights = np.empty(len(groups))
    for group in np.unique(groups).tolist():
        own = groups == group
        weights[own] = sizes[group] / sum(sizes.values()) / own.sum()
    return weights


def choose_rows(groups: NDArray[np.int8], n_rows: int, seed: int = 0) -> NDArray[np.intp]:
    """Choose rows at random, without replacement, equally many of each group.

    A group that has too few gives all it has, and the others more. What is said of group_b is then
    as precise as what is said of group_a, however rare it is.

    Parameters
    ----------
    groups : array of int8 of shape (n,)
        0 for group_a, 1 for group_b, -1 for neither.
    n_rows : int
        How many to choose; all of them if there are no more.
    seed : int, default 0
        Seeds the choice.

    Returns
    -------
    array of int of shape (min(n, n_rows),)
        Their positions, ascending.

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
    """Choose rows and explain them.

    Parameters
    ----------
    model : InferenceModel
        The model.
    frame : DataFrame
        Raw rows.
    groups : array of int8 of shape (n,)
        Their groups.
    n_rows : int
        How many to explain.

    Raises
    ------
    InputError
        If the model holds no explanations.
    """
    chosen = choose_rows(groups, n_rows)
    sizes = {group: int(np.sum(groups == group)) for group in EVERYBODY}
    some = frame.iloc[chosen].reset_index(drop=True)
    return ExplainedRows(some, groups[chosen], sizes, model.explain(some))
