"""All explanations of a model over a data set, as the report needs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.explanations.concentration import concentration
from fairrun.explanations.contributions import contribution_histograms
from fairrun.explanations.costs import rows_to_explain, rows_to_score
from fairrun.explanations.importance import ALL, importance_table
from fairrun.explanations.partial_dependence import partial_dependence
from fairrun.explanations.proxies import TOGETHER, proxy_table
from fairrun.explanations.rows import FEWEST, choose_rows, explain_rows
from fairrun.explanations.stability import stability
from fairrun.explanations.threshold_rows import ThresholdRows, threshold_rows
from fairrun.groups import GROUP_A, GROUP_B, ProtectedColumn
from fairrun.inference import InferenceModel

__all__ = ["Overview", "explain_model"]

#: The number of columns with partial dependence.
_TOP = 4


@dataclass(frozen=True, eq=False)
class Overview:
    """The explanations of a model over a data set. `explain_model` returns it.

    Attributes
    ----------
    protected : str
        The protected column whose groups are compared.
    groups : tuple of (str, str)
        The names of group_a and group_b.
    n_rows, n_explained : int
        The number of rows, and the number of explained rows.
    sampled : bool
        Whether contributions were sampled. Otherwise they are exact.
    metrics : dict of str to float
        The metrics by the names that they are logged under; NaN if undefined.
    importance : DataFrame
        See `importance_table`.
    contributions : DataFrame
        See `contribution_histograms`.
    threshold_rows : ThresholdRows
        Two invented rows, just below and just above the threshold.
    partial_dependence : DataFrame
        See `partial_dependence`. It has the most important features.
    proxies : DataFrame
        See `proxy_table`. The most important column comes first. It also has importance, share (of
        the importance), difference (of the mean contributions, a - b) and difference_error. These
        four are NaN for all columns together. `roc_auc` is NaN for a protected column that the
        score reads.
    stability : DataFrame
        See `stability`.
    """

    protected: str
    groups: tuple[str, str]
    n_rows: int
    n_explained: int
    sampled: bool
    metrics: dict[str, float]
    importance: pd.DataFrame
    contributions: pd.DataFrame
    threshold_rows: ThresholdRows
    partial_dependence: pd.DataFrame
    proxies: pd.DataFrame
    stability: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by the name that they are logged under."""
        return {
            "importance": self.importance,
            "contributions": self.contributions,
            "threshold_rows": self.threshold_rows.table,
            "partial_dependence": self.partial_dependence,
            "proxies": self.proxies,
            "stability": self.stability,
        }


def explain_model(
    model: InferenceModel, frame: pd.DataFrame, protected: ProtectedColumn
) -> Overview:
    """Return the explanations of a model over rows.

    Parameters
    ----------
    model : InferenceModel
        The model.
    frame : DataFrame
        Raw rows that the model can predict, with the protected column.
    protected : ProtectedColumn
        The column whose groups are compared. The model does not have to read it.

    Raises
    ------
    InputError
        If the model was saved by a version without explanations.
    """
    groups = protected.groups(frame)
    names = protected.group_names
    rows = explain_rows(model, frame, groups, rows_to_explain(model))
    importance = importance_table(rows, names)
    order = importance.loc[importance["group"] == ALL, "column"].tolist()
    own = {
        name: rows.explained.contributions[:, place]
        for place, name in enumerate(rows.explained.columns)
    }
    reads_group = model.groups is not None and bool(np.any(own[model.groups.column]))
    top = [name for name in order if name in model.encoder.names][:_TOP]
    unstable, changes = stability(model, rows)
    proxies = proxy_table(model, frame, groups, names)
    together = float(proxies.loc[proxies["column"] == TOGETHER, "roc_auc"].iloc[0])
    return Overview(
        protected=protected.name,
        groups=names,
        n_rows=len(frame),
        n_explained=len(rows),
        sampled=rows.explained.standard_errors is not None,
        metrics={
            "n_rows_explained": float(len(rows)),
            **concentration(importance),
            **unstable,
            "proxy_roc_auc": together,
            "log_odds_difference": _score_difference(model, frame, groups),
        },
        importance=importance,
        contributions=contribution_histograms(rows, model.encoder),
        threshold_rows=threshold_rows(model, order),
        partial_dependence=partial_dependence(model, rows, top, by_group=reads_group),
        proxies=_beside_importance(proxies, importance, names),
        stability=changes,
    )


def _score_difference(
    model: InferenceModel, frame: pd.DataFrame, groups: NDArray[np.int8]
) -> float:
    """Return the mean score of group_a minus that of group_b, from rows scored in a second."""
    chosen = choose_rows(groups, rows_to_score(model, 1))
    scores = model.log_odds(frame.iloc[chosen])
    of_a, of_b = (scores[groups[chosen] == group] for group in (GROUP_A, GROUP_B))
    if min(len(of_a), len(of_b)) < FEWEST:
        return np.nan
    return float(of_a.mean() - of_b.mean())


def _beside_importance(
    proxies: pd.DataFrame, importance: pd.DataFrame, groups: tuple[str, str]
) -> pd.DataFrame:
    """Return the table of proxies with importance and differences of contributions added."""
    by_group = importance.set_index(["group", "column"])
    everybody, of_a, of_b = (by_group.loc[name] for name in (ALL, *groups))
    errors = (of_a["mean_contribution_error"], of_b["mean_contribution_error"])
    beside = everybody[["importance", "share"]].assign(
        difference=of_a["mean_contribution"] - of_b["mean_contribution"],
        difference_error=np.hypot(*errors),
    )
    order = [*beside.index, TOGETHER]
    table = proxies.set_index("column").reindex(order).join(beside)
    return table.assign(tells=table["tells"].fillna("")).rename_axis("column").reset_index()
