"""Read the rows and labels that are given to `FairClassifier`, whatever their type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fairrun.errors import RequestError
from fairrun.text import did_you_mean

__all__ = ["RawRows", "check_known", "feature_names", "has_names", "read_labels", "read_rows"]


class _ToPandas(Protocol):
    """A table of another library that offers a conversion to pandas."""

    def to_pandas(self) -> pd.DataFrame: ...


#: Rows as `FairClassifier` takes them; see `read_rows`.
RawRows = pd.DataFrame | NDArray[Any] | Sequence[Any] | _ToPandas


def has_names(X: Any) -> bool:
    """Return whether rows have column names that are all text.

    Examples
    --------
    >>> has_names(pd.DataFrame({"age": [40]})), has_names(np.zeros((1, 2)))
    (True, False)
    """
    if isinstance(X, Sequence) and len(X) and isinstance(X[0], dict):
        return True
    names = X.columns if isinstance(X, pd.DataFrame) else getattr(X, "column_names", None)
    if names is None and hasattr(X, "to_pandas"):
        names = X.columns
    return names is not None and all(isinstance(name, str) for name in names)


def read_rows(X: RawRows) -> pd.DataFrame:
    """Return rows as a DataFrame whose column names are text.

    The rows may be a DataFrame, a table with a method `to_pandas` (polars, Arrow), an array or list
    with two dimensions, or a list of dictionaries. The columns of arrays and lists get the names
    "0", "1" and so on.

    Parameters
    ----------
    X : pandas.DataFrame, table, array or list
        The rows.

    Returns
    -------
    pandas.DataFrame
        The rows; `X` itself if nothing has to be changed.

    Raises
    ------
    RequestError
        If `X` has another type or number of dimensions, or a name stands twice.

    Examples
    --------
    >>> read_rows([[40, "clerk"], [50, "sales"]])
        0      1
    0  40  clerk
    1  50  sales
    """
    frame = X if isinstance(X, pd.DataFrame) else _as_frame(X)
    if isinstance(frame.columns, pd.MultiIndex):
        raise RequestError("the columns of X have several levels; give each column one name")
    if not all(isinstance(name, str) for name in frame.columns):
        frame = frame.set_axis([str(name) for name in frame.columns], axis="columns")
    twice = frame.columns[frame.columns.duplicated()].unique().tolist()
    if twice:
        raise RequestError(
            f"the column {twice[0]!r} stands more than once in X; rename or leave out one of them"
        )
    return frame


def _as_frame(X: Any) -> pd.DataFrame:
    if hasattr(X, "to_pandas") and not isinstance(X, pd.Series):
        return pd.DataFrame(X.to_pandas())
    if hasattr(X, "toarray"):
        raise RequestError(
            "X is sparse, and dense rows are required; give a DataFrame, or X.toarray()"
        )
    if isinstance(X, Sequence) and not isinstance(X, (str, bytes)):
        rows = [*X]
        if rows and all(isinstance(row, dict) for row in rows):
            return pd.DataFrame(rows)
        if rows and all(isinstance(row, (Sequence, np.ndarray)) for row in rows):
            if len({len(row) for row in rows}) > 1 or any(isinstance(row, str) for row in rows):
                raise RequestError(
                    "the lists in X have different lengths or are text; give one list of values, "
                    "or one dict, for each row"
                )
            return pd.DataFrame([[*row] for row in rows])
        X = np.asarray(X)
    elif not isinstance(X, np.ndarray):
        if hasattr(X, "__array__") and not isinstance(X, pd.Series):
            X = np.asarray(X)
        else:
            raise RequestError(
                f"X is of type {type(X).__name__}; give a DataFrame with column names"
            )
    if X.ndim != 2:
        raise RequestError(
            f"X has {X.ndim} dimension{'s' if X.ndim != 1 else ''}, and 2 are needed; give a "
            "DataFrame, or an array with a row for each person. Reshape your data with "
            "X.reshape(-1, 1) if it has one column"
        )
    if np.iscomplexobj(X):
        raise RequestError("X is complex. Complex data not supported; give real numbers")
    frame = pd.DataFrame(X)
    return frame.infer_objects() if X.dtype == object else frame


def read_labels(y: ArrayLike | None, n_rows: int) -> NDArray[np.int64]:
    """Return labels as an array of 0 and 1.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        The labels: 0 and 1 of any type of number, or booleans. The index of a Series is ignored.
    n_rows : int
        The number of rows.

    Returns
    -------
    array of int64 of shape (n_rows,)

    Raises
    ------
    RequestError
        If a label is null, or neither 0 nor 1, or the number of labels is wrong.

    Examples
    --------
    >>> read_labels([True, False, 1.0], 3)
    array([1, 0, 1])
    """
    if y is None:
        raise RequestError(
            "FairClassifier requires y to be passed, but the target y is None; "
            "give a label of 0 or 1 for each row"
        )
    label = y.to_numpy(dtype=object) if isinstance(y, pd.Series) else np.asarray(y)
    if label.shape != (n_rows,):
        raise RequestError(
            f"the labels have shape {label.shape}, but there are {n_rows} rows; "
            "give one label for each row"
        )
    null = pd.isna(label)
    if np.any(null):
        raise RequestError(
            f"{int(np.sum(null))} of {n_rows} labels are null (NaN); leave these rows out, or give "
            "their labels"
        )
    if any(isinstance(value, str) for value in label.tolist()):
        raise RequestError(
            "the labels are text, such as the values of a target; give 1 for the favourable "
            "outcome, else 0, for example (y == favourable).astype(int)"
        )
    if np.iscomplexobj(label) or not all(value in (0, 1) for value in set(label.tolist())):
        raise RequestError("a label is neither 0 nor 1; give 1 for the favourable outcome, else 0")
    return label.astype(np.int64)


def check_known(parameter: str, names: Iterable[str], columns: Sequence[str]) -> None:
    """Check that a parameter names columns of the data.

    Parameters
    ----------
    parameter : str
        The name of the parameter.
    names : iterable of str
        The columns that it names.
    columns : sequence of str
        The columns of the data.

    Raises
    ------
    RequestError
        If a name is not a column. The message has the nearest name.

    Examples
    --------
    >>> check_known("drop", ["agee"], ["age", "job"])
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: drop=agee is not a column of the data; did you mean age?
    """
    for name in names:
        if name not in columns:
            shown = ", ".join(columns[:20]) + (", …" if len(columns) > 20 else "")
            near = did_you_mean(name, columns, f"its columns are {shown}")
            raise RequestError(f"{parameter}={name} is not a column of the data; {near}")


def feature_names(
    frame: pd.DataFrame, protected: str, drop: Sequence[str], row_key: Sequence[str]
) -> list[str]:
    """Return the columns that are features.

    Parameters
    ----------
    frame : pandas.DataFrame
        The training rows.
    protected : str
        The protected column.
    drop : sequence of str
        Other columns that are not features.
    row_key : sequence of str
        The column that identifies rows, if there is one.

    Returns
    -------
    list of str

    Raises
    ------
    RequestError
        If there is no row or no feature, or a parameter names no column.
    """
    columns = frame.columns.tolist()
    for n, what in zip(frame.shape, ("sample(s)", "feature(s)"), strict=True):
        if not n:
            raise RequestError(
                f"X has 0 {what} (shape={frame.shape}) while a minimum of 1 is required; "
                "give rows with at least one feature and the protected column"
            )
    check_known("protected", [protected], columns)
    check_known("drop", drop, columns)
    check_known("row_key", row_key, columns)
    features = [name for name in columns if name not in {protected, *drop, *row_key}]
    if not features:
        raise RequestError(
            f"X has {len(columns)} feature(s) ({', '.join(columns[:20])}), and each is "
            "protected, dropped or the row key; drop fewer columns, or give more"
        )
    return features
