"""Summarises the columns that counterfactual hints may change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fairrun.errors import RequestError
from fairrun.inference import Background, Changeable, Encoder, Numeric, numbers

__all__ = ["fit_changeable"]


def fit_changeable(
    frame: pd.DataFrame, encoder: Encoder, background: Background, names: Sequence[str]
) -> tuple[Changeable, ...]:
    """Take the ranges of the columns that may be changed.

    Parameters
    ----------
    frame : pandas.DataFrame
        The training rows.
    encoder : Encoder
        Fitted on them.
    background : Background
        Fitted on them. Its lowest and highest slices are the range: means of many rows, where the
        lowest and highest values would be somebody's.
    names : sequence of str
        The columns.

    Returns
    -------
    tuple of Changeable
        In the order of the signature.

    Raises
    ------
    RequestError
        If a column is not a feature.
    """
    strange = [name for name in names if name not in encoder.names]
    if strange:
        raise RequestError(
            f"changeable names {strange[0]!r}, which is no feature; "
            f"the features are {', '.join(encoder.names)}"
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
        # To nine digits: encoded and back, 0 is not quite 0.
        digits = 9 - int(np.floor(np.log10(column.scale)))
        low, high = (round(float(end), digits) for end in column.mean + column.scale * ends)
        values = numbers(frame[column.name], column.name)
        whole = bool(np.all(np.mod(values[~np.isnan(values)], 1) == 0))
        if whole:
            high = float(np.floor(high))
            low = min(float(np.ceil(low)), high)
        found.append(Changeable(column.name, low, high, whole))
    return tuple(found)
