"""Raw rows to the matrix a model is fitted on and served with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .columns import numbers, take_columns, text_codes
from .errors import InputError, name_rows

__all__ = ["Categorical", "Encoder", "Numeric"]

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
    >>> encoder = Encoder((Numeric("age", 40.0, 10.0, 38.0), Categorical("sex", ("F", "M"), "F")))
    >>> encoder.encode(pd.DataFrame({"sex": ["M", "X"], "age": [50, 40]}))
    array([[1., 0., 1.],
           [0., 0., 0.]])
    """

    columns: tuple[Numeric | Categorical, ...]
    impute: bool = False
    unseen: str = "ignore"

    @property
    def names(self) -> tuple[str, ...]:
        """The raw columns that are read."""
        return tuple(column.name for column in self.columns)

    @property
    def encoded_names(self) -> list[str]:
        """One name for each column of the matrix."""
        return [name for column in self.columns for name in column.encoded_names]

    def encode(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Encode raw rows.

        Parameters
        ----------
        frame : pandas.DataFrame
            The raw rows, columns in any order, others ignored.

        Returns
        -------
        ndarray of float64, shape (n_rows, n_encoded), column-major
            Column-major because every step that follows goes column by column.

        Raises
        ------
        InputError
            If a column is missing, stands twice, has the wrong type, an infinite number, or a null
            or a new category that the model was not trained to take.
        """
        taken = take_columns(frame, self.names)
        matrix = np.zeros((len(frame), len(self.encoded_names)), order="F")
        start = 0
        for column in self.columns:
            if isinstance(column, Numeric):
                matrix[:, start] = self._scaled(column, taken[column.name])
            else:
                codes = self._codes(column, taken[column.name])
                seen = np.flatnonzero(codes >= 0)
                matrix[seen, start + codes[seen]] = 1.0
            start += len(column.encoded_names)
        return matrix

    def _scaled(self, column: Numeric, raw: pd.Series) -> NDArray[np.float64]:
        values = numbers(raw, column.name)
        null = np.isnan(values)
        if null.any():
            self._check_null(column.name, null)
            values = np.where(null, column.fill, values)
        with np.errstate(over="ignore"):
            scaled = (values - column.mean) / column.scale
        return np.clip(scaled, -_FARTHEST, _FARTHEST)

    def _codes(self, column: Categorical, raw: pd.Series) -> NDArray[np.intp]:
        known = {category: code for code, category in enumerate(column.categories)}
        codes = text_codes(raw, column.name, known)
        null = codes == -1
        if null.any():
            self._check_null(column.name, null)
            codes[null] = known[column.fill]
        if self.unseen == "error" and (codes == -2).any():
            rows = name_rows(np.flatnonzero(codes == -2))
            raise InputError(f"column {column.name!r}: category not seen in training in {rows}")
        return codes

    def _check_null(self, name: str, null: NDArray[np.bool_]) -> None:
        if not self.impute:
            rows = name_rows(np.flatnonzero(null))
            raise InputError(
                f"column {name!r}: null in {rows}; fill it, or train with missing=keep"
            )

    def to_dict(self) -> dict[str, Any]:
        """Turn into what JSON can hold."""
        columns = [
            {"kind": type(column).__name__.lower()} | vars(column) for column in self.columns
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
