"""Protected columns and their groups, and the names of the groups in tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.groups.grammar import (
    GroupText,
    Item,
    check_apart,
    format_group,
    group_from_document,
    parse_group,
)
from fairrun.inference import GROUP_A, GROUP_B, rest_of
from fairrun.text import shortened

__all__ = [
    "NEITHER_NAME",
    "Protected",
    "group_shares",
    "group_table_names",
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
    privileged : str or tuple of str
        The group `group_a`: a value, a condition such as ``>=40``, bins such as ``18..25..40``, or
        several of these, joined by ``|`` or as a tuple; see `fairrun.groups.parse_group`. Values
        are written as text also for a column of numbers.
    unprivileged : str or tuple of str or None
        The group `group_b`, in the same form. None or ``rest`` means every other value in the
        training data, or every other number.

    Raises
    ------
    RequestError
        If a group cannot be read, or both groups have an item or a number in common.
    """

    column: str
    privileged: GroupText
    unprivileged: GroupText | None = None

    def __post_init__(self) -> None:
        other = self.unprivileged
        other = None if other is None or other == "rest" else group_from_document(other)
        object.__setattr__(self, "privileged", group_from_document(self.privileged))
        object.__setattr__(self, "unprivileged", other)
        items_a, items_b = self.items
        common = [item for item in items_b if item in items_a]
        if common:
            raise RequestError(
                f"privileged and unprivileged of {self.column!r} both name {common[0]}; give two "
                "groups without a common value"
            )
        check_apart((*items_a, *items_b))

    @cached_property
    def items(self) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
        """The items of group_a and of group_b; none for group_b if it is the rest."""
        b = () if self.unprivileged is None else parse_group(self.unprivileged)
        return parse_group(self.privileged), b

    @property
    def texts(self) -> tuple[str, str]:
        """The groups as text, as the parameters `privileged` and `unprivileged` take them.

        Examples
        --------
        >>> Protected("race", ("White", "Asian")).texts
        ('White|Asian', 'rest')
        """
        a, b = self.items
        return format_group(a), format_group(b) if b else "rest"

    @property
    def group_names(self) -> tuple[str, str]:
        """The names of group_a and group_b in tables.

        Examples
        --------
        >>> Protected("race", "White").group_names
        ('White', 'not White')
        >>> Protected("race", "White|Asian", "Black").group_names
        ('White or Asian', 'Black')
        >>> Protected("age", ">=40").group_names
        ('>=40', '<40')
        """
        items_a, items_b = self.items
        a, b = (" or ".join(shortened(item.text) for item in items) for items in (items_a, items_b))
        ranges = [item.range for item in items_a if item.range is not None]
        if items_b:
            return a, b
        rest = rest_of(ranges) if len(ranges) == len(items_a) else None
        return a, rest or f"not {a}"


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
