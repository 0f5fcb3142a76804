"""Measure a logged model: `mlflow run . -e evaluate -P model=runs:/<run id>/model`."""

from __future__ import annotations

from typing import Any

import click

from fairrun.entrypoints._command import entry_point, print_checks, print_metrics, slow_imports
from fairrun.entrypoints._options import (
    local_law_144_option,
    min_cell_option,
    publication_of,
    read_options,
)
from fairrun.entrypoints._types import JsonObject, given, listed
from fairrun.errors import EXIT_GATE_FAILED, EXIT_INSUFFICIENT_EVIDENCE
from fairrun.gate import GateResult, Verdict, read_gate
from fairrun.models.address import check_address
from fairrun.runs.purpose import check_purpose
from fairrun.tracking.names import REPORT

_EXIT_CODES = {
    Verdict.PASS: 0,
    Verdict.FAIL: EXIT_GATE_FAILED,
    Verdict.INSUFFICIENT_EVIDENCE: EXIT_INSUFFICIENT_EVIDENCE,
}


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
@click.option(
    "--justification",
    default="none",
    help="The auditor's reason to leave categories with under 2 % of the rows out of the impact "
    "ratios of Local Law 144; none leaves none out.",
)
@local_law_144_option
@click.option(
    "--purpose",
    default="auto",
    help="What the evaluation is for, in one line that the report repeats; auto: nothing.",
)
@click.option(
    "--gate",
    default="none",
    help="The requirements for the model, such as 'disparate_impact>=0.8; accuracy>=0.8 @ sex', or "
    "the path of a YAML file; none for no gate.",
)
@click.option(
    "--gate-mode",
    type=click.Choice(["disabled", "dry_run", "enabled"]),
    default="enabled",
    help="enabled ends with exit code 4 if the gate fails, 5 if there is insufficient evidence; "
    "dry_run only prints the verdict; disabled ignores the gate.",
)
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
        from fairrun.tracking.hints import where_to_look

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
    print_metrics(evaluated.metrics, evaluated.rows, evaluated.column)
    if evaluated.constraint is not None:
        click.echo(evaluated.constraint)
    if evaluated.gate is not None:
        print_checks(evaluated.gate)
    click.echo(f"\nrun {evaluated.run_id} has {REPORT}; to look at it:")
    for line in where_to_look(evaluated.run_id):
        click.echo(f"  {line}")
    for line in commands_after_evaluate(evaluated, model):
        click.echo(f"next, {_what_is_next(evaluated.gate)}:\n  {line}")
    if evaluated.gate is None:
        return 0
    click.echo(f"\n{evaluated.gate}")
    return _EXIT_CODES[evaluated.gate.verdict] if gate_mode == "enabled" else 0


def _what_is_next(gate: GateResult | None) -> str:
    if gate is None:
        return "evaluate the model with a gate, whose limit you choose"
    if gate.verdict is Verdict.PASS:
        return "serve the model"
    return "compare mitigators on the same data"
