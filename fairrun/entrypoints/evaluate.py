"""Measure a logged model: `mlflow run . -e evaluate -P model=runs:/<run id>/model`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from fairrun.data import DecisionsRequest, ReadOptions, has_spec, is_preprocessed
from fairrun.entrypoints._command import entry_point, print_evaluated, slow_imports
from fairrun.entrypoints._options import (
    card_option,
    gate_options,
    given_option,
    justification_option,
    local_law_144_option,
    membership_option,
    min_cell_option,
    publication_of,
    purpose_option,
    read_options,
    subgroups_option,
)
from fairrun.entrypoints._types import JsonObject, given_one, listed
from fairrun.entrypoints._types import given as text_if_given
from fairrun.errors import RequestError
from fairrun.gate import GateResult, Verdict, read_gate
from fairrun.models.address import check_address
from fairrun.runs.purpose import check_purpose
from fairrun.text import listed_names
from fairrun.tracking.names import ANNEX_IV_PAGE, MODEL_CARD_PAGE

_WITH_GATE = "evaluate the model with a gate, whose limit you choose"
#: What a file does not say about its columns.
_ROLES = ["target", "positive", "protected", "privileged"]
#: What `auto` means for the parameters that only other models take.
_OTHERS = "auto: as the model's own. Only for a model that fairrun did not make."


def _of_other_models(name: str, what: str) -> Callable[[Any], Any]:
    return click.option(f"--{name}", default="auto", help=f"{what}; {_OTHERS}")


@entry_point
@click.option("--model", required=True, help="Any model URI, such as runs:/<run id>/model.")
@click.option(
    "--data",
    default="auto",
    help="Labelled rows with the model's columns; auto: the test split of the model's data. For a "
    "model that fairrun did not make, a file, census, adult or a YAML spec.",
)
@_of_other_models("target", "The column with the true labels")
@_of_other_models("positive", "The favourable value of the target")
@click.option(
    "--read",
    type=JsonObject('{"delimiter": ";"}'),
    default="{}",
    help='How the file in data is read, as JSON, such as {"delimiter": ";"}; by default as the '
    "file of the model's own data.",
)
@click.option(
    "--protected",
    default="auto",
    help="The protected columns to measure, separated by commas, the most important first; auto: "
    "all protected columns of the model.",
)
@_of_other_models("privileged", "The privileged group of each protected column")
@_of_other_models("unprivileged", "The unprivileged group of each; rest: all other values")
@_of_other_models("weight", "The column with the weight of each row")
@_of_other_models("where", "Which rows are measured, such as 'year=2025; age>=40'")
@given_option
@subgroups_option
@membership_option
@min_cell_option
@justification_option
@local_law_144_option
@purpose_option
@card_option
@gate_options
def main(
    model: str,
    data: str,
    target: str,
    positive: str,
    read: dict[str, Any],
    protected: str,
    privileged: str,
    unprivileged: str,
    weight: str,
    where: str,
    given: str,
    subgroups: int,
    membership: str,
    min_cell: int,
    justification: str,
    local_law_144: str,
    purpose: str,
    card: str,
    gate: str,
    gate_mode: str,
) -> int:
    """Measure a logged model on its test split, or on other labelled rows."""
    demanded = None if gate == "none" or gate_mode == "disabled" else read_gate(gate)
    columns, options = listed(protected), read_options(read)
    of_others: dict[str, Any] = {
        "target": given_one(target),
        "positive": given_one(positive),
        "privileged": listed(privileged),
        "unprivileged": listed(unprivileged),
        "weight": given_one(weight),
        "where": text_if_given(where),
    }
    of_others = {name: value for name, value in of_others.items() if value is not None}
    within, probabilities = listed(given) or [], listed(membership) or []
    published = publication_of(local_law_144)
    purpose_given = text_if_given(purpose)
    reason = None if justification == "none" else justification
    check_purpose(purpose_given)
    check_address(model)

    with slow_imports():
        from fairrun.models.any_model import AnyModel, open_as_made
        from fairrun.pages import read_statements

    statements = read_statements(None if card == "none" else card)
    opened = open_as_made(model)
    if isinstance(opened, AnyModel):
        if statements.path:
            raise RequestError(
                f"card={card} describes a model that fairrun made, and model={model} is another; "
                "leave card out"
            )
        request = _labelled_rows(model, text_if_given(data), columns, options, of_others)

        with slow_imports():
            from fairrun.runs.analyses import Analyses
            from fairrun.runs.audit import commands_after_audit, run_audit

        evaluated = run_audit(
            *(request, opened, demanded),
            min_cell=min_cell,
            justification=reason,
            publication=published,
            purpose=purpose_given,
            asked=Analyses(tuple(within), subgroups, tuple(probabilities)),
        )
        click.echo(f"measured {evaluated.metrics['n_rows']:,.0f} rows of {request.data}")
        commands = commands_after_audit(evaluated)
        return print_evaluated(evaluated, _WITH_GATE, commands, gate_mode)
    if of_others:
        names = listed_names(list(of_others))
        raise RequestError(
            f"fairrun made model={model}, which itself says how rows are read; leave {names} out, "
            "or measure it with -e audit"
        )

    with slow_imports():
        from fairrun.runs.analyses import Analyses
        from fairrun.runs.evaluate import commands_after_evaluate, run_evaluate

    evaluated = run_evaluate(
        opened,
        text_if_given(data),
        protected=columns,
        gate=demanded,
        read=options,
        min_cell=min_cell,
        justification=reason,
        publication=published,
        purpose=purpose_given,
        asked=Analyses(tuple(within), subgroups, tuple(probabilities)),
        statements=statements,
    )
    commands = commands_after_evaluate(evaluated, model)
    what_is_next, pages = _what_is_next(evaluated.gate), (MODEL_CARD_PAGE, ANNEX_IV_PAGE)
    return print_evaluated(evaluated, what_is_next, commands, gate_mode, *pages)


def _labelled_rows(
    model: str,
    data: str | None,
    protected: list[str] | None,
    read: ReadOptions | None,
    others: dict[str, Any],
) -> DecisionsRequest:
    """Return the rows on which a model that fairrun did not make is measured."""
    said = {**others, "data": data, "protected": protected}
    roles = [] if data is not None and has_spec(data) else _ROLES
    unsaid = [name for name in ("data", *roles) if said.get(name) is None]
    if data is None or unsaid:
        names = listed_names(unsaid)
        raise RequestError(
            f"fairrun did not make model={model}, so {names} must be given (or a YAML spec as "
            "data); without labels, use -e audit"
        )
    if is_preprocessed(data):
        raise RequestError(
            f"data={data} is a run, whose rows are prepared for models of fairrun; give the table "
            f"that it read, with the columns of model={model}"
        )
    return DecisionsRequest(data, protected=protected, read=read, **others)


def _what_is_next(gate: GateResult | None) -> str:
    if gate is None:
        return _WITH_GATE
    if gate.verdict is Verdict.PASS:
        return "serve the model, or make it the champion of a name first with -e promote"
    return "compare mitigators on the same data"
