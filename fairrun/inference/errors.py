"""Errors of inference models."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["InputError", "ModelError", "name_rows"]

_ROWS_NAMED = 5


class InputError(ValueError):
    """An error for rows that cannot be scored.

    The message names columns, and rows by position. It never contains a value.

    Attributes
    ----------
    column : str or None
        The first column in the message.
    row : int or None
        The position of the first row in the message, counted from 0.
    """

    def __init__(self, message: str, *, column: str | None = None, row: int | None = None) -> None:
        super().__init__(message)
        self.column = column
        self.row = row


class ModelError(ValueError):
    """An error for a saved model that may not give the answers that were measured."""


def name_rows(positions: Iterable[int]) -> str:
    """Return a text with the positions of the first five rows and the number of the others.

    Examples
    --------
    >>> name_rows([4])
    'row 4'
    >>> name_rows(range(8))
    'rows 0, 1, 2, 3, 4 and 3 more'
    """
    rows = [int(position) for position in positions]
    shown = ", ".join(str(row) for row in rows[:_ROWS_NAMED])
    more = len(rows) - _ROWS_NAMED
    return f"row{'s' if len(rows) > 1 else ''} {shown}" + (f" and {more} more" if more > 0 else "")
