"""The encoder from raw rows to the matrix on which a model is fitted and which it scores.

The matrix is dense. Most rows of a text column are 0 in most of its encoded columns, but a sparse
matrix would not pay: boosted trees, the solver of the logistic regression and nearly all mitigators
take dense arrays, so they would make it dense again. Rare categories share one encoded column
instead. A column of n training rows then has at most n / `min_frequency` + 1 encoded columns.
"""

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

# Numbers are clipped to this number of standard deviations. The products and sums of the scorer are
# then finite, so that every finite input has an answer.
_FARTHEST = 1e100


@dataclass(frozen=True)
class Numeric:
    """A numeric column with one encoded column, (x − mean) / scale.

    Attributes
    ----------
    name : str
        The name of the raw column.
    mean, scale : float
        The mean and standard deviation of the training rows, in the unit of the column.
    fill : float
        The median of the training rows, which replaces nulls if they are imputed. If few rows share
        it, it is the mean of some rows around it.
    """

    name: str
    mean: float
    scale: float
    fill: float

    @property
    def encoded_names(self) -> list[str]:
        """The name of the raw column, as the only name."""
        return [self.name]

    def scaled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return encoded numbers, for an array of any shape."""
        with np.errstate(over="ignore"):
            scaled = (values - self.mean) / self.scale
        return np.maximum(np.minimum(scaled, _FARTHEST), -_FARTHEST)


@dataclass(frozen=True)
class Categorical:
    """A text column with an encoded column of 0 and 1 for each named category.

    The named categories are those with enough training rows. If any other category occurs in the
    training rows, the column has one more encoded column, the pooled one, for every value that is
    not named.

    Attributes
    ----------
    name : str
        The name of the raw column.
    categories : tuple of str
        The named categories, sorted.
    fill : str
        The most frequent named category, which replaces nulls if they are imputed. If no category
        is named, it is `pooled_label`.
    pooled : bool
        Whether the column has a pooled encoded column.
    other_spellings : bool
        Whether a pooled category is a number in another spelling than Python's, such as ``01``.
        The number 1 may then stand for it, so numbers are refused.

    Examples
    --------
    >>> Categorical("job", ("clerk", "sales"), "clerk", pooled=True).encoded_names
    ['job=clerk', 'job=sales', 'job=(other)']
    """

    name: str
    categories: tuple[str, ...]
    fill: str
    pooled: bool = False
    other_spellings: bool = False

    @property
    def n_codes(self) -> int:
        """The number of encoded columns."""
        return len(self.categories) + self.pooled

    @property
    def pooled_label(self) -> str:
        """The name of the pooled encoded column, which is never the name of a category.

        Given as a value, it is not a named category, so it takes the pooled code like any other
        such value.

        Examples
        --------
        >>> Categorical("job", ("(other)", "clerk"), "clerk", pooled=True).labels
        ('(other)', 'clerk', '((other))')
        """
        label = "(other)"
        while label in self.codes:
            label = f"({label})"
        return label

    @property
    def labels(self) -> tuple[str, ...]:
        """A value for each encoded column: the named categories, then the pooled label."""
        return (*self.categories, self.pooled_label) if self.pooled else self.categories

    @property
    def encoded_names(self) -> list[str]:
        """The name ``column=category`` for each named category, then that of the pooled column."""
        return [f"{self.name}={label}" for label in self.labels]

    @cached_property
    def codes(self) -> dict[str, int]:
        """The position of each named category."""
        return {category: code for code, category in enumerate(self.categories)}

    @cached_property
    def fill_code(self) -> int:
        """The position of the encoded column of `fill`."""
        return self.codes.get(self.fill, len(self.categories))


@dataclass(frozen=True)
class ReadRows:
    """Rows that an encoder has read and checked.

    Attributes
    ----------
    columns : tuple of arrays of shape (n_rows,)
        For each raw column the scaled numbers, or the positions of the encoded columns among those
        of the raw column; negative for values that are encoded as zeros.
    n_rows : int
        The number of rows.
    unseen : dict of str to int
        By column, the number of values that are not a named category. Columns with none are left
        out.
    """

    columns: tuple[NDArray[Any], ...]
    n_rows: int
    unseen: dict[str, int]

    def __len__(self) -> int:
        return self.n_rows

    def __getitem__(self, rows: slice) -> ReadRows:
        """Return a part of the rows; `unseen` still counts all rows."""
        columns = tuple(column[rows] for column in self.columns)
        return ReadRows(columns, len(range(*rows.indices(self.n_rows))), self.unseen)


@dataclass(frozen=True)
class Encoder:
    """The encodings of the feature columns, with the treatment of nulls and new categories.

    Attributes
    ----------
    columns : tuple of Numeric or Categorical
        The features, in the order of the signature.
    impute : bool
        Whether a null in a feature is replaced by the column's `fill`, or is an error.
    unseen : {"ignore", "error"}
        What happens to a new category in a column without a pooled category. With "ignore", it is
        encoded as zeros. With "error", it is an error.

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
        """The names of the raw columns."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def numeric_names(self) -> tuple[str, ...]:
        """The names of the raw columns that hold numbers."""
        return tuple(column.name for column in self.columns if isinstance(column, Numeric))

    @cached_property
    def encoded_names(self) -> list[str]:
        """The names of the columns of the encoded matrix."""
        return [name for column in self.columns for name in column.encoded_names]

    def encode(self, table: Table) -> NDArray[np.float64]:
        """Return the encoded matrix of raw rows; this is `read` followed by `matrix`.

        Parameters
        ----------
        table : pandas.DataFrame or Columns
            The raw rows. The order of columns does not matter, and other columns are ignored.

        Returns
        -------
        array of float64 of shape (n_rows, n_encoded)
            It is column-major, because all later steps go column by column.

        Raises
        ------
        InputError
            As `read` does.
        """
        return self.matrix(self.read(table))

    def encode_one(self, row: Columns) -> NDArray[np.float64] | None:
        """Return the encoded matrix of a single ordinary row, faster than `encode`.

        Parameters
        ----------
        row : Columns
            One row with the columns of the encoder.

        Returns
        -------
        array of float64 of shape (1, n_encoded), or None
            The same bits as from `encode`. None means that `encode` must be used, because a value
            is null, not a named category, clipped or refused, or not of a plain Python type.
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
                except OverflowError:  # an int that is too large for float64
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
                start += column.n_codes
        return np.array([cells])

    def read(self, table: Table) -> ReadRows:
        """Read and check raw rows.

        Parameters
        ----------
        table : pandas.DataFrame or Columns
            The raw rows. The order of columns does not matter, and other columns are ignored.

        Returns
        -------
        ReadRows

        Raises
        ------
        InputError
            If a column is missing, occurs twice, has the wrong type or an infinite number, or has a
            null or a new category that the encoder does not allow.
        """
        taken = take_columns(table, self.names).values
        unseen: dict[str, int] = {}
        columns: list[NDArray[Any]] = []
        for column in self.columns:
            if isinstance(column, Numeric):
                columns.append(column.scaled(self.numbers_of(column, taken[column.name])))
                continue
            codes, n_unseen = self._codes(column, taken[column.name])
            columns.append(codes)
            if n_unseen:
                unseen[column.name] = n_unseen
        return ReadRows(tuple(columns), len(table), unseen)

    def matrix(self, read: ReadRows) -> NDArray[np.float64]:
        """Return the encoded matrix of rows that `read` returned; see `encode`."""
        matrix = np.zeros((len(read), len(self.encoded_names)), order="F")
        places, start = np.arange(len(read)), 0
        for column, values in zip(self.columns, read.columns, strict=True):
            if isinstance(column, Numeric):
                matrix[:, start] = values
                start += 1
            else:
                if column.name in read.unseen and not column.pooled:
                    seen = np.flatnonzero(values >= 0)
                    matrix[seen, start + values[seen]] = 1.0
                else:
                    matrix[places, start + values] = 1.0
                start += column.n_codes
        return matrix

    def numbers_of(self, column: Numeric, raw: Column) -> NDArray[np.float64]:
        """Read the numbers of a column with nulls imputed; raises as `read` does."""
        values = numbers(raw, column.name)
        null = np.isnan(values)
        if null.any():
            self._check_null(column.name, null)
            values = np.where(null, column.fill, values)
        return values

    def _codes(self, column: Categorical, raw: Column) -> tuple[NDArray[np.intp], int]:
        """Return the position of each value's encoded column, and the number of unnamed values."""
        codes = text_codes(raw, column.name, column.codes, other_spellings=column.other_spellings)
        if not codes.size or codes.min() >= 0:
            return codes, 0
        null = codes == -1
        if null.any():
            self._check_null(column.name, null)
            codes[null] = column.fill_code
        unknown = np.flatnonzero(codes == -2)
        if column.pooled:
            codes[unknown] = len(column.categories)
        elif self.unseen == "error" and unknown.size:
            raise InputError(
                f"column {column.name!r}: category not seen in training in {name_rows(unknown)}",
                column=column.name,
                row=int(unknown[0]),
            )
        return codes, int(unknown.size)

    def _check_null(self, name: str, null: NDArray[np.bool_]) -> None:
        if not self.impute:
            rows = np.flatnonzero(null)
            raise InputError(
                f"column {name!r}: null in {name_rows(rows)}; fill it, or train with missing=keep",
                column=name,
                row=int(rows[0]),
            )

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can represent."""
        columns = [
            {"kind": type(column).__name__.lower()}
            | {k: v for k, v in asdict(column).items() if v or k != "other_spellings"}
            for column in self.columns
        ]
        return {"columns": columns, "impute": self.impute, "unseen": self.unseen}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Encoder:
        """Return the object with the fields that `to_dict` returned.

        Before format 4 no column has a pooled category, and the fields do not mention it.
        """
        columns: list[Numeric | Categorical] = []
        for column in saved["columns"]:
            fields = {key: value for key, value in column.items() if key != "kind"}
            if column["kind"] == "numeric":
                columns.append(Numeric(**fields))
            else:
                fields["categories"] = tuple(fields["categories"])
                columns.append(Categorical(**fields))
        return cls(tuple(columns), saved["impute"], saved["unseen"])
