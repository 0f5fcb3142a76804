"""Conditional parity as it is shown: strata with few rows are left out, with those beside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.conditional import ConditionalParity
from fairrun.metrics.pooling import DISPARITIES
from fairrun.metrics.shown import MARGINAL
from fairrun.metrics.strata import Strata, strata_of
from fairrun.metrics.suppression import Hidden, check_min_cell
from fairrun.text import n_of

__all__ = ["show_conditional"]

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
    pooled, kept, notes = found.pooled.copy(), [], list(found.notes)
    for protected in dict.fromkeys(pooled["protected"]):
        strata = strata_of(found.counts, str(protected), found.given)
        small = _too_small(strata, hidden.min_cell, joint=False)
        few = small | _too_small(strata, hidden.min_cell, joint=True)
        gone, gone_joint = (
            _with_complements(strata, each, hidden.min_cell) for each in (small, few)
        )
        of_joint = ~found.strata["metric"].isin(MARGINAL)
        for joint, places in ((False, gone), (True, gone_joint)):
            names = {strata.names[place] for place in np.flatnonzero(~places)}
            rows = (found.strata["protected"] == protected) & (of_joint == joint)
            kept.append(found.strata[rows & found.strata["stratum"].isin(names)])
            reason = hidden.reason(str(protected), *strata.groups, joint=joint)
            if not reason and _gives_away(strata, places, hidden.min_cell):
                reason = f"hidden: it would give away a stratum with {hidden.fewer} rows"
            if reason:
                marginal = pooled["metric"].isin([*MARGINAL, *DISPARITIES])
                these = (pooled["protected"] == protected) & (marginal != joint)
                pooled.loc[these, _VALUES] = np.nan
                pooled.loc[these, ["method", "reason"]] = ["", reason]
                pooled[["n_a", "n_b"]] = pooled[["n_a", "n_b"]].astype("Int64").mask(these)
                kept.pop()
        if gone_joint.any():
            more = int(gone_joint.sum() - gone.sum())
            parts = [
                *([n_of(int(gone.sum()), "stratum", "strata")] if gone.any() else []),
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


def _too_small(strata: Strata, min_cell: int, *, joint: bool) -> NDArray[np.bool_]:
    """Return the strata with few rows of a group, or with few that have one label or prediction."""
    rows = strata.rows
    if joint:
        sizes = np.concatenate([rows.sum(axis=2), rows.sum(axis=3)], axis=-1)
    else:
        sizes = rows.sum(axis=(2, 3))[..., None]
    return np.asarray(((sizes > 0) & (sizes < min_cell)).any(axis=(0, 2)))


def _with_complements(strata: Strata, small: NDArray[np.bool_], min_cell: int) -> NDArray[np.bool_]:
    """Return the strata that are left out: small ones, and the next ones in size if needed."""
    gone = small.copy()
    order = np.argsort(strata.rows.sum(axis=(0, 2, 3)), kind="stable")
    for place in order:
        if not _gives_away(strata, gone, min_cell):
            break
        gone[place] = True
    return gone


def _gives_away(strata: Strata, gone: NDArray[np.bool_], min_cell: int) -> bool:
    """Return whether the hidden strata could be computed: they are one, or have few rows.

    This is asked of all strata, whose sum is the groups as a whole, and of those with rows of both
    groups, whose sum is pooled.
    """
    if not gone.any():
        return False
    sizes = strata.rows.sum(axis=(2, 3))
    for among in (np.ones_like(gone), (sizes > 0).all(axis=0)):
        for of_group in sizes:
            inside = of_group[gone & among & (of_group > 0)]
            if len(inside) and (len(inside) < 2 or inside.sum() < min_cell):
                return True
    return False
