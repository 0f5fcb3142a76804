"""The model card: what a model is for, where it comes from, and what was measured of it."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from jinja2 import Template

from fairrun.figures import Plot
from fairrun.pages.card_blocks import Answer, Card
from fairrun.pages.card_data import data
from fairrun.pages.card_failures import failures
from fairrun.pages.card_front_matter import front_matter
from fairrun.pages.card_markdown import markdown
from fairrun.pages.card_model import answer, details, intended_use, policy, serving
from fairrun.pages.card_results import columns, hiring, metrics, mitigation, verdict
from fairrun.pages.facts import ModelFacts
from fairrun.pages.gate_tables import tally
from fairrun.pages.glossary import definitions
from fairrun.pages.report import Origin, environment, verdict_in_words
from fairrun.pages.summary import summary
from fairrun.text import n_of

__all__ = ["model_card", "render_card", "render_card_markdown"]

#: Words of sentences, which the glossary defines in every card.
_ALWAYS = ("favourable_label", "selected", "score", "worst_pair", "interval", "row")


def model_card(facts: ModelFacts) -> Card:
    """Return the content of the model card.

    Parameters
    ----------
    facts : ModelFacts
        What the runs know about the model, and what people said.

    Returns
    -------
    Card
        Everything in it may be shown: it follows `Evaluation.hidden`.
    """
    facts = replace(facts, origin=_published(facts.origin))
    evaluation, origin = facts.evaluation, facts.origin
    shown = None if facts.result is None else facts.result.shown(evaluation.hidden)
    sections = (
        verdict(facts, answer(facts, "metric_choice", "Why these metrics and limits")),
        intended_use(facts),
        failures(facts),
        metrics(facts),
        mitigation(facts),
        policy(facts),
        columns(facts),
        data(facts),
        details(facts),
        hiring(evaluation),
        serving(facts),
    )
    answers = [block for each in sections for block in each.blocks if isinstance(block, Answer)]
    tables = [table for each in sections for table in each.tables]
    name = " ".join(facts.statements.get("name").split())
    return Card(
        title=f"Model card: {name or f'{origin.title} on {origin.dataset}'}",
        about=_about(facts),
        summary=tuple(summary(evaluation, shown)),
        verdict=str(shown.verdict) if shown else "none",
        headline=verdict_in_words(shown, origin),
        tally=tally(shown) if shown else "",
        missing=tuple(each for each in answers if not each.paragraphs),
        command=_with_card(facts),
        sections=sections,
        words=definitions(tables, *_ALWAYS),
    )


def render_card(card: Card, plots: Mapping[str, Plot]) -> str:
    """Return a model card as an HTML page that loads nothing from elsewhere.

    Parameters
    ----------
    card : Card
        The card.
    plots : mapping of str to Plot
        The plots by name. A plot that is missing is left out of the card.
    """
    return _template().render(
        title=card.title,
        card=card,
        sections=[
            (each, [(type(block).__name__, block) for block in each.blocks])
            for each in card.sections
        ],
        plots={
            name: (base64.b64encode(plot.png).decode("ascii"), plot.alt)
            for name, plot in plots.items()
        },
        words=card.words,
        verdict=card.verdict,
    )


def render_card_markdown(card: Card, facts: ModelFacts) -> str:
    """Return a model card as Markdown, with front matter as on the Hugging Face Hub.

    Pictures are links to `plots/*.png` beside it.

    Parameters
    ----------
    card : Card
        The card of the facts.
    facts : ModelFacts
        What the runs know about the model, and what people said.
    """
    return f"{front_matter(facts)}\n{markdown(card, facts.plots)}"


def _about(facts: ModelFacts) -> str:
    """Return when, by whom and on which rows the model was measured."""
    origin = facts.origin
    when = ", ".join(filter(None, (origin.date, origin.user and f"by {origin.user}")))
    rows = n_of(facts.evaluation.counts.n_rows, "row")
    which = f"on which the {origin.not_fitted}" if origin.rows == "test" else "that were given"
    said = f"Measured{f' {when},' if when else ''} on {rows} of {origin.dataset} {which}."
    return f"{said} Purpose: {origin.purpose}" if origin.purpose else said


def _published(origin: Origin) -> Origin:
    """Return an origin whose command names files without their folders.

    A card is for others, and a folder can name a person or a customer.
    """
    words = [_without_folder(each) for each in shlex.split(origin.command)]
    return replace(origin, command=shlex.join(words))


def _without_folder(word: str) -> str:
    """Return a word of a command; of an absolute path, only its last part.

    Examples
    --------
    >>> _without_folder("card=/home/ann/bank/card.yaml"), _without_folder("gate=accuracy>=0.8")
    ('card=card.yaml', 'gate=accuracy>=0.8')
    """
    name, equals, value = word.partition("=")
    is_path = equals and value.startswith(("/", "file:/"))
    return f"{name}={value.rstrip('/').rpartition('/')[2]}" if is_path else word


def _with_card(facts: ModelFacts) -> str:
    """Return the command that makes the card again with a file of answers."""
    command = facts.origin.command
    return command if facts.statements.path else f"{command} -P card=card.yaml"


@cache
def _template() -> Template:
    return environment().get_template("model_card.html")
