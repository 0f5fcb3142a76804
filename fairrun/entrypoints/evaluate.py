"""Measure a logged model: `mlflow run . -e evaluate -P model=runs:/<run id>/model`."""

from __future__ import annotations

import click

from fairrun.entrypoints._command import entry_point, given, listed, print_gate, print_metrics
from fairrun.errors import EXIT_GATE_FAILED, EXIT_INSUFFICIENT_EVIDENCE
from fairrun.gate import Verdict, read_gate
from fairrun.runs.evaluate import run_evaluate

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
    help="Labelled rows with the model's columns; not given, the test split of its data.",
)
@click.option(
    "--protected",
    default="auto",
    help="Which of the model's protected columns are measured, separated by commas, the most "
    "important first; not given, all of them.",
)
@click.option(
    "--gate",
    default="none",
    help="What the model must meet, such as 'disparate_impact>=0.8; accuracy>=0.8 @ sex', "
    "or the path of a YAML file.",
)
@click.option(
    "--gate-mode",
    type=click.Choice(["disabled", "dry_run", "enabled"]),
    default="enabled",
    help="enabled ends with exit code 4 if the gate fails, 5 if there is too little evidence; "
    "dry_run only says so; disabled does not look.",
)
def main(model: str, data: str, protected: str, gate: str, gate_mode: str) -> int:
    """Measure a logged model on its test split, or on other labelled rows."""
    demanded = None if gate == "none" or gate_mode == "disabled" else read_gate(gate)
    evaluated = run_evaluate(model, given(data), protected=listed(protected), gate=demanded)
    print_metrics(evaluated.metrics, evaluated.rows)
    if evaluated.gate is None:
        return 0
    print_gate(evaluated.gate)
    return _EXIT_CODES[evaluated.gate.verdict] if gate_mode == "enabled" else 0
