"""Mitigate given scores: `mlflow run . -e postprocess -P data=FILE -P score=COLUMN`."""

from __future__ import annotations

import click

from fairrun.data import DecisionsRequest
from fairrun.entrypoints._command import (
    entry_point,
    print_checks,
    print_metrics,
    print_verdict,
    read_decisions_early,
    slow_imports,
)
from fairrun.entrypoints._decision_options import decision_options
from fairrun.entrypoints._options import (
    gate_options,
    local_law_144_option,
    min_cell_option,
    min_frequency_option,
    mitigator_params_option,
    publication_of,
)
from fairrun.entrypoints._types import given_one
from fairrun.gate import read_gate
from fairrun.models.address import check_address
from fairrun.text import format_table
from fairrun.tracking.names import REPORT
from fairrun.training import resolve_postprocessor


@entry_point
@decision_options
@click.option(
    "--model",
    default="none",
    help="The URI of a logged model of any flavour, whose answers to the rows are the scores; none "
    "takes the scores in the data.",
)
@click.option("--mitigator", default="group_thresholds", help="The post-processing mitigator.")
@mitigator_params_option
@click.option(
    "--row-key",
    default="auto",
    help="The column that identifies a row, for randomised mitigators; auto uses the score, so "
    "that rows with equal scores get equal random numbers.",
)
@click.option(
    "--seed", type=click.IntRange(min=0, max=2**32 - 1), default=0, help="Seed of the fit."
)
@min_frequency_option
@min_cell_option
@local_law_144_option
@gate_options
def main(
    request: DecisionsRequest,
    model: str,
    mitigator: str,
    mitigator_params: dict[str, float],
    row_key: str,
    seed: int,
    min_frequency: int,
    min_cell: int,
    local_law_144: str,
    gate: str,
    gate_mode: str,
) -> int:
    """Fit a post-processing mitigator on scores that another model computed."""
    mitigation = resolve_postprocessor(mitigator, mitigator_params)
    demanded = None if gate == "none" or gate_mode == "disabled" else read_gate(gate)
    published = publication_of(local_law_144)
    request = request.for_rule(by_model=model != "none")
    if model == "none":
        request = read_decisions_early(request)
    else:
        check_address(model)

    with slow_imports():
        from fairrun.pages import shown_before_after
        from fairrun.runs.postprocess import (
            commands_after_postprocess,
            run_postprocess,
        )
        from fairrun.tracking.hints import where_to_look

    answering = None
    if model != "none":
        from fairrun.models.any_model import open_any_model

        answering = open_any_model(model)
    done = run_postprocess(
        request,
        mitigation,
        answering,
        demanded,
        row_key=given_one(row_key),
        seed=seed,
        min_frequency=min_frequency,
        min_cell=min_cell,
        publication=published,
    )
    print_metrics(done.metrics, "test", done.column)
    click.echo(f"\n{format_table(shown_before_after(done.before_after))}")
    if done.constraint is not None:
        click.echo(done.constraint)
    click.echo(done.takes)
    if done.gate is not None:
        print_checks(done.gate)
    click.echo(f"\nrun {done.run_id} has {REPORT}; to look at it:")
    for line in where_to_look(done.run_id):
        click.echo(f"  {line}")
    click.echo("next:")
    for line in commands_after_postprocess(done):
        click.echo(f"  {line}")
    return print_verdict(done.gate, gate_mode)
