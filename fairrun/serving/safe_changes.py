"""Changes of single columns that lead to a favourable label, whatever the protected value is.

A counterfactual hint depends on the threshold of the row's group, so it would reveal the group. A
change of this module leads to label 1 for every protected value and for none. It is found in a way
that does not depend on the protected value of the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairrun.models.saved import SavedModel

__all__ = ["Change", "protected_values", "safe_changes", "with_protected"]

Rows = Mapping[str, list[Any]]


@dataclass(frozen=True)
class Change:
    """A change of one column of a row.

    Attributes
    ----------
    column : str
        The column.
    to : float or str
        The new value.
    size : float
        The absolute difference of the numbers; 0 for text.
    rank : int
        The best place among the hints for any protected value; 0 is the smallest change.
    """

    column: str
    to: Any
    size: float
    rank: int


def protected_values(saved: SavedModel) -> list[Any]:
    """Return a raw value for each protected value that the model knows, and null for the others.

    A model that does not read the group has one entry, null.
    """
    groups = saved.model.groups
    known = () if groups is None else getattr(groups, "examples", groups.values)
    return [*known, None]


def with_protected(saved: SavedModel, rows: Rows, value: Any) -> dict[str, list[Any]]:
    """Return rows that all have the same protected value."""
    groups = saved.model.groups
    if groups is None:
        return dict(rows)
    return {**rows, groups.column: [value] * len(rows[groups.column])}


def safe_changes(saved: SavedModel, rows: Rows, n_rows: int) -> list[list[Change]]:
    """Return the changes of each row that certainly lead to label 1 for every protected value.

    The candidates are the counterfactual hints of the row for each protected value. A candidate is
    kept if ``decision_probability`` is 1 for all of them. If the score always rises or always falls
    with a column, the change for the strictest group is among the candidates and is kept. A change
    can be missed if a score rises with the column for one group and falls for another.

    Parameters
    ----------
    saved : SavedModel
        The model, which must have changeable columns.
    rows : mapping of str to list
        The raw rows.
    n_rows : int
        The number of rows.

    Returns
    -------
    list of list of Change
        For each row the smallest change of each column that has one. The smallest changes come
        first, in the order of the counterfactual hints.
    """
    variants = [with_protected(saved, rows, value) for value in protected_values(saved)]
    candidates: list[tuple[int, Change]] = []
    seen: set[tuple[int, str, Any]] = set()
    hints = [_hints(saved, variant, n_rows) for variant in variants]
    for row in range(n_rows):
        ranked = [(rank, hint) for own in hints for rank, hint in enumerate(own[row])]
        for rank, hint in sorted(ranked, key=lambda item: item[0]):
            key = (row, hint["column"], hint["to"])
            if key not in seen:
                seen.add(key)
                size = abs(hint["change"] or 0.0)
                candidates.append((row, Change(hint["column"], hint["to"], size, rank)))
    found: list[dict[str, Change]] = [{} for _ in range(n_rows)]
    for (row, change), holds in zip(candidates, _hold(saved, rows, candidates), strict=True):
        best = found[row].get(change.column)
        if holds and (best is None or change.size < best.size):
            found[row][change.column] = change
    place = {name: number for number, name in enumerate(saved.names)}
    return [
        sorted(own.values(), key=lambda change: (change.rank, place[change.column]))
        for own in found
    ]


def _hints(saved: SavedModel, rows: Rows, n_rows: int) -> list[list[dict[str, Any]]]:
    answers = saved.model.answer(saved.code.Columns(rows, n_rows), counterfactuals=True)
    hints: list[list[dict[str, Any]]] = answers.counterfactuals
    return hints


def _hold(saved: SavedModel, rows: Rows, candidates: list[tuple[int, Change]]) -> list[bool]:
    """Return whether each candidate leads to label 1 for every protected value."""
    changed = {name: [rows[name][row] for row, _ in candidates] for name in saved.names}
    for number, (_, change) in enumerate(candidates):
        changed[change.column][number] = change.to
    holds = [True] * len(candidates)
    for value in protected_values(saved):
        asked = with_protected(saved, changed, value)
        answers = saved.model.answer(saved.code.Columns(asked, len(candidates)))
        certain = (answers.decision_probability == 1.0).tolist()
        holds = [before and now for before, now in zip(holds, certain, strict=True)]
    return holds
