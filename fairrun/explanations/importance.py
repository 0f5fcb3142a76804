"""The importance of each raw column, over all rows and in each group."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairrun.explanations.rows import EVERYBODY, FEWEST, ExplainedRows
from fairrun.groups import GROUP_A, GROUP_B

__all__ = ["ALL", "importance_table", "rank_columns"]

#: The name of the group of all rows, including rows in neither group.
ALL = "(all)"


def importance_table(rows: ExplainedRows, groups: tuple[str, str]) -> pd.DataFrame:
    """Return the mean contribution and its mean size, over all rows and in each group.

    Importance is the mean of |contribution|. It says how much a column changes scores, in either
    direction. The mean contribution has a sign. The differences between two groups' mean
    contributions add up, over the columns, to the difference between their mean scores.

    Parameters
    ----------
    rows : ExplainedRows
        The explained rows.
    groups : tuple of (str, str)
        The names of group_a and group_b.

    Returns
    -------
    DataFrame
        One row for each of `(all)`, group_a and group_b and each column, the most important column
        first: group, column, n_explained, importance, standard_error, share (of the importance of
        all columns, 0 to 1), mean_contribution and mean_contribution_error. All except the share
        are in log-odds. They are NaN for a group with fewer than `FEWEST` explained rows. The
        standard errors come from the choice of rows. If contributions were sampled, the mean of
        their own standard errors is added, as if all rows were off in the same direction, because
        all rows use the same orders and synthetic rows.

    References
    ----------
    S. M. Lundberg et al., "From local explanations to global understanding with explainable AI for
    trees", Nature Machine Intelligence 2, 2020 (mean |contribution| as importance).
    """
    explained = rows.explained
    order = rank_columns(rows)
    names = [explained.columns[place] for place in order]
    contributions = explained.contributions[:, order]
    parts = []
    for name, members in ((ALL, EVERYBODY), (groups[0], (GROUP_A,)), (groups[1], (GROUP_B,))):
        n_explained = int(np.isin(rows.groups, members).sum())
        importance, error = rows.mean(np.abs(contributions), members)
        mean, mean_error = rows.mean(contributions, members)
        if explained.standard_errors is not None:
            own, _ = rows.mean(explained.standard_errors[:, order], members)
            error, mean_error = np.hypot(error, own), np.hypot(mean_error, own)
        if name != ALL and n_explained < FEWEST:
            importance, error, mean, mean_error = np.full((4, len(names)), np.nan)
        total = importance.sum()
        parts.append(
            pd.DataFrame(
                {
                    "group": name,
                    "column": names,
                    "n_explained": n_explained,
                    "importance": importance,
                    "standard_error": error,
                    "share": importance / total if total > 0 else np.nan,
                    "mean_contribution": mean,
                    "mean_contribution_error": mean_error,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def rank_columns(rows: ExplainedRows) -> list[int]:
    """Return the indices of the explained columns, the most important column first."""
    importance, _ = rows.mean(np.abs(rows.explained.contributions))
    order: list[int] = np.argsort(-importance, kind="stable").tolist()
    return order
