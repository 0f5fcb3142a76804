"""Metrics of the concentration of importance, and of the ranking of columns in both groups."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairrun.explanations.importance import ALL

__all__ = ["concentration"]


def concentration(importance: pd.DataFrame) -> dict[str, float]:
    """Return holisticai's metrics of global importance.

    Parameters
    ----------
    importance : DataFrame
        The table that `importance_table` returns.

    Returns
    -------
    dict of str to float
        All are between 0 and 1. They are NaN if no column contributes or a group has no row:

        - `explanation_alpha_score`: the share of columns that have 80 % of the importance.
        - `explanation_spread_ratio`: the entropy of the importance divided by that of an equal
          distribution; 1 is equal, 0 is a single column.
        - `explanation_spread_divergence`: the Jensen-Shannon distance to an equal distribution; 0
          is equal.
        - `explanation_position_parity`: how far from the top each group has the same columns at the
          same ranks as all rows, among the columns that have 80 % of the importance; 1 is the same
          ranking.
    """
    # Imported here because it takes a while and only a report needs it.
    from holisticai.explainability.metrics import (
        alpha_score,
        position_parity,
        spread_divergence,
        spread_ratio,
    )
    from holisticai.utils import ConditionalImportances, Importances

    ranked = {
        str(name): own.sort_values("importance", ascending=False, kind="stable")
        for name, own in importance.groupby("group", sort=False)
    }
    nothing = {name for name, own in ranked.items() if not own["importance"].sum() > 0}
    values = ranked[ALL]["importance"].to_numpy()
    spread = [np.nan] * 3
    if ALL not in nothing:
        spread = [float(of(values)) for of in (alpha_score, spread_ratio, spread_divergence)]
    parity = np.nan
    if not nothing:
        sorted_by = {
            name: Importances(own["importance"].to_numpy(), own["column"].tolist())
            for name, own in ranked.items()
        }
        everybody = sorted_by.pop(ALL).top_alpha(0.8)
        parity = float(position_parity(ConditionalImportances(sorted_by), everybody))
    return {
        f"explanation_{name}": value
        for name, value in zip(
            ("alpha_score", "spread_ratio", "spread_divergence", "position_parity"),
            [*spread, parity],
            strict=True,
        )
    }
