"""Measure decisions that others made: `mlflow run . -e audit -P data=FILE -P prediction=COLUMN`."""

from __future__ import annotations

from dataclasses import replace

import click

from fairrun.data import DecisionsRequest
from fairrun.entrypoints._command import (
    entry_point,
    print_evaluated,
    read_decisions_early,
    slow_imports,
)
from fairrun.entrypoints._decision_options import decision_options
from fairrun.entrypoints._options import (
    gate_options,
    given_option,
    justification_option,
    local_law_144_option,
    membership_option,
    min_cell_option,
    publication_of,
    purpose_option,
    subgroups_option,
)
from fairrun.entrypoints._types import given as text_if_given
from fairrun.entrypoints._types import listed
from fairrun.gate import read_gate
from fairrun.models.address import check_address
from fairrun.runs.purpose import check_purpose


@entry_point
@decision_options
@click.option(
    "--model",
    default="none",
    help="The URI of a logged model of any flavour, whose answers to the rows are audited in place "
    "of a column; none audits the decisions in the data.",
)
@click.option(
    "--drop",
    default="auto",
    help="Columns in which the search for subgroups does not look, separated by commas, such as "
    "identifiers and what came after the decision; auto: as in the dataset spec; for a file, none.",
)
@given_option
@subgroups_option
@membership_option
@min_cell_option
@justification_option
@local_law_144_option
@purpose_option
@gate_options
def main(
    request: DecisionsRequest,
    model: str,
    drop: str,
    given: str,
    subgroups: int,
    membership: str,
    min_cell: int,
    justification: str,
    local_law_144: str,
    purpose: str,
    gate: str,
    gate_mode: str,
) -> int:
    """Measure decisions in a table, or the answers of any logged model."""
    demanded = None if gate == "none" or gate_mode == "disabled" else read_gate(gate)
    within, probabilities = listed(given) or [], listed(membership) or []
    published = publication_of(local_law_144)
    check_purpose(text_if_given(purpose))
    request = replace(request, drop=listed(drop))
    uri = None if model == "none" else model
    request.check_decided(by_model=uri is not None)
    if demanded is not None:
        scored = request.score is not None or uri is not None  # a model may answer scores
        demanded.check_needs(labelled=request.is_labelled, scored=scored)
    if uri is None:
        request = read_decisions_early(request)
    else:
        check_address(uri)

    with slow_imports():
        from fairrun.models.any_model import open_any_model
        from fairrun.runs.analyses import Analyses
        from fairrun.runs.audit import commands_after_audit, run_audit

    answering = None if uri is None else open_any_model(uri)
    evaluated = run_audit(
        request,
        answering,
        demanded,
        min_cell=min_cell,
        justification=None if justification == "none" else justification,
        purpose=text_if_given(purpose),
        publication=published,
        asked=Analyses(tuple(within), subgroups, tuple(probabilities)),
    )
    commands = commands_after_audit(evaluated)
    what_is_next = "audit with a gate, whose limit you choose"
    return print_evaluated(evaluated, what_is_next, commands, gate_mode)
