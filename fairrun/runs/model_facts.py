"""What the run of training says about a model, for the documents that describe it."""

from __future__ import annotations

from dataclasses import replace

from fairrun.models.open import OpenedModel
from fairrun.pages import ModelFacts

__all__ = ["facts_of_training"]


def facts_of_training(facts: ModelFacts, model: OpenedModel) -> ModelFacts:
    """Return facts with those of the run that trained the model, if it is in this store.

    Parameters
    ----------
    facts : ModelFacts
        What the evaluation knows.
    model : OpenedModel
        The model.

    Returns
    -------
    ModelFacts
    """
    return replace(facts, training_run=str(model.metadata.run_id or ""))
