"""The documents of an evaluation that describe the model: model card and technical file."""

from __future__ import annotations

import json

from fairrun.pages import (
    ModelFacts,
    model_card,
    render_card,
    render_card_markdown,
    render_technical_file,
    technical_file,
)
from fairrun.tracking.evaluation import log_card_tags, log_document
from fairrun.tracking.names import ANNEX_IV, ANNEX_IV_PAGE, MODEL_CARD, MODEL_CARD_PAGE

__all__ = ["log_documents"]


def log_documents(facts: ModelFacts) -> None:
    """Log the model card and the technical file of a model to the active run.

    Parameters
    ----------
    facts : ModelFacts
        What the runs know about the model, and what people said.
    """
    card, file = model_card(facts), technical_file(facts)
    documents = {
        MODEL_CARD: render_card_markdown(card, facts),
        MODEL_CARD_PAGE: render_card(card, facts.plots),
        ANNEX_IV: json.dumps(file, indent=1, ensure_ascii=False),
        ANNEX_IV_PAGE: render_technical_file(file),
    }
    for name, text in documents.items():
        log_document(name, text)
    log_card_tags(len(card.missing), facts.statements.get("intended_use"), facts.tags)
