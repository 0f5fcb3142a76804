"""The documents of an evaluation that describe the model: model card and technical file."""

from __future__ import annotations

import json

from fairrun.pages import (
    ModelFacts,
    render_card,
    render_card_markdown,
    render_technical_file,
    technical_file,
)
from fairrun.tracking.evaluation import log_document
from fairrun.tracking.names import ANNEX_IV, ANNEX_IV_PAGE, MODEL_CARD, MODEL_CARD_PAGE

__all__ = ["log_documents"]

#: What makes each document, by the name of the artifact.
_DOCUMENTS = {
    MODEL_CARD: render_card_markdown,
    MODEL_CARD_PAGE: render_card,
}


def log_documents(facts: ModelFacts) -> None:
    """Log the model card and the technical file of a model to the active run.

    Parameters
    ----------
    facts : ModelFacts
        What the runs know about the model, and what people said.
    """
    for name, render in _DOCUMENTS.items():
        log_document(name, render(facts))
    content = technical_file(facts)
    log_document(ANNEX_IV, json.dumps(content, indent=1, ensure_ascii=False))
    log_document(ANNEX_IV_PAGE, render_technical_file(content))
