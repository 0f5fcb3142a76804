"""The first version of the rules by which columns are typed, for specs that were logged with it.

Nothing here may change: the splits of a model that was trained before `DatasetSpec.reading` existed
are computed again by this code, and their digests are checked.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data.spec import DatasetSpec
from fairrun.errors import RequestError
from fairrun.groups import value_text

__all__ = ["read_rows_1", "texts_1"]


def read_rows_1(
    raw: pd.DataFrame, spec: DatasetSpec
) -> tuple[pd.DataFrame, NDArray[np.object_], int]:
    """Convert the columns as pandas read them, and drop rows with nulls if the spec says so.

    Parameters
    ----------
    raw : pandas.DataFrame
        The rows as pandas read them.
    spec : DatasetSpec
        The spec, which gives the role and the type of each column.

    Returns
    -------
    frame : pandas.DataFrame
        The features and the protected columns.
    target : ndarray of object
        The target as text.
    n_dropped : int
        The number of rows that were dropped.

    Raises
    ------
    RequestError
        If a column is missing or has no value, no row is left, or a value is not a number in a
        column of numbers.
    """
    needed = (spec.target, *(p.column for p in spec.protected), *spec.changeable)
    missing = [name for name in needed if name not in raw.columns]
    if missing:
        raise RequestError(
            f"the data has no columns {missing}; it has {', '.join(map(str, raw.columns))}"
        )
    features = [name for name in raw.columns if name not in spec.not_features]
    if not features:
        raise RequestError(
            "every column is the target, protected or dropped, so there is no feature; "
            "drop fewer columns, or give data with more columns"
        )
    empty = [str(name) for name in features if raw[name].isna().all()]
    if empty:
        raise RequestError(
            f"no row has a value in {empty}; drop these columns with drop={','.join(empty)}"
        )
    keep = raw[spec.target].notna()
    if spec.missing == "drop":
        keep &= raw[features].notna().all(axis=1)
    if not keep.any():
        raise RequestError("every row has a missing value; give missing=keep, or drop columns")
    kept = raw[keep].reset_index(drop=True)
    types = dict(spec.types)
    columns = {name: _typed(kept[name], types.get(name)) for name in features}
    columns |= {p.column: _typed(kept[p.column], types.get(p.column)) for p in spec.protected}
    return pd.DataFrame(columns), texts_1(kept[spec.target]), int((~keep).sum())


def _typed(column: pd.Series, kind: str | None) -> pd.Series:
    if kind == "number" or (pd.api.types.is_numeric_dtype(column.dtype) and kind is None):
        try:
            return pd.to_numeric(column).astype(np.float64)
        except (ValueError, TypeError) as error:
            raise RequestError(
                f"column {column.name!r} has the type number, but holds a value that is not a "
                "number; correct the data, or give the type category"
            ) from error
    # The dtype object makes a table look the same, whichever string dtype its reader chose.
    return pd.Series(texts_1(column), dtype=object, name=column.name)


def texts_1(column: pd.Series) -> NDArray[np.object_]:
    """Return each value as text in the form that parameters use; None for a null."""
    if column.dtype == object:
        # `factorize` would merge True and 1, which are equal but have different texts.
        null = column.isna()
        texts = [None if n else value_text(v) for v, n in zip(column, null, strict=True)]
        return np.array(texts, dtype=object)
    codes, values = pd.factorize(column)
    # A null has the code −1, which takes the last text.
    return np.array([*map(value_text, values.tolist()), None], dtype=object)[codes]
