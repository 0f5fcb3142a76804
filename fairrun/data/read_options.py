"""How a file is read: the part of a dataset spec that depends on the file's format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["ReadOptions"]


@dataclass(frozen=True)
class ReadOptions:
    """How a file is read. None means that the reader finds it out, or takes the usual value.

    Attributes
    ----------
    delimiter : str or None
        The character between the columns of a CSV file.
    decimal : str
        The decimal mark of numbers that are written as text: "." or ",".
    thousands : str or None
        The mark between thousands in numbers that are written as text.
    encoding : str or None
        The encoding of a CSV file.
    header : bool
        Whether the first line of a CSV file has the names of the columns.
    names : tuple of str
        The names of the columns, if the file has none or others are wanted.
    comment : str or None
        The character with which a line of comment starts.
    strip : bool
        Whether blanks before and after a text are removed.
    sheet : str or None
        The sheet of an Excel file; the first one by default.
    query : str or None
        The SELECT statement for a database.
    """

    delimiter: str | None = None
    decimal: str = "."
    thousands: str | None = None
    encoding: str | None = None
    header: bool = True
    names: tuple[str, ...] = ()
    comment: str | None = None
    strip: bool = True
    sheet: str | None = None
    query: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the options that are not the default, as a dict that JSON can represent."""
        default = asdict(ReadOptions())
        given = {name: value for name, value in asdict(self).items() if value != default[name]}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in given.items()}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> ReadOptions:
        """Return the options that `to_dict` returned."""
        values = dict(saved)
        values["names"] = tuple(str(name) for name in values.get("names", ()))
        return cls(**values)
