"""Compare mitigators on one data set: `mlflow run .`."""

from __future__ import annotations

from dataclasses import replace

import click
import pandas as pd

from fairrun.data import DataRequest
from fairrun.entrypoints._command import entry_point, read_early, slow_imports
from fairrun.entrypoints._options import data_options, min_cell_option, training_options
from fairrun.metrics import has_sign
from fairrun.runs.compared import COMPARED_METRICS, COMPARED_MITIGATORS
from fairrun.text import format_table, with_interval
from fairrun.training import TrainingRequest


@entry_point
@data_options
@click.option(
    "--mitigators",
    default=",".join(COMPARED_MITIGATORS),
    help="The mitigators to compare, separated by commas. Join several to one with +.",
)
@training_options
@min_cell_option
def main(data: DataRequest, training: TrainingRequest, mitigators: str, min_cell: int) -> None:
    """Train a model with each mitigator on the same data, and compare the models on test."""
    names = [name.strip() for name in mitigators.split(",")]
    for name in names:
        replace(training, mitigator=name).check()
    data = read_early(data)

    with slow_imports():
        from fairrun.runs.compare import run_comparison
        from fairrun.tracking.runs import mlflow_run, mlflow_ui

    done = run_comparison(data, names, training, min_cell)
    group_a, group_b = done.groups
    click.echo(f"Metrics on the test split; group_a = {group_a}, group_b = {group_b}.")
    click.echo("Ratios are a / b, differences are a - b. Brackets hold the 95 % interval.\n")
    differences = [name for name in COMPARED_METRICS if has_sign(name)]
    click.echo(format_table(_readable(done.table), signed=differences))
    click.echo()
    if done.table["constraint"].any():
        click.echo("constraint: whether these rows show what the mitigator promises.")
    if done.table["effect"].any():
        click.echo("effect: the labels against those of none, on the validation rows.")
    last = done.table.iloc[-1]
    command = mlflow_run(done.run_id)
    click.echo(f"next: look at run {done.run_id}, and serve or evaluate {last['mitigator']}:")
    click.echo(f"  {mlflow_ui()}")
    click.echo(f"  mlflow models serve -m runs:/{last['train_run_id']}/model --env-manager local")
    click.echo(f"  {command} -e evaluate -P model=runs:/{last['train_run_id']}/model")


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with one interval, that of the disparate impact, so that it fits a slide.

    The columns of constraint and effect are left out if they say nothing.
    """
    names = [f"disparate_impact{part}" for part in ("", "_ci_low", "_ci_high")]
    texts = [with_interval(*row) for row in table[names].to_numpy().tolist()]
    said = [name for name in ("constraint", "effect") if table[name].any()]
    return table[["mitigator", *COMPARED_METRICS, *said]].assign(disparate_impact=texts)
