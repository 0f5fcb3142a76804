"""Two sets of decisions on the same rows, side by side: before and after a mitigator."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairrun.metrics.evaluation import Evaluation

__all__ = ["before_after_table"]

#: The metrics of the table.
_COMPARED = (
    *("accuracy", "balanced_accuracy", "selection_rate", "disparate_impact"),
    *("statistical_parity", "equality_of_opportunity_difference", "average_odds_difference"),
)


def before_after_table(before: Evaluation, after: Evaluation) -> pd.DataFrame:
    """Return the headline metrics of two evaluations of the same rows, with their limits.

    Parameters
    ----------
    before, after : Evaluation
        The evaluations as they are shown.

    Returns
    -------
    DataFrame
        A row for each metric, with the columns `metric`, `before`, `before_ci_low`,
        `before_ci_high`, `after`, `after_ci_low` and `after_ci_high`. A metric that is undefined or
        not shown is NaN.
    """
    ends = ("", "_ci_low", "_ci_high")
    return pd.DataFrame(
        [
            {"metric": name}
            | {
                f"{which}{end}": metrics.get(f"{name}{end}", np.nan)
                for which, metrics in (("before", before.metrics), ("after", after.metrics))
                for end in ends
            }
            for name in _COMPARED
        ]
    )
