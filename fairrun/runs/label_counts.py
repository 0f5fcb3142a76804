"""The numbers of rows of each label and group, without those of groups that have few rows."""

from __future__ import annotations

import pandas as pd

from fairrun.data import Dataset, label_group_counts
from fairrun.groups import without_empty_neither
from fairrun.metrics import hidden_parts

__all__ = ["shown_label_counts"]


def shown_label_counts(dataset: Dataset, min_cell: int) -> pd.DataFrame:
    """Return the table of `label_group_counts` without groups that have few rows in a split.

    Parameters
    ----------
    dataset : Dataset
        The splits.
    min_cell : int
        Numbers about groups with fewer rows are not shown; 1 shows all.

    Returns
    -------
    DataFrame
        The column `instead` has what is said in place of a number that is not shown.
    """
    counted = label_group_counts(dataset)
    shown = [
        _shown(without_empty_neither(of_column, "count"), min_cell)
        for _, of_column in counted.groupby("protected", sort=False)
    ]
    return pd.concat(shown, ignore_index=True)


def _shown(counts: pd.DataFrame, min_cell: int) -> pd.DataFrame:
    """Return the rows of one protected column without groups that have few rows in a split."""
    by_group = counts.groupby(["split", "group"], sort=False)["count"].sum()
    said: dict[tuple[str, str], str] = {}
    for split, sizes in by_group.groupby("split", sort=False):
        words = hidden_parts(sizes.tolist(), min_cell)
        groups = sizes.index.get_level_values("group")
        said |= {(str(split), g): w for g, w in zip(groups, words, strict=True)}
    instead = [said[key] for key in zip(counts["split"], counts["group"], strict=True)]
    gone = pd.Series(instead, index=counts.index) != ""
    return counts.assign(
        instead=instead,
        count=counts["count"].astype("Int64").mask(gone),
        share=counts["share"].mask(gone),
    )
