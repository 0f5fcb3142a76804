"""Fits the encoder: means, scales and categories of the training rows."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from fairrun.errors import RequestError
from fairrun.inference import Categorical, Encoder, InputError, Numeric, numbers, text_codes

__all__ = ["example_row", "fit_encoder"]


def fit_encoder(
    features: pd.DataFrame, *, impute: bool = False, unseen: Literal["ignore", "error"] = "ignore"
) -> Encoder:
    """Fit the encoder on training rows.

    Columns of numbers are centred and scaled by the population standard deviation (1 where it is
    zero); columns of anything else must hold text.

    Parameters
    ----------
    features : pandas.DataFrame
        The feature columns.
    impute : bool
        Whether a null is read as the median or the most frequent category, or is an error.
    unseen : {"ignore", "error"}
        What becomes of a category that `features` does not have.

    Returns
    -------
    Encoder
        The encoder.

    Raises
    ------
    RequestError
        If a column cannot be encoded.

    Examples
    --------
    >>> encoder = fit_encoder(pd.DataFrame({"age": [20.0, 40.0], "job": ["b", "a"]}))
    >>> encoder.encoded_names
    ['age', 'job=a', 'job=b']
    """
    columns = tuple(_fit_column(features[name], str(name)) for name in features.columns)
    return Encoder(columns, impute=impute, unseen=unseen)


def _fit_column(column: pd.Series, name: str) -> Numeric | Categorical:
    if column.isna().all():
        raise RequestError(f"the feature {name!r} has no value at all; drop it with drop={name}")
    try:
        if pd.api.types.is_numeric_dtype(column.dtype):
            return _fit_numeric(column, name)
        return _fit_categorical(column, name)
    except InputError as error:
        raise RequestError(f"the feature {name!r} cannot be used: {error}") from error


def _fit_numeric(column: pd.Series, name: str) -> Numeric:
    values = numbers(column, name)
    present = values[~np.isnan(values)]
    mean, scale, fill = present.mean(), present.std(), np.median(present)
    # Imputed rows count as they are encoded, so that the matrix is centred and scaled as a whole.
    if len(present) < len(values):
        filled = np.where(np.isnan(values), fill, values)
        mean, scale = filled.mean(), filled.std()
    return Numeric(name, float(mean), float(scale) if scale > 0 else 1.0, float(fill))


def _fit_categorical(column: pd.Series, name: str) -> Categorical:
    text_codes(column, name, {})  # refuses what is not text
    counts = column.dropna().astype(str).value_counts()
    categories = tuple(sorted(counts.index))
    # The first in order among equals: value_counts leaves ties as they came.
    fill = max(categories, key=lambda category: int(counts[category]))
    return Categorical(name, categories, fill)


def example_row(encoder: Encoder) -> pd.DataFrame:
    """Build the one row that shows the input: column medians and modes, nobody's row.

    Examples
    --------
    >>> example_row(fit_encoder(pd.DataFrame({"age": [20.0, 40, 41], "job": ["b", "a", "b"]})))
        age job
    0  40.0   b
    """
    return pd.DataFrame({column.name: [column.fill] for column in encoder.columns})
