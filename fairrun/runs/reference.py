"""The reference for monitoring: what later rows are compared with."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import mlflow
import pandas as pd

from fairrun.data import Decisions, Rows
from fairrun.metrics import Evaluation
from fairrun.models.open import OpenedModel
from fairrun.monitor import MeasuredBy, reference_of
from fairrun.tracking.names import REFERENCE

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
    run = mlflow.active_run()
    if run is None or decisions.label is None:
        raise RuntimeError("a reference is of labelled rows, and belongs to a run")
    rows = Rows(frame, decisions.label, decisions.weight, decisions.cluster)
    reference = reference_of(
        evaluation,
        frame[[*model.features]],
        MeasuredBy(
            model=model.uri,
            model_id=model.metadata.model_id,
            run_id=run.info.run_id,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            digest=rows.digest(),
        ),
        weight=decisions.weight,
        min_cell=min_cell,
        sensitive=sensitive,
    )
    # `log_dict` would write each number on a line of its own.
    mlflow.log_text(json.dumps(reference.to_dict()), REFERENCE)
