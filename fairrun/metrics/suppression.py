"""Decide which groups have too few rows to be shown, and which others would give them away.

A number about a few rows is nearly a number about one person. Groups with fewer than `min_cell`
rows are therefore hidden. A hidden group must not be what is left when the groups shown beside it
are subtracted from a total, so further groups are hidden with it (complementary suppression).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.groups import MISSING, NEITHER_NAME, ProtectedColumn
from fairrun.metrics.grouping import everybody, group_a_and_b, one_and_two_way, values_of
from fairrun.metrics.paired import AnyPairedCounts, WeightedPairedCounts
from fairrun.metrics.weighted import AnyCounts, WeightedCounts

__all__ = [
    "MIN_CELL",
    "NOTHING_HIDDEN",
    "Hidden",
    "both_hidden",
    "check_min_cell",
    "hidden_changes",
    "hidden_groups",
    "hidden_parts",
    "is_hidden_reason",
]

#: By default, numbers about fewer rows than this are not shown.
MIN_CELL = 5
#: How the reason begins why a number is not shown. It is another word than "not shown", which is
#: said of the constraint of a mitigator if the rows do not suffice to tell whether it is kept.
_HIDDEN = "hidden"
#: A protected column or crossing, and the name of a group.
Group = tuple[str, str]

#: Numbers of groups and cells up to which groups that were hidden in vain are shown again.
_SMALL_SYSTEM = 20_000
#: The order in which groups are hidden with others: crossings first, then values, then group_a and
#: group_b of a column, on which most metrics depend.
_CROSSING, _VALUE, _COMPARED = range(3)


@dataclass(frozen=True)
class Hidden:
    """The groups that are not shown, by protected column or crossing and name.

    Attributes
    ----------
    min_cell : int
        The fewest rows of a group, and behind a rate, that are shown.
    small : frozenset of (str, str)
        The groups with fewer rows.
    groups : frozenset of (str, str)
        All groups of which nothing is shown: small ones, and others that would give them away.
    few : frozenset of (str, str)
        The groups with fewer rows of one label or of one prediction.
    joint : frozenset of (str, str)
        All groups of which nothing is shown that depends on label and prediction together, or on
        scores. Of these groups only the number of rows, the base rate and the selection rate are
        shown, unless they are also in `groups`.
    """

    min_cell: int = 1
    small: frozenset[Group] = field(default_factory=frozenset)
    groups: frozenset[Group] = field(default_factory=frozenset)
    few: frozenset[Group] = field(default_factory=frozenset)
    joint: frozenset[Group] = field(default_factory=frozenset)

    def __bool__(self) -> bool:
        return bool(self.groups or self.joint)

    @property
    def fewer(self) -> str:
        """Return what is said in place of a small number of rows, such as "fewer than 5"."""
        return f"fewer than {self.min_cell}"

    def rows(self, protected: str, group: str) -> str:
        """Return what is said in place of the number of rows of a group; empty if it is shown."""
        if (protected, group) not in self.groups:
            return ""
        return self.fewer if (protected, group) in self.small else _HIDDEN

    def reason(self, protected: str, *groups: str, joint: bool = False) -> str:
        """Return why a number about these groups is not shown; empty if it is shown.

        Parameters
        ----------
        protected : str
            The protected column or crossing.
        groups : str
            The groups that the number is about.
        joint : bool
            Whether the number depends on label and prediction together, or on scores.
        """
        every = [(protected, group) for group in groups]
        if any(each in self.small for each in every):
            return f"{_HIDDEN}: {self.fewer} rows"
        if joint and any(each in self.few for each in every):
            return f"{_HIDDEN}: {self.fewer} rows with one label or prediction"
        if any(each in self.groups or (joint and each in self.joint) for each in every):
            return f"{_HIDDEN}: it would give away a group with {self.fewer} rows"
        return ""


#: Every number is shown.
NOTHING_HIDDEN = Hidden()


def is_hidden_reason(reason: str) -> bool:
    """Return whether the reason for a missing number is that it must not be shown."""
    return reason.startswith(_HIDDEN)


def check_min_cell(min_cell: int) -> None:
    """Raise RequestError unless `min_cell` is at least 1."""
    if min_cell < 1:
        raise RequestError(
            f"min_cell={min_cell} is no number of rows; give 1 to show everything, or more"
        )


def hidden_groups(counts: AnyCounts, min_cell: int = MIN_CELL, *, unknown: bool = False) -> Hidden:
    """Return the groups that must not be shown, of every column and every crossing of two columns.

    All rows together are always shown. A group is hidden if it has 1 to `min_cell` − 1 rows. More
    groups are hidden until no small group, and no union of small groups of one column or of one
    value in a crossing that is itself small, is a sum or difference of groups that are shown.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the rows. Rows are counted, not their weights.
    min_cell : int
        The fewest rows of a group that are shown; 1 shows everything.
    unknown : bool
        Whether rows without a known protected value are protected in the same way. By default only
        their own numbers are hidden, because every comparison of two groups would be hidden for the
        sake of a single row without a value.

    Returns
    -------
    Hidden

    Raises
    ------
    RequestError
        If `min_cell` is below 1.

    Examples
    --------
    >>> from fairrun.groups import ProtectedColumn
    >>> from fairrun.metrics.counts import Counts
    >>> race = ProtectedColumn("race", ("White", "Black", "Other"), ("White",), ("Black", "Other"))
    >>> table = [[[40, 10], [9, 30]], [[9, 9], [9, 9]], [[1, 0], [0, 0]], [[0, 0]] * 2]
    >>> sorted(hidden_groups(Counts((race,), table)).groups)
    [('race', 'Black'), ('race', 'Other')]
    """
    check_min_cell(min_cell)
    if min_cell == 1:
        return NOTHING_HIDDEN
    tables = _rows_of_cells(counts)
    system = _System(counts.columns, tables)

    def is_small(table: NDArray[np.int64]) -> bool:
        return bool(0 < table.sum() < min_cell)

    def has_few(table: NDArray[np.int64]) -> bool:
        margins = np.concatenate([table.sum(axis=0), table.sum(axis=1)])
        return bool(((margins > 0) & (margins < min_cell)).any())

    small, groups = system.hide(is_small, frozenset(), unknown=unknown)
    few, joint = system.hide(has_few, groups, unknown=unknown)
    return Hidden(min_cell, small, groups, few, joint)


def both_hidden(one: Hidden, other: Hidden) -> Hidden:
    """Return what is hidden in one of two results about the same rows, with the same `min_cell`."""
    return Hidden(
        one.min_cell,
        one.small | other.small,
        one.groups | other.groups,
        one.few | other.few,
        one.joint | other.joint,
    )


def hidden_changes(
    paired: AnyPairedCounts, hidden: Hidden, min_cell: int = MIN_CELL, *, unknown: bool = False
) -> Hidden:
    """Return the groups whose numbers of rows that change sides must not be shown.

    A number of changes is hidden if it is 1 to `min_cell` − 1, and with it the other direction: the
    difference of the selection rates, which is shown, would give it away.

    Parameters
    ----------
    paired : PairedCounts or WeightedPairedCounts
        The counts of both models on the same rows.
    hidden : Hidden
        The groups of which nothing is shown; see `hidden_groups`.
    min_cell, unknown
        See `hidden_groups`.

    Returns
    -------
    Hidden
        In `groups` those with few changes, and others that would give them away; in `joint` those
        with few changes among the rows of one label.
    """
    check_min_cell(min_cell)
    if min_cell == 1:
        return NOTHING_HIDDEN
    cells = paired.cells[..., 2] if isinstance(paired, WeightedPairedCounts) else paired.cells
    system = _System(paired.columns, cells.astype(np.int64).reshape(-1, 2, 4))

    def has_few(table: NDArray[np.int64]) -> bool:
        changes = table[..., 1:3]
        return bool(((changes > 0) & (changes < min_cell)).any())

    def has_few_of_any_label(table: NDArray[np.int64]) -> bool:
        return has_few(table.sum(axis=0))

    small, groups = system.hide(has_few_of_any_label, hidden.groups, unknown=unknown)
    few, joint = system.hide(has_few, groups, unknown=unknown)
    return Hidden(min_cell, small, groups, few, joint)


def hidden_parts(sizes: Sequence[int], min_cell: int = MIN_CELL) -> list[str]:
    """Return what is said in place of the numbers of rows of the parts of a whole.

    The whole is shown, so a part with few rows takes others with it: at least two parts are hidden,
    which have `min_cell` rows together.

    Parameters
    ----------
    sizes : sequence of int
        The numbers of rows of parts that have no row in common.
    min_cell : int
        The fewest rows of a part that are shown.

    Returns
    -------
    list of str
        "fewer than 5", "hidden", or nothing if the number is shown.

    Examples
    --------
    >>> hidden_parts([600, 30, 2]), hidden_parts([600, 30, 0])
    (['', 'hidden', 'fewer than 5'], ['', '', ''])
    """
    said = [f"fewer than {min_cell}" if 0 < n < min_cell else "" for n in sizes]
    if not any(said):
        return said
    for place in sorted(range(len(sizes)), key=sizes.__getitem__):
        gone = [n for n, word in zip(sizes, said, strict=True) if word]
        if len(gone) > 1 and sum(gone) >= min_cell:
            break
        if sizes[place] and not said[place]:
            said[place] = _HIDDEN
    return said


def _rows_of_cells(counts: AnyCounts) -> NDArray[np.int64]:
    """Return the numbers of rows by cell, label and prediction, of shape (n_cells, 2, 2)."""
    cells = counts.cells[..., 2] if isinstance(counts, WeightedCounts) else counts.cells
    return cells.astype(np.int64)


class _System:
    """All groups as sets of cells, in which sums and differences of groups are found."""

    def __init__(self, columns: Sequence[ProtectedColumn], tables: NDArray[np.int64]) -> None:
        self._members: dict[Group, NDArray[np.float64]] = {}
        self._order: dict[Group, int] = {}
        #: Groups that only their own numbers are hidden of.
        self._unknown: set[Group] = set()
        #: Disjoint groups whose sum is shown or can be computed.
        self._lines: list[list[Group]] = []
        all_cells = everybody(columns).members[0]
        for names in one_and_two_way(columns):
            values, two = values_of(columns, *names), group_a_and_b(columns, *names)
            protected = values.protected
            order = _CROSSING if len(names) > 1 else _VALUE
            for group, members in zip(values.groups, values.members, strict=True):
                self._add((protected, group), members, order)
            for group, members in zip(two.groups, two.members, strict=True):
                self._add((protected, group), members, max(order, _COMPARED * (len(names) == 1)))
            missing = (protected, MISSING)
            self._add(missing, all_cells - values.members.sum(axis=0), order)
            neither = (protected, NEITHER_NAME)
            self._add(neither, all_cells - two.members.sum(axis=0), order)
            self._unknown |= {missing, neither}
            whole = [(protected, group) for group in values.groups]
            self._lines += [whole, [*whole, missing]]
            if len(names) > 1:
                for name in names:
                    for of_value in values_of(columns, name).members:
                        inside = values.members @ of_value > 0
                        self._lines.append([g for g, i in zip(whole, inside, strict=True) if i])
        used = tables.sum(axis=(1, 2)) > 0
        self._everybody = all_cells[used].astype(np.float64)
        self._members = {group: members[used] for group, members in self._members.items()}
        self._tables = tables[used]

    def _add(self, group: Group, members: NDArray[np.int64], order: int) -> None:
        # group_a of a column often is one of its values. The higher order keeps it longest.
        self._members.setdefault(group, members.astype(np.float64))
        self._order[group] = max(order, self._order.get(group, order))

    def _table(self, members: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.tensordot(members.astype(np.int64), self._tables, axes=1)

    def hide(
        self,
        must_hide: Callable[[NDArray[np.int64]], bool],
        already: Iterable[Group],
        *,
        unknown: bool,
    ) -> tuple[frozenset[Group], frozenset[Group]]:
        """Return the groups that must be hidden, and all that are hidden with them."""
        tables = {group: self._table(members) for group, members in self._members.items()}
        first = {group for group, table in tables.items() if must_hide(table)}
        hidden = first | set(already)
        protected = first if unknown else first - self._unknown
        targets = {tuple(self._members[group]) for group in protected}
        for line in self._lines:
            union = [group for group in line if group in first]
            members = sum((self._members[group] for group in union), np.zeros_like(self._everybody))
            if protected & {*union} and must_hide(self._table(members)):
                targets.add(tuple(members))
        # All rows together are shown, also where they all are in one group.
        targets.discard(tuple(self._everybody))
        if targets:
            wanted = np.array(sorted(targets))
            more = self._complements(wanted, hidden, {g: t.sum() for g, t in tables.items()})
            hidden |= more
        return frozenset(first), frozenset(hidden)

    def _complements(
        self, targets: NDArray[np.float64], hidden: set[Group], sizes: dict[Group, np.int64]
    ) -> set[Group]:
        """Return further groups to hide, so that no target can be computed from those shown."""
        shown = [g for g in self._members if g not in hidden and sizes[g] > 0]
        shown.sort(key=lambda group: (self._order[group], sizes[group]))
        more: list[Group] = []
        while shown:
            known, by = self._computed(targets, shown)
            if not known.any():
                break
            # One group of each sum is hidden: the first one in the order of `shown`.
            found = {shown[int(np.flatnonzero(of_target)[0])] for of_target in by[known]}
            more += sorted(found)
            shown = [group for group in shown if group not in found]
        if len(self._members) * len(self._everybody) <= _SMALL_SYSTEM:
            more = self._needed(targets, shown, more, sizes)
        return {*more}

    def _needed(
        self,
        targets: NDArray[np.float64],
        shown: list[Group],
        more: list[Group],
        sizes: dict[Group, np.int64],
    ) -> list[Group]:
        """Return the groups without which a target could be computed."""
        kept = []
        for group in sorted(more, key=lambda each: (-self._order[each], -sizes[each])):
            if self._computed(targets, [*shown, group])[0].any():
                kept.append(group)
            else:
                shown = [*shown, group]
        return kept

    def _computed(
        self, targets: NDArray[np.float64], shown: list[Group]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return whether each target is a sum or difference of shown groups, and of which."""
        vectors = np.array([*(self._members[group] for group in shown), self._everybody])
        found, *_ = np.linalg.lstsq(vectors.T, targets.T, rcond=None)
        known = np.abs(vectors.T @ found - targets.T).max(axis=0) < 1e-6
        # The last vector is all rows together, which are always shown.
        return known, np.abs(found[:-1].T) > 1e-6
