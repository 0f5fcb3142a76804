"""Counterfactual hints: the smallest changes of one column that change the label of a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .changeable import Changeable, values_to_try
from .columns import Columns
from .encoder import Categorical, Encoder, Numeric
from .nearest import nearest_turning
from .scorer import Scorer
from .transforms import Transform

__all__ = ["HintFinder"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

# The largest number of hints for a row, and of categories of one column among them.
_HINTS = 10
_CATEGORIES = 3
# The number of rows that are searched together, and of changed rows that are scored together.
_ROWS = 256
_CELLS = 2048


@dataclass(frozen=True)
class _Rows:
    """The rows before any change.

    Attributes
    ----------
    matrix : array of float64 of shape (n_rows, n_encoded)
        The encoded rows.
    positions : array of int of shape (n_rows,)
        The positions of their protected values.
    groups : array of int8 of shape (n_rows,)
        Their groups.
    scores : array of float64 of shape (n_rows,)
        Their scores in log-odds.
    label : array of bool of shape (n_rows,)
        Whether label 1 is more probable than label 0.
    """

    matrix: Floats
    positions: Places
    groups: NDArray[np.int8]
    scores: Floats
    label: NDArray[np.bool_]


@dataclass(frozen=True)
class _Hint:
    """A change, as a dictionary for JSON, with its size.

    Attributes
    ----------
    size : float
        The change as a share of the column's range; 1 for text.
    moved : float
        The absolute change of the score in log-odds.
    said : dict
        The change, as `HintFinder.find` returns it.
    """

    size: float
    moved: float
    said: dict[str, Any]


@dataclass(frozen=True)
class HintFinder:
    """A search that changes one column of a row at a time and asks the model for its answer.

    A hint changes the more probable label, which is 1 if `decision_probability` is above one half.
    Without randomisation this is the label itself. A randomised model uses another random number
    for the changed row, so a change of the label by the random number alone would be no hint.

    Attributes
    ----------
    encoder : Encoder
        The function from raw rows to the encoded matrix.
    changeable : tuple of Changeable
        The columns to change.
    transform : Transform or None
        The transform of the encoded matrix.
    scorer : Scorer
        The score on which the label depends.
    answer : callable
        ``answer(matrix, positions, groups)`` returns the scores and P(label = 1) of encoded rows.
    """

    encoder: Encoder
    changeable: tuple[Changeable, ...]
    transform: Transform | None
    scorer: Scorer
    answer: Callable[[Floats, Places, NDArray[np.int8]], tuple[Floats, Floats]]

    def find(
        self, rows: Columns, positions: Places, groups: NDArray[np.int8]
    ) -> list[list[dict[str, Any]]]:
        """Return the hints for raw rows.

        Parameters
        ----------
        rows : Columns
            The raw rows.
        positions : array of int of shape (n_rows,)
            The positions of their protected values.
        groups : array of int8 of shape (n_rows,)
            Their groups.

        Returns
        -------
        list of list of dict
            For each row at most ten hints, the smallest changes first. A hint has the `column`, the
            new value (`to`), the new minus the present value (`change`; None for text), and the
            `decision_probability` of the changed row. A row has no hint if no single change that
            was tried changes its label.
        """
        read = self.encoder.read(rows)
        numbers = {
            column.name: self.encoder.numbers_of(column, rows.values[column.name])
            for _, column, _ in self._columns
            if isinstance(column, Numeric)
        }
        found: list[list[dict[str, Any]]] = []
        for start in range(0, len(rows), _ROWS):
            part = slice(start, start + _ROWS)
            matrix = self.encoder.matrix(read[part])
            scores, decided = self.answer(matrix, positions[part], groups[part])
            own = _Rows(matrix, positions[part], groups[part], scores, decided > 0.5)
            hints: list[list[_Hint]] = [[] for _ in own.label]
            for changeable, column, place in self._columns:
                if isinstance(column, Numeric):
                    present = numbers[column.name][part]
                    changes = self._of_number(own, changeable, column, place, present)
                else:
                    changes = self._of_text(own, column, place)
                for row, hint in changes:
                    hints[row].append(hint)
            for of_row in hints:
                of_row.sort(key=lambda hint: (hint.size, hint.moved))
                found.append([hint.said for hint in of_row[:_HINTS]])
        return found

    @cached_property
    def _columns(self) -> list[tuple[Changeable, Numeric | Categorical, int]]:
        """The changeable columns, their encodings and the positions of their encoded columns."""
        columns = self.encoder.columns
        starts = np.cumsum([0, *(len(column.encoded_names) for column in columns)]).tolist()
        places = [self.encoder.names.index(changeable.name) for changeable in self.changeable]
        return [
            (changeable, columns[place], starts[place])
            for changeable, place in zip(self.changeable, places, strict=True)
        ]

    @cached_property
    def _tried(self) -> dict[str, Floats]:
        """The values of each numeric column to try first; see `values_to_try`."""
        n_encoded = len(self.encoder.encoded_names)
        return {
            changeable.name: values_to_try(
                changeable, column, place, n_encoded, self.transform, self.scorer
            )
            for changeable, column, place in self._columns
            if isinstance(column, Numeric)
        }

    def _ask(
        self, rows: _Rows, which: Places, alter: Callable[[Floats, slice], None]
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return the answers to changed rows.

        ``alter(matrix, part)`` changes the matrix of the part `part` of all asked rows in place.
        Returned are P(label = 1), the absolute change of the score, and whether the label changes;
        all of shape (n_asked,).
        """
        decided, scores = np.empty(len(which)), np.empty(len(which))
        for start in range(0, len(which), _CELLS):
            part = slice(start, start + _CELLS)
            # The matrix is column-major, as that of the encoder, because all steps go by column.
            matrix = rows.matrix.T.take(which[part], axis=1).T
            alter(matrix, part)
            asked = rows.positions[which[part]], rows.groups[which[part]]
            scores[part], decided[part] = self.answer(matrix, *asked)
        moved = np.abs(scores - rows.scores[which])
        return decided, moved, (decided > 0.5) != rows.label[which]

    def _of_text(self, rows: _Rows, column: Categorical, first: int) -> Iterator[tuple[int, _Hint]]:
        """Return the categories that change the label with the smallest changes of the score.

        Only named categories are tried, because a hint must say which value to change to.
        """
        n_rows, n_categories = len(rows.label), len(column.categories)
        if not n_categories:
            return
        which = np.repeat(np.arange(n_rows), n_categories)
        places = first + np.tile(np.arange(n_categories), n_rows)

        def alter(matrix: Floats, part: slice) -> None:
            matrix[:, first : first + column.n_codes] = 0.0
            matrix[np.arange(len(matrix)), places[part]] = 1.0

        decided, moved, turned = self._ask(rows, which, alter)
        shape = (n_rows, n_categories)
        moved = np.where(turned, moved, np.inf).reshape(shape)
        least = np.argsort(moved, axis=1, kind="stable")[:, :_CATEGORIES]
        decided, turned = decided.reshape(shape), turned.reshape(shape)
        for row, codes in enumerate(least.tolist()):
            for code in codes:
                if turned[row, code]:
                    said = _said(column.name, column.categories[code], None, decided[row, code])
                    yield row, _Hint(1.0, float(moved[row, code]), said)

    def _of_number(
        self, rows: _Rows, changeable: Changeable, column: Numeric, place: int, present: Floats
    ) -> Iterator[tuple[int, _Hint]]:
        """Return the nearest values above and below the present one that change the label."""

        def ask(which: Places, values: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
            scaled = column.scaled(values)

            def alter(matrix: Floats, part: slice) -> None:
                matrix[:, place] = scaled[part]

            return self._ask(rows, which, alter)

        low, high = changeable.bounds
        row, to = nearest_turning(
            self._tried[changeable.name][rows.groups],  # group −1 is the last entry
            present,
            (low, high),
            lambda which, values: ask(which, values)[2],
            whole=changeable.whole,
        )
        decided, moved, _ = ask(row, to)
        change = to - present[row]
        size = np.abs(change) / ((high - low) or 1.0)
        for cell, at in enumerate(row.tolist()):
            said = _said(changeable.name, float(to[cell]), float(change[cell]), decided[cell])
            yield at, _Hint(float(size[cell]), float(moved[cell]), said)


def _said(column: str, to: Any, change: float | None, decided: np.float64) -> dict[str, Any]:
    return {
        "column": column,
        "to": to,
        "change": change,
        "decision_probability": float(decided),
    }
