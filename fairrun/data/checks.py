"""Checks of the rows before they are used: group sizes, constant features, spellings."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data.spec import DatasetSpec
from fairrun.errors import RequestError
from fairrun.groups import (
    GROUP_A,
    GROUP_B,
    Protected,
    distinct_values,
    spelling_notes,
    value_text,
)
from fairrun.text import few_rows

__all__ = ["MIN_GROUP_ROWS", "check_features", "check_groups", "notes_on_spelling"]

#: The smallest number of rows in a group. A smaller group cannot be split in three and measured.
MIN_GROUP_ROWS = 30


def check_groups(groups: NDArray[np.int8], protected: Protected) -> None:
    """Check that group_a and group_b have enough rows.

    Parameters
    ----------
    groups : array of int8 of shape (n_rows,)
        The group of each row: `GROUP_A`, `GROUP_B`, or any other number for neither.
    protected : Protected
        The protected column, for the names in the message.

    Raises
    ------
    RequestError
        If a group has fewer than `MIN_GROUP_ROWS` rows.
    """
    for group, name in zip((GROUP_A, GROUP_B), protected.group_names, strict=True):
        count = int(np.sum(groups == group))
        if count < MIN_GROUP_ROWS:
            raise RequestError(
                f"the group {name!r} of {protected.column!r} has {few_rows(count)}, too few to "
                f"split and measure; {MIN_GROUP_ROWS} are needed: compare other values, or merge "
                "values"
            )


def check_features(frame: pd.DataFrame, spec: DatasetSpec) -> None:
    """Check that no feature is constant.

    Parameters
    ----------
    frame : DataFrame
        The rows. Protected and dropped columns are not checked.
    spec : DatasetSpec
        The spec, which says which columns are features.

    Raises
    ------
    RequestError
        If a feature has the same value in all rows.
    """
    features = [name for name in frame.columns if name not in spec.not_features]
    constant = [str(name) for name in features if frame[name].nunique(dropna=False) == 1]
    if constant:
        raise RequestError(
            f"the features {constant} have the same value in all rows; drop them with "
            f"drop={','.join([*spec.drop, *constant])}"
        )


def notes_on_spelling(frame: pd.DataFrame, protected: Protected) -> tuple[str, ...]:
    """Return a sentence for each set of protected values that differ only in spelling.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows.
    protected : Protected
        The column and its groups, named as in the data. Of values in one group there is nothing to
        say.
    """
    found = frame[protected.column].dropna().map(value_text).value_counts()
    return spelling_notes(
        protected.column,
        distinct_values(frame, protected.column),
        [{item.text for item in side} for side in protected.items],
        {str(value): int(count) for value, count in found.items()},
    )
