"""Protected columns to group codes: the only place that knows how."""

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


#: What tables call the rows in neither group.
NEITHER_NAME = "(neither)"


@dataclass(frozen=True)
class Protected:
    """A protected column and the two groups that are compared.

    Attributes
    ----------
    column : str
        The column; it is never a feature.
    privileged : str
        The value that makes group_a. Written as text, also for a column of numbers.
    unprivileged : str or None
        The value that makes group_b. None: every other value of the training data.
    """

    column: str
    privileged: str
    unprivileged: str | None = None

    @property
    def group_names(self) -> tuple[str, str]:
        """The names of group_a and group_b, for tables.

        Examples
        --------
        >>> Protected("race", "White").group_names
        ('White', 'not White')
        >>> Protected("sex", "Male", "Female").group_names
        ('Male', 'Female')
        """
        return self.privileged, self.unprivileged or f"not {self.privileged}"


def group_lookup(frame: pd.DataFrame, protected: Protected) -> GroupLookup:
    """Resolve a protected column: which of the values that occur make which group.

    Parameters
    ----------
    frame : pandas.DataFrame
        The training rows.
    protected : Protected
        The column and its groups.

    Returns
    -------
    GroupLookup
        Returns the groups of any rows; a value that `frame` does not have is in neither group.

    Raises
    ------
    RequestError
        If the column is not there, or a group would have no row.

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
            f"its columns are {', '.join(map(str, frame.columns))}"
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
            f"the protected column {protected.column!r} has one value only; there is no group_b"
        )
    return GroupLookup(protected.column, (privileged,), rest)


def name_groups(frame: pd.DataFrame, protected: Protected) -> Protected:
    """Name group_b where "every other value" is one value.

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
    """Write a value of a protected or target column as a parameter would.

    Examples
    --------
    >>> value_text(1.0), value_text("Male"), value_text(0.5)
    ('1', 'Male', '0.5')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def group_shares(groups: NDArray[np.int8]) -> NDArray[np.float64]:
    """Share of group_a and of group_b among the rows of either, shape (2,)."""
    counts = np.array([np.sum(groups == GROUP_A), np.sum(groups == GROUP_B)], dtype=np.float64)
    return np.asarray(counts / counts.sum())


def group_table_names(protected: Protected) -> tuple[str, str, str]:
    """Names for the rows of a table: group_a, group_b, neither."""
    return (*protected.group_names, NEITHER_NAME)


def without_empty_neither(table: pd.DataFrame, count: str) -> pd.DataFrame:
    """Leave the rows of `(neither)` out of a table where nobody is in neither group.

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
            f"{protected.column!r} never has the value {name!r}; "
            f"it has {', '.join(list(by_text)[:20])}"
        )
    return by_text[name]
