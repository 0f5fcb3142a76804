"""Raw rows to the matrix a model is fitted on and served with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import Column, Columns, Table, numbers, take_columns, text_codes
from .errors import InputError, name_rows

__all__ = ["Categorical", "Encoder", "Numeric", "ReadRows"]

# Beyond this many standard deviations a number is held fast: the products and sums of the scorer
# then stay finite, so that every finite input has a defined answer.
_FARTHEST = 1e100


@dataclass(frozen=True)
class Numeric:
    """A numeric column: (x − mean) / scale, one encoded column.

    Attributes
    ----------
    name : str
        The raw column.
    mean, scale : float
        Of the training rows, in the column's unit.
    fill : float
        What a null is read as when nulls are imputed: the training median.
    """

    name: str
    mean: float
    scale: float
    fill: float

    @property
    def encoded_names(self) -> list[str]:
        """The raw column's own name."""
        return [self.name]

    def scaled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Encode numbers, of any shape."""
        with np.errstate(over="ignore"):
            scaled = (values - self.mean) / self.scale
        return np.maximum(np.minimum(scaled, _FARTHEST), -_FARTHEST)


@dataclass(frozen=True)
class Categorical:
    """A text column: one encoded column of 0 and 1 for each category seen in training.

    Attributes
    ----------
    name : str
        The raw column.
    categories : tuple of str
        Sorted.
    fill : str
        What a null is read as when nulls are imputed: the most frequent category.
    """

    name: str
    categories: tuple[str, ...]
    fill: str

    @property
    def encoded_names(self) -> list[str]:
        """`column=category`, for each category."""
        return [f"{self.name}={category}" for category in self.categories]

    @cached_property
    def codes(self) -> dict[str, int]:
        """The position of each category."""
        return {category: code for code, category in enumerate(self.categories)}


@dataclass(frozen=True)
class ReadRows:
    """Rows that the encoder has read and checked.

    Attributes
    ----------
    columns : tuple of ndarray, each of shape (n_rows,)
        For each raw column the scaled numbers, or the categories' codes: negative, if not seen.
    n_rows : int
        The number of rows.
    unseen : dict of str to int
        How many values of a column are of no category seen in training, where there are any.
    """

    columns: tuple[NDArray[Any], ...]
    n_rows: int
    unseen: dict[str, int]

    def __len__(self) -> int:
        return self.n_rows

    def __getitem__(self, rows: slice) -> ReadRows:
        """Take rows; `unseen` stays that of all."""
        columns = tuple(column[rows] for column in self.columns)
        return ReadRows(columns, len(range(*rows.indices(self.n_rows))), self.unseen)


@dataclass(frozen=True)
class Encoder:
    """The feature columns in signature order, and what is done with nulls and new categories.

    Attributes
    ----------
    columns : tuple of Numeric or Categorical
        In the order of the signature.
    impute : bool
        True: a null in a feature is read as the column's `fill`. False: it is an error.
    unseen : {"ignore", "error"}
        A category that training did not see is all zeros, or an error.

    Examples
    --------
    >>> import pandas as pd
    >>> encoder = Encoder((Numeric("age", 40.0, 10.0, 38.0), Categorical("sex", ("F", "M"), "F")))
    >>> encoder.encode(pd.DataFrame({"sex": ["M", "X"], "age": [50, 40]}))
    array([[1., 0., 1.],
           [0., 0., 0.]])
    """

    columns: tuple[Numeric | Categorical, ...]
    impute: bool = False
    unseen: str = "ignore"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The raw columns that are read."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def encoded_names(self) -> list[str]:
        """One name for each column of the matrix."""
        return [name for column in self.columns for name in column.encoded_names]

    def encode(self, table: Table) -> NDArray[np.float64]:
        """Encode raw rows: `read`, then `matrix`.

        Parameters
        ----------
        table : pandas.DataFrame or Columns
            The raw rows, columns in any order, others ignored.

        Returns
        -------
        ndarray of float64, shape (n_rows, n_encoded), column-major
            Column-major because every step that follows goes column by column.

        Raises
        ------
        InputError
            As `read` does.
        """
        return self.matrix(self.read(table))

    def encode_one(self, row: Columns) -> NDArray[np.float64] | None:
        """Encode a single row that has nothing to it, many times as fast.

        Parameters
        ----------
        row : Columns
            One row with the columns that are read.

        Returns
        -------
        ndarray of float64, shape (1, n_encoded), or None
            What `encode` gives, to the bit; None where a value is null, unseen, held fast or
            refused, or does not stand in a list: that is left to `encode`.
        """
        cells = [0.0] * len(self.encoded_names)
        start = 0
        for column in self.columns:
            (value,) = row.values[column.name]
            if isinstance(column, Numeric):
                if type(value) is not float and type(value) is not int:
                    return None
                try:
                    scaled = (value - column.mean) / column.scale
                except OverflowError:  # an int beyond float64
                    return None
                if not -_FARTHEST <= scaled <= _FARTHEST:
                    return None
                cells[start] = scaled
                start += 1
            else:
                code = column.codes.get(value) if type(value) is str else None
                if code is None:
                    return None
                cells[start + code] = 1.0
                start += len(column.categories)
        return np.array([cells])

    def read(self, table: Table) -> ReadRows:
        """Read raw rows and check them.

        Parameters
        ----------
        table : pandas.DataFrame or Columns
            The raw rows, columns in any order, others ignored.

        Returns
        -------
        ReadRows
            One array for each raw column.

        Raises
        ------
        InputError
            If a column is missing, stands twice, has the wrong type, an infinite number, or a null
            or a new category that the model was not trained to take.
        """
        taken = take_columns(table, self.names).values
        unseen: dict[str, int] = {}
        columns: list[NDArray[Any]] = []
        for column in self.columns:
            if isinstance(column, Numeric):
                columns.append(column.scaled(self.numbers_of(column, taken[column.name])))
                continue
            columns.append(self._codes(column, taken[column.name]))
            if columns[-1].size and columns[-1].min() < 0:
                unseen[column.name] = int(np.sum(columns[-1] < 0))
        return ReadRows(tuple(columns), len(table), unseen)

    def matrix(self, read: ReadRows) -> NDArray[np.float64]:
        """Lay out rows that were read; see `encode`."""
        matrix = np.zeros((len(read), len(self.encoded_names)), order="F")
        places, start = np.arange(len(read)), 0
        for column, values in zip(self.columns, read.columns, strict=True):
            if isinstance(column, Numeric):
                matrix[:, start] = values
                start += 1
            else:
                if column.name in read.unseen:
                    seen = np.flatnonzero(values >= 0)
                    matrix[seen, start + values[seen]] = 1.0
                else:
                    matrix[places, start + values] = 1.0
                start += len(column.categories)
        return matrix

    def numbers_of(self, column: Numeric, raw: Column) -> NDArray[np.float64]:
        """Read the numbers of a column, a null as it is imputed; raises as `read` does."""
        values = numbers(raw, column.name)
        null = np.isnan(values)
        if null.any():
            self._check_null(column.name, null)
            values = np.where(null, column.fill, values)
        return values

    def _codes(self, column: Categorical, raw: Column) -> NDArray[np.intp]:
        codes = text_codes(raw, column.name, column.codes)
        if not codes.size or codes.min() >= 0:
            return codes
        null = codes == -1
        if null.any():
            self._check_null(column.name, null)
            codes[null] = column.codes[column.fill]
        unknown = np.flatnonzero(codes == -2)
        if self.unseen == "error" and unknown.size:
            raise InputError(
                f"column {column.name!r}: category not seen in training in {name_rows(unknown)}",
                column=column.name,
                row=int(unknown[0]),
            )
        return codes

    def _check_null(self, name: str, null: NDArray[np.bool_]) -> None:
        if not self.impute:
            rows = np.flatnonzero(null)
            raise InputError(
                f"column {name!r}: null in {name_rows(rows)}; fill it, or train with missing=keep",
                column=name,
                row=int(rows[0]),
            )

    def to_dict(self) -> dict[str, Any]:
        """Turn into what JSON can hold."""
        columns = [
            {"kind": type(column).__name__.lower()} | asdict(column) for column in self.columns
        ]
        return {"columns": columns, "impute": self.impute, "unseen": self.unseen}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Encoder:
        """Build from what `to_dict` gave."""
        columns: list[Numeric | Categorical] = []
        for column in saved["columns"]:
            fields = {key: value for key, value in column.items() if key != "kind"}
            if column["kind"] == "numeric":
                columns.append(Numeric(**fields))
            else:
                fields["categories"] = tuple(fields["categories"])
                columns.append(Categorical(**fields))
        return cls(tuple(columns), saved["impute"], saved["unseen"])
