"""Which columns are features and which rows are used, in numbers and in a sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data.spec import DatasetSpec
from fairrun.errors import RequestError
from fairrun.text import did_you_mean, listed_names, quoted

__all__ = [
    "check_columns",
    "check_distinct",
    "check_names",
    "drop_uninformative",
    "rows_to_keep",
]

#: A sentence names at most this number of columns with nulls.
_NAMED = 5


def check_names(columns: Sequence[str], spec: DatasetSpec) -> None:
    """Check that all columns that a spec names are in the data.

    Parameters
    ----------
    columns : sequence of str
        The columns of the data.
    spec : DatasetSpec
        The spec.

    Raises
    ------
    RequestError
        If a name is not a column. The message has the nearest names.
    """
    named: dict[str, Iterable[str]] = {
        "target": [spec.target],
        "protected": [each.column for each in spec.protected],
        "drop": spec.drop,
        "changeable": spec.changeable,
        "types": [name for name, _ in spec.types],
        "weight": [] if spec.weight is None else [spec.weight],
        "cluster": [] if spec.cluster is None else [spec.cluster],
    }
    check_columns(columns, named)


def check_columns(columns: Sequence[str], named: Mapping[str, Iterable[str]]) -> None:
    """Check that all named columns are in the data.

    Parameters
    ----------
    columns : sequence of str
        The columns of the data.
    named : mapping of str to iterable of str
        The columns that each parameter names.

    Raises
    ------
    RequestError
        If a name is not a column. The message has the nearest names.

    Examples
    --------
    >>> check_columns(["age", "sex"], {"target": ["ages"]})
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: target=ages is not a column of the data; did you mean age?
    the columns are age, sex
    """
    known = set(columns)
    unknown = {field: [n for n in names if n not in known] for field, names in named.items()}
    faults = [
        f"{field}={name} is not a column of the data"
        + (f"; {nearest}" if (nearest := did_you_mean(name, columns)) else "")
        for field, names in unknown.items()
        for name in names
    ]
    if faults:
        raise RequestError(f"{'; '.join(faults)}\nthe columns are {listed_names(columns)}")


def check_distinct(columns: Sequence[str]) -> None:
    """Raise RequestError if a column stands twice."""
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise RequestError(f"duplicate columns {listed_names(twice)}; rename or remove them")


def drop_uninformative(frame: pd.DataFrame, spec: DatasetSpec) -> tuple[DatasetSpec, list[str]]:
    """Add the features without a value, or with only one, to the dropped columns.

    Parameters
    ----------
    frame : pandas.DataFrame
        The typed rows.
    spec : DatasetSpec
        The spec.

    Returns
    -------
    spec : DatasetSpec
        The spec whose `drop` names these columns, too.
    notes : list of str
        A sentence for each kind of column.

    Raises
    ------
    RequestError
        If no feature is left.
    """
    features = [str(name) for name in frame.columns if name not in spec.not_features]
    # A null tells nothing if the rows with nulls are dropped.
    n_values = {name: frame[name].nunique(dropna=True) for name in features}
    has_null = {name: spec.missing == "keep" and frame[name].isna().any() for name in features}
    empty = [name for name in features if n_values[name] == 0]
    constant = [name for name in features if n_values[name] == 1 and not has_null[name]]
    notes = []
    if empty:
        notes.append(f"not used because no row has a value: {listed_names(empty)}")
    if constant:
        notes.append(f"not used because all values are equal: {listed_names(constant)}")
    dropped = [*empty, *constant]
    if len(dropped) == len(features):
        raise RequestError(
            "every column is the target, protected, dropped, empty or constant, so there is no "
            "feature; drop fewer columns, or give data with more columns"
        )
    if not dropped:
        return spec, notes
    changeable = tuple(name for name in spec.changeable if name not in dropped)
    return replace(spec, drop=(*spec.drop, *dropped), changeable=changeable), notes


def rows_to_keep(
    frame: pd.DataFrame, features: Sequence[str], spec: DatasetSpec, *, of_model: bool = False
) -> tuple[NDArray[np.bool_], list[str]]:
    """Choose the rows with a target value and, if the spec says so, without a null in a feature.

    Parameters
    ----------
    frame : pandas.DataFrame
        The typed rows.
    features : sequence of str
        The features.
    spec : DatasetSpec
        The spec, with `missing` and `max_dropped`.
    of_model : bool
        Whether the spec is that of a trained model, so that only another training can change it.

    Returns
    -------
    keep : array of bool of shape (n_rows,)
        The rows that are kept.
    notes : list of str
        One sentence of counts; empty if every row is kept.

    Raises
    ------
    RequestError
        If no row is left, or more than the share `max_dropped` would be dropped.
    """
    no_target = frame[spec.target].isna().to_numpy()
    null = frame[list(features)].isna() if spec.missing == "drop" else frame[[]]
    no_feature = null.any(axis=1).to_numpy() & ~no_target
    keep = ~(no_target | no_feature)
    n_rows, n_kept = len(frame), int(keep.sum())
    if n_kept == n_rows:
        return keep, []
    by_column = null.sum().sort_values(ascending=False, kind="stable")
    by_column = by_column[by_column > 0]
    reasons = []
    if no_target.any():
        reasons.append(f"{no_target.sum():,} without a target value")
    if no_feature.any():
        # A number such as 2,835 is no name with a comma, so it takes no quotes.
        counts = [f"{quoted(str(name))} {count:,}" for name, count in by_column.items()]
        shown = ", ".join(counts[:_NAMED])
        more = f" and {len(counts) - _NAMED} more" if len(counts) > _NAMED else ""
        reasons.append(f"{no_feature.sum():,} with a null in a feature ({shown}{more})")
    said = f"dropped {n_rows - n_kept:,} of {n_rows:,} rows: {', '.join(reasons)}"
    share = 1 - n_kept / n_rows
    if share > spec.max_dropped or not n_kept:
        ways = []
        if len(by_column):
            if worst := _enough_to_drop(null, by_column.index, no_target, spec.max_dropped):
                ways.append(f"drop={','.join(map(quoted, [*spec.drop, *worst]))}")
            ways.append("missing=keep")
        if n_kept:
            ways.append(f"max_dropped={np.ceil(share * 100) / 100:g}")
        give = "train the model with" if of_model else "give"
        raise RequestError(
            f"{said}; {n_kept:,} are left, but at most {100 * spec.max_dropped:g}% may be dropped\n"
            f"{give} {', '.join(ways[:-1])}{' or ' if len(ways) > 1 else ''}{ways[-1]}"
            if ways
            else f"{said}; no row is left, so give rows with values in {spec.target!r}"
        )
    return keep, [said]


def _enough_to_drop(
    null: pd.DataFrame, by_nulls: Iterable[Any], no_target: NDArray[np.bool_], max_dropped: float
) -> list[str]:
    """Return the columns with the most nulls without which enough rows are kept; at most five.

    Empty if more columns, or all features, would have to go.
    """
    worst: list[str] = []
    for name in islice(by_nulls, min(5, null.shape[1] - 1)):
        worst.append(str(name))
        lost = null.drop(columns=worst).any(axis=1).to_numpy() | no_target
        if lost.mean() <= max_dropped and not lost.all():
            return worst
    return []
