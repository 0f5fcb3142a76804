"""Find what is wrong with a data set: `mlflow run . -e check -P data=people.csv`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click
import pandas as pd

from fairrun.data import DataRequest
from fairrun.entrypoints._command import entry_point, slow_imports
from fairrun.entrypoints._options import data_options, min_cell_option
from fairrun.errors import RequestError
from fairrun.gate import ABOUT_PLAN, ASSUMPTIONS, read_gate, read_plan
from fairrun.text import format_table
from fairrun.tracking.names import CHECK_PAGE, CHECK_PLAN

if TYPE_CHECKING:
    from fairrun.runs.check import Checked

#: At most this number of columns is printed. The run has all of them.
_MOST_COLUMNS = 40
#: What stands above the table of a gate. The page has it in the heads of its columns.
_ABOUT_GATE = (
    "What the gate disparate_impact>=0.8 can decide on the test split. A difference of selection "
    "rates below 'difference', and a ratio above 'ratio', cannot be told from parity."
)


@entry_point
@data_options
@min_cell_option
@click.option(
    "--plan",
    default="none",
    help="Instead of data: the expected groups with their numbers of rows and selection rates, "
    "such as 'sex: Male 5000 at 0.3, Female 2000 at 0.2', or the path of a YAML file. The command "
    "then says how many rows would decide the terms in gate.",
)
@click.option(
    "--gate",
    default="none",
    help="With plan: the requirements, such as 'disparate_impact>=0.8', or the path of a YAML "
    "file.",
)
def main(data: DataRequest, min_cell: int, plan: str, gate: str) -> None:
    """Tell what is wrong with a data set before a model is trained. Only data is required."""
    if plan != "none":
        _check_plan(data, plan, gate)
        return
    if gate != "none":
        raise RequestError("gate is only for a plan here; give plan, or give gate to evaluate")
    with slow_imports():
        from fairrun.runs.check import run_check

    done = run_check(data, min_cell)
    found = done.findings
    click.echo(f"{found.n_rows:,} rows, {len(found.columns)} columns of {done.name}\n")
    for note in found.notes:
        click.echo(f"data: {note}")
    for each in found.findings:
        click.echo(f"{each.kind}: {each}")
    if not found.findings:
        click.echo("nothing was found")
    click.echo(f"\n{format_table(_columns(found.columns))}")
    more = len(found.columns) - _MOST_COLUMNS
    if more > 0:
        click.echo(f"{more} more columns are in {CHECK_PAGE} of the run")
    if len(found.labels):
        click.echo("\nThe labels of each group:\n")
        click.echo(f"{format_table(_labels(found.labels))}")
    if len(done.gate):
        click.echo(f"\n{_ABOUT_GATE}\n\n{format_table(done.gate, decimals=2)}\n{ASSUMPTIONS}")
    _say_next(data, done)


def _check_plan(data: DataRequest, plan: str, gate: str) -> None:
    """Print how many rows would decide the terms of a gate."""
    # MLproject gives every option a value, so data left out is census.
    if replace(data, splits=None) != DataRequest(data="census"):
        raise RequestError("plan is about rows that are not collected yet; leave the data out")
    if gate == "none":
        raise RequestError(
            "plan needs the terms to decide; give gate, such as disparate_impact>=0.8"
        )
    asked = read_gate(gate)
    read_plan(plan)  # A wrong plan is refused before the slow imports.
    with slow_imports():
        from fairrun.runs.plan import run_plan

    planned = run_plan(plan, asked)
    click.echo(f"{format_table(planned.rows)}\n\n{ABOUT_PLAN}")
    click.echo(f"\nrun {planned.run_id} has {CHECK_PLAN}.json")


def _columns(columns: pd.DataFrame) -> pd.DataFrame:
    """Return the table of columns for a terminal, with shares in per cent."""
    shown = columns.head(_MOST_COLUMNS).copy()
    for name in ("missing in group_a", "missing in group_b"):
        if shown[name].isna().all():
            shown = shown.drop(columns=name)
        else:
            shown[name] = [f"{share:.1%}" for share in shown[name]]
    return shown


def _labels(labels: pd.DataFrame) -> pd.DataFrame:
    """Return the table of labels for a terminal, with words for numbers that are not shown."""
    gone = labels["instead"] != ""
    shown = labels.drop(columns="instead")
    if gone.any():
        numbers = shown[["rows", "favourable", "share"]].astype(object)
        shown = shown.assign(**numbers.mask(gone, ""))
        shown["rows"] = shown["rows"].mask(gone, labels["instead"])
    return shown


def _say_next(data: DataRequest, done: Checked) -> None:
    from fairrun.runs.check import commands_after_check
    from fairrun.tracking.hints import where_to_look

    click.echo(f"\nnext: look at {CHECK_PAGE} of run {done.run_id}:")
    for line in where_to_look(done.run_id):
        click.echo(f"  {line}")
    if done.guessed:
        click.echo("then correct the guesses in this command, and check again:")
    elif done.draft:
        click.echo("then save the draft spec, look at each line, and train:")
    for line in commands_after_check(data, done):
        click.echo(f"  {line}")
