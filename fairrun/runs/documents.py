"""The documents of an evaluation that describe the model: model card and technical file."""

from __future__ import annotations

from fairrun.pages import ModelFacts

__all__ = ["log_documents"]


def log_documents(facts: ModelFacts) -> None:
    """Log the model card and the technical file of a model to the active run.

    Parameters
    ----------
    facts : ModelFacts
        What the runs know about the model, and what people said.
    """
