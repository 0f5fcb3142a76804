"""The run that trained a model: its parameters and tags, which an evaluation has too."""

from __future__ import annotations

from dataclasses import dataclass, field

import mlflow
from mlflow.exceptions import MlflowException

from fairrun.models.open import OpenedModel
from fairrun.tracking.names import (
    ESTIMATOR,
    MITIGATOR,
    RANDOMISED,
    READS_GROUP,
    STAGE,
    parameter,
)

__all__ = ["Training", "training_of"]

_OWNERS = ("mitigator.", "estimator.", "model.")
_TAGS = (STAGE, READS_GROUP, RANDOMISED, ESTIMATOR)


@dataclass(frozen=True)
class Training:
    """What the tracking store says about the training of a model.

    Attributes
    ----------
    tags, parameters : dict of str to str
        The tags and parameters of the mitigator and the estimator, by the names that `train` gives
        them. Only the mitigator, if the run is not in this store.
    run_id : str
        The run; empty if it is not in this store.
    """

    tags: dict[str, str]
    parameters: dict[str, object] = field(default_factory=dict)
    run_id: str = ""


def training_of(model: OpenedModel) -> Training:
    """Look up the run that trained a model, so that evaluations can be compared by its parameters.

    A model may come from a folder or from another store, and its run may be deleted.
    """
    tags = {MITIGATOR: model.mitigator}
    parameters: dict[str, object] = {parameter("mitigator", "name"): model.mitigator}
    run_id = str(model.metadata.run_id or "")
    try:
        logged = mlflow.get_run(run_id).data if run_id else None
    except MlflowException:
        logged = None
    if logged is None:
        return Training(tags, parameters)
    parameters |= {k: v for k, v in logged.params.items() if k.startswith(_OWNERS)}
    tags |= {name: logged.tags[name] for name in _TAGS if name in logged.tags}
    return Training(tags, parameters, run_id)
