"""Fit the encoder: means, scales and categories of the training rows."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from fairrun.errors import RequestError
from fairrun.inference import (
    Categorical,
    Encoder,
    InputError,
    Numeric,
    is_other_spelling,
    numbers,
)
from fairrun.training.feature_types import typed_features
from fairrun.training.shared_values import median

__all__ = ["check_size", "example_row", "fit_encoder"]

#: The most bytes of the encoded matrix of the training rows. A fit needs a few times as much.
_MOST_BYTES = 4 * 2**30


def fit_encoder(
    features: pd.DataFrame,
    *,
    impute: bool = False,
    unseen: Literal["ignore", "error"] = "ignore",
    min_frequency: int = 5,
) -> Encoder:
    """Fit the encoder on training rows.

    A column of numbers is centred, and divided by its population standard deviation unless that is
    0. Every other column must hold text; see `typed_features`. It gets one encoded column for each
    category with at least `min_frequency` rows, and one for all other values together if there are
    rarer categories. So the encoder contains no value of a few persons.

    Parameters
    ----------
    features : pandas.DataFrame
        The feature columns of the training rows.
    impute : bool
        If True, a null is replaced by the most frequent category of the column, or by its median;
        see `median` of `shared_values`. If False, the encoder refuses it.
    unseen : {"ignore", "error"}
        What happens to a category that is not in `features`, in a column without rare categories.
        With "ignore", it is encoded as zeros; with "error", the encoder refuses it. A column with
        rare categories encodes it like them.
    min_frequency : int
        The fewest rows of a named category. With 1, every category is named.

    Returns
    -------
    Encoder

    Raises
    ------
    RequestError
        If features cannot be used. The message names them.

    Examples
    --------
    >>> rows = pd.DataFrame({"age": [20.0, 40, 30], "job": ["b", "a", "b"]})
    >>> fit_encoder(rows, min_frequency=1).encoded_names
    ['age', 'job=a', 'job=b']
    >>> fit_encoder(rows, min_frequency=2).encoded_names
    ['age', 'job=b', 'job=(other)']
    """
    typed = typed_features(features, min_frequency=min_frequency)
    columns: list[Numeric | Categorical] = []
    for label, column in typed.items():
        name = str(label)
        if column.dtype == object:
            columns.append(_fit_categorical(column, name, min_frequency))
            continue
        try:
            columns.append(_fit_numeric(column, name))
        except InputError as error:
            raise RequestError(f"the feature {name!r} cannot be used: {error}") from error
    return Encoder(tuple(columns), impute=impute, unseen=unseen)


def _fit_numeric(column: pd.Series, name: str) -> Numeric:
    values = numbers(column, name)
    present = values[~np.isnan(values)]
    mean, scale, fill = present.mean(), present.std(), median(present)
    # Imputed values count in mean and scale, because the encoded matrix contains them.
    if len(present) < len(values):
        filled = np.where(np.isnan(values), fill, values)
        mean, scale = filled.mean(), filled.std()
    return Numeric(name, float(mean), float(scale) if scale > 0 else 1.0, float(fill))


def _fit_categorical(column: pd.Series, name: str, min_frequency: int) -> Categorical:
    counts = {str(value): int(n) for value, n in column.value_counts().items()}
    named = tuple(sorted(value for value, n in counts.items() if n >= min_frequency))
    pooled = len(named) < len(counts)
    spelled = any(map(is_other_spelling, set(counts) - set(named)))
    if not named:
        return Categorical(name, (), Categorical(name, (), "").pooled_label, pooled, spelled)
    # `value_counts` orders ties by first occurrence; here the alphabetically first one is chosen.
    return Categorical(name, named, max(named, key=counts.__getitem__), pooled, spelled)


def check_size(encoder: Encoder, n_rows: int) -> None:
    """Check that the encoded matrix of the training rows is not too large, before it is made.

    Parameters
    ----------
    encoder : Encoder
        The fitted encoder.
    n_rows : int
        The number of training rows.

    Raises
    ------
    RequestError
        If the matrix would have more than 4 GiB.
    """
    n_encoded = sum(len(column.encoded_names) for column in encoder.columns)
    n_bytes = 8 * n_rows * n_encoded
    if n_bytes <= _MOST_BYTES:
        return
    texts = [column for column in encoder.columns if isinstance(column, Categorical)]
    widest = sorted(texts, key=lambda column: column.n_codes, reverse=True)[:3]
    named = ", ".join(f"{c.name!r} ({len(c.categories)} categories)" for c in widest)
    raise RequestError(
        f"{n_rows} rows with {n_encoded} encoded columns need {n_bytes / 2**30:.1f} GiB, more than "
        f"{_MOST_BYTES / 2**30:g} GiB; raise min_frequency"
        + (
            f", or leave out {named} with drop={widest[0].name}"
            if widest
            else ", or give fewer rows"
        )
    )


def example_row(encoder: Encoder) -> pd.DataFrame:
    """Return one invented row as an example of the input: column medians and modes.

    A text column without a named category has the label of its pooled category.

    Returns
    -------
    pandas.DataFrame
        One row with a column for each feature.

    Examples
    --------
    >>> rows = pd.DataFrame({"age": [20.0, 40, 45], "job": ["b", "a", "b"]})
    >>> example_row(fit_encoder(rows, min_frequency=1))  # a mean, because no 8 rows are 40
        age job
    0  35.0   b
    """
    return pd.DataFrame({column.name: [column.fill] for column in encoder.columns})
