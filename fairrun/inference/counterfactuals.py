"""What would have to be different: the smallest changes of one column that turn a row's label."""

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

# A row gets no more hints than these, and no more categories of one column.
_HINTS = 10
_CATEGORIES = 3
# Rows whose hints are sought together, and cells that are scored together.
_ROWS = 256
_CELLS = 2048


@dataclass(frozen=True)
class _Rows:
    """Rows as they are.

    Attributes
    ----------
    matrix : ndarray of float64, shape (n_rows, n_encoded)
        Encoded.
    positions : ndarray of int, shape (n_rows,)
        Of their protected values.
    groups : ndarray of int8, shape (n_rows,)
        Their groups.
    scores : ndarray of float64, shape (n_rows,)
        In log-odds.
    label : ndarray of bool, shape (n_rows,)
        Whether 1 is the likelier label.
    """

    matrix: Floats
    positions: Places
    groups: NDArray[np.int8]
    scores: Floats
    label: NDArray[np.bool_]


@dataclass(frozen=True)
class _Hint:
    """A change, its share of the column's range (1 for text), and how far it moves the score."""

    size: float
    moved: float
    said: dict[str, Any]


@dataclass(frozen=True)
class HintFinder:
    """Changes one column of a row at a time, and asks the model itself what it would answer.

    The label that is to turn is the likelier one, `decision_probability` above one half or not.
    Where labels are not drawn that is the label. Where they are, the changed row draws anew: a
    change that turns no more than the draw would be no advice.

    Attributes
    ----------
    encoder : Encoder
        Raw rows to the encoded matrix.
    changeable : tuple of Changeable
        The columns to change.
    transform : Transform or None
        What is done to the encoded matrix.
    scorer : Scorer
        What the label is made of.
    answer : callable
        What answers rows: from encoded rows, the positions of their protected values and their
        groups to the scores and P(label = 1).
    """

    encoder: Encoder
    changeable: tuple[Changeable, ...]
    transform: Transform | None
    scorer: Scorer
    answer: Callable[[Floats, Places, NDArray[np.int8]], tuple[Floats, Floats]]

    def find(
        self, rows: Columns, positions: Places, groups: NDArray[np.int8]
    ) -> list[list[dict[str, Any]]]:
        """Find the hints of raw rows.

        Parameters
        ----------
        rows : Columns
            Raw rows.
        positions : ndarray of int, shape (n_rows,)
            Of their protected values.
        groups : ndarray of int8, shape (n_rows,)
            Their groups.

        Returns
        -------
        list of list of dict
            For each row at most ten, smallest first: `column`, the value that turns the label
            (`to`), the difference to the present one (`change`; None for a category), and
            `decision_probability` of the changed row.
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
        """What can be changed, how it is encoded, and where."""
        columns = self.encoder.columns
        starts = np.cumsum([0, *(len(column.encoded_names) for column in columns)]).tolist()
        places = [self.encoder.names.index(changeable.name) for changeable in self.changeable]
        return [
            (changeable, columns[place], starts[place])
            for changeable, place in zip(self.changeable, places, strict=True)
        ]

    @cached_property
    def _tried(self) -> dict[str, Floats]:
        """What is tried first of each number; see `values_to_try`."""
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
        """Answer altered rows: `alter` is given some of them, and which of all that are asked.

        Gives P(label = 1), how far the score moves, and whether the label turns; each of shape
        (n_asked,).
        """
        decided, scores = np.empty(len(which)), np.empty(len(which))
        for start in range(0, len(which), _CELLS):
            part = slice(start, start + _CELLS)
            # Column-major, as the encoder lays rows out and every step goes.
            matrix = rows.matrix.T.take(which[part], axis=1).T
            alter(matrix, part)
            asked = rows.positions[which[part]], rows.groups[which[part]]
            scores[part], decided[part] = self.answer(matrix, *asked)
        moved = np.abs(scores - rows.scores[which])
        return decided, moved, (decided > 0.5) != rows.label[which]

    def _of_text(self, rows: _Rows, column: Categorical, first: int) -> Iterator[tuple[int, _Hint]]:
        """Try every category, and take those that turn the label and move the score least."""
        n_rows, n_categories = len(rows.label), len(column.categories)
        which = np.repeat(np.arange(n_rows), n_categories)
        places = first + np.tile(np.arange(n_categories), n_rows)

        def alter(matrix: Floats, part: slice) -> None:
            matrix[:, first : first + n_categories] = 0.0
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
        """Find the nearest value that turns the label, above the present one and below it."""

        def ask(which: Places, values: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
            scaled = column.scaled(values)

            def alter(matrix: Floats, part: slice) -> None:
                matrix[:, place] = scaled[part]

            return self._ask(rows, which, alter)

        low, high = changeable.bounds
        row, to = nearest_turning(
            self._tried[changeable.name][rows.groups],  # code −1 reads the last
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
