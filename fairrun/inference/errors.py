"""The two ways an inference model can refuse to answer."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["InputError", "ModelError", "name_rows"]

_ROWS_NAMED = 5


class InputError(ValueError):
    """The rows cannot be scored: names columns, and rows by position, never a value.

    Attributes
    ----------
    column : str or None
        The column the message names first.
    row : int or None
        The position of the row it names first.
    """

    def __init__(self, message: str, *, column: str | None = None, row: int | None = None) -> None:
        super().__init__(message)
        self.column = column
        self.row = row


class ModelError(ValueError):
    """The saved model cannot be trusted to answer as it was measured."""


def name_rows(positions: Iterable[int]) -> str:
    """Name rows by their positions, the first few of them.

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
