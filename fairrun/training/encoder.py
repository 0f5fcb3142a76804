"""Fit the encoder: means, scales and categories of the training rows."""

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

    A column of numbers is centred, and divided by its population standard deviation unless that is
    0. Every other column must hold text, and gets one encoded column per category.

    Parameters
    ----------
    features : pandas.DataFrame
        The feature columns of the training rows.
    impute : bool
        If True, a null is replaced by the median or the most frequent category of the column; if
        False, the encoder refuses it.
    unseen : {"ignore", "error"}
        With "ignore", a category that is not in `features` is encoded as zeros; with "error", the
        encoder refuses it.

    Returns
    -------
    Encoder

    Raises
    ------
    RequestError
        If a column has no values, or values that are neither numbers nor text.

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
        raise RequestError(
            f"the feature {name!r} has no value in any row; leave it out with drop={name}"
        )
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
    # Imputed values count in mean and scale, because the encoded matrix contains them.
    if len(present) < len(values):
        filled = np.where(np.isnan(values), fill, values)
        mean, scale = filled.mean(), filled.std()
    return Numeric(name, float(mean), float(scale) if scale > 0 else 1.0, float(fill))


def _fit_categorical(column: pd.Series, name: str) -> Categorical:
    text_codes(column, name, {})  # raises InputError if a value is not text
    counts = column.dropna().astype(str).value_counts()
    categories = tuple(sorted(counts.index))
    # `value_counts` orders ties by first occurrence; here the alphabetically first one is chosen.
    fill = max(categories, key=lambda category: int(counts[category]))
    return Categorical(name, categories, fill)


def example_row(encoder: Encoder) -> pd.DataFrame:
    """Return one invented row as an example of the input: column medians and modes.

    Returns
    -------
    pandas.DataFrame
        One row with a column for each feature.

    Examples
    --------
    >>> example_row(fit_encoder(pd.DataFrame({"age": [20.0, 40, 41], "job": ["b", "a", "b"]})))
        age job
    0  40.0   b
    """
    return pd.DataFrame({column.name: [column.fill] for column in encoder.columns})
