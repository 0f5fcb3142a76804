"""Train one model: `mlflow run . -e train -P mitigator=correlation_remover`."""

from __future__ import annotations

from dataclasses import replace

import click

from fairrun.data import DataRequest, ReadRequest
from fairrun.entrypoints._command import entry_point, print_metrics, read_early, slow_imports
from fairrun.entrypoints._options import (
    data_options,
    min_cell_option,
    mitigator_option,
    training_options,
)
from fairrun.training import TrainingRequest


@entry_point
@data_options
@mitigator_option
@training_options
@min_cell_option
@click.option(
    "--strict",
    type=click.Choice(["false", "true"]),
    default="false",
    help="true refuses the model unless the validation rows show that the mitigator's constraint "
    "is kept.",
)
def main(
    data: DataRequest,
    training: TrainingRequest,
    mitigator: str,
    mitigator_params: dict[str, float],
    min_cell: int,
    strict: str,
) -> None:
    """Train a classifier with a mitigator, measure it on validation, and log it."""
    request = replace(training, mitigator=mitigator, mitigator_params=mitigator_params)
    request.check()
    data = read_early(data)
    if isinstance(data, ReadRequest) and data.dataset is not None:
        request.check_row_key(data.dataset)

    with slow_imports():
        from fairrun.runs.train import commands_after_train, run_train
        from fairrun.tracking.hints import where_to_look

    trained = run_train(data, request, strict=strict == "true", min_cell=min_cell)
    print_metrics(trained.metrics, "validation", trained.column)
    if trained.constraint is not None:
        click.echo(trained.constraint)
    click.echo(f"run {trained.run_id}:")
    for line in where_to_look(trained.run_id):
        click.echo(f"  {line}")
    click.echo("next, evaluate or serve the model:")
    for line in commands_after_train(trained):
        click.echo(f"  {line}")
