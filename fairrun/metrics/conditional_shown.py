"""Conditional parity as it is shown: strata with few rows are left out, with those beside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.metrics.conditional import ConditionalParity
from fairrun.metrics.pooling import DISPARITIES
from fairrun.metrics.shown import MARGINAL
from fairrun.metrics.strata import Strata, strata_of
from fairrun.metrics.suppression import Hidden, check_min_cell
from fairrun.text import n_of

__all__ = ["show_conditional"]

#: Why the groups as a whole are not shown on the rows that have a stratum.
_LEFT_OUT = "hidden: it would give away {} rows that are in no stratum"
_SIZES = ["n_a", "n_b", "share_compared"]
_VALUES = ["value", "ci_low", "ci_high", "homogeneity_p"]


def show_conditional(found: ConditionalParity, hidden: Hidden) -> ConditionalParity:
    """Return conditional parity without the numbers that must not be shown.

    A stratum is left out if one of its groups has 1 to `min_cell` − 1 rows; for metrics that depend
    on label and prediction together also if that few rows have one label or one prediction. More
    strata are left out until those that are not shown have at least `min_cell` rows of each group,
    because the sum over all strata is shown. If there are not enough strata for that, the pooled
    numbers are hidden as well. The names of strata that are left out are not shown, because a rare
    value can be the name of one person.

    Parameters
    ----------
    found : ConditionalParity
        All numbers.
    hidden : Hidden
        The groups that are not shown anywhere, and the smallest number of rows.

    Returns
    -------
    ConditionalParity
        A copy. A note says how many strata are left out.
    """
    check_min_cell(hidden.min_cell)
    if hidden.min_cell == 1:
        return found
    pooled = found.pooled.astype({"n_a": "Int64", "n_b": "Int64", "share_compared": "Float64"})
    kept, notes = [], [*found.notes]
    for protected in dict.fromkeys(pooled["protected"]):
        strata = strata_of(found.counts, str(protected), found.given)
        gone = np.zeros(len(strata.names), dtype=np.bool_)
        n_gone = []
        for joint in (False, True):
            lost = bool(_too_small(strata.left_out[:, np.newaxis], hidden.min_cell, joint=joint))
            gone = gone | _too_small(strata.rows, hidden.min_cell, joint=joint)
            gone = _with_complements(strata, gone, hidden.min_cell, lost=lost)
            n_gone.append(int(gone.sum()))
            reason = hidden.reason(str(protected), *strata.groups, joint=joint)
            if not reason and _gives_away(strata, gone, hidden.min_cell, lost=lost):
                reason = f"hidden: it would give away a stratum with {hidden.fewer} rows"
            these = (pooled["protected"] == protected) & (_is_joint(pooled) == joint)
            if reason:
                _hide(pooled, these, reason)
            else:
                rows = found.strata["protected"] == protected
                rows &= _is_joint(found.strata) == joint
                names = {strata.names[place] for place in np.flatnonzero(~gone)}
                kept.append(found.strata[rows & found.strata["stratum"].isin(names)])
            if lost:
                pooled.loc[these, _SIZES] = pd.NA
                # All rows of the groups are shown elsewhere: the difference is what is left out.
                marginal = these & (pooled["estimate"] == "marginal")
                _hide(pooled, marginal, reason or _LEFT_OUT.format(hidden.fewer))
        _hide_sizes(pooled, pooled["protected"] == protected, hidden.min_cell)
        if n_gone[1]:
            more = n_gone[1] - n_gone[0]
            parts = [
                *([n_of(n_gone[0], "stratum", "strata")] if n_gone[0] else []),
                *([f"{n_of(more, 'stratum', 'strata')} for metrics of labels"] if more else []),
            ]
            notes.append(
                f"{protected}: {' and '.join(parts)} not shown, because of {hidden.fewer} rows, or "
                "because they would give away a stratum with so few; the pooled numbers count them"
            )
    strata_table = found.strata.loc[sorted(i for each in kept for i in each.index)]
    return replace(
        found, pooled=pooled, strata=strata_table.reset_index(drop=True), notes=tuple(notes)
    )


def _is_joint(table: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows depend on label and prediction together."""
    return ~table["metric"].isin([*MARGINAL, *DISPARITIES])


def _hide(pooled: pd.DataFrame, these: pd.Series[bool], reason: str) -> None:
    """Take numbers out of the pooled table."""
    pooled.loc[these, _VALUES] = np.nan
    pooled.loc[these, ["method", "reason"]] = ["", reason]
    pooled.loc[these, _SIZES] = pd.NA


def _hide_sizes(pooled: pd.DataFrame, these: pd.Series[bool], min_cell: int) -> None:
    """Take out sizes that are a few rows below the marginal ones, and would tell how few."""
    for _, rows in pooled[these].groupby("metric", sort=False):
        whole, *others = rows.index
        for row in others:
            fewer = (pooled.loc[whole, name] - pooled.loc[row, name] for name in _SIZES[:2])
            if any(pd.notna(n) and 0 < n < min_cell for n in fewer):
                pooled.loc[row, _SIZES] = pd.NA


def _too_small(rows: NDArray[np.int64], min_cell: int, *, joint: bool) -> NDArray[np.bool_]:
    """Return the strata with few rows of a group, or with few that have one label or prediction.

    Parameters
    ----------
    rows : array of shape (2, n_strata, 2, 2)
        Numbers of rows by group, stratum, label and prediction.
    """
    if joint:
        sizes = np.concatenate([rows.sum(axis=2), rows.sum(axis=3)], axis=-1)
    else:
        sizes = rows.sum(axis=(2, 3))[..., None]
    return np.asarray(((sizes > 0) & (sizes < min_cell)).any(axis=(0, 2)))


def _with_complements(
    strata: Strata, small: NDArray[np.bool_], min_cell: int, *, lost: bool
) -> NDArray[np.bool_]:
    """Return the strata that are not shown: small ones, and the next ones in size if needed."""
    gone = small.copy()
    for place in np.argsort(strata.rows.sum(axis=(0, 2, 3)), kind="stable"):
        if not _gives_away(strata, gone, min_cell, lost=lost):
            break
        gone[place] = True
    return gone


def _gives_away(strata: Strata, gone: NDArray[np.bool_], min_cell: int, *, lost: bool) -> bool:
    """Return whether the hidden strata could be computed: they are one, or have few rows.

    This is asked of all strata, whose sum is the groups as a whole, and of those with rows of both
    groups, whose sum is pooled. If few rows are in no stratum, it is also asked of the strata and
    these rows, whose sum is shown elsewhere.
    """
    sizes = strata.rows.sum(axis=(2, 3))
    both = (sizes > 0).all(axis=0)
    sums = [(sizes, gone), (sizes[:, both], gone[both])]
    if lost:
        rest = strata.left_out.sum(axis=(1, 2))[:, np.newaxis]
        sums.append((np.append(sizes, rest, axis=1), np.append(gone, True)))
    for parts, hidden in sums:
        for of_group in parts:
            inside = of_group[hidden & (of_group > 0)]
            if len(inside) and (len(inside) < 2 or inside.sum() < min_cell):
                return True
    return False
