"""The documents of an evaluation that describe the model: model card and technical file."""

from __future__ import annotations

import json

import mlflow

from fairrun.pages import ModelFacts, render_technical_file, technical_file
from fairrun.tracking.names import ANNEX_IV, ANNEX_IV_PAGE

__all__ = ["log_documents"]


def log_documents(facts: ModelFacts) -> None:
    """Log the model card and the technical file of a model to the active run.

    Parameters
    ----------
    facts : ModelFacts
        What the runs know about the model, and what people said.
    """
    _log_technical_file(facts)


def _log_technical_file(facts: ModelFacts) -> None:
    """Log the technical file as JSON, and the page that is made of it."""
    content = technical_file(facts)
    mlflow.log_text(json.dumps(content, indent=1, ensure_ascii=False), ANNEX_IV)
    mlflow.log_text(render_technical_file(content), ANNEX_IV_PAGE)
