"""How concentrated importance is, and whether both groups' columns rank alike."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairrun.explanations.importance import ALL

__all__ = ["concentration"]


def concentration(importance: pd.DataFrame) -> dict[str, float]:
    """Compute holisticai's metrics of global importance from a table of importance.

    Parameters
    ----------
    importance : DataFrame
        What `importance_table` gave.

    Returns
    -------
    dict of str to float
        All between 0 and 1, NaN where nothing contributes or a group has no row:

        - `explanation_alpha_score`: the share of columns that carry 80 % of the importance.
        - `explanation_spread_ratio`: entropy of the importance over that of an even one; 1 is even,
          0 is one column alone.
        - `explanation_spread_divergence`: Jensen and Shannon's distance to an even one; 0 is even.
        - `explanation_position_parity`: how far down the ranking of the columns that carry 80 % of
          the importance each group has the same column at the same place; 1 is the same ranking.
    """
    # Importing it takes a while, and only a report asks for it.
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
