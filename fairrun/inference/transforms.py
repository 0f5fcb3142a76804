"""Transforms of pre-processing mitigators: functions of an encoded row and its group.

The transforms work column by column, so the result for a row does not depend on the other rows of
a batch. The result for a row in neither group is the mean of the results for both groups, weighted
by the groups' shares of the training rows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from .groups import GROUP_A, GROUP_B, NEITHER

__all__ = ["GroupShift", "GroupStepMap", "StepFunction", "Transform"]

Arrays = Mapping[str, NDArray[Any]]


class Transform(Protocol):
    """The interface of transforms of the encoded matrix, which may depend on the group."""

    kind: ClassVar[str]

    def apply(self, matrix: NDArray[np.float64], groups: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return transformed rows; the shapes are (n_rows, n_encoded) and (n_rows,)."""

    def to_arrays(self) -> Arrays:
        """Return the arrays for `from_arrays`."""

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Transform:
        """Return the object with the arrays that `to_arrays` returned."""


@dataclass(frozen=True)
class GroupShift:
    """A transform to x − shift[group] for every encoded column.

    Attributes
    ----------
    shifts : array of float64 of shape (2, n_encoded)
        The numbers that are subtracted from rows in group_a and in group_b.
    shares : array of float64 of shape (2,)
        The shares of group_a and group_b among the training rows in either group.

    Examples
    --------
    >>> shift = GroupShift(np.array([[1.0], [-1.0]]), np.array([0.75, 0.25]))
    >>> shift.apply(np.zeros((3, 1)), np.array([0, 1, -1], dtype=np.int8)).ravel()
    array([-1. ,  1. , -0.5])
    """

    shifts: NDArray[np.float64]
    shares: NDArray[np.float64]
    kind: ClassVar[str] = "group_shift"

    @cached_property
    def _by_code(self) -> NDArray[np.float64]:
        neutral = self.shares[0] * self.shifts[0] + self.shares[1] * self.shifts[1]
        return np.vstack([self.shifts, neutral])  # group −1 is the last row

    def apply(self, matrix: NDArray[np.float64], groups: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return transformed rows; the shapes are (n_rows, n_encoded) and (n_rows,)."""
        by_code = self._by_code
        if len(matrix) == 1:
            return np.asarray(matrix - by_code[groups])
        out = np.empty_like(matrix, order="F")
        for column in range(matrix.shape[1]):
            out[:, column] = matrix[:, column] - by_code[groups, column]
        return out

    def to_arrays(self) -> Arrays:
        """Return the arrays for `from_arrays`."""
        return {"shifts": self.shifts, "shares": self.shares}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> GroupShift:
        """Return the object with the arrays that `to_arrays` returned."""
        return cls(arrays["shifts"], arrays["shares"])


@dataclass(frozen=True)
class StepFunction:
    """A monotone step function with ``values[k]`` from ``edges[k]`` to below the next edge.

    Attributes
    ----------
    edges : array of float64 of shape (n_steps,)
        The edges in ascending order. The first one is −inf.
    values : array of float64 of shape (n_steps,)
        The values, which never decrease.
    """

    edges: NDArray[np.float64]
    values: NDArray[np.float64]

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values at numbers, an array of any shape."""
        return np.asarray(self.values[np.searchsorted(self.edges, x, side="right") - 1])

    @cached_property
    def _lists(self) -> tuple[list[float], list[float]]:
        return self.edges.tolist(), self.values.tolist()

    def of(self, x: float) -> float:
        """Return the value at one number; this is faster than a call with an array."""
        edges, values = self._lists
        return values[bisect_right(edges, x) - 1]


@dataclass(frozen=True)
class GroupStepMap:
    """A transform with a step function for each group and column.

    Columns without step functions do not change.

    Attributes
    ----------
    maps : dict of int to tuple of two StepFunction
        The step functions of group_a and group_b, by position of the encoded column.
    shares : array of float64 of shape (2,)
        The shares of group_a and group_b among the training rows in either group.
    """

    maps: dict[int, tuple[StepFunction, StepFunction]]
    shares: NDArray[np.float64]
    kind: ClassVar[str] = "group_step_map"

    def apply(self, matrix: NDArray[np.float64], groups: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return transformed rows; the shapes are (n_rows, n_encoded) and (n_rows,)."""
        out = matrix.copy(order="F")
        if len(matrix) == 1:
            self._apply_to_one(out[0], groups[0])
            return out
        rows = {code: np.flatnonzero(groups == code) for code in (GROUP_A, GROUP_B, NEITHER)}
        for column, (of_a, of_b) in self.maps.items():
            x = matrix[:, column]
            out[rows[GROUP_A], column] = of_a(x[rows[GROUP_A]])
            out[rows[GROUP_B], column] = of_b(x[rows[GROUP_B]])
            neutral = x[rows[NEITHER]]
            out[rows[NEITHER], column] = self.shares[0] * of_a(neutral) + self.shares[1] * of_b(
                neutral
            )
        return out

    def _apply_to_one(self, row: NDArray[np.float64], group: np.int8) -> None:
        share_a, share_b = self.shares.tolist()
        for column, (of_a, of_b) in self.maps.items():
            x = float(row[column])
            if group == GROUP_A:
                row[column] = of_a.of(x)
            elif group == GROUP_B:
                row[column] = of_b.of(x)
            else:
                row[column] = share_a * of_a.of(x) + share_b * of_b.of(x)

    def to_arrays(self) -> Arrays:
        """Return the arrays of all step functions, concatenated, with their lengths."""
        steps = [step for pair in self.maps.values() for step in pair]
        return {
            "columns": np.array(list(self.maps), dtype=np.int64),
            "lengths": np.array([len(step.edges) for step in steps], dtype=np.int64),
            "edges": np.concatenate([step.edges for step in steps] or [np.empty(0)]),
            "values": np.concatenate([step.values for step in steps] or [np.empty(0)]),
            "shares": self.shares,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> GroupStepMap:
        """Return the object with the arrays that `to_arrays` returned."""
        ends = np.cumsum(arrays["lengths"])[:-1]
        edges, values = np.split(arrays["edges"], ends), np.split(arrays["values"], ends)
        steps = [StepFunction(e, v) for e, v in zip(edges, values, strict=True)]
        columns = [int(column) for column in arrays["columns"]]
        pairs = zip(steps[::2], steps[1::2], strict=True) if columns else ()
        return cls(dict(zip(columns, pairs, strict=True)), arrays["shares"])
