"""Compare mitigators on one data set: `mlflow run .`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from fairrun.data import DataRequest
from fairrun.entrypoints._command import UNDEFINED, entry_point, read_early, slow_imports
from fairrun.entrypoints._options import data_options, min_cell_option, training_options
from fairrun.gate import read_gate
from fairrun.runs.main_defaults import (
    COMPARED_BY,
    COMPARED_MITIGATORS,
    WORST,
    check_distinct,
)
from fairrun.text import format_table
from fairrun.training import TrainingRequest

if TYPE_CHECKING:
    from fairrun.runs.main import Comparison


@entry_point
@data_options
@click.option(
    "--mitigators",
    default=",".join(COMPARED_MITIGATORS),
    help="The mitigators to compare, separated by commas; `train --help` lists them. Join several "
    "to one with +.",
)
@click.option(
    "--constraint",
    default=COMPARED_BY,
    help="The requirement by which the models are ranked on validation, in the language of gates: "
    "first those whose interval meets it, by accuracy, then the others, the nearest to parity "
    "first; none ranks by accuracy alone.",
)
@training_options
@min_cell_option
def main(
    data: DataRequest, training: TrainingRequest, mitigators: str, constraint: str, min_cell: int
) -> None:
    """Train a model with each mitigator on the same data, and recommend one of the models."""
    names = [name.strip() for name in mitigators.split(",")]
    for name in names:
        replace(training, mitigator=name).check()
    check_distinct(names)
    by = None if constraint == "none" else constraint
    if by is not None:
        read_gate(by)
    data = read_early(data)

    with slow_imports():
        from fairrun.runs.main import run_comparison

    _say(run_comparison(data, names, training, min_cell, by))


def _say(done: Comparison) -> None:
    from fairrun.runs.main import commands_after_comparison
    from fairrun.runs.main_table import differences_to_none, shown_table
    from fairrun.tracking.hints import where_to_look

    group_a, group_b = done.groups
    click.echo(f"The models are {done.ranking.rule}.")
    click.echo(f"Differences are a - b, ratios a / b; a = {group_a}, b = {group_b}. ", nl=False)
    if any("_worst" in name for name in done.constrained):
        click.echo(f"{WORST}. ", nl=False)
    click.echo("Brackets hold the 95 % interval.\n")
    shown = shown_table(done.table, done.constrained)
    table = format_table(shown, signed=[str(name) for name in shown if ", " in str(name)])
    click.echo(table)
    click.echo()
    if "undefined" in table:
        click.echo(UNDEFINED)
    if "constraint" in shown:
        click.echo("constraint: whether the test rows show what the mitigator itself promises.")
    if "effect" in shown:
        click.echo("effect: the labels against those of none, on the validation rows.")
    for sentence in differences_to_none(done.table):
        click.echo(f"{sentence}.")
    click.echo(f"all metrics, also on test, are in comparison.json of run {done.run_id}")
    click.echo(f"\n{done.recommended}")
    if done.advice:
        click.echo(done.advice)
    click.echo("\nlook at the comparison:")
    for line in where_to_look(done.run_id):
        click.echo(f"  {line}")
    click.echo(f"evaluate or serve {done.table['mitigator'].iloc[0]}:")
    for line in commands_after_comparison(done):
        click.echo(f"  {line}")
