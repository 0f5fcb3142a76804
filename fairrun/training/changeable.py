"""Compute the range of each column that counterfactual hints may change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fairrun.errors import RequestError
from fairrun.inference import Background, Changeable, Encoder, Numeric, numbers
from fairrun.text import did_you_mean

__all__ = ["fit_changeable"]


def fit_changeable(
    frame: pd.DataFrame, encoder: Encoder, background: Background, names: Sequence[str]
) -> tuple[Changeable, ...]:
    """Return the range of each column that counterfactual hints may change.

    The range of a numeric column is from its lowest to its highest slice. Slices are means of
    several rows, so the range does not reveal the lowest or highest value of the training rows.

    Parameters
    ----------
    frame : pandas.DataFrame
        The raw training rows.
    encoder : Encoder
        The encoder, fitted on these rows.
    background : Background
        The summary of these rows, with the slices.
    names : sequence of str
        The columns that may be changed.

    Returns
    -------
    tuple of Changeable
        One for each of the columns, in the order of the encoder. Text columns have no range.

    Raises
    ------
    RequestError
        If a name is not a feature.
    """
    strange = [name for name in names if name not in encoder.names]
    if strange:
        raise RequestError(
            f"changeable names {strange[0]!r}, which is not a feature; "
            + did_you_mean(
                strange[0], encoder.names, f"the features are {', '.join(encoder.names)}"
            )
        )
    slices = iter(background.slices)
    found = []
    for column in encoder.columns:
        ends = next(slices)[[0, -1]] if isinstance(column, Numeric) else None
        if column.name not in names:
            continue
        if ends is None or not isinstance(column, Numeric):
            found.append(Changeable(column.name))
            continue
        # Rounded to nine digits because encoding and decoding 0 does not give exactly 0.
        digits = 9 - int(np.floor(np.log10(column.scale)))
        low, high = (round(float(end), digits) for end in column.mean + column.scale * ends)
        values = numbers(frame[column.name], column.name)
        whole = bool(np.all(np.mod(values[~np.isnan(values)], 1) == 0))
        if whole:
            high = float(np.floor(high))
            low = min(float(np.ceil(low)), high)
        found.append(Changeable(column.name, low, high, whole))
    return tuple(found)
