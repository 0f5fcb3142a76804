"""Measure a logged model: `mlflow run . -e evaluate -P model=runs:/<run id>/model`."""

from __future__ import annotations

from typing import Any

import click

from fairrun.entrypoints._command import entry_point, print_evaluated, slow_imports
from fairrun.entrypoints._options import (
    gate_options,
    justification_option,
    local_law_144_option,
    min_cell_option,
    publication_of,
    purpose_option,
    read_options,
)
from fairrun.entrypoints._types import JsonObject, given, listed
from fairrun.gate import GateResult, Verdict, read_gate
from fairrun.models.address import check_address
from fairrun.runs.purpose import check_purpose


@entry_point
@click.option("--model", required=True, help="Any model URI, such as runs:/<run id>/model.")
@click.option(
    "--data",
    default="auto",
    help="Labelled rows with the model's columns; auto: the test split of the model's data.",
)
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
@min_cell_option
@justification_option
@local_law_144_option
@purpose_option
@gate_options
def main(
    model: str,
    data: str,
    read: dict[str, Any],
    protected: str,
    min_cell: int,
    justification: str,
    local_law_144: str,
    purpose: str,
    gate: str,
    gate_mode: str,
) -> int:
    """Measure a logged model on its test split, or on other labelled rows."""
    demanded = None if gate == "none" or gate_mode == "disabled" else read_gate(gate)
    columns, options = listed(protected), read_options(read)
    published = publication_of(local_law_144)
    check_purpose(given(purpose))
    check_address(model)

    with slow_imports():
        from fairrun.models.open import open_model

    opened = open_model(model)

    with slow_imports():
        from fairrun.runs.evaluate import commands_after_evaluate, run_evaluate

    evaluated = run_evaluate(
        opened,
        given(data),
        protected=columns,
        gate=demanded,
        read=options,
        min_cell=min_cell,
        justification=None if justification == "none" else justification,
        publication=published,
        purpose=given(purpose),
    )
    commands = commands_after_evaluate(evaluated, model)
    return print_evaluated(evaluated, _what_is_next(evaluated.gate), commands, gate_mode)


def _what_is_next(gate: GateResult | None) -> str:
    if gate is None:
        return "evaluate the model with a gate, whose limit you choose"
    if gate.verdict is Verdict.PASS:
        return "serve the model"
    return "compare mitigators on the same data"
