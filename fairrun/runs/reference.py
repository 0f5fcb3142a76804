"""The reference for monitoring: what later rows are compared with."""

from __future__ import annotations

import pandas as pd

from fairrun.data import Decisions
from fairrun.metrics import Evaluation
from fairrun.models.open import OpenedModel

__all__ = ["log_reference"]


def log_reference(
    model: OpenedModel,
    frame: pd.DataFrame,
    decisions: Decisions,
    evaluation: Evaluation,
    *,
    min_cell: int,
    sensitive: bool,
) -> None:
    """Log the reference of a model for monitoring as `reference.json` of the active run.

    Parameters
    ----------
    model : OpenedModel
        The model.
    frame : DataFrame
        The measured rows.
    decisions : Decisions
        The answers of the model to them, with labels.
    evaluation : Evaluation
        The evaluation of these rows as it is shown.
    min_cell : int
        The fewest rows behind a number that is stored.
    sensitive : bool
        Whether exact counts are stored nowhere.
    """
