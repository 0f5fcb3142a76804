"""Rows in the types of a model's signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from mlflow.types import DataType, Schema

from fairrun.errors import RequestError
from fairrun.text import did_you_mean, listed_names

__all__ = ["column_kinds", "fit_rows"]

_INTEGERS = {DataType.integer: np.int32, DataType.long: np.int64}
_TRUTHS = {"true": True, "false": False}
#: Larger integers have no exact float64.
_EXACT = 2**53


def column_kinds(schema: Schema) -> dict[str, str]:
    """Return the columns that a signature has as numbers or as text, as `DatasetSpec.types` does.

    A file that is read with these types has, for example, codes with leading zeros as text.
    """
    numbers = (DataType.double, DataType.float, *_INTEGERS)
    kinds = {}
    for name, type_ in zip(schema.input_names(), schema.input_types(), strict=True):
        if type_ in numbers:
            kinds[str(name)] = "number"
        elif type_ == DataType.string:
            kinds[str(name)] = "category"
    return kinds


def fit_rows(
    frame: pd.DataFrame, names: Sequence[str], schema: Schema | None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the columns that a model takes, in its order and in the types of its signature.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows with at least the required columns. Other columns are left out.
    names : sequence of str
        The columns that the model takes; if empty, all columns of the rows.
    schema : mlflow.types.Schema, optional
        The inputs of its signature.

    Returns
    -------
    rows : pandas.DataFrame
        The rows. A missing text is NaN, as pandas reads it from a file.
    notes : tuple of str
        What was rounded, one sentence each.

    Raises
    ------
    RequestError
        If a required column is missing, or a value has no equal in the type of the signature.
    """
    optional = () if schema is None else tuple(schema.optional_input_names())
    columns = [str(name) for name in frame.columns]
    missing = [name for name in names if name not in columns and name not in optional]
    if missing:
        nearest = did_you_mean(missing[0], columns, "give rows with them")
        raise RequestError(
            f"the data has no column {listed_names(missing)}, which the model needs; {nearest}"
        )
    types: Mapping[str, Any] = {} if schema is None else schema.input_types_dict()
    notes: list[str] = []
    taken = [name for name in names or columns if name in columns]
    by_name = frame.set_axis(columns, axis=1)
    fitted = {name: _fit(by_name[name], name, types.get(name), notes) for name in taken}
    return pd.DataFrame(fitted, index=frame.index), tuple(notes)


def _fit(column: pd.Series, name: str, type_: Any, notes: list[str]) -> pd.Series:
    """Return a column in a type of MLflow; types without a rule are left to MLflow."""
    is_number = pd.api.types.is_numeric_dtype(column.dtype)
    if not is_number and column.dtype == object:
        column = column.where(column.notna(), np.nan)
    if type_ == DataType.string and is_number:
        raise _not_exact(name, "text", f"give types={name}:category, or text in the data")
    if type_ == DataType.boolean:
        return _as_booleans(column, name)
    if not is_number:
        return column
    if isinstance(type_, DataType) and type_ in _INTEGERS:  # other types have no hash
        return _as_integers(column, name, _INTEGERS[type_])
    if type_ in (DataType.double, DataType.float):
        return _as_floats(column, name, type_, notes)
    return column


def _as_floats(column: pd.Series, name: str, type_: Any, notes: list[str]) -> pd.Series:
    if column.dtype.kind in "iu" and (column.abs() > _EXACT).any():
        raise _not_exact(name, type_.name, "it has integers that have no exact float64")
    numbers = column.astype(np.float64)
    if type_ == DataType.double:
        return numbers
    rounded = numbers.astype(np.float32)
    if not np.array_equal(rounded.astype(np.float64), numbers, equal_nan=True):
        notes.append(f"{name} is rounded to float32, which the model's signature says")
    return rounded


def _as_integers(column: pd.Series, name: str, dtype: Any) -> pd.Series:
    if column.isna().any():
        raise _not_exact(name, "an integer", "it has missing values; leave these rows out")
    limits = np.iinfo(dtype)
    numbers = column.to_numpy()
    if column.dtype.kind == "f" and (numbers != np.round(numbers)).any():
        raise _not_exact(name, "an integer", "it has fractions; give whole numbers")
    if ((numbers < limits.min) | (numbers > limits.max)).any():
        raise _not_exact(name, "an integer", f"it has numbers outside {dtype.__name__}")
    return column.astype(dtype)


def _as_booleans(column: pd.Series, name: str) -> pd.Series:
    if column.dtype == bool:
        return column
    if pd.api.types.is_numeric_dtype(column.dtype):
        truths = column.map({0: False, 1: True})
    else:
        truths = column.map(lambda value: _TRUTHS.get(str(value).lower()))
    if truths.isna().any():
        raise _not_exact(name, "true or false", "give 0 and 1, or true and false, in each row")
    return truths.astype(bool)


def _not_exact(name: str, wanted: str, instead: str) -> RequestError:
    return RequestError(f"the model's signature has {name} as {wanted}; {instead}")
