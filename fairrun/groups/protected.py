"""Protected columns, and the rule that assigns their values to groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.inference import GROUP_A, GROUP_B, NEITHER, GroupLookup

__all__ = [
    "GROUP_A",
    "GROUP_B",
    "NEITHER",
    "NEITHER_NAME",
    "Protected",
    "group_lookup",
    "group_shares",
    "group_table_names",
    "name_groups",
    "value_text",
    "without_empty_neither",
]


#: The name in tables for the rows in neither group.
NEITHER_NAME = "(neither)"


@dataclass(frozen=True)
class Protected:
    """A protected column and its two groups.

    Attributes
    ----------
    column : str
        The name of the column. It is never a feature.
    privileged : str
        The value of group_a, as text also for a column of numbers.
    unprivileged : str or None
        The value of group_b. None means every other value in the training data.
    """

    column: str
    privileged: str
    unprivileged: str | None = None

    @property
    def group_names(self) -> tuple[str, str]:
        """The names of group_a and group_b in tables.

        Examples
        --------
        >>> Protected("race", "White").group_names
        ('White', 'not White')
        >>> Protected("sex", "Male", "Female").group_names
        ('Male', 'Female')
        """
        return self.privileged, self.unprivileged or f"not {self.privileged}"


def group_lookup(frame: pd.DataFrame, protected: Protected) -> GroupLookup:
    """Return the rule from values of a protected column to groups.

    Parameters
    ----------
    frame : pandas.DataFrame
        The training rows.
    protected : Protected
        The column and its groups.

    Returns
    -------
    GroupLookup
        Values that do not occur in `frame` are in neither group.

    Raises
    ------
    RequestError
        If the column is missing, or a group has no row.

    Examples
    --------
    >>> frame = pd.DataFrame({"race": ["White", "Black", "Other", None]})
    >>> lookup = group_lookup(frame, Protected("race", "White"))
    >>> lookup.group_b
    ('Black', 'Other')
    >>> lookup.groups(frame)
    array([ 0,  1,  1, -1], dtype=int8)
    """
    if protected.column not in frame.columns:
        raise RequestError(
            f"the protected column {protected.column!r} is not in the data; "
            f"the columns are {', '.join(map(str, frame.columns))}"
        )
    values = sorted(frame[protected.column].dropna().unique().tolist())
    by_text = {value_text(value): value for value in values}
    privileged = _named(by_text, protected, protected.privileged)
    if protected.unprivileged is None:
        rest = tuple(value for value in values if value != privileged)
    else:
        rest = (_named(by_text, protected, protected.unprivileged),)
    if not rest:
        raise RequestError(
            f"the protected column {protected.column!r} has only one value, so that there is no "
            "group_b; give rows with another value, or another protected column"
        )
    return GroupLookup(protected.column, (privileged,), rest)


def name_groups(frame: pd.DataFrame, protected: Protected) -> Protected:
    """Fill in the value of group_b if it is the only other value.

    Parameters
    ----------
    frame : pandas.DataFrame
        The training rows.
    protected : Protected
        The column and its groups.

    Returns
    -------
    Protected
        With `unprivileged` filled in if it was None and `frame` has only one other value.

    Raises
    ------
    RequestError
        As `group_lookup` does.

    Examples
    --------
    >>> frame = pd.DataFrame({"sex": ["Male", "Female"], "race": ["White", "Black"]})
    >>> name_groups(frame, Protected("sex", "Male")).group_names
    ('Male', 'Female')
    """
    others = group_lookup(frame, protected).group_b
    if protected.unprivileged is None and len(others) == 1:
        return replace(protected, unprivileged=value_text(others[0]))
    return protected


def value_text(value: object) -> str:
    """Return a value of a protected or target column as text, as it is written in parameters.

    Examples
    --------
    >>> value_text(1.0), value_text("Male"), value_text(0.5)
    ('1', 'Male', '0.5')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def group_shares(groups: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return the shares of group_a and group_b among the rows in either group, of shape (2,)."""
    counts = np.array([np.sum(groups == GROUP_A), np.sum(groups == GROUP_B)], dtype=np.float64)
    return np.asarray(counts / counts.sum())


def group_table_names(protected: Protected) -> tuple[str, str, str]:
    """Return the names in tables for group_a, group_b and the rows in neither."""
    return (*protected.group_names, NEITHER_NAME)


def without_empty_neither(table: pd.DataFrame, count: str) -> pd.DataFrame:
    """Leave the lines named ``(neither)`` out of a table if they count no rows.

    Parameters
    ----------
    table : pandas.DataFrame
        A table with a column "group".
    count : str
        The column with the number of rows.

    Returns
    -------
    pandas.DataFrame
        The table itself if there are rows in neither group.

    Examples
    --------
    >>> table = pd.DataFrame({"group": ["Male", "Female", "(neither)"], "n": [3, 0, 0]})
    >>> without_empty_neither(table, "n")["group"].tolist()
    ['Male', 'Female']
    """
    neither = table["group"] == NEITHER_NAME
    return table if table.loc[neither, count].any() else table[~neither]


def _named(by_text: dict[str, Any], protected: Protected, name: str) -> Any:
    if name not in by_text:
        raise RequestError(
            f"{name!r} is not a value of the protected column {protected.column!r} "
            f"({', '.join(list(by_text)[:20])})"
        )
    return by_text[name]
