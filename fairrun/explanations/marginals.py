"""The marginal distributions of the training rows that a saved model stores, in original units."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairrun.inference import Background, InferenceModel, InputError, Numeric
from fairrun.training import example_row

__all__ = ["background_of", "category_shares", "is_number", "median_row", "training_values"]


def background_of(model: InferenceModel) -> Background:
    """Return the marginals that a model stores.

    Raises
    ------
    InputError
        If the model was saved by a version without explanations.
    """
    if model.background is None:
        raise InputError(
            "the model was saved by a version without explanations; train it again to get them"
        )
    return model.background


def is_number(model: InferenceModel, name: str) -> bool:
    """Return whether a feature is a column of numbers."""
    return isinstance(model.encoder.columns[model.encoder.names.index(name)], Numeric)


def training_values(model: InferenceModel) -> dict[str, list[float] | list[str]]:
    """Return values over each feature's training range. No value reveals a single row.

    Returns
    -------
    dict of str to list
        For a numeric column, the distinct means of its slices, ascending, rounded to less than a
        hundredth of a standard deviation. For a text column, its categories, the most frequent
        first.
    """
    background = background_of(model)
    shares, slices = category_shares(model), iter(background.slices)
    values: dict[str, list[float] | list[str]] = {}
    for column in model.encoder.columns:
        if isinstance(column, Numeric):
            decimals = 2 - int(np.floor(np.log10(column.scale)))
            raw = np.round(column.mean + column.scale * next(slices), decimals) + 0.0
            values[column.name] = np.unique(raw).tolist()
        else:
            own = shares[column.name]
            values[column.name] = sorted(own, key=own.__getitem__, reverse=True)
    return values


def category_shares(model: InferenceModel) -> dict[str, dict[str, float]]:
    """Return the share of each category in the training rows, for each text column.

    The rare categories of a column have one share together, under the label of the pooled column.
    """
    means, start = background_of(model).means, 0
    shares = {}
    for column in model.encoder.columns:
        end = start + len(column.encoded_names)
        if not isinstance(column, Numeric):
            shares[column.name] = dict(zip(column.labels, means[start:end].tolist(), strict=True))
        start = end
    return shares


def median_row(model: InferenceModel) -> pd.DataFrame:
    """Return an invented row with medians, most frequent categories and the larger group.

    If the group has several values, the row has the first of them.
    """
    row = example_row(model.encoder)
    if model.groups is not None:
        larger = int(np.argmax(background_of(model).shares))
        first = larger * len(model.groups.group_a)
        row[model.groups.column] = [model.groups.examples[first]]
    if model.draws is not None and model.draws.row_key is not None:
        row[model.draws.row_key] = ["1"] if model.draws.row_key_is_text else [1.0]
    return row
