"""Compare two models on the same rows: `mlflow run . -e compare -P models=URI,URI`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fairrun.data import DecisionsRequest, is_preprocessed
from fairrun.entrypoints._command import UNDEFINED, entry_point, slow_imports
from fairrun.entrypoints._options import (
    column_types,
    min_cell_option,
    options_of_data,
    read_options,
)
from fairrun.entrypoints._types import given, given_one, listed
from fairrun.errors import RequestError
from fairrun.models.address import check_address
from fairrun.text import format_table

if TYPE_CHECKING:
    from fairrun.runs.compare import ModelsCompared

_OPTIONS_OF_TABLES = options_of_data(
    *("protected", "privileged", "unprivileged", "types", "max_dropped", "na_values"),
    *("weight", "cluster", "sensitive", "read"),
)


def _with_table(command: Any) -> Any:
    for option in reversed(_OPTIONS_OF_TABLES):
        command = option(command)
    return command


@entry_point
@click.option(
    "--models",
    default="none",
    help="The URIs of model A and model B, separated by a comma, of any flavour; none if "
    "predictions names two columns of decisions.",
)
@click.option(
    "--data",
    default="auto",
    help="The rows: a table with the columns of both models, or the run of preprocess, whose test "
    "split is used; auto: the test split of the data that both models were trained on.",
)
@click.option(
    "--predictions",
    default="none",
    help="Two columns of the data with decisions, separated by a comma, in place of models; none "
    "compares models.",
)
@click.option(
    "--favourable",
    default="auto",
    help="The favourable value of the decisions in predictions; auto: positive, if it is one of "
    "the two values, or the favourable one of a known pair, such as 1 and 0.",
)
@click.option(
    "--target",
    default="auto",
    help="The column with the true labels; auto: as the models were trained; for other models "
    "none: what needs labels is then not compared.",
)
@click.option(
    "--positive",
    default="auto",
    help="The favourable value of the target; auto: as the models were trained, or chosen like "
    "favourable.",
)
@click.option(
    "--where",
    default="auto",
    help="Which rows are compared: conditions separated by semicolons, such as 'year=2025; "
    "age>=40'; auto: all.",
)
@_with_table
@min_cell_option
def main(models: str, data: str, predictions: str, min_cell: int, **of_table: Any) -> None:
    """Compare two models on the same rows: differences with intervals, and who changes sides."""
    uris = [] if models == "none" else listed(models) or []
    columns = [] if predictions == "none" else listed(predictions) or []
    for uri in uris:
        check_address(uri)
    table = _table(given(data), of_table)

    with slow_imports():
        from fairrun.runs.compare import commands_after_compare, run_models_compared

    done = run_models_compared(uris, table, predictions=columns, min_cell=min_cell)
    _say(done, commands_after_compare(done, uris, done.rows))


def _table(data: str | None, given_: dict[str, Any]) -> DecisionsRequest | str | None:
    """Return the table of the request, the run that has the splits, or None for neither."""
    single = ("favourable", "target", "positive", "weight", "cluster")
    several = ("protected", "privileged", "unprivileged", "na_values")
    parameters: dict[str, Any] = {name: given_one(given_[name]) for name in single}
    parameters |= {name: listed(given_[name]) for name in several}
    sensitive = given_["sensitive"]
    parameters |= {
        "where": given(given_["where"]),
        "types": column_types(given_["types"]),
        "max_dropped": given_["max_dropped"],
        "sensitive": None if sensitive == "auto" else sensitive == "true",
        "read": read_options(given_["read"]),
    }
    if data is not None and not is_preprocessed(data):
        return DecisionsRequest(data, **parameters)
    said = [name for name, value in parameters.items() if value is not None]
    if said:
        raise RequestError(
            f"{', '.join(said)} is about a table; give data=… with the table, or leave it out to "
            "compare the models on a test split"
        )
    return data


def _say(done: ModelsCompared, commands: list[str]) -> None:
    from fairrun.runs.compare import shown_differences_table
    from fairrun.tracking.hints import where_to_look

    which = " of the test split" if done.rows == "test" else ""
    click.echo(f"A is {done.names[0]}, B is {done.names[1]}, on {done.n_rows:,} rows{which}.")
    click.echo("A − B is shown with its 95 % interval.")
    click.echo("A metric that compares groups is better if it is nearer to parity.\n")
    table = format_table(shown_differences_table(done))
    click.echo(table)
    click.echo()
    if "undefined" in table:
        click.echo(UNDEFINED)
    click.echo(f"{done.changed}.")
    click.echo(f"\nrun {done.run_id} has comparison.html with every group; to look at it:")
    for line in where_to_look(done.run_id):
        click.echo(f"  {line}")
    for line in commands:
        click.echo(f"next, measure model A with a gate:\n  {line}")
